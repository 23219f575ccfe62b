/**
 * What the main thread and the ingest thread say to each other.
 *
 * Every request has a number and gets one answer of the same number. Label sets cross as flat lists, columns as
 * typed arrays whose memory is handed over and not copied. A query's label sets cross once: the worker numbers
 * them, and the main thread keeps them by number, so that asking for the same panel again moves only numbers.
 */
import { Labels } from '@binnacle/metrics/model';
import type { Matcher, SelectRequest, SelectResult, Series } from '@binnacle/promql/storage';
import type { ScrapeConfig } from '../config/prometheus.ts';
import type { ScraperStats } from '../scrape/scraper.ts';
import type { TargetMetadata, TargetStatus } from '../scrape/target-status.ts';
import type { AppendResult } from '../storage.ts';
import type { DatabaseStats, Retention } from '../tsdb/db.ts';

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
  /** {@link PLACE} for each series: number of its label set, start of its times, slab, start of its values, how many. */
  readonly places: Int32Array;
  readonly times: Float64Array;
  /** The values of many series each. */
  readonly slabs: readonly Float64Array[];
}

const PLACE = 5;
/** Values whose array belongs to them alone are copied together: to hand over each one's memory would take longer. */
const OWN_SLAB = 0;

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

  /**
   * The answer, and the memory that is to be handed over with it: that of the results' values too, which nobody else
   * may use any more.
   */
  pack(results: readonly SelectResult[]): { answer: PackedAnswer; memory: ArrayBuffer[] } {
    const resetLabels = this.#next > this.#keptMax;
    if (resetLabels) {
      this.#numbers = new WeakMap();
      this.#next = 0;
    }
    const firstLabels = this.#next;
    const newLabels: string[][] = [];
    const packed = results.map((result) => this.#packResult(result, newLabels));
    const memory = new Set<ArrayBufferLike>();
    for (const { places, times, slabs } of packed)
      for (const { buffer } of [places, times, ...slabs]) memory.add(buffer);
    return {
      answer: { resetLabels, firstLabels, newLabels, results: packed },
      memory: [...memory] as ArrayBuffer[],
    };
  }

  #packResult({ series, warnings }: SelectResult, newLabels: string[][]): PackedResult {
    // Series of one target mostly share one array of times: it crosses once.
    const timesAt = new Map<Float64Array, number>();
    let timesCount = 0;
    let ownCount = 0;
    for (const { timestamps, values } of series) {
      if (isAlone(values)) ownCount += values.length;
      if (timesAt.has(timestamps)) continue;
      timesAt.set(timestamps, timesCount);
      timesCount += timestamps.length;
    }
    const times = new Float64Array(timesCount);
    for (const [timestamps, at] of timesAt) times.set(timestamps, at);
    const own = new Float64Array(ownCount);
    const slabs: Float64Array[] = [own];
    const slabOf = new Map<ArrayBufferLike, number>();
    const places = new Int32Array(series.length * PLACE);
    let ownUsed = 0;
    let place = 0;
    for (const { labels, timestamps, values } of series) {
      let number = this.#numbers.get(labels);
      if (number === undefined) {
        number = this.#next++;
        this.#numbers.set(labels, number);
        newLabels.push(labels.flat());
      }
      places[place++] = number;
      places[place++] = timesAt.get(timestamps)!;
      if (isAlone(values)) {
        places[place++] = OWN_SLAB;
        places[place++] = ownUsed;
        own.set(values, ownUsed);
        ownUsed += values.length;
      } else {
        let slab = slabOf.get(values.buffer);
        if (slab === undefined) {
          slab = slabs.push(new Float64Array(values.buffer)) - 1;
          slabOf.set(values.buffer, slab);
        }
        places[place++] = slab;
        places[place++] = values.byteOffset / values.BYTES_PER_ELEMENT;
      }
      places[place++] = values.length;
    }
    return { warnings, places, times, slabs };
  }
}

function isAlone({ byteLength, buffer }: Float64Array): boolean {
  return byteLength === buffer.byteLength;
}

/** Unpacks answers in the main thread; answers must come in the order in which they were packed. */
export class AnswerUnpacker {
  readonly #labels = new Map<number, Labels>();

  unpack(answer: PackedAnswer): SelectResult[] {
    if (answer.resetLabels) this.#labels.clear();
    answer.newLabels.forEach((flat, i) => {
      this.#labels.set(answer.firstLabels + i, Labels.fromFlat(flat));
    });
    return answer.results.map(({ warnings, places, times, slabs }) => {
      const series: Series[] = [];
      const shared = new Map<number, Float64Array>();
      for (let i = 0; i < places.length; i += PLACE) {
        const timesStart = places[i + 1]!;
        const valuesStart = places[i + 3]!;
        const count = places[i + 4]!;
        let timestamps = shared.get(timesStart);
        if (timestamps === undefined) {
          timestamps = times.subarray(timesStart, timesStart + count);
          shared.set(timesStart, timestamps);
        }
        series.push({
          labels: this.#labels.get(places[i]!)!,
          timestamps,
          values: slabs[places[i + 2]!]!.subarray(valuesStart, valuesStart + count),
        });
      }
      return { series, warnings };
    });
  }
}
