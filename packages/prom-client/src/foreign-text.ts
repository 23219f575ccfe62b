/**
 * The text of what this process knows only as data: metrics that a program shows itself (an object with `get()`,
 * such as the ones that `AggregatorRegistry.aggregate` makes), and families that only other processes have.
 */
import type { Exemplar } from './exemplar.ts';
import { exemplarOf, labelsOfFamily } from './family-labels.ts';
import type { GivenLabels } from './labels.ts';
import type { MetricObject, MetricValue } from './metric.ts';
import { type Family, formatNumber, getValueAsString, joined, labelsText, type TextOutput } from './text.ts';

/** A value whose labels may come in two parts. */
type ForeignValue = Partial<MetricValue> & { readonly value: number; readonly sharedLabels?: GivenLabels };

/** Writes a metric that is given as an object. */
export function writeForeign(out: TextOutput, { name, help, type, values }: MetricObject): void {
  out.head(name, help, type);
  for (const value of (values ?? []) as readonly ForeignValue[]) {
    const { labels = {}, sharedLabels = {}, metricName = name, exemplar } = value;
    const all = { ...labels, ...out.defaultLabels, ...labels };
    const text = joined(labelsText(all, sharedLabels), labelsText(sharedLabels));
    out.sample(out.sampleName(metricName, type), text, getValueAsString(value.value), exemplar);
  }
}

/** Writes a family of which this process has no metric. */
export function writeUnknownFamily(out: TextOutput, family: Family): void {
  const { name, help } = family;
  const type = family.type === 'info' || family.type === 'stateset' ? 'gauge' : family.type;
  out.head(name, help, type);
  const sample = (suffix: string, labels: GivenLabels, value: number, exemplar?: Exemplar) =>
    out.sample(out.sampleName(`${name}${suffix}`, type), labelsText(labels), formatNumber(value), exemplar);
  const defaults = out.defaultLabels;
  if (family.type === 'histogram') {
    for (const series of family.series) {
      const labels = { ...defaults, ...labelsOfFamily(family, series) };
      let count = 0;
      for (let i = 0; i <= family.bounds.length; i++) {
        count += series.counts[i] ?? 0;
        const le = family.bounds[i] ?? '+Inf';
        sample('_bucket', { le, ...labels }, count, exemplarOf(series.exemplars?.[i]));
      }
      sample('_sum', labels, series.sum);
      sample('_count', labels, count);
    }
  } else if (family.type === 'summary') {
    for (const series of family.series) {
      const own = labelsOfFamily(family, series);
      const labels = { ...own, ...defaults, ...own };
      family.quantiles.forEach((quantile, i) => {
        sample('', { quantile, ...labels }, series.quantileValues[i] ?? Number.NaN);
      });
      sample('_sum', labels, series.sum);
      sample('_count', labels, series.count);
    }
  } else {
    for (const series of family.series) {
      const own = labelsOfFamily(family, series);
      sample('', { ...own, ...defaults, ...own }, series.value, exemplarOf(series.exemplar));
    }
  }
}
