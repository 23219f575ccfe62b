import { alerting, suite } from '../rule-suite.ts';

suite('needless-regex', {
  reported: [
    [
      alerting('sum(rate(http_requests_total{method!~"GET"}[5m])) > 5'),
      [
        '2:18',
        'info',
        'http_requests_total{method!~"GET"}',
        'method!~"GET" has nothing in it that needs a regular expression',
      ],
    ],
    [
      alerting('sum(rate(http_requests_total{status=~"^5..$"}[5m])) > 5'),
      [
        '2:18',
        'info',
        'http_requests_total{status=~"^5..$"}',
        'status=~"^5..$" is anchored, as every matcher is',
      ],
    ],
    [
      alerting('sum(rate(http_requests_total{endpoint=~""}[5m])) > 5'),
      [
        '2:18',
        'info',
        'http_requests_total{endpoint=~""}',
        'endpoint=~"" has nothing in it that needs a regular expression',
      ],
    ],
  ],
  silent: [
    alerting('sum(rate(http_requests_total{status=~"5.."}[5m])) > 5'),
    alerting('sum(rate(http_requests_total{status=~"500|503"}[5m])) > 5'),
    alerting('sum(rate(http_requests_total{endpoint=~"/a\\\\.b"}[5m])) > 5'),
    alerting('sum(rate(http_requests_total{status="500"}[5m])) > 5'),
    alerting('sum(rate(http_requests_total{endpoint!~".+"}[5m])) > 5'),
  ],
});
