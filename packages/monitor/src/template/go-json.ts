/** Values as Go's `encoding/json` writes them: map keys in order, `<`, `>` and `&` as escapes, times in RFC 3339. */

import { formatFloat } from './go-number.ts';
import { GoTime, jsonTime } from './go-time.ts';
import { GoMap, GoScalar, GoSlice, GoStruct, type GoValue } from './go-value.ts';

/** A value as JSON. @throws Error in Go's words for a number that JSON does not have */
export function toJson(value: GoValue): string {
  switch (typeof value) {
    case 'string':
      return quoteJson(value);
    case 'number':
      if (!Number.isFinite(value)) throw new Error(`json: unsupported value: ${formatFloat(value, 'g', -1)}`);
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      return value === null ? 'null' : objectJson(value);
  }
}

function objectJson(value: Exclude<GoValue, string | number | bigint | boolean | null>): string {
  if (value instanceof GoTime) return quoteJson(jsonTime(value));
  if (value instanceof GoScalar) return toJson(value.value);
  if (value instanceof GoSlice) return `[${value.items.map(toJson).join(',')}]`;
  if (value instanceof GoMap) {
    const pairs = value.sortedKeys().map((key) => `${quoteJson(key)}:${toJson(value.entries.get(key)!)}`);
    return `{${pairs.join(',')}}`;
  }
  if (value instanceof GoStruct) {
    const names = (value.type.pointee ?? value.type).jsonNames ?? {};
    const fields = [...value.fields].map(
      ([name, field]) => `${quoteJson(names[name] ?? name)}:${toJson(field)}`,
    );
    return `{${fields.join(',')}}`;
  }
  throw new Error(`json: unsupported type: ${value.type.name}`);
}

function quoteJson(text: string): string {
  const wellFormed = text.replace(/\p{Surrogate}/gu, '\uFFFD');
  return JSON.stringify(wellFormed).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
