/**
 * State sets: in which of a few states something is. Each state is a series that is 1 or 0, and the label that names
 * it has the name of the metric:
 *
 *     circuit_breaker{circuit_breaker="open",upstream="billing"} 1
 *     circuit_breaker{circuit_breaker="closed",upstream="billing"} 0
 *
 * Over processes a state is 1 where any running one is in it.
 */
import { type ChildTable, childrenOf } from './child-table.ts';
import { type Checked, checkDefinition, type Definition } from './definition.ts';
import { INSIDE, type InsideOf, type Metric } from './inside.ts';
import type { LabelledArguments, LabelSpec, LabelValues } from './labels.ts';
import type { Given } from './narrowed.ts';
import type { Child } from './registry.ts';
import { removeSeries } from './removal.ts';

const EMPTY = new Float64Array(1);

/** A state set with all its series. Made by {@link stateSet}. */
export class StateSet<L extends LabelSpec, State extends string> implements Metric {
  readonly name: string;
  /** All states that there are. */
  readonly states: readonly State[];
  readonly [INSIDE]: InsideOf<L>;
  readonly #checked: Checked;
  readonly #table: ChildTable<Child>;

  constructor(checked: Checked, states: readonly State[]) {
    const { registry, labels, shape } = checked;
    this.name = shape.name;
    this.states = states;
    this[INSIDE] = { registry, shape, labels, fixed: {} };
    this.#checked = checked;
    this.#table = childrenOf(checked, (): Child => ({ values: EMPTY, index: 0, touchedAt: 0 }));
  }

  /** Says which state it is in, and so in no other: `set('open')`, or `set({ upstream: 'billing' }, 'open')`. */
  set(...args: LabelledArguments<L, [state: State]>): void;
  set(first: unknown, second?: unknown): void {
    const [labels, state] = this.#arguments(first, second);
    // A state that there is not leaves things as they are.
    const child = this.#find(labels, state);
    if (child === undefined) return;
    for (const other of this.states) if (other !== state) this.#put(this.#find(labels, other), 0);
    this.#put(child, 1);
  }

  /** Says that it is in a state, whatever others it is in: `enable('degraded')`. */
  enable(...args: LabelledArguments<L, [state: State]>): void;
  enable(first: unknown, second?: unknown): void {
    this.#put(this.#find(...this.#arguments(first, second)), 1);
  }

  /** Says that it is not in a state. */
  disable(...args: LabelledArguments<L, [state: State]>): void;
  disable(first: unknown, second?: unknown): void {
    this.#put(this.#find(...this.#arguments(first, second)), 0);
  }

  /** Removes what this process says of the labels, some or all of them. */
  remove(labels: Partial<LabelValues<L>>): void {
    removeSeries(this.#checked, this.#table, labels as Given);
  }

  #arguments(first: unknown, second: unknown): [labels: Given, state: string] {
    return this.#checked.labels.length === 1 ? [{}, first as string] : [first as Given, second as string];
  }

  #find(labels: Given, state: string): Child | undefined {
    const { registry, shape } = this.#checked;
    if ((this.states as readonly string[]).includes(state))
      return this.#table.get({ ...labels, [this.name]: state });
    registry.drop(
      shape.name,
      'value',
      `it has no state ${String(state)}; it is one of ${this.states.join(', ')}`,
    );
    return undefined;
  }

  #put(child: Child | undefined, value: 0 | 1): void {
    if (child === undefined) return;
    if (child.touchedAt !== 0) this.#checked.registry.touch(child);
    child.values[child.index] = value;
  }
}

/** A state set's definition names its states. */
export interface StateSetDefinition<L extends LabelSpec, State extends string>
  extends Definition<L, string, ''> {
  /** All states that there are, at least one. */
  readonly states: readonly State[];
}

/**
 * Defines a state set. Nothing happens but the definition; the same one a second time gives the same.
 * @throws TypeError when the name, the labels, the states or an earlier definition do not allow it
 */
export function stateSet<
  const L extends LabelSpec = Record<never, never>,
  const State extends string = string,
>(definition: StateSetDefinition<L, State>): StateSet<L, State> {
  const { name, states, labels } = definition;
  if (labels !== undefined && Object.hasOwn(labels, name))
    throw new TypeError(`state set ${name}: the label ${name} names its states and cannot be given`);
  const checked = checkDefinition(
    { ...definition, labels: { ...labels, [name]: states } },
    { type: 'stateset', mode: 'live max' },
  );
  return checked.registry.define(
    checked.shape,
    checked.labels,
    () => new StateSet<L, State>(checked, states),
  );
}
