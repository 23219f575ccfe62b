import { alerting, suite } from '../rule-suite.ts';

suite('record-name', {
  reported: [
    [
      `- record: jobs:sum
  expr: sum(jobs_pending)`,
      ['1:11', 'info', 'jobs:sum', 'the name jobs:sum is not level:metric:operations'],
    ],
    [
      `- record: :jobs:sum
  expr: sum(jobs_pending)`,
      ['1:11', 'info', ':jobs:sum', 'the name :jobs:sum is not level:metric:operations'],
    ],
  ],
  silent: [
    `- record: job:jobs:sum
  expr: sum(jobs_pending)`,
    `- record: job_status:jobs:rate5m:max
  expr: sum(jobs_pending)`,
    alerting('jobs_pending > 5'),
  ],
});
