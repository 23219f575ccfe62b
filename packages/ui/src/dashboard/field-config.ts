/** How the values of a panel look: unit, ends, thresholds, texts, colours, lines, and what differs by series. */
import { isObject, type JsonObject, number, object, objects, oneOf, text } from './json.ts';

/** From `value` on the colour holds; the first step holds below all others. */
export interface Threshold {
  readonly value: number;
  readonly color: string;
}

/** A text in place of a value. */
export interface Mapping {
  matches(value: number): boolean;
  readonly text: string;
  readonly color: string | undefined;
}

/** How lines look. */
export interface LineStyle {
  readonly draw: 'line' | 'bars' | 'points';
  readonly interpolation: 'linear' | 'smooth' | 'stepBefore' | 'stepAfter';
  readonly width: number;
  /** 0 to 100. */
  readonly fill: number;
  readonly stacking: 'none' | 'normal' | 'percent';
  /** How many steps without a value a line may cross. */
  readonly spanNulls: boolean;
  readonly logarithmic: boolean;
  readonly thresholds: 'off' | 'line' | 'dashed' | 'area' | 'line+area' | 'dashed+area';
}

/** What is said of all values of a panel. */
export interface FieldConfig {
  readonly unit: string;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly decimals: number | undefined;
  readonly noValue: string | undefined;
  /** A colour for everything, when one is fixed. */
  readonly fixedColor: string | undefined;
  readonly colorByThreshold: boolean;
  readonly thresholds: readonly Threshold[];
  /** Whether thresholds are percent of min to max. */
  readonly thresholdsInPercent: boolean;
  readonly mappings: readonly Mapping[];
  readonly line: LineStyle;
}

/** What differs for the series that a matcher names. */
export interface Override {
  matches(series: { readonly name: string; readonly refId: string }): boolean;
  readonly color?: string;
  readonly unit?: string;
  readonly decimals?: number;
  /** Another name for the series or column. */
  readonly displayName?: string;
  readonly hidden?: boolean;
}

/** Reads field defaults. Older dashboards keep the unit in the panel's options. */
export function readFieldConfig(defaults: JsonObject, options: JsonObject): FieldConfig {
  const color = object(defaults.color);
  const thresholds = object(defaults.thresholds);
  return {
    unit: text(defaults.unit) ?? text(options.unit) ?? 'short',
    min: number(defaults.min),
    max: number(defaults.max),
    decimals: number(defaults.decimals),
    noValue: text(defaults.noValue),
    fixedColor: color.mode === 'fixed' ? text(color.fixedColor) : undefined,
    colorByThreshold: color.mode === undefined || color.mode === 'thresholds',
    thresholds: readThresholds(thresholds.steps),
    thresholdsInPercent: thresholds.mode === 'percentage',
    mappings: objects(defaults.mappings).flatMap(readMapping),
    line: readLineStyle(object(defaults.custom)),
  };
}

function readThresholds(steps: unknown): Threshold[] {
  return objects(steps).map((step) => ({
    value: number(step.value) ?? Number.NEGATIVE_INFINITY,
    color: text(step.color) ?? 'text',
  }));
}

function readMapping(json: JsonObject): Mapping[] {
  const options = object(json.options);
  if (json.type === 'value') {
    return Object.entries(options).map(([value, result]) => ({
      matches: (candidate) => String(candidate) === value,
      text: text(object(result).text) ?? value,
      color: text(object(result).color),
    }));
  }
  const result = object(options.result);
  const shown = { text: text(result.text) ?? '', color: text(result.color) };
  if (json.type === 'range') {
    const from = number(options.from) ?? Number.NEGATIVE_INFINITY;
    const to = number(options.to) ?? Number.POSITIVE_INFINITY;
    return [{ matches: (value) => from <= value && value <= to, ...shown }];
  }
  if (json.type === 'special' && /nan/.test(text(options.match) ?? ''))
    return [{ matches: Number.isNaN, ...shown }];
  return [];
}

function readLineStyle(custom: JsonObject): LineStyle {
  return {
    draw: oneOf(custom.drawStyle, ['line', 'bars', 'points']),
    interpolation: oneOf(custom.lineInterpolation, ['linear', 'smooth', 'stepBefore', 'stepAfter']),
    width: number(custom.lineWidth) ?? 1,
    fill: number(custom.fillOpacity) ?? 0,
    stacking: oneOf(object(custom.stacking).mode, ['none', 'normal', 'percent']),
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
  };
}

/** Reads overrides; properties that the page does not know are left out. */
export function readOverrides(list: unknown): Override[] {
  return objects(list).flatMap((json) => {
    const matches = readMatcher(object(json.matcher));
    if (matches === undefined) return [];
    let override: Override = { matches };
    for (const property of objects(json.properties)) {
      const { id, value } = property;
      if (id === 'color' && isObject(value) && typeof value.fixedColor === 'string')
        override = { ...override, color: value.fixedColor };
      else if (id === 'unit' && typeof value === 'string') override = { ...override, unit: value };
      else if (id === 'decimals' && number(value) !== undefined)
        override = { ...override, decimals: number(value)! };
      else if (id === 'displayName' && typeof value === 'string')
        override = { ...override, displayName: value };
      else if (id === 'custom.hidden' && value === true) override = { ...override, hidden: true };
      else if (id === 'custom.hideFrom' && isObject(value) && value.viz === true)
        override = { ...override, hidden: true };
    }
    return [override];
  });
}

function readMatcher({ id, options }: JsonObject): Override['matches'] | undefined {
  if (typeof options !== 'string') return undefined;
  switch (id) {
    case 'byName':
      return ({ name }) => name === options;
    case 'byFrameRefID':
      return ({ refId }) => refId === options;
    case 'byRegexp':
      return regexMatcher(options);
    default:
      return undefined;
  }
}

/** `/pattern/` or the pattern alone; one that does not compile matches nothing. */
function regexMatcher(pattern: string): Override['matches'] {
  const source = /^\/(.*)\/[a-z]*$/s.exec(pattern)?.[1] ?? pattern;
  try {
    const regex = new RegExp(source);
    return ({ name }) => regex.test(name);
  } catch {
    return () => false;
  }
}

/** The colour that holds at a value. Percentages count from `min` to `max`. */
export function thresholdColor(field: FieldConfig, value: number, min = 0, max = 100): string | undefined {
  const at = field.thresholdsInPercent ? ((value - min) / (max - min)) * 100 : value;
  let color = field.thresholds[0]?.color;
  for (const step of field.thresholds) if (at >= step.value) color = step.color;
  return color;
}
