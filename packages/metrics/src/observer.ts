/**
 * What histograms and summaries have in common: they observe values, and where their unit is `seconds`, the unit in
 * which durations are exposed, also how long something takes.
 */
import { childrenOf } from './child-table.ts';
import type { Checked } from './definition.ts';
import type { CountOptions } from './exemplar.ts';
import { INSIDE, type InsideOf, type Metric } from './inside.ts';
import type { LabelledArguments, LabelSpec, LabelValues } from './labels.ts';
import { type Children, type Given, type NarrowedChildren, narrow } from './narrowed.ts';
import type { Child } from './registry.ts';
import { removeSeries, resetSeries } from './removal.ts';
import { settle } from './settle.ts';
import { type IncompleteTimer, RunningTimer, type Timer } from './timer.ts';

/** One series of a histogram or summary: what hot code keeps. */
export abstract class BoundObserver<Unit extends string> implements Child {
  values: Float64Array;
  index: number;
  touchedAt: number;
  protected readonly checked: Checked;

  /** @param empty slots until the child is placed */
  constructor(checked: Checked, empty: Float64Array) {
    this.values = empty;
    this.index = 0;
    this.touchedAt = 0;
    this.checked = checked;
  }

  /** The unit of the definition, `''` where it has none. */
  get unit(): Unit {
    return this.checked.shape.unit as Unit;
  }

  /** Counts a value. NaN is dropped and counted. */
  abstract observe(value: number, options?: CountOptions): void;

  /** Observes milliseconds as the seconds that they are; only where the unit is `seconds`. */
  observeMs(this: BoundObserver<'seconds'>, ms: number, options?: CountOptions): void {
    if (this.unit === 'seconds') this.observe(typeof ms === 'number' ? ms / 1000 : ms, options);
    else this.refuse('durations are observed where the unit is seconds');
  }

  /** Observes how long `run` takes, until it returns, throws, or its promise settles; returns what `run` returns. */
  time<R>(this: BoundObserver<'seconds'>, run: () => R): R {
    const beganMs = performance.now();
    return settle(run, () => this.observeMs(performance.now() - beganMs));
  }

  /** Starts a timer that observes when it is stopped; only where the unit is `seconds`. */
  start(this: BoundObserver<'seconds'>): Timer<Record<never, never>> {
    return new RunningTimer(undefined, (seconds) => this.observeMs(seconds * 1000));
  }

  protected refuse(problem: string): void {
    const { registry, shape } = this.checked;
    registry.drop(shape.name, 'value', problem);
  }
}

/** A histogram or summary with all its series. */
export abstract class Observer<L extends LabelSpec, Unit extends string, C extends BoundObserver<Unit>>
  implements Metric
{
  readonly name: string;
  /** The unit of the definition, `''` where it has none. */
  readonly unit: Unit;
  readonly [INSIDE]: InsideOf<L>;
  protected readonly checked: Checked;
  readonly #make: () => C;
  readonly #children: Children<C>;
  readonly #single: C | undefined;

  /**
   * @param make makes a child
   * @param narrowed the children of a metric with some labels fixed
   */
  constructor(checked: Checked, make: () => C, narrowed: NarrowedChildren<C> | undefined) {
    const { registry, labels, shape } = checked;
    this.name = shape.name;
    this.unit = shape.unit as Unit;
    this[INSIDE] = { registry, shape, labels, fixed: narrowed?.fixed ?? {} };
    this.checked = checked;
    this.#make = make;
    const table = narrowed === undefined ? childrenOf(checked, make) : undefined;
    this.#children = narrowed ?? table!;
    this.#single = labels.length === 0 ? table?.single : undefined;
  }

  /**
   * `observe(0.2)`, or `observe({ route: '/' }, 0.2)` where the metric has labels. Behind the value of a histogram
   * may stand what led to it: `observe(0.2, { exemplar: { trace_id } })`.
   */
  observe(...args: LabelledArguments<L, [value: number, options?: CountOptions]>): void;
  observe(first: unknown, second?: unknown, third?: CountOptions): void {
    if (this.#single !== undefined) this.#single.observe(first as number, second as CountOptions | undefined);
    else this.#children.get(first as Given).observe(second as number, third);
  }

  /** Observes milliseconds as the seconds that they are; only where the unit is `seconds`. */
  observeMs(
    this: Observer<L, 'seconds', BoundObserver<'seconds'>>,
    ...args: LabelledArguments<L, [ms: number, options?: CountOptions]>
  ): void;
  observeMs(
    this: Observer<L, 'seconds', BoundObserver<'seconds'>>,
    first: unknown,
    second?: unknown,
    third?: CountOptions,
  ): void {
    if (this.#single !== undefined)
      this.#single.observeMs(first as number, second as CountOptions | undefined);
    else this.#children.get(first as Given).observeMs(second as number, third);
  }

  /**
   * Observes how long `run` takes, until it returns, throws, or its promise settles; returns what `run` returns.
   * Only where the unit is `seconds`: `time(work)`, or `time({ route: '/' }, work)` where the metric has labels.
   */
  time<R>(
    this: Observer<L, 'seconds', BoundObserver<'seconds'>>,
    ...args: LabelledArguments<L, [run: () => R]>
  ): R;
  time(this: Observer<L, 'seconds', BoundObserver<'seconds'>>, first: unknown, second?: unknown): unknown {
    return this.#single !== undefined
      ? this.#single.time(first as () => unknown)
      : this.#children.get(first as Given).time(second as () => unknown);
  }

  /** Starts a timer that observes when it is stopped, or at the end of the block: `using timer = start(...)`. */
  start(this: Observer<L, 'seconds', BoundObserver<'seconds'>>, ...args: LabelledArguments<L, []>): Timer<L>;
  /** Starts a timer that is given the remaining labels when it is stopped. */
  start<K extends keyof L = never>(
    this: Observer<L, 'seconds', BoundObserver<'seconds'>>,
    labels?: Pick<LabelValues<L>, K>,
  ): IncompleteTimer<L, K>;
  start(this: Observer<L, 'seconds', BoundObserver<'seconds'>>, given?: unknown): unknown {
    return new RunningTimer(given as Given | undefined, (seconds, labels) => {
      (this.#single ?? this.#children.get(labels as Given)).observeMs(seconds * 1000);
    });
  }

  /**
   * Removes the series that have these labels, some or all of them, in all processes of the service. Whoever has
   * bound one observes for nobody from then on; a new use of the labels begins at 0.
   */
  remove(labels: Partial<LabelValues<L>>): void {
    removeSeries(this.checked, this.#children, labels as Given);
  }

  /** Lets all series begin again at 0, in all processes of the service. */
  reset(): void {
    resetSeries(this.checked, this.#children);
  }

  /** The child of the labels, or its part of the children where they are not all of them. */
  protected find(given: unknown): C | NarrowedChildren<C> {
    if (this.#single !== undefined) return this.#single;
    const labels = given as Given;
    return (
      this.#children.peek(labels) ??
      narrow(this.checked, this.#children, labels, this.#make) ??
      this.#children.get(labels)
    );
  }
}
