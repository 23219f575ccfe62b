import { alerting, suite } from '../rule-suite.ts';

suite('value-in-label', {
  reported: [
    [
      `- alert: Example
  expr: jobs_pending > 5
  labels:
    size: '{{ .Value }}'`,
      ['4:15', 'error', '.Value', 'the label size holds the value of the alert'],
    ],
    [
      `- alert: Example
  expr: jobs_pending > 5
  for: 1m
  labels:
    size: 'about {{ $value | humanize }}'`,
      ['5:21', 'error', '$value', 'the label size holds the value of the alert'],
    ],
    [
      `- alert: Example
  expr: jobs_pending > 5
  labels:
    severity: '{{ if gt $value 10.0 }}critical{{ else }}warning{{ end }}'`,
      ['4:25', 'error', '$value', 'the label severity holds the value of the alert'],
    ],
  ],
  silent: [
    alerting('jobs_pending > 5', "    size: '{{ $value }}'"),
    `- alert: Example
  expr: jobs_pending > 5
  labels:
    where: '{{ $labels.instance }}'`,
    `- alert: Example
  expr: jobs_pending > 5
  labels:
    first: '{{ with query "up" }}{{ . | first | value }}{{ end }}'`,
    `- alert: Example
  expr: jobs_pending > 5
  labels:
    kind: $value`,
  ],
});
