/**
 * Calls under way, and how they are counted when they end, whichever client makes them.
 *
 * Bound children are kept by host, method and status; each of these has a bound. A call holds on to those of its host,
 * so that what was added to a gauge is taken away from the same one.
 */
import type { BoundCounter } from '../counter.ts';
import type { BoundGauge } from '../gauge.ts';
import type { BoundHistogram } from '../histogram.ts';
import { type Bindable, bound, type LabelNames } from '../instrument/naming.ts';
import type { FailureKind } from './failure-kind.ts';
import type { Hosts } from './hosts.ts';

/** The status of calls that failed before their answer was there as a whole, but for a reason of the next two. */
export const FAILED_STATUS = 'error';

/** The status of calls that took too long. */
export const TIMEOUT_STATUS = 'timeout';

/** The status of calls that the program took back before an answer came. */
export const ABORTED_STATUS = 'aborted';

/** So many origins are remembered with their host; when there are so many, they are forgotten and found again. */
const ORIGINS_MAX = 1_000;

/** The labels of the instrument, by what they mean. */
export type CallLabel = 'host' | 'method' | 'status' | 'kind';

/** The metrics of an instrument, whatever they and their labels are called; a part may be left out. */
export interface CountedParts {
  readonly calls: Bindable<BoundCounter> | undefined;
  readonly duration: Bindable<BoundHistogram> | undefined;
  readonly failures: Bindable<BoundCounter> | undefined;
  readonly inFlight: Bindable<BoundGauge> | undefined;
  /** What the labels are called. */
  readonly labels: LabelNames;
}

/** A call that is under way. */
export interface Call {
  readonly host: HostSeries;
  readonly method: string;
  /** Undefined where the beginning was not seen. */
  readonly beganMs: number | undefined;
  /** Of the answer, as far as it has come; 0 before. */
  status: number;
  timedOut: boolean;
  ended: boolean;
}

const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
]);

/** The method of calls with one that HTTP does not define. */
const OTHER_METHOD = 'OTHER';

/** Counts calls into one set of metrics. */
export class CallRecorder {
  readonly #parts: CountedParts;
  readonly #hosts: Hosts;
  /** By origin; null for those that are not counted. */
  readonly #byOrigin = new Map<string, HostSeries | null>();
  /** By label, as many as {@link Hosts} tells apart. */
  readonly #byLabel = new Map<string, HostSeries>();

  constructor(parts: CountedParts, hosts: Hosts) {
    this.#parts = parts;
    this.#hosts = hosts;
  }

  /** The series of an origin; undefined where its calls are not counted. */
  hostOf(origin: string): HostSeries | undefined {
    const known = this.#byOrigin.get(origin);
    return known === undefined ? this.#newOrigin(origin) : (known ?? undefined);
  }

  #newOrigin(origin: string): HostSeries | undefined {
    const label = this.#hosts.labelOf(origin);
    let host = label === undefined ? undefined : this.#byLabel.get(label);
    if (host === undefined && label !== undefined) {
      host = new HostSeries(this.#parts, label);
      this.#byLabel.set(label, host);
    }
    if (this.#byOrigin.size >= ORIGINS_MAX) this.#byOrigin.clear();
    this.#byOrigin.set(origin, host ?? null);
    return host;
  }

  /** Counting has ended: nobody will see how the calls that are under way end. */
  leave(): void {
    for (const host of this.#byLabel.values()) host.leave();
  }
}

/** The series of one host. */
export class HostSeries {
  readonly #parts: CountedParts;
  readonly #label: string;
  readonly #inFlight: BoundGauge | undefined;
  readonly #methods = new Map<string, MethodSeries>();
  readonly #failures = new Map<FailureKind, BoundCounter>();
  #underWay = 0;
  #left = false;

  constructor(parts: CountedParts, label: string) {
    this.#parts = parts;
    this.#label = label;
    this.#inFlight = bound(parts.inFlight, { host: label }, parts.labels);
    // The first use of a host brings all kinds of failures, at 0.
    this.#failuresOf('other');
  }

  /** Begins a call, which is to be ended once. */
  begin(method: string): Call {
    this.#underWay++;
    this.#inFlight?.inc();
    return {
      host: this,
      method: METHODS.has(method) ? method : OTHER_METHOD,
      beganMs: performance.now(),
      status: 0,
      timedOut: false,
      ended: false,
    };
  }

  /** Counts a call that failed, of which nothing was seen before. */
  failUnseen(method: string, kind: FailureKind): Call {
    const call = { ...this.begin(method), beganMs: undefined };
    this.fail(call, kind);
    return call;
  }

  /** The whole answer has come. */
  succeed(call: Call): void {
    this.#end(call, call.status);
  }

  /** There will be no whole answer. */
  fail(call: Call, kind: FailureKind): void {
    const isTakenBack = kind === 'aborted' && call.status !== 0;
    if (!this.#end(call, isTakenBack ? call.status : statusOf(kind))) return;
    // The header alone says all of an answer that is no success.
    if (!isTakenBack || call.status < 300) this.#failuresOf(kind)?.inc();
  }

  /** Whether it is counted: it had not ended, and neither had the counting. */
  #end(call: Call, status: number | string): boolean {
    if (call.ended || this.#left) return false;
    call.ended = true;
    this.#underWay--;
    this.#inFlight?.dec();
    let method = this.#methods.get(call.method);
    if (method === undefined) {
      method = this.#methodOf(call.method);
      this.#methods.set(call.method, method);
    }
    if (call.beganMs !== undefined) method.duration?.observe((performance.now() - call.beganMs) / 1000);
    let calls = method.byStatus.get(status);
    if (calls === undefined) {
      calls = bound(
        this.#parts.calls,
        {
          host: this.#label,
          method: call.method,
          status: String(status),
        },
        this.#parts.labels,
      );
      if (calls === undefined) return true;
      method.byStatus.set(status, calls);
    }
    calls.inc();
    return true;
  }

  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#inFlight?.dec(this.#underWay);
  }

  #methodOf(method: string): MethodSeries {
    const values = { host: this.#label, method };
    return { duration: bound(this.#parts.duration, values, this.#parts.labels), byStatus: new Map() };
  }

  #failuresOf(kind: FailureKind): BoundCounter | undefined {
    let failures = this.#failures.get(kind);
    if (failures === undefined) {
      failures = bound(this.#parts.failures, { host: this.#label, kind }, this.#parts.labels);
      if (failures !== undefined) this.#failures.set(kind, failures);
    }
    return failures;
  }
}

function statusOf(kind: FailureKind): string {
  if (kind === 'timeout') return TIMEOUT_STATUS;
  return kind === 'aborted' ? ABORTED_STATUS : FAILED_STATUS;
}

/** The series of one host and method. */
interface MethodSeries {
  readonly duration: BoundHistogram | undefined;
  /** A status is a number of three digits, or one of three words. */
  readonly byStatus: Map<number | string, BoundCounter>;
}
