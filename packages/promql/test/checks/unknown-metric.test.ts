import { suite } from './check-suite.ts';

suite('unknown-metric', {
  reported: [
    [
      'sum(rate(http_request_total[5m]))',
      'http_request_total',
      'error',
      'unknown metric http_request_total',
      'http_requests_total',
    ],
    [
      'rate(http_requests[5m])',
      'http_requests',
      'error',
      'unknown metric http_requests',
      'http_requests_total',
    ],
    [
      '{__name__="jobs_actve"}',
      '{__name__="jobs_actve"}',
      'error',
      'unknown metric jobs_actve',
      'jobs_active',
    ],
    [
      'http_request_duration_seconds',
      'http_request_duration_seconds',
      'error',
      'http_request_duration_seconds has no series of that name',
    ],
    ['lag_seconds_bucket', 'lag_seconds_bucket', 'error', 'unknown metric lag_seconds_bucket', 'lag_seconds'],
    ['absent(jobs_wating)', 'jobs_wating', 'warning', 'unknown metric jobs_wating'],
    ['entirely_different_name', 'entirely_different_name', 'error', 'unknown metric entirely_different_name'],
  ],
  silent: [
    'rate(http_request_duration_seconds_bucket[5m])',
    'http_request_duration_seconds_count',
    'wait_seconds{quantile="0.9"}',
    'wait_seconds_sum',
    'lag_seconds',
    'up',
    'ALERTS{alertstate="firing"}',
    'ALERTS_FOR_STATE',
    'scrape_samples_scraped',
    'target_info',
    'jobs_created',
    'job:http_requests:rate5m',
    '{__name__=~"http_.*"}',
    '{job="api"}',
  ],
});
