import { alerting, suite } from '../rule-suite.ts';

suite('unbounded-grouping', {
  reported: [
    [
      alerting('sum by (user, region) (http_sessions) > 5'),
      ['2:9', 'warning', 'sum by (user, region) (http_sessions)', 'the result has a series for each user'],
    ],
    [
      alerting('sum by (request_id) (mystery) > 5'),
      ['2:9', 'warning', 'sum by (request_id) (mystery)', 'the result has a series for each request_id'],
    ],
    [
      alerting('max by (email) (other{team="a"}) > 5'),
      ['2:9', 'warning', 'max by (email) (other{team="a"})', 'the result has a series for each email'],
    ],
  ],
  silent: [
    alerting('sum by (region) (http_sessions) > 5'),
    alerting('sum by (user) (http_sessions{user="root"}) > 5'),
    alerting('sum by (job) (jobs_pending) > 5'),
    alerting('sum by (region) (sum by (region, user) (http_sessions)) > 5'),
    alerting('count(sum by (user) (http_sessions)) > 5'),
    alerting('sum without (user) (http_sessions) > 5'),
  ],
});
