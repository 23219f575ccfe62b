/**
 * Evaluates templates as Go's `text/template` does, its messages included.
 *
 * The evaluator is synchronous and has no effects: text goes to an output, values come from the data and from the
 * functions. It remembers the node that it last looked at, because Go's messages tell of that one:
 *
 *     template: NAME:LINE:COLUMN: executing "NAME" at <NODE>: what is wrong
 *
 * A value that comes out of an `interface {}` (an element of `list`, a field such as `.Value`) travels in a
 * {@link Boxed} until a pipeline or a parameter takes it out: only messages can tell.
 */

import { printValue } from './go-format.ts';
import { quote } from './go-strings.ts';
import {
  ANY,
  type GoFunction,
  GoMap,
  GoScalar,
  type GoSignature,
  GoSlice,
  GoStruct,
  type GoType,
  type GoValue,
  INT,
  isAssignable,
  isTrue,
  plain,
  REFLECT_VALUE,
  STRING,
  typeName,
  typeOf,
  zeroOf,
} from './go-value.ts';
import { TemplateError, TemplateInterruption } from './template-error.ts';
import { TEMPLATE_DEPTH_MAX, type TemplateLimits, type TemplateOutput } from './template-output.ts';
import {
  type Command,
  type Operand,
  type Pipeline,
  placeOf,
  type TemplateDefinition,
  type TemplateNode,
  writeCommand,
  writeNode,
  writeOperand,
  writePipeline,
} from './template-tree.ts';

/** What an evaluation needs. */
export interface TemplateProgram {
  readonly definitions: ReadonlyMap<string, TemplateDefinition>;
  readonly functions: ReadonlyMap<string, GoFunction>;
  readonly limits: TemplateLimits;
}

/**
 * Expands a template over data.
 * @throws TemplateError in Go's words; a {@link TemplateInterruption} of a function passes through
 */
export function evaluateTemplate(
  program: TemplateProgram,
  definition: TemplateDefinition,
  data: GoValue,
  output: TemplateOutput,
): void {
  new Evaluation(program, output).run(definition, data);
}

/** A value in an `interface {}`. */
class Boxed {
  readonly value: GoValue;

  constructor(value: GoValue) {
    this.value = value;
  }
}

type Cell = GoValue | Boxed;

const DOT: Operand = { type: 'dot', offset: 0 };

/** No value is piped into a command; nil is one that is. */
const MISSING = Symbol('missing');
type Piped = Cell | typeof MISSING;

type Flow = 'next' | 'break' | 'continue';

/** What the evaluator looks at: its place and its words. */
interface Sight {
  readonly offset: number;
  readonly write: () => string;
}

class Evaluation {
  readonly #program: TemplateProgram;
  readonly #output: TemplateOutput;
  #definition: TemplateDefinition | undefined;
  #sight: Sight | undefined;
  /** Innermost last; a name may be there twice. */
  #variables: { readonly name: string; value: Cell }[] = [];
  #depth = 0;
  #steps = 0;

  constructor(program: TemplateProgram, output: TemplateOutput) {
    this.#program = program;
    this.#output = output;
  }

  run(definition: TemplateDefinition, data: Cell): void {
    const {
      '0': outer,
      '1': variables,
      '2': sight,
    } = [this.#definition, this.#variables, this.#sight] as const;
    this.#definition = definition;
    this.#variables = [{ name: '$', value: data }];
    this.#list(definition.nodes, data);
    this.#definition = outer;
    this.#variables = variables;
    this.#sight = sight;
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
    this.#look(node.offset, () => writeNode(node));
    switch (node.type) {
      case 'text':
        this.#output.text(node.text);
        return 'next';
      case 'action': {
        let before: Cell | undefined;
        const value = this.#pipeline(node.pipeline, dot, (piped) => {
          before = piped;
        });
        this.#look(node.offset, () => writeNode(node));
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
        const scope = this.#variables.length;
        const value = this.#pipeline(node.pipeline, dot);
        const chosen = isTrue(unbox(value)) ? node.body : (node.otherwise ?? []);
        const flow = this.#list(chosen, node.type === 'with' && chosen === node.body ? value : dot);
        this.#variables.length = scope;
        return flow;
      }
      case 'range': {
        const scope = this.#variables.length;
        const flow = this.#range(node, dot);
        this.#variables.length = scope;
        return flow;
      }
    }
  }

  #range(node: TemplateNode & { readonly type: 'range' | 'if' | 'with' }, dot: Cell): Flow {
    const { pipeline, body, otherwise } = node;
    const cell = this.#pipeline(pipeline, dot);
    const scope = this.#variables.length;
    let ran = false;
    for (const [key, item] of this.#itemsOf(unbox(cell), pipeline.variables.length)) {
      this.#step();
      ran = true;
      this.#setRangeVariables(pipeline, key, item);
      const flow = this.#list(body, item);
      this.#variables.length = scope;
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
      if (assigns) this.#set(name, value);
      else this.#variables[this.#variables.length - pairs.length + index]!.value = value;
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
    if (typeof number !== 'bigint') return this.#fail(`range can't iterate over ${printValue(value)}`);
    if (variables > 1) this.#fail(`can't use ${number} to iterate over more than one variable`);
    for (let i = 0n; i < number; i++) {
      const item = value instanceof GoScalar ? new GoScalar(value.type, i) : i;
      yield [null, item];
    }
  }

  #call(name: string, pipeline: Pipeline | undefined, dot: Cell): void {
    const definition = this.#program.definitions.get(name);
    if (definition === undefined) this.#fail(`template ${quote(name)} not defined`);
    if (this.#depth >= TEMPLATE_DEPTH_MAX)
      this.#fail(`exceeded maximum template depth (${TEMPLATE_DEPTH_MAX})`);
    const data = pipeline === undefined ? null : this.#pipeline(pipeline, dot);
    this.#depth++;
    this.run(definition, data);
    this.#depth--;
  }

  /** @param onLast told what is piped into the last of several commands */
  #pipeline(pipeline: Pipeline, dot: Cell, onLast?: (piped: Cell) => void): Cell {
    this.#look(pipeline.offset, () => writePipeline(pipeline));
    const last = pipeline.commands.at(-1);
    let value: Piped = MISSING;
    for (const command of pipeline.commands) {
      if (command === last && value !== MISSING) onLast?.(value);
      value = unbox(this.#command(command, dot, value));
    }
    const result = value === MISSING ? null : value;
    for (const name of pipeline.variables) {
      if (pipeline.assigns) this.#set(name, result);
      else this.#variables.push({ name, value: result });
    }
    return result;
  }

  #set(name: string, value: Cell): void {
    const variable = this.#variables.findLast((candidate) => candidate.name === name);
    if (variable === undefined) this.#fail(`undefined variable: ${name}`);
    variable.value = value;
  }

  #variable(name: string): Cell {
    const variable = this.#variables.findLast((candidate) => candidate.name === name);
    return variable === undefined ? this.#fail(`undefined variable: ${name}`) : variable.value;
  }

  #command(command: Command, dot: Cell, piped: Piped): Cell {
    const [first, ...args] = command.operands;
    const operand = first!;
    const takesNothing = (): void => {
      if (args.length > 0 || piped !== MISSING)
        this.#fail(`can't give argument to non-function ${writeOperand(operand)}`);
    };
    switch (operand.type) {
      case 'field':
      case 'chain':
      case 'variable':
        if (operand.type === 'variable' && operand.path.length === 0) {
          this.#lookAt(operand);
          const value = this.#variable(operand.name);
          takesNothing();
          return value;
        }
        return this.#path(operand, dot, args, piped);
      case 'function':
        return this.#function(
          operand,
          dot,
          { offset: operand.offset, write: () => writeCommand(command) },
          args,
          piped,
        );
      case 'pipeline':
        takesNothing();
        return this.#pipeline(operand.pipeline, dot);
      case 'nil':
        this.#lookAt(operand);
        takesNothing();
        return this.#fail('nil is not a command');
      default:
        this.#lookAt(operand);
        takesNothing();
        return operand.type === 'dot' ? dot : this.#constantOf(operand);
    }
  }

  /** `.a.b`, `$x.a.b` or `(...).a.b`, the last of which may be a method that takes arguments. */
  #path(
    operand: Operand & { readonly path: readonly string[] },
    dot: Cell,
    args: readonly Operand[],
    piped: Piped,
  ): Cell {
    this.#lookAt(operand);
    let value: Cell = dot;
    if (operand.type === 'variable') value = this.#variable(operand.name);
    if (operand.type === 'chain') value = this.#argument(operand.of, dot, undefined);
    const sight = this.#sightOf(operand);
    const last = operand.path.length - 1;
    for (const [i, name] of operand.path.entries())
      value = this.#field(value, name, dot, sight, i < last ? [] : args, i < last ? MISSING : piped);
    return value;
  }

  #field(
    receiver: Cell,
    name: string,
    dot: Cell,
    sight: Sight,
    args: readonly Operand[],
    piped: Piped,
  ): Cell {
    if (receiver === null) return null;
    const type = receiver instanceof Boxed ? ANY : typeOf(receiver)!;
    const value = unbox(receiver);
    if (value === null) return this.#fail(`nil pointer evaluating ${type.name}.${name}`);
    const method = typeOf(value)!.methods?.get(name);
    if (method !== undefined) {
      const bound: GoFunction = { ...method, call: (values) => method.call(value, values) };
      return this.#callFunction(bound, name, dot, sight, args, piped);
    }
    const hasArguments = args.length > 0 || piped !== MISSING;
    if (value instanceof GoStruct) {
      const field = value.fields.get(name);
      if (field !== undefined) {
        if (hasArguments) this.#fail(`${name} has arguments but cannot be invoked as function`);
        const struct = value.type.pointee ?? value.type;
        return struct.interfaceFields?.includes(name) ? new Boxed(field) : field;
      }
    } else if (value instanceof GoMap) {
      if (hasArguments) this.#fail(`${name} is not a method but has arguments`);
      // As with the option missingkey=zero, which Prometheus and Alertmanager set.
      return element(value.type, value.entries.get(name) ?? zeroOf(value.type.element!));
    }
    return this.#fail(`can't evaluate field ${name} in type ${type.name}`);
  }

  #function(
    operand: Operand & { readonly type: 'function' },
    dot: Cell,
    sight: Sight,
    args: readonly Operand[],
    piped: Piped,
  ): Cell {
    this.#lookAt(operand);
    const { name } = operand;
    const called = this.#program.functions.get(name);
    if (called === undefined) return this.#fail(`${quote(name)} is not a defined function`);
    return this.#callFunction(called, name, dot, sight, args, piped);
  }

  #callFunction(
    called: GoFunction,
    name: string,
    dot: Cell,
    sight: Sight,
    args: readonly Operand[],
    piped: Piped,
  ): Cell {
    const { params, variadic = false } = called;
    const count = args.length + (piped === MISSING ? 0 : 1);
    const fixed = variadic ? params.length - 1 : params.length;
    if (variadic && count < fixed)
      this.#fail(`wrong number of args for ${name}: want at least ${fixed} got ${args.length}`);
    if (!variadic && count !== fixed)
      this.#fail(`wrong number of args for ${name}: want ${fixed} got ${count}`);
    if (name === 'and' || name === 'or') return this.#choose(name, dot, args, piped);
    const values = args.map((arg, i) => this.#argument(arg, dot, parameterOf(called, i)));
    if (piped !== MISSING) values.push(this.#validate(piped, parameterOf(called, args.length)));
    if (name === 'call') {
      this.#sight = sight;
      const given = unbox(values[0]!);
      this.#fail(
        `error calling call: ${given === null ? 'call of nil' : `non-function ${writeOperand(args[0] ?? DOT)} of type ${typeName(given)}`}`,
      );
    }
    try {
      return this.#limited(called.call(values.map(unbox)));
    } catch (error) {
      if (error instanceof TemplateInterruption || error instanceof TemplateError) throw error;
      this.#sight = sight;
      return this.#fail(`error calling ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** `and` gives its first false argument, `or` its first true one, else the last; the rest is not evaluated. */
  #choose(name: 'and' | 'or', dot: Cell, args: readonly Operand[], piped: Piped): Cell {
    let value: Cell = null;
    for (const arg of args) {
      value = unbox(this.#argument(arg, dot, REFLECT_VALUE));
      if (isTrue(value) === (name === 'or')) return value;
    }
    return piped === MISSING ? value : unbox(this.#validate(piped, REFLECT_VALUE));
  }

  /** The value of an operand where a parameter of a type wants it; undefined where anything will do. */
  #argument(operand: Operand, dot: Cell, type: GoType | undefined): Cell {
    this.#lookAt(operand);
    switch (operand.type) {
      case 'dot':
        return this.#validate(dot, type);
      case 'nil':
        if (type !== undefined && canBeNil(type)) return zeroOf(type);
        return this.#fail(`cannot assign nil to ${type?.name ?? 'nothing'}`);
      case 'field':
      case 'chain':
        return this.#validate(this.#path(operand, dot, [], MISSING), type);
      case 'variable': {
        const value =
          operand.path.length === 0 ? this.#variable(operand.name) : this.#path(operand, dot, [], MISSING);
        return this.#validate(value, type);
      }
      case 'pipeline':
        return this.#validate(this.#pipeline(operand.pipeline, dot), type);
      case 'function':
        return this.#validate(this.#function(operand, dot, this.#sightOf(operand), [], MISSING), type);
      default:
        return this.#constant(operand, type ?? ANY);
    }
  }

  #constant(operand: Operand, type: GoType): GoValue {
    const found = writeOperand(operand);
    const number = operand.type === 'number' ? operand.constant : undefined;
    if (type.kind === 'interface' || type === REFLECT_VALUE) return this.#constantOf(operand);
    switch (type.kind) {
      case 'bool':
        return operand.type === 'boolean' ? operand.value : this.#fail(`expected bool; found ${found}`);
      case 'float64':
        return number === undefined ? this.#fail(`expected float; found ${found}`) : number.asFloat;
      case 'int':
      case 'uint': {
        const value = number?.asInt;
        if (value === undefined) return this.#fail(`expected integer; found ${found}`);
        return type === INT ? value : new GoScalar(type, value);
      }
      case 'string':
        if (operand.type !== 'string') return this.#fail(`expected string; found ${found}`);
        return type === STRING ? operand.value : new GoScalar(type, operand.value);
      default:
        return this.#fail(`can't handle ${found} for arg of type ${type.name}`);
    }
  }

  #constantOf(operand: Operand): GoValue {
    switch (operand.type) {
      case 'boolean':
      case 'string':
        return operand.value;
      case 'number':
        return operand.constant.value ?? this.#fail(`${operand.constant.text} overflows int`);
      default:
        return null;
    }
  }

  #validate(cell: Cell, type: GoType | undefined): Cell {
    if (type === undefined) return cell;
    if (cell === null)
      return canBeNil(type) ? zeroOf(type) : this.#fail(`invalid value; expected ${type.name}`);
    if (type === REFLECT_VALUE || type.kind === 'interface') return cell;
    const value = unbox(cell);
    const from = typeOf(value) ?? ANY;
    if (value !== null && isAssignable(from, type)) return value;
    const { pointee } = from;
    if (value !== null && typeof value === 'object' && pointee !== undefined && isAssignable(pointee, type))
      return value.as(pointee);
    return this.#fail(`wrong type for value; expected ${type.name}; got ${from.name}`);
  }

  #limited(value: GoValue): GoValue {
    const { charactersMax, weightMax } = this.#program.limits;
    if (typeof value === 'string' && value.length > charactersMax)
      throw new TemplateError(`a string is longer than ${charactersMax} characters`);
    if (value !== null && typeof value === 'object' && value.weight > weightMax)
      throw new TemplateError(`a value holds more than ${weightMax} characters`);
    return value;
  }

  #look(offset: number, write: () => string): void {
    this.#sight = { offset, write };
  }

  #lookAt(operand: Operand): void {
    this.#sight = this.#sightOf(operand);
  }

  #sightOf(operand: Operand): Sight {
    return { offset: operand.offset, write: () => writeOperand(operand) };
  }

  #fail(reason: string): never {
    const { name, source } = this.#definition!;
    const sight = this.#sight;
    if (sight === undefined) throw new TemplateError(`template: ${name}: ${reason}`);
    const place = placeOf(source, sight.offset);
    throw new TemplateError(
      `template: ${place}: executing ${quote(name)} at <${sight.write()}>: ${reason}`,
      sight.offset,
    );
  }
}

function unbox(cell: Cell): GoValue {
  return cell instanceof Boxed ? cell.value : cell;
}

function unboxKnown(cell: Cell | undefined): GoValue | undefined {
  return cell === undefined ? undefined : unbox(cell);
}

/** An element of a container: in a box where the container holds `interface {}`. */
function element(container: GoType, value: GoValue): Cell {
  return container.element?.kind === 'interface' ? new Boxed(value) : value;
}

function parameterOf({ params, variadic = false }: GoSignature, index: number): GoType {
  return variadic && index >= params.length - 1 ? params.at(-1)! : params[index]!;
}

function canBeNil({ kind, name }: GoType): boolean {
  return (
    kind === 'interface' ||
    kind === 'map' ||
    kind === 'slice' ||
    kind === 'pointer' ||
    name === REFLECT_VALUE.name
  );
}

/** The predefined escaper that a pipeline ends with. */
function escaperOf({ commands }: Pipeline): string | undefined {
  const last = commands.at(-1)?.operands[0];
  return last?.type === 'function' && (last.name === 'html' || last.name === 'urlquery')
    ? last.name
    : undefined;
}
