/**
 * Queries, and the proof that their expressions parse.
 *
 * A dashboard's expression is not PromQL yet: macros (`$__rate_interval`) and variables (`$job`, `${job:regex}`)
 * stand in it. For the check each is replaced by what may stand where it stands, as in dashboards that are read
 * (`grafana/reading/interpolation.ts`), which maps an error's offset back to what the author wrote.
 */
import { documentedType, type Expr, indexOfByte, ParseError, parse, valueType } from '@binnacle/promql';
import {
  EXPRESSION_MACROS,
  type Interpolated,
  interpolateForCheck,
  type KnownVariable,
} from '../grafana/reading/interpolation.ts';
import { referencesIn } from '../grafana/reading/references.ts';
import { DefinitionError, withCaret } from './definition-error.ts';
import type { WithRest } from './json.ts';
import type { Unit } from './unit-id.ts';
import type { Variable } from './variable.ts';

/** What a query's answer is made into. */
export type QueryFormat = 'time_series' | 'table' | 'heatmap';

/** One query of a panel, with nothing left open. */
export interface Query extends WithRest {
  /** PromQL; empty where `rest` asks in another language. */
  readonly expr: string;
  /** Empty: all labels of the series. */
  readonly legend: string;
  readonly instant: boolean;
  /** Default `time_series`. */
  readonly format?: QueryFormat;
  /** Its letter. Default: the next free one. */
  readonly refId?: string;
  /** Asked, and not shown: others calculate with it. */
  readonly hidden?: boolean;
  /** The least step, such as `1m`. */
  readonly minStep?: string;
  /** Marks exemplars in the chart. */
  readonly exemplars?: boolean;
  /** The unit of its values, where that is another than the panel's. */
  readonly unit?: Unit;
}

/** The letters of queries: those that are given, and for the others the next free ones. */
export function lettersOf(queries: readonly Query[]): readonly string[] {
  const given = new Set(queries.map(({ refId }) => refId));
  let next = 0;
  return queries.map(({ refId }) => {
    if (refId !== undefined) return refId;
    let letter = letterAt(next++);
    while (given.has(letter)) letter = letterAt(next++);
    return letter;
  });
}

/** A to Z, then AA, AB and so on. */
function letterAt(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : letterAt(Math.floor(index / 26) - 1) + last;
}

/** Grafana's macros, as messages name them. */
const MACROS = ['__rate_interval', '__interval', '__interval_ms', '__range', '__range_s', '__range_ms'];

const REFERENCE = /\$\{(\w+)(?:\.[\w.]+)?(?::[^}]*)?\}|\$(\w+)|\[\[(\w+)(?::\w+)?\]\]/g;

/** The text of an expression with everything replaced, and the way back. */
type Substituted = Pick<Interpolated, 'text' | 'sourceOffset'>;

/**
 * Replaces macros and variables by something of their kind.
 * @throws DefinitionError when a variable is not declared
 */
export function substitute(where: string, expr: string, variables: readonly Variable[]): Substituted {
  const { unknown, replacements, ...substituted } = interpolateForCheck(expr, variables.map(known));
  // Whoever writes a dashboard has mistyped what Grafana may have meant in one that is read.
  const macros = replacements.map(({ reference }) => reference).filter(({ name }) => name.startsWith('__'));
  const [first] = [...unknown, ...macros.filter(({ name }) => !EXPRESSION_MACROS.has(name))].sort(
    (a, b) => a.offset - b.offset,
  );
  if (first !== undefined) throw unknownVariable(where, first.text, expr, first.offset, variables, MACROS);
  return substituted;
}

/** Replaces macros and variables before it is known which variables there are: by where they stand. */
export function substituteAny(expr: string): string {
  const names = new Set(referencesIn(expr).map(({ name }) => name));
  const variables = [...names].filter((name) => /^[a-zA-Z]/.test(name));
  return interpolateForCheck(
    expr,
    variables.map((name) => ({ name, type: 'query', values: [] })),
  ).text;
}

function known(variable: Variable): KnownVariable {
  const { name, type } = variable;
  switch (type) {
    case 'interval':
    case 'custom':
      return { name, type, values: variable.values };
    case 'constant':
      return { name, type, values: [variable.value] };
    case 'textbox':
      return { name, type, values: variable.default === '' ? [] : [variable.default] };
    case 'label':
    case 'query':
    case 'datasource':
    case 'other':
      return { name, type, values: [] };
  }
}

function unknownVariable(
  where: string,
  written: string,
  text: string,
  at: number,
  variables: readonly Variable[],
  others: readonly string[],
): DefinitionError {
  const known = [...variables.map(({ name }) => `$${name}`), ...others.map((name) => `$${name}`)];
  const advice = known.length === 0 ? 'the dashboard declares none' : `known are ${known.join(', ')}`;
  return new DefinitionError(withCaret(where, `unknown variable ${written}; ${advice}`, text, at));
}

/**
 * Proves that an expression parses and has values that can be shown, or says where it does not.
 * @param instant whether one value at the end is asked for, which may be a range of samples too
 * @throws DefinitionError with the place and a caret
 */
export function checkExpression(
  where: string,
  expr: string,
  variables: readonly Variable[],
  instant = false,
): void {
  const { text, sourceOffset } = substitute(where, expr, variables);
  let tree: Expr;
  try {
    tree = parse(text);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const at = sourceOffset(indexOfByte(text, error.start));
    throw new DefinitionError(withCaret(where, error.problems[0]!.message, expr, at));
  }
  const type = valueType(tree);
  if (type === 'string' || (type === 'matrix' && !instant)) {
    const advice = type === 'string' ? '' : '; put a function such as rate around it';
    throw new DefinitionError(
      withCaret(where, `a ${documentedType(type)} cannot be shown${advice}`, expr, 0),
    );
  }
}

/**
 * Checks a step: a duration, or a variable of the dashboard that is one.
 * @throws DefinitionError
 */
export function checkStep(where: string, step: string): void {
  if (!/^(?:\d+(?:ms|[smhdw])|\$\w+|\$\{\w+\})$/.test(step))
    throw new DefinitionError(`${where}: step ${JSON.stringify(step)} is not a duration such as 1m`);
}

/**
 * Proves that a text that people read, or an address, names only variables that are there. What begins with two
 * underscores is Grafana's own (`${__field.labels.job}`) and passes.
 * @throws DefinitionError with the place and a caret
 */
export function checkText(where: string, text: string, variables: readonly Variable[]): void {
  for (const match of text.matchAll(REFERENCE)) {
    const name = match[1] ?? match[2] ?? match[3] ?? '';
    // `$5` is an amount.
    if (name.startsWith('__') || name === 'datasource' || /^\d/.test(name)) continue;
    if (!variables.some((variable) => variable.name === name))
      throw unknownVariable(where, match[0], text, match.index, variables, []);
  }
}
