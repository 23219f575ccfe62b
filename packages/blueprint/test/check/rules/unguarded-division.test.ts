import { alerting, suite } from '../rule-suite.ts';

suite('unguarded-division', {
  reported: [
    [
      alerting('100 * (sum(rate(jobs_total{status="completed"}[5m])) / sum(rate(jobs_total[5m]))) < 90'),
      [
        '2:16',
        'info',
        'sum(rate(jobs_total{status="completed"}[5m])) / sum(rate(jobs_total[5m]))',
        'nothing guards this share against little traffic',
      ],
    ],
    [
      alerting('1 - sum(rate(jobs_total{status="error"}[5m])) / sum(rate(jobs_total[5m])) <= 0.9'),
      [
        '2:13',
        'info',
        'sum(rate(jobs_total{status="error"}[5m])) / sum(rate(jobs_total[5m]))',
        'nothing guards this share against little traffic',
      ],
    ],
    [
      alerting('0.9 > sum(increase(jobs_total{status="completed"}[5m])) / sum(increase(jobs_total[5m]))'),
      [
        '2:15',
        'info',
        'sum(increase(jobs_total{status="completed"}[5m])) / sum(increase(jobs_total[5m]))',
        'nothing guards this share against little traffic',
      ],
    ],
  ],
  silent: [
    alerting('sum(rate(jobs_total{status="error"}[5m])) / sum(rate(jobs_total[5m])) > 0.1'),
    alerting('disk_usage_bytes / disk_limit_bytes < 0.1'),
    alerting('sum(rate(jobs_total{status="completed"}[5m])) / (sum(rate(jobs_total[5m])) > 1) < 0.9'),
    alerting('sum(rate(jobs_total{status="completed"}[5m])) / clamp_min(sum(rate(jobs_total[5m])), 1) < 0.9'),
    alerting(
      'sum(rate(jobs_total{status="completed"}[5m])) / sum(rate(jobs_total[5m])) < 0.9 and sum(rate(jobs_total[5m])) > 1',
    ),
    alerting('rate(jobs_total[5m]) / 60 < 1'),
    `- record: job:example:sum
  expr: sum(rate(jobs_total{status="completed"}[5m])) / sum(rate(jobs_total[5m])) < 0.9`,
  ],
});
