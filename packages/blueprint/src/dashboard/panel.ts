/**
 * What all panels have in common, and the union of the kinds.
 *
 * A panel is plain data with a `type`. Each kind has a file of its own with what its author writes (`…Spec`),
 * what it becomes (`…Panel`) and the function between the two. To add a kind (bargauge, table, heatmap,
 * histogram, piechart, state-timeline, text): write its file, add it to {@link Panel}, and the compiler names
 * the two places that must learn it, layout and rendering.
 */
import type { Color } from './color.ts';
import { DefinitionError } from './definition-error.ts';
import type { GaugePanel } from './gauge.ts';
import type { Query } from './query.ts';
import type { StatPanel } from './stat.ts';
import type { TimeseriesPanel } from './timeseries.ts';

/** Every kind of panel. */
export type Panel = TimeseriesPanel | StatPanel | GaugePanel;

/** How many values become one: Grafana's reducers. */
export type Calc =
  | 'lastNotNull'
  | 'last'
  | 'firstNotNull'
  | 'first'
  | 'mean'
  | 'min'
  | 'max'
  | 'sum'
  | 'count'
  | 'range'
  | 'diff';

/** From `value` on the colour holds; the first step has no value and holds below all others. */
export interface Threshold {
  readonly value?: number;
  readonly color: Color;
}

/** Shows a text in place of a value. */
export interface ValueText {
  readonly text: string;
  readonly color?: Color;
}

/** One query as its author writes it. */
export interface QuerySpec {
  /** PromQL; `$__rate_interval`, `$__interval`, `$__range` and the dashboard's variables may occur in it. */
  readonly expr: string;
  /** The name of each series, with its labels in braces: `{{status}}`. Without it: all its labels. */
  readonly legend?: string;
  /** Asks for one value at the end of the range instead of the whole range. The kind of panel decides if absent. */
  readonly instant?: boolean;
}

/** One query directly in the panel, or a list of them. */
type Asks =
  | {
      readonly expr: string;
      readonly legend?: string;
      readonly instant?: boolean;
      readonly queries?: undefined;
    }
  | { readonly queries: readonly QuerySpec[]; readonly expr?: undefined };

/** What every panel may say beside its queries. */
export interface PanelSettings {
  readonly title: string;
  /** What it means, what is good, what to do when it is not; shown on hover. */
  readonly description?: string;
  /** Grafana's unit id (`short`, `percentunit`, `s`, `bytes`, `reqps`, `suffix: jobs`); `short` when absent. */
  readonly unit?: string;
  readonly min?: number;
  readonly max?: number;
  readonly decimals?: number;
  /** Ascending; the first without a value. */
  readonly thresholds?: readonly Threshold[];
  /** A fixed colour by series name: `{ success: 'green', failed: 'red' }`. */
  readonly colors?: Readonly<Record<string, Color>>;
  /** Texts in place of values: `{ 0: { text: 'down', color: 'red' } }`. */
  readonly mappings?: Readonly<Record<string, ValueText>>;
  /** What stands there when there is no value. */
  readonly noValue?: string;
  /** In columns of 24 and rows of 30 px; the layout decides what is not given. */
  readonly width?: number;
  readonly height?: number;
}

/** What the author of any panel writes. */
export type PanelSpec = PanelSettings & Asks;

/** What every panel is. */
export interface PanelCommon extends Omit<PanelSettings, 'unit'> {
  readonly unit: string;
  /** At least one, in the order written. */
  readonly queries: readonly Query[];
}

const COLUMNS = 24;

/**
 * Checks and completes what is common to all panels.
 * @throws DefinitionError when the settings contradict themselves or there is nothing to ask
 */
export function panelCommon(kind: string, spec: PanelSpec, instant: boolean): PanelCommon {
  const where = `${kind} ${JSON.stringify(spec.title)}`;
  if (spec.title.trim() === '') throw new DefinitionError(`a ${kind} panel has no title`);
  const asked: readonly QuerySpec[] = spec.queries ?? [spec];
  if (asked.length === 0) throw new DefinitionError(`${where}: no query`);
  const queries = asked.map((query): Query => {
    if (query.expr.trim() === '') throw new DefinitionError(`${where}: an empty expression`);
    return { expr: query.expr, legend: query.legend ?? '', instant: query.instant ?? instant };
  });
  checkRange(where, spec);
  checkThresholds(where, spec.thresholds ?? []);
  checkSize(where, 'width', spec.width, COLUMNS);
  checkSize(where, 'height', spec.height, Number.MAX_SAFE_INTEGER);
  const { title, description, min, max, decimals, thresholds, colors, mappings, noValue, width, height } =
    spec;
  return {
    title,
    ...(description !== undefined && { description }),
    unit: spec.unit ?? 'short',
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(decimals !== undefined && { decimals }),
    ...(thresholds !== undefined && { thresholds }),
    ...(colors !== undefined && { colors }),
    ...(mappings !== undefined && { mappings }),
    ...(noValue !== undefined && { noValue }),
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    queries,
  };
}

function checkRange(where: string, { min, max }: PanelSettings): void {
  if (min !== undefined && max !== undefined && !(min < max))
    throw new DefinitionError(`${where}: min ${min} is not below max ${max}`);
}

function checkThresholds(where: string, steps: readonly Threshold[]): void {
  steps.forEach((step, i) => {
    if (i === 0) {
      if (step.value !== undefined)
        throw new DefinitionError(`${where}: the first threshold holds below all others and has no value`);
      return;
    }
    const before = steps[i - 1]!.value ?? Number.NEGATIVE_INFINITY;
    if (step.value === undefined || !(step.value > before))
      throw new DefinitionError(
        `${where}: threshold ${i + 1} (${step.value}) is not above the one before it`,
      );
  });
}

function checkSize(where: string, side: string, size: number | undefined, most: number): void {
  if (size !== undefined && !(Number.isInteger(size) && size >= 1 && size <= most))
    throw new DefinitionError(`${where}: ${side} ${size} is not a whole number from 1 to ${most}`);
}
