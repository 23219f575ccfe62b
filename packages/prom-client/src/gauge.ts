/** Gauges: how much there is of something now. */
import { format } from 'node:util';
import { type GivenLabels, isObject } from './labels.ts';
import { GAUGE_MODES, Metric, type MetricConfiguration, type MetricValue } from './metric.ts';
import { scalarValues, writeScalarFamily, writeScalars } from './scalar.ts';
import { Series } from './series.ts';
import type { FamilyShape } from './storage.ts';
import type { Family, TextOutput } from './text.ts';
import { startTimer } from './timer.ts';

/** One series, as `labels(...)` gives it. Its methods need no `this`. */
export interface BoundGauge {
  inc(value?: number): void;
  dec(value?: number): void;
  set(value: number): void;
  setToCurrentTime(): void;
  startTimer(): (labels?: GivenLabels) => number;
}

class GaugeSeries extends Series {
  set(value: number): void {
    let index = this.index;
    if (index < 0) index = this.show();
    this.values[index] = value;
  }

  add(by: number): void {
    let index = this.index;
    if (index < 0) index = this.show();
    this.values[index]! += by;
  }
}

const NO_LABELS: GivenLabels = {};

export class Gauge<T extends string = string> extends Metric<GaugeSeries> {
  readonly type = 'gauge';
  readonly #single: GaugeSeries | undefined;

  /** @throws Error or TypeError for a definition that cannot be */
  constructor(config: MetricConfiguration<T>) {
    super(config);
    this.begin(
      1,
      () => this.#shape(),
      (shelf, labels, values) => new GaugeSeries(shelf, labels, values),
    );
    this.#single = this.labelNames.length === 0 ? this.storage.table.get(NO_LABELS) : undefined;
    this.#showSingle();
  }

  /** `set(3)`, `set({ queue: 'in' }, 3)`. @throws TypeError for what is no number, Error for a label that there is not */
  set(first: unknown, second?: unknown): void {
    const labelled = isObject(first);
    const value = labelled ? second : first;
    if (typeof value !== 'number') throw new TypeError(`Value is not a valid number: ${format(value)}`);
    this.#of(labelled ? first : undefined).set(value);
  }

  /** Adds, default 1. @throws as {@link Gauge.set} */
  inc(first?: unknown, second?: unknown): void {
    const labelled = isObject(first);
    this.#change(labelled ? first : undefined, labelled ? second : first, 1);
  }

  /** Takes away, default 1. @throws as {@link Gauge.set} */
  dec(first?: unknown, second?: unknown): void {
    const labelled = isObject(first);
    this.#change(labelled ? first : undefined, labelled ? second : first, -1);
  }

  /** Sets the Unix time in seconds. */
  setToCurrentTime(labels?: unknown): void {
    if (labels === undefined) this.set(Date.now() / 1000);
    else this.set(labels, Date.now() / 1000);
  }

  /** Starts a timer; the function that it returns sets the gauge to the seconds that passed, and returns them. */
  startTimer(labels?: GivenLabels): (endLabels?: GivenLabels) => number {
    return startTimer(labels, (all, seconds) => this.set(all, seconds));
  }

  /**
   * One series, to be kept where it is set often: by its labels or by values in the order of the label names.
   * @throws Error for a label that there is not, or another number of values
   */
  labels(...args: unknown[]): BoundGauge {
    const series = this.storage.table.of(args);
    series.bound ??= this.#bind(series);
    return series.bound as BoundGauge;
  }

  reset(): void {
    if (this.#single !== undefined && this.aggregator === 'sum') this.storage.restart();
    else this.storage.hide();
    this.#showSingle();
  }

  /** The value of a series of this process; 0 where there is none. */
  _getValue(labels?: GivenLabels): number {
    const series = this.storage.table.find(labels ?? NO_LABELS);
    return series?.value ?? 0;
  }

  /** Without labels a gauge is shown from the start, at 0; for the others only where a 0 does not change their sum. */
  #showSingle(): void {
    if (this.#single === undefined || this.#single.index >= 0) return;
    if (this.aggregator === 'sum') this.storage.place(this.#single);
    else this.storage.announce(this.#single);
  }

  #of(labels: GivenLabels | undefined): GaugeSeries {
    if (labels === undefined && this.#single !== undefined) return this.#single;
    return this.storage.table.get(labels ?? NO_LABELS);
  }

  #change(labels: GivenLabels | undefined, value: unknown, sign: 1 | -1): void {
    this.#of(labels).add(deltaOf(value, sign));
  }

  #bind(series: GaugeSeries): BoundGauge {
    const set = (value: number) => {
      if (typeof value !== 'number') throw new TypeError(`Value is not a valid number: ${format(value)}`);
      series.set(value);
    };
    return {
      set,
      inc: (value?: number) => series.add(deltaOf(value, 1)),
      dec: (value?: number) => series.add(deltaOf(value, -1)),
      setToCurrentTime: () => set(Date.now() / 1000),
      startTimer: () =>
        startTimer(undefined, (end, seconds) => {
          if (Object.keys(end).length === 0) set(seconds);
          else this.set({ ...series.labels, ...end }, seconds);
        }),
    };
  }

  #shape(): Omit<FamilyShape, 'name'> | undefined {
    const mode = GAUGE_MODES[this.aggregator];
    return mode === undefined ? undefined : this.shapeOf({ type: 'gauge', mode });
  }

  protected valuesNow(): MetricValue[] {
    return scalarValues(this.storage.shown);
  }

  protected entryOf(series: GaugeSeries): unknown {
    return scalarValues([series])[0];
  }

  protected write(out: TextOutput): void {
    writeScalars(out, this, this.storage);
  }

  protected writeFamily(out: TextOutput, family: Family): void {
    writeScalarFamily(out, this, family);
  }
}

/** @throws TypeError for what is no number */
function deltaOf(value: unknown, sign: 1 | -1): number {
  if (value === undefined) return sign;
  // A text becomes a number where it is negated, as it always did; added, it would become a longer text.
  const delta = sign < 0 ? -(value as number) : value;
  if (typeof delta !== 'number') throw new TypeError(`Delta is not a valid number: ${format(value)}`);
  return delta;
}
