/**
 * Grafana's dashboard JSON, the part that we write: the classic model, schema version 39, which Grafana 10.3 to
 * 13 load. A test holds these types against Grafana's own.
 */

/** A place on the grid: 24 columns, rows of 30 px. */
export interface GridPos {
  readonly h: number;
  readonly w: number;
  readonly x: number;
  readonly y: number;
}

/** Which data source answers; the uid is a reference to the dashboard's variable. */
export interface GrafanaDatasource {
  readonly type: 'prometheus';
  readonly uid: string;
}

/** One Prometheus query. */
export interface GrafanaTarget {
  readonly refId: string;
  readonly datasource: GrafanaDatasource;
  readonly editorMode: 'code';
  readonly expr: string;
  readonly legendFormat: string;
  readonly range: boolean;
  readonly instant: boolean;
}

/** Steps of colours; the first has no value. */
export interface GrafanaThresholds {
  readonly mode: 'absolute';
  readonly steps: readonly { readonly color: string; readonly value: number | null }[];
}

/** Texts in place of values. */
export interface GrafanaMapping {
  readonly type: 'value';
  readonly options: Readonly<
    Record<string, { readonly text: string; readonly color?: string; readonly index: number }>
  >;
}

/** How the values of a panel look. */
export interface GrafanaFieldConfig {
  readonly color: { readonly mode: 'palette-classic' | 'thresholds' };
  readonly custom?: GrafanaTimeseriesStyle;
  readonly decimals?: number;
  readonly mappings: readonly GrafanaMapping[];
  readonly max?: number;
  readonly min?: number;
  readonly noValue?: string;
  readonly thresholds: GrafanaThresholds;
  readonly unit: string;
}

/** What differs for the series of one name. */
export interface GrafanaOverride {
  readonly matcher: { readonly id: 'byName'; readonly options: string };
  readonly properties: readonly {
    readonly id: 'color';
    readonly value: { readonly mode: 'fixed'; readonly fixedColor: string };
  }[];
}

/** How lines look. */
export interface GrafanaTimeseriesStyle {
  readonly axisBorderShow: false;
  readonly axisLabel: '';
  readonly axisPlacement: 'auto';
  readonly drawStyle: 'line' | 'bars' | 'points';
  readonly fillOpacity: number;
  readonly gradientMode: 'none';
  readonly lineInterpolation: 'linear' | 'smooth' | 'stepBefore' | 'stepAfter';
  readonly lineWidth: number;
  readonly pointSize: number;
  readonly scaleDistribution: { readonly type: 'linear' } | { readonly type: 'log'; readonly log: number };
  readonly showPoints: 'auto' | 'never';
  readonly spanNulls: boolean;
  readonly stacking: { readonly group: 'A'; readonly mode: 'none' | 'normal' | 'percent' };
  readonly thresholdsStyle: { readonly mode: 'off' | 'line' | 'dashed' | 'area' | 'line+area' };
}

/** Options of a timeseries. */
export interface GrafanaTimeseriesOptions {
  readonly legend: {
    readonly calcs: readonly string[];
    readonly displayMode: 'list' | 'table';
    readonly placement: 'bottom' | 'right';
    readonly showLegend: boolean;
  };
  readonly tooltip: { readonly mode: 'multi' | 'single'; readonly sort: 'none' | 'desc' };
}

/** Which of many values is shown. */
export interface GrafanaReduceOptions {
  readonly calcs: readonly string[];
  readonly fields: '';
  readonly values: false;
}

/** Options of a stat. */
export interface GrafanaStatOptions {
  readonly colorMode: 'value' | 'background' | 'none';
  readonly graphMode: 'area' | 'none';
  readonly justifyMode: 'auto';
  readonly orientation: 'auto';
  readonly percentChangeColorMode: 'standard';
  readonly reduceOptions: GrafanaReduceOptions;
  readonly showPercentChange: false;
  readonly textMode: 'auto' | 'value' | 'value_and_name' | 'name' | 'none';
  readonly wideLayout: true;
}

/** Options of a gauge. */
export interface GrafanaGaugeOptions {
  readonly minVizHeight: number;
  readonly minVizWidth: number;
  readonly orientation: 'auto';
  readonly reduceOptions: GrafanaReduceOptions;
  readonly showThresholdLabels: false;
  readonly showThresholdMarkers: boolean;
  readonly sizing: 'auto';
}

interface GrafanaPanelCommon {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly datasource: GrafanaDatasource;
  readonly gridPos: GridPos;
  readonly targets: readonly GrafanaTarget[];
  readonly fieldConfig: {
    readonly defaults: GrafanaFieldConfig;
    readonly overrides: readonly GrafanaOverride[];
  };
}

/** A panel, by its type. */
export type GrafanaPanel = GrafanaPanelCommon &
  (
    | { readonly type: 'timeseries'; readonly options: GrafanaTimeseriesOptions }
    | { readonly type: 'stat'; readonly options: GrafanaStatOptions }
    | { readonly type: 'gauge'; readonly options: GrafanaGaugeOptions }
  );

/** A heading. A closed one holds its panels, an open one has them behind it. */
export interface GrafanaRow {
  readonly id: number;
  readonly type: 'row';
  readonly title: string;
  readonly collapsed: boolean;
  readonly gridPos: GridPos;
  readonly panels: readonly GrafanaPanel[];
}

/** One choice. */
export interface GrafanaOption {
  readonly selected: boolean;
  readonly text: string;
  readonly value: string;
}

/** What the reader of the dashboard chooses. */
export type GrafanaVariable =
  | {
      readonly type: 'datasource';
      readonly name: 'datasource';
      readonly label: 'Data source';
      readonly query: 'prometheus';
      readonly regex: '';
      readonly hide: 0;
      readonly current: Readonly<Record<never, never>>;
      readonly includeAll: false;
      readonly multi: false;
      readonly options: readonly [];
      readonly refresh: 1;
    }
  | {
      readonly type: 'query';
      readonly name: string;
      readonly label: string;
      readonly datasource: GrafanaDatasource;
      readonly definition: string;
      readonly query: { readonly query: string; readonly refId: 'StandardVariableQuery' };
      readonly regex: '';
      readonly hide: 0;
      readonly current: Readonly<Record<never, never>> | { readonly text: 'All'; readonly value: '$__all' };
      readonly includeAll: boolean;
      readonly allValue?: '.+';
      readonly multi: boolean;
      readonly options: readonly [];
      readonly refresh: 2;
      readonly sort: 1;
    }
  | {
      readonly type: 'custom' | 'interval';
      readonly name: string;
      readonly label: string;
      readonly query: string;
      readonly hide: 0;
      readonly current: GrafanaOption;
      readonly options: readonly GrafanaOption[];
    };

/** A whole dashboard. */
export interface GrafanaDashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly timezone: 'browser';
  readonly editable: false;
  readonly graphTooltip: 1;
  readonly schemaVersion: 39;
  readonly version: 1;
  readonly refresh: string;
  readonly time: { readonly from: string; readonly to: string };
  readonly timepicker: Readonly<Record<never, never>>;
  readonly links: readonly [];
  readonly annotations: { readonly list: readonly [] };
  readonly templating: { readonly list: readonly GrafanaVariable[] };
  readonly panels: readonly (GrafanaPanel | GrafanaRow)[];
}
