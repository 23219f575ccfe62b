/** The panels of the watches over series of an instrument that counts: every one of them shows something. */
import {
  Engine,
  type LabelDefinition,
  MemoryStorage,
  type MetricDefinition,
  parseLabels,
} from '@binnacle/promql';
import { describe, expect, test } from 'vitest';
import { wholeWatches } from './whole-watches.ts';

const STEP_MS = 15_000;
const STEPS = 240;

/** What stands for the values of open labels; of those that mean something, one of each kind. */
const OPEN_VALUES: Readonly<Record<string, readonly string[]>> = {
  status: ['200', '302', '404', '503'],
  mode: ['idle', 'user'],
};

function valuesOf(label: string, domain: LabelDefinition): readonly string[] {
  if (Array.isArray(domain)) return domain as readonly string[];
  return OPEN_VALUES[label] ?? ['a', 'b'];
}

/** Every combination of the values of its labels, as the inside of braces. */
function combinations(labels: Readonly<Record<string, LabelDefinition>>): string[] {
  return Object.entries(labels).reduce<string[]>(
    (all, [label, domain]) =>
      all.flatMap((before) => valuesOf(label, domain).map((value) => `${before},${label}="${value}"`)),
    ['job="shop"'],
  );
}

/** Stores a metric of two instances: counters go up, gauges stand still, histograms fill all their buckets alike. */
function store(storage: MemoryStorage, { name, type, labels = {}, buckets = [] }: MetricDefinition): void {
  for (const [i, inside] of combinations(labels).entries()) {
    for (const instance of ['a', 'b']) {
      const own = `${inside},instance="${instance}"`;
      const fill = (series: string, valueAt: (step: number) => number): void => {
        for (let step = 0; step <= STEPS; step++)
          storage.append(parseLabels(series), step * STEP_MS, valueAt(step));
      };
      if (type === 'histogram') {
        const bounds = [...buckets, '+Inf'];
        for (const [k, le] of bounds.entries())
          fill(`${name}_bucket{${own},le="${le}"}`, (step) => step * (k + 1));
        fill(`${name}_count{${own}}`, (step) => step * bounds.length);
        fill(`${name}_sum{${own}}`, (step) => step * bounds.length);
      } else if (type === 'counter') fill(`${name}{${own}}`, (step) => step * (i + 1));
      else fill(`${name}{${own}}`, () => (type === 'info' ? 1 : i + 1));
    }
  }
}

// Two watches may have the same metric.
const definitions = new Map<string, MetricDefinition>([['up', { type: 'gauge', name: 'up' }]]);
const watches = wholeWatches({ defined: (one) => definitions.set(one.name, one) });
const storage = new MemoryStorage();
for (const definition of definitions.values()) store(storage, definition);
const engine = new Engine({ lookbackMs: 300_000 });

describe.each(Object.entries(watches))('%s', (_name, { rows }) => {
  const queries = rows.flatMap(({ title, panels }) =>
    panels.flatMap((panel) =>
      panel.queries.map(({ expr, legend }) => ({ panel: `${title} / ${panel.title}`, legend, expr })),
    ),
  );

  test.each(queries)('$panel: $legend', async ({ expr }) => {
    const text = expr.replaceAll('$__rate_interval', '1m').replaceAll('$__range', '30m');
    const { value, warnings } = await engine.instant(storage, text, STEPS * STEP_MS);
    if (value.type !== 'vector') throw new Error(`${text} is a ${value.type}`);
    expect(value.samples.length).toBeGreaterThan(0);
    for (const sample of value.samples) expect(sample.value).not.toBeNaN();
    expect(warnings).toEqual([]);
  });
});
