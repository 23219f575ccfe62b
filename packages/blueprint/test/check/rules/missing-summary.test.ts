import { alerting, suite } from '../rule-suite.ts';

suite('missing-summary', {
  reported: [
    [
      `- alert: Example
  expr: jobs_pending > 5
  annotations:
    description: Too many`,
      ['1:10', 'warning', 'Example', 'the alert has no summary'],
    ],
    [
      `- alert: Example
  expr: jobs_pending > 5
  annotations:
    summary: ''`,
      ['1:10', 'warning', 'Example', 'the alert has no summary'],
    ],
    [
      `- alert: Example
  expr: jobs_pending > 5
  annotations:
    summary:`,
      ['1:10', 'warning', 'Example', 'the alert has no summary'],
    ],
  ],
  silent: [
    alerting('jobs_pending > 5'),
    `- alert: Example
  expr: jobs_pending > 5
  annotations: { message: Too many }`,
    `- alert: Example
  expr: jobs_pending > 5
  annotations: { title: Too many }`,
    `- alert: Watchdog
  expr: vector(1)
  labels: { severity: none }`,
    `- record: job:example:sum
  expr: sum(jobs_pending)`,
  ],
});
