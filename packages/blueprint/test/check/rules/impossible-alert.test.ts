import { alerting, suite } from '../rule-suite.ts';

suite('impossible-alert', {
  reported: [
    [
      alerting('count(jobs_pending > 5) < 1'),
      ['2:9', 'error', 'count(jobs_pending > 5) < 1', 'count(jobs_pending > 5) < 1 never holds'],
    ],
    [alerting('up > 1'), ['2:9', 'error', 'up > 1', 'up > 1 never holds']],
    [alerting('up{job="api"} < 0'), ['2:9', 'error', 'up{job="api"} < 0', 'up{job="api"} < 0 never holds']],
    [
      alerting('rate(jobs_total[5m]) < 0'),
      ['2:9', 'error', 'rate(jobs_total[5m]) < 0', 'rate(jobs_total[5m]) < 0 never holds'],
    ],
    [
      alerting('-1 > sum(increase(jobs_started_total[1h]))'),
      [
        '2:9',
        'error',
        '-1 > sum(increase(jobs_started_total[1h]))',
        '-1 > sum(increase(jobs_started_total[1h])) never holds',
      ],
    ],
    [
      alerting(
        'sum(rate(http_requests_total{job="api", status=~"5.."}[5m])) / sum(rate(http_requests_total{job="api"}[5m])) > 5',
      ),
      [
        '2:9',
        'error',
        'sum(rate(http_requests_total{job="api", status=~"5.."}[5m])) / sum(rate(http_requests_total{job="api"}[5m])) > 5',
        'sum(rate(http_requests_total{job="api",status=~"5.."}[5m]... never holds',
      ],
    ],
    [
      alerting('100 * sum(rate(jobs_total{status="error"}[5m])) / sum(rate(jobs_total[5m])) > 100'),
      [
        '2:9',
        'error',
        '100 * sum(rate(jobs_total{status="error"}[5m])) / sum(rate(jobs_total[5m])) > 100',
        '100 * sum(rate(jobs_total{status="error"}[5m])) / sum(rat... never holds',
      ],
    ],
    [
      alerting(
        '1 - sum by (job) (rate(jobs_total{status="error"}[5m])) / sum by (job) (rate(jobs_total[5m])) < 0',
      ),
      [
        '2:9',
        'error',
        '1 - sum by (job) (rate(jobs_total{status="error"}[5m])) / sum by (job) (rate(jobs_total[5m])) < 0',
        '1 - sum by (job) (rate(jobs_total{status="error"}[5m])) /... never holds',
      ],
    ],
    [
      alerting('disk_usage_bytes > 5 and disk_usage_bytes < 3'),
      [
        '2:9',
        'error',
        'disk_usage_bytes > 5 and disk_usage_bytes < 3',
        'disk_usage_bytes > 5 and disk_usage_bytes < 3 never holds',
      ],
    ],
    [
      alerting('disk_usage_bytes != 5 and disk_usage_bytes == 5'),
      [
        '2:9',
        'error',
        'disk_usage_bytes != 5 and disk_usage_bytes == 5',
        'disk_usage_bytes != 5 and disk_usage_bytes == 5 never holds',
      ],
    ],
    [
      alerting('disk_usage_bytes == 5 and disk_usage_bytes == 6'),
      [
        '2:9',
        'error',
        'disk_usage_bytes == 5 and disk_usage_bytes == 6',
        'disk_usage_bytes == 5 and disk_usage_bytes == 6 never holds',
      ],
    ],
    [
      alerting('(jobs_pending > 5 and jobs_pending < 50) and jobs_pending >= 50'),
      [
        '2:9',
        'error',
        '(jobs_pending > 5 and jobs_pending < 50) and jobs_pending >= 50',
        '(jobs_pending > 5 and jobs_pending < 50) and jobs_pending... never holds',
      ],
    ],
    [
      alerting('histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 10'),
      [
        '2:9',
        'error',
        'histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 10',
        'histogram_quantile(0.99, sum by (le) (rate(http_request_d... never holds',
      ],
    ],
    [
      alerting('absent(up{job="api"}) == 0'),
      ['2:9', 'error', 'absent(up{job="api"}) == 0', 'absent(up{job="api"}) == 0 never holds'],
    ],
    [
      alerting('sum(jobs_pending == 0) > 3'),
      ['2:9', 'error', 'sum(jobs_pending == 0) > 3', 'sum(jobs_pending == 0) > 3 never holds'],
    ],
    [
      alerting('jobs_pending > 5 < 3'),
      ['2:9', 'error', 'jobs_pending > 5 < 3', 'jobs_pending > 5 < 3 never holds'],
    ],
    [alerting('hour() > 24'), ['2:9', 'error', 'hour() > 24', 'hour() > 24 never holds']],
    [
      alerting('clamp_max(jobs_pending, 10) > 10'),
      ['2:9', 'error', 'clamp_max(jobs_pending, 10) > 10', 'clamp_max(jobs_pending, 10) > 10 never holds'],
    ],
    [
      alerting('sum(jobs_pending) > 5 or avg_over_time(up[5m]) > 1'),
      ['2:34', 'error', 'avg_over_time(up[5m]) > 1', 'avg_over_time(up[5m]) > 1 never holds'],
    ],
  ],
  silent: [
    alerting('absent(up{job="worker"})'),
    alerting('absent(up{job="worker"}) == 1'),
    alerting('count(up == 0) > 0'),
    alerting('sum(up) == 0'),
    alerting('up == 0'),
    alerting('jobs_pending < 0'),
    alerting('rate(jobs_total[5m]) == 0'),
    alerting(
      'sum(rate(http_requests_total{status=~"5..", job="api"}[5m])) / sum(rate(http_requests_total{job="api"}[5m])) > 0.05',
    ),
    alerting(
      'sum(rate(http_requests_total{job="api", method="GET"}[5m])) / sum(rate(http_requests_total{job="api", method="PUT"}[5m])) > 5',
    ),
    alerting('jobs_pending > 5 and jobs_pending < 50'),
    alerting('jobs_pending >= 5 and jobs_pending <= 5'),
    alerting('jobs_pending > 5 or jobs_pending < 3'),
    alerting('jobs_pending > 5 and on () disk_usage_bytes < 3'),
    alerting('histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 1'),
    alerting('histogram_quantile(0.99, rate(render_duration_seconds[5m])) > 100'),
    alerting('(disk_limit_bytes - disk_usage_bytes) / disk_limit_bytes > 5'),
    alerting('delta(disk_usage_bytes[1h]) < 0'),
    alerting('predict_linear(disk_usage_bytes[6h], 3600) < 0'),
  ],
});
