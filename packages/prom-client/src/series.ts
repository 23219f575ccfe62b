/**
 * One series: where its values lie, and its labels.
 *
 * A series comes to be when its labels are first named, and is shown from its first value on. Until then its
 * `index` is -1, which the hot path has to look at anyway; the first value finds it there and takes slots.
 */
import { Exemplar } from './exemplar.ts';
import type { GivenLabels } from './labels.ts';
import type { Child, FamilyShape } from './storage.ts';

/** Where a series has its values. */
export interface Shelf {
  /** Gives slots to a series. */
  place(series: Series): void;
  /** Notes an exemplar of a series for the other processes. */
  note(series: Series, bucket: number, labelSet: Readonly<Record<string, unknown>>, value: number): void;
}

const NONE = new Float64Array(0);

export abstract class Series {
  values: Float64Array = NONE;
  /** -1 where the series has no slots. */
  index = -1;
  /** A copy of the labels that it was first named with, in that order, and without those that were undefined. */
  readonly labels: GivenLabels;
  /** In the order of the metric's label names; what was left out is empty. */
  readonly labelValues: readonly string[];
  /** What was noted beside the values, by bucket; 0 for counters. */
  exemplars: Map<number, Exemplar> | undefined = undefined;
  /** What `labels(...)` gives for this series. */
  bound: unknown = undefined;
  /** What the text formats write of it beside its values, made when it is first shown. */
  text: string | undefined = undefined;
  // Of a child of @binnacle/metrics; here from the start, so that all series have one hidden class.
  touchedAt = 0;
  readonly #shelf: Shelf;

  constructor(shelf: Shelf, labels: GivenLabels, labelValues: readonly string[]) {
    this.#shelf = shelf;
    this.labels = labels;
    this.labelValues = labelValues;
  }

  /** What has the slots where they are those of the service. */
  get child(): Child {
    return this;
  }

  /** To be called before the series gets slots of the service. */
  share(_family: FamilyShape): void {}

  /** To be called when it has lost them. */
  unshare(): void {}

  /** What lies in the first slot; 0 where there is none. */
  get value(): number {
    return this.index < 0 ? 0 : this.values[this.index]!;
  }

  /** Notes an exemplar whose labels are known to be allowed. */
  note(bucket: number, labelSet: Readonly<Record<string, unknown>>, value: number): void {
    this.exemplars ??= new Map();
    const exemplar = this.exemplars.get(bucket) ?? new Exemplar();
    exemplar.labelSet = { ...labelSet };
    exemplar.value = value;
    exemplar.timestamp = Date.now() / 1000;
    this.exemplars.set(bucket, exemplar);
    this.#shelf.note(this, bucket, labelSet, value);
  }

  /** Takes slots for a series that has none; returns where. */
  protected show(): number {
    this.#shelf.place(this);
    return this.index;
  }
}
