/**
 * The database: log and head together.
 *
 * An append goes this way, all of it before anything else of this thread runs:
 *
 * 1. every series gets its position in the source's table;
 * 2. values that are not newer than what their series holds are refused;
 * 3. the column is written to the log;
 * 4. the column is added to the head, and so becomes visible. Never before 3: what a reader has seen, a crash of
 *    the process must not take back.
 *
 * Opening reads the log back through 1, 2 and 4. Retention gives up the oldest samples by time, by the size of
 * the log and by the memory of the head, whichever bites first, and keeps log and head in step: what is deleted
 * from the one is hidden in the other, so that a restart shows what was shown before.
 */
import { join } from 'node:path';
import type { Labels } from '@binnacle/metrics/model';
import type { CancelSignal, Matcher, SelectRequest, SelectResult } from '@binnacle/promql/storage';
import type { AppendResult, ColumnAppendable, Layout, Sample, Storage } from '../storage.ts';
import { type Disk, nodeDisk } from './disk.ts';
import { reasonOf, StorageFailure } from './failure.ts';
import { Head, type HeadStats } from './head.ts';
import { DirectoryLock } from './lock.ts';
import { Log, type LogReplay } from './log.ts';
import type { ColumnSink } from './segment.ts';
import type { SourceTable } from './source-table.ts';
import { fillAbsent, HIGH, isAbsentAt, LOW, STALE_HIGH, STALE_LOW } from './symbol.ts';

/** How long and how much is kept; the oldest goes first. */
export interface Retention {
  readonly timeMs: number;
  /** For the log on disk, and for the head in memory, each. */
  readonly bytes: number;
}

/** What is kept unless told otherwise. */
export const DEFAULT_RETENTION: Retention = { timeMs: 24 * 3600_000, bytes: 512 * 1024 * 1024 };
/** What a power failure can take at most. */
export const DEFAULT_SYNC_INTERVAL_MS = 5_000;
/** Series beyond it are refused: a mistake in a label must not take the monitor down. */
export const DEFAULT_SERIES_MAX = 1_000_000;
/** Samples further in the future are refused: they would outlive all others, and hide them. */
export const AHEAD_MS_MAX = 10 * 60_000;
/** How often retention looks, beside every sealed block. */
const RETENTION_INTERVAL_MS = 10_000;

export interface DatabaseOptions {
  /** The data directory; made when it is missing. */
  readonly dir: string;
  /** The time in Unix milliseconds. */
  readonly now?: () => number;
  readonly disk?: Disk;
  readonly retention?: Partial<Retention>;
  readonly segmentBytes?: number;
  readonly syncIntervalMs?: number;
  readonly seriesMax?: number;
}

/** What the database holds and what it has refused or given up since it was opened. */
export interface DatabaseStats extends HeadStats {
  readonly samplesAppended: number;
  /** Not newer than what their series held. */
  readonly samplesOutOfOrder: number;
  /** Older than retention, or too far in the future. */
  readonly samplesOutOfBounds: number;
  /** Of new series beyond the limit. */
  readonly samplesOverSeriesMax: number;
  readonly logBytes: number;
  readonly logSegments: number;
  readonly syncErrors: number;
  readonly retentionErrors: number;
  /** Nothing at or before this time is kept; 0 when nothing was given up yet. */
  readonly droppedUpToMs: number;
  /** How often each bound has made the database give up samples. */
  readonly dropsByTime: number;
  readonly dropsByLogSize: number;
  readonly dropsByMemory: number;
  readonly replay: LogReplay;
}

/** Where the series of a layout lie in its table. */
interface Plan {
  readonly table: SourceTable;
  /** By the layout's order; -1 for a series that is refused. Undefined when it is 0, 1, 2, ... */
  readonly positions: Int32Array | undefined;
}

/** The samples of one data directory, in memory and in its log. */
export class Database implements Storage, ColumnAppendable {
  readonly #dir: string;
  readonly #now: () => number;
  readonly #retention: Retention;
  readonly #seriesMax: number;
  readonly #lock: DirectoryLock;
  readonly #head = new Head();
  readonly #plans = new WeakMap<Layout, Plan>();
  #log!: Log;
  #replay!: LogReplay;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #nextRetentionMs = 0;
  readonly #counts = {
    samplesAppended: 0,
    samplesOutOfOrder: 0,
    samplesOutOfBounds: 0,
    samplesOverSeriesMax: 0,
    retentionErrors: 0,
    dropsByTime: 0,
    dropsByLogSize: 0,
    dropsByMemory: 0,
  };

  private constructor(options: DatabaseOptions, lock: DirectoryLock) {
    this.#dir = options.dir;
    this.#now = options.now ?? Date.now;
    this.#retention = { ...DEFAULT_RETENTION, ...options.retention };
    this.#seriesMax = options.seriesMax ?? DEFAULT_SERIES_MAX;
    this.#lock = lock;
  }

  /**
   * Opens a data directory and reads its log back; what that found is in `stats().replay`.
   * @throws StorageFailure when another monitor uses the directory or the disk refuses
   */
  static async open(options: DatabaseOptions): Promise<Database> {
    const disk = options.disk ?? nodeDisk;
    try {
      disk.makeDirectory(options.dir);
    } catch (error) {
      throw new StorageFailure('WRITE_FAILED', `cannot make ${options.dir}: ${reasonOf(error)}`, error);
    }
    const lock = DirectoryLock.take(disk, options.dir);
    try {
      const database = new Database(options, lock);
      const { log, replay } = Log.open(
        {
          disk,
          dir: join(options.dir, 'log'),
          ...(options.segmentBytes === undefined ? {} : { segmentBytes: options.segmentBytes }),
          labelsOf: (ref) => database.#head.index.labels(ref),
        },
        (source) => new ReplaySink(database.#head, source),
      );
      database.#log = log;
      database.#replay = replay;
      database.#retain();
      const intervalMs = options.syncIntervalMs ?? DEFAULT_SYNC_INTERVAL_MS;
      database.#timer = setInterval(() => void log.sync(), intervalMs);
      database.#timer.unref();
      return database;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  async append(source: string, timestampMs: number, samples: readonly Sample[]): Promise<AppendResult> {
    this.#checkOpen();
    if (samples.length === 0) return { appended: 0, outOfOrder: 0 };
    const table = this.#head.tableFor(source, samples.length);
    const positions = samples.map((sample) => this.#position(table, sample.labels));
    const column = new Float64Array(table.size);
    fillAbsent(column);
    const words = new Uint32Array(column.buffer);
    let twice = 0;
    samples.forEach(({ value, stale }, i) => {
      const position = positions[i]!;
      if (position < 0) return;
      if (!isAbsentAt(words, position)) {
        twice++;
        return;
      }
      column[position] = Number.isNaN(value) ? 0 : value;
      if (stale === true || Number.isNaN(value)) {
        words[2 * position + LOW] = stale === true ? STALE_LOW : 0;
        words[2 * position + HIGH] = stale === true ? STALE_HIGH : 0x7ff80000;
      }
    });
    this.#counts.samplesOutOfOrder += twice;
    const overMax = positions.filter((position) => position < 0).length;
    return this.#add(table, timestampMs, column, samples.length, twice, overMax);
  }

  async appendColumn(layout: Layout, timestampMs: number, values: Float64Array): Promise<AppendResult> {
    this.#checkOpen();
    if (values.length !== layout.series.length) {
      throw new RangeError(`${values.length} values for the ${layout.series.length} series of a layout`);
    }
    if (values.length === 0) return { appended: 0, outOfOrder: 0 };
    const { table, positions } = this.#planOf(layout);
    if (positions === undefined) {
      return this.#add(table, timestampMs, values.slice(), values.length, 0, 0);
    }
    const column = new Float64Array(table.size);
    fillAbsent(column);
    const words = new Uint32Array(column.buffer);
    const from = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
    let overMax = 0;
    for (let i = 0; i < values.length; i++) {
      const position = positions[i]!;
      if (position < 0) overMax++;
      else {
        words[2 * position] = from[2 * i]!;
        words[2 * position + 1] = from[2 * i + 1]!;
      }
    }
    return this.#add(table, timestampMs, column, values.length, 0, overMax);
  }

  async select(requests: readonly SelectRequest[], signal?: CancelSignal): Promise<readonly SelectResult[]> {
    this.#checkOpen();
    return this.#head.select(requests, signal);
  }

  async labelNames(
    selectors: readonly (readonly Matcher[])[],
    startMs: number,
    endMs: number,
  ): Promise<string[]> {
    this.#checkOpen();
    return this.#head.labelNames(selectors, startMs, endMs);
  }

  async labelValues(
    name: string,
    selectors: readonly (readonly Matcher[])[],
    startMs: number,
    endMs: number,
  ): Promise<string[]> {
    this.#checkOpen();
    return this.#head.labelValues(name, selectors, startMs, endMs);
  }

  async labelSets(
    selectors: readonly (readonly Matcher[])[],
    startMs: number,
    endMs: number,
  ): Promise<Labels[]> {
    this.#checkOpen();
    return this.#head.labelSets(selectors, startMs, endMs);
  }

  /** Makes durable what was appended so far, beyond a power failure. */
  async sync(): Promise<void> {
    await this.#log.sync();
  }

  stats(): DatabaseStats {
    const { visibleAfterMs } = this.#head;
    return {
      ...this.#head.stats(),
      ...this.#counts,
      logBytes: this.#log.bytes,
      logSegments: this.#log.segments,
      syncErrors: this.#log.syncErrors,
      droppedUpToMs: Math.max(0, visibleAfterMs),
      replay: this.#replay,
    };
  }

  /** Syncs, closes and gives the directory free. A second call does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#log.close();
    this.#lock.release();
  }

  #checkOpen(): void {
    if (this.#closed) throw new StorageFailure('CLOSED', `the database in ${this.#dir} is closed`);
  }

  #planOf(layout: Layout): Plan {
    const table = this.#head.tableFor(layout.source, layout.series.length);
    const known = this.#plans.get(layout);
    if (known?.table === table) return known;
    const positions = Int32Array.from(layout.series, (labels) => this.#position(table, labels));
    if (new Set(positions).size !== positions.length && !positions.includes(-1)) {
      throw new RangeError(`the layout of ${JSON.stringify(layout.source)} names a series twice`);
    }
    const identity = positions.every((position, i) => position === i);
    const plan = { table, positions: identity ? undefined : positions };
    this.#plans.set(layout, plan);
    return plan;
  }

  /** The position of a series, or -1 when it is new and there are too many. */
  #position(table: SourceTable, labels: Labels): number {
    const { index } = this.#head;
    if (index.count >= this.#seriesMax && index.find(labels) < 0) return -1;
    return this.#head.position(table, labels);
  }

  /** Steps 2 to 4 for a column of `table` that holds `given` samples. */
  #add(
    table: SourceTable,
    timestampMs: number,
    column: Float64Array,
    given: number,
    twice: number,
    overMax: number,
  ): AppendResult {
    if (!Number.isSafeInteger(timestampMs)) {
      throw new RangeError(`the timestamp ${timestampMs} is not an integer of milliseconds`);
    }
    const now = this.#now();
    const tooOld = Math.max(this.#head.visibleAfterMs, now - this.#retention.timeMs);
    if (timestampMs <= tooOld || timestampMs > now + AHEAD_MS_MAX) {
      this.#counts.samplesOutOfBounds += given;
      return { appended: 0, outOfOrder: given };
    }
    this.#counts.samplesOverSeriesMax += overMax;
    const words = new Uint32Array(column.buffer, column.byteOffset, column.length * 2);
    const old = this.#head.refuseOld(table, timestampMs, words);
    const appended = given - twice - overMax - old;
    if (appended > 0) {
      this.#log.append(table, timestampMs, column, words);
      const sealed = this.#head.add(table, timestampMs, column, words);
      if (sealed || now >= this.#nextRetentionMs) this.#retain();
    }
    this.#counts.samplesAppended += appended;
    this.#counts.samplesOutOfOrder += old;
    return { appended, outOfOrder: twice + old };
  }

  /** Gives up what the bounds do not allow. A file that cannot be deleted is tried again the next time. */
  #retain(): void {
    const now = this.#now();
    this.#nextRetentionMs = now + RETENTION_INTERVAL_MS;
    const head = this.#head;
    let cutMs = now - this.#retention.timeMs;
    if (this.#log.bytes > this.#retention.bytes) {
      this.#dropLog(Number.NEGATIVE_INFINITY, this.#retention.bytes);
      this.#counts.dropsByLogSize++;
    }
    // What the log has given up is hidden; but not what is to come, where a source is ahead of the clock.
    cutMs = Math.max(cutMs, Math.min(this.#log.droppedUpToMs, now));
    const before = head.bytesEstimate;
    head.dropUpTo(cutMs);
    if (head.bytesEstimate < before) this.#counts.dropsByTime++;
    if (head.bytesEstimate > this.#retention.bytes) {
      this.#counts.dropsByMemory++;
      this.#dropBlocks(now);
      // Raw columns take several times what chunks do.
      if (head.bytesEstimate > this.#retention.bytes) {
        head.sealAll();
        this.#dropBlocks(now);
      }
    }
    this.#dropLog(head.visibleAfterMs, Number.POSITIVE_INFINITY);
  }

  #dropBlocks(now: number): void {
    for (const endMs of this.#head.sealedEndsMs()) {
      if (this.#head.bytesEstimate <= this.#retention.bytes || endMs > now) return;
      this.#head.dropUpTo(endMs);
    }
  }

  #dropLog(upToMs: number, bytesMax: number): void {
    try {
      this.#log.drop(upToMs, bytesMax);
    } catch {
      this.#counts.retentionErrors++;
    }
  }
}

/** Takes the columns of one layout of the log at opening. */
class ReplaySink implements ColumnSink {
  readonly #head: Head;
  readonly #source: string;
  readonly #series: Labels[] = [];
  #table: SourceTable | undefined;
  #positions = new Int32Array(0);

  constructor(head: Head, source: string) {
    this.#head = head;
    this.#source = source;
  }

  grow(series: readonly Labels[]): void {
    for (const labels of series) this.#series.push(labels);
    this.#table = undefined;
  }

  column(timestampMs: number, values: Float64Array): void {
    const head = this.#head;
    if (this.#table === undefined || this.#table !== head.table(this.#source)) {
      const table = head.table(this.#source);
      this.#positions = Int32Array.from(this.#series, (labels) => head.position(table, labels));
      this.#table = table;
    }
    const column = new Float64Array(this.#table.size);
    fillAbsent(column);
    const words = new Uint32Array(column.buffer);
    const from = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
    for (let i = 0; i < values.length; i++) {
      const position = this.#positions[i]!;
      words[2 * position] = from[2 * i]!;
      words[2 * position + 1] = from[2 * i + 1]!;
    }
    head.refuseOld(this.#table, timestampMs, words);
    head.add(this.#table, timestampMs, column, words);
  }
}
