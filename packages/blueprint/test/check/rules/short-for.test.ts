import { suite } from '../rule-suite.ts';

suite('short-for', {
  reported: [
    [
      `- alert: Gone
  expr: absent(up{job="api"})`,
      [
        '1:10',
        'warning',
        'Gone',
        'the alert fires at once when something is absent, and scrapes are 15s apart',
      ],
    ],
    [
      `- alert: Down
  expr: up == 0
  for: 10s`,
      [
        '3:8',
        'warning',
        '10s',
        'the alert fires after 10s when something is absent, and scrapes are 15s apart',
      ],
    ],
    [
      `- alert: Down
  expr: up{job="api"} != 1
  for: 29s`,
      [
        '3:8',
        'warning',
        '29s',
        'the alert fires after 29s when something is absent, and scrapes are 15s apart',
      ],
    ],
    [
      `- alert: Down
  expr: up{job="api"} < 1`,
      [
        '1:10',
        'warning',
        'Down',
        'the alert fires at once when something is absent, and scrapes are 15s apart',
      ],
    ],
    [
      `- alert: Down
  expr: 0 == up`,
      [
        '1:10',
        'warning',
        'Down',
        'the alert fires at once when something is absent, and scrapes are 15s apart',
      ],
    ],
    [
      `- alert: Gone
  expr: absent(jobs_pending) or absent(jobs_started_total)
  for: 20s`,
      [
        '3:8',
        'warning',
        '20s',
        'the alert fires after 20s when something is absent, and scrapes are 15s apart',
      ],
    ],
  ],
  silent: [
    `- alert: Gone
  expr: absent(up{job="api"})
  for: 30s`,
    `- alert: Down
  expr: up == 0
  for: 5m`,
    `- alert: Down
  expr: avg_over_time(up[5m]) < 0.5`,
    `- alert: Gone
  expr: absent_over_time(up{job="api"}[5m])`,
    `- alert: Many
  expr: jobs_pending > 5`,
    `- alert: Running
  expr: up == 1`,
    `- record: job:example:sum
  expr: absent(up{job="api"})`,
  ],
});
