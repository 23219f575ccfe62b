/**
 * Evaluates pipelines, commands and operands: what gives values in a template. What is done with them is the
 * evaluator's.
 *
 * The node that was last looked at is remembered, because Go's messages tell of that one:
 *
 *     template: NAME:LINE:COLUMN: executing "NAME" at <NODE>: what is wrong
 */
import { quote } from '@binnacle/promql';
import {
  ANY,
  type GoFunction,
  GoMap,
  GoScalar,
  type GoSignature,
  GoStruct,
  type GoType,
  type GoValue,
  INT,
  isAssignable,
  isTrue,
  REFLECT_VALUE,
  STRING,
  typeName,
  typeOf,
  zeroOf,
} from './go-value.ts';
import { Boxed, type Cell, element, unbox } from './template-cell.ts';
import { TemplateError, TemplateInterruption } from './template-error.ts';
import type { TemplateLimits } from './template-output.ts';
import {
  type Command,
  type Operand,
  type Pipeline,
  placeOf,
  type TemplateDefinition,
  writeCommand,
  writeOperand,
  writePipeline,
} from './template-tree.ts';

/** Functions by name. */
export type TemplateFunctions = Pick<ReadonlyMap<string, GoFunction>, 'get'>;

/** What an evaluation needs. */
export interface TemplateProgram {
  readonly definitions: ReadonlyMap<string, TemplateDefinition>;
  readonly functions: TemplateFunctions;
  readonly limits: TemplateLimits;
}

const DOT: Operand = { type: 'dot', offset: 0 };

/** No value is piped into a command; nil is one that is. */
const MISSING = Symbol('missing');
type Piped = Cell | typeof MISSING;

/** What the evaluation looks at: its place and its words. */
interface Sight {
  readonly offset: number;
  readonly write: () => string;
}

/** A variable; the same name may be there twice, the inner one later. */
export interface TemplateVariable {
  readonly name: string;
  value: Cell;
}

/** Gives the values of expressions, in the template that is evaluated. */
export class TemplateExpressions {
  readonly #program: TemplateProgram;
  #definition: TemplateDefinition | undefined;
  #sight: Sight | undefined;
  #variables: TemplateVariable[] = [];

  constructor(program: TemplateProgram) {
    this.#program = program;
  }

  /** Innermost last; whoever declared some cuts them off again. */
  get variables(): TemplateVariable[] {
    return this.#variables;
  }

  /** Evaluates in another template, which sees no variables but its data as `$`, and comes back. */
  within(definition: TemplateDefinition, data: Cell, evaluate: () => void): void {
    const outer = { definition: this.#definition, variables: this.#variables, sight: this.#sight };
    this.#definition = definition;
    this.#variables = [{ name: '$', value: data }];
    evaluate();
    this.#definition = outer.definition;
    this.#variables = outer.variables;
    this.#sight = outer.sight;
  }

  /**
   * The value of a pipeline; its variables are set.
   * @param onLast told what is piped into the last of several commands
   */
  pipeline(pipeline: Pipeline, dot: Cell, onLast?: (piped: Cell) => void): Cell {
    this.look(pipeline.offset, () => writePipeline(pipeline));
    const last = pipeline.commands.at(-1);
    let value: Piped = MISSING;
    for (const command of pipeline.commands) {
      if (command === last && value !== MISSING) onLast?.(value);
      value = unbox(this.#command(command, dot, value));
    }
    const result = value === MISSING ? null : value;
    for (const name of pipeline.variables) {
      if (pipeline.assigns) this.set(name, result);
      else this.#variables.push({ name, value: result });
    }
    return result;
  }

  /** Sets a variable that is declared. */
  set(name: string, value: Cell): void {
    const variable = this.#variables.findLast((candidate) => candidate.name === name);
    if (variable === undefined) this.fail(`undefined variable: ${name}`);
    variable.value = value;
  }

  #variable(name: string): Cell {
    const variable = this.#variables.findLast((candidate) => candidate.name === name);
    return variable === undefined ? this.fail(`undefined variable: ${name}`) : variable.value;
  }

  #command(command: Command, dot: Cell, piped: Piped): Cell {
    const [first, ...args] = command.operands;
    const operand = first!;
    const takesNothing = (): void => {
      if (args.length > 0 || piped !== MISSING)
        this.fail(`can't give argument to non-function ${writeOperand(operand)}`);
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
        return this.pipeline(operand.pipeline, dot);
      case 'nil':
        this.#lookAt(operand);
        takesNothing();
        return this.fail('nil is not a command');
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
    if (value === null) return this.fail(`nil pointer evaluating ${type.name}.${name}`);
    const method = typeOf(value)!.methods?.get(name);
    if (method !== undefined) {
      const bound: GoFunction = { ...method, call: (values) => method.call(value, values) };
      return this.#callFunction(bound, name, dot, sight, args, piped);
    }
    const hasArguments = args.length > 0 || piped !== MISSING;
    if (value instanceof GoStruct) {
      const field = value.fields.get(name);
      if (field !== undefined) {
        if (hasArguments) this.fail(`${name} has arguments but cannot be invoked as function`);
        const struct = value.type.pointee ?? value.type;
        return struct.interfaceFields?.includes(name) ? new Boxed(field) : field;
      }
    } else if (value instanceof GoMap) {
      if (hasArguments) this.fail(`${name} is not a method but has arguments`);
      // As with the option missingkey=zero, which Prometheus and Alertmanager set.
      return element(value.type, value.entries.get(name) ?? zeroOf(value.type.element!));
    }
    return this.fail(`can't evaluate field ${name} in type ${type.name}`);
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
    if (called === undefined) return this.fail(`${quote(name)} is not a defined function`);
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
      this.fail(`wrong number of args for ${name}: want at least ${fixed} got ${args.length}`);
    if (!variadic && count !== fixed)
      this.fail(`wrong number of args for ${name}: want ${fixed} got ${count}`);
    if (name === 'and' || name === 'or') return this.#choose(name, dot, args, piped);
    const values = args.map((arg, i) => this.#argument(arg, dot, parameterOf(called, i)));
    if (piped !== MISSING) values.push(this.#validate(piped, parameterOf(called, args.length)));
    if (name === 'call') {
      this.#sight = sight;
      const given = unbox(values[0]!);
      this.fail(
        `error calling call: ${given === null ? 'call of nil' : `non-function ${writeOperand(args[0] ?? DOT)} of type ${typeName(given)}`}`,
      );
    }
    try {
      return this.#limited(called.call(values.map(unbox)));
    } catch (error) {
      if (error instanceof TemplateInterruption || error instanceof TemplateError) throw error;
      this.#sight = sight;
      return this.fail(`error calling ${name}: ${error instanceof Error ? error.message : String(error)}`);
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
        return this.fail(`cannot assign nil to ${type?.name ?? 'nothing'}`);
      case 'field':
      case 'chain':
        return this.#validate(this.#path(operand, dot, [], MISSING), type);
      case 'variable': {
        const value =
          operand.path.length === 0 ? this.#variable(operand.name) : this.#path(operand, dot, [], MISSING);
        return this.#validate(value, type);
      }
      case 'pipeline':
        return this.#validate(this.pipeline(operand.pipeline, dot), type);
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
        return operand.type === 'boolean' ? operand.value : this.fail(`expected bool; found ${found}`);
      case 'float64':
        return number === undefined ? this.fail(`expected float; found ${found}`) : number.asFloat;
      case 'int':
      case 'uint': {
        const value = number?.asInt;
        if (value === undefined) return this.fail(`expected integer; found ${found}`);
        return type === INT ? value : new GoScalar(type, value);
      }
      case 'string':
        if (operand.type !== 'string') return this.fail(`expected string; found ${found}`);
        return type === STRING ? operand.value : new GoScalar(type, operand.value);
      default:
        return this.fail(`can't handle ${found} for arg of type ${type.name}`);
    }
  }

  #constantOf(operand: Operand): GoValue {
    switch (operand.type) {
      case 'boolean':
      case 'string':
        return operand.value;
      case 'number':
        return operand.constant.value ?? this.fail(`${operand.constant.text} overflows int`);
      default:
        return null;
    }
  }

  #validate(cell: Cell, type: GoType | undefined): Cell {
    if (type === undefined) return cell;
    if (cell === null)
      return canBeNil(type) ? zeroOf(type) : this.fail(`invalid value; expected ${type.name}`);
    if (type === REFLECT_VALUE || type.kind === 'interface') return cell;
    const value = unbox(cell);
    const from = typeOf(value) ?? ANY;
    if (value !== null && isAssignable(from, type)) return value;
    const { pointee } = from;
    if (value !== null && typeof value === 'object' && pointee !== undefined && isAssignable(pointee, type))
      return value.as(pointee);
    return this.fail(`wrong type for value; expected ${type.name}; got ${from.name}`);
  }

  #limited(value: GoValue): GoValue {
    const { charactersMax, weightMax } = this.#program.limits;
    if (typeof value === 'string' && value.length > charactersMax)
      throw new TemplateError(`a string is longer than ${charactersMax} characters`);
    if (value !== null && typeof value === 'object' && value.weight > weightMax)
      throw new TemplateError(`a value holds more than ${weightMax} characters`);
    return value;
  }

  /** Remembers what is looked at. */
  look(offset: number, write: () => string): void {
    this.#sight = { offset, write };
  }

  #lookAt(operand: Operand): void {
    this.#sight = this.#sightOf(operand);
  }

  #sightOf(operand: Operand): Sight {
    return { offset: operand.offset, write: () => writeOperand(operand) };
  }

  /** Fails, in Go's words, at what was last looked at. */
  fail(reason: string): never {
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
