/**
 * From a dashboard's texts to what is asked and shown: macros and variables filled in.
 *
 * `$__interval` is the step of the chart; `$__rate_interval` is `max($__interval + scrape, 4 × scrape)`, the
 * shortest range in which `rate` always finds enough samples; `$__range` is the whole range. In a query, a variable
 * that may hold several values is escaped where a regular expression stands, several values become `(a|b)`, and `All`
 * is the variable's own pattern. In titles and texts, the shown words of the choice stand.
 */
import { formatDuration } from '../format/duration.ts';
import {
  alternatives,
  type Choices,
  type Chosen,
  choiceOf,
  escapeRegex,
  type Reference,
  replaceReferences,
  writeChoice,
} from './choices.ts';

/** What the macros stand for, in milliseconds. */
export interface MacroContext {
  readonly intervalMs: number;
  readonly rangeMs: number;
  readonly scrapeMs: number;
  /** The end of the range. */
  readonly toMs?: number;
}

/** Shortest range in which `rate` always finds enough samples. */
export function rateIntervalMs({ intervalMs, scrapeMs }: MacroContext): number {
  return Math.max(intervalMs + scrapeMs, 4 * scrapeMs);
}

/** Fills macros and variables into a query; what nobody knows stays, so that the error names it. */
export function fillIn(expr: string, context: MacroContext, choices: Choices = {}): string {
  return replaceReferences(expr, (reference) => {
    const chosen = choiceOf(choices, reference.name);
    return macro(reference.name, context) ?? (chosen && inQuery(reference, chosen));
  });
}

/** Fills variables into a text that is read by people: a title, a legend. */
export function fillText(text: string, choices: Choices, usual = 'text'): string {
  if (!text.includes('$') && !text.includes('[[')) return text;
  return replaceReferences(text, ({ name, format }) => {
    const chosen = choiceOf(choices, name);
    return chosen && writeChoice(name, chosen, format || usual);
  });
}

function macro(name: string, context: MacroContext): string | undefined {
  switch (name) {
    case '__rate_interval':
      return formatDuration(rateIntervalMs(context));
    case '__rate_interval_ms':
      return String(rateIntervalMs(context));
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
    case '__from':
      return context.toMs === undefined ? undefined : String(context.toMs - context.rangeMs);
    case '__to':
      return context.toMs === undefined ? undefined : String(context.toMs);
    default:
      return undefined;
  }
}

/** Inside the quotes of a matcher with a regular expression. */
const IN_REGEX = /[=!]~\s*"(?:[^"\\]|\\.)*$|[=!]~\s*'(?:[^'\\]|\\.)*$/s;

function inQuery({ name, format, before }: Reference, chosen: Chosen): string {
  if (format !== '' && format !== 'regex') return writeChoice(name, chosen, format);
  if (chosen.pattern !== undefined) return chosen.pattern;
  const { values, several = values.length > 1 } = chosen;
  // A single choice may be a pattern itself, such as `5..`, and is only escaped where that is asked for.
  const escaped = format === 'regex' || (several && IN_REGEX.test(before)) || values.length > 1;
  return alternatives(escaped ? values.map(escapeTwice) : values);
}

/** Escaped for RE2, and once more for the PromQL string around it; quotes only for the string. */
function escapeTwice(value: string): string {
  return escapeRegex(value).replaceAll('\\/', '/').replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}
