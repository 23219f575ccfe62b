/**
 * The envelope of Prometheus's HTTP API: `{"status":"success","data":…}` or
 * `{"status":"error","errorType":…,"error":…}`, and how numbers, times and labels look inside.
 */
import { formatValue, type Labels, type NativeHistogram } from '@binnacle/metrics/model';
import { ParseError, QueryError, StorageError, shownBuckets } from '@binnacle/promql';
import type { ApiResponse } from './route.ts';

/** The API's kinds of errors. */
export type ApiErrorType =
  | 'bad_data'
  | 'execution'
  | 'canceled'
  | 'timeout'
  | 'unavailable'
  | 'not_found'
  | 'internal';

const STATUS: Readonly<Record<ApiErrorType, number>> = {
  bad_data: 400,
  execution: 422,
  canceled: 503,
  timeout: 503,
  unavailable: 503,
  not_found: 404,
  internal: 500,
};

/** nginx's status for a client that did not wait; nobody reads it but a log. */
export const CLIENT_GONE_STATUS = 499;

/** A request that cannot be answered, in the API's terms. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorType;
  readonly status: number;

  constructor(code: ApiErrorType, message: string, status: number = STATUS[code]) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

const JSON_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' };

/** What an answer may say beside its data. */
export interface Notices {
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

/** A success whose data is a value. */
export function success(data: unknown, notices: Notices = {}): ApiResponse {
  return successText([JSON.stringify(data)], notices);
}

/** A success whose data is JSON text in pieces. */
export function successText(data: Iterable<string>, notices: Notices = {}): ApiResponse {
  return { status: 200, headers: JSON_HEADERS, body: envelope(data, notices) };
}

function* envelope(data: Iterable<string>, { warnings = [], infos = [] }: Notices): Generator<string> {
  yield '{"status":"success","data":';
  yield* data;
  if (warnings.length > 0) yield `,"warnings":${JSON.stringify(warnings)}`;
  if (infos.length > 0) yield `,"infos":${JSON.stringify(infos)}`;
  yield '}';
}

/** JSON outside of the envelope: Grafana's shapes. */
export function plainJson(data: unknown, status = 200): ApiResponse {
  return { status, headers: JSON_HEADERS, body: JSON.stringify(data) };
}

/** Plain text. */
export function plainText(text: string, status = 200): ApiResponse {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
  return { status, headers, body: text };
}

/** The answer to a request that failed; an error that nobody foresaw is the server's own. */
export function responseOfError(error: unknown): ApiResponse {
  const { code, status, message } = apiErrorOf(error);
  return plainJson({ status: 'error', errorType: code, error: message }, status);
}

function apiErrorOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof ParseError) return new ApiError('bad_data', error.message);
  if (error instanceof StorageError) return new ApiError('internal', error.message);
  if (error instanceof QueryError)
    return new ApiError(error.code === 'limit' ? 'execution' : error.code, error.message);
  return new ApiError('internal', error instanceof Error ? error.message : String(error));
}

/** A time in the API's answers: Unix seconds, three digits behind the point unless they are zeros. */
export function secondsText(timeMs: number): string {
  const fraction = Math.abs(timeMs) % 1000;
  if (fraction === 0) return String(timeMs / 1000);
  const sign = timeMs < 0 ? '-' : '';
  return `${sign}${Math.trunc(Math.abs(timeMs) / 1000)}.${String(fraction).padStart(3, '0')}`;
}

/** `[1435781451.781,"0.5"]`. */
export function sampleText(timeMs: number, value: number): string {
  return `[${secondsText(timeMs)},"${formatValue(value)}"]`;
}

/** Which bounds of a bucket belong to it, as the API counts them. */
const BOUNDARIES = { upper: 0, lower: 1, none: 2, both: 3 } as const;

/** `[1435781451.781,{"count":"3","sum":"5","buckets":[[0,"1","2","3"]]}]`: a native histogram; empty buckets are left out. */
export function histogramText(timeMs: number, histogram: NativeHistogram): string {
  const { count, sum, zeroThreshold } = histogram;
  let text = `[${secondsText(timeMs)},{"count":"${formatValue(count)}","sum":"${formatValue(sum)}"`;
  const buckets = shownBuckets(histogram).map((bucket) => {
    const { boundaries } = bucket;
    // Buckets end where the zero bucket, which may be wider than they are, begins.
    const lower = boundaries === 'upper' ? Math.max(bucket.lower, zeroThreshold) : bucket.lower;
    const upper = boundaries === 'lower' ? Math.min(bucket.upper, -zeroThreshold) : bucket.upper;
    const [from, to, held] = [lower, upper, bucket.count].map(formatValue);
    return `[${BOUNDARIES[boundaries]},"${from}","${to}","${held}"]`;
  });
  if (buckets.length > 0) text += `,"buckets":[${buckets.join(',')}]`;
  return `${text}}]`;
}

/** A label set as an object; label names and values are escaped as JSON wants. */
export function labelsText(labels: Labels): string {
  let text = '{';
  for (let i = 0; i < labels.size; i++)
    text += `${i > 0 ? ',' : ''}${JSON.stringify(labels.names[i])}:${JSON.stringify(labels.values[i])}`;
  return `${text}}`;
}
