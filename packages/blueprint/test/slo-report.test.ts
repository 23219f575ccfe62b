/** The report of objectives: what it asks, what it makes of the answers, and how that is shown. */
import { expect, test } from 'vitest';
import {
  ratio,
  type Slo,
  type SloOutcome,
  slo,
  sloReport,
  sloReportMarkdown,
  sloReportText,
} from '../dist/index.js';

function objective(name: string, objectiveShare = 0.999): Slo {
  return slo(name, {
    description: 'Orders are taken.',
    objective: objectiveShare,
    events: ratio({ total: 'orders_total', bad: 'failed_total' }),
    alerting: { ticket: false },
  });
}

/** Answers by expression. */
function answering(answers: Readonly<Record<string, number>>): (expr: string) => Promise<number | undefined> {
  return (expr) => Promise.resolve(answers[expr]);
}

/** What the rules would have recorded. */
function recorded(name: string, events: number, bad: number, left: number): Record<string, number> {
  return {
    [`slo:period_events:sum{slo="${name}"}`]: events,
    [`slo:period_bad_events:sum{slo="${name}"}`]: bad,
    [`slo:error_budget_remaining:ratio{slo="${name}"}`]: left,
    [`slo:error:ratio_rate1h{slo="${name}"}`]: 0.0005,
    [`slo:error:ratio_rate6h{slo="${name}"}`]: 0.0144,
  };
}

test('one objective', async () => {
  const asked: [expr: string, timeMs: number][] = [];
  const answers = recorded('orders', 2_000_000, 500, 0.75);
  const [outcome] = await sloReport(
    [objective('orders')],
    async (expr, timeMs) => {
      asked.push([expr, timeMs]);
      return answers[expr];
    },
    1_700_000_000_000,
  );
  expect(outcome).toEqual({
    name: 'orders',
    description: 'Orders are taken.',
    objective: 0.999,
    periodMs: 30 * 86_400_000,
    state: 'met',
    achieved: 0.99975,
    events: 2_000_000,
    badEvents: 500,
    budgetLeft: 0.75,
    burnRates: [
      { window: '1h', rate: 0.5 },
      { window: '6h', rate: 14.4 },
    ],
  });
  expect(asked).toEqual(Object.keys(answers).map((expr) => [expr, 1_700_000_000_000]));
});

test('the state is met, missed or unknown', async () => {
  const state = async (events: number, bad: number): Promise<string> => {
    const [outcome] = await sloReport([objective('a')], answering(recorded('a', events, bad, 0)), 0);
    return outcome!.state;
  };
  expect(await state(1000, 1)).toBe('met');
  expect(await state(1000, 2)).toBe('missed');
  expect(await state(0, 0)).toBe('unknown');
  const [unrecorded] = await sloReport([objective('a')], answering({}), 0);
  expect(unrecorded).toMatchObject({ state: 'unknown', achieved: undefined, budgetLeft: undefined });
});

test('the least budget comes first, what nobody knows last', async () => {
  const answers = {
    ...recorded('healthy', 10, 0, 1),
    ...recorded('worst', 10, 9, -8),
    ...recorded('also-healthy', 10, 0, 1),
  };
  const all = ['unknown', 'healthy', 'worst', 'also-healthy'].map((name) => objective(name));
  const names = (await sloReport(all, answering(answers), 0)).map(({ name }) => name);
  expect(names).toEqual(['worst', 'also-healthy', 'healthy', 'unknown']);
});

test('who cannot answer fails the report', async () => {
  const failing = (): Promise<number> => Promise.reject(new Error('the monitor is down'));
  await expect(sloReport([objective('a')], failing, 0)).rejects.toThrow('the monitor is down');
});

const OUTCOMES: readonly SloOutcome[] = [
  {
    name: 'orders-latency',
    description: 'D',
    objective: 0.9995,
    periodMs: 86_400_000,
    state: 'missed',
    achieved: 0.999499999,
    events: 12_345_678.4,
    badEvents: 6179.6,
    budgetLeft: -0.001,
    burnRates: [
      { window: '1h', rate: 12.345 },
      { window: '1d', rate: 0.999 },
    ],
  },
  {
    name: 'orders',
    description: 'D',
    objective: 0.99,
    periodMs: 86_400_000,
    state: 'met',
    achieved: 0.992,
    events: 999,
    badEvents: 8,
    budgetLeft: 0.2,
    burnRates: [
      { window: '1h', rate: 10 },
      { window: '6h', rate: 0 },
    ],
  },
  {
    name: 'new',
    description: 'D',
    objective: 0.9,
    periodMs: 86_400_000,
    state: 'unknown',
    achieved: undefined,
    events: undefined,
    badEvents: undefined,
    budgetLeft: undefined,
    burnRates: [{ window: '1h', rate: undefined }],
  },
];

test('as text, its columns are aligned, and nothing looks met that is not', () => {
  expect(sloReportText(OUTCOMES)).toBe(
    `objective       target  achieved  events      bad    budget left  burn 1h  burn 6h  burn 1d  state
orders-latency  99.95%  99.949%   12,345,678  6,180  -0.1%        12.3     -        1.00     missed
orders          99%     99.2%     999         8      20.0%        10.0     0.00     -        met
new             90%     -         -           -      -            -        -        -        unknown
`,
  );
});

test('as Markdown, it is a table', () => {
  expect(sloReportMarkdown(OUTCOMES.slice(1, 2))).toBe(
    `| objective | target | achieved | events | bad | budget left | burn 1h | burn 6h | state |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| orders | 99% | 99.2% | 999 | 8 | 20.0% | 10.0 | 0.00 | met |
`,
  );
});

test('without objectives there is a heading only', () => {
  expect(sloReportText([])).toBe('objective  target  achieved  events  bad  budget left  state\n');
});
