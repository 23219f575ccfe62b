/**
 * What a program calls to be asked for its metrics. Most modules of a program only count; what it takes to answer,
 * from HTTP to every format, is loaded with the first call of these.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { defaultRegistry, type Registry } from '../registry.ts';
import type { DirectoryExporter, DirectoryExporterOptions } from './directory-exporter.ts';
import type { Exposition, ExpositionOptions } from './responder.ts';
import { served } from './served.ts';
import type { MetricsServer } from './server.ts';
import type { ServeOptions } from './settings.ts';

/**
 * Attaches this process and, with a port, stands for election. A second call for the same registry gives the
 * same server, which stands for election from then on where only the second call names a port.
 * @throws ServeError `setting_invalid` and `secret_unreadable`, before anything is attached; `port_taken` where a
 * stranger has the port in production: the process is attached and counts, and tries again every second
 */
export function serveMetrics(options: ServeOptions): Promise<MetricsServer> {
  const starting = import('./server.ts').then(({ startServing }) => startServing(options));
  // For whoever does not wait: a promise that rejects and has no listener would end the process.
  starting.catch(() => {});
  return starting;
}

/** The server of a registry for which {@link serveMetrics} was called; undefined where it was not. */
export function serverOf(registry: Registry = defaultRegistry()): Promise<MetricsServer> | undefined {
  return served().get(registry);
}

/**
 * A handler for the application's own port, for Node's `http` and what is made of it (Express, Koa, Fastify); any
 * process of the service may answer. Call {@link serveMetrics} first.
 */
export function metricsHandler(
  registry: Registry = defaultRegistry(),
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const { serverFor } = await import('./server.ts');
    await (await serverFor(registry)).answer(request, response);
  };
}

/**
 * The same for the Fetch API: Hono, route handlers of Next.js, Bun, Deno, and others whose handlers are given a
 * `Request` and give a `Response`.
 */
export function metricsFetchHandler(
  registry: Registry = defaultRegistry(),
): (request: Request) => Promise<Response> {
  return async (request) => {
    const { serverFor } = await import('./server.ts');
    return (await serverFor(registry)).fetch(request);
  };
}

/**
 * What `/metrics` says now, for programs that want it themselves: the metrics of all processes of the service where
 * the registry is attached, else its own.
 */
export async function exposition(
  registry: Registry = defaultRegistry(),
  options: ExpositionOptions = {},
): Promise<Exposition> {
  const { serverFor } = await import('./server.ts');
  return (await serverFor(registry)).exposition(options);
}

/**
 * Opens a service's metrics directory to answer from outside of the service.
 * @throws StoreError `directory_unusable` where there is no such directory, where it is no metrics directory, or
 * where it is not to be trusted; `format_version`; `native_unavailable`. ServeError `secret_unreadable`
 */
export async function exportDirectory(
  directory: string,
  options: DirectoryExporterOptions = {},
): Promise<DirectoryExporter> {
  const { openDirectory } = await import('./directory-exporter.ts');
  return openDirectory(directory, options);
}
