/**
 * Counters of what somebody else counts: a queue, a database's statistics, a device, each of which gives totals.
 *
 *     countTotals({
 *       source: async () => ({ completed: 10, failed: 2 }),
 *       into: { completed: jobs.bind({ status: 'completed' }), failed: jobs.bind({ status: 'failed' }) },
 *     })
 *
 * Counters grow by differences of totals. Neither a reset of the source nor a restart of the service counts anything
 * twice or loses it, for which three things are known of each total: T, where the source was; X, what the counter shows
 * when all up to T is counted; and E, the epoch in which it shows that (a service's counters begin at 0 with each).
 *
 * A reading, of a total N:
 *
 *     1. how much came      the source tells its incarnation: the same as before: N - T, at least 0;
 *                           another one: N, all of which came after the reset
 *                           it tells none: N - T, or N where N is below T, since only a reset takes a total back
 *     2. write ahead        remember T = N and "X goes from x to x + what came"
 *     3. count              the counter grows by what came
 *     4. write behind       remember that X has got there
 *
 * A process that becomes the one who reads, C being what the counter shows, all processes added up:
 *
 *     the record is of this epoch    what was written ahead and is missing, X - C, is counted: C is the witness
 *     of one that has ended          the same with the C that it ended with, which whoever begins the next epoch in the
 *                                    directory writes down first (`store/witness.ts`); then write ahead as of the new
 *                                    epoch, count, write behind
 *     ... and nobody knows that C    step 4 is the witness: what was written ahead and not behind counts again
 *     there is none                  counting begins at N (or at 0, as `from` says)
 *
 * What remains possible. `kill -9` of one of several processes, or of all, where they share a directory: nothing is
 * lost or counted twice, whichever step it hits. Without a directory, in the moment between steps 3 and 4: one
 * difference counts twice, once in the counter that died unread. After a crash of the machine: the same. A source that
 * was reset: what came after the last reading before it is lost, since nobody saw it; if it tells no incarnation and
 * has passed T again by the next reading, the reset is not noticed, and T is missing. Those two are shorter the more
 * often the source is read.
 *
 * One process of a service reads, elected by a lock in the metrics directory (`totals/place.ts`). When it is killed, a
 * sibling has the lock within a second and goes on. Without a directory each process is a service of its own, and a
 * `remember` of its own is needed for each.
 *
 * What cannot be read or remembered is not counted; it stays in the source, and the next reading has it.
 */
import type { BoundCounter, Counter } from './counter.ts';
import { knownOf } from './instrument/copies.ts';
import { requireMs } from './instrument/interval.ts';
import type { Reporting } from './instrument/reporting.ts';
import { defaultRegistry, type Registry } from './registry.ts';
import { serverOf } from './serve/serving.ts';
import { nameOf, type Place, type Target, targetOf, Whereabouts } from './totals/place.ts';
import { decodeRecord, encodeRecord, type Remember, type Remembered } from './totals/record.ts';

// Declarations that are made of what is exported here name these.
export type { Reporting } from './instrument/reporting.ts';
export { type FileOptions, type Remember, rememberInFile } from './totals/record.ts';

/** How often a source is read unless its options say otherwise. */
export const READ_INTERVAL_MS = 15_000;

/** How often a process that does not read looks whether it should. */
export const STANDBY_INTERVAL_MS = 1_000;

/** How long `serveMetrics` is waited for before the first reading; then the process is taken for one by itself. */
export const ATTACH_WAIT_MS = 1_000;

/** How old a reading is at least before a scrape asks for another. */
export const SCRAPE_AGE_MS = 1_000;

/** How long a scrape waits for a reading; then it shows what was counted before. */
export const SCRAPE_WAIT_MS = 1_500;

/** A total as its source gives it. */
export type Total =
  | number
  | {
      readonly total: number;
      /** Changes when the total begins at 0 again, and only then: an id, or a start time. */
      readonly incarnation?: string | undefined;
    };

/** What a source gives. */
export type TotalsReading<K extends string> = { readonly [P in K]: Total } & {
  /** Of all totals that do not tell their own. */
  readonly incarnation?: string | undefined;
};

/** What {@link countTotals} is given. */
export interface TotalsOptions<K extends string> {
  /** Reads all totals. What it throws, or rejects with, is counted and changes nothing. */
  readonly source: () => TotalsReading<NoInfer<K>> | PromiseLike<TotalsReading<NoInfer<K>>>;
  /** The counter of each total: `counter.bind(labels)`, or one without labels. Nobody else may count into it. */
  readonly into: { readonly [P in K]: BoundCounter | Counter<Record<never, never>> };
  /** How often the source is read. Default {@link READ_INTERVAL_MS}. */
  readonly intervalMs?: number;
  /** Whether it is also read when metrics are shown, at most every {@link SCRAPE_AGE_MS}. Default true. */
  readonly atScrape?: boolean;
  /**
   * What to do with what was in the source before it was first read: `now` leaves it out, `zero` counts it. Default
   * `now`.
   */
  readonly from?: 'now' | 'zero';
  /**
   * Where it is remembered how far the source was. Default: in the metrics directory, which lasts until the machine
   * is started again; where there is none, nowhere, and counting begins anew with each process.
   */
  readonly remember?: Remember;
  /** The registry of the counters. Default: that of the process. */
  readonly registry?: Registry;
}

/** How a reading ended. */
export type ReadOutcome =
  /** All is counted. */
  | 'counted'
  /** Something could not be read, or not be remembered; it was counted as dropped, and what is right is counted. */
  | 'failed'
  /** Another process of the service reads, or this one has left it. */
  | 'elsewhere';

/** Totals that are being counted. */
export interface CountedTotals extends Reporting {
  /** Reads the source now, where this process is the one that does. Never rejects. */
  read(): Promise<ReadOutcome>;
  /** Ends the counting; a sibling takes over. What is under way is not counted here any more. */
  stop(): void;
}

/**
 * Counts the totals of a source until it is stopped. Keeps no process running. A second call for the same counters
 * gives what the first one gave.
 * @throws TypeError where nothing is to be counted, or a counter is of another registry
 * @throws RangeError for an interval that cannot be
 */
export function countTotals<const K extends string>(options: TotalsOptions<K>): CountedTotals {
  const { intervalMs = READ_INTERVAL_MS, registry = defaultRegistry() } = options;
  requireMs('countTotals: intervalMs', intervalMs);
  const into: [K, BoundCounter | Counter<Record<never, never>>][] = Object.entries(options.into) as never;
  if (into.length === 0) throw new TypeError('countTotals: into names no counter');
  const targets = new Map<string, Target>();
  for (const [key, counter] of into)
    targets.set(key, targetOf(registry, key, 'bind' in counter ? counter.bind({}) : counter));
  const name = nameOf([...targets.values()]);
  const running = runningIn(registry);
  const known = running.get(name);
  if (known !== undefined) return known;
  const made = new Totals(name, targets, options, registry, () => running.delete(name));
  running.set(name, made);
  return made;
}

const RUNNING = Symbol.for('@binnacle/metrics/totals/v1');

/** For all copies of this package. */
function runningIn(registry: Registry): Map<string, CountedTotals> {
  return knownOf(RUNNING, registry, () => new Map());
}

/** What is known of a total. */
interface Known {
  /** As far as it is counted, or about to be; undefined where it was never read. */
  readonly total: number | undefined;
  readonly incarnation: string | undefined;
  /** What the counter shows, all processes together. */
  readonly shown: number;
  /** What it is to show. */
  readonly due: number;
}

class Totals implements CountedTotals {
  readonly #targets: ReadonlyMap<string, Target>;
  readonly #options: TotalsOptions<string>;
  readonly #registry: Registry;
  readonly #intervalMs: number;
  readonly #ended: () => void;
  readonly #beganMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  readonly #unhook: (() => void) | undefined;
  #readMs = Number.NEGATIVE_INFINITY;
  #complainedMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<ReadOutcome> | undefined;
  #next: Promise<ReadOutcome> | undefined;
  #stopped = false;
  readonly #whereabouts: Whereabouts;
  #place: Place | undefined;
  /** Undefined until it is known where the counters stand. */
  #known: ReadonlyMap<string, Known> | undefined;
  /** Whether it is remembered that all is counted. */
  #settled = false;

  constructor(
    name: string,
    targets: ReadonlyMap<string, Target>,
    options: TotalsOptions<string>,
    registry: Registry,
    ended: () => void,
  ) {
    this.#whereabouts = new Whereabouts(name, registry);
    this.#targets = targets;
    this.#options = options;
    this.#registry = registry;
    this.#intervalMs = options.intervalMs ?? READ_INTERVAL_MS;
    this.#ended = ended;
    this.#timer = setInterval(() => this.#tick(), Math.min(this.#intervalMs, STANDBY_INTERVAL_MS));
    this.#timer.unref();
    if (options.atScrape ?? true) this.#unhook = registry.onCollect(this.#family, () => this.#forScrape());
    // What came between now and the first reading would be left out, where nothing is remembered.
    if (serverOf(registry) !== undefined) void this.#begin();
  }

  /** Readings that have not begun when one is asked for are one. */
  read(): Promise<ReadOutcome> {
    if (this.#reading === undefined) return this.#begin();
    this.#next ??= this.#reading.then(() => {
      this.#next = undefined;
      return this.#begin();
    });
    return this.#next;
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#unhook?.();
    this.#whereabouts.leave();
    this.#ended();
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  get #family(): string {
    const [first] = this.#targets.values();
    return first!.id.family;
  }

  /** A source that does not answer holds up one scrape, and not those that follow. */
  async #forScrape(): Promise<void> {
    const sinceMs = performance.now() - this.#readMs;
    if (sinceMs < SCRAPE_AGE_MS || (this.#reading !== undefined && sinceMs > SCRAPE_WAIT_MS)) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, SCRAPE_WAIT_MS);
      timer.unref();
    });
    await Promise.race([this.read(), late]);
    clearTimeout(timer);
  }

  #tick(): void {
    const nowMs = performance.now();
    if (nowMs - Math.max(this.#readMs, this.#complainedMs) < this.#intervalMs) return;
    // Several processes that begin at once must not take themselves for ones by themselves.
    if (serverOf(this.#registry) === undefined && nowMs - this.#beganMs < ATTACH_WAIT_MS) return;
    if (this.#reading === undefined) {
      void this.#begin();
      return;
    }
    this.#complainedMs = nowMs;
    this.#drop(`its source has not answered for ${this.#intervalMs} ms`);
  }

  #begin(): Promise<ReadOutcome> {
    const reading = this.#read().catch((error: unknown): ReadOutcome => {
      this.#drop(
        `its totals could not be counted: ${error instanceof Error ? error.message : String(error)}`,
      );
      return 'failed';
    });
    this.#reading = reading;
    void reading.then(() => {
      this.#reading = undefined;
    });
    return reading;
  }

  #drop(detail: string): void {
    this.#registry.drop(this.#family, 'callback', detail);
  }

  async #read(): Promise<ReadOutcome> {
    const place = await this.#whereabouts.now();
    if (place !== this.#place) this.#known = undefined;
    this.#place = place;
    if (place === undefined || this.#stopped || !place.hold()) return 'elsewhere';
    try {
      this.#readMs = performance.now();
      if (this.#known === undefined) await this.#recover(place);
      const reading = await this.#options.source();
      const next = new Map<string, Known>();
      let complete = true;
      for (const [key, known] of this.#known!) {
        const given = totalOf(reading, key);
        if (given === undefined) complete = false;
        next.set(key, given === undefined ? known : this.#advanced(known, given));
      }
      if (!(await this.#advance(place, next))) return 'elsewhere';
      if (complete) return 'counted';
      this.#drop('a total of its source was missing or no number from 0 on');
      return 'failed';
    } finally {
      if (!place.keeps) this.#known = undefined;
      if (!this.#stopped) await place.release();
    }
  }

  /** Finds out how far the counters are, and what was written ahead and is missing. */
  async #recover(place: Place): Promise<void> {
    const targets = [...this.#targets.values()];
    const shown = await place.counted(targets);
    const text = await this.#remember(place)?.load();
    const record = text === undefined ? undefined : decodeRecord(text);
    if (text !== undefined && record === undefined)
      this.#drop('what was remembered of its totals cannot be read; they are counted from now on');
    const isOurs = record?.epoch === place.epoch;
    const ended = record === undefined || isOurs ? undefined : place.final(record.epoch, targets);
    let settled = isOurs;
    const known = new Map<string, Known>();
    for (const [i, key] of [...this.#targets.keys()].entries()) {
      const own = record !== undefined && Object.hasOwn(record.totals, key) ? record.totals[key] : undefined;
      const witness = isOurs ? shown[i]! : (ended?.[i] ?? own?.before ?? 0);
      const due = shown[i]! + (own === undefined ? 0 : missing(own.counted, witness));
      if (own?.before !== own?.counted || due !== shown[i]) settled = false;
      known.set(key, { total: own?.total, incarnation: own?.incarnation, shown: shown[i]!, due });
    }
    this.#known = known;
    this.#settled = settled;
  }

  #remember(place: Place): Remember | undefined {
    return this.#options.remember ?? place.remember;
  }

  /** Step 1 of a reading. */
  #advanced({ shown, due, ...known }: Known, { total, incarnation }: Given): Known {
    if (known.total === undefined)
      return { total, incarnation, shown, due: due + (this.#options.from === 'zero' ? total : 0) };
    const tells = incarnation !== undefined && known.incarnation !== undefined;
    const wasReset = tells ? incarnation !== known.incarnation : total < known.total;
    const came = wasReset ? total : Math.max(0, total - known.total);
    return { total, incarnation, shown, due: due + came };
  }

  /** Steps 2 to 4 of a reading; false where another process has become the one who reads. */
  async #advance(place: Place, next: ReadonlyMap<string, Known>): Promise<boolean> {
    if (this.#settled && isSame(this.#known!, next)) return true;
    const remember = this.#remember(place);
    this.#settled = false;
    await remember?.save(recordOf(place, next));
    // A process that was suspended for long may have been taken for dead, and another one reads.
    if (this.#stopped || !place.isHeld) {
      this.#known = undefined;
      return false;
    }
    place.begin([...this.#targets.values()]);
    const counted = new Map<string, Known>();
    for (const [key, known] of next) {
      if (known.due > known.shown) this.#targets.get(key)!.counter.inc(known.due - known.shown);
      counted.set(key, { ...known, shown: known.due });
    }
    this.#known = counted;
    place.publish();
    await remember?.save(recordOf(place, counted));
    this.#settled = true;
    return true;
  }
}

/** The part of two sums of the same numbers by which they may differ for having been added up otherwise. */
const ROUNDING = 2 ** -40;

/** What a counter lacks. */
function missing(due: number, shown: number): number {
  const lack = due - shown;
  return lack > due * ROUNDING ? lack : 0;
}

interface Given {
  readonly total: number;
  readonly incarnation: string | undefined;
}

/** A total of a reading; undefined where it is not there. */
function totalOf(reading: TotalsReading<string>, key: string): Given | undefined {
  const given: unknown = reading[key];
  const own: { readonly total?: unknown; readonly incarnation?: unknown } =
    typeof given === 'object' && given !== null ? given : { total: given };
  const total: unknown = own.total;
  const incarnation: unknown = own.incarnation ?? reading.incarnation;
  if (typeof total !== 'number' || !(total >= 0 && total < Number.POSITIVE_INFINITY)) return undefined;
  return {
    total,
    incarnation: incarnation === undefined || incarnation === null ? undefined : String(incarnation),
  };
}

function recordOf({ epoch }: Place, known: ReadonlyMap<string, Known>): string {
  const totals: Record<string, Remembered> = {};
  for (const [key, { total, incarnation, shown, due }] of known) {
    if (total === undefined) continue;
    totals[key] = { total, ...(incarnation !== undefined && { incarnation }), before: shown, counted: due };
  }
  return encodeRecord({ epoch, totals });
}

function isSame(before: ReadonlyMap<string, Known>, next: ReadonlyMap<string, Known>): boolean {
  for (const [key, { total, incarnation, due }] of next) {
    const known = before.get(key)!;
    if (total !== known.total || incarnation !== known.incarnation || due !== known.due) return false;
  }
  return true;
}
