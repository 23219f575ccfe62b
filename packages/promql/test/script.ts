/** A storage filled from series descriptions, and answers as text. */
import { Engine, MemoryStorage, parseSeriesDescription, type Queryable } from '../dist/index.js';

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

const engine = new Engine();

/** The answer to an instant query, a line per series. */
export async function answer(storage: Queryable, query: string, timeMs: number): Promise<string[]> {
  const { value } = await engine.instant(storage, query, timeMs);
  switch (value.type) {
    case 'scalar':
    case 'string':
      return [String(value.value)];
    case 'vector':
      return value.samples.map(({ labels, value }) => `${labels} ${value}`);
    case 'matrix':
      return value.series.map(
        ({ labels, values, timestamps }) =>
          `${labels} ${[...values].map((one, i) => `${one}@${timestamps[i]}`).join(' ')}`,
      );
  }
}
