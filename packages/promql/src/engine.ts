/**
 * The engine: answers queries from storage.
 *
 * A query is parsed and checked; the samples of all its selectors are fetched in one call; then it is evaluated,
 * column by column (`eval/`), without touching storage again, except for `info`, whose series are known only when its
 * argument has been computed. Metric names that operations have dropped go at the
 * very end.
 */
import { Labels } from '@binnacle/metrics/model';
import { children, type Expr, unwrapParens, type VectorSelector } from './ast.ts';
import { documentedType, valueType } from './check.ts';
import { Annotations } from './eval/annotations.ts';
import {
  type Column,
  type Grid,
  METADATA_LABELS,
  mergeSameLabels,
  type RangeSeries,
  timeAt,
} from './eval/column.ts';
import { Evaluator } from './eval/evaluator.ts';
import { selectorsOfTotals, totalsOnly } from './eval/histogram-totals.ts';
import { Times } from './eval/times.ts';
import { canceled, Watch } from './eval/watch.ts';
import { ParseError } from './parse-error.ts';
import { parse } from './parser.ts';
import { printExpr } from './printer.ts';
import { quote } from './quote.ts';
import { type CancelSignal, type Queryable, type Series, StorageError } from './storage.ts';
import { QueryError, type QueryResult, type Value } from './value.ts';

/** How far an instant selector looks back for the latest sample. */
const LOOKBACK_MS = 300_000;
/** Samples that one query may hold at once. */
const SAMPLES_MAX = 50_000_000;
/** Series that one query may read. */
const SERIES_MAX = 1_000_000;
/** Steps that one range query may have. */
const STEPS_MAX = 11_000;
/** Samples' worth of memory that a histogram takes beside its buckets. */
const HISTOGRAM_WEIGHT = 16;
/** Levels of an expression, so that evaluating it does not exhaust the call stack. */
const NESTING_MAX = 1000;
/** The step of a subquery that names none. */
const SUBQUERY_STEP_MS = 60_000;

/** What all queries of an engine have in common. */
export interface EngineOptions {
  /** How far an instant selector looks back for the latest sample; 5 minutes. */
  readonly lookbackMs?: number;
  /** Samples and result values that one query may hold at once; 50 million. */
  readonly maxSamples?: number;
  /** Series that one query may read; 1 million. */
  readonly maxSeries?: number;
  /** Steps that one range query may have; 11,000. */
  readonly maxSteps?: number;
  /** The step of a subquery that names none; 1 minute. */
  readonly defaultSubqueryStepMs?: number;
  /** Called every few milliseconds of work, so that others can run; by default nobody is let in. */
  readonly yieldToLoop?: () => Promise<void>;
  /** Whether experimental functions and syntax are accepted. */
  readonly experimental?: boolean;
}

/** What one query may have of its own. */
export interface QueryOptions {
  readonly signal?: CancelSignal;
  readonly lookbackMs?: number;
}

interface QueryTimes {
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
}

/** Answers queries. Holds no state beside its options, so one engine serves all. */
export class Engine {
  readonly #options: EngineOptions;

  constructor(options: EngineOptions = {}) {
    this.#options = options;
  }

  /**
   * Evaluates a query at one time.
   * @throws QueryError in the promise, whatever went wrong
   */
  async instant(
    storage: Queryable,
    query: string | Expr,
    timeMs: number,
    options: QueryOptions = {},
  ): Promise<QueryResult> {
    const expr = this.#parsed(query);
    const times = { startMs: timeMs, endMs: timeMs, stepMs: 0 };
    const { value, notes } = await settled(
      this.#evaluate(storage, expr, times, options, instantValue),
      options.signal,
    );
    return { value, ...notes.render(textOf(query)) };
  }

  /**
   * Evaluates a query at `startMs`, `startMs + stepMs`, ... up to `endMs`. The answer is always a matrix.
   * @throws QueryError in the promise, whatever went wrong
   */
  async range(
    storage: Queryable,
    query: string | Expr,
    startMs: number,
    endMs: number,
    stepMs: number,
    options: QueryOptions = {},
  ): Promise<QueryResult> {
    const expr = this.#parsed(query);
    this.#checkRange(expr, startMs, endMs, stepMs);
    const times = { startMs, endMs, stepMs };
    const { value: series, notes } = await settled(
      this.#evaluate(storage, expr, times, options, rangeSeries),
      options.signal,
    );
    return { value: { type: 'matrix', series }, ...notes.render(textOf(query)) };
  }

  #parsed(query: string | Expr): Expr {
    try {
      const expr =
        typeof query === 'string'
          ? parse(query, { experimental: this.#options.experimental ?? false })
          : query;
      if (nestingOf(expr) > NESTING_MAX)
        throw new QueryError('limit', `expression is nested deeper than ${NESTING_MAX} levels`);
      return expr;
    } catch (error) {
      if (error instanceof ParseError) throw new QueryError('bad_data', error.message, { cause: error });
      throw error;
    }
  }

  #checkRange(expr: Expr, startMs: number, endMs: number, stepMs: number): void {
    const refuse = (message: string): never => {
      throw new QueryError('bad_data', message);
    };
    if (!(stepMs > 0)) {
      refuse('zero or negative query resolution step widths are not accepted. Try a positive integer');
    }
    if (endMs < startMs) refuse('end timestamp must not be before start time');
    const stepsMax = this.#options.maxSteps ?? STEPS_MAX;
    if ((endMs - startMs) / stepMs > stepsMax) {
      refuse(
        `exceeded maximum resolution of ${stepsMax.toLocaleString('en-US')} points per timeseries. Try decreasing the query resolution (?step=XX)`,
      );
    }
    const type = valueType(expr);
    if (type !== 'vector' && type !== 'scalar') {
      refuse(
        `invalid expression type ${quote(documentedType(type))} for range query, must be Scalar or instant Vector`,
      );
    }
  }

  /** Fetches the samples of all selectors, then has the expression evaluated. */
  async #evaluate<T>(
    storage: Queryable,
    expr: Expr,
    query: QueryTimes,
    { signal, lookbackMs }: QueryOptions,
    evaluate: (evaluator: Evaluator, expr: Expr, grid: Grid) => Promise<T>,
  ): Promise<{ readonly value: T; readonly notes: Annotations }> {
    const { startMs, endMs, stepMs } = query;
    const options = this.#options;
    const watch = new Watch(
      options.maxSamples ?? SAMPLES_MAX,
      options.maxSeries ?? SERIES_MAX,
      signal,
      options.yieldToLoop,
    );
    watch.throwIfCanceled();
    const grid: Grid = {
      startMs,
      // A grid of one step needs some width, since subqueries count on it.
      stepMs: stepMs || 1,
      count: stepMs === 0 ? 1 : Math.floor((endMs - startMs) / stepMs) + 1,
    };
    const times = new Times(
      query,
      lookbackMs ?? options.lookbackMs ?? LOOKBACK_MS,
      options.defaultSubqueryStepMs ?? SUBQUERY_STEP_MS,
    );
    const notes = new Annotations();
    const requests = times.requests(expr, grid);
    const data = new Map<VectorSelector, readonly Series[]>();
    let totals: ReadonlySet<VectorSelector> | undefined;
    if (requests.size > 0) {
      const results = await storage.select([...requests.values()], signal);
      let index = 0;
      for (const selector of requests.keys()) {
        const result = results[index++]!;
        for (const warning of result.warnings) notes.warn(warning);
        let { series } = result;
        if (series.some(({ histograms }) => histograms !== undefined)) {
          totals ??= selectorsOfTotals(expr);
          if (totals.has(selector)) series = series.map(withTotalsOnly);
        }
        data.set(selector, series);
        watch.read(series.length);
        watch.hold(series.reduce((sum, one) => sum + samplesOf(one) + weightOf(one), 0));
      }
    }
    if (takesFirst(expr)) sortByLabels(data);
    const fetchMore: Evaluator['fetch'] = async (request) => {
      const [result] = await storage.select([request], signal);
      for (const warning of result!.warnings) notes.warn(warning);
      watch.read(result!.series.length);
      watch.hold(result!.series.reduce((sum, one) => sum + samplesOf(one), 0));
      return result!.series;
    };
    const value = await evaluate(new Evaluator(data, times, notes, watch, fetchMore), expr, grid);
    return { value, notes };
  }
}

/** How many samples a series has, without asking for them. */
function samplesOf(series: Series): number {
  return series.samplesMax ?? series.timestamps.length;
}

async function instantValue(evaluator: Evaluator, expr: Expr, grid: Grid): Promise<Value> {
  const timestampMs = grid.startMs;
  switch (valueType(expr)) {
    case 'scalar':
      return { type: 'scalar', timestampMs, value: (await evaluator.scalar(expr, grid))[0]! };
    case 'string': {
      const literal = unwrapParens(expr);
      return { type: 'string', timestampMs, value: literal.type === 'stringLiteral' ? literal.value : '' };
    }
    case 'vector': {
      const samples = finished(await evaluator.vector(expr, grid))
        .filter(({ present }) => present[0] === 1)
        .map(({ labels, values, histograms }) => {
          const histogram = histograms?.[0];
          const sample = { labels, timestampMs, value: values[0]! };
          return histogram === undefined ? sample : { ...sample, histogram };
        });
      return { type: 'vector', samples };
    }
    case 'matrix': {
      const matrix = unwrapParens(expr);
      if (matrix.type !== 'matrixSelector' && matrix.type !== 'subquery')
        throw new Error(`BUG: ${matrix.type} is no range vector`);
      const series = (await evaluator.matrix(matrix, grid)).map(named);
      return { type: 'matrix', series: series.sort((a, b) => Labels.compare(a.labels, b.labels)) };
    }
  }
}

async function rangeSeries(evaluator: Evaluator, expr: Expr, grid: Grid): Promise<Series[]> {
  if (valueType(expr) === 'scalar') {
    const values = await evaluator.scalar(expr, grid);
    return [{ labels: Labels.EMPTY, timestamps: values.map((_, step) => timeAt(grid, step)), values }];
  }
  const all = Float64Array.from({ length: grid.count }, (_, step) => timeAt(grid, step));
  return finished(await evaluator.vector(expr, grid))
    .map((column) => {
      const { labels, values, present, histograms } = column;
      if (histograms !== undefined) return mixedSeries(column, all);
      // Copied out of its slab, which would otherwise be kept, and cloned where the answer crosses a thread.
      if (present.indexOf(0) < 0) return { labels, timestamps: all, values: values.slice() };
      const kept = (_: number, step: number): boolean => present[step] === 1;
      return { labels, timestamps: all.filter(kept), values: values.filter(kept) };
    })
    .filter(({ timestamps }) => timestamps.length > 0)
    .sort((a, b) => Labels.compare(a.labels, b.labels));
}

/** The series of a column that may hold histograms. */
function mixedSeries({ labels, values, present, histograms }: Column, times: Float64Array): Series {
  const kept = (_: unknown, step: number): boolean => present[step] === 1;
  const found = histograms!.filter(kept);
  const series = { labels, timestamps: times.filter(kept), values: values.filter(kept) };
  return found.every((histogram) => histogram === undefined) ? series : { ...series, histograms: found };
}

function withTotalsOnly(series: Series): Series {
  const { histograms } = series;
  return histograms === undefined ? series : { ...series, histograms: totalsOnly(histograms) };
}

/** Drops the names that have been waiting for it. */
function finished(columns: Column[]): Column[] {
  return mergeSameLabels(columns.map(named));
}

function named<T extends Pick<RangeSeries, 'labels' | 'dropName'>>(series: T): T {
  return series.dropName
    ? { ...series, labels: series.labels.without(METADATA_LABELS), dropName: false }
    : series;
}

/** How many samples' worth of memory the histograms of a series take beyond that of its floats. */
function weightOf({ histograms }: Series): number {
  let weight = 0;
  for (const histogram of histograms ?? []) {
    if (histogram === undefined) continue;
    const { positiveCounts, negativeCounts } = histogram;
    weight += HISTOGRAM_WEIGHT + ((positiveCounts.length + negativeCounts.length) >> 1);
  }
  return weight;
}

/** Passes on a promise's result; whatever it rejects with becomes a QueryError where the world is to blame. */
async function settled<T>(promise: Promise<T>, signal: CancelSignal | undefined): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof QueryError) throw error;
    if (signal?.aborted === true) throw canceled(signal.reason);
    if (error instanceof StorageError)
      throw new QueryError('execution', `expanding series: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Whether an expression takes the first series, whatever their values. */
function takesFirst(expr: Expr): boolean {
  return (expr.type === 'aggregation' && expr.op === 'limitk') || children(expr).some(takesFirst);
}

/** Puts series into the order in which Prometheus reads them from a block. */
function sortByLabels(data: Map<VectorSelector, readonly Series[]>): void {
  for (const [selector, series] of data)
    data.set(
      selector,
      [...series].sort((a, b) => Labels.compare(a.labels, b.labels)),
    );
}

/** How many levels an expression has; counted without recursion. */
function nestingOf(expr: Expr): number {
  let level: readonly Expr[] = [expr];
  let nesting = 0;
  for (; level.length > 0; nesting++) level = level.flatMap(children);
  return nesting;
}

function textOf(query: string | Expr): string {
  return typeof query === 'string' ? query : printExpr(query);
}
