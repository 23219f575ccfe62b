/** A storage filled from series descriptions, and answers as text. */
import type { NativeHistogram } from '@binnacle/metrics/model';
import {
  Engine,
  formatHistogramLiteral,
  MemoryStorage,
  parseSeriesDescription,
  type Queryable,
} from '../dist/index.js';

/** Loads series, their values `intervalMs` apart from time 0 on. */
export function loaded(intervalMs: number, ...descriptions: readonly string[]): MemoryStorage {
  const storage = new MemoryStorage();
  for (const description of descriptions) {
    const { labels, values } = parseSeriesDescription(description);
    values.forEach((value, i) => {
      if (value !== undefined) storage.append(labels, i * intervalMs, value);
    });
  }
  return storage;
}

const engine = new Engine({ experimental: true });

/** The answer to an instant query, a line per series. */
export async function answer(storage: Queryable, query: string, timeMs: number): Promise<string[]> {
  const { value } = await engine.instant(storage, query, timeMs);
  switch (value.type) {
    case 'scalar':
    case 'string':
      return [String(value.value)];
    case 'vector':
      return value.samples.map(({ labels, value, histogram }) => `${labels} ${sampleText(value, histogram)}`);
    case 'matrix':
      return value.series.map(
        ({ labels, values, timestamps, histograms }) =>
          `${labels} ${[...values].map((one, i) => `${sampleText(one, histograms?.[i])}@${timestamps[i]}`).join(' ')}`,
      );
  }
}

function sampleText(value: number, histogram: NativeHistogram | undefined): string {
  return histogram === undefined ? String(value) : formatHistogramLiteral(histogram);
}
