/** Value mappings: a text, and perhaps a colour, in place of a value. */
import { isObject, type JsonObject, number, object, objects, text } from './json.ts';

/** A text in place of a value. */
export interface Mapped {
  /** Undefined leaves the value as it is written. */
  readonly text: string | undefined;
  readonly color: string | undefined;
}

/** Says what stands in place of a value; undefined when it says nothing of it. `null` is a value that is missing. */
export type Mapping = (value: number | string | null) => Mapped | undefined;

/** The first mapping that says something of a value. */
export function mapped(mappings: readonly Mapping[], value: number | string | null): Mapped | undefined {
  for (const mapping of mappings) {
    const found = mapping(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Reads mappings; kinds that nobody knows are left out. Those of before Grafana 8 are read too. */
export function readMappings(list: unknown): Mapping[] {
  return objects(list).flatMap((json): Mapping[] => {
    const options = object(json.options);
    switch (json.type) {
      case 'value':
        return [valueMapping(options)];
      case 'range':
        return [rangeMapping(options.from, options.to, resultOf(options.result))];
      case 'special':
        return [specialMapping(text(options.match) ?? '', resultOf(options.result))];
      case 'regex':
        return regexMapping(text(options.pattern) ?? '', resultOf(options.result));
      case 1:
        return [valueMapping({ [text(json.value) ?? String(json.value)]: { text: json.text } })];
      case 2:
        return [rangeMapping(json.from, json.to, { text: text(json.text), color: undefined })];
      default:
        return [];
    }
  });
}

function resultOf(json: unknown): Mapped {
  return isObject(json)
    ? { text: text(json.text), color: text(json.color) }
    : { text: undefined, color: undefined };
}

function valueMapping(options: JsonObject): Mapping {
  const results = new Map(Object.entries(options).map(([value, result]) => [value, resultOf(result)]));
  return (value) => results.get(String(value));
}

function rangeMapping(from: unknown, to: unknown, result: Mapped): Mapping {
  const least = number(from) ?? Number.NEGATIVE_INFINITY;
  const most = number(to) ?? Number.POSITIVE_INFINITY;
  return (value) => {
    const read = typeof value === 'string' ? number(value) : value;
    return read != null && least <= read && read <= most ? result : undefined;
  };
}

function specialMapping(match: string, result: Mapped): Mapping {
  const isMatched = (value: number | string | null): boolean => {
    switch (match) {
      case 'null':
        return value === null;
      case 'nan':
        return Number.isNaN(value);
      case 'null+nan':
        return value === null || Number.isNaN(value);
      case 'empty':
        return value === '';
      case 'true':
      case 'false':
        return value === match;
      default:
        return false;
    }
  };
  return (value) => (isMatched(value) ? result : undefined);
}

/** The groups of the pattern may be written into the text, as `$1`; one that does not compile says nothing. */
function regexMapping(pattern: string, result: Mapped): Mapping[] {
  const parts = /^\/(.*)\/([a-z]*)$/s.exec(pattern);
  try {
    const regex = new RegExp(parts?.[1] ?? pattern, parts?.[2]?.replace(/[gy]/g, ''));
    return [
      (value) => {
        if (value === null || !regex.test(String(value))) return undefined;
        return { ...result, text: result.text && String(value).replace(regex, result.text) };
      },
    ];
  } catch {
    return [];
  }
}
