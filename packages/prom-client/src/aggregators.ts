/**
 * Adding up what several processes say of a metric, as objects (`getMetricsAsJSON`), for programs that carry them
 * from process to process themselves. Series are the same where name and labels are; a missing label and an empty
 * one are not told apart.
 */
import type { MetricObject, MetricValue } from './metric.ts';

/** Makes one metric of several; undefined where there is nothing to show. */
export type AggregateFunction = (metrics: readonly MetricObject[]) => MetricObject | undefined;

/** Makes an aggregator of a function that makes one value of those that a series has in several processes. */
export function AggregatorFactory(combine: (values: readonly MetricValue[]) => number): AggregateFunction {
  return (metrics) => {
    const [first] = metrics;
    if (first === undefined) return undefined;
    const { help, name, type, aggregator } = first;
    const series = new Map<string, MetricValue[]>();
    for (const { values } of metrics) {
      for (const value of values) {
        const key = keyOf(value);
        const known = series.get(key);
        if (known === undefined) series.set(key, [value]);
        else known.push(value);
      }
    }
    const combined = [...series.values()].map((values) => {
      const [{ labels, metricName }] = values as [MetricValue, ...MetricValue[]];
      return { value: combine(values), labels, ...(metricName && { metricName }) };
    });
    return { help, name, type, values: combined, aggregator };
  };
}

/** Equal for the same series and for no other: the lengths in front of the texts make it so. */
function keyOf({ metricName = '', labels }: MetricValue): string {
  let key = metricName;
  for (const name of Object.keys(labels).sort()) {
    const value = String(labels[name] ?? '');
    if (value !== '') key += `|${name.length}:${name}${value.length}:${value}`;
  }
  return key;
}

function sum(values: readonly MetricValue[]): number {
  return values.reduce((total, { value }) => total + value, 0);
}

/** The aggregators by the names that definitions use. */
export const aggregators: Record<string, AggregateFunction> = {
  sum: AggregatorFactory(sum),
  first: AggregatorFactory(([first]) => first!.value),
  omit: () => undefined,
  average: AggregatorFactory((values) => sum(values) / values.length),
  min: AggregatorFactory((values) => Math.min(...values.map(({ value }) => value))),
  max: AggregatorFactory((values) => Math.max(...values.map(({ value }) => value))),
};

/**
 * One metric of several of a summary or of any other type: quantiles of several processes are left out, since none
 * of them is one of all.
 */
export function aggregate(metrics: readonly MetricObject[], name: string): MetricObject | undefined {
  const combine = aggregators[name];
  if (typeof combine !== 'function') throw new Error(`'${name}' is not a defined aggregator.`);
  if (metrics[0]?.type !== 'summary' || metrics.length < 2) return combine(metrics);
  const isTotal = ({ labels }: MetricValue) => labels.quantile === undefined;
  return combine(metrics.map((metric) => ({ ...metric, values: metric.values.filter(isTotal) })));
}
