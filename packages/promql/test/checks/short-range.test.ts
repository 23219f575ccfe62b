import { suite } from './check-suite.ts';

suite('short-range', {
  reported: [
    [
      'rate(jobs_total[20s])',
      'jobs_total[20s]',
      'warning',
      'rate over 20s needs two samples, and scrapes are 15s apart',
    ],
    [
      'sum(increase(jobs_total{status="error"}[15s] offset 1h))',
      'jobs_total{status="error"}[15s] offset 1h',
      'warning',
      'increase over 15s needs two samples, and scrapes are 15s apart',
    ],
    [
      'deriv(jobs_pending[29s])',
      'jobs_pending[29s]',
      'warning',
      'deriv over 29s needs two samples, and scrapes are 15s apart',
    ],
    [
      'predict_linear(disk_usage_bytes[10s], 3600)',
      'disk_usage_bytes[10s]',
      'warning',
      'predict_linear over 10s needs two samples, and scrapes are 15s apart',
    ],
    [
      'rate(jobs_total[1m:1m])',
      'jobs_total[1m:1m]',
      'warning',
      'rate over 1m needs two samples, and the steps of the subquery are 1m apart',
    ],
  ],
  silent: [
    'rate(jobs_total[30s])',
    'rate(jobs_total[5m])',
    'max_over_time(jobs_pending[15s])',
    'last_over_time(jobs_pending[10s])',
    'rate(jobs_total[2m:1m])',
    'rate(jobs_total[10s:])',
    'deriv(job:http_requests:rate5m[20s])',
  ],
});
