/**
 * Health checks of what a service depends on, as metrics and for a route of its own.
 *
 *     const health = healthChecks({
 *       checks: {
 *         database: async (signal) => pool.query({ text: 'SELECT 1', signal }),
 *         redis: async () => (await redis.ping()) === 'PONG',
 *       },
 *     });
 *     app.get('/health', () => health.status());
 *
 *     dependency_up{dependency="database"} 1
 *     dependency_check_duration_seconds{dependency="database"}
 *
 * A dependency is well when its check resolves with anything but `false` within its time. It is down when the check
 * rejects, throws, says `false`, or takes longer: then its signal is aborted. A check that does not heed the signal
 * hangs on; it is started again all the same, until {@link HANGING_MAX} of its runs hang, and what these say later
 * counts for nothing.
 *
 * A dependency has no series before its first check has ended, because neither 0 nor 1 would be true. Where several
 * processes of a service check, the worst of those that run is shown, unless another mode is chosen.
 */
import { type Gauge, gauge } from './gauge.ts';
import { type Histogram, histogram } from './histogram.ts';
import { requireMs } from './instrument/interval.ts';
import {
  type LabelNames,
  type Naming,
  type PartNames,
  partName,
  type Renamed,
  renamed,
  renamedValues,
} from './instrument/naming.ts';
import { type Reporting, reporting } from './instrument/reporting.ts';
import { type SparseLabel, sparse } from './labels.ts';
import type { Registry } from './registry.ts';
import type { GaugeMode } from './store/store.ts';

// Declarations that are made of what is exported here name these.
export type { LabelNames, Part, PartNames, Renamed } from './instrument/naming.ts';
export type { Reporting } from './instrument/reporting.ts';
/** How often checks run when nothing is said. */
export const CHECK_INTERVAL_MS = 15_000;

/** How long a check may take when nothing is said. */
export const CHECK_TIMEOUT_MS = 5_000;

/** So many runs of one check may hang, and it is not started again until one of them has ended. */
export const HANGING_MAX = 3;

/** The longest message of a failed check in {@link CheckStatus}; what is longer is cut. */
export const CHECK_ERROR_CHARACTERS_MAX = 500;

/** Upper bounds, in seconds, of the durations of checks when none are given. */
export const DEFAULT_CHECK_BUCKETS: readonly number[] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10];

/** The label of the instrument. */
export type HealthLabel = 'dependency';

/** The parts of the instrument: its metrics, by what they mean. */
export type HealthPart = 'up' | 'duration';

/** The key under which the metrics have what checks set; copies of this package share it. */
const CHECKED: unique symbol = Symbol.for('@binnacle/metrics/health/checked/v1');

interface Labelled {
  readonly [label: string]: string;
}

interface CheckedParts {
  readonly up: { set(labels: Labelled, value: number): void; remove(labels: Labelled): void } | undefined;
  readonly duration: { observe(labels: Labelled, seconds: number): void } | undefined;
  readonly mode: GaugeMode;
  readonly labels: LabelNames;
  readonly dependencies: readonly string[];
}

/** What `healthMetrics` returns, whatever its parts and its label are called. */
export interface AnyHealthMetrics {
  readonly [CHECKED]: CheckedParts;
}

interface Parts<D extends string, R extends LabelNames<HealthLabel>> {
  /** `dependency_up`: 1 or 0. */
  readonly up: Gauge<Renamed<{ readonly dependency: SparseLabel<D> }, R>>;
  /** `dependency_check_duration_seconds`. */
  readonly duration: Histogram<Renamed<{ readonly dependency: SparseLabel<D> }, R>>;
}

/** The metrics of the instrument, as far as they are not left out. */
export type HealthMetrics<
  D extends string = string,
  N extends PartNames<HealthPart> = Record<never, never>,
  R extends LabelNames<HealthLabel> = Record<never, never>,
> = {
  readonly [P in HealthPart as N extends { readonly [K in P]: false } ? never : P]: Parts<D, R>[P];
} & AnyHealthMetrics;

/** What can be chosen about the definitions. */
export interface HealthMetricsOptions<
  D extends string,
  N extends PartNames<HealthPart> = PartNames<HealthPart>,
  R extends LabelNames<HealthLabel> = LabelNames<HealthLabel>,
> extends Naming<N, R> {
  /** The names of what is checked: all values that the label has. */
  readonly dependencies: readonly D[];
  /**
   * How the processes of a service become one. Default `live min`: down for one of those that run is down. With
   * `mostrecent` it is what was found last, by a process that may have gone.
   */
  readonly mode?: GaugeMode;
  /** Upper bounds of the durations in seconds. Default: {@link DEFAULT_CHECK_BUCKETS}. */
  readonly buckets?: readonly number[];
  /** Default: the registry of the process. */
  readonly registry?: Registry;
}

/**
 * The definitions of whether dependencies are well, and of how long finding out took.
 * @throws TypeError where several dependencies are to have no label
 */
export function healthMetrics<
  const D extends string,
  const N extends PartNames<HealthPart> = Record<never, never>,
  const R extends LabelNames<HealthLabel> = Record<never, never>,
>(options: HealthMetricsOptions<D, N, R>): HealthMetrics<D, N, R> {
  const { dependencies, mode = 'live min', buckets = DEFAULT_CHECK_BUCKETS, names, labels } = options;
  const upName = partName(names, 'up', 'dependency_up');
  const durationName = partName(names, 'duration', 'dependency_check_duration_seconds');
  if (labels?.dependency === false && dependencies.length > 1)
    throw new TypeError('healthMetrics: several dependencies need the label that tells them apart');
  const where = {
    labels: renamed({ dependency: sparse<string>(dependencies) }, labels),
    ...(options.registry && { registry: options.registry }),
  };
  const parts = {
    ...(upName !== undefined && {
      up: gauge({
        name: upName,
        help: 'Whether a dependency is well: 1, or 0 where it is not',
        mode,
        ...where,
      }),
    }),
    ...(durationName !== undefined && {
      duration: histogram({
        name: durationName as `${string}_seconds`,
        unit: 'seconds',
        help: 'How long health checks took',
        buckets,
        ...where,
      }),
    }),
  };
  const checked = { up: undefined, duration: undefined, ...parts, mode, labels: labels ?? {}, dependencies };
  return { ...parts, [CHECKED]: checked } as unknown as HealthMetrics<D, N, R>;
}

/** Finds out whether a dependency is well: rejects, or says `false`, where it is not. */
export type Check = (signal: AbortSignal) => unknown;

/** A check with a time of its own. */
export interface TimedCheck {
  readonly check: Check;
  /** How long it may take. Default: that of all. */
  readonly timeoutMs?: number;
}

/** What was found last. */
export interface CheckStatus {
  /** Undefined before the first check has ended. */
  readonly up: boolean | undefined;
  /** Why it is not well. It may name hosts and users: think before you show it to strangers. */
  readonly error: string | undefined;
  /** When that was found, in Unix milliseconds. */
  readonly checkedAtMs: number | undefined;
  /** How long it took. */
  readonly durationMs: number | undefined;
  /** How many runs have not ended though their time is over. */
  readonly hanging: number;
}

/** Options of {@link healthChecks}. */
export interface HealthCheckOptions<D extends string> {
  /** By the name of the dependency, which is the value of the label. */
  readonly checks: Readonly<Record<D, Check | TimedCheck>>;
  /** From one run to the next. Default: {@link CHECK_INTERVAL_MS}. */
  readonly intervalMs?: number;
  /** How long each may take. Default: {@link CHECK_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
  /** The metrics to set. Default: `healthMetrics({ dependencies })` with the names of the checks. */
  readonly metrics?: AnyHealthMetrics;
}

/** Checks that run. */
export interface HealthChecks<D extends string> extends Reporting {
  /** What was found last of each. */
  status(): Readonly<Record<D, CheckStatus>>;
  /** Runs all checks now, those under way not once more, and tells what was found. Never rejects. */
  run(): Promise<Readonly<Record<D, CheckStatus>>>;
  /** Ends the checking and aborts what is under way. What this process said of its dependencies is taken back. */
  stop(): void;
}

/**
 * Runs checks from now on until they are stopped; the first time at once. Keeps no process running.
 * @throws TypeError where the metrics do not know the name of a check
 * @throws RangeError for a time that cannot be
 */
export function healthChecks<const D extends string>(options: HealthCheckOptions<D>): HealthChecks<D> {
  const { checks, intervalMs = CHECK_INTERVAL_MS, timeoutMs = CHECK_TIMEOUT_MS } = options;
  const names = Object.keys(checks) as D[];
  if (names.length === 0) throw new TypeError('healthChecks: there are no checks');
  const parts = (options.metrics ?? healthMetrics({ dependencies: names }))[CHECKED];
  requireMs('healthChecks: intervalMs', intervalMs);
  const runners = new Map<D, CheckRunner>();
  for (const name of names) {
    if (!parts.dependencies.includes(name))
      throw new TypeError(
        `healthChecks: the metrics have no dependency ${name}, only ${parts.dependencies.join(', ')}`,
      );
    const given: Check | TimedCheck = checks[name];
    const { check, timeoutMs: own = timeoutMs } = typeof given === 'function' ? { check: given } : given;
    requireMs(`healthChecks: timeoutMs of ${name}`, own);
    runners.set(name, new CheckRunner(check, own, name, parts));
  }
  const status = () =>
    Object.fromEntries([...runners].map(([name, runner]) => [name, runner.status])) as Record<D, CheckStatus>;
  const run = async () => {
    await Promise.all([...runners.values()].map((runner) => runner.run()));
    return status();
  };
  const timer = setInterval(() => void run(), intervalMs);
  timer.unref();
  void run();
  const checking = reporting(() => {
    clearInterval(timer);
    for (const runner of runners.values()) runner.stop();
  });
  return { status, run, ...checking };
}

const UNKNOWN: CheckStatus = {
  up: undefined,
  error: undefined,
  checkedAtMs: undefined,
  durationMs: undefined,
  hanging: 0,
};

/** One check: its runs, and what they found. */
class CheckRunner {
  readonly #check: Check;
  readonly #timeoutMs: number;
  readonly #labels: Labelled;
  readonly #parts: CheckedParts;
  /** The run whose time is not over. */
  #current: Promise<void> | undefined;
  #abort: AbortController | undefined;
  #hanging = 0;
  #found = UNKNOWN;
  #stopped = false;

  constructor(check: Check, timeoutMs: number, name: string, parts: CheckedParts) {
    this.#check = check;
    this.#timeoutMs = timeoutMs;
    this.#parts = parts;
    this.#labels = renamedValues({ dependency: name }, parts.labels);
  }

  get status(): CheckStatus {
    return { ...this.#found, hanging: this.#hanging };
  }

  /** Resolves when it is known; with a run that is under way where there is one. */
  run(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    this.#current ??= this.#start().finally(() => {
      this.#current = undefined;
    });
    return this.#current;
  }

  async #start(): Promise<void> {
    if (this.#hanging >= HANGING_MAX) {
      this.#say(undefined, `${this.#hanging} runs hang, and it is not started again`);
      return;
    }
    const abort = new AbortController();
    this.#abort = abort;
    const beganMs = performance.now();
    const answer = this.#answerOf(abort.signal);
    const late = Symbol('late');
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<typeof late>((resolve) => {
      timer = setTimeout(() => resolve(late), this.#timeoutMs);
      timer.unref();
      abort.signal.addEventListener('abort', () => resolve(late), { once: true });
    });
    const found = await Promise.race([answer, limit]);
    clearTimeout(timer);
    this.#abort = undefined;
    if (found === late) {
      this.#hanging++;
      void answer.then(() => {
        this.#hanging--;
      });
    }
    if (this.#stopped) return;
    const durationMs = performance.now() - beganMs;
    if (found !== late) {
      this.#say(durationMs, found);
      return;
    }
    const message = `no answer within ${this.#timeoutMs} ms`;
    abort.abort(new DOMException(message, 'TimeoutError'));
    this.#say(durationMs, message);
  }

  /** Why it is not well, or undefined; never rejects. */
  async #answerOf(signal: AbortSignal): Promise<string | undefined> {
    try {
      return (await this.#check(signal)) === false ? 'the check says so' : undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  #say(durationMs: number | undefined, error: string | undefined): void {
    const up = error === undefined;
    this.#found = { up, error, checkedAtMs: Date.now(), durationMs, hanging: 0 };
    this.#parts.up?.set(this.#labels, up ? 1 : 0);
    if (durationMs !== undefined) this.#parts.duration?.observe(this.#labels, durationMs / 1000);
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#abort?.abort();
    // In that mode it would be taken back for all processes.
    if (this.#parts.mode !== 'mostrecent') this.#parts.up?.remove(this.#labels);
  }
}

/** Of an error and of what has caused it, since the cause is often the one that tells. */
function messageOf(error: unknown): string {
  let text: string;
  try {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    const own = error instanceof Error ? error.message || codeOf(error) : String(error);
    text = own + cause;
  } catch {
    text = 'an error that has no text';
  }
  if (text === '') text = 'an error without a message';
  return text.length <= CHECK_ERROR_CHARACTERS_MAX
    ? text
    : `${text.slice(0, CHECK_ERROR_CHARACTERS_MAX - 3)}...`;
}

/** What Node.js says where several addresses have been tried: the error has a code and no message. */
function codeOf(error: Error): string {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : error.name;
}
