/**
 * Expands the Go templates in the labels and annotations of alerting rules.
 *
 * The evaluator is synchronous and has no effects. `query` needs to wait, so it works in rounds: the first round
 * stops at a query whose answer is not known, the answer is fetched, and the template starts again with it. A
 * template that asks nothing, nearly every one, takes one round and never waits.
 */
import type { Labels } from '@binnacle/metrics/model';
import {
  type GoMap,
  GoStruct,
  type GoValue,
  isGoList,
  isGoMap,
  printValue,
  typeName,
} from '../template/go-format.ts';
import { TemplateError } from '../template/template-lexer.ts';
import {
  type Command,
  type Operand,
  type ParsedTemplate,
  type Pipeline,
  parseTemplate,
  type TemplateNode,
} from '../template/template-parser.ts';
import { isTrue, TEMPLATE_FUNCTIONS } from './template-functions.ts';

/** The longest expansion of one template. */
export const EXPANSION_CHARACTERS_MAX = 256 * 1024;
/** How deep templates may call each other. */
export const TEMPLATE_DEPTH_MAX = 100;
/** How many nodes one expansion may evaluate: a bound on nested ranges. */
export const TEMPLATE_STEPS_MAX = 1_000_000;
/** How many different queries one template may ask. */
export const TEMPLATE_QUERIES_MAX = 100;

/** What a template is about. */
export interface TemplateData {
  /** The labels of the result, metric name included. */
  readonly labels: Labels;
  readonly value: number;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
}

/** One sample of a query in a template. */
export interface TemplateSample {
  readonly labels: Labels;
  readonly value: number;
}

/** Answers `query "..."` at the evaluation's time. */
export type TemplateQuery = (expression: string) => Promise<readonly TemplateSample[]>;

const VARIABLES = ['$labels', '$externalLabels', '$externalURL', '$value'];
const FUNCTION_NAMES: ReadonlySet<string> = new Set([
  ...TEMPLATE_FUNCTIONS.keys(),
  ...['and', 'or', 'query', 'externalURL', 'pathPrefix'],
]);

/** A template of a rule: parsed once, expanded for every alert at every evaluation. */
export class Template {
  readonly source: string;
  readonly #parsed: ParsedTemplate;

  private constructor(source: string, parsed: ParsedTemplate) {
    this.source = source;
    this.#parsed = parsed;
  }

  /**
   * Parses a template.
   * @throws TemplateError when its syntax is wrong or it names an unknown function or variable
   */
  static parse(source: string): Template {
    return new Template(source, parseTemplate(source, FUNCTION_NAMES, VARIABLES));
  }

  /**
   * The text for one alert.
   * @throws TemplateError when the evaluation fails; what `query` throws passes through
   */
  async expand(data: TemplateData, query: TemplateQuery): Promise<string> {
    const answers = new Map<string, GoValue>();
    for (;;) {
      try {
        return new Evaluation(this.#parsed, data, answers).run();
      } catch (error) {
        if (!(error instanceof QueryNeeded)) throw error;
        if (answers.size >= TEMPLATE_QUERIES_MAX)
          throw new TemplateError(`the template asks more than ${TEMPLATE_QUERIES_MAX} queries`);
        answers.set(error.expression, (await query(error.expression)).map(sampleValue));
      }
    }
  }

  /** The text for one alert; where the template fails, the words that Prometheus puts in its place. */
  async expandOrExplain(data: TemplateData, query: TemplateQuery): Promise<string> {
    try {
      return await this.expand(data, query);
    } catch (error) {
      return `<error expanding template: ${error instanceof Error ? error.message : String(error)}>`;
    }
  }
}

/** Ends a round: the answer to this query is wanted first. */
class QueryNeeded extends Error {
  readonly expression: string;

  constructor(expression: string) {
    super(expression);
    this.expression = expression;
  }
}

type Flow = 'next' | 'break' | 'continue';

/** One round over one template. */
class Evaluation {
  readonly #parsed: ParsedTemplate;
  readonly #answers: ReadonlyMap<string, GoValue>;
  readonly #data: TemplateData;
  /** Innermost last; a name may be there twice. */
  #variables: { name: string; value: GoValue }[] = [];
  #out = '';
  #depth = 0;
  #steps = 0;

  constructor(parsed: ParsedTemplate, data: TemplateData, answers: ReadonlyMap<string, GoValue>) {
    this.#parsed = parsed;
    this.#data = data;
    this.#answers = answers;
  }

  run(): string {
    const { externalUrl, value } = this.#data;
    const labels: GoMap = new Map<string, GoValue>(this.#data.labels.entries());
    const externalLabels: GoMap = new Map<string, GoValue>(Object.entries(this.#data.externalLabels));
    const root = new GoStruct(
      'template data',
      new Map<string, GoValue>([
        ['Labels', labels],
        ['ExternalLabels', externalLabels],
        ['ExternalURL', externalUrl],
        ['Value', value],
      ]),
    );
    this.#variables = [
      { name: '$', value: root },
      { name: '$labels', value: labels },
      { name: '$externalLabels', value: externalLabels },
      { name: '$externalURL', value: externalUrl },
      { name: '$value', value },
    ];
    this.#list(this.#parsed.nodes, root);
    return this.#out;
  }

  #list(nodes: readonly TemplateNode[], dot: GoValue): Flow {
    for (const node of nodes) {
      if (++this.#steps > TEMPLATE_STEPS_MAX)
        throw new TemplateError(`the template takes more than ${TEMPLATE_STEPS_MAX} steps`);
      const flow = this.#node(node, dot);
      if (flow !== 'next') return flow;
    }
    return 'next';
  }

  #node(node: TemplateNode, dot: GoValue): Flow {
    switch (node.type) {
      case 'text':
        this.#print(node.text);
        return 'next';
      case 'print': {
        const value = this.#pipeline(node.pipeline, dot);
        if (node.pipeline.variables.length === 0) this.#print(printValue(value));
        return 'next';
      }
      case 'break':
      case 'continue':
        return node.type;
      case 'template':
        this.#call(node.name, node.pipeline === undefined ? null : this.#pipeline(node.pipeline, dot));
        return 'next';
      case 'if':
      case 'with':
        return this.#scoped(() => {
          const value = this.#pipeline(node.pipeline, dot);
          if (!isTrue(value)) return this.#list(node.otherwise, dot);
          return this.#list(node.body, node.type === 'with' ? value : dot);
        });
      case 'range':
        return this.#scoped(() => this.#range(node.pipeline, node.body, node.otherwise, dot));
    }
  }

  #range(
    pipeline: Pipeline,
    body: readonly TemplateNode[],
    otherwise: readonly TemplateNode[],
    dot: GoValue,
  ): Flow {
    const value = this.#pipeline({ ...pipeline, variables: [] }, dot);
    const items = itemsOf(value);
    if (items.length === 0) return this.#list(otherwise, dot);
    for (const [key, item] of items) {
      const flow = this.#scoped(() => {
        const [first, second] = pipeline.variables;
        const bind = (name: string, bound: GoValue): void => this.#assign(name, bound, pipeline.declares);
        if (first !== undefined && second !== undefined) {
          bind(first, key);
          bind(second, item);
        } else if (first !== undefined) bind(first, item);
        return this.#list(body, item);
      });
      if (flow === 'break') break;
    }
    return 'next';
  }

  #scoped<T>(evaluate: () => T): T {
    const depth = this.#variables.length;
    const result = evaluate();
    this.#variables.length = depth;
    return result;
  }

  #call(name: string, dot: GoValue): void {
    const nodes = this.#parsed.defined.get(name);
    if (nodes === undefined) throw new TemplateError(`template ${JSON.stringify(name)} not defined`);
    if (++this.#depth > TEMPLATE_DEPTH_MAX)
      throw new TemplateError(`templates call each other more than ${TEMPLATE_DEPTH_MAX} deep`);
    const outer = this.#variables;
    this.#variables = [{ name: '$', value: dot }];
    this.#list(nodes, dot);
    this.#variables = outer;
    this.#depth--;
  }

  #pipeline(pipeline: Pipeline, dot: GoValue): GoValue {
    let value: GoValue | undefined;
    for (const command of pipeline.commands) value = this.#command(command, dot, value);
    for (const name of pipeline.variables) this.#assign(name, value ?? null, pipeline.declares);
    return value ?? null;
  }

  #assign(name: string, value: GoValue, declares: boolean): void {
    if (declares) {
      this.#variables.push({ name, value });
      return;
    }
    const variable = this.#variables.findLast((candidate) => candidate.name === name);
    if (variable !== undefined) variable.value = value;
  }

  /** `piped` is the result of the command before, which becomes the last argument. */
  #command(command: Command, dot: GoValue, piped: GoValue | undefined): GoValue {
    const [first, ...rest] = command.operands;
    if (first!.type === 'function') return this.#function(first!.name, rest, dot, piped);
    if (rest.length > 0 || piped !== undefined)
      throw new TemplateError("can't give argument to non-function", command.offset);
    return this.#operand(first!, dot);
  }

  #operand(operand: Operand, dot: GoValue): GoValue {
    switch (operand.type) {
      case 'literal':
        return operand.value;
      case 'dot':
        return follow(dot, operand.path);
      case 'variable': {
        const variable = this.#variables.findLast((candidate) => candidate.name === operand.name);
        return follow(variable?.value ?? null, operand.path);
      }
      case 'pipeline':
        return follow(this.#pipeline(operand.pipeline, dot), operand.path);
      case 'function':
        return this.#function(operand.name, [], dot, undefined);
    }
  }

  #function(name: string, operands: readonly Operand[], dot: GoValue, piped: GoValue | undefined): GoValue {
    const last = piped === undefined ? [] : [piped];
    if (name === 'and' || name === 'or') return this.#choose(name, operands, dot, last);
    const args = [...operands.map((operand) => this.#operand(operand, dot)), ...last];
    switch (name) {
      case 'query':
        return this.#query(args);
      case 'externalURL':
        return this.#data.externalUrl;
      case 'pathPrefix':
        return new URL(this.#data.externalUrl).pathname.replace(/\/$/, '');
    }
    const { arity, least = 0, call } = TEMPLATE_FUNCTIONS.get(name)!;
    if (arity >= 0 && args.length !== arity)
      throw new TemplateError(`wrong number of args for ${name}: want ${arity} got ${args.length}`);
    if (args.length < least)
      throw new TemplateError(`wrong number of args for ${name}: want at least ${least} got ${args.length}`);
    return call(args);
  }

  /** `and` gives its first false argument, `or` its first true one, else the last; the rest is not evaluated. */
  #choose(name: 'and' | 'or', operands: readonly Operand[], dot: GoValue, last: readonly GoValue[]): GoValue {
    let value: GoValue | undefined;
    for (const operand of operands) {
      value = this.#operand(operand, dot);
      if (isTrue(value) === (name === 'or')) return value;
    }
    value = last[0] ?? value;
    if (value === undefined)
      throw new TemplateError(`wrong number of args for ${name}: want at least 1 got 0`);
    return value;
  }

  #query(args: readonly GoValue[]): GoValue {
    const expression = args[0];
    if (args.length !== 1 || typeof expression !== 'string')
      throw new TemplateError('query takes one string: the expression');
    const answer = this.#answers.get(expression);
    if (answer === undefined) throw new QueryNeeded(expression);
    return answer;
  }

  #print(text: string): void {
    this.#out += text;
    if (this.#out.length > EXPANSION_CHARACTERS_MAX)
      throw new TemplateError(`the expansion is longer than ${EXPANSION_CHARACTERS_MAX} characters`);
  }
}

function follow(value: GoValue, path: readonly string[]): GoValue {
  for (const name of path) {
    if (value instanceof GoStruct) {
      const field = value.fields.get(name);
      if (field === undefined)
        throw new TemplateError(`can't evaluate field ${name} in type ${value.typeName}`);
      value = field;
    } else if (value !== null && isGoMap(value)) {
      // As with Prometheus's missingkey=zero: a label that is not there is the empty string.
      value = value.get(name) ?? '';
    } else throw new TemplateError(`can't evaluate field ${name} in type ${typeName(value)}`);
  }
  return value;
}

function itemsOf(value: GoValue): [GoValue, GoValue][] {
  if (value === null) return [];
  if (isGoList(value)) return value.map((item, i): [GoValue, GoValue] => [BigInt(i), item]);
  if (isGoMap(value)) return [...value].sort(([a], [b]) => (a < b ? -1 : 1));
  if (typeof value === 'bigint' && value <= TEMPLATE_STEPS_MAX)
    return Array.from({ length: Number(value) }, (_, i): [GoValue, GoValue] => [BigInt(i), BigInt(i)]);
  throw new TemplateError(`range can't iterate over ${printValue(value)}`);
}

function sampleValue(sample: TemplateSample): GoValue {
  return new GoStruct(
    '*template.sample',
    new Map<string, GoValue>([
      ['Labels', new Map<string, GoValue>(sample.labels.entries()) as GoMap],
      ['Value', sample.value],
    ]),
  );
}
