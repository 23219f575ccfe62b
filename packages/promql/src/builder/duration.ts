/** Durations and times as the builder takes them, checked where they are given. */
import type { TimeModifiers } from '../ast.ts';
import { parseDuration } from '../duration.ts';

type Unit = 'ms' | 's' | 'm' | 'h' | 'd' | 'w' | 'y';

/** A duration as PromQL writes it: `5m`, `1h30m`. */
export type Duration = `${number}${Unit}` | `${number}${Unit}${number}${Unit}`;

/**
 * What a dashboard puts in place of a range: one of Grafana's macros, or a variable of the dashboard, `${window}`.
 * Nothing else can fill it in, so a query that has one is for dashboards only.
 */
export type Placeholder = '$__rate_interval' | '$__interval' | '$__range' | `\${${string}}`;

/** The length of a range: a duration, or what a dashboard puts there. */
export type RangeLength = Duration | Placeholder;

/** A time: Unix seconds, a date, or the query's start or end. */
export type EvaluationTime = number | Date | 'start' | 'end';

/**
 * The milliseconds of a duration greater than 0.
 * @throws RangeError with where it stands and its text
 */
function rangeMs(where: string, text: Duration): number {
  const ms = milliseconds(where, text);
  if (ms > 0) return ms;
  throw new RangeError(`${where}: duration must be greater than 0, not ${JSON.stringify(text)}`);
}

/** A range as a node has it: its milliseconds, or what is printed in their place. */
export interface RangeParts {
  readonly ms: number;
  readonly placeholder?: Placeholder;
}

/**
 * A range as a node has it.
 * @throws RangeError with where it stands and its text
 */
export function rangeParts(where: string, length: RangeLength): RangeParts {
  return isPlaceholder(length) ? { ms: 0, placeholder: length } : { ms: rangeMs(where, length) };
}

function isPlaceholder(length: RangeLength): length is Placeholder {
  return /^\$(?:__(?:rate_interval|interval|range)|\{[a-zA-Z_]\w*\})$/.test(length);
}

/**
 * An expression as it was so long ago; a negative duration asks for what came later.
 * @throws RangeError with where it stands, TypeError when it has an offset already
 */
export function shifted<T extends TimeModifiers>(where: string, node: T, offset: Duration): T {
  if (node.offsetMs !== 0) throw new TypeError(`${where} has an offset already`);
  const later = offset.startsWith('-');
  const ms = milliseconds(`offset of ${where}`, later ? offset.slice(1) : offset);
  return { ...node, offsetMs: later && ms !== 0 ? -ms : ms };
}

/**
 * An expression as it is at one time, whenever it is asked for.
 * @throws RangeError with where it stands, TypeError when it has a time already
 */
export function pinned<T extends TimeModifiers>(where: string, node: T, time: EvaluationTime): T {
  if (node.timestampMs !== undefined || node.startOrEnd !== undefined)
    throw new TypeError(`${where} has a time already`);
  if (time === 'start' || time === 'end') return { ...node, startOrEnd: time };
  const timestampMs = Math.round(time instanceof Date ? time.getTime() : time * 1000);
  if (!Number.isSafeInteger(timestampMs))
    throw new RangeError(`at of ${where}: ${time} is no time; give Unix seconds, a date, "start" or "end"`);
  return { ...node, timestampMs: timestampMs === 0 ? 0 : timestampMs };
}

function milliseconds(where: string, text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new RangeError(`${where}: ${error instanceof Error ? error.message : error}`);
  }
}
