/**
 * HTTP metrics for Hono 4: every response, by method, route and status.
 *
 *     app.use(honoMetrics()); // first
 *     app.get('/orders/:id', (c) => c.text(c.req.param('id')));
 *
 * The endpoint is the route's template with braces and with what it is mounted in, `/api/orders/{id}`. Hono says which
 * handlers match, middlewares among them, and which of them was entered last: that one has answered. If it is a
 * middleware, it has kept the next route from answering, which then is the endpoint. A middleware is what stands there
 * for all methods and takes `next`.
 *
 * On `@hono/node-server` answers are followed at Node's response, to their last byte. Elsewhere, with Bun, Deno, in
 * workers and in tests with `app.request`, they are followed at the body of the `Response`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context, MiddlewareHandler } from 'hono';
import { FetchExchange } from './http/fetch-exchange.ts';
import { DEFAULT_IGNORED, isIgnored } from './http/ignored.ts';
import { type NodeExchangeOptions, NodeExchanges, PROCESS_TIME_HEADER } from './http/node-exchange.ts';
import { type AnyHttpMetrics, HttpRecorder } from './http/recorder.ts';
import { httpMetrics } from './http.ts';

/** Options of the middleware. */
export interface HonoMetricsOptions extends NodeExchangeOptions {
  /** The metrics to count with. Default: `httpMetrics()`. */
  readonly metrics?: AnyHttpMetrics | undefined;
}

/** Measures every response of an application; to be used before all else, since what answers before is not seen. */
export function honoMetrics(options: HonoMetricsOptions = {}): MiddlewareHandler {
  const recorder = new HttpRecorder(options.metrics ?? httpMetrics(), options);
  const ignored = options.ignore ?? DEFAULT_IGNORED;
  const exchanges = new NodeExchanges(recorder, options, (_request, response: ServedResponse) => {
    const c = response[CONTEXT];
    return c && templateOf(c, response.headersSent ? response.statusCode : undefined);
  });

  const fetched = (c: MeasuredContext): FetchExchange | undefined => {
    if (isIgnored(c.req.path, ignored)) return undefined;
    const first = c[EXCHANGE];
    for (let other = first; other !== undefined; other = other.next)
      if (other.recorder.isSame(recorder)) return undefined;
    c[EXCHANGE] = new FetchExchange(recorder, c.req.raw, (status) => templateOf(c, status), first);
    return c[EXCHANGE];
  };

  const onNode = async (c: Context, next: () => Promise<void>, { incoming, outgoing }: NodeBindings) => {
    const exchange = exchanges.of(incoming, outgoing);
    if (exchange === undefined) return next();
    outgoing[CONTEXT] ??= c;
    try {
      await next();
    } catch (error) {
      exchange.failed(c.error ?? error);
      throw error;
    }
    if (c.error !== undefined) exchange.failed(c.error);
  };

  const elsewhere = async (c: Context, next: () => Promise<void>) => {
    const exchange = fetched(c);
    if (exchange === undefined) return next();
    try {
      await next();
    } catch (error) {
      exchange.failed(c.error ?? error);
      exchange.end(500);
      throw error;
    }
    if (c.error !== undefined) exchange.failed(c.error);
    // Hono 4.0 makes the answer to what nothing matches only when its only middleware has returned.
    if (!c.finalized) return exchange.end(404);
    if (options.processTime === true) tellProcessTime(c, exchange.seconds);
    const followed = await exchange.follow(c.res, c.req.method !== 'HEAD');
    if (followed === undefined) return;
    // Otherwise the headers of the one before would be set once more.
    c.res = undefined;
    c.res = followed;
  };

  return (c, next) => {
    const { incoming, outgoing } = (c.env ?? {}) as Partial<NodeBindings>;
    // Elsewhere the environment is the program's, which may call something so, too.
    if (incoming?.rawHeaders === undefined) return elsewhere(c, next);
    // A request that becomes a WebSocket has no answer.
    return outgoing === undefined ? next() : onNode(c, next, { incoming, outgoing });
  };
}

/** Where a response of Node has its context: a property, since a map from one to the other costs more. */
const CONTEXT: unique symbol = Symbol('@binnacle/metrics/hono/context');

interface ServedResponse extends ServerResponse {
  [CONTEXT]?: Context;
}

/** What `@hono/node-server` gives as `c.env`. */
interface NodeBindings {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServedResponse;
}

/** Where a context has its exchanges where there is no response of Node; copies of this package share it. */
const EXCHANGE: unique symbol = Symbol.for('@binnacle/metrics/hono/exchange/v1');

interface MeasuredContext extends Context {
  [EXCHANGE]?: FetchExchange;
}

/** A handler that matches a request. */
interface MatchedRoute {
  readonly path: string;
  readonly method: string;
  readonly handler: { readonly length: number };
}

/**
 * The template of the route that answers a request, or of the middleware if only that is there and answers.
 * @param status with which it was answered, undefined as long as it is under way
 */
function templateOf({ req }: Context, status: number | undefined): string | undefined {
  const matched: readonly MatchedRoute[] = req.matchedRoutes;
  const entered = matched[req.routeIndex];
  const route = routeAround(matched, req.routeIndex);
  const isAnswered = status !== undefined && status !== 404;
  if (route === undefined) return isAnswered && !isEverywhere(entered) ? entered?.path : undefined;
  return status === 404 && isEverywhere(route) ? undefined : route.path;
}

/** The route at a position, or else the next one, or else the one before. */
function routeAround(matched: readonly MatchedRoute[], at: number): MatchedRoute | undefined {
  for (let i = at; i < matched.length; i++) if (isRoute(matched[i]!)) return matched[i];
  for (let i = at - 1; i >= 0; i--) if (isRoute(matched[i]!)) return matched[i];
  return undefined;
}

function isRoute({ method, handler }: MatchedRoute): boolean {
  return method !== ALL || handler.length < 2;
}

/** Whether it stands for all paths and methods. */
function isEverywhere(route: MatchedRoute | undefined): boolean {
  return route?.method === ALL && (route.path === '*' || route.path === '/*');
}

/** What Hono has for the method where a handler is for all of them. */
const ALL = 'ALL';

function tellProcessTime(c: Context, seconds: number): void {
  try {
    if (!c.res.headers.has(PROCESS_TIME_HEADER)) c.header(PROCESS_TIME_HEADER, seconds.toFixed(6));
  } catch {
    // The headers of an answer that was fetched elsewhere cannot be changed.
  }
}
