/**
 * How visitors come: visits begin at a given rate, by a seeded generator, so that equal seeds make equal visits.
 */

/** Numbers from 0 to 1. */
export type Random = () => number;

/** How often visits begin. */
export interface PaceOptions {
  /** Visits that begin per second; each may be several requests. */
  readonly visitsPerSecond: number;
  /** Visits at one time; while there are as many, no new ones begin. */
  readonly atOnceMax: number;
  /**
   * Draws the pauses; visits may draw from it as well, until their first `await`. How long visits take changes nothing
   * of what is drawn: equal seeds make equal visits.
   */
  readonly random: Random;
}

/** Begins visits from `start` to `stop`. */
export class Pace {
  readonly #options: PaceOptions;
  readonly #underWay = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  /** @throws RangeError where the rate is not above 0 */
  constructor(options: PaceOptions) {
    if (!(options.visitsPerSecond > 0))
      throw new RangeError(`visitsPerSecond is ${options.visitsPerSecond}; it must be more than 0`);
    this.#options = options;
  }

  /** @param visit makes one visit; it must not reject */
  start(visit: () => Promise<void>): void {
    const { visitsPerSecond, atOnceMax, random } = this.#options;
    const meanMs = 1000 / visitsPerSecond;
    const begin = (): void => {
      if (this.#underWay.size >= atOnceMax) {
        this.#timer = setTimeout(begin, meanMs);
        return;
      }
      next();
      const visiting = visit().finally(() => this.#underWay.delete(visiting));
      this.#underWay.add(visiting);
    };
    const next = (): void => {
      this.#timer = setTimeout(begin, meanMs * (0.5 + random()));
    };
    next();
  }

  /** Begins no more visits; resolves when those under way are over. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }
}

/** Pseudo-random numbers from 0 to 1 by Marsaglia's xorshift with 32 bits; the seed 0, which it cannot have, is 1. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  // Small seeds begin with small numbers.
  for (let i = 0; i < 8; i++) next();
  return next;
}

/** One of some items, each as likely as any other. */
export function pick<Item>(items: readonly Item[], random: Random): Item {
  return items[Math.floor(random() * items.length)]!;
}

/** A key, the likelier the greater its weight. */
export function drawByWeight<Key extends string>(
  weights: Readonly<Record<Key, number>>,
  random: Random,
): Key {
  const entries = Object.entries(weights) as [Key, number][];
  let at = random() * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [key, weight] of entries) {
    at -= weight;
    if (at < 0) return key;
  }
  return entries[0]![0];
}
