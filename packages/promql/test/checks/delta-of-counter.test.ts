import { suite } from './check-suite.ts';

suite('delta-of-counter', {
  reported: [
    [
      'delta(jobs_total[1h])',
      'delta(jobs_total[1h])',
      'warning',
      'delta of jobs_total, which is a counter',
      'increase',
    ],
    [
      'deriv(jobs_total[1h])',
      'deriv(jobs_total[1h])',
      'warning',
      'deriv of jobs_total, which is a counter',
      'rate',
    ],
    [
      'idelta(http_request_duration_seconds_count[5m])',
      'idelta(http_request_duration_seconds_count[5m])',
      'warning',
      'idelta of http_request_duration_seconds_count, which is a counter',
      'irate',
    ],
    [
      'predict_linear(legacy_total[1h], 3600)',
      'predict_linear(legacy_total[1h], 3600)',
      'warning',
      'predict_linear of legacy_total, which is a counter',
      'rate',
    ],
    [
      'delta(sum(jobs_total)[1h:1m])',
      'delta(sum(jobs_total)[1h:1m])',
      'warning',
      'delta of jobs_total, which is a counter',
      'increase',
    ],
  ],
  silent: [
    'delta(disk_usage_bytes[1h])',
    'predict_linear(disk_usage_bytes[4h], 86400)',
    'deriv(rate(jobs_total[5m])[1h:])',
    'delta(http_request_duration_seconds_sum[1h])',
    'delta(mystery[1h])',
    'delta(lag_seconds[1h])',
    'increase(jobs_total[1h])',
  ],
});
