/** What is found in the expressions of dashboards, and in what names their labels and variables. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Grafana fills them in
import { describe, expect, test } from 'vitest';
import { problemsOf } from '../check-repository/check-suite.ts';
import { board, dashboardSuite, graph, looks, SCRAPED } from './dashboard-suite.ts';

const R = 'rate(http_requests_total[$__rate_interval])';
const JOBS = 'rate(jobs_total[$__rate_interval])';
const PANEL = 'panel "P"';
const query = (name: string, text: string, rest = {}) => ({
  name,
  type: 'query',
  datasource: { type: 'prometheus', uid: '${datasource}' },
  query: text,
  ...rest,
});
const interval = (name: string, values: string) => ({ name, type: 'interval', query: values });
const custom = (name: string, values: string) => ({ name, type: 'custom', query: values });
const color = (options: string) => ({
  matcher: { id: 'byName', options },
  properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: 'red' } }],
});

/** All findings of a dashboard with one expression, by check and by the text that is marked. */
function findings(expr: string, variables: Parameters<typeof board>[0] = []): string[] {
  const json = JSON.stringify(board([graph(expr)], { variables }), null, 1);
  return problemsOf({ 'a.json': json })
    .filter(({ severity }) => severity !== 'info')
    .map(({ check, place }) => {
      const [line = '', marks = ''] = (place.excerpt ?? '').split('\n');
      return `${check}: ${line.slice(marks.indexOf('^'), marks.length)}`;
    });
}

describe('the checks of queries mark the part of the file that is wrong', () => {
  const variables = [
    query('job', 'label_values(up, job)'),
    query('status', 'label_values(jobs_total, status)'),
    interval('window', '1m,5m'),
    custom('by', 'method,status'),
  ];
  const cases: readonly (readonly [expr: string, ...found: string[]])[] = [
    ['sum(rate(http_requests[$__rate_interval]))', 'unknown-metric: http_requests'],
    [
      'sum(rate(http_requests_total{stauts="500"}[$__rate_interval]))',
      'unknown-label: http_requests_total{stauts=\\"500\\"}',
    ],
    [
      'sum by (kind) (rate(jobs_total{job="$job"}[$window]))',
      'unknown-label: sum by (kind) (rate(jobs_total{job=\\"$job\\"}[$window]))',
    ],
    ['sum(rate(jobs_total{status="failed"}[5m]))', 'impossible-matcher: jobs_total{status=\\"failed\\"}'],
    [
      'sum(rate(jobs_total{status="failed", job="$job"}[5m]))',
      'impossible-matcher: jobs_total{status=\\"failed\\", job=\\"$job\\"}',
    ],
    ['rate(jobs_pending[$__rate_interval])', 'rate-of-gauge: rate(jobs_pending[$__rate_interval])'],
    ['rate(sum(jobs_total)[5m:])', 'sum-before-rate: rate(sum(jobs_total)[5m:])'],
    [
      'histogram_quantile(0.9, sum(rate(http_request_duration_seconds_bucket[$window])))',
      'quantile-without-le: histogram_quantile(0.9, sum(rate(http_request_duration_seconds_bucket[$window])))',
    ],
    [
      'sum by (method) (x) + sum(sum by (method) (rate(http_requests_total[5m]))) by (status)',
      'unknown-metric: x',
      'dropped-label: sum(sum by (method) (rate(http_requests_total[5m]))) by (status)',
    ],
    ['sum(rate(jobs_total[5m])', 'promql-syntax: '],
    ['sum(rate(jobs_total[5m])) by ($by) +', 'promql-syntax: '],
  ];
  test.each(cases)('%s', (expr, ...wanted) => {
    const found = findings(expr, variables);
    expect(found.map((one) => one.split(':')[0])).toEqual(wanted.map((one) => one.split(':')[0]));
    wanted.forEach((one, i) => {
      if (!one.startsWith('promql-syntax')) expect(found[i]).toBe(one);
    });
  });

  const right = [
    'sum by ($by) (rate(http_requests_total{job="$job"}[$__rate_interval]))',
    'sum(rate(jobs_total{status="$status", job=~"${job:regex}"}[$window]))',
    'sum(rate(jobs_total{status!="$status"}[$__range]))',
    'sum(rate(jobs_total{status="$status"}[5m])) / sum(rate(jobs_total{status="completed"}[5m]))',
    'sum(increase(jobs_total[${__range_s}s]))',
    'sum(jobs_pending) > ${limit}',
    'topk($top, sum by (endpoint) (rate(http_requests_total[$__rate_interval])))',
    'histogram_quantile($quantile, sum by (le) (rate(http_request_duration_seconds_bucket[$__rate_interval])))',
    'sum(rate($metric[$__rate_interval]))',
    'label_replace(sum by (job) (up), "who", "$1", "job", "(.*)")',
    'sum(rate(http_requests_total{endpoint=~"/api/.*", status=~"$status"}[[[window]]]))',
    'max(jobs_pending offset $window)',
  ];
  const all = [
    ...variables,
    custom('limit', '5,10'),
    custom('top', '5'),
    custom('quantile', '0.5,0.95'),
    query('metric', 'metrics(.*_total)'),
  ];
  test.each(right)('nothing is wrong with %s', (expr) => {
    expect(findings(expr, all)).toEqual([]);
  });

  test('the queries of variables and annotations are checked, too', () => {
    const json = board([], {
      variables: [
        query('a', 'label_values(up_total, job)'),
        query('b', 'query_result(sum(jobs_waiting))'),
        query('c', 'label_values(http_requests_total{stat="1"}, job)'),
      ],
      annotations: [
        {
          name: 'Restarts',
          datasource: { type: 'prometheus', uid: '${datasource}' },
          expr: 'changes(process_start[5m])',
        },
      ],
    });
    const found = problemsOf({ 'a.json': JSON.stringify(json, null, 1) });
    expect(
      found
        .filter(({ severity }) => severity === 'error')
        .map(({ check, subject, place }) => `${place.line} ${subject} ${check}`),
    ).toEqual([
      '14 variable $a unknown-metric',
      '23 variable $b unknown-metric',
      '32 variable $c unknown-label',
      '44 annotation "Restarts" unknown-metric',
    ]);
  });

  test('other languages are left alone', () => {
    const json = board([{ ...graph('{app="x"} |= "error"'), datasource: { type: 'loki', uid: 'loki' } }]);
    expect(
      problemsOf({ 'a.json': JSON.stringify(json) }).filter(({ severity }) => severity === 'error'),
    ).toEqual([]);
  });
});

dashboardSuite('unknown-variable', {
  reported: [
    [
      'a legend',
      board([graph([[`sum(${R})`, '${enviroment}']])], { variables: [custom('environment', 'a,b')] }),
      [[PANEL, '${enviroment}', 'warning', 'there is no variable ${enviroment}', 'environment']],
    ],
    [
      'a title',
      board([graph(`sum(${R})`, { title: 'Of $job' })]),
      [['panel "Of $job"', '$job', 'warning', 'there is no variable $job']],
    ],
    [
      'another variable',
      board([], { variables: [query('instance', 'label_values(up{job="[[jb]]"}, instance)')] }),
      [['dashboard "API"', '[[jb]]', 'error', 'there is no variable [[jb]]']],
    ],
    [
      'a row that repeats',
      board([{ type: 'row', title: 'R', repeat: 'node', panels: [] }]),
      [['dashboard "API"', 'node', 'warning', 'there is no variable node']],
    ],
  ],
  silent: [
    [
      'macros',
      board([graph(`sum(increase(jobs_total[$__range])) / $__interval_ms`, { title: 'Since $__from' })]),
    ],
    ['groups and ends of patterns', board([graph('label_replace(up, "a", "$1", "job", "(.*)$")')])],
    [
      'prices in a text',
      board([{ type: 'text', title: 'T', options: { mode: 'markdown', content: 'costs $five' } }]),
    ],
    ['descriptions', board([graph(`sum(${R})`, { description: 'set $PATH' })])],
  ],
});

dashboardSuite('unused-variable', {
  reported: [
    [
      'one of two',
      board([graph('up{job="$job"}')], {
        variables: [query('job', 'label_values(up, job)'), custom('env', 'a,b')],
      }),
      [['variable $env', '"env"', 'info', 'nothing uses $env']],
    ],
    [
      'one that only names itself',
      board([], { variables: [query('job', 'label_values(up{job=~"$job"}, job)')] }),
      [['variable $job', '"job"', 'info', 'nothing uses $job']],
    ],
  ],
  silent: [
    [
      'one that another one uses',
      board([graph('up{instance="$instance"}')], {
        variables: [
          query('job', 'label_values(up, job)'),
          query('instance', 'label_values(up{job="$job"}, instance)'),
        ],
      }),
    ],
    [
      'one in a link',
      board([graph(`sum(${R})`, { links: [{ title: 'x', url: '/d/x?var-job=${job}' }] })], {
        variables: [query('job', 'label_values(up, job)')],
      }),
    ],
    [
      'hidden ones and filters',
      board([], {
        variables: [custom('a', '1'), { name: 'f', type: 'adhoc' }].map((one, i) =>
          i === 0 ? { ...one, hide: 2 } : one,
        ),
      }),
    ],
  ],
});

dashboardSuite('variable-label', {
  reported: [
    [
      'a label of another metric',
      board([], { variables: [query('e', 'label_values(jobs_total{status="error"}, endpoint)')] }),
      [['variable $e', 'endpoint', 'error', 'jobs_total has no label endpoint']],
    ],
    [
      'what an aggregation drops',
      board([], { variables: [query('e', 'label_values(sum by (job) (up), instance)')] }),
      [['variable $e', 'instance', 'error', 'what is selected has no label instance']],
    ],
  ],
  silent: [
    [
      'labels of metric and target',
      board([], {
        variables: [query('a', 'label_values(jobs_total, status)'), query('b', 'label_values(up, instance)')],
      }),
    ],
    ['all values of a label', board([], { variables: [query('a', 'label_values(anything)')] })],
    ['metrics that nobody knows', board([], { variables: [query('a', 'label_values(mystery, x)')] })],
    [
      'a label that is chosen',
      board([], { variables: [custom('by', 'a,b'), query('a', 'label_values(up, $by)')] }),
    ],
  ],
});

dashboardSuite('legend-label', {
  reported: [
    [
      'a label that never was',
      board([graph([[JOBS, '{{state}}']])]),
      [[PANEL, 'state', 'warning', 'state is named, and the series have no such label']],
    ],
    [
      'one of two',
      board([graph([[`sum by (job) (${R})`, '{{job}} on {{ instance }}']])]),
      [[PANEL, 'instance', 'warning', 'instance is named, and the expression drops it']],
    ],
    [
      'the second query',
      board([
        graph([
          [`sum by (job) (${R})`, '{{job}}'],
          [`sum(${R})`, '{{job}}'],
        ]),
      ]),
      [[PANEL, 'job', 'warning', 'job is named, and the expression drops it']],
    ],
    [
      'the title of an annotation',
      board([], {
        annotations: [
          {
            name: 'A',
            datasource: { type: 'prometheus', uid: 'p' },
            expr: 'sum by (job) (up) == 0',
            titleFormat: '{{instance}} is down',
          },
        ],
      }),
      [['annotation "A"', 'instance', 'warning', 'instance is named, and the expression drops it']],
    ],
    [
      'the bucket after the quantile',
      board([
        graph([
          [
            'histogram_quantile(0.9, sum by (le, endpoint) (rate(http_request_duration_seconds_bucket[5m])))',
            '{{le}}',
          ],
        ]),
      ]),
      [[PANEL, 'le', 'warning', 'le is named, and the expression drops it']],
    ],
  ],
  silent: [
    ['labels that are there', board([graph([[R, '{{method}} {{job}} {{__name__}}']])])],
    ['metrics that nobody knows', board([graph([['mystery', '{{x}}']])])],
    ['a plain text', board([graph([[`sum(${R})`, 'requests']])])],
    [
      'labels that are chosen',
      board([graph([[`sum by ($by) (${R})`, '{{method}}']])], {
        variables: [query('by', 'label_names(http_requests_total)')],
      }),
    ],
    [
      'labels that come by joining',
      board([graph([['up * on (instance) group_left (method) http_requests_total', '{{method}}']])]),
    ],
  ],
});

dashboardSuite('unknown-series', {
  reported: [
    [
      'a name that the legend does not make',
      board([graph([[`sum(${R})`, 'Requests']], looks({}, color('requests')))]),
      [[PANEL, '"requests"', 'warning', 'there is no series "requests"', 'Requests']],
    ],
    [
      'a column of a table',
      board([
        {
          ...graph(`sum by (status) (${JOBS})`),
          type: 'table',
          targets: [
            {
              refId: 'A',
              expr: `sum by (status) (${JOBS})`,
              format: 'table',
              instant: true,
              legendFormat: 'x',
            },
          ],
          transformations: [
            { id: 'organize', options: { renameByName: { endpoint: 'Route', status: 'Status' } } },
          ],
        },
      ]),
      [[PANEL, '"Route"', 'warning', 'there is no column "endpoint"']],
    ],
    [
      'a value that cannot be',
      board([graph([[`sum by (status) (${JOBS})`, 'jobs {{status}}']], looks({}, color('jobs success')))]),
      [[PANEL, '"jobs success"', 'info', 'there is no series "jobs success"']],
    ],
  ],
  silent: [
    [
      'values of a closed label',
      board([
        graph([[`sum by (status) (${JOBS})`, '{{status}}']], looks({}, color('completed'), color('timeout'))),
      ]),
    ],
    [
      'a palette that has more than is needed',
      board([graph([[`sum(${R})`, 'a']], looks({}, color('a'), color('b')))]),
    ],
    ['open labels', board([graph([[`sum by (endpoint) (${R})`, '{{endpoint}}']], looks({}, color('/api')))])],
    ['all labels', board([graph(`sum(${R})`, looks({}, color('Value')))])],
    [
      'a name from another override',
      board([
        graph(
          [[`sum(${R})`, 'a']],
          looks(
            {},
            { matcher: { id: 'byName', options: 'a' }, properties: [{ id: 'displayName', value: 'b' }] },
            color('b'),
          ),
        ),
      ]),
    ],
    [
      'what a transformation makes',
      board([
        graph([[`sum(${R})`, 'a']], {
          ...looks({}, color('Total')),
          transformations: [{ id: 'calculateField', options: {} }],
        }),
      ]),
    ],
    [
      'other languages',
      board([{ ...graph([['x', 'a']], looks({}, color('b'))), datasource: { type: 'loki', uid: 'l' } }]),
    ],
  ],
});

dashboardSuite('unbound-panel', {
  reported: [
    [
      'both sides',
      board([graph('max(process_resident_memory_bytes) - min(process_resident_memory_bytes{job=~".+"})')]),
      [
        [
          PANEL,
          'process_resident_memory_bytes',
          'warning',
          'api and worker have process_resident_memory_bytes, and are taken together',
        ],
      ],
    ],
  ],
  silent: [
    ['one service', board([graph('sum(process_resident_memory_bytes{job="api"})')])],
    ['each by itself', board([graph('process_resident_memory_bytes')])],
    [
      'one that is chosen',
      board([graph('sum(process_resident_memory_bytes{job="$job"})')], {
        variables: [query('job', 'label_values(up, job)')],
      }),
    ],
    ['a metric of one service', board([graph(`sum(${R})`)])],
  ],
});

dashboardSuite('rate-interval', {
  reported: [
    [
      'a fixed range',
      board([graph('sum(rate(jobs_total[5m]))')]),
      [[PANEL, 'jobs_total[5m]', 'info', 'rate over a fixed range']],
    ],
    [
      'irate',
      board([graph('irate(jobs_total[$__interval])')]),
      [[PANEL, 'jobs_total[$__interval]', 'warning', 'irate over $__interval']],
    ],
    [
      'both of two',
      board([graph('rate(a[1m]) / rate(b[1m])')]),
      [
        [PANEL, 'a[1m]', 'info', 'rate over a fixed range'],
        [PANEL, 'b[1m]', 'info', 'rate over a fixed range'],
      ],
    ],
  ],
  silent: [
    ['the right one', board([graph(`sum(${R})`)])],
    [
      'a range that is chosen',
      board([graph('sum(rate(jobs_total[$window]))')], { variables: [interval('window', '1m,5m')] }),
    ],
    ['a stat', board([{ ...graph('sum(rate(jobs_total[5m]))'), type: 'stat' }])],
    [
      'an instant query',
      board([{ ...graph(''), targets: [{ refId: 'A', expr: 'sum(rate(jobs_total[5m]))', instant: true }] }]),
    ],
    ['an increase per hour', board([graph('sum(increase(jobs_total[1h]))')])],
  ],
});

dashboardSuite('short-interval', {
  reported: [
    [
      'the least step',
      board([{ ...graph(''), targets: [{ refId: 'A', expr: `sum(${R})`, interval: '5s' }] }]),
      [[PANEL, '"5s"', 'warning', 'the least step is 5s, and scrapes are 15s apart']],
      SCRAPED,
    ],
    [
      'a choice in braces',
      board([graph('sum(rate(jobs_total[${w:text}]))')], { variables: [interval('w', '15s,30s')] }),
      [['variable $w', '"15s,30s"', 'warning', '15s can be chosen as a range, and scrapes are 15s apart']],
      SCRAPED,
    ],
  ],
  silent: [
    [
      'steps of one scrape',
      board([{ ...graph(''), targets: [{ refId: 'A', expr: `sum(${R})`, interval: '15s' }] }]),
      SCRAPED,
    ],
    [
      'a choice that is no range',
      board([graph('sum(rate(jobs_total[1m] offset $w))')], { variables: [interval('w', '5s,1m')] }),
      SCRAPED,
    ],
    [
      'what nobody knows of scrapes',
      board([{ ...graph(''), targets: [{ refId: 'A', expr: `sum(${R})`, interval: '1s' }] }]),
    ],
  ],
});

dashboardSuite('averaged-quantile', {
  reported: [
    [
      'the quantiles of a summary',
      board([graph('avg by (quantile) (answer_seconds)')]),
      [[PANEL, 'avg by (quantile) (answer_seconds)', 'warning', 'avg of quantiles']],
    ],
    [
      'over time',
      board([
        graph('avg_over_time(histogram_quantile(0.9, rate(http_request_duration_seconds_bucket[5m]))[1h:])'),
      ]),
      [
        [
          PANEL,
          'avg_over_time(histogram_quantile(0.9, rate(http_request_duration_seconds_bucket[5m]))[1h:])',
          'warning',
          'a mean over time of quantiles',
        ],
      ],
    ],
  ],
  silent: [
    [
      'the largest',
      board([
        graph(
          'max(histogram_quantile(0.9, sum by (le, job) (rate(http_request_duration_seconds_bucket[5m]))))',
        ),
      ]),
    ],
    [
      'sums and counts of a summary',
      board([graph('sum(rate(answer_seconds_sum[5m])) / sum(rate(answer_seconds_count[5m]))')]),
    ],
    ['quantiles over time', board([graph('quantile_over_time(0.9, jobs_pending[1h])')])],
  ],
});

dashboardSuite('averaged-ratio', {
  reported: [
    [
      'a sum',
      board([graph('sum((increase(jobs_total{status="error"}[5m]) / increase(jobs_total[5m])))')]),
      [
        [
          PANEL,
          'sum((increase(jobs_total{status=\\"error\\"}[5m]) / increase(jobs_total[5m])))',
          'warning',
          'sum of ratios',
        ],
      ],
    ],
  ],
  silent: [
    ['sums divided', board([graph(`sum(${JOBS}) / sum(${R})`)])],
    ['gauges', board([graph('avg(disk_usage_bytes / process_resident_memory_bytes)')])],
    ['rates by a number', board([graph(`avg(${JOBS} / 60)`)])],
  ],
});

dashboardSuite('many-series', {
  reported: [
    [
      'by two labels',
      board([graph('sum by (status, user_id) (rate(x_total[5m]))')]),
      [
        [
          PANEL,
          'sum by (status, user_id) (rate(x_total[5m]))',
          'info',
          'there may be a series for each user_id',
        ],
      ],
    ],
    [
      'eleven queries',
      board([graph(Array.from({ length: 11 }, () => ['up'] as const))]),
      [[PANEL, '"P"', 'info', 'it asks 11 queries']],
    ],
  ],
  silent: [
    ['the largest', board([graph('topk(5, sum by (path) (rate(x_total[5m])))')])],
    ['a table', board([{ ...graph('sum by (path) (rate(x_total[5m]))'), type: 'table' }])],
    ['labels of the program', board([graph(`sum by (endpoint, method) (${R})`)])],
    ['ten queries', board([graph(Array.from({ length: 10 }, () => ['up'] as const))])],
  ],
});
