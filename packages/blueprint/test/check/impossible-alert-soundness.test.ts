/**
 * What is said of comparisons is held against the engine: one that never holds has an empty answer, and one that always
 * holds leaves out nothing but NaN, over data with resets, negative gauges and series without traffic.
 */
import { Engine, MemoryStorage, parse, parseSeriesDescription, QueryError } from '@binnacle/promql';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { checkRepository, type ServiceCatalog } from '../../dist/index.js';

vi.setConfig({ testTimeout: 300_000 });

const NOW_MS = 600_000;
const STEP_MS = 15_000;

const SERVICE: ServiceCatalog = {
  service: 'api',
  job: 'api',
  targetLabels: {},
  metrics: [
    {
      name: 'jobs_total',
      type: 'counter',
      help: '',
      labels: { status: ['ok', 'failed'] },
      everySeries: true,
    },
    { name: 'pending', type: 'gauge', help: '', labels: {} },
    { name: 'took_seconds', type: 'histogram', form: 'classic', help: '', labels: {}, bounds: [1, 5] },
    { name: 'wait_seconds', type: 'summary', help: '', labels: {}, quantiles: [0.5] },
    { name: 'build_info', type: 'info', help: '', labels: { version: ['1', '2'] }, everySeries: true },
  ],
};

/** Series of everything in the catalog: one target counts, one restarts, one stands still. */
function data(): MemoryStorage {
  const lines = [
    ['a', '0+3x40', '0+1x40', '5-1x40', '1x40'],
    ['b', '100+7x20 0+2x20', '3+0x40', '-3+0.5x40', '1x20 0x20'],
    ['c', '9+0x40', '0+0x40', '0x40', '0x40'],
  ].flatMap(([instance, ok, failed, gauge, up]) => {
    const target = `job="api",instance="${instance}"`;
    return [
      `jobs_total{${target},status="ok"} ${ok}`,
      `jobs_total{${target},status="failed"} ${failed}`,
      `pending{${target}} ${gauge}`,
      ...['1', '5', '+Inf'].map(
        (le, n) => `took_seconds_bucket{${target},le="${le}"} 0+${instance === 'c' ? 0 : n}x40`,
      ),
      `took_seconds_sum{${target}} 0+4x40`,
      `took_seconds_count{${target}} 0+2x40`,
      `wait_seconds{${target},quantile="0.5"} -1x40`,
      `wait_seconds_sum{${target}} 5-1x40`,
      `build_info{${target},version="1"} 1x40`,
      `up{${target}} ${up}`,
    ];
  });
  const storage = new MemoryStorage();
  for (const line of lines) {
    const { labels, values } = parseSeriesDescription(line);
    values.forEach((value, i) => {
      if (value !== undefined) storage.append(labels, i * STEP_MS, value);
    });
  }
  return storage;
}

const selector = fc.constantFrom(
  ...['jobs_total', 'jobs_total{status="failed"}', 'pending', 'up', 'build_info', 'wait_seconds'],
  ...['took_seconds_bucket', 'took_seconds_sum', 'took_seconds_count', 'wait_seconds_sum'],
);
const constant = fc.constantFrom('-1', '0', '0.5', '1', '2', '5', '10', '100');
const by = fc.constantFrom('', ' by (instance)', ' by (status)', ' by (le)');
const share = fc
  .tuple(fc.constantFrom('rate', 'increase'), by)
  .map(
    ([rate, group]) =>
      `sum${group} (${rate}(jobs_total{status="failed"}[5m])) / sum${group} (${rate}(jobs_total[5m]))`,
  );

const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    { weight: 3, arbitrary: selector },
    {
      weight: 3,
      arbitrary: fc
        .tuple(
          fc.constantFrom(
            'rate',
            'irate',
            'increase',
            'changes',
            'resets',
            'delta',
            'avg_over_time',
            'sum_over_time',
          ),
          selector,
        )
        .map(([func, one]) => `${func}(${one}[5m])`),
    },
    { weight: 2, arbitrary: share },
    fc.constantFrom('vector(1)', 'hour()', 'time()', 'absent(gone)', 'absent(up)', 'vector(0) - 1'),
    fc
      .tuple(fc.constantFrom('sum', 'avg', 'min', 'max', 'count', 'group', 'stddev'), by, tie('value'))
      .map(([op, group, inner]) => `${op}${group} (${inner})`),
    fc
      .tuple(fc.constantFrom('abs', 'ceil', 'floor', 'sgn', 'exp', 'sort'), tie('value'))
      .map(([func, inner]) => `${func}(${inner})`),
    fc.tuple(tie('value'), constant).map(([inner, n]) => `clamp_max(${inner}, ${n})`),
    fc.tuple(tie('value'), constant).map(([inner, n]) => `clamp_min(${inner}, ${n})`),
    fc
      .constantFrom('0', '0.5', '0.99', '1')
      .map((q) => `histogram_quantile(${q}, rate(took_seconds_bucket[5m]))`),
    fc
      .tuple(tie('value'), fc.constantFrom('+', '-', '*', '/'), constant)
      .map(([inner, op, n]) => `(${inner}) ${op} ${n}`),
    fc
      .tuple(constant, fc.constantFrom('+', '-', '*', '/'), tie('value'))
      .map(([n, op, inner]) => `${n} ${op} (${inner})`),
    fc
      .tuple(tie('value'), fc.constantFrom('+', '-', '*', '/', 'and', 'or', 'unless', '> bool'), tie('value'))
      .map(([left, op, right]) => `(${left}) ${op} (${right})`),
    fc
      .tuple(tie('value'), fc.constantFrom('>', '>=', '<', '<=', '==', '!='), constant)
      .map((all) => `(${all.join(' ')})`),
    fc.tuple(tie('value')).map(([inner]) => `-(${inner})`),
  ),
}));
const comparison = fc.oneof(
  fc.record({ left: value, op: fc.constantFrom('>', '>=', '<', '<=', '==', '!='), right: constant }),
  fc.record({ left: constant, op: fc.constantFrom('>', '>=', '<', '<=', '==', '!='), right: value }),
);

function parses(query: string): boolean {
  try {
    parse(query);
    return true;
  } catch {
    return false;
  }
}

const engine = new Engine();

/** The values of an answer; undefined where the engine refuses the query. */
async function valuesOf(storage: MemoryStorage, query: string): Promise<number[] | undefined> {
  try {
    const { value: answer } = await engine.instant(storage, query, NOW_MS);
    if (answer.type === 'vector') return answer.samples.map((sample) => sample.value);
    return answer.type === 'scalar' ? [answer.value] : undefined;
  } catch (error) {
    if (error instanceof QueryError) return undefined;
    throw error;
  }
}

test('what never holds never does, and what always holds always does', async () => {
  const storage = data();
  const held = { never: 0, always: 0 };
  await fc.assert(
    fc.asyncProperty(comparison, async ({ left, op, right }) => {
      const query = `(${left}) ${op} (${right})`;
      if (!parses(query)) return;
      const rules = `groups:\n- name: a\n  rules:\n  - alert: A\n    expr: '${query}'\n`;
      const { problems } = checkRepository(
        { files: new Map([['rules.yml', rules]]), catalogs: [SERVICE] },
        { nowMs: 0 },
      );
      const whole = problems.filter(({ place }) => place.line === 5 && place.column === 12);
      const never = whole.some(
        ({ check, message, place }) =>
          check === 'impossible-alert' && message.endsWith('never holds') && marked(place.excerpt) === query,
      );
      const always = whole.some(
        ({ check, message }) => check === 'missing-condition' && message.includes('always holds'),
      );
      if (!never && !always) return;
      const answer = await valuesOf(storage, query);
      if (answer === undefined) return;
      if (never) {
        held.never++;
        expect(answer, query).toEqual([]);
      } else {
        held.always++;
        const all = await valuesOf(storage, Number.isNaN(Number(left)) ? left : right);
        // NaN differs from every number.
        const kept = all!.filter((one) => op === '!=' || !Number.isNaN(one));
        expect(answer.length, query).toBe(kept.length);
      }
    }),
    { numRuns: 2500 },
  );
  expect(held.never).toBeGreaterThan(100);
  expect(held.always).toBeGreaterThan(20);
});

function marked(excerpt = ''): string {
  const [line = '', marks = ''] = excerpt.split('\n');
  return line.slice(marks.indexOf('^'), marks.lastIndexOf('^') + 1);
}
