/** Names and durations of rules, checked where they are given. */
import { isClassicLabelName } from '@binnacle/metrics/model';
import { parseDuration } from '@binnacle/promql';
import type { DurationText } from '../config/config.ts';
import { DefinitionError } from '../dashboard/definition-error.ts';

/** Labels that whoever evaluates a rule sets, and why nobody else can. */
const RESERVED_LABELS: Readonly<Record<string, string>> = {
  __name__: 'it is the name of the series',
  alertname: 'it is the name of the alert',
};

/**
 * Labels that a rule may add, by name.
 * @throws DefinitionError for a name that is none or that others set
 */
export function ruleLabels(
  where: string,
  labels: Readonly<Record<string, string>> = {},
): Record<string, string> {
  for (const [name, value] of Object.entries(labels)) {
    const reason = Object.hasOwn(RESERVED_LABELS, name) ? RESERVED_LABELS[name] : undefined;
    if (reason !== undefined)
      throw new DefinitionError(`${where}: the label ${name} cannot be given: ${reason}`);
    if (!isClassicLabelName(name) || name.startsWith('__'))
      throw new DefinitionError(
        `${where}: ${JSON.stringify(name)} is not the name of a label: letters, digits and _, no digit first and no __`,
      );
    if (typeof value !== 'string')
      throw new DefinitionError(`${where}: the label ${name} is ${String(value)}, and no text`);
  }
  return sortedByName(labels);
}

/** The same texts in the order of their names. */
export function sortedByName(texts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * The milliseconds of a duration; `0s` is one.
 * @param what the option that it is given as
 * @throws DefinitionError for what is no duration
 */
export function durationMs(where: string, what: string, text: DurationText): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new DefinitionError(`${where}: ${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * The milliseconds of a duration greater than 0.
 * @throws DefinitionError for what is none
 */
export function positiveDurationMs(where: string, what: string, text: DurationText): number {
  const ms = durationMs(where, what, text);
  if (ms > 0) return ms;
  throw new DefinitionError(`${where}: ${what} is to be more than 0, not ${JSON.stringify(text)}`);
}
