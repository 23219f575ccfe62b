import { alerting, suite } from '../rule-suite.ts';

suite('nan-in-aggregate', {
  reported: [
    [
      alerting('sum(rate(sent_bytes_total[5m]) / rate(jobs_started_total[5m])) > 5'),
      [
        '2:9',
        'warning',
        'sum(rate(sent_bytes_total[5m]) / rate(jobs_started_total[5m]))',
        'sum of quotients',
      ],
    ],
    [
      alerting('avg by (job) ((rate(sent_bytes_total[5m]) / rate(jobs_started_total[5m]))) > 5'),
      [
        '2:9',
        'warning',
        'avg by (job) ((rate(sent_bytes_total[5m]) / rate(jobs_started_total[5m])))',
        'avg of quotients',
      ],
    ],
  ],
  silent: [
    alerting('max(rate(sent_bytes_total[5m]) / rate(jobs_started_total[5m])) > 5'),
    alerting('sum(rate(sent_bytes_total[5m])) / sum(rate(jobs_started_total[5m])) > 5'),
    alerting('avg(disk_usage_bytes / disk_limit_bytes) > 0.5'),
    alerting('avg(rate(sent_bytes_total[5m]) / (rate(jobs_started_total[5m]) > 0)) > 5'),
    alerting('sum(rate(sent_bytes_total[5m]) / 60) > 5'),
  ],
});
