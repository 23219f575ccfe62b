/**
 * The rules of objectives over simulated traffic: they fire when the SRE workbook's table says, end when it says, and do
 * not fire below it. What is evaluated is the rule file as it ships.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type BurnRateWindow,
  latency,
  PAGE_WINDOWS,
  ratio,
  renderRuleFile,
  type Slo,
  type SloSpec,
  slo,
  sloReport,
  TICKET_WINDOWS,
} from '@binnacle/blueprint';
import { describe, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { outside } from './outside.ts';
import { countersOf, DAY, HOUR, MIN, type Phase, S, SloRun, type Timing } from './slo-traffic.ts';

vi.setConfig({ testTimeout: 600_000 });

const OBJECTIVE = 0.999;
const BUDGET = 0.001;
const EVENTS = ratio({ total: 'requests_total', bad: 'requests_total{outcome="failed"}' });

function objective(alerting: SloSpec['alerting'] = {}): Slo {
  return slo('requests', {
    description: 'Requests succeed.',
    objective: OBJECTIVE,
    events: EVENTS,
    alerting,
  });
}

/** An objective with one row of the table only. */
function objectiveOf(window: BurnRateWindow): Slo {
  return objective({ page: { windows: [window] }, ticket: false });
}

const WINDOW_MS: Readonly<Record<string, number>> = {
  '5m': 5 * MIN,
  '30m': 30 * MIN,
  '1h': HOUR,
  '2h': 2 * HOUR,
  '6h': 6 * HOUR,
  '1d': DAY,
  '3d': 3 * DAY,
};

/** The workbook's table for 30 days; seconds and minutes as it prints them. */
const TABLE = [
  { window: PAGE_WINDOWS[0]!, factor: 14.4, foundS: 52, endsMs: 5 * MIN, every: 15 * S },
  { window: PAGE_WINDOWS[1]!, factor: 6, foundS: 2.2 * 60, endsMs: 30 * MIN, every: 15 * S },
  { window: TICKET_WINDOWS[0]!, factor: 3, foundS: 4.3 * 60, endsMs: 2 * HOUR, every: MIN },
  { window: TICKET_WINDOWS[1]!, factor: 1, foundS: 4.3 * 60, endsMs: 6 * HOUR, every: MIN },
];

/** Requests a minute in steady traffic. */
const STEADY = 6000;

function steady(forMs: number, burn = 0): Phase {
  return { forMs, perMinute: STEADY, bad: burn * BUDGET };
}

/** Nothing but errors: the fastest that a budget of 0.001 can burn. */
const ALL_BAD = 1 / BUDGET;

function simulation(subject: Slo, phases: readonly Phase[], timing: Timing, only?: RegExp): SloRun {
  return new SloRun(subject, countersOf(phases, timing.scrapeMs), timing, only);
}

/** When a severity first fires and when it first stops after that, in milliseconds since `fromMs`. */
async function turns(
  run: SloRun,
  severity: string,
  fromMs: number,
  toMs: number,
): Promise<{ begins: number | undefined; ends: number | undefined }> {
  let begins: number | undefined;
  for await (const { timeMs, firing } of run.between(fromMs, toMs)) {
    const fires = firing.includes(severity);
    if (fires) begins ??= timeMs - fromMs;
    else if (begins !== undefined) return { begins, ends: timeMs - fromMs };
  }
  return { begins, ends: undefined };
}

/** The first evaluation after a time. */
function evaluationAfter(timeMs: number, every: number): number {
  return Math.floor(timeMs / every) * every + every;
}

describe.each(TABLE)('the row $window.long / $window.short', ({ window, factor, foundS, endsMs, every }) => {
  const longMs = WINDOW_MS[window.long]!;
  const timing: Timing = { scrapeMs: every, evaluationMs: every };
  const rule = objectiveOf(window);

  test('has the factor of the table', () => {
    expect(rule.burnRates.map(({ factor, ratio }) => ({ factor, ratio }))).toEqual([
      { factor, ratio: Number((factor * BUDGET).toPrecision(9)) },
    ]);
  });

  test('finds a total outage at the evaluation that follows its detection time, and ends within its short window', async () => {
    const outageMs = HOUR;
    const run = simulation(
      rule,
      [steady(longMs), steady(outageMs, ALL_BAD), steady(7 * HOUR)],
      timing,
      /page/,
    );
    const { begins, ends } = await turns(run, 'critical', longMs, longMs + outageMs + 7 * HOUR);
    expect(begins).toBe(evaluationAfter(foundS * S - 1, every));
    expect(ends! - outageMs).toBeLessThanOrEqual(endsMs);
    expect(ends! - outageMs).toBeGreaterThan(endsMs * 0.9);
  });

  test('fires just above its factor when the long window says so, and never just below', async () => {
    const often = Math.max(every, longMs / 240);
    const coarse: Timing = { scrapeMs: every, evaluationMs: often };
    const above = simulation(
      rule,
      [steady(longMs), steady(longMs + longMs / 10, factor * 1.02)],
      coarse,
      /page/,
    );
    const { begins } = await turns(above, 'critical', longMs, 2 * longMs + longMs / 10);
    expect(begins).toBe(evaluationAfter(longMs / 1.02, often));
    const below = simulation(rule, [steady(longMs), steady(1.5 * longMs, factor * 0.98)], coarse, /page/);
    expect(await turns(below, 'critical', longMs, 2.5 * longMs)).toEqual({
      begins: undefined,
      ends: undefined,
    });
  });
});

/** Until when a burn is watched: as long as the longest window. */
const WATCHED = 3 * DAY;

test.each([1.05, 3.1, 6.1, 10, 14.4, 15, 100])(
  'burning %d times too fast is told as soon as one of the rows knows it',
  async (burn) => {
    const every = 5 * MIN;
    const known = (windows: readonly BurnRateWindow[]): number =>
      Math.min(
        ...TABLE.filter(({ window, factor }) => windows.includes(window) && burn > factor).map(
          ({ window, factor }) => (factor / burn) * WINDOW_MS[window.long]!,
        ),
      );
    const run = simulation(
      objective(),
      [steady(WATCHED), steady(WATCHED, burn)],
      { scrapeMs: MIN, evaluationMs: every },
      /page|ticket/,
    );
    const begins: Record<string, number> = {};
    for await (const { timeMs, firing } of run.between(WATCHED, 2 * WATCHED - every)) {
      for (const severity of firing) begins[severity] ??= timeMs - WATCHED;
      if (Object.keys(begins).length === 2) break;
    }
    for (const [severity, windows] of [
      ['critical', PAGE_WINDOWS],
      ['warning', TICKET_WINDOWS],
    ] as const) {
      const knownMs = known(windows);
      if (knownMs === Number.POSITIVE_INFINITY) expect(begins[severity]).toBeUndefined();
      else {
        expect(begins[severity]).toBeGreaterThanOrEqual(knownMs);
        expect(begins[severity]).toBeLessThanOrEqual(knownMs + every);
      }
    }
  },
);

test('spending exactly what may be spent is told to nobody', async () => {
  const run = simulation(
    objective(),
    [steady(WATCHED), steady(WATCHED, 0.999)],
    { scrapeMs: MIN, evaluationMs: 10 * MIN },
    /page|ticket/,
  );
  for await (const { firing } of run.between(WATCHED, 2 * WATCHED - MIN)) expect(firing).toEqual([]);
});

/** One bad event a minute for an hour, then a thousand good ones a minute. */
const QUIET_HOUR: readonly Phase[] = [
  { forMs: HOUR, perMinute: 1, bad: 1 },
  { forMs: HOUR, perMinute: 1000, bad: 0 },
  { forMs: 10 * MIN, perMinute: 0, bad: 0 },
];

const EVERY_MINUTE: Timing = { scrapeMs: MIN, evaluationMs: MIN };

test.each([
  { evaluationMs: 15 * S, phaseMs: 0 },
  { evaluationMs: 30 * S, phaseMs: 7 * S },
  { evaluationMs: MIN, phaseMs: 37 * S },
  { evaluationMs: 5 * MIN, phaseMs: 211 * S },
])(
  'a quiet hour weighs as much as its events, evaluated every $evaluationMs ms from $phaseMs ms on',
  async ({ evaluationMs, phaseMs }) => {
    const run = simulation(objective(), QUIET_HOUR, { scrapeMs: 15 * S, evaluationMs }, /period/);
    const end = 2 * HOUR + 10 * MIN;
    await run.run(phaseMs, end);
    const events = await run.ask('slo:period_events:sum{slo="requests"}', end);
    const bad = await run.ask('slo:period_bad_events:sum{slo="requests"}', end);
    // Counts are up to five minutes late, and the first scrapes of a counter cannot tell how it grew.
    expect(events! / (60 + 60 * 1000)).toBeCloseTo(1, 1);
    expect(bad! / 60).toBeCloseTo(1, 1);
    expect(await run.ask('slo:period_error:ratio', end)).toBeCloseTo(60 / 60_060, 4);
    const meanOfRatios = 'avg_over_time((slo:bad_events:increase5m / (slo:events:increase5m > 0))[30d:5m])';
    expect(await run.ask(meanOfRatios, end)).toBeGreaterThan(0.4);
  },
);

test('over a day each event is counted once', async () => {
  const wave = Array.from({ length: 24 }, (_, hour) => steady(HOUR, hour === 9 ? 50 : 0)).map(
    (phase, hour) => ({
      ...phase,
      perMinute: 60 + 40 * (hour % 7),
    }),
  );
  const run = simulation(objective(), wave, { scrapeMs: 30 * S, evaluationMs: MIN }, /period/);
  await run.run(0, DAY);
  const sent = wave.reduce((sum, { perMinute }) => sum + 60 * perMinute, 0);
  const failed = 60 * wave[9]!.perMinute * wave[9]!.bad;
  expect((await run.ask('slo:period_events:sum', DAY))! / sent).toBeCloseTo(1, 2);
  expect((await run.ask('slo:period_bad_events:sum', DAY))! / failed).toBeCloseTo(1, 2);
  const left = 1 - failed / sent / BUDGET;
  expect(await run.ask('slo:error_budget_remaining:ratio', DAY)).toBeCloseTo(left, 2);
});

test('what is left of the budget is negative when more was spent', async () => {
  const run = simulation(objective(), [steady(2 * HOUR, 3)], EVERY_MINUTE, /period/);
  await run.run(0, 2 * HOUR);
  expect(await run.ask('slo:error_budget_remaining:ratio', 2 * HOUR)).toBeCloseTo(-2, 5);
});

/** One request every twenty minutes; the first one fails or does not. */
function quietNight(fails: boolean): Phase[] {
  const request = (bad: number): Phase[] => [
    { forMs: MIN, perMinute: 1, bad },
    { forMs: 19 * MIN, perMinute: 0, bad: 0 },
  ];
  return [...request(fails ? 1 : 0), ...request(0), ...request(0)];
}

const DAYTIME = 6 * HOUR;
const NIGHT = 8 * HOUR;

/** A day of steady traffic, then a night in which one of three requests of one hour fails. */
const QUIET_NIGHT: readonly Phase[] = [
  { forMs: DAYTIME, perMinute: 100, bad: 0 },
  ...Array.from({ length: 8 }, (_, hour) => quietNight(hour === 6)).flat(),
];

test('one failed request of three in an hour at night tells nobody', async () => {
  const run = simulation(objective(), QUIET_NIGHT, EVERY_MINUTE, /page|ticket/);
  let worst = 0;
  for await (const { timeMs, firing } of run.between(DAYTIME, DAYTIME + NIGHT - MIN)) {
    expect(firing).toEqual([]);
    worst = Math.max(worst, (await run.ask('slo:error:ratio_rate1h', timeMs)) ?? 0);
  }
  // Not because the failure was not seen: it is a third of the hour.
  expect(worst).toBeGreaterThan(0.3);
});

test('without the minimum the same night wakes somebody', async () => {
  const careless = objective({ minEvents: 0, minBadEvents: 0 });
  const run = simulation(careless, QUIET_NIGHT, EVERY_MINUTE, /page/);
  const { begins } = await turns(run, 'critical', DAYTIME, DAYTIME + NIGHT - MIN);
  expect(begins).toBeGreaterThanOrEqual(6 * HOUR);
});

test('a quiet service that fails altogether is found', async () => {
  const run = simulation(
    objective(),
    [
      { forMs: 12 * HOUR, perMinute: 0.5, bad: 0 },
      { forMs: 2 * HOUR, perMinute: 0.5, bad: 1 },
    ],
    EVERY_MINUTE,
    /page/,
  );
  const { begins } = await turns(run, 'critical', 12 * HOUR, 14 * HOUR - MIN);
  expect(begins).toBeLessThanOrEqual(5 * MIN);
});

test('without traffic there is no ratio, and no alert', async () => {
  const run = simulation(
    objective(),
    [steady(2 * HOUR), { forMs: 8 * HOUR, perMinute: 0, bad: 0 }],
    EVERY_MINUTE,
    /page|ticket/,
  );
  await run.run(HOUR, 9 * HOUR);
  expect(await run.ask('slo:error:ratio_rate1h', 9 * HOUR)).toBeUndefined();
  expect(await run.ask('slo:events:increase1h', 9 * HOUR)).toBe(0);
  expect(run.alerts()).toEqual([]);
});

test('a service that never failed, and so has no counter of failures, has a ratio of 0', async () => {
  const neverFailed = slo('requests', {
    description: 'Requests succeed.',
    objective: OBJECTIVE,
    events: ratio({ total: 'requests_total', bad: 'failures_total' }),
  });
  const run = simulation(neverFailed, [steady(2 * HOUR)], EVERY_MINUTE);
  await run.run(0, 2 * HOUR);
  expect(await run.ask('slo:error:ratio_rate1h', 2 * HOUR)).toBe(0);
  expect(await run.ask('slo:error_budget_remaining:ratio', 2 * HOUR)).toBe(1);
});

/** A restart after two hours, and a replacement by another instance after four; nothing fails. */
const DEPLOYED = [
  { series: 'requests_total{outcome="ok",instance="a"}', values: '0+6000x120 0+6000x119 stale' },
  { series: 'requests_total{outcome="failed",instance="a"}', values: '0x120 0x119 stale' },
  { series: 'requests_total{outcome="ok",instance="b"}', values: '_x239 0+6000x120' },
  { series: 'requests_total{outcome="failed",instance="b"}', values: '_x239 0x120' },
];

test.each([
  { counted: 'bad', events: EVENTS },
  { counted: 'good', events: ratio({ total: 'requests_total', good: 'requests_total{outcome="ok"}' }) },
])('restarts and replacements are no failures, where the $counted events are counted', async ({ events }) => {
  const subject = slo('requests', { description: 'Requests succeed.', objective: OBJECTIVE, events });
  const run = new SloRun(subject, DEPLOYED, EVERY_MINUTE);
  for await (const { firing } of run.between(0, 6 * HOUR)) expect(firing).toEqual([]);
  expect(await run.ask('slo:period_bad_events:sum', 6 * HOUR)).toBeCloseTo(0, 6);
  expect((await run.ask('slo:period_events:sum', 6 * HOUR))! / (360 * 6000)).toBeCloseTo(1, 1);
});

/** Durations of which one in fifty is above half a second, in both forms that a histogram can have. */
const LATENCIES = [
  { series: 'took_seconds_bucket{le="0.5"}', values: '0+490x60' },
  { series: 'took_seconds_bucket{le="1.0"}', values: '0+500x60' },
  { series: 'took_seconds_bucket{le="+Inf"}', values: '0+500x60' },
  { series: 'took_seconds_count', values: '0+500x60' },
  // Schema 0: the bucket from 0.5 to 1 holds the slow ones.
  {
    series: 'native_seconds',
    values:
      '{{schema:0 count:0 sum:0 offset:-1 buckets:[0 0]}}+{{schema:0 count:500 sum:130 offset:-1 buckets:[490 10]}}x60',
  },
];

test.each([
  { name: 'took_seconds', type: 'histogram', unit: 'seconds', buckets: [0.5, 1] },
  { name: 'native_seconds', type: 'histogram', unit: 'seconds', native: true },
] as const)('of $name the share above the threshold is bad', async (histogram) => {
  const subject = slo('speed', {
    description: 'Requests are answered within half a second.',
    objective: 0.99,
    events: latency({ histogram, threshold: 0.5 }),
  });
  const run = new SloRun(subject, LATENCIES, EVERY_MINUTE);
  await run.run(0, HOUR);
  for (const window of ['5m', '30m', '1h', '2h', '1d'])
    expect(await run.ask(`slo:error:ratio_rate${window}`, HOUR)).toBeCloseTo(0.02, 9);
  expect(await run.ask('slo:error_budget_remaining:ratio', HOUR)).toBeCloseTo(-1, 6);
});

test.each([
  { name: 'took_seconds', type: 'histogram', unit: 'seconds', buckets: [0.5, 1] },
  { name: 'native_seconds', type: 'histogram', unit: 'seconds', native: true },
] as const)('of $name a pause in the traffic takes nothing from the sums', async (histogram) => {
  const subject = slo('speed', {
    description: 'Requests are answered within half a second.',
    objective: 0.99,
    events: latency({ histogram, threshold: 0.5 }),
  });
  const native = '{{schema:0 count:500 sum:130 offset:-1 buckets:[490 10]}}';
  const paused = [
    { series: 'took_seconds_bucket{le="0.5"}', values: '0+490x60 29400x60 29890+490x59' },
    { series: 'took_seconds_count', values: '0+500x60 30000x60 30500+500x59' },
    {
      series: 'native_seconds',
      values: `{{schema:0 count:0 sum:0 offset:-1 buckets:[0 0]}}+${native}x60 {{schema:0 count:30000 sum:7800 offset:-1 buckets:[29400 600]}}x60 {{schema:0 count:30500 sum:7930 offset:-1 buckets:[29890 610]}}+${native}x59`,
    },
  ];
  const run = new SloRun(subject, paused, EVERY_MINUTE);
  await run.run(0, 3 * HOUR);
  expect(await run.ask('slo:period_error:ratio', 3 * HOUR)).toBeCloseTo(0.02, 6);
  expect((await run.ask('slo:period_events:sum', 3 * HOUR))! / 60_000).toBeCloseTo(1, 1);
  expect(await run.ask('slo:bad_events:increase5m', 90 * MIN)).toBe(0);
  expect(await run.ask('slo:error:ratio_rate5m', 90 * MIN)).toBeUndefined();
});

test('a report tells what the rules have recorded', async () => {
  const subject = objective();
  const run = simulation(subject, [steady(2 * HOUR, 0.5), steady(HOUR, 2)], EVERY_MINUTE);
  await run.run(0, 3 * HOUR);
  const [outcome] = await sloReport([subject], (expr, timeMs) => run.ask(expr, timeMs), 3 * HOUR);
  expect(outcome!.state).toBe('met');
  expect(outcome!.budgetLeft).toBeCloseTo(0, 1);
  expect(outcome!.events! / (180 * STEADY)).toBeCloseTo(1, 1);
  expect(outcome!.burnRates.map(({ window }) => window)).toEqual(['1h', '6h', '1d', '3d']);
  expect(outcome!.burnRates[0]!.rate).toBeCloseTo(2, 1);
  expect(outcome!.burnRates[1]!.rate).toBeCloseTo(1, 1);
});

test('when nothing counts the events any more, that is told after the time that was asked for', async () => {
  const subject = objective({ absentFor: '10m' });
  const gone = [{ series: 'requests_total{outcome="ok"}', values: '0+100x59 stale' }];
  const run = new SloRun(subject, gone, EVERY_MINUTE);
  expect(await turns(run, 'warning', 0, 2 * HOUR)).toEqual({ begins: HOUR + 10 * MIN, ends: undefined });
});

test('an alert says how fast the budget burns, what is left of it, and what to do', async () => {
  const run = simulation(objective(), [steady(3 * HOUR), steady(30 * MIN, 50)], EVERY_MINUTE);
  await run.run(0, 3.5 * HOUR);
  const [page] = run.alerts().filter(({ severity }) => severity === 'critical');
  expect(page!.value).toBeCloseTo(25, 0);
  expect(page!.annotations.summary).toMatch(
    /^requests: the error budget burns 2\d\.\d times as fast as it may$/,
  );
  expect(page!.annotations.description).toMatch(
    /Objective: 99\.9% good over 30d\. At 2\d\.\d times the rate that spends the budget in 30d, -?\d+(\.\d+)?% of it is left/,
  );
  expect(page!.annotations.description).toMatch(/Stop it first: undo what changed/);
});

test('promtool evaluates the same rules to the same alerts at the same times', async (context) => {
  const promtool = outside(context, 'promtool');
  const subject = objective();
  const cases: readonly { readonly name: string; readonly phases: readonly Phase[] }[] = [
    { name: 'total outage', phases: [steady(3 * HOUR), steady(10 * MIN, ALL_BAD), steady(2 * HOUR)] },
    { name: 'ten times too fast', phases: [steady(2 * HOUR), steady(3 * HOUR, 10), steady(HOUR)] },
    { name: 'within the budget', phases: [steady(4 * HOUR, 0.98)] },
    { name: 'quiet hour', phases: QUIET_HOUR },
    { name: 'quiet night', phases: QUIET_NIGHT },
  ];
  const folder = mkdtempSync(path.join(tmpdir(), 'slo-rules-'));
  try {
    const tests = [];
    for (const { name, phases } of cases) {
      const exprTests = await expectations(subject, phases);
      tests.push({
        name,
        interval: '1m',
        input_series: countersOf(phases, MIN),
        promql_expr_test: exprTests,
      });
    }
    expect(tests.map((one) => one.promql_expr_test.length > 3)).toEqual([true, true, false, true, false]);
    writeFileSync(path.join(folder, 'slo.yml'), renderRuleFile(subject.groups));
    const file = path.join(folder, 'slo.test.yml');
    // The groups look at each other's series, and promtool takes them in any order unless it is told one.
    const order = subject.groups.map(({ name }) => name);
    const heading = { rule_files: ['slo.yml'], evaluation_interval: '1m', fuzzy_compare: true };
    writeFileSync(file, stringify({ ...heading, group_eval_order: order, tests }));
    expect(execFileSync(promtool, ['test', 'rules', file], { encoding: 'utf8' })).toContain('SUCCESS');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** What promtool is to find around each turn of an alert, and at the end. */
async function expectations(subject: Slo, phases: readonly Phase[]): Promise<object[]> {
  const end = phases.reduce((sum, { forMs }) => sum + forMs, 0);
  const run = simulation(subject, phases, EVERY_MINUTE);
  const tests: object[] = [];
  let before: { readonly timeMs: number; readonly firing: readonly string[] } | undefined;
  const told = ({
    timeMs,
    firing,
  }: {
    readonly timeMs: number;
    readonly firing: readonly string[];
  }): void => {
    for (const severity of ['critical', 'warning'])
      tests.push(
        exprTest(
          timeMs,
          `count(ALERTS{alertname="RequestsErrorBudgetBurn",alertstate="firing",severity="${severity}"}) or vector(0)`,
          firing.includes(severity) ? 1 : 0,
        ),
      );
  };
  for await (const now of run.between(0, end)) {
    if (before !== undefined && String(before.firing) !== String(now.firing)) {
      told(before);
      told(now);
    }
    before = now;
  }
  told(before!);
  const error = await run.ask('slo:period_error:ratio', end);
  tests.push(exprTest(end, 'sum(slo:period_error:ratio)', error!));
  return tests;
}

function exprTest(timeMs: number, expr: string, value: number): object {
  return { expr, eval_time: `${timeMs / S}s`, exp_samples: [{ labels: '{}', value }] };
}
