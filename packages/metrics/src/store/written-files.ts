/**
 * Segments of a writer that cannot map files: it counts in memory, which is flushed to them.
 *
 * A writer that was not flushed for long, because its process was suspended or the machine was overloaded, may have
 * been taken for dead, and what it had flushed may be in the retired file. So it never goes on in the old files. It
 * takes off what they hold of its counts, and goes on in new ones with the rest:
 *
 *     counted 17, of which 12 are flushed      old file 12, of a dead writer      new file 5
 *
 * Whether somebody has noticed meanwhile that it was late does not matter.
 */
import fs from 'node:fs';
import type { MetricsDirectory } from './directory.ts';
import { Flusher, type FlusherEvents, flushTiming } from './flusher.ts';
import { SegmentReader } from './segment.ts';
import { createWhole, type SegmentFiles, writeAll } from './segment-files.ts';
import {
  DICTIONARY_LENGTH_AT,
  encodeHeader,
  type SegmentHeader,
  type SegmentLayout,
} from './segment-header.ts';
import {
  EXEMPLAR_SLOTS,
  isRemoved,
  layoutOf,
  markRemoved,
  PAGE_BUCKETS,
  type Part,
  type StoredSeries,
  WINDOW,
} from './store.ts';
import {
  checkOf,
  flushParts,
  machineMs,
  PART,
  slotsFlushed,
  type WrittenPart,
  writeWhole,
  writtenFileBytes,
} from './written-segment.ts';

/** A part of which the file is closed. */
const NO_FILE = -1;

interface Made {
  readonly part: WrittenPart;
  readonly layout: SegmentLayout;
  name: string;
}

export class WrittenFiles implements SegmentFiles {
  readonly kind = 'written';
  readonly #directory: MetricsDirectory;
  readonly #flusher: Flusher;
  readonly #made: Made[] = [];

  private constructor(directory: MetricsDirectory, flusher: Flusher) {
    this.#directory = directory;
    this.#flusher = flusher;
  }

  static start(directory: MetricsDirectory, events: FlusherEvents): WrittenFiles {
    return new WrittenFiles(directory, Flusher.start(flushTiming(), events));
  }

  /** See {@link Flusher.hasThread}. */
  get hasThread(): boolean {
    return this.#flusher.hasThread;
  }

  /** Whether nothing is flushed any more until {@link restart}. */
  get isInterrupted(): boolean {
    return this.#flusher.isInterrupted;
  }

  create(name: string, header: SegmentHeader, layout: SegmentLayout): SharedArrayBuffer {
    const { fileBytes, slotsOffset, slots, dictionaryOffset } = layout;
    const part: WrittenPart = {
      fd: NO_FILE,
      fileBytes,
      slotsOffset,
      slots,
      dictionaryOffset,
      dictionaryLengthAt: DICTIONARY_LENGTH_AT,
      image: new SharedArrayBuffer(fileBytes),
      held: new SharedArrayBuffer(2 * slots * 8),
      state: new Float64Array(new SharedArrayBuffer(PART.size * 8)),
      marks: new Int32Array(new SharedArrayBuffer((2 + Math.ceil(slots / EXEMPLAR_SLOTS)) * 4)),
    };
    const made = { part, layout, name };
    this.#open(made, header);
    this.#made.push(made);
    // While it is interrupted, the new part waits with the others.
    if (!this.isInterrupted) this.#flusher.alone(() => this.#flushThese());
    return part.image;
  }

  use(index: number, slots: number, part: Part | undefined): void {
    const { marks } = this.#made.at(-1)!.part;
    if (part?.kind === 'exemplar') {
      marks[2 + marks[1]!] = index;
      Atomics.add(marks, 1, 1);
    }
    Atomics.store(marks, 0, index + slots);
  }

  started(): Promise<void> {
    return this.#flusher.started();
  }

  flush(): void {
    this.#flusher.flush();
  }

  /**
   * Goes on in new files. Only under the directory's lock.
   * @param isOver whether the epoch of the old files is over, so that nobody needs them any more
   * @throws what the file system throws; then it is still interrupted, nothing is lost, and it can be called again
   */
  restart(
    nameOf: (part: number) => string,
    headerOf: (part: number) => SegmentHeader,
    isOver: boolean,
  ): void {
    this.#flusher.alone(() => {
      for (const made of this.#made) this.#end(made, isOver);
      for (const [i, made] of this.#made.entries()) {
        if (made.part.fd !== NO_FILE) continue;
        made.name = nameOf(i);
        this.#open(made, headerOf(i));
      }
      this.#flushThese();
    });
  }

  close(): void {
    this.#flusher.stop();
    for (const { part } of this.#made) if (part.fd !== NO_FILE) fs.closeSync(part.fd);
    this.#made.length = 0;
  }

  #flushThese(): void {
    this.#flusher.setParts(this.#made.map(({ part }) => part));
  }

  /** Makes the file, with all that is in memory in it. */
  #open(made: Made, header: SegmentHeader): void {
    const { part, layout } = made;
    const bytes = Buffer.alloc(writtenFileBytes(layout));
    const encoded = encodeHeader(header, layout);
    encoded.copy(bytes);
    part.state.fill(0);
    part.state[PART.beatMs] = machineMs();
    new Float64Array(part.held).fill(0);
    // The header of the image, but for what is published of the dictionary.
    const image = new Uint8Array(part.image);
    image.set(encoded.subarray(0, DICTIONARY_LENGTH_AT));
    image.set(encoded.subarray(DICTIONARY_LENGTH_AT + 4), DICTIONARY_LENGTH_AT + 4);
    try {
      createWhole(this.#directory, made.name, (fd) => {
        part.fd = fd;
        writeAll(fd, bytes);
        const timing = { ...this.#flusher.timing, beatMs: -1 }; // a flush, whatever there is
        const control = new Int32Array(new SharedArrayBuffer(8));
        flushParts(fs, [part], 'usual', machineMs(), timing, control, writeWhole, checkOf);
      });
    } catch (error) {
      part.fd = NO_FILE;
      throw error;
    }
  }

  /** Leaves the file as it is, for whoever folds it, and takes what it holds off what is in memory. */
  #end({ part, name }: Made, isOver: boolean): void {
    if (part.fd === NO_FILE) return;
    const flushed = slotsFlushed(part).slice();
    const newest = new Float64Array(part.held, (part.state[PART.flush]! % 2) * part.slots * 8, part.slots);
    const values = new Float64Array(part.image, part.slotsOffset, part.slots);
    const { series } = new SegmentReader(new Uint8Array(part.image).slice().buffer);
    // What was removed meanwhile is not to come back when the file is folded.
    for (const { index } of series) if (isRemoved({ values, index })) markRemoved({ values: newest, index });
    try {
      // Others need not wait until its heartbeat is old.
      const control = new Int32Array(new SharedArrayBuffer(8));
      flushParts(fs, [part], 'end', machineMs(), this.#flusher.timing, control, writeWhole, checkOf);
      if (isOver) fs.rmSync(this.#directory.file(name), { force: true });
    } catch {
      // Then they do.
    }
    for (const one of series) takeOff(one, values, flushed);
    fs.closeSync(part.fd);
    part.fd = NO_FILE;
  }
}

/**
 * Takes off a series, or a part of one, what was flushed of its counts. What is not counted, such as the value of a
 * gauge or the time of the last use, stays: of that, the latest or the most extreme is shown anyway.
 */
function takeOff({ shape, part, index }: StoredSeries, values: Float64Array, flushed: Float64Array): void {
  if (isRemoved({ values, index }) || isRemoved({ values: flushed, index })) return;
  const less = (at: number) => {
    const left = values[at]! - flushed[at]!;
    values[at] = Number.isNaN(left) ? values[at]! : left;
  };
  if (part !== undefined) {
    // The buckets of a window that is over are those of another one now.
    if (part.kind === 'exemplar' || values[index] !== flushed[index]) return;
    for (let i = 1; i <= PAGE_BUCKETS; i++) less(index + i);
    return;
  }
  if (shape.type !== 'counter' && shape.type !== 'histogram' && shape.type !== 'summary') return;
  if (shape.mode === 'max') return;
  const { sumAt, zeroAt, windowsAt } = layoutOf(shape);
  for (let i = 0; i <= sumAt; i++) less(index + i);
  if (zeroAt >= 0) less(index + zeroAt);
  for (let i = 0; i < (shape.window?.count ?? 0); i++) {
    const at = index + windowsAt + i * WINDOW.size;
    if (values[at + WINDOW.startMs] === flushed[at + WINDOW.startMs]) less(at + WINDOW.zeros);
  }
}
