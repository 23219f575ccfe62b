/** How the values of a panel look: unit, ends, thresholds, texts, colours, lines, and what differs by series. */
import { reduce } from '../format/reduce.ts';
import { type LinkModel, readLinks } from './data-links.ts';
import { isObject, type JsonObject, number, object, objects, oneOf, text, texts } from './json.ts';
import { type Mapping, readMappings } from './mappings.ts';

/** From `value` on the colour holds; the first step holds below all others. */
export interface Threshold {
  readonly value: number;
  readonly color: string;
}

/** How lines look. */
export interface LineStyle {
  readonly draw: 'line' | 'bars' | 'points';
  readonly interpolation: 'linear' | 'smooth' | 'stepBefore' | 'stepAfter';
  readonly width: number;
  /** 0 to 100. */
  readonly fill: number;
  readonly stacking: 'none' | 'normal' | 'percent';
  /** Lengths of lines and gaps, in pixels; empty for a solid line. */
  readonly dash: readonly number[];
  /** How many steps without a value a line may cross. */
  readonly spanNulls: boolean;
  readonly logarithmic: boolean;
  readonly thresholds: 'off' | 'line' | 'dashed' | 'area' | 'line+area' | 'dashed+area';
  /** Which side the values are written on; by themselves, another unit is written on the right. */
  readonly axis: 'auto' | 'left' | 'right' | 'hidden';
  readonly axisLabel: string;
  /** Drawn below zero: what goes out below what comes in. */
  readonly negative: boolean;
}

/** Where a series is left out. */
export interface Hidden {
  readonly chart: boolean;
  readonly legend: boolean;
  readonly tooltip: boolean;
}

/** What is said of the values of a panel, or of one series. */
export interface FieldConfig {
  readonly unit: string;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly decimals: number | undefined;
  readonly noValue: string | undefined;
  /** Another name for the series or column; may refer to labels and variables. */
  readonly displayName: string | undefined;
  /** A colour for everything, when one is fixed. */
  readonly fixedColor: string | undefined;
  readonly colorBy: 'threshold' | 'palette';
  readonly thresholds: readonly Threshold[];
  /** Whether thresholds are percent of min to max. */
  readonly thresholdsInPercent: boolean;
  readonly mappings: readonly Mapping[];
  readonly links: readonly LinkModel[];
  readonly line: LineStyle;
  readonly hidden: Hidden;
}

/** What a matcher of overrides knows of a series or of a column of a table. */
export interface FieldSubject {
  readonly name: string;
  readonly refId: string;
  /** Default: of numbers. */
  readonly type?: 'number' | 'string' | 'time';
  readonly column?: readonly (number | null)[];
}

/** What differs for the series that a matcher names: properties in place of those of the panel. */
export interface Override {
  matches(subject: FieldSubject): boolean;
  readonly properties: readonly { readonly id: string; readonly value: unknown }[];
}

/** Decimals beyond these say nothing, and formatting refuses many more. */
const DECIMALS_MOST = 15;
/** A line as wide as this covers the chart. */
const WIDTH_MOST_PX = 20;

/** Reads field defaults. Older dashboards keep the unit in the panel's options. */
export function readFieldConfig(defaults: JsonObject, options: JsonObject): FieldConfig {
  const color = object(defaults.color);
  const thresholds = object(defaults.thresholds);
  return {
    unit: text(defaults.unit) ?? text(options.unit) ?? 'short',
    min: number(defaults.min),
    max: number(defaults.max),
    decimals: readDecimals(defaults.decimals),
    noValue: text(defaults.noValue) || undefined,
    displayName: text(defaults.displayName) || undefined,
    fixedColor: color.mode === 'fixed' || color.mode === 'shades' ? text(color.fixedColor) : undefined,
    colorBy: (text(color.mode) ?? '').startsWith('palette') ? 'palette' : 'threshold',
    thresholds: readThresholds(thresholds.steps),
    thresholdsInPercent: thresholds.mode === 'percentage',
    mappings: readMappings(defaults.mappings),
    links: readLinks(defaults.links),
    line: readLineStyle(object(defaults.custom)),
    hidden: readHidden(object(defaults.custom).hideFrom),
  };
}

function readDecimals(value: unknown): number | undefined {
  const decimals = number(value);
  return decimals === undefined ? undefined : Math.round(clamp(decimals, 0, DECIMALS_MOST));
}

function readThresholds(steps: unknown): Threshold[] {
  return objects(steps).map((step) => ({
    value: number(step.value) ?? Number.NEGATIVE_INFINITY,
    color: text(step.color) ?? 'text',
  }));
}

function readHidden(json: unknown): Hidden {
  const { viz, legend, tooltip } = object(json);
  return { chart: viz === true, legend: legend === true, tooltip: tooltip === true };
}

function readLineStyle(custom: JsonObject): LineStyle {
  const style = object(custom.lineStyle);
  const dash = (Array.isArray(style.dash) ? style.dash : []).flatMap((length) => number(length) ?? []);
  const dots = style.fill === 'dot' ? [1, 5] : [10, 6];
  return {
    draw: oneOf(custom.drawStyle, ['line', 'bars', 'points']),
    interpolation: oneOf(custom.lineInterpolation, ['linear', 'smooth', 'stepBefore', 'stepAfter']),
    width: clamp(number(custom.lineWidth) ?? 1, 0, WIDTH_MOST_PX),
    fill: clamp(number(custom.fillOpacity) ?? 0, 0, 100),
    stacking: oneOf(object(custom.stacking).mode, ['none', 'normal', 'percent']),
    dash:
      style.fill !== 'dash' && style.fill !== 'dot'
        ? []
        : dash.length > 0 && dash.every((length) => length > 0)
          ? dash
          : dots,
    spanNulls: custom.spanNulls === true || (number(custom.spanNulls) ?? 0) > 0,
    logarithmic: object(custom.scaleDistribution).type === 'log',
    thresholds: oneOf(object(custom.thresholdsStyle).mode, [
      'off',
      'line',
      'dashed',
      'area',
      'line+area',
      'dashed+area',
    ]),
    axis: oneOf(custom.axisPlacement, ['auto', 'left', 'right', 'hidden']),
    axisLabel: text(custom.axisLabel) ?? '',
    negative: custom.transform === 'negative-Y',
  };
}

/** Reads overrides; those with a matcher that the page does not know are left out. */
export function readOverrides(list: unknown): Override[] {
  return objects(list).flatMap((json) => {
    const matches = readMatcher(object(json.matcher));
    if (matches === undefined) return [];
    const properties = objects(json.properties).flatMap(({ id, value }) =>
      typeof id === 'string' ? [{ id, value }] : [],
    );
    return [{ matches, properties }];
  });
}

function readMatcher({ id, options }: JsonObject): Override['matches'] | undefined {
  switch (id) {
    case 'byName':
      return ({ name }) => name === options;
    case 'byFrameRefID':
      return ({ refId }) => refId === options;
    case 'byType':
      return ({ type = 'number' }) => type === options;
    case 'byRegexp':
      return typeof options === 'string' ? regexMatcher(options) : undefined;
    case 'byNames': {
      const names = texts(object(options).names);
      const isExcluding = object(options).mode === 'exclude';
      return ({ name }) => names.includes(name) !== isExcluding;
    }
    case 'byValue':
      return valueMatcher(object(options));
    default:
      return undefined;
  }
}

/** `/pattern/` or the pattern alone; one that does not compile matches nothing. */
function regexMatcher(pattern: string): Override['matches'] {
  const parts = /^\/(.*)\/([a-z]*)$/s.exec(pattern);
  try {
    // Without g and y, which would remember where the last name matched.
    const regex = new RegExp(parts?.[1] ?? pattern, parts?.[2]?.replace(/[gy]/g, ''));
    return ({ name }) => regex.test(name);
  } catch {
    return () => false;
  }
}

/** Compares what a series is reduced to. */
function valueMatcher({ reducer, op, value }: JsonObject): Override['matches'] {
  const limit = number(value) ?? 0;
  return ({ column }) => {
    if (column === undefined) return false;
    const held = column.filter((one) => one !== null);
    if (reducer === 'allIsNull') return held.length === 0;
    if (reducer === 'allIsZero') return held.every((one) => one === 0);
    const reduced = reduce(column, text(reducer) ?? 'last');
    if (reduced === null) return false;
    switch (op) {
      case 'gt':
        return reduced > limit;
      case 'gte':
        return reduced >= limit;
      case 'lt':
        return reduced < limit;
      case 'lte':
        return reduced <= limit;
      case 'neq':
        return reduced !== limit;
      default:
        return reduced === limit;
    }
  };
}

/** What is said of one series: what the panel says, and the properties of the overrides that name it, in order. */
export function fieldOf(
  panel: { readonly field: FieldConfig; readonly overrides: readonly Override[] },
  subject: FieldSubject,
): FieldConfig {
  let { field } = panel;
  for (const override of panel.overrides)
    if (override.matches(subject))
      for (const { id, value } of override.properties) field = { ...field, ...changed(field, id, value) };
  return field;
}

/** Properties of lines, read as the panel's own are. */
const LINE: Readonly<Record<string, readonly (keyof LineStyle)[]>> = {
  drawStyle: ['draw'],
  lineInterpolation: ['interpolation'],
  lineWidth: ['width'],
  fillOpacity: ['fill'],
  stacking: ['stacking'],
  lineStyle: ['dash'],
  spanNulls: ['spanNulls'],
  scaleDistribution: ['logarithmic'],
  axisPlacement: ['axis'],
  axisLabel: ['axisLabel'],
  transform: ['negative'],
};

/** What a property changes; an unknown one changes nothing. */
function changed(field: FieldConfig, id: string, value: unknown): Partial<FieldConfig> {
  switch (id) {
    case 'color':
      return readColor(value);
    case 'unit':
    case 'displayName':
    case 'noValue':
      return typeof value === 'string' ? { [id]: value } : {};
    case 'min':
    case 'max':
      return { [id]: number(value) };
    case 'decimals':
      return { decimals: readDecimals(value) };
    case 'thresholds': {
      const { steps, mode } = object(value);
      return { thresholds: readThresholds(steps), thresholdsInPercent: mode === 'percentage' };
    }
    case 'mappings':
      return { mappings: readMappings(value) };
    case 'links':
      return { links: readLinks(value) };
    case 'custom.hidden':
      return value === true ? { hidden: { chart: true, legend: true, tooltip: true } } : {};
    case 'custom.hideFrom':
      return { hidden: readHidden(value) };
    default: {
      const [kind, name = ''] = id.split('.');
      const keys = kind === 'custom' && Object.hasOwn(LINE, name) ? LINE[name]! : [];
      if (keys.length === 0) return {};
      const read = readLineStyle({ [name]: value });
      return { line: { ...field.line, ...Object.fromEntries(keys.map((key) => [key, read[key]])) } };
    }
  }
}

function readColor(value: unknown): Partial<FieldConfig> {
  if (!isObject(value)) return {};
  const fixed = text(value.fixedColor);
  if (fixed !== undefined && (value.mode === 'fixed' || value.mode === undefined || value.mode === 'shades'))
    return { fixedColor: fixed };
  const colorBy = (text(value.mode) ?? '').startsWith('palette') ? 'palette' : 'threshold';
  return { fixedColor: undefined, colorBy };
}

/** The colour that holds at a value. Percentages count from `min` to `max`. */
export function thresholdColor(field: FieldConfig, value: number, min = 0, max = 100): string | undefined {
  const at = field.thresholdsInPercent ? shareOf(value, min, max) * 100 : value;
  let color = field.thresholds[0]?.color;
  for (const step of field.thresholds) if (at >= step.value) color = step.color;
  return color;
}

/** Where a value lies between two ends, from 0 to 1; of ends that are no range, all or nothing. */
export function shareOf(value: number, min: number, max: number): number {
  if (!(max > min)) return value >= max ? 1 : 0;
  // Halves first: the distance of huge ends may be more than a number holds.
  return clamp((value / 2 - min / 2) / (max / 2 - min / 2), 0, 1);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
