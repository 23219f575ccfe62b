import { alerting, suite } from '../rule-suite.ts';

suite('topk-in-alert', {
  reported: [
    [
      alerting('bottomk(2, cache_hit_ratio) < 0.5'),
      ['2:9', 'warning', 'bottomk(2, cache_hit_ratio)', 'bottomk chooses the series of an alert'],
    ],
    [
      alerting('topk(1, jobs_pending) > 5'),
      ['2:9', 'warning', 'topk(1, jobs_pending)', 'topk chooses the series of an alert'],
    ],
  ],
  silent: [
    alerting('jobs_pending > 5'),
    alerting('sum(topk(3, jobs_pending)) > 5'),
    alerting('topk by (instance) (1, jobs_pending) > 5'),
    `- record: job:example:sum
  expr: topk(3, jobs_pending)`,
  ],
});
