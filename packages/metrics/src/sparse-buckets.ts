/**
 * Exponential buckets as a child of a metric fills them: slots come to be sixteen at a time, where values fall.
 *
 * A child whose values lie so far apart that they would need more than {@link PAGES_MAX} pages goes on in a
 * coarser schema; what it has counted so far stays where it is, since whoever reads adds schemas up.
 */
import type { Checked } from './definition.ts';
import { bucketIndex, SCHEMA_MIN } from './model/exponential.ts';
import type { Child, Registry } from './registry.ts';
import { type FamilyShape, PAGE_BUCKETS, type Slots } from './store/store.ts';

/** The most pages of one schema that a child has. */
export const PAGES_MAX = 64;

/** Pages lie from -2^15 to 2^15 in every schema; keys of pages are made from it. */
const PAGE_OFFSET = 2 ** 15;
const PAGE_SPAN = 2 ** 16;

export class SparseBuckets {
  readonly #registry: Registry;
  readonly #child: Child;
  readonly #shape: FamilyShape;
  #schema: number;
  #pages = 0;
  /** The parts that the pages were counted in: others when the series has begun anew. */
  #parts: Map<number, Slots> | undefined;

  constructor({ registry, shape }: Checked, child: Child, schema: number) {
    this.#registry = registry;
    this.#shape = shape;
    this.#child = child;
    this.#schema = schema;
  }

  /**
   * The page with the bucket of a value that is not 0; {@link PagePosition.at} is the bucket's slot in it.
   * @param set tells sets of buckets apart that the child keeps, from 0 to 31
   */
  locate(value: number, set: number, position: PagePosition): void {
    const sign = value < 0 ? 1 : 0;
    const index = bucketIndex(Math.abs(value), this.#schema);
    const page = Math.floor(index / PAGE_BUCKETS);
    const key = (((this.#schema - SCHEMA_MIN) * 32 + set) * 2 + sign) * PAGE_SPAN + page + PAGE_OFFSET;
    position.slots = this.#child.parts?.get(key) ?? this.#add(key, page, sign);
    position.at = position.slots.index + 1 + index - page * PAGE_BUCKETS;
  }

  #add(key: number, page: number, sign: 0 | 1): Slots {
    if (this.#parts !== this.#child.parts) {
      this.#parts = this.#child.parts;
      this.#pages = 0;
    }
    if (++this.#pages > PAGES_MAX && this.#schema > SCHEMA_MIN) {
      this.#schema--;
      this.#pages = 0;
    }
    // The value that made this page goes by the schema that it was looked up with, the next one by the coarser one.
    const schema = Math.floor(key / (PAGE_SPAN * 64)) + SCHEMA_MIN;
    return this.#registry.part(this.#child, this.#shape, key, {
      kind: 'buckets',
      schema,
      sign,
      first: page * PAGE_BUCKETS,
    });
  }
}

/** Where {@link SparseBuckets.locate} has found a bucket: one object for all calls, so that none is made. */
export interface PagePosition {
  slots: Slots;
  at: number;
}
