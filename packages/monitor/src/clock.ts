/** Time as the monitor's loops see it; a test drives its own. */

/** A source of time and timers. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /** Calls back once, `delayMs` from now at the earliest. Returns what cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

/** The longest delay that a timer takes; a longer one is cut, so callers look at the clock when they wake. */
export const TIMER_MS_MAX = 2_147_483_647;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), TIMER_MS_MAX));
    return () => clearTimeout(timer);
  },
};

/** A time as Go writes it in JSON, in UTC: RFC 3339, fractions of a second without trailing zeros. */
export function rfc3339(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.?0*Z$/, 'Z');
}
