/**
 * Metrics of outgoing HTTP: every request of `fetch`, undici, `node:http` and `node:https`, by host.
 *
 *     const calls = instrumentFetch();
 *     await fetch('https://api.example.com/orders');
 *
 *     http_client_requests_total{host="api.example.com",method="GET",status="200"} 1
 *     http_client_request_duration_seconds{host="api.example.com",method="GET"}
 *     http_client_failures_total{host="api.example.com",kind="timeout"}
 *     http_client_requests_in_progress{host="api.example.com"}
 *
 * Nothing is wrapped: undici, of which `fetch` is made, and Node.js publish what they do in `diagnostics_channel`. A
 * request is what goes over the wire: one that is redirected or tried again is several. It lasts from its creation,
 * with the wait for a connection, until its answer has been read to the end.
 *
 * The status is that of the answer where it came as a whole; {@link TIMEOUT_STATUS} or {@link FAILED_STATUS} where it
 * did not; and where the program took the request back, {@link ABORTED_STATUS} before the answer's header came and the
 * answer's own after it. Failures by kind are all requests without their whole answer; but an answer of 3xx to 5xx that
 * is not read to its end is no failure more, since its header says all.
 *
 * Tunnels (`CONNECT`) and WebSockets are connections and not requests, and are not counted.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type Counter, counter } from './counter.ts';
import {
  ABORTED_STATUS,
  type CallLabel,
  CallRecorder,
  type CountedParts,
  FAILED_STATUS,
  TIMEOUT_STATUS,
} from './fetch/calls.ts';
import { FAILURE_KINDS, type FailureKind } from './fetch/failure-kind.ts';
import {
  ADDRESS_HOST,
  HOSTS_MAX,
  type HostPattern,
  Hosts,
  OTHER_HOST,
  SUBDOMAINS_MAX,
} from './fetch/hosts.ts';
import { nodeChannels } from './fetch/node-requests.ts';
import { undiciChannels } from './fetch/undici-requests.ts';
import { type Gauge, gauge } from './gauge.ts';
import { type Histogram, histogram } from './histogram.ts';
import {
  type LabelNames,
  type Naming,
  type PartNames,
  partName,
  type Renamed,
  renamed,
} from './instrument/naming.ts';
import { type Reporting, reporting } from './instrument/reporting.ts';
import { type LabelSpec, label } from './labels.ts';
import type { Registry } from './registry.ts';

// Declarations that are made of what is exported here name these.
export type { LabelNames, Part, PartNames, Renamed } from './instrument/naming.ts';
export type { Reporting } from './instrument/reporting.ts';
export {
  ABORTED_STATUS,
  ADDRESS_HOST,
  type CallLabel,
  FAILED_STATUS,
  FAILURE_KINDS,
  type FailureKind,
  HOSTS_MAX,
  type HostPattern,
  OTHER_HOST,
  SUBDOMAINS_MAX,
  TIMEOUT_STATUS,
};

/** Upper bounds, in seconds, of the duration histogram when none are given. */
export const DEFAULT_CALL_BUCKETS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

const CALLS = { host: label, method: label, status: label } as const;
const DURATION = { host: label, method: label } as const;
const FAILURES = { host: label, kind: FAILURE_KINDS } as const;
const IN_FLIGHT = { host: label } as const;

/** The parts of the instrument: its metrics, by what they mean. */
export type CallPart = 'calls' | 'duration' | 'failures' | 'inFlight';

/** The key under which the metrics have what counts into them; copies of this package share it. */
const COUNTED: unique symbol = Symbol.for('@binnacle/metrics/fetch/counted/v1');

/** What `fetchMetrics` returns, whatever its parts and labels are called. */
export interface AnyFetchMetrics {
  readonly [COUNTED]: CountedParts;
}

interface Parts<R extends LabelNames<CallLabel>> {
  /** `http_client_requests_total`. */
  readonly calls: Counter<Renamed<typeof CALLS, R>>;
  /** `http_client_request_duration_seconds`. */
  readonly duration: Histogram<Renamed<typeof DURATION, R>>;
  /** `http_client_failures_total`. */
  readonly failures: Counter<Renamed<typeof FAILURES, R>>;
  /** `http_client_requests_in_progress`. */
  readonly inFlight: Gauge<Renamed<typeof IN_FLIGHT, R>>;
}

/** The metrics of the instrument, as far as they are not left out. */
export type FetchMetrics<
  N extends PartNames<CallPart> = Record<never, never>,
  R extends LabelNames<CallLabel> = Record<never, never>,
> = {
  readonly [P in CallPart as N extends { readonly [K in P]: false } ? never : P]: Parts<R>[P];
} & AnyFetchMetrics;

/** What can be chosen about the definitions. */
export interface FetchMetricsOptions<
  N extends PartNames<CallPart> = PartNames<CallPart>,
  R extends LabelNames<CallLabel> = LabelNames<CallLabel>,
> extends Naming<N, R> {
  /** Upper bounds of the duration histogram in seconds. Default: {@link DEFAULT_CALL_BUCKETS}. */
  readonly buckets?: readonly number[];
  /** Default: the registry of the process. */
  readonly registry?: Registry;
}

/** The definitions of requests by host, method and status, of their duration, of failures by kind, and of those under way. */
export function fetchMetrics<
  const N extends PartNames<CallPart> = Record<never, never>,
  const R extends LabelNames<CallLabel> = Record<never, never>,
>(options: FetchMetricsOptions<N, R> = {}): FetchMetrics<N, R> {
  const { names, labels, buckets = DEFAULT_CALL_BUCKETS } = options;
  const registry = options.registry === undefined ? {} : { registry: options.registry };
  const named = <L extends LabelSpec>(part: CallPart, usual: string, own: L) => {
    const name = partName(names, part, usual);
    return name === undefined ? undefined : { name, labels: renamed(own, labels), ...registry };
  };
  const calls = named('calls', 'http_client_requests_total', CALLS);
  const duration = named('duration', 'http_client_request_duration_seconds', DURATION);
  const failures = named('failures', 'http_client_failures_total', FAILURES);
  const inFlight = named('inFlight', 'http_client_requests_in_progress', IN_FLIGHT);
  const parts = {
    calls:
      calls &&
      counter({
        ...(calls as { name: `${string}_total` }),
        help: 'Outgoing HTTP requests that ended, by status',
      }),
    duration:
      duration &&
      histogram({
        ...(duration as { name: `${string}_seconds` }),
        help: 'How long outgoing HTTP requests took, to the end of their answer',
        unit: 'seconds',
        buckets,
      }),
    failures:
      failures &&
      counter({
        ...(failures as { name: `${string}_total` }),
        help: 'Outgoing HTTP requests without their whole answer, by kind',
      }),
    inFlight: inFlight && gauge({ ...inFlight, help: 'Outgoing HTTP requests that are under way' }),
  };
  const given = Object.entries(parts).filter(([, metric]) => metric !== undefined);
  const counted = { ...parts, labels: labels ?? {} } as unknown as CountedParts;
  return { ...Object.fromEntries(given), [COUNTED]: counted } as unknown as FetchMetrics<N, R>;
}

/** Options of {@link instrumentFetch}. */
export interface InstrumentFetchOptions {
  /** The metrics to count with. Default: `fetchMetrics()`. */
  readonly metrics?: AnyFetchMetrics;
  /**
   * The hosts that are told apart, all others being {@link OTHER_HOST}: `api.example.com`, `localhost:8080`,
   * `*.example.com` for all below a domain. Default: each, up to `hostsMax`, with {@link SUBDOMAINS_MAX} right below
   * one domain, and IP addresses as {@link ADDRESS_HOST}.
   */
  readonly hosts?: readonly HostPattern[];
  /** So many hosts are told apart where `hosts` does not name them. Default: {@link HOSTS_MAX}. */
  readonly hostsMax?: number;
  /** Hosts whose requests are not counted, written as in `hosts`. */
  readonly ignore?: readonly HostPattern[];
  /** Whether requests of `node:http` and `node:https` are counted. Default true: many libraries make theirs so. */
  readonly nodeHttp?: boolean;
}

/** A counting that runs, and how many have asked for it. */
interface Running {
  asked: number;
  readonly end: () => void;
}

const RUNNING = Symbol.for('@binnacle/metrics/fetch/running/v1');

/** By the first of their metrics, for all copies of this package. */
function runningOnes(): Map<unknown, Running> {
  const holder = globalThis as { [RUNNING]?: Map<unknown, Running> };
  holder[RUNNING] ??= new Map();
  return holder[RUNNING];
}

/**
 * Counts the outgoing requests of this thread from now on until it is stopped. With metrics that are counted already
 * it goes on as it is, with the hosts that were named first, until all who asked have stopped it.
 * @throws TypeError for what is no host
 * @throws RangeError for a limit that is none
 */
export function instrumentFetch(options: InstrumentFetchOptions = {}): Reporting {
  const { hosts, ignore, hostsMax, nodeHttp = true } = options;
  const parts = (options.metrics ?? fetchMetrics())[COUNTED];
  const recorder = new CallRecorder(parts, new Hosts(hosts, ignore, hostsMax));
  const key = parts.calls ?? parts.duration ?? parts.failures ?? parts.inFlight ?? parts;
  const all = runningOnes();
  let running = all.get(key);
  if (running === undefined) {
    const subscriptions = [...undiciChannels(recorder), ...(nodeHttp ? nodeChannels(recorder) : [])];
    for (const { channel, listener } of subscriptions) subscribe(channel, listener);
    running = {
      asked: 0,
      end: () => {
        for (const { channel, listener } of subscriptions) unsubscribe(channel, listener);
        recorder.leave();
      },
    };
    all.set(key, running);
  }
  running.asked++;
  const counting = running;
  return reporting(() => {
    if (--counting.asked > 0) return;
    all.delete(key);
    counting.end();
  });
}
