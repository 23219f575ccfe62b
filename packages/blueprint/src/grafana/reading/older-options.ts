/** Options that panels of today had in another form in earlier versions of Grafana. */
import { isObject, type JsonObject, type JsonValue, listOf, objectsOf } from './json.ts';
import type { Ledger } from './ledger.ts';
import { isToday, mappingsOfToday } from './mappings.ts';
import { defaultsOf, optionsOf, overridesOf, partOf } from './panel-parts.ts';

/** Brings the options of a panel of today into the form of today. */
export function renewOptions(panel: JsonObject, ledger: Ledger): void {
  if (panel.type === 'text2') ledger.put('older-panel', 'text2 is text', panel, 'type', 'text');
  if (panel.type === 'heatmap-new')
    ledger.put('older-panel', 'heatmap-new is heatmap', panel, 'type', 'heatmap');
  if (panel.type === 'grafana-singlestat-panel')
    ledger.put('older-panel', 'a singlestat panel is a stat', panel, 'type', 'stat');
  if (!isObject(panel.options)) return;
  const { options } = panel;
  if (isObject(options.fieldOptions)) fieldOptions(panel, options, options.fieldOptions, ledger);
  if (isObject(options.tooltipOptions) && options.tooltip === undefined)
    ledger.move(
      'older-form',
      'tooltipOptions is tooltip',
      { in: options, key: 'tooltipOptions' },
      { in: options, key: 'tooltip' },
    );
  if (isObject(options.legend)) hiddenLegend(options.legend, ledger);
}

/** Brings the looks of a panel into the form of today, once all have been gathered in one place. */
export function renewFieldConfig(panel: JsonObject, ledger: Ledger): void {
  const { fieldConfig } = panel;
  if (fieldConfig === undefined) return;
  if (!isObject(fieldConfig)) {
    ledger.drop('invalid', 'fieldConfig is an object', panel, 'fieldConfig');
    return;
  }
  if (!isObject(fieldConfig.defaults)) {
    ledger.drop('invalid', 'defaults are an object', fieldConfig, 'defaults');
    fieldConfig.defaults = {};
  }
  if (!Array.isArray(fieldConfig.overrides)) {
    ledger.drop('invalid', 'overrides are a list', fieldConfig, 'overrides');
    fieldConfig.overrides = [];
  }
  const defaults = defaultsOf(panel);
  mappings(defaults, 'mappings', ledger);
  const custom = defaults.custom;
  if (panel.type === 'table' && isObject(custom) && typeof custom.displayMode === 'string')
    cellOptions(custom, 'displayMode', custom, 'cellOptions', ledger);
  fieldConfig.overrides = overridesOf(panel).filter((override, i) => {
    const valid = isObject(override) && isObject(override.matcher) && typeof override.matcher.id === 'string';
    if (!valid)
      ledger.note('invalid', 'an override without a matcher', {
        from: { in: listOf(fieldConfig.overrides), key: i },
        was: override,
      });
    return valid;
  });
  for (const override of objectsOf(fieldConfig.overrides)) {
    const properties = objectsOf(override.properties).filter(({ id }) => typeof id === 'string');
    if (!Array.isArray(override.properties) || properties.length !== override.properties.length)
      ledger.put('invalid', 'the properties of an override are a list', override, 'properties', properties);
    for (const property of properties) {
      if (property.id === 'mappings') mappings(property, 'value', ledger);
      if (property.id === 'custom.displayMode' && panel.type === 'table') {
        ledger.put('older-form', 'displayMode is cellOptions', property, 'id', 'custom.cellOptions');
        cellOptions(property, 'value', property, 'value', ledger);
      }
    }
  }
}

/** Makes transformations a list of objects with an id. */
export function renewTransformations(panel: JsonObject, ledger: Ledger): void {
  const { transformations } = panel;
  if (transformations === undefined) return;
  const valid = objectsOf(transformations).filter(({ id }) => typeof id === 'string');
  if (!Array.isArray(transformations) || valid.length !== transformations.length)
    ledger.put('invalid', 'transformations are a list', panel, 'transformations', valid);
}

function mappings(owner: JsonObject, key: string, ledger: Ledger): void {
  const value = owner[key];
  if (!Array.isArray(value) || value.every(isToday)) return;
  const became = mappingsOfToday(objectsOf(value));
  ledger.put('older-form', 'mappings have the form of Grafana 8', owner, key, became);
}

/** Until Grafana 7 the looks of gauges and stats stood in `options.fieldOptions`. */
function fieldOptions(panel: JsonObject, options: JsonObject, old: JsonObject, ledger: Ledger): void {
  const defaults = defaultsOf(panel);
  const move = (from: JsonObject, key: string, to: JsonObject, toKey: string, value?: JsonValue) => {
    if (from[key] !== undefined && to[toKey] === undefined)
      ledger.move(
        'older-form',
        `fieldOptions.${key} is ${toKey}`,
        { in: from, key },
        { in: to, key: toKey },
        value,
      );
  };
  if (isObject(old.defaults)) {
    move(old.defaults, 'title', defaults, 'displayName');
    if (Array.isArray(old.defaults.thresholds))
      move(old.defaults, 'thresholds', defaults, 'thresholds', absolute(old.defaults.thresholds));
    for (const key of Object.keys(old.defaults)) move(old.defaults, key, defaults, key);
  }
  if (Array.isArray(old.thresholds))
    move(old, 'thresholds', defaults, 'thresholds', absolute(old.thresholds));
  move(old, 'mappings', defaults, 'mappings');
  if (Array.isArray(old.overrides) && overridesOf(panel).length === 0) {
    const fieldConfig = partOf(panel, 'fieldConfig');
    delete fieldConfig.overrides;
    move(old, 'overrides', fieldConfig, 'overrides');
  }
  const reduceOptions = partOf(options, 'reduceOptions');
  for (const key of ['values', 'calcs', 'limit', 'fields']) move(old, key, reduceOptions, key);
  ledger.drop('older-form', 'fieldOptions stand in fieldConfig', optionsOf(panel), 'fieldOptions');
}

function absolute(list: readonly JsonValue[]): JsonObject {
  const made = list.filter(isObject).map(({ value, color }, i) => ({
    color: color ?? 'green',
    value: i === 0 ? null : (value ?? null),
  }));
  return { mode: 'absolute', steps: made };
}

function hiddenLegend(legend: JsonObject, ledger: Ledger): void {
  if (legend.displayMode !== 'hidden') return;
  ledger.put('older-form', 'a hidden legend is not shown', legend, 'showLegend', false);
  ledger.put('older-form', 'a hidden legend is a list', legend, 'displayMode', 'list');
}

/** How cells were drawn, by the older name. */
const CELLS: ReadonlyMap<JsonValue | undefined, JsonObject> = new Map<JsonValue | undefined, JsonObject>([
  ['basic', { type: 'gauge', mode: 'basic' }],
  ['gradient-gauge', { type: 'gauge', mode: 'gradient' }],
  ['lcd-gauge', { type: 'gauge', mode: 'lcd' }],
  ['color-background', { type: 'color-background', mode: 'gradient' }],
  ['color-background-solid', { type: 'color-background', mode: 'basic' }],
]);

function cellOptions(from: JsonObject, key: string, to: JsonObject, toKey: string, ledger: Ledger): void {
  const value = from[key];
  if (typeof value !== 'string') return;
  const became = CELLS.get(value) ?? { type: value };
  ledger.move(
    'older-form',
    'displayMode is cellOptions',
    { in: from, key },
    { in: to, key: toKey },
    { ...became },
  );
}
