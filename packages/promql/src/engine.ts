/** The engine: answers queries from storage. */
import type { Expr } from './ast.ts';
import type { CancelSignal, Queryable } from './storage.ts';
import { QueryError, type QueryResult } from './value.ts';

export interface EngineOptions {
  readonly lookbackMs?: number;
  readonly maxSamples?: number;
  readonly maxSteps?: number;
  readonly defaultSubqueryStepMs?: number;
  readonly yieldToLoop?: () => Promise<void>;
}

export interface QueryOptions {
  readonly signal?: CancelSignal;
  readonly lookbackMs?: number;
}

export class Engine {
  readonly options: EngineOptions;

  constructor(options: EngineOptions = {}) {
    this.options = options;
  }

  instant(
    _storage: Queryable,
    _query: string | Expr,
    _timeMs: number,
    _options: QueryOptions = {},
  ): Promise<QueryResult> {
    return Promise.reject(new QueryError('execution', 'the engine is not built yet'));
  }

  range(
    _storage: Queryable,
    _query: string | Expr,
    _startMs: number,
    _endMs: number,
    _stepMs: number,
    _options: QueryOptions = {},
  ): Promise<QueryResult> {
    return Promise.reject(new QueryError('execution', 'the engine is not built yet'));
  }
}
