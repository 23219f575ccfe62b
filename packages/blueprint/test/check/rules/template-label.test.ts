import { alerting, suite } from '../rule-suite.ts';

suite('template-label', {
  reported: [
    [
      alerting('sum(jobs_pending) > 5', "    dashboard: 'https://x/{{ $labels.instance }}'"),
      [
        '9:30',
        'warning',
        '$labels.instance',
        'dashboard shows the label instance, which the result does not have',
      ],
    ],
    [
      alerting('sum by (job) (jobs_pending) > 5', "    where: '{{ .Labels.instance }} of {{ $labels.job }}'"),
      [
        '9:16',
        'warning',
        '.Labels.instance',
        'where shows the label instance, which the result does not have',
      ],
    ],
    [
      alerting('sum without (instance) (jobs_pending) > 5', `    where: '{{ index $labels "instance" }}'`),
      ['9:30', 'warning', '"instance"', 'where shows the label instance, which the result does not have'],
    ],
    [
      alerting('jobs_pending > 5', "    where: '{{ $labels.instnce }}'"),
      [
        '9:16',
        'warning',
        '$labels.instnce',
        'where shows the label instnce, which the result does not have',
        'instance',
      ],
    ],
    [
      alerting('jobs_pending > 5', "    where: '{{ $labels.severity }}'"),
      [
        '9:16',
        'warning',
        '$labels.severity',
        'where shows the label severity, which the result does not have',
      ],
    ],
    [
      alerting('absent(up{job="api"})', "    where: '{{ $labels.instance }} of {{ $labels.job }}'"),
      [
        '9:16',
        'warning',
        '$labels.instance',
        'where shows the label instance, which the result does not have',
      ],
    ],
    [
      alerting(
        'histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 1',
        "    where: '{{ if $labels.endpoint }}{{ $labels.endpoint }}{{ end }}'",
      ),
      [
        '9:19',
        'warning',
        '$labels.endpoint',
        'where shows the label endpoint, which the result does not have',
      ],
      [
        '9:41',
        'warning',
        '$labels.endpoint',
        'where shows the label endpoint, which the result does not have',
      ],
    ],
    [
      `- alert: Example
  expr: sum(jobs_pending) > 5
  labels:
    where: '{{ $labels.instance }}'`,
      ['4:16', 'error', '$labels.instance', 'where shows the label instance, which the result does not have'],
    ],
    [
      alerting(
        'sum by (job) (jobs_pending) > 5',
        `    where: '{{ with query "up" }}{{ $.Labels.instance }}{{ end }}'`,
      ),
      [
        '9:37',
        'warning',
        '$.Labels.instance',
        'where shows the label instance, which the result does not have',
      ],
    ],
  ],
  silent: [
    alerting(
      'jobs_pending > 5',
      `    where: '{{ $labels.instance }} {{ .Labels.job }} {{ index $labels "system" }}'`,
    ),
    alerting('sum by (job) (jobs_pending) > 5', "    where: '{{ $labels.job }}'"),
    alerting('absent(up{job="api"})', "    where: '{{ $labels.job }}'"),
    alerting(
      'sum(jobs_pending) > 5',
      `    where: '{{ $externalLabels.cluster }} {{ $value }} {{ range query "up" }}{{ .Labels.instance }}{{ end }}'`,
    ),
    alerting('sum(jobs_pending) > 5', `    where: '{{/* $labels.instance */}} {{ "$labels.instance" }}'`),
    alerting(
      'label_replace(sum(jobs_pending), "where", "here", "", "") > 5',
      "    where: '{{ $labels.where }}'",
    ),
    alerting('mystery > 5', "    where: '{{ $labels.anything }}'"),
  ],
});
