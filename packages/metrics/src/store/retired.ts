/** The retired file of a directory: what the writers have counted that are gone. `FORMAT.md` draws it. */
import type { MergedFamily, MergedSeries } from './merge.ts';
import {
  containsRecordBytes,
  encodeHeader,
  familyRecordBytes,
  layoutFor,
  type SegmentHeader,
  SegmentWriter,
  seriesRecordBytes,
} from './segment.ts';
import { type FamilyShape, slotsPerSeries } from './store.ts';

/**
 * The bytes of a retired file: of the merged families what outlives its writers, which is everything but gauges of
 * running processes and infos, and the names of the segments that are contained.
 */
export function encodeRetired(
  families: Iterable<MergedFamily>,
  contained: readonly string[],
  header: SegmentHeader,
): Buffer {
  const kept = [...families].filter(({ shape }) => outlivesWriters(shape));
  let slots = 0;
  let dictionaryBytes = containsRecordBytes(contained);
  for (const { shape, series } of kept) {
    slots += series.length * (slotsPerSeries(shape) + 1);
    dictionaryBytes += familyRecordBytes(shape);
    for (const { labelValues } of series) dictionaryBytes += seriesRecordBytes(labelValues);
  }
  const layout = layoutFor(0, slots, dictionaryBytes);
  const bytes = Buffer.from(new ArrayBuffer(layout.fileBytes));
  encodeHeader(header, layout).copy(bytes);
  const writer = new SegmentWriter(bytes.buffer, layout, 'retired');
  if (!writer.contains(contained))
    throw new Error('BUG: the retired file has no room for the names it contains');
  for (const { shape, series } of kept) {
    for (const one of series) {
      if (!one.shown) continue;
      const index = writer.add(shape, one.labelValues, one.createdMs ?? 0);
      if (index === undefined) throw new Error('BUG: the retired file has no room for a series');
      fill(writer.values, index, shape, one);
    }
  }
  return bytes;
}

function outlivesWriters({ type, mode }: FamilyShape): boolean {
  return type === 'counter' || type === 'histogram' || mode === 'mostrecent';
}

function fill(values: Float64Array, index: number, { type }: FamilyShape, one: MergedSeries): void {
  if (type === 'gauge') {
    values[index] = one.total;
    values[index + 1] = one.setMs;
    return;
  }
  values.set(one.counts, index);
  values[index + one.counts.length] = one.total;
  values[index + one.counts.length + 1] = one.low;
}
