import { alerting, suite } from '../rule-suite.ts';

suite('rule-file', {
  reported: [
    [
      `- alert: Both
  record: both
  expr: up == 0`,
      ['2:3', 'error', 'record', 'a rule has either alert or record, and this one has both'],
    ],
    [`- expr: up == 0`, ['1:3', 'error', 'expr: up == 0', 'a rule needs alert or record']],
    [`- alert: Empty`, ['1:10', 'error', 'Empty', 'a rule needs expr']],
    [
      `- alert: Wrong
  expr: up == 0
  for: soon`,
      ['3:8', 'error', 'soon', 'for must be a duration such as 5m, not "soon"'],
    ],
    [
      `- record: a:b:c
  expr: up
  for: 5m`,
      ['3:3', 'error', 'for', 'a recording rule has no for'],
    ],
    [
      `- record: a:b:c
  expr: up
  annotations: { summary: Up }`,
      ['3:3', 'error', 'annotations', 'a recording rule has no annotations'],
    ],
    [
      `- record: up{job="api"}
  expr: up`,
      ['1:11', 'error', 'up{job="api"}', 'the metric name up{job="api"} holds braces: selectors go to expr'],
    ],
    [
      `- alert: Wrong
  expr: up == 0
  labels:
    __name__: up`,
      ['4:5', 'error', '__name__', '"__name__" is not allowed as a name among labels'],
    ],
    [
      `- alert: Wrong
  exp: up == 0`,
      ['1:10', 'error', 'Wrong', 'a rule needs expr'],
      [
        '2:3',
        'error',
        'exp',
        'there is no field exp here; there are alert, record, expr, for, keep_firing_for, labels, annotations',
        'expr',
      ],
    ],
    [
      `groups:
- name: a
  rules: []
- name: a
  rules:
  - alert: A
    expr: up == 0`,
      ['4:9', 'error', 'a', 'the group name a is repeated'],
    ],
    [
      `groups:
- rules:
  - alert: A
    expr: up == 0`,
      ['2:3', 'error', 'rules:', 'a group needs a name'],
    ],
    [
      `groups:
- name: "a
  rules:
  - alert: A
    expr: up == 0`,
      ['5:18', 'error', '', 'not valid YAML: Missing closing "quote'],
    ],
  ],
  silent: [
    alerting('up == 0'),
    `- record: a:b:c
  expr: up
  for: 0s`,
    `- alert: A
  expr: &up up == 0
- alert: B
  expr: *up`,
    `groups:
- name: a
  interval: 1m
  limit: 10
  query_offset: 1m
  labels: { team: a }
  rules:
  - alert: A
    expr: up == 0
    keep_firing_for: 5m`,
    `groups:
- name: a
  rules:
  - &base
    alert: A
    expr: up == 0
  - <<: *base
    alert: B`,
  ],
});
