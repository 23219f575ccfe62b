/**
 * How late the event loop of this thread is, and how busy.
 *
 * Delays are measured by Node.js: a timer of its own notes how far apart its calls are, so that an idle loop with a
 * resolution of 10 ms shows 10 ms. Its histogram cannot be cut into parts afterwards, and if whoever reads emptied
 * it, two scrapers would each see what the other has left. So there are two, emptied in turn:
 *
 *     histogram 1   ├──── shown ────────────────┤ emptied ├────────────── ...
 *     histogram 2                ├── younger ───┼── shown ────────────────┤ ...
 *     read at         ↑        ↑        ↑       ↑ the younger one is as old as the window
 *
 * The shown one is never younger than the window, once the process is not, and at most twice as old, or as old as
 * the reading before, where that is longer ago. Whoever reads at least once in each window misses nothing, however
 * many others read. A single reader that comes less often sees exactly what was since its reading before. The
 * second timer fires with the first one, and costs about a hundredth of it.
 *
 * A histogram that is emptied does not note the delay that is under way, which may well be the one that an answer
 * to a scraper makes. The other one does, and its greatest delay since is taken over.
 */
import perfHooks, { type EventLoopUtilization, type IntervalHistogram } from 'node:perf_hooks';

/** How often the delay is looked at, as prom-client has it. */
export const EVENT_LOOP_RESOLUTION_MS = 10;

/** The time that readings are about, at least. */
export const EVENT_LOOP_WINDOW_MS = 30_000;

/** Delays of the event loop, in seconds. Each is computed when it is asked for; mean and deviation cost most. */
export interface EventLoopDelays {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly stddev: number;
  /** @param percent from 0 to 100 */
  percentile(percent: number): number;
}

/** How busy an event loop is. */
export interface EventLoopUsage {
  /** Time since the loop began that it did not wait for events. */
  readonly activeSeconds: number;
  /** Time since the loop began that it waited. */
  readonly idleSeconds: number;
  /** The share of active time in the window, from 0 to 1. */
  readonly utilization: number;
}

/** What an {@link EventLoopMonitor} is started with. */
export interface EventLoopOptions {
  /** Whether delays are measured, default true. Without them nothing runs between readings. */
  readonly measureDelays?: boolean | undefined;
  /** Default {@link EVENT_LOOP_RESOLUTION_MS}; a longer one wakes an idle process less often. */
  readonly resolutionMs?: number | undefined;
  /** Default {@link EVENT_LOOP_WINDOW_MS}. */
  readonly windowMs?: number | undefined;
  /** Milliseconds that never go back, for tests. */
  readonly now?: (() => number) | undefined;
}

/** Watches the event loop of this thread until it is stopped; keeps no process running. */
export class EventLoopMonitor {
  readonly #windowMs: number;
  readonly #now: () => number;
  #shown: IntervalHistogram | undefined;
  #younger: IntervalHistogram | undefined;
  #youngerSinceMs: number;
  /** The greatest delay of the shown histogram when the younger one was emptied, in nanoseconds. */
  #maxBefore = 0;
  /** A delay that the shown histogram may have missed, in nanoseconds. */
  #maxTaken = 0;
  #shownUsage: EventLoopUtilization | undefined;
  #youngerUsage: EventLoopUtilization | undefined;

  private constructor(
    shown: IntervalHistogram | undefined,
    younger: IntervalHistogram | undefined,
    windowMs: number,
    now: () => number,
  ) {
    this.#shown = shown;
    this.#younger = younger;
    this.#windowMs = windowMs;
    this.#now = now;
    this.#youngerSinceMs = now();
    this.#shownUsage = readUtilization();
    this.#youngerUsage = this.#shownUsage;
  }

  /**
   * Begins to watch; what the runtime cannot measure is left out of the readings.
   * @throws RangeError for a resolution or window that is not a whole, or not a positive number of milliseconds
   */
  static start({
    measureDelays = true,
    resolutionMs = EVENT_LOOP_RESOLUTION_MS,
    windowMs = EVENT_LOOP_WINDOW_MS,
    now = () => performance.now(),
  }: EventLoopOptions = {}): EventLoopMonitor {
    if (!Number.isInteger(resolutionMs) || resolutionMs < 1) {
      throw new RangeError(
        `the resolution of the event loop's delay must be whole milliseconds from 1 on, not ${resolutionMs}`,
      );
    }
    if (!(windowMs > 0))
      throw new RangeError(`the window of the event loop's delay must be above 0 ms, not ${windowMs}`);
    const watch = () => (measureDelays ? watchDelay(resolutionMs) : undefined);
    return new EventLoopMonitor(watch(), watch(), windowMs, now);
  }

  /** The delays of the window; undefined where there are none yet, or where the runtime does not measure them. */
  delays(): EventLoopDelays | undefined {
    this.#turn();
    const histogram = this.#shown;
    if (histogram === undefined || histogram.count === 0) return undefined;
    const taken = this.#maxTaken;
    return {
      get min() {
        return histogram.min / 1e9;
      },
      get max() {
        return Math.max(histogram.max, taken) / 1e9;
      },
      get mean() {
        return histogram.mean / 1e9;
      },
      get stddev() {
        return histogram.stddev / 1e9;
      },
      percentile: (percent) => histogram.percentile(percent) / 1e9,
    };
  }

  /** How busy the loop is; undefined where the runtime does not measure it. */
  usage(): EventLoopUsage | undefined {
    this.#turn();
    const now = readUtilization();
    if (now === undefined || this.#shownUsage === undefined) return undefined;
    const active = now.active - this.#shownUsage.active;
    const elapsed = active + now.idle - this.#shownUsage.idle;
    return {
      activeSeconds: now.active / 1000,
      idleSeconds: now.idle / 1000,
      utilization: elapsed > 0 ? Math.min(1, Math.max(0, active / elapsed)) : 0,
    };
  }

  /** Stops watching; delays are then no longer there. */
  stop(): void {
    this.#shown?.disable();
    this.#younger?.disable();
    this.#shown = undefined;
    this.#younger = undefined;
  }

  /** Shows the younger window where it is old enough, and begins another. */
  #turn(): void {
    const nowMs = this.#now();
    if (nowMs - this.#youngerSinceMs < this.#windowMs) return;
    const emptied = this.#shown;
    this.#shown = this.#younger;
    this.#younger = emptied;
    const max = emptied?.max ?? 0;
    this.#maxTaken = max > this.#maxBefore ? max : 0;
    this.#maxBefore = this.#shown?.max ?? 0;
    emptied?.reset();
    this.#shownUsage = this.#youngerUsage;
    this.#youngerUsage = readUtilization();
    this.#youngerSinceMs = nowMs;
  }
}

function watchDelay(resolution: number): IntervalHistogram | undefined {
  try {
    const histogram = perfHooks.monitorEventLoopDelay({ resolution });
    histogram.enable();
    return histogram;
  } catch {
    return undefined; // Bun has the function, which throws; others have none.
  }
}

function readUtilization(): EventLoopUtilization | undefined {
  try {
    return perfHooks.performance.eventLoopUtilization();
  } catch {
    return undefined;
  }
}

/** How long the event loop takes, from now, until it comes to what was put last in its turn, in seconds. */
export function readLoopLag(): Promise<number> {
  const beganMs = performance.now();
  return new Promise((resolve) => {
    setImmediate(() => resolve((performance.now() - beganMs) / 1000));
  });
}
