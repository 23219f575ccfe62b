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
 *     Histogram     1 count  2 sum  3 bucket* (1 cumulative  2 bound  3 exemplar  4 cumulative, float)
 *                   4 count, float  15 created; 5 to 14 and 16 are the native part, which is not read yet
 *     Exemplar      1 label*  2 value  3 time
 *     Timestamp     1 seconds  2 nanoseconds
 *
 * For example `05 0a 01 61 18 01`: a family of 5 bytes; field 1 is a text of one byte, `a`; field 3, its type, is
 * 1, a gauge; it has no metrics.
 *
 * Names are whole, as in the text format (`uploads_total`), and info metrics and state sets are gauges. The bucket `+Inf` is not
 * written, because the count says the same. A unit is written only where the name ends in it: Prometheus refuses
 * others. A lone surrogate becomes U+FFFD.
 *
 * Source: https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto
 */
import { Labels, METRIC_NAME } from '../model/labels.ts';
import type {
  Family,
  HistogramFamily,
  HistogramSeries,
  ScalarFamily,
  ScalarSeries,
  SummaryFamily,
  SummarySeries,
} from './families.ts';
import { canonicalNumber } from './openmetrics.ts';
import { BYTES, Decoder, Encoder, FIXED64, ProtobufError, VARINT } from './protobuf-wire.ts';

/** The `Content-Type` of the format. */
export const PROTOBUF_CONTENT_TYPE =
  'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';

/** Bytes after which the writer gives way. */
const SLICE_BYTES = 64 * 1024;

/** By number, as the schema has them. */
const TYPES = ['counter', 'gauge', 'summary', 'untyped', 'histogram', 'gaugehistogram'] as const;

/**
 * Renders families, in slices that together are the body. A slice may be empty: a family's length stands before
 * it, so that a large one is handed over at its end, and the empty slices let the caller do something else.
 */
export function* writeProtobuf(families: Iterable<Family>): Generator<Uint8Array, void, undefined> {
  const metric = new Encoder();
  const parts = { value: new Encoder(), inner: new Encoder() };
  const head = new Encoder();
  for (const family of families) {
    const chunks: Uint8Array[] = [];
    let length = 0;
    let chunk = new Encoder();
    writeHead(chunk, family);
    const labels = labelsOfFamily(family);
    labels.extend();
    // Series that come while slices are being sent are for the next time.
    const count = family.series.length;
    for (let i = 0; i < count; i++) {
      metric.clear();
      labels.write(metric, i);
      if (family.type === 'histogram') writeHistogram(metric, family, family.series[i]!, parts);
      else if (family.type === 'summary') writeSummary(metric, family, family.series[i]!, parts);
      else writeScalar(metric, family, family.series[i]!, parts);
      chunk.message(4, metric);
      if (chunk.length < SLICE_BYTES) continue;
      length += chunk.length;
      chunks.push(chunk.bytes());
      chunk = new Encoder();
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

interface Parts {
  readonly value: Encoder;
  readonly inner: Encoder;
}

function writeHead(out: Encoder, family: Family): void {
  const { name, unit } = family;
  out.text(1, name);
  if (family.help !== '') out.text(2, family.help);
  out.field(3, VARINT);
  out.varint(TYPES.indexOf(family.type === 'info' || family.type === 'stateset' ? 'gauge' : family.type));
  const stem = family.type === 'counter' && name.endsWith('_total') ? name.slice(0, -6) : name;
  if (unit !== '' && stem.endsWith(`_${unit}`)) out.text(5, unit);
}

const preparedLabels = new WeakMap<Family, PreparedLabels>();

function labelsOfFamily(family: Family): PreparedLabels {
  let labels = preparedLabels.get(family);
  if (labels === undefined) {
    labels = new PreparedLabels(family);
    preparedLabels.set(family, labels);
  }
  return labels;
}

/** The labels of a family's series as fields of `Metric`, kept for as long as the family object lives. */
class PreparedLabels {
  readonly #family: Family;
  readonly #bytes = new Encoder();
  readonly #ends: number[] = [];

  constructor(family: Family) {
    this.#family = family;
  }

  /** Prepares the series that are new. */
  extend(): void {
    const { labelNames, series } = this.#family;
    const pair = new Encoder();
    const add = (name: string, value: string) => {
      pair.clear();
      pair.text(1, name);
      pair.text(2, value);
      this.#bytes.message(1, pair);
    };
    for (let i = this.#ends.length; i < series.length; i++) {
      const { labelValues, extraLabels = [] } = series[i]! as ScalarSeries;
      for (let at = 0; at < labelNames.length; at++) add(labelNames[at]!, labelValues[at] ?? '');
      for (const [name, value] of extraLabels) add(name, value);
      this.#ends.push(this.#bytes.length);
    }
  }

  write(out: Encoder, index: number): void {
    out.range(this.#bytes, index === 0 ? 0 : this.#ends[index - 1]!, this.#ends[index]!);
  }
}

function writeScalar(
  out: Encoder,
  family: ScalarFamily,
  series: ScalarSeries,
  { value, inner }: Parts,
): void {
  value.clear();
  value.double(1, series.value);
  if (family.type === 'counter') {
    if (series.createdMs !== undefined) writeTime(value, 3, series.createdMs, inner);
    out.message(3, value);
  } else out.message(2, value);
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

function writeHistogram(
  out: Encoder,
  family: HistogramFamily,
  series: HistogramSeries,
  { value, inner }: Parts,
): void {
  const { bounds } = family;
  value.clear();
  let cumulative = 0;
  for (let i = 0; i < bounds.length; i++) {
    cumulative += series.counts[i] ?? 0;
    inner.clear();
    inner.count(1, 4, cumulative);
    inner.double(2, bounds[i]!);
    value.message(3, inner);
  }
  cumulative += series.counts[bounds.length] ?? 0;
  value.count(1, 4, cumulative);
  value.double(2, series.sum);
  if (series.createdMs !== undefined) writeTime(value, 15, series.createdMs, inner);
  out.message(7, value);
}

function writeTime(out: Encoder, field: number, ms: number, inner: Encoder): void {
  inner.clear();
  const seconds = Math.max(0, Math.floor(ms / 1000));
  inner.field(1, VARINT);
  inner.varint(seconds);
  inner.field(2, VARINT);
  inner.varint(Math.max(0, Math.round((ms - seconds * 1000) * 1e6)));
  out.message(field, inner);
}

/** What {@link parseProtobuf} finds, in the order of the body, as series of the text format. */
export interface ProtobufHandler {
  /** What is known of a family: its type as the text format calls it, and help and unit where they are not empty. */
  family?(name: string, field: 'type' | 'help' | 'unit', value: string): void;
  /** A sample, with its name in the labels; `timestampMs` is NaN where it has none. */
  sample(labels: Labels, value: number, timestampMs: number): void;
  /** The exemplar of the sample before. */
  exemplar?(labels: Labels, value: number, timestampMs: number): void;
  /** When the counter, summary or histogram of the samples before began to count. */
  created?(createdMs: number): void;
}

/**
 * Reads a body. Fields that the schema does not name, or that are not read yet, are skipped.
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
  for (const metric of metrics) parseMetric(metric, name, handler);
}

function parseMetric(message: Decoder, name: string, handler: ProtobufHandler): void {
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
  if (kind === 7) parseHistogram(content, emit, handler);
  else if (kind === 4) parseSummary(content, emit, handler);
  else parseSingle(content, kind === 3, emit, handler);
}

type Emit = (suffix: string, value: number, label?: readonly [string, string]) => void;

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

interface Bucket {
  count: number;
  bound: number;
  exemplar: Decoder | undefined;
}

/** The classic part; a histogram that is only native has its sum, its count and one bucket here. */
function parseHistogram(message: Decoder, emit: Emit, handler: ProtobufHandler): void {
  let integerCount = 0;
  let floatCount = 0;
  let sum = 0;
  let created = Number.NaN;
  const buckets: Bucket[] = [];
  while (message.next()) {
    if (message.is(1, VARINT)) integerCount = message.varint();
    else if (message.is(4, FIXED64)) floatCount = message.double();
    else if (message.is(2, FIXED64)) sum = message.double();
    else if (message.is(3, BYTES)) buckets.push(parseBucket(message.inner()));
    else if (message.is(15, BYTES)) created = parseTime(message.inner());
    else message.skip();
  }
  const count = floatCount > 0 ? floatCount : integerCount;
  const last = buckets.at(-1)?.bound;
  if (last !== Number.POSITIVE_INFINITY)
    buckets.push({ count, bound: Number.POSITIVE_INFINITY, exemplar: undefined });
  for (const bucket of buckets) {
    emit('_bucket', bucket.count, ['le', canonicalNumber(bucket.bound)]);
    if (bucket.exemplar !== undefined) parseExemplar(bucket.exemplar, handler);
  }
  emit('_sum', sum);
  emit('_count', count);
  if (!Number.isNaN(created)) handler.created?.(created);
}

function parseBucket(message: Decoder): Bucket {
  const bucket: Bucket = { count: 0, bound: 0, exemplar: undefined };
  let floatCount = 0;
  while (message.next()) {
    if (message.is(1, VARINT)) bucket.count = message.varint();
    else if (message.is(4, FIXED64)) floatCount = message.double();
    else if (message.is(2, FIXED64)) bucket.bound = message.double();
    else if (message.is(3, BYTES)) bucket.exemplar = message.inner();
    else message.skip();
  }
  if (floatCount > 0) bucket.count = floatCount;
  return bucket;
}

function parseExemplar(message: Decoder, handler: ProtobufHandler): void {
  const at = message.at;
  const pairs: [string, string][] = [];
  let value = 0;
  let timestampMs = Number.NaN;
  while (message.next()) {
    if (message.is(1, BYTES)) pairs.push(parsePair(message.inner()));
    else if (message.is(2, FIXED64)) value = message.double();
    else if (message.is(3, BYTES)) timestampMs = parseTime(message.inner());
    else message.skip();
  }
  handler.exemplar?.(labelsOf(pairs, at), value, timestampMs);
}

function parsePair(message: Decoder): [string, string] {
  const pair: [string, string] = ['', ''];
  const at = message.at;
  while (message.next()) {
    if (message.is(1, BYTES)) pair[0] = message.text();
    else if (message.is(2, BYTES)) pair[1] = message.text();
    else message.skip();
  }
  if (pair[0] === '') throw new ProtobufError('a label has no name', at);
  return pair;
}

/** Unix milliseconds. */
function parseTime(message: Decoder): number {
  let seconds = 0;
  let nanoseconds = 0;
  while (message.next()) {
    if (message.is(1, VARINT)) seconds = message.varint();
    else if (message.is(2, VARINT)) nanoseconds = message.varint();
    else message.skip();
  }
  return seconds * 1000 + Math.round(nanoseconds / 1e6);
}

function labelsOf(pairs: readonly (readonly [string, string])[], at: number): Labels {
  try {
    return Labels.fromPairs(pairs);
  } catch (error) {
    throw new ProtobufError((error as Error).message, at);
  }
}
