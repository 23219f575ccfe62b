import { afterEach, expect, test } from 'vitest';
import {
  type Family,
  type HistogramFamily,
  type ScalarFamily,
  writeOpenMetrics,
} from '../dist/exposition/index.js';
import { counter, createRegistry, histogram, label, type Registry } from '../dist/index.js';
import { MetricsDirectory } from '../dist/store/directory.js';
import { Merger } from '../dist/store/merge.js';
import { loadNativeFiles } from '../dist/store/native.js';
import { DirectoryReader } from '../dist/store/reader.js';
import { SharedStore } from '../dist/store/shared.js';
import { metricsDirectory } from './members.ts';

const native = await loadNativeFiles();

const families = (registry: Registry): readonly Family[] => new Merger().merge([registry.ownView!]).families;

function exemplarsOf(shown: readonly Family[], name: string) {
  const family = shown.find((one) => one.name === name)!;
  if (family.type === 'histogram') return (family as HistogramFamily).series[0]!.exemplars ?? [];
  return [(family as ScalarFamily).series[0]!.exemplar];
}

test('an exemplar stands behind its counter and in its bucket', () => {
  const registry = createRegistry();
  const done = counter({ name: 'done_total', help: 'D', labels: { how: label }, registry });
  const size = histogram({ name: 'size', help: 'S', buckets: [1, 5], registry });
  done.inc({ how: 'well' }, 2, { exemplar: { trace_id: 'abc', emoji: '🦊' } });
  size.observe(0.5);
  size.observe(3, { exemplar: { trace_id: 'one' } });
  size.observe(4, { exemplar: { trace_id: 'two' } });
  const text = [...writeOpenMetrics(families(registry))].join('');
  expect(text).toMatch(/^done_total\{how="well"\} 2 # \{trace_id="abc",emoji="🦊"\} 2 \d+\.?\d*$/m);
  expect(text).toMatch(/^size_bucket\{le="5\.0"\} 3 # \{trace_id="two"\} 4 \d+/m);
  expect(text).toMatch(/^size_bucket\{le="1\.0"\} 1$/m);
});

test('exemplars survive the adding up of processes, and their death: the newest one stays', async () => {
  const directory = MetricsDirectory.open(metricsDirectory(), 'test', '', native);
  const stores: SharedStore[] = [];
  for (const trace_id of ['first', 'second', 'none']) {
    const registry = createRegistry();
    const store = await SharedStore.join(directory, () => {});
    stores.push(store);
    registry.attach(store);
    const done = counter({ name: 'done_total', help: 'D', registry });
    done.inc(1, trace_id === 'none' ? undefined : { exemplar: { trace_id } });
    await new Promise((resolve) => setTimeout(resolve, 2)); // another millisecond
  }
  const reader = new DirectoryReader(directory);
  const shown = () => exemplarsOf(reader.read().families, 'done_total')[0];
  const expected = { labels: [['trace_id', 'second']], value: 1 };
  expect(shown()).toMatchObject(expected);
  stores[1]!.close();
  stores[0]!.close();
  expect(shown()).toMatchObject(expected);
  expect(reader.fold()).toBe(2);
  expect(shown()).toMatchObject(expected);
});

test('what moves from the memory of the process into a directory keeps its exemplars', async () => {
  const registry = createRegistry();
  const size = histogram({ name: 'size', help: 'S', buckets: [1], native: true, registry });
  size.observe(7, { exemplar: { trace_id: 'abc' } });
  const directory = MetricsDirectory.open(metricsDirectory(), 'test', '', native);
  registry.attach(await SharedStore.join(directory, () => {}));
  size.observe(7);
  const shown = new DirectoryReader(directory).read().families;
  expect(exemplarsOf(shown, 'size')[1]).toMatchObject({ labels: [['trace_id', 'abc']], value: 7 });
  expect((shown[0] as HistogramFamily).series[0]!.native).toMatchObject({ count: 2, sum: 14 });
});

test('an exemplar that is too long, or none, is left out and counted; the count itself is there', () => {
  const registry = createRegistry();
  const done = counter({ name: 'done_total', help: 'D', registry });
  done.inc(1, { exemplar: { trace_id: 'x'.repeat(121) } });
  done.inc(1, { exemplar: { trace_id: 7 } as never });
  done.inc(1, { exemplar: { trace_id: 'x'.repeat(120) } });
  const shown = families(registry);
  expect((shown.find(({ name }) => name === 'done_total') as ScalarFamily).series[0]).toMatchObject({
    value: 3,
    exemplar: { labels: [['trace_id', 'x'.repeat(120)]] },
  });
  expect(shown.find(({ name }) => name === 'binnacle_metrics_dropped_total')).toMatchObject({
    series: [{ labelValues: ['done_total', 'exemplar'], value: 2 }],
  });
});

const API = Symbol.for('opentelemetry.js.api.1');
const holder = globalThis as { [API]?: unknown };
afterEach(() => {
  delete holder[API];
});

/** OpenTelemetry's API as it keeps itself on globalThis, with a span that is active. */
function activeSpan(traceFlags: number): void {
  const span = { spanContext: () => ({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags }) };
  const key = Symbol.for('OpenTelemetry Context Key SPAN');
  holder[API] = {
    context: { active: () => ({ getValue: (asked: symbol) => (asked === key ? span : undefined) }) },
  };
}

test('the active span is the exemplar where a metric asks for it and the span is sampled', () => {
  const registry = createRegistry();
  const asks = counter({ name: 'asks_total', help: 'A', spanExemplars: true, registry });
  const took = histogram({ name: 'took', help: 'T', buckets: [1], spanExemplars: true, registry });
  const silent = counter({ name: 'silent_total', help: 'S', registry });
  const countAll = () => {
    asks.inc();
    took.observe(0.5);
    silent.inc();
  };
  countAll();
  activeSpan(0);
  countAll();
  expect(exemplarsOf(families(registry), 'asks_total')).toEqual([undefined]);
  activeSpan(1);
  countAll();
  const labels = [
    ['trace_id', 'a'.repeat(32)],
    ['span_id', 'b'.repeat(16)],
  ];
  expect(exemplarsOf(families(registry), 'asks_total')).toMatchObject([{ labels, value: 1 }]);
  expect(exemplarsOf(families(registry), 'took')).toMatchObject([{ labels, value: 0.5 }]);
  expect(exemplarsOf(families(registry), 'silent_total')).toEqual([undefined]);
  holder[API] = { context: { active: () => ({ getValue: () => ({}) }) } };
  countAll(); // whatever is installed there hurts nobody
});
