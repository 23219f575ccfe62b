/**
 * The bytes of a segment: the file in which one writer keeps its values. `FORMAT.md` draws it.
 *
 *     header      256 bytes: see `segment-header.ts`
 *     slots       float64s, aligned, in which the writer counts
 *     dictionary  records, only ever appended: which slot belongs to which series
 *
 * A writer publishes a record by storing the dictionary's new length, last and atomically. A reader therefore
 * sees whole records or none, and a slot is 0 until its record can be seen. Nothing ever moves: a file that is
 * full is followed by another part.
 *
 * The retired file of a directory has the same form. Its records name the segments that it contains and what was
 * erased from others, and all of its series have one slot more, for what rounding the sum has lost.
 */
import {
  align,
  DICTIONARY_LENGTH_AT,
  decodeHeader,
  invalid,
  type SegmentHeader,
  type SegmentLayout,
} from './segment-header.ts';
import {
  Blocks,
  type FamilyShape,
  layoutOf,
  type Part,
  StoredSeries,
  type StoreView,
  slotsOfPart,
  WINDOWS_MAX,
} from './store.ts';

const TYPES = ['counter', 'gauge', 'histogram', 'info', 'summary', 'stateset'] as const;
const MODES: readonly NonNullable<FamilyShape['mode']>[] = [
  'live sum',
  'live max',
  'live min',
  'mostrecent',
  'per worker',
  'live average',
  'live first',
  'max',
];
const PARTS: readonly Part['kind'][] = ['buckets', 'exemplar'];

const RECORD = { family: 1, series: 2, contains: 3, part: 4, erased: 5 } as const;
const RECORD_HEADER_BYTES = 8;

/** Appends to a segment: takes slots and writes the records that say whose they are. */
export class SegmentWriter {
  readonly values: Float64Array;
  readonly #bytes: Buffer;
  readonly #length: Int32Array;
  readonly #layout: SegmentLayout;
  readonly #families = new Map<FamilyShape, number>();
  readonly #compensated: boolean;
  /** Bytes of the dictionary that are published, and those that are written. */
  #used = 0;
  #written = 0;
  #slotsUsed = 0;

  /** @param buffer a file whose header is written and whose rest is 0 */
  constructor(buffer: ArrayBufferLike, layout: SegmentLayout, kind: SegmentHeader['kind']) {
    this.#layout = layout;
    this.#compensated = kind === 'retired';
    this.values = new Float64Array(buffer, layout.slotsOffset, layout.slots);
    this.#bytes = Buffer.from(buffer, layout.dictionaryOffset, layout.dictionaryBytes);
    this.#length = new Int32Array(buffer, DICTIONARY_LENGTH_AT, 1);
  }

  /** Takes slots for a series or a part of one and publishes it; undefined when the segment has no room for it. */
  add(
    shape: FamilyShape,
    labelValues: readonly string[],
    createdMs: number,
    part?: Part,
  ): number | undefined {
    const size = storedSlots(shape, part, this.#compensated);
    if (this.#slotsUsed + size > this.#layout.slots) return undefined;
    const known = this.#families.get(shape);
    const family = known ?? this.#families.size;
    const slot = this.#slotsUsed;
    const written =
      (known !== undefined || this.#putFamily(family, shape)) &&
      this.#putSeries(family, slot, createdMs, labelValues, part);
    if (!this.#publish(written)) return undefined;
    if (known === undefined) this.#families.set(shape, family);
    this.#slotsUsed += size;
    return slot;
  }

  /** Retired files: of a segment that is not in this file, what its slots held when they were erased. */
  erased(segment: string, slot: number, baseline: ArrayLike<number>): boolean {
    return this.#publish(this.#put(RECORD.erased, 0, 0, 0, slot, baseline, [segment]));
  }

  /** Retired files: names the segments whose counts are in this file. */
  contains(names: readonly string[]): boolean {
    return this.#publish(this.#put(RECORD.contains, 0, 0, 0, 0, NO_NUMBERS, names));
  }

  #putFamily(id: number, shape: FamilyShape): boolean {
    const bounds = shape.bounds ?? NO_NUMBERS;
    const mode = shape.mode === undefined ? 0 : MODES.indexOf(shape.mode);
    const type = TYPES.indexOf(shape.type);
    return this.#put(RECORD.family, type, mode, id, bounds.length, bounds, textsOfFamily(shape));
  }

  #putSeries(
    family: number,
    slot: number,
    createdMs: number,
    labelValues: readonly string[],
    part: Part | undefined,
  ): boolean {
    if (part === undefined) {
      ONE_NUMBER[0] = createdMs;
      return this.#put(RECORD.series, 0, 0, family, slot, ONE_NUMBER, labelValues);
    }
    const of = part.kind === 'buckets' ? [part.schema, part.sign, part.first] : [part.bucket, 0, 0];
    const numbers = [createdMs, PARTS.indexOf(part.kind), ...of];
    return this.#put(RECORD.part, 0, 0, family, slot, numbers, labelValues);
  }

  /**
   * Writes a record behind those that are there, where nobody sees it until it is published; false when it has no
   * room.
   *
   *     u32 length, a multiple of 8 | u8 kind | u8 type | u8 mode | u8 0
   *     u32 family | u32 slot or number of bounds
   *     u32 number of texts | u32 number of float64s
   *     float64s
   *     texts, each u32 length and UTF-8
   */
  #put(
    kind: number,
    type: number,
    mode: number,
    family: number,
    slot: number,
    numbers: ArrayLike<number>,
    texts: readonly string[],
  ): boolean {
    const bytes = this.#bytes;
    const start = this.#written;
    let at = start + RECORD_HEADER_BYTES + 16;
    if (at + numbers.length * 8 > bytes.length) return false;
    for (let i = 0; i < numbers.length; i++) at = bytes.writeDoubleLE(numbers[i]!, at);
    for (let i = 0; i < texts.length; i++) {
      const text = texts[i]!;
      // A UTF-16 unit takes three bytes at most; to count them exactly is only worth it near the end.
      const room = bytes.length - at - 4;
      if (text.length * 3 > room && Buffer.byteLength(text) > room) return false;
      const length = bytes.write(text, at + 4, 'utf8');
      bytes.writeUInt32LE(length, at);
      at += 4 + length;
    }
    const end = start + align(at - start);
    if (end > bytes.length) return false;
    bytes.fill(0, at, end);
    bytes.writeUInt32LE(end - start, start);
    bytes[start + 4] = kind;
    bytes[start + 5] = type;
    bytes[start + 6] = mode;
    bytes[start + 7] = 0;
    bytes.writeUInt32LE(family, start + 8);
    bytes.writeUInt32LE(slot, start + 12);
    bytes.writeUInt32LE(texts.length, start + 16);
    bytes.writeUInt32LE(numbers.length, start + 20);
    this.#written = end;
    return true;
  }

  /** Shows readers what was written, or takes it back. */
  #publish(complete: boolean): boolean {
    if (complete) {
      this.#used = this.#written;
      Atomics.store(this.#length, 0, this.#used);
    } else this.#written = this.#used;
    return complete;
  }
}

const NO_NUMBERS: readonly number[] = [];
const ONE_NUMBER = [0];

/** The bytes that a family needs in a dictionary. */
export function familyRecordBytes(shape: FamilyShape): number {
  return recordBytes(shape.bounds?.length ?? 0, textsOfFamily(shape));
}

/** The bytes that a series, or a part of one, needs in a dictionary that knows its family. */
export function seriesRecordBytes(labelValues: readonly string[], part?: Part): number {
  return recordBytes(part === undefined ? 1 : 1 + PART_NUMBERS, labelValues);
}

/** The bytes that the record of {@link SegmentWriter.contains} needs. */
export function containsRecordBytes(names: readonly string[]): number {
  return recordBytes(0, names);
}

/** The bytes that the record of {@link SegmentWriter.erased} needs. */
export function erasedRecordBytes(segment: string, slots: number): number {
  return recordBytes(slots, [segment]);
}

function recordBytes(numbers: number, texts: readonly string[]): number {
  let bytes = RECORD_HEADER_BYTES + 16 + numbers * 8;
  for (const text of texts) bytes += 4 + Buffer.byteLength(text);
  return align(bytes);
}

function storedSlots(shape: FamilyShape, part: Part | undefined, compensated: boolean): number {
  return part === undefined ? layoutOf(shape).size + (compensated ? 1 : 0) : slotsOfPart(part);
}

/** What of a family few have, as JSON, so that a further option needs no other format. */
type FamilyOptions = Pick<
  FamilyShape,
  'native' | 'quantiles' | 'window' | 'expireAfterMs' | 'seriesMax' | 'closedLabels'
>;

function textsOfFamily(shape: FamilyShape): string[] {
  const { name, help, unit, labelNames, native, quantiles, window, expireAfterMs, seriesMax, closedLabels } =
    shape;
  const options: FamilyOptions = {
    ...(native && { native }),
    ...(quantiles && { quantiles }),
    ...(window && { window }),
    ...(expireAfterMs !== undefined && { expireAfterMs }),
    ...(seriesMax !== undefined && { seriesMax }),
    ...(closedLabels && { closedLabels }),
  };
  return [name, help, unit, JSON.stringify(options), ...labelNames];
}

/** Numbers of a part: its kind, then schema, sign and first bucket, or the bucket that has the exemplar. */
const PART_NUMBERS = 4;

/** What a retired file says of a segment that it does not contain: these slots were erased when they held this. */
export interface Erased {
  readonly segment: string;
  readonly slot: number;
  readonly baseline: Float64Array;
}

/** Reads a segment, from a mapping that goes on changing or from a copy. */
export class SegmentReader implements StoreView {
  readonly header: SegmentHeader;
  /** Whether its writer is running, as its lock told the last time that somebody looked. */
  live = false;
  /** All series that the segment has published, in that order; grows with {@link refresh}. */
  readonly series: StoredSeries[] = [];
  readonly compactions = 0;
  /** A series that was removed may have come again. */
  readonly distinct = false;
  /** Retired files: the segments whose counts are in this file. */
  readonly contained: string[] = [];
  /** Retired files: what was erased from segments that are not in this file. */
  readonly erased: Erased[] = [];
  readonly #buffer: ArrayBuffer;
  readonly #layout: SegmentLayout;
  readonly #blocks: Blocks;
  readonly #partBlocks: Blocks;
  readonly #texts = new RecentTexts();
  readonly #length: Int32Array;
  readonly #families: FamilyShape[] = [];
  #read = 0;

  /** @throws StoreError `segment_invalid` or `format_version` */
  constructor(buffer: ArrayBuffer) {
    const { header, layout } = decodeHeader(buffer);
    this.header = header;
    this.#buffer = buffer;
    this.#layout = layout;
    const values = new Float64Array(buffer, layout.slotsOffset, layout.slots);
    this.#blocks = new Blocks(values, this, header.kind === 'retired');
    this.#partBlocks = new Blocks(values, this, false);
    this.#length = new Int32Array(buffer, DICTIONARY_LENGTH_AT, 1);
    this.refresh();
  }

  get workerIndex(): number {
    return this.header.workerIndex;
  }

  /**
   * Takes in what has been published since the last time.
   * @throws StoreError `segment_invalid`
   */
  refresh(): void {
    const end = Atomics.load(this.#length, 0);
    if (end < this.#read || end > this.#layout.dictionaryBytes)
      throw invalid('its dictionary has an impossible length');
    if (end === this.#read) return;
    const bytes = Buffer.from(this.#buffer, this.#layout.dictionaryOffset, end);
    while (this.#read < end) {
      const length = this.#read + RECORD_HEADER_BYTES <= end ? bytes.readUInt32LE(this.#read) : 0;
      if (length < 24 || length % 8 !== 0 || this.#read + length > end)
        throw invalid('its dictionary has a broken record');
      this.#take(bytes, this.#read, this.#read + length);
      this.#read += length;
    }
  }

  #take(bytes: Buffer, start: number, end: number): void {
    const kind = bytes[start + 4]!;
    const family = bytes.readUInt32LE(start + 8);
    const slot = bytes.readUInt32LE(start + 12);
    const textCount = bytes.readUInt32LE(start + 16);
    const numberCount = bytes.readUInt32LE(start + 20);
    let at = start + 24 + numberCount * 8;
    if (at > end || at + textCount * 4 > end) throw invalid('its dictionary has a broken record');
    const numbers: number[] = [];
    for (let i = 0; i < numberCount; i++) numbers.push(bytes.readDoubleLE(start + 24 + i * 8));
    const texts = new Array<string>(textCount);
    for (let i = 0; i < textCount; i++) {
      const length = at + 4 <= end ? bytes.readUInt32LE(at) : end;
      if (at + 4 + length > end) throw invalid('its dictionary has a broken text');
      texts[i] = this.#texts.read(bytes, at + 4, at + 4 + length);
      at += 4 + length;
    }
    if (kind === RECORD.family) this.#takeFamily(bytes[start + 5]!, bytes[start + 6]!, numbers, texts);
    else if (kind === RECORD.series) this.#takeSeries(family, slot, numbers[0] ?? 0, texts, undefined);
    else if (kind === RECORD.part) this.#takeSeries(family, slot, numbers[0] ?? 0, texts, partOf(numbers));
    else if (kind === RECORD.contains) this.contained.push(...texts);
    else if (kind === RECORD.erased)
      this.erased.push({ segment: texts[0] ?? '', slot, baseline: Float64Array.from(numbers) });
    else throw invalid(`its dictionary has a record of unknown kind ${kind}`);
  }

  #takeFamily(typeCode: number, modeCode: number, bounds: readonly number[], texts: readonly string[]): void {
    const [name, help, unit, options, ...labelNames] = texts;
    const type = TYPES[typeCode];
    const mode = MODES[modeCode];
    if (
      name === undefined ||
      help === undefined ||
      unit === undefined ||
      options === undefined ||
      type === undefined ||
      mode === undefined
    ) {
      throw invalid('its dictionary has a broken family');
    }
    this.#families.push({
      name,
      type,
      help,
      unit,
      labelNames,
      ...((type === 'gauge' || (type === 'counter' && mode === 'max')) && { mode }),
      ...(type === 'histogram' && { bounds }),
      ...optionsOf(options),
    });
  }

  #takeSeries(
    family: number,
    slot: number,
    createdMs: number,
    labelValues: readonly string[],
    part: Part | undefined,
  ): void {
    const shape = this.#families[family];
    const retired = this.header.kind === 'retired';
    if (shape === undefined || labelValues.length !== shape.labelNames.length)
      throw invalid('its dictionary has a broken series');
    if (slot + storedSlots(shape, part, retired) > this.#layout.slots)
      throw invalid('its dictionary names slots that do not exist');
    const block = (part === undefined ? this.#blocks : this.#partBlocks).of(shape);
    this.series.push(new StoredSeries(block, slot, labelValues, createdMs, part));
  }
}

/** How many texts are remembered, a power of two; and the longest of them, in bytes. */
const RECENT_TEXTS = 256;
const RECENT_TEXT_BYTES_MAX = 64;

/** Label values come again and again: those read lately are the same strings, which take memory once. */
class RecentTexts {
  readonly #texts: (string | undefined)[] = new Array<undefined>(RECENT_TEXTS).fill(undefined);
  readonly #bytes: (Buffer | undefined)[] = new Array<undefined>(RECENT_TEXTS).fill(undefined);

  read(bytes: Buffer, start: number, end: number): string {
    if (end - start > RECENT_TEXT_BYTES_MAX) return bytes.toString('utf8', start, end);
    let hash = end - start;
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
    const slot = (hash ^ (hash >>> 15)) & (RECENT_TEXTS - 1);
    const known = this.#bytes[slot];
    if (known !== undefined && known.length === end - start && known.compare(bytes, start, end) === 0)
      return this.#texts[slot]!;
    const text = bytes.toString('utf8', start, end);
    this.#texts[slot] = text;
    this.#bytes[slot] = Buffer.from(bytes.subarray(start, end));
    return text;
  }
}

function partOf([, kind = -1, a = 0, b = 0, c = 0]: readonly number[]): Part {
  switch (PARTS[kind]) {
    case 'buckets':
      return { kind: 'buckets', schema: a, sign: b === 0 ? 0 : 1, first: c };
    case 'exemplar':
      return { kind: 'exemplar', bucket: a };
    default:
      throw invalid('its dictionary has a part of unknown kind');
  }
}

/** The options of a family, checked: a damaged file must not bring a reader down. */
function optionsOf(text: string): FamilyOptions {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw invalid('its dictionary has a family with broken options');
  }
  if (typeof parsed !== 'object' || parsed === null)
    throw invalid('its dictionary has a family without options');
  const options = parsed as Record<string, unknown>;
  const { native, quantiles, window, expireAfterMs, seriesMax, closedLabels } = options;
  const fits =
    (native === undefined || hasNumbers(native, ['schema', 'bucketsMax', 'zeroThreshold'])) &&
    (window === undefined || (hasNumbers(window, ['lengthMs', 'count']) && isCount(window.count))) &&
    (quantiles === undefined || isNumbers(quantiles)) &&
    (closedLabels === undefined || isNumbers(closedLabels)) &&
    (expireAfterMs === undefined || typeof expireAfterMs === 'number') &&
    (seriesMax === undefined || typeof seriesMax === 'number');
  if (!fits) throw invalid('its dictionary has a family with broken options');
  return options as FamilyOptions;
}

function isNumbers(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'number');
}

function hasNumbers<K extends string>(value: unknown, keys: readonly K[]): value is Record<K, number> {
  return (
    typeof value === 'object' &&
    value !== null &&
    keys.every((key) => typeof (value as Record<string, unknown>)[key] === 'number')
  );
}

/** A number of windows that slots can be made for. */
function isCount(value: number): boolean {
  return Number.isInteger(value) && value > 0 && value <= WINDOWS_MAX;
}
