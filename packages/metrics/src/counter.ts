/** Counters: how often something happened. They only grow, and start again at 0 with the service. */
import { type ChildTable, childrenOf, plain } from './child-table.ts';
import { type Checked, checkDefinition, type Definition } from './definition.ts';
import type { LabelledArguments, LabelSpec, LabelValues } from './labels.ts';
import type { Child, Registry } from './registry.ts';

/** `uploads_total`, and with a unit `sent_bytes_total`. */
export type CounterName<Unit extends string> = '' extends Unit
  ? `${string}_total`
  : `${string}_${Unit}_total`;

/** One series of a counter: what hot code keeps. */
export class BoundCounter implements Child {
  values: Float64Array;
  index: number;
  readonly #registry: Registry;
  readonly #name: string;

  constructor(registry: Registry, name: string) {
    this.values = EMPTY;
    this.index = 0;
    this.#registry = registry;
    this.#name = name;
  }

  /** Adds `by`, which must not be negative; otherwise nothing is added and the mistake is counted. */
  inc(by = 1): void {
    if (typeof by === 'number' && by >= 0) this.values[this.index]! += by;
    else this.#registry.drop(this.#name, 'value', `a counter cannot grow by ${String(by)}`);
  }
}

const EMPTY = new Float64Array(1);

export class Counter<L extends LabelSpec> {
  readonly name: string;
  readonly #table: ChildTable<BoundCounter>;
  readonly #single: BoundCounter | undefined;

  constructor(checked: Checked) {
    const { registry, labels, shape } = checked;
    this.name = shape.name;
    const make = () => new BoundCounter(registry, shape.name);
    this.#table = childrenOf(checked, make);
    this.#single = labels.length === 0 ? this.#table.single : undefined;
  }

  /**
   * Adds `by` (default 1) to the series of the labels: `inc({ status: 'success' })`, `inc({ ... }, 3)`, and
   * `inc()` or `inc(3)` where the metric has no labels.
   */
  inc(...args: LabelledArguments<L, [by?: number]>): void;
  inc(first?: unknown, second?: number): void {
    if (this.#single !== undefined) this.#single.inc(first as number | undefined);
    else this.#table.get(first as Readonly<Record<string, string>>).inc(second);
  }

  /** The series of the labels, to be kept where the same one is counted often. */
  bind(labels: LabelValues<L>): BoundCounter {
    return this.#single ?? this.#table.get(plain(labels));
  }
}

/**
 * Defines a counter. Nothing happens but the definition; the same one a second time gives the same counter.
 * @throws TypeError when the name, the labels or an earlier definition do not allow it
 */
export function counter<const L extends LabelSpec = Record<never, never>, const Unit extends string = ''>(
  definition: Definition<L, CounterName<Unit>, Unit>,
): Counter<L> {
  const checked = checkDefinition(definition, { type: 'counter' });
  return checked.registry.define(checked.shape, checked.labels, () => new Counter<L>(checked));
}
