/**
 * Database: how long operations take, how many fail, and how many connections are in use.
 *
 * Errors are counted apart from operations, so that they are held against a rate and not a share.
 */
import { type Duration, gt } from '@binnacle/promql/builder';
import { slow } from './alerts.ts';
import { assembleWatch, subjectOf, type WatchAlert } from './assembly.ts';
import { type Capacity, nearlyFull, usedShare } from './capacity.ts';
import { asked, busiest, LINES_MAX, levels, limit, lines, quantiles, slowest } from './panels.ts';
import { Scope } from './scope.ts';
import type { Watch, WatchOptions } from './watch.ts';
import {
  type CounterLike,
  type GaugeLike,
  type HistogramLike,
  type LabelOf,
  labelOf,
  type WatchedMetric,
  watchedMetric,
} from './watched-metric.ts';

/** The metrics of a database's client. */
export interface DatabaseInstrument<D extends HistogramLike = HistogramLike> {
  /** How long operations took, in seconds. */
  readonly duration?: D | undefined;
  /** Errors. */
  readonly errors?: CounterLike | undefined;
  /** Connections in use. */
  readonly connections?: GaugeLike | undefined;
  /** Connections that there can be; without it, say `connectionsMax`. */
  readonly connectionsMax?: GaugeLike | undefined;
  /** Who waits for a connection. */
  readonly waiting?: GaugeLike | undefined;
}

/** The alerts of {@link databaseWatch}. */
export type DatabaseAlert =
  | 'DatabaseFailing'
  | 'DatabaseSlow'
  | 'DatabaseConnectionsHigh'
  | 'DatabaseWaiting';

/** What {@link databaseWatch} may be told. */
export interface DatabaseWatchOptions<Label extends string = string> extends WatchOptions<DatabaseAlert> {
  /** The label that tells operations apart; `false` for none. Default: `operation`, `query`, `command` or `table`. */
  readonly by?: Label | false;
  /** How many errors there may be per second. Default 1. */
  readonly errorsPerSecondMax?: number;
  /** How long an operation may take, in seconds. Default 0.5. */
  readonly secondsMax?: number;
  /** Which share of operations must be faster. Default 0.95. */
  readonly quantile?: number;
  /** Over how long all of these are taken. Default `5m`. */
  readonly window?: Duration;
  /** Below so many operations in the window nothing is said of durations. Default 20. */
  readonly operationsMin?: number;
  /** How many connections there can be, over all processes. */
  readonly connectionsMax?: number;
  /** The share of connections that may be in use. Default 0.8. */
  readonly connectionsShareMax?: number;
  /** How many may wait for a connection. Default 0. */
  readonly waitingMax?: number;
}

const OPERATION_LABELS = ['operation', 'query', 'command', 'table'];
const ERROR_LABELS = ['error_type', 'error', 'type', 'code', 'reason'];

/** Watches a database as its client sees it: `databaseWatch({ duration, errors, connections })`. */
export function databaseWatch<const D extends HistogramLike = never>(
  instrument: DatabaseInstrument<D>,
  options: DatabaseWatchOptions<NoInfer<LabelOf<D>>> = {},
): Watch {
  const scope = new Scope(options.where);
  const subject = subjectOf('Database', options);
  const given = <K extends keyof DatabaseInstrument>(part: K, type: 'counter' | 'gauge' | 'histogram') =>
    watchedMetric(`databaseWatch: ${part}`, instrument[part], [type]);
  const duration = given('duration', 'histogram');
  const errors = given('errors', 'counter');
  const connections = given('connections', 'gauge');
  const waiting = given('waiting', 'gauge');
  const by = duration && labelOf('databaseWatch', duration, options.by, OPERATION_LABELS);
  const total = given('connectionsMax', 'gauge') ?? options.connectionsMax;
  const pool: Capacity | undefined =
    connections && total !== undefined ? { measured: connections, isFree: false, total, by: [] } : undefined;
  const { errorsPerSecondMax = 1, secondsMax = 0.5, quantile = 0.95, window = '5m' } = options;
  const { operationsMin = 20, connectionsShareMax = 0.8, waitingMax = 0 } = options;
  return assembleWatch('Database', options, {
    rows: [
      {
        panels: [
          duration && operations(scope, duration),
          errors && errorPanel(scope, errors, errorsPerSecondMax),
          duration &&
            quantiles(
              scope,
              duration,
              {
                title: 'Duration',
                description:
                  'How long operations take: half of them stay below the median. Growing at the same rate: a missing index, a lock, or the database itself is at its limit.',
              },
              { max: secondsMax },
            ),
          duration &&
            slowest(
              scope,
              duration,
              by,
              {
                title: 'Slowest operations',
                description: `The ${LINES_MAX} operations that take longest: 95 of 100 stay below.`,
              },
              { max: secondsMax },
            ),
          connections && connectionPanel(scope, connections, waiting, pool, connectionsShareMax),
        ],
      },
    ],
    alerts: {
      DatabaseFailing: errors && failures(scope, errors, { errorsPerSecondMax, window, subject }),
      DatabaseSlow: slow(
        scope,
        duration,
        { secondsMax, quantile, window, eventsMin: operationsMin },
        {
          subject,
          things: 'operations',
          by,
          severity: 'warning',
          for: '10m',
          advice: 'Look for a missing index, for locks, and for what else the database does now.',
        },
      ),
      DatabaseConnectionsHigh:
        pool &&
        nearlyFull(scope, pool, connectionsShareMax, {
          subject,
          thing: 'the pool of connections',
          severity: 'warning',
          for: '10m',
          advice: 'Look for transactions that stay open; if there are none, allow more connections.',
        }),
      DatabaseWaiting: waiting && {
        expr: gt(scope.level(waiting), waitingMax),
        for: '5m',
        severity: 'warning',
        summary: `${subject}: requests wait for a connection`,
        description: ({ value, text }) =>
          text`${value.humanize} wait for a connection. Look for transactions that stay open; if there are none, allow more connections.`,
      },
    },
  });
}

function operations(scope: Scope, duration: WatchedMetric) {
  return lines(
    {
      title: 'Operations',
      description:
        'Operations per second. It follows the requests; if it grows alone, something asks in a loop.',
    },
    {
      queries: [asked((window) => scope.observations(duration, 'rate', window), 'operations')],
      unit: 'ops',
      colors: { operations: 'blue' },
    },
  );
}

function errorPanel(scope: Scope, errors: WatchedMetric, max: number) {
  const by = labelOf('databaseWatch', errors, undefined, ERROR_LABELS);
  const about = {
    title: 'Errors',
    description: `Errors per second${by === undefined ? '' : `, the ${LINES_MAX} most frequent kinds`}. Good: none. Connections that are refused: the database is down or full; deadlocks: look at transactions.`,
  };
  return (
    busiest(scope, errors, by, about) ??
    lines(about, {
      queries: [asked((window) => scope.events(errors, 'rate', window), 'errors')],
      unit: 'ops',
      colors: { errors: 'red' },
      ...limit(max),
    })
  );
}

function connectionPanel(
  scope: Scope,
  connections: WatchedMetric,
  waiting: WatchedMetric | undefined,
  pool: Capacity | undefined,
  shareMax: number,
) {
  if (pool !== undefined && waiting === undefined)
    return lines(
      {
        title: 'Connections in use',
        description: 'Share of the connections that are in use. At 100 % requests wait for one.',
      },
      { queries: [asked(() => usedShare(scope, pool), 'in use')], unit: 'percentunit', ...limit(shareMax) },
    );
  return levels(
    scope,
    [
      { legend: 'in use', metric: connections, color: 'blue' },
      ...(waiting === undefined ? [] : [{ legend: 'waiting', metric: waiting, color: 'orange' } as const]),
    ],
    {
      title: 'Connections in use',
      description:
        'Connections in use, over all processes. Good: well below what the database allows. Only growing: some are never given back.',
    },
  );
}

function failures(
  scope: Scope,
  errors: WatchedMetric,
  about: { readonly errorsPerSecondMax: number; readonly window: Duration; readonly subject: string },
): WatchAlert {
  const { errorsPerSecondMax, window, subject } = about;
  return {
    expr: gt(scope.events(errors, 'rate', window), errorsPerSecondMax),
    for: '5m',
    severity: 'critical',
    summary: `${subject}: errors`,
    description: ({ value, text }) =>
      text`${value.humanize} errors per second within ${window}; at most ${errorsPerSecondMax} are expected. See whether the database answers, and which kind of errors it is.`,
  };
}
