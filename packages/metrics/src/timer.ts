/**
 * Timers: what `start` of a histogram in seconds returns.
 *
 *     using timer = duration.start({ route: '/' });     // observes at the end of the block
 *
 *     const timer = duration.start({ route: '/' });
 *     timer.stop({ status: '200' });                    // a label that is known at the end only
 *
 * The clock is monotonic. A timer observes once, whatever is called how often.
 */
import type { LabelSpec, LabelValues } from './labels.ts';

/** A timer that knows all its labels, so that `using` can stop it. */
export interface Timer<L extends LabelSpec> extends Disposable {
  /**
   * Observes the seconds since the start and returns them; a second time only returns them again.
   * @param labels replace labels that were given at the start
   */
  stop(...args: keyof L extends never ? [] : [labels?: Partial<LabelValues<L>>]): number;
}

/** A timer that was started with the labels `K` and is given the others when it stops. */
export interface IncompleteTimer<L extends LabelSpec, K extends keyof L> {
  /**
   * Observes the seconds since the start and returns them; a second time only returns them again.
   * @param labels those that are missing; they may also replace labels that were given at the start
   */
  stop(labels: Omit<LabelValues<L>, K> & Partial<LabelValues<L>>): number;
}

/** Labels as a timer collects them. */
type Collected = Readonly<Record<string, string>> | undefined;

/** The one timer behind {@link Timer} and {@link IncompleteTimer}. */
export class RunningTimer implements Disposable {
  readonly #beganMs = performance.now();
  readonly #labels: Collected;
  readonly #observe: (seconds: number, labels: Collected) => void;
  #seconds: number | undefined;

  /** @param observe is called once, with all labels that were given until then */
  constructor(labels: Collected, observe: (seconds: number, labels: Collected) => void) {
    this.#labels = labels === undefined ? undefined : { ...labels };
    this.#observe = observe;
  }

  stop(labels?: Collected): number {
    if (this.#seconds === undefined) {
      this.#seconds = secondsSince(this.#beganMs);
      this.#observe(this.#seconds, labels === undefined ? this.#labels : { ...this.#labels, ...labels });
    }
    return this.#seconds;
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}

/** Seconds on the monotonic clock since a reading of `performance.now()`. */
export function secondsSince(beganMs: number): number {
  return (performance.now() - beganMs) / 1000;
}
