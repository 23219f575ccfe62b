/** `/api/v1/query`, `query_range`, `query_exemplars` and `format_query`. */
import { formatValue, Labels } from '@binnacle/metrics/model';
import {
  type Engine,
  type Expr,
  parse,
  printExpr,
  type Queryable,
  type QueryResult,
  type Series,
  type Value,
  type VectorSample,
  valueType,
} from '@binnacle/promql';
import {
  ApiError,
  histogramText,
  labelsText,
  sampleText,
  secondsText,
  success,
  successText,
} from './envelope.ts';
import { durationParameter, invalidParameter, limitParameter, timeParameter } from './parameters.ts';
import { QuerySlots } from './query-slots.ts';
import type { ApiRequest, ApiResponse, Route } from './route.ts';

/** How many queries run at once. */
export const CONCURRENT_QUERIES_MAX = 20;
/** How long a query may take, its wait for a slot included. */
export const QUERY_TIMEOUT_MS = 120_000;
/** How many points a range query has per series at most. */
export const RANGE_POINTS_MAX = 11_000;
/** How many samples are written in one piece. */
const SAMPLES_PER_PIECE = 2048;

/** What the query routes need. */
export interface QueryRoutesOptions {
  readonly engine: Engine;
  readonly storage: Queryable;
  readonly concurrentQueriesMax?: number;
  readonly timeoutMs?: number;
}

/** The routes that evaluate or read expressions. */
export function queryRoutes(options: QueryRoutesOptions): Route[] {
  const slots = new QuerySlots(options.concurrentQueriesMax ?? CONCURRENT_QUERIES_MAX);
  const longestMs = options.timeoutMs ?? QUERY_TIMEOUT_MS;
  const { engine, storage } = options;
  const both = ['GET', 'POST'] as const;
  return [
    {
      methods: both,
      path: '/api/v1/query',
      async handle(request) {
        const { parameters } = request;
        const timeMs = timeParameter(parameters, 'time', request.nowMs);
        const limit = limitParameter(parameters);
        const lookback = lookbackOption(parameters);
        const tree = queryParameter(parameters);
        const result = await bounded(slots, request, longestMs, (signal) =>
          engine.instant(storage, tree, timeMs, { signal, ...lookback }),
        );
        return answer(result, limit);
      },
    },
    {
      methods: both,
      path: '/api/v1/query_range',
      async handle(request) {
        const { parameters } = request;
        const startMs = timeParameter(parameters, 'start', undefined);
        const endMs = timeParameter(parameters, 'end', undefined);
        if (endMs < startMs) throw invalidParameter('end', 'end timestamp must not be before start time');
        const stepMs = durationParameter(parameters, 'step');
        if (stepMs <= 0)
          throw invalidParameter(
            'step',
            'zero or negative query resolution step widths are not accepted. Try a positive integer',
          );
        if ((endMs - startMs) / stepMs > RANGE_POINTS_MAX)
          throw new ApiError(
            'bad_data',
            'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
          );
        const limit = limitParameter(parameters);
        const lookback = lookbackOption(parameters);
        const tree = queryParameter(parameters);
        const type = valueType(tree);
        if (type !== 'scalar' && type !== 'vector')
          throw invalidParameter(
            'query',
            `invalid expression type "${type === 'matrix' ? 'range vector' : type}" for range query, must be Scalar or instant Vector`,
          );
        const result = await bounded(slots, request, longestMs, (signal) =>
          engine.range(storage, tree, startMs, endMs, stepMs, { signal, ...lookback }),
        );
        return answer(result, limit);
      },
    },
    {
      methods: both,
      path: '/api/v1/format_query',
      handle: ({ parameters }) => success(printExpr(queryParameter(parameters))),
    },
    // Exemplars are not stored. Grafana probes with milliseconds as seconds and switches exemplars off by an error.
    { methods: both, path: '/api/v1/query_exemplars', handle: () => success([]) },
  ];
}

function queryParameter(parameters: URLSearchParams): Expr {
  try {
    return parse(parameters.get('query') ?? '');
  } catch (error) {
    throw invalidParameter('query', error instanceof Error ? error.message : String(error));
  }
}

function lookbackOption(parameters: URLSearchParams): { lookbackMs?: number } {
  if ((parameters.get('lookback_delta') ?? '') === '') return {};
  return { lookbackMs: durationParameter(parameters, 'lookback_delta') };
}

/** Runs a query within its time and with one of the slots. */
async function bounded(
  slots: QuerySlots,
  request: ApiRequest,
  longestMs: number,
  run: (signal: AbortSignal) => Promise<QueryResult>,
): Promise<QueryResult> {
  const { parameters } = request;
  const askedMs =
    (parameters.get('timeout') ?? '') === '' ? longestMs : durationParameter(parameters, 'timeout');
  const timeout = AbortSignal.timeout(Math.max(0, Math.min(askedMs, longestMs)));
  const signal = AbortSignal.any([request.signal, timeout]);
  try {
    const release = await slots.acquire(signal);
    try {
      return await run(signal);
    } finally {
      release();
    }
  } catch (error) {
    if (request.signal.aborted) throw new ApiError('canceled', 'query was canceled');
    if (timeout.aborted) throw new ApiError('timeout', 'query timed out in expression evaluation');
    throw error;
  }
}

function answer(result: QueryResult, limit: number | undefined): ApiResponse {
  const { value, wasCut } = cut(result.value, limit);
  const warnings = wasCut ? [...result.warnings, 'results truncated due to limit'] : result.warnings;
  return successText(valueText(value), { warnings, infos: result.infos });
}

function cut(value: Value, limit: number | undefined): { readonly value: Value; readonly wasCut: boolean } {
  if (limit === undefined) return { value, wasCut: false };
  if (value.type === 'vector' && value.samples.length > limit)
    return { value: { ...value, samples: value.samples.slice(0, limit) }, wasCut: true };
  if (value.type === 'matrix' && value.series.length > limit)
    return { value: { ...value, series: value.series.slice(0, limit) }, wasCut: true };
  return { value, wasCut: false };
}

function* valueText(value: Value): Generator<string> {
  switch (value.type) {
    case 'scalar':
      yield `{"resultType":"scalar","result":${sampleText(value.timestampMs, value.value)}}`;
      return;
    case 'string':
      yield `{"resultType":"string","result":[${secondsText(value.timestampMs)},${JSON.stringify(value.value)}]}`;
      return;
    case 'vector': {
      let text = '{"resultType":"vector","result":[';
      for (const [i, sample] of value.samples.entries()) {
        text += `${i > 0 ? ',' : ''}{"metric":${labelsText(sample.labels)},${pointText(sample)}}`;
        if (i % SAMPLES_PER_PIECE === SAMPLES_PER_PIECE - 1) {
          yield text;
          text = '';
        }
      }
      yield `${text}]}`;
      return;
    }
    case 'matrix': {
      yield '{"resultType":"matrix","result":[';
      const sorted = value.series.toSorted((a, b) => Labels.compare(a.labels, b.labels));
      const timeTexts = new TimeTexts();
      for (const [i, series] of sorted.entries()) yield* seriesText(series, i > 0 ? ',' : '', timeTexts);
      yield ']}';
    }
  }
}

function pointText({ timestampMs, value, histogram }: VectorSample): string {
  return histogram === undefined
    ? `"value":${sampleText(timestampMs, value)}`
    : `"histogram":${histogramText(timestampMs, histogram)}`;
}

/** Numbers, then histograms, where there are any. */
function* seriesText(
  { labels, timestamps, values, histograms }: Series,
  before: string,
  timeTexts: TimeTexts,
): Generator<string> {
  yield `${before}{"metric":${labelsText(labels)}`;
  const isFloat = (i: number): boolean => histograms?.[i] === undefined;
  const times = timeTexts.of(timestamps);
  yield* pointsText(
    'values',
    timestamps.length,
    isFloat,
    (i) => `[${times[i]},"${formatValue(values[i]!)}"]`,
  );
  if (histograms !== undefined) {
    const isHistogram = (i: number): boolean => !isFloat(i);
    const text = (i: number): string => histogramText(timestamps[i]!, histograms[i]!);
    yield* pointsText('histograms', timestamps.length, isHistogram, text);
  }
  yield '}';
}

/** The texts of times. Most series of an answer share theirs, which are then written once. */
class TimeTexts {
  #timestamps: Float64Array | undefined;
  #texts: readonly string[] = [];

  of(timestamps: Float64Array): readonly string[] {
    if (timestamps !== this.#timestamps) {
      this.#timestamps = timestamps;
      this.#texts = Array.from(timestamps, secondsText);
    }
    return this.#texts;
  }
}

function* pointsText(
  name: string,
  count: number,
  isMeant: (i: number) => boolean,
  textOf: (i: number) => string,
): Generator<string> {
  let text = `,"${name}":[`;
  let written = 0;
  for (let i = 0; i < count; i++) {
    if (!isMeant(i)) continue;
    text += written++ > 0 ? `,${textOf(i)}` : textOf(i);
    if (written % SAMPLES_PER_PIECE !== 0) continue;
    yield text;
    text = '';
  }
  if (written > 0) yield `${text}]`;
}
