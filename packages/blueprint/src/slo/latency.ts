/**
 * Events that are good when they are fast enough: the values of a histogram that are not above a threshold.
 *
 * A classic histogram tells exactly how many values were within the bound of a bucket, and guesses about all other
 * thresholds; so the threshold must be such a bound. A native one has bounds everywhere, and what it guesses within one
 * bucket is off by a few per cent of the threshold.
 */
import { catalogOf } from '@binnacle/promql';
import { buckets, countOf, type MetricLike, oneOf, select } from '@binnacle/promql/builder';
import { DefinitionError } from '../dashboard/definition-error.ts';
import { decimal } from '../decimal.ts';
import { boundTexts } from './bucket-bound.ts';
import { grown, operand, remainder, type SloEvents, selectorText } from './events.ts';

/** What the author of a latency objective writes. */
export interface LatencySpec<M extends MetricLike, C> {
  /** The durations, or whatever else is to be small. */
  readonly histogram: Parameters<typeof buckets<M, C>>[0];
  /** What is not above it is good, in the unit of the histogram; of a classic histogram the bound of a bucket. */
  readonly threshold: number;
  /**
   * Which form of the histogram is asked, where it has both: what is stored depends on who scrapes it. Default: the
   * classic one where a bucket ends at the threshold.
   */
  readonly form?: 'classic' | 'native';
  /** Conditions on labels, as those of `select`: which of the events count. */
  readonly where?: Parameters<typeof countOf<M, C>>[1];
}

/**
 * Events that are good when they are fast enough:
 *
 *     latency({ histogram: requestDuration, threshold: 0.5, where: { endpoint: '/api/search' } })
 *
 * @throws DefinitionError where no bucket of a classic histogram ends at the threshold
 */
export function latency<const M extends MetricLike, C>(spec: LatencySpec<M, C>): SloEvents;
export function latency(spec: {
  readonly histogram: unknown;
  readonly threshold: number;
  readonly form?: 'classic' | 'native';
  readonly where?: unknown;
}): SloEvents {
  const { histogram, threshold, form } = spec;
  const where = conditions(spec.where);
  const [metric] = catalogOf([histogram]);
  if (metric?.type !== 'histogram')
    throw new DefinitionError(
      'latency: histogram is to be a histogram of @binnacle/metrics, or its definition',
    );
  const name = `latency of ${metric.name}`;
  if (!(Number.isFinite(threshold) && threshold > 0))
    throw new DefinitionError(`${name}: threshold ${threshold} is not above 0`);
  // What `catalogOf` knows is a metric, which the selecting functions take by its shape.
  const asked = histogram as { readonly name: string; readonly type: 'histogram' };
  const { bounds = [] } = metric;
  if (form === 'native' && metric.form === 'classic')
    throw new DefinitionError(`${name}: it has no native form, as its definition says`);
  if (form !== 'native' && bounds.includes(threshold)) return classic(name, asked, threshold, where);
  if (form !== 'classic' && metric.form !== 'classic') return native(name, asked, threshold, where);
  throw new DefinitionError(
    bounds.length === 0
      ? `${name}: its definition says nothing about buckets, so that nobody knows whether one ends at ${threshold}`
      : `${name}: no bucket ends at the threshold ${threshold}, only at ${bounds.join(', ')}: take one of these, or add it to the buckets of ${metric.name}`,
  );
}

/** A histogram, and conditions that the caller's types have checked. */
interface HistogramLike {
  readonly name: string;
  readonly type: 'histogram';
}

function classic(name: string, histogram: HistogramLike, threshold: number, where: object): SloEvents {
  const all = selectorText(name, countOf(histogram, where));
  const within = selectorText(name, buckets(histogram, { ...where, le: le(threshold) }));
  return {
    selectors: [within],
    total: (window) => grown(all, window),
    bad: (window, total) => remainder(total, grown(within, window)),
  };
}

function conditions(given: unknown): object {
  if (given === undefined) return {};
  if (typeof given === 'object' && given !== null) return given;
  throw new DefinitionError(`latency: where is ${String(given)}, and no conditions on labels`);
}

function le(bound: number): string | ReturnType<typeof oneOf> {
  const texts = boundTexts(bound);
  return texts.length === 1 ? texts[0]! : oneOf(...texts);
}

function native(name: string, histogram: HistogramLike, threshold: number, where: object): SloEvents {
  const selector = selectorText(name, select(histogram, where));
  return {
    selectors: [selector],
    total: (window) => `histogram_count(${grown(selector, window)})`,
    // Of no values the share within the threshold is NaN, which no sum would get rid of again.
    bad: (window, total) =>
      `(${operand(total)} > 0) * on () (1 - histogram_fraction(-Inf, ${decimal(threshold)}, ${grown(selector, window)})) or on () 0 * ${operand(total)}`,
  };
}
