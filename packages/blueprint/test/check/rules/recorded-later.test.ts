import { suite } from '../rule-suite.ts';

suite('recorded-later', {
  reported: [
    [
      `- record: a:x:sum
  expr: b:x:sum * 2
- record: b:x:sum
  expr: sum(jobs_pending)`,
      ['2:9', 'warning', 'b:x:sum', 'b:x:sum is recorded by a later rule of the group'],
    ],
    [
      `- alert: Many
  expr: jobs_pending > on () b:x:sum
- record: b:x:sum
  expr: sum(jobs_pending)
- record: b:x:sum
  expr: max(jobs_pending)`,
      ['2:30', 'warning', 'b:x:sum', 'b:x:sum is recorded by a later rule of the group'],
    ],
  ],
  silent: [
    `- record: b:x:sum
  expr: sum(jobs_pending)
- record: a:x:sum
  expr: b:x:sum * 2`,
    `- record: a:x:sum
  expr: sum_over_time(b:x:sum[1h])
- record: b:x:sum
  expr: sum(jobs_pending)`,
    `- record: a:x:sum
  expr: b:x:sum offset 1h
- record: b:x:sum
  expr: sum(jobs_pending)`,
    `- record: a:x:sum
  expr: a:x:sum + 1`,
    `groups:
- name: a
  rules:
  - record: a:x:sum
    expr: b:x:sum
- name: b
  rules:
  - record: b:x:sum
    expr: sum(jobs_pending)`,
  ],
});
