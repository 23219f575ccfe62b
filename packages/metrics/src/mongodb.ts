/**
 * MongoDB as its driver sees it: how long commands take, which fail, and how many connections are in use.
 *
 *     const client = new MongoClient(url, { monitorCommands: true });
 *     instrumentMongo(client);
 *
 * The driver tells of each command when it sends it and when it is answered, if `monitorCommands` is set; of its
 * connections it tells in any case. Nothing is wrapped. A command is what the driver sends: `insertMany` of a great many
 * documents is several, and a retried write is two.
 *
 * What the driver sends by itself to connect and to tidy up (`hello`, `saslStart`, `endSessions`) is left out.
 */
import type { BoundCounter } from './counter.ts';
import { type Counter, counter } from './counter.ts';
import type { BoundGauge } from './gauge.ts';
import { type Gauge, gauge } from './gauge.ts';
import { type BoundHistogram, type Histogram, histogram } from './histogram.ts';
import { FewValues } from './instrument/few-values.ts';
import {
  type Bindable,
  bound,
  type LabelNames,
  type Part,
  type PartNames,
  partName,
  type Renamed,
  renamed,
} from './instrument/naming.ts';
import { measuredOnce, type Reporting } from './instrument/reporting.ts';
import { label, type OpenLabel } from './labels.ts';
import { collectionOf, NO_COLLECTION, OTHER, operationOf } from './mongodb/commands.ts';
import { errorTypeIn, errorTypeOf, MONGO_ERROR_TYPES, type MongoErrorType } from './mongodb/errors.ts';
import { type ConnectionEvent, Pools } from './mongodb/pools.ts';
import type { Registry } from './registry.ts';
import { warn } from './serve/warnings.ts';
import { secondsSince } from './timer.ts';

// Declarations that are made of what is exported here name these.
export type { LabelNames, Part, PartNames, Renamed } from './instrument/naming.ts';
export type { Reporting } from './instrument/reporting.ts';
export { NO_COLLECTION, OTHER } from './mongodb/commands.ts';
export { MONGO_ERROR_TYPES, type MongoErrorType } from './mongodb/errors.ts';

/** The most collections that are told apart; those that come later are {@link OTHER}. */
export const COLLECTIONS_MAX = 50;

/** The most commands under way whose collection and start are known; more are left out of the durations. */
export const UNDER_WAY_MAX = 10_000;

/** Upper bounds, in seconds, of the duration histogram when none are given. */
export const DEFAULT_OPERATION_BUCKETS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** The metrics of the instrument, by what they are. */
export type MongoPart = 'duration' | 'errors' | 'connections' | 'idle' | 'waiting' | 'connectionsMax';

/** The labels of the instrument. */
export type MongoLabel = 'operation' | 'collection' | 'error_type';

type CommandLabels = { readonly operation: OpenLabel; readonly collection: OpenLabel };
type ErrorLabels = { readonly error_type: typeof MONGO_ERROR_TYPES };

/** The metrics of a MongoDB client; those that are left out are undefined. */
export interface MongoMetrics<
  N extends PartNames<MongoPart> = Record<never, never>,
  R extends LabelNames<MongoLabel> = Record<never, never>,
> {
  /** `mongodb_command_duration_seconds`: commands until they are answered. */
  readonly duration: Part<N, 'duration', Histogram<Renamed<CommandLabels, R>, 'seconds'>>;
  /** `mongodb_errors_total`: commands that failed, and connections, by kind. */
  readonly errors: Part<N, 'errors', Counter<Renamed<ErrorLabels, R>>>;
  /** `mongodb_connections_active`: connections that somebody uses. */
  readonly connections: Part<N, 'connections', Gauge<Record<never, never>>>;
  /** `mongodb_connections_idle`: connections that nobody uses. */
  readonly idle: Part<N, 'idle', Gauge<Record<never, never>>>;
  /** `mongodb_connections_waiting`: who waits for a connection. */
  readonly waiting: Part<N, 'waiting', Gauge<Record<never, never>>>;
  /** `mongodb_connections_max`: connections that there can be, over all servers. */
  readonly connectionsMax: Part<N, 'connectionsMax', Gauge<Record<never, never>>>;
  /** What the labels are called. */
  readonly labelNames: LabelNames<MongoLabel>;
}

/** What can be chosen about the definitions. */
export interface MongoMetricsOptions<
  N extends PartNames<MongoPart> = Record<never, never>,
  R extends LabelNames<MongoLabel> = Record<never, never>,
> {
  /** Whole names of metrics, by part; `false` leaves one out. */
  readonly names?: N;
  /** Names of labels; `false` leaves one out. */
  readonly labels?: R;
  /** Upper bounds of the duration histogram in seconds. Default: {@link DEFAULT_OPERATION_BUCKETS}. */
  readonly buckets?: readonly number[];
  /** Default: the registry of the process. */
  readonly registry?: Registry;
}

/** The definitions, for `databaseWatch`. */
export function mongoMetrics<
  const N extends PartNames<MongoPart> = Record<never, never>,
  const R extends LabelNames<MongoLabel> = Record<never, never>,
>(options: MongoMetricsOptions<N, R> = {}): MongoMetrics<N, R> {
  const { names, labels } = options;
  const registry = options.registry === undefined ? {} : { registry: options.registry };
  const named = (part: MongoPart, usual: string) => partName<PartNames<MongoPart>>(names, part, usual);
  const level = (part: MongoPart, usual: string, help: string) => {
    const name = named(part, usual);
    return name && gauge({ name, help, ...registry });
  };
  const duration = named('duration', 'mongodb_command_duration_seconds');
  const errors = named('errors', 'mongodb_errors_total');
  const metrics: { readonly [P in MongoPart]: unknown } = {
    duration:
      duration &&
      histogram({
        name: duration as `${string}_seconds`,
        help: 'Commands to MongoDB, until they are answered',
        unit: 'seconds',
        labels: renamed({ operation: label, collection: label }, labels),
        buckets: options.buckets ?? DEFAULT_OPERATION_BUCKETS,
        ...registry,
      }),
    errors:
      errors &&
      counter({
        name: errors as `${string}_total`,
        help: 'Errors of MongoDB and of connections to it',
        labels: renamed({ error_type: MONGO_ERROR_TYPES }, labels),
        ...registry,
      }),
    connections: level(
      'connections',
      'mongodb_connections_active',
      'Connections to MongoDB that somebody uses',
    ),
    idle: level('idle', 'mongodb_connections_idle', 'Connections to MongoDB that nobody uses'),
    waiting: level('waiting', 'mongodb_connections_waiting', 'Operations that wait for a connection'),
    connectionsMax: level('connectionsMax', 'mongodb_connections_max', 'Connections that there can be'),
  };
  return { ...metrics, labelNames: labels ?? {} } as unknown as MongoMetrics<N, R>;
}

/** The metrics that MongoDB is measured with; what {@link mongoMetrics} makes, whatever it is called. */
export interface MongoInstrument {
  readonly duration: Bindable<BoundHistogram<'seconds'>> | undefined;
  readonly errors: Bindable<BoundCounter> | undefined;
  readonly connections: Bindable<BoundGauge> | undefined;
  readonly idle: Bindable<BoundGauge> | undefined;
  readonly waiting: Bindable<BoundGauge> | undefined;
  readonly connectionsMax: Bindable<BoundGauge> | undefined;
  readonly labelNames: LabelNames;
}

/** A client of the driver `mongodb`. */
export interface MongoClientLike {
  readonly on: (...args: never[]) => unknown;
  readonly removeListener: (...args: never[]) => unknown;
  readonly monitorCommands?: boolean;
  readonly options?: { readonly maxPoolSize?: number };
}

/** Options of {@link instrumentMongo}. */
export interface InstrumentMongoOptions {
  /** The metrics to count with. Default: `mongoMetrics()`. */
  readonly metrics?: MongoInstrument;
}

/** For all copies of this package: at the client, what measures it. */
const MEASURED = Symbol.for('@binnacle/metrics/mongodb/measured/v1');

/**
 * Measures a client, from now until it is stopped or gone; best before it connects. One that is measured already goes
 * on as it is. Without `monitorCommands` there are connections only, which is warned of once.
 * @throws TypeError for what is no client of the driver
 */
export function instrumentMongo(client: MongoClientLike, options: InstrumentMongoOptions = {}): Reporting {
  if (typeof client?.on !== 'function' || typeof client.removeListener !== 'function')
    throw new TypeError('instrumentMongo takes a MongoClient, and this is none');
  return measuredOnce(client, MEASURED, () => {
    if (client.monitorCommands !== true)
      warn({
        code: 'mongodb_monitor_commands',
        message:
          'a MongoClient is measured that does not tell of its commands, so that only its connections are counted: ' +
          'make it with { monitorCommands: true }',
      });
    const listeners = listenersFor(options.metrics ?? mongoMetrics(), client.options?.maxPoolSize ?? 0);
    const emitter = client as unknown as Emitter;
    for (const [event, listener] of listeners.byEvent) emitter.on(event, listener);
    return () => {
      for (const [event, listener] of listeners.byEvent) emitter.removeListener(event, listener);
      listeners.end();
    };
  });
}

interface Emitter {
  on(event: string, listener: (event: never) => void): unknown;
  removeListener(event: string, listener: (event: never) => void): unknown;
}

/** What is used of the events of commands. */
interface CommandEvent {
  readonly requestId: number;
  readonly commandName: string;
  readonly command: Readonly<Record<string, unknown>>;
  readonly reply: unknown;
  readonly failure: unknown;
}

interface UnderWay {
  readonly beganMs: number;
  readonly series: BoundHistogram<'seconds'> | undefined;
}

function listenersFor(metrics: MongoInstrument, maxPoolSize: number) {
  const series = new DurationSeries(metrics);
  const { errors, labelNames } = metrics;
  const plain = <C>(metric: Bindable<C> | undefined): C | undefined => bound(metric, {}, {});
  const byType = new Map<MongoErrorType, BoundCounter | undefined>();
  const failure = (type: MongoErrorType): void => {
    if (!byType.has(type)) byType.set(type, bound(errors, { error_type: type }, labelNames));
    byType.get(type)?.inc();
  };
  const underWay = new Map<number, UnderWay>();
  const pools = new Pools(
    {
      active: plain(metrics.connections),
      idle: plain(metrics.idle),
      waiting: plain(metrics.waiting),
      max: plain(metrics.connectionsMax),
    },
    maxPoolSize,
  );
  const ended = (requestId: number): boolean => {
    const command = underWay.get(requestId);
    if (command === undefined) return false;
    underWay.delete(requestId);
    command.series?.observe(secondsSince(command.beganMs));
    return true;
  };
  const byEvent: readonly (readonly [string, (event: never) => void])[] = [
    [
      'commandStarted',
      ({ requestId, commandName, command }: CommandEvent) => {
        const operation = operationOf(commandName);
        if (operation === undefined || underWay.size >= UNDER_WAY_MAX) return;
        const collection = collectionOf(commandName, command);
        underWay.set(requestId, { beganMs: performance.now(), series: series.of(operation, collection) });
      },
    ],
    [
      'commandSucceeded',
      ({ requestId, reply }: CommandEvent) => {
        if (!ended(requestId)) return;
        const type = errorTypeIn(reply);
        if (type !== undefined) failure(type);
      },
    ],
    [
      'commandFailed',
      ({ requestId, commandName, failure: error }: CommandEvent) => {
        ended(requestId);
        if (operationOf(commandName) !== undefined) failure(errorTypeOf(error));
      },
    ],
    ['connectionPoolCreated', pools.opened],
    ['connectionPoolClosed', pools.gone],
    ['connectionReady', pools.ready],
    ['connectionClosed', pools.closed],
    ['connectionCheckOutStarted', pools.waits],
    [
      'connectionCheckOutFailed',
      (event: ConnectionEvent & { readonly reason?: unknown }) => {
        pools.failed(event);
        if (event.reason !== 'poolClosed')
          failure(event.reason === 'timeout' ? 'pool_timeout' : 'connection');
      },
    ],
    ['connectionCheckedOut', pools.checkedOut],
    ['connectionCheckedIn', pools.checkedIn],
    ['serverHeartbeatFailed', () => failure('heartbeat')],
  ];
  return {
    byEvent,
    end: () => {
      underWay.clear();
      pools.end();
    },
  };
}

/** The series of the duration, bound once for each operation and collection. */
class DurationSeries {
  readonly #metrics: MongoInstrument;
  readonly #series = new Map<string, Map<string, BoundHistogram<'seconds'> | undefined>>();
  readonly #collections = new FewValues(COLLECTIONS_MAX, OTHER, [NO_COLLECTION]);

  constructor(metrics: MongoInstrument) {
    this.#metrics = metrics;
  }

  of(operation: string, collection: string): BoundHistogram<'seconds'> | undefined {
    let ofOperation = this.#series.get(operation);
    if (ofOperation === undefined) {
      ofOperation = new Map();
      this.#series.set(operation, ofOperation);
    }
    const told = this.#collections.of(collection);
    if (!ofOperation.has(told)) {
      const { duration, labelNames } = this.#metrics;
      const values = { operation, collection: told };
      ofOperation.set(told, bound(duration, values, labelNames));
    }
    return ofOperation.get(told);
  }
}
