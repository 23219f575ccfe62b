import { suite } from './check-suite.ts';

suite('quantile-without-le', {
  reported: [
    [
      'histogram_quantile(0.95, sum by (endpoint) (rate(http_request_duration_seconds_bucket[5m])))',
      'histogram_quantile(0.95, sum by (endpoint) (rate(http_request_duration_seconds_bucket[5m])))',
      'error',
      'histogram_quantile of sum by (endpoint) (rate(http_request_duration_seconds_buc..., which has no label le',
    ],
    [
      'histogram_quantile(0.95, sum without (le) (rate(http_request_duration_seconds_bucket[5m])))',
      'histogram_quantile(0.95, sum without (le) (rate(http_request_duration_seconds_bucket[5m])))',
      'error',
      'histogram_quantile of sum without (le) (rate(http_request_duration_seconds_buck..., which has no label le',
    ],
    [
      'histogram_quantile(0.95, rate(http_request_duration_seconds_sum[5m]))',
      'histogram_quantile(0.95, rate(http_request_duration_seconds_sum[5m]))',
      'error',
      'histogram_quantile of rate(http_request_duration_seconds_sum[5m]), which has no label le',
      'http_request_duration_seconds_bucket',
    ],
    [
      'histogram_fraction(0, 1, sum(rate(http_request_duration_seconds_bucket[5m])))',
      'histogram_fraction(0, 1, sum(rate(http_request_duration_seconds_bucket[5m])))',
      'error',
      'histogram_fraction of sum(rate(http_request_duration_seconds_bucket[5m])), which has no label le',
    ],
    [
      'histogram_quantile(0.9, jobs_pending)',
      'histogram_quantile(0.9, jobs_pending)',
      'error',
      'histogram_quantile of jobs_pending, which has no label le',
    ],
  ],
  silent: [
    'histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))',
    'histogram_quantile(0.95, rate(http_request_duration_seconds_bucket[5m]))',
    'histogram_quantile(0.95, sum without (instance) (rate(http_request_duration_seconds_bucket[5m])))',
    'histogram_quantile(0.95, sum(rate(lag_seconds[5m])))',
    'histogram_quantile(0.95, sum by (topic) (rate(lag_seconds[5m])))',
    'histogram_quantile(0.95, sum by (a) (rate(mystery[5m])))',
    'histogram_quantile(0.95, sum by (a) (rate(no_such_bucket[5m])))',
    'histogram_quantile(0.95, legacy_total)',
  ],
});
