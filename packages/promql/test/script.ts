/** A storage filled from series descriptions. */
import { MemoryStorage, parseSeriesDescription } from '../dist/index.js';

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
