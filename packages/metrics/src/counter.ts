/** Counters: how often something happened. They only grow, and start again at 0 with the service. */
import { childrenOf } from './child-table.ts';
import { type Checked, checkDefinition, type Definition } from './definition.ts';
import { type CountOptions, noteExemplar } from './exemplar.ts';
import { INSIDE, type InsideOf, type Metric } from './inside.ts';
import type { LabelledArguments, LabelSpec, LabelValues } from './labels.ts';
import { type Children, type Given, type NarrowedChildren, narrow } from './narrowed.ts';
import type { Child } from './registry.ts';
import { removeSeries, resetSeries } from './removal.ts';
import type { CounterMode } from './store/store.ts';

/** `uploads_total`, and with a unit `sent_bytes_total`. */
export type CounterName<Unit extends string> = '' extends Unit
  ? `${string}_total`
  : `${string}_${Unit}_total`;

/** One series of a counter: what hot code keeps. */
export class BoundCounter implements Child {
  values: Float64Array;
  index: number;
  touchedAt: number;
  readonly #spans: boolean;
  readonly #checked: Checked;

  constructor(checked: Checked, spans: boolean) {
    this.values = EMPTY;
    this.index = 0;
    this.touchedAt = 0;
    this.#spans = spans;
    this.#checked = checked;
  }

  /** Adds `by`, which must not be negative; otherwise nothing is added and the mistake is counted. */
  inc(by = 1, options?: CountOptions): void {
    if (!(typeof by === 'number' && by >= 0)) {
      this.#refuse(by);
      return;
    }
    if (this.touchedAt !== 0) this.#checked.registry.touch(this);
    this.values[this.index]! += by;
    if (options !== undefined || this.#spans) noteExemplar(this, this.#checked, 0, by, options);
  }

  #refuse(by: unknown): void {
    const { registry, shape } = this.#checked;
    registry.drop(shape.name, 'value', `a counter cannot grow by ${String(by)}`);
  }
}

const EMPTY = new Float64Array(1);

/** A counter with all its series. Made by {@link counter}. */
export class Counter<L extends LabelSpec> implements Metric {
  readonly name: string;
  readonly [INSIDE]: InsideOf<L>;
  readonly #checked: Checked;
  readonly #spans: boolean;
  readonly #make: () => BoundCounter;
  readonly #children: Children<BoundCounter>;
  readonly #single: BoundCounter | undefined;

  /**
   * @param narrowed the children of a counter with some labels fixed
   * @param spans whether exemplars come from the active span
   */
  constructor(checked: Checked, narrowed?: NarrowedChildren<BoundCounter>, spans = false) {
    const { registry, labels, shape } = checked;
    this.name = shape.name;
    this[INSIDE] = { registry, shape, labels, fixed: narrowed?.fixed ?? {} };
    this.#checked = checked;
    this.#spans = spans;
    this.#make = () => new BoundCounter(checked, spans);
    const table = narrowed === undefined ? childrenOf(checked, this.#make) : undefined;
    this.#children = narrowed ?? table!;
    this.#single = labels.length === 0 ? table?.single : undefined;
  }

  /**
   * Adds `by` (default 1) to the series of the labels: `inc({ status: 'success' })`, `inc({ ... }, 3)`, and
   * `inc()` or `inc(3)` where the metric has no labels. Behind it may stand what led to it:
   * `inc({ status: 'failed' }, 1, { exemplar: { trace_id } })`.
   */
  inc(...args: LabelledArguments<L, [by?: number, options?: CountOptions]>): void;
  inc(first?: unknown, second?: unknown, third?: CountOptions): void {
    if (this.#single !== undefined)
      this.#single.inc(first as number | undefined, second as CountOptions | undefined);
    else this.#children.get(first as Given).inc(second as number | undefined, third);
  }

  /**
   * Removes the series that have these labels, some or all of them, in all processes of the service. Whoever has
   * bound one counts for nobody from then on; a new use of the labels begins at 0.
   */
  remove(labels: Partial<LabelValues<L>>): void {
    removeSeries(this.#checked, this.#children, labels as Given);
  }

  /** Lets all series begin again at 0, in all processes of the service. */
  reset(): void {
    resetSeries(this.#checked, this.#children);
  }

  /** The series of the labels, to be kept where the same one is counted often. */
  bind(labels: LabelValues<L>): BoundCounter;
  /** The counter with some labels fixed, which takes only the remaining ones. */
  bind<K extends keyof L>(labels: Pick<LabelValues<L>, K>): Counter<Omit<L, K>>;
  bind(given: unknown): unknown {
    if (this.#single !== undefined) return this.#single;
    const labels = given as Given;
    const found = this.#children.peek(labels);
    if (found !== undefined) return found;
    const checked = this.#checked;
    const part = narrow(checked, this.#children, labels, this.#make);
    return part === undefined ? this.#children.get(labels) : new Counter(checked, part, this.#spans);
  }
}

/** A counter's definition. */
export interface CounterDefinition<L extends LabelSpec, Unit extends string>
  extends Definition<L, CounterName<NoInfer<Unit>>, Unit> {
  /**
   * How the processes of a service add up. Default `sum`. `max` is for what all of them read alike from elsewhere, such
   * as the processor time of their container: each raises its own series to the total that it reads.
   */
  readonly mode?: CounterMode;
  /** As `collect` of a gauge: adds what has come since it was asked before. */
  readonly collect?: (counter: Counter<L>) => void | PromiseLike<void>;
  /** Whether an increment under an active OpenTelemetry span that is sampled has it as exemplar. Default false. */
  readonly spanExemplars?: boolean;
}

/**
 * Defines a counter. Nothing happens but the definition; the same one a second time gives the same counter.
 * @throws TypeError when the name, the labels or an earlier definition do not allow it
 */
export function counter<const L extends LabelSpec = Record<never, never>, const Unit extends string = ''>(
  definition: CounterDefinition<L, Unit>,
): Counter<L> {
  const checked = checkDefinition(definition, {
    type: 'counter',
    ...(definition.mode === 'max' && { mode: 'max' }),
  });
  const { registry, shape, labels } = checked;
  const { collect } = definition;
  return registry.define(shape, labels, () => {
    const made = new Counter<L>(checked, undefined, definition.spanExemplars);
    if (collect !== undefined) registry.onCollect(shape.name, () => collect(made));
    return made;
  });
}
