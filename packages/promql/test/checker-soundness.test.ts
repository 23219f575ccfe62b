/**
 * What the checker says of arbitrary queries is held against the engine: a selector that selects nothing, a matching
 * that never matches, a quantile without buckets must have an empty answer over data that the catalog describes.
 */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import {
  Catalog,
  checkQuery,
  type Finding,
  indexOfByte,
  type MemoryStorage,
  parse,
  QueryError,
} from '../dist/index.js';
import { parses } from './queries.ts';
import { answer, loaded } from './script.ts';

vi.setConfig({ testTimeout: 300_000 });

const catalog = Catalog.of(
  [
    { name: 'jobs_total', type: 'counter', labels: { status: ['ok', 'failed'] }, everySeries: true },
    { name: 'sent_total', type: 'counter', labels: { path: 'open' } },
    { name: 'pending', type: 'gauge', labels: {} },
    { name: 'state', type: 'stateset', labels: { state: ['on', 'off'] }, everySeries: true },
    { name: 'took_seconds', type: 'histogram', form: 'classic', labels: { path: 'open' }, bounds: [1, 5] },
    { name: 'build_info', type: 'info', labels: { version: ['1', '2'] }, everySeries: true },
    { name: 'sometimes', type: 'gauge', labels: { zone: ['', 'a', 'b'] } },
  ],
  { targetLabels: { job: ['api', 'worker'] } },
);

const TARGETS = ['job="api",instance="a"', 'job="api",instance="b"', 'job="worker",instance="c"'];

/** Series of everything in the catalog; open labels differ between targets. */
function data(): MemoryStorage {
  const lines = TARGETS.flatMap((target, i) => [
    `jobs_total{${target},status="ok"} 0+${i + 1}x40`,
    `jobs_total{${target},status="failed"} 0+1x40`,
    `sent_total{${target},path="/"} 0+2x40`,
    ...(i === 1 ? [] : [`sent_total{${target},path="/b"} 0+3x40`, `sent_total{${target}} 0+1x40`]),
    `pending{${target}} 5-1x40`,
    `state{${target},state="on"} 1x40`,
    `state{${target},state="off"} 0x40`,
    ...['1', '5', '+Inf'].map((le, n) => `took_seconds_bucket{${target},path="/",le="${le}"} 0+${n + 1}x40`),
    `took_seconds_sum{${target},path="/"} 0+4x40`,
    `took_seconds_count{${target},path="/"} 0+3x40`,
    `build_info{${target},version="${1 + (i % 2)}"} 1x40`,
    `sometimes{${target}${i === 0 ? '' : ',zone="a"'}} ${i}x40`,
    `up{${target}} 1x40`,
  ]);
  return loaded(15_000, ...lines);
}

const name = fc.constantFrom(
  ...['jobs_total', 'sent_total', 'pending', 'state', 'build_info', 'sometimes', 'up', 'gone'],
  ...['took_seconds_bucket', 'took_seconds_sum', 'took_seconds_count', 'took_seconds'],
);
const label = fc.constantFrom('job', 'instance', 'status', 'path', 'state', 'version', 'zone', 'le', 'pod');
const labels = fc.uniqueArray(label, { maxLength: 3 }).map((all) => all.join(', '));
const matcher = fc
  .tuple(
    label,
    fc.constantFrom('=', '!=', '=~', '!~'),
    fc.constantFrom(
      '',
      'ok',
      'api',
      'worker',
      '/',
      '/b',
      'on',
      '1',
      '5',
      'ok|failed',
      '.+',
      '.*',
      'a|c',
      '[ab]',
      'x',
    ),
  )
  .map(([one, op, value]) => `${one}${op}"${value}"`);
const selector = fc
  .tuple(name, fc.array(matcher, { maxLength: 2 }))
  .map(([one, all]) => (all.length === 0 ? one : `${one}{${all.join(', ')}}`));

const { vector } = fc.letrec<{ vector: string }>((tie) => ({
  vector: fc.oneof(
    { maxDepth: 4 },
    { weight: 3, arbitrary: selector },
    { weight: 2, arbitrary: selector.map((one) => `rate(${one}[5m])`) },
    fc.constantFrom('vector(1)', 'hour()', 'absent(gone{job="api"})'),
    {
      weight: 2,
      arbitrary: fc
        .tuple(
          fc.constantFrom('sum', 'max', 'count'),
          fc.constantFrom('by', 'without'),
          labels,
          tie('vector'),
        )
        .map(([op, by, names, inner]) => `${op} ${by} (${names}) (${inner})`),
    },
    fc.tuple(tie('vector')).map(([inner]) => `topk(1, ${inner})`),
    fc.tuple(tie('vector')).map(([inner]) => `histogram_quantile(0.5, ${inner})`),
    fc
      .tuple(tie('vector'), label, fc.constantFrom('x', '$1', ''), label, fc.constantFrom('(.*)', '(.+)', ''))
      .map(
        ([inner, to, text, from, re]) => `label_replace(${inner}, "${to}", "${text}", "${from}", "${re}")`,
      ),
    fc
      .tuple(tie('vector'), fc.constantFrom('> 1', '* 2', '== bool 1'))
      .map(([inner, rest]) => `(${inner}) ${rest}`),
    {
      weight: 4,
      arbitrary: fc
        .tuple(
          tie('vector'),
          fc.constantFrom('/', '+', '>', '> bool', 'and', 'or', 'unless'),
          fc.constantFrom('', 'on', 'ignoring'),
          labels,
          fc.constantFrom('', '', 'group_left ()', 'group_right ()', 'group_left (version)'),
          tie('vector'),
        )
        .map(([left, op, matching, names, group, right]) => {
          const matched = matching === '' ? '' : `${matching} (${names}) ${/[a-z]$/.test(op) ? '' : group}`;
          return `(${left}) ${op} ${matched} (${right})`;
        }),
    },
  ),
}));

/** Whether a finding says that the expression at its place has no answer. */
function saysNothingComes({ check, severity }: Finding, text: string): boolean {
  if (severity !== 'error') return false;
  if (check === 'impossible-match') return parse(text).type === 'binaryExpr' && !/\bunless\b/.test(text);
  if (check === 'unknown-label') return parses(text) && parse(text).type === 'vectorSelector';
  return ['unknown-metric', 'impossible-matcher', 'quantile-without-le', 'ambiguous-match'].includes(check);
}

test('what is said to have no answer has none', async () => {
  const storage = data();
  const held = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(vector.filter(parses), async (query) => {
      for (const finding of checkQuery(parse(query), catalog)) {
        const text = query.slice(indexOfByte(query, finding.start), indexOfByte(query, finding.end));
        if (!parses(text) || !saysNothingComes(finding, text)) continue;
        held.set(finding.check, (held.get(finding.check) ?? 0) + 1);
        const lines = await answer(storage, text, 600_000).catch((error: unknown) => {
          if (error instanceof QueryError) return [];
          throw error;
        });
        expect(lines, `${text}: ${finding.message}`).toEqual([]);
      }
    }),
    { numRuns: 3000 },
  );
  // Each of these checks had something to prove.
  for (const check of ['unknown-metric', 'impossible-matcher', 'quantile-without-le', 'impossible-match'])
    expect(held.get(check), check).toBeGreaterThan(20);
  expect(held.get('unknown-label')).toBeGreaterThan(20);
});

test('labels that were inferred are those that there are', async () => {
  const storage = data();
  let counted = 0;
  await fc.assert(
    fc.asyncProperty(vector.filter(parses), async (query) => {
      // A label that the outer `by` is said not to have groups nothing.
      for (const one of ['status', 'path', 'zone', 'le', 'version']) {
        const outer = `count by (${one}) (${query})`;
        const found = checkQuery(parse(outer), catalog).filter(
          ({ check, start }) => start === 0 && (check === 'unknown-label' || check === 'dropped-label'),
        );
        if (found.length === 0 || !found.some(({ end }) => end === outer.length)) continue;
        counted++;
        const lines = await answer(storage, outer, 600_000).catch((error: unknown) => {
          if (error instanceof QueryError) return [];
          throw error;
        });
        expect(lines.length, outer).toBeLessThanOrEqual(1);
        expect(
          lines.filter((line) => line.includes(`${one}=`)),
          outer,
        ).toEqual([]);
      }
    }),
    { numRuns: 1000 },
  );
  expect(counted).toBeGreaterThan(500);
});
