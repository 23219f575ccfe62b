/** Conditions on labels: `{ method: 'GET', status: re('5..'), endpoint: not('/health') }`. */
import { isClassicMetricName } from '@binnacle/metrics/model';
import { RE2JS } from 're2js';
import type { VectorSelector } from '../ast.ts';
import type { Matcher, MatchOp } from '../storage.ts';
import { NOWHERE } from './node.ts';

/** A condition on a label other than equality. */
export interface Condition<V extends string> {
  readonly op: MatchOp;
  readonly value: string;
  /** Never there, and only for the compiler. */
  readonly of?: V;
}

/** Any value but this one: `!=`. */
export function not<const V extends string>(value: V): Condition<V> {
  return { op: '!=', value };
}

/** Values that match the whole regular expression, which is RE2: `=~`. */
export function re(pattern: string): Condition<never> {
  return { op: '=~', value: pattern };
}

/** Values that do not match the regular expression: `!~`. */
export function notRe(pattern: string): Condition<never> {
  return { op: '!~', value: pattern };
}

/** One of these values: `=~` of what matches them and nothing else. */
export function oneOf<const V extends string>(...values: readonly V[]): Condition<V> {
  return { op: '=~', value: alternatives(values) };
}

/** None of these values. */
export function noneOf<const V extends string>(...values: readonly V[]): Condition<V> {
  return { op: '!~', value: alternatives(values) };
}

/** Conditions by label name, on labels with the values `V`. */
export type Conditions<V> = {
  readonly [K in keyof V]?: (V[K] & string) | Condition<V[K] & string> | undefined;
};

/**
 * The selector of a metric under conditions.
 * @throws TypeError with the metric and label, for what cannot be a name or a regular expression
 */
export function selectorNode(name: string, conditions: object): VectorSelector {
  if (typeof name !== 'string' || !isName(name))
    throw new TypeError(`select: ${JSON.stringify(name)} is not the name of a metric`);
  const matchers: Matcher[] = [];
  for (const [label, given] of Object.entries(conditions) as [string, unknown][]) {
    if (given === undefined) continue;
    const where = `${name}{${label}}`;
    if (!isName(label)) throw new TypeError(`${where}: not the name of a label`);
    const { op, value } =
      typeof given === 'string' ? { op: '=' as const, value: given } : (given as Condition<string>);
    if (typeof value !== 'string')
      throw new TypeError(`${where}: ${String(given)} is neither a value nor a condition`);
    if (op === '=~' || op === '!~') checkPattern(where, value);
    matchers.push({ name: label, op, value });
  }
  matchers.push({ name: '__name__', op: '=', value: name });
  return {
    type: 'vectorSelector',
    name: standsAlone(name) ? name : '',
    matchers,
    offsetMs: 0,
    mayMatchAll: false,
    anchored: false,
    smoothed: false,
    ...NOWHERE,
  };
}

/**
 * Checks a regular expression.
 * @throws TypeError with where it stands and what is wrong with it
 */
export function checkPattern(where: string, pattern: string): void {
  try {
    RE2JS.compile(pattern);
  } catch (error) {
    throw new TypeError(
      `${where}: ${JSON.stringify(pattern)} is not a regular expression: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** Whether a text can be the name of a metric or of a label. */
export function isName(name: string): boolean {
  return name !== '' && !/\p{Surrogate}/u.test(name);
}

/** Words that are something else where a metric is wanted, in any case. */
const RESERVED: ReadonlySet<string> = new Set([
  ...['inf', 'nan', 'bool', 'on', 'ignoring', 'group_left', 'group_right', 'atan2'],
]);

function standsAlone(name: string): boolean {
  return isClassicMetricName(name) && !RESERVED.has(name.toLowerCase());
}

function alternatives(values: readonly string[]): string {
  if (values.length === 0) throw new TypeError('oneOf and noneOf need at least one value');
  return values.map((value) => RE2JS.quote(value)).join('|');
}
