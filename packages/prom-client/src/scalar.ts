/** How counters and gauges, whose series are single values, are shown. */
import type { Exemplar } from './exemplar.ts';
import { exemplarOf, labelsOfFamily, textOfFamily } from './family-labels.ts';
import type { Series } from './series.ts';
import {
  type Defaults,
  defaultsText,
  type Family,
  formatNumber,
  joined,
  labelsText,
  type TextOutput,
} from './text.ts';

/** What is written of a metric. */
interface Shown {
  readonly name: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}

/** The series of a metric, and for what their texts were made. */
interface Texts {
  readonly shown: Iterable<Series>;
  textsFor: string;
}

/** Writes the values of this process. All of a line but its value is made once, as long as its labels stay. */
export function writeScalars(out: TextOutput, { name, type, labelNames }: Shown, texts: Texts): void {
  const sample = out.sampleName(name, type);
  const defaults = out.defaultsFor(labelNames);
  const textsFor = `${sample} ${defaults.text}${labelsText(defaults.replaceable ?? {})}`;
  if (texts.textsFor !== textsFor) {
    for (const series of texts.shown) series.text = undefined;
    texts.textsFor = textsFor;
  }
  for (const series of texts.shown) {
    const exemplar = out.openMetrics ? series.exemplars?.get(0) : undefined;
    if (exemplar === undefined) {
      series.text ??= frontOf(series, sample, defaults);
      out.line(series.text, series.value);
    } else out.sample(sample, labelsOf(series, defaults), formatNumber(series.value), exemplar);
  }
}

function labelsOf({ labels }: Series, defaults: Defaults): string {
  return joined(labelsText(labels), defaultsText(defaults, labels));
}

function frontOf(series: Series, sample: string, defaults: Defaults): string {
  const labels = labelsOf(series, defaults);
  const front = labels === '' ? `${sample} ` : `${sample}{${labels}} `;
  // Looking at a character makes one text of the pieces that it was put together from, which would be kept apart.
  front.charCodeAt(0);
  return front;
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
