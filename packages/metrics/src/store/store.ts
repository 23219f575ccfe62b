/**
 * Where values live. A metric asks its store for slots and writes to them; it does not know whether they lie in
 * this process or in a file that other processes read.
 *
 * A series has slots of its own, and where it needs more, parts: exponential buckets that came up only now, and
 * exemplars. A series or part that is removed has the value {@link REMOVED} in its first slot from then on.
 */
import type { MetricType } from '../model/family.ts';

/**
 * How a gauge is added up over processes. The live modes count only processes that are running; `mostrecent`
 * is the value that was set last, by a process that may be gone; `per worker` is a series for each process;
 * `live first` is the value of the running process with the lowest worker index.
 */
export type GaugeMode =
  | 'live sum'
  | 'live max'
  | 'live min'
  | 'mostrecent'
  | 'per worker'
  | 'live average'
  | 'live first';

/**
 * How a counter is added up over processes: `sum` of what each has counted itself, or `max` where all of them read the
 * same total elsewhere, such as that of their container: the greatest that any, running or gone, has seen.
 */
export type CounterMode = 'sum' | 'max';

/** Exponential buckets of a histogram. */
export interface NativeShape {
  /** The finest schema: from -4 to 8, each bucket's bound is the one before times 2^(2^-schema). */
  readonly schema: number;
  /** The most buckets that are shown; with more, the schema becomes coarser. */
  readonly bucketsMax: number;
  /** Values from its negative to itself count as zero. */
  readonly zeroThreshold: number;
}

/** The time that a summary's quantiles are about, and in how many steps it moves on. */
export interface WindowShape {
  readonly lengthMs: number;
  readonly count: number;
}

/** What all series of one name have in common, as the store keeps it. */
export interface FamilyShape {
  readonly name: string;
  readonly type: Exclude<MetricType, 'unknown'>;
  readonly help: string;
  readonly unit: string;
  readonly labelNames: readonly string[];
  /** Of gauges; of counters only `max`, without which they are summed up. */
  readonly mode?: GaugeMode | 'max';
  /** Histograms only: increasing upper bounds without `+Inf`; none where there are only native buckets. */
  readonly bounds?: readonly number[];
  /** Histograms that have exponential buckets. */
  readonly native?: NativeShape;
  /** Summaries only: from 0 to 1, increasing. */
  readonly quantiles?: readonly number[];
  /** Summaries only. */
  readonly window?: WindowShape;
  /** How long after its last use by any process a series is removed; without it, never. */
  readonly expireAfterMs?: number;
  /** The most series of all processes together; without it, {@link SERIES_PER_METRIC_MAX}. */
  readonly seriesMax?: number;
  /** Positions of the labels that are closed, whose values the overflow series keeps. */
  readonly closedLabels?: readonly number[];
}

/** The most series that one metric keeps apart, in one process and over all; what comes beyond is one more series. */
export const SERIES_PER_METRIC_MAX = 10_000;

/** The value that every open label of that one more series has. */
export const OVERFLOW_VALUE = '__overflow__';

/**
 * Where in a series' slots what lies:
 *
 *     counter, info, stateset  value
 *     gauge                    value, and in mode `mostrecent` the Unix milliseconds at which it was set
 *     histogram                a count per bucket, `+Inf` last, the sum, with native buckets the count of zeros
 *     summary                  count, sum, and for each window: start (Unix ms), zeros, least, greatest
 *     with an expiry           behind these, the Unix milliseconds of the last use
 */
export interface SeriesLayout {
  /** How many slots a series takes. */
  readonly size: number;
  /** How many of the first slots are counts: the classic buckets, or a summary's count; 0 for all others. */
  readonly counts: number;
  /** Where the value or the sum lies. */
  readonly sumAt: number;
  /** Where the count of zeros lies, or -1. */
  readonly zeroAt: number;
  /** Where the first window begins, or -1. */
  readonly windowsAt: number;
  /** Where the time of the last use lies, or -1. */
  readonly touchedAt: number;
}

/** The most windows of a summary. */
export const WINDOWS_MAX = 32;

/** Slots of one window of a summary. */
export const WINDOW = { startMs: 0, zeros: 1, least: 2, greatest: 3, size: 4 } as const;

const layouts = new WeakMap<FamilyShape, SeriesLayout>();

/** The layout of the series of a family. */
export function layoutOf(shape: FamilyShape): SeriesLayout {
  let layout = layouts.get(shape);
  if (layout === undefined) {
    layout = makeLayout(shape);
    layouts.set(shape, layout);
  }
  return layout;
}

function makeLayout({ type, mode, bounds = [], native, window, expireAfterMs }: FamilyShape): SeriesLayout {
  const counts = type === 'histogram' ? bounds.length + 1 : type === 'summary' ? 1 : 0;
  const sumAt = counts;
  let size = sumAt + 1;
  if (mode === 'mostrecent') size++;
  const zeroAt = native === undefined ? -1 : size++;
  const windowsAt = window === undefined ? -1 : size;
  if (window !== undefined) size += window.count * WINDOW.size;
  const touchedAt = expireAfterMs === undefined ? -1 : size++;
  return { size, counts, sumAt, zeroAt, windowsAt, touchedAt };
}

/** Consecutive slots: `values[index]` and what follows. */
export interface Slots {
  readonly values: Float64Array;
  readonly index: number;
}

/** What belongs to a series beside its own slots. */
export type Part =
  /**
   * {@link PAGE_BUCKETS} exponential buckets: those from `first` on, of the schema, for positive (0) or negative (1)
   * values. In front of them lies, for summaries, the start of the window that they are about (Unix ms).
   */
  | { readonly kind: 'buckets'; readonly schema: number; readonly sign: 0 | 1; readonly first: number }
  /** An exemplar of one of the classic buckets; 0 for counters. */
  | { readonly kind: 'exemplar'; readonly bucket: number };

/** Buckets of one part: an octave of the schema that most histograms have, twice over. */
export const PAGE_BUCKETS = 16;

/** Slots of an exemplar: see `exemplar-slots.ts`. */
export const EXEMPLAR_SLOTS = 24;

/** How many slots a part takes. */
export function slotsOfPart(part: Part): number {
  return part.kind === 'buckets' ? 1 + PAGE_BUCKETS : EXEMPLAR_SLOTS;
}

/** Label values in the order of a family's labels; undefined stands for any. */
export type LabelPattern = readonly (string | undefined)[];

/** Whether label values fit a pattern. */
export function fitsPattern(labelValues: readonly string[], pattern: LabelPattern): boolean {
  return pattern.every((value, i) => value === undefined || value === labelValues[i]);
}

/**
 * Whether what a writer says of a family stays when the writer is gone. All else is a matter of each running writer
 * alone: how large its queue is, nobody else can say or take back.
 */
export function outlivesWriters({ type, mode }: FamilyShape): boolean {
  return type === 'counter' || type === 'histogram' || type === 'summary' || mode === 'mostrecent';
}

export interface Store {
  /**
   * Slots, all 0, for a series that this store does not have yet, or for a part of one. Never throws: what cannot
   * be stored is counted.
   */
  allocate(shape: FamilyShape, labelValues: readonly string[], createdMs: number, part?: Part): StoredSeries;
  /** Takes back slots that this store has given: what they hold is gone. Nobody may write to them any more. */
  release(slots: Slots): void;
  /**
   * Forgets what other writers have counted until now for the series of a family that have these label values
   * (undefined: any), where it outlives them ({@link outlivesWriters}).
   */
  erase(shape: FamilyShape, pattern: LabelPattern): void;
  /** Of slots that this store has given, those that were erased since, by whomever. */
  erasedOf(slots: readonly Slots[]): ReadonlySet<Slots>;
  /** Waits until what was erased is so for all readers. Never rejects. */
  settled(): Promise<void>;
}

/** What series have in common that are of one family and lie in one array of slots: kept once for all of them. */
export interface Block {
  readonly shape: FamilyShape;
  readonly values: Float64Array;
  /** Whose they are. */
  readonly view: StoreView;
  /** Sums of several writers: the slot behind the layout's holds what rounding the sum has lost. */
  readonly compensated: boolean;
  /** Whether one of the series has, or has had, a baseline. */
  erased: boolean;
}

/** Times are kept as their distance from this one: so small a number takes no memory of its own. */
const LOADED_MS = Date.now();

/**
 * A series, or a part of one, as a store shows it to whoever adds series up. There is one for each series of a
 * service, so what most of them do not have takes no memory.
 */
export class StoredSeries implements Slots {
  readonly block: Block;
  readonly index: number;
  readonly labelValues: readonly string[];
  readonly #createdMs: number;
  /** Not there for the slots that each series has. */
  declare readonly part?: Part;
  /** What the slots held when the series was erased, which no longer counts; not there where it was not. */
  declare baseline?: Float64Array | undefined;

  constructor(block: Block, index: number, labelValues: readonly string[], createdMs: number, part?: Part) {
    this.block = block;
    this.index = index;
    this.labelValues = labelValues;
    const sinceMs = createdMs - LOADED_MS;
    // As a small integer it takes no memory of its own, as a number that comes out of a float64 it would.
    this.#createdMs = (sinceMs | 0) === sinceMs ? sinceMs | 0 : sinceMs;
    if (part !== undefined) this.part = part;
  }

  get values(): Float64Array {
    return this.block.values;
  }

  get shape(): FamilyShape {
    return this.block.shape;
  }

  get view(): StoreView {
    return this.block.view;
  }

  get createdMs(): number {
    return LOADED_MS + this.#createdMs;
  }
}

/** What one writer (a thread, or all that are gone) has counted. */
export interface StoreView {
  /** Only grows, as long as {@link StoreView.compactions} stays. */
  readonly series: readonly StoredSeries[];
  /** How often removed series were taken out of {@link StoreView.series}. */
  readonly compactions: number;
  /** Whether no two of the series (parts aside) are of the same family and label values. */
  readonly distinct: boolean;
  /** Whether the writer is running. */
  readonly live: boolean;
  readonly workerIndex: number;
}

/** Blocks by family, of one array of slots. */
export class Blocks {
  readonly #values: Float64Array;
  readonly #view: StoreView;
  readonly #compensated: boolean;
  readonly #byShape = new Map<FamilyShape, Block>();

  constructor(values: Float64Array, view: StoreView, compensated: boolean) {
    this.#values = values;
    this.#view = view;
    this.#compensated = compensated;
  }

  of(shape: FamilyShape): Block {
    let block = this.#byShape.get(shape);
    if (block === undefined) {
      block = {
        shape,
        values: this.#values,
        view: this.#view,
        compensated: this.#compensated,
        erased: false,
      };
      this.#byShape.set(shape, block);
    }
    return block;
  }
}

/** Equal for equal label values of one family, and for no others: the lengths in front make it so. */
export function labelKey(labelValues: readonly string[]): string {
  let key = '';
  for (const value of labelValues) key += `${value.length}:${value}`;
  return key;
}

/** A NaN that no calculation gives: the upper half of what stands in the first slot of what was removed. */
const REMOVED_UPPER = 0x7ffcdead;
const REMOVED_LOWER = 0x00000b1e;
const UPPER = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

/** Marks slots as removed. */
export function markRemoved({ values, index }: Slots): void {
  // As bits: a NaN that is handed around as a number may lose them.
  const words = new Uint32Array(values.buffer, values.byteOffset + index * 8, 2);
  words[UPPER] = REMOVED_UPPER;
  words[1 - UPPER] = REMOVED_LOWER;
}

/** Whether slots are marked as removed. */
export function isRemoved({ values, index }: Slots): boolean {
  // Nearly always it is a number, and that is all there is to find out.
  return Number.isNaN(values[index]!) && isRemovedAt(values, index);
}

/** Whether the slots at an index, whose first is NaN, are marked as removed. */
export function isRemovedAt(values: Float64Array, index: number): boolean {
  const words = new Uint32Array(values.buffer, values.byteOffset + index * 8, 2);
  return words[UPPER] === REMOVED_UPPER && words[1 - UPPER] === REMOVED_LOWER;
}
