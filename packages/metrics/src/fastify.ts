/**
 * HTTP metrics for Fastify: every response, by method, route and status.
 *
 *     app.register(fastifyMetrics);
 *
 * The endpoint is the route's template with braces, `/api/v1/status/{job_id}`, never the path of a request: paths
 * have no bound. Requests that no route matches share the endpoint {@link UNMATCHED}. A connection that the client
 * closed before it had the whole answer counts as status {@link ABORTED}, as in nginx.
 *
 * A request is noticed at Node's server, where Fastify listens too, so that one whose URL Fastify rejects before
 * any hook is counted; and in a hook, which knows the route, and which is all there is for `app.inject`. Whichever
 * comes second finds the first. The response is counted at its end: at `finish`, or at `close` without one. A
 * client that knows the length of the answer may close before the server has come to end it, for instance when a
 * file is streamed; if every byte was written by then, the answer was complete.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyPluginCallback } from 'fastify';
import { type Counter, counter } from './counter.ts';
import { type Histogram, histogram } from './histogram.ts';
import { label, type OpenLabel } from './labels.ts';
import type { Registry } from './registry.ts';

/** The endpoint of requests that no route matches. */
export const UNMATCHED = 'unmatched';

/** The status of requests whose client went away. */
export const ABORTED = '499';

/** Upper bounds, in seconds, of the duration histogram when none are given. */
export const DEFAULT_DURATION_BUCKETS: readonly number[] = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10];

const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'CONNECT',
  'TRACE',
]);

/** The metrics of the instrument. */
export interface HttpMetrics {
  /** `http_requests_total`. */
  readonly requests: Counter<{ method: OpenLabel; endpoint: OpenLabel; status: OpenLabel }>;
  /** `http_request_duration_seconds`. */
  readonly duration: Histogram<{ method: OpenLabel; endpoint: OpenLabel }>;
}

/** What can be chosen about the definitions. */
export interface HttpMetricsOptions {
  /** Upper bounds of the duration histogram in seconds. Default: {@link DEFAULT_DURATION_BUCKETS}. */
  readonly buckets?: readonly number[];
  /** Default: the registry of the process. */
  readonly registry?: Registry;
}

/** The definitions, `http_requests_total` and `http_request_duration_seconds`. */
export function httpMetrics(options: HttpMetricsOptions = {}): HttpMetrics {
  const registry = options.registry === undefined ? {} : { registry: options.registry };
  return {
    requests: counter({
      name: 'http_requests_total',
      help: 'Total HTTP requests',
      labels: { method: label, endpoint: label, status: label },
      ...registry,
    }),
    duration: histogram({
      name: 'http_request_duration_seconds',
      help: 'HTTP request duration in seconds',
      unit: 'seconds',
      labels: { method: label, endpoint: label },
      buckets: options.buckets ?? DEFAULT_DURATION_BUCKETS,
      ...registry,
    }),
  };
}

/** Options of the plugin. */
export interface FastifyMetricsOptions {
  /** The metrics to count with. Default: `httpMetrics()`. */
  readonly metrics?: HttpMetrics;
}

/** Counts every response of the instance that it is registered with, whatever the order of routes and plugins. */
export const fastifyMetrics: FastifyPluginCallback<FastifyMetricsOptions> = Object.assign(
  (app: FastifyInstance, options: FastifyMetricsOptions, done: (error?: Error) => void): void => {
    const observer = new Observer(options.metrics ?? httpMetrics());
    app.server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      observer.observe(request, response);
    });
    app.addHook('onRequest', (request, reply, next) => {
      const observed = observer.observe(request.raw, reply.raw);
      const template = request.routeOptions.url;
      if (template !== undefined && !request.is404) observed.endpoint = observer.endpoint(template);
      next();
    });
    done();
  },
  {
    // Hooks of a plugin stay in its own scope, unless it carries this mark.
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: '@binnacle/metrics/fastify',
  },
);

/** A request that is under way, kept at its response: a map from the one to the other costs more than all the rest. */
const UNDER_WAY: unique symbol = Symbol('@binnacle/metrics/fastify/under-way');

interface Observed {
  readonly metrics: HttpMetrics;
  readonly method: string;
  endpoint: string;
  readonly beganMs: number;
  /** What the connection had sent before this response. */
  readonly bytesBefore: number;
  counted: boolean;
  /** The same request for other metrics. */
  readonly next: Observed | undefined;
}

interface ObservedResponse extends ServerResponse {
  [UNDER_WAY]?: Observed;
}

/** Follows requests from their start to the end of their response, and counts them there. */
class Observer {
  readonly #metrics: HttpMetrics;
  /** As many entries as there are routes. */
  readonly #endpoints = new Map<string, string>();

  constructor(metrics: HttpMetrics) {
    this.#metrics = metrics;
  }

  observe(request: IncomingMessage, response: ObservedResponse): Observed {
    const before = response[UNDER_WAY];
    for (let known = before; known !== undefined; known = known.next)
      if (known.metrics === this.#metrics) return known;
    const method = request.method ?? '';
    const observed: Observed = {
      metrics: this.#metrics,
      method: METHODS.has(method) ? method : 'OTHER',
      endpoint: UNMATCHED,
      beganMs: performance.now(),
      bytesBefore: request.socket?.bytesWritten ?? 0,
      counted: false,
      next: before,
    };
    response[UNDER_WAY] = observed;
    if (before === undefined) {
      response.on('finish', finished);
      response.on('close', closed);
    }
    return observed;
  }

  endpoint(template: string): string {
    let endpoint = this.#endpoints.get(template);
    if (endpoint === undefined) {
      endpoint = withBraces(template);
      this.#endpoints.set(template, endpoint);
    }
    return endpoint;
  }
}

function finished(this: ObservedResponse): void {
  count(this[UNDER_WAY]!, String(this.statusCode));
}

/** Follows `finished`, unless the connection went away before. */
function closed(this: ObservedResponse): void {
  const observed = this[UNDER_WAY]!;
  if (observed.counted) return;
  count(observed, isWhole(this, observed.bytesBefore) ? String(this.statusCode) : ABORTED);
}

function count(first: Observed, status: string): void {
  if (first.counted) return;
  const nowMs = performance.now();
  for (let observed: Observed | undefined = first; observed !== undefined; observed = observed.next) {
    observed.counted = true;
    const { metrics, method, endpoint, beganMs } = observed;
    metrics.requests.inc({ method, endpoint, status });
    metrics.duration.observe({ method, endpoint }, (nowMs - beganMs) / 1000);
  }
}

/** Whether a response of known length was written to its last byte, though it was not ended. */
function isWhole(response: ServerResponse, bytesBefore: number): boolean {
  // Node keeps the rendered header here; a response has no public count of its bytes, and `getHeader` does not
  // know what went straight to `writeHead`.
  const header = (response as { readonly _header?: unknown })._header;
  if (typeof header !== 'string') return false;
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(header)?.[1];
  const written = (response.socket?.bytesWritten ?? 0) - bytesBefore;
  return length !== undefined && written >= header.length + Number(length);
}

/**
 * A route's template with its parameters in braces: `/a/:id/b/:from-:to(^\\d+$)/*` becomes
 * `/a/{id}/b/{from}-{to}/{wildcard}`. As the router reads it, a parameter's name ends at `/`, `-`, `.` or at its
 * pattern in parentheses, and `::` is a colon.
 */
export function withBraces(template: string): string {
  let out = '';
  for (let i = 0; i < template.length; i++) {
    const char = template[i]!;
    if (char === '*') out += '{wildcard}';
    else if (char !== ':') out += char;
    else if (template[i + 1] === ':') {
      out += ':';
      i++;
    } else {
      let end = i + 1;
      while (end < template.length && !'/-.(:'.includes(template[end]!)) end++;
      out += `{${template.slice(i + 1, end).replace(/\?$/, '')}}`;
      if (template[end] === '(') end = afterParentheses(template, end);
      if (template[end] === '?') end++;
      i = end - 1;
    }
  }
  return out;
}

/** The position after the parenthesis that closes the one at `at`. */
function afterParentheses(template: string, at: number): number {
  let depth = 0;
  for (let i = at; i < template.length; i++) {
    const char = template[i]!;
    if (char === '\\') i++;
    else if (char === '(') depth++;
    else if (char === ')' && --depth === 0) return i + 1;
  }
  return template.length;
}
