/**
 * Queries, and the proof that their expressions parse.
 *
 * A dashboard's expression is not PromQL yet: macros (`$__rate_interval`) and variables (`$job`, `${job:regex}`)
 * stand in it. For the check each is replaced by something of its kind: a duration for macros and interval
 * variables, a plain word for the others, which reads inside a string as well as where a name may stand. A
 * list of the replacements maps an error's offset back to what the author wrote.
 */
import { ParseError, parse } from '@binnacle/promql';
import { DefinitionError, withCaret } from './definition-error.ts';
import type { Variable } from './variable.ts';

/** One query of a panel, with nothing left open. */
export interface Query {
  readonly expr: string;
  /** Empty: all labels of the series. */
  readonly legend: string;
  readonly instant: boolean;
}

/** Grafana's macros, and what stands for them while an expression is checked. */
const MACROS: Readonly<Record<string, string>> = {
  __rate_interval: '1m',
  __interval: '15s',
  __interval_ms: '15000',
  __range: '1h',
  __range_s: '3600',
  __range_ms: '3600000',
};

const REFERENCE = /\$\{(\w+)(?::\w+)?\}|\$(\w+)|\[\[(\w+)\]\]/g;

/** The text of an expression with everything replaced, and the way back. */
export interface Substituted {
  readonly text: string;
  /** The offset in what the author wrote for an offset in `text`. */
  sourceOffset(offset: number): number;
}

/**
 * Replaces macros and variables by something of their kind.
 * @throws DefinitionError when a variable is not declared
 */
export function substitute(where: string, expr: string, variables: readonly Variable[]): Substituted {
  /** Starts of replacements: in `text`, and in `expr`, with both lengths. */
  const moves: {
    readonly at: number;
    readonly source: number;
    readonly length: number;
    readonly was: number;
  }[] = [];
  let text = '';
  let done = 0;
  for (const match of expr.matchAll(REFERENCE)) {
    const name = match[1] ?? match[2] ?? match[3] ?? '';
    const stand = standIn(name, variables);
    if (stand === undefined) {
      const known = [
        ...variables.map((variable) => `$${variable.name}`),
        ...Object.keys(MACROS).map((m) => `$${m}`),
      ];
      throw new DefinitionError(
        withCaret(where, `unknown variable ${match[0]}; known are ${known.join(', ')}`, expr, match.index),
      );
    }
    text += expr.slice(done, match.index);
    moves.push({ at: text.length, source: match.index, length: stand.length, was: match[0].length });
    text += stand;
    done = match.index + match[0].length;
  }
  text += expr.slice(done);
  return {
    text,
    sourceOffset(offset) {
      let source = offset;
      for (const move of moves) {
        if (offset < move.at) break;
        source =
          offset < move.at + move.length
            ? move.source
            : move.source + move.was + offset - move.at - move.length;
      }
      return source;
    },
  };
}

function standIn(name: string, variables: readonly Variable[]): string | undefined {
  const macro = MACROS[name];
  if (macro !== undefined) return macro;
  const variable = variables.find((candidate) => candidate.name === name);
  if (variable === undefined) return undefined;
  switch (variable.type) {
    case 'interval':
      return variable.values[0] ?? '5m';
    case 'custom':
      return variable.values[0] ?? name;
    case 'label':
      return name;
  }
}

/**
 * Proves that an expression parses, or says where it does not.
 * @throws DefinitionError with the place and a caret
 */
export function checkExpression(where: string, expr: string, variables: readonly Variable[]): void {
  const { text, sourceOffset } = substitute(where, expr, variables);
  try {
    parse(text);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const at = sourceOffset(indexOfByte(text, error.start));
    throw new DefinitionError(withCaret(where, error.problems[0]!.message, expr, at));
  }
}

/** The index in a text of an offset in its UTF-8 bytes, in which the parser counts. */
function indexOfByte(text: string, byteOffset: number): number {
  let bytes = 0;
  let index = 0;
  for (const character of text) {
    if (bytes >= byteOffset) break;
    const code = character.codePointAt(0)!;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    index += character.length;
  }
  return index;
}
