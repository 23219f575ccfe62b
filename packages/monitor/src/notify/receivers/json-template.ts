/**
 * JSON values whose texts are templates: the payload of a webhook, the details of a PagerDuty event.
 *
 * As in Alertmanager, a text that was expanded is read as YAML once more, so that `{{ len .Alerts }}` becomes a
 * number and a template that writes a list becomes a list, whose texts are expanded in turn.
 */
import { parse } from 'yaml';
import type { JsonValue } from '../../config/yaml-reader.ts';
import { AttemptFailure } from './attempt.ts';

/** How often what a template wrote may be a template again. */
const NESTING_MAX = 32;

/** A value with its texts, and the names in it, expanded. */
export function expandJson(value: JsonValue, expand: (template: string) => string, depth = 0): JsonValue {
  if (depth > NESTING_MAX) throw new AttemptFailure('a template writes itself again without end', false);
  if (typeof value === 'string') return expandText(expand(value), expand, depth);
  if (Array.isArray(value)) return value.map((item: JsonValue) => expandJson(item, expand, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [expand(name), expandJson(item, expand, depth + 1)]),
  );
}

function expandText(text: string, expand: (template: string) => string, depth: number): JsonValue {
  let read: unknown;
  try {
    read = parse(text, { schema: 'yaml-1.1', version: '1.1', mapAsMap: true, logLevel: 'error' });
  } catch {
    return text;
  }
  const value = jsonOf(read);
  // A date stays as it is written.
  if (typeof value === 'string' || value === undefined) return text;
  return expandJson(value, expand, depth + 1);
}

/** What YAML gave, as JSON: names that are no texts are left out; undefined for what JSON does not have. */
function jsonOf(value: unknown): JsonValue | undefined {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map((item) => jsonOf(item) ?? null);
  if (!(value instanceof Map)) return undefined;
  const fields: [string, JsonValue][] = [];
  for (const [name, item] of value) if (typeof name === 'string') fields.push([name, jsonOf(item) ?? null]);
  return Object.fromEntries(fields);
}
