import type { Clock } from '../dist/clock.js';

/** A clock that moves when the test says so. */
export class ManualClock implements Clock {
  #now: number;
  readonly #timers: { at: number; callback: () => void }[] = [];

  constructor(now = 0) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delayMs), callback };
    this.#timers.push(timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index >= 0) this.#timers.splice(index, 1);
    };
  }

  /** Moves to a time, timer by timer, and lets what each one started settle. */
  async moveTo(time: number): Promise<void> {
    await settled();
    for (;;) {
      this.#timers.sort((a, b) => a.at - b.at);
      const next = this.#timers[0];
      if (next === undefined || next.at > time) break;
      this.#timers.shift();
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await settled();
    }
    this.#now = time;
  }

  /** Calls every timer back, whatever the time: timers run on, also where the clock is set back. */
  wake(): void {
    for (const timer of this.#timers.splice(0)) timer.callback();
  }

  /** Moves without waking anybody, as a machine does that slept. */
  sleepUntil(time: number): void {
    this.#now = time;
  }
}

/** Waits until promises that need neither time nor the outside have settled. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}
