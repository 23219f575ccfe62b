/**
 * Parses a Go template to a tree.
 *
 *     pipeline := [ $x {, $y} (":=" | "=") ] command { "|" command }
 *     command  := operand { operand }
 *     operand  := ( literal | "." | .field | $variable | function | "(" pipeline ")" ) { .field }
 *
 * The parser knows the functions and follows the scopes of variables, so a misspelt one is found when the rule
 * file is read and not when the alert fires.
 */
import { lexTemplate, TemplateError, type TemplatePiece, type TemplateToken } from './template-lexer.ts';

/** Something that gives a value. */
export type Operand =
  | { readonly type: 'literal'; readonly value: string | number | bigint | boolean | null }
  | { readonly type: 'dot'; readonly path: readonly string[] }
  | { readonly type: 'variable'; readonly name: string; readonly path: readonly string[] }
  | { readonly type: 'function'; readonly name: string }
  | { readonly type: 'pipeline'; readonly pipeline: Pipeline; readonly path: readonly string[] };

/** An operand and what it is applied to. */
export interface Command {
  readonly operands: readonly Operand[];
  readonly offset: number;
}

/** Commands, each fed with the result of the one before. */
export interface Pipeline {
  /** The variables that take the result; two in a range over keys and values. */
  readonly variables: readonly string[];
  /** Whether `variables` are declared here (`:=`) or set (`=`). */
  readonly declares: boolean;
  readonly commands: readonly Command[];
}

/** A node of the tree. */
export type TemplateNode =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'print'; readonly pipeline: Pipeline }
  | { readonly type: 'break' | 'continue' }
  | { readonly type: 'template'; readonly name: string; readonly pipeline: Pipeline | undefined }
  | {
      readonly type: 'if' | 'with' | 'range';
      readonly pipeline: Pipeline;
      readonly body: readonly TemplateNode[];
      readonly otherwise: readonly TemplateNode[];
    };

/** A parsed template and the templates that it defines. */
export interface ParsedTemplate {
  readonly nodes: readonly TemplateNode[];
  readonly defined: ReadonlyMap<string, readonly TemplateNode[]>;
}

/**
 * Parses a template.
 * @param functions names of the functions that the evaluator offers
 * @param variables names (with `$`) that are declared before the template starts
 * @throws TemplateError with the offset of the fault
 */
export function parseTemplate(
  source: string,
  functions: ReadonlySet<string>,
  variables: readonly string[],
): ParsedTemplate {
  return new TemplateParser(lexTemplate(source), functions, variables).parse();
}

const CLOSERS = new Set(['end', 'else']);

class TemplateParser {
  readonly #pieces: readonly TemplatePiece[];
  readonly #functions: ReadonlySet<string>;
  readonly #defined = new Map<string, readonly TemplateNode[]>();
  #at = 0;
  /** Innermost last. */
  #variables: string[];
  #rangeDepth = 0;

  constructor(
    pieces: readonly TemplatePiece[],
    functions: ReadonlySet<string>,
    variables: readonly string[],
  ) {
    this.#pieces = pieces;
    this.#functions = functions;
    this.#variables = ['$', ...variables];
  }

  parse(): ParsedTemplate {
    const nodes = this.#list();
    const rest = this.#pieces[this.#at];
    if (rest !== undefined && rest.type === 'action')
      throw new TemplateError(`unexpected {{${rest.tokens[0]?.text ?? ''}}}`, rest.offset);
    return { nodes, defined: this.#defined };
  }

  /** Nodes up to the end or to an `end` or `else` that belongs to the caller. */
  #list(): TemplateNode[] {
    const nodes: TemplateNode[] = [];
    for (; this.#at < this.#pieces.length; this.#at++) {
      const piece = this.#pieces[this.#at]!;
      if (piece.type === 'text') {
        nodes.push({ type: 'text', text: piece.text });
        continue;
      }
      const first = piece.tokens[0];
      if (first?.kind === 'identifier' && CLOSERS.has(first.text)) return nodes;
      const node = this.#action(piece.tokens, piece.offset);
      if (node !== undefined) nodes.push(node);
    }
    return nodes;
  }

  #action(tokens: readonly TemplateToken[], offset: number): TemplateNode | undefined {
    const keyword = tokens[0]?.kind === 'identifier' ? tokens[0].text : '';
    switch (keyword) {
      case 'if':
      case 'with':
      case 'range':
        return this.#block(keyword, tokens.slice(1), offset);
      case 'define':
        this.#define(tokens, offset);
        return undefined;
      case 'template': {
        const name = nameOf(tokens, offset);
        const argument = tokens.slice(2);
        return {
          type: 'template',
          name,
          pipeline: argument.length === 0 ? undefined : this.#pipeline(argument, offset),
        };
      }
      case 'block':
        throw new TemplateError('{{block}} is not supported: use define and template', offset);
      case 'break':
      case 'continue':
        if (this.#rangeDepth === 0) throw new TemplateError(`{{${keyword}}} outside {{range}}`, offset);
        return { type: keyword };
      default:
        return { type: 'print', pipeline: this.#pipeline(tokens, offset) };
    }
  }

  #block(type: 'if' | 'with' | 'range', tokens: readonly TemplateToken[], offset: number): TemplateNode {
    const scope = this.#variables.length;
    const pipeline = this.#pipeline(tokens, offset, type === 'range');
    const inner = this.#variables.length;
    if (type === 'range') this.#rangeDepth++;
    this.#at++;
    const body = this.#list();
    this.#variables.length = inner;
    if (type === 'range') this.#rangeDepth--;
    const otherwise = this.#otherwise(type, offset);
    this.#variables.length = scope;
    return { type, pipeline, body, otherwise };
  }

  /** The part after `else`; the parser stands at `else` or `end` before and at `end` after. */
  #otherwise(type: 'if' | 'with' | 'range', offset: number): readonly TemplateNode[] {
    const piece = this.#pieces[this.#at];
    if (piece === undefined || piece.type === 'text')
      throw new TemplateError(`{{${type}}} without {{end}}`, offset);
    if (piece.tokens[0]!.text === 'end') return [];
    const chained = piece.tokens[1];
    if (chained === undefined) {
      this.#at++;
      const nodes = this.#list();
      const close = this.#pieces[this.#at];
      if (close === undefined || close.type === 'text' || close.tokens[0]!.text !== 'end')
        throw new TemplateError(`{{else}} without {{end}}`, piece.offset);
      return nodes;
    }
    // `else if` shares its `end` with the block that it belongs to.
    if (chained.text !== type || type === 'range')
      throw new TemplateError(`{{else ${chained.text}}} cannot follow {{${type}}}`, piece.offset);
    return [this.#block(type, piece.tokens.slice(2), piece.offset)];
  }

  #define(tokens: readonly TemplateToken[], offset: number): void {
    const name = nameOf(tokens, offset);
    if (tokens.length > 2) throw new TemplateError('{{define}} takes one name', offset);
    const outer = this.#variables;
    this.#variables = ['$'];
    this.#at++;
    const nodes = this.#list();
    const close = this.#pieces[this.#at];
    if (close === undefined || close.type === 'text' || close.tokens[0]!.text !== 'end')
      throw new TemplateError('{{define}} without {{end}}', offset);
    this.#variables = outer;
    this.#defined.set(name, nodes);
  }

  #pipeline(tokens: readonly TemplateToken[], offset: number, inRange = false): Pipeline {
    const { variables, declares, rest } = this.#assignment(tokens, inRange);
    const reader = new TokenReader(rest, offset);
    const commands = this.#commands(reader);
    if (reader.peek() !== undefined)
      throw new TemplateError(`unexpected ${JSON.stringify(reader.peek()!.text)}`, reader.peek()!.offset);
    if (declares) this.#variables.push(...variables);
    return { variables, declares, commands };
  }

  #assignment(
    tokens: readonly TemplateToken[],
    inRange: boolean,
  ): { variables: string[]; declares: boolean; rest: readonly TemplateToken[] } {
    const at = tokens.findIndex((token) => token.kind === ':=' || token.kind === '=');
    if (at < 0) return { variables: [], declares: false, rest: tokens };
    const names = tokens.slice(0, at);
    const variables = names.filter((_, i) => i % 2 === 0);
    const separators = names.filter((_, i) => i % 2 === 1);
    const limit = inRange ? 2 : 1;
    const wellFormed =
      variables.length > separators.length &&
      variables.length <= limit &&
      variables.every((token) => token.kind === 'variable') &&
      separators.every((token) => token.kind === ',');
    if (!wellFormed)
      throw new TemplateError(`unexpected ${JSON.stringify(tokens[at]!.text)}`, tokens[at]!.offset);
    const declares = tokens[at]!.kind === ':=';
    if (!declares) for (const token of variables) this.#known(token);
    return { variables: variables.map((token) => token.text), declares, rest: tokens.slice(at + 1) };
  }

  #commands(reader: TokenReader): Command[] {
    const commands: Command[] = [];
    do {
      const offset = reader.offset();
      const operands: Operand[] = [];
      for (let next = reader.peek(); next !== undefined; next = reader.peek()) {
        if (next.kind === '|' || next.kind === ')') break;
        operands.push(this.#operand(reader));
      }
      if (operands.length === 0) throw new TemplateError('missing value in a template action', offset);
      if (commands.length > 0 && operands[0]!.type === 'literal')
        throw new TemplateError('a constant cannot take the value of a pipe', offset);
      commands.push({ operands, offset });
    } while (reader.take('|'));
    return commands;
  }

  #operand(reader: TokenReader): Operand {
    const token = reader.next();
    switch (token.kind) {
      case 'string':
        return { type: 'literal', value: token.text };
      case 'number':
        return { type: 'literal', value: numberOf(token) };
      case 'dot':
        return { type: 'dot', path: [] };
      case 'field':
        return { type: 'dot', path: [token.text, ...reader.path()] };
      case 'variable':
        this.#known(token);
        return { type: 'variable', name: token.text, path: reader.path() };
      case '(': {
        const commands = this.#commands(reader);
        if (!reader.take(')')) throw new TemplateError('unclosed left parenthesis', token.offset);
        return {
          type: 'pipeline',
          pipeline: { variables: [], declares: false, commands },
          path: reader.path(),
        };
      }
      case 'identifier':
        if (token.text === 'true' || token.text === 'false')
          return { type: 'literal', value: token.text === 'true' };
        if (token.text === 'nil') return { type: 'literal', value: null };
        if (!this.#functions.has(token.text))
          throw new TemplateError(`function ${JSON.stringify(token.text)} not defined`, token.offset);
        return { type: 'function', name: token.text };
      default:
        throw new TemplateError(`unexpected ${JSON.stringify(token.text)}`, token.offset);
    }
  }

  #known(token: TemplateToken): void {
    if (!this.#variables.includes(token.text))
      throw new TemplateError(`undefined variable ${JSON.stringify(token.text)}`, token.offset);
  }
}

/** Walks the tokens of one action. */
class TokenReader {
  readonly #tokens: readonly TemplateToken[];
  readonly #end: number;
  #at = 0;

  constructor(tokens: readonly TemplateToken[], offset: number) {
    this.#tokens = tokens;
    this.#end = offset;
  }

  peek(): TemplateToken | undefined {
    return this.#tokens[this.#at];
  }

  next(): TemplateToken {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new TemplateError('missing value in a template action', this.#end);
    return token;
  }

  take(kind: TemplateToken['kind']): boolean {
    if (this.peek()?.kind !== kind) return false;
    this.#at++;
    return true;
  }

  /** The fields that follow without a blank: `.b.c` of `$a.b.c`. */
  path(): string[] {
    const path: string[] = [];
    for (let next = this.peek(); next?.kind === 'field' && !next.spaceBefore; next = this.peek()) {
      path.push(next.text);
      this.#at++;
    }
    return path;
  }

  offset(): number {
    return this.peek()?.offset ?? this.#end;
  }
}

function nameOf(tokens: readonly TemplateToken[], offset: number): string {
  const name = tokens[1];
  if (name?.kind !== 'string')
    throw new TemplateError(`{{${tokens[0]!.text}}} needs a name in quotes`, offset);
  return name.text;
}

/** Go's constants: whole ones are ints, which `printf "%d"` wants, others float64. */
function numberOf(token: TemplateToken): number | bigint {
  const text = token.text.replaceAll('_', '');
  if (/^[+-]?(?:\d+|0[xX][0-9a-fA-F]+)$/.test(text)) {
    const digits = text.replace(/^[+-]/, '');
    return text.startsWith('-') ? -BigInt(digits) : BigInt(digits);
  }
  return Number(text);
}
