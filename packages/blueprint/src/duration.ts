/** Durations that authors write, checked where they are given. */
import { parseDuration } from '@binnacle/promql';
import type { DurationText } from './config/config.ts';
import { DefinitionError } from './dashboard/definition-error.ts';

/** A day in milliseconds. */
export const DAY_MS = 86_400_000;

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
