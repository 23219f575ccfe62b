/** Objectives as their authors write them: what they become, and what is refused where it is written. */
import { counter, histogram, label } from '@binnacle/metrics';
import { Catalog, catalogOf, checkQuery, parse, withRecordingRules } from '@binnacle/promql';
import { buckets, countOf, oneOf, re, select } from '@binnacle/promql/builder';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decimal } from '../dist/decimal.js';
import {
  type AlertRule,
  type BurnRateWindow,
  checkRepository,
  DefinitionError,
  latency,
  PAGE_WINDOWS,
  ratio,
  renderGrafana,
  renderRuleFile,
  type Slo,
  type SloEvents,
  type SloSpec,
  slo,
  sloDashboard,
  stringifyDashboard,
  TICKET_WINDOWS,
} from '../dist/index.js';
import { expectGolden } from './golden-file.ts';

const requests = counter({
  name: 'slo_test_requests_total',
  help: 'Requests.',
  labels: { endpoint: label, status: label },
});
const took = histogram({
  name: 'slo_test_took_seconds',
  unit: 'seconds',
  help: 'Durations.',
  labels: { verb: ['get', 'put'], tenant: label },
  buckets: [0.25, 1, 5],
});
const native = histogram({
  name: 'slo_test_native_seconds',
  unit: 'seconds',
  help: 'Durations.',
  native: {},
});
const both = histogram({
  name: 'slo_test_both_seconds',
  unit: 'seconds',
  help: 'Durations.',
  native: {},
  buckets: [0.25, 1],
});
const failures = select(requests, { status: re('5..') });
const availability = ratio({ total: select(requests), bad: failures });

function objective(spec: Partial<SloSpec> = {}): Slo {
  return slo('shop', { description: 'Orders are taken.', objective: 0.999, events: availability, ...spec });
}

function alertsOf({ groups }: Slo): AlertRule[] {
  return groups.flatMap(({ rules }) => rules.filter((rule): rule is AlertRule => rule.type === 'alert'));
}

function thrown(define: () => unknown): string {
  try {
    define();
  } catch (error) {
    expect(error).toBeInstanceOf(DefinitionError);
    return (error as Error).message;
  }
  return 'nothing was thrown';
}

describe('events', () => {
  const TOTAL = 'sum(increase(slo_test_requests_total[5m]))';
  const cases: readonly [what: string, events: SloEvents, total: string, bad: string][] = [
    [
      'bad ones counted',
      availability,
      TOTAL,
      'sum(increase(slo_test_requests_total{status=~"5.."}[5m])) or vector(0)',
    ],
    [
      'good ones counted',
      ratio({ total: select(requests), good: 'ok_total{a="b"}' }),
      TOTAL,
      'clamp_min(T - on () (sum(increase(ok_total{a="b"}[5m])) or vector(0)), 0)',
    ],
    [
      'several counters',
      ratio({ total: ['done_total', 'failed_total'], bad: ['failed_total', 'lost_total'] }),
      '(sum(increase(done_total[5m])) or vector(0)) + (sum(increase(failed_total[5m])) or vector(0))',
      '(sum(increase(failed_total[5m])) or vector(0)) + (sum(increase(lost_total[5m])) or vector(0))',
    ],
    [
      'a count of a histogram',
      ratio({ total: countOf(took), good: buckets(took, { le: oneOf('1', '1.0') }) }),
      'sum(increase(slo_test_took_seconds_count[5m]))',
      'clamp_min(T - on () (sum(increase(slo_test_took_seconds_bucket{le=~"1|1\\\\.0"}[5m])) or vector(0)), 0)',
    ],
    [
      'a bucket',
      latency({ histogram: took, threshold: 0.25, where: { verb: 'get' } }),
      'sum(increase(slo_test_took_seconds_count{verb="get"}[5m]))',
      'clamp_min(T - on () sum(increase(slo_test_took_seconds_bucket{le="0.25",verb="get"}[5m])), 0)',
    ],
    [
      'a bucket whose bound is a whole number',
      latency({ histogram: took.bind({ tenant: 'a' }), threshold: 5 }),
      'sum(increase(slo_test_took_seconds_count{tenant="a"}[5m]))',
      'clamp_min(T - on () sum(increase(slo_test_took_seconds_bucket{le=~"5|5\\\\.0",tenant="a"}[5m])), 0)',
    ],
    [
      'the native form of a histogram that has both',
      latency({ histogram: both, threshold: 0.25, form: 'native' }),
      'histogram_count(sum(increase(slo_test_both_seconds[5m])))',
      '(T > 0) * on () (1 - histogram_fraction(-Inf, 0.25, sum(increase(slo_test_both_seconds[5m])))) or on () 0 * T',
    ],
    [
      'a threshold of a histogram that has both, where no bucket ends',
      latency({ histogram: both, threshold: 0.3 }),
      'histogram_count(sum(increase(slo_test_both_seconds[5m])))',
      '(T > 0) * on () (1 - histogram_fraction(-Inf, 0.3, sum(increase(slo_test_both_seconds[5m])))) or on () 0 * T',
    ],
    [
      'a native histogram',
      latency({ histogram: native, threshold: 0.3 }),
      'histogram_count(sum(increase(slo_test_native_seconds[5m])))',
      '(T > 0) * on () (1 - histogram_fraction(-Inf, 0.3, sum(increase(slo_test_native_seconds[5m])))) or on () 0 * T',
    ],
  ];
  test.each(cases)('%s', (_, events, total, bad) => {
    expect(events.total('5m')).toBe(total);
    expect(events.bad('5m', 'T')).toBe(bad);
    for (const text of [total, bad]) parse(text);
  });
});

describe('events are refused', () => {
  const MISTAKEN = { bad: 'bad_total' };
  const cases: readonly [define: () => unknown, message: string][] = [
    [() => ratio({ total: [], ...MISTAKEN }), 'ratio: total has no counters'],
    [
      () => ratio({ total: 'sum(all_total)', ...MISTAKEN }),
      'ratio: total: sum(all_total) is no selector of counters such as requests_total{status="500"}',
    ],
    [
      () => ratio({ total: 'all_total[5m]', ...MISTAKEN }),
      'ratio: total: all_total[5m] is no selector of counters such as requests_total{status="500"}',
    ],
    [
      () => ratio({ total: 'all_total offset 5m', ...MISTAKEN }),
      'ratio: total: all_total offset 5m: an objective is about now: leave out offset, @ and the like',
    ],
    [
      () => ratio({ total: select(requests).at('end'), ...MISTAKEN }),
      'ratio: total: slo_test_requests_total @ end(): an objective is about now: leave out offset, @ and the like',
    ],
    [
      () => ratio({ total: 'all_total{job="$job"}', bad: 'bad_total' }),
      'ratio: total: only a dashboard knows variables, and job is matched with "$job"\n  all_total{job="$job"}\n  ^',
    ],
    [
      () => ratio({ total: 'all_total', bad: 'bäd_total{' }),
      "ratio: bad: unexpected character: 'ä'\n  bäd_total{\n   ^",
    ],
    [
      () => ratio({ total: 'a', bad: 'b', good: 'c' } as never),
      'ratio: either the bad events are given or the good ones',
    ],
    [() => ratio({ total: 'a' } as never), 'ratio: either the bad events are given or the good ones'],
    [
      () => latency({ histogram: took, threshold: 0.5 }),
      'latency of slo_test_took_seconds: no bucket ends at the threshold 0.5, only at 0.25, 1, 5: take one of these, or add it to the buckets of slo_test_took_seconds',
    ],
    [
      () => latency({ histogram: both, threshold: 0.3, form: 'classic' }),
      'latency of slo_test_both_seconds: no bucket ends at the threshold 0.3, only at 0.25, 1: take one of these, or add it to the buckets of slo_test_both_seconds',
    ],
    [
      () => latency({ histogram: took, threshold: 1, form: 'native' }),
      'latency of slo_test_took_seconds: it has no native form, as its definition says',
    ],
    [
      () => latency({ histogram: { name: 'h', type: 'histogram' }, threshold: 0.5 }),
      'latency of h: its definition says nothing about buckets, so that nobody knows whether one ends at 0.5',
    ],
    [
      () => latency({ histogram: took, threshold: -1 }),
      'latency of slo_test_took_seconds: threshold -1 is not above 0',
    ],
    [
      () => latency({ histogram: requests as never, threshold: 1 }),
      'latency: histogram is to be a histogram of @binnacle/metrics, or its definition',
    ],
    [
      () => latency({ histogram: took, threshold: 1, where: 'get' as never }),
      'latency: where is get, and no conditions on labels',
    ],
  ];
  test.each(cases.map(([define, message]) => ({ define, message })))('$message', ({ define, message }) => {
    expect(thrown(define)).toBe(message);
  });
});

describe('an objective is refused', () => {
  const window = (change: Partial<BurnRateWindow>): Partial<SloSpec> => ({
    alerting: { page: { windows: [{ budgetShare: 0.02, long: '1h', short: '5m', ...change }] } },
  });
  const cases: readonly [spec: Partial<SloSpec>, message: string][] = [
    [{ description: ' ' }, 'its description is empty'],
    [{ objective: 1 }, 'objective 1 is not between 0 and 1, as 0.999 is for 99.9%; of 1 no budget is left'],
    [
      { objective: 99.9 },
      'objective 99.9 is not between 0 and 1, as 0.999 is for 99.9%; of 1 no budget is left',
    ],
    [
      { objective: Number.NaN },
      'objective NaN is not between 0 and 1, as 0.999 is for 99.9%; of 1 no budget is left',
    ],
    [{ period: '30 days' }, 'period: unknown unit " days" in duration "30 days"'],
    [{ period: '7m' }, 'period 7m is no multiple of 5m'],
    [
      { alerting: { labels: { slo: 'x' } } },
      'the label slo cannot be given: it is the name of the objective',
    ],
    [
      { alerting: { page: { severity: 'warning' } } },
      'page and ticket are one alert, as they have the same labels: give them different severities',
    ],
    [{ alerting: { minEvents: -1 } }, 'minEvents -1 is no number of events'],
    [{ alerting: { minBadEvents: 0.5 } }, 'minBadEvents 0.5 is no number of events'],
    [window({ budgetShare: 2 }), 'budgetShare 2 is not above 0 and at most 1'],
    [window({ short: '1h' }), 'the short window 1h is not shorter than the long one, 1h'],
    [window({ long: 'x' }), 'long window: not a valid duration string: "x"'],
  ];
  test.each(cases)('%j', (spec, message) => {
    expect(thrown(() => objective(spec))).toBe(`slo "shop": ${message}`);
  });

  test.each(['', 'Shop', 'shop_orders', '-shop', 'shop-', 'shop--orders'])('for its name %j', (name) => {
    const spec = { description: 'D', objective: 0.9, events: availability };
    expect(thrown(() => slo(name, spec))).toBe(
      `slo ${JSON.stringify(name)}: its name is to be kebab case, such as search-availability`,
    );
  });
});

describe('burn rates', () => {
  const factors = (spec: Partial<SloSpec>): [window: string, factor: number, ratio: number][] =>
    objective(spec).burnRates.map(({ long, factor, ratio }) => [long, factor, ratio]);
  const cases: readonly [spec: Partial<SloSpec>, expected: [string, number, number][]][] = [
    [
      {},
      [
        ['1h', 14.4, 0.0144],
        ['6h', 6, 0.006],
        ['1d', 3, 0.003],
        ['3d', 1, 0.001],
      ],
    ],
    [
      { period: '28d' },
      [
        ['1h', 13.44, 0.01344],
        ['6h', 5.6, 0.0056],
        ['1d', 2.8, 0.0028],
        ['3d', 0.933333333333, 0.000933333333],
      ],
    ],
    // An hour cannot spend a fiftieth of a budget of a tenth in a month: nothing is left out but that.
    [
      { objective: 0.9 },
      [
        ['6h', 6, 0.6],
        ['1d', 3, 0.3],
        ['3d', 1, 0.1],
      ],
    ],
    // A tenth of a week's budget in a day, or in three, is slow.
    [
      { period: '7d' },
      [
        ['1h', 3.36, 0.00336],
        ['6h', 1.4, 0.0014],
      ],
    ],
    // A window is shorter than the period.
    [
      {
        period: '7d',
        alerting: { page: false, ticket: { windows: [{ budgetShare: 1, long: '1w', short: '1d' }] } },
      },
      [],
    ],
    [
      { alerting: { page: false, ticket: { windows: [{ budgetShare: 0.5, long: '1w', short: '12h' }] } } },
      [['1w', 2.14285714286, 0.00214285714]],
    ],
  ];
  test.each(cases)('%j', (spec, expected) => {
    expect(factors(spec)).toEqual(expected);
  });

  test('are share × period ÷ window, whatever the period', () => {
    const days = fc.integer({ min: 4, max: 400 });
    fc.assert(
      fc.property(days, fc.integer({ min: 900, max: 999_999 }), (period, nines) => {
        const { burnRates } = objective({ period: `${period}d`, objective: nines / 1_000_000 + 0.000_000_5 });
        for (const { budgetShare, long, factor, ratio: threshold } of burnRates) {
          const hours = { '1h': 1, '6h': 6, '1d': 24, '3d': 72 }[long]!;
          expect(factor).toBeCloseTo((budgetShare * period * 24) / hours, 9);
          expect(threshold).toBeLessThan(1);
          expect(factor).toBeGreaterThanOrEqual(0.9);
        }
      }),
    );
  });
});

test('a page and a ticket have one name, which no other objective has', () => {
  const found = alertsOf(
    objective({
      alerting: {
        labels: { team: 'shop' },
        runbookUrl: 'https://example.com/shop',
        dashboardUrl: 'https://example.com/graph',
      },
    }),
  );
  expect(found.map(({ name, labels, forMs }) => ({ name, labels, forMs }))).toEqual([
    { name: 'ShopErrorBudgetBurn', labels: { severity: 'critical', team: 'shop' }, forMs: 0 },
    { name: 'ShopErrorBudgetBurn', labels: { severity: 'warning', team: 'shop' }, forMs: 0 },
  ]);
  for (const { annotations } of found)
    expect(annotations).toMatchObject({
      runbook_url: 'https://example.com/shop',
      dashboard_url: 'https://example.com/graph',
    });
  for (const { annotations } of alertsOf(objective({})))
    expect(Object.keys(annotations)).toEqual(['summary', 'description']);
});

test('a minimum that says nothing is not asked for', () => {
  const [page] = alertsOf(objective({ alerting: { minEvents: 0, minBadEvents: 1 } }));
  expect(page!.expr).not.toContain('slo:events:');
  const [careful] = alertsOf(objective({ alerting: { minEvents: 1, minBadEvents: 2 } }));
  expect(careful!.expr).toContain('slo:events:increase1h{slo="shop"} > 0.5');
  expect(careful!.expr).toContain('* slo:events:increase1h{slo="shop"} > 1.5');
});

test('severity, labels and windows of each kind of alert may be others, and either kind may be left out', () => {
  const found = alertsOf(
    objective({
      alerting: {
        page: { severity: 'warning', labels: { pager: 'no' }, windows: [PAGE_WINDOWS[1]!] },
        ticket: false,
      },
    }),
  );
  expect(found.map(({ labels }) => labels)).toEqual([{ pager: 'no', severity: 'warning' }]);
  expect(found[0]!.expr).toContain('ratio_rate6h');
  expect(found[0]!.expr).not.toContain('ratio_rate1h');
  expect(objective({ alerting: { page: false, ticket: false } }).groups.map(({ name }) => name)).toEqual([
    'slo-shop-period',
  ]);
});

test('absence is told where somebody asked for it', () => {
  const absent = (events: SloEvents): AlertRule =>
    alertsOf(slo('shop', { description: 'D', objective: 0.9, events, alerting: { absentFor: '15m' } })).at(
      -1,
    )!;
  expect(absent(availability)).toMatchObject({
    name: 'ShopErrorBudgetBurnUnknown',
    expr: 'absent(slo_test_requests_total)',
    forMs: 900_000,
    labels: { severity: 'warning', slo: 'shop' },
  });
  expect(absent(ratio({ total: ['a_total', 'b_total'], bad: 'b_total' })).expr).toBe(
    'absent(a_total) and on () absent(b_total)',
  );
  expect(absent(latency({ histogram: took, threshold: 1 })).expr).toBe(
    'absent(slo_test_took_seconds_bucket{le=~"1|1\\\\.0"})',
  );
});

test('braces in a description are shown, not filled', () => {
  const [page] = alertsOf(objective({ description: 'Orders {{ like this }} are taken' }));
  expect(page!.annotations.description).toMatch(
    /^Orders \{\{ "\{\{" \}\} like this \{\{ "\}\}" \}\} are taken\. Objective/,
  );
});

test('what the rules ask and record is right for the checker of queries', () => {
  const subjects = [
    objective({ alerting: { absentFor: '10m' } }),
    slo('fast', { description: 'D', objective: 0.99, events: latency({ histogram: took, threshold: 1 }) }),
    slo('native', {
      description: 'D',
      objective: 0.99,
      events: latency({ histogram: native, threshold: 0.3 }),
    }),
    slo('sums', {
      description: 'D',
      objective: 0.99,
      events: ratio({ total: [select(requests), countOf(took)], good: select(requests, { status: '200' }) }),
    }),
  ];
  const rules = subjects.flatMap(({ groups }) => groups.flatMap((group) => group.rules));
  const catalog = withRecordingRules(
    Catalog.of(catalogOf([requests, took, native])),
    rules.flatMap((rule) =>
      rule.type === 'record' ? [{ record: rule.name, expr: parse(rule.expr), labels: rule.labels }] : [],
    ),
  );
  const panels = subjects.flatMap(({ row }) =>
    row.panels.flatMap((panel) => ('queries' in panel ? panel.queries.map(({ expr }) => expr) : [])),
  );
  const asked = [...rules.map(({ expr }) => expr), ...panels];
  expect(asked.length).toBeGreaterThan(100);
  for (const expr of asked)
    expect(
      checkQuery(parse(expr), catalog, { scrapeIntervalMs: 15_000 }).map(({ message }) => message),
      expr,
    ).toEqual([]);
});

test('its files pass every check of repositories', () => {
  const subjects = [
    objective({ alerting: { absentFor: '10m', runbookUrl: 'https://example.com/runbooks#shop' } }),
    slo('fast', {
      description: 'D',
      objective: 0.99,
      events: latency({ histogram: took, threshold: 1 }),
      alerting: { runbookUrl: 'https://example.com/runbooks#fast' },
    }),
  ];
  const files = new Map([
    ['rules/slo.yml', renderRuleFile(subjects.flatMap(({ groups }) => groups))],
    ['dashboards/slo.json', stringifyDashboard(renderGrafana(sloDashboard(subjects)))],
  ]);
  const metrics = catalogOf([requests, took]).map((metric) => ({ ...metric, help: '' }));
  const catalogs = [{ service: 'shop', job: 'shop', targetLabels: {}, metrics }];
  const report = checkRepository({ files, catalogs }, { nowMs: 0 });
  expect(report).toMatchObject({ problems: [], isCatalogKnown: true, dashboards: 1 });
  expect(report.rules).toBeGreaterThan(30);
});

test('the dashboard of objectives has an overview and a row each', () => {
  const one = objective();
  const other = slo('fast', {
    description: 'D',
    objective: 0.9,
    events: latency({ histogram: took, threshold: 1 }),
  });
  const rendered = renderGrafana(sloDashboard([one, other]));
  expectGolden('slo-dashboard.json', stringifyDashboard(rendered));
  expect(rendered.panels.map(({ title }) => title)).toEqual([
    ...['All objectives', 'Budgets', 'Budget left over time'],
    ...['shop', 'Good over 30d', 'Budget left', 'Burn rate', 'Events'],
    ...['fast', 'Good over 30d', 'Budget left', 'Burn rate', 'Events'],
  ]);
  expect(rendered).toMatchObject({
    title: 'Objectives',
    uid: 'objectives',
    time: { from: 'now-7d', to: 'now' },
  });
  const named = sloDashboard([one], { title: 'Promises', uid: 'promises-of-the-shop' });
  expect(named).toMatchObject({ title: 'Promises', uid: 'promises-of-the-shop' });
  expect(thrown(() => sloDashboard([]))).toBe('sloDashboard: there are no objectives');
  expect(thrown(() => sloDashboard([one, one]))).toBe('sloDashboard: two objectives are called shop');
});

describe('the bound of a bucket is asked as each format writes it', () => {
  test.each([
    [0.000_01, 'le=~"0\\\\.00001|1e-05"'],
    [0.000_25, 'le="0.00025"'],
    [0.5, 'le="0.5"'],
    [1, 'le=~"1|1\\\\.0"'],
    [250_000, 'le=~"250000|250000\\\\.0"'],
    [1_000_000, 'le=~"1000000|1e\\\\+06"'],
    [2_500_000, 'le=~"2500000|2\\\\.5e\\\\+06"'],
  ])('%d', (bound, matcher) => {
    const histogram = { name: 'took', type: 'histogram', help: 'H', buckets: [bound] } as const;
    expect(latency({ histogram, threshold: bound }).selectors).toEqual([`took_bucket{${matcher}}`]);
  });
});

describe('numbers are written as people write them', () => {
  test.each([
    [1 - 0.999, '0.001'],
    [0.999, '0.999'],
    [14.4 * 0.001, '0.0144'],
    [0.1 + 0.2, '0.3'],
    [1e-7, '0.0000001'],
    [1.5e-9, '0.0000000015'],
    [120, '120'],
    [1.5e15, '1500000000000000'],
    [0, '0'],
    [-2.5, '-2.5'],
  ])('%d', (value, text) => {
    expect(decimal(value)).toBe(text);
  });

  test('the budget is what the objective leaves, without noise', () => {
    for (let nines = 1; nines <= 9; nines++) {
      const { budget } = objective({
        objective: Number(`0.${'9'.repeat(nines)}`),
        alerting: { page: false, ticket: false },
      });
      expect(budget).toBe(Number(`0.${'0'.repeat(nines - 1)}1`));
    }
  });
});

test('the windows of the table are what is exported', () => {
  expect([...PAGE_WINDOWS, ...TICKET_WINDOWS]).toEqual([
    { budgetShare: 0.02, long: '1h', short: '5m' },
    { budgetShare: 0.05, long: '6h', short: '30m' },
    { budgetShare: 0.1, long: '1d', short: '2h' },
    { budgetShare: 0.1, long: '3d', short: '6h' },
  ]);
});
