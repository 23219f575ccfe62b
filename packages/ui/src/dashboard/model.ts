/**
 * Grafana's dashboard JSON as the page understands it.
 *
 * The reader is tolerant: whatever is missing or of the wrong kind gets Grafana's default, and what the page
 * does not know is kept as a name to show. It reads the classic model, with or without the `spec` wrapping of
 * the resource API, open and closed rows. A panel of an unknown type becomes `{ kind: 'unknown' }`.
 */

import { type FieldConfig, type Override, readFieldConfig, readOverrides } from './field-config.ts';
import { isObject, type JsonObject, number, object, objects, oneOf, text, texts } from './json.ts';
import { readVariables, type VariableModel } from './variables.ts';

/** A place on the grid of 24 columns; rows of 30 px. */
export interface GridPos {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

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
  /** Columns that are left out. */
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

/** A heading with its panels; the panels before the first heading have an empty title. */
export interface Section {
  readonly title: string;
  readonly collapsed: boolean;
  readonly panels: readonly PanelModel[];
}

/** A dashboard. */
export interface DashboardModel {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** Empty for never. */
  readonly refresh: string;
  readonly time: { readonly from: string; readonly to: string };
  readonly variables: readonly VariableModel[];
  readonly sections: readonly Section[];
  /** Whether hovering one chart shows the moment in all. */
  readonly sharedCrosshair: boolean;
}

/** Reads a dashboard. Never throws: an empty or foreign object is an empty dashboard. */
export function readDashboard(json: unknown): DashboardModel {
  const outer = object(json);
  const source = isObject(outer.spec) ? outer.spec : outer;
  const time = object(source.time);
  return {
    uid: text(source.uid) ?? text(object(outer.metadata).name) ?? '',
    title: text(source.title) ?? 'Untitled',
    description: text(source.description) ?? '',
    tags: texts(source.tags),
    refresh: text(source.refresh) ?? '',
    time: { from: text(time.from) ?? 'now-1h', to: text(time.to) ?? 'now' },
    variables: readVariables(object(source.templating).list),
    sections: readSections(objects(source.panels)),
    sharedCrosshair: (number(source.graphTooltip) ?? 0) > 0,
  };
}

/** An open row is followed by its panels; a closed one holds them. */
function readSections(list: readonly JsonObject[]): Section[] {
  const sections: { title: string; collapsed: boolean; panels: PanelModel[] }[] = [];
  for (const json of list) {
    if (json.type === 'row') {
      const panels = objects(json.panels).map(readPanel);
      sections.push({ title: text(json.title) ?? '', collapsed: json.collapsed === true, panels });
      continue;
    }
    // What follows a closed row belongs to the dashboard again; in practice that is a row of its own.
    if (sections.length === 0) sections.push({ title: '', collapsed: false, panels: [] });
    sections.at(-1)!.panels.push(readPanel(json));
  }
  return sections;
}

function readPanel(json: JsonObject): PanelModel {
  const options = object(json.options);
  const fieldConfig = object(json.fieldConfig);
  const common: PanelCommon = {
    id: number(json.id) ?? 0,
    title: text(json.title) ?? '',
    description: text(json.description) ?? '',
    gridPos: readGridPos(object(json.gridPos)),
    targets: readTargets(objects(json.targets)),
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
  const organize = objects(json.transformations)
    .filter(({ id, disabled }) => id === 'organize' && disabled !== true)
    .map((one) => object(one.options));
  const all = <T>(field: string, read: (value: unknown) => T | undefined): [string, T][] =>
    organize.flatMap((one) =>
      Object.entries(object(one[field])).flatMap(([name, value]): [string, T][] => {
        const known = read(value);
        return known === undefined ? [] : [[name, known]];
      }),
    );
  const [sorted] = objects(options.sortBy);
  const column = text(sorted?.displayName);
  const cell = object(object(defaults.custom).cellOptions).type;
  return {
    ...common,
    kind: 'table',
    excluded: new Set(all('excludeByName', (value) => value === true || undefined).map(([name]) => name)),
    order: Object.fromEntries(all('indexByName', number)),
    renamed: Object.fromEntries(all('renameByName', (value) => text(value) || undefined)),
    sortBy: column === undefined ? undefined : { column, descending: sorted?.desc === true },
    cellColor: cell === 'color-text' ? 'text' : cell === 'color-background' ? 'background' : 'none',
    showHeader: options.showHeader !== false,
  };
}

function readGridPos(json: JsonObject): GridPos {
  const w = Math.min(24, Math.max(1, number(json.w) ?? 12));
  return {
    x: Math.min(24 - w, Math.max(0, number(json.x) ?? 0)),
    y: Math.max(0, number(json.y) ?? 0),
    w,
    h: Math.max(1, number(json.h) ?? 8),
  };
}

function readTargets(list: readonly JsonObject[]): Target[] {
  return list
    .filter((json) => json.hide !== true && (text(json.expr) ?? '').trim() !== '')
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
