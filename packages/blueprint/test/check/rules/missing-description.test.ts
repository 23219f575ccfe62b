import { alerting, suite } from '../rule-suite.ts';

suite('missing-description', {
  reported: [
    [
      `- alert: Example
  expr: jobs_pending > 5`,
      ['1:10', 'info', 'Example', 'the alert has no description'],
    ],
    [
      `- alert: Example
  expr: jobs_pending > 5
  annotations: { summary: Too many, description: ' ' }`,
      ['1:10', 'info', 'Example', 'the alert has no description'],
    ],
  ],
  silent: [
    alerting('jobs_pending > 5'),
    `- alert: Example
  expr: jobs_pending > 5
  annotations: { message: Too many }`,
    `- alert: Watchdog
  expr: vector(1)
  labels: { severity: none }`,
    `- record: job:example:sum
  expr: sum(jobs_pending)`,
  ],
});
