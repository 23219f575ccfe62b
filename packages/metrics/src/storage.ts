/**
 * Storage: how much lies where, and whether files get there and back.
 *
 *     const metrics = storageMetrics({ providers: ['gcs', 'azure', 's3'] });
 *     const storage = instrumentStorage({ metrics });
 *     await storage.upload('s3', () => bucket.put(file));
 *     measureUsage({ metrics, usage: async () => ({ s3: { bytes, files } }) });
 *
 * What a storage holds is one number for the whole service, so its gauges are those of whoever measured last; measure it
 * in one process. Before it was measured, and when it could not be for long, there is no series: 0 would be a lie.
 */
import { type BoundCounter, type Counter, counter } from './counter.ts';
import { type Gauge, gauge } from './gauge.ts';
import { type BoundHistogram, type Histogram, histogram } from './histogram.ts';
import { FewValues } from './instrument/few-values.ts';
import { requireMs } from './instrument/interval.ts';
import {
  type Bindable,
  bound,
  type LabelNames,
  type Part,
  type PartNames,
  partName,
  type Renamed,
  renamed,
  renamedValues,
} from './instrument/naming.ts';
import { type Reporting, reporting } from './instrument/reporting.ts';
import { type LabelSpec, label, type OpenLabel } from './labels.ts';
import type { Registry } from './registry.ts';
import { settle } from './settle.ts';
import { secondsSince } from './timer.ts';

// Declarations that are made of what is exported here name these.
export type { LabelNames, Part, PartNames, Renamed } from './instrument/naming.ts';
export type { Reporting } from './instrument/reporting.ts';
/** Upper bounds, in seconds, of the durations when none are given. */
export const DEFAULT_STORAGE_BUCKETS: readonly number[] = [0.1, 0.5, 1, 5, 10, 30, 60, 120, 300];

/** How an operation ends. */
export const STORAGE_STATUSES = ['success', 'failed'] as const;

/** The most providers that are told apart where they are not listed; those that come later are {@link OTHER_PROVIDER}. */
export const PROVIDERS_MAX = 20;

/** The provider of what comes when {@link PROVIDERS_MAX} are told apart. */
export const OTHER_PROVIDER = 'other';

/** How often usage is measured, where it is not said otherwise. */
export const USAGE_INTERVAL_MS = 60_000;

/** For how many intervals a usage stays that could not be measured again, where it is not said otherwise. */
export const USAGE_INTERVALS_KEPT = 5;

/** The metrics of the instrument, by what they are. */
export type StoragePart =
  | 'usage'
  | 'files'
  | 'capacity'
  | 'usageErrors'
  | 'writes'
  | 'writeDuration'
  | 'reads'
  | 'readDuration'
  | 'deletes';

/** The labels of the instrument. */
export type StorageLabel = 'provider' | 'status';

/** A closed label where providers are listed. */
type Providers<P extends string> = string extends P ? OpenLabel : readonly P[];
type EndingLabels<P extends string> = {
  readonly provider: Providers<P>;
  readonly status: typeof STORAGE_STATUSES;
};

/** The metrics of storage; those that are left out are undefined. */
export interface StorageMetrics<
  P extends string = string,
  N extends PartNames<StoragePart> = Record<never, never>,
  R extends LabelNames<StorageLabel> = Record<never, never>,
  C extends boolean = false,
> {
  /** `storage_usage_bytes`: what lies there. */
  readonly usage: Part<N, 'usage', Gauge<Renamed<{ readonly provider: OpenLabel }, R>, 'bytes'>>;
  /** `storage_file_count`: how many files lie there. */
  readonly files: Part<N, 'files', Gauge<Renamed<{ readonly provider: OpenLabel }, R>>>;
  /** `storage_capacity_bytes`, where it is asked for: what can lie there. */
  readonly capacity: C extends true
    ? Part<N, 'capacity', Gauge<Renamed<{ readonly provider: OpenLabel }, R>, 'bytes'>>
    : undefined;
  /** `storage_usage_errors_total`: how often usage could not be measured. */
  readonly usageErrors: Part<N, 'usageErrors', Counter<Record<never, never>>>;
  /** `storage_uploads_total`: files that were written to it. */
  readonly writes: Part<N, 'writes', Counter<Renamed<EndingLabels<P>, R>>>;
  /** `storage_upload_duration_seconds`, whatever the ending. */
  readonly writeDuration: Part<
    N,
    'writeDuration',
    Histogram<Renamed<{ readonly provider: Providers<P> }, R>, 'seconds'>
  >;
  /** `storage_downloads_total`: files that were read from it. */
  readonly reads: Part<N, 'reads', Counter<Renamed<EndingLabels<P>, R>>>;
  /** `storage_download_duration_seconds`, whatever the ending. */
  readonly readDuration: Part<
    N,
    'readDuration',
    Histogram<Renamed<{ readonly provider: Providers<P> }, R>, 'seconds'>
  >;
  /** `storage_deletes_total`: files that were removed from it. */
  readonly deletes: Part<N, 'deletes', Counter<Renamed<EndingLabels<P>, R>>>;
  /** What the labels are called. */
  readonly labelNames: LabelNames<StorageLabel>;
  /** The providers that are listed. */
  readonly providers: readonly P[] | undefined;
}

/** What can be chosen about the definitions. */
export interface StorageMetricsOptions<
  P extends string,
  N extends PartNames<StoragePart>,
  R extends LabelNames<StorageLabel>,
  C extends boolean,
> {
  /** Which there are, so that their series begin at 0. Default: any, up to {@link PROVIDERS_MAX}. */
  readonly providers?: readonly P[];
  /** Whole names of metrics, by part; `false` leaves one out. */
  readonly names?: N;
  /** Names of labels; `false` leaves one out. */
  readonly labels?: R;
  /** Whether there is a gauge of what can be stored. Default false: a watch is told `quotaBytes`. */
  readonly capacity?: C;
  /** Upper bounds of the durations in seconds. Default: {@link DEFAULT_STORAGE_BUCKETS}. */
  readonly buckets?: readonly number[];
  /** Default: the registry of the process. */
  readonly registry?: Registry;
}

/** The definitions, for `storageWatch`. */
export function storageMetrics<
  const P extends string = string,
  const N extends PartNames<StoragePart> = Record<never, never>,
  const R extends LabelNames<StorageLabel> = Record<never, never>,
  const C extends boolean = false,
>(options: StorageMetricsOptions<P, N, R, C> = {}): StorageMetrics<P, N, R, C> {
  const { names, labels, providers } = options;
  const registry = options.registry === undefined ? {} : { registry: options.registry };
  const named = (part: StoragePart, usual: string) => partName<PartNames<StoragePart>>(names, part, usual);
  const provider: LabelSpec[string] = providers ?? label;
  const level = (part: StoragePart, usual: string, help: string, unit: '' | 'bytes') => {
    const name = named(part, usual);
    // The provider is open, or those that were not measured yet would be said to hold nothing.
    return (
      name &&
      gauge({
        name: name as `${string}_bytes`,
        help,
        unit: unit as 'bytes',
        mode: 'mostrecent',
        labels: renamed({ provider: label }, labels),
        ...registry,
      })
    );
  };
  const endings = (part: StoragePart, usual: string, help: string) => {
    const name = named(part, usual) as `${string}_total` | undefined;
    const status = STORAGE_STATUSES;
    return name && counter({ name, help, labels: renamed({ provider, status }, labels), ...registry });
  };
  const duration = (part: StoragePart, usual: string, help: string) => {
    const name = named(part, usual) as `${string}_seconds` | undefined;
    const buckets = options.buckets ?? DEFAULT_STORAGE_BUCKETS;
    return (
      name &&
      histogram({ name, help, unit: 'seconds', labels: renamed({ provider }, labels), buckets, ...registry })
    );
  };
  const usageErrors = named('usageErrors', 'storage_usage_errors_total') as `${string}_total` | undefined;
  const metrics: { readonly [Q in StoragePart]: unknown } = {
    usage: level('usage', 'storage_usage_bytes', 'Storage used in bytes', 'bytes'),
    files: level('files', 'storage_file_count', 'Number of files in storage', ''),
    capacity:
      options.capacity === true
        ? level('capacity', 'storage_capacity_bytes', 'What storage can hold, in bytes', 'bytes')
        : undefined,
    usageErrors:
      usageErrors &&
      counter({ name: usageErrors, help: 'Failures to measure the usage of storage', ...registry }),
    writes: endings('writes', 'storage_uploads_total', 'Files written to storage'),
    writeDuration: duration('writeDuration', 'storage_upload_duration_seconds', 'Writing a file to storage'),
    reads: endings('reads', 'storage_downloads_total', 'Files read from storage'),
    readDuration: duration(
      'readDuration',
      'storage_download_duration_seconds',
      'Reading a file from storage',
    ),
    deletes: endings('deletes', 'storage_deletes_total', 'Files removed from storage'),
  };
  return { ...metrics, labelNames: labels ?? {}, providers } as unknown as StorageMetrics<P, N, R, C>;
}

/** The metrics that storage is measured with; what {@link storageMetrics} makes, whatever it is called. */
export interface StorageInstrument<P extends string = string> {
  readonly usage: Levels | undefined;
  readonly files: Levels | undefined;
  readonly capacity: Levels | undefined;
  readonly usageErrors: Bindable<BoundCounter> | undefined;
  readonly writes: Bindable<BoundCounter> | undefined;
  readonly writeDuration: Bindable<BoundHistogram<'seconds'>> | undefined;
  readonly reads: Bindable<BoundCounter> | undefined;
  readonly readDuration: Bindable<BoundHistogram<'seconds'>> | undefined;
  readonly deletes: Bindable<BoundCounter> | undefined;
  readonly labelNames: LabelNames;
  readonly providers: readonly P[] | undefined;
}

/** A gauge by provider. */
export interface Levels {
  bind(labels: never): { set(value: number): void };
  remove(labels: never): void;
}

/** Operations on storage that are counted and timed; each returns or throws what `work` does, sync or async. */
export interface MeasuredStorage<P extends string = string> {
  upload<R>(provider: P, work: () => R): R;
  download<R>(provider: P, work: () => R): R;
  delete<R>(provider: P, work: () => R): R;
}

/** Storage whose operations are measured. The metrics are `storageMetrics()` where none are given. */
export function instrumentStorage<P extends string = string>(
  options: { readonly metrics?: StorageInstrument<P> } = {},
): MeasuredStorage<P> {
  const metrics = options.metrics ?? (storageMetrics() as unknown as StorageInstrument<P>);
  // What is not listed is given to the client, which drops it and says so.
  const told = metrics.providers === undefined ? new FewValues(PROVIDERS_MAX, OTHER_PROVIDER) : undefined;
  const measured = (
    total: Bindable<BoundCounter> | undefined,
    duration: Bindable<BoundHistogram<'seconds'>> | undefined,
  ) => {
    const operation = new Operation(total, duration, metrics.labelNames);
    return <R>(provider: P, work: () => R): R => {
      const series = operation.of(told?.of(provider) ?? provider);
      const beganMs = performance.now();
      return settle(work, ({ failed }) => {
        series.duration?.observe(secondsSince(beganMs));
        (failed ? series.failed : series.success)?.inc();
      });
    };
  };
  return {
    upload: measured(metrics.writes, metrics.writeDuration),
    download: measured(metrics.reads, metrics.readDuration),
    delete: measured(metrics.deletes, undefined),
  };
}

interface OperationSeries {
  readonly success: BoundCounter | undefined;
  readonly failed: BoundCounter | undefined;
  readonly duration: BoundHistogram<'seconds'> | undefined;
}

/** One kind of operation, its series bound once for each provider. */
class Operation {
  readonly #total: Bindable<BoundCounter> | undefined;
  readonly #duration: Bindable<BoundHistogram<'seconds'>> | undefined;
  readonly #labelNames: LabelNames;
  /** As many as there are providers, and no more than {@link SERIES_KEPT_MAX}. */
  readonly #series = new Map<string, OperationSeries>();

  constructor(
    total: Bindable<BoundCounter> | undefined,
    duration: Bindable<BoundHistogram<'seconds'>> | undefined,
    labelNames: LabelNames,
  ) {
    this.#total = total;
    this.#duration = duration;
    this.#labelNames = labelNames;
  }

  of(provider: string): OperationSeries {
    let series = this.#series.get(provider);
    if (series === undefined) {
      const ending = (status: string) => bound(this.#total, { provider, status }, this.#labelNames);
      series = {
        success: ending('success'),
        failed: ending('failed'),
        duration: bound(this.#duration, { provider }, this.#labelNames),
      };
      if (this.#series.size < SERIES_KEPT_MAX) this.#series.set(provider, series);
    }
    return series;
  }
}

const SERIES_KEPT_MAX = 1_000;

/** What lies at one provider; what is left out is not known. */
export interface ProviderUsage {
  readonly bytes?: number;
  readonly files?: number;
  readonly capacityBytes?: number;
}

/** Options of {@link measureUsage}. */
export interface MeasureUsageOptions<P extends string = string> {
  /** The metrics to set. Default: `storageMetrics()`. */
  readonly metrics?: StorageInstrument<P>;
  /** Asks what lies where; providers that it leaves out are those that it does not know of now. */
  readonly usage: () =>
    | Readonly<Partial<Record<P, ProviderUsage>>>
    | PromiseLike<Readonly<Partial<Record<P, ProviderUsage>>>>;
  /** How long from one question to the next. Default: {@link USAGE_INTERVAL_MS}. */
  readonly intervalMs?: number;
  /** How long a usage stays that is not measured again. Default: {@link USAGE_INTERVALS_KEPT} intervals. */
  readonly keepMs?: number;
}

/** The measuring of usage, until it is stopped; what was measured last stays. */
export interface UsageMeasuring extends Reporting {
  /** Asks at once, or waits for the question that is under way. Never rejects: what fails is counted. */
  run(): Promise<void>;
}

/**
 * Measures usage now and from time to time, one question at a time. Keeps no process running.
 * @throws RangeError for an interval that cannot be
 */
export function measureUsage<P extends string = string>(options: MeasureUsageOptions<P>): UsageMeasuring {
  const { usage, intervalMs = USAGE_INTERVAL_MS } = options;
  const { keepMs = intervalMs * USAGE_INTERVALS_KEPT } = options;
  requireMs('measureUsage: intervalMs', intervalMs);
  requireMs('measureUsage: keepMs', keepMs);
  const metrics = options.metrics ?? (storageMetrics() as unknown as StorageInstrument<P>);
  const levels = new UsageLevels(metrics, keepMs);
  const errors = bound(metrics.usageErrors, {}, {});
  let stopped = false;
  let underWay: Promise<void> | undefined;
  const ask = async (): Promise<void> => {
    try {
      const found: unknown = await usage();
      if (stopped) return;
      if (typeof found !== 'object' || found === null) errors?.inc();
      else
        for (const [provider, held] of Object.entries(found)) if (!levels.set(provider, held)) errors?.inc();
    } catch {
      if (!stopped) errors?.inc();
    }
    if (!stopped) levels.expire();
  };
  const run = (): Promise<void> => {
    if (stopped) return Promise.resolve();
    underWay ??= ask().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
  const timer = setInterval(() => {
    // A question that is never answered keeps nothing.
    levels.expire();
    void run();
  }, intervalMs);
  timer.unref();
  void run();
  return {
    run,
    ...reporting(() => {
      stopped = true;
      clearInterval(timer);
    }),
  };
}

/** What was measured, and when. */
class UsageLevels {
  readonly #metrics: StorageInstrument;
  readonly #keepMs: number;
  readonly #measuredMs = new Map<string, number>();

  constructor(metrics: StorageInstrument, keepMs: number) {
    this.#metrics = metrics;
    this.#keepMs = keepMs;
  }

  /** False where it is no usage. */
  set(provider: string, held: unknown): boolean {
    if (typeof held !== 'object' || held === null) return false;
    if (!this.#measuredMs.has(provider) && this.#measuredMs.size >= PROVIDERS_MAX) return false;
    const { bytes, files, capacityBytes } = held as Readonly<Record<string, unknown>>;
    const given = [bytes, files, capacityBytes].filter((value) => value !== undefined);
    if (given.length === 0 || !given.every((value) => typeof value === 'number' && Number.isFinite(value)))
      return false;
    const { usage, files: count, capacity } = this.#metrics;
    this.#show(usage, provider, bytes as number | undefined);
    this.#show(count, provider, files as number | undefined);
    this.#show(capacity, provider, capacityBytes as number | undefined);
    this.#measuredMs.set(provider, performance.now());
    return true;
  }

  /** Takes away what was not measured for long. */
  expire(): void {
    const { usage, files, capacity } = this.#metrics;
    for (const [provider, measuredMs] of this.#measuredMs) {
      if (performance.now() - measuredMs <= this.#keepMs) continue;
      this.#measuredMs.delete(provider);
      for (const levels of [usage, files, capacity]) levels?.remove(this.#labels(provider));
    }
  }

  #show(levels: Levels | undefined, provider: string, value: number | undefined): void {
    // Not kept bound: a series that was taken away comes back by its labels only.
    if (value !== undefined) levels?.bind(this.#labels(provider)).set(value);
  }

  #labels(provider: string): never {
    return renamedValues({ provider }, this.#metrics.labelNames) as never;
  }
}
