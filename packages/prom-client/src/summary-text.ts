/** How summaries are shown: a line for each percentile, `quantile` before all other labels, then sum and count. */
import { labelsOfFamily, textOfFamily } from './family-labels.ts';
import type { GivenLabels } from './labels.ts';
import { defaultsText, type Family, joined, labelsText, type TextOutput } from './text.ts';

/** What is written of a summary. */
interface Shown {
  readonly name: string;
  readonly labelNames: readonly string[];
  readonly percentiles: readonly number[];
}

interface Quantiles {
  percentile(percentile: number): number;
}

interface Own extends Quantiles {
  readonly labels: GivenLabels;
  text: string | undefined;
  readonly sum: number;
  readonly count: number;
}

/** Writes the values of this process. */
export function writeSummary(out: TextOutput, shown: Shown, allSeries: Iterable<Own>): void {
  const defaults = out.defaultsFor(shown.labelNames);
  for (const series of allSeries) {
    series.text ??= labelsText(series.labels);
    const labels = joined(series.text, defaultsText(defaults, series.labels));
    writeQuantiles(out, shown, labels, series);
    writeTotals(out, shown.name, labels, series.sum, series.count);
  }
}

/** Writes the values of all processes. */
export function writeSummaryFamily(out: TextOutput, shown: Shown, family: Family): void {
  if (family.type !== 'summary') return;
  const defaults = out.defaultsFor(shown.labelNames);
  for (const series of family.series) {
    const own = defaults.replaceable === undefined ? {} : labelsOfFamily(family, series);
    const labels = joined(textOfFamily(family, series), defaultsText(defaults, own));
    // 0 where nothing was observed lately, as in the values of one process.
    const percentile = (one: number) => series.quantileValues[family.quantiles.indexOf(one)] || 0;
    writeQuantiles(out, shown, labels, { percentile });
    writeTotals(out, shown.name, labels, series.sum, series.count);
  }
}

function writeQuantiles(
  out: TextOutput,
  { name, percentiles }: Shown,
  labels: string,
  series: Quantiles,
): void {
  for (const quantile of percentiles) {
    out.line(`${name}{${joined(`quantile="${quantile}"`, labels)}} `, series.percentile(quantile));
  }
}

function writeTotals(out: TextOutput, name: string, labels: string, sum: number, count: number): void {
  const braces = labels === '' ? '' : `{${labels}}`;
  out.line(`${name}_sum${braces} `, sum);
  out.line(`${name}_count${braces} `, count);
}
