import { alerting, suite } from '../rule-suite.ts';

suite('missing-condition', {
  reported: [
    [alerting('jobs_pending'), ['2:9', 'warning', 'jobs_pending', 'the alert compares nothing']],
    [
      alerting('jobs_pending > bool 5'),
      ['2:9', 'error', 'jobs_pending > bool 5', 'bool keeps the series for which the comparison is false'],
    ],
    [
      alerting('sum(jobs_pending >bool 5) * 2'),
      ['2:9', 'warning', 'sum(jobs_pending >bool 5) * 2', 'the alert compares nothing'],
    ],
    [
      alerting('rate(jobs_total[5m]) >= 0'),
      ['2:9', 'error', 'rate(jobs_total[5m]) >= 0', 'the comparison always holds'],
    ],
    [alerting('up <= 1'), ['2:9', 'error', 'up <= 1', 'the comparison always holds']],
    [
      alerting('sum(rate(jobs_total{status="error"}[5m])) / sum(rate(jobs_total[5m])) >= 0'),
      [
        '2:9',
        'error',
        'sum(rate(jobs_total{status="error"}[5m])) / sum(rate(jobs_total[5m])) >= 0',
        'the comparison always holds',
      ],
    ],
    [
      alerting('jobs_pending > 5 or disk_usage_bytes'),
      ['2:9', 'warning', 'jobs_pending > 5 or disk_usage_bytes', 'the alert compares nothing'],
    ],
    [
      `- record: job:jobs:sum
  expr: sum(jobs_pending)
- alert: Recorded
  expr: job:jobs:sum`,
      ['4:9', 'warning', 'job:jobs:sum', 'the alert compares nothing'],
    ],
  ],
  silent: [
    alerting('jobs_pending > 5'),
    alerting('absent(up)'),
    alerting('absent_over_time(up[5m])'),
    alerting('vector(1)'),
    alerting('sum(jobs_pending > 5)'),
    alerting('jobs_pending unless on () disk_usage_bytes'),
    alerting('jobs_pending and on () (disk_usage_bytes > 5)'),
    alerting('count(jobs_pending) > 0'),
    alerting('ALERTS{alertname="Other", alertstate="firing"}'),
    alerting('disk_limit_bytes - disk_usage_bytes >= 0'),
    `- record: job:jobs:many
  expr: sum(jobs_pending) > 5
- alert: Recorded
  expr: job:jobs:many`,
    `- record: job:example:sum
  expr: sum(jobs_pending)`,
  ],
});
