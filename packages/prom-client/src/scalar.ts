/** How counters and gauges, whose series are single values, are shown. */
import type { Exemplar } from './exemplar.ts';
import { exemplarOf, labelsOfFamily, textOfFamily } from './family-labels.ts';
import type { Series } from './series.ts';
import { defaultsText, type Family, formatNumber, joined, labelsText, type TextOutput } from './text.ts';

/** What is written of a metric. */
interface Shown {
  readonly name: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}

/** Writes the values of this process. */
export function writeScalars(
  out: TextOutput,
  { name, type, labelNames }: Shown,
  shown: Iterable<Series>,
): void {
  const sample = out.sampleName(name, type);
  const defaults = out.defaultsFor(labelNames);
  for (const series of shown) {
    series.text ??= labelsText(series.labels);
    const labels = joined(series.text, defaultsText(defaults, series.labels));
    const value = formatNumber(series.value);
    out.sample(sample, labels, value, series.exemplars?.get(0));
  }
}

/** Writes the values of all processes. */
export function writeScalarFamily(out: TextOutput, { name, type, labelNames }: Shown, family: Family): void {
  if (family.type === 'histogram' || family.type === 'summary') return;
  const sample = out.sampleName(name, type);
  const defaults = out.defaultsFor(labelNames);
  for (const series of family.series) {
    const own = defaults.replaceable === undefined ? {} : labelsOfFamily(family, series);
    const labels = joined(textOfFamily(family, series), defaultsText(defaults, own));
    out.sample(sample, labels, formatNumber(series.value), exemplarOf(series.exemplar));
  }
}

/** Values as `get()` gives them. */
export function scalarValues(
  shown: Iterable<Series>,
): { value: number; labels: Record<string, unknown>; exemplar?: Exemplar }[] {
  const values = [];
  for (const series of shown) {
    const exemplar = series.exemplars?.get(0);
    values.push({
      value: series.value,
      labels: { ...series.labels },
      ...(exemplar !== undefined && { exemplar }),
    });
  }
  return values;
}
