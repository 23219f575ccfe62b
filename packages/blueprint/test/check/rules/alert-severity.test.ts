import { alerting, suite } from '../rule-suite.ts';

suite('alert-severity', {
  reported: [
    [
      `- alert: Example
  expr: jobs_pending > 5`,
      ['1:10', 'warning', 'Example', 'the alert has no label severity'],
    ],
    [
      `- alert: Example
  expr: jobs_pending > 5
  labels: { team: media }`,
      ['1:10', 'warning', 'Example', 'the alert has no label severity'],
    ],
    [
      `- alert: Example
  expr: jobs_pending > 5
  labels:
    severity: page`,
      ['4:15', 'warning', 'page', '"page" is no severity'],
    ],
    [
      `- alert: Example
  expr: jobs_pending > 5
  labels:
    severity: "Warning"`,
      ['4:16', 'warning', 'Warning', '"Warning" is no severity', 'warning'],
    ],
    [
      `- alert: Example
  expr: jobs_pending > 5
  labels: { severity: '' }`,
      ['1:10', 'warning', 'Example', 'the alert has no label severity'],
    ],
  ],
  silent: [
    alerting('jobs_pending > 5'),
    `- alert: Example
  expr: jobs_pending > 5
  labels: { severity: none }`,
    `- alert: Example
  expr: jobs_pending > 5
  labels: { severity: info, team: media }`,
    `- alert: Example
  expr: jobs_pending > 5
  labels:
    severity: '{{ if gt $value 10.0 }}critical{{ else }}warning{{ end }}'`,
    `groups:
- name: example
  labels: { severity: critical }
  rules:
  - alert: Example
    expr: jobs_pending > 5`,
    `- record: job:example:sum
  expr: sum(jobs_pending)`,
  ],
});
