/**
 * Database metrics for node-postgres: every query, by what it does and to which table, the errors by their kind, and
 * the connections of the pools.
 *
 *     const pool = instrumentPool(new Pool());
 *
 * The pool or client that is handed over is measured, and nothing else; of a pool, the clients that it hands out. A
 * query is measured at its client, from the call until its result is there or it has failed, so in all its forms and
 * once, whether the program or the pool made it. A cursor or stream, or what else has a `submit`, takes until the
 * connection is free again.
 *
 * What comes before is measured apart: from `connect` until a connection is there, the wait for the pool and the making
 * of a connection. A slow database shows in the duration and a pool that is too small in the wait. Who gets no
 * connection counts as an error, and as no operation.
 */
import { errorMonitor } from 'node:events';
import { claim } from './database/claims.ts';
import { addReading } from './database/levels.ts';
import { type DatabaseParts, databaseMetrics } from './database/metrics.ts';
import { type NamingOptions, type Recorder, recorderOf } from './database/recorder.ts';
import { pgErrorType } from './database/sqlstate.ts';
import { type Method, replaceMethod } from './instrument/own-method.ts';
import { isThenable } from './settle.ts';
import { secondsSince } from './timer.ts';

export { ERROR_TYPES, type ErrorType } from './database/error-types.ts';
export {
  type DatabaseLabel,
  type DatabaseMetrics,
  type DatabaseMetricsOptions,
  type DatabaseNames,
  type DatabaseParts,
  DEFAULT_DATABASE_BUCKETS,
  databaseMetrics,
} from './database/metrics.ts';
export {
  type NamingOptions,
  OPERATIONS_MAX,
  STATEMENT_CHARACTERS_MAX,
  STATEMENTS_MAX,
  TABLES_MAX,
} from './database/recorder.ts';
export {
  NO_TABLE,
  OTHER,
  readSqlStatement,
  SQL_CHARACTERS_MAX,
  type SqlStatement,
  TABLE_CHARACTERS_MAX,
} from './database/sql-statement.ts';
// Declarations that are made of what is exported here name these.
export type { LabelNames, Part, PartNames, Renamed } from './instrument/naming.ts';

/** What is used of a `Pool` of node-postgres. */
export interface PgPool {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
  readonly options: { readonly max?: number | undefined };
  readonly ended?: boolean;
  readonly connect: unknown;
  readonly on: unknown;
}

/** What is used of a `Client` of node-postgres. */
export interface PgClient {
  readonly query: unknown;
  readonly connect: unknown;
}

/** What {@link instrumentPool} and {@link instrumentClient} may be told. */
export interface PgInstrumentOptions extends NamingOptions {
  /** The metrics to count with. Default: `databaseMetrics()`. */
  readonly metrics?: DatabaseParts | undefined;
}

let usual: DatabaseParts | undefined;

function recorderFor({ metrics, ...naming }: PgInstrumentOptions): Recorder {
  usual ??= metrics === undefined ? databaseMetrics() : undefined;
  return recorderOf(metrics ?? usual!, naming);
}

/**
 * Measures the queries of a pool, its errors and its connections, and returns it. Several pools add up; one that has
 * ended has no connections and is let go of. A second time for the same metrics does nothing.
 */
export function instrumentPool<P extends PgPool>(pool: P, options: PgInstrumentOptions = {}): P {
  const recorder = recorderFor(options);
  const { metrics } = recorder;
  if (!claim(pool, metrics)) return pool;
  replaceMethod(
    pool,
    'connect',
    (original) =>
      function connect(...args) {
        const beganMs = performance.now();
        return followed(original, this, args, (failed, error) => {
          metrics.wait?.observe(secondsSince(beganMs));
          if (failed) recorder.error(pgErrorType(error));
        });
      },
  );
  const measure = (client: object) => measureQueries(client, recorder);
  const emitter = pool as unknown as Emitter;
  // Before anybody else, for queries that are made as soon as there is a connection.
  emitter.prependListener('connect', measure);
  // Clients that the pool had before.
  emitter.prependListener('acquire', measure);
  // An idle connection was lost. Others that are lost are errors of their queries.
  emitter.on(errorMonitor, (error) => recorder.error(pgErrorType(error)));
  followLevels(pool, metrics);
  return pool;
}

/**
 * Measures the queries of a client that belongs to no pool, and the errors of its connection, and returns it. It is
 * none of the connections that are counted: those are of pools. A second time for the same metrics does nothing.
 */
export function instrumentClient<C extends PgClient>(client: C, options: PgInstrumentOptions = {}): C {
  const recorder = recorderFor(options);
  if (!measureQueries(client, recorder)) return client;
  replaceMethod(
    client,
    'connect',
    (original) =>
      function connect(...args) {
        return followed(original, this, args, (failed, error) => {
          if (failed) recorder.error(pgErrorType(error));
        });
      },
  );
  return client;
}

interface Emitter {
  on(event: symbol, listener: (error: unknown) => void): unknown;
  prependListener(event: string, listener: (client: object) => void): unknown;
}

/** Sums of what the pools say; a pool that nobody else knows any more is not kept by them. */
function followLevels(pool: PgPool, metrics: DatabaseParts): void {
  const reference = new WeakRef(pool);
  const levels = [
    [metrics.connections, (of: PgPool) => of.totalCount - of.idleCount],
    [metrics.idle, (of: PgPool) => of.idleCount],
    // Who asks while a connection is idle stands in the queue until the next tick, and does not wait.
    [metrics.waiting, (of: PgPool) => Math.max(of.waitingCount - of.idleCount, 0)],
    [metrics.connectionsMax, (of: PgPool) => of.options.max ?? 0],
  ] as const;
  for (const [gauge, read] of levels) {
    if (gauge === undefined) continue;
    addReading(gauge, () => {
      const known = reference.deref();
      return known === undefined || known.ended === true ? undefined : read(known);
    });
  }
}

function measureQueries(client: object, recorder: Recorder): boolean {
  if (!claim(client, recorder.metrics)) return false;
  replaceMethod(
    client,
    'query',
    (original) =>
      function query(...args) {
        const config = args[0];
        if (config === undefined || config === null) return Reflect.apply(original, this, args);
        return isSubmittable(config)
          ? querySubmitted(recorder, original, this, args, config)
          : queryText(recorder, original, this, args);
      },
  );
  return true;
}

/** `{ text, values, name, callback }`, as far as it is looked at. */
interface QueryConfig {
  readonly text?: unknown;
  readonly name?: unknown;
  callback?: unknown;
}

/** `query(text)`, `query(text, values)`, `query(config)`, each with a callback or with a promise. */
function queryText(recorder: Recorder, original: Method, self: unknown, args: unknown[]): unknown {
  const config = args[0] as string | QueryConfig;
  const series =
    typeof config === 'string'
      ? recorder.of(config)
      : typeof config.name === 'string'
        ? recorder.ofPrepared(config.name, config.text)
        : recorder.of(config.text);
  const beganMs = performance.now();
  const ended: Ended = (failed, error) => {
    series?.observe(secondsSince(beganMs));
    if (failed) recorder.error(pgErrorType(error));
  };
  if (typeof config === 'string') return followed(original, self, args, ended);
  const before = config.callback;
  const given = typeof args[2] === 'function' ? args[2] : args[1];
  if (typeof given !== 'function' && typeof before === 'function')
    return queryWithOwnCallback(original, self, args, config, calling(before as Method, ended));
  try {
    return followed(original, self, args, ended);
  } finally {
    // node-postgres notes the callback in the configuration of the program, which may be used again.
    if (config.callback !== before && typeof given === 'function') config.callback = given;
  }
}

/** `query({ text, callback })`: the callback is replaced for as long as it takes to make a query of it. */
function queryWithOwnCallback(
  original: Method,
  self: unknown,
  args: unknown[],
  config: QueryConfig,
  callback: Method,
): unknown {
  const before = config.callback;
  if (!Reflect.set(config, 'callback', callback)) {
    const frozen = Object.create(config, { callback: { value: callback, writable: true } });
    return Reflect.apply(original, self, [frozen, ...args.slice(1)]);
  }
  try {
    return Reflect.apply(original, self, args);
  } finally {
    config.callback = before;
  }
}

/** What a client calls of a query of its own making: Query, Cursor, QueryStream, a stream of COPY. */
interface Submittable {
  readonly submit: unknown;
  readonly text?: unknown;
  readonly cursor?: { readonly text?: unknown } | undefined;
}

function isSubmittable(config: unknown): config is Submittable {
  return typeof (config as { readonly submit?: unknown }).submit === 'function';
}

function querySubmitted(
  recorder: Recorder,
  original: Method,
  self: unknown,
  args: unknown[],
  query: Submittable,
): unknown {
  const series = recorder.of(query.text ?? query.cursor?.text);
  const beganMs = performance.now();
  let hasEnded = false;
  const end = (seconds: number): boolean => {
    if (hasEnded) return false;
    hasEnded = true;
    series?.observe(seconds);
    return true;
  };
  replaceMethod(
    query,
    'handleError',
    (handle) =>
      function handleError(...given) {
        if (end(secondsSince(beganMs))) recorder.error(pgErrorType(given[0]));
        return Reflect.apply(handle, this, given);
      },
  );
  replaceMethod(
    query,
    'handleReadyForQuery',
    (handle) =>
      function handleReadyForQuery(...given) {
        const seconds = secondsSince(beganMs);
        try {
          // An error in reading the rows comes to light here, and goes to `handleError`.
          return Reflect.apply(handle, this, given);
        } finally {
          end(seconds);
        }
      },
  );
  return Reflect.apply(original, self, args);
}

type Ended = (failed: boolean, error: unknown) => void;

/**
 * Calls a method that takes a callback as its last argument or else returns a promise, and says when it has ended. The
 * promise that is returned is one behind that of the method: a branch beside it would count as somebody who handles its
 * rejection, and that of a promise that nobody waits for has to end the process as before.
 */
function followed(original: Method, self: unknown, args: unknown[], ended: Ended): unknown {
  for (let i = Math.min(args.length, 3) - 1; i >= 0; i--) {
    const callback = args[i];
    if (typeof callback !== 'function') continue;
    const replaced = args.slice();
    replaced[i] = calling(callback as Method, ended);
    return Reflect.apply(original, self, replaced);
  }
  const result = Reflect.apply(original, self, args);
  if (!isThenable(result)) return result;
  return result.then(
    (value) => {
      ended(false, undefined);
      return value;
    },
    (error: unknown) => {
      ended(true, error);
      throw error;
    },
  );
}

/** A callback that tells of the end first, once. */
function calling(callback: Method, ended: Ended): Method {
  let hasEnded = false;
  return function called(...given) {
    if (!hasEnded) {
      hasEnded = true;
      ended(Boolean(given[0]), given[0]);
    }
    return Reflect.apply(callback, this, given);
  };
}
