/**
 * Variables: what the reader of a dashboard chooses.
 *
 * A variable's values are fixed (custom, interval, constant, textbox) or asked for. The choice stands in the address
 * as `var-NAME`, once for each value. The variable for the data source is left out: the page has one.
 */
import { formatDuration, parseDuration } from '../format/duration.ts';
import { niceLength } from '../time/range.ts';
import { ALL, type Chosen } from './choices.ts';
import { type JsonObject, number, object, objects, text, texts } from './json.ts';

/** A value and how it is shown. */
export interface VariableOption {
  readonly value: string;
  readonly text: string;
}

/** What is asked for the values of a variable; its texts may refer to other variables. */
export type VariableQuery =
  /** The values of a label, of the series that a selector names when there is one. */
  | { readonly kind: 'label_values'; readonly label: string; readonly selector: string | undefined }
  | { readonly kind: 'label_names'; readonly selector: string | undefined }
  /** The names of metrics that match a regular expression. */
  | { readonly kind: 'metrics'; readonly pattern: string }
  /** The series of an answer, written with their values. */
  | { readonly kind: 'query_result'; readonly expr: string }
  /** The series that a selector names. */
  | { readonly kind: 'series'; readonly selector: string };

/** One variable. */
export interface VariableModel {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly kind: 'list' | 'textbox' | 'constant';
  /** Fixed values; empty when they are asked for. */
  readonly options: readonly VariableOption[];
  readonly query: VariableQuery | undefined;
  /** Which values are taken, and which part of them; empty for all. */
  readonly regex: string;
  /** Grafana's number of an order; 0 leaves the server's. */
  readonly sort: number;
  /** Whether the values are asked for again when the time range changes. */
  readonly followsTime: boolean;
  /** An interval made of the time range is offered too. */
  readonly auto: { readonly count: number; readonly leastMs: number } | undefined;
  readonly multi: boolean;
  /** Offers all values together. */
  readonly all: boolean;
  /** What All stands for, when the dashboard says it. */
  readonly allValue: string | undefined;
  /** The choice that the dashboard was saved with. */
  readonly saved: readonly string[];
  readonly hidden: boolean;
  readonly labelHidden: boolean;
}

/** Kinds of which there is nothing to choose here. */
const LEFT_OUT = ['datasource', 'adhoc', 'groupby', 'snapshot', 'system'];
/** Stands for the interval that is made of the time range. */
export const AUTO = 'auto';

/** Reads the list of variables; data sources and kinds that ask nothing are left out. */
export function readVariables(list: unknown): VariableModel[] {
  return objects(list).flatMap((json) => {
    const name = text(json.name);
    const type = text(json.type);
    if (name === undefined || !/^\w+$/.test(name) || type === undefined || LEFT_OUT.includes(type)) return [];
    const current = object(json.current).value;
    const saved = typeof current === 'string' && current !== '' ? [current] : texts(current);
    const query = type === 'query' ? readQuery(json.query, json.definition) : undefined;
    const auto = type === 'interval' && json.auto === true;
    return {
      name,
      label: text(json.label) || name,
      description: text(json.description) ?? '',
      kind: type === 'textbox' ? 'textbox' : type === 'constant' ? 'constant' : 'list',
      options: query === undefined ? fixedOptions(type, json) : [],
      query,
      regex: type === 'query' ? (text(json.regex) ?? '') : '',
      sort: type === 'query' ? (number(json.sort) ?? 0) : 0,
      followsTime: number(json.refresh) === 2,
      auto: auto
        ? {
            count: Math.max(1, number(json.auto_count) ?? 30),
            leastMs: parseDuration(text(json.auto_min) ?? '') ?? 10_000,
          }
        : undefined,
      multi: json.multi === true,
      all: json.includeAll === true,
      allValue: text(json.allValue) || undefined,
      saved: saved.map((value) => (value.startsWith('$__auto') ? AUTO : value)),
      hidden: number(json.hide) === 2 || json.hide === 'hideVariable' || type === 'constant',
      labelHidden: number(json.hide) === 1 || json.hide === 'hideLabel',
    };
  });
}

function fixedOptions(type: string, json: JsonObject): VariableOption[] {
  const query = text(json.query) ?? '';
  const plain = (value: string): VariableOption => ({ value, text: value });
  if (type === 'textbox') return [];
  if (type === 'constant') return [plain(query)];
  if (type === 'switch')
    return [text(json.enabledValue) ?? 'true', text(json.disabledValue) ?? 'false'].map(plain);
  const listed = objects(json.options).flatMap((option) => {
    const value = text(option.value);
    return value === undefined ? [] : [{ value, text: text(option.text) ?? value }];
  });
  const given = listed.length > 0 ? listed : splitQuery(query);
  const kept = given.filter(({ value }) => value !== ALL && !value.startsWith('$__auto'));
  return json.auto === true ? [plain(AUTO), ...kept] : kept;
}

/** `a,b`, with shown words `Words : value`; a comma after a backslash is one of the value. */
function splitQuery(query: string): VariableOption[] {
  return (query.match(/(?:\\,|[^,])+/g) ?? []).map((part) => {
    const whole = part.replaceAll('\\,', ',').trim();
    const pair = /^(.+?)\s:\s(.+)$/s.exec(whole);
    return pair === null ? { value: whole, text: whole } : { value: pair[2]!.trim(), text: pair[1]!.trim() };
  });
}

function readQuery(query: unknown, definition: unknown): VariableQuery | undefined {
  const source = (text(query) ?? text(object(query).query) ?? text(definition) ?? '').trim();
  const call = /^(\w+)\((.*)\)$/s.exec(source);
  const inside = call?.[2]?.trim() ?? '';
  switch (call?.[1]) {
    case 'label_values': {
      const match = /^(?:(.+),)?\s*([^\s,(){}]+)$/s.exec(inside);
      return match === null
        ? undefined
        : { kind: 'label_values', selector: match[1]?.trim(), label: match[2]! };
    }
    case 'label_names':
      return { kind: 'label_names', selector: inside || undefined };
    case 'metrics':
      return { kind: 'metrics', pattern: inside };
    case 'query_result':
      return inside === '' ? undefined : { kind: 'query_result', expr: inside };
    default:
      return source === '' ? undefined : { kind: 'series', selector: source };
  }
}

/** The texts of a query, in which other variables may be referred to. */
export function queryTexts(query: VariableQuery): string[] {
  return Object.values(query).filter((part): part is string => typeof part === 'string');
}

/** Choices beyond these are not held; nobody reads a pattern of so many. */
const VALUES_MOST = 1000;

/**
 * The choice for a variable: what the address says, else what was saved, else all, else the first value. Where the
 * values are known, a saved choice that is not among them does not hold, nor one of the address where `strict`.
 */
export function choose(
  variable: VariableModel,
  address: readonly string[] | undefined,
  options: readonly VariableOption[],
  { strict = false, rangeMs = 0 } = {},
): Chosen {
  const { kind, saved, multi, all } = variable;
  if (kind === 'constant') return { values: options.map(({ value }) => value).slice(0, 1) };
  if (kind === 'textbox') return { values: [(address ?? saved)[0] ?? ''] };
  const isKnown = (value: string): boolean =>
    value === ALL || options.length === 0 || options.some((option) => option.value === value);
  const given = strict ? address?.filter(isKnown) : address?.filter((value) => value !== '');
  const wanted = given !== undefined && given.length > 0 ? given : saved.filter(isKnown);
  const several = multi || all;
  const picked = wanted.filter((value) => value !== ALL).slice(0, multi ? VALUES_MOST : 1);
  if (picked.length > 0 && !wanted.includes(ALL))
    return chosenOf(picked, variable, options, several, rangeMs);
  if (all || wanted.includes(ALL)) {
    const { allValue } = variable;
    const values = options.slice(0, VALUES_MOST).map(({ value }) => value);
    const held = { ...chosenOf(values, variable, options, several, rangeMs), all: true };
    if (allValue !== undefined) return { ...held, pattern: allValue };
    return values.length > 0 ? held : { ...held, pattern: '.*' };
  }
  return chosenOf(
    options.slice(0, 1).map(({ value }) => value),
    variable,
    options,
    several,
    rangeMs,
  );
}

function chosenOf(
  values: readonly string[],
  { auto }: VariableModel,
  options: readonly VariableOption[],
  several: boolean,
  rangeMs: number,
): Chosen {
  if (auto !== undefined && values[0] === AUTO)
    return {
      values: [formatDuration(Math.max(auto.leastMs, niceLength(rangeMs / auto.count)))],
      texts: [AUTO],
    };
  const shown = values.map((value) => options.find((option) => option.value === value)?.text ?? value);
  const isOther = shown.some((one, i) => one !== values[i]);
  return { values, ...(several && { several }), ...(isOther && { texts: shown }) };
}
