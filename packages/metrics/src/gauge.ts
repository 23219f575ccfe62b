/** Gauges: how much there is of something now. */
import { type ChildTable, childrenOf, plain } from './child-table.ts';
import { type Checked, checkDefinition, type Definition } from './definition.ts';
import type { LabelledArguments, LabelSpec, LabelValues } from './labels.ts';
import type { Child, Registry } from './registry.ts';
import type { GaugeMode } from './store/store.ts';

/** With a unit, the name ends in it: `queue_age_seconds`. */
export type GaugeName<Unit extends string> = '' extends Unit ? string : `${string}_${Unit}`;

/** One series of a gauge: what hot code keeps. */
export class BoundGauge implements Child {
  values: Float64Array;
  index: number;
  readonly #timed: boolean;
  readonly #registry: Registry;
  readonly #name: string;

  constructor(registry: Registry, name: string, timed: boolean) {
    this.values = EMPTY;
    this.index = 0;
    this.#timed = timed;
    this.#registry = registry;
    this.#name = name;
  }

  /** Sets the value; any number, also an infinite one or NaN. */
  set(value: number): void {
    if (typeof value !== 'number') {
      this.#registry.drop(this.#name, 'value', `a gauge cannot be set to ${String(value)}`);
      return;
    }
    this.values[this.index] = value;
    if (this.#timed) this.values[this.index + 1] = Date.now();
  }

  /** Adds `by`, a number; in mode `mostrecent` to what this process set last. */
  inc(by = 1): void {
    this.set(typeof by === 'number' ? this.values[this.index]! + by : by);
  }

  dec(by = 1): void {
    this.set(typeof by === 'number' ? this.values[this.index]! - by : by);
  }
}

const EMPTY = new Float64Array(2);

export class Gauge<L extends LabelSpec> {
  readonly name: string;
  readonly #table: ChildTable<BoundGauge>;
  readonly #single: BoundGauge | undefined;

  constructor(checked: Checked) {
    const { registry, labels, shape } = checked;
    this.name = shape.name;
    const make = () => new BoundGauge(registry, shape.name, shape.mode === 'mostrecent');
    this.#table = childrenOf(checked, make);
    this.#single = labels.length === 0 ? this.#table.single : undefined;
  }

  /** `set(3)`, or `set({ queue: 'in' }, 3)` where the metric has labels. */
  set(...args: LabelledArguments<L, [value: number]>): void;
  set(first: unknown, second?: unknown): void {
    if (this.#single !== undefined) this.#single.set(first as number);
    else this.#table.get(first as Readonly<Record<string, string>>).set(second as number);
  }

  inc(...args: LabelledArguments<L, [by?: number]>): void;
  inc(first?: unknown, second?: number): void {
    if (this.#single !== undefined) this.#single.inc(first as number | undefined);
    else this.#table.get(first as Readonly<Record<string, string>>).inc(second);
  }

  dec(...args: LabelledArguments<L, [by?: number]>): void;
  dec(first?: unknown, second?: number): void {
    if (this.#single !== undefined) this.#single.dec(first as number | undefined);
    else this.#table.get(first as Readonly<Record<string, string>>).dec(second);
  }

  /** The series of the labels, to be kept where the same one is set often. */
  bind(labels: LabelValues<L>): BoundGauge {
    return this.#single ?? this.#table.get(plain(labels));
  }
}

/** A gauge's definition says how the processes of a service add up; the default is the sum of the running ones. */
export interface GaugeDefinition<L extends LabelSpec, Unit extends string>
  extends Definition<L, GaugeName<Unit>, Unit> {
  readonly mode?: GaugeMode;
}

/**
 * Defines a gauge. Nothing happens but the definition; the same one a second time gives the same gauge.
 * @throws TypeError when the name, the labels or an earlier definition do not allow it
 */
export function gauge<const L extends LabelSpec = Record<never, never>, const Unit extends string = ''>(
  definition: GaugeDefinition<L, Unit>,
): Gauge<L> {
  const mode = definition.mode ?? 'live sum';
  const checked = checkDefinition(
    definition,
    { type: 'gauge', mode },
    mode === 'per worker' ? ['worker'] : [],
  );
  return checked.registry.define(checked.shape, checked.labels, () => new Gauge<L>(checked));
}
