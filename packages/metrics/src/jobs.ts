/**
 * Jobs that a program does itself: how many end and how, how long they take, how many are under way, what goes wrong.
 *
 *     const downloads = jobTracker({ name: 'download', help: 'Downloads', endLabels: { provider: label } });
 *     await downloads.run(async (job) => {
 *       job.set({ provider: 's3' });
 *     });
 *
 *     downloads_total{status="success",provider="s3"} 1     status: success, failed or aborted
 *     download_duration_seconds                             whatever the status
 *     downloads_in_progress
 *     download_errors_total{error_code,error_type}
 *
 * An `operation` (`operation.ts`) with what jobs need beside it: errors by code and type, labels that are known only at
 * the end, and names, labels and statuses as a service has always had them. Labels that are known at the start are
 * labels of the total, the duration and the gauge; those of the end are the total's alone.
 *
 * A job ends once: when what it runs returns, throws, or its promise settles, or before that by `succeed` or `fail`.
 * One that ends with an `AbortError` was taken back by whoever asked for it, and is no error.
 *
 * Codes and types of errors have no bound by themselves. A code is taken where it looks like one, and of codes and of
 * types only so many as {@link ERROR_CODES_MAX} and {@link ERROR_TYPES_MAX} say.
 */
import { type BoundCounter, type Counter, counter } from './counter.ts';
import { type BoundGauge, type Gauge, gauge } from './gauge.ts';
import { type BoundHistogram, type Histogram, histogram } from './histogram.ts';
import { FewValues } from './instrument/few-values.ts';
import {
  type Bindable,
  type LabelNames,
  type Part,
  type PartNames,
  partName,
  type Renamed,
  renamed,
} from './instrument/naming.ts';
import {
  type ClosedLabel,
  closed,
  type LabelledArguments,
  type LabelSpec,
  type LabelValues,
  label,
  type OpenLabel,
} from './labels.ts';
import type { Registry } from './registry.ts';
import { settle } from './settle.ts';
import { secondsSince } from './timer.ts';

// Declarations that are made of what is exported here name these.
export type { LabelNames, Part, PartNames, Renamed } from './instrument/naming.ts';
/** The code of errors that have none. */
export const UNKNOWN_ERROR = 'UNKNOWN_ERROR';

/** The code and the type of errors whose own come after too many others. */
export const OTHER_ERROR = 'OTHER_ERROR';

/** Different codes of errors that one tracker tells apart. */
export const ERROR_CODES_MAX = 50;

/** Different types of errors that one tracker tells apart. */
export const ERROR_TYPES_MAX = 50;

/** The longest code or type of an error, in UTF-16 units. */
export const ERROR_NAME_CHARACTERS_MAX = 64;

/** The value of a label of the end that was not given. */
export const NOT_GIVEN = 'unknown';

/** The parts of a tracker. `created`, `completed`, `failed` and `lastSuccess` are there where they have a name. */
export type JobPart =
  | 'total'
  | 'created'
  | 'completed'
  | 'failed'
  | 'duration'
  | 'active'
  | 'errors'
  | 'lastSuccess';

/** The labels of a tracker beside those of its definition. */
export type JobLabel = 'status' | 'error_code' | 'error_type';

/** How jobs can end. */
export type JobEnding = 'success' | 'failed' | 'timeout' | 'aborted';

/** How endings are called in the label `status`. */
export interface JobStatuses {
  /** Default `success`. */
  readonly success?: string;
  /** Default `failed`. */
  readonly failed?: string;
  /** Default `aborted`; `false`: they count as failed. */
  readonly aborted?: string | false;
  /** Of jobs that end with a `TimeoutError`. Default `false`: they count as failed. */
  readonly timeout?: string | false;
}

type OptionalPart<N extends PartNames, P extends string, M> = N extends { readonly [K in P]: string }
  ? M
  : undefined;

/** Labels of the end, whose values may be missing. */
type Late<E extends LabelSpec> = {
  readonly [K in keyof E]: E[K] extends readonly (infer V extends string)[] ? ClosedLabel<V> : E[K];
};

/** How one ending is called: as it is said, or as usual where nothing is; `false` is another ending's. */
type StatusOf<S extends JobStatuses, Ending extends JobEnding, Usual extends string> = Ending extends keyof S
  ? Exclude<S[Ending], false | undefined> | (undefined extends S[Ending] ? Usual : never)
  : Usual;

type Status<S extends JobStatuses> =
  | StatusOf<S, 'success', 'success'>
  | StatusOf<S, 'failed', 'failed'>
  | StatusOf<S, 'aborted', 'aborted'>
  | StatusOf<S, 'timeout', never>;

type EndingLabels<
  L extends LabelSpec,
  E extends LabelSpec,
  R extends LabelNames<JobLabel>,
  S extends JobStatuses,
> = Renamed<{ readonly status: readonly Status<S>[] }, R> & L & Late<E>;

/** What {@link jobTracker} is given. */
export interface JobDefinition<
  Name extends string,
  L extends LabelSpec,
  E extends LabelSpec,
  N extends PartNames<JobPart>,
  R extends LabelNames<JobLabel>,
  S extends JobStatuses = JobStatuses,
> {
  /** What is done, in the singular: `download`. */
  readonly name: Name;
  /** Default: the name and `s`. */
  readonly plural?: string;
  /** What it is, for whoever reads it at night: `Downloads of videos`. */
  readonly help: string;
  /** Labels that are known at the start. */
  readonly labels?: L;
  /** Labels that are known at the end only, given by `set`; {@link NOT_GIVEN} where they are not. */
  readonly endLabels?: E;
  /** Whole names of metrics, by part; `false` leaves one out. */
  readonly names?: N;
  /** Names of the labels that tell how a job ended; `false` leaves one out. */
  readonly labelNames?: R;
  readonly statuses?: S;
  /**
   * How a job has ended that has thrown this. Default: `aborted` for an `AbortError`, `timeout` for a `TimeoutError`,
   * by their names, else `failed`.
   */
  readonly endingOf?: (error: unknown) => Exclude<JobEnding, 'success'>;
  /**
   * The code of an error, from a list that you know; undefined for {@link UNKNOWN_ERROR}. Default: its own `code`
   * where that is a string of capitals, digits and `_`.
   */
  readonly errorCode?: (error: unknown) => string | undefined;
  /** Upper bounds of the duration, in seconds. */
  readonly buckets?: readonly number[];
  /** Default: the registry of the process. */
  readonly registry?: Registry;
}

/** A job that is under way. */
export interface RunningJob<E extends LabelSpec> {
  /** Gives labels of the end; later ones replace earlier ones. */
  set(labels: Partial<LabelValues<E>>): void;
  /** Ends it well, unless it has ended. */
  succeed(): void;
  /** Ends it with an error, unless it has ended. */
  fail(error: unknown): void;
}

/** A kind of jobs that is tracked. Parts that are left out are undefined. Made by {@link jobTracker}. */
export interface JobTracker<
  L extends LabelSpec,
  E extends LabelSpec,
  N extends PartNames<JobPart>,
  R extends LabelNames<JobLabel>,
  S extends JobStatuses = JobStatuses,
> {
  /** Jobs that have ended, by how. */
  readonly total: Part<N, 'total', Counter<EndingLabels<L, E, R, S>>>;
  /** Jobs that were asked for. */
  readonly created: OptionalPart<N, 'created', Counter<L>>;
  /** Jobs that have ended well. */
  readonly completed: OptionalPart<N, 'completed', Counter<L & Late<E>>>;
  /** Jobs that have ended in another way. */
  readonly failed: OptionalPart<N, 'failed', Counter<L & Late<E>>>;
  /** How long jobs took. */
  readonly duration: Part<N, 'duration', Histogram<L, 'seconds'>>;
  /** Jobs that are under way. */
  readonly active: Part<N, 'active', Gauge<L>>;
  /** Errors with which jobs failed. */
  readonly errors: Part<
    N,
    'errors',
    Counter<Renamed<{ readonly error_code: OpenLabel; readonly error_type: OpenLabel }, R>>
  >;
  /** When a job last ended well, in Unix seconds. */
  readonly lastSuccess: OptionalPart<N, 'lastSuccess', Gauge<L, 'seconds'>>;
  /**
   * Does a job and tracks it, sync or async; returns or throws what `run` does: `run(work)`, or
   * `run({ source: 'maps' }, work)` where there are labels of the start.
   */
  run<T>(...args: LabelledArguments<L, [run: (job: RunningJob<E>) => T]>): T;
  /** Begins a job that is no function, and is ended by `succeed` or `fail`. */
  begin(...args: LabelledArguments<L, []>): RunningJob<E>;
}

/**
 * Defines a kind of jobs and its metrics, for `jobsWatch`. Nothing happens but the definition.
 * @throws TypeError when the name, the labels or an earlier definition do not allow it
 */
export function jobTracker<
  const Name extends string,
  const L extends LabelSpec = Record<never, never>,
  const E extends LabelSpec = Record<never, never>,
  const N extends PartNames<JobPart> = Record<never, never>,
  const R extends LabelNames<JobLabel> = Record<never, never>,
  const S extends JobStatuses = Record<never, never>,
>(definition: JobDefinition<Name, L, E, N, R, S>): JobTracker<L, E, N, R, S> {
  const { name, help } = definition;
  const plural = definition.plural ?? `${name}s`;
  const labels: LabelSpec = definition.labels ?? {};
  const endLabels = late(definition.endLabels ?? {});
  for (const own of Object.keys(endLabels))
    if (Object.hasOwn(labels, own))
      throw new TypeError(`jobTracker ${name}: label ${own} is known at the start or at the end, not both`);
  const statuses = statusesOf(definition.statuses);
  const called = (part: JobPart, usual: string | false): string | undefined => {
    const chosen: PartNames<JobPart> = { [part]: usual, ...definition.names };
    return partName(chosen, part, '');
  };
  const registry = definition.registry && { registry: definition.registry };
  const counts = (part: JobPart, usual: string | false, what: string, of: LabelSpec) => {
    const name = called(part, usual) as `${string}_total` | undefined;
    return name === undefined
      ? undefined
      : counter({ name, help: `${help}: ${what}`, labels: of, ...registry });
  };
  const status = renamed({ status: [...new Set(Object.values(statuses))] }, definition.labelNames);
  const duration = called('duration', `${name}_duration_seconds`) as `${string}_seconds` | undefined;
  const active = called('active', `${plural}_in_progress`);
  const lastSuccess = called('lastSuccess', false) as `${string}_seconds` | undefined;
  const metrics: JobMetrics = {
    total: counts('total', `${plural}_total`, 'how many ended, by status', {
      ...labels,
      ...status,
      ...endLabels,
    }),
    created: counts('created', false, 'how many were asked for', labels),
    completed: counts('completed', false, 'how many ended well', { ...labels, ...endLabels }),
    failed: counts('failed', false, 'how many failed', { ...labels, ...endLabels }),
    errors: counts(
      'errors',
      `${name}_errors_total`,
      'errors',
      renamed({ error_code: label, error_type: label }, definition.labelNames),
    ),
    duration:
      duration === undefined
        ? undefined
        : histogram({
            name: duration,
            unit: 'seconds',
            help: `${help}: how long it took`,
            labels,
            ...(definition.buckets && { buckets: definition.buckets }),
            ...registry,
          }),
    active:
      active === undefined
        ? undefined
        : gauge({ name: active, help: `${help}: how many are under way`, labels, ...registry }),
    lastSuccess:
      lastSuccess === undefined
        ? undefined
        : gauge({
            name: lastSuccess,
            unit: 'seconds',
            help: `${help}: when one last ended well`,
            mode: 'mostrecent',
            labels,
            ...registry,
          }),
  };
  const kind = new JobKind(metrics, definition, statuses, Object.keys(endLabels));
  const isLabelled = Object.keys(labels).length > 0;
  const begin = (given: unknown): Job => new Job(kind, isLabelled ? (given as Given) : {});
  const run = (first: unknown, second: unknown): unknown => {
    const work = (isLabelled ? second : first) as (job: Job) => unknown;
    const job = begin(first);
    return settle(
      () => work(job),
      (ending) => (ending.failed ? job.fail(ending.error) : job.succeed()),
    );
  };
  return { ...metrics, run, begin } as unknown as JobTracker<L, E, N, R, S>;
}

type Given = Readonly<Record<string, string>>;

interface JobMetrics {
  readonly total: Bindable<BoundCounter> | undefined;
  readonly created: Bindable<BoundCounter> | undefined;
  readonly completed: Bindable<BoundCounter> | undefined;
  readonly failed: Bindable<BoundCounter> | undefined;
  readonly errors: Bindable<BoundCounter> | undefined;
  readonly duration: Bindable<BoundHistogram> | undefined;
  readonly active: Bindable<BoundGauge> | undefined;
  readonly lastSuccess: Bindable<BoundGauge> | undefined;
}

type Statuses = Readonly<Record<JobEnding, string>>;

function statusesOf({
  success = 'success',
  failed = 'failed',
  aborted = 'aborted',
  timeout = false,
}: JobStatuses = {}): Statuses {
  return {
    success,
    failed,
    aborted: aborted === false ? failed : aborted,
    timeout: timeout === false ? failed : timeout,
  };
}

/** Labels of the end: one that is not given must have a value. */
function late(labels: LabelSpec): LabelSpec {
  const out: Record<string, LabelSpec[string]> = {};
  for (const [name, values] of Object.entries(labels))
    out[name] = Array.isArray(values) ? closed(values, { otherwise: NOT_GIVEN }) : values;
  return out;
}

type HowJobsEnd = Pick<
  JobDefinition<string, LabelSpec, LabelSpec, PartNames, LabelNames<JobLabel>>,
  'endingOf' | 'errorCode' | 'labelNames'
>;

/** What the jobs of a tracker have in common. */
class JobKind {
  readonly metrics: JobMetrics;
  readonly statuses: Statuses;
  readonly #definition: HowJobsEnd;
  readonly #endLabels: Given;
  readonly #statusName: string | false;
  readonly #codes = new FewValues(ERROR_CODES_MAX, OTHER_ERROR);
  readonly #types = new FewValues(ERROR_TYPES_MAX, OTHER_ERROR);

  constructor(metrics: JobMetrics, definition: HowJobsEnd, statuses: Statuses, endLabels: readonly string[]) {
    this.metrics = metrics;
    this.statuses = statuses;
    this.#definition = definition;
    this.#endLabels = Object.fromEntries(endLabels.map((name) => [name, NOT_GIVEN]));
    this.#statusName = definition.labelNames?.status ?? 'status';
  }

  /** Counts how a job has ended. */
  ended(ending: JobEnding, labels: Given, late: Given | undefined): void {
    const { total, completed, failed } = this.metrics;
    const all = { ...labels, ...this.#endLabels, ...late };
    const status = this.statuses[ending];
    if (total !== undefined)
      total.bind((this.#statusName === false ? all : { ...all, [this.#statusName]: status }) as never).inc();
    if (ending === 'success') completed?.bind(all as never).inc();
    // Who has no status of its own for what was taken back counts it as failed, and so it is here.
    else if (status !== this.statuses.aborted || status === this.statuses.failed)
      failed?.bind(all as never).inc();
  }

  /** How a job has ended that has thrown this; counts it where it is an error. */
  failure(error: unknown): Exclude<JobEnding, 'success'> {
    const ending = guarded(() => (this.#definition.endingOf ?? endingOf)(error), 'failed');
    const isError = ending !== 'aborted' || this.statuses.aborted === this.statuses.failed;
    const { errors } = this.metrics;
    if (isError && errors !== undefined) {
      const { error_code = 'error_code', error_type = 'error_type' } = this.#definition.labelNames ?? {};
      const code = guarded(() => (this.#definition.errorCode ?? codeOf)(error), undefined);
      errors
        .bind({
          ...(error_code !== false && { [error_code]: this.#codes.of(named(code)) }),
          ...(error_type !== false && {
            [error_type]: this.#types.of(guarded(() => typeOf(error), 'Error')),
          }),
        } as never)
        .inc();
    }
    return ending;
  }
}

class Job implements RunningJob<LabelSpec> {
  readonly #kind: JobKind;
  readonly #labels: Given;
  readonly #active: BoundGauge | undefined;
  readonly #beganMs = performance.now();
  #late: Record<string, string> | undefined;
  #hasEnded = false;

  constructor(kind: JobKind, labels: Given) {
    this.#kind = kind;
    this.#labels = labels;
    this.#active = kind.metrics.active?.bind(labels as never);
    this.#active?.inc();
  }

  set(labels: Readonly<Record<string, string | undefined>>): void {
    for (const [name, value] of Object.entries(labels ?? {})) {
      if (value === undefined) continue;
      this.#late ??= {};
      this.#late[name] = value;
    }
  }

  succeed(): void {
    if (this.#hasEnded) return;
    this.#end('success');
    const { lastSuccess } = this.#kind.metrics;
    lastSuccess?.bind(this.#labels as never).set(Date.now() / 1000);
  }

  fail(error: unknown): void {
    if (!this.#hasEnded) this.#end(this.#kind.failure(error));
  }

  #end(ending: JobEnding): void {
    this.#hasEnded = true;
    this.#active?.dec();
    this.#kind.metrics.duration?.bind(this.#labels as never).observe(secondsSince(this.#beganMs));
    this.#kind.ended(ending, this.#labels, this.#late);
  }
}

/** What a function gives that is somebody else's; what it gives instead when it throws. */
function guarded<T>(work: () => T, otherwise: T): T {
  try {
    return work();
  } catch {
    return otherwise;
  }
}

function endingOf(error: unknown): Exclude<JobEnding, 'success'> {
  const name = typeof error === 'object' && error !== null && 'name' in error ? error.name : undefined;
  return name === 'AbortError' ? 'aborted' : name === 'TimeoutError' ? 'timeout' : 'failed';
}

const CODE = /^[A-Z][A-Z0-9_]+$/;

function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && CODE.test(code) ? code : undefined;
}

function named(code: unknown): string {
  return typeof code === 'string' && code !== '' && code.length <= ERROR_NAME_CHARACTERS_MAX
    ? code
    : UNKNOWN_ERROR;
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** The class of an error; its name where the class says nothing; what it is where it is no object. */
function typeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return error === null ? 'null' : typeof error;
  const { name, constructor: made } = error as { readonly name?: unknown; readonly constructor?: unknown };
  const own = typeof made === 'function' ? made.name : '';
  const type = ['', 'Error', 'Object', 'DOMException'].includes(own) && typeof name === 'string' ? name : own;
  return IDENTIFIER.test(type) && type.length <= ERROR_NAME_CHARACTERS_MAX ? type : 'Error';
}
