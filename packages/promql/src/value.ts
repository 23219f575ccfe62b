/** What a query answers. */
import type { Labels, NativeHistogram } from '@binnacle/metrics/model';
import type { Series } from './storage.ts';

/** One series at one time. */
export interface VectorSample {
  readonly labels: Labels;
  readonly timestampMs: number;
  /** Without meaning when there is a histogram. */
  readonly value: number;
  readonly histogram?: NativeHistogram;
}

export interface ScalarValue {
  readonly type: 'scalar';
  readonly timestampMs: number;
  readonly value: number;
}

export interface StringValue {
  readonly type: 'string';
  readonly timestampMs: number;
  readonly value: string;
}

/** In no particular order, unless the query sorts. */
export interface VectorValue {
  readonly type: 'vector';
  readonly samples: readonly VectorSample[];
}

/** Sorted by label set; no series is empty. Series may share their array of timestamps. */
export interface MatrixValue {
  readonly type: 'matrix';
  readonly series: readonly Series[];
}

export type Value = ScalarValue | StringValue | VectorValue | MatrixValue;

/** The answer to a query, and what the user should know about it. */
export interface QueryResult {
  readonly value: Value;
  /** `PromQL warning: ... (line:column)`, and what storage could not read. */
  readonly warnings: readonly string[];
  /** `PromQL info: ... (line:column)`. */
  readonly infos: readonly string[];
}

/**
 * Why a query failed: `bad_data` the query or its parameters are wrong, `execution` it cannot be computed on this
 * data, `limit` it wants more than it may, `canceled` and `timeout` it was stopped.
 */
export type QueryErrorCode = 'bad_data' | 'execution' | 'canceled' | 'timeout' | 'limit';

/** A query that failed; the message is Prometheus's. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
  readonly code: QueryErrorCode;

  constructor(code: QueryErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
