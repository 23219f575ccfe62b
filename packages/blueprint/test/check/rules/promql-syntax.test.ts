import { alerting, suite } from '../rule-suite.ts';

suite('promql-syntax', {
  reported: [
    [alerting('sum(jobs_pending > 5'), ['2:29', 'error', '', 'parse error: unclosed left parenthesis']],
    [
      alerting('rate(jobs_pending) > 5'),
      [
        '2:14',
        'error',
        'jobs_pending',
        'parse error: expected type range vector in call to function "rate", got instant vector',
      ],
    ],
    [
      `- record: a:b:c
  expr: >-
    sum(jobs_pending)
    +
    summ(jobs_pending)`,
      ['5:5', 'error', 'summ', 'parse error: unknown function with name "summ"'],
    ],
    [
      `- record: a:b:c
  expr: "sum(\\"a\\")"`,
      [
        '2:14',
        'error',
        '\\"a\\',
        'parse error: expected type instant vector in aggregation expression, got string',
      ],
    ],
  ],
  silent: [
    alerting('sum(jobs_pending) > 5'),
    `- record: a:b:c
  expr: >-
    sum(jobs_pending)
    +
    sum(jobs_pending)`,
  ],
});
