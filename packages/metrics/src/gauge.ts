/** Gauges: how much there is of something now. */
import { childrenOf } from './child-table.ts';
import { type Checked, checkDefinition, type Definition } from './definition.ts';
import { INSIDE, type InsideOf, type Metric } from './inside.ts';
import type { LabelledArguments, LabelSpec, LabelValues } from './labels.ts';
import { type Children, type Given, type NarrowedChildren, narrow } from './narrowed.ts';
import type { Child } from './registry.ts';
import { removeSeries, resetSeries } from './removal.ts';
import { settle } from './settle.ts';
import type { GaugeMode } from './store/store.ts';

/** With a unit, the name ends in it: `queue_age_seconds`. */
export type GaugeName<Unit extends string> = '' extends Unit ? string : `${string}_${Unit}`;

/** One series of a gauge: what hot code keeps. */
export class BoundGauge<Unit extends string = string> implements Child {
  values: Float64Array;
  index: number;
  touchedAt: number;
  readonly #timed: boolean;
  readonly #checked: Checked;

  constructor(checked: Checked) {
    this.values = EMPTY;
    this.index = 0;
    this.touchedAt = 0;
    this.#timed = checked.shape.mode === 'mostrecent';
    this.#checked = checked;
  }

  /** The unit of the definition, `''` where it has none. */
  get unit(): Unit {
    return this.#checked.shape.unit as Unit;
  }

  /** Sets the value; any number, also an infinite one or NaN. */
  set(value: number): void {
    if (typeof value !== 'number') {
      this.#refuse(`a gauge cannot be set to ${String(value)}`);
      return;
    }
    if (this.touchedAt !== 0) this.#checked.registry.touch(this);
    this.values[this.index] = value;
    if (this.#timed) this.values[this.index + 1] = Date.now();
  }

  /** Adds `by`, a number; in mode `mostrecent` to what this process set last. */
  inc(by = 1): void {
    this.set(typeof by === 'number' ? this.values[this.index]! + by : by);
  }

  /** Takes `by` away, a number. */
  dec(by = 1): void {
    this.set(typeof by === 'number' ? this.values[this.index]! - by : by);
  }

  /** Sets the value to the Unix time in seconds, for `time() - last_success_timestamp_seconds` in a query. */
  setToCurrentTime(this: BoundGauge<'seconds'>): void {
    if (this.unit === 'seconds') this.set(Date.now() / 1000);
    else this.#refuse('setToCurrentTime is for gauges whose unit is seconds');
  }

  /** Adds 1 while `run` is under way, and takes it away when it returns, throws, or its promise settles. */
  during<R>(run: () => R): R {
    this.inc();
    return settle(run, () => this.dec());
  }

  #refuse(problem: string): void {
    const { registry, shape } = this.#checked;
    registry.drop(shape.name, 'value', problem);
  }
}

const EMPTY = new Float64Array(2);

/** A gauge with all its series. Made by {@link gauge}. */
export class Gauge<L extends LabelSpec, Unit extends string = string> implements Metric {
  readonly name: string;
  /** The unit of the definition, `''` where it has none. */
  readonly unit: Unit;
  readonly [INSIDE]: InsideOf<L>;
  readonly #checked: Checked;
  readonly #make: () => BoundGauge<Unit>;
  readonly #children: Children<BoundGauge<Unit>>;
  readonly #single: BoundGauge<Unit> | undefined;

  /** @param narrowed the children of a gauge with some labels fixed */
  constructor(checked: Checked, narrowed?: NarrowedChildren<BoundGauge<Unit>>) {
    const { registry, labels, shape } = checked;
    this.name = shape.name;
    this.unit = shape.unit as Unit;
    this[INSIDE] = { registry, shape, labels, fixed: narrowed?.fixed ?? {} };
    this.#checked = checked;
    this.#make = () => new BoundGauge<Unit>(checked);
    const table = narrowed === undefined ? childrenOf(checked, this.#make) : undefined;
    this.#children = narrowed ?? table!;
    this.#single = labels.length === 0 ? table?.single : undefined;
  }

  /** `set(3)`, or `set({ queue: 'in' }, 3)` where the metric has labels. */
  set(...args: LabelledArguments<L, [value: number]>): void;
  set(first: unknown, second?: unknown): void {
    if (this.#single !== undefined) this.#single.set(first as number);
    else this.#children.get(first as Given).set(second as number);
  }

  /** Adds `by`, default 1: `inc()`, `inc(2)`, or `inc({ queue: 'in' }, 2)` where the metric has labels. */
  inc(...args: LabelledArguments<L, [by?: number]>): void;
  inc(first?: unknown, second?: number): void {
    if (this.#single !== undefined) this.#single.inc(first as number | undefined);
    else this.#children.get(first as Given).inc(second);
  }

  /** Takes `by` away, default 1, with labels first where the metric has some. */
  dec(...args: LabelledArguments<L, [by?: number]>): void;
  dec(first?: unknown, second?: number): void {
    if (this.#single !== undefined) this.#single.dec(first as number | undefined);
    else this.#children.get(first as Given).dec(second);
  }

  /**
   * Sets the series to the Unix time in seconds; only where the unit is `seconds`. The age of it in a query is
   * `time() - last_success_timestamp_seconds`.
   */
  setToCurrentTime(this: Gauge<L, 'seconds'>, ...args: LabelledArguments<L, []>): void;
  setToCurrentTime(this: Gauge<L, 'seconds'>, labels?: unknown): void {
    (this.#single ?? this.#children.get(labels as Given)).setToCurrentTime();
  }

  /**
   * Adds 1 while `run` is under way, and takes it away when it returns, throws, or its promise settles. Returns
   * what `run` returns: `during(work)`, or `during({ queue: 'in' }, work)` where the metric has labels.
   */
  during<R>(...args: LabelledArguments<L, [run: () => R]>): R;
  during(first: unknown, second?: unknown): unknown {
    return this.#single !== undefined
      ? this.#single.during(first as () => unknown)
      : this.#children.get(first as Given).during(second as () => unknown);
  }

  /**
   * Removes the series that have these labels, some or all of them. In mode `mostrecent` this is so for the whole
   * service; in all other modes each process takes back what it says itself. Whoever has bound one sets it for
   * nobody from then on.
   */
  remove(labels: Partial<LabelValues<L>>): void {
    removeSeries(this.#checked, this.#children, labels as Given);
  }

  /** Lets all series begin again at 0. */
  reset(): void {
    resetSeries(this.#checked, this.#children);
  }

  /** The series of the labels, to be kept where the same one is set often. */
  bind(labels: LabelValues<L>): BoundGauge<Unit>;
  /** The gauge with some labels fixed, which takes only the remaining ones. */
  bind<K extends keyof L>(labels: Pick<LabelValues<L>, K>): Gauge<Omit<L, K>, Unit>;
  bind(given: unknown): unknown {
    if (this.#single !== undefined) return this.#single;
    const labels = given as Given;
    const found = this.#children.peek(labels);
    if (found !== undefined) return found;
    const checked = this.#checked;
    const part = narrow(checked, this.#children, labels, this.#make);
    return part === undefined ? this.#children.get(labels) : new Gauge(checked, part);
  }
}

/** A gauge's definition says how the processes of a service add up; the default is the sum of the running ones. */
export interface GaugeDefinition<L extends LabelSpec, Unit extends string>
  extends Definition<L, GaugeName<NoInfer<Unit>>, Unit> {
  readonly mode?: GaugeMode;
  /**
   * Asked before each exposition, to set what is only known when somebody looks; may be asynchronous. Its errors
   * are counted and spoil nothing else. Where several processes share a directory, those that do not answer are
   * asked every few seconds.
   */
  readonly collect?: (gauge: Gauge<L, Unit>) => void | PromiseLike<void>;
}

/**
 * Defines a gauge. Nothing happens but the definition; the same one a second time gives the same gauge.
 * @throws TypeError when the name, the labels or an earlier definition do not allow it
 */
export function gauge<const L extends LabelSpec = Record<never, never>, const Unit extends string = ''>(
  definition: GaugeDefinition<L, Unit>,
): Gauge<L, Unit> {
  const mode = definition.mode ?? 'live sum';
  const checked = checkDefinition(
    definition,
    { type: 'gauge', mode },
    mode === 'per worker' ? ['worker'] : [],
  );
  const { registry, shape, labels } = checked;
  const { collect } = definition;
  return registry.define(shape, labels, () => {
    const made = new Gauge<L, Unit>(checked);
    if (collect !== undefined) registry.onCollect(shape.name, () => collect(made));
    return made;
  });
}
