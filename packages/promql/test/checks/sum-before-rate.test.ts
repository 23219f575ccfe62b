import { suite } from './check-suite.ts';

suite('sum-before-rate', {
  reported: [
    ['rate(sum(jobs_total)[5m:1m])', 'rate(sum(jobs_total)[5m:1m])', 'error', 'rate of sum(jobs_total)'],
    [
      'increase(max by (job) (jobs_total)[1h:1m])',
      'increase(max by (job) (jobs_total)[1h:1m])',
      'error',
      'increase of max by (job) (jobs_total)',
    ],
    [
      'irate((jobs_started_total + jobs_started_total)[5m:1m])',
      'irate((jobs_started_total + jobs_started_total)[5m:1m])',
      'error',
      'irate of jobs_started_total + jobs_started_total',
    ],
    [
      'rate(job:http_requests:sum[5m])',
      'rate(job:http_requests:sum[5m])',
      'error',
      'rate of job:http_requests:sum, which records an aggregation',
    ],
    [
      'sum(rate(sum by (le) (http_request_duration_seconds_bucket)[5m:1m]))',
      'rate(sum by (le) (http_request_duration_seconds_bucket)[5m:1m])',
      'error',
      'rate of sum by (le) (http_request_duration_seconds_bucket)',
    ],
  ],
  silent: [
    'sum(rate(jobs_total[5m]))',
    'rate(jobs_total[5m:1m])',
    'rate((jobs_total * 8)[5m:1m])',
    'max_over_time(sum(jobs_total)[5m:1m])',
    'rate(sum(mystery)[5m:1m])',
    'rate(sum(jobs_pending)[5m:1m])',
    'rate(topk(5, jobs_total)[5m:1m])',
    'increase(last_over_time(jobs_total[5m])[1h:1m])',
  ],
});
