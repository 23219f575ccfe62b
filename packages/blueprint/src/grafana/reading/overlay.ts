/**
 * What must be laid over a rendering to have all of some JSON.
 *
 * The model has words for the usual, not for everything that Grafana knows. What it has no words for is found by
 * rendering what was understood and comparing: what is missing there, or different, goes into `rest`, which the
 * renderer lays over it. So nothing is lost, whatever was understood, and to understand more makes `rest` smaller.
 */
import type { JsonObject as Rest } from '../../dashboard/json.ts';
import { isObject, type JsonObject, type JsonValue, setOwn } from './json.ts';

/** The part of `wanted` that `rendered` does not have; undefined when it has all of it. */
export function overlayOf(rendered: unknown, wanted: JsonObject): Rest | undefined {
  const below = isObject(rendered) ? rendered : {};
  const out: JsonObject = {};
  for (const [key, value] of Object.entries(wanted)) {
    const under = Object.hasOwn(below, key) ? below[key] : undefined;
    if (under !== undefined && covers(under, value)) continue;
    const part = isObject(under) && isObject(value) ? overlayOf(under, value) : value;
    if (part !== undefined) setOwn(out, key, part as JsonValue);
  }
  return Object.keys(out).length === 0 ? undefined : out;
}

/** Adds `rest` to what was understood, where there is any. */
export function withOverlay<Part extends object>(part: Part, rest: Rest | undefined): Part {
  return rest === undefined ? part : { ...part, rest };
}

/** Whether everything in `wanted` stands in `rendered` too, which may say more. */
export function covers(rendered: unknown, wanted: unknown): boolean {
  if (rendered === wanted) return true;
  if (Array.isArray(rendered))
    return (
      Array.isArray(wanted) &&
      rendered.length === wanted.length &&
      wanted.every((item, i) => covers(rendered[i], item))
    );
  return (
    isObject(rendered) &&
    isObject(wanted) &&
    Object.entries(wanted).every(([key, item]) => Object.hasOwn(rendered, key) && covers(rendered[key], item))
  );
}

/** All of `above`, and of `below` what `above` does not say: objects are merged. */
export function filledFrom(above: JsonObject, below: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const [key, value] of [...Object.entries(below), ...Object.entries(above)]) {
    const other = Object.hasOwn(below, key) ? below[key] : undefined;
    setOwn(
      out,
      key,
      isObject(value) && isObject(other) && value !== other ? filledFrom(value, other) : value,
    );
  }
  return out;
}
