import { suite } from '../rule-suite.ts';

suite('alert-name', {
  reported: [
    [
      `- alert: jobsPending
  expr: jobs_pending > 5`,
      ['1:10', 'info', 'jobsPending', 'the name "jobsPending" is not in CamelCase', 'JobsPending'],
    ],
    [
      `- alert: jobs_pending_high
  expr: jobs_pending > 5`,
      [
        '1:10',
        'info',
        'jobs_pending_high',
        'the name "jobs_pending_high" is not in CamelCase',
        'JobsPendingHigh',
      ],
    ],
    [
      `- alert: 5xx
  expr: jobs_pending > 5`,
      ['1:10', 'info', '5xx', 'the name "5xx" is not in CamelCase'],
    ],
  ],
  silent: [
    `- alert: JobsPending
  expr: jobs_pending > 5`,
    `- alert: HTTP5xx
  expr: jobs_pending > 5`,
    `- record: job:example:sum
  expr: sum(jobs_pending)`,
  ],
});
