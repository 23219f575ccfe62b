/**
 * Variables: what the reader of a dashboard chooses at its top.
 *
 * Every dashboard has the variable `datasource`; it need not be declared. An expression names a variable as `$name`,
 * `${name}` or `${name:format}`.
 */
import { catalogOf } from '@binnacle/promql';
import {
  countOf,
  type MetricLike,
  type OwnLabels,
  type Sample,
  select,
  type TargetLabels,
  type Vector,
} from '@binnacle/promql/builder';
import { type BuiltQuery, type Expression, expressionText } from '../expression.ts';
import { DefinitionError } from './definition-error.ts';
import { checkPattern } from './field.ts';
import type { JsonObject, WithRest } from './json.ts';

/** In which order values are offered. `natural` has `job-2` before `job-10`. */
export type VariableSort =
  | 'none'
  | 'ascending'
  | 'descending'
  | 'numerical ascending'
  | 'numerical descending'
  | 'ascending without case'
  | 'descending without case'
  | 'natural ascending'
  | 'natural descending';

interface VariableCommon extends WithRest {
  readonly name: string;
  /** Default: the name. */
  readonly label: string;
  /** Shown on hover. */
  readonly description?: string;
  /** What is not shown at the top: the label, or all of it. */
  readonly hide?: 'label' | 'variable';
}

/** What all variables may say. */
export interface VariableSettings {
  readonly label?: string;
  readonly description?: string;
  readonly hide?: 'label' | 'variable';
}

/** What is chosen from a list. */
interface ChoiceCommon extends VariableCommon {
  /** Several at once; use with `=~`. */
  readonly multi: boolean;
  /** Offers all at once. */
  readonly all: boolean;
  /** What stands in the expression when all are chosen. Empty: the values one by one. */
  readonly allValue: string;
  /** What is chosen at first. Undefined: all where that is offered, else the first. */
  readonly default?: string | readonly string[];
}

interface ChoiceSettings extends VariableSettings {
  /** Several at once; use with `=~`. */
  readonly multi?: boolean;
  /** Offers all at once. Default: where several can be chosen. */
  readonly all?: boolean;
  /** What stands in the expression when all are chosen. */
  readonly allValue?: string;
  /** What is chosen at first. */
  readonly default?: string | readonly string[];
}

/** What the data source is asked for. */
interface AskedCommon extends ChoiceCommon {
  /** Which of the values are offered, and which part of them: Grafana's regular expression; empty for all. */
  readonly regex: string;
  readonly sort: VariableSort;
  /** When it asks: with each new time range, or once. Default `time`. */
  readonly refresh?: 'time' | 'load' | 'never';
}

interface AskedSettings extends ChoiceSettings {
  readonly regex?: string;
  /** Default `ascending`. */
  readonly sort?: VariableSort;
  readonly refresh?: 'time' | 'load' | 'never';
}

/** The values that a label has. */
export interface LabelVariable extends AskedCommon {
  readonly type: 'label';
  /** The selector whose series are asked, such as `up{job="web"}`; empty for all series. */
  readonly metric: string;
  /** The label whose values are offered. */
  readonly of: string;
}

/** What Grafana's function of the data source gives: `query_result(…)`, `metrics(…)`. */
export interface QueryVariable extends AskedCommon {
  readonly type: 'query';
  /** As Grafana writes it; empty where `rest` asks something else than Prometheus. */
  readonly query: string;
}

/** A fixed list. */
export interface CustomVariable extends ChoiceCommon {
  readonly type: 'custom';
  readonly values: readonly string[];
  /** What is shown for each of the values, where that is something else. */
  readonly texts?: readonly string[];
}

/** A list of durations. */
export interface IntervalVariable extends VariableCommon {
  readonly type: 'interval';
  /** `5m`, `1h`. */
  readonly values: readonly string[];
  /** Undefined: the first. */
  readonly default?: string;
  /** Also offers one made of the time range: in how many steps, and how long a step is at least. */
  readonly auto?: { readonly count: number; readonly min: string };
}

/** A text that the reader types. */
export interface TextboxVariable extends VariableCommon {
  readonly type: 'textbox';
  /** What stands there at first. */
  readonly default: string;
}

/** A value that has a name and cannot be chosen. */
export interface ConstantVariable extends VariableCommon {
  readonly type: 'constant';
  readonly value: string;
}

/** The data sources of a type. */
export interface DatasourceVariable extends VariableCommon {
  readonly type: 'datasource';
  /** The type of the data sources. */
  readonly plugin: string;
  /** Which of them are offered; empty for all. */
  readonly regex: string;
  /** The name of the one that is chosen at first. */
  readonly default?: string;
}

/** A variable of a kind that has no words here, as Grafana's JSON without its name and label. */
export interface OtherVariable extends VariableCommon {
  readonly type: 'other';
  /** Grafana's `type`. */
  readonly kind: string;
  readonly json: JsonObject;
}

/** Everything that a dashboard may let its reader choose. */
export type Variable =
  | LabelVariable
  | QueryVariable
  | CustomVariable
  | IntervalVariable
  | TextboxVariable
  | ConstantVariable
  | DatasourceVariable
  | OtherVariable;

/** The labels of what a variable asks: of a metric, or of a query of the builder; any of a text. */
type LabelOf<M> =
  M extends Vector<infer N extends string, infer _ extends Sample>
    ? N
    : M extends MetricLike
      ? keyof (OwnLabels<M> & TargetLabels) & string
      : string;

/** What a label variable asks: a selector as text, a metric, or a selector of the builder. */
type Asked = Expression | MetricLike;

/**
 * Offers the values of a label: `labelVariable('endpoint', { metric: requests })`. The label has the variable's name,
 * unless `of` names another. A metric or a query of the builder lets only labels stand there that its series have.
 * Variables follow each other where a selector names them: `{ metric: 'up{system=~"$system"}' }`.
 */
export function labelVariable<M extends Asked, const Of extends LabelOf<M> | undefined = undefined>(
  name: Of extends undefined ? LabelOf<M> : string,
  spec: AskedSettings & { readonly metric: M; readonly of?: Of },
): LabelVariable;
export function labelVariable(
  name: string,
  spec: AskedSettings & { readonly metric: Asked; readonly of?: string | undefined },
): LabelVariable {
  const { metric } = spec;
  const asked = typeof metric === 'object' && !isBuilt(metric) ? seriesOf(metric) : metric;
  return {
    type: 'label',
    ...askedCommon(name, spec, true),
    metric: expressionText(asked),
    of: spec.of ?? name,
  };
}

/** Offers what a query answers with: `queryVariable('slowest', 'topk(5, slow)', { regex: '/job="([^"]+)"/' })`. */
export function queryVariable(name: string, result: Expression, settings: AskedSettings = {}): QueryVariable {
  const text = expressionText(result);
  if (text.trim() === '') throw new DefinitionError(`variable ${JSON.stringify(name)}: an empty expression`);
  return { type: 'query', ...askedCommon(name, settings, false), query: `query_result(${text})` };
}

/** Offers a fixed list, also with other texts than values: `customVariable('quantile', { median: '0.5' })`. */
export function customVariable(
  name: string,
  values: readonly string[] | Readonly<Record<string, string>>,
  settings: string | ChoiceSettings = {},
): CustomVariable {
  const spec = typeof settings === 'string' ? { label: settings } : settings;
  const texts = isTexts(values) ? undefined : Object.keys(values);
  const list = isTexts(values) ? values : Object.values(values);
  const chosen = spec.default === undefined ? [] : [spec.default].flat();
  for (const value of chosen)
    if (!list.includes(value))
      throw new DefinitionError(
        `variable ${JSON.stringify(name)}: default ${JSON.stringify(value)} is none of ${list.join(', ')}`,
      );
  return {
    type: 'custom',
    ...choiceCommon(name, spec, false),
    values: list,
    ...(texts !== undefined && { texts }),
  };
}

/** Offers durations: `intervalVariable('window', ['5m', '1h'])`. */
export function intervalVariable(
  name: string,
  values: readonly string[],
  settings:
    | string
    | (VariableSettings & {
        readonly default?: string;
        /** Also offers one made of the time range. */
        readonly auto?: boolean | { readonly count?: number; readonly min?: string };
      }) = {},
): IntervalVariable {
  const spec = typeof settings === 'string' ? { label: settings } : settings;
  if (spec.default !== undefined && !values.includes(spec.default))
    throw new DefinitionError(
      `variable ${JSON.stringify(name)}: default ${JSON.stringify(spec.default)} is none of ${values.join(', ')}`,
    );
  const { count = 30, min = '10s' } = typeof spec.auto === 'object' ? spec.auto : {};
  return {
    type: 'interval',
    ...common(name, spec),
    values,
    ...(spec.default !== undefined && { default: spec.default }),
    ...(spec.auto !== undefined && spec.auto !== false && { auto: { count, min } }),
  };
}

/** Lets the reader type a text: `textboxVariable('search', { default: '.*' })`. */
export function textboxVariable(
  name: string,
  settings: VariableSettings & { readonly default?: string } = {},
): TextboxVariable {
  return { type: 'textbox', ...common(name, settings), default: settings.default ?? '' };
}

/** Gives a value a name; it is not shown. */
export function constantVariable(
  name: string,
  value: string,
  settings: VariableSettings = {},
): ConstantVariable {
  return { type: 'constant', ...common(name, { hide: 'variable', ...settings }), value };
}

/** Lets the reader choose a data source, where the usual variable `datasource` is not enough. */
export function datasourceVariable(
  name: string,
  settings: VariableSettings & {
    readonly plugin?: string;
    readonly regex?: string;
    readonly default?: string;
  } = {},
): DatasourceVariable {
  const { plugin = 'prometheus', regex = '' } = settings;
  checkPattern(`variable ${JSON.stringify(name)}`, regex);
  return {
    type: 'datasource',
    ...common(name, settings),
    plugin,
    regex,
    ...(settings.default !== undefined && { default: settings.default }),
  };
}

/** The series of a metric; those of a classic histogram or a summary are all there in its counts. */
function seriesOf(metric: MetricLike): BuiltQuery {
  const [family] = catalogOf([metric]);
  const inParts = family?.type === 'summary' || (family?.type === 'histogram' && family.form !== 'native');
  // What a metric is was looked at just now; the types of the two functions ask the compiler to know it.
  const selecting = (inParts ? countOf : select) as (metric: MetricLike) => BuiltQuery;
  return selecting(metric);
}

function isBuilt(value: object): value is BuiltQuery {
  return 'kind' in value;
}

function isTexts(values: object): values is readonly string[] {
  return Array.isArray(values);
}

function common(name: string, { label, description, hide }: VariableSettings): VariableCommon {
  return {
    name,
    label: label ?? name,
    ...(description !== undefined && { description }),
    ...(hide !== undefined && { hide }),
  };
}

function choiceCommon(name: string, spec: ChoiceSettings, several: boolean): ChoiceCommon {
  const multi = spec.multi ?? several;
  const all = spec.all ?? multi;
  if (Array.isArray(spec.default) && !multi)
    throw new DefinitionError(
      `variable ${JSON.stringify(name)}: several are chosen at first, and only one can be`,
    );
  return {
    ...common(name, spec),
    multi,
    all,
    allValue: spec.allValue ?? '',
    ...(spec.default !== undefined && { default: spec.default }),
  };
}

function askedCommon(name: string, spec: AskedSettings, several: boolean): AskedCommon {
  const { regex = '', sort = 'ascending', refresh, allValue } = spec;
  checkPattern(`variable ${JSON.stringify(name)}`, regex);
  const choice = choiceCommon(name, spec, several);
  return {
    ...choice,
    // A label that is absent is no choice that the reader has made.
    allValue: allValue ?? (choice.all ? '.+' : ''),
    regex,
    sort,
    ...(refresh !== undefined && { refresh }),
  };
}
