/**
 * Histograms as text: as the HTTP API and `count_values` show them, `{count:3, sum:5, [-1,1]:1, (1,2]:2}`, and as
 * tests write them, `{{schema:1 count:3 sum:5 z_bucket:1 z_bucket_w:1 offset:1 buckets:[2]}}`.
 */
import type { NativeHistogram } from '@binnacle/metrics/model';
import { formatGeneral } from '../eval/format-general.ts';
import { boundOf, isCustom } from './bounds.ts';
import { type Buckets, negativeBuckets, positiveBuckets, withoutEmpty } from './buckets.ts';

/** A bucket with its bounds. `boundaries` says which of them belong to it. */
export interface ShownBucket {
  readonly boundaries: 'upper' | 'lower' | 'none' | 'both';
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

/** The buckets that have observations, from the lowest to the highest. */
export function shownBuckets(histogram: NativeHistogram): ShownBucket[] {
  const { schema, customValues, zeroThreshold, zeroCount } = histogram;
  const custom = isCustom(schema);
  const shown: ShownBucket[] = [];
  const negative = withoutEmpty(negativeBuckets(histogram));
  for (let i = negative.indices.length - 1; i >= 0; i--) {
    const index = negative.indices[i]!;
    const lower = -boundOf(index, schema, customValues);
    const upper = -boundOf(index - 1, schema, customValues);
    shown.push({ boundaries: 'lower', lower, upper, count: negative.counts[i]! });
  }
  if (zeroCount !== 0)
    shown.push({ boundaries: 'both', lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount });
  const positive = withoutEmpty(positiveBuckets(histogram));
  for (let i = 0; i < positive.indices.length; i++) {
    const index = positive.indices[i]!;
    const lower = boundOf(index - 1, schema, customValues);
    const upper = boundOf(index, schema, customValues);
    const boundaries = custom && index === 0 ? 'both' : 'upper';
    shown.push({ boundaries, lower, upper, count: positive.counts[i]! });
  }
  return shown;
}

/** A histogram as Prometheus shows it to people. */
export function formatHistogram(histogram: NativeHistogram): string {
  const parts = [`count:${formatGeneral(histogram.count)}`, `sum:${formatGeneral(histogram.sum)}`];
  for (const { boundaries, lower, upper, count } of shownBuckets(histogram)) {
    const open = boundaries === 'lower' || boundaries === 'both' ? '[' : '(';
    const close = boundaries === 'upper' || boundaries === 'both' ? ']' : ')';
    parts.push(`${open}${formatGeneral(lower)},${formatGeneral(upper)}${close}:${formatGeneral(count)}`);
  }
  return `{${parts.join(', ')}}`;
}

/** A histogram as tests write it; what has its default value is left out. */
export function formatHistogramLiteral(histogram: NativeHistogram): string {
  const parts: string[] = [];
  const number = (key: string, value: number): void => {
    if (value !== 0) parts.push(`${key}:${formatGeneral(value)}`);
  };
  number('schema', histogram.schema);
  number('count', histogram.count);
  number('sum', histogram.sum);
  number('z_bucket', histogram.zeroCount);
  number('z_bucket_w', histogram.zeroThreshold);
  if (isCustom(histogram.schema)) parts.push(`custom_values:${listText(histogram.customValues)}`);
  if (histogram.counterResetHint !== 'unknown')
    parts.push(`counter_reset_hint:${histogram.counterResetHint}`);
  const side = (prefix: string, buckets: Buckets): void => {
    const { indices, counts } = withoutEmpty(buckets);
    if (indices.length === 0) return;
    const first = indices[0]!;
    const all = new Float64Array(indices.at(-1)! - first + 1);
    indices.forEach((index, i) => {
      all[index - first] = counts[i]!;
    });
    number(`${prefix}offset`, first);
    parts.push(`${prefix}buckets:${listText(all)}`);
  };
  side('', positiveBuckets(histogram));
  side('n_', negativeBuckets(histogram));
  return `{{${parts.join(' ')}}}`;
}

function listText(values: Float64Array): string {
  return `[${[...values].map((value) => formatGeneral(value)).join(' ')}]`;
}
