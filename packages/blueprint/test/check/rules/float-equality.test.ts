import { alerting, suite } from '../rule-suite.ts';

suite('float-equality', {
  reported: [
    [
      alerting('cache_hit_ratio == 0.5'),
      ['2:9', 'warning', 'cache_hit_ratio == 0.5', '== compares a fraction with 0.5'],
    ],
    [
      alerting('avg(jobs_pending) != 3'),
      ['2:9', 'warning', 'avg(jobs_pending) != 3', '!= compares a fraction with 3'],
    ],
    [
      alerting('disk_usage_bytes / disk_limit_bytes == 2'),
      ['2:9', 'warning', 'disk_usage_bytes / disk_limit_bytes == 2', '== compares a fraction with 2'],
    ],
    [
      alerting('histogram_quantile(0.5, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) == 1'),
      [
        '2:9',
        'warning',
        'histogram_quantile(0.5, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) == 1',
        '== compares a fraction with 1',
      ],
    ],
    [
      alerting('0.25 != cache_hit_ratio'),
      ['2:9', 'warning', '0.25 != cache_hit_ratio', '!= compares a fraction with 0.25'],
    ],
  ],
  silent: [
    alerting('jobs_pending == 3'),
    alerting('rate(jobs_started_total[5m]) == 0'),
    alerting('avg(up) != 1'),
    alerting('disk_usage_bytes / disk_limit_bytes == 1'),
    alerting('jobs_pending == bool 0.5 > 0'),
    alerting('rate(jobs_started_total[5m]) >= 2'),
  ],
});
