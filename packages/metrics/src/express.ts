/**
 * HTTP metrics for Express 4 and 5: every response, by method, route and status.
 *
 *     app.use(expressMetrics());  // first
 *     app.use('/tenants/:tenant', routerOfTenants);
 *     app.use(expressErrors());   // behind all routes, before error handlers of one's own
 *
 * The endpoint is the route's template with braces and with what it is mounted in, `/tenants/{tenant}/orders/{id}`.
 * A route is known when its handler runs: requests in flight by endpoint are `unmatched` before, and stand under
 * their endpoint when somebody asks. What a middleware at a path of its own answers has that path as its endpoint.
 *
 * Express tells nobody of exceptions but the handlers of errors that are mounted, so types of errors need
 * {@link expressErrors}. It counts the exception and hands it on.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ExpressRoutes } from './http/express-routes.ts';
import { type NodeExchangeOptions, NodeExchanges, requestFailed } from './http/node-exchange.ts';
import { type AnyHttpMetrics, HttpRecorder } from './http/recorder.ts';
import { httpMetrics } from './http.ts';

/** Options of the middleware. */
export interface ExpressMetricsOptions extends NodeExchangeOptions {
  /** The metrics to count with. Default: `httpMetrics()`. */
  readonly metrics?: AnyHttpMetrics | undefined;
}

/** A middleware of Express. */
export type ExpressMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** A handler of errors of Express. */
export type ExpressErrorMiddleware = (
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** Measures every response of an application; to be used before all else, since what answers before is not seen. */
export function expressMetrics(options: ExpressMetricsOptions = {}): ExpressMiddleware {
  const routes = new ExpressRoutes();
  const recorder = new HttpRecorder(options.metrics ?? httpMetrics(), options);
  const exchanges = new NodeExchanges(recorder, options, (request, response) =>
    routes.templateOf(request, response),
  );
  return (request, response, next) => {
    exchanges.prepareServerOf(request);
    if (exchanges.of(request, response) !== undefined) routes.seen(request);
    next();
  };
}

/**
 * Counts exceptions by type, and hands them on. To be used behind all routes and before error handlers, which may
 * keep what they handle. An exception that carries a status of 4xx is an answer and not counted.
 */
export function expressErrors(): ExpressErrorMiddleware {
  // Express knows a handler of errors by its four parameters.
  return (error, _request, response, next) => {
    requestFailed(response, error);
    next(error);
  };
}
