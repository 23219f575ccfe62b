/** Info metrics: what a process is, as labels of a series that is always 1. */
import { type ChildTable, childrenOf, plain } from './child-table.ts';
import { type Checked, checkDefinition, type Definition } from './definition.ts';
import { INSIDE, type InsideOf, type Metric } from './inside.ts';
import type { LabelSpec, LabelValues } from './labels.ts';
import type { Child } from './registry.ts';

interface InfoChild extends Child {
  readonly kind: 'info';
}

const EMPTY = new Float64Array(1);

/** An info metric. Made by {@link info}. */
export class Info<L extends LabelSpec> implements Metric {
  readonly name: string;
  readonly [INSIDE]: InsideOf<L>;
  readonly #table: ChildTable<InfoChild>;
  #current: InfoChild | undefined;

  constructor(checked: Checked) {
    this.name = checked.shape.name;
    this[INSIDE] = { registry: checked.registry, shape: checked.shape, labels: checked.labels, fixed: {} };
    const make = (): InfoChild => ({ kind: 'info', values: EMPTY, index: 0, touchedAt: 0 });
    this.#table = childrenOf(checked, make);
  }

  /** Says what the process is from now on; what it said before is no longer exposed. */
  set(labels: LabelValues<L>): void {
    if (this.#current !== undefined) this.#current.values[this.#current.index] = 0;
    this.#current = this.#table.get(plain(labels));
    this.#current.values[this.#current.index] = 1;
  }
}

/**
 * Defines an info metric; by convention its name ends in `_info`.
 * @throws TypeError when the name, the labels or an earlier definition do not allow it
 */
export function info<const L extends LabelSpec>(definition: Definition<L, `${string}_info`, ''>): Info<L> {
  const checked = checkDefinition(definition, { type: 'info' });
  return checked.registry.define(checked.shape, checked.labels, () => new Info<L>(checked));
}
