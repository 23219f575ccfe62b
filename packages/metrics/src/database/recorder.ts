/**
 * Counts the operations of a database: finds what a text does, and the series of that, once for each text.
 *
 * Nothing here grows with the traffic. Texts are remembered in two halves: when the younger one is full it becomes the
 * older one, and what is found there comes back into the younger one. So texts that are made anew each time push each
 * other out, and those that come again and again stay.
 */
import type { BoundHistogram } from '../histogram.ts';
import { FewValues } from '../instrument/few-values.ts';
import { renamedValues } from '../instrument/naming.ts';
import type { ErrorType } from './error-types.ts';
import type { DatabaseParts } from './metrics.ts';
import {
  NO_TABLE,
  OTHER,
  readSqlStatement,
  type SqlStatement,
  TABLE_CHARACTERS_MAX,
} from './sql-statement.ts';

/** So many texts, and so many names of prepared statements, are remembered. */
export const STATEMENTS_MAX = 1_000;

/** Longer texts are read each time, so that what is remembered has a bound. */
export const STATEMENT_CHARACTERS_MAX = 4_096;

/** So many tables are told apart; further ones are `other`. */
export const TABLES_MAX = 100;

/** So many operations are told apart, where `name` gives them; further ones are `other`. */
export const OPERATIONS_MAX = 50;

/** How operations are named. */
export interface NamingOptions {
  /** The tables that there are; all else is `other`. Default: the first {@link TABLES_MAX} that are seen. */
  readonly tables?: readonly string[] | undefined;
  /** What a text is called, instead of what is read in it; undefined for that after all. Called once for most texts. */
  readonly name?: ((text: string) => SqlStatement | undefined) | undefined;
}

/** See above. One for each set of metrics. */
export class Recorder {
  readonly metrics: DatabaseParts;
  readonly #name: NamingOptions['name'];
  readonly #tables: FewValues;
  readonly #series = new Map<string, Map<string, BoundHistogram>>();
  readonly #errors = new Map<ErrorType, { inc(): void }>();
  readonly #prepared = new Map<string, BoundHistogram>();
  #younger = new Map<string, BoundHistogram>();
  #older: ReadonlyMap<string, BoundHistogram> = new Map();

  constructor(metrics: DatabaseParts, { tables, name }: NamingOptions) {
    this.metrics = metrics;
    this.#name = name;
    this.#tables = new FewValues(tables === undefined ? TABLES_MAX : 0, OTHER, [NO_TABLE, ...(tables ?? [])]);
  }

  /** The series of a text; undefined where durations are left out. */
  of(text: unknown): BoundHistogram | undefined {
    if (this.metrics.duration === undefined) return undefined;
    if (typeof text !== 'string') return this.ofOperation(OTHER);
    if (text.length > STATEMENT_CHARACTERS_MAX) return this.#read(text);
    return this.#younger.get(text) ?? this.#remember(text);
  }

  /** The series of a prepared statement, which is found by its name when it comes without its text. */
  ofPrepared(name: string, text: unknown): BoundHistogram | undefined {
    if (typeof text !== 'string') return this.#prepared.get(name) ?? this.of(text);
    const series = this.of(text);
    if (series === undefined || this.#prepared.get(name) === series) return series;
    if (this.#prepared.size >= STATEMENTS_MAX) this.#prepared.clear();
    this.#prepared.set(name, series);
    return series;
  }

  /** The series of an operation that has no table. */
  ofOperation(operation: string): BoundHistogram | undefined {
    return this.metrics.duration && this.#seriesOf({ operation, table: NO_TABLE });
  }

  /** Counts an error. */
  error(type: ErrorType): void {
    let series = this.#errors.get(type);
    if (series === undefined) {
      const { errors, labelNames } = this.metrics;
      if (errors === undefined) return;
      series = errors.bind(renamedValues({ error_type: type }, labelNames));
      this.#errors.set(type, series);
    }
    series.inc();
  }

  #remember(text: string): BoundHistogram {
    const series = this.#older.get(text) ?? this.#read(text);
    if (this.#younger.size >= STATEMENTS_MAX / 2) {
      this.#older = this.#younger;
      this.#younger = new Map();
    }
    this.#younger.set(text, series);
    return series;
  }

  #read(text: string): BoundHistogram {
    return this.#seriesOf(this.#named(text) ?? readSqlStatement(text));
  }

  #named(text: string): SqlStatement | undefined {
    try {
      const named = this.#name?.(text);
      if (typeof named?.operation !== 'string' || typeof named.table !== 'string') return undefined;
      return { operation: named.operation || OTHER, table: named.table || NO_TABLE };
    } catch {
      // What names the operations is not to stop them.
      return undefined;
    }
  }

  #seriesOf({ operation, table }: SqlStatement): BoundHistogram {
    const operationName =
      this.#series.size < OPERATIONS_MAX || this.#series.has(operation) ? operation : OTHER;
    let byTable = this.#series.get(operationName);
    if (byTable === undefined) {
      byTable = new Map();
      this.#series.set(operationName, byTable);
    }
    const tableName = this.#tables.of(table.slice(0, TABLE_CHARACTERS_MAX));
    let series = byTable.get(tableName);
    if (series === undefined) {
      const { duration, labelNames } = this.metrics;
      const values = { operation: operationName, table: tableName };
      series = duration!.bind(renamedValues(values, labelNames));
      byTable.set(tableName, series);
    }
    return series;
  }
}

const recorders = new WeakMap<DatabaseParts, Recorder>();

/** The recorder of a set of metrics, which many pools may share; one of its own where naming is asked for. */
export function recorderOf(metrics: DatabaseParts, naming: NamingOptions): Recorder {
  if (naming.tables !== undefined || naming.name !== undefined) return new Recorder(metrics, naming);
  let recorder = recorders.get(metrics);
  if (recorder === undefined) {
    recorder = new Recorder(metrics, naming);
    recorders.set(metrics, recorder);
  }
  return recorder;
}
