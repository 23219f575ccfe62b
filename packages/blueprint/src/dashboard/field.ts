/** How values look: colours from thresholds, texts in place of values, and what differs for some of the series. */
import type { Color } from './color.ts';
import { DefinitionError } from './definition-error.ts';
import type { JsonValue } from './json.ts';
import type { Unit } from './unit-id.ts';

/** How many values become one: Grafana's reducers. */
export type Calc =
  | 'lastNotNull'
  | 'last'
  | 'firstNotNull'
  | 'first'
  | 'mean'
  | 'min'
  | 'max'
  | 'sum'
  | 'count'
  | 'range'
  | 'diff'
  | 'delta'
  | 'variance'
  | 'stdDev'
  | 'distinctCount';

/** From `value` on the colour holds; the first step has no value and holds below all others. */
export interface Threshold {
  readonly value?: number;
  readonly color: Color;
}

/** What shows in place of a value: a text, a colour, or both. */
export interface ValueText {
  readonly text?: string;
  readonly color?: Color;
}

/** For one value, a range, what a regular expression matches, or what is no number. */
export type Mapping = ValueText &
  (
    | { readonly value: string | number }
    | { readonly from?: number; readonly to?: number }
    | { readonly pattern: string }
    | { readonly special: 'null' | 'nan' | 'null+nan' | 'empty' | 'true' | 'false' }
  );

/** Which series an override is for. */
export type OverrideMatch =
  | { readonly name: string }
  | { readonly pattern: string }
  /** The letter of a query, as Grafana has it: `A`. */
  | { readonly query: string }
  | { readonly kind: 'number' | 'string' | 'time' | 'boolean' }
  /** Any other matcher of Grafana by its id. */
  | { readonly matcher: string; readonly options?: JsonValue };

/** What differs for some of the series. */
export interface Override {
  readonly match: OverrideMatch;
  readonly displayName?: string;
  readonly unit?: Unit;
  readonly color?: Color;
  readonly min?: number;
  readonly max?: number;
  readonly decimals?: number;
  /** The side of the axis; `hidden` draws none. */
  readonly axis?: 'left' | 'right' | 'hidden';
  /** Draws no line, and shows neither in the legend nor on hover. */
  readonly hidden?: boolean;
  readonly dashed?: boolean;
  readonly lineWidth?: number;
  /** Percent of opacity below the line. */
  readonly fill?: number;
  /** Properties that have no words here, by Grafana's id. */
  readonly properties?: readonly { readonly id: string; readonly value: JsonValue }[];
}

/**
 * Checks that thresholds rise from a first one without a value.
 * @throws DefinitionError
 */
export function checkThresholds(where: string, steps: readonly Threshold[]): void {
  steps.forEach((step, i) => {
    if (i === 0) {
      if (step.value !== undefined)
        throw new DefinitionError(`${where}: the first threshold holds below all others and has no value`);
      return;
    }
    const before = steps[i - 1]!.value ?? Number.NEGATIVE_INFINITY;
    if (step.value === undefined || !(step.value > before))
      throw new DefinitionError(
        `${where}: threshold ${i + 1} (${step.value}) is not above the one before it`,
      );
  });
}

/**
 * Mappings as a list, whichever way they were written.
 * @throws DefinitionError when a range is upside down or an expression does not compile
 */
export function mappingList(
  where: string,
  mappings: Readonly<Record<string, ValueText>> | readonly Mapping[],
): readonly Mapping[] {
  const list = isList(mappings)
    ? mappings
    : Object.entries(mappings).map(([value, shown]): Mapping => ({ value, ...shown }));
  for (const mapping of list) {
    if ('pattern' in mapping) checkPattern(where, mapping.pattern);
    if ('from' in mapping || 'to' in mapping) {
      const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = mapping;
      if (!(from <= to))
        throw new DefinitionError(`${where}: a mapping goes from ${from} to ${to}, which holds no value`);
    }
  }
  return list;
}

function isList(mappings: object): mappings is readonly Mapping[] {
  return Array.isArray(mappings);
}

/**
 * Checks a regular expression that Grafana runs in the browser: plain, or between slashes with flags.
 * @throws DefinitionError
 */
export function checkPattern(where: string, pattern: string): void {
  const [, inner = pattern, flags = ''] = /^\/(.*)\/([a-z]*)$/s.exec(pattern) ?? [];
  try {
    new RegExp(inner, flags);
  } catch {
    throw new DefinitionError(`${where}: ${JSON.stringify(pattern)} is not a regular expression`);
  }
}
