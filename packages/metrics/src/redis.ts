/**
 * Redis as its client sees it: how long commands take, which fail, and whether the connection stands.
 *
 *     const redis = new Redis(url);                       // ioredis 5 and later
 *     instrumentRedis(redis);
 *
 *     const client = createClient({ url });               // node-redis 4 and later
 *     instrumentRedis(client);
 *
 * The instance that is handed over is measured, and no other: what `duplicate()` makes of it is handed over as well, or
 * is not measured.
 *
 * A command that waits in Redis until there is something (`BLPOP`, `XREAD BLOCK`, `WAIT`) is counted in
 * `redis_blocking_commands_total` and has no duration: 30 seconds of waiting for a job would look like a slow Redis.
 */
import { type Counter, counter } from './counter.ts';
import { type Gauge, gauge } from './gauge.ts';
import { type Histogram, histogram } from './histogram.ts';
import {
  type LabelNames,
  type Part,
  type PartNames,
  partName,
  type Renamed,
  renamed,
} from './instrument/naming.ts';
import { measuredOnce, type Reporting } from './instrument/reporting.ts';
import { label, type OpenLabel } from './labels.ts';
import { REDIS_ERROR_TYPES } from './redis/errors.ts';
import { type Ioredis, measureIoredis } from './redis/ioredis.ts';
import { behind, measureNodeRedis, type NodeRedis } from './redis/node-redis.ts';
import { type RedisInstrument, RedisRecorder } from './redis/recorder.ts';
import type { Registry } from './registry.ts';

// Declarations that are made of what is exported here name these.
export type { LabelNames, Part, PartNames, Renamed } from './instrument/naming.ts';
export type { Reporting } from './instrument/reporting.ts';
export { COMMANDS_MAX, OTHER_COMMAND } from './redis/commands.ts';
export { REDIS_ERROR_TYPES, type RedisErrorType } from './redis/errors.ts';
export type { RedisInstrument } from './redis/recorder.ts';

/** Upper bounds, in seconds, of the duration histogram when none are given: Redis answers in less than a millisecond. */
export const DEFAULT_COMMAND_BUCKETS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
];

/** The metrics of the instrument, by what they are. */
export type RedisPart =
  | 'duration'
  | 'blocking'
  | 'errors'
  | 'hits'
  | 'misses'
  | 'connections'
  | 'down'
  | 'waiting'
  | 'reconnects';

/** The labels of the instrument. */
export type RedisLabel = 'command' | 'error_type';

type CommandLabels = { readonly command: OpenLabel };
type ErrorLabels = { readonly error_type: typeof REDIS_ERROR_TYPES };

/** The metrics of a Redis client; those that are left out are undefined. */
export interface RedisMetrics<
  N extends PartNames<RedisPart> = Record<never, never>,
  R extends LabelNames<RedisLabel> = Record<never, never>,
> {
  /** `redis_command_duration_seconds`: commands until they are answered, but for those that wait in Redis. */
  readonly duration: Part<N, 'duration', Histogram<Renamed<CommandLabels, R>, 'seconds'>>;
  /** `redis_blocking_commands_total`: commands that wait in Redis, when they have been answered. */
  readonly blocking: Part<N, 'blocking', Counter<Renamed<CommandLabels, R>>>;
  /** `redis_errors_total`: commands that failed, and connections, by kind. */
  readonly errors: Part<N, 'errors', Counter<Renamed<ErrorLabels, R>>>;
  /** `redis_hits_total`: values that `GET`, `MGET`, `HGET` and the like have found. */
  readonly hits: Part<N, 'hits', Counter<Record<never, never>>>;
  /** `redis_misses_total`: values that were not there. */
  readonly misses: Part<N, 'misses', Counter<Record<never, never>>>;
  /** `redis_connections`: clients that are ready. */
  readonly connections: Part<N, 'connections', Gauge<Record<never, never>>>;
  /** `redis_connections_down`: clients that were told to connect and are not ready. */
  readonly down: Part<N, 'down', Gauge<Record<never, never>>>;
  /** `redis_commands_waiting`: commands that wait until their client is ready. */
  readonly waiting: Part<N, 'waiting', Gauge<Record<never, never>>>;
  /** `redis_reconnects_total`: how often a client was ready again. */
  readonly reconnects: Part<N, 'reconnects', Counter<Record<never, never>>>;
  /** What the labels are called. */
  readonly labelNames: LabelNames<RedisLabel>;
}

/** What can be chosen about the definitions. */
export interface RedisMetricsOptions<
  N extends PartNames<RedisPart> = Record<never, never>,
  R extends LabelNames<RedisLabel> = Record<never, never>,
> {
  /** Whole names of metrics, by part; `false` leaves one out. */
  readonly names?: N;
  /** Names of labels; `false` leaves one out. */
  readonly labels?: R;
  /** Upper bounds of the duration histogram in seconds. Default: {@link DEFAULT_COMMAND_BUCKETS}. */
  readonly buckets?: readonly number[];
  /** Default: the registry of the process. */
  readonly registry?: Registry;
}

/** The definitions: for `databaseWatch`, and its hits and misses for `cacheWatch`. */
export function redisMetrics<
  const N extends PartNames<RedisPart> = Record<never, never>,
  const R extends LabelNames<RedisLabel> = Record<never, never>,
>(options: RedisMetricsOptions<N, R> = {}): RedisMetrics<N, R> {
  const { names, labels } = options;
  const registry = options.registry === undefined ? {} : { registry: options.registry };
  const total = (part: RedisPart, usual: string, help: string, of = {}) => {
    const name = partName<PartNames<RedisPart>>(names, part, usual) as `${string}_total` | undefined;
    return name && counter({ name, help, labels: renamed(of, labels), ...registry });
  };
  const level = (part: RedisPart, usual: string, help: string) => {
    const name = partName<PartNames<RedisPart>>(names, part, usual);
    return name && gauge({ name, help, ...registry });
  };
  const duration = partName<PartNames<RedisPart>>(names, 'duration', 'redis_command_duration_seconds');
  const command = { command: label };
  const metrics: { readonly [P in RedisPart]: unknown } = {
    duration:
      duration &&
      histogram({
        name: duration as `${string}_seconds`,
        help: 'Commands to Redis, until they are answered',
        unit: 'seconds',
        labels: renamed(command, labels),
        buckets: options.buckets ?? DEFAULT_COMMAND_BUCKETS,
        ...registry,
      }),
    blocking: total(
      'blocking',
      'redis_blocking_commands_total',
      'Commands that wait in Redis, answered',
      command,
    ),
    errors: total('errors', 'redis_errors_total', 'Errors of Redis and of connections to it', {
      error_type: REDIS_ERROR_TYPES,
    }),
    hits: total('hits', 'redis_hits_total', 'Values that were looked up in Redis and were there'),
    misses: total('misses', 'redis_misses_total', 'Values that were looked up in Redis and were not there'),
    connections: level('connections', 'redis_connections', 'Clients of Redis that are ready'),
    down: level('down', 'redis_connections_down', 'Clients of Redis that should be ready and are not'),
    waiting: level('waiting', 'redis_commands_waiting', 'Commands that wait for a connection to Redis'),
    reconnects: total('reconnects', 'redis_reconnects_total', 'Connections to Redis that were made again'),
  };
  return { ...metrics, labelNames: labels ?? {} } as unknown as RedisMetrics<N, R>;
}

/** A client of ioredis or node-redis: alone, or a cluster, a sentinel or a pool of them. */
export interface RedisClient {
  readonly sendCommand: (...args: never[]) => unknown;
  readonly on: (...args: never[]) => unknown;
}

/** Options of {@link instrumentRedis}. */
export interface InstrumentRedisOptions {
  /** The metrics to count with. Default: `redisMetrics()`. */
  readonly metrics?: RedisInstrument;
}

/** For all copies of this package: at the client, what measures it. */
const MEASURED = Symbol.for('@binnacle/metrics/redis/measured/v1');

const recorders = new WeakMap<object, RedisRecorder>();

/**
 * Measures a client, from now until it is stopped or gone. One that is measured already goes on as it is.
 * @throws TypeError for what is no client of ioredis or node-redis
 */
export function instrumentRedis(client: RedisClient, options: InstrumentRedisOptions = {}): Reporting {
  if (typeof client?.sendCommand !== 'function' || typeof client.on !== 'function')
    throw new TypeError('instrumentRedis takes a client of ioredis or node-redis, and this is none');
  const target: object = isIoredis(client) ? client : behind(client as unknown as NodeRedis);
  return measuredOnce(target, MEASURED, () => {
    const recorder = recorderOf(options.metrics ?? redisMetrics());
    return isIoredis(client)
      ? measureIoredis(client as unknown as Ioredis, recorder)
      : measureNodeRedis(target as NodeRedis, recorder);
  });
}

/** One for all clients with the same metrics, so that series are bound once. */
function recorderOf(metrics: RedisInstrument): RedisRecorder {
  let recorder = recorders.get(metrics);
  if (recorder === undefined) {
    recorder = new RedisRecorder(metrics);
    recorders.set(metrics, recorder);
  }
  return recorder;
}

function isIoredis(client: RedisClient): boolean {
  return 'status' in client && typeof client.status === 'string';
}
