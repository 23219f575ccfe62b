/**
 * Where windows lie, step by step, and by how much what they hold is extrapolated.
 *
 * All of it depends on the times of samples only, and the series of a target mostly share theirs: laid out once, for
 * each further series only its values are left to look at. One plan serves all series of a call, one after the other.
 */
import type { Grid } from './column.ts';

/** Where the windows of a range function lie: each ends at a step minus the offset, or all where `@` says. */
export interface Windows {
  readonly grid: Grid;
  readonly rangeMs: number;
  readonly offsetMs: number;
  readonly fixedEndMs: number | undefined;
}

/** By how much a counter must be clear of zero at a window's start for nothing more to be looked at. */
const CLEAR = 1 + 1e-9;

/** The windows over the times of a series, as `rate`, `increase` and `delta` need them. */
export class WindowPlan {
  /** The samples of a window are those from `first` to `last`; where `last` is not behind `first` there is no result. */
  readonly first: Int32Array;
  readonly last: Int32Array;
  /** Seconds from the first sample to the last one. */
  readonly sampled: Float64Array;
  /** Seconds by which the samples are extrapolated to the start of the window, and to its end. */
  readonly toStart: Float64Array;
  readonly toEnd: Float64Array;
  /** By how many times a window's result its first value must exceed for `toStart` not to be shortened. */
  readonly clear: Float64Array;
  /** With what the difference of the samples is multiplied, where nothing shortens `toStart`: for `rate`, and else. */
  readonly perSecond: Float64Array;
  readonly factor: Float64Array;
  /** 1 for each step that has a result. */
  readonly present: Uint8Array;
  /** How many samples all windows have together. */
  samples = 0;
  #timestamps: Float64Array | undefined;

  /** @param count steps of the grid */
  constructor(count: number) {
    this.first = new Int32Array(count);
    this.last = new Int32Array(count);
    this.present = new Uint8Array(count);
    this.sampled = new Float64Array(count);
    this.toStart = new Float64Array(count);
    this.toEnd = new Float64Array(count);
    this.clear = new Float64Array(count);
    this.perSecond = new Float64Array(count);
    this.factor = new Float64Array(count);
  }

  /** Lays the windows, always the same ones, over the times of samples. */
  lay(timestamps: Float64Array, { grid, rangeMs, offsetMs, fixedEndMs }: Windows): void {
    if (timestamps === this.#timestamps) return;
    this.#timestamps = timestamps;
    this.samples = 0;
    this.last.fill(-1);
    this.present.fill(0);
    const n = timestamps.length;
    let lo = 0;
    let hi = 0;
    for (let step = 0; step < grid.count; step++) {
      const endMs = fixedEndMs ?? grid.startMs + step * grid.stepMs - offsetMs;
      const startMs = endMs - rangeMs;
      while (hi < n && timestamps[hi]! <= endMs) hi++;
      while (lo < hi && timestamps[lo]! <= startMs) lo++;
      const last = hi - 1;
      if (last <= lo) continue;
      this.samples += hi - lo;
      const firstMs = timestamps[lo]!;
      const lastMs = timestamps[last]!;
      const sampled = (lastMs - firstMs) / 1000;
      const between = sampled / (last - lo);
      const threshold = between * 1.1;
      let toStart = (firstMs - startMs) / 1000;
      let toEnd = (endMs - lastMs) / 1000;
      if (toStart >= threshold) toStart = between / 2;
      if (toEnd >= threshold) toEnd = between / 2;
      this.first[step] = lo;
      this.last[step] = last;
      this.present[step] = 1;
      this.sampled[step] = sampled;
      this.toStart[step] = toStart;
      this.toEnd[step] = toEnd;
      this.clear[step] = (toStart / sampled) * CLEAR;
      const factor = (sampled + toStart + toEnd) / sampled;
      this.factor[step] = factor;
      this.perSecond[step] = factor / (rangeMs / 1000);
    }
  }
}
