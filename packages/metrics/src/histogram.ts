/**
 * Histograms: how a quantity is distributed. Classic ones count in buckets that are fixed beforehand; native ones in
 * exponential buckets, which come to be where values fall and are as fine everywhere. One may be both, while a
 * monitor moves from the one to the other.
 */
import { childrenOf } from './child-table.ts';
import { type Checked, checkDefinition, type Definition } from './definition.ts';
import { type CountOptions, noteExemplar } from './exemplar.ts';
import type { GaugeName } from './gauge.ts';
import { INSIDE, type InsideOf, type Metric } from './inside.ts';
import type { LabelledArguments, LabelSpec, LabelValues } from './labels.ts';
import { schemaForFactor, ZERO_THRESHOLD } from './model/exponential.ts';
import { type Children, type Given, type NarrowedChildren, narrow } from './narrowed.ts';
import type { Child } from './registry.ts';
import { removeSeries, resetSeries } from './removal.ts';
import { settle } from './settle.ts';
import { type PagePosition, SparseBuckets } from './sparse-buckets.ts';
import type { NativeShape } from './store/store.ts';
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
  touchedAt: number;
  readonly #bounds: Float64Array;
  readonly #checked: Checked;
  readonly #spans: boolean;
  readonly #native: SparseBuckets | undefined;

  constructor(checked: Checked, bounds: Float64Array, spans: boolean) {
    this.values = EMPTY;
    this.index = 0;
    this.touchedAt = 0;
    this.#bounds = bounds;
    this.#checked = checked;
    this.#spans = spans;
    const { native } = checked.shape;
    this.#native = native && new SparseBuckets(checked, this, native.schema);
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
  observe(value: number, options?: CountOptions): void {
    const bucket = typeof value === 'number' ? bucketOf(this.#bounds, value) : -1;
    if (bucket < 0) {
      this.#refuse(`a histogram cannot observe ${String(value)}`);
      return;
    }
    if (this.touchedAt !== 0) this.#checked.registry.touch(this);
    this.values[this.index + bucket]! += 1;
    this.values[this.index + this.#bounds.length + 1]! += value;
    if (this.#native !== undefined) this.#observeNative(this.#native, value);
    if (options !== undefined || this.#spans) noteExemplar(this, this.#checked, bucket, value, options);
  }

  #observeNative(native: SparseBuckets, value: number): void {
    if (Math.abs(value) <= this.#checked.shape.native!.zeroThreshold) {
      this.values[this.index + this.#bounds.length + 2]! += 1;
      return;
    }
    native.locate(value, 0, POSITION);
    POSITION.slots.values[POSITION.at]! += 1;
  }

  /** Observes milliseconds as the seconds that they are; only where the unit is `seconds`. */
  observeMs(this: BoundHistogram<'seconds'>, ms: number, options?: CountOptions): void {
    if (this.unit === 'seconds') this.observe(typeof ms === 'number' ? ms / 1000 : ms, options);
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

const EMPTY = new Float64Array(3);
const POSITION: PagePosition = { slots: { values: EMPTY, index: 0 }, at: 0 };

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
  readonly #spans: boolean;
  readonly #make: () => BoundHistogram<Unit>;
  readonly #children: Children<BoundHistogram<Unit>>;
  readonly #single: BoundHistogram<Unit> | undefined;

  /**
   * @param narrowed the children of a histogram with some labels fixed
   * @param spans whether exemplars come from the active span
   */
  constructor(checked: Checked, narrowed?: NarrowedChildren<BoundHistogram<Unit>>, spans = false) {
    const { registry, labels, shape } = checked;
    this.name = shape.name;
    this.unit = shape.unit as Unit;
    this[INSIDE] = { registry, shape, fixed: narrowed?.fixed ?? {} };
    this.#checked = checked;
    const bounds = Float64Array.from(shape.bounds ?? []);
    this.#spans = spans;
    this.#make = () => new BoundHistogram<Unit>(checked, bounds, spans);
    const table = narrowed === undefined ? childrenOf(checked, this.#make) : undefined;
    this.#children = narrowed ?? table!;
    this.#single = labels.length === 0 ? table?.single : undefined;
  }

  /**
   * `observe(0.2)`, or `observe({ route: '/' }, 0.2)` where the metric has labels. Behind the value may stand what
   * led to it: `observe(0.2, { exemplar: { trace_id } })`.
   */
  observe(...args: LabelledArguments<L, [value: number, options?: CountOptions]>): void;
  observe(first: unknown, second?: unknown, third?: CountOptions): void {
    if (this.#single !== undefined) this.#single.observe(first as number, second as CountOptions | undefined);
    else this.#children.get(first as Given).observe(second as number, third);
  }

  /** Observes milliseconds as the seconds that they are; only where the unit is `seconds`. */
  observeMs(
    this: Histogram<L, 'seconds'>,
    ...args: LabelledArguments<L, [ms: number, options?: CountOptions]>
  ): void;
  observeMs(this: Histogram<L, 'seconds'>, first: unknown, second?: unknown, third?: CountOptions): void {
    if (this.#single !== undefined)
      this.#single.observeMs(first as number, second as CountOptions | undefined);
    else this.#children.get(first as Given).observeMs(second as number, third);
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

  /**
   * Removes the series that have these labels, some or all of them, in all processes of the service. Whoever has
   * bound one observes for nobody from then on; a new use of the labels begins at 0.
   */
  remove(labels: Partial<LabelValues<L>>): void {
    removeSeries(this.#checked, this.#children, labels as Given);
  }

  /** Lets all series begin again at 0, in all processes of the service. */
  reset(): void {
    resetSeries(this.#checked, this.#children);
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
    return part === undefined ? this.#children.get(labels) : new Histogram(checked, part, this.#spans);
  }
}

/** What of a native histogram can be chosen. */
export interface NativeOptions {
  /** How much one bucket's bound is above the one before at most; more than 1, default 1.1. */
  readonly factor?: number;
  /** The most buckets that are exposed; with more they become coarser. Default 160. */
  readonly bucketsMax?: number;
  /** How far from 0 a value may lie and still count as 0. Default 2^-128. */
  readonly zeroThreshold?: number;
}

/** A histogram's definition says where its buckets end. */
export interface HistogramDefinition<L extends LabelSpec, Unit extends string>
  extends Definition<L, GaugeName<NoInfer<Unit>>, Unit> {
  /**
   * Inclusive upper bounds, increasing; `+Inf` is added. Default: {@link DEFAULT_BUCKETS}, and none where the
   * histogram is native.
   */
  readonly buckets?: readonly number[];
  /**
   * Whether it counts in exponential buckets, which scrapers get that ask for protobuf, as Prometheus does with
   * native histograms enabled.
   */
  readonly native?: boolean | NativeOptions;
  /** Whether an observation under an active OpenTelemetry span that is sampled has it as exemplar. Default false. */
  readonly spanExemplars?: boolean;
}

/**
 * Defines a histogram. Nothing happens but the definition; the same one a second time gives the same.
 * @throws TypeError when the name, the labels, the buckets or an earlier definition do not allow it
 */
export function histogram<const L extends LabelSpec = Record<never, never>, const Unit extends string = ''>(
  definition: HistogramDefinition<L, Unit>,
): Histogram<L, Unit> {
  const native = nativeShape(definition.name, definition.native ?? false);
  const buckets = definition.buckets ?? (native === undefined ? DEFAULT_BUCKETS : []);
  const bounds = buckets.filter((bound) => bound !== Number.POSITIVE_INFINITY);
  if (
    (bounds.length === 0 && native === undefined) ||
    bounds.some((bound, i) => !Number.isFinite(bound) || bound <= (bounds[i - 1] ?? -Infinity))
  ) {
    throw new TypeError(
      `histogram ${definition.name}: buckets must be increasing numbers, at least one, not ${bounds.join(', ')}`,
    );
  }
  const checked = checkDefinition(definition, { type: 'histogram', bounds, ...(native && { native }) }, [
    'le',
  ]);
  return checked.registry.define(
    checked.shape,
    checked.labels,
    () => new Histogram<L, Unit>(checked, undefined, definition.spanExemplars),
  );
}

const NATIVE_FACTOR = 1.1;
const NATIVE_BUCKETS_MAX = 160;

function nativeShape(name: string, native: boolean | NativeOptions): NativeShape | undefined {
  if (native === false) return undefined;
  const {
    factor = NATIVE_FACTOR,
    bucketsMax = NATIVE_BUCKETS_MAX,
    zeroThreshold = ZERO_THRESHOLD,
  } = native === true ? {} : native;
  if (!(factor > 1 && Number.isFinite(factor)))
    throw new TypeError(`histogram ${name}: factor must be a number above 1, not ${factor}`);
  if (!Number.isInteger(bucketsMax) || bucketsMax < 4)
    throw new TypeError(`histogram ${name}: bucketsMax must be an integer from 4 on, not ${bucketsMax}`);
  if (!(zeroThreshold >= 0 && Number.isFinite(zeroThreshold)))
    throw new TypeError(`histogram ${name}: zeroThreshold must not be negative, and is ${zeroThreshold}`);
  return { schema: schemaForFactor(factor), bucketsMax, zeroThreshold };
}
