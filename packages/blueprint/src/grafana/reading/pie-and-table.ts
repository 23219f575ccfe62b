/** The pie chart that was a plugin, and the tables of before Grafana 7. */
import { isObject, type JsonObject, type JsonValue, listOf, numberOf, objectOf, objectsOf } from './json.ts';
import type { Ledger } from './ledger.ts';
import {
  customOf,
  defaultsOf,
  dropFields,
  moveAliasColors,
  moveField,
  optionsOf,
  overridesOf,
  partOf,
  reducerOf,
  steps,
} from './panel-parts.ts';

/** Makes a pie chart of the plugin one of Grafana's own. */
export function fromPiePlugin(panel: JsonObject, ledger: Ledger): void {
  ledger.put('older-panel', 'a pie chart of the plugin is one of Grafana', panel, 'type', 'piechart');
  const type = 'grafana-piechart-panel';
  moveAliasColors(ledger, panel, type);
  const defaults = defaultsOf(panel);
  const options = optionsOf(panel);
  if (typeof panel.format === 'string') moveField(ledger, panel, 'format', defaults, 'unit', undefined, type);
  if (numberOf(panel.decimals) !== undefined)
    moveField(ledger, panel, 'decimals', defaults, 'decimals', numberOf(panel.decimals)!, type);
  if (panel.valueName !== undefined)
    moveField(
      ledger,
      panel,
      'valueName',
      partOf(options, 'reduceOptions'),
      'calcs',
      [reducerOf(panel.valueName) ?? 'lastNotNull'],
      type,
    );
  if (panel.pieType === 'pie' || panel.pieType === 'donut')
    moveField(ledger, panel, 'pieType', options, 'pieType', undefined, type);
  const onGraph = panel.legendType === 'On graph';
  const legend = objectOf(panel.legend);
  const values = [
    ...(legend.values === true ? ['value'] : []),
    ...(legend.percentage === true ? ['percent'] : []),
  ];
  if (onGraph) options.displayLabels = ['name', ...values];
  const became: JsonObject = {
    calcs: [],
    displayMode: 'table',
    placement: panel.legendType === 'Under graph' ? 'bottom' : 'right',
    showLegend: !onGraph && legend.show !== false,
    values,
  };
  if (isObject(panel.legend)) moveField(ledger, panel, 'legend', options, 'legend', became, type);
  else if (options.legend === undefined)
    ledger.put('older-panel', 'a pie chart has a legend', options, 'legend', became);
  dropFields(
    ledger,
    panel,
    ['legendType', 'breakPoint', 'combine', 'fontSize', 'strokeWidth', 'nullPointMode', 'valueName'],
    type,
  );
}

/** Whether a table is one of before Grafana 7, also where it kept the name. */
export function isOldTable(panel: JsonObject): boolean {
  return (
    panel.type === 'table-old' ||
    (panel.type === 'table' && (Array.isArray(panel.styles) || Array.isArray(panel.columns)))
  );
}

const TRANSFORMS: ReadonlyMap<JsonValue | undefined, string> = new Map([
  ['timeseries_to_rows', 'seriesToRows'],
  ['timeseries_to_columns', 'seriesToColumns'],
  ['timeseries_aggregations', 'reduce'],
  ['table', 'merge'],
]);

/** Makes an old table one of today: its styles become looks, by the pattern of their column. */
export function fromOldTable(panel: JsonObject, ledger: Ledger): void {
  if (panel.type !== 'table') ledger.put('older-panel', 'an old table is a table', panel, 'type', 'table');
  const id = TRANSFORMS.get(panel.transform);
  if (id !== undefined) {
    const reducers = objectsOf(panel.columns).map(({ value }) => reducerOf(value) ?? 'lastNotNull');
    const options: JsonObject = id === 'reduce' ? { includeTimeField: false, reducers } : {};
    const made: JsonObject = { options };
    panel.transformations = [...listOf(panel.transformations), made];
    ledger.move(
      'older-panel',
      'transform of a table is a transformation',
      { in: panel, key: 'transform' },
      { in: made, key: 'id' },
      id,
    );
  }
  for (const style of objectsOf(panel.styles)) fromStyle(style, panel, ledger);
  dropFields(
    ledger,
    panel,
    ['styles', 'columns', 'transform', 'fontSize', 'pageSize', 'scroll', 'showHeader', 'sort'],
    'table',
  );
}

/** The looks of one column; those of the pattern for all columns are the defaults. */
function fromStyle(style: JsonObject, panel: JsonObject, ledger: Ledger): void {
  const { pattern } = style;
  if (typeof pattern !== 'string') return;
  const isAll = pattern === '/.*/';
  const properties: JsonObject[] = [];
  if (!isAll) {
    const matcher: JsonObject = { id: /^\/.*\/$/.test(pattern) ? 'byRegexp' : 'byName' };
    const override: JsonObject = { matcher, properties };
    ledger.derive(override, style);
    ledger.carry(style, 'pattern', matcher, 'options');
    overridesOf(panel).push(override);
  }
  const move = (key: string, id: string, value: JsonValue | undefined = style[key]) => {
    if (value === undefined || value === null || value === '') return;
    const made: JsonObject = { id };
    if (!isAll) properties.push(made);
    const owner = id.startsWith('custom.') ? customOf(panel) : defaultsOf(panel);
    const to = isAll ? { in: owner, key: id.replace('custom.', '') } : { in: made, key: 'value' };
    ledger.move('older-panel', `${key} of a style is ${id}`, { in: style, key }, to, value);
  };
  move('alias', 'displayName');
  move('decimals', 'decimals', numberOf(style.decimals));
  if (style.type === 'hidden') move('type', 'custom.hidden', true);
  else if (style.type === 'date') {
    if (typeof style.dateFormat === 'string') move('dateFormat', 'unit', `time: ${style.dateFormat}`);
  } else move('unit', 'unit');
  if (typeof style.align === 'string' && style.align !== 'auto') move('align', 'custom.align');
  if (style.link === true && typeof style.linkUrl === 'string')
    move('linkUrl', 'links', [
      {
        title: typeof style.linkTooltip === 'string' ? style.linkTooltip : '',
        url: style.linkUrl,
        targetBlank: style.linkTargetBlank === true,
      },
    ]);
  const limits = listOf(style.thresholds)
    .map((limit) => numberOf(limit))
    .filter((limit) => limit !== undefined);
  if (limits.length > 0)
    move('thresholds', 'thresholds', { mode: 'absolute', steps: steps(limits, listOf(style.colors)) });
  if (style.colorMode === 'cell' || style.colorMode === 'row')
    move('colorMode', 'custom.cellOptions', { type: 'color-background' });
  else if (style.colorMode === 'value') move('colorMode', 'custom.cellOptions', { type: 'color-text' });
}
