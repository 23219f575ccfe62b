/**
 * The log: every column that storage takes is written here before it is visible.
 *
 * Segments are files `00000001.log`, `00000002.log`, ... of the data directory's folder `log`. An append is one
 * write at the end of the newest one. A new segment begins at every opening, when the newest has reached its
 * size, and after a failed write:
 *
 * 1. A write fails half way, because the disk is full. The append throws; nobody has seen the column.
 * 2. Before the next append the segment is cut to its last whole record. Where that fails, so does the append.
 * 3. The next append begins a new segment, because the writer's memory of the old one is ahead of its file.
 *
 * So bytes that belong to no whole record are only ever at the end of the segment that was the newest when the
 * process died. Opening cuts them off and says so. Other damage is that of the disk: the rest of its segment is
 * left out, the file is left as it is, and that is said too.
 *
 * A killed process loses nothing, as the kernel has every write. After a power failure up to one sync interval
 * may be missing at the end.
 */
import { join } from 'node:path';
import type { Labels } from '@binnacle/metrics/model';
import type { Disk } from './disk.ts';
import { reasonOf, StorageFailure, systemCodeOf } from './failure.ts';
import {
  type ColumnSink,
  type LogLayout,
  readSegment,
  SEGMENT_HEADER_BYTES,
  SegmentWriter,
} from './segment.ts';

/** A segment is closed when it has reached this size... */
export const SEGMENT_BYTES = 8 * 1024 * 1024;
/** ...and this many times the bytes that repeat series and layouts, so that those stay below a quarter... */
const DEFINITIONS_RATIO = 4;
/** ...but at the latest at this many times its size. */
const OVERSIZE_MAX = 8;

/** What reading the log at opening found. */
export interface LogReplay {
  readonly segments: number;
  readonly columns: number;
  readonly bytes: number;
  /** What had to be left out; empty when everything was whole. */
  readonly damages: readonly LogDamage[];
}

/** A part of the log that could not be read. */
export interface LogDamage {
  readonly file: string;
  /** Where the damage begins. */
  readonly at: number;
  /** How many bytes were left out from there on. */
  readonly bytes: number;
  readonly reason: string;
  /** Whether they were cut off: at the end of the newest segment. Elsewhere the file is left as it is. */
  readonly cut: boolean;
}

interface Segment {
  readonly number: number;
  readonly path: string;
  bytes: number;
  /** The latest time in it. */
  maxMs: number;
}

export interface LogOptions {
  readonly disk: Disk;
  /** The folder of the segments; made when it is missing. */
  readonly dir: string;
  /** SEGMENT_BYTES unless told. */
  readonly segmentBytes?: number;
  /** The labels of a ref that a layout names. */
  readonly labelsOf: (ref: number) => Labels;
}

/** The segments of one data directory. One process may have it open: see lock.ts. */
export class Log {
  readonly #disk: Disk;
  readonly #dir: string;
  readonly #segmentBytes: number;
  readonly #labelsOf: (ref: number) => Labels;
  /** Oldest first; the last one is open when #fd is not undefined. */
  readonly #segments: Segment[] = [];
  #nextNumber = 1;
  #fd: number | undefined;
  #writer: SegmentWriter | undefined;
  /** The open segment may have bytes behind its last whole record. */
  #torn = false;
  #unsynced = false;
  readonly #syncing = new Set<Promise<void>>();
  #syncErrors = 0;
  #droppedUpToMs = Number.NEGATIVE_INFINITY;

  private constructor(options: LogOptions) {
    this.#disk = options.disk;
    this.#dir = options.dir;
    this.#segmentBytes = options.segmentBytes ?? SEGMENT_BYTES;
    this.#labelsOf = options.labelsOf;
  }

  /**
   * Opens the log and hands all of its columns, oldest first, to the sinks that `sinkFor` makes.
   * @throws StorageFailure when a segment cannot be read or a torn end not be cut
   */
  static open(options: LogOptions, sinkFor: (source: string) => ColumnSink): { log: Log; replay: LogReplay } {
    const log = new Log(options);
    return { log, replay: log.#replay(sinkFor) };
  }

  /** Bytes of all segments. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  get segments(): number {
    return this.#segments.length;
  }

  /** The latest time in any segment that was deleted since the opening; -Infinity when none was. */
  get droppedUpToMs(): number {
    return this.#droppedUpToMs;
  }

  /** How often a sync has failed: what was written then may not survive a power failure. */
  get syncErrors(): number {
    return this.#syncErrors;
  }

  /**
   * Writes a column of a layout at a time. When it returns, a kill of the process cannot take it back.
   * @throws StorageFailure when it could not be written; then none of it will ever be read
   */
  append(layout: LogLayout, timestampMs: number, values: Float64Array, words: Uint32Array): void {
    try {
      this.#repair();
      const segment = this.#openSegment();
      // From here on the writer is ahead of the file, until the write is done.
      this.#torn = true;
      const bytes = this.#writer!.column(layout, timestampMs, values, words);
      this.#disk.write(this.#fd!, bytes, segment.bytes);
      this.#torn = false;
      this.#unsynced = true;
      segment.bytes += bytes.length;
      segment.maxMs = Math.max(segment.maxMs, timestampMs);
    } catch (error) {
      throw new StorageFailure('WRITE_FAILED', writeFailure(this.#dir, error), error);
    }
  }

  /** Makes durable what was written so far. Never rejects: failures are counted. */
  async sync(): Promise<void> {
    if (this.#unsynced && this.#fd !== undefined) {
      this.#unsynced = false;
      this.#syncInBackground(this.#fd);
    }
    await Promise.all(this.#syncing);
  }

  /**
   * Deletes the oldest segments while they hold nothing later than `upToMs` or the log has more than `bytesMax`.
   * The newest is never deleted.
   * @throws StorageFailure when a file cannot be deleted; the log stays usable
   */
  drop(upToMs: number, bytesMax: number): void {
    let bytes = this.bytes;
    while (this.#segments.length > 1) {
      const oldest = this.#segments[0]!;
      if (oldest.maxMs > upToMs && bytes <= bytesMax) break;
      try {
        this.#disk.remove(oldest.path);
      } catch (error) {
        if (systemCodeOf(error) !== 'ENOENT') {
          throw new StorageFailure('WRITE_FAILED', writeFailure(oldest.path, error), error);
        }
      }
      this.#segments.shift();
      bytes -= oldest.bytes;
      this.#droppedUpToMs = Math.max(this.#droppedUpToMs, oldest.maxMs);
    }
  }

  /** Syncs and closes; later appends begin a new segment. */
  async close(): Promise<void> {
    try {
      this.#repair();
    } catch {
      // Whoever opens the log next cuts the torn end.
    }
    await this.sync();
    this.#closeFile();
  }

  #replay(sinkFor: (source: string) => ColumnSink): LogReplay {
    const damages: LogDamage[] = [];
    let columns = 0;
    let at = this.#dir;
    try {
      this.#disk.makeDirectory(this.#dir);
      const names = this.#disk.list(this.#dir).filter((name) => /^\d{8,}\.log$/.test(name));
      const numbers = names.map((name) => Number.parseInt(name, 10)).sort((a, b) => a - b);
      for (const number of numbers) {
        const path = this.#path(number);
        at = path;
        const content = this.#disk.read(path);
        const end = readSegment(content, path, sinkFor);
        // A whole header that is not ours was not torn by a crash of ours: leave the file alone.
        const cut = number === numbers.at(-1) && (end.goodBytes > 0 || content.length < SEGMENT_HEADER_BYTES);
        columns += end.columns;
        let { length } = content;
        if (end.damage !== undefined) {
          const bytes = length - end.goodBytes;
          damages.push({ file: path, at: end.goodBytes, bytes, reason: end.damage, cut });
          if (cut) {
            this.#disk.truncateFile(path, end.goodBytes);
            length = end.goodBytes;
          }
        }
        this.#nextNumber = number + 1;
        if (length === 0) this.#disk.remove(path);
        else this.#segments.push({ number, path, bytes: length, maxMs: end.maxMs });
      }
    } catch (error) {
      if (error instanceof StorageFailure) throw error;
      throw new StorageFailure('READ_FAILED', `cannot read the log at ${at}: ${reasonOf(error)}`, error);
    }
    return { segments: this.#segments.length, columns, bytes: this.bytes, damages };
  }

  /** Cuts what a failed write has left behind, and closes that segment. */
  #repair(): void {
    if (!this.#torn) return;
    const segment = this.#segments.at(-1)!;
    this.#disk.truncate(this.#fd!, segment.bytes);
    this.#torn = false;
    this.#retire();
    if (segment.bytes > 0) return;
    this.#segments.pop();
    try {
      this.#disk.remove(segment.path);
    } catch {
      // An empty segment does no harm; the next one has a later number.
    }
  }

  /** The segment to write to: the open one, or a new one. */
  #openSegment(): Segment {
    const open = this.#segments.at(-1);
    if (open !== undefined && this.#fd !== undefined) {
      const wanted = Math.max(this.#segmentBytes, this.#writer!.definitionBytes * DEFINITIONS_RATIO);
      if (open.bytes < Math.min(wanted, this.#segmentBytes * OVERSIZE_MAX)) return open;
      this.#retire();
    }
    const number = this.#nextNumber++;
    const path = this.#path(number);
    this.#fd = this.#disk.create(path);
    this.#writer = new SegmentWriter(this.#labelsOf);
    const segment = { number, path, bytes: 0, maxMs: Number.NEGATIVE_INFINITY };
    this.#segments.push(segment);
    this.#disk.syncDirectory(this.#dir);
    return segment;
  }

  /** Leaves the open segment as it is; its last bytes become durable in the background. */
  #retire(): void {
    const fd = this.#fd!;
    this.#fd = undefined;
    this.#writer = undefined;
    this.#unsynced = false;
    this.#syncInBackground(fd, () => this.#disk.close(fd));
  }

  #syncInBackground(fd: number, then?: () => void): void {
    const done = this.#disk
      .sync(fd)
      .finally(then)
      .catch(() => {
        this.#syncErrors++;
      })
      .finally(() => this.#syncing.delete(done));
    this.#syncing.add(done);
  }

  #closeFile(): void {
    if (this.#fd === undefined) return;
    const fd = this.#fd;
    this.#fd = undefined;
    this.#writer = undefined;
    this.#disk.close(fd);
  }

  #path(number: number): string {
    return join(this.#dir, `${String(number).padStart(8, '0')}.log`);
  }
}

function writeFailure(where: string, error: unknown): string {
  const full = systemCodeOf(error) === 'ENOSPC' || systemCodeOf(error) === 'EDQUOT';
  const advice = full
    ? 'the disk is full: make room; samples are taken again as soon as there is some'
    : 'check the disk and the permissions';
  return `cannot write to ${where}: ${reasonOf(error)} (${advice})`;
}
