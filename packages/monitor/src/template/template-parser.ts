/**
 * Parses a Go template to a tree.
 *
 *     pipeline := [ $x {, $y} (":=" | "=") ] command { "|" command }
 *     command  := operand { operand }
 *     operand  := ( literal | "." | .field | $variable | function | "(" pipeline ")" ) { .field }
 *
 * The parser knows the functions and follows the scopes of variables, so a misspelt one is found when the file is
 * read and not when the alert fires. What it accepts is what Go accepts, except complex numbers.
 */

import { quote } from '@binnacle/promql';
import { parseConstant } from './go-number.ts';
import { TemplateError } from './template-error.ts';
import { lexTemplate, type TemplatePiece, type TemplateToken } from './template-lexer.ts';
import { TokenReader } from './template-token-reader.ts';
import {
  type Command,
  isBlank,
  type Operand,
  type Pipeline,
  type TemplateDefinition,
  type TemplateNode,
  type TemplateSource,
} from './template-tree.ts';

/** How deep blocks and parentheses may stand in each other. */
export const TEMPLATE_NESTING_MAX = 500;

/**
 * Parses a text: the template that it is, under the source's name, and those that it defines.
 * @param functions names of the functions that the evaluator offers
 * @throws TemplateError with the offset of the fault
 */
export function parseTemplate(source: TemplateSource, functions: ReadonlySet<string>): TemplateDefinition[] {
  return new TemplateParser(source, functions).parse();
}

type BlockType = 'if' | 'with' | 'range';

class TemplateParser {
  readonly #source: TemplateSource;
  readonly #pieces: readonly TemplatePiece[];
  readonly #functions: ReadonlySet<string>;
  readonly #defined = new Map<string, TemplateDefinition>();
  #at = 0;
  /** Innermost last. */
  #variables: string[] = ['$'];
  #rangeDepth = 0;
  #nesting = 0;

  constructor(source: TemplateSource, functions: ReadonlySet<string>) {
    this.#source = source;
    this.#pieces = lexTemplate(source.text);
    this.#functions = functions;
  }

  parse(): TemplateDefinition[] {
    const nodes: TemplateNode[] = [];
    for (;;) {
      nodes.push(...this.#list());
      const piece = this.#pieces[this.#at];
      if (piece?.type !== 'action') break;
      const keyword = keywordOf(piece.tokens);
      if (keyword !== 'define') throw new TemplateError(`unexpected {{${keyword}}}`, piece.offset);
      this.#define(piece.tokens, piece.offset);
    }
    this.#add({ name: this.#source.name, source: this.#source, nodes }, 0);
    return [...this.#defined.values()];
  }

  #add(definition: TemplateDefinition, offset: number): void {
    const known = this.#defined.get(definition.name);
    if (known === undefined || isBlank(known.nodes)) this.#defined.set(definition.name, definition);
    else if (!isBlank(definition.nodes))
      throw new TemplateError(`multiple definition of template ${quote(definition.name)}`, offset);
  }

  /** Nodes up to the end or to a `define`, `end` or `else`, which belongs to the caller. */
  #list(): TemplateNode[] {
    const nodes: TemplateNode[] = [];
    for (; this.#at < this.#pieces.length; this.#at++) {
      const piece = this.#pieces[this.#at]!;
      if (piece.type === 'text') {
        nodes.push({ type: 'text', text: piece.text, offset: piece.offset });
        continue;
      }
      if (['end', 'else', 'define'].includes(keywordOf(piece.tokens))) return nodes;
      nodes.push(this.#action(piece.tokens, piece.offset));
    }
    return nodes;
  }

  #action(tokens: readonly TemplateToken[], open: number): TemplateNode {
    const keyword = keywordOf(tokens);
    const rest = tokens.slice(1);
    switch (keyword) {
      case 'if':
      case 'with':
      case 'range':
        return this.#block(keyword, rest, open);
      case 'template': {
        const { name, offset } = nameOf(tokens, open);
        if (tokens.length === 2) return { type: 'template', name, pipeline: undefined, offset };
        return { type: 'template', name, pipeline: this.#pipeline(tokens.slice(2), keyword, open), offset };
      }
      case 'block':
        return this.#defineAndCall(tokens, open);
      case 'break':
      case 'continue':
        if (rest.length > 0)
          throw new TemplateError(`unexpected ${quote(rest[0]!.written)} in {{${keyword}}}`, open);
        if (this.#rangeDepth === 0) throw new TemplateError(`{{${keyword}}} outside {{range}}`, open);
        return { type: keyword, offset: open };
      default: {
        const offset = tokens[0]?.offset ?? open;
        return { type: 'action', pipeline: this.#pipeline(tokens, 'command', open), offset };
      }
    }
  }

  #block(type: BlockType, tokens: readonly TemplateToken[], open: number): TemplateNode {
    this.#enter(open);
    // What a branch declares is known until the block ends; whether it has a value is seen when it is evaluated.
    const scope = this.#variables.length;
    const pipeline = this.#pipeline(tokens, type, open);
    if (type === 'range') this.#rangeDepth++;
    this.#at++;
    const body = this.#list();
    if (type === 'range') this.#rangeDepth--;
    const otherwise = this.#otherwise(type, open);
    this.#variables.length = scope;
    this.#nesting--;
    return { type, pipeline, body, otherwise, offset: pipeline.offset };
  }

  /** The part after `else`; the parser stands at `else` or `end` before and at `end` after. */
  #otherwise(type: BlockType, open: number): readonly TemplateNode[] | undefined {
    const piece = this.#closer(open);
    const [keyword, chained, ...more] = piece.tokens;
    if (keyword!.text === 'end') return undefined;
    if (chained === undefined) {
      this.#at++;
      const nodes = this.#list();
      if (this.#closer(open).tokens[0]!.text !== 'end')
        throw new TemplateError('expected end; found {{else}}', this.#pieces[this.#at]!.offset);
      return nodes;
    }
    // `else if` shares its `end` with the block that it belongs to.
    const chains =
      (type === 'if' || type === 'with') && chained.kind === 'identifier' && chained.text === type;
    if (!chains) throw new TemplateError(`unexpected ${quote(chained.written)} in else`, piece.offset);
    return [this.#block(type, more, piece.offset)];
  }

  /** The `end` or `else` that the parser stands at. */
  #closer(open: number): TemplatePiece & { readonly type: 'action' } {
    const piece = this.#pieces[this.#at];
    if (piece?.type !== 'action') throw new TemplateError('unexpected EOF: {{end}} is missing', open);
    const [keyword, next] = piece.tokens;
    if (keyword!.text === 'define')
      throw new TemplateError('unexpected {{define}} inside a block', piece.offset);
    if (keyword!.text === 'end' && next !== undefined)
      throw new TemplateError(`unexpected ${quote(next.written)} in end`, piece.offset);
    return piece;
  }

  #define(tokens: readonly TemplateToken[], open: number): void {
    const { name } = nameOf(tokens, open);
    if (tokens.length > 2)
      throw new TemplateError('unexpected value in define clause: it takes one name', open);
    this.#add({ name, source: this.#source, nodes: this.#body(open) }, open);
    this.#at++;
  }

  #defineAndCall(tokens: readonly TemplateToken[], open: number): TemplateNode {
    const { name, offset } = nameOf(tokens, open);
    const pipeline = this.#pipeline(tokens.slice(2), 'block clause', open);
    this.#enter(open);
    this.#add({ name, source: this.#source, nodes: this.#body(open) }, open);
    this.#nesting--;
    return { type: 'template', name, pipeline, offset };
  }

  /** What stands between `define` or `block` and its `end`, at which the parser stands after. */
  #body(open: number): readonly TemplateNode[] {
    const variables = this.#variables;
    const rangeDepth = this.#rangeDepth;
    this.#variables = ['$'];
    this.#rangeDepth = 0;
    this.#at++;
    const nodes = this.#list();
    if (this.#closer(open).tokens[0]!.text !== 'end')
      throw new TemplateError('unexpected {{else}} in a definition', this.#pieces[this.#at]!.offset);
    this.#variables = variables;
    this.#rangeDepth = rangeDepth;
    return nodes;
  }

  #pipeline(tokens: readonly TemplateToken[], context: string, open: number): Pipeline {
    const reader = new TokenReader(tokens, open);
    const pipeline = this.#pipelineOf(reader, context);
    const rest = reader.peek();
    if (rest !== undefined)
      throw new TemplateError(`unexpected ${quote(rest.written)} in ${context}`, rest.offset);
    return pipeline;
  }

  #pipelineOf(reader: TokenReader, context: string): Pipeline {
    this.#enter(reader.offset());
    const offset = reader.offset();
    const { variables, assigns } = this.#variablesOf(reader, context);
    const commands: Command[] = [];
    let more = true;
    while (more && reader.peek() !== undefined && reader.peek()!.kind !== ')') {
      const start = reader.offset();
      const command = this.#command(reader);
      const first = command.operands[0]!.type;
      if (commands.length > 0 && ['boolean', 'dot', 'nil', 'number', 'string'].includes(first))
        throw new TemplateError(`non executable command in pipeline stage ${commands.length + 1}`, start);
      commands.push(command);
      more = reader.take('|');
      if (more && (reader.peek() === undefined || reader.peek()!.kind === ')')) break;
    }
    if (commands.length === 0) throw new TemplateError(`missing value for ${context}`, offset);
    this.#nesting--;
    return { offset, variables, assigns, commands };
  }

  #variablesOf(reader: TokenReader, context: string): { variables: readonly string[]; assigns: boolean } {
    const names = reader.assignment();
    if (names === undefined) return { variables: [], assigns: false };
    const { variables, operator, offset } = names;
    if (variables.length > (context === 'range' ? 2 : 1))
      throw new TemplateError(`too many declarations in ${context}`, offset);
    if (operator === undefined) throw new TemplateError(`${context} can only initialize variables`, offset);
    this.#variables.push(...variables);
    return { variables, assigns: operator === '=' };
  }

  #command(reader: TokenReader): Command {
    const operands: Operand[] = [];
    for (let next = reader.peek(); next !== undefined; next = reader.peek()) {
      if (next.kind === '|' || next.kind === ')') break;
      if (operands.length > 0 && !next.spaceBefore)
        throw new TemplateError(`unexpected ${quote(next.written)} in operand`, next.offset);
      operands.push(this.#operand(reader));
    }
    if (operands.length === 0) throw new TemplateError('empty command', reader.offset());
    return { operands };
  }

  #operand(reader: TokenReader): Operand {
    const term = this.#term(reader);
    const fields = reader.fields();
    const first = fields[0];
    if (first === undefined) return term;
    const path = fields.map((field) => field.text);
    const { offset } = first;
    switch (term.type) {
      case 'field':
      case 'variable':
        // Go says of `.a.b` that it stands where its second field does.
        return { ...term, path: [...term.path, ...path], offset };
      case 'function':
      case 'pipeline':
        return { type: 'chain', of: term, path, offset };
      default:
        throw new TemplateError(
          `unexpected . after term ${quote(reader.previous(fields.length).written)}`,
          offset,
        );
    }
  }

  #term(reader: TokenReader): Operand {
    const token = reader.next();
    const { offset } = token;
    switch (token.kind) {
      case 'string':
        return { type: 'string', value: token.text, written: token.written, offset };
      case 'number': {
        const constant = parseConstant(token.text);
        if (constant === undefined)
          throw new TemplateError(`bad number syntax: ${quote(token.written)}`, offset);
        return { type: 'number', constant: { ...constant, text: token.written }, offset };
      }
      case 'dot':
        return { type: 'dot', offset };
      case 'field':
        return { type: 'field', path: [token.text], offset };
      case 'variable':
        if (!this.#variables.includes(token.text))
          throw new TemplateError(`undefined variable ${quote(token.text)}`, offset);
        return { type: 'variable', name: token.text, path: [], offset };
      case '(': {
        const pipeline = this.#pipelineOf(reader, 'parenthesized pipeline');
        if (!reader.take(')')) throw new TemplateError('unclosed left paren', offset);
        return { type: 'pipeline', pipeline, offset: pipeline.offset };
      }
      case 'identifier':
        return this.#identifier(token);
      default:
        throw new TemplateError(`unexpected ${quote(token.written)} in operand`, offset);
    }
  }

  #identifier({ text, offset }: TemplateToken): Operand {
    if (text === 'true' || text === 'false') return { type: 'boolean', value: text === 'true', offset };
    if (text === 'nil') return { type: 'nil', offset };
    if (KEYWORDS.has(text)) throw new TemplateError(`unexpected <${text}> in operand`, offset);
    if (!this.#functions.has(text)) throw new TemplateError(`function ${quote(text)} not defined`, offset);
    return { type: 'function', name: text, offset };
  }

  #enter(offset: number): void {
    if (++this.#nesting > TEMPLATE_NESTING_MAX)
      throw new TemplateError(`blocks and parentheses stand more than ${TEMPLATE_NESTING_MAX} deep`, offset);
  }
}

const KEYWORDS: ReadonlySet<string> = new Set([
  ...['block', 'break', 'continue', 'define', 'else', 'end', 'if', 'range', 'template', 'with'],
]);

function keywordOf(tokens: readonly TemplateToken[]): string {
  const first = tokens[0];
  return first?.kind === 'identifier' && KEYWORDS.has(first.text) ? first.text : '';
}

function nameOf(tokens: readonly TemplateToken[], open: number): { name: string; offset: number } {
  const name = tokens[1];
  if (name?.kind !== 'string')
    throw new TemplateError(`unexpected ${quote(name?.written ?? '}}')} in ${tokens[0]!.text} clause`, open);
  return { name: name.text, offset: name.offset };
}
