import { suite } from './check-suite.ts';

suite('divided-by-itself', {
  reported: [
    [
      'rate(jobs_total{status="completed"}[5m]) / rate(jobs_total[5m])',
      'rate(jobs_total{status="completed"}[5m]) / rate(jobs_total[5m])',
      'warning',
      'rate(jobs_total{status="completed"}[5m]) is divided by itself',
    ],
    [
      '100 * (jobs_pending{job="api"} / jobs_pending)',
      'jobs_pending{job="api"} / jobs_pending',
      'warning',
      'jobs_pending{job="api"} is divided by itself',
    ],
    [
      '(increase(mystery[1h])) / increase(mystery{a="b"}[1h])',
      '(increase(mystery[1h])) / increase(mystery{a="b"}[1h])',
      'warning',
      'increase(mystery[1h]) is divided by itself',
    ],
  ],
  silent: [
    'sum(rate(jobs_total{status="completed"}[5m])) / sum(rate(jobs_total[5m]))',
    'rate(jobs_total{status="completed"}[5m]) / ignoring (status) group_left () rate(jobs_total[5m])',
    'rate(jobs_total[5m]) / rate(jobs_total[1h])',
    'jobs_pending / jobs_pending offset 1d',
    'jobs_pending / jobs_started_total',
    'jobs_total{status="error"} / jobs_total{status="timeout"}',
    'jobs_pending / 5',
    '1 / jobs_pending',
    'jobs_pending{job="api"} - jobs_pending',
    '{job="api"} / {job="api", a="b"}',
  ],
});
