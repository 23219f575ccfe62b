/**
 * Expands the Go templates in the labels and annotations of alerting rules.
 *
 * The evaluator is synchronous and has no effects. `query` needs to wait, so it works in rounds: the first round
 * stops at a query whose answer is not known, the answer is fetched, and the template starts again with it. A
 * template that asks nothing, nearly every one, takes one round and never waits.
 *
 * `$labels`, `$value` and the others are declared by text that is put in front of the template, as Prometheus does
 * it: messages count columns from there.
 */
import type { Labels, NativeHistogram } from '@binnacle/metrics/model';
import { formatHistogram } from '@binnacle/promql';
import { BUILTIN_FUNCTIONS } from '../template/builtin-functions.ts';
import {
  type GoFunction,
  GoMap,
  GoOpaque,
  GoSlice,
  GoStruct,
  type GoType,
  type GoValue,
  pointerTo,
  STRING_MAP,
} from '../template/go-value.ts';
import { TemplateError, TemplateInterruption } from '../template/template-error.ts';
import { evaluateTemplate } from '../template/template-evaluator.ts';
import type { TemplateFunctions } from '../template/template-expressions.ts';
import { type TemplateLimits, TextOutput } from '../template/template-output.ts';
import { parseTemplate } from '../template/template-parser.ts';
import type { TemplateDefinition } from '../template/template-tree.ts';
import {
  BOUND_FUNCTION_NAMES,
  boundRuleFunctions,
  PURE_RULE_FUNCTIONS,
  QUERY_RESULT,
  SAMPLE,
} from './template-functions.ts';

/** How many different queries one template may ask. */
export const TEMPLATE_QUERIES_MAX = 100;

/** What an expansion for one alert may take. */
export const RULE_TEMPLATE_LIMITS: TemplateLimits = {
  charactersMax: 256 * 1024,
  stepsMax: 1_000_000,
  weightMax: 1_000_000,
};

/** What a template is about. */
export interface TemplateData {
  /** The name of the alert, for messages. */
  readonly alertName: string;
  /** The labels of the result, metric name included. */
  readonly labels: Labels;
  /** Without meaning when there is a histogram. */
  readonly value: number;
  readonly histogram?: NativeHistogram;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
  /** The time of the evaluation. */
  readonly timeMs: number;
}

/** One sample of a query in a template. */
export interface TemplateSample {
  readonly labels: Labels;
  /** Without meaning when there is a histogram. */
  readonly value: number;
  readonly histogram?: NativeHistogram;
}

/** Answers `query "..."` at the evaluation's time. */
export type TemplateQuery = (expression: string) => Promise<readonly TemplateSample[]>;

const DECLARATIONS = [
  '{{$labels := .Labels}}',
  '{{$externalLabels := .ExternalLabels}}',
  '{{$externalURL := .ExternalURL}}',
  '{{$value := .Value}}',
].join('');

const PURE_FUNCTIONS: ReadonlyMap<string, GoFunction> = new Map([
  ...BUILTIN_FUNCTIONS,
  ...PURE_RULE_FUNCTIONS,
]);
const FUNCTION_NAMES: ReadonlySet<string> = new Set([...PURE_FUNCTIONS.keys(), ...BOUND_FUNCTION_NAMES]);

const ROOT: GoType = {
  name: 'struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }',
  kind: 'struct',
  underlying: 'struct',
  interfaceFields: ['Value'],
};

/** A template of a rule: parsed once, expanded for every alert at every evaluation. */
export class Template {
  readonly source: string;
  readonly #definitions: readonly TemplateDefinition[];

  private constructor(source: string, definitions: readonly TemplateDefinition[]) {
    this.source = source;
    this.#definitions = definitions;
  }

  /**
   * Parses a template.
   * @throws TemplateError when its syntax is wrong or it names an unknown function or variable
   */
  static parse(source: string): Template {
    try {
      return new Template(source, parseTemplate({ name: '', text: DECLARATIONS + source }, FUNCTION_NAMES));
    } catch (error) {
      throw error instanceof TemplateError ? withoutDeclarations(error) : error;
    }
  }

  /**
   * The text for one alert.
   * @throws TemplateError when the evaluation, or a query that it asks, fails
   */
  async expand(data: TemplateData, query: TemplateQuery): Promise<string> {
    // Most labels, and half of all annotations, are plain text.
    if (!this.source.includes('{{')) return this.source;
    const name = `__alert_${data.alertName}`;
    const main = this.#definitions.find((definition) => definition.name === '')!;
    const source = { ...main.source, name };
    const named = this.#definitions.map((definition): [string, TemplateDefinition] => {
      const shown = definition === main ? name : definition.name;
      return [shown, { name: shown, source, nodes: definition.nodes }];
    });
    const definitions = new Map(named);
    const answers = new Map<string, Answer>();
    for (;;) {
      const output = new TextOutput(RULE_TEMPLATE_LIMITS);
      try {
        const functions = functionsFor(data, answers);
        const program = { definitions, functions, limits: RULE_TEMPLATE_LIMITS };
        evaluateTemplate(program, definitions.get(name)!, rootOf(data), output);
        return output.toString();
      } catch (error) {
        if (error instanceof TemplateError) throw withoutDeclarations(error);
        if (!(error instanceof QueryNeeded)) throw error;
        if (answers.size >= TEMPLATE_QUERIES_MAX)
          throw new TemplateError(`the template asks more than ${TEMPLATE_QUERIES_MAX} queries`);
        answers.set(error.expression, await answerOf(query, error.expression));
      }
    }
  }

  /** The text for one alert; where the template fails, the words that Prometheus puts in its place. */
  async expandOrExplain(data: TemplateData, query: TemplateQuery): Promise<string> {
    try {
      return await this.expand(data, query);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return `<error expanding template: error executing template __alert_${data.alertName}: ${reason}>`;
    }
  }
}

/** Ends a round: the answer to this query is wanted first. */
class QueryNeeded extends TemplateInterruption {
  readonly expression: string;

  constructor(expression: string) {
    super(expression);
    this.expression = expression;
  }
}

/** A query that failed: the template fails where it asked. */
class QueryFailure {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

type Answer = readonly TemplateSample[] | QueryFailure;

async function answerOf(query: TemplateQuery, expression: string): Promise<Answer> {
  try {
    return await query(expression);
  } catch (error) {
    return new QueryFailure(error instanceof Error ? error.message : String(error));
  }
}

function functionsFor(
  { externalUrl, timeMs }: TemplateData,
  answers: ReadonlyMap<string, Answer>,
): TemplateFunctions {
  const query = (expression: string): GoValue => {
    const answer = answers.get(expression);
    if (answer === undefined) throw new QueryNeeded(expression);
    if (answer instanceof QueryFailure) throw new Error(answer.reason);
    // New ones at each call, as in Go: they are pointers, which templates can compare.
    return new GoSlice(QUERY_RESULT, answer.map(sampleValue));
  };
  const bound = boundRuleFunctions({ query, externalUrl, timeMs });
  return { get: (name) => bound.get(name) ?? PURE_FUNCTIONS.get(name) };
}

function rootOf({ labels, externalLabels, externalUrl, ...sample }: TemplateData): GoStruct {
  return new GoStruct(
    ROOT,
    new Map<string, GoValue>([
      ['Labels', new GoMap(STRING_MAP, new Map(labels.entries()))],
      ['ExternalLabels', new GoMap(STRING_MAP, new Map(Object.entries(externalLabels)))],
      ['ExternalURL', externalUrl],
      ['Value', goValueOf(sample)],
    ]),
  );
}

function sampleValue({ labels, ...sample }: TemplateSample): GoStruct {
  return new GoStruct(
    SAMPLE,
    new Map<string, GoValue>([
      ['Labels', new GoMap(STRING_MAP, new Map(labels.entries()))],
      ['Value', goValueOf(sample)],
    ]),
  );
}

const HISTOGRAM: GoType = {
  ...pointerTo({ name: 'histogram.FloatHistogram', kind: 'struct', underlying: 'histogram.FloatHistogram' }),
  toText: (histogram) => (histogram instanceof GoOpaque ? histogram.text : ''),
};

function goValueOf({ value, histogram }: Pick<TemplateSample, 'value' | 'histogram'>): GoValue {
  return histogram === undefined ? value : new GoOpaque(HISTOGRAM, formatHistogram(histogram));
}

/** Places count from where the rule's own text begins. */
function withoutDeclarations(error: TemplateError): TemplateError {
  const { message, offset } = error;
  return new TemplateError(
    message,
    offset === undefined ? undefined : Math.max(0, offset - DECLARATIONS.length),
  );
}
