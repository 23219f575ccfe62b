/**
 * Histograms: how a quantity is distributed. Classic ones count in buckets that are fixed beforehand; native ones in
 * exponential buckets, which come to be where values fall and are as fine everywhere. One may be both, while a
 * monitor moves from the one to the other.
 */
import { type Checked, checkDefinition, type Definition } from './definition.ts';
import { type CountOptions, noteExemplar } from './exemplar.ts';
import type { GaugeName } from './gauge.ts';
import { INSIDE } from './inside.ts';
import type { LabelSpec, LabelValues } from './labels.ts';
import { schemaForFactor, ZERO_THRESHOLD } from './model/exponential.ts';
import { NarrowedChildren } from './narrowed.ts';
import { BoundObserver, Observer } from './observer.ts';
import { type PagePosition, SparseBuckets } from './sparse-buckets.ts';
import type { NativeShape } from './store/store.ts';

/** The buckets that fit most durations of requests, in seconds. */
export const DEFAULT_BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * One series of a histogram: what hot code keeps. Its slots are a count per bucket, `+Inf` last, and the sum;
 * the number of observations is the sum of the buckets and cannot disagree with them.
 */
export class BoundHistogram<Unit extends string = string> extends BoundObserver<Unit> {
  readonly #bounds: Float64Array;
  readonly #spans: boolean;
  readonly #native: SparseBuckets | undefined;

  constructor(checked: Checked, bounds: Float64Array, spans: boolean) {
    super(checked, EMPTY);
    this.#bounds = bounds;
    this.#spans = spans;
    const { native } = checked.shape;
    this.#native = native && new SparseBuckets(checked, this, native.schema);
  }

  /** The upper bounds of the buckets, without `+Inf`. */
  get [INSIDE](): ArrayLike<number> {
    return this.#bounds;
  }

  /** Counts a value in the bucket with the smallest bound that is not below it. NaN is dropped and counted. */
  override observe(value: number, options?: CountOptions): void {
    const bucket = typeof value === 'number' ? bucketOf(this.#bounds, value) : -1;
    if (bucket < 0) {
      this.refuse(`a histogram cannot observe ${String(value)}`);
      return;
    }
    if (this.touchedAt !== 0) this.checked.registry.touch(this);
    this.values[this.index + bucket]! += 1;
    this.values[this.index + this.#bounds.length + 1]! += value;
    if (this.#native !== undefined) this.#observeNative(this.#native, value);
    if (options !== undefined || this.#spans) noteExemplar(this, this.checked, bucket, value, options);
  }

  #observeNative(native: SparseBuckets, value: number): void {
    if (Math.abs(value) <= this.checked.shape.native!.zeroThreshold) {
      this.values[this.index + this.#bounds.length + 2]! += 1;
      return;
    }
    native.locate(value, 0, POSITION);
    POSITION.slots.values[POSITION.at]! += 1;
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

/** A histogram with all its series. Made by {@link histogram}. */
export class Histogram<L extends LabelSpec, Unit extends string = string> extends Observer<
  L,
  Unit,
  BoundHistogram<Unit>
> {
  readonly #spans: boolean;

  /**
   * @param narrowed the children of a histogram with some labels fixed
   * @param spans whether exemplars come from the active span
   */
  constructor(checked: Checked, narrowed?: NarrowedChildren<BoundHistogram<Unit>>, spans = false) {
    const bounds = Float64Array.from(checked.shape.bounds ?? []);
    super(checked, () => new BoundHistogram<Unit>(checked, bounds, spans), narrowed);
    this.#spans = spans;
  }

  /** The series of the labels, to be kept where the same one is observed often. */
  bind(labels: LabelValues<L>): BoundHistogram<Unit>;
  /** The histogram with some labels fixed, which takes only the remaining ones. */
  bind<K extends keyof L>(labels: Pick<LabelValues<L>, K>): Histogram<Omit<L, K>, Unit>;
  bind(labels: unknown): unknown {
    const found = this.find(labels);
    return found instanceof NarrowedChildren ? new Histogram(this.checked, found, this.#spans) : found;
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
