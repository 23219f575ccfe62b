/** Classic histograms: how a quantity is distributed, counted in buckets that are fixed beforehand. */
import { childrenOf } from './child-table.ts';
import { type Checked, checkDefinition, type Definition } from './definition.ts';
import type { GaugeName } from './gauge.ts';
import { INSIDE, type InsideOf, type Metric } from './inside.ts';
import type { LabelledArguments, LabelSpec, LabelValues } from './labels.ts';
import { type Children, type Given, type NarrowedChildren, narrow } from './narrowed.ts';
import type { Child } from './registry.ts';
import { settle } from './settle.ts';
import { type IncompleteTimer, RunningTimer, type Timer } from './timer.ts';

/** The buckets that fit most durations of requests, in seconds. */
export const DEFAULT_BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * One series of a histogram: what hot code keeps. Its slots are a count per bucket, `+Inf` last, and the sum;
 * the number of observations is the sum of the buckets and cannot disagree with them.
 */
export class BoundHistogram<Unit extends string = string> implements Child {
  values: Float64Array;
  index: number;
  readonly #bounds: Float64Array;
  readonly #checked: Checked;

  constructor(checked: Checked, bounds: Float64Array) {
    this.values = EMPTY;
    this.index = 0;
    this.#bounds = bounds;
    this.#checked = checked;
  }

  /** The unit of the definition, `''` where it has none. */
  get unit(): Unit {
    return this.#checked.shape.unit as Unit;
  }

  /** The upper bounds of the buckets, without `+Inf`. */
  get [INSIDE](): ArrayLike<number> {
    return this.#bounds;
  }

  /** Counts a value in the bucket with the smallest bound that is not below it. NaN is dropped and counted. */
  observe(value: number): void {
    const bucket = typeof value === 'number' ? bucketOf(this.#bounds, value) : -1;
    if (bucket < 0) {
      this.#refuse(`a histogram cannot observe ${String(value)}`);
      return;
    }
    this.values[this.index + bucket]! += 1;
    this.values[this.index + this.#bounds.length + 1]! += value;
  }

  /** Observes milliseconds as the seconds that they are; only where the unit is `seconds`. */
  observeMs(this: BoundHistogram<'seconds'>, ms: number): void {
    if (this.unit === 'seconds') this.observe(typeof ms === 'number' ? ms / 1000 : ms);
    else this.#refuse('durations are observed where the unit is seconds');
  }

  /** Observes how long `run` takes, until it returns, throws, or its promise settles; returns what `run` returns. */
  time<R>(this: BoundHistogram<'seconds'>, run: () => R): R {
    const beganMs = performance.now();
    return settle(run, () => this.observeMs(performance.now() - beganMs));
  }

  /** Starts a timer that observes when it is stopped; only where the unit is `seconds`. */
  start(this: BoundHistogram<'seconds'>): Timer<Record<never, never>> {
    return new RunningTimer(undefined, (seconds) => this.observeMs(seconds * 1000));
  }

  #refuse(problem: string): void {
    const { registry, shape } = this.#checked;
    registry.drop(shape.name, 'value', problem);
  }
}

const EMPTY = new Float64Array(2);

/** The bucket of a value, `bounds.length` for `+Inf`, -1 for what is no number. */
function bucketOf(bounds: Float64Array, value: number): number {
  // Up to some tens of buckets, walking beats bisecting: most values lie in the first ones.
  for (let i = 0; i < bounds.length; i++) if (value <= bounds[i]!) return i;
  return value >= 0 || value < 0 ? bounds.length : -1;
}

/**
 * A histogram with all its series. Made by {@link histogram}. What measures time (`observeMs`, `time`, `start`)
 * is there only where the unit is `seconds`, the unit in which durations are exposed.
 */
export class Histogram<L extends LabelSpec, Unit extends string = string> implements Metric {
  readonly name: string;
  /** The unit of the definition, `''` where it has none. */
  readonly unit: Unit;
  readonly [INSIDE]: InsideOf<L>;
  readonly #checked: Checked;
  readonly #make: () => BoundHistogram<Unit>;
  readonly #children: Children<BoundHistogram<Unit>>;
  readonly #single: BoundHistogram<Unit> | undefined;

  /** @param narrowed the children of a histogram with some labels fixed */
  constructor(checked: Checked, narrowed?: NarrowedChildren<BoundHistogram<Unit>>) {
    const { registry, labels, shape } = checked;
    this.name = shape.name;
    this.unit = shape.unit as Unit;
    this[INSIDE] = { registry, shape, fixed: narrowed?.fixed ?? {} };
    this.#checked = checked;
    const bounds = Float64Array.from(shape.bounds ?? []);
    this.#make = () => new BoundHistogram<Unit>(checked, bounds);
    const table = narrowed === undefined ? childrenOf(checked, this.#make) : undefined;
    this.#children = narrowed ?? table!;
    this.#single = labels.length === 0 ? table?.single : undefined;
  }

  /** `observe(0.2)`, or `observe({ route: '/' }, 0.2)` where the metric has labels. */
  observe(...args: LabelledArguments<L, [value: number]>): void;
  observe(first: unknown, second?: unknown): void {
    if (this.#single !== undefined) this.#single.observe(first as number);
    else this.#children.get(first as Given).observe(second as number);
  }

  /** Observes milliseconds as the seconds that they are; only where the unit is `seconds`. */
  observeMs(this: Histogram<L, 'seconds'>, ...args: LabelledArguments<L, [ms: number]>): void;
  observeMs(this: Histogram<L, 'seconds'>, first: unknown, second?: unknown): void {
    if (this.#single !== undefined) this.#single.observeMs(first as number);
    else this.#children.get(first as Given).observeMs(second as number);
  }

  /**
   * Observes how long `run` takes, until it returns, throws, or its promise settles; returns what `run` returns.
   * Only where the unit is `seconds`: `time(work)`, or `time({ route: '/' }, work)` where the metric has labels.
   */
  time<R>(this: Histogram<L, 'seconds'>, ...args: LabelledArguments<L, [run: () => R]>): R;
  time(this: Histogram<L, 'seconds'>, first: unknown, second?: unknown): unknown {
    return this.#single !== undefined
      ? this.#single.time(first as () => unknown)
      : this.#children.get(first as Given).time(second as () => unknown);
  }

  /** Starts a timer that observes when it is stopped, or at the end of the block: `using timer = start(...)`. */
  start(this: Histogram<L, 'seconds'>, ...args: LabelledArguments<L, []>): Timer<L>;
  /** Starts a timer that is given the remaining labels when it is stopped. */
  start<K extends keyof L = never>(
    this: Histogram<L, 'seconds'>,
    labels?: Pick<LabelValues<L>, K>,
  ): IncompleteTimer<L, K>;
  start(this: Histogram<L, 'seconds'>, given?: unknown): unknown {
    return new RunningTimer(given as Given | undefined, (seconds, labels) => {
      (this.#single ?? this.#children.get(labels as Given)).observeMs(seconds * 1000);
    });
  }

  /** The series of the labels, to be kept where the same one is observed often. */
  bind(labels: LabelValues<L>): BoundHistogram<Unit>;
  /** The histogram with some labels fixed, which takes only the remaining ones. */
  bind<K extends keyof L>(labels: Pick<LabelValues<L>, K>): Histogram<Omit<L, K>, Unit>;
  bind(given: unknown): unknown {
    if (this.#single !== undefined) return this.#single;
    const labels = given as Given;
    const checked = this.#checked;
    const part = narrow(checked, this.#children, labels, this.#make);
    return part === undefined ? this.#children.get(labels) : new Histogram(checked, part);
  }
}

/** A histogram's definition says where its buckets end. */
export interface HistogramDefinition<L extends LabelSpec, Unit extends string>
  extends Definition<L, GaugeName<NoInfer<Unit>>, Unit> {
  /** Inclusive upper bounds, increasing; `+Inf` is added. Default: {@link DEFAULT_BUCKETS}. */
  readonly buckets?: readonly number[];
}

/**
 * Defines a classic histogram. Nothing happens but the definition; the same one a second time gives the same.
 * @throws TypeError when the name, the labels, the buckets or an earlier definition do not allow it
 */
export function histogram<const L extends LabelSpec = Record<never, never>, const Unit extends string = ''>(
  definition: HistogramDefinition<L, Unit>,
): Histogram<L, Unit> {
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
  return checked.registry.define(checked.shape, checked.labels, () => new Histogram<L, Unit>(checked));
}
