/**
 * HTTP servers: requests by method, endpoint and status, how long they take, how many are under way, exceptions, and
 * the sizes of bodies; and the instrument for servers of Node's `http` and `https`.
 *
 *     const server = createServer(answer);
 *     instrumentServer(server, { route: (request) => templateOf(request.url) });
 *
 * The instruments of frameworks count into the same metrics: `@binnacle/metrics/fastify`, `/express`, and others.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Counter, counter } from './counter.ts';
import { type Gauge, gauge } from './gauge.ts';
import { type Histogram, histogram } from './histogram.ts';
import { type NodeExchangeOptions, NodeExchanges } from './http/node-exchange.ts';
import {
  type AnyHttpMetrics,
  type HttpLabel,
  HttpRecorder,
  type InFlightLabel,
  RECORDED,
  type RecordedParts,
} from './http/recorder.ts';
import {
  type LabelNames,
  type Naming,
  type Part,
  type PartNames,
  partName,
  type Renamed,
  renamed,
} from './instrument/naming.ts';
import { type Reporting, reporting } from './instrument/reporting.ts';
import { label, type OpenLabel } from './labels.ts';
import type { Registry } from './registry.ts';

export { type EndpointName, normalizedPath, UNMATCHED, withBraces } from './http/endpoint.ts';
export { DEFAULT_IGNORED } from './http/ignored.ts';
export {
  isAnswered,
  type NodeExchangeOptions,
  PROCESS_TIME_HEADER,
  requestFailed,
} from './http/node-exchange.ts';
export {
  ABORTED,
  type AnyHttpMetrics,
  type EndpointOptions,
  type HttpLabel,
  type InFlightLabel,
} from './http/recorder.ts';
// Declarations that are made of what is exported here name these.
export type { LabelNames, Part, PartNames, Renamed } from './instrument/naming.ts';
export type { Reporting } from './instrument/reporting.ts';

/** Upper bounds, in seconds, of the duration histogram when none are given. */
export const DEFAULT_DURATION_BUCKETS: readonly number[] = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10];

/** Upper bounds, in bytes, of the histograms of sizes when none are given: 100 bytes to 1 GB. */
export const DEFAULT_SIZE_BUCKETS: readonly number[] = [
  100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000,
];

/** The parts of {@link HttpMetrics}. */
export type HttpPart = 'requests' | 'duration' | 'inFlight' | 'errors' | 'requestSize' | 'responseSize';

// Not interfaces, which have no index signature.
type EndpointLabels = { readonly method: OpenLabel; readonly endpoint: OpenLabel };
type StatusLabels = EndpointLabels & { readonly status: OpenLabel };
type ErrorLabels = EndpointLabels & { readonly error_type: OpenLabel };

/** The metrics of an HTTP server, as they are named; a part whose name is `false` is undefined. */
export interface HttpMetrics<
  N extends PartNames<HttpPart> = Record<never, never>,
  R extends LabelNames<HttpLabel> = Record<never, never>,
  F extends InFlightLabel = never,
> extends AnyHttpMetrics {
  /** `http_requests_total`: answered requests; 499 where the client went away. */
  readonly requests: Part<N, 'requests', Counter<Renamed<StatusLabels, R>>>;
  /** `http_request_duration_seconds`: from the request to the last byte of the answer. */
  readonly duration: Part<N, 'duration', Histogram<Renamed<EndpointLabels, R>, 'seconds'>>;
  /** `http_requests_in_progress`: requests under way. */
  readonly inFlight: Part<N, 'inFlight', Gauge<Renamed<Pick<EndpointLabels, F>, R>>>;
  /** `http_errors_total`: exceptions while answering, by the name of their class. */
  readonly errors: Part<N, 'errors', Counter<Renamed<ErrorLabels, R>>>;
  /** `http_request_size_bytes`: bodies of requests, 0 without one. */
  readonly requestSize: Part<N, 'requestSize', Histogram<Renamed<EndpointLabels, R>, 'bytes'>>;
  /** `http_response_size_bytes`: bodies of answers, 0 without one. */
  readonly responseSize: Part<N, 'responseSize', Histogram<Renamed<EndpointLabels, R>, 'bytes'>>;
}

/** What can be chosen about the definitions. */
export interface HttpMetricsOptions<
  N extends PartNames<HttpPart> = Record<never, never>,
  R extends LabelNames<HttpLabel> = Record<never, never>,
  F extends InFlightLabel = never,
> extends Naming<N, R> {
  /** Upper bounds of the duration histogram in seconds. Default: {@link DEFAULT_DURATION_BUCKETS}. */
  readonly buckets?: readonly number[];
  /** Upper bounds of the sizes in bytes. Default: {@link DEFAULT_SIZE_BUCKETS}. */
  readonly sizeBuckets?: readonly number[];
  /**
   * Labels of requests in flight. Default: none. By endpoint, a request stands under `unmatched` until its route is
   * known: with Fastify before its first hook, with `instrumentServer` and `route` at once and without `route` never.
   */
  readonly inFlightLabels?: readonly F[];
  /** Default: the registry of the process. */
  readonly registry?: Registry;
}

/**
 * Defines the metrics of an HTTP server. Nothing happens but the definition; the same one a second time gives the
 * same metrics.
 * @throws TypeError when a name, a label or an earlier definition does not allow it
 */
export function httpMetrics<
  const N extends PartNames<HttpPart> = Record<never, never>,
  const R extends LabelNames<HttpLabel> = Record<never, never>,
  const F extends InFlightLabel = never,
>(options: HttpMetricsOptions<N, R, F> = {}): HttpMetrics<N, R, F> {
  const { names, labels } = options;
  const where = options.registry === undefined ? {} : { registry: options.registry };
  const nameOf = (part: HttpPart, usual: string) => partName<PartNames<HttpPart>>(names, part, usual);
  const inFlightLabels = [...new Set<InFlightLabel>(options.inFlightLabels)];
  const own = { method: label, endpoint: label };
  const byEndpoint = { labels: renamed(own, labels), ...where };
  const buckets = options.sizeBuckets ?? DEFAULT_SIZE_BUCKETS;
  const recorded = {
    requests: defined(nameOf('requests', 'http_requests_total'), (name) =>
      counter({
        name: name as `${string}_total`,
        help: 'Total HTTP requests',
        labels: renamed({ ...own, status: label }, labels),
        ...where,
      }),
    ),
    duration: defined(nameOf('duration', 'http_request_duration_seconds'), (name) =>
      histogram({
        name: name as `${string}_seconds`,
        help: 'HTTP request duration in seconds',
        unit: 'seconds',
        buckets: options.buckets ?? DEFAULT_DURATION_BUCKETS,
        ...byEndpoint,
      }),
    ),
    inFlight: defined(nameOf('inFlight', 'http_requests_in_progress'), (name) =>
      gauge({
        name,
        help: 'HTTP requests that are being answered',
        labels: renamed(Object.fromEntries(inFlightLabels.map((one) => [one, label])), labels),
        ...where,
      }),
    ),
    errors: defined(nameOf('errors', 'http_errors_total'), (name) =>
      counter({
        name: name as `${string}_total`,
        help: 'Exceptions while answering HTTP requests, by the name of their class',
        labels: renamed({ ...own, error_type: label }, labels),
        ...where,
      }),
    ),
    requestSize: defined(nameOf('requestSize', 'http_request_size_bytes'), (name) =>
      histogram({
        name: name as `${string}_bytes`,
        help: 'Size of the bodies of HTTP requests in bytes',
        unit: 'bytes',
        buckets,
        ...byEndpoint,
      }),
    ),
    responseSize: defined(nameOf('responseSize', 'http_response_size_bytes'), (name) =>
      histogram({
        name: name as `${string}_bytes`,
        help: 'Size of the bodies of HTTP answers in bytes',
        unit: 'bytes',
        buckets,
        ...byEndpoint,
      }),
    ),
  };
  // Labels and parts are those of the type: both are made of the same names.
  return {
    ...recorded,
    [RECORDED]: { ...recorded, inFlightLabels, labels: labels ?? {} } as unknown as RecordedParts,
  } as unknown as HttpMetrics<N, R, F>;
}

function defined<M>(name: string | undefined, define: (name: string) => M): M | undefined {
  return name === undefined ? undefined : define(name);
}

/** How a server is measured. */
export interface ServerOptions extends NodeExchangeOptions {
  /** The metrics to count with. Default: `httpMetrics()`. */
  readonly metrics?: AnyHttpMetrics | undefined;
  /**
   * The template of the route that answers a request, `/orders/:id` or `/orders/{id}`, or undefined for none, which
   * counts as {@link UNMATCHED}. It is asked once, when the request comes. Without it, paths become endpoints, with
   * their identifiers in braces; see {@link normalizedPath}.
   */
  readonly route?: ((request: IncomingMessage) => string | undefined) | undefined;
}

/** What of a server is measured: everything that Node's `http`, `https` and `http2` (with its `http` API) have in common. */
export interface MeasuredServer {
  prependListener(
    event: 'request',
    listener: (request: IncomingMessage, response: ServerResponse) => void,
  ): unknown;
  removeListener(
    event: 'request',
    listener: (request: IncomingMessage, response: ServerResponse) => void,
  ): unknown;
}

/**
 * Measures the requests of a server of Node's `http` or `https`. A request counts once per metrics, whatever else
 * measures it with the same ones. When it is stopped, requests that come later are not measured; those under way are.
 */
export function instrumentServer(server: MeasuredServer, options: ServerOptions = {}): Reporting {
  const exchanges = new NodeExchanges(new HttpRecorder(options.metrics ?? httpMetrics(), options), options);
  const { route } = options;
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const exchange = exchanges.of(request, response);
    if (exchange === undefined) return;
    if (route === undefined) exchange.byPath = true;
    else {
      const template = templateOf(route, request);
      if (template !== undefined) exchange.route(template);
    }
  };
  server.prependListener('request', listener);
  return reporting(() => {
    server.removeListener('request', listener);
  });
}

function templateOf(
  route: (request: IncomingMessage) => string | undefined,
  request: IncomingMessage,
): string | undefined {
  try {
    return route(request);
  } catch {
    return undefined;
  }
}
