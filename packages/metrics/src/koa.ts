/**
 * HTTP metrics for Koa 2 and 3: every response, by method, route and status.
 *
 *     app.use(koaMetrics()); // first
 *     app.use(router.routes());
 *
 * The endpoint is the template of `@koa/router` and of its predecessors, with the prefixes of routers and with braces.
 * A router notes it as `ctx._matchedRoute`: first that of the route that will answer, then that of each layer as it is
 * entered, so that a middleware of the router that refuses a request has taken its place. The route is then looked up
 * among all layers that match. Routers before `@koa/router` 9 note the last of these and not which one was entered, so
 * with them it is the first. The value of `ctx.routerPath` is left alone: a program may set it to a path.
 *
 * Exceptions are those that pass the middleware, and those that Koa emits as `error` with their context: errors of
 * streams that are bodies, and what a handler of errors keeps to itself and emits, as Koa's documentation advises.
 */
import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { exchangeOf, type NodeExchangeOptions, NodeExchanges } from './http/node-exchange.ts';
import { type AnyHttpMetrics, HttpRecorder } from './http/recorder.ts';
import { httpMetrics } from './http.ts';

/** What of Koa's context is used. */
export interface KoaContext {
  readonly app: Pick<EventEmitter, 'on'>;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** Options of the middleware. */
export interface KoaMetricsOptions<C extends KoaContext = KoaContext> extends NodeExchangeOptions {
  /** The metrics to count with. Default: `httpMetrics()`. */
  readonly metrics?: AnyHttpMetrics | undefined;
  /**
   * The template of the route that answers a request, `/orders/:id` or `/orders/{id}`, where it is not a router's or
   * not all of it, as with `koa-mount`; undefined for what the router says. It may be asked several times. Paths that
   * have no bound are no templates.
   */
  readonly route?: ((ctx: C) => string | undefined) | undefined;
}

/** A middleware of Koa. */
export type KoaMiddleware<C extends KoaContext = KoaContext> = (
  ctx: C,
  next: () => Promise<unknown>,
) => Promise<void>;

/** Measures every response of an application; to be used before all else, since what answers before is not seen. */
export function koaMetrics<C extends KoaContext = KoaContext>(
  options: KoaMetricsOptions<C> = {},
): KoaMiddleware<C> {
  const recorder = new HttpRecorder(options.metrics ?? httpMetrics(), options);
  const { route } = options;
  const exchanges = new NodeExchanges(recorder, options, (_request, response: AnsweredResponse) => {
    const ctx = response[CONTEXT];
    return ctx === undefined ? undefined : (route?.(ctx as unknown as C) ?? templateOf(ctx));
  });
  const heard = new WeakSet<object>();
  const emitted = (error: unknown, ctx?: Partial<KoaContext>): void => {
    if (ctx?.res === undefined || isFarewell(error)) return;
    exchangeOf(ctx.res, recorder)?.failed(error);
  };
  return async (ctx, next) => {
    const exchange = exchanges.of(ctx.req, ctx.res);
    if (exchange !== undefined) {
      (ctx.res as AnsweredResponse)[CONTEXT] ??= ctx;
      // Not before the first request: Koa logs errors itself unless somebody listens when it begins to serve.
      if (!heard.has(ctx.app)) {
        heard.add(ctx.app);
        ctx.app.on('error', emitted);
      }
    }
    try {
      await next();
    } catch (error) {
      exchange?.failed(error);
      throw error;
    }
  };
}

/** Where a response has its context: a property, since a map from one to the other costs more. */
const CONTEXT: unique symbol = Symbol('@binnacle/metrics/koa/context');

interface AnsweredResponse extends ServerResponse {
  [CONTEXT]?: RoutedContext;
}

/** A layer of a router: a route, or a middleware, which has no methods. */
interface Layer {
  readonly path?: unknown;
  readonly methods?: unknown;
}

/** What routers note. */
interface RoutedContext extends KoaContext {
  /** The template of the layer that was entered last, or a pattern; undefined when no route matches. */
  readonly _matchedRoute?: unknown;
  /** All layers whose path matches, in the order in which they run. */
  readonly matched?: unknown;
  /** Set by routers that note each layer as it is entered. */
  readonly routerPath?: unknown;
}

function templateOf({ _matchedRoute: entered, matched, routerPath, req }: RoutedContext): string | undefined {
  if (entered === undefined || entered === null) return undefined;
  if (!Array.isArray(matched)) return textOf(entered);
  let first: unknown;
  for (const { path, methods } of matched as readonly Layer[]) {
    if (!Array.isArray(methods) || !methods.includes(req.method)) continue;
    if (path === entered || routerPath === undefined) return textOf(path);
    first ??= path;
  }
  return textOf(first ?? entered);
}

/** A pattern as a template: `^\/files\/(\d+)$` becomes `/files/(\d+)`. */
function textOf(path: unknown): string | undefined {
  if (typeof path === 'string') return path;
  if (!(path instanceof RegExp)) return undefined;
  const readable = path.source.replaceAll('\\/', '/').replace(/^\^/, '').replace(/\$$/, '');
  return readable.startsWith('/') ? readable : `/${readable}`;
}

/** What a connection ends with when the client goes away, which Koa emits as an error, too. */
const FAREWELLS: ReadonlySet<unknown> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

function isFarewell(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && FAREWELLS.has(error.code);
}
