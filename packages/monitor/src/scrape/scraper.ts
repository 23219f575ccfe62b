/**
 * The scraper: a loop for every target.
 *
 * Scrapes of a target come at fixed places of its interval, spread by a hash of the target, so that neither all
 * targets are asked at once nor a restart moves them; only the first one comes at once, within half a second,
 * because somebody is waiting for the first picture. The samples get the planned time where the timer was
 * nearly on time: evenly spaced samples compress best and make `rate` exact.
 *
 * The scraper knows storage only by its contract. What storage could not take is reported and counted; scraping
 * goes on, and the next scrape is stored when storage works again.
 */
import type { Clock } from '../clock.ts';
import type { ScrapeConfig } from '../config/prometheus.ts';
import type { Appendable, ColumnAppendable } from '../storage.ts';
import type { ScrapeFetch } from './http-fetch.ts';
import { Target, type TargetCounts } from './target.ts';
import { type TargetConfig, targetsOf } from './target-labels.ts';
import type { TargetMetadata, TargetStatus } from './target-status.ts';

/** All first scrapes come within it. */
const FIRST_SCRAPE_MS_MAX = 500;
/** A scrape that is later than planned by no more gets the planned time... */
const ALIGN_MS_MAX = 2;
/** ...or by no more than this part of the interval, where that is less. */
const ALIGN_INTERVAL_PART = 0.01;

/** Time as the scraper sees it. */
export interface ScrapeClock extends Clock {
  /** Milliseconds of a clock that is never set, with fractions. */
  monotonicMs(): number;
}

export interface ScraperOptions {
  readonly storage: ColumnAppendable & Appendable;
  readonly fetch: ScrapeFetch;
  readonly clock: ScrapeClock;
  /** Lines for the user: when storage begins and ends to fail. */
  readonly onReport?: (line: string) => void;
}

/** What all targets have done, those that were removed included. */
export interface ScraperStats extends Readonly<TargetCounts> {
  readonly targets: number;
}

/** Scrapes the targets of a configuration until it is stopped. */
export class Scraper {
  readonly #options: ScraperOptions;
  readonly #loops = new Map<string, TargetLoop>();
  readonly #ended: TargetCounts = {
    scrapes: 0,
    failedScrapes: 0,
    failedAppends: 0,
    duplicates: 0,
    outOfOrder: 0,
  };
  #storageFails = false;

  constructor(options: ScraperOptions) {
    this.#options = options;
  }

  /**
   * Scrapes what `configs` names from now on. Targets that are the same as before go on undisturbed; the series
   * of those that are gone are marked as ended. Resolves when those have stopped.
   */
  async configure(configs: readonly ScrapeConfig[]): Promise<void> {
    const wanted = new Map(targetsOf(configs).map((config) => [config.key, config]));
    const gone = [...this.#loops].filter(([key]) => !wanted.has(key));
    for (const [key] of gone) this.#loops.delete(key);
    for (const [key, config] of wanted) {
      if (!this.#loops.has(key)) this.#loops.set(key, this.#begin(config));
    }
    await Promise.all(
      gone.map(async ([, loop]) => {
        await loop.stop();
        try {
          await loop.target.end(this.#options.clock.now());
        } catch (error) {
          this.#report(error instanceof Error ? error : new Error(String(error)));
        }
        for (const name of countNames) this.#ended[name] += loop.target.counts[name];
      }),
    );
  }

  /** Stops all loops, without marking anything as ended: the monitor may be back in a moment. */
  async stop(): Promise<void> {
    await Promise.all([...this.#loops.values()].map((loop) => loop.stop()));
  }

  /** In the order of the configuration. */
  targets(): TargetStatus[] {
    return [...this.#loops.values()].map(({ target }) => target.status());
  }

  metadata(): TargetMetadata[] {
    return [...this.#loops.values()].flatMap(({ target }) => target.metadata());
  }

  stats(): ScraperStats {
    const total = { ...this.#ended };
    for (const { target } of this.#loops.values()) {
      for (const name of countNames) total[name] += target.counts[name];
    }
    return { ...total, targets: this.#loops.size };
  }

  #begin(config: TargetConfig): TargetLoop {
    const { storage, fetch, clock } = this.#options;
    const target = new Target(config, { storage, fetch, monotonicMs: () => clock.monotonicMs() });
    return new TargetLoop(target, clock, (failure) => this.#report(failure));
  }

  /** Says when storage begins to fail and when it works again, not every time. */
  #report(failure: Error | undefined): void {
    if ((failure !== undefined) === this.#storageFails) return;
    this.#storageFails = failure !== undefined;
    this.#options.onReport?.(
      failure === undefined ? 'samples are stored again' : `samples cannot be stored: ${failure.message}`,
    );
  }
}

const countNames = ['scrapes', 'failedScrapes', 'failedAppends', 'duplicates', 'outOfOrder'] as const;

/** When one target is scraped. */
class TargetLoop {
  readonly target: Target;
  readonly #clock: ScrapeClock;
  readonly #intervalMs: number;
  /** The place of the target's scrapes in the interval. */
  readonly #offsetMs: number;
  readonly #onStored: (failure: Error | undefined) => void;
  #cancel: () => void;
  #running: Promise<void> | undefined;
  #lastDueMs = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(target: Target, clock: ScrapeClock, onStored: (failure: Error | undefined) => void) {
    this.target = target;
    this.#clock = clock;
    this.#onStored = onStored;
    const hash = hashOf(target.config.key);
    this.#intervalMs = target.config.scrape.scrapeIntervalMs;
    this.#offsetMs = hash % this.#intervalMs;
    const delayMs = hash % Math.min(FIRST_SCRAPE_MS_MAX, this.#intervalMs);
    this.#cancel = clock.after(delayMs, () => this.#run(clock.now()));
  }

  /** Scrapes no more; one that is under way is given up. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    this.target.abort();
    await this.#running;
  }

  #run(timestampMs: number): void {
    this.#running = this.target.scrape(timestampMs).then((failure) => {
      if (this.#stopped) return;
      this.#onStored(failure);
      this.#plan();
    });
  }

  /** Plans the next scrape; what a slow scrape has missed is left out. */
  #plan(): void {
    const now = this.#clock.now();
    const passed = Math.floor((now - this.#offsetMs) / this.#intervalMs);
    let dueMs = (passed + 1) * this.#intervalMs + this.#offsetMs;
    // A timer may have been early by a fraction, and the scrape quick.
    if (dueMs <= this.#lastDueMs) dueMs += this.#intervalMs;
    this.#lastDueMs = dueMs;
    this.#cancel = this.#clock.after(dueMs - now, () => {
      const lateMs = this.#clock.now() - dueMs;
      const aligned = Math.abs(lateMs) <= Math.min(ALIGN_MS_MAX, this.#intervalMs * ALIGN_INTERVAL_PART);
      this.#run(aligned ? dueMs : this.#clock.now());
    });
  }
}

/** FNV-1a: spreads targets evenly, and the same on every start. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
