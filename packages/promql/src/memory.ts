/**
 * A storage in memory: for tests, for rule unit tests, and for trying the engine in a page. Series are kept as
 * growing arrays; `select` hands out copies of the asked-for window.
 */
import { Labels, type NativeHistogram, wordsOf, writeStaleAt } from '@binnacle/metrics/model';
import { sameBounds } from './histogram/bounds.ts';
import { isReset } from './histogram/counter-reset.ts';
import {
  type CancelSignal,
  type LabelQueryable,
  type Matcher,
  matcherTest,
  type Queryable,
  type SelectRequest,
  type SelectResult,
  type Series,
} from './storage.ts';

interface StoredSeries {
  readonly labels: Labels;
  readonly timestamps: number[];
  /** Staleness markers are the places in `stale`; NaN where there is a histogram. */
  readonly values: number[];
  readonly stale: Set<number>;
  /** Start timestamps by place. */
  readonly starts: Map<number, number>;
  /** By place. */
  readonly histograms: Map<number, NativeHistogram>;
}

/** Samples in memory, by label set. */
export class MemoryStorage implements Queryable, LabelQueryable {
  readonly #series = new Map<string, StoredSeries>();

  /**
   * Adds a sample, or a staleness marker. A sample at a time that the series already has replaces it.
   *
   * What a histogram's hint says of resets is replaced by what the sample before shows, as in Prometheus: that there
   * was no reset, or else that nothing is known.
   * @param startTimestampMs when the counter behind the sample began to count, where that is known
   * @throws RangeError when the series has a later sample
   */
  append(
    labels: Labels,
    timestampMs: number,
    value: number | NativeHistogram | 'stale',
    startTimestampMs = 0,
  ): void {
    let series = this.#series.get(labels.key);
    if (series === undefined) {
      series = {
        labels,
        timestamps: [],
        values: [],
        stale: new Set(),
        starts: new Map(),
        histograms: new Map(),
      };
      this.#series.set(labels.key, series);
    }
    const last = series.timestamps.at(-1);
    if (last !== undefined && timestampMs < last)
      throw new RangeError(`out of order sample for ${labels}: ${timestampMs} comes after ${last}`);
    const at = last === timestampMs ? series.timestamps.length - 1 : series.timestamps.length;
    series.timestamps[at] = timestampMs;
    series.values[at] = typeof value === 'number' ? value : Number.NaN;
    if (startTimestampMs === 0) series.starts.delete(at);
    else series.starts.set(at, startTimestampMs);
    if (typeof value === 'object') series.histograms.set(at, hinted(value, series.histograms.get(at - 1)));
    else series.histograms.delete(at);
    if (value === 'stale') series.stale.add(at);
    else series.stale.delete(at);
  }

  /** Forgets everything. */
  clear(): void {
    this.#series.clear();
  }

  select(requests: readonly SelectRequest[], signal?: CancelSignal): Promise<readonly SelectResult[]> {
    // In a promise, so that a bad pattern rejects and does not throw.
    return Promise.resolve().then(() => {
      signal?.throwIfAborted();
      return requests.map((request) => this.#select(request));
    });
  }

  labelNames(selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): Promise<string[]> {
    const names = new Set(this.#matching(selectors, startMs, endMs).flatMap(({ labels }) => labels.names));
    return Promise.resolve([...names].sort());
  }

  labelValues(
    name: string,
    selectors: readonly (readonly Matcher[])[],
    startMs: number,
    endMs: number,
  ): Promise<string[]> {
    const values = new Set(this.#matching(selectors, startMs, endMs).map(({ labels }) => labels.get(name)));
    values.delete('');
    return Promise.resolve([...values].sort());
  }

  labelSets(selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): Promise<Labels[]> {
    const sets = this.#matching(selectors, startMs, endMs).map(({ labels }) => labels);
    return Promise.resolve(sets.sort(Labels.compare));
  }

  #select({ matchers, startMs, endMs }: SelectRequest): SelectResult {
    const tests = matchers.map((matcher) => [matcher.name, matcherTest(matcher)] as const);
    const series: Series[] = [];
    for (const stored of this.#series.values()) {
      if (!tests.every(([name, test]) => test(stored.labels.get(name)))) continue;
      const from = firstAfter(stored.timestamps, startMs);
      const to = firstAfter(stored.timestamps, endMs);
      if (from === to) continue;
      const values = Float64Array.from(stored.values.slice(from, to));
      const words = wordsOf(values);
      for (const at of stored.stale) if (at >= from && at < to) writeStaleAt(words, at - from);
      series.push({
        labels: stored.labels,
        timestamps: Float64Array.from(stored.timestamps.slice(from, to)),
        values,
        ...(stored.starts.size > 0 && {
          startTimestamps: values.map((_, i) => stored.starts.get(from + i) ?? 0),
        }),
        ...(stored.histograms.size > 0 && {
          histograms: Array.from(values, (_, i) => stored.histograms.get(from + i)),
        }),
      });
    }
    return { series, warnings: [] };
  }

  #matching(selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): StoredSeries[] {
    const tests = selectors.map((selector) =>
      selector.map((matcher) => [matcher.name, matcherTest(matcher)] as const),
    );
    return [...this.#series.values()].filter(
      ({ labels, timestamps }) =>
        firstAfter(timestamps, endMs) > firstAfter(timestamps, startMs - 1) &&
        (tests.length === 0 ||
          tests.some((selector) => selector.every(([name, test]) => test(labels.get(name))))),
    );
  }
}

/** The index of the first timestamp after `time`. */
function firstAfter(timestamps: readonly number[], time: number): number {
  let low = 0;
  let high = timestamps.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timestamps[middle]! <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A histogram whose hint says what is known from the sample before. */
function hinted(histogram: NativeHistogram, previous: NativeHistogram | undefined): NativeHistogram {
  if (histogram.counterResetHint === 'gauge') return histogram;
  const unknown: NativeHistogram = { ...histogram, counterResetHint: 'unknown' };
  const goesOn =
    previous !== undefined &&
    previous.counterResetHint !== 'gauge' &&
    histogram.counterResetHint !== 'reset' &&
    previous.schema === histogram.schema &&
    previous.zeroThreshold === histogram.zeroThreshold &&
    sameBounds(previous.customValues, histogram.customValues) &&
    !isReset(unknown, previous);
  return goesOn ? { ...histogram, counterResetHint: 'not_reset' } : unknown;
}
