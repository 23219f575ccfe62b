/**
 * Database metrics for SQLite, through better-sqlite3 or Node.js's own `node:sqlite`: every statement that runs, by what
 * it does and to which table, and the errors by their kind.
 *
 *     const db = instrumentDatabase(new Database('shop.db'));
 *
 * The database that is handed over is measured, and the statements that it prepares from then on: `run`, `get`, `all`,
 * and `iterate` from the call until its end, `exec`, and of better-sqlite3 `pragma` and `transaction`. A transaction is
 * one operation of its own, with its BEGIN, its COMMIT and all that it does; the statements in it count as well.
 *
 * Everything happens in the thread of the program, and an operation may take a microsecond. So nothing is looked up
 * when a statement runs: what it counts in is found when it is prepared.
 */

import { claim } from './database/claims.ts';
import { type DatabaseParts, databaseMetrics } from './database/metrics.ts';
import { type NamingOptions, type Recorder, recorderOf } from './database/recorder.ts';
import { isSqliteError, type Phase, sqliteErrorType } from './database/sqlite-code.ts';
import type { BoundHistogram } from './histogram.ts';
import { type Method, replaceMethod } from './instrument/own-method.ts';
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

/** What is used of a database, `Database` of better-sqlite3 or `DatabaseSync` of `node:sqlite`. */
export interface SqliteDatabase {
  readonly prepare: unknown;
  readonly exec: unknown;
}

/** What {@link instrumentDatabase} may be told. */
export interface SqliteInstrumentOptions extends NamingOptions {
  /**
   * The metrics to count with. Default: `databaseMetrics()` without what is about connections: a file has no pool.
   */
  readonly metrics?: DatabaseParts | undefined;
}

let usual: DatabaseParts | undefined;

function usualMetrics(): DatabaseParts {
  usual ??= databaseMetrics({
    names: { connections: false, idle: false, waiting: false, connectionsMax: false, wait: false },
  });
  return usual;
}

/**
 * Measures what a database does, and returns it. Statements that were prepared before are not measured. A second time
 * for the same metrics does nothing.
 */
export function instrumentDatabase<D extends SqliteDatabase>(
  db: D,
  { metrics, ...naming }: SqliteInstrumentOptions = {},
): D {
  const recorder = recorderOf(metrics ?? usualMetrics(), naming);
  if (!claim(db, recorder.metrics)) return db;
  const methods = new StatementMethods(recorder);
  replaceMethod(
    db,
    'prepare',
    (original) =>
      function prepare(...args) {
        let statement: unknown;
        try {
          statement = Reflect.apply(original, this, args);
        } catch (error) {
          countError(recorder, error, 'reading');
          throw error;
        }
        if (typeof statement === 'object' && statement !== null)
          methods.measure(statement, recorder.of(args[0]));
        return statement;
      },
  );
  replaceMethod(
    db,
    'exec',
    (original) =>
      function exec(...args) {
        return measured(original, this, args, recorder.of(args[0]), recorder, 'reading');
      },
  );
  replaceMethod(
    db,
    'pragma',
    (original) =>
      function pragma(...args) {
        return measured(original, this, args, recorder.ofOperation('pragma'), recorder, 'reading');
      },
  );
  replaceMethod(
    db,
    'transaction',
    (original) =>
      function transaction(...args) {
        return measureTransaction(Reflect.apply(original, this, args), recorder);
      },
  );
  return db;
}

const METHODS = ['run', 'get', 'all', 'iterate'] as const;

/**
 * The methods of the statements of one database. Many a program prepares its statements anew each time, and to give each
 * four functions of its own costs a fourth of what preparing does. So a statement is put behind an object that has the
 * measured methods and comes before their prototype, which stays as it is: one such object for each series.
 */
class StatementMethods {
  readonly #recorder: Recorder;
  readonly #measured = new WeakMap<object, Map<BoundHistogram | undefined, object>>();

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  /** Has a statement count in a series when it runs. */
  measure(statement: object, series: BoundHistogram | undefined): void {
    const prototype: object | null = Object.getPrototypeOf(statement);
    if (prototype === null) return;
    let bySeries = this.#measured.get(prototype);
    if (bySeries === undefined) {
      bySeries = new Map();
      this.#measured.set(prototype, bySeries);
    }
    let methods = bySeries.get(series);
    if (methods === undefined) {
      methods = this.#replacements(prototype, series);
      bySeries.set(series, methods);
    }
    Reflect.setPrototypeOf(statement, methods);
  }

  #replacements(prototype: object, series: BoundHistogram | undefined): object {
    const recorder = this.#recorder;
    const methods: object = Object.create(prototype);
    for (const name of METHODS)
      replaceMethod(methods, name, (original) =>
        name === 'iterate'
          ? function iterate(...args) {
              return measureIterator(original, this, args, series, recorder);
            }
          : function called(...args) {
              return measured(original, this, args, series, recorder, 'running');
            },
      );
    return methods;
  }
}

function measured(
  original: Method,
  self: unknown,
  args: unknown[],
  series: BoundHistogram | undefined,
  recorder: Recorder,
  phase: Phase,
): unknown {
  const beganMs = performance.now();
  try {
    return Reflect.apply(original, self, args);
  } catch (error) {
    countError(recorder, error, phase);
    throw error;
  } finally {
    series?.observe(secondsSince(beganMs));
  }
}

/** What is counted at a statement and goes on through a transaction is one error. */
const counted = new WeakSet<object>();

function countError(recorder: Recorder, error: unknown, phase: Phase): void {
  if (typeof error === 'object' && error !== null) counted.add(error);
  recorder.error(sqliteErrorType(error, phase));
}

/** An iterator that is neither gone through nor returned is never counted: it has not ended. */
function measureIterator(
  original: Method,
  self: unknown,
  args: unknown[],
  series: BoundHistogram | undefined,
  recorder: Recorder,
): unknown {
  const beganMs = performance.now();
  let hasEnded = false;
  const end = () => {
    if (hasEnded) return;
    hasEnded = true;
    series?.observe(secondsSince(beganMs));
  };
  const failing = (run: Method, on: unknown, given: unknown[]): unknown => {
    try {
      return Reflect.apply(run, on, given);
    } catch (error) {
      // Once it has ended, an error is one of how it is used.
      if (!hasEnded) countError(recorder, error, 'running');
      end();
      throw error;
    }
  };
  const iterator = failing(original, self, args);
  if (typeof iterator !== 'object' || iterator === null) return iterator;
  replaceMethod(
    iterator,
    'next',
    (next) =>
      function (...given) {
        const step = failing(next, this, given);
        if ((step as { readonly done?: unknown }).done === true) end();
        return step;
      },
  );
  replaceMethod(
    iterator,
    'return',
    (give) =>
      function (...given) {
        const step = failing(give, this, given);
        end();
        return step;
      },
  );
  return iterator;
}

/** The ways to begin a transaction, of which each is a property of all the others. */
const VARIANTS: ReadonlySet<string> = new Set(['default', 'deferred', 'immediate', 'exclusive']);

/** The same functions measured, with the same properties. */
function measureTransaction(made: unknown, recorder: Recorder): unknown {
  if (typeof made !== 'function') return made;
  const series = recorder.ofOperation('transaction');
  const properties = Object.getOwnPropertyDescriptors(made) as Record<string, PropertyDescriptor>;
  const functions = new Map<unknown, Method>();
  for (const [name, property] of Object.entries(properties)) {
    if (!VARIANTS.has(name) || typeof property.value !== 'function') continue;
    const run = property.value as Method;
    const replaced: Method = function sqliteTransaction(...args) {
      const beganMs = performance.now();
      try {
        return Reflect.apply(run, this, args);
      } catch (error) {
        // Those of the program's own function are none of the database.
        if (isSqliteError(error) && !counted.has(error as object)) countError(recorder, error, 'running');
        throw error;
      } finally {
        series?.observe(secondsSince(beganMs));
      }
    };
    functions.set(run, replaced);
    properties[name] = { ...property, value: replaced };
  }
  for (const replaced of functions.values()) Object.defineProperties(replaced, shared(properties));
  return functions.get(made) ?? made;
}

/** What is not part of every function by itself. */
function shared({ length: _, name: __, prototype: ___, ...rest }: Record<string, PropertyDescriptor>) {
  return rest;
}
