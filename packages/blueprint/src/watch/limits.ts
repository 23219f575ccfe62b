/** Limits that can be reached: an alert whose limit cannot be is silent for ever, and nobody notices. */
import { DefinitionError } from '../dashboard/definition-error.ts';
import type { WatchedMetric } from './watched-metric.ts';

/**
 * A share, from 0 to 1.
 * @param option as messages name it
 * @throws DefinitionError for percents and the like
 */
export function share(option: string, value: number): number {
  if (value >= 0 && value <= 1) return value;
  const meant =
    value > 1 && value <= 100 ? `: for ${value} % give ${Number((value / 100).toPrecision(6))}` : '';
  throw new DefinitionError(`${option} ${value} is no share from 0 to 1${meant}`);
}

/**
 * A limit of a quantile. In classic buckets a quantile is never above the greatest bound, however long it took.
 * @throws DefinitionError when no quantile of the histogram can be above it
 */
export function secondsLimit(histogram: WatchedMetric, secondsMax: number): number {
  const { name, boundMax } = histogram;
  if (boundMax !== undefined && secondsMax >= boundMax)
    throw new DefinitionError(
      `secondsMax ${secondsMax}: no quantile of ${name} is ever above its greatest bucket, ${boundMax}: give a smaller one, or the histogram a greater bucket`,
    );
  return secondsMax;
}
