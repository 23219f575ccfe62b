/** The parts of a panel that conversions put things into; each is made when something is put there. */
import { isObject, type JsonObject, type JsonValue, listOf } from './json.ts';
import type { Ledger } from './ledger.ts';

/** The object under a key, made when it is not there. */
export function partOf(owner: JsonObject, key: string): JsonObject {
  const part = owner[key];
  if (isObject(part)) return part;
  const made: JsonObject = {};
  owner[key] = made;
  return made;
}

/** `fieldConfig.defaults` of a panel. */
export function defaultsOf(panel: JsonObject): JsonObject {
  const fieldConfig = partOf(panel, 'fieldConfig');
  if (!Array.isArray(fieldConfig.overrides)) fieldConfig.overrides = [];
  return partOf(fieldConfig, 'defaults');
}

/** `fieldConfig.defaults.custom` of a panel. */
export function customOf(panel: JsonObject): JsonObject {
  return partOf(defaultsOf(panel), 'custom');
}

/** `options` of a panel. */
export function optionsOf(panel: JsonObject): JsonObject {
  return partOf(panel, 'options');
}

/** `fieldConfig.overrides` of a panel. */
export function overridesOf(panel: JsonObject): JsonValue[] {
  defaultsOf(panel);
  return listOf(partOf(panel, 'fieldConfig').overrides);
}

/**
 * Moves the field of an older panel to its place of today. What already stands there is newer and stays; the
 * older field is then dropped, because nothing reads it.
 */
export function moveField(
  ledger: Ledger,
  panel: JsonObject,
  key: string,
  to: JsonObject,
  toKey: string,
  value?: JsonValue,
  type = panel.type,
): void {
  const message = `${key} of a ${type} panel is ${toKey}`;
  if (to[toKey] === undefined)
    ledger.move('older-panel', message, { in: panel, key }, { in: to, key: toKey }, value);
  else ledger.drop('older-panel', `${message}, which is there`, panel, key);
}

/** Drops fields that no panel of today has. */
export function dropFields(ledger: Ledger, panel: JsonObject, keys: readonly string[], type: string): void {
  for (const key of keys)
    ledger.drop('older-panel', `${key} of a ${type} panel has no counterpart`, panel, key);
}

/** Fixed colours by the name of a series: `{"errors": "#E24D42"}`. */
export function moveAliasColors(ledger: Ledger, panel: JsonObject, type: string): void {
  const { aliasColors } = panel;
  if (!isObject(aliasColors)) return;
  for (const [name, color] of Object.entries(aliasColors)) {
    if (typeof color !== 'string' || color === '') continue;
    const value: JsonObject = { mode: 'fixed' };
    overridesOf(panel).push({
      matcher: { id: 'byName', options: name },
      properties: [{ id: 'color', value }],
    });
    ledger.move(
      'older-panel',
      `a colour by alias of a ${type} panel is an override`,
      { in: aliasColors, key: name },
      { in: value, key: 'fixedColor' },
    );
  }
  delete panel.aliasColors;
}

/** Grafana's reducers by the names that older panels had for them. */
const REDUCERS: ReadonlyMap<string, string> = new Map([
  ['current', 'lastNotNull'],
  ['avg', 'mean'],
  ['total', 'sum'],
  ['min', 'min'],
  ['max', 'max'],
  ['count', 'count'],
  ['first', 'first'],
  ['last', 'last'],
  ['lastNotNull', 'lastNotNull'],
  ['mean', 'mean'],
  ['sum', 'sum'],
  ['delta', 'delta'],
  ['diff', 'diff'],
  ['range', 'range'],
  ['name', 'lastNotNull'],
]);

/** The reducer of today for an older name. */
export function reducerOf(name: JsonValue | undefined): string | undefined {
  return typeof name === 'string' ? REDUCERS.get(name) : undefined;
}

/** Steps of colours with one more colour than limits: the first holds below all. */
export function steps(limits: readonly number[], colors: readonly JsonValue[]): JsonObject[] {
  return colors.map((color, i) => ({ color, value: i === 0 ? null : (limits[i - 1] ?? null) }));
}
