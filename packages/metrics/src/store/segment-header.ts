/**
 * The first 256 bytes of a segment: what the file is, whose, and where its parts lie. `FORMAT.md` draws it.
 *
 * They are written before the file gets its name, and only the published length of the dictionary changes later.
 */
import { StoreError } from './errors.ts';

export const FORMAT_VERSION = 2;
export const HEADER_BYTES = 256;

const MAGIC = 'BINNACLE';
const BYTE_ORDER = 0x01020304;
const KINDS = ['mapped', 'retired', 'written'] as const;

/** Offsets within the header. */
const AT = {
  version: 8,
  byteOrder: 12,
  fileBytes: 16,
  kind: 20,
  slotsOffset: 24,
  slots: 28,
  dictionaryOffset: 32,
  dictionaryBytes: 36,
  dictionaryLength: 40,
  workerIndex: 44,
  processStartMs: 48,
  pid: 56,
  threadId: 60,
  part: 64,
  generation: 68,
  bootId: 72,
  epoch: 88,
  service: 112,
  instance: 184,
} as const;

/** Where the bytes of the dictionary that are published stand in the header. */
export const DICTIONARY_LENGTH_AT = AT.dictionaryLength;

/** Longest texts of the header, in bytes of UTF-8. */
export const EPOCH_BYTES_MAX = 23;
export const SERVICE_BYTES_MAX = 71;
export const INSTANCE_BYTES_MAX = 71;

export interface SegmentHeader {
  readonly kind: (typeof KINDS)[number];
  readonly service: string;
  readonly instance: string;
  readonly epoch: string;
  readonly workerIndex: number;
  readonly processStartMs: number;
  readonly pid: number;
  readonly threadId: number;
  /** 0 for a writer's first file, then counting. */
  readonly part: number;
  /** Retired files only: how often the directory has been folded. */
  readonly generation: number;
  /** Identifies the boot of the machine, for kinds of segments whose liveness is not a lock. */
  readonly bootId: string;
}

export interface SegmentLayout {
  readonly fileBytes: number;
  readonly slotsOffset: number;
  readonly slots: number;
  readonly dictionaryOffset: number;
  readonly dictionaryBytes: number;
}

/** A layout with room for at least so much; the dictionary takes what the slots leave. */
export function layoutFor(fileBytes: number, slotsMin: number, dictionaryBytesMin: number): SegmentLayout {
  const slots = Math.max(slotsMin, Math.floor(fileBytes / 4 / 8));
  const dictionaryOffset = HEADER_BYTES + slots * 8;
  const total = Math.max(fileBytes, dictionaryOffset + align(dictionaryBytesMin));
  return {
    fileBytes: total,
    slotsOffset: HEADER_BYTES,
    slots,
    dictionaryOffset,
    dictionaryBytes: total - dictionaryOffset,
  };
}

/** The header as it stands at the beginning of a file without records. */
export function encodeHeader(header: SegmentHeader, layout: SegmentLayout): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.write(MAGIC, 0, 'latin1');
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const put = (at: number, value: number) => view.setUint32(at, value, true);
  put(AT.version, FORMAT_VERSION);
  put(AT.byteOrder, BYTE_ORDER);
  put(AT.fileBytes, layout.fileBytes);
  put(AT.kind, KINDS.indexOf(header.kind));
  put(AT.slotsOffset, layout.slotsOffset);
  put(AT.slots, layout.slots);
  put(AT.dictionaryOffset, layout.dictionaryOffset);
  put(AT.dictionaryBytes, layout.dictionaryBytes);
  put(AT.workerIndex, header.workerIndex);
  view.setFloat64(AT.processStartMs, header.processStartMs, true);
  put(AT.pid, header.pid);
  put(AT.threadId, header.threadId);
  put(AT.part, header.part);
  put(AT.generation, header.generation);
  bytes.write(header.bootId.replaceAll('-', ''), AT.bootId, 16, 'hex');
  putText(bytes, AT.epoch, header.epoch, EPOCH_BYTES_MAX);
  putText(bytes, AT.service, header.service, SERVICE_BYTES_MAX);
  putText(bytes, AT.instance, header.instance, INSTANCE_BYTES_MAX);
  return bytes;
}

function putText(bytes: Buffer, at: number, text: string, max: number): void {
  const length = Buffer.byteLength(text);
  if (length > max)
    throw new RangeError(`${JSON.stringify(text)} takes ${length} bytes, at most ${max} are allowed`);
  bytes[at] = length;
  bytes.write(text, at + 1);
}

/**
 * Reads and checks a header.
 * @throws StoreError `segment_invalid` or `format_version`
 */
export function decodeHeader(buffer: ArrayBuffer): { header: SegmentHeader; layout: SegmentLayout } {
  const bytes = Buffer.from(buffer);
  const identity = decodeIdentity(bytes);
  const view = new DataView(buffer);
  const u32 = (at: number) => view.getUint32(at, true);
  const layout: SegmentLayout = {
    fileBytes: u32(AT.fileBytes),
    slotsOffset: u32(AT.slotsOffset),
    slots: u32(AT.slots),
    dictionaryOffset: u32(AT.dictionaryOffset),
    dictionaryBytes: u32(AT.dictionaryBytes),
  };
  const fits =
    layout.slotsOffset === HEADER_BYTES &&
    layout.dictionaryOffset === HEADER_BYTES + layout.slots * 8 &&
    layout.dictionaryOffset + layout.dictionaryBytes === layout.fileBytes;
  if (u32(AT.byteOrder) !== BYTE_ORDER || !fits) throw invalid('its header contradicts itself');
  if (layout.fileBytes > buffer.byteLength)
    throw invalid(`it is cut off at ${buffer.byteLength} of ${layout.fileBytes} bytes`);
  const header: SegmentHeader = {
    kind: identity.kind,
    service: identity.service,
    instance: identity.instance,
    epoch: identity.epoch,
    workerIndex: identity.workerIndex,
    generation: identity.generation,
    pid: identity.pid,
    bootId: identity.bootId,
    processStartMs: view.getFloat64(AT.processStartMs, true),
    threadId: u32(AT.threadId),
    part: u32(AT.part),
  };
  return { header, layout };
}

/** Whose a file is, and what is to be known to find out whether its writer is running. */
export type SegmentIdentity = Omit<SegmentHeader, 'processStartMs' | 'threadId' | 'part'> & {
  readonly fileBytes: number;
};

/** Whose the file is that begins with these {@link HEADER_BYTES} bytes; throws like {@link decodeHeader}. */
export function decodeIdentity(bytes: Buffer): SegmentIdentity {
  checkVersion(bytes);
  const kind = KINDS[bytes.readUInt32LE(AT.kind)];
  if (kind === undefined) throw invalid('it is of an unknown kind');
  const text = (at: number) => bytes.toString('utf8', at + 1, at + 1 + bytes[at]!);
  return {
    kind,
    fileBytes: bytes.readUInt32LE(AT.fileBytes),
    pid: bytes.readUInt32LE(AT.pid),
    bootId: bytes.toString('hex', AT.bootId, AT.bootId + 16),
    service: text(AT.service),
    instance: text(AT.instance),
    epoch: text(AT.epoch),
    workerIndex: bytes.readUInt32LE(AT.workerIndex),
    generation: bytes.readUInt32LE(AT.generation),
  };
}

function checkVersion(bytes: Buffer): void {
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, 8) !== MAGIC)
    throw invalid('it is no segment');
  const version = bytes.readUInt32LE(AT.version);
  if (version === FORMAT_VERSION) return;
  throw new StoreError(
    'format_version',
    `it has format version ${version}, this package writes ${FORMAT_VERSION}`,
  );
}

/** A file that is no segment, or a damaged one. */
export function invalid(problem: string): StoreError {
  return new StoreError('segment_invalid', problem);
}

/** Bytes up to the next multiple of 8. */
export function align(bytes: number): number {
  return (bytes + 7) & ~7;
}
