/** Conditions on labels: `{ method: 'GET', status: re('5..'), endpoint: [re('/api/.*'), not('/api/health')] }`. */
import { isClassicMetricName } from '@binnacle/metrics/model';
import { RE2JS } from 're2js';
import type { VectorSelector } from '../ast.ts';
import { isValidUtf8 } from '../quote.ts';
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

/** Conditions by label name, on labels with the values `V`; of several on one label all must hold. */
export type Conditions<V> = {
  readonly [K in keyof V]?:
    | (V[K] & string)
    | Condition<V[K] & string>
    | readonly Condition<V[K] & string>[]
    | undefined;
};

/**
 * The selector of a metric under conditions.
 * @throws TypeError with the metric and label, for what cannot be a name or a regular expression
 */
export function selectorNode(name: string, conditions: object): VectorSelector {
  if (!isName(name)) throw new TypeError(`select: ${JSON.stringify(name)} is not the name of a metric`);
  const matchers = Object.entries(conditions).flatMap(([label, given]: [string, unknown]) =>
    matchersOf(name, label, given),
  );
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

function matchersOf(metric: string, label: string, given: unknown): Matcher[] {
  if (Array.isArray(given)) return given.flatMap((one: unknown) => matchersOf(metric, label, one));
  const where = `${metric}{${label}}`;
  if (!isName(label) || label === '__name__') throw new TypeError(`${where}: not the name of a label`);
  if (typeof given === 'string') return [{ name: label, op: '=', value: given }];
  const { op, value } = (given ?? {}) as Partial<Condition<string>>;
  if (op === undefined || typeof value !== 'string')
    throw new TypeError(`${where}: ${String(given)} is neither a value nor a condition`);
  if (op === '=~' || op === '!~') checkPattern(where, value);
  return [{ name: label, op, value }];
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

/**
 * Checks names of labels.
 * @throws TypeError with where they stand
 */
export function labelNames(where: string, labels: readonly string[]): readonly string[] {
  for (const label of labels)
    if (!isName(label)) throw new TypeError(`${where}: ${JSON.stringify(label)} is not the name of a label`);
  return [...labels];
}

function isName(name: unknown): name is string {
  return typeof name === 'string' && name !== '' && isValidUtf8(name);
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
