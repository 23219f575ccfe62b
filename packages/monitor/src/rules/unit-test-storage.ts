/**
 * The storage of one group of unit tests: input series whose samples appear as time goes on, and what rules write.
 *
 * A sample is refused as Prometheus's storage refuses it: when its series has a later one, or another one at the same
 * time. So two rules that write the same series are found by the tests, and one that repeats an input is not.
 */
import type { Labels, NativeHistogram } from '@binnacle/metrics/model';
import {
  MemoryStorage,
  type SelectRequest,
  type SelectResult,
  type SeriesDescription,
} from '@binnacle/promql';
import type { AppendResult, Sample } from '../storage.ts';

/** A sample of the input, or none. */
type InputValue = SeriesDescription['values'][number];

interface Input {
  readonly labels: Labels;
  readonly values: readonly InputValue[];
  /** How many have appeared. */
  next: number;
}

/** Input series and recorded ones. */
export class UnitTestStorage {
  readonly #memory = new MemoryStorage();
  readonly #inputs: readonly Input[];
  readonly #startMs: number;
  readonly #intervalMs: number;
  /** The last sample of each series, to compare with. */
  readonly #last = new Map<string, { readonly timestampMs: number; readonly value: string }>();

  /** @param series of two with the same labels the latter counts, as in promtool */
  constructor(series: readonly SeriesDescription[], startMs: number, intervalMs: number) {
    const byLabels = new Map(series.map(({ labels, values }) => [labels.key, { labels, values, next: 0 }]));
    this.#inputs = [...byLabels.values()];
    this.#startMs = startMs;
    this.#intervalMs = intervalMs;
  }

  /** Lets the input's samples up to a time appear. */
  advance(timeMs: number): void {
    const end = Math.floor((timeMs - this.#startMs) / this.#intervalMs) + 1;
    for (const input of this.#inputs) {
      for (; input.next < Math.min(end, input.values.length); input.next++) {
        const value = input.values[input.next];
        if (value !== undefined)
          this.#add(input.labels, this.#startMs + input.next * this.#intervalMs, value);
      }
    }
  }

  /** Stores what can be stored. Rejects with what is wrong with the last sample that cannot. */
  async append(_source: string, timestampMs: number, samples: readonly Sample[]): Promise<AppendResult> {
    let refused: Error | undefined;
    for (const { labels, value, stale, histogram } of samples) {
      try {
        this.#add(labels, timestampMs, stale === true ? 'stale' : (histogram ?? value));
      } catch (error) {
        // Whoever ends a series that another rule goes on with means no harm.
        if (stale !== true) refused = error instanceof Error ? error : new Error(String(error));
      }
    }
    if (refused !== undefined) throw refused;
    return { appended: samples.length, outOfOrder: 0 };
  }

  select(requests: readonly SelectRequest[]): Promise<readonly SelectResult[]> {
    return this.#memory.select(requests);
  }

  #add(labels: Labels, timestampMs: number, value: number | NativeHistogram | 'stale'): void {
    const last = this.#last.get(labels.key);
    const text = identity(value);
    if (last !== undefined && timestampMs < last.timestampMs) throw new Error('out of order sample');
    if (last !== undefined && timestampMs === last.timestampMs) {
      if (text !== last.value) throw new Error('duplicate sample for timestamp');
      return;
    }
    this.#memory.append(labels, timestampMs, value);
    this.#last.set(labels.key, { timestampMs, value: text });
  }
}

/** A text that is the same for the same value only. */
function identity(value: number | NativeHistogram | 'stale'): string {
  if (typeof value === 'object')
    return JSON.stringify(value, (_, part: unknown) => (ArrayBuffer.isView(part) ? String(part) : part));
  return Object.is(value, -0) ? '-0' : String(value);
}
