/** What a service exposes, as ledgers of visitors read it: samples by series. */
import { parseSeriesText, parseText } from '@binnacle/metrics/exposition';
import { type Labels, METRIC_NAME } from '@binnacle/metrics/model';

/** The samples of an exposition by series; the key is `labels.key`. */
export type Samples = ReadonlyMap<string, Sample>;

/** A value with its name and labels. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/**
 * Reads an exposition in Prometheus's text format.
 * @throws ExpositionError when it is not in that format
 */
export function readSamples(body: string): Samples {
  const samples = new Map<string, Sample>();
  const decoder = new TextDecoder();
  parseText(new TextEncoder().encode(body), {
    sample(bytes, start, end, value) {
      const labels = parseSeriesText(decoder.decode(bytes.subarray(start, end)));
      samples.set(labels.key, { labels, value });
    },
  });
  return samples;
}

/** What was counted since an earlier exposition; a series that is new since then counts whole. */
export function since(samples: Samples, before: Samples): Sample[] {
  return [...samples.values()].map(({ labels, value }) => ({
    labels,
    value: value - (before.get(labels.key)?.value ?? 0),
  }));
}

/** The text of a series as ledgers have it: `files_uploaded_total{file_type="image"}`, labels by their names. */
export function series(name: string, labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.length === 0 ? name : `${name}{${pairs.map(([key, value]) => `${key}="${value}"`).join(',')}}`;
}

/** The text of a sample's series, as {@link series} writes it. */
export function seriesOf(labels: Labels): string {
  const { [METRIC_NAME]: name, ...rest } = labels.toObject();
  return series(String(name), rest);
}
