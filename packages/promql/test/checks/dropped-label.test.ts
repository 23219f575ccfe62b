import { suite } from './check-suite.ts';

suite('dropped-label', {
  reported: [
    [
      'sum by (status) (sum by (job) (rate(jobs_total[5m])))',
      'sum by (status) (sum by (job) (rate(jobs_total[5m])))',
      'error',
      'label status is needed here, but sum by (job) (rate(jobs_total[5m])) no longer has it',
    ],
    [
      'sum by (status) (sum without (status) (jobs_total))',
      'sum by (status) (sum without (status) (jobs_total))',
      'error',
      'label status is needed here, but sum without (status) (jobs_total) no longer has it',
    ],
    [
      'sum by (team) (sum by (job) (legacy_total))',
      'sum by (team) (sum by (job) (legacy_total))',
      'error',
      'label team is needed here, but sum by (job) (legacy_total) no longer has it',
    ],
    [
      'sum(jobs_pending) / on (job) sum(jobs_started_total)',
      '/ on (job)',
      'warning',
      'label job is needed here, but sum(jobs_pending) no longer has it',
    ],
    [
      'jobs_pending * on (job) group_left (version) count by (job) (app_info)',
      '* on (job) group_left (version)',
      'error',
      'label version is needed here, but count by (job) (app_info) no longer has it',
    ],
    [
      'label_replace(sum by (job) (jobs_total), "a", "$1", "status", "(.*)")',
      'label_replace(sum by (job) (jobs_total), "a", "$1", "status", "(.*)")',
      'error',
      'label status is needed here, but sum by (job) (jobs_total) no longer has it',
    ],
    [
      'label_join(sum by (job) (jobs_total), "a", "-", "job", "status")',
      'label_join(sum by (job) (jobs_total), "a", "-", "job", "status")',
      'error',
      'label status is needed here, but sum by (job) (jobs_total) no longer has it',
    ],
    [
      'sum by (le) (histogram_quantile(0.9, rate(http_request_duration_seconds_bucket[5m])))',
      'sum by (le) (histogram_quantile(0.9, rate(http_request_duration_seconds_bucket[5m])))',
      'error',
      'label le is needed here, but histogram_quantile(0.9, rate(http_request_duration_second... no longer has it',
    ],
  ],
  silent: [
    'sum by (job) (sum by (job, status) (jobs_total))',
    'sum by (status) (sum without (instance) (jobs_total))',
    'sum by (version) (jobs_pending * on (instance) group_left (version) app_info)',
    'sum by (v) (count_values("v", jobs_pending))',
    'sum by (endpont) (http_requests_total)',
    'sum by (job) (topk by (status) (1, jobs_total))',
    'sum by (a) (label_replace(sum(jobs_total), "a", "b", "", ""))',
  ],
});
