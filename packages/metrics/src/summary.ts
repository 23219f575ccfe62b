/**
 * Summaries: quantiles of what was observed lately, calculated here instead of by the monitor.
 *
 * Observations are counted in exponential buckets (schema 5, each bound 2.2 % above the one before) of time windows
 * that follow one another, in every process in its own. Whoever answers adds the buckets of all processes up and
 * takes the quantiles from the sum: never are the quantiles of two processes added or averaged, which would say
 * nothing. A quantile is right to 1.1 % of its value; the least and the greatest value are exact.
 */
import { type Checked, checkDefinition, type Definition } from './definition.ts';
import type { GaugeName } from './gauge.ts';
import { INSIDE } from './inside.ts';
import type { LabelSpec, LabelValues } from './labels.ts';
import { NarrowedChildren } from './narrowed.ts';
import { BoundObserver, Observer } from './observer.ts';
import { type PagePosition, SparseBuckets } from './sparse-buckets.ts';
import { layoutOf, WINDOW, WINDOWS_MAX, type WindowShape } from './store/store.ts';

/** The quantiles that a summary has unless its definition names others. */
export const DEFAULT_QUANTILES: readonly number[] = [0.5, 0.9, 0.99];

/** How long an observation counts for the quantiles, unless the definition says otherwise. */
export const DEFAULT_WINDOW_MS = 600_000;

/** In how many steps the window of a summary moves on, unless the definition says otherwise. */
export const DEFAULT_WINDOW_STEPS = 5;

/** The schema of the buckets: quantiles are right to 1.1 %. */
const SCHEMA = 5;

/** One series of a summary: what hot code keeps. */
export class BoundSummary<Unit extends string = string> extends BoundObserver<Unit> {
  readonly #window: WindowShape;
  readonly #windowsAt: number;
  readonly #buckets: SparseBuckets;

  constructor(checked: Checked) {
    super(checked, EMPTY);
    this.#window = checked.shape.window!;
    this.#windowsAt = layoutOf(checked.shape).windowsAt;
    this.#buckets = new SparseBuckets(checked, this, SCHEMA);
  }

  /** Tells it from a histogram. */
  get [INSIDE](): 'summary' {
    return 'summary';
  }

  /** Counts a value. NaN is dropped and counted. */
  override observe(value: number): void {
    if (typeof value !== 'number' || Number.isNaN(value)) {
      this.refuse(`a summary cannot observe ${String(value)}`);
      return;
    }
    if (this.touchedAt !== 0) this.checked.registry.touch(this);
    this.values[this.index]! += 1;
    this.values[this.index + 1]! += value;
    this.#observeInWindow(value);
  }

  #observeInWindow(value: number): void {
    const { lengthMs, count } = this.#window;
    const stepMs = lengthMs / count;
    const step = Math.floor(Date.now() / stepMs);
    const startMs = step * stepMs;
    const window = step % count;
    const { values } = this;
    const at = this.index + this.#windowsAt + window * WINDOW.size;
    if (values[at + WINDOW.startMs] !== startMs) {
      values[at + WINDOW.zeros] = 0;
      values[at + WINDOW.least] = Number.POSITIVE_INFINITY;
      values[at + WINDOW.greatest] = Number.NEGATIVE_INFINITY;
      values[at + WINDOW.startMs] = startMs;
    }
    if (value < values[at + WINDOW.least]!) values[at + WINDOW.least] = value;
    if (value > values[at + WINDOW.greatest]!) values[at + WINDOW.greatest] = value;
    if (value === 0) {
      values[at + WINDOW.zeros]! += 1;
      return;
    }
    this.#buckets.locate(value, window, POSITION);
    const page = POSITION.slots;
    // The page may be about the same step of an earlier round.
    if (page.values[page.index] !== startMs) {
      page.values.fill(0, page.index, page.index + PAGE_SLOTS);
      page.values[page.index] = startMs;
    }
    page.values[POSITION.at]! += 1;
  }
}

const PAGE_SLOTS = 17;
const EMPTY = new Float64Array(2 + WINDOWS_MAX * WINDOW.size);
const POSITION: PagePosition = { slots: { values: EMPTY, index: 0 }, at: 0 };

/** A summary with all its series. Made by {@link summary}. */
export class Summary<L extends LabelSpec, Unit extends string = string> extends Observer<
  L,
  Unit,
  BoundSummary<Unit>
> {
  /** @param narrowed the children of a summary with some labels fixed */
  constructor(checked: Checked, narrowed?: NarrowedChildren<BoundSummary<Unit>>) {
    super(checked, () => new BoundSummary<Unit>(checked), narrowed);
  }

  /** The series of the labels, to be kept where the same one is observed often. */
  bind(labels: LabelValues<L>): BoundSummary<Unit>;
  /** The summary with some labels fixed, which takes only the remaining ones. */
  bind<K extends keyof L>(labels: Pick<LabelValues<L>, K>): Summary<Omit<L, K>, Unit>;
  bind(labels: unknown): unknown {
    const found = this.find(labels);
    return found instanceof NarrowedChildren ? new Summary(this.checked, found) : found;
  }
}

/** A summary's definition says which quantiles of which time it shows. */
export interface SummaryDefinition<L extends LabelSpec, Unit extends string>
  extends Definition<L, GaugeName<NoInfer<Unit>>, Unit> {
  /** From 0 to 1, increasing; may be empty, for sum and count alone. Default: {@link DEFAULT_QUANTILES}. */
  readonly quantiles?: readonly number[];
  /** How long an observation counts for the quantiles, in milliseconds. Default: {@link DEFAULT_WINDOW_MS}. */
  readonly windowMs?: number;
  /** In how many steps the window moves on, 1 to 32. Default: {@link DEFAULT_WINDOW_STEPS}. */
  readonly windowSteps?: number;
}

/**
 * Defines a summary. Nothing happens but the definition; the same one a second time gives the same. Prefer a
 * histogram where quantiles over several services or other times may be asked for: those of a summary are final.
 * @throws TypeError when the name, the labels, the quantiles or an earlier definition do not allow it
 */
export function summary<const L extends LabelSpec = Record<never, never>, const Unit extends string = ''>(
  definition: SummaryDefinition<L, Unit>,
): Summary<L, Unit> {
  const {
    name,
    quantiles = DEFAULT_QUANTILES,
    windowMs = DEFAULT_WINDOW_MS,
    windowSteps = DEFAULT_WINDOW_STEPS,
  } = definition;
  if (quantiles.some((one, i) => !(one >= 0 && one <= 1) || one <= (quantiles[i - 1] ?? -1)))
    throw new TypeError(`summary ${name}: quantiles must increase from 0 to 1, not ${quantiles.join(', ')}`);
  if (!(Number.isInteger(windowSteps) && windowSteps >= 1 && windowSteps <= WINDOWS_MAX))
    throw new TypeError(`summary ${name}: windowSteps must be from 1 to ${WINDOWS_MAX}, not ${windowSteps}`);
  if (!(windowMs >= windowSteps && Number.isFinite(windowMs)))
    throw new TypeError(`summary ${name}: windowMs must be at least a millisecond per step, not ${windowMs}`);
  const window: WindowShape = { lengthMs: windowMs, count: windowSteps };
  const checked = checkDefinition(definition, { type: 'summary', quantiles, window }, ['quantile']);
  return checked.registry.define(checked.shape, checked.labels, () => new Summary<L, Unit>(checked));
}
