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
 * comes second finds the first.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyPluginCallback } from 'fastify';
import { type NodeExchangeOptions, NodeExchanges } from './http/node-exchange.ts';
import { type AnyHttpMetrics, HttpRecorder } from './http/recorder.ts';
import { httpMetrics } from './http.ts';

export {
  ABORTED,
  DEFAULT_DURATION_BUCKETS,
  type HttpMetrics,
  type HttpMetricsOptions,
  httpMetrics,
  UNMATCHED,
  withBraces,
} from './http.ts';
// Declarations that are made of what is exported here name these.
export type { LabelNames, Part, PartNames, Renamed } from './instrument/naming.ts';

/** Options of the plugin. */
export interface FastifyMetricsOptions extends NodeExchangeOptions {
  /** The metrics to count with. Default: `httpMetrics()`. */
  readonly metrics?: AnyHttpMetrics | undefined;
}

/** Measures every response of the instance that it is registered with, whatever the order of routes and plugins. */
export const fastifyMetrics: FastifyPluginCallback<FastifyMetricsOptions> = Object.assign(
  (app: FastifyInstance, options: FastifyMetricsOptions, done: (error?: Error) => void): void => {
    const exchanges = new NodeExchanges(new HttpRecorder(options.metrics ?? httpMetrics(), options), options);
    app.server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      exchanges.of(request, response);
    });
    app.addHook('onRequest', (request, reply, next) => {
      const exchange = exchanges.of(request.raw, reply.raw);
      const template = request.routeOptions.url;
      if (exchange !== undefined) {
        exchange.byPath = false;
        if (template !== undefined && !request.is404) exchange.route(template);
      }
      next();
    });
    app.addHook('onError', (request, reply, error, next) => {
      exchanges.of(request.raw, reply.raw)?.failed(error);
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
