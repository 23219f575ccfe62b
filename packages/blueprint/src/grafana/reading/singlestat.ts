/** Singlestat panels, which Grafana no longer has, as a stat, or as a gauge where one was drawn. */
import { isObject, type JsonObject, type JsonValue, numberOf, objectOf, objectsOf } from './json.ts';
import type { Ledger } from './ledger.ts';
import { mappingsOfToday } from './mappings.ts';
import {
  defaultsOf,
  dropFields,
  moveField,
  optionsOf,
  overridesOf,
  partOf,
  reducerOf,
  steps,
} from './panel-parts.ts';

/** What only told the old panel how to draw. */
const GONE = [
  'colorBackground',
  'colorPrefix',
  'colorPostfix',
  'colorValue',
  'mappingType',
  'mappingTypes',
  'nullPointMode',
  'nullText',
  'postfixFontSize',
  'prefixFontSize',
  'tableColumn',
  'valueFontSize',
  'rangeMaps',
  'valueMaps',
];

/** Makes a singlestat panel a stat or a gauge. */
export function fromSinglestat(panel: JsonObject, ledger: Ledger): void {
  const gauge = objectOf(panel.gauge);
  const type = gauge.show === true ? 'gauge' : 'stat';
  ledger.put('older-panel', `a singlestat panel is a ${type}`, panel, 'type', type);
  const defaults = defaultsOf(panel);
  const options = optionsOf(panel);
  const reduceOptions = partOf(options, 'reduceOptions');
  const move = (key: string, to: JsonObject, toKey: string, value?: JsonValue) => {
    if (panel[key] !== undefined && panel[key] !== null)
      moveField(ledger, panel, key, to, toKey, value, 'singlestat');
  };
  // The old panel showed the mean unless told otherwise; its names are those of the old reducers.
  if (panel.valueName === 'name') move('valueName', options, 'textMode', 'name');
  if (panel.valueName !== undefined)
    move('valueName', reduceOptions, 'calcs', [reducerOf(panel.valueName) ?? 'mean']);
  if (reduceOptions.calcs === undefined) reduceOptions.calcs = ['mean'];
  if (typeof panel.tableColumn === 'string' && panel.tableColumn !== '')
    move('tableColumn', reduceOptions, 'fields', `/^${panel.tableColumn}$/`);
  if (typeof panel.format === 'string') move('format', defaults, 'unit');
  if (numberOf(panel.decimals) !== undefined)
    move('decimals', defaults, 'decimals', numberOf(panel.decimals)!);
  if (typeof panel.nullText === 'string' && panel.nullText !== '') move('nullText', defaults, 'noValue');
  thresholds(panel, defaults, ledger);
  const mappings = mappingsOfToday(
    panel.mappingType === 2 || objectsOf(panel.valueMaps).length === 0
      ? objectsOf(panel.rangeMaps).map((map) => ({ ...map, type: 2 }))
      : objectsOf(panel.valueMaps).map((map) => ({ ...map, type: 1 })),
  );
  if (mappings.length > 0) {
    const key =
      panel.mappingType === 2 || objectsOf(panel.valueMaps).length === 0 ? 'rangeMaps' : 'valueMaps';
    move(key, defaults, 'mappings', mappings);
  }
  if (type === 'gauge') gaugeRange(panel, gauge, defaults, ledger);
  else statLooks(panel, options, ledger);
  affixes(panel, ledger);
  dropFields(ledger, panel, [...GONE, 'gauge', 'sparkline'], 'singlestat');
}

/** `"60,80"` and three colours: green below 60, then yellow, then red. */
function thresholds(panel: JsonObject, defaults: JsonObject, ledger: Ledger): void {
  const colors = panel.colors;
  if (typeof panel.thresholds === 'string' && Array.isArray(colors) && colors.length > 0) {
    const limits = panel.thresholds
      .split(',')
      .map((limit) => numberOf(limit))
      .filter((limit) => limit !== undefined);
    const value = { mode: 'absolute', steps: steps(limits, colors.slice(0, limits.length + 1)) };
    moveField(ledger, panel, 'thresholds', defaults, 'thresholds', value, 'singlestat');
  } else {
    dropFields(ledger, panel, ['thresholds'], 'singlestat');
  }
  dropFields(ledger, panel, ['colors'], 'singlestat');
}

function gaugeRange(panel: JsonObject, gauge: JsonObject, defaults: JsonObject, ledger: Ledger): void {
  for (const [key, toKey] of [
    ['minValue', 'min'],
    ['maxValue', 'max'],
  ] as const) {
    const value = numberOf(gauge[key]);
    if (value === undefined || defaults[toKey] !== undefined) continue;
    ledger.move(
      'older-panel',
      `${key} of a gauge is ${toKey}`,
      { in: gauge, key },
      { in: defaults, key: toKey },
      value,
    );
  }
  const options = optionsOf(panel);
  for (const [key, toKey] of [
    ['thresholdMarkers', 'showThresholdMarkers'],
    ['thresholdLabels', 'showThresholdLabels'],
  ] as const)
    if (typeof gauge[key] === 'boolean')
      ledger.move(
        'older-panel',
        `${key} of a gauge is ${toKey}`,
        { in: gauge, key },
        { in: options, key: toKey },
      );
}

function statLooks(panel: JsonObject, options: JsonObject, ledger: Ledger): void {
  if (panel.colorBackground === true)
    moveField(ledger, panel, 'colorBackground', options, 'colorMode', 'background', 'singlestat');
  else if (panel.colorValue === true)
    moveField(ledger, panel, 'colorValue', options, 'colorMode', 'value', 'singlestat');
  else if (options.colorMode === undefined)
    ledger.put('older-panel', 'a singlestat without colours is a stat without', options, 'colorMode', 'none');
  if (isObject(panel.sparkline))
    moveField(
      ledger,
      panel,
      'sparkline',
      options,
      'graphMode',
      panel.sparkline.show === true ? 'area' : 'none',
      'singlestat',
    );
}

/** What stood before and behind the number: with a plain number that is a unit of its own. */
function affixes(panel: JsonObject, ledger: Ledger): void {
  const defaults = defaultsOf(panel);
  const plain = defaults.unit === undefined || defaults.unit === 'none' || defaults.unit === 'short';
  for (const key of ['prefix', 'postfix'] as const) {
    const text = panel[key];
    if (
      typeof text === 'string' &&
      text.trim() !== '' &&
      plain &&
      (defaults.unit === undefined || !/^(prefix|suffix):/.test(String(defaults.unit)))
    ) {
      if (defaults.unit !== undefined) delete defaults.unit;
      const unit = `${key === 'prefix' ? 'prefix' : 'suffix'}:${text}`;
      moveField(ledger, panel, key, defaults, 'unit', unit, 'singlestat');
    } else {
      dropFields(ledger, panel, [key], 'singlestat');
    }
  }
  overridesOf(panel);
}
