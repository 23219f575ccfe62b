/**
 * Readings that scrapes share.
 *
 * One reading runs at a time. Who asks while it runs waits for the next one, together with all others who wait:
 * ten scrapers at once cost two readings, and nobody is shown what was counted before they asked. It also keeps a
 * reading from changing numbers that another is writing, slice by slice, between turns of the event loop.
 */
import type { Family } from '../exposition/families.ts';
import { type Negotiated, writeExposition } from '../exposition/negotiate.ts';

/** Scrapes that may wait; more are refused, since whoever asks so often does not read the answers. */
export const SCRAPES_WAITING_MAX = 256;

/** Too many scrapes wait. */
export class BusyError extends Error {
  override readonly name = 'BusyError';
}

/** What is shown to scrapers: brought up to date, then read in one go. */
export interface FamilySource {
  /** Brings callbacks and the like up to date; never rejects. */
  collect(): Promise<void>;
  /** All families now. */
  families(): readonly Family[];
  /** What is to be done about a reading after its answer, such as folding; never throws. */
  upkeep(): void;
}

/** A body in pieces: to copy megabytes into one piece would hold the program up for longer than all the rest. */
export type Slices = readonly Uint8Array[];

/** What a scrape asks for. */
export interface ScrapeRequest {
  readonly negotiated: Negotiated;
  /** Whole names of the families; all where there are none. */
  readonly names: readonly string[];
}

/** The scrapes of one source. */
export class Scrapes {
  readonly #source: FamilySource;
  readonly #createdSamples: boolean;
  readonly #onLeftOut: (family: Family) => void;
  #last: Promise<unknown> = Promise.resolve();
  /** The reading that has not begun: its bodies by what they were asked for. */
  #next: Map<string, Promise<Slices>> | undefined;
  #nextReading: Promise<readonly Family[]> | undefined;
  #waiting = 0;

  /** @param onLeftOut is told of families that OpenMetrics cannot say */
  constructor(source: FamilySource, createdSamples: boolean, onLeftOut: (family: Family) => void) {
    this.#source = source;
    this.#createdSamples = createdSamples;
    this.#onLeftOut = onLeftOut;
  }

  /**
   * The body for a scrape, of a reading that begins after this call; several scrapes may get the same memory.
   * @throws BusyError
   */
  async body(request: ScrapeRequest): Promise<Slices> {
    if (this.#waiting >= SCRAPES_WAITING_MAX)
      throw new BusyError(`${SCRAPES_WAITING_MAX} scrapes wait already; ask less often`);
    this.#waiting++;
    try {
      return await this.#share(request);
    } finally {
      this.#waiting--;
    }
  }

  #share(request: ScrapeRequest): Promise<Slices> {
    if (this.#next === undefined) this.#begin();
    const bodies = this.#next!;
    const { format, escaping } = request.negotiated;
    const key = JSON.stringify([format, escaping, ...request.names]);
    let body = bodies.get(key);
    if (body === undefined) {
      const reading = this.#nextReading!;
      // One body after the other: what is written for one may be prepared for all.
      const before = this.#last;
      body = Promise.all([reading, before]).then(([families]) => this.#write(families, request));
      bodies.set(key, body);
      // Before the next reading, since it changes the numbers that were being written, but behind the answer.
      this.#last = body.then(
        () => new Promise<void>((resolve) => setImmediate(() => resolve(this.#source.upkeep()))),
        () => {},
      );
    }
    return body;
  }

  #begin(): void {
    this.#next = new Map();
    const reading = this.#last.then(async () => {
      this.#next = undefined;
      await this.#source.collect();
      return this.#source.families();
    });
    this.#nextReading = reading;
    this.#last = reading.catch(() => {});
  }

  async #write(families: readonly Family[], { negotiated, names }: ScrapeRequest): Promise<Slices> {
    const wanted = names.length === 0 ? families : families.filter((family) => names.includes(family.name));
    const slices: Uint8Array[] = [];
    const options = { created: this.#createdSamples, onLeftOut: this.#onLeftOut };
    for (const slice of writeExposition(wanted, negotiated, options)) {
      slices.push(slice);
      // A large exposition gives way to the application between slices.
      await new Promise(setImmediate);
    }
    return slices;
  }
}
