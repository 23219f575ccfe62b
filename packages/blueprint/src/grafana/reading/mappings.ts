/** Texts in place of values, in the form that they have since Grafana 8. */
import { isObject, type JsonObject, type JsonValue, numberOf, textOf } from './json.ts';

/**
 * Mappings of today for older ones, which were `{type: 1, value: "0", text: "down"}` for a value and
 * `{type: 2, from: "1", to: "9", text: "busy"}` for a range. Those of today stay as they are.
 */
export function mappingsOfToday(old: readonly JsonObject[]): JsonObject[] {
  const values: JsonObject = {};
  const out: JsonObject[] = [];
  old.forEach((mapping, index) => {
    if (isToday(mapping)) {
      out.push(mapping);
      return;
    }
    const result: JsonObject = { ...shownOf(mapping), index };
    const value = textOf(mapping.value) ?? numberOf(mapping.value)?.toString();
    if (mapping.type === 2 || (mapping.type === undefined && mapping.from !== undefined)) {
      const from = numberOf(mapping.from) ?? null;
      const to = numberOf(mapping.to) ?? null;
      out.push({ type: 'range', options: { from, to, result } });
    } else if (value === 'null') {
      out.push({ type: 'special', options: { match: 'null', result } });
    } else if (value !== undefined && value !== '') {
      if (Object.keys(values).length === 0) out.push({ type: 'value', options: values });
      if (!Object.hasOwn(values, value)) values[value] = result;
    }
  });
  return out;
}

/** Whether a mapping has the form of today. */
export function isToday(mapping: JsonValue): boolean {
  return isObject(mapping) && typeof mapping.type === 'string' && isObject(mapping.options);
}

function shownOf({ text, color }: JsonObject): JsonObject {
  return {
    ...(text !== undefined && { text }),
    ...(typeof color === 'string' && { color }),
  };
}
