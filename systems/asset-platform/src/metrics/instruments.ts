/**
 * What all five services measure alike: requests, and what the database does. Each family has the name, the labels
 * and the buckets of the contract.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { counter, gauge, histogram, label } from '@binnacle/metrics';
import type { Pool, PoolClient } from 'pg';

/** The endpoint of requests that no route matches. */
export const UNMATCHED = 'unmatched';
/** The status of requests whose client went away before it had the whole answer. */
export const ABORTED = '499';

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** Texts of statements that are remembered; a service has some dozens. */
const STATEMENTS_MAX = 500;

/** Requests by route, their duration, and those under way. */
export function httpMetrics() {
  return {
    requests: counter({
      name: 'http_requests_total',
      help: 'Total number of HTTP requests',
      labels: { method: label, endpoint: label, status: label },
    }),
    duration: histogram({
      name: 'http_request_duration_seconds',
      help: 'HTTP request duration in seconds',
      unit: 'seconds',
      labels: { method: label, endpoint: label },
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10],
    }),
    inFlight: gauge({
      name: 'http_requests_in_progress',
      help: 'Number of HTTP requests that are under way',
      mode: 'live sum',
    }),
  };
}

/** The metrics of {@link httpMetrics}. */
export type HttpMetrics = ReturnType<typeof httpMetrics>;

const ENDPOINT: unique symbol = Symbol('endpoint');

/** Names the route of a request: its template with braces, `/api/v1/assets/{asset_id}`. */
export function nameRoute(request: IncomingMessage & { [ENDPOINT]?: string }, endpoint: string): void {
  request[ENDPOINT] = endpoint;
}

/** Counts every response of a server at its end, by the route that {@link nameRoute} gave it. */
export function instrumentServer(server: Server, { metrics }: { readonly metrics: HttpMetrics }): void {
  const { requests, duration, inFlight } = metrics;
  inFlight.set(0);
  server.prependListener('request', (request: IncomingMessage & { [ENDPOINT]?: string }, response) => {
    const beganMs = performance.now();
    const bytesBefore = request.socket.bytesWritten;
    let counted = false;
    const count = (status: string): void => {
      if (counted) return;
      counted = true;
      const method = METHODS.has(request.method ?? '') ? request.method! : 'OTHER';
      const endpoint = request[ENDPOINT] ?? UNMATCHED;
      inFlight.dec();
      requests.inc({ method, endpoint, status });
      duration.observe({ method, endpoint }, (performance.now() - beganMs) / 1000);
    };
    inFlight.inc();
    response.on('finish', () => count(String(response.statusCode)));
    response.on('close', () => count(isWhole(response, bytesBefore) ? String(response.statusCode) : ABORTED));
  });
}

/** Whether a response of known length was written to its last byte, though it was not ended. */
export function isWhole(response: ServerResponse, bytesBefore: number): boolean {
  // A response has no public count of its bytes; Node keeps the rendered header here.
  const header = (response as { readonly _header?: unknown })._header;
  if (response.writableFinished) return true;
  if (typeof header !== 'string') return false;
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(header)?.[1];
  const written = (response.socket?.bytesWritten ?? 0) - bytesBefore;
  return length !== undefined && written >= header.length + Number(length);
}

/** What the database does, and how many connections work. */
export function databaseMetrics() {
  return {
    duration: histogram({
      name: 'database_operation_duration_seconds',
      help: 'Database operation duration in seconds',
      unit: 'seconds',
      labels: { operation: label, table: label },
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5],
    }),
    connections: gauge({
      name: 'database_connections_active',
      help: 'Number of database connections that are in use',
      mode: 'live sum',
    }),
  };
}

/** The metrics of {@link databaseMetrics}. */
export type DatabaseMetrics = ReturnType<typeof databaseMetrics>;

type Query = (...args: unknown[]) => unknown;

/** Measures what the connections of a pool do. */
export function instrumentPool(pool: Pool, { metrics }: { readonly metrics: DatabaseMetrics }): void {
  const { duration, connections } = metrics;
  const active = (): void => connections.set(Math.max(pool.totalCount - pool.idleCount, 0));
  connections.set(0);
  for (const event of ['acquire', 'release', 'remove'] as const)
    pool.on(event as 'acquire', () => setImmediate(active));
  pool.on('connect', (client: PoolClient) => {
    const query = client.query.bind(client) as Query;
    const measured: Query = (...args) => {
      const stop = duration.start(statementOf(args[0]));
      const last = args.at(-1);
      if (typeof last === 'function') {
        args[args.length - 1] = (...results: unknown[]) => {
          stop.stop();
          last(...results);
        };
        return query(...args);
      }
      const result = query(...args);
      if (result instanceof Promise) {
        const done = (): void => void stop.stop();
        result.then(done, done);
      }
      return result;
    };
    client.query = measured as typeof client.query;
  });
}

interface Statement {
  readonly operation: string;
  readonly table: string;
}

const statements = new Map<string, Statement>();

/** What a statement does, and to which table: the first one that it names. */
function statementOf(query: unknown): Statement {
  const text = typeof query === 'string' ? query : String((query as { text?: unknown } | null)?.text ?? '');
  let statement = statements.get(text);
  if (statement === undefined) {
    const operation = /^\s*(\w+)/.exec(text)?.[1]?.toLowerCase() ?? 'other';
    const table = /\b(?:from|into|update|table(?: if not exists)?)\s+"?([a-z_]\w*)"?/i
      .exec(text)?.[1]
      ?.toLowerCase();
    statement = { operation, table: table ?? 'none' };
    if (statements.size < STATEMENTS_MAX) statements.set(text, statement);
  }
  return statement;
}
