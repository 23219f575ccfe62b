import { alerting, suite } from '../rule-suite.ts';

suite('missing-runbook', {
  reported: [
    [
      `- alert: Example
  expr: jobs_pending > 5
  labels: { severity: warning }`,
      ['1:10', 'info', 'Example', 'the alert has no runbook_url'],
    ],
    [
      `- alert: Example
  expr: jobs_pending > 5
  annotations:
    runbook_url: ''`,
      ['1:10', 'info', 'Example', 'the alert has no runbook_url'],
    ],
    [
      `- alert: Example
  expr: jobs_pending > 5
  annotations:
    runbook_url: ask Anna`,
      ['4:18', 'warning', 'ask Anna', 'runbook_url is no address: "ask Anna"'],
    ],
    [
      `- alert: Example
  expr: jobs_pending > 5
  annotations:
    runbook: TODO`,
      ['4:14', 'warning', 'TODO', 'runbook is no address: "TODO"'],
    ],
  ],
  silent: [
    alerting('jobs_pending > 5'),
    `- alert: Example
  expr: jobs_pending > 5
  annotations: { runbook: 'http://wiki/x' }`,
    `- alert: Example
  expr: jobs_pending > 5
  annotations: { runbook_url: ./docs/runbooks/example.md }`,
    `- alert: Example
  expr: jobs_pending > 5
  annotations: { runbook_url: 'https://wiki/{{ $labels.job }}' }`,
    `- alert: Watchdog
  expr: vector(1)
  labels: { severity: none }`,
    `- record: job:example:sum
  expr: sum(jobs_pending)`,
  ],
});
