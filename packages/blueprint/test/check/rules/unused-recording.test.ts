import { alerting, suite } from '../rule-suite.ts';

suite('unused-recording', {
  reported: [
    [
      `- record: job:jobs:sum
  expr: sum(jobs_pending)`,
      ['1:11', 'info', 'job:jobs:sum', 'nothing in this repository uses job:jobs:sum'],
    ],
    [
      `- record: job:a:sum
  expr: sum(jobs_pending)
- record: job:b:sum
  expr: 2 * job:a:sum`,
      ['3:11', 'info', 'job:b:sum', 'nothing in this repository uses job:b:sum'],
    ],
  ],
  silent: [
    `- record: job:jobs:rate5m
  expr: sum by (job) (rate(jobs_total[5m]))`,
    `- record: job:a:sum
  expr: sum(jobs_pending)
- alert: A
  expr: 2 < job:a:sum`,
    `- record: job:a:sum
  expr: sum(jobs_pending)
- alert: A
  expr: jobs_pending > 5
  annotations:
    now: '{{ query "job:a:sum" }}'`,
    alerting('jobs_pending > 5'),
  ],
  input: {
    files: new Map([
      [
        'dashboard.json',
        JSON.stringify({ schemaVersion: 39, panels: [{ targets: [{ expr: 'job:jobs:rate5m' }] }] }),
      ],
    ]),
  },
});
