/** What storage should answer: a map of maps, and the plainest way to read it. */
import { isStaleAt, Labels, wordsOf } from '@binnacle/metrics/model';
import { type Matcher, matcherTest, type Queryable } from '@binnacle/promql/storage';

/** A sample's value, comparable: numbers by their bits. */
export function textOf(values: Float64Array, index: number): string {
  const value = values[index]!;
  if (Number.isNaN(value)) return isStaleAt(wordsOf(values), index) ? 'stale' : 'NaN';
  return Object.is(value, -0) ? '-0' : String(value);
}

export type NaiveSample = { readonly labels: Labels; readonly value: number; readonly stale?: boolean };

export class NaiveStorage {
  readonly series = new Map<string, { labels: Labels; samples: Map<number, string>; lastMs: number }>();

  append(timestampMs: number, samples: readonly NaiveSample[]): number {
    let appended = 0;
    for (const { labels, value, stale } of samples) {
      let series = this.series.get(labels.key);
      if (series === undefined) {
        series = { labels, samples: new Map(), lastMs: Number.NEGATIVE_INFINITY };
        this.series.set(labels.key, series);
      }
      if (timestampMs <= series.lastMs) continue;
      series.lastMs = timestampMs;
      series.samples.set(timestampMs, stale === true ? 'stale' : textOf(Float64Array.of(value), 0));
      appended++;
    }
    return appended;
  }

  matching(matchers: readonly Matcher[]) {
    const tests = matchers.map((matcher) => ({ name: matcher.name, test: matcherTest(matcher) }));
    return [...this.series.values()].filter(({ labels }) =>
      tests.every(({ name, test }) => test(labels.get(name))),
    );
  }

  select(matchers: readonly Matcher[], startMs: number, endMs: number): Record<string, string[]> {
    const answer: Record<string, string[]> = {};
    for (const { labels, samples } of this.matching(matchers)) {
      const inside = [...samples].filter(([t]) => startMs < t && t <= endMs).sort(([a], [b]) => a - b);
      if (inside.length > 0) answer[labels.toString()] = inside.map(([t, value]) => `${value}@${t}`);
    }
    return answer;
  }

  labelSets(matchers: readonly Matcher[], startMs: number, endMs: number): string[] {
    return this.matching(matchers)
      .filter(({ samples }) => {
        const times = [...samples.keys()];
        return times.length > 0 && Math.min(...times) <= endMs && Math.max(...times) >= startMs;
      })
      .map(({ labels }) => labels)
      .sort(Labels.compare)
      .map(String);
  }
}

function textsOf({ timestamps, values }: { timestamps: Float64Array; values: Float64Array }): string[] {
  if (timestamps.length !== values.length) throw new Error('columns of different length');
  return Array.from(timestamps, (t, i) => `${textOf(values, i)}@${t}`);
}

/** An answer of real storage in the form of the naive one. */
export async function selectFrom(
  storage: Queryable,
  matchers: readonly Matcher[],
  startMs = Number.NEGATIVE_INFINITY,
  endMs = Number.POSITIVE_INFINITY,
): Promise<Record<string, string[]>> {
  const hints = { stepMs: 0, rangeMs: 0, func: '' };
  const [result] = await storage.select([{ matchers, startMs, endMs, hints }]);
  const answer: Record<string, string[]> = {};
  for (const series of result!.series) {
    const lent = series.transient && textsOf(series.transient());
    const texts = textsOf(series);
    if (lent !== undefined && lent.join() !== texts.join())
      throw new Error(`${series.labels}: lent ${lent}, kept ${texts}`);
    if (texts.length > (series.samplesMax ?? texts.length))
      throw new Error('more samples than were promised');
    // A series that is decoded late may turn out to have none.
    if (texts.length > 0 || series.samplesMax === undefined) answer[series.labels.toString()] = texts;
  }
  return answer;
}
