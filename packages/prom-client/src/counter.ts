/** Counters: how often something happened. They only go up. */
import { format } from 'node:util';
import { Exemplar } from './exemplar.ts';
import { type GivenLabels, isObject } from './labels.ts';
import { GAUGE_MODES, Metric, type MetricConfiguration, type MetricValue } from './metric.ts';
import { scalarValues, writeScalarFamily, writeScalars } from './scalar.ts';
import { Series } from './series.ts';
import type { FamilyShape } from './storage.ts';
import type { Family, TextOutput } from './text.ts';

/** One series, as `labels(...)` gives it. Its method needs no `this`. */
export interface BoundCounter {
  inc(value?: number): void;
}

class CounterSeries extends Series {
  /** Adds a value that is known to be above 0 and finite. */
  add(by: number): void {
    let index = this.index;
    if (index < 0) index = this.show();
    this.values[index]! += by;
  }
}

const NO_LABELS: GivenLabels = {};

export class Counter<T extends string = string> extends Metric<CounterSeries> {
  readonly type = 'counter';
  readonly #single: CounterSeries | undefined;

  /** @throws Error or TypeError for a definition that cannot be */
  constructor(config: MetricConfiguration<T>) {
    super(config);
    this.begin(
      1,
      () => this.#shape(),
      (shelf, labels, values) => new CounterSeries(shelf, labels, values),
    );
    this.#single = this.labelNames.length === 0 ? this.storage.table.get(NO_LABELS) : undefined;
    if (this.#single !== undefined) this.storage.place(this.#single);
  }

  /**
   * Adds a value, default 1: `inc()`, `inc(2)`, `inc({ method: 'GET' }, 2)`; with exemplars `inc({ labels, value,
   * exemplarLabels })`.
   * @throws Error for a value below 0, TypeError for what is no number, Error for a label that there is not
   */
  inc(first?: unknown, second?: unknown): void {
    if (this.enableExemplars) this.#incWithExemplar(first as IncreaseWithExemplar | undefined);
    else if (isObject(first)) this.#add(this.storage.table.get(first), second);
    else this.#add(this.#single ?? this.storage.table.get(NO_LABELS), first);
  }

  /**
   * One series, to be kept where it is counted often: by its labels or by values in the order of the label names.
   * @throws Error for a label that there is not, or another number of values
   */
  labels(...args: unknown[]): BoundCounter {
    const series = this.storage.table.of(args);
    series.bound ??= { inc: (value?: number) => this.#add(series, value) } satisfies BoundCounter;
    return series.bound as BoundCounter;
  }

  reset(): void {
    if (this.#single === undefined) this.storage.hide();
    else this.storage.restart();
  }

  #add(series: CounterSeries, value: unknown): void {
    if (value === undefined) series.add(1);
    else if (typeof value === 'number' && value > 0 && value < Number.POSITIVE_INFINITY) series.add(value);
    else this.#addOther(series, value);
  }

  #addOther(series: CounterSeries, value: unknown): void {
    if (value === null) series.add(1);
    else if (typeof value !== 'number') throw new TypeError(`Value is not a valid number: ${format(value)}`);
    else if (value < 0) throw new Error('It is not possible to decrease a counter');
    else if (value === 0) series.add(0);
    else this.refuse(value);
  }

  #incWithExemplar({ labels = {}, value = 1, exemplarLabels }: IncreaseWithExemplar = {}): void {
    const series = this.storage.table.get(labels);
    if (exemplarLabels !== undefined) new Exemplar().validateExemplarLabelSet(exemplarLabels);
    this.#add(series, value);
    if (exemplarLabels !== undefined) series.note(0, exemplarLabels, value || 1);
  }

  #shape(): Omit<FamilyShape, 'name'> | undefined {
    if (this.aggregator === 'sum') return this.shapeOf({ type: 'counter' });
    const mode = GAUGE_MODES[this.aggregator];
    return mode === undefined ? undefined : this.shapeOf({ type: 'gauge', mode });
  }

  protected valuesNow(): MetricValue[] {
    return scalarValues(this.storage.shown);
  }

  protected entryOf(series: CounterSeries): unknown {
    return scalarValues([series])[0];
  }

  protected write(out: TextOutput): void {
    writeScalars(out, this, this.storage);
  }

  protected writeFamily(out: TextOutput, family: Family): void {
    writeScalarFamily(out, this, family);
  }
}

interface IncreaseWithExemplar {
  readonly labels?: GivenLabels;
  readonly value?: number;
  readonly exemplarLabels?: Readonly<Record<string, unknown>>;
}
