/** Classic histograms: how a quantity is distributed, counted in buckets that are fixed beforehand. */
import { type ChildTable, childrenOf, plain } from './child-table.ts';
import { type Checked, checkDefinition, type Definition } from './definition.ts';
import type { GaugeName } from './gauge.ts';
import type { LabelledArguments, LabelSpec, LabelValues } from './labels.ts';
import type { Child, Registry } from './registry.ts';

/** The buckets that fit most durations of requests, in seconds. */
export const DEFAULT_BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * One series of a histogram: what hot code keeps. Its slots are a count per bucket, `+Inf` last, and the sum;
 * the number of observations is the sum of the buckets and cannot disagree with them.
 */
export class BoundHistogram implements Child {
  values: Float64Array;
  index: number;
  readonly #bounds: Float64Array;
  readonly #registry: Registry;
  readonly #name: string;

  constructor(registry: Registry, name: string, bounds: Float64Array) {
    this.values = EMPTY;
    this.index = 0;
    this.#bounds = bounds;
    this.#registry = registry;
    this.#name = name;
  }

  /** Counts a value in the bucket with the smallest bound that is not below it. NaN is dropped and counted. */
  observe(value: number): void {
    const bucket = typeof value === 'number' ? bucketOf(this.#bounds, value) : -1;
    if (bucket < 0) {
      this.#registry.drop(this.#name, 'value', `a histogram cannot observe ${String(value)}`);
      return;
    }
    this.values[this.index + bucket]! += 1;
    this.values[this.index + this.#bounds.length + 1]! += value;
  }
}

const EMPTY = new Float64Array(2);

/** The bucket of a value, `bounds.length` for `+Inf`, -1 for what is no number. */
function bucketOf(bounds: Float64Array, value: number): number {
  // Up to some tens of buckets, walking beats bisecting: most values lie in the first ones.
  for (let i = 0; i < bounds.length; i++) if (value <= bounds[i]!) return i;
  return value >= 0 || value < 0 ? bounds.length : -1;
}

export class Histogram<L extends LabelSpec> {
  readonly name: string;
  readonly #table: ChildTable<BoundHistogram>;
  readonly #single: BoundHistogram | undefined;

  constructor(checked: Checked) {
    const { registry, labels, shape } = checked;
    this.name = shape.name;
    const bounds = Float64Array.from(shape.bounds ?? []);
    const make = () => new BoundHistogram(registry, shape.name, bounds);
    this.#table = childrenOf(checked, make);
    this.#single = labels.length === 0 ? this.#table.single : undefined;
  }

  /** `observe(0.2)`, or `observe({ route: '/' }, 0.2)` where the metric has labels. */
  observe(...args: LabelledArguments<L, [value: number]>): void;
  observe(first: unknown, second?: unknown): void {
    if (this.#single !== undefined) this.#single.observe(first as number);
    else this.#table.get(first as Readonly<Record<string, string>>).observe(second as number);
  }

  /** The series of the labels, to be kept where the same one is observed often. */
  bind(labels: LabelValues<L>): BoundHistogram {
    return this.#single ?? this.#table.get(plain(labels));
  }
}

export interface HistogramDefinition<L extends LabelSpec, Unit extends string>
  extends Definition<L, GaugeName<Unit>, Unit> {
  /** Inclusive upper bounds, increasing; `+Inf` is added. Default: {@link DEFAULT_BUCKETS}. */
  readonly buckets?: readonly number[];
}

/**
 * Defines a classic histogram. Nothing happens but the definition; the same one a second time gives the same.
 * @throws TypeError when the name, the labels, the buckets or an earlier definition do not allow it
 */
export function histogram<const L extends LabelSpec = Record<never, never>, const Unit extends string = ''>(
  definition: HistogramDefinition<L, Unit>,
): Histogram<L> {
  const bounds = (definition.buckets ?? DEFAULT_BUCKETS).filter(
    (bound) => bound !== Number.POSITIVE_INFINITY,
  );
  if (
    bounds.length === 0 ||
    bounds.some((bound, i) => !Number.isFinite(bound) || bound <= (bounds[i - 1] ?? -Infinity))
  ) {
    throw new TypeError(
      `histogram ${definition.name}: buckets must be increasing numbers, at least one, not ${bounds.join(', ')}`,
    );
  }
  const checked = checkDefinition(definition, { type: 'histogram', bounds }, ['le']);
  return checked.registry.define(checked.shape, checked.labels, () => new Histogram<L>(checked));
}
