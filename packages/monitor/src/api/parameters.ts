/** Reads the parameters of the API: times, durations, limits and selectors, refused in Prometheus's words. */
import { type Matcher, parseDuration, parseMetricSelector } from '@binnacle/promql';
import { ApiError } from './envelope.ts';

/** The earliest and the latest time that a request without bounds means. */
export const TIME_MS_MIN = -8_640_000_000_000_000;
export const TIME_MS_MAX = 8_640_000_000_000_000;

/** The longest duration that fits into the API: 2^63 nanoseconds. */
const DURATION_SECONDS_MAX = 9_223_372_036;

/** Says which parameter is wrong and why. */
export function invalidParameter(name: string, reason: string): ApiError {
  return new ApiError('bad_data', `invalid parameter ${JSON.stringify(name)}: ${reason}`);
}

/** A time in Unix seconds or RFC 3339, in milliseconds. */
export function timeParameter(
  parameters: URLSearchParams,
  name: string,
  otherwise: number | undefined,
): number {
  const text = parameters.get(name) ?? '';
  if (text === '' && otherwise !== undefined) return otherwise;
  const ms = parseTime(text);
  if (ms !== undefined) return ms;
  // Prometheus says it in two ways, depending on whether the parameter may be left out.
  const optional = otherwise === undefined ? '' : `invalid time value for '${name}': `;
  throw invalidParameter(name, `${optional}cannot parse ${JSON.stringify(text)} to a valid timestamp`);
}

function parseTime(text: string): number | undefined {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Math.round(Number(text) * 1000);
  const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
  if (!rfc3339.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** A duration in seconds or as `1h30m`, in milliseconds. */
export function durationParameter(parameters: URLSearchParams, name: string): number {
  const text = parameters.get(name) ?? '';
  const refused = () => invalidParameter(name, `cannot parse ${JSON.stringify(text)} to a valid duration`);
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) {
    const seconds = Number(text);
    if (Math.abs(seconds) > DURATION_SECONDS_MAX)
      throw invalidParameter(
        name,
        `cannot parse ${JSON.stringify(text)} to a valid duration. It overflows int64`,
      );
    return Math.round(seconds * 1000);
  }
  try {
    return parseDuration(text);
  } catch {
    throw refused();
  }
}

/** How many results are wanted at most; undefined for all. */
export function limitParameter(parameters: URLSearchParams, name = 'limit'): number | undefined {
  const text = parameters.get(name) ?? '';
  if (text === '') return undefined;
  if (!/^[+-]?\d+$/.test(text))
    throw invalidParameter(name, `cannot parse ${JSON.stringify(text)} to a number`);
  const limit = Number(text);
  if (limit < 0) throw invalidParameter(name, 'limit must be non-negative');
  return limit === 0 ? undefined : limit;
}

/** The selectors of `match[]`. */
export function selectorsParameter(parameters: URLSearchParams): (readonly Matcher[])[] {
  return parameters.getAll('match[]').map((text) => {
    try {
      return parseMetricSelector(text);
    } catch (error) {
      throw new ApiError('bad_data', error instanceof Error ? error.message : String(error));
    }
  });
}
