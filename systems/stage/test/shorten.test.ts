import type { AlertRule, RuleGroup } from '@binnacle/blueprint';
import { type Expr, parse, printExpr } from '@binnacle/promql';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shortenRules } from '../dist/drill/shorten.js';
import { SYSTEMS } from '../dist/systems.js';
import { readWatched } from '../dist/watched/read.js';

const USUAL = { factor: 60, scrapeMs: 1_000, evaluationMs: 500 };

function group(expr: string, rule: Partial<AlertRule> = {}): RuleGroup[] {
  const own: AlertRule = {
    type: 'alert',
    name: 'A',
    expr,
    forMs: 0,
    keepFiringForMs: 0,
    labels: {},
    annotations: {},
    ...rule,
  };
  return [{ name: 'g', rules: [own] }];
}

function shortened(expr: string, rule: Partial<AlertRule> = {}, factor = 60): AlertRule {
  return shortenRules(group(expr, rule), { ...USUAL, factor })[0]!.rules[0] as AlertRule;
}

test.each([
  ['rate(x[5m]) > 0.05', 'rate(x[5s]) > 0.05'],
  ['sum(increase(x[1h])) >= 20', 'sum(increase(x[1m])) >= 20'],
  ['rate(x[1m]) > 1', 'rate(x[4s]) > 1'],
  ['rate(x[3s]) > 1', 'rate(x[3s]) > 1'],
  ['x > 0 and x offset 30m > 0', 'x > 0 and x offset 30s > 0'],
  ['x offset -10m', 'x offset -10s'],
  ['max_over_time(rate(x[10m])[1h:5m])', 'max_over_time(rate(x[10s])[1m:5s])'],
  ['max_over_time(x[1h:]) > 3', 'max_over_time(x[1m:]) > 3'],
  ['predict_linear(x[6h], 86400) > 1', 'predict_linear(x[6m], 1440) > 1'],
  ['predict_linear(x[6h] offset 1h, 4 * 3600) > 1', undefined],
  ['time() - x > 3600', 'time() - x > 3600'],
  ['min_over_time(up[10m]) < 1', 'min_over_time(up[10s]) < 1'],
  ['count_over_time(x[10m]) > 5', 'count_over_time(x[10s]) > 5'],
  ['topk(3, rate(x[5m])) @ 7', undefined],
  ['rate(x[5m + 1m])', undefined],
])('%s becomes %s', (before, after) => {
  if (after === undefined) expect(() => shortened(before)).toThrow(/^the rule A cannot be shortened: /);
  else expect(shortened(before).expr).toBe(after);
});

test('times to wait are divided, and stay as they are where they are 0 or short', () => {
  const rule = shortened('x', { forMs: 900_000, keepFiringForMs: 300_000 });
  expect([rule.forMs, rule.keepFiringForMs]).toEqual([15_000, 5_000]);
  expect(shortened('x', { forMs: 0 }).forMs).toBe(0);
  expect(shortened('x', { forMs: 30_000 }).forMs).toBe(1_000);
  expect(shortened('x', { forMs: 200 }).forMs).toBe(200);
});

test('an alert may have a factor and a threshold of its own; what is not in it is refused', () => {
  const groups = group('time() - x > 3600', { forMs: 600_000 });
  const with_ = (from: number): AlertRule =>
    shortenRules(groups, {
      ...USUAL,
      alerts: { A: { factor: 200, threshold: { from, to: 20, because: 'an hour is long' } } },
    })[0]!.rules[0] as AlertRule;
  expect(with_(3600)).toMatchObject({ expr: 'time() - x > 20', forMs: 3_000 });
  expect(() => with_(3601)).toThrow('the threshold 3601 is in it 0 times, and not once');
  expect(() => shortenRules(groups, { ...USUAL, factor: 0 })).toThrow(RangeError);
});

/** An expression without its positions and with all its times the same. */
function shape(expr: Expr): unknown {
  return JSON.parse(
    JSON.stringify(expr, (key, value: unknown) => {
      if (key === 'start' || key === 'end' || key === 'opRange') return undefined;
      return key === 'rangeMs' || key === 'stepMs' || key === 'offsetMs' ? Number(value) !== 0 : value;
    }),
  );
}

const duration = fc
  .record({ n: fc.integer({ min: 1, max: 90 }), unit: fc.constantFrom('s', 'm', 'h', 'd') })
  .map(({ n, unit }) => n + unit);
const selector = fc
  .record({
    name: fc.constantFrom('up', 'requests_total', 'seconds_bucket'),
    label: fc.constantFrom('', '{job="a"}', '{status=~"5.."}'),
  })
  .map(({ name, label }) => name + label);
const offset = fc.option(duration, { nil: undefined });
const expression: fc.Arbitrary<string> = fc.letrec<{ expr: string }>((tie) => ({
  expr: fc.oneof(
    { depthSize: 'small' },
    fc.tuple(selector, offset).map(([text, by]) => (by === undefined ? text : `${text} offset ${by}`)),
    fc
      .tuple(fc.constantFrom('rate', 'increase', 'changes', 'min_over_time'), selector, duration)
      .map(([func, text, range]) => `${func}(${text}[${range}])`),
    fc
      .tuple(tie('expr'), duration, duration)
      .map(([text, range, step]) => `avg_over_time((${text})[${range}:${step}])`),
    fc
      .tuple(tie('expr'), fc.constantFrom('>', '/', 'and', 'or', 'unless'), tie('expr'))
      .map(([left, op, right]) => `(${left}) ${op} (${right})`),
    tie('expr').map((text) => `sum by (job) (${text})`),
    fc
      .tuple(tie('expr'), fc.float({ min: 0, max: 1000, noNaN: true }))
      .map(([text, n]) => `(${text}) > ${n}`),
  ),
})).expr;

test('whatever is shortened parses, and is the same but for its times, which do not get longer', () => {
  fc.assert(
    fc.property(expression, fc.integer({ min: 1, max: 10_000 }), (text, factor) => {
      const before = parse(text);
      const after = shortened(text, {}, factor).expr;
      expect(shape(parse(after))).toEqual(shape(before));
      expect(printExpr(parse(after))).toBe(after);
      const times = (expr: string): number[] =>
        [...JSON.stringify(parse(expr)).matchAll(/"(?:range|step|offset)Ms":(\d+)/g)].map(([, ms]) =>
          Number(ms),
        );
      for (const [i, ms] of times(after).entries()) expect(ms).toBeLessThanOrEqual(times(text)[i]!);
      expect(shortened(text, {}, 1).expr).toBe(printExpr(before));
    }),
  );
});

test('the rules of every system can be shortened, and keep all but their times', async () => {
  for (const system of SYSTEMS) {
    const { rules } = await readWatched(system);
    const before = rules.flatMap((one) => one.rules);
    const after = shortenRules(rules, USUAL).flatMap((one) => one.rules);
    expect(after.map(({ name, labels }) => ({ name, labels }))).toEqual(
      before.map(({ name, labels }) => ({ name, labels })),
    );
    for (const [i, rule] of after.entries()) {
      const withoutHorizon = (text: string): unknown =>
        shape(parse(text.replace(/(predict_linear\(.*?\]), [\d.]+\)/s, '$1, 1)')));
      expect(withoutHorizon(rule.expr)).toEqual(withoutHorizon(printExpr(parse(before[i]!.expr))));
    }
  }
});
