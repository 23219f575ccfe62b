import { alerting, suite } from '../rule-suite.ts';

suite('template-query', {
  reported: [
    [
      alerting('jobs_pending > 5', `    now: '{{ query "sum(jobs_pending" | first | value }}'`),
      ['9:37', 'error', '"', 'a query in a template does not parse: parse error: unclosed left parenthesis'],
    ],
    [
      alerting('jobs_pending > 5', `    now: '{{ query "rate(jobs_pending[5m])" | first | value }}'`),
      ['9:21', 'error', 'rate(jobs_pending[5m])', 'rate of jobs_pending, which is a gauge', 'deriv'],
    ],
    [
      alerting('jobs_pending > 5', `    now: '{{ query \`jobs_pending{jb="worker"}\` | first | value }}'`),
      ['9:21', 'error', 'jobs_pending{jb="worker"}', 'jobs_pending has no label jb', 'job'],
    ],
    [
      alerting(
        'jobs_pending > 5',
        `    now: '{{ range query "sum by (endpont) (http_requests_total)" }}{{ . }}{{ end }}'`,
      ),
      [
        '9:27',
        'error',
        'sum by (endpont) (http_requests_total)',
        'http_requests_total has no label endpont',
        'endpoint',
      ],
    ],
  ],
  silent: [
    alerting('jobs_pending > 5', `    now: '{{ query "sum(jobs_pending)" | first | value }}'`),
    alerting('jobs_pending > 5', `    now: '{{ query "jobs_started_total" | first | value }}'`),
    alerting('jobs_pending > 5', `    now: '{{ printf "sum(%s" "x)" | query }}'`),
    alerting('jobs_pending > 5', `    now: 'the query "sum(" is wrong'`),
  ],
});
