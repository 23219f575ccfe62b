/**
 * Our types of Grafana's JSON against Grafana's own: the compiler is the test. Grafana's types use enums and
 * lists that may be written to; `Plain` takes an enum for its values and a list for one that is read.
 */
import type {
  AnnotationQuery,
  Dashboard,
  DashboardLink,
  DataSourceRef,
  DataTransformerConfig,
  FieldConfig,
  GraphFieldConfig,
  MatcherConfig,
  Panel,
  RowPanel,
  SingleStatBaseOptions,
  TableFieldOptions,
  ValueMapping,
  VariableModel,
  VizLegendOptions,
  VizTooltipOptions,
} from '@grafana/schema';
import type { Options as BarGaugeOptions } from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type { Options as GaugeOptions } from '@grafana/schema/dist/esm/raw/composable/gauge/panelcfg/x/GaugePanelCfg_types.gen';
import type {
  FieldConfig as HeatmapFieldConfig,
  Options as HeatmapOptions,
} from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type {
  FieldConfig as HistogramFieldConfig,
  Options as HistogramOptions,
} from '@grafana/schema/dist/esm/raw/composable/histogram/panelcfg/x/HistogramPanelCfg_types.gen';
import type { Options as PieOptions } from '@grafana/schema/dist/esm/raw/composable/piechart/panelcfg/x/PieChartPanelCfg_types.gen';
import type { Options as StatOptions } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type {
  FieldConfig as StateTimelineFieldConfig,
  Options as StateTimelineOptions,
} from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type { Options as TableOptions } from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type { Options as TextOptions } from '@grafana/schema/dist/esm/raw/composable/text/panelcfg/x/TextPanelCfg_types.gen';
import type { Options as TimeseriesOptions } from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
import { expect, test } from 'vitest';
import {
  dashboard,
  type GrafanaAnnotation,
  type GrafanaDashboard,
  type GrafanaDashboardLink,
  type GrafanaPanel,
  type GrafanaRow,
  type GrafanaTarget,
  type GrafanaVariable,
  renderGrafana,
} from '../dist/index.js';

type Plain<T> = T extends string
  ? `${T}`
  : T extends number
    ? `${T}` extends `${infer N extends number}`
      ? N
      : number
    : T extends readonly (infer Item)[]
      ? readonly Plain<Item>[]
      : T extends object
        ? { readonly [Key in keyof T]: Plain<T[Key]> }
        : T;

/** Compiles only when every value of `Ours` is one of Grafana's. */
type Conforms<Ours extends Theirs, Theirs> = Ours;
type OfType<Type extends string> = Extract<GrafanaPanel, { readonly type: Type }>;
type Valued = Extract<GrafanaPanel, { readonly fieldConfig: unknown }>;
type OptionsOf<Type extends string> = OfType<Type>['options'];
type StyleOf<Type extends string> = NonNullable<
  Extract<Valued, { readonly type: Type }>['fieldConfig']['defaults']['custom']
>;
type Defaults = Valued['fieldConfig']['defaults'];
type Override = Valued['fieldConfig']['overrides'][number];
type Transformation = NonNullable<Valued['transformations']>[number];

/** Settings that newer Grafanas require and older ones do not know; they are filled in on load. */
type NewGauge = 'barShape' | 'barWidthFactor' | 'effects' | 'segmentCount' | 'segmentSpacing' | 'shape';
/** What Grafana's types of panels leave to each kind. */
type Kind = 'options' | 'fieldConfig' | 'targets' | 'links' | 'transformations';

export type Checked = [
  Conforms<OptionsOf<'timeseries'>, Plain<TimeseriesOptions>>,
  Conforms<OptionsOf<'timeseries'>['legend'], Plain<VizLegendOptions>>,
  Conforms<OptionsOf<'timeseries'>['tooltip'], Plain<VizTooltipOptions>>,
  Conforms<StyleOf<'timeseries'>, Plain<GraphFieldConfig>>,
  Conforms<OptionsOf<'stat'>, Plain<StatOptions>>,
  Conforms<OptionsOf<'gauge'>, Plain<Omit<GaugeOptions, NewGauge>>>,
  Conforms<OptionsOf<'gauge'>, Plain<SingleStatBaseOptions>>,
  Conforms<OptionsOf<'bargauge'>, Plain<BarGaugeOptions>>,
  Conforms<OptionsOf<'table'>, Plain<TableOptions>>,
  Conforms<StyleOf<'table'>, Plain<TableFieldOptions>>,
  Conforms<OptionsOf<'heatmap'>, Plain<HeatmapOptions>>,
  Conforms<StyleOf<'heatmap'>, Plain<HeatmapFieldConfig>>,
  Conforms<OptionsOf<'histogram'>, Plain<HistogramOptions>>,
  Conforms<StyleOf<'histogram'>, Plain<HistogramFieldConfig>>,
  Conforms<OptionsOf<'piechart'>, Plain<PieOptions>>,
  Conforms<OptionsOf<'state-timeline'>, Plain<StateTimelineOptions>>,
  Conforms<StyleOf<'state-timeline'>, Plain<StateTimelineFieldConfig>>,
  Conforms<OptionsOf<'text'>, Plain<TextOptions>>,
  Conforms<Omit<Defaults, 'custom' | 'mappings'>, Plain<Omit<FieldConfig, 'custom' | 'mappings'>>>,
  Conforms<Defaults['mappings'][number], Plain<ValueMapping>>,
  Conforms<Override['matcher'], Plain<MatcherConfig<unknown>>>,
  Conforms<Transformation, Plain<DataTransformerConfig<unknown>>>,
  Conforms<Omit<GrafanaPanel, Kind>, Plain<Omit<Panel, Kind>>>,
  Conforms<Omit<GrafanaRow, 'panels'>, Plain<Omit<RowPanel, 'panels'>>>,
  Conforms<GrafanaTarget['datasource'], Plain<DataSourceRef>>,
  Conforms<
    Omit<GrafanaVariable, 'query' | 'current' | 'options'>,
    Plain<Omit<VariableModel, 'query' | 'current' | 'options'>>
  >,
  Conforms<GrafanaAnnotation, Plain<Omit<AnnotationQuery, 'target' | 'filter'>>>,
  Conforms<GrafanaDashboardLink, Plain<DashboardLink>>,
  Conforms<
    Omit<GrafanaDashboard, 'panels' | 'templating' | 'annotations' | 'links'>,
    Plain<Omit<Dashboard, 'panels' | 'templating' | 'annotations' | 'links'>>
  >,
];

/** No key of ours may be one that Grafana does not know: a typing error would go unnoticed there. */
type Unknown<Ours, Theirs> = Exclude<AllKeys<Ours>, AllKeys<Theirs>>;
type AllKeys<T> = T extends unknown ? keyof T : never;
type Never<T extends never> = T;
export type NothingUnknown = [
  Never<Unknown<GrafanaDashboard, Dashboard>>,
  Never<Unknown<GrafanaPanel, Panel>>,
  Never<Unknown<GrafanaRow, RowPanel>>,
  Never<Unknown<Omit<Defaults, 'custom'>, FieldConfig>>,
  Never<Unknown<Override['matcher'], MatcherConfig>>,
  Never<Unknown<OptionsOf<'timeseries'>, TimeseriesOptions>>,
  Never<Unknown<StyleOf<'timeseries'>, GraphFieldConfig>>,
  Never<Unknown<OptionsOf<'stat'>, StatOptions>>,
  Never<Unknown<OptionsOf<'gauge'>, GaugeOptions>>,
  Never<Unknown<OptionsOf<'bargauge'>, BarGaugeOptions>>,
  Never<Unknown<OptionsOf<'table'>, TableOptions>>,
  Never<Unknown<StyleOf<'table'>, TableFieldOptions>>,
  Never<Unknown<OptionsOf<'heatmap'>, HeatmapOptions>>,
  Never<Unknown<OptionsOf<'heatmap'>['color'], HeatmapOptions['color']>>,
  Never<Unknown<OptionsOf<'heatmap'>['tooltip'], HeatmapOptions['tooltip']>>,
  Never<Unknown<OptionsOf<'heatmap'>['yAxis'], HeatmapOptions['yAxis']>>,
  Never<Unknown<StyleOf<'heatmap'>, HeatmapFieldConfig>>,
  Never<Unknown<OptionsOf<'histogram'>, HistogramOptions>>,
  Never<Unknown<StyleOf<'histogram'>, HistogramFieldConfig>>,
  Never<Unknown<OptionsOf<'piechart'>, PieOptions>>,
  Never<Unknown<OptionsOf<'piechart'>['legend'], PieOptions['legend']>>,
  Never<Unknown<OptionsOf<'state-timeline'>, StateTimelineOptions>>,
  Never<Unknown<StyleOf<'state-timeline'>, StateTimelineFieldConfig>>,
  Never<Unknown<OptionsOf<'text'>, TextOptions>>,
  // What the intervals and annotations of the classic model have beyond these types.
  Never<Exclude<Unknown<GrafanaVariable, VariableModel>, 'auto' | 'auto_count' | 'auto_min' | 'definition'>>,
  Never<
    Exclude<
      Unknown<GrafanaAnnotation, AnnotationQuery>,
      'expr' | 'step' | 'titleFormat' | 'textFormat' | 'tagKeys'
    >
  >,
  Never<Unknown<GrafanaDashboardLink, DashboardLink>>,
];

test('what is rendered survives JSON unchanged, so that the types speak of the file', () => {
  const rendered = renderGrafana(dashboard({ title: 'D', rows: [] }));
  expect(JSON.parse(JSON.stringify(rendered))).toEqual(rendered);
});
