/** Grafana's options and styles of each kind of panel, the part that we write. */

/** The legend of a chart. */
export interface GrafanaLegend {
  readonly calcs: readonly string[];
  readonly displayMode: 'list' | 'table';
  readonly placement: 'bottom' | 'right';
  readonly showLegend: boolean;
}

/** What shows where the pointer is. */
export interface GrafanaTooltip {
  readonly mode: 'single' | 'multi' | 'none';
  readonly sort: 'none' | 'desc';
}

/** Which of many values is shown. */
export interface GrafanaReduceOptions {
  readonly calcs: readonly string[];
  readonly fields: '';
  readonly values: false;
}

/** How lines look. */
interface GrafanaTimeseriesStyle {
  readonly axisBorderShow: false;
  readonly axisLabel: string;
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
  readonly thresholdsStyle: {
    readonly mode: 'off' | 'line' | 'dashed' | 'area' | 'line+area' | 'dashed+area';
  };
}

/** How cells of a table look. */
interface GrafanaTableStyle {
  readonly align: 'auto';
  readonly cellOptions: { readonly type: 'auto' };
  readonly filterable: boolean;
  readonly inspect: false;
}

/** How a heatmap is coloured and labelled. */
interface GrafanaHeatmapOptions {
  readonly calculate: false;
  readonly cellGap: number;
  readonly color: {
    readonly mode: 'scheme';
    readonly scheme: string;
    readonly steps: number;
    readonly scale: 'exponential' | 'linear';
    readonly exponent: number;
    readonly fill: string;
    readonly reverse: false;
  };
  readonly exemplars: { readonly color: string };
  readonly filterValues: { readonly le: number };
  readonly legend: { readonly show: boolean };
  readonly rowsFrame: { readonly layout: 'auto' };
  readonly showValue: 'never';
  readonly tooltip: { readonly mode: 'single'; readonly showColorScale: boolean; readonly yHistogram: true };
  readonly yAxis: { readonly axisPlacement: 'left'; readonly reverse: false; readonly unit: string };
}

interface Reducing {
  readonly orientation: 'auto' | 'horizontal' | 'vertical';
  readonly reduceOptions: GrafanaReduceOptions;
}

interface NoStyle {
  readonly custom?: never;
}

/** Options and style by the type of panel. */
export interface GrafanaPanelOptions {
  readonly timeseries: {
    readonly options: { readonly legend: GrafanaLegend; readonly tooltip: GrafanaTooltip };
    readonly custom: GrafanaTimeseriesStyle;
  };
  readonly stat: NoStyle & {
    readonly options: Reducing & {
      readonly colorMode: 'value' | 'background' | 'none';
      readonly graphMode: 'area' | 'none';
      readonly justifyMode: 'auto';
      readonly percentChangeColorMode: 'standard';
      readonly showPercentChange: false;
      readonly textMode: 'auto' | 'value' | 'value_and_name' | 'name' | 'none';
      readonly wideLayout: true;
    };
  };
  readonly gauge: NoStyle & {
    readonly options: Reducing & {
      readonly minVizHeight: number;
      readonly minVizWidth: number;
      readonly showThresholdLabels: false;
      readonly showThresholdMarkers: boolean;
      readonly sizing: 'auto';
    };
  };
  readonly bargauge: NoStyle & {
    readonly options: Reducing & {
      readonly displayMode: 'gradient' | 'lcd' | 'basic';
      readonly legend: GrafanaLegend;
      readonly maxVizHeight: number;
      readonly minVizHeight: number;
      readonly minVizWidth: number;
      readonly namePlacement: 'auto';
      readonly showUnfilled: boolean;
      readonly sizing: 'auto';
      readonly valueMode: 'color' | 'text' | 'hidden';
    };
  };
  readonly table: {
    readonly options: {
      readonly cellHeight: 'sm';
      readonly frameIndex: 0;
      readonly showHeader: true;
      readonly sortBy?: readonly { readonly displayName: string; readonly desc: boolean }[];
    };
    readonly custom: GrafanaTableStyle;
  };
  readonly heatmap: {
    readonly options: GrafanaHeatmapOptions;
    readonly custom: { readonly scaleDistribution: { readonly type: 'linear' } };
  };
  readonly histogram: {
    readonly options: {
      readonly bucketCount?: number;
      readonly bucketSize?: number;
      readonly combine: boolean;
      readonly legend: GrafanaLegend;
      readonly tooltip: GrafanaTooltip;
    };
    readonly custom: {
      readonly fillOpacity: number;
      readonly gradientMode: 'none';
      readonly lineWidth: number;
    };
  };
  readonly piechart: NoStyle & {
    readonly options: Reducing & {
      readonly displayLabels: readonly ('name' | 'value' | 'percent')[];
      readonly legend: Omit<GrafanaLegend, 'calcs'> & {
        readonly calcs: readonly [];
        readonly values: readonly ('value' | 'percent')[];
      };
      readonly pieType: 'pie' | 'donut';
      readonly sort: 'desc';
      readonly tooltip: GrafanaTooltip;
    };
  };
  readonly 'state-timeline': {
    readonly options: {
      readonly alignValue: 'left';
      readonly legend: GrafanaLegend;
      readonly mergeValues: boolean;
      readonly rowHeight: number;
      readonly showValue: 'auto' | 'always' | 'never';
      readonly tooltip: GrafanaTooltip;
    };
    readonly custom: { readonly fillOpacity: number; readonly lineWidth: number };
  };
  readonly text: NoStyle & {
    readonly options: { readonly content: string; readonly mode: 'markdown' | 'html' | 'code' };
  };
}
