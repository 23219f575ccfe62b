/**
 * The panels of Grafana's dashboard JSON as the page understands them.
 *
 * The reader is tolerant: whatever is missing or of the wrong kind gets Grafana's default, and what the page does not
 * know is kept as a name to show. A panel of an unknown type becomes `{ kind: 'unknown' }`, a query in another
 * language a {@link ForeignQuery}.
 */
import { type LinkModel, readLinks } from './data-links.ts';
import { type FieldConfig, type Override, readFieldConfig, readOverrides } from './field-config.ts';
import { type ForeignQuery, isOwnQuery, readForeign } from './foreign-queries.ts';
import { type JsonObject, number, object, objects, oneOf, text, texts } from './json.ts';
import { COLUMNS, type GridPos } from './layout.ts';

/** One query of a panel. */
export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legend: string;
  /** One value at the end of the range, instead of the whole range. */
  readonly instant: boolean;
  /** `heatmap`: the series are buckets, told apart by `le`, each of which counts those before it too. */
  readonly format: 'time_series' | 'table' | 'heatmap';
}

/** How a legend looks. */
export interface Legend {
  readonly mode: 'list' | 'table' | 'hidden';
  readonly placement: 'bottom' | 'right';
  readonly calcs: readonly string[];
}

interface PanelCommon {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly gridPos: GridPos;
  readonly targets: readonly Target[];
  /** Queries that the page cannot ask. */
  readonly foreign: readonly ForeignQuery[];
  readonly links: readonly LinkModel[];
  /** The variable that it stands once for each value of. */
  readonly repeat: string | undefined;
  /** Whether its copies stand below each other. */
  readonly repeatDown: boolean;
  /** How many copies stand beside each other at most. */
  readonly maxPerRow: number | undefined;
  readonly transparent: boolean;
  readonly field: FieldConfig;
  readonly overrides: readonly Override[];
}

/** Lines over time. */
export interface TimeseriesPanel extends PanelCommon {
  readonly kind: 'timeseries';
  readonly legend: Legend;
  readonly tooltip: { readonly mode: 'multi' | 'single' | 'none'; readonly sort: 'none' | 'asc' | 'desc' };
}

/** One big number per series. */
export interface StatPanel extends PanelCommon {
  readonly kind: 'stat';
  readonly calc: string;
  readonly graph: boolean;
  readonly colorMode: 'value' | 'background' | 'none';
  readonly textMode: 'auto' | 'value' | 'value_and_name' | 'name' | 'none';
}

/** A value between two ends. */
export interface GaugePanel extends PanelCommon {
  readonly kind: 'gauge';
  readonly calc: string;
  readonly markers: boolean;
}

/** A bar per series. */
export interface BarGaugePanel extends PanelCommon {
  readonly kind: 'bargauge';
  readonly calc: string;
  readonly vertical: boolean;
  readonly display: 'gradient' | 'lcd' | 'basic';
  readonly unfilled: boolean;
  readonly valueMode: 'color' | 'text' | 'hidden';
}

/** Parts of a whole. */
export interface PiePanel extends PanelCommon {
  readonly kind: 'piechart';
  readonly calc: string;
  readonly donut: boolean;
  readonly legend: {
    readonly mode: 'list' | 'table' | 'hidden';
    readonly placement: 'bottom' | 'right';
    readonly values: readonly string[];
  };
}

/** Rows of labels and values. */
export interface TablePanel extends PanelCommon {
  readonly kind: 'table';
  /** Columns that are there, by name; undefined for all. */
  readonly included: ReadonlySet<string> | undefined;
  /** Of these, columns that are left out. */
  readonly excluded: ReadonlySet<string>;
  /** The places of columns, by name. */
  readonly order: Readonly<Record<string, number>>;
  /** Other names of columns, by name. */
  readonly renamed: Readonly<Record<string, string>>;
  /** The column that rows are sorted by at first, by its shown name. */
  readonly sortBy: { readonly column: string; readonly descending: boolean } | undefined;
  /** What of a cell takes the threshold's colour. */
  readonly cellColor: 'none' | 'text' | 'background';
  readonly showHeader: boolean;
}

/** How a distribution moves over time. */
export interface HeatmapPanel extends PanelCommon {
  readonly kind: 'heatmap';
  /** Of what is counted into the buckets. */
  readonly axisUnit: string;
  readonly axisDecimals: number | undefined;
  readonly scheme: string;
  /** So that the few slow ones are seen beside the many fast ones. */
  readonly exponential: boolean;
  readonly reverse: boolean;
  /** Cells below it stay empty. */
  readonly hideBelow: number;
}

/** How often which value occurred. */
export interface HistogramPanel extends PanelCommon {
  readonly kind: 'histogram';
  /** How wide a bar is; undefined lets the page decide. */
  readonly bucketSize: number | undefined;
  readonly bucketCount: number | undefined;
  /** Takes all series together. */
  readonly combine: boolean;
}

/** States over time, a line of them per series. */
export interface StateTimelinePanel extends PanelCommon {
  readonly kind: 'state-timeline';
  readonly showValue: boolean;
  /** Shows equal states beside each other as one. */
  readonly merge: boolean;
  /** Share of a line that is filled. */
  readonly rowHeight: number;
}

/** Words of the author. */
export interface TextPanel extends PanelCommon {
  readonly kind: 'text';
  readonly mode: 'markdown' | 'html' | 'code';
  readonly content: string;
}

/** A panel that the page cannot draw. */
export interface UnknownPanel extends PanelCommon {
  readonly kind: 'unknown';
  readonly type: string;
}

/** Every panel that the page knows. */
export type PanelModel =
  | TimeseriesPanel
  | StatPanel
  | GaugePanel
  | BarGaugePanel
  | PiePanel
  | TablePanel
  | HeatmapPanel
  | HistogramPanel
  | StateTimelinePanel
  | TextPanel
  | UnknownPanel;

export function readPanel(json: JsonObject): PanelModel {
  const options = object(json.options);
  const fieldConfig = object(json.fieldConfig);
  const common: PanelCommon = {
    id: number(json.id) ?? 0,
    title: text(json.title) ?? '',
    description: text(json.description) ?? '',
    gridPos: readGridPos(object(json.gridPos)),
    targets: readTargets(objects(json.targets), json.datasource),
    foreign: readForeign(objects(json.targets), json.datasource),
    links: readLinks(json.links),
    repeat: text(json.repeat) || undefined,
    repeatDown: json.repeatDirection === 'v',
    maxPerRow: readCopies(json.maxPerRow),
    transparent: json.transparent === true,
    field: readFieldConfig(object(fieldConfig.defaults), options),
    overrides: readOverrides(fieldConfig.overrides),
  };
  const type = text(json.type) ?? '';
  switch (type) {
    case 'timeseries':
      return { ...common, kind: 'timeseries', legend: readLegend(options), tooltip: readTooltip(options) };
    case 'stat':
      return {
        ...common,
        kind: 'stat',
        calc: readCalc(options),
        graph: oneOf(options.graphMode, ['area', 'none', 'line']) !== 'none',
        colorMode:
          options.colorMode === 'background_solid'
            ? 'background'
            : oneOf(options.colorMode, ['value', 'background', 'none']),
        textMode: oneOf(options.textMode, ['auto', 'value', 'value_and_name', 'name', 'none']),
      };
    case 'gauge':
      return {
        ...common,
        kind: 'gauge',
        calc: readCalc(options),
        markers: options.showThresholdMarkers !== false,
      };
    case 'bargauge':
      return {
        ...common,
        kind: 'bargauge',
        calc: readCalc(options),
        vertical: options.orientation === 'vertical' || (options.orientation === 'auto' && isWide(common)),
        display: oneOf(options.displayMode, ['gradient', 'lcd', 'basic']),
        unfilled: options.showUnfilled !== false,
        valueMode: oneOf(options.valueMode, ['color', 'text', 'hidden']),
      };
    case 'piechart':
    case 'grafana-piechart-panel': {
      const { mode, placement } = readLegend(options);
      const values = texts(object(options.legend).values);
      return {
        ...common,
        kind: 'piechart',
        calc: readCalc(options),
        donut: options.pieType !== 'pie',
        legend: { mode, placement, values },
      };
    }
    case 'table':
    case 'table-old':
      return readTable(common, json, object(fieldConfig.defaults), options);
    case 'heatmap': {
      const color = object(options.color);
      const axis = object(options.yAxis);
      return {
        ...common,
        kind: 'heatmap',
        axisUnit: text(axis.unit) ?? 'short',
        axisDecimals: number(axis.decimals),
        scheme: text(color.scheme) ?? 'Oranges',
        exponential: color.scale !== 'linear',
        reverse: color.reverse === true,
        hideBelow: number(object(options.filterValues).le) ?? 1e-9,
      };
    }
    case 'histogram':
      return {
        ...common,
        kind: 'histogram',
        bucketSize: number(options.bucketSize),
        bucketCount: number(options.bucketCount),
        combine: options.combine === true,
      };
    case 'state-timeline':
    case 'status-history':
      return {
        ...common,
        kind: 'state-timeline',
        showValue: options.showValue !== 'never',
        merge: type === 'state-timeline' && options.mergeValues !== false,
        rowHeight: number(options.rowHeight) ?? 0.9,
      };
    case 'text':
      return {
        ...common,
        kind: 'text',
        mode: oneOf(options.mode ?? json.mode, ['markdown', 'html', 'code']),
        content: text(options.content) ?? text(json.content) ?? '',
      };
    default:
      return { ...common, kind: 'unknown', type };
  }
}

/** Whether bars that may stand or lie better stand. */
function isWide({ gridPos }: PanelCommon): boolean {
  return gridPos.w > 2 * gridPos.h;
}

function readTable(
  common: PanelCommon,
  json: JsonObject,
  defaults: JsonObject,
  options: JsonObject,
): TablePanel {
  const optionsOf = (transformation: string): JsonObject[] =>
    objects(json.transformations)
      .filter(({ id, disabled }) => id === transformation && disabled !== true)
      .map((one) => object(one.options));
  const organize = optionsOf('organize');
  const chosen = optionsOf('filterFieldsByName')
    .map(({ include }) => object(include).names)
    .find((names) => Array.isArray(names));
  const all = <T>(field: string, read: (value: unknown) => T | undefined): [string, T][] =>
    organize.flatMap((one) =>
      Object.entries(object(one[field])).flatMap(([name, value]): [string, T][] => {
        const known = read(value);
        return known === undefined ? [] : [[name, known]];
      }),
    );
  const [sorted] = objects(options.sortBy);
  const column = text(sorted?.displayName);
  const custom = object(defaults.custom);
  const cell = text(object(custom.cellOptions).type) ?? text(custom.displayMode);
  return {
    ...common,
    kind: 'table',
    included: Array.isArray(chosen) ? new Set(chosen.filter((name) => typeof name === 'string')) : undefined,
    excluded: new Set(all('excludeByName', (value) => value === true || undefined).map(([name]) => name)),
    order: Object.fromEntries(all('indexByName', number)),
    renamed: Object.fromEntries(all('renameByName', (value) => text(value) || undefined)),
    sortBy: column === undefined ? undefined : { column, descending: sorted?.desc === true },
    cellColor:
      cell === 'color-text' ? 'text' : cell?.startsWith('color-background') === true ? 'background' : 'none',
    showHeader: options.showHeader !== false,
  };
}

/** Rows that a panel may take; one that is asked to be higher than ten screens is meant to be high. */
const HEIGHT_MOST = 250;

/** Whole numbers within the grid, whatever stands there. */
function readGridPos(json: JsonObject): GridPos {
  const whole = (value: unknown, otherwise: number, least: number, most: number): number =>
    Math.round(Math.min(most, Math.max(least, number(value) ?? otherwise)));
  const w = whole(json.w, COLUMNS / 2, 1, COLUMNS);
  return {
    x: whole(json.x, 0, 0, COLUMNS - w),
    y: whole(json.y, 0, 0, Number.MAX_SAFE_INTEGER),
    w,
    h: whole(json.h, 8, 1, HEIGHT_MOST),
  };
}

function readCopies(value: unknown): number | undefined {
  const copies = number(value);
  return copies === undefined ? undefined : Math.round(Math.min(COLUMNS, Math.max(1, copies)));
}

function readTargets(list: readonly JsonObject[], datasource: unknown): Target[] {
  return list
    .filter((json) => isOwnQuery(json, datasource))
    .map((json, i) => ({
      refId: text(json.refId) ?? String.fromCharCode(65 + i),
      expr: text(json.expr)!,
      legend: text(json.legendFormat) ?? '',
      instant: json.instant === true && json.range !== true,
      format: oneOf(json.format, ['time_series', 'table', 'heatmap']),
    }));
}

function readLegend(options: JsonObject): Legend {
  const legend = object(options.legend);
  const hidden = legend.showLegend === false || legend.displayMode === 'hidden';
  return {
    mode: hidden ? 'hidden' : oneOf(legend.displayMode, ['list', 'table']),
    placement: oneOf(legend.placement, ['bottom', 'right']),
    calcs: texts(legend.calcs),
  };
}

function readTooltip(options: JsonObject): TimeseriesPanel['tooltip'] {
  const tooltip = object(options.tooltip);
  return {
    mode: oneOf(tooltip.mode, ['single', 'multi', 'none']),
    sort: oneOf(tooltip.sort, ['none', 'asc', 'desc']),
  };
}

function readCalc(options: JsonObject): string {
  return texts(object(options.reduceOptions).calcs)[0] ?? 'lastNotNull';
}
