/**
 * What the main thread and the ingest thread say to each other.
 *
 * Every request has a number and gets one answer of the same number. Label sets cross as flat lists. A query's label
 * sets cross once: the worker numbers them, and the main thread keeps them by number. Its samples do not cross at all:
 * the answer refers to the memory in which storage holds them (`tsdb/window.ts`), and the main thread decodes each
 * series when it gets there. So asking for the same panel again moves only numbers.
 */
import { Labels } from '@binnacle/metrics/model';
import type { Matcher, SelectRequest, SelectResult, Series } from '@binnacle/promql/storage';
import type { ScrapeConfig } from '../config/prometheus.ts';
import type { ScraperStats } from '../scrape/scraper.ts';
import type { TargetMetadata, TargetStatus } from '../scrape/target-status.ts';
import type { AppendResult } from '../storage.ts';
import type { DatabaseStats, Retention } from '../tsdb/db.ts';
import { type Samples, type TableWindow, WindowReader, WindowSeries } from '../tsdb/window.ts';

/** What the ingest thread starts with. */
export interface IngestSettings {
  readonly dataDir: string;
  readonly scrapeConfigs: readonly ScrapeConfig[];
  readonly retention: Partial<Retention>;
}

/** Figures of the ingest thread. */
export interface IngestStats {
  readonly database: DatabaseStats;
  readonly scraper: ScraperStats;
}

/** Samples of one append; `values[i]` belongs to the label set `series[i]`. */
export interface PackedSamples {
  readonly series: readonly (readonly string[])[];
  readonly values: Float64Array;
  /** 1 for a staleness marker. */
  readonly stale: Uint8Array;
}

/** A request by kind: what goes there, and what comes back. */
export interface IngestCalls {
  select: { request: { requests: readonly SelectRequest[] }; answer: PackedAnswer };
  append: {
    request: { source: string; timestampMs: number; samples: PackedSamples };
    answer: AppendResult;
  };
  labelNames: { request: LabelScope; answer: string[] };
  labelValues: { request: LabelScope & { readonly name: string }; answer: string[] };
  labelSets: { request: LabelScope; answer: string[][] };
  targets: { request: object; answer: TargetStatus[] };
  metadata: { request: object; answer: TargetMetadata[] };
  stats: { request: object; answer: IngestStats };
  reload: { request: { scrapeConfigs: readonly ScrapeConfig[] }; answer: null };
  close: { request: object; answer: null };
}

export type IngestCall = keyof IngestCalls;

/** Which series a question about labels is about. */
export interface LabelScope {
  readonly selectors: readonly (readonly Matcher[])[];
  readonly startMs: number;
  readonly endMs: number;
}

/** The number under which the ingest thread says why it could not start. */
export const START_ID = 0;

/** From the main thread. `cancelled[0]` becomes 1 when nobody waits for the answer any more. */
export type IngestRequest = {
  [K in IngestCall]: {
    readonly id: number;
    readonly call: K;
    readonly request: IngestCalls[K]['request'];
    readonly cancelled?: Int32Array;
  };
}[IngestCall];

/** From the ingest thread. */
export type IngestMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'report'; readonly line: string }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: IngestCalls[IngestCall]['answer'] }
  | { readonly kind: 'error'; readonly id: number; readonly error: PackedError };

/** An error on its way to the other thread. */
export interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly code: string;
}

/** The results of a query. */
export interface PackedAnswer {
  /** Forget all label sets that came before. */
  readonly resetLabels: boolean;
  /** Label sets that come for the first time; the first has this number, the others follow. */
  readonly firstLabels: number;
  readonly newLabels: readonly (readonly string[])[];
  readonly results: readonly PackedResult[];
}

interface PackedResult {
  readonly warnings: readonly string[];
  /** {@link PLACE} for each series: number of its label set, and of its window and its position there. */
  readonly places: Int32Array;
  readonly windows: readonly TableWindow[];
  /** Series that are in no one window, in the places of {@link NO_WINDOW}. */
  readonly others: readonly Samples[];
}

const PLACE = 3;
/** In place of a window: the series is one of the others, and the position is its place among them. */
const NO_WINDOW = -1;

/** Label sets that the main thread keeps at most; then numbering begins anew. */
const KEPT_LABELS_MAX = 200_000;

/** Packs answers in the ingest thread; knows which label sets have crossed. */
export class AnswerPacker {
  readonly #keptMax: number;
  #numbers = new WeakMap<Labels, number>();
  #next = 0;

  constructor(keptMax: number = KEPT_LABELS_MAX) {
    this.#keptMax = keptMax;
  }

  pack(results: readonly SelectResult[]): PackedAnswer {
    const resetLabels = this.#next > this.#keptMax;
    if (resetLabels) {
      this.#numbers = new WeakMap();
      this.#next = 0;
    }
    const firstLabels = this.#next;
    const newLabels: string[][] = [];
    const packed = results.map((result) => this.#packResult(result, newLabels));
    return { resetLabels, firstLabels, newLabels, results: packed };
  }

  #packResult({ series, warnings }: SelectResult, newLabels: string[][]): PackedResult {
    const numbers = new Map<WindowReader, number>();
    const windows: TableWindow[] = [];
    const others: Samples[] = [];
    const places = new Int32Array(series.length * PLACE);
    let place = 0;
    for (const one of series) {
      let number = this.#numbers.get(one.labels);
      if (number === undefined) {
        number = this.#next++;
        this.#numbers.set(one.labels, number);
        newLabels.push(one.labels.flat());
      }
      places[place++] = number;
      if (one instanceof WindowSeries) {
        let window = numbers.get(one.reader);
        if (window === undefined) {
          window = windows.push(one.reader.window) - 1;
          numbers.set(one.reader, window);
        }
        places[place++] = window;
        places[place++] = one.position;
      } else {
        places[place++] = NO_WINDOW;
        places[place++] = others.push({ timestamps: one.timestamps, values: one.values }) - 1;
      }
    }
    return { warnings, places, windows, others };
  }
}

/** Unpacks answers in the main thread; answers must come in the order in which they were packed. */
export class AnswerUnpacker {
  readonly #labels = new Map<number, Labels>();

  unpack(answer: PackedAnswer): SelectResult[] {
    if (answer.resetLabels) this.#labels.clear();
    answer.newLabels.forEach((flat, i) => {
      this.#labels.set(answer.firstLabels + i, Labels.fromFlat(flat));
    });
    return answer.results.map(({ warnings, places, windows, others }) => {
      const readers = windows.map((window) => new WindowReader(window));
      const series: Series[] = [];
      for (let i = 0; i < places.length; i += PLACE) {
        const labels = this.#labels.get(places[i]!)!;
        const reader = readers[places[i + 1]!];
        const position = places[i + 2]!;
        series.push(
          reader === undefined
            ? { labels, ...others[position]! }
            : new WindowSeries(labels, reader, position),
        );
      }
      return { series, warnings };
    });
  }
}
