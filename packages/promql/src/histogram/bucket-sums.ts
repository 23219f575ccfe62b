/**
 * Buckets that are being added up, one side of a histogram, each count with what additions have lost of it.
 *
 * Histograms that are added mostly have the same buckets, so these are added in place; only buckets that the sum
 * does not have yet make new arrays.
 */
import { coarserIndex, exponentialBound } from './bounds.ts';
import type { Buckets } from './buckets.ts';

const NO_INDICES = new Int32Array();
const NO_COUNTS = new Float64Array();

/** The running sums of one side. */
export class BucketSums {
  indices: Int32Array;
  counts: Float64Array;
  lost: Float64Array;

  /** Begins with a copy of the given buckets. */
  constructor({ indices, counts }: Buckets) {
    this.indices = indices;
    this.counts = counts.slice(0, indices.length);
    this.lost = indices.length === 0 ? NO_COUNTS : new Float64Array(indices.length);
  }

  /** Adds buckets, each times 1 or -1. */
  add({ indices, counts }: Buckets, sign: 1 | -1): void {
    let missing = 0;
    for (let i = 0, at = 0; i < indices.length; i++) {
      while (at < this.indices.length && this.indices[at]! < indices[i]!) at++;
      if (this.indices[at] !== indices[i]) missing++;
    }
    if (missing > 0) this.#makeRoom(indices, missing);
    for (let i = 0, at = 0; i < indices.length; i++) {
      while (this.indices[at]! < indices[i]!) at++;
      this.#addAt(at, sign * counts[i]!);
    }
  }

  /** Merges buckets to those of a schema that is `steps` coarser. */
  coarsen(steps: number): void {
    this.#regroup(this.indices.map((index) => coarserIndex(index, steps)));
  }

  /** Merges custom buckets: bucket `i` becomes a part of `targets[i]`. */
  retarget(targets: Int32Array): void {
    this.#regroup(this.indices.map((index) => targets[index]!));
  }

  /** Drops the buckets that lie below a threshold, which is a bound of the schema. */
  dropBelow(threshold: number, schema: number): void {
    let first = 0;
    while (first < this.indices.length && exponentialBound(this.indices[first]! - 1, schema) < threshold)
      first++;
    this.indices = this.indices.subarray(first);
    this.counts = this.counts.subarray(first);
    this.lost = this.lost.subarray(first);
  }

  /** Multiplies all counts. */
  scale(factor: number): void {
    for (let i = 0; i < this.counts.length; i++) {
      this.counts[i] = this.counts[i]! * factor;
      this.lost[i] = this.lost[i]! * factor;
    }
  }

  /** Divides all counts; by zero nothing is left. */
  divide(divisor: number): void {
    if (divisor === 0) {
      this.indices = NO_INDICES;
      this.counts = NO_COUNTS;
      this.lost = NO_COUNTS;
      return;
    }
    for (let i = 0; i < this.counts.length; i++) {
      this.counts[i] = this.counts[i]! / divisor;
      this.lost[i] = this.lost[i]! / divisor;
    }
  }

  /** Whether any count is infinite. */
  get overflowed(): boolean {
    for (const count of this.counts) if (count === Infinity || count === -Infinity) return true;
    return false;
  }

  /** The counts with what was lost of them; the sums must not be used after this. */
  finish(): Buckets {
    const { indices, counts, lost } = this;
    for (let i = 0; i < counts.length; i++) counts[i] = counts[i]! + lost[i]!;
    return { indices, counts };
  }

  #addAt(at: number, value: number): void {
    const sum = this.counts[at]!;
    const next = sum + value;
    if (next === Infinity || next === -Infinity) this.lost[at] = 0;
    else if (Math.abs(sum) >= Math.abs(value)) this.lost[at] = this.lost[at]! + (sum - next + value);
    else this.lost[at] = this.lost[at]! + (value - next + sum);
    this.counts[at] = next;
  }

  /** Makes empty buckets for those of `wanted` that are not there. */
  #makeRoom(wanted: Int32Array, missing: number): void {
    const size = this.indices.length + missing;
    const indices = new Int32Array(size);
    const counts = new Float64Array(size);
    const lost = new Float64Array(size);
    let ours = 0;
    let theirs = 0;
    for (let i = 0; i < size; i++) {
      const own = ours < this.indices.length ? this.indices[ours]! : Infinity;
      const other = theirs < wanted.length ? wanted[theirs]! : Infinity;
      indices[i] = Math.min(own, other);
      if (own <= other) {
        counts[i] = this.counts[ours]!;
        lost[i] = this.lost[ours++]!;
      }
      if (other <= own) theirs++;
    }
    this.indices = indices;
    this.counts = counts;
    this.lost = lost;
  }

  /** Gives each bucket a new index, ascending but not always rising, and merges those that have the same one. */
  #regroup(targets: Int32Array): void {
    const before = { counts: this.counts, lost: this.lost };
    let size = 0;
    for (let i = 0; i < targets.length; i++) if (i === 0 || targets[i] !== targets[i - 1]) size++;
    this.indices = new Int32Array(size);
    this.counts = new Float64Array(size);
    this.lost = new Float64Array(size);
    let at = -1;
    for (let i = 0; i < targets.length; i++) {
      if (i === 0 || targets[i] !== targets[i - 1]) {
        this.indices[++at] = targets[i]!;
        this.counts[at] = before.counts[i]!;
        this.lost[at] = before.lost[i]!;
        continue;
      }
      this.#addAt(at, before.counts[i]!);
      this.#addAt(at, before.lost[i]!);
    }
  }
}
