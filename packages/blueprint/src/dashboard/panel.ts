/**
 * What all panels have in common, and the union of the kinds.
 *
 * A panel is plain data with a `type`. Each kind has a file of its own with what its author writes (`…Spec`),
 * what it becomes (`…Panel`) and the function between the two. To add a kind: write its file, add it to {@link Panel},
 * and the compiler names the two places that must learn it, layout and rendering.
 */
import { type DefinitionPlace, definitionPlace } from '../definition-place.ts';
import { type BuiltQuery, type Expression, expressionText } from '../expression.ts';
import type { BarGaugePanel } from './bar-gauge.ts';
import type { Color } from './color.ts';
import { DefinitionError } from './definition-error.ts';
import {
  checkPattern,
  checkThresholds,
  type Mapping,
  mappingList,
  type Override,
  type Threshold,
  type ValueText,
} from './field.ts';
import type { GaugePanel } from './gauge.ts';
import type { HeatmapPanel } from './heatmap.ts';
import type { HistogramPanel } from './histogram.ts';
import type { JsonObject, WithRest } from './json.ts';
import type { UrlLink } from './link.ts';
import { legendOf, losesBuckets, type Meaning, readMeaning } from './meaning.ts';
import type { OtherPanel } from './other.ts';
import type { PiePanel } from './pie.ts';
import { checkStep, type Query, type QueryFormat } from './query.ts';
import type { StatPanel } from './stat.ts';
import type { StateTimelinePanel } from './state-timeline.ts';
import type { TablePanel } from './table.ts';
import type { TextPanel } from './text.ts';
import type { TimeseriesPanel } from './timeseries.ts';
import { checkUnit, type Unit } from './unit-id.ts';

/** Every kind of panel. */
export type Panel =
  | TimeseriesPanel
  | StatPanel
  | GaugePanel
  | BarGaugePanel
  | TablePanel
  | HeatmapPanel
  | HistogramPanel
  | PiePanel
  | StateTimelinePanel
  | TextPanel
  | OtherPanel;

/** One query as its author writes it. */
export interface QuerySpec {
  /** PromQL; `$__rate_interval`, `$__interval`, `$__range` and the dashboard's variables may occur in it. */
  readonly expr: Expression;
  /** The name of each series, with its labels in braces: `{{status}}`. Default: the labels that `by` keeps. */
  readonly legend?: string;
  /** Asks for one value at the end of the range instead of the whole range. The kind of panel decides if absent. */
  readonly instant?: boolean;
  /** Asked, and not shown. */
  readonly hidden?: boolean;
  /** The least step, such as `1m`. */
  readonly minStep?: string;
  /** Marks exemplars in the chart. */
  readonly exemplars?: boolean;
  /** What its answer is made into. The kind of panel decides if absent. */
  readonly format?: QueryFormat;
  /** Its letter, by which overrides and calculations name it. Default: the next free one. */
  readonly refId?: string;
}

/** What a panel asks: one expression, several by their legends, or queries with all that can be said of them. */
export type Asked = Expression | Readonly<Record<string, Expression>> | readonly QuerySpec[];

/** One query directly in the panel, or several. */
type Asks =
  | (QuerySpec & { readonly queries?: undefined })
  | {
      readonly queries: readonly QuerySpec[] | Readonly<Record<string, Expression>>;
      readonly expr?: undefined;
    };

/** How a panel or row is shown once for each of the chosen values of a variable. */
export interface Repeat {
  readonly variable: string;
  /** Beside each other, or below. Default `h`. */
  readonly direction?: 'h' | 'v';
  /** How many beside each other at most. */
  readonly maxPerRow?: number;
}

/** A place on the grid: 24 columns, lines of 30 px; `y` counts from the row's heading. */
export interface PanelPlace {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** What every panel may say, whatever it shows. */
export interface FrameSettings {
  /** What it means, what is good, what to do when it is not; shown on hover. Default: the help of its metric. */
  readonly description?: string;
  /** Leads on from the panel's heading. */
  readonly links?: readonly UrlLink[];
  /** Shown once for each chosen value of a variable. */
  readonly repeat?: string | Repeat;
  /** Without a background of its own. */
  readonly transparent?: boolean;
  /** In columns of 24 and rows of 30 px; the layout decides what is not given. */
  readonly width?: number;
  readonly height?: number;
  readonly rest?: JsonObject;
}

/** What every panel is. */
export interface PanelFrame extends Omit<FrameSettings, 'repeat'>, WithRest {
  readonly title: string;
  readonly repeat?: Repeat;
  /** In the order written; none where a panel asks nothing. */
  readonly queries: readonly Query[];
  /** Grafana's id. Default: made of the titles of row and panel. */
  readonly id?: number;
  /** Where it stands, if the layout is not to decide. */
  readonly place?: PanelPlace;
  /** Where its author wrote it; not rendered. */
  readonly definedAt?: DefinitionPlace;
}

/** What a panel with values may say beside its queries. */
export interface PanelSettings extends FrameSettings {
  /** Default: what the expression and its metrics say, `short` where they say nothing. */
  readonly unit?: Unit;
  /** The metrics of an expression that is given as text, or a module of them: they tell unit and description. */
  readonly of?: unknown;
  readonly min?: number;
  readonly max?: number;
  readonly decimals?: number;
  /** Ascending; the first without a value. */
  readonly thresholds?: readonly Threshold[];
  /** Takes thresholds for percents between min and max. */
  readonly thresholdsInPercent?: boolean;
  /** A fixed colour by series name: `{ success: 'green', failed: 'red' }`. */
  readonly colors?: Readonly<Record<string, Color>>;
  /** Texts in place of values: `{ 0: { text: 'down', color: 'red' } }`, or a list that has ranges too. */
  readonly mappings?: Readonly<Record<string, ValueText>> | readonly Mapping[];
  /** What differs for some of the series. */
  readonly overrides?: readonly Override[];
  /** Leads on from a value. */
  readonly valueLinks?: readonly UrlLink[];
  /** What stands there when there is no value. */
  readonly noValue?: string;
  /** Grafana's transformations, in their JSON. */
  readonly transformations?: readonly JsonObject[];
}

/** What the author of a panel with values writes as one object. */
export type PanelSpec = PanelSettings & { readonly title: string } & Asks;

/** What its author writes behind title and expression. */
export type MoreSettings = PanelSettings & Pick<QuerySpec, 'legend' | 'instant' | 'minStep' | 'exemplars'>;

/** What a panel's function is called with: one object, or title and expression before what is left to say. */
export type Given<Settings> = readonly [
  first: string | (PanelSpec & Settings),
  asked?: Asked,
  settings?: MoreSettings & Settings,
];

/** What every panel with values is. */
export interface PanelCommon
  extends PanelFrame,
    Omit<PanelSettings, keyof FrameSettings | 'of' | 'mappings'> {
  readonly unit: Unit;
  readonly mappings?: readonly Mapping[];
}

/** The width of Grafana's grid. */
export const GRID_COLUMNS = 24;

/** What was given, as one object. */
export function specOf<Settings>([first, asked = [], settings]: Given<Settings>): PanelSpec & Settings {
  if (typeof first !== 'string') return first;
  const asks: Asks = isExpression(asked) ? { expr: asked } : { queries: asked };
  return { ...(settings as MoreSettings & Settings), title: first, ...asks };
}

/**
 * Checks and completes what is common to all panels with values.
 * @param usual what queries are when they do not say it: `instant`, and a format if not that of series; `observed` takes
 *   the unit of what buckets have observed, and not that of their counts; `fromZero` has values that cannot be negative
 *   begin at 0
 * @throws DefinitionError when the settings contradict themselves or there is nothing to ask
 */
export function panelCommon(
  kind: string,
  spec: PanelSpec & { readonly legend?: string },
  usual: {
    readonly instant: boolean;
    readonly format?: QueryFormat;
    readonly observed?: boolean;
    readonly fromZero?: boolean;
  },
): PanelCommon {
  const where = `${kind} ${JSON.stringify(spec.title)}`;
  const frame = frameCommon(kind, spec);
  const asked = asksOf(spec);
  if (asked.length === 0) throw new DefinitionError(`${where}: no query`);
  checkQueries(where, asked);
  const { meaning, help } = readMeaning(
    asked.map(({ expr }) => expr),
    spec.of,
  );
  const unitOf = ({ unit, observed }: Meaning): Unit => (usual.observed ? observed : unit) ?? 'short';
  const unit = spec.unit ?? unitOf(meaning[0]!);
  const queries = asked.map((query, i): Query => {
    const { tree } = meaning[i]!;
    const own = unitOf(meaning[i]!);
    if (usual.format === 'heatmap' && tree !== undefined && losesBuckets(tree))
      throw new DefinitionError(
        `${where}: the expression drops the label le, and with it the buckets: keep it, as in sum by (le) (...)`,
      );
    const { format = usual.format } = query;
    return {
      ...queryOf(query),
      legend: query.legend ?? spec.legend ?? legendOf(tree, asked.length === 1 ? spec.title : ''),
      instant: query.instant ?? usual.instant,
      ...(format !== undefined && { format }),
      ...(spec.unit === undefined && own !== unit && { unit: own }),
    };
  });
  checkLook(where, spec);
  const fromZero =
    usual.fromZero && (spec.max ?? 1) > 0 && meaning.every(({ neverNegative }) => neverNegative);
  const min = spec.min ?? (fromZero ? 0 : undefined);
  const { max, decimals, thresholds, thresholdsInPercent, colors, mappings } = spec;
  const { overrides, valueLinks, noValue, transformations } = spec;
  const description = frame.description ?? help;
  return {
    ...frame,
    ...(description !== undefined && { description }),
    unit,
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(decimals !== undefined && { decimals }),
    ...(thresholds !== undefined && { thresholds }),
    ...(thresholdsInPercent !== undefined && { thresholdsInPercent }),
    ...(colors !== undefined && { colors }),
    ...(mappings !== undefined && { mappings: mappingList(where, mappings) }),
    ...(overrides !== undefined && { overrides }),
    ...(valueLinks !== undefined && { valueLinks }),
    ...(noValue !== undefined && { noValue }),
    ...(transformations !== undefined && { transformations }),
    queries,
  };
}

/**
 * Checks queries as their author wrote them.
 * @throws DefinitionError
 */
export function checkQueries(where: string, asked: readonly QuerySpec[]): void {
  const letters = new Set<string>();
  for (const { expr, minStep, refId } of asked) {
    if (expressionText(expr).trim() === '') throw new DefinitionError(`${where}: an empty expression`);
    if (minStep !== undefined) checkStep(where, minStep);
    if (refId === undefined) continue;
    if (letters.has(refId))
      throw new DefinitionError(`${where}: two queries have the letter ${JSON.stringify(refId)}`);
    letters.add(refId);
  }
}

/** A query with nothing left open, as far as it tells by itself. */
export function queryOf(spec: QuerySpec): Query {
  const { expr, legend = '', instant = false, hidden, minStep, exemplars, format, refId } = spec;
  return {
    expr: expressionText(expr),
    legend,
    instant,
    ...(format !== undefined && { format }),
    ...(hidden !== undefined && { hidden }),
    ...(minStep !== undefined && { minStep }),
    ...(exemplars !== undefined && { exemplars }),
    ...(refId !== undefined && { refId }),
  };
}

/**
 * Checks and completes what is common to all panels, those that ask nothing among them.
 * @throws DefinitionError
 */
export function frameCommon(
  kind: string,
  spec: FrameSettings & { readonly title: string },
): Omit<PanelFrame, 'queries'> {
  const { title, description, links, repeat, transparent, width, height, rest } = spec;
  if (title.trim() === '') throw new DefinitionError(`a ${kind} panel has no title`);
  const where = `${kind} ${JSON.stringify(title)}`;
  checkSize(where, 'width', width, GRID_COLUMNS);
  checkSize(where, 'height', height, Number.MAX_SAFE_INTEGER);
  const definedAt = definitionPlace();
  return {
    title,
    ...(description !== undefined && { description }),
    ...(links !== undefined && { links }),
    ...(repeat !== undefined && { repeat: typeof repeat === 'string' ? { variable: repeat } : repeat }),
    ...(transparent !== undefined && { transparent }),
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(rest !== undefined && { rest }),
    ...(definedAt !== undefined && { definedAt }),
  };
}

/** A panel's repetition with nothing left open. */
export function repeatOf({ variable, direction = 'h', maxPerRow }: Repeat): Repeat {
  return { variable, direction, ...(maxPerRow !== undefined && { maxPerRow }) };
}

function isExpression(asked: Asked): asked is Expression {
  return typeof asked === 'string' || isBuilt(asked);
}

/** A query of the builder is an object of a class; what authors write down is not. */
function isBuilt(asked: object): asked is BuiltQuery {
  return !Array.isArray(asked) && Object.getPrototypeOf(asked) !== Object.prototype;
}

function asksOf(spec: PanelSpec): readonly QuerySpec[] {
  if (spec.queries === undefined) return [spec];
  if (isList(spec.queries)) return spec.queries;
  return Object.entries(spec.queries).map(([legend, expr]) => ({ expr, legend }));
}

function isList(queries: object): queries is readonly QuerySpec[] {
  return Array.isArray(queries);
}

function checkLook(where: string, { min, max, unit, thresholds, overrides }: PanelSettings): void {
  checkRange(where, min, max);
  if (unit !== undefined) checkUnit(where, unit);
  checkThresholds(where, thresholds ?? []);
  for (const override of overrides ?? []) {
    checkRange(`${where}: an override`, override.min, override.max);
    if (override.unit !== undefined) checkUnit(`${where}: an override`, override.unit);
    if ('pattern' in override.match) checkPattern(`${where}: an override`, override.match.pattern);
  }
}

/**
 * Checks that an axis has two ends, where both are given.
 * @throws DefinitionError
 */
export function checkRange(where: string, min: number | undefined, max: number | undefined): void {
  if (min !== undefined && max !== undefined && !(min < max))
    throw new DefinitionError(`${where}: min ${min} is not below max ${max}`);
}

function checkSize(where: string, side: string, size: number | undefined, most: number): void {
  if (size !== undefined && !(Number.isInteger(size) && size >= 1 && size <= most))
    throw new DefinitionError(`${where}: ${side} ${size} is not a whole number from 1 to ${most}`);
}
