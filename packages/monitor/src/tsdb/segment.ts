/**
 * One segment of the log: its bytes, their writer and their reader. FORMAT.md draws the same.
 *
 * ```
 * segment  8 bytes "BNCLOG01", then records
 * record   [u32 length][u32 crc][u8 type][payload]      little endian; length counts type and payload,
 *                                                       crc is the CRC-32 of type and payload
 * type 1   series   until the payload ends: varint ref, varint number of labels, for each: symbol name,
 *                   symbol value. A symbol is varint n: 0 means that a string follows, which gets the next
 *                   number from 1 on in this segment; otherwise the string that got the number n
 * type 2   layout   varint id, varint first position; if that is 0 the string source; then until the payload
 *                   ends the refs of the positions from there on, each as zigzag difference to the one before
 *                   (before the first: 0)
 * type 3   column   varint layout id, zigzag milliseconds since the segment's previous column (at first since
 *                   1970), varint number of values, the values (column-codec.ts)
 * ```
 *
 * A segment uses only what it has itself defined before: symbols, refs and layout ids mean nothing outside of
 * it. So the oldest segments can be deleted at any time, and reading can begin at any segment.
 */
import { crc32 } from 'node:zlib';
import { Labels } from '@binnacle/metrics/model';
import { ByteReader, ByteWriter, DamagedBytes } from './bytes.ts';
import { ColumnDecoder, ColumnEncoder } from './column-codec.ts';
import { StorageFailure } from './failure.ts';

const MAGIC = 'BNCLOG';
const VERSION = '01';
/** Every segment begins with so many bytes. */
export const SEGMENT_HEADER_BYTES = 8;
const RECORD_HEADER_BYTES = 8;
const SERIES = 1;
const LAYOUT = 2;
const COLUMN = 3;

/** What the writer needs of a source table. */
export interface LogLayout {
  readonly source: string;
  /** Tells tables apart within a process. */
  readonly id: number;
  /** Series by position; only ever grows. */
  readonly refs: readonly number[];
}

/** Turns columns into the bytes of one segment. After a write has failed the writer must not be used again. */
export class SegmentWriter {
  readonly #labelsOf: (ref: number) => Labels;
  readonly #out = new ByteWriter(1 << 12);
  readonly #symbols = new Map<string, number>();
  readonly #layouts = new Map<number, { positions: number; readonly encoder: ColumnEncoder }>();
  /** One bit a ref: whether its labels are in the segment. */
  #defined = new Uint8Array(1024);
  #lastMs = 0;
  #begun = false;
  /** Bytes so far of everything but columns: what makes a segment self-contained. */
  definitionBytes = 0;

  constructor(labelsOf: (ref: number) => Labels) {
    this.#labelsOf = labelsOf;
  }

  /**
   * The records for a column, with what it is the first to use. The bytes are valid until the next call. A
   * column may be shorter than its layout, never longer.
   */
  column(layout: LogLayout, timestampMs: number, values: Float64Array, words: Uint32Array): Uint8Array {
    const out = this.#out;
    out.length = 0;
    if (!this.#begun) {
      out.reserve(SEGMENT_HEADER_BYTES);
      out.bytes.set(Buffer.from(MAGIC + VERSION, 'latin1'));
      out.length = SEGMENT_HEADER_BYTES;
      this.#begun = true;
    }
    let known = this.#layouts.get(layout.id);
    if (known === undefined || known.positions < layout.refs.length) {
      const from = known?.positions ?? 0;
      this.#defineSeries(layout.refs, from);
      this.#defineLayout(layout, from);
      known ??= { positions: 0, encoder: new ColumnEncoder() };
      known.positions = layout.refs.length;
      this.#layouts.set(layout.id, known);
    }
    this.definitionBytes += out.length;
    const start = this.#begin(COLUMN);
    out.varint(layout.id);
    out.zigzag(timestampMs - this.#lastMs);
    this.#lastMs = timestampMs;
    out.varint(values.length);
    known.encoder.encode(out, values, words);
    this.#end(start);
    return out.bytes.subarray(0, out.length);
  }

  #defineSeries(refs: readonly number[], from: number): void {
    let start = -1;
    for (let i = from; i < refs.length; i++) {
      const ref = refs[i]!;
      if (this.#isDefined(ref)) continue;
      if (start < 0) start = this.#begin(SERIES);
      const labels = this.#labelsOf(ref);
      this.#out.varint(ref);
      this.#out.varint(labels.size);
      for (let j = 0; j < labels.size; j++) {
        this.#symbol(labels.names[j]!);
        this.#symbol(labels.values[j]!);
      }
    }
    if (start >= 0) this.#end(start);
  }

  #defineLayout(layout: LogLayout, from: number): void {
    const start = this.#begin(LAYOUT);
    this.#out.varint(layout.id);
    this.#out.varint(from);
    if (from === 0) this.#out.string(layout.source);
    let before = 0;
    for (let i = from; i < layout.refs.length; i++) {
      this.#out.zigzag(layout.refs[i]! - before);
      before = layout.refs[i]!;
    }
    this.#end(start);
  }

  /** Asks whether the segment has a series, and from then on takes it as defined. */
  #isDefined(ref: number): boolean {
    const at = ref >>> 3;
    if (at >= this.#defined.length) {
      const grown = new Uint8Array(Math.max(at + 1, this.#defined.length * 2));
      grown.set(this.#defined);
      this.#defined = grown;
    }
    const bit = 1 << (ref & 7);
    const defined = (this.#defined[at]! & bit) !== 0;
    this.#defined[at] = this.#defined[at]! | bit;
    return defined;
  }

  #symbol(text: string): void {
    const known = this.#symbols.get(text);
    if (known !== undefined) {
      this.#out.varint(known);
      return;
    }
    this.#symbols.set(text, this.#symbols.size + 1);
    this.#out.varint(0);
    this.#out.string(text);
  }

  #begin(type: number): number {
    const start = this.#out.length;
    this.#out.reserve(RECORD_HEADER_BYTES + 1);
    this.#out.length += RECORD_HEADER_BYTES;
    this.#out.byte(type);
    return start;
  }

  #end(start: number): void {
    const out = this.#out;
    const content = out.bytes.subarray(start + RECORD_HEADER_BYTES, out.length);
    out.u32At(start, content.length);
    out.u32At(start + 4, crc32(content));
  }
}

/** Takes the columns of one layout as they are read. */
export interface ColumnSink {
  /** More series: the positions after those that there are. */
  grow(series: readonly Labels[]): void;
  /** A column, valid during the call. */
  column(timestampMs: number, values: Float64Array): void;
}

/** Where reading of a segment ended. */
export interface SegmentEnd {
  /** The bytes that were good; as many as there are when the segment is undamaged. */
  readonly goodBytes: number;
  readonly columns: number;
  /** The latest time of all columns; -Infinity when there was none. */
  readonly maxMs: number;
  /** What was wrong after the good bytes; undefined when nothing was. */
  readonly damage: string | undefined;
}

/**
 * Reads a segment and hands its columns to sinks, which `sinkFor` makes for every layout. Stops at the first
 * record that is not whole, because whatever follows is coded against it.
 * @throws StorageFailure when a later version has written the segment
 */
export function readSegment(
  bytes: Uint8Array,
  where: string,
  sinkFor: (source: string) => ColumnSink,
): SegmentEnd {
  const state = new ReadState(sinkFor);
  const end = (goodBytes: number, damage?: string): SegmentEnd => ({
    goodBytes,
    columns: state.columns,
    maxMs: state.maxMs,
    damage,
  });
  if (bytes.length < SEGMENT_HEADER_BYTES) return end(0, 'the header is cut off');
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, SEGMENT_HEADER_BYTES).toString('latin1');
  if (!header.startsWith(MAGIC)) return end(0, 'the header is not that of a log segment');
  if (header.slice(MAGIC.length) > VERSION && /^\d\d$/.test(header.slice(MAGIC.length))) {
    throw new StorageFailure(
      'LOG_VERSION',
      `${where} has log version ${header.slice(MAGIC.length)}, and this Binnacle reads ${VERSION}: start the newer version again, or choose another data directory`,
    );
  }
  if (header !== MAGIC + VERSION) return end(0, 'the header has an unknown version');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = SEGMENT_HEADER_BYTES;
  while (at < bytes.length) {
    if (bytes.length - at < RECORD_HEADER_BYTES) return end(at, 'a record header is cut off');
    const length = view.getUint32(at, true);
    const start = at + RECORD_HEADER_BYTES;
    if (length === 0 || length > bytes.length - start) return end(at, 'a record is cut off');
    if (crc32(bytes.subarray(start, start + length)) !== view.getUint32(at + 4, true)) {
      return end(at, 'a record has a wrong checksum');
    }
    try {
      state.record(bytes[start]!, new ByteReader(bytes, start + 1, start + length));
    } catch (error) {
      if (error instanceof DamagedBytes) return end(at, `a record cannot be read: ${error.message}`);
      throw error;
    }
    at = start + length;
  }
  return end(at);
}

/** What a reader knows of a segment so far. */
class ReadState {
  columns = 0;
  maxMs = Number.NEGATIVE_INFINITY;
  readonly #sinkFor: (source: string) => ColumnSink;
  readonly #symbols: string[] = [];
  readonly #series = new Map<number, Labels>();
  readonly #layouts = new Map<number, { positions: number; decoder: ColumnDecoder; sink: ColumnSink }>();
  #lastMs = 0;

  constructor(sinkFor: (source: string) => ColumnSink) {
    this.#sinkFor = sinkFor;
  }

  record(type: number, payload: ByteReader): void {
    if (type === COLUMN) this.#column(payload);
    else if (type === SERIES) this.#defineSeries(payload);
    else if (type === LAYOUT) this.#defineLayout(payload);
    else throw new DamagedBytes(`unknown type ${type}`);
  }

  #column(payload: ByteReader): void {
    const layout = this.#layouts.get(payload.varint());
    if (layout === undefined) throw new DamagedBytes('column of an unknown layout');
    const timestampMs = this.#lastMs + payload.zigzag();
    const count = payload.varint();
    if (count > layout.positions) throw new DamagedBytes('column is longer than its layout');
    const values = layout.decoder.decode(payload, count);
    if (payload.at !== payload.end) throw new DamagedBytes('column does not end with its record');
    this.#lastMs = timestampMs;
    this.columns++;
    if (timestampMs > this.maxMs) this.maxMs = timestampMs;
    layout.sink.column(timestampMs, values);
  }

  #defineSeries(payload: ByteReader): void {
    while (payload.at < payload.end) {
      const ref = payload.varint();
      const flat: string[] = [];
      for (let left = payload.count(2) * 2; left > 0; left--) flat.push(this.#symbol(payload));
      this.#series.set(ref, Labels.fromFlat(flat));
    }
  }

  #defineLayout(payload: ByteReader): void {
    const id = payload.varint();
    const from = payload.varint();
    let layout = this.#layouts.get(id);
    if (from === 0) {
      layout = { positions: 0, decoder: new ColumnDecoder(), sink: this.#sinkFor(payload.string()) };
      this.#layouts.set(id, layout);
    }
    if (layout === undefined || layout.positions !== from) throw new DamagedBytes('layout with a gap');
    const series: Labels[] = [];
    let ref = 0;
    while (payload.at < payload.end) {
      ref += payload.zigzag();
      const labels = this.#series.get(ref);
      if (labels === undefined) throw new DamagedBytes(`layout with unknown series ${ref}`);
      series.push(labels);
    }
    layout.positions += series.length;
    layout.sink.grow(series);
  }

  #symbol(payload: ByteReader): string {
    const number = payload.varint();
    if (number === 0) {
      const text = payload.string();
      this.#symbols.push(text);
      return text;
    }
    const text = this.#symbols[number - 1];
    if (text === undefined) throw new DamagedBytes(`unknown symbol ${number}`);
    return text;
  }
}
