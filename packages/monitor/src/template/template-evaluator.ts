/**
 * Evaluates templates as Go's `text/template` does, its messages included.
 *
 * The evaluator is synchronous and has no effects: text goes to an output, values come from the data and from the
 * functions.
 */

import { quote } from '@binnacle/promql';
import { printValue } from './go-format.ts';
import { GoMap, GoScalar, GoSlice, type GoValue, isTrue, plain } from './go-value.ts';
import { type Cell, element, unbox } from './template-cell.ts';
import { TemplateError } from './template-error.ts';
import { TemplateExpressions, type TemplateProgram } from './template-expressions.ts';
import { TEMPLATE_DEPTH_MAX, type TemplateOutput } from './template-output.ts';
import { type Pipeline, type TemplateDefinition, type TemplateNode, writeNode } from './template-tree.ts';

/**
 * Expands a template over data.
 * @throws TemplateError in Go's words; a TemplateInterruption of a function passes through
 */
export function evaluateTemplate(
  program: TemplateProgram,
  definition: TemplateDefinition,
  data: GoValue,
  output: TemplateOutput,
): void {
  try {
    new Evaluation(program, output).run(definition, data);
  } catch (error) {
    // The machine's stack is the bound on how deep blocks, lists and calls may stand in each other together.
    if (error instanceof RangeError)
      throw new TemplateError('the template, or a value of it, is nested too deep');
    throw error;
  }
}

type Flow = 'next' | 'break' | 'continue';

class Evaluation {
  readonly #program: TemplateProgram;
  readonly #output: TemplateOutput;
  readonly #expressions: TemplateExpressions;
  #depth = 0;
  #steps = 0;

  constructor(program: TemplateProgram, output: TemplateOutput) {
    this.#program = program;
    this.#output = output;
    this.#expressions = new TemplateExpressions(program);
  }

  run(definition: TemplateDefinition, data: Cell): void {
    this.#expressions.within(definition, data, () => {
      this.#list(definition.nodes, data);
    });
  }

  #list(nodes: readonly TemplateNode[], dot: Cell): Flow {
    for (const node of nodes) {
      const flow = this.#node(node, dot);
      if (flow !== 'next') return flow;
    }
    return 'next';
  }

  #step(): void {
    const { stepsMax } = this.#program.limits;
    if (++this.#steps > stepsMax) throw new TemplateError(`the template takes more than ${stepsMax} steps`);
  }

  #node(node: TemplateNode, dot: Cell): Flow {
    this.#step();
    this.#expressions.look(node.offset, () => writeNode(node));
    switch (node.type) {
      case 'text':
        this.#output.text(node.text);
        return 'next';
      case 'action': {
        let before: Cell | undefined;
        const value = this.#expressions.pipeline(node.pipeline, dot, (piped) => {
          before = piped;
        });
        this.#expressions.look(node.offset, () => writeNode(node));
        if (node.pipeline.variables.length > 0) return 'next';
        const escaper = escaperOf(node.pipeline);
        const escaped = escaper === undefined ? undefined : { escaper, before: unboxKnown(before) };
        this.#output.value(unbox(value), escaped);
        return 'next';
      }
      case 'break':
      case 'continue':
        return node.type;
      case 'template':
        this.#call(node.name, node.pipeline, dot);
        return 'next';
      case 'if':
      case 'with': {
        const scope = this.#expressions.variables.length;
        const value = this.#expressions.pipeline(node.pipeline, dot);
        const chosen = isTrue(unbox(value)) ? node.body : (node.otherwise ?? []);
        const flow = this.#list(chosen, node.type === 'with' && chosen === node.body ? value : dot);
        this.#expressions.variables.length = scope;
        return flow;
      }
      case 'range': {
        const scope = this.#expressions.variables.length;
        const flow = this.#range(node, dot);
        this.#expressions.variables.length = scope;
        return flow;
      }
    }
  }

  #range(node: TemplateNode & { readonly type: 'range' | 'if' | 'with' }, dot: Cell): Flow {
    const { pipeline, body, otherwise } = node;
    const cell = this.#expressions.pipeline(pipeline, dot);
    const scope = this.#expressions.variables.length;
    let ran = false;
    for (const [key, item] of this.#itemsOf(unbox(cell), pipeline.variables.length)) {
      this.#step();
      ran = true;
      this.#setRangeVariables(pipeline, key, item);
      const flow = this.#list(body, item);
      this.#expressions.variables.length = scope;
      if (flow === 'break') break;
    }
    return ran || otherwise === undefined ? 'next' : this.#list(otherwise, dot);
  }

  #setRangeVariables({ variables, assigns }: Pipeline, key: Cell, item: Cell): void {
    const [first, second] = variables;
    if (first === undefined) return;
    const pairs: readonly (readonly [string, Cell])[] =
      second === undefined
        ? [[first, item]]
        : [
            [first, key],
            [second, item],
          ];
    for (const [index, [name, value]] of pairs.entries()) {
      if (assigns) this.#expressions.set(name, value);
      else
        this.#expressions.variables[this.#expressions.variables.length - pairs.length + index]!.value = value;
    }
  }

  *#itemsOf(value: GoValue, variables: number): Generator<readonly [Cell, Cell]> {
    if (value === null) return;
    if (value instanceof GoSlice) {
      for (const [i, item] of value.items.entries()) yield [BigInt(i), element(value.type, item)];
      return;
    }
    if (value instanceof GoMap) {
      for (const key of value.sortedKeys()) yield [key, element(value.type, value.entries.get(key)!)];
      return;
    }
    const number = plain(value);
    if (typeof number !== 'bigint')
      return this.#expressions.fail(`range can't iterate over ${printValue(value)}`);
    if (variables > 1) this.#expressions.fail(`can't use ${number} to iterate over more than one variable`);
    for (let i = 0n; i < number; i++) {
      const item = value instanceof GoScalar ? new GoScalar(value.type, i) : i;
      yield [null, item];
    }
  }

  #call(name: string, pipeline: Pipeline | undefined, dot: Cell): void {
    const definition = this.#program.definitions.get(name);
    if (definition === undefined) this.#expressions.fail(`template ${quote(name)} not defined`);
    if (this.#depth >= TEMPLATE_DEPTH_MAX)
      this.#expressions.fail(`exceeded maximum template depth (${TEMPLATE_DEPTH_MAX})`);
    const data = pipeline === undefined ? null : this.#expressions.pipeline(pipeline, dot);
    this.#depth++;
    this.run(definition, data);
    this.#depth--;
  }
}

function unboxKnown(cell: Cell | undefined): GoValue | undefined {
  return cell === undefined ? undefined : unbox(cell);
}

/** The predefined escaper that a pipeline ends with. */
function escaperOf({ commands }: Pipeline): string | undefined {
  const last = commands.at(-1)?.operands[0];
  return last?.type === 'function' && (last.name === 'html' || last.name === 'urlquery')
    ? last.name
    : undefined;
}
