/**
 * Fields that stand where Grafana does not look for them. Documents and hand-written files put a unit into
 * `options` or beside the title; Grafana reads it from `fieldConfig.defaults` only, and shows a plain number
 * without a word.
 */
import { isObject, type JsonObject, type JsonValue, numberOf } from './json.ts';
import type { Ledger } from './ledger.ts';
import { defaultsOf, optionsOf, steps } from './panel-parts.ts';

/** What belongs into `fieldConfig.defaults`. */
const FIELD_SETTINGS = [
  'unit',
  'min',
  'max',
  'decimals',
  'noValue',
  'displayName',
  'thresholds',
  'mappings',
] as const;

/** Panels whose options have none of these names, so that one found there is misplaced. */
const PLAIN: ReadonlySet<JsonValue | undefined> = new Set([
  'timeseries',
  'stat',
  'gauge',
  'bargauge',
  'table',
  'piechart',
  'histogram',
  'barchart',
  'state-timeline',
  'status-history',
]);

/** What belongs into `options`, by the kinds of panel that have it there. */
const OPTIONS: readonly (readonly [string, readonly string[]])[] = [
  ['legend', ['timeseries', 'piechart', 'histogram', 'barchart', 'state-timeline']],
  ['tooltip', ['timeseries', 'piechart', 'histogram', 'barchart', 'state-timeline']],
  ['reduceOptions', ['stat', 'gauge', 'bargauge', 'piechart']],
  ['colorMode', ['stat']],
  ['graphMode', ['stat']],
  ['textMode', ['stat']],
  ['orientation', ['stat', 'gauge', 'bargauge']],
  ['content', ['text']],
  ['mode', ['text']],
];

/** Puts the misplaced fields of a panel where Grafana looks for them; what stands there already stays. */
export function moveMisplaced(panel: JsonObject, ledger: Ledger): void {
  if (PLAIN.has(panel.type)) {
    moveSettings(panel, panel, '', ledger);
    if (isObject(panel.options)) moveSettings(panel, panel.options, 'options.', ledger);
    if (isObject(panel.fieldConfig)) moveSettings(panel, panel.fieldConfig, 'fieldConfig.', ledger);
    axes(panel, ledger);
  }
  for (const [key, types] of OPTIONS) {
    if (panel[key] === undefined || !types.includes(String(panel.type))) continue;
    const options = optionsOf(panel);
    if (options[key] === undefined)
      ledger.move('misplaced', `${key} stands in options`, { in: panel, key }, { in: options, key });
  }
}

function moveSettings(panel: JsonObject, owner: JsonObject, where: string, ledger: Ledger): void {
  for (const key of FIELD_SETTINGS) {
    const value = owner[key];
    if (value === undefined || value === null) continue;
    const settled = key === 'thresholds' ? thresholdsOf(value) : value;
    const defaults = defaultsOf(panel);
    if (settled === undefined || defaults[key] !== undefined) continue;
    ledger.move(
      'misplaced',
      `${where}${key} stands in fieldConfig.defaults`,
      { in: owner, key },
      { in: defaults, key },
      settled,
    );
  }
}

/** Thresholds as an object with steps; also from a list of steps, whose first one holds below all others. */
function thresholdsOf(value: JsonValue): JsonValue | undefined {
  if (isObject(value) && Array.isArray(value.steps)) return value;
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const listed = value.filter(isObject).filter((step) => typeof step.color === 'string');
  if (listed.length !== value.length) return undefined;
  const base = numberOf(listed[0]?.value) === undefined ? [] : steps([], ['green']);
  return {
    mode: 'absolute',
    steps: [...base, ...listed.map((step) => ({ ...step, value: numberOf(step.value) ?? null }))],
  };
}

/** Axes of a graph panel on a panel that is none: their unit and label still mean something. */
function axes(panel: JsonObject, ledger: Ledger): void {
  for (const key of ['yaxes', 'yaxis', 'yAxis']) {
    const value = panel[key];
    const axis = Array.isArray(value) ? value[0] : value;
    if (!isObject(axis)) continue;
    axisFields(axis, panel, 'misplaced', ledger);
    if (Object.keys(axis).length === 0 && !(Array.isArray(value) && value.length > 1)) delete panel[key];
  }
}

/** Moves what an axis says of its values to where the panel's fields say it. */
export function axisFields(
  axis: JsonObject,
  panel: JsonObject,
  code: 'misplaced' | 'older-panel',
  ledger: Ledger,
): void {
  const move = (key: string, to: JsonObject, toKey: string, value: JsonValue | undefined) => {
    if (value !== undefined && to[toKey] === undefined)
      ledger.move(
        code,
        `${key} of an axis stands in fieldConfig`,
        { in: axis, key },
        { in: to, key: toKey },
        value,
      );
  };
  const defaults = defaultsOf(panel);
  for (const key of ['format', 'unit'])
    if (typeof axis[key] === 'string') move(key, defaults, 'unit', axis[key]);
  for (const key of ['decimals', 'min', 'max'])
    if (axis[key] !== undefined) move(key, defaults, key, numberOf(axis[key]));
  const custom = isObject(defaults.custom) ? defaults.custom : {};
  if (typeof axis.label === 'string' && axis.label !== '') move('label', custom, 'axisLabel', axis.label);
  const log = numberOf(axis.logBase);
  if (log !== undefined && log > 1) move('logBase', custom, 'scaleDistribution', { type: 'log', log });
  if (axis.show === false) move('show', custom, 'axisPlacement', 'hidden');
  if (Object.keys(custom).length > 0) defaults.custom = custom;
}
