/**
 * Variables: what the reader of a dashboard chooses.
 *
 * A variable's values are fixed (custom, interval, constant, textbox) or asked for (`label_values`). The choice
 * stands in the address as `var-NAME`. The variable for the data source is left out: the page has one.
 */

import { number, object, objects, text, texts } from './json.ts';
import type { Chosen } from './macros.ts';

/** One variable. */
export interface VariableModel {
  readonly name: string;
  readonly label: string;
  /** Fixed values; empty when they are asked for. */
  readonly options: readonly string[];
  /** Asks for the values of a label, of the series that a selector names when there is one. */
  readonly query: { readonly label: string; readonly selector: string | undefined } | undefined;
  /** Offers all values together. */
  readonly all: boolean;
  /** What All stands for, when the dashboard says it. */
  readonly allValue: string | undefined;
  /** The choice that the dashboard was saved with. */
  readonly saved: readonly string[];
  readonly hidden: boolean;
}

/** Stands for all values, in addresses and in Grafana's JSON. */
export const ALL = '$__all';

/** Reads the list of variables; data sources and kinds that ask nothing are left out. */
export function readVariables(list: unknown): VariableModel[] {
  return objects(list).flatMap((json) => {
    const name = text(json.name);
    const type = text(json.type);
    if (name === undefined || type === undefined || ['datasource', 'adhoc', 'groupby'].includes(type))
      return [];
    const current = object(json.current).value;
    const options = type === 'query' ? [] : fixedOptions(json.options, text(json.query) ?? '');
    return {
      name,
      label: text(json.label) || name,
      options: options.filter((value) => value !== ALL && !value.startsWith('$__auto')),
      query: type === 'query' ? readLabelValues(json.query, json.definition) : undefined,
      all: json.includeAll === true,
      allValue: text(json.allValue) || undefined,
      saved: typeof current === 'string' && current !== '' ? [current] : texts(current),
      hidden: number(json.hide) === 2 || type === 'constant',
    };
  });
}

function fixedOptions(options: unknown, query: string): string[] {
  const listed = objects(options).flatMap((option) => text(option.value) ?? []);
  return listed.length > 0 ? listed : query.split(',').map((value) => value.trim());
}

function readLabelValues(query: unknown, definition: unknown): VariableModel['query'] {
  const source = text(query) ?? text(object(query).query) ?? text(definition) ?? '';
  const match = /^\s*label_values\(\s*(?:(.+),)?\s*([\w:]+)\s*\)\s*$/s.exec(source);
  return match === null ? undefined : { selector: match[1]?.trim(), label: match[2]! };
}

/** The choice for a variable: what the address says, else what was saved, else all, else the first value. */
export function choose(
  variable: VariableModel,
  address: string | undefined,
  values: readonly string[],
): Chosen {
  const wanted = address === undefined ? variable.saved : [address];
  const picked = wanted.filter((value) => value !== ALL);
  if (picked.length > 0) return { values: picked };
  if (variable.all || wanted.includes(ALL)) {
    if (variable.allValue !== undefined) return { values: [], pattern: variable.allValue };
    return values.length > 0 ? { values } : { values: [], pattern: '.*' };
  }
  return { values: values.slice(0, 1) };
}
