/** Queries in rules: what the PromQL checker finds, in the file, with the catalog of those services that are asked. */
import { describe, expect, test } from 'vitest';
import { checkRepository, type ServiceCatalog } from '../../dist/index.js';
import { alerting, markedIn, problemsIn, SERVICES } from './rule-suite.ts';

const QUERY_CHECKS =
  /^(?:unknown-metric|unknown-label|dropped-label|impossible-matcher|rate-of-gauge|delta-of-counter|counter-without-rate|sum-before-rate|quantile-without-le|impossible-match|ambiguous-match|divided-by-itself|short-range|unit-mismatch)$/;

function found(rules: string, input = {}): string[] {
  return problemsIn(rules, input)
    .filter(({ check }) => QUERY_CHECKS.test(check))
    .map((problem) => {
      const { place, check, severity, suggestion } = problem;
      const meant = suggestion === undefined ? '' : ` ${suggestion}?`;
      return `${place.line}:${place.column} ${severity} ${check} ${markedIn(problem)}${meant}`;
    });
}

describe('what is wrong with a query is found in its rule', () => {
  const cases: readonly (readonly [rules: string, ...found: string[]])[] = [
    [alerting('rate(jobs_totl[5m]) > 1'), '2:14 error unknown-metric jobs_totl jobs_total?'],
    [
      alerting('sum(rate(http_requests_total{stat="500"}[5m])) > 1'),
      '2:18 error unknown-label http_requests_total{stat="500"}',
    ],
    [
      alerting('sum by (endpoint) (sum by (method) (rate(http_requests_total[5m]))) > 1'),
      '2:9 error dropped-label sum by (endpoint) (sum by (method) (rate(http_requests_total[5m])))',
    ],
    [
      alerting('rate(jobs_total{status="faild"}[5m]) > 1'),
      '2:14 error impossible-matcher jobs_total{status="faild"}',
    ],
    [alerting('rate(jobs_pending[5m]) > 1'), '2:9 error rate-of-gauge rate(jobs_pending[5m]) deriv?'],
    [
      alerting('delta(jobs_started_total[5m]) > 1'),
      '2:9 warning delta-of-counter delta(jobs_started_total[5m]) increase?',
    ],
    [alerting('jobs_started_total > 5'), '2:9 warning counter-without-rate jobs_started_total'],
    [
      alerting('rate(sum(jobs_started_total)[5m:15s]) > 1'),
      '2:9 error sum-before-rate rate(sum(jobs_started_total)[5m:15s])',
    ],
    [
      alerting(
        'histogram_quantile(0.9, sum by (method) (rate(http_request_duration_seconds_bucket[5m]))) > 1',
      ),
      '2:9 error quantile-without-le histogram_quantile(0.9, sum by (method) (rate(http_request_duration_seconds_bucket[5m])))',
    ],
    [
      alerting('sum by (status) (rate(jobs_total[5m])) / sum by (instance) (rate(jobs_total[5m])) > 1'),
      '2:9 error impossible-match sum by (status) (rate(jobs_total[5m])) / sum by (instance) (rate(jobs_total[5m]))',
    ],
    [
      alerting('rate(jobs_total[5m]) / on (instance) rate(jobs_started_total[5m]) > 1'),
      '2:9 error ambiguous-match rate(jobs_total[5m]) / on (instance) rate(jobs_started_total[5m])',
    ],
    [
      alerting('rate(jobs_total{status="error"}[5m]) / rate(jobs_total[5m]) > 1'),
      '2:9 warning divided-by-itself rate(jobs_total{status="error"}[5m]) / rate(jobs_total[5m])',
    ],
    [alerting('rate(jobs_started_total[20s]) > 1'), '2:14 warning short-range jobs_started_total[20s]'],
    [
      alerting('disk_usage_bytes > last_backup_timestamp_seconds'),
      '2:9 warning unit-mismatch disk_usage_bytes > last_backup_timestamp_seconds',
    ],
    [
      '- record: job:jobs:rate5m\n  expr: |\n    sum by (job) (\n      rate(jobs_totl[5m])\n    ) / sum by (job) (rate(jobs_pending[5m]))',
      '4:12 error unknown-metric jobs_totl jobs_total?',
      '5:23 error rate-of-gauge rate(jobs_pending[5m]) deriv?',
    ],
    [
      '- record: job:jobs:rate5m\n  expr: sum by (job) (rate(jobs_total[5m]))\n- alert: Slow\n  expr: job:jobs:rate5m{status="error"} > 1',
      '4:9 error unknown-label job:jobs:rate5m{status="error"}',
    ],
    [
      '- record: job:jobs:rate5m\n  expr: sum by (job) (rate(jobs_total[5m]))\n- alert: Slow\n  expr: rate(job:jobs:rate5m[5m]) > 1',
      '4:9 error rate-of-gauge rate(job:jobs:rate5m[5m]) deriv?',
    ],
  ];
  test.each(cases)('%s', (rules, ...expected) => {
    expect(found(rules)).toEqual(expected);
  });
});

describe('nothing is wrong with', () => {
  test.each([
    alerting('sum by (job) (rate(jobs_total{status="error"}[5m])) > 1'),
    alerting('sum(rate(http_requests_total{status=~"5..", method="GET"}[5m])) > 1'),
    alerting('histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 1'),
    alerting('deriv(jobs_pending[5m]) > 1'),
    alerting('increase(jobs_started_total[1h]) > 1'),
    alerting('sum(rate(jobs_total{status="error"}[5m])) / sum(rate(jobs_total[5m])) > 0.1'),
    alerting('max by (instance) (render_duration_seconds) > 1').replace(
      'render_duration_seconds',
      'disk_usage_bytes',
    ),
    alerting('rate(sent_bytes_total[30s]) > 1'),
    alerting('up{job="worker", system="media"} == 0'),
    alerting('ALERTS{alertname="Other"} > 0'),
    alerting('time() - last_backup_timestamp_seconds > 3600'),
    alerting('disk_usage_bytes / disk_limit_bytes > 0.9'),
    '- record: job:jobs:rate5m\n  expr: sum by (job) (rate(jobs_total[5m]))\n- alert: Slow\n  expr: job:jobs:rate5m{job="worker"} > 1',
  ])('%s', (rules) => {
    expect(found(rules)).toEqual([]);
  });
});

describe('the catalog of an expression', () => {
  const service = (name: string, values: readonly string[]): ServiceCatalog => ({
    service: name,
    job: name,
    targetLabels: { system: name },
    metrics: [
      { name: 'uploads_total', type: 'counter', help: '', labels: { status: values }, everySeries: true },
    ],
  });
  const catalogs = [service('shop', ['success', 'error']), service('media', ['done', 'failed'])];
  const cases: readonly (readonly [expr: string, found: string | undefined])[] = [
    ['rate(uploads_total{job="shop", status="error"}[5m]) > 1', undefined],
    ['rate(uploads_total{job="media", status="error"}[5m]) > 1', 'impossible-matcher'],
    ['rate(uploads_total{system="media", status="error"}[5m]) > 1', 'impossible-matcher'],
    ['rate(uploads_total{system=~"me.*", status="failed"}[5m]) > 1', undefined],
    ['rate(uploads_total{system!="media", status="failed"}[5m]) > 1', 'impossible-matcher'],
    ['rate(uploads_total{status="failed"}[5m]) > 1', undefined],
    ['rate(uploads_total{status="lost"}[5m]) > 1', 'impossible-matcher'],
    ['rate(uploads_total{system="other", status="error"}[5m]) > 1', 'impossible-matcher'],
  ];
  test.each(cases)('of %s is that of the services that it selects', (expr, expected) => {
    const checks = problemsIn(alerting(expr), { catalogs }).map(({ check }) => check);
    expect(checks.filter((check) => QUERY_CHECKS.test(check))).toEqual(
      expected === undefined ? [] : [expected],
    );
  });
});

describe('without a catalog', () => {
  const unknown = (catalogs: readonly ServiceCatalog[], expr: string, files = new Map<string, string>()) =>
    checkRepository(
      {
        files: new Map([
          ['rules.yml', `groups:\n- name: a\n  rules:\n  - alert: A\n    expr: ${expr}`],
          ...files,
        ]),
        catalogs,
      },
      { nowMs: 0 },
    ).problems.flatMap(({ check, severity, message }) =>
      QUERY_CHECKS.test(check) ? [`${severity} ${message}`] : [],
    );

  test('no name is unknown, and no label of what the monitor writes', () => {
    expect(unknown([], 'nobody_knows > 5 and on (pod) up{pod="a"} == 0')).toEqual([]);
  });

  test('what the query itself gives away is found', () => {
    expect(unknown([], 'sum by (a) (sum by (b) (x)) > 1')).toEqual([expect.stringMatching(/^error .*\ba\b/)]);
  });

  test('of a job that is scraped, only what is nearly right is wrong', () => {
    const prometheus = new Map([['prometheus.yml', 'scrape_configs:\n- job_name: api\n- job_name: node\n']]);
    const [api] = SERVICES;
    expect(unknown([api!], 'node_load1 > 5', prometheus)).toEqual(['info unknown metric node_load1']);
    expect(unknown([api!], 'rate(http_request_total[5m]) > 5', prometheus)).toEqual([
      'error unknown metric http_request_total',
    ]);
    expect(unknown([api!], 'node_load1 > 5')).toEqual(['error unknown metric node_load1']);
  });
});

describe('a range is measured by the scrapes', () => {
  const prometheus = (jobs: string) =>
    new Map([['prometheus.yml', `global:\n  scrape_interval: 15s\nscrape_configs:\n${jobs}`]]);
  const files = prometheus('- job_name: api\n- job_name: worker\n  scrape_interval: 1m\n');
  const cases: readonly (readonly [expr: string, found: readonly string[]])[] = [
    [
      'rate(jobs_started_total{job="worker"}[1m]) > 1',
      ['rate over 1m needs two samples, and scrapes are 1m apart'],
    ],
    ['rate(jobs_started_total{job="worker"}[2m]) > 1', []],
    ['rate(jobs_started_total[1m]) > 1', []],
    ['rate(jobs_started_total[20s]) > 1', ['rate over 20s needs two samples, and scrapes are 15s apart']],
    ['rate(jobs_started_total{job="worker"}[1m]) > on () rate(http_requests_total{job="api"}[1m])', []],
  ];
  test.each(cases)('in %s', (expr, expected) => {
    const found = problemsIn(alerting(expr), { files }).filter(({ check }) => check === 'short-range');
    expect(found.map(({ message }) => message)).toEqual(expected);
  });
});

describe('labels that scraping adds are known to be there', () => {
  const expr = 'sum by (pod) (rate(jobs_started_total{job="worker"}[5m])) > 1';
  const prometheus = (job: string) =>
    new Map([['prometheus.yml', `scrape_configs:\n- job_name: api\n- job_name: worker\n${job}`]]);
  const cases: readonly (readonly [
    what: string,
    files: ReadonlyMap<string, string>,
    found: readonly string[],
  ])[] = [
    ['by nobody', prometheus(''), ['jobs_started_total has no label pod']],
    ['by static targets', prometheus('  static_configs:\n  - targets: [a]\n    labels: { pod: a }\n'), []],
    ['by relabelling', prometheus('  relabel_configs:\n  - { target_label: pod, replacement: a }\n'), []],
    [
      'by a map of labels',
      prometheus('  relabel_configs:\n  - { action: labelmap, regex: "__meta_(.+)" }\n'),
      [],
    ],
    ['by files of targets', prometheus("  file_sd_configs:\n  - files: ['a.json']\n"), []],
    [
      'by relabelling to another label',
      prometheus('  relabel_configs:\n  - { target_label: __address__, replacement: a }\n'),
      ['jobs_started_total has no label pod'],
    ],
    [
      'by the operator of Kubernetes',
      new Map([['monitor.yaml', 'apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nspec: {}\n']]),
      [],
    ],
  ];
  test.each(cases)('%s', (_, files, expected) => {
    const found = problemsIn(alerting(expr), { files }).filter(({ check }) => QUERY_CHECKS.test(check));
    expect(found.map(({ message }) => message)).toEqual(expected);
  });
});

describe('a job that nobody scrapes', () => {
  const prometheus = (jobs: string) =>
    new Map([['prometheus.yml', `scrape_configs:\n- job_name: api\n- job_name: node\n${jobs}`]]);
  const wrong = ['up{job="wroker"}: job="wroker" can never match worker?'];
  const cases: readonly (readonly [
    what: string,
    expr: string,
    files: ReadonlyMap<string, string>,
    found: readonly string[],
  ])[] = [
    ['is found', 'up{job="wroker"} == 0', prometheus(''), wrong],
    [
      'is found in what a rule records, too',
      'sum by (job) (rate(jobs_total{job="wroker"}[5m])) > 1',
      prometheus(''),
      ['jobs_total{job="wroker"}: job="wroker" can never match worker?'],
    ],
    ['of which there is no catalog may be scraped', 'up{job="node"} == 0', prometheus(''), []],
    [
      'may go by another name',
      'up{job="wroker"} == 0',
      prometheus('  relabel_configs:\n  - { target_label: job, replacement: wroker }\n'),
      [],
    ],
    [
      'may be that of a label of targets',
      'up{job="wroker"} == 0',
      prometheus('  static_configs:\n  - targets: [a]\n    labels: { job: wroker }\n'),
      [],
    ],
    ['may come with what is exposed', 'up{job="wroker"} == 0', prometheus('  honor_labels: true\n'), []],
    [
      'may stand in another file',
      'up{job="wroker"} == 0',
      new Map([
        ...prometheus(''),
        ['b/prometheus.yml', 'scrape_configs: []\nscrape_config_files: [a.yml]\n'],
      ]),
      [],
    ],
    [
      'may be one of Kubernetes',
      'up{job="wroker"} == 0',
      new Map([
        ...prometheus(''),
        ['monitor.yaml', 'apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nspec: {}\n'],
      ]),
      [],
    ],
  ];
  test.each(cases)('%s: %s', (_, expr, files, expected) => {
    const found = problemsIn(alerting(expr), { files }).filter(({ check }) => QUERY_CHECKS.test(check));
    expect(found.map((one) => `${markedIn(one)}: ${one.message} ${one.suggestion}?`)).toEqual(expected);
  });
});
