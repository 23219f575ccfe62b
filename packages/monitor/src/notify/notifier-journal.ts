/**
 * The notifier's memory in a file: a journal of lines, to which records are added, and which is replaced when it
 * has grown. `FORMAT.md` describes it.
 *
 *     CRC {"journal":"notifier","version":2}
 *     CRC {"alert":{…}}
 *     CRC {"sent":{…}}
 *
 * `CRC` is the CRC-32 of the JSON text in eight hexadecimal digits. A line is its own frame: after damage, reading
 * goes on at the next line. Records that come while others are being written and synced wait and go together, so a
 * storm costs a few syncs a second and not one per message.
 *
 * A write that fails is cut off, told in words, and tried again with growing pauses; whoever waits for it does not
 * wait on, because a message that was sent is sent, and holding up further ones would not store it.
 */
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Clock } from '../clock.ts';
import { type JournalDisk, type JournalFile, nodeJournalDisk } from './journal-disk.ts';
import {
  type NotifierState,
  NotifierStateBuilder,
  type NotifierStateStore,
  parseRecord,
  parseStateVersion1,
  printRecord,
  type StateRecord,
} from './notifier-state.ts';

const VERSION = 2;
const NEWLINE = 0x0a;
const CRC_LENGTH = 8;

/** A journal is replaced when it has this many times the bytes that it had after the last replacement. */
export const JOURNAL_GROWTH_MAX = 3;
/** A journal that is smaller is never replaced. */
export const JOURNAL_REPLACED_BYTES_MIN = 16 * 1024 * 1024;
/** How many bytes wait for a disk that refuses them; beyond, they are given up for one replacement of everything. */
export const JOURNAL_WAITING_BYTES_MAX = 16 * 1024 * 1024;
/** The pause before a write is tried again; it doubles from there. */
export const JOURNAL_RETRY_FIRST_MS = 1000;
/** The longest pause. */
export const JOURNAL_RETRY_LONGEST_MS = 60_000;

/** Options of {@link NotifierJournal}. */
export interface NotifierJournalOptions {
  readonly path: string;
  /** The file of version 1; read when there is no journal, and removed when the journal has what it says. */
  readonly version1Path?: string;
  readonly clock: Clock;
  readonly onProblem: (message: string) => void;
  /** Default: the machine's. */
  readonly disk?: JournalDisk;
}

interface Waiting {
  readonly bytes: Buffer;
  readonly done: () => void;
}

/** The memory in a file. */
export class NotifierJournal implements NotifierStateStore {
  readonly #options: NotifierJournalOptions;
  readonly #disk: JournalDisk;
  /** Undefined while nothing can be stored, for good or until the next try. */
  #file: JournalFile | undefined;
  /** Why nothing is stored at all: the file is of a newer version, or cannot be read. */
  #isOff = false;
  /** Of what is whole; what lies behind is left of a write that failed. */
  #length = 0;
  #lengthAtReplacement = 0;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #replacement: Waiting | undefined;
  #isReplacing = false;
  #needsReplacement = false;
  #work: Promise<void> | undefined;
  #retryMs = JOURNAL_RETRY_FIRST_MS;
  #cancelRetry: (() => void) | undefined;
  #lastProblem = '';
  #isClosed = false;

  constructor(options: NotifierJournalOptions) {
    this.#options = options;
    this.#disk = options.disk ?? nodeJournalDisk;
  }

  async load(): Promise<NotifierState> {
    const { path, version1Path, onProblem } = this.#options;
    const builder = new NotifierStateBuilder();
    this.#needsReplacement = true;
    try {
      const bytes = await this.#disk.read(path);
      if (bytes === undefined)
        return version1Path === undefined ? builder.state() : await this.#loadVersion1(version1Path);
      const read = readJournal(bytes, builder);
      if (read.newerVersion !== undefined) {
        this.#isOff = true;
        onProblem(
          `${path} is of version ${read.newerVersion}, and this monitor knows ${VERSION}: what is sent is not stored; move the file away to store again`,
        );
        return builder.state();
      }
      this.#length = read.wholeLength;
      this.#lengthAtReplacement = read.wholeLength;
      this.#needsReplacement = read.damagedLines.length > 0 || read.wholeLength === 0;
      if (read.damagedLines.length > 0)
        onProblem(`${path}: ${linesText(read.damagedLines)} damaged and left out; messages may be repeated`);
      if (read.wholeLength < bytes.length)
        onProblem(
          `${path}: the last ${bytes.length - read.wholeLength} bytes, from ${read.wholeLength} on, were not written whole and are cut off`,
        );
      this.#file = await this.#disk.open(path);
      if (read.wholeLength < bytes.length) await this.#file.truncate(read.wholeLength);
    } catch (error) {
      // What cannot be read is not written over either.
      this.#isOff = this.#length === 0;
      onProblem(
        `what was notified before could not be read from ${path}: ${wordsOf(error)}; messages may be repeated`,
      );
    }
    return builder.state();
  }

  append(records: readonly StateRecord[]): Promise<void> {
    if (this.#isOff || this.#isClosed || records.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const bytes = Buffer.from(linesOf(records));
      this.#waiting.push({ bytes, done: resolve });
      this.#waitingBytes += bytes.length;
      if (this.#cancelRetry === undefined) return this.#start();
      // The disk refuses at the moment: what comes is kept, and nobody waits.
      resolve();
      if (this.#waitingBytes <= JOURNAL_WAITING_BYTES_MAX) return;
      this.#takeWaiting();
      this.#needsReplacement = true;
    });
  }

  get isOvergrown(): boolean {
    if (this.#isOff || this.#isClosed || this.#isReplacing || this.#cancelRetry !== undefined) return false;
    const most = Math.max(JOURNAL_REPLACED_BYTES_MIN, JOURNAL_GROWTH_MAX * this.#lengthAtReplacement);
    return this.#needsReplacement || this.#length + this.#waitingBytes > most;
  }

  replace(records: readonly StateRecord[]): Promise<void> {
    if (this.#isOff || this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      const header = lineOf(JSON.stringify({ journal: 'notifier', version: VERSION }));
      const bytes = Buffer.from(header + linesOf(records));
      // What waits so far is part of what the records say, and is durable when they are.
      const included = this.#takeWaiting();
      if (this.#replacement !== undefined) included.push(this.#replacement);
      const done = (): void => {
        resolve();
        for (const waiting of included) waiting.done();
      };
      this.#replacement = { bytes, done };
      this.#isReplacing = true;
      if (this.#cancelRetry === undefined) this.#start();
      else done();
    });
  }

  async close(): Promise<void> {
    while (this.#work !== undefined) await this.#work;
    // One last try.
    if (this.#cancelRetry !== undefined) {
      this.#stopRetrying();
      this.#start();
    }
    while (this.#work !== undefined) await this.#work;
    this.#isClosed = true;
    this.#stopRetrying();
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => {});
  }

  /** How large the file is. */
  get lengthBytes(): number {
    return this.#length;
  }

  #stopRetrying(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }

  #takeWaiting(): Waiting[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return waiting;
  }

  #putBack(waiting: readonly Waiting[]): void {
    this.#waiting.unshift(...waiting);
    for (const { bytes } of waiting) this.#waitingBytes += bytes.length;
  }

  #start(): void {
    this.#work ??= this.#run().finally(() => {
      this.#work = undefined;
      // What came between the last look and now.
      if (this.#cancelRetry === undefined && this.#hasWork()) this.#start();
    });
  }

  #hasWork(): boolean {
    return this.#replacement !== undefined || (this.#waiting.length > 0 && this.#file !== undefined);
  }

  async #run(): Promise<void> {
    // Records of the same turn of the loop go together.
    await Promise.resolve();
    while (this.#hasWork()) {
      const isWritten = await this.#step();
      if (!isWritten) return;
    }
    // Without a file there is nothing that can be waited for: a replacement makes one.
    for (const { done } of this.#waiting) done();
  }

  async #step(): Promise<boolean> {
    const replacement = this.#replacement;
    const waiting = replacement === undefined ? this.#takeWaiting() : [];
    try {
      if (replacement !== undefined) {
        this.#replacement = undefined;
        this.#needsReplacement = false;
        await this.#writeNew(replacement.bytes);
      } else await this.#writeMore(Buffer.concat(waiting.map(({ bytes }) => bytes)));
    } catch (error) {
      if (replacement !== undefined) this.#needsReplacement = true;
      // A replacement that came meanwhile says it all.
      else if (this.#replacement === undefined) this.#putBack(waiting);
      this.#fail(error);
      return false;
    } finally {
      this.#isReplacing = this.#replacement !== undefined;
      // Written or not, nobody waits any longer; the note is kept in the second case.
      replacement?.done();
      for (const { done } of waiting) done();
    }
    this.#retryMs = JOURNAL_RETRY_FIRST_MS;
    if (this.#lastProblem !== '') this.#options.onProblem('what is notified is stored again');
    this.#lastProblem = '';
    return true;
  }

  #fail(error: unknown): void {
    const { path, clock, onProblem } = this.#options;
    const problem = wordsOf(error);
    if (problem !== this.#lastProblem)
      onProblem(
        `what is notified could not be stored in ${path}: ${problem}; it is tried again, and after a kill in the meantime messages may be repeated`,
      );
    this.#lastProblem = problem;
    for (const { done } of this.#waiting) done();
    const pauseMs = this.#retryMs;
    this.#retryMs = Math.min(2 * pauseMs, JOURNAL_RETRY_LONGEST_MS);
    this.#cancelRetry = clock.after(pauseMs, () => {
      this.#cancelRetry = undefined;
      this.#start();
    });
  }

  async #writeMore(bytes: Buffer): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    try {
      await file.write(bytes, this.#length);
      await file.sync();
    } catch (error) {
      // A part may be written. If it cannot be cut off, the next write goes over it, and reading knows it anyway.
      await file.truncate(this.#length).catch(() => {});
      throw error;
    }
    this.#length += bytes.length;
  }

  async #writeNew(bytes: Buffer): Promise<void> {
    const { path, version1Path } = this.#options;
    const newPath = `${path}.new`;
    await this.#disk.makeDirectory(dirname(path));
    await this.#disk.remove(newPath);
    const file = await this.#disk.open(newPath);
    try {
      await file.write(bytes, 0);
      await file.sync();
      await this.#disk.rename(newPath, path);
    } catch (error) {
      await file.close().catch(() => {});
      await this.#disk.remove(newPath).catch(() => {});
      throw error;
    }
    const old = this.#file;
    this.#file = file;
    this.#length = bytes.length;
    this.#lengthAtReplacement = bytes.length;
    await old?.close().catch(() => {});
    await this.#disk.syncDirectory(dirname(path));
    if (version1Path !== undefined) await this.#disk.remove(version1Path);
  }

  async #loadVersion1(path: string): Promise<NotifierState> {
    const bytes = await this.#disk.read(path);
    if (bytes === undefined) return { alerts: [], notifications: [] };
    const state = parseStateVersion1(bytes.toString('utf8'));
    if (state === undefined)
      this.#options.onProblem(`${path} is damaged and left out; messages may be repeated`);
    return state ?? { alerts: [], notifications: [] };
  }
}

interface ReadJournal {
  /** Up to where the file is whole: behind it are the leftovers of a write that was cut off. */
  readonly wholeLength: number;
  /** Numbers of damaged lines before that, from 1. */
  readonly damagedLines: readonly number[];
  readonly newerVersion: number | undefined;
}

function readJournal(bytes: Buffer, builder: NotifierStateBuilder): ReadJournal {
  const damaged: number[] = [];
  let wholeLength = 0;
  let number = 0;
  for (let at = 0; at < bytes.length; ) {
    number++;
    const end = bytes.indexOf(NEWLINE, at);
    const parsed = end < 0 ? undefined : parseLine(bytes.subarray(at, end));
    const version = versionOf(parsed);
    if (version !== undefined && version > VERSION)
      return { wholeLength, damagedLines: [], newerVersion: version };
    const record = parseRecord(parsed);
    if (record === undefined && version === undefined) damaged.push(number);
    else wholeLength = end + 1;
    if (record !== undefined) builder.add(record);
    if (end < 0) break;
    at = end + 1;
  }
  // Damage with nothing whole behind it is the torn end.
  const wholeLines = countLines(bytes.subarray(0, wholeLength));
  return { wholeLength, damagedLines: damaged.filter((line) => line <= wholeLines), newerVersion: undefined };
}

/** The JSON of a line; undefined when the line is not what was written. */
function parseLine(bytes: Buffer): unknown {
  const json = bytes.subarray(CRC_LENGTH + 1);
  if (bytes.toString('latin1', 0, CRC_LENGTH + 1) !== `${crcText(json)} `) return undefined;
  try {
    return JSON.parse(json.toString('utf8'));
  } catch {
    return undefined;
  }
}

function versionOf(parsed: unknown): number | undefined {
  const isHeader =
    typeof parsed === 'object' && parsed !== null && 'journal' in parsed && parsed.journal === 'notifier';
  return isHeader && 'version' in parsed && typeof parsed.version === 'number' ? parsed.version : undefined;
}

function linesOf(records: readonly StateRecord[]): string {
  let text = '';
  for (const record of records) text += lineOf(printRecord(record));
  return text;
}

function lineOf(json: string): string {
  return `${crcText(json)} ${json}\n`;
}

/** Of the bytes of a text in UTF-8, or of bytes. */
function crcText(json: string | Buffer): string {
  return crc32(json).toString(16).padStart(CRC_LENGTH, '0');
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

function linesText(numbers: readonly number[]): string {
  const [first = 0] = numbers;
  return numbers.length === 1
    ? `line ${first} is`
    : `${numbers.length} lines, the first of which is line ${first}, are`;
}

/** The system's code where there is one, with what it means where that is not plain. */
function wordsOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOSPC') return 'the disk is full (ENOSPC)';
  return code === '' ? String(error) : code;
}
