/** The retired file of a directory: what the writers have counted that are gone. `FORMAT.md` draws it. */
import type { MergedFamily } from './merge.ts';
import { exactSum, greatestOf } from './merged-series.ts';
import {
  containsRecordBytes,
  type Erased,
  erasedRecordBytes,
  familyRecordBytes,
  SegmentWriter,
  seriesRecordBytes,
} from './segment.ts';
import { encodeHeader, layoutFor, type SegmentHeader } from './segment-header.ts';
import {
  EXEMPLAR_SLOTS,
  type FamilyShape,
  layoutOf,
  outlivesWriters,
  PAGE_BUCKETS,
  type Part,
  type StoredSeries,
  type StoreView,
  slotsOfPart,
  WINDOW,
} from './store.ts';

/** A series as it goes into the file. */
interface Kept {
  readonly shape: FamilyShape;
  readonly labelValues: readonly string[];
  readonly createdMs: number;
  /** Those that count, without parts. */
  readonly sources: readonly StoredSeries[];
  readonly parts: readonly { readonly part: Part; readonly slots: Float64Array }[];
}

/** What a retired file says beside the series. */
export interface RetiredNotes {
  /** The segments whose counts are in the file. */
  readonly contained: readonly string[];
  /** What was erased from segments that are not. */
  readonly erased: readonly Erased[];
}

/**
 * The bytes of a retired file: of the merged families what outlives its writers.
 * @param gone the views whose part goes into the file
 * @param isErased whether a series is to be left out
 */
export function encodeRetired(
  families: Iterable<MergedFamily>,
  gone: ReadonlySet<StoreView>,
  { contained, erased }: RetiredNotes,
  header: SegmentHeader,
  isErased: (shape: FamilyShape, labelValues: readonly string[]) => boolean,
): Buffer {
  const kept: Kept[] = [];
  let slots = 0;
  let dictionaryBytes = containsRecordBytes(contained);
  for (const { segment, baseline } of erased) dictionaryBytes += erasedRecordBytes(segment, baseline.length);
  for (const { shape, series } of families) {
    if (!outlivesWriters(shape)) continue;
    dictionaryBytes += familyRecordBytes(shape);
    const { size } = layoutOf(shape);
    for (const one of series) {
      const { labelValues, createdMs = 0 } = one;
      const counting = one.countingIn(gone);
      const sources = one.hasParts ? counting.filter(({ part }) => part === undefined) : counting;
      if (sources.length === 0 || isErased(shape, labelValues)) continue;
      const parts = sources.length === counting.length ? NO_PARTS : addedParts(counting);
      kept.push({ shape, labelValues, createdMs, sources, parts });
      slots += size + 1;
      dictionaryBytes += seriesRecordBytes(labelValues);
      for (const { part } of parts) {
        slots += slotsOfPart(part);
        dictionaryBytes += seriesRecordBytes(labelValues, part);
      }
    }
  }
  const layout = layoutFor(0, slots, dictionaryBytes);
  const bytes = Buffer.from(new ArrayBuffer(layout.fileBytes));
  encodeHeader(header, layout).copy(bytes);
  const writer = new SegmentWriter(bytes.buffer, layout, 'retired');
  const whole =
    writer.contains(contained) && erased.every((one) => writer.erased(one.segment, one.slot, one.baseline));
  if (!whole) throw new Error('BUG: the retired file has no room for the names it contains');
  for (const { shape, labelValues, createdMs, sources, parts } of kept) {
    const index = writer.add(shape, labelValues, createdMs);
    if (index === undefined) throw new Error('BUG: the retired file has no room for a series');
    if (shape.type === 'gauge') putLatest(writer.values, index, shape, sources);
    else if (shape.type === 'counter' && shape.mode === 'max')
      putGreatest(writer.values, index, shape, sources);
    else putSums(writer.values, index, shape, sources);
    for (const { part, slots: added } of parts) {
      const at = writer.add(shape, labelValues, createdMs, part);
      if (at === undefined) throw new Error('BUG: the retired file has no room for a part of a series');
      writer.values.set(added, at);
    }
  }
  return bytes;
}

const NO_PARTS: Kept['parts'] = [];

/** The parts among the sources of a series, those that are about the same added up. */
function addedParts(sources: readonly StoredSeries[]): Kept['parts'] {
  const parts = new Map<string, { part: Part; slots: Float64Array }>();
  for (const source of sources) {
    const { part } = source;
    if (part === undefined) continue;
    // Buckets of another window are others.
    const key =
      part.kind === 'buckets' ? `${JSON.stringify(part)} ${source.values[source.index]}` : `${part.bucket}`;
    let known = parts.get(key);
    if (known === undefined) {
      known = { part, slots: new Float64Array(slotsOfPart(part)) };
      parts.set(key, known);
    }
    if (part.kind === 'buckets') addBuckets(known.slots, source);
    else keepNewer(known.slots, source);
  }
  return [...parts.values()];
}

/** Counts, sum, zeros and windows of a counter, histogram or summary; behind them what rounding the sum has lost. */
function putSums(
  values: Float64Array,
  index: number,
  shape: FamilyShape,
  sources: readonly StoredSeries[],
): void {
  const layout = layoutOf(shape);
  for (let i = 0; i < layout.counts; i++) values[index + i] = exactSum(sources, i, false).total;
  const { total, low } = exactSum(sources, layout.sumAt);
  values[index + layout.sumAt] = total;
  values[index + layout.size] = low;
  if (layout.zeroAt >= 0) values[index + layout.zeroAt] = exactSum(sources, layout.zeroAt, false).total;
  if (layout.touchedAt >= 0) values[index + layout.touchedAt] = latestOf(sources, layout.touchedAt);
  if (shape.window === undefined) return;
  const windows = values.subarray(index, index + layout.size);
  for (let i = 0; i < shape.window.count; i++)
    addWindow(windows, layout.windowsAt + i * WINDOW.size, sources);
}

/** The greatest total; the slot behind it stays 0, as nothing is added up. */
function putGreatest(
  values: Float64Array,
  index: number,
  shape: FamilyShape,
  sources: readonly StoredSeries[],
): void {
  const { touchedAt } = layoutOf(shape);
  values[index] = greatestOf(sources);
  if (touchedAt >= 0) values[index + touchedAt] = latestOf(sources, touchedAt);
}

/** The gauge that was set last. */
function putLatest(
  values: Float64Array,
  index: number,
  shape: FamilyShape,
  sources: readonly StoredSeries[],
): void {
  const { touchedAt } = layoutOf(shape);
  for (const source of sources) {
    if (source.values[source.index + 1]! < values[index + 1]!) continue;
    values[index] = source.values[source.index]!;
    values[index + 1] = source.values[source.index + 1]!;
  }
  if (touchedAt >= 0) values[index + touchedAt] = latestOf(sources, touchedAt);
}

function latestOf(sources: readonly StoredSeries[], at: number): number {
  return sources.reduce((most, { values, index }) => Math.max(most, values[index + at]!), 0);
}

/** One window of a summary: of the sources those in which it is about the latest time. */
function addWindow(slots: Float64Array, at: number, sources: readonly StoredSeries[]): void {
  const startMs = latestOf(sources, at + WINDOW.startMs);
  if (startMs === 0) return;
  slots[at + WINDOW.startMs] = startMs;
  slots[at + WINDOW.least] = Number.POSITIVE_INFINITY;
  slots[at + WINDOW.greatest] = Number.NEGATIVE_INFINITY;
  for (const { values, index } of sources) {
    const from = index + at;
    if (values[from + WINDOW.startMs] !== startMs) continue;
    slots[at + WINDOW.zeros]! += values[from + WINDOW.zeros]!;
    slots[at + WINDOW.least] = Math.min(slots[at + WINDOW.least]!, values[from + WINDOW.least]!);
    slots[at + WINDOW.greatest] = Math.max(slots[at + WINDOW.greatest]!, values[from + WINDOW.greatest]!);
  }
}

function addBuckets(slots: Float64Array, { values, index, baseline }: StoredSeries): void {
  slots[0] = values[index]!;
  for (let i = 1; i <= PAGE_BUCKETS; i++) slots[i]! += values[index + i]! - (baseline?.[i] ?? 0);
}

function keepNewer(slots: Float64Array, { values, index }: StoredSeries): void {
  if (values[index + 2]! > slots[2]!) slots.set(values.subarray(index, index + EXEMPLAR_SLOTS));
}
