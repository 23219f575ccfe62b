/**
 * What a dashboard carries along in `rest`, laid over what is rendered, and the order of keys.
 *
 * Keys are written in alphabetical order, as Grafana does it when it exports: the same dashboard gives the same bytes,
 * whichever part of it is known here and whichever is carried along, and a dashboard that comes back from Grafana can
 * be compared with what was written.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../dashboard/json.ts';

/** What is rendered, with `rest` over it: objects are merged, all else takes the place of what stands there. */
export function withRest<T extends object>(rendered: T, rest: JsonObject | undefined): T {
  // What comes out has at least the fields of T; of other kinds they are when `rest` says so.
  return rest === undefined ? rendered : (merged(rendered as unknown as JsonObject, rest) as unknown as T);
}

function merged(below: JsonObject, above: JsonObject): JsonObject {
  const result: Record<string, JsonValue> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const under = Object.hasOwn(result, key) ? result[key] : undefined;
    const both = isJsonObject(under) && isJsonObject(value);
    // A key such as __proto__ is a key like any other.
    Object.defineProperty(result, key, {
      value: both ? merged(under, value) : value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return result;
}

/** The same JSON with its keys in order. */
export function inOrder<T>(json: T): T {
  return ordered(json) as T;
}

function ordered(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(ordered);
  if (!isJsonObject(json)) return json;
  const keys = Object.keys(json).filter((key) => json[key] !== undefined);
  return Object.fromEntries(keys.sort().map((key) => [key, ordered(json[key])]));
}
