import { alerting, suite } from '../rule-suite.ts';

suite('missing-for', {
  reported: [
    [
      `- alert: Full
  expr: disk_usage_bytes / disk_limit_bytes > 0.9`,
      ['1:10', 'warning', 'Full', 'the alert fires with the first evaluation in which its expression holds'],
    ],
    [
      `- alert: Pending
  expr: jobs_pending > 100
  for: 0s
  labels: { severity: critical }`,
      [
        '1:10',
        'warning',
        'Pending',
        'the alert fires with the first evaluation in which its expression holds',
      ],
    ],
    [
      `- alert: Slow
  expr: sum(rate(http_requests_total{status=~"5.."}[5m])) > 1`,
      ['1:10', 'info', 'Slow', 'the alert fires with the first evaluation in which its expression holds'],
    ],
    [
      `- alert: BackupOld
  expr: time() - last_backup_timestamp_seconds > 86400`,
      [
        '1:10',
        'warning',
        'BackupOld',
        'the alert fires with the first evaluation in which its expression holds',
      ],
    ],
  ],
  silent: [
    alerting('jobs_pending > 100'),
    `- alert: Failing
  expr: increase(jobs_total{status="error"}[5m]) > 3`,
    `- alert: Failing
  expr: sum(rate(jobs_total{status="error"}[1h])) > 3`,
    `- alert: Flapping
  expr: max_over_time(jobs_pending[5m]) > 3`,
    `- alert: Restarting
  expr: changes(process_resident_memory_bytes[5m]) > 3`,
    `- alert: Watchdog
  expr: vector(1)
  labels: { severity: none }`,
    `- alert: Inhibitor
  expr: jobs_pending > 3
  labels: { severity: none }`,
    `- alert: Recorded
  expr: job:jobs:rate5m > 3`,
    `- alert: Missing
  expr: absent(jobs_pending)`,
    `- record: job:example:sum
  expr: sum(jobs_pending)`,
  ],
});
