import { suite } from './check-suite.ts';

suite('ambiguous-match', {
  reported: [
    [
      'rate(http_request_duration_seconds_bucket[5m]) / ignoring (le) rate(http_request_duration_seconds_count[5m])',
      'rate(http_request_duration_seconds_bucket[5m]) / ignoring (le) rate(http_request_duration_seconds_count[5m])',
      'error',
      'several series of rate(http_request_duration_seconds_bucket[5m]) match the same one of the other side',
    ],
    [
      'rate(jobs_total[5m]) / on (job, instance) rate(jobs_started_total[5m])',
      'rate(jobs_total[5m]) / on (job, instance) rate(jobs_started_total[5m])',
      'error',
      'several series of rate(jobs_total[5m]) match the same one of the other side',
    ],
    [
      'rate(jobs_started_total[5m]) / on (job, instance) rate(jobs_total[5m])',
      'rate(jobs_started_total[5m]) / on (job, instance) rate(jobs_total[5m])',
      'error',
      'several series of rate(jobs_total[5m]) match the same one of the other side',
    ],
    [
      'rate(http_requests_total[5m]) / on (job, instance) group_left () rate(jobs_total{status!="error"}[5m])',
      'rate(http_requests_total[5m]) / on (job, instance) group_left () rate(jobs_total{status!="error"}[5m])',
      'error',
      'several series of rate(jobs_total{status!="error"}[5m]) match the same one of the other side',
    ],
    [
      'jobs_active + on (instance) breaker',
      'jobs_active + on (instance) breaker',
      'error',
      'several series of jobs_active match the same one of the other side',
    ],
    [
      'jobs_pending / on (instance) wait_seconds',
      'jobs_pending / on (instance) wait_seconds',
      'error',
      'several series of wait_seconds match the same one of the other side',
    ],
  ],
  silent: [
    'rate(jobs_total[5m]) / on (job, instance) group_left () rate(jobs_started_total[5m])',
    'rate(jobs_total{status="error"}[5m]) / on (job, instance) rate(jobs_started_total[5m])',
    'sum by (instance) (jobs_total) / on (instance) jobs_started_total',
    'jobs_total / jobs_total',
    'jobs_pending * on (instance) group_left (version) app_info',
    'jobs_pending * on (instance) (breaker == 1)',
    'jobs_pending / on (instance) jobs_started_total',
    'up / on (instance) jobs_pending',
    'jobs_pending and on (instance) jobs_total',
    'rate(http_requests_total[5m]) / on (instance) jobs_pending',
    'topk(1, jobs_total) / on (instance) jobs_pending',
    'mystery / on (a) legacy_total',
  ],
});
