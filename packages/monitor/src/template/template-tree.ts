/**
 * The tree of a Go template, and its nodes as Go writes them in messages.
 *
 *     {{ if gt .Value 1.0 }}high{{ end }}
 *        └── pipeline of one command of three operands ──┘
 *
 * Every node knows where it stands: `offset` counts UTF-16 code units of the template's text.
 */

import { quote } from '@binnacle/promql';
import type { GoConstant } from './go-number.ts';

/** Something that gives a value. */
export type Operand = { readonly offset: number } & (
  | { readonly type: 'dot' }
  | { readonly type: 'nil' }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'number'; readonly constant: GoConstant }
  | { readonly type: 'string'; readonly value: string; readonly written: string }
  | { readonly type: 'function'; readonly name: string }
  /** `.a.b` of the dot. */
  | { readonly type: 'field'; readonly path: readonly string[] }
  /** `$x`, or `$x.a.b`. */
  | { readonly type: 'variable'; readonly name: string; readonly path: readonly string[] }
  /** `(...).a.b`, or a function without arguments with fields behind it. */
  | { readonly type: 'chain'; readonly of: Operand; readonly path: readonly string[] }
  | { readonly type: 'pipeline'; readonly pipeline: Pipeline }
);

/** An operand and what it is applied to. */
export interface Command {
  readonly operands: readonly Operand[];
}

/** Commands, each fed with the result of the one before. */
export interface Pipeline {
  readonly offset: number;
  /** The variables that take the result, with their `$`; two in a range over keys and values. */
  readonly variables: readonly string[];
  /** Whether `variables` are set (`=`) and not declared (`:=`). */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

/** A node of the tree. */
export type TemplateNode = { readonly offset: number } & (
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'action'; readonly pipeline: Pipeline }
  | { readonly type: 'break' | 'continue' }
  | { readonly type: 'template'; readonly name: string; readonly pipeline: Pipeline | undefined }
  | {
      readonly type: 'if' | 'with' | 'range';
      readonly pipeline: Pipeline;
      readonly body: readonly TemplateNode[];
      readonly otherwise: readonly TemplateNode[] | undefined;
    }
);

/** A text that templates were read from. */
export interface TemplateSource {
  /** What messages call it: a file's name, `__alert_Name`, or nothing. */
  readonly name: string;
  readonly text: string;
}

/** A named template. */
export interface TemplateDefinition {
  readonly name: string;
  readonly source: TemplateSource;
  readonly nodes: readonly TemplateNode[];
}

/** Whether a template holds nothing but blanks, and so does not replace one of its name. */
export function isBlank(nodes: readonly TemplateNode[]): boolean {
  return nodes.every((node) => node.type === 'text' && node.text.trim() === '');
}

/** A place in Go's words: `name:line:column`, the line from 1, the column in bytes from 0. */
export function placeOf(source: TemplateSource, offset: number): string {
  const before = source.text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  const line = before.split('\n').length;
  return `${source.name}:${line}:${Buffer.byteLength(before.slice(lineStart))}`;
}

/** An operand as Go writes it. */
export function writeOperand(operand: Operand): string {
  switch (operand.type) {
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'boolean':
      return String(operand.value);
    case 'number':
      return operand.constant.text;
    case 'string':
      return operand.written;
    case 'function':
      return operand.name;
    case 'field':
      return operand.path.map((name) => `.${name}`).join('');
    case 'variable':
      return [operand.name, ...operand.path].join('.');
    case 'chain': {
      const inner = writeOperand(operand.of);
      const start = operand.of.type === 'pipeline' ? `(${inner})` : inner;
      return start + operand.path.map((name) => `.${name}`).join('');
    }
    case 'pipeline':
      return writePipeline(operand.pipeline);
  }
}

/** A command as Go writes it. */
export function writeCommand(command: Command): string {
  return command.operands
    .map((operand) => (operand.type === 'pipeline' ? `(${writeOperand(operand)})` : writeOperand(operand)))
    .join(' ');
}

/** A pipeline as Go writes it. */
export function writePipeline({ variables, assigns, commands }: Pipeline): string {
  const declared = variables.length === 0 ? '' : `${variables.join(', ')} ${assigns ? '=' : ':='} `;
  return declared + commands.map(writeCommand).join(' | ');
}

/** A node as Go writes it. */
export function writeNode(node: TemplateNode): string {
  switch (node.type) {
    case 'text':
      return node.text;
    case 'action':
      return `{{${writePipeline(node.pipeline)}}}`;
    case 'break':
    case 'continue':
      return `{{${node.type}}}`;
    case 'template': {
      const argument = node.pipeline === undefined ? '' : ` ${writePipeline(node.pipeline)}`;
      return `{{template ${quote(node.name)}${argument}}}`;
    }
    default: {
      const body = node.body.map(writeNode).join('');
      const otherwise =
        node.otherwise === undefined ? '' : `{{else}}${node.otherwise.map(writeNode).join('')}`;
      return `{{${node.type} ${writePipeline(node.pipeline)}}}${body}${otherwise}{{end}}`;
    }
  }
}
