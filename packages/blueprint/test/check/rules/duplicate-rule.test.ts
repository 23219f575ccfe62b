import { suite } from '../rule-suite.ts';

suite('duplicate-rule', {
  reported: [
    [
      `- record: job:jobs:sum
  expr: sum by (job) (jobs_pending)
- record: job:jobs:sum
  expr: sum by(job)(jobs_pending)`,
      [
        '3:11',
        'warning',
        'job:jobs:sum',
        'record job:jobs:sum stands in line 1 already, with the same labels',
      ],
    ],
    [
      `- alert: Same
  expr: jobs_pending > 5
- alert: Same
  expr: jobs_pending > 50`,
      ['3:10', 'warning', 'Same', 'alert Same stands in line 1 already, with the same labels'],
    ],
    [
      `- alert: One
  expr: jobs_pending > 5
- alert: Two
  expr: jobs_pending>5`,
      ['3:10', 'info', 'Two', 'alert Two has the expression and the for of alert One'],
    ],
    [
      `- record: job:jobs:sum
  expr: sum(jobs_pending)
  labels: { a: x, b: y }
- record: job:jobs:sum
  expr: max(jobs_pending)
  labels: { b: y, a: x }`,
      [
        '4:11',
        'warning',
        'job:jobs:sum',
        'record job:jobs:sum stands in line 1 already, with the same labels',
      ],
    ],
  ],
  silent: [
    `- record: job:jobs:sum
  expr: sum(jobs_pending)
  labels: { kind: a }
- record: job:jobs:sum
  expr: sum(jobs_pending)
  labels: { kind: b }`,
    `- record: job:http:rate5m
  expr: sum by (method) (rate(http_requests_total{method="GET"}[5m]))
- record: job:http:rate5m
  expr: sum by (method) (rate(http_requests_total{method=~"P.*"}[5m]))`,
    `- alert: Same
  expr: jobs_pending > 5
  labels: { severity: warning }
- alert: Same
  expr: jobs_pending > 50
  labels: { severity: critical }`,
    `- alert: One
  expr: jobs_pending > 5
  for: 1m
- alert: Two
  expr: jobs_pending > 5
  for: 1h`,
    `- record: job:jobs:sum
  expr: sum(jobs_pending)
- alert: Jobs
  expr: sum(jobs_pending)`,
  ],
});
