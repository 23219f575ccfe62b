/**
 * What other clients for Node.js were found to do wrong, each a case here. Several of them are also shown by other
 * tests; here they stand together.
 */
import { once } from 'node:events';
import path from 'node:path';
import { expect, test } from 'vitest';
import {
  counter,
  createRegistry,
  exposition,
  gauge,
  histogram,
  label,
  type Registry,
  summary,
} from '../dist/index.js';
import { type Member, member, metricsDirectory, spun, valueIn } from './members.ts';

const OPENMETRICS = 'application/openmetrics-text;version=1.0.0';

async function textOf(registry: Registry, accept = 'text/plain'): Promise<string> {
  return String((await exposition(registry, { accept })).body);
}

/** The sample lines of a metric. */
async function lines(registry: Registry, name: string): Promise<string[]> {
  return (await textOf(registry)).split('\n').filter((line) => line.startsWith(name));
}

test.each([
  [
    { x: 'p|', y: 'q' },
    { x: 'p', y: '|q' },
  ],
  [
    { x: '1,y:2', y: '' },
    { x: '1', y: '2' },
  ],
  [
    { x: 'a":"b', y: 'c' },
    { x: 'a', y: 'b":"c' },
  ],
])('label sets that look alike when they are joined are two series: %j and %j', async (one, other) => {
  const registry = createRegistry();
  const seen = counter({ name: 'seen_total', help: 'S', labels: { x: label, y: label }, registry });
  seen.inc(one, 1);
  seen.inc(other, 2);
  expect((await lines(registry, 'seen_total')).map((line) => line.split(' ').at(-1))).toEqual(['1', '2']);
});

test('a missing label is a mistake and an empty one a value, never two samples of one series', async () => {
  const registry = createRegistry();
  const seen = counter({ name: 'seen_total', help: 'S', labels: { x: label, y: label }, registry });
  seen.inc({ x: 'a', y: '' });
  seen.inc({ x: 'a' } as never);
  expect(await lines(registry, 'seen_total')).toEqual(['seen_total{x="a",y=""} 1']);
  expect(await textOf(registry)).toContain('reason="label_missing"} 1');
});

test('an object of labels that its caller changes later changes no series', async () => {
  const registry = createRegistry();
  const seen = counter({ name: 'seen_total', help: 'S', labels: { x: label }, registry });
  const labels = { x: '1' };
  seen.inc(labels);
  const bound = seen.bind(labels);
  labels.x = '2';
  seen.inc(labels);
  bound.inc();
  expect(await lines(registry, 'seen_total')).toEqual(['seen_total{x="1"} 2', 'seen_total{x="2"} 1']);
});

test('a scrape in one format changes nothing in the next one', async () => {
  const registry = createRegistry();
  counter({ name: 'jobs_total', help: 'J', registry }).inc();
  const before = await textOf(registry);
  expect(await textOf(registry, OPENMETRICS)).toContain('# TYPE jobs counter\njobs_total 1');
  expect(await textOf(registry)).toBe(before);
});

test('NaN is NaN, and bounds are canonical in OpenMetrics', async () => {
  const registry = createRegistry();
  gauge({ name: 'unknown', help: 'U', registry }).set(Number.NaN);
  histogram({ name: 'size', help: 'S', buckets: [1, 2.5, 1e21], registry }).observe(1);
  expect(await lines(registry, 'unknown')).toEqual(['unknown NaN']);
  const text = await textOf(registry, OPENMETRICS);
  for (const bound of ['1.0', '2.5', '1e+21', '+Inf'])
    expect(text).toContain(`size_bucket{le="${bound}"} 1\n`);
});

test.each([
  ['le', () => histogram({ name: 'a', help: 'A', labels: { le: label } })],
  ['quantile', () => summary({ name: 'a', help: 'A', labels: { quantile: label } })],
  ['__name__', () => counter({ name: 'a_total', help: 'A', labels: { __name__: label } })],
  ['increasing', () => histogram({ name: 'a', help: 'A', buckets: [1, 5, 3] })],
])('%s: what the format does not allow is refused when it is defined', (what, define) => {
  expect(define).toThrow(what);
});

test('one observation of a summary is one, in every window and after every rotation', async () => {
  const registry = createRegistry();
  const latency = summary({
    name: 'latency',
    help: 'L',
    quantiles: [0, 0.5, 1],
    windowMs: 60_000,
    windowSteps: 5,
    registry,
  });
  latency.observe(1);
  latency.observe(2);
  latency.observe(3);
  expect(await lines(registry, 'latency')).toEqual([
    'latency{quantile="0"} 1',
    expect.stringMatching(/^latency\{quantile="0\.5"\} (?:1\.9[789]|2\.0[012])/),
    'latency{quantile="1"} 3',
    'latency_sum 6',
    'latency_count 3',
  ]);
});

test('observing what is no finite number throws nothing into the program', async () => {
  const registry = createRegistry();
  const size = histogram({ name: 'size', help: 'S', buckets: [1], native: true, registry });
  const latency = summary({ name: 'latency', help: 'L', registry });
  for (const value of [Infinity, -Infinity, Number.NaN, undefined as never, '1' as never, 1n as never]) {
    size.observe(value);
    latency.observe(value);
  }
  expect(await lines(registry, 'size_count')).toEqual(['size_count 2']);
});

test('a label that there is not is dropped when it is given, and throws neither then nor later', async () => {
  const registry = createRegistry();
  const seen = counter({ name: 'seen_total', help: 'S', labels: { x: label }, registry });
  const bound = seen.bind({ x: '1', z: '2' } as never);
  expect(await textOf(registry)).toContain('{metric="seen_total",reason="label_unknown"} 1');
  bound.inc();
  seen.inc({ x: '1', z: '2' } as never);
  expect(await lines(registry, 'seen_total')).toEqual([]);
  expect(await textOf(registry)).toContain('{metric="seen_total",reason="label_unknown"} 2');
});

test('OpenMetrics of several processes ends as it must', async () => {
  const directory = metricsDirectory();
  const [one, other] = [await member(directory), await member(directory)];
  await one.tell('inc', 1);
  await other.tell('inc', 2);
  const text = String(await one.tell('openmetrics'));
  expect(valueIn(text, 'done_total{how="well"}')).toBe(3);
  expect(text.endsWith('\n# EOF\n')).toBe(true);
});

test('the sum stays when workers end or are killed, and one whose loop is blocked holds nobody up', async () => {
  const directory = metricsDirectory();
  const members = [];
  for (let i = 0; i < 4; i++) members.push(await member(directory));
  const [asked, killed, ended, busy] = members as [Member, Member, Member, Member];
  for (const one of members) await one.tell('inc', 5_000);
  const sum = async () => valueIn(String(await asked.tell('exposition')), 'done_total{how="well"}');
  expect(await sum()).toBe(20_000);
  await killed.kill();
  expect(await sum()).toBe(20_000);
  const gone = once(ended.process, 'exit');
  await Promise.all([gone, expect(ended.tell('exit')).rejects.toThrow('ended')]);
  expect(await sum()).toBe(20_000);
  // Counts as fast as it can, and answers nobody any more.
  const note = path.join(metricsDirectory(), 'note');
  busy.process.send({ id: 1_000, action: 'spin', argument: note });
  await expect.poll(() => spun(note)).toBeGreaterThan(0);
  for (let i = 0; i < 5; i++) expect(await sum()).toBe(20_000);
  expect(valueIn(String(await asked.tell('exposition')), 'done_total{how="badly"}')).toBeGreaterThan(0);
  const answering = sum();
  await busy.kill(); // while it is asked
  expect(await answering).toBe(20_000);
});
