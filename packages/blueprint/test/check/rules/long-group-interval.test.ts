import { suite } from '../rule-suite.ts';

suite('long-group-interval', {
  reported: [
    [
      `groups:
- name: slow
  interval: 5m1s
  rules:
  - record: a:b:c
    expr: up
  - record: a:b:d
    expr: up`,
      ['3:13', 'warning', '5m1s', 'the group slow is evaluated every 5m1s'],
    ],
  ],
  silent: [
    `groups:
- name: fast
  interval: 30s
  rules:
  - record: a:b:c
    expr: up`,
    `groups:
- name: usual
  rules:
  - record: a:b:c
    expr: up`,
    `groups:
- name: empty
  interval: 1h
  rules: []`,
  ],
});
