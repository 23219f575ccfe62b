import type { ScrapeClock } from '../../dist/scrape/scraper.js';

/** Time that a test moves. */
export class FakeClock implements ScrapeClock {
  #now: number;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];
  /** How much later than asked every timer fires. */
  lateMs = 0;

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return Math.floor(this.#now);
  }

  monotonicMs(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delayMs) + this.lateMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  get timers(): number {
    return this.#timers.length;
  }

  /** Goes on by some time; whatever becomes due runs at its time, and its promises settle before time goes on. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await new Promise(setImmediate);
      const next = this.#timers.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = end;
  }
}
