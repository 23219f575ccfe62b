import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { counter, createRegistry, defineMetrics, label } from '@binnacle/metrics';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import {
  Catalog,
  type CatalogMetric,
  CHECK_NAMES,
  catalogOf,
  checkQuery,
  parse,
  type RecordingRule,
  renderFinding,
  withRecordingRules,
} from '../dist/index.js';
import { parses, queries } from './queries.ts';

vi.setConfig({ testTimeout: 300_000 });

const counterOf = (name: string, labels: CatalogMetric['labels'] = {}): CatalogMetric => ({
  name,
  type: 'counter',
  labels,
});

/** What is found, as `check: message`. */
function found(query: string, catalog: Catalog, options = {}): string[] {
  return checkQuery(parse(query), catalog, options).map(({ check, message }) => `${check}: ${message}`);
}

describe('findings', () => {
  const catalog = Catalog.of([counterOf('jobs_total', { status: ['ok', 'failed'] })]);

  test('come in the order of their places', () => {
    expect(found('rate(jobs_total{state="a"}[5m]) / rate(job_total[5m])', catalog)).toEqual([
      'unknown-label: jobs_total has no label state',
      'unknown-metric: unknown metric job_total',
    ]);
  });

  test('are shown with line, column, the line itself and marks below it', () => {
    const query = '# who fails?\n\tsum(rate(jobs_total{status="faild"}[5m]))\n/ sum(rate(jobs_total[5m]))';
    const [finding] = checkQuery(parse(query), catalog);
    expect(renderFinding(query, finding!)).toBe(
      [
        '2:11: error: status="faild" can never match (impossible-matcher)',
        '    \tsum(rate(jobs_total{status="faild"}[5m]))',
        '    \t         ^^^^^^^^^^^^^^^^^^^^^^^^^^',
        'why: the values of status are ok, failed, so nothing is selected',
        'do: use one of the values that there are, or add this one to the definition. Did you mean failed?',
      ].join('\n'),
    );
  });

  test('count places in bytes, and marks in characters', () => {
    const query = '{"größe"} + rate(jobs_totl[5m])';
    const finding = checkQuery(parse(query), catalog).find(({ suggestion }) => suggestion !== undefined)!;
    expect([finding.start, finding.end]).toEqual([19, 28]);
    expect(renderFinding(query, finding).split('\n').slice(0, 3)).toEqual([
      '1:20: error: unknown metric jobs_totl (unknown-metric)',
      '    {"größe"} + rate(jobs_totl[5m])',
      '                     ^^^^^^^^^',
    ]);
  });

  test('of a check that is switched off are left out', () => {
    const query = 'jobs_total{state="a"} > 5';
    expect(found(query, catalog, { disabled: ['unknown-label'] })).toEqual([
      'counter-without-rate: jobs_total is a counter, and its value is compared',
    ]);
    expect(found(query, catalog, { disabled: CHECK_NAMES })).toEqual([]);
    expect(() => found(query, catalog, { disabled: ['unknown-lable'] })).toThrow(
      /^there is no check "unknown-lable"; there are unknown-metric, unknown-label, /,
    );
  });

  test('of short ranges need the scrape interval, and a window that ends at its samples', () => {
    expect(found('rate(jobs_total[20s])', catalog)).toEqual([]);
    expect(found('rate(jobs_total[20s])', catalog, { scrapeIntervalMs: 15_000 })).toHaveLength(1);
    for (const window of ['anchored', 'smoothed']) {
      const expr = parse(`rate(jobs_total[20s] ${window})`, { experimental: true });
      expect(checkQuery(expr, catalog, { scrapeIntervalMs: 15_000 }), window).toEqual([]);
    }
  });

  test('need no more stack than a query that parses', () => {
    const chain = Array.from({ length: 5000 }, () => 'jobs_total').join(' + ');
    expect(found(`${chain} + jobs_totl`, catalog)).toContain('unknown-metric: unknown metric jobs_totl');
  });
});

test('every check has a test, a page and a line in both lists of checks', () => {
  const root = new URL('../../../', import.meta.url);
  for (const name of CHECK_NAMES) {
    expect(existsSync(new URL(`packages/promql/test/checks/${name}.test.ts`, root)), name).toBe(true);
    expect(existsSync(new URL(`packages/promql/src/checker/checks/${name}.ts`, root)), name).toBe(true);
  }
  // There are checks of rules, dashboards and files beside these, which have pages too.
  const pages = readdirSync(new URL('docs/checks', root));
  expect(pages).toEqual(expect.arrayContaining(CHECK_NAMES.map((name) => `${name}.md`)));
  const listedIn = (list: string): string[] =>
    [...readFileSync(new URL(list, root), 'utf8').matchAll(/^\| \[([\w-]+)\]/gm)].map(([, name]) => name!);
  expect(listedIn('packages/promql/README.md').sort()).toEqual([...CHECK_NAMES].sort());
  expect(listedIn('docs/checks/README.md')).toEqual(expect.arrayContaining([...CHECK_NAMES]));
});

test('where only names are known, nothing is called a counter, and no series one of several', () => {
  const names = ['http_requests_total', 'a:b', 'sum'];
  const catalog = Catalog.of(names.map((name) => ({ name, type: 'unknown' as const })));
  const selector = fc.constantFrom('http_requests_total{job="a"}', 'a:b', '{__name__="sum", le!="x"}');
  const duration = fc.constantFrom('5m', '30s');
  const needTypes = new Set(
    'unknown-metric counter-without-rate delta-of-counter sum-before-rate ambiguous-match'.split(' '),
  );
  fc.assert(
    fc.property(queries({ selector, at: fc.constant(''), duration }).filter(parses), (query) => {
      expect(checkQuery(parse(query), catalog).filter(({ check }) => needTypes.has(check))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

describe('the catalog', () => {
  test('unites what several programs say of one name', () => {
    const catalog = Catalog.of([
      counterOf('calls_total', { status: ['ok'], route: 'open' }),
      counterOf('calls_total', { status: ['failed'] }),
      { name: 'size', type: 'gauge', labels: {} },
      { name: 'size', type: 'histogram', form: 'classic', labels: {} },
    ]);
    expect(found('rate(calls_total{status=~"ok|failed", route="/"}[5m])', catalog)).toEqual([]);
    expect(found('rate(calls_total{status="other"}[5m])', catalog)).toEqual([
      'impossible-matcher: status="other" can never match',
    ]);
    // The label is there in one program only.
    expect(found('rate(calls_total{route=""}[5m])', catalog)).toEqual([]);
    // A gauge in one and a histogram in the other: both have their series.
    expect(found('size + on () group_left () sum(rate(size_count[5m]))', catalog)).toEqual([]);
  });

  test("a metric's own label goes by another name where the target has it too", () => {
    const catalog = Catalog.of([{ name: 'queue', type: 'gauge', labels: { job: ['import'] } }]);
    expect(found('queue{exported_job="import", job="worker"}', catalog)).toEqual([]);
  });

  test('takes job and instance to be on every series, unless it is told otherwise', () => {
    const metrics: CatalogMetric[] = [{ name: 'pushed', type: 'gauge', labels: {} }];
    const query = 'pushed / sum by (job) (pushed)';
    expect(found(query, Catalog.of(metrics))).toEqual([
      'impossible-match: the sides of / can never match: instance always differs',
    ]);
    expect(found(query, Catalog.of(metrics, { targetLabels: { instance: 'open' } }))).toEqual([]);
  });

  test('knows the series of each type', () => {
    const catalog = Catalog.of([
      { name: 'a_seconds', type: 'histogram', form: 'both', labels: {} },
      { name: 'b_seconds', type: 'histogram', labels: {} },
      { name: 'c', type: 'summary', labels: {} },
      counterOf('d_total'),
    ]);
    const names = [
      'a_seconds',
      'a_seconds_bucket',
      'b_seconds',
      'b_seconds_sum',
      'c',
      'c_count',
      'd_created',
    ];
    for (const name of names) expect(found(`count(${name})`, catalog), name).toEqual([]);
    expect(found('count(c_bucket)', catalog)).toEqual(['unknown-metric: unknown metric c_bucket']);
    // Either form of a histogram of which none is named.
    expect(found('histogram_quantile(0.9, rate(b_seconds[5m]))', catalog)).toEqual([]);
    expect(found('histogram_quantile(0.9, sum by (le) (rate(b_seconds_bucket[5m])))', catalog)).toEqual([]);
  });

  test('nothing is reported of a metric of which only the name is known', () => {
    const catalog = Catalog.of([{ name: 'x', type: 'unknown' }]);
    for (const query of ['rate(x{a="b"}[5m])', 'x > 5', 'sum by (a) (x)', 'x / on (a) x', 'delta(x[5m])'])
      expect(found(query, catalog), query).toEqual([]);
  });
});

describe('recording rules', () => {
  const base = Catalog.of([
    counterOf('jobs_total', { status: ['ok', 'failed'] }),
    { name: 'took_seconds', type: 'histogram', form: 'classic', labels: { route: 'open' } },
  ]);
  const rule = (record: string, expr: string, labels?: Record<string, string>): RecordingRule => ({
    record,
    expr: parse(expr),
    ...(labels !== undefined && { labels }),
  });
  const catalog = withRecordingRules(base, [
    rule('job:share', 'job:failed / job:all'),
    rule('job:failed', 'sum by (job) (rate(jobs_total{status="failed"}[5m]))', { tier: 'gold' }),
    rule('job:all', 'sum by (job) (rate(jobs_total[5m]))', { tier: 'gold' }),
    rule('le:took', 'sum by (le) (rate(took_seconds_bucket[5m]))'),
    rule('state:jobs', 'sum(jobs_total{status="ok"})', { state: 'ok' }),
    rule('state:jobs', 'sum(jobs_total{status="failed"})', { state: 'failed' }),
    rule('a:circle', 'b:circle + 1'),
    rule('b:circle', 'a:circle + 1'),
    rule('one', '1', { job: '' }),
  ]);

  test('give names with the labels, the type and the unit of their expressions, in any order', () => {
    expect(found('job:share{job="api", tier="gold"} > 0.5', catalog)).toEqual([]);
    expect(found('job:share{instance="a"}', catalog)).toEqual([
      'unknown-label: job:share has no label instance',
    ]);
    expect(found('job:share{tier="silver"}', catalog)).toEqual([
      'impossible-matcher: tier="silver" can never match',
    ]);
    expect(found('rate(job:all[5m])', catalog)).toEqual(['rate-of-gauge: rate of job:all, which is a gauge']);
    expect(found('histogram_quantile(0.9, le:took)', catalog)).toEqual([]);
    expect(
      found('histogram_quantile(0.9, le:took) > scalar(max(rate(took_seconds_count[5m])))', catalog),
    ).toEqual(['unit-mismatch: seconds and a number per second are compared']);
    expect(found('job:shaer', catalog)).toEqual(['unknown-metric: unknown metric job:shaer']);
  });

  test('that give one name together are united', () => {
    expect(found('rate(state:jobs{state=~"ok|failed"}[5m])', catalog)).toEqual([
      'sum-before-rate: rate of state:jobs, which records an aggregation',
    ]);
    expect(
      found('max(state:jobs{state="lost"}) - 1', catalog, { disabled: ['counter-without-rate'] }),
    ).toEqual(['impossible-matcher: state="lost" can never match']);
  });

  test('that use each other in a circle give names of which nothing is known', () => {
    expect(found('rate(a:circle{x="y"}[5m]) / b:circle', catalog)).toEqual([]);
  });
});

describe('entries from metric definitions', () => {
  const registry = createRegistry({ labels: { service: 'shop' } });
  const metrics = defineMetrics(
    (m) => ({
      orders: m.counter({
        name: 'orders_total',
        help: 'Orders',
        labels: { status: ['paid', 'failed'], shop: label },
      }),
      queue: m.gauge({ name: 'queue_age_seconds', help: 'Age', unit: 'seconds', mode: 'per worker' }),
      took: m.histogram({ name: 'took_seconds', help: 'Time', unit: 'seconds', buckets: [1, 5] }),
      lag: m.histogram({ name: 'lag_seconds', help: 'Lag', unit: 'seconds', native: true }),
      wait: m.summary({ name: 'wait_seconds', help: 'Wait', unit: 'seconds', quantiles: [0.5] }),
      build: m.info({ name: 'build_info', help: 'Build', labels: { version: label } }),
      breaker: m.stateSet({ name: 'breaker', help: 'Breaker', states: ['open', 'closed'] }),
      upload: m.operation({ name: 'upload', help: 'Upload' }),
    }),
    { registry },
  );

  test('are what the definitions say, with the labels of the registry and those that are given', () => {
    const entries = catalogOf(metrics, { constantLabels: { region: 'eu' } });
    const all = { service: ['shop'], region: ['eu'] };
    const rest = { everySeries: true };
    expect(entries.slice(0, 7)).toEqual([
      {
        name: 'orders_total',
        type: 'counter',
        help: 'Orders',
        labels: { ...all, status: ['paid', 'failed'], shop: 'open' },
        ...rest,
      },
      {
        name: 'queue_age_seconds',
        type: 'gauge',
        help: 'Age',
        unit: 'seconds',
        labels: { ...all, worker: 'open' },
        ...rest,
      },
      {
        name: 'took_seconds',
        type: 'histogram',
        help: 'Time',
        unit: 'seconds',
        labels: all,
        form: 'classic',
        bounds: [1, 5],
        ...rest,
      },
      {
        name: 'lag_seconds',
        type: 'histogram',
        help: 'Lag',
        unit: 'seconds',
        labels: all,
        form: 'native',
        ...rest,
      },
      {
        name: 'wait_seconds',
        type: 'summary',
        help: 'Wait',
        unit: 'seconds',
        labels: all,
        quantiles: [0.5],
        ...rest,
      },
      { name: 'build_info', type: 'info', help: 'Build', labels: { ...all, version: 'open' }, ...rest },
      {
        name: 'breaker',
        type: 'stateset',
        help: 'Breaker',
        labels: { ...all, breaker: ['open', 'closed'] },
        ...rest,
      },
    ]);
    // The three metrics of an operation, found in the value that holds them.
    expect(entries.slice(7).map(({ name }) => name)).toEqual([
      'uploads_total',
      'upload_duration_seconds',
      'uploads_in_progress',
    ]);
  });

  test('make queries provable', () => {
    const catalog = Catalog.of(catalogOf([metrics]));
    const good =
      'sum(rate(orders_total{status="failed", service="shop"}[5m])) / sum(rate(orders_total[5m])) > 0.1';
    expect(found(good, catalog)).toEqual([]);
    expect(found(good.replace('failed', 'faild'), catalog)).toEqual([
      'impossible-matcher: status="faild" can never match',
    ]);
    expect(found('rate(queue_age_seconds[5m])', catalog)).toEqual([
      'rate-of-gauge: rate of queue_age_seconds, which is a gauge',
    ]);
  });

  test('are also made of data that names its type, once each, and of nothing else', () => {
    const plain = {
      type: 'counter',
      name: 'plain_total',
      labels: { a: ['x'], b: { values: ['y', 'z'] }, c: label, d: 'open' },
    };
    const bound = counter({ name: 'bound_total', help: 'Bound', labels: { a: ['x'], b: label }, registry });
    const narrowed = bound.bind({ a: 'x' });
    expect(catalogOf([plain, plain, 'text', 5, null, { text: 'x', type: 'row' }, bound, narrowed])).toEqual([
      {
        name: 'plain_total',
        type: 'counter',
        help: '',
        labels: { a: ['x'], b: ['y', 'z'], c: 'open', d: 'open' },
        everySeries: true,
      },
      {
        name: 'bound_total',
        type: 'counter',
        help: 'Bound',
        labels: { service: ['shop'], a: ['x'], b: 'open' },
        everySeries: true,
      },
    ]);
  });
});
