/**
 * Families as requests of remote write 1.0: protobuf messages `prometheus.WriteRequest`.
 *
 *     WriteRequest    1 timeseries*   3 metadata*
 *     TimeSeries      1 labels* { 1 name  2 value }, sorted by name   2 samples* { 1 double value  2 milliseconds }
 *     MetricMetadata  1 type   2 family   4 help   5 unit
 *
 * A histogram becomes the series that Prometheus makes of it when it scrapes: `_bucket` with `le`, `_sum`, `_count`;
 * a summary its quantiles, `_sum` and `_count`. A histogram that is only native has its bucket `+Inf`.
 *
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec/
 */
import type { Family, HistogramFamily, ScalarFamily, SummaryFamily } from '../exposition/families.ts';
import { Encoder, VARINT } from '../exposition/protobuf-wire.ts';
import { wordsOf, writeStaleAt } from '../model/staleness.ts';
import { formatValue } from '../model/value.ts';

/** One sample to be written. */
export interface WrittenSample {
  /** Sorted by name, `__name__` among them. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number;
}

/** `MetricMetadata.MetricType`. */
const TYPES = { counter: 1, gauge: 2, histogram: 3, summary: 5, info: 6, stateset: 7 } as const;

/**
 * The samples of families.
 * @param outer labels of every series; where a series has a label of the same name, its own stays
 */
export function* samplesOf(
  families: readonly Family[],
  outer: Readonly<Record<string, string>>,
): Generator<WrittenSample, void, undefined> {
  for (const family of families) {
    const make = (
      name: string,
      labelValues: readonly string[],
      extra: readonly (readonly [string, string])[],
      value: number,
    ): WrittenSample => {
      const labels = new Map(Object.entries(outer));
      family.labelNames.forEach((label, i) => {
        labels.set(label, labelValues[i]!);
      });
      for (const [label, text] of extra) labels.set(label, text);
      labels.set('__name__', name);
      // An empty label is none; receivers refuse it.
      const sorted = [...labels].filter(([, text]) => text !== '').sort(([a], [b]) => (a < b ? -1 : 1));
      return { labels: sorted, value };
    };
    if (family.type === 'histogram') yield* histogramSamples(family, make);
    else if (family.type === 'summary') yield* summarySamples(family, make);
    else yield* scalarSamples(family, make);
  }
}

type Make = (
  name: string,
  labelValues: readonly string[],
  extra: readonly (readonly [string, string])[],
  value: number,
) => WrittenSample;

function* scalarSamples({ name, series }: ScalarFamily, make: Make): Generator<WrittenSample> {
  for (const { labelValues, extraLabels = [], value } of series)
    yield make(name, labelValues, extraLabels, value);
}

function* histogramSamples({ name, bounds, series }: HistogramFamily, make: Make): Generator<WrittenSample> {
  for (const { labelValues, counts, sum, native } of series) {
    let count = 0;
    for (let i = 0; i < bounds.length; i++) {
      count += counts[i]!;
      yield make(`${name}_bucket`, labelValues, [['le', formatValue(bounds[i]!)]], count);
    }
    // Without buckets of its own the native ones know how many there are.
    count = native?.count ?? count + (counts[bounds.length] ?? 0);
    yield make(`${name}_bucket`, labelValues, [['le', '+Inf']], count);
    yield make(`${name}_sum`, labelValues, [], sum);
    yield make(`${name}_count`, labelValues, [], count);
  }
}

function* summarySamples({ name, quantiles, series }: SummaryFamily, make: Make): Generator<WrittenSample> {
  for (const { labelValues, sum, count, quantileValues } of series) {
    for (let i = 0; i < quantiles.length; i++)
      yield make(name, labelValues, [['quantile', formatValue(quantiles[i]!)]], quantileValues[i]!);
    yield make(`${name}_sum`, labelValues, [], sum);
    yield make(`${name}_count`, labelValues, [], count);
  }
}

/** A staleness marker, which no `number` can carry: moving it may set the bit that makes it an ordinary NaN. */
const STALE = staleBytes();

function staleBytes(): Uint8Array {
  const values = new Float64Array(1);
  writeStaleAt(wordsOf(values), 0);
  const bytes = new Uint8Array(values.buffer);
  return new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? bytes : bytes.reverse();
}

/** A request for samples of one moment. */
export function encodeWriteRequest(
  samples: readonly WrittenSample[],
  families: readonly Family[],
  timestampMs: number,
  isStale: boolean,
): Uint8Array {
  const request = new Encoder(64 * samples.length + 1024);
  const series = new Encoder();
  const part = new Encoder();
  for (const { labels, value } of samples) {
    series.clear();
    for (const [name, text] of labels) {
      part.clear();
      part.text(1, name);
      part.text(2, text);
      series.message(1, part);
    }
    part.clear();
    part.double(1, isStale ? 0 : value);
    if (isStale) part.bytes().set(STALE, part.length - STALE.length);
    part.field(2, VARINT);
    part.varint(timestampMs);
    series.message(2, part);
    request.message(1, series);
  }
  for (const { name, type, help, unit } of families) {
    part.clear();
    part.field(1, VARINT);
    part.varint(TYPES[type]);
    part.text(2, name);
    part.text(4, help);
    if (unit !== '') part.text(5, unit);
    request.message(3, part);
  }
  return request.bytes();
}
