/**
 * HTTP metrics for NestJS, on Express and on Fastify: every response, by method, route and status.
 *
 *     const app = await NestFactory.create(AppModule);
 *     instrumentNest(app);
 *     await app.listen(3000);
 *
 * Nest registers each method of a controller as a route of its own, with global prefix, version and the paths of modules
 * and controllers, so the template comes from Express or Fastify. It is known before guards run: what a guard refuses
 * counts under its route. What Nest itself answers because it has no such route is `unmatched`, though Express may
 * have a route of Nest's for that.
 *
 * Exceptions end in the exception filters, and there is no hook before these: an interceptor sees none that a guard
 * or a middleware throws, a global filter none that the filter of a controller handles. So on the application that is
 * handed over, what makes handlers of exceptions is wrapped: each handler notes the exception and goes on.
 */
import type { ServerResponse } from 'node:http';
import type { ExpressMiddleware } from './express.ts';
import { fastifyMetrics } from './fastify.ts';
import { ExpressRoutes } from './http/express-routes.ts';
import { type NodeExchangeOptions, NodeExchanges, requestFailed } from './http/node-exchange.ts';
import { type AnyHttpMetrics, HttpRecorder } from './http/recorder.ts';
import { httpMetrics } from './http.ts';
import { warn } from './serve/warnings.ts';

/** What of a Nest application is used. */
export interface NestApplication {
  getHttpAdapter(): { getType(): string; getInstance(): unknown };
  use(middleware: ExpressMiddleware): unknown;
}

/** How an application is measured. */
export interface NestMetricsOptions extends NodeExchangeOptions {
  /** The metrics to count with. Default: `httpMetrics()`. */
  readonly metrics?: AnyHttpMetrics | undefined;
}

/**
 * Measures every response of an application. To be called before `app.init()`, `app.listen()` and any `app.use()`:
 * what answers before is not seen.
 * @throws TypeError when the application has its routes already
 */
export function instrumentNest(app: NestApplication, options: NestMetricsOptions = {}): void {
  const inside = app as NestApplication & Inside;
  if (inside.isInitialized === true)
    throw new TypeError('instrumentNest: the application has its routes already; call it before app.init()');
  const adapter = app.getHttpAdapter();
  if (adapter.getType() === 'fastify') {
    const fastify = adapter.getInstance() as { register(plugin: unknown, options: object): unknown };
    fastify.register(fastifyMetrics, options);
  } else app.use(expressMiddleware(options));
  noteExceptions(inside);
}

function expressMiddleware(options: NestMetricsOptions): ExpressMiddleware {
  const routes = new ExpressRoutes();
  const recorder = new HttpRecorder(options.metrics ?? httpMetrics(), options);
  const exchanges = new NodeExchanges(recorder, options, (request, response: AnsweredResponse) =>
    response[NOT_FOUND] === true ? undefined : routes.templateOf(request, response),
  );
  return (request, response, next) => {
    exchanges.prepareServerOf(request);
    if (exchanges.of(request, response) !== undefined) routes.seen(request);
    next();
  };
}

/** Marks the response to a request for which Nest has no route. */
const NOT_FOUND: unique symbol = Symbol('@binnacle/metrics/nest/not-found');

interface AnsweredResponse extends ServerResponse {
  [NOT_FOUND]?: boolean;
}

/** What an exception is handed to, with the arguments of the handler: request, response. */
interface ExceptionsHandler {
  next(exception: unknown, host: { getArgByIndex(index: number): unknown }): unknown;
}

/** The inside of an application of Nest 10 to 12. */
interface Inside {
  readonly isInitialized?: unknown;
  readonly routesResolver?: {
    readonly routerExceptionsFilter?: {
      /** For a method of a controller; without a module for what no route matches. */
      create?: (
        instance: object,
        callback: unknown,
        module: string | undefined,
        ...more: unknown[]
      ) => ExceptionsHandler;
    };
  };
  readonly middlewareModule?: {
    readonly routerProxy?: { createProxy?: (target: unknown, handler: ExceptionsHandler) => unknown };
  };
}

function noteExceptions({ routesResolver, middlewareModule }: Inside): void {
  const filters = routesResolver?.routerExceptionsFilter;
  const proxies = middlewareModule?.routerProxy;
  if (typeof filters?.create !== 'function' || typeof proxies?.createProxy !== 'function') {
    warn({
      code: 'nest_exceptions',
      message: 'this version of Nest does not show exceptions: errors of requests are not counted',
    });
    return;
  }
  const { create } = filters;
  filters.create = function (instance, callback, module, ...more) {
    return noting(create.call(this, instance, callback, module, ...more), module === undefined);
  };
  const { createProxy } = proxies;
  proxies.createProxy = function (target, handler) {
    return createProxy.call(this, target, noting(handler, false));
  };
}

/** @param isLast whether it handles what came to the end without an answer */
function noting(handler: ExceptionsHandler, isLast: boolean): ExceptionsHandler {
  const { next } = handler;
  handler.next = function (exception, host) {
    note(exception, host, isLast);
    return next.call(this, exception, host);
  };
  return handler;
}

function note(exception: unknown, host: Parameters<ExceptionsHandler['next']>[1], isLast: boolean): void {
  try {
    const response = host.getArgByIndex(1) as AnsweredResponse & { readonly raw?: AnsweredResponse };
    // A reply of Fastify has the response of Node inside.
    const { raw = response } = response;
    requestFailed(raw, exception);
    if (isLast && (exception as { readonly status?: unknown } | undefined)?.status === 404)
      raw[NOT_FOUND] = true;
  } catch {
    // What cannot be counted must not keep Nest from handling it.
  }
}
