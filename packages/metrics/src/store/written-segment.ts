/**
 * The bytes of a written segment, the kind for processes that cannot map files: its writer counts in memory, and
 * now and then flushes that to the file. `FORMAT.md` draws it.
 *
 *     image      header, slots, dictionary, as in every segment; these slots are area 0
 *     commits    2 × 64 bytes
 *     area 1     the slots once more
 *
 * Flush n writes the new records of the dictionary, which nobody reads yet, then what has changed to area n mod 2,
 * and last commit n mod 2, which says how much of both there is. A reader takes the newest commit whose check is
 * right, reads what it names, and looks again: only while that is still the newest one has nobody written where it
 * read. So a reader sees a flush as a whole or not at all, and one that was broken off by a kill harms nobody: the
 * commit before it is in another place, and so is what it names.
 *
 * The functions of the writer run in a thread of their own, to which their source is handed. Therefore they use
 * nothing but their arguments.
 */
import fs from 'node:fs';
import { StoreError } from './errors.ts';
import { SegmentReader } from './segment.ts';
import {
  DICTIONARY_LENGTH_AT,
  decodeHeader,
  HEADER_BYTES,
  type SegmentHeader,
  type SegmentLayout,
} from './segment-header.ts';

/** Bytes of one commit. */
const COMMIT_BYTES = 64;
/** Float64s of a commit: flush, heartbeat, timeout, bytes of the dictionary, slots in use, check. */
const COMMIT = { flush: 0, beatMs: 1, timeoutMs: 2, dictionaryBytes: 3, slotsUsed: 4, check: 5 } as const;

/** How often a reader looks again because somebody flushed meanwhile, which takes far less time than lies between. */
const READ_ATTEMPTS_MAX = 100;

/** The bytes of a written segment's file. */
export function writtenFileBytes({ fileBytes, slots }: SegmentLayout): number {
  return fileBytes + 2 * COMMIT_BYTES + slots * 8;
}

/**
 * Milliseconds of a clock that all processes of the machine share until it is started again, that nobody sets, and
 * that stands still while the machine sleeps.
 */
export function machineMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1e6;
}

/** A segment as its writer has it; its buffers are shared with the thread that flushes. */
export interface WrittenPart {
  fd: number;
  readonly fileBytes: number;
  readonly slotsOffset: number;
  readonly slots: number;
  readonly dictionaryOffset: number;
  /** Where in the image the bytes of the dictionary that are published stand. */
  readonly dictionaryLengthAt: number;
  /** Header, slots and dictionary; the first {@link fileBytes} of the file. */
  readonly image: SharedArrayBuffer;
  /** What areas 0 and 1 of the file hold. */
  readonly held: SharedArrayBuffer;
  /** Float64s of {@link PART}. */
  readonly state: Float64Array;
  /** Slots in use, number of exemplars, their first slots. */
  readonly marks: Int32Array;
  /** The slots in one moment; each thread has its own. */
  scratch?: Int32Array;
}

/**
 * Of a part's state: number of the last flush, its heartbeat, bytes of the dictionary that are written, whether the
 * last flush reached nobody because the file was gone, whether a flush is under way.
 */
export const PART = { flush: 0, beatMs: 1, dictionaryBytes: 2, missed: 3, underWay: 4, size: 5 } as const;

/** Where in the control words it stands that the parts were found too late or gone, after which nobody flushes them. */
export const INTERRUPTED = 0;

/** What {@link flushParts} flushes: the slots as they are, the same for the last time, or what is flushed already, for the last time. */
export type FlushMode = 'usual' | 'last' | 'end';

export interface FlushTiming {
  readonly intervalMs: number;
  /** How often at least there is a heartbeat. */
  readonly beatMs: number;
  /** The age of a heartbeat at which its writer takes itself for dead. */
  readonly lateMs: number;
  /** The age of a heartbeat at which others do. */
  readonly timeoutMs: number;
}

/** Writes all bytes; made for {@link flushParts}. */
export function writeWhole(
  files: Pick<typeof fs, 'writeSync'>,
  fd: number,
  bytes: Uint8Array,
  position: number,
): void {
  for (let at = 0; at < bytes.length; )
    at += files.writeSync(fd, bytes, at, bytes.length - at, position + at);
}

/** The check of a commit: FNV-1a over the 32-bit words in front of it, so that no half-written one passes. */
export function checkOf(commit: Float64Array): number {
  const words = new Uint32Array(commit.buffer, commit.byteOffset, 10);
  let hash = 0x811c9dc5;
  for (let i = 0; i < 10; i++) hash = Math.imul(hash ^ words[i]!, 0x01000193);
  return hash >>> 0;
}

/**
 * Flushes the parts of a writer, one thread at a time. Where a heartbeat is too old, others may have taken the
 * writer for dead and counted what it had flushed for good: then nothing is written, and {@link INTERRUPTED} is set.
 *
 * @throws what `files` throw; the flush that it broke off does not count
 */
export function flushParts(
  files: Pick<typeof fs, 'writeSync' | 'fstatSync'>,
  parts: readonly WrittenPart[],
  mode: FlushMode,
  nowMs: number,
  timing: FlushTiming,
  control: Int32Array,
  write: typeof writeWhole,
  check: typeof checkOf,
): void {
  if (mode !== 'end') {
    if (Atomics.load(control, 0) !== 0) return;
    for (let i = 0; i < parts.length; i++) {
      if (nowMs - parts[i]!.state[1]! <= timing.lateMs) continue;
      Atomics.store(control, 0, 1);
      return;
    }
  }
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    const { fd, image, held, state, marks } = part;
    const flush = state[0]! + 1;
    const areaWords = part.slots * 2;
    const current = new Int32Array(held, ((flush - 1) % 2) * areaWords * 4, areaWords);
    const next = new Int32Array(held, (flush % 2) * areaWords * 4, areaWords);
    // The length first: whatever it covers is written, and its slots are read after it.
    const dictionaryBytes =
      mode === 'end' ? state[2]! : Atomics.load(new Int32Array(image, part.dictionaryLengthAt, 1), 0);
    const slotsUsed = Atomics.load(marks, 0);
    const words = slotsUsed * 2;
    let slots: Int32Array = current;
    if (mode !== 'end') {
      part.scratch ??= new Int32Array(areaWords);
      slots = part.scratch;
      const live = new Int32Array(image, part.slotsOffset, areaWords);
      slots.set(live.subarray(0, words));
      // What was read above is read before what comes.
      Atomics.add(control, 1, 0);
      for (let j = Atomics.load(marks, 1); j > 0; j--) {
        const at = marks[1 + j]! * 2;
        const sequence = slots[at]!;
        // It was being written meanwhile: the one before stays.
        if ((sequence & 1) !== 0 || Atomics.load(live, at) !== sequence)
          slots.set(current.subarray(at, at + 48), at);
      }
      if (mode === 'usual' && dictionaryBytes === state[2]! && nowMs - state[1]! < timing.beatMs) {
        let same = 0;
        while (same < words && slots[same] === current[same]) same++;
        if (same === words) continue;
      }
    }
    // What a broken flush has left in the area is not known.
    const everything = state[4] === 1;
    state[4] = 1;
    if (dictionaryBytes > state[2]!) {
      const from = part.dictionaryOffset + state[2]!;
      write(files, fd, new Uint8Array(image, from, dictionaryBytes - state[2]!).slice(), from);
    }
    const area = flush % 2 === 0 ? part.slotsOffset : part.fileBytes + 128;
    const bytes = new Uint8Array(slots.buffer, slots.byteOffset, words * 4);
    let from = -1;
    // Blocks of a page that follow each other are written together.
    for (let at = 0; at <= words; at += 1024) {
      const end = Math.min(at + 1024, words);
      let same = at;
      if (everything) same = -1;
      else while (same < end && slots[same] === next[same]) same++;
      const changed = at < words && same < end;
      if (changed && from < 0) from = at;
      if ((!changed || end === words) && from >= 0) {
        write(files, fd, bytes.subarray(from * 4, (changed ? end : at) * 4), area + from * 4);
        from = -1;
      }
    }
    const commit = new Float64Array(8);
    commit[0] = flush;
    commit[1] = mode === 'usual' ? nowMs : 0;
    commit[2] = timing.timeoutMs;
    commit[3] = dictionaryBytes;
    commit[4] = slotsUsed;
    commit[5] = check(commit);
    write(files, fd, new Uint8Array(commit.buffer), part.fileBytes + (flush % 2) * 64);
    next.set(slots.subarray(0, words));
    state[0] = flush;
    state[1] = nowMs;
    state[2] = dictionaryBytes;
    state[4] = 0;
    if (mode === 'usual' && files.fstatSync(fd).nlink === 0) {
      // It was gone before this flush: whoever has folded it has seen the one before.
      state[3] = 1;
      Atomics.store(control, 0, 1);
    }
  }
}

/** The slots of a part as others have seen them last. */
export function slotsFlushed({ held, slots, state }: WrittenPart): Float64Array {
  const flush = state[PART.flush]! - state[PART.missed]!;
  return new Float64Array(held, (flush % 2) * slots * 8, slots);
}

/** Reads a written segment: after each {@link refresh} its {@link reader} shows the newest flush. */
export class WrittenFile {
  readonly reader: SegmentReader;
  readonly #fd: number;
  readonly #image: ArrayBuffer;
  readonly #layout: SegmentLayout;
  readonly #header: SegmentHeader;
  readonly #commits = new Float64Array((2 * COMMIT_BYTES) / 8);
  #flush = 0;
  #dictionaryBytes = 0;
  #beatMs = 0;
  #timeoutMs = 0;

  /**
   * @param fd open for reading; stays the caller's
   * @throws StoreError `segment_invalid` or `format_version`
   */
  constructor(fd: number) {
    this.#fd = fd;
    const { size } = fs.fstatSync(fd);
    this.#image = new ArrayBuffer(size);
    this.#read(0, Math.min(size, HEADER_BYTES));
    const { header, layout } = decodeHeader(this.#image);
    if (header.kind !== 'written' || writtenFileBytes(layout) > size)
      throw new StoreError(
        'segment_invalid',
        `it is cut off at ${size} of ${writtenFileBytes(layout)} bytes`,
      );
    this.#layout = layout;
    this.#header = header;
    this.reader = new SegmentReader(this.#image);
    this.refresh();
  }

  /**
   * Takes in what was flushed since the last time.
   * @throws StoreError `segment_invalid`
   */
  refresh(): void {
    const { fileBytes, slotsOffset, slots, dictionaryOffset } = this.#layout;
    for (let attempt = 0; attempt < READ_ATTEMPTS_MAX; attempt++) {
      const { flush, beatMs, timeoutMs, dictionaryBytes, slotsUsed } = this.#newest();
      this.#beatMs = beatMs;
      this.#timeoutMs = timeoutMs;
      if (flush === this.#flush) return;
      if (dictionaryBytes < this.#dictionaryBytes || dictionaryBytes > this.#layout.dictionaryBytes)
        throw new StoreError('segment_invalid', 'its dictionary has an impossible length');
      if (slotsUsed > slots) throw new StoreError('segment_invalid', 'it uses slots that it does not have');
      this.#read(dictionaryOffset + this.#dictionaryBytes, dictionaryBytes - this.#dictionaryBytes);
      this.#read(slotsOffset, slotsUsed * 8, flush % 2 === 0 ? slotsOffset : fileBytes + 2 * COMMIT_BYTES);
      if (this.#newest().flush !== flush) continue;
      this.#flush = flush;
      this.#dictionaryBytes = dictionaryBytes;
      new DataView(this.#image).setInt32(DICTIONARY_LENGTH_AT, dictionaryBytes, true);
      this.reader.refresh();
      return;
    }
    throw new StoreError('io', `it was flushed ${READ_ATTEMPTS_MAX} times while it was being read`);
  }

  /** Whether the writer has given a sign of life lately, as of the last reading. */
  isLive(bootId: string): boolean {
    return isBeating(this.#header, { beatMs: this.#beatMs, timeoutMs: this.#timeoutMs }, bootId);
  }

  #newest(): Commit {
    readWhole(this.#fd, new Uint8Array(this.#commits.buffer), this.#layout.fileBytes);
    return newestOf(this.#commits);
  }

  #read(at: number, bytes: number, position = at): void {
    readWhole(this.#fd, new Uint8Array(this.#image, at, bytes), position);
  }
}

/** Whether the writer of a file is running; its header is decoded already. */
export function isWriterBeating(
  fd: number,
  header: Beating & { fileBytes: number },
  bootId: string,
): boolean {
  const commits = new Float64Array((2 * COMMIT_BYTES) / 8);
  readWhole(fd, new Uint8Array(commits.buffer), header.fileBytes);
  try {
    return isBeating(header, newestOf(commits), bootId);
  } catch {
    return false; // nobody can read what it says, so it says nothing
  }
}

interface Commit {
  readonly flush: number;
  readonly beatMs: number;
  readonly timeoutMs: number;
  readonly dictionaryBytes: number;
  readonly slotsUsed: number;
}

type Beating = Pick<SegmentHeader, 'bootId'>;

function isBeating(
  header: Beating,
  { beatMs, timeoutMs }: Pick<Commit, 'beatMs' | 'timeoutMs'>,
  bootId: string,
): boolean {
  // A heartbeat of the future is one of another boot.
  return header.bootId === bootId && beatMs > 0 && Math.abs(machineMs() - beatMs) <= timeoutMs;
}

/** @throws StoreError `segment_invalid` where no commit is whole */
function newestOf(commits: Float64Array): Commit {
  let newest: Commit | undefined;
  for (const which of [0, 1]) {
    const commit = commits.subarray((which * COMMIT_BYTES) / 8);
    const flush = commit[COMMIT.flush]!;
    const dictionaryBytes = commit[COMMIT.dictionaryBytes]!;
    const slotsUsed = commit[COMMIT.slotsUsed]!;
    const whole =
      commit[COMMIT.check] === checkOf(commit) &&
      flush > 0 &&
      [flush, dictionaryBytes, slotsUsed].every((value) => Number.isSafeInteger(value) && value >= 0) &&
      flush % 2 === which;
    if (!whole || (newest !== undefined && newest.flush > flush)) continue;
    const beatMs = commit[COMMIT.beatMs]!;
    newest = { flush, beatMs, timeoutMs: commit[COMMIT.timeoutMs]!, dictionaryBytes, slotsUsed };
  }
  if (newest === undefined) throw new StoreError('segment_invalid', 'none of its flushes is whole');
  return newest;
}

function readWhole(fd: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) {
    const read = fs.readSync(fd, bytes, at, bytes.length - at, position + at);
    if (read === 0) throw new StoreError('segment_invalid', `it ends at ${position + at} bytes`);
    at += read;
  }
}
