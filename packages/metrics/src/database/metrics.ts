/**
 * The metrics of a SQL database as its client sees it: how long operations take, what fails, and which connections of
 * the pools are used. One set of definitions for all databases, under the usual names or a service's own:
 *
 *     databaseMetrics({
 *       names: { duration: 'db_query_duration_seconds', connections: 'db_connections_active', errors: 'db_errors_total' },
 *       labels: { table: false },
 *     })
 */
import { type Counter, counter } from '../counter.ts';
import { type Gauge, gauge } from '../gauge.ts';
import { type BoundHistogram, type Histogram, histogram } from '../histogram.ts';
import { type LabelNames, type Part, type Renamed, renamed } from '../instrument/naming.ts';
import { type ClosedLabel, closed, label, type OpenLabel } from '../labels.ts';
import type { Registry } from '../registry.ts';
import { ERROR_TYPES, type ErrorType } from './error-types.ts';

/** Upper bounds, in seconds, of durations and waits when none are given. */
export const DEFAULT_DATABASE_BUCKETS: readonly number[] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5];

/** Other names for the metrics; `false` leaves one out. */
export type DatabaseNames = {
  /** Default `database_operation_duration_seconds`. */
  readonly duration?: `${string}_seconds` | false;
  /** Default `database_errors_total`. */
  readonly errors?: `${string}_total` | false;
  /** Default `database_connections_active`. */
  readonly connections?: string | false;
  /** Default `database_connections_idle`. */
  readonly idle?: string | false;
  /** Default `database_connections_waiting`. */
  readonly waiting?: string | false;
  /** Default `database_connections_max`. */
  readonly connectionsMax?: string | false;
  /** Default `database_connection_wait_seconds`. */
  readonly wait?: `${string}_seconds` | false;
};

/** The labels of the instrument. */
export type DatabaseLabel = 'operation' | 'table' | 'error_type';

type OperationLabels = { readonly operation: OpenLabel; readonly table: OpenLabel };
type ErrorLabels = { readonly error_type: ClosedLabel<ErrorType> };

/** The metrics of a database's client; those that were left out are undefined. */
export interface DatabaseMetrics<
  N extends DatabaseNames = Record<never, never>,
  R extends LabelNames<DatabaseLabel> = Record<never, never>,
> {
  /** How long operations took, in seconds, by `operation` and `table`; those that failed are among them. */
  readonly duration: Part<N, 'duration', Histogram<Renamed<OperationLabels, R>, 'seconds'>>;
  /** Operations that failed, and connections that were not made or were lost, by `error_type`. */
  readonly errors: Part<N, 'errors', Counter<Renamed<ErrorLabels, R>>>;
  /** Connections of pools that are in use, or are being made. */
  readonly connections: Part<N, 'connections', Gauge<Record<never, never>>>;
  /** Connections of pools that are open and not in use. */
  readonly idle: Part<N, 'idle', Gauge<Record<never, never>>>;
  /** Who waits for a connection of a pool. */
  readonly waiting: Part<N, 'waiting', Gauge<Record<never, never>>>;
  /** Connections that the pools may have. */
  readonly connectionsMax: Part<N, 'connectionsMax', Gauge<Record<never, never>>>;
  /** How long it took to get a connection of a pool, in seconds. */
  readonly wait: Part<N, 'wait', Histogram<Record<never, never>, 'seconds'>>;
  /** What the labels are called. */
  readonly labelNames: LabelNames<DatabaseLabel>;
}

/** What can be chosen about the definitions. */
export interface DatabaseMetricsOptions<N extends DatabaseNames, R extends LabelNames<DatabaseLabel>> {
  /** Other names of metrics; `false` leaves one out. */
  readonly names?: N;
  /** Other names of labels; `false` leaves one out. */
  readonly labels?: R;
  /** Upper bounds of the two histograms in seconds. Default: {@link DEFAULT_DATABASE_BUCKETS}. */
  readonly buckets?: readonly number[];
  /** Default: the registry of the process. */
  readonly registry?: Registry;
}

/**
 * The definitions. Nothing happens but that, so a service without a database may declare them, too.
 * @throws TypeError where a name is taken by another definition, or two are the same
 */
export function databaseMetrics<
  const N extends DatabaseNames = Record<never, never>,
  const R extends LabelNames<DatabaseLabel> = Record<never, never>,
>(options: DatabaseMetricsOptions<N, R> = {}): DatabaseMetrics<N, R> {
  const names: DatabaseNames = options.names ?? {};
  const registry = options.registry === undefined ? {} : { registry: options.registry };
  const buckets = options.buckets ?? DEFAULT_DATABASE_BUCKETS;
  const part = <Name extends string, M>(name: Name | false, define: (name: Name) => M): M | undefined =>
    name === false ? undefined : define(name);
  const level = (help: string) => (name: string) => gauge({ name, help, ...registry });
  const metrics = {
    duration: part(names.duration ?? 'database_operation_duration_seconds', (name) =>
      histogram({
        name,
        unit: 'seconds',
        help: 'How long operations of the database took, without the wait for a connection',
        labels: renamed({ operation: label, table: label }, options.labels),
        buckets,
        ...registry,
      }),
    ),
    errors: part(names.errors ?? 'database_errors_total', (name) =>
      counter({
        name,
        help: 'Operations of the database that failed, and connections that were not made or were lost',
        labels: renamed({ error_type: closed(ERROR_TYPES, { otherwise: 'other' }) }, options.labels),
        ...registry,
      }),
    ),
    connections: part(
      names.connections ?? 'database_connections_active',
      level('Connections to the database that are in use'),
    ),
    idle: part(
      names.idle ?? 'database_connections_idle',
      level('Connections to the database that are open and not in use'),
    ),
    waiting: part(
      names.waiting ?? 'database_connections_waiting',
      level('How many wait for a connection to the database'),
    ),
    connectionsMax: part(
      names.connectionsMax ?? 'database_connections_max',
      level('Connections to the database that there can be'),
    ),
    wait: part(names.wait ?? 'database_connection_wait_seconds', (name) =>
      histogram({
        name,
        unit: 'seconds',
        help: 'How long it took to get a connection to the database',
        buckets,
        ...registry,
      }),
    ),
    labelNames: options.labels ?? {},
  };
  return metrics as unknown as DatabaseMetrics<N, R>;
}

/** What an instrument needs of the metrics, whatever they and their labels are called. */
export interface DatabaseParts {
  readonly duration: { bind(labels: Readonly<Record<string, string>>): BoundHistogram } | undefined;
  readonly errors: { bind(labels: Readonly<Record<string, string>>): { inc(): void } } | undefined;
  readonly connections: Gauge<Record<never, never>> | undefined;
  readonly idle: Gauge<Record<never, never>> | undefined;
  readonly waiting: Gauge<Record<never, never>> | undefined;
  readonly connectionsMax: Gauge<Record<never, never>> | undefined;
  readonly wait: Histogram<Record<never, never>, 'seconds'> | undefined;
  readonly labelNames: LabelNames;
}
