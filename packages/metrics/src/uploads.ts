/**
 * Uploads: how many are accepted, refused and lost, why, and how large they are.
 *
 *     const upload = startUpload({ metrics: uploads });
 *     const reason = validateUpload({ filename, bytes }, { bytesMax: 1e8, extensions: ['.gcode'] });
 *     if (reason !== undefined) upload.refused(reason);
 *     else upload.accepted(bytes);
 *
 * Each upload ends once: what is told first counts, and what is told later does not. So the place that knows most may
 * tell it, and a `finally` behind it may call all else a failure.
 */
import { type BoundCounter, type Counter, counter } from './counter.ts';
import { type BoundGauge, type Gauge, gauge } from './gauge.ts';
import { type BoundHistogram, type Histogram, histogram } from './histogram.ts';
import {
  type Bindable,
  bound,
  type LabelNames,
  type Part,
  type PartNames,
  partName,
  type Renamed,
  renamed,
} from './instrument/naming.ts';
import type { Registry } from './registry.ts';
import { secondsSince } from './timer.ts';
import { UPLOAD_REASONS, type UploadReason } from './uploads/validation.ts';

// Declarations that are made of what is exported here name these.
export type { LabelNames, Part, PartNames, Renamed } from './instrument/naming.ts';
export { ByteCounter, type ByteLimit } from './uploads/byte-counter.ts';
export {
  contentTypeOf,
  HEAD_BYTES,
  UPLOAD_REASONS,
  type UploadedFile,
  type UploadReason,
  type UploadRules,
  validateUpload,
} from './uploads/validation.ts';

/** Upper bounds, in bytes, of the size histogram when none are given. */
export const DEFAULT_SIZE_BUCKETS: readonly number[] = [
  100_000, 500_000, 1_000_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000,
];

/** Upper bounds, in seconds, of the duration histogram when none are given. */
export const DEFAULT_UPLOAD_BUCKETS: readonly number[] = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** How an upload can end, and under which status it is counted. */
export interface UploadStatuses {
  readonly accepted: string;
  /** It was refused for its size: for one of {@link UploadMetricsOptions.sizeReasons}. */
  readonly tooLarge: string;
  /** It was refused for another reason. */
  readonly refused: string;
  /** We, or the way, have failed. */
  readonly failed: string;
}

/** The statuses when none are given. */
export const UPLOAD_STATUSES = {
  accepted: 'success',
  tooLarge: 'failed_size',
  refused: 'failed_validation',
  failed: 'failed_error',
} as const satisfies UploadStatuses;

/** The metrics of the instrument, by what they are. */
export type UploadPart = 'size' | 'duration' | 'inProgress' | 'refused';

/** The labels of the instrument. */
export type UploadLabel = 'status' | 'reason';

/** The metrics of uploads; those that are left out are undefined. */
export interface UploadMetrics<
  S extends UploadStatuses = typeof UPLOAD_STATUSES,
  Reason extends string = UploadReason,
  N extends PartNames<UploadPart> = Record<never, never>,
  R extends LabelNames<UploadLabel> = Record<never, never>,
> {
  /** `uploads_total`: all that have ended. */
  readonly total: Counter<Renamed<{ readonly status: readonly S[keyof UploadStatuses][] }, R>>;
  /** `upload_file_size_bytes`: those that were accepted. */
  readonly size: Part<N, 'size', Histogram<Record<never, never>, 'bytes'>>;
  /** `upload_duration_seconds`: those that were accepted or have failed. */
  readonly duration: Part<N, 'duration', Histogram<Record<never, never>, 'seconds'>>;
  /** `uploads_in_progress`: those that have begun and not ended. */
  readonly inProgress: Part<N, 'inProgress', Gauge<Record<never, never>>>;
  /** `upload_validation_failures_total`: those that were refused. */
  readonly refused: Part<N, 'refused', Counter<Renamed<{ readonly reason: readonly Reason[] }, R>>>;
  /** Under which status each ending is counted. */
  readonly statuses: S;
  /** Reasons that are about the size. */
  readonly sizeReasons: readonly Reason[];
  /** What the labels are called. */
  readonly labelNames: LabelNames<UploadLabel>;
}

/** What can be chosen about the definitions. */
export interface UploadMetricsOptions<
  S extends UploadStatuses,
  Reason extends string,
  N extends PartNames<UploadPart | 'total'>,
  R extends LabelNames<UploadLabel>,
> {
  /** Whole names of metrics, by part; `false` leaves one out, but for `total`. */
  readonly names?: N & { readonly total?: string };
  /** Names of labels; `false` leaves one out. */
  readonly labels?: R;
  /** Default: {@link UPLOAD_STATUSES}. Two endings may have the same status. */
  readonly statuses?: S;
  /** Why uploads are refused. Default: {@link UPLOAD_REASONS}. */
  readonly reasons?: readonly Reason[];
  /** Those of them that are about the size. Default: `file_too_large`. */
  readonly sizeReasons?: readonly NoInfer<Reason>[];
  /** Upper bounds of the size histogram in bytes. Default: {@link DEFAULT_SIZE_BUCKETS}. */
  readonly sizeBuckets?: readonly number[];
  /** Upper bounds of the duration histogram in seconds. Default: {@link DEFAULT_UPLOAD_BUCKETS}. */
  readonly durationBuckets?: readonly number[];
  /** Default: the registry of the process. */
  readonly registry?: Registry;
}

/** The definitions, for `uploadsWatch`. */
export function uploadMetrics<
  const S extends UploadStatuses = typeof UPLOAD_STATUSES,
  const Reason extends string = UploadReason,
  const N extends PartNames<UploadPart | 'total'> = Record<never, never>,
  const R extends LabelNames<UploadLabel> = Record<never, never>,
>(options: UploadMetricsOptions<S, Reason, N, R> = {}): UploadMetrics<S, Reason, N, R> {
  const { names, labels } = options;
  const registry = options.registry === undefined ? {} : { registry: options.registry };
  const named = (part: UploadPart | 'total', usual: string) =>
    partName<PartNames<UploadPart | 'total'>>(names, part, usual);
  const statuses: UploadStatuses = options.statuses ?? UPLOAD_STATUSES;
  const reasons: readonly string[] = options.reasons ?? UPLOAD_REASONS;
  const { accepted, tooLarge, refused: refusedStatus, failed } = statuses;
  const size = named('size', 'upload_file_size_bytes');
  const duration = named('duration', 'upload_duration_seconds');
  const inProgress = named('inProgress', 'uploads_in_progress');
  const refused = named('refused', 'upload_validation_failures_total');
  const metrics = {
    total: counter({
      name: (named('total', 'uploads_total') ?? 'uploads_total') as `${string}_total`,
      help: 'Total file uploads',
      labels: renamed({ status: [...new Set([accepted, tooLarge, refusedStatus, failed])] }, labels),
      ...registry,
    }),
    size:
      size &&
      histogram({
        name: size as `${string}_bytes`,
        help: 'Size of uploaded files in bytes',
        unit: 'bytes',
        buckets: options.sizeBuckets ?? DEFAULT_SIZE_BUCKETS,
        ...registry,
      }),
    duration:
      duration &&
      histogram({
        name: duration as `${string}_seconds`,
        help: 'Time that uploads took that were not refused',
        unit: 'seconds',
        buckets: options.durationBuckets ?? DEFAULT_UPLOAD_BUCKETS,
        ...registry,
      }),
    inProgress: inProgress && gauge({ name: inProgress, help: 'Uploads under way', ...registry }),
    refused:
      refused &&
      counter({
        name: refused as `${string}_total`,
        help: 'Upload validation failures by reason',
        labels: renamed({ reason: reasons }, labels),
        ...registry,
      }),
    statuses,
    sizeReasons: options.sizeReasons ?? reasons.filter((reason) => reason === 'file_too_large'),
    labelNames: labels ?? {},
  };
  return metrics as unknown as UploadMetrics<S, Reason, N, R>;
}

/** The metrics that uploads are counted with; what {@link uploadMetrics} makes, whatever it is called. */
export interface UploadInstrument<Reason extends string = string> {
  readonly total: Bindable<BoundCounter>;
  readonly size: Bindable<BoundHistogram<'bytes'>> | undefined;
  readonly duration: Bindable<BoundHistogram<'seconds'>> | undefined;
  readonly inProgress: Bindable<BoundGauge> | undefined;
  readonly refused: Bindable<BoundCounter> | undefined;
  readonly statuses: UploadStatuses;
  readonly sizeReasons: readonly Reason[];
  readonly labelNames: LabelNames;
}

/** An upload that is under way, until one of its endings is told. */
export interface Upload<Reason extends string = UploadReason> {
  /** It is here, and `bytes` large. */
  accepted(bytes: number): void;
  /** It was refused. */
  refused(reason: Reason): void;
  /** It was lost: we have failed, or the client went away. */
  failed(error?: unknown): void;
  /** Whether an ending was told. */
  readonly ended: boolean;
  /** At the end of the block of `using`: it has failed, unless something else was told. */
  [Symbol.dispose](): void;
}

/** Begins an upload. The metrics are `uploadMetrics()` where none are given. */
export function startUpload<Reason extends string = UploadReason>(
  options: { readonly metrics?: UploadInstrument<Reason> } = {},
): Upload<Reason> {
  const metrics = options.metrics ?? (uploadMetrics() as unknown as UploadInstrument<Reason>);
  let series = seriesOf.get(metrics);
  if (series === undefined) {
    series = new UploadSeries(metrics);
    seriesOf.set(metrics, series);
  }
  return new StartedUpload<Reason>(series);
}

const seriesOf = new WeakMap<object, UploadSeries>();

/** The series of some metrics, bound once. */
class UploadSeries {
  readonly #metrics: UploadInstrument;
  readonly #statuses = new Map<string, BoundCounter | undefined>();
  readonly #reasons = new Map<string, BoundCounter | undefined>();
  readonly size: BoundHistogram<'bytes'> | undefined;
  readonly duration: BoundHistogram<'seconds'> | undefined;
  readonly inProgress: BoundGauge | undefined;

  constructor(metrics: UploadInstrument) {
    this.#metrics = metrics;
    this.size = bound(metrics.size, {}, {});
    this.duration = bound(metrics.duration, {}, {});
    this.inProgress = bound(metrics.inProgress, {}, {});
    const { total, labelNames } = metrics;
    for (const status of Object.values(metrics.statuses) as string[])
      this.#statuses.set(status, bound(total, { status }, labelNames));
  }

  ended(ending: keyof UploadStatuses): void {
    this.#statuses.get(this.#metrics.statuses[ending])?.inc();
  }

  refused(reason: string): void {
    const { refused, labelNames, sizeReasons } = this.#metrics;
    this.ended((sizeReasons as readonly string[]).includes(reason) ? 'tooLarge' : 'refused');
    let series = this.#reasons.get(reason);
    if (series === undefined) {
      series = bound(refused, { reason }, labelNames);
      if (this.#reasons.size < REASONS_MAX) this.#reasons.set(reason, series);
    }
    series?.inc();
  }
}

/** The most reasons whose series are kept; a program that is not checked by a compiler could pass any. */
export const REASONS_MAX = 100;

class StartedUpload<Reason extends string> implements Upload<Reason> {
  readonly #series: UploadSeries;
  readonly #beganMs = performance.now();
  ended = false;

  constructor(series: UploadSeries) {
    this.#series = series;
    series.inProgress?.inc();
  }

  accepted(bytes: number): void {
    if (!this.#end()) return;
    this.#series.ended('accepted');
    this.#series.size?.observe(bytes);
    this.#series.duration?.observe(secondsSince(this.#beganMs));
  }

  refused(reason: Reason): void {
    if (this.#end()) this.#series.refused(reason);
  }

  failed(): void {
    if (!this.#end()) return;
    this.#series.ended('failed');
    this.#series.duration?.observe(secondsSince(this.#beganMs));
  }

  [Symbol.dispose](): void {
    this.failed();
  }

  #end(): boolean {
    if (this.ended) return false;
    this.ended = true;
    this.#series.inProgress?.dec();
    return true;
  }
}
