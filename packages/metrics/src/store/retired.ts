/** The retired file of a directory: what the writers have counted that are gone. `FORMAT.md` draws it. */
import type { MergedFamily } from './merge.ts';
import { exactSum } from './merged-series.ts';
import {
  containsRecordBytes,
  type Erased,
  encodeHeader,
  erasedRecordBytes,
  familyRecordBytes,
  layoutFor,
  type SegmentHeader,
  SegmentWriter,
  seriesRecordBytes,
} from './segment.ts';
import {
  EXEMPLAR_SLOTS,
  type FamilyShape,
  layoutOf,
  outlivesWriters,
  PAGE_BUCKETS,
  type Part,
  type StoredSeries,
  slotsOfPart,
  WINDOW,
} from './store.ts';

/** A series, or a part of one, as it goes into the file. */
interface Entry {
  readonly shape: FamilyShape;
  readonly labelValues: readonly string[];
  readonly createdMs: number;
  readonly part: Part | undefined;
  readonly slots: Float64Array;
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
 * @param isErased whether a series is to be left out
 */
export function encodeRetired(
  families: Iterable<MergedFamily>,
  { contained, erased }: RetiredNotes,
  header: SegmentHeader,
  isErased: (shape: FamilyShape, labelValues: readonly string[]) => boolean,
): Buffer {
  const entries: Entry[] = [];
  let slots = 0;
  let dictionaryBytes = containsRecordBytes(contained);
  for (const { segment, baseline } of erased) dictionaryBytes += erasedRecordBytes(segment, baseline.length);
  for (const { shape, series } of families) {
    if (!outlivesWriters(shape)) continue;
    dictionaryBytes += familyRecordBytes(shape);
    for (const { labelValues, ...rest } of series.map((one) => ({
      labelValues: one.labelValues,
      createdMs: one.createdMs ?? 0,
      sources: [...one.counting()],
    }))) {
      if (rest.sources.length === 0 || isErased(shape, labelValues)) continue;
      for (const entry of folded(shape, labelValues, rest.createdMs, rest.sources)) {
        entries.push(entry);
        slots += entry.slots.length;
        dictionaryBytes += seriesRecordBytes(labelValues, entry.part);
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
  for (const { shape, labelValues, createdMs, part, slots: own } of entries) {
    const index = writer.add(shape, labelValues, createdMs, part);
    if (index === undefined) throw new Error('BUG: the retired file has no room for a series');
    writer.values.set(own, index);
  }
  return bytes;
}

/** A series and its parts, added up. */
function* folded(
  shape: FamilyShape,
  labelValues: readonly string[],
  createdMs: number,
  sources: readonly StoredSeries[],
): Generator<Entry, void, undefined> {
  const entry = { shape, labelValues, createdMs };
  const own = sources.filter(({ part }) => part === undefined);
  if (own.length === 0) return;
  yield { ...entry, part: undefined, slots: shape.type === 'gauge' ? latest(shape, own) : sums(shape, own) };
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
  for (const { part, slots } of parts.values()) yield { ...entry, part, slots };
}

/** Counts, sum, zeros and windows of a counter, histogram or summary; behind them what rounding the sum has lost. */
function sums(shape: FamilyShape, sources: readonly StoredSeries[]): Float64Array {
  const layout = layoutOf(shape);
  const slots = new Float64Array(layout.size + 1);
  for (let i = 0; i < layout.counts; i++) slots[i] = exactSum(sources, i, false).total;
  const { total, low } = exactSum(sources, layout.sumAt);
  slots[layout.sumAt] = total;
  slots[layout.size] = low;
  if (layout.zeroAt >= 0) slots[layout.zeroAt] = exactSum(sources, layout.zeroAt, false).total;
  if (layout.touchedAt >= 0) slots[layout.touchedAt] = latestOf(sources, layout.touchedAt);
  if (shape.window !== undefined) {
    for (let i = 0; i < shape.window.count; i++)
      addWindow(slots, layout.windowsAt + i * WINDOW.size, sources);
  }
  return slots;
}

/** The gauge that was set last. */
function latest(shape: FamilyShape, sources: readonly StoredSeries[]): Float64Array {
  const { size, touchedAt } = layoutOf(shape);
  const slots = new Float64Array(size + 1);
  for (const { values, index } of sources) {
    if (values[index + 1]! < slots[1]!) continue;
    slots.set(values.subarray(index, index + 2));
  }
  if (touchedAt >= 0) slots[touchedAt] = latestOf(sources, touchedAt);
  return slots;
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
