/**
 * From a dashboard's expression to PromQL: macros and variables filled in.
 *
 * `$__interval` is the step of the chart; `$__rate_interval` is `max($__interval + scrape, 4 × scrape)`, the
 * shortest range in which `rate` always finds enough samples; `$__range` is the whole range. A variable inside
 * a regular expression is escaped, several values become `(a|b)`, and `All` is the variable's own pattern.
 */
import { formatDuration } from '../format/duration.ts';

/** What the macros stand for, in milliseconds. */
export interface MacroContext {
  readonly intervalMs: number;
  readonly rangeMs: number;
  readonly scrapeMs: number;
}

/** What a reader chose for a variable; several values are alternatives. */
export interface Chosen {
  readonly values: readonly string[];
  /** Inserted as it is: a pattern such as `.+`. */
  readonly pattern?: string;
}

/** The choices by name. */
export type Choices = Readonly<Record<string, Chosen>>;

const REFERENCE = /\$\{(\w+)(?::(\w+))?\}|\$(\w+)|\[\[(\w+)\]\]/g;

/** Shortest range in which `rate` always finds enough samples. */
export function rateIntervalMs({ intervalMs, scrapeMs }: MacroContext): number {
  return Math.max(intervalMs + scrapeMs, 4 * scrapeMs);
}

/** Fills in macros and variables; what nobody knows stays, so that the error names it. */
export function fillIn(expr: string, context: MacroContext, choices: Choices = {}): string {
  return expr.replace(REFERENCE, (whole, braced, format, plain, bracketed) => {
    const name: string = braced ?? plain ?? bracketed;
    return macro(name, context) ?? variable(choices[name], format) ?? whole;
  });
}

function macro(name: string, context: MacroContext): string | undefined {
  switch (name) {
    case '__rate_interval':
      return formatDuration(rateIntervalMs(context));
    case '__interval':
      return formatDuration(context.intervalMs);
    case '__interval_ms':
      return String(context.intervalMs);
    case '__range':
      return formatDuration(Math.round(context.rangeMs / 1000) * 1000);
    case '__range_s':
      return String(Math.round(context.rangeMs / 1000));
    case '__range_ms':
      return String(context.rangeMs);
    default:
      return undefined;
  }
}

function variable(chosen: Chosen | undefined, format: string | undefined): string | undefined {
  if (chosen === undefined) return undefined;
  if (chosen.pattern !== undefined) return chosen.pattern;
  const { values } = chosen;
  switch (format) {
    case 'raw':
      return values.join(',');
    case 'csv':
      return values.join(',');
    case 'pipe':
      return values.join('|');
    default:
      if (values.length === 1 && format !== 'regex') return values[0]!;
      return values.length === 1 ? escapeTwice(values[0]!) : `(${values.map(escapeTwice).join('|')})`;
  }
}

/** Escaped for RE2, and once more for the PromQL string around it. */
function escapeTwice(value: string): string {
  return value.replace(/[\\^$.*+?()[\]{}|]/g, '\\\\$&');
}
