/**
 * Histograms in protobuf, whose one message holds classic buckets, native ones, or both:
 *
 *     Histogram   1 count  2 sum  3 bucket* (1 cumulative  2 bound  3 exemplar  4 cumulative, float)
 *                 4 count, float  5 schema, zigzag  6 zero threshold  7 zero count  8 zero count, float
 *                 9 negative span*  10 negative delta*, zigzag  11 negative count*, float
 *                 12 positive span*  13 positive delta*, zigzag  14 positive count*, float
 *                 15 created  16 exemplar*
 *     BucketSpan  1 offset, zigzag  2 length
 *
 * Native buckets are written as integers, each as its difference from the one before, or all as floats where one of
 * the counts is no integer. For example the counts 3, 5, 1 in the buckets 2, 3 and 5 are spans (2, 2) (1, 1) and the
 * deltas 3, 2, -4. Without buckets and without zero threshold an empty span says that the histogram is native.
 *
 * The bucket `+Inf` is not written, because the count says the same, unless it has an exemplar. The schema knows
 * exponential buckets only: a histogram with custom bounds (-53) is written with classic ones, which say the same.
 * Whether counts may go down is said by the family's type.
 */
import type { Labels } from '../model/labels.ts';
import type { BucketSpan, NativeHistogram } from '../model/native-histogram.ts';
import { exemplarTime } from './exemplar.ts';
import type { HistogramFamily, HistogramSeries } from './families.ts';
import { canonicalNumber } from './openmetrics-lines.ts';
import {
  type Emit,
  type Parts,
  parseExemplar,
  parseTime,
  writeExemplar,
  writeTime,
} from './protobuf-parts.ts';
import { BYTES, type Decoder, type Encoder, FIXED64, ProtobufError, VARINT } from './protobuf-wire.ts';

/** The schema of bounds that are given one by one. */
const CUSTOM_BOUNDS = -53;
const SCHEMA_MIN = -4;
const SCHEMA_MAX = 8;
/** Up to here the difference of two counts is exact in its zigzag form, too. */
const INTEGER_COUNT_MAX = 2 ** 51;

/** Adds the histogram of one series to its metric. */
export function writeHistogram(
  out: Encoder,
  { bounds }: HistogramFamily,
  series: HistogramSeries,
  parts: Parts,
): void {
  const { value } = parts;
  const { native, exemplars } = series;
  value.clear();
  if (native === undefined) {
    const count = writeBuckets(bounds, series.counts, exemplars, parts);
    value.count(1, 4, count);
  } else if (native.schema === CUSTOM_BOUNDS) {
    const custom = bounds.length === 0;
    const counts = custom ? customCounts(native) : series.counts;
    const count = writeBuckets(custom ? native.customValues : bounds, counts, exemplars, parts);
    value.count(1, 4, count);
  } else {
    if (bounds.length > 0) writeBuckets(bounds, series.counts, exemplars, parts);
    writeNative(native, parts);
    if (exemplars !== undefined) {
      for (const exemplar of exemplars) {
        // Those of native histograms have to have a time.
        if (exemplar === undefined || exemplarTime(exemplar) === undefined) continue;
        writeExemplar(value, 16, exemplar, parts);
      }
    }
  }
  value.double(2, series.sum);
  if (series.createdMs !== undefined) writeTime(value, 15, series.createdMs, parts.inner);
  out.message(7, value);
}

/** Returns how many observations there are in all. */
function writeBuckets(
  bounds: ArrayLike<number>,
  counts: ArrayLike<number>,
  exemplars: HistogramSeries['exemplars'],
  parts: Parts,
): number {
  let cumulative = 0;
  for (let i = 0; i <= bounds.length; i++) {
    cumulative += counts[i] ?? 0;
    const exemplar = exemplars?.[i];
    if (i < bounds.length) writeBucket(cumulative, bounds[i]!, exemplar, parts);
    else if (exemplar !== undefined) writeBucket(cumulative, Number.POSITIVE_INFINITY, exemplar, parts);
  }
  return cumulative;
}

function writeBucket(
  cumulative: number,
  bound: number,
  exemplar: NonNullable<HistogramSeries['exemplars']>[number],
  parts: Parts,
): void {
  const { value, inner } = parts;
  inner.clear();
  inner.count(1, 4, cumulative);
  inner.double(2, bound);
  if (exemplar !== undefined) writeExemplar(inner, 3, exemplar, parts);
  value.message(3, inner);
}

/** Counts by bound, the last for those above all bounds. */
function customCounts({ customValues, positiveSpans, positiveCounts }: NativeHistogram): Float64Array {
  const counts = new Float64Array(customValues.length + 1);
  let bucket = 0;
  let at = 0;
  for (const { offset, length } of positiveSpans) {
    bucket += offset;
    for (let i = 0; i < length; i++)
      counts[Math.min(bucket++, customValues.length)]! += positiveCounts[at++] ?? 0;
  }
  return counts;
}

function writeNative(native: NativeHistogram, { value, inner }: Parts): void {
  const { schema, zeroThreshold, zeroCount, positiveSpans, negativeSpans } = native;
  const integers =
    isIntegerCount(native.count) &&
    isIntegerCount(zeroCount) &&
    native.positiveCounts.every(isIntegerCount) &&
    native.negativeCounts.every(isIntegerCount);
  if (integers) {
    value.field(1, VARINT);
    value.varint(native.count);
  } else value.double(4, native.count);
  value.field(5, VARINT);
  value.zigzag(schema);
  value.double(6, zeroThreshold);
  if (integers) {
    value.field(7, VARINT);
    value.varint(zeroCount);
  } else value.double(8, zeroCount);
  writeSpans(value, 9, negativeSpans, inner);
  writeCounts(value, integers, 10, native.negativeCounts);
  const empty = positiveSpans.length + negativeSpans.length === 0 && zeroThreshold === 0;
  writeSpans(value, 12, empty ? [{ offset: 0, length: 0 }] : positiveSpans, inner);
  writeCounts(value, integers, 13, native.positiveCounts);
}

function isIntegerCount(count: number): boolean {
  return count >= 0 && count <= INTEGER_COUNT_MAX && Number.isInteger(count);
}

function writeSpans(out: Encoder, field: number, spans: readonly BucketSpan[], inner: Encoder): void {
  for (const { offset, length } of spans) {
    inner.clear();
    inner.field(1, VARINT);
    inner.zigzag(offset);
    inner.field(2, VARINT);
    inner.varint(length);
    out.message(field, inner);
  }
}

/** Deltas in the field that is given, or floats in the one behind it. */
function writeCounts(out: Encoder, integers: boolean, field: number, counts: Float64Array): void {
  let before = 0;
  for (const count of counts) {
    if (integers) {
      out.field(field, VARINT);
      out.zigzag(count - before);
      before = count;
    } else out.double(field + 1, count);
  }
}

/** What {@link parseHistogram}'s findings go to. */
interface HistogramHandler {
  histogram?(labels: Labels, value: NativeHistogram, timestampMs: number): void;
  exemplar?(labels: Labels, value: number, timestampMs: number): void;
  created?(createdMs: number): void;
}

/** One side of a native histogram. */
class Side {
  readonly spans: BucketSpan[] = [];
  readonly deltas: number[] = [];
  readonly floats: number[] = [];
  /** Whether there is an empty span, which only says that the histogram is native. */
  marked = false;

  /** The counts of all buckets. */
  counts(float: boolean, at: number): Float64Array {
    const counts = Float64Array.from(float ? this.floats : this.deltas);
    if (!float) for (let i = 1; i < counts.length; i++) counts[i]! += counts[i - 1]!;
    let length = 0;
    for (const [i, span] of this.spans.entries()) {
      if (i > 0 && span.offset < 0) throw new ProtobufError('a span goes back', at);
      length += span.length;
    }
    if (length !== counts.length)
      throw new ProtobufError(`the spans have ${length} buckets, the counts ${counts.length}`, at);
    return counts;
  }
}

/**
 * Reads a histogram. Where it is native and the handler takes that, its classic samples are there only if it has
 * buckets, and come first.
 */
export function parseHistogram(
  message: Decoder,
  gauge: boolean,
  emit: Emit,
  native: (value: NativeHistogram) => void,
  handler: HistogramHandler,
): void {
  const at = message.at;
  let integerCount = 0;
  let floatCount = 0;
  let sum = 0;
  let schema = 0;
  let zeroThreshold = 0;
  let integerZeroCount = 0;
  let floatZeroCount = 0;
  let created = Number.NaN;
  const negative = new Side();
  const positive = new Side();
  const buckets: Bucket[] = [];
  const exemplars: Decoder[] = [];
  while (message.next()) {
    if (message.is(1, VARINT)) integerCount = message.varint();
    else if (message.is(2, FIXED64)) sum = message.double();
    else if (message.is(3, BYTES)) buckets.push(parseBucket(message.inner()));
    else if (message.is(4, FIXED64)) floatCount = message.double();
    else if (message.is(5, VARINT)) schema = message.zigzag();
    else if (message.is(6, FIXED64)) zeroThreshold = message.double();
    else if (message.is(7, VARINT)) integerZeroCount = message.varint();
    else if (message.is(8, FIXED64)) floatZeroCount = message.double();
    else if (message.is(15, BYTES)) created = parseTime(message.inner());
    else if (message.is(16, BYTES)) exemplars.push(message.inner());
    else if (!parseSide(message, 9, negative) && !parseSide(message, 12, positive)) message.skip();
  }
  const count = floatCount > 0 ? floatCount : integerCount;
  const isNative =
    positive.spans.length + negative.spans.length > 0 ||
    positive.marked ||
    negative.marked ||
    zeroThreshold > 0 ||
    integerZeroCount > 0 ||
    floatZeroCount > 0;
  const told = isNative && handler.histogram !== undefined;
  if (!told || buckets.length > 0) emitBuckets(buckets, count, sum, emit, handler);
  if (told) {
    if (schema < SCHEMA_MIN || schema > SCHEMA_MAX)
      throw new ProtobufError(`${schema} is not a schema of native histograms`, at);
    const integers = positive.deltas.length + negative.deltas.length > 0;
    const floats = positive.floats.length + negative.floats.length > 0;
    const float = floatCount > 0 || floatZeroCount > 0 || (floats && !integers);
    native({
      schema,
      count: float ? floatCount : integerCount,
      sum,
      zeroThreshold,
      zeroCount: float ? floatZeroCount : integerZeroCount,
      positiveSpans: positive.spans,
      positiveCounts: positive.counts(float, at),
      negativeSpans: negative.spans,
      negativeCounts: negative.counts(float, at),
      customValues: NO_VALUES,
      counterResetHint: gauge ? 'gauge' : 'unknown',
    });
    for (const exemplar of exemplars) parseExemplar(exemplar, handler);
  }
  if (!Number.isNaN(created)) handler.created?.(created);
}

const NO_VALUES = new Float64Array(0);

/** Reads a field of one side, if it is one: spans in the field that is given, deltas and floats in the next two. */
function parseSide(message: Decoder, field: number, side: Side): boolean {
  if (message.is(field, BYTES)) {
    const span = parseSpan(message.inner());
    if (span.offset === 0 && span.length === 0) side.marked = true;
    else side.spans.push(span);
  } else if (message.is(field + 1, VARINT)) side.deltas.push(message.zigzag());
  else if (message.is(field + 2, FIXED64)) side.floats.push(message.double());
  else if (message.is(field + 1, BYTES)) {
    const packed = message.inner();
    while (!packed.done) side.deltas.push(packed.zigzag());
  } else if (message.is(field + 2, BYTES)) {
    const packed = message.inner();
    while (!packed.done) side.floats.push(packed.double());
  } else return false;
  return true;
}

function parseSpan(message: Decoder): BucketSpan {
  const span = { offset: 0, length: 0 };
  while (message.next()) {
    if (message.is(1, VARINT)) span.offset = message.zigzag();
    else if (message.is(2, VARINT)) span.length = message.varint();
    else message.skip();
  }
  return span;
}

interface Bucket {
  count: number;
  bound: number;
  exemplar: Decoder | undefined;
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

/** The classic samples; a histogram that is only native has its sum, its count and one bucket. */
function emitBuckets(
  buckets: Bucket[],
  count: number,
  sum: number,
  emit: Emit,
  handler: HistogramHandler,
): void {
  if (buckets.at(-1)?.bound !== Number.POSITIVE_INFINITY)
    buckets.push({ count, bound: Number.POSITIVE_INFINITY, exemplar: undefined });
  for (const bucket of buckets) {
    emit('_bucket', bucket.count, ['le', canonicalNumber(bucket.bound)]);
    if (bucket.exemplar !== undefined) parseExemplar(bucket.exemplar, handler);
  }
  emit('_sum', sum);
  emit('_count', count);
}
