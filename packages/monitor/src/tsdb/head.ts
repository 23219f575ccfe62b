/**
 * The head: all samples that storage holds in memory, by series and by source.
 *
 * A series has homes, the tables that hold samples of it: mostly one. When a source has lost many of its series,
 * its table is retired and the source gets a new one; a retired table is read until retention has emptied it.
 * A series whose last home is gone is forgotten.
 *
 * Whoever adds a column has written it to the log before; a reader sees all of a column or nothing, because
 * everything here is synchronous inside.
 */
import { Labels } from '@binnacle/metrics/model';
import type {
  CancelSignal,
  LabelQueryable,
  Matcher,
  Queryable,
  SelectRequest,
  SelectResult,
  Series,
} from '@binnacle/promql/storage';
import { SeriesIndex } from './series-index.ts';
import { SourceTable } from './source-table.ts';
import { isAbsentAt, writeAbsentAt } from './symbol.ts';
import { type Samples, WindowReader, WindowSeries } from './window.ts';

/** A table is retired when so many of its positions, and one in four, were absent in a whole block. */
const ABSENT_POSITIONS_MIN = 64;
/** A table is retired at once when it is so much larger than twice what its source still exposes. */
const SPARE_POSITIONS_MAX = 1000;
/** How many series are read between two looks at the cancel signal. */
const SERIES_PER_CANCEL_CHECK = 1024;

/** What the head holds. */
export interface HeadStats {
  readonly series: number;
  readonly sources: number;
  readonly blocks: number;
  readonly openColumns: number;
  readonly chunkBytes: number;
  /** What everything is estimated to take. */
  readonly bytes: number;
}

/** The samples in memory. */
export class Head implements Queryable, LabelQueryable {
  readonly index = new SeriesIndex();
  /** Samples at or before this time have been given up and are not shown, wherever they still lie. */
  visibleAfterMs = Number.NEGATIVE_INFINITY;
  readonly #current = new Map<string, SourceTable>();
  readonly #tables = new Set<SourceTable>();
  #tablesMade = 0;
  /** By ref, as are the next two. */
  readonly #homes: (readonly SourceTable[] | undefined)[] = [];
  #firstMs = new Float64Array(0);
  #lastMs = new Float64Array(0);

  /** The table that takes the samples of a source. */
  table(source: string): SourceTable {
    let table = this.#current.get(source);
    if (table === undefined) {
      table = new SourceTable(source, ++this.#tablesMade);
      this.#current.set(source, table);
      this.#tables.add(table);
    }
    return table;
  }

  /** The table for a source that exposes `size` series now: a new one when the old one is mostly of the past. */
  tableFor(source: string, size: number): SourceTable {
    const table = this.table(source);
    if (table.size <= 2 * size + SPARE_POSITIONS_MAX) return table;
    table.seal();
    this.#current.delete(source);
    return this.table(source);
  }

  /** The position of a series in a table; the series is added where it is new. */
  position(table: SourceTable, labels: Labels): number {
    const ref = this.index.add(labels);
    const known = table.position(ref);
    if (known >= 0) return known;
    if (ref >= this.#lastMs.length) this.#growTimes(ref + 1);
    const homes = this.#homes[ref];
    this.#homes[ref] = homes === undefined ? table.alone : [...homes, table];
    return table.addPosition(ref);
  }

  /**
   * Makes those values of a column absent that are not newer than what their series holds. Returns how many
   * there were. `words` are those of the column.
   */
  refuseOld(table: SourceTable, timestampMs: number, words: Uint32Array): number {
    const { refs } = table;
    const lastMs = this.#lastMs;
    let refused = 0;
    for (let position = 0; position < words.length / 2; position++) {
      if (timestampMs > lastMs[refs[position]!]!) continue;
      if (isAbsentAt(words, position)) continue;
      writeAbsentAt(words, position);
      refused++;
    }
    return refused;
  }

  /** Adds a column, which the head then owns: from here on it is visible. Returns whether a block was sealed. */
  add(table: SourceTable, timestampMs: number, column: Float64Array, words: Uint32Array): boolean {
    table.add(timestampMs, column);
    const { refs } = table;
    const lastMs = this.#lastMs;
    const firstMs = this.#firstMs;
    for (let position = 0; position < column.length; position++) {
      if (isAbsentAt(words, position)) continue;
      const ref = refs[position]!;
      if (lastMs[ref] === Number.NEGATIVE_INFINITY) firstMs[ref] = timestampMs;
      lastMs[ref] = timestampMs;
    }
    if (!table.full) return false;
    const absent = table.seal().length;
    if (absent >= ABSENT_POSITIONS_MIN && absent * 4 >= table.size) this.#current.delete(table.source);
    return true;
  }

  select(requests: readonly SelectRequest[], signal?: CancelSignal): Promise<readonly SelectResult[]> {
    // The promise settles with what the synchronous read returns or throws.
    return new Promise((resolve) => {
      resolve(requests.map((request) => ({ series: this.#read(request, signal), warnings: [] })));
    });
  }

  async labelNames(
    selectors: readonly (readonly Matcher[])[],
    startMs: number,
    endMs: number,
  ): Promise<string[]> {
    const names = new Set<string>();
    for (const ref of this.#refsIn(selectors, startMs, endMs)) {
      for (const name of this.index.labels(ref).names) names.add(name);
    }
    return [...names].sort();
  }

  async labelValues(
    name: string,
    selectors: readonly (readonly Matcher[])[],
    startMs: number,
    endMs: number,
  ): Promise<string[]> {
    const values = new Set<string>();
    for (const ref of this.#refsIn(selectors, startMs, endMs)) values.add(this.index.labels(ref).get(name));
    values.delete('');
    return [...values].sort();
  }

  async labelSets(
    selectors: readonly (readonly Matcher[])[],
    startMs: number,
    endMs: number,
  ): Promise<Labels[]> {
    const refs = this.#refsIn(selectors, startMs, endMs);
    return refs.map((ref) => this.index.labels(ref)).sort(Labels.compare);
  }

  /** The ends of all sealed blocks, ascending. */
  sealedEndsMs(): number[] {
    return [...this.#tables].flatMap((table) => table.sealedEndsMs()).sort((a, b) => a - b);
  }

  /** Seals every open block, to take less memory. */
  sealAll(): void {
    for (const table of this.#tables) table.seal();
  }

  /** Gives up all samples up to a time: hides them, and frees what blocks and series are of the past entirely. */
  dropUpTo(timestampMs: number): void {
    if (timestampMs <= this.visibleAfterMs) return;
    this.visibleAfterMs = timestampMs;
    const orphans = new Set<number>();
    for (const table of this.#tables) {
      table.dropUpTo(timestampMs);
      if (!table.empty) continue;
      this.#tables.delete(table);
      if (this.#current.get(table.source) === table) this.#current.delete(table.source);
      for (const ref of table.refs) {
        const homes = this.#homes[ref]?.filter((home) => home !== table) ?? [];
        this.#homes[ref] = homes.length === 0 ? undefined : homes.length === 1 ? homes[0]!.alone : homes;
        if (homes.length === 0) orphans.add(ref);
      }
    }
    this.index.remove(orphans);
  }

  /** What everything is estimated to take. */
  get bytesEstimate(): number {
    let bytes = this.index.bytesEstimate + this.#lastMs.byteLength * 2;
    for (const table of this.#tables) bytes += table.bytes;
    return bytes;
  }

  stats(): HeadStats {
    const tables = [...this.#tables];
    const sum = (of: (table: SourceTable) => number) => tables.reduce((total, table) => total + of(table), 0);
    return {
      series: this.index.count,
      sources: this.#current.size,
      blocks: sum((table) => table.blocks),
      openColumns: sum((table) => table.openColumns),
      chunkBytes: sum((table) => table.chunkBytes),
      bytes: this.bytesEstimate,
    };
  }

  #growTimes(count: number): void {
    const capacity = Math.max(count, this.#lastMs.length * 2, 1024);
    const lastMs = new Float64Array(capacity).fill(Number.NEGATIVE_INFINITY);
    lastMs.set(this.#lastMs);
    const firstMs = new Float64Array(capacity);
    firstMs.set(this.#firstMs);
    this.#lastMs = lastMs;
    this.#firstMs = firstMs;
  }

  /** The refs that any selector selects and that may have samples in `startMs..endMs`, ascending. */
  #refsIn(selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): number[] {
    const selected =
      selectors.length === 0
        ? this.index.all()
        : selectors.length === 1
          ? this.index.match(selectors[0]!)
          : new Set(selectors.flatMap((selector) => Array.from(this.index.match(selector))));
    const refs: number[] = [];
    for (const ref of selected instanceof Set ? selected : Array.from(selected)) {
      const last = this.#lastMs[ref]!;
      if (last < startMs || last <= this.visibleAfterMs || this.#firstMs[ref]! > endMs) continue;
      refs.push(ref);
    }
    return refs;
  }

  #read(request: SelectRequest, signal: CancelSignal | undefined): Series[] {
    signal?.throwIfAborted();
    const startMs = Math.max(request.startMs, this.visibleAfterMs);
    const reader = new SeriesReader(startMs, request.endMs);
    const series: Series[] = [];
    const refs = this.index.match(request.matchers);
    for (let i = 0; i < refs.length; i++) {
      if ((i + 1) % SERIES_PER_CANCEL_CHECK === 0) signal?.throwIfAborted();
      const ref = refs[i]!;
      if (this.#lastMs[ref]! <= startMs || this.#firstMs[ref]! > request.endMs) continue;
      const homes = this.#homes[ref];
      if (homes === undefined) continue;
      const one = reader.read(homes, ref, this.index.labels(ref));
      if (one !== undefined) series.push(one);
    }
    return series;
  }
}

/** Finds the samples of series in one range of time; those of a table share its window. */
class SeriesReader {
  readonly #startMs: number;
  readonly #endMs: number;
  readonly #readers = new Map<SourceTable, WindowReader>();

  constructor(startMs: number, endMs: number) {
    this.#startMs = startMs;
    this.#endMs = endMs;
  }

  /** A series with the tables that hold samples of it; undefined where there is surely none in the range. */
  read(homes: readonly SourceTable[], ref: number, labels: Labels): Series | undefined {
    if (homes.length === 1) {
      const reader = this.#reader(homes[0]!);
      const position = homes[0]!.position(ref);
      if (reader.isEmpty(position)) return undefined;
      if (reader.window.ascending) return new WindowSeries(labels, reader, position);
    }
    const parts: Samples[] = [];
    for (const table of homes) {
      const samples = this.#reader(table).kept(table.position(ref));
      if (samples.values.length > 0) parts.push(samples);
    }
    return parts.length === 0 ? undefined : { labels, ...sorted(parts) };
  }

  #reader(table: SourceTable): WindowReader {
    let reader = this.#readers.get(table);
    if (reader === undefined) {
      reader = new WindowReader(table.window(this.#startMs, this.#endMs));
      this.#readers.set(table, reader);
    }
    return reader;
  }
}

/** Puts the samples of parts, none of which share a time, into the order of their times. */
function sorted(parts: readonly Samples[]): Samples {
  const from = parts.flatMap(({ timestamps }, part) => Array.from(timestamps, (t, i) => ({ t, part, i })));
  from.sort((a, b) => a.t - b.t);
  const timestamps = Float64Array.from(from, ({ t }) => t);
  const values = new Float64Array(from.length);
  // Moved as words: a marker must not pass through a number.
  const words = new Uint32Array(values.buffer);
  const partWords = parts.map(
    ({ values }) => new Uint32Array(values.buffer, values.byteOffset, values.length * 2),
  );
  from.forEach(({ part, i }, at) => {
    words[2 * at] = partWords[part]![2 * i]!;
    words[2 * at + 1] = partWords[part]![2 * i + 1]!;
  });
  return { timestamps, values };
}
