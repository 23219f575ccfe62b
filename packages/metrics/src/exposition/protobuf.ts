/**
 * Prometheus protobuf, writer and parser: `MetricFamily` messages, each after its length in bytes.
 *
 *     body       length MetricFamily, length MetricFamily, …
 *
 *     MetricFamily  1 name  2 help  3 type  4 metric*  5 unit
 *     Metric        1 label*  2 gauge  3 counter  4 summary  5 untyped  6 timestamp_ms  7 histogram
 *     LabelPair     1 name  2 value
 *     Gauge, Untyped  1 value
 *     Counter       1 value  2 exemplar  3 created
 *     Summary       1 count  2 sum  3 quantile* (1 quantile  2 value)  4 created
 *     Histogram     `protobuf-histogram.ts`
 *     Exemplar      1 label*  2 value  3 time
 *     Timestamp     1 seconds  2 nanoseconds
 *
 * For example `05 0a 01 61 18 01`: a family of 5 bytes; field 1 is a text of one byte, `a`; field 3, its type, is
 * 1, a gauge; it has no metrics.
 *
 * Names are whole, as in the text format (`uploads_total`), and info metrics and state sets are gauges. A unit is
 * written only where the name ends in it: Prometheus refuses others. A lone surrogate becomes U+FFFD.
 *
 * Source: https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto
 */
import { type Labels, METRIC_NAME } from '../model/labels.ts';
import type { NativeHistogram } from '../model/native-histogram.ts';
import type { Escaping } from './escaping.ts';
import {
  type Exemplar,
  type Family,
  type HistogramFamily,
  isGaugeHistogram,
  type ScalarFamily,
  type ScalarSeries,
  type SummaryFamily,
  type SummarySeries,
} from './families.ts';
import { PREPARED_AT_ONCE } from './line-buffer.ts';
import { canonicalNumber } from './openmetrics-lines.ts';
import { parseHistogram, writeHistogram } from './protobuf-histogram.ts';
import {
  type Emit,
  labelsOf,
  type Parts,
  parseExemplar,
  parsePair,
  parseTime,
  partsOf,
  writeExemplar,
  writePair,
  writeTime,
} from './protobuf-parts.ts';
import { BYTES, Decoder, Encoder, FIXED64, ProtobufError, VARINT } from './protobuf-wire.ts';

/** The `Content-Type` of the format. */
export const PROTOBUF_CONTENT_TYPE =
  'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';

/** Bytes after which the writer gives way. */
const SLICE_BYTES = 64 * 1024;

/** By number, as the schema has them. */
const TYPES = ['counter', 'gauge', 'summary', 'untyped', 'histogram', 'gaugehistogram'] as const;

export interface ProtobufWriterOptions {
  /** Of the names of exemplars' labels; those of families are escaped already. Default `allow-utf-8`. */
  readonly escaping?: Escaping | undefined;
}

/**
 * Renders families, in slices that together are the body. A slice may be empty: a family's length stands before
 * it, so that a large one is handed over at its end, and the empty slices let the caller do something else.
 */
export function* writeProtobuf(
  families: Iterable<Family>,
  { escaping = 'allow-utf-8' }: ProtobufWriterOptions = {},
): Generator<Uint8Array, void, undefined> {
  const parts = partsOf(escaping);
  const head = new Encoder();
  for (const family of families) {
    // In this format a family without series is an error to some who read it.
    if (family.series.length === 0) continue;
    const chunks: Uint8Array[] = [];
    let length = 0;
    let chunk = new Encoder();
    writeHead(chunk, family);
    const prepared = preparedOf(family);
    // Series that come while slices are being sent are for the next time.
    const count = family.series.length;
    for (let i = 0; i < count; i++) {
      if (i % PREPARED_AT_ONCE === 0) prepared.extend(Math.min(i + PREPARED_AT_ONCE, count), parts);
      prepared.write(chunk, i, parts);
      if (chunk.length < SLICE_BYTES) continue;
      length += chunk.length;
      chunks.push(chunk.bytes());
      chunk = new Encoder(SLICE_BYTES + SLICE_BYTES / 8);
      yield new Uint8Array(0);
    }
    length += chunk.length;
    chunks.push(chunk.bytes());
    head.clear();
    head.varint(length);
    yield head.bytes().slice();
    yield* chunks;
  }
}

function writeHead(out: Encoder, family: Family): void {
  const { name, unit } = family;
  out.text(1, name);
  if (family.help !== '') out.text(2, family.help);
  out.field(3, VARINT);
  out.varint(TYPES.indexOf(typeOf(family)));
  const stem = family.type === 'counter' && name.endsWith('_total') ? name.slice(0, -6) : name;
  if (unit !== '' && stem.endsWith(`_${unit}`)) out.text(5, unit);
}

function typeOf(family: Family): (typeof TYPES)[number] {
  if (family.type === 'info' || family.type === 'stateset') return 'gauge';
  return family.type === 'histogram' && isGaugeHistogram(family) ? 'gaugehistogram' : family.type;
}

/** The metrics of a family, but for their values. */
interface Prepared {
  /** Prepares those of the first `count` series that are new. */
  extend(count: number, parts: Parts): void;
  /** Adds the metric of a series. */
  write(out: Encoder, index: number, parts: Parts): void;
}

const preparedFamilies = new WeakMap<Family, Prepared>();

/** What is prepared is kept for as long as the family object lives. */
function preparedOf(family: Family): Prepared {
  let prepared = preparedFamilies.get(family);
  if (prepared === undefined) {
    const scalar = family.type !== 'histogram' && family.type !== 'summary';
    prepared = scalar ? new PreparedScalars(family) : new PreparedLabels(family);
    preparedFamilies.set(family, prepared);
  }
  return prepared;
}

/** Whole metrics: the value stands last in them, where it is replaced. */
class PreparedScalars implements Prepared {
  readonly #family: ScalarFamily;
  readonly #bytes = new Encoder();
  readonly #ends: number[] = [];
  /** The times that stand in them; NaN for none. */
  readonly #createdMs: number[] = [];

  constructor(family: ScalarFamily) {
    this.#family = family;
  }

  extend(count: number, parts: Parts): void {
    const { series } = this.#family;
    for (let i = this.#ends.length; i < count; i++) {
      this.#writeNew(this.#bytes, series[i]!, undefined, parts);
      this.#ends.push(this.#bytes.length);
      this.#createdMs.push(series[i]!.createdMs ?? Number.NaN);
    }
  }

  write(out: Encoder, index: number, parts: Parts): void {
    const series = this.#family.series[index]!;
    const { value, exemplar, createdMs } = series;
    const before = this.#createdMs[index]!;
    const same = createdMs === before || (createdMs === undefined && Number.isNaN(before));
    if (!same || exemplar !== undefined) this.#writeNew(out, series, exemplar, parts);
    else out.copyWithDouble(this.#bytes, index === 0 ? 0 : this.#ends[index - 1]!, this.#ends[index]!, value);
  }

  #writeNew(
    out: Encoder,
    { labelValues, extraLabels, value, createdMs }: ScalarSeries,
    exemplar: Exemplar | undefined,
    parts: Parts,
  ): void {
    const { metric, value: content, inner } = parts;
    const counter = this.#family.type === 'counter';
    metric.clear();
    writeLabels(metric, this.#family.labelNames, labelValues, extraLabels, inner);
    content.clear();
    if (counter && exemplar !== undefined) writeExemplar(content, 2, exemplar, parts);
    if (counter && createdMs !== undefined) writeTime(content, 3, createdMs, inner);
    content.double(1, value);
    metric.message(counter ? 3 : 2, content);
    out.message(4, metric);
  }
}

/** The labels of the series of a histogram or summary. */
class PreparedLabels implements Prepared {
  readonly #family: HistogramFamily | SummaryFamily;
  readonly #bytes = new Encoder();
  readonly #ends: number[] = [];

  constructor(family: HistogramFamily | SummaryFamily) {
    this.#family = family;
  }

  extend(count: number, { inner }: Parts): void {
    const { labelNames, series } = this.#family;
    for (let i = this.#ends.length; i < count; i++) {
      writeLabels(this.#bytes, labelNames, series[i]!.labelValues, undefined, inner);
      this.#ends.push(this.#bytes.length);
    }
  }

  write(out: Encoder, index: number, parts: Parts): void {
    const family = this.#family;
    const { metric } = parts;
    metric.clear();
    metric.range(this.#bytes, index === 0 ? 0 : this.#ends[index - 1]!, this.#ends[index]!);
    if (family.type === 'histogram') writeHistogram(metric, family, family.series[index]!, parts);
    else writeSummary(metric, family, family.series[index]!, parts);
    out.message(4, metric);
  }
}

function writeLabels(
  out: Encoder,
  names: readonly string[],
  values: readonly string[],
  extra: ScalarSeries['extraLabels'],
  inner: Encoder,
): void {
  for (let i = 0; i < names.length; i++) writePair(out, names[i]!, values[i] ?? '', inner);
  if (extra === undefined) return;
  for (const [name, value] of extra) writePair(out, name, value, inner);
}

function writeSummary(
  out: Encoder,
  { quantiles }: SummaryFamily,
  series: SummarySeries,
  { value, inner }: Parts,
): void {
  value.clear();
  value.field(1, VARINT);
  value.varint(series.count >= 0 ? Math.min(Math.round(series.count), Number.MAX_SAFE_INTEGER) : 0);
  value.double(2, series.sum);
  for (let i = 0; i < quantiles.length; i++) {
    inner.clear();
    inner.double(1, quantiles[i]!);
    inner.double(2, series.quantileValues[i] ?? Number.NaN);
    value.message(3, inner);
  }
  if (series.createdMs !== undefined) writeTime(value, 4, series.createdMs, inner);
  out.message(4, value);
}

/** What {@link parseProtobuf} finds, in the order of the body, as series of the text format. */
export interface ProtobufHandler {
  /** What is known of a family: its type as the text format calls it, and help and unit where they are not empty. */
  family?(name: string, field: 'type' | 'help' | 'unit', value: string): void;
  /** A sample, with its name in the labels; `timestampMs` is NaN where it has none. */
  sample(labels: Labels, value: number, timestampMs: number): void;
  /**
   * A native histogram, with the name of its family in the labels. Its classic samples come before it if it has
   * buckets. Who does not take it gets sum, count and one bucket instead.
   */
  histogram?(labels: Labels, value: NativeHistogram, timestampMs: number): void;
  /** An exemplar of the sample before, or of the native histogram, which may have several. */
  exemplar?(labels: Labels, value: number, timestampMs: number): void;
  /** When the counter, summary or histogram before began to count. */
  created?(createdMs: number): void;
}

/**
 * Reads a body. Fields that the schema does not name are skipped.
 * @throws ProtobufError where the body is not in the format; what the handler got before stands
 */
export function parseProtobuf(body: Uint8Array, handler: ProtobufHandler): void {
  const all = new Decoder(body, 0, body.length);
  while (!all.done) parseFamily(all.inner(), handler);
}

function parseFamily(message: Decoder, handler: ProtobufHandler): void {
  const at = message.at;
  let name = '';
  let help = '';
  let unit = '';
  let type = 0;
  const metrics: Decoder[] = [];
  while (message.next()) {
    if (message.is(1, BYTES)) name = message.text();
    else if (message.is(2, BYTES)) help = message.text();
    else if (message.is(3, VARINT)) type = message.varint();
    else if (message.is(4, BYTES)) metrics.push(message.inner());
    else if (message.is(5, BYTES)) unit = message.text();
    else message.skip();
  }
  if (name === '') throw new ProtobufError('a family has no name', at);
  const typeName = TYPES[type];
  if (typeName === undefined) throw new ProtobufError(`${type} is not a type of a family`, at);
  handler.family?.(name, 'type', typeName);
  if (help !== '') handler.family?.(name, 'help', help);
  if (unit !== '') handler.family?.(name, 'unit', unit);
  for (const metric of metrics) parseMetric(metric, name, typeName === 'gaugehistogram', handler);
}

function parseMetric(message: Decoder, name: string, gauge: boolean, handler: ProtobufHandler): void {
  const pairs: [string, string][] = [];
  let timestampMs = Number.NaN;
  let kind = 0;
  let content: Decoder | undefined;
  const at = message.at;
  while (message.next()) {
    if (message.is(1, BYTES)) pairs.push(parsePair(message.inner()));
    else if (message.is(6, VARINT)) timestampMs = message.varint();
    else if (message.wireType === BYTES && [2, 3, 4, 5, 7].includes(message.field)) {
      kind = message.field;
      content = message.inner();
    } else message.skip();
  }
  if (content === undefined) throw new ProtobufError('a metric has no value', at);
  const emit = (suffix: string, value: number, label?: readonly [string, string]) => {
    const all: (readonly [string, string])[] = [[METRIC_NAME, name + suffix], ...pairs];
    if (label !== undefined) all.push(label);
    handler.sample(labelsOf(all, at), value, timestampMs);
  };
  const native = (value: NativeHistogram) =>
    handler.histogram?.(labelsOf([[METRIC_NAME, name], ...pairs], at), value, timestampMs);
  if (kind === 7) parseHistogram(content, gauge, emit, native, handler);
  else if (kind === 4) parseSummary(content, emit, handler);
  else parseSingle(content, kind === 3, emit, handler);
}

function parseSingle(message: Decoder, counter: boolean, emit: Emit, handler: ProtobufHandler): void {
  let value = 0;
  let created = Number.NaN;
  let exemplar: Decoder | undefined;
  while (message.next()) {
    if (message.is(1, FIXED64)) value = message.double();
    else if (counter && message.is(2, BYTES)) exemplar = message.inner();
    else if (counter && message.is(3, BYTES)) created = parseTime(message.inner());
    else message.skip();
  }
  emit('', value);
  if (exemplar !== undefined) parseExemplar(exemplar, handler);
  if (!Number.isNaN(created)) handler.created?.(created);
}

function parseSummary(message: Decoder, emit: Emit, handler: ProtobufHandler): void {
  let count = 0;
  let sum = 0;
  let created = Number.NaN;
  const quantiles: [number, number][] = [];
  while (message.next()) {
    if (message.is(1, VARINT)) count = message.varint();
    else if (message.is(2, FIXED64)) sum = message.double();
    else if (message.is(3, BYTES)) quantiles.push(parseQuantile(message.inner()));
    else if (message.is(4, BYTES)) created = parseTime(message.inner());
    else message.skip();
  }
  for (const [quantile, value] of quantiles) emit('', value, ['quantile', canonicalNumber(quantile)]);
  emit('_sum', sum);
  emit('_count', count);
  if (!Number.isNaN(created)) handler.created?.(created);
}

function parseQuantile(message: Decoder): [number, number] {
  const pair: [number, number] = [0, 0];
  while (message.next()) {
    if (message.is(1, FIXED64)) pair[0] = message.double();
    else if (message.is(2, FIXED64)) pair[1] = message.double();
    else message.skip();
  }
  return pair;
}
