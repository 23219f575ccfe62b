/**
 * One target: what a scrape of it does.
 *
 * 1. Fetch the body and read it through the layout cache.
 * 2. Make a column: the exposed series, a staleness marker for each series that the last column had and this
 *    body lacks, and the series that tell about the scrape (`up`, ...). A failed scrape is a column of markers
 *    and `up` 0.
 * 3. Append the column. Only when that has worked is it what the next one is compared with.
 *
 * Everything that depends on the lines and not on the values is worked out once for each layout (`Shape`).
 * Samples that bring their own timestamps are appended apart, by time, and get no markers, as in Prometheus.
 */
import { ExpositionError } from '@binnacle/metrics/exposition';
import { type Labels, type Metadata, wordsOf, writeStaleAt } from '@binnacle/metrics/model';
import type { Appendable, ColumnAppendable, Layout, Sample } from '../storage.ts';
import { type BodyMemory, ScrapeFailure, type ScrapeFetch } from './http-fetch.ts';
import { LayoutCache, type ParsedBody } from './layout-cache.ts';
import { reportLabels, storedLabels, type TargetConfig } from './target-labels.ts';
import type { TargetMetadata, TargetStatus } from './target-status.ts';

/** What a target tells about its scrapes, in the order of the end of its columns. */
const REPORTS = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
] as const;

/** Families of which a target's metadata is kept; more are a mistake of the target. */
const METADATA_MAX = 10_000;

/** What a target works with. */
export interface TargetTools {
  readonly storage: ColumnAppendable & Appendable;
  readonly fetch: ScrapeFetch;
  /** Milliseconds of a clock that is never set. */
  readonly monotonicMs: () => number;
}

/** Counts of all scrapes of a target. */
export interface TargetCounts {
  scrapes: number;
  failedScrapes: number;
  /** Columns that storage could not write. */
  failedAppends: number;
  /** Samples with the labels of an earlier line of the same scrape, or of the scrape's own series. */
  duplicates: number;
  /** Samples that storage refused as not newer than what it has. */
  outOfOrder: number;
}

/** All that follows from the lines of a body. */
interface Shape {
  /** The series of the lines, by which the shape is recognised; undefined when it must be made anew. */
  readonly lines: readonly Labels[] | undefined;
  /** Exposed series, then those that end, then the reports. */
  readonly layout: Layout;
  /** How many series are exposed, duplicates left out. */
  readonly exposed: number;
  readonly ended: number;
  /** Of the exposed series, those that the last column lacked. */
  readonly added: number;
  /** The line of each exposed series; undefined when it is 0, 1, 2, ... */
  readonly lineOf: Int32Array | undefined;
  readonly values: Float64Array;
  readonly words: Uint32Array;
}

/** A target and what is known of it. */
export class Target {
  readonly config: TargetConfig;
  readonly counts: TargetCounts = {
    scrapes: 0,
    failedScrapes: 0,
    failedAppends: 0,
    duplicates: 0,
    outOfOrder: 0,
  };
  readonly #tools: TargetTools;
  readonly #source: string;
  readonly #cache: LayoutCache;
  readonly #reports: readonly Labels[];
  readonly #reportKeys: ReadonlySet<string>;
  readonly #memory: BodyMemory = { bytes: new Uint8Array(0) };
  readonly #stop = new AbortController();
  #shape: Shape | undefined;
  /** The exposed series of the last column that was stored. */
  #stored: readonly Labels[] = [];
  #lastMs = Number.NEGATIVE_INFINITY;
  /** The last own timestamp of series that have them, by key. */
  #ownMs: ReadonlyMap<string, number> = new Map();
  #metadata: ReadonlyMap<string, Metadata> = new Map();
  #lastError = '';
  #lastScrapeMs = 0;
  #lastDurationMs = 0;

  constructor(config: TargetConfig, tools: TargetTools) {
    this.config = config;
    this.#tools = tools;
    this.#source = config.key;
    const { honorLabels } = config.scrape;
    this.#cache = new LayoutCache((exposed) => storedLabels(exposed, config.labels, honorLabels));
    this.#reports = REPORTS.map((metric) => reportLabels(metric, config.labels));
    this.#reportKeys = new Set(this.#reports.map((labels) => labels.key));
  }

  /**
   * Scrapes once; the samples get the time `timestampMs`. Resolves when they are stored, and to the reason when
   * storage could not take them: that is not the target's fault and not in its status.
   */
  async scrape(timestampMs: number): Promise<Error | undefined> {
    const { monotonicMs } = this.#tools;
    const startMs = monotonicMs();
    let parsed: ParsedBody | undefined;
    try {
      parsed = await this.#read();
      this.#lastError = '';
    } catch (error) {
      if (error instanceof ScrapeFailure && error.code === 'STOPPED') return undefined;
      this.#lastError = reasonOf(error);
      this.counts.failedScrapes++;
    }
    this.counts.scrapes++;
    this.#lastScrapeMs = timestampMs;
    this.#lastDurationMs = monotonicMs() - startMs;
    try {
      await this.#store(parsed, Math.max(timestampMs, this.#lastMs + 1));
      return undefined;
    } catch (error) {
      this.counts.failedAppends++;
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** Ends the target: cancels a scrape that is under way. */
  abort(): void {
    this.#stop.abort();
  }

  /** Marks all of the target's series as ended. */
  async end(timestampMs: number): Promise<void> {
    if (this.#lastMs === Number.NEGATIVE_INFINITY) return;
    const series = [...this.#stored, ...this.#reports];
    const values = new Float64Array(series.length);
    const words = wordsOf(values);
    for (let i = 0; i < series.length; i++) writeStaleAt(words, i);
    this.#stored = [];
    await this.#tools.storage.appendColumn(
      { source: this.#source, series },
      Math.max(timestampMs, this.#lastMs + 1),
      values,
    );
  }

  status(): TargetStatus {
    const { scrape, discoveredLabels, labels, url } = this.config;
    return {
      discoveredLabels,
      labels: labels.toObject(),
      scrapePool: scrape.jobName,
      scrapeUrl: url.href,
      lastError: this.#lastError,
      lastScrapeMs: this.#lastScrapeMs,
      lastScrapeDurationMs: this.#lastDurationMs,
      health: this.#lastScrapeMs === 0 ? 'unknown' : this.#lastError === '' ? 'up' : 'down',
      scrapeIntervalMs: scrape.scrapeIntervalMs,
      scrapeTimeoutMs: scrape.scrapeTimeoutMs,
    };
  }

  metadata(): TargetMetadata[] {
    const target = this.config.labels.toObject();
    return Array.from(this.#metadata, ([metric, metadata]) => ({ ...metadata, metric, target }));
  }

  async #read(): Promise<ParsedBody> {
    const { scrape, url } = this.config;
    const body = await this.#tools.fetch({
      url,
      timeoutMs: scrape.scrapeTimeoutMs,
      bodyBytesMax: scrape.bodySizeLimitBytes,
      memory: this.#memory,
      signal: this.#stop.signal,
    });
    const parsed = this.#cache.read(body);
    if (scrape.sampleLimit > 0 && parsed.series.length > scrape.sampleLimit) {
      throw new ScrapeFailure(
        'TOO_MANY_SAMPLES',
        `the body has ${parsed.series.length} samples, and ${scrape.sampleLimit} are allowed (sample_limit)`,
      );
    }
    if (parsed.metadata.size <= METADATA_MAX) this.#metadata = parsed.metadata;
    return parsed;
  }

  async #store(parsed: ParsedBody | undefined, timestampMs: number): Promise<void> {
    const own = parsed?.timestamps !== undefined && this.config.scrape.honorTimestamps;
    const shape = this.#shapeOf(parsed, own ? parsed.timestamps : undefined);
    const { values, words, exposed, ended, lineOf } = shape;
    if (parsed !== undefined) {
      if (lineOf === undefined) values.set(parsed.values);
      else for (let i = 0; i < exposed; i++) values[i] = parsed.values[lineOf[i]!]!;
    }
    for (let i = exposed; i < exposed + ended; i++) writeStaleAt(words, i);
    const scraped = parsed?.series.length ?? 0;
    const timed = own ? parsed.timestamps.filter((t) => !Number.isNaN(t)).length : 0;
    const reports = exposed + ended;
    values[reports] = parsed === undefined ? 0 : 1;
    values[reports + 1] = this.#lastDurationMs / 1000;
    values[reports + 2] = scraped;
    values[reports + 3] = exposed + timed;
    values[reports + 4] = shape.added;
    this.counts.duplicates += scraped - exposed - timed;
    const { outOfOrder } = await this.#tools.storage.appendColumn(shape.layout, timestampMs, values);
    this.counts.outOfOrder += outOfOrder;
    this.#lastMs = timestampMs;
    // Series that are new or have ended are so once: then another shape fits, if the lines stay the same.
    if (ended > 0 || shape.added > 0) this.#stored = shape.layout.series.slice(0, exposed);
    if (own) await this.#storeOwn(parsed, parsed.timestamps);
  }

  /** The shape of a body, made only when lines have changed since the last that was stored. */
  #shapeOf(parsed: ParsedBody | undefined, timestamps: Float64Array | undefined): Shape {
    const before = this.#shape;
    const lines = timestamps === undefined ? (parsed?.series ?? NO_LINES) : undefined;
    if (before !== undefined && lines !== undefined && before.lines === lines && isSettled(before))
      return before;
    const series: Labels[] = [];
    const lineOf: number[] = [];
    const keys = new Set<string>();
    parsed?.series.forEach((labels, line) => {
      if (timestamps !== undefined && !Number.isNaN(timestamps[line])) return;
      if (keys.has(labels.key) || this.#reportKeys.has(labels.key)) return;
      keys.add(labels.key);
      series.push(labels);
      lineOf.push(line);
    });
    const exposed = series.length;
    const stored = new Set(this.#stored.map((labels) => labels.key));
    const added = series.reduce((count, labels) => (stored.has(labels.key) ? count : count + 1), 0);
    for (const labels of this.#stored) if (!keys.has(labels.key)) series.push(labels);
    const ended = series.length - exposed;
    series.push(...this.#reports);
    const values = new Float64Array(series.length);
    const shape: Shape = {
      lines,
      // The layout is kept where it is the same: storage knows it.
      layout: sameSeries(before?.layout.series, series) ? before!.layout : { source: this.#source, series },
      exposed,
      ended,
      added,
      lineOf: lineOf.every((line, i) => line === i) ? undefined : Int32Array.from(lineOf),
      values,
      words: wordsOf(values),
    };
    this.#shape = shape;
    return shape;
  }

  /** Stores the samples that have their own timestamps, those of one time together. */
  async #storeOwn(parsed: ParsedBody, timestamps: Float64Array): Promise<void> {
    const byTime = new Map<number, Sample[]>();
    const ownMs = new Map<string, number>();
    parsed.series.forEach((labels, line) => {
      const timestampMs = timestamps[line]!;
      if (Number.isNaN(timestampMs)) return;
      ownMs.set(labels.key, timestampMs);
      // A source that repeats its last sample has nothing new to say.
      if (this.#ownMs.get(labels.key) === timestampMs) return;
      const samples = byTime.get(timestampMs) ?? [];
      samples.push({ labels, value: parsed.values[line]! });
      byTime.set(timestampMs, samples);
    });
    this.#ownMs = ownMs;
    for (const timestampMs of [...byTime.keys()].sort((a, b) => a - b)) {
      const { outOfOrder } = await this.#tools.storage.append(
        `${this.#source} own timestamps`,
        timestampMs,
        byTime.get(timestampMs)!,
      );
      this.counts.outOfOrder += outOfOrder;
    }
  }
}

/** The lines of a scrape that failed. */
const NO_LINES: readonly Labels[] = [];

/** Whether the shape still holds for the next column: nothing ends in it, and nothing is new. */
function isSettled(shape: Shape): boolean {
  return shape.ended === 0 && shape.added === 0;
}

function sameSeries(a: readonly Labels[] | undefined, b: readonly Labels[]): boolean {
  return a !== undefined && a.length === b.length && a.every((labels, i) => labels === b[i]);
}

function reasonOf(error: unknown): string {
  if (error instanceof ExpositionError) return `the body is not in the text format: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
