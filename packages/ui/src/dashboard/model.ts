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

/** A panel that the page cannot draw. */
export interface UnknownPanel extends PanelCommon {
  readonly kind: 'unknown';
  readonly type: string;
}

/** Every panel that the page knows. */
export type PanelModel = TimeseriesPanel | StatPanel | GaugePanel | UnknownPanel;

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
    default:
      return { ...common, kind: 'unknown', type };
  }
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
