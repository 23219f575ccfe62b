/**
 * Reading a service's metrics directory: all writers, running or gone, as families.
 *
 * A reader only reads. To see each count exactly once while others fold:
 *
 *     1. read the retired file and note its generation
 *     2. list the segments of the epoch, leave out those that the retired file contains, map or read the others
 *     3. look at the epoch and the generation again: where one has changed, begin again
 *
 * A segment that is deleted in between has been folded, so step 3 finds another generation. Mappings are kept
 * from one reading to the next and end when their file is gone.
 *
 * A file that is not what its name says is left out and counted; it hurts nobody else.
 */
import fs from 'node:fs';
import { bootId, type Manifest, type MetricsDirectory } from './directory.ts';
import { StoreError } from './errors.ts';
import { type Merged, Merger } from './merge.ts';
import type { NativeFiles } from './native.ts';
import { encodeRetired } from './retired.ts';
import { type Erased, SegmentReader } from './segment.ts';
import { decodeIdentity, HEADER_BYTES, type SegmentHeader } from './segment-header.ts';
import {
  type FamilyShape,
  fitsPattern,
  isRemoved,
  type LabelPattern,
  labelKey,
  layoutOf,
  outlivesWriters,
  type StoredSeries,
  type StoreView,
  slotsOfPart,
} from './store.ts';
import { WrittenFile } from './written-segment.ts';

/** How often a reading begins again because somebody folded meanwhile; folding takes far longer than reading. */
const READ_ATTEMPTS_MAX = 100;

/** What a reading found beside the families. */
export interface Reading extends Merged {
  /** Writers that are running, in this moment. */
  readonly writers: number;
  /** Files of writers that are gone and not yet folded. */
  readonly deadSegments: number;
  /** Files that could not be read, by name, and why. */
  readonly skipped: ReadonlyMap<string, string>;
}

/** The series of a family, by name, that are to be forgotten. */
export interface Erasure {
  readonly name: string;
  readonly pattern: LabelPattern;
  /** Only while nobody has used them after this time, in Unix milliseconds. */
  readonly unusedSinceMs?: number | undefined;
}

/** A segment that is open from one reading to the next. */
interface Opened {
  readonly reader: SegmentReader;
  /**
   * Takes in what has been published since the last time; says whether its writer is running. Of one that is not,
   * everything has been taken in: it is folded then.
   */
  look(): boolean;
  close(): void;
  /** The retired file from which the series know what of them was erased. */
  erasedIn: SegmentReader | undefined;
}

interface Snapshot {
  readonly manifest: Manifest;
  readonly retired: SegmentReader | undefined;
  /** Oldest first. */
  readonly segments: readonly { readonly name: string; readonly live: boolean; readonly opened: Opened }[];
}

export class DirectoryReader {
  readonly #directory: MetricsDirectory;
  readonly #opened = new Map<string, Opened>();
  readonly #skipped = new Map<string, string>();
  readonly #merger = new Merger();
  #expired = new Erasures([]);
  #deadSegments = 0;
  #retiredReader: SegmentReader | undefined;

  constructor(directory: MetricsDirectory) {
    this.#directory = directory;
  }

  /** Adds up all writers. Synchronous, so that no mapping can end while its numbers are being read. */
  read(): Reading {
    const snapshot = this.#snapshot();
    const views = snapshot === undefined ? [] : viewsOf(snapshot);
    const live = snapshot?.segments.filter(({ live }) => live) ?? [];
    const merged = this.#merger.merge(views);
    this.#expired = new Erasures(
      merged.expired.map(({ shape, labelValues, touchedMs }) => ({
        name: shape.name,
        pattern: labelValues,
        unusedSinceMs: touchedMs,
      })),
    );
    this.#deadSegments = (snapshot?.segments.length ?? 0) - live.length;
    return {
      ...merged,
      writers: live.filter(({ opened }) => opened.reader.header.part === 0).length,
      deadSegments: this.#deadSegments,
      skipped: new Map(this.#skipped),
    };
  }

  /**
   * Folds the segments of writers that are gone into the retired file, and deletes them; forgets the series that
   * had expired in the last reading. Does nothing when somebody else holds the directory's lock.
   *
   * The new retired file names what it contains and takes the old one's place in one step; only then are the
   * segments deleted. After a crash in between, the next fold deletes what the file names and goes on.
   *
   * @returns how many segments were folded
   */
  fold(): number {
    return this.#directory.tryLocked(() => this.#rewriteRetired(this.#expired, () => true))?.result ?? 0;
  }

  /** Whether the last reading has found writers that are gone, or series that have expired. */
  get hasUpkeep(): boolean {
    return this.#deadSegments > 0 || !this.#expired.isEmpty;
  }

  /** Folds where the last reading has found a reason, and reads again, so that the next reading has little to do. */
  upkeep(): void {
    if (!this.hasUpkeep) return;
    this.fold();
    this.read();
  }

  close(): void {
    for (const name of [...this.#opened.keys()]) this.#close(name);
  }

  /**
   * Forgets series: what writers that are gone have counted is dropped, and of those that run the retired file
   * notes what their slots hold now, which no longer counts. Only under the directory's lock.
   * @param isMeant by name of the segment, whether it is meant too
   */
  eraseLocked(erasures: readonly Erasure[], isMeant: (segment: string) => boolean): void {
    this.#rewriteRetired(new Erasures(erasures), isMeant);
  }

  /** What the retired file says was erased from segments that it does not contain. */
  erased(): readonly Erased[] {
    const manifest = this.#directory.manifest();
    return (manifest && this.#retired(manifest)?.erased) ?? [];
  }

  /** Writes the retired file anew, where there is something to change; returns how many segments were folded. */
  #rewriteRetired(erasures: Erasures, isMeant: (segment: string) => boolean): number {
    const manifest = this.#directory.manifest();
    if (manifest === undefined) return 0;
    const before = this.#retired(manifest);
    for (const name of before?.contained ?? []) fs.rmSync(this.#directory.file(name), { force: true });
    const snapshot = this.#snapshot();
    const dead = snapshot?.segments.filter(({ live }) => !live) ?? [];
    if (dead.length === 0 && erasures.isEmpty) return 0;
    const names = dead.map(({ name }) => name);
    const running = snapshot?.segments.filter(({ live }) => live) ?? [];
    const erased = erasedFrom(running, erasures, isMeant);
    const views = viewsOf({ manifest, retired: before, segments: dead });
    // What was put together for readings serves here too, unless it lacks series about which writers disagree.
    let merger = this.#merger;
    if (snapshot === undefined || merger.merge(viewsOf(snapshot)).conflicts > 0) {
      merger = new Merger();
      merger.merge(views);
    }
    const bytes = encodeRetired(
      merger.merged,
      new Set(views),
      { contained: names, erased },
      this.#header(manifest, (before?.header.generation ?? 0) + 1),
      (shape, labelValues) => erasures.of(shape, labelValues) !== undefined,
    );
    const temporary = this.#directory.temporary();
    try {
      fs.writeFileSync(temporary, bytes, { mode: 0o600 });
      this.#directory.assertLocked();
      fs.renameSync(temporary, this.#directory.file(retiredName(manifest)));
    } catch (error) {
      fs.rmSync(temporary, { force: true });
      throw error;
    }
    for (const name of names) {
      this.#close(name);
      fs.rmSync(this.#directory.file(name), { force: true });
    }
    return names.length;
  }

  #header(manifest: Manifest, generation: number): SegmentHeader {
    return {
      kind: 'retired',
      service: manifest.service,
      instance: manifest.instance,
      epoch: manifest.epoch,
      workerIndex: 0,
      processStartMs: manifest.epochStartedMs,
      pid: process.pid,
      threadId: 0,
      part: 0,
      generation,
      bootId: '0'.repeat(32),
    };
  }

  #snapshot(): Snapshot | undefined {
    for (let attempt = 0; attempt < READ_ATTEMPTS_MAX; attempt++) {
      const manifest = this.#directory.manifest();
      if (manifest === undefined) return undefined;
      const retired = this.#retired(manifest);
      const segments = this.#segments(manifest, new Set(retired?.contained));
      if (
        this.#directory.manifest()?.epoch === manifest.epoch &&
        this.#retired(manifest)?.header.generation === retired?.header.generation
      ) {
        applyErased(retired, segments);
        return { manifest, retired, segments };
      }
    }
    throw new StoreError(
      'io',
      `${this.#directory.path} changed ${READ_ATTEMPTS_MAX} times while it was being read`,
    );
  }

  /** The retired file, parsed once per generation: nobody changes it, it is only replaced. */
  #retired(manifest: Manifest): SegmentReader | undefined {
    const name = retiredName(manifest);
    try {
      const known = this.#retiredReader;
      const { epoch, generation } = this.#retiredHeader(name);
      if (known?.header.epoch !== epoch || known.header.generation !== generation) {
        this.#retiredReader = new SegmentReader(copyOf(fs.readFileSync(this.#directory.file(name))));
      }
      this.#skipped.delete(name);
      return this.#retiredReader;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#skipped.set(name, (error as Error).message);
      return undefined;
    }
  }

  #retiredHeader(name: string): { epoch: string; generation: number } {
    const fd = fs.openSync(this.#directory.file(name), 'r');
    try {
      const bytes = Buffer.alloc(HEADER_BYTES);
      fs.readSync(fd, bytes, 0, HEADER_BYTES, 0);
      return decodeIdentity(bytes);
    } finally {
      fs.closeSync(fd);
    }
  }

  #segments(manifest: Manifest, contained: ReadonlySet<string>): Snapshot['segments'] {
    const names = this.#directory
      .list()
      .filter(
        (name) => name.endsWith('.segment') && name.startsWith(`${manifest.epoch}-`) && !contained.has(name),
      );
    const present = new Set(names);
    for (const name of [...this.#opened.keys()]) if (!present.has(name)) this.#close(name);
    for (const name of [...this.#skipped.keys()]) {
      if (name.endsWith('.segment') && !present.has(name)) this.#skipped.delete(name);
    }
    const segments = [];
    for (const name of names) {
      const found = this.#open(name);
      if (found !== undefined) segments.push({ name, ...found });
    }
    return segments.sort(byAge);
  }

  #open(name: string): { readonly opened: Opened; readonly live: boolean } | undefined {
    let opened = this.#opened.get(name);
    try {
      if (opened === undefined) {
        opened = openSegment(this.#directory, name);
        this.#opened.set(name, opened);
      }
      const live = opened.look();
      this.#skipped.delete(name);
      return { opened, live };
    } catch (error) {
      this.#close(name);
      // A file that is gone was folded meanwhile; the reading begins again.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#skipped.set(name, (error as Error).message);
      return undefined;
    }
  }

  #close(name: string): void {
    this.#opened.get(name)?.close();
    this.#opened.delete(name);
  }
}

function openSegment(directory: MetricsDirectory, name: string): Opened {
  const fd = fs.openSync(directory.file(name), 'r');
  try {
    const bytes = Buffer.alloc(HEADER_BYTES);
    if (fs.readSync(fd, bytes, 0, HEADER_BYTES, 0) === 0)
      throw new StoreError('segment_invalid', 'it is empty');
    return decodeIdentity(bytes).kind === 'written' ? openWritten(fd) : openMapped(fd, directory.native);
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}

function openWritten(fd: number): Opened {
  const file = new WrittenFile(fd);
  return {
    reader: file.reader,
    look() {
      file.refresh();
      return file.isLive(bootId()); // as that reading tells
    },
    close: () => fs.closeSync(fd),
    erasedIn: undefined,
  };
}

function openMapped(fd: number, native: NativeFiles | undefined): Opened {
  if (native === undefined)
    throw new StoreError('native_unavailable', 'it is to be mapped, which this process cannot');
  const buffer = native.map(fd, fs.fstatSync(fd).size, 'read');
  try {
    const reader = new SegmentReader(buffer);
    return {
      reader,
      look() {
        // Its lock first: whatever it publishes after this, it goes on running, or has published before it was gone.
        const live = !native.tryLock(fd, 'shared');
        if (!live) native.unlock(fd);
        reader.refresh();
        return live;
      },
      close() {
        native.unmap(buffer);
        fs.closeSync(fd);
      },
      erasedIn: undefined,
    };
  } catch (error) {
    native.unmap(buffer);
    throw error;
  }
}

/** Notes at the series of running writers what of them was erased. */
function applyErased(retired: SegmentReader | undefined, segments: Snapshot['segments']): void {
  for (const { name, opened } of segments) {
    if (opened.erasedIn === retired) continue;
    opened.erasedIn = retired;
    const baselines = new Map<number, Float64Array>();
    for (const { segment, slot, baseline } of retired?.erased ?? [])
      if (segment === name) baselines.set(slot, baseline);
    for (const stored of opened.reader.series) {
      const baseline = baselines.get(stored.index);
      if (stored.baseline === baseline) continue;
      stored.baseline = baseline;
      stored.block.erased = true;
    }
  }
}

/** What is to be noted of running writers: what was erased before, and what is now. */
function erasedFrom(
  segments: Snapshot['segments'],
  erasures: Erasures,
  isMeant: (segment: string) => boolean,
): Erased[] {
  const erased: Erased[] = [];
  for (const { name, opened } of segments) {
    const meant = isMeant(name);
    for (const stored of opened.reader.series) {
      if (isRemoved(stored)) continue;
      const baseline = (meant ? baselineNow(stored, erasures) : undefined) ?? stored.baseline;
      if (baseline !== undefined) erased.push({ segment: name, slot: stored.index, baseline });
    }
  }
  return erased;
}

/** What the slots of a series hold, where it is to be erased. */
function baselineNow(
  { shape, labelValues, part, values, index }: StoredSeries,
  erasures: Erasures,
): Float64Array | undefined {
  const erasure = outlivesWriters(shape) ? erasures.of(shape, labelValues) : undefined;
  if (erasure === undefined) return undefined;
  const { size, touchedAt } = layoutOf(shape);
  const baseline = values.slice(index, index + (part === undefined ? size : slotsOfPart(part)));
  // Whoever uses a series notes the time first and counts then: where the time is still the old one, the count is too.
  const usedMeanwhile =
    part === undefined && erasure.unusedSinceMs !== undefined && baseline[touchedAt]! > erasure.unusedSinceMs;
  return usedMeanwhile ? undefined : baseline;
}

/** Erasures by what they are about. */
class Erasures {
  readonly #byName = new Map<string, { whole: Map<string, Erasure>; patterns: Erasure[] }>();

  constructor(erasures: readonly Erasure[]) {
    for (const erasure of erasures) {
      let known = this.#byName.get(erasure.name);
      if (known === undefined) {
        known = { whole: new Map(), patterns: [] };
        this.#byName.set(erasure.name, known);
      }
      const { pattern } = erasure;
      if (pattern.every((value) => value !== undefined)) known.whole.set(labelKey(pattern), erasure);
      else known.patterns.push(erasure);
    }
  }

  get isEmpty(): boolean {
    return this.#byName.size === 0;
  }

  /** The erasure that a series falls under. */
  of({ name }: FamilyShape, labelValues: readonly string[]): Erasure | undefined {
    const known = this.#byName.get(name);
    if (known === undefined) return undefined;
    return (
      known.whole.get(labelKey(labelValues)) ??
      known.patterns.find(({ pattern }) => fitsPattern(labelValues, pattern))
    );
  }
}

function retiredName(manifest: Manifest): string {
  return `${manifest.epoch}.retired`;
}

function copyOf(bytes: Buffer): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}

function byAge(a: Snapshot['segments'][number], b: Snapshot['segments'][number]): number {
  const one = a.opened.reader.header;
  const other = b.opened.reader.header;
  return one.processStartMs - other.processStartMs || (a.name < b.name ? -1 : 1) || one.part - other.part;
}

/** The retired file first, then the segments, oldest first. */
function viewsOf({ retired, segments }: Snapshot): StoreView[] {
  const views: StoreView[] = retired === undefined ? [] : [retired];
  for (const { opened, live } of segments) {
    opened.reader.live = live;
    views.push(opened.reader);
  }
  return views;
}
