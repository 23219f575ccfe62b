/**
 * Our types of Grafana's JSON against Grafana's own: the compiler is the test. Grafana's types use enums and
 * lists that may be written to; `Plain` takes an enum for its values and a list for one that is read.
 */
import type {
  Dashboard,
  DataSourceRef,
  GraphFieldConfig,
  Panel,
  RowPanel,
  SingleStatBaseOptions,
  VariableModel,
  VizLegendOptions,
  VizTooltipOptions,
} from '@grafana/schema';
import type { Options as GaugeOptions } from '@grafana/schema/dist/esm/raw/composable/gauge/panelcfg/x/GaugePanelCfg_types.gen';
import type { Options as StatOptions } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type { Options as TimeseriesOptions } from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
import { expect, test } from 'vitest';
import {
  dashboard,
  type GrafanaDashboard,
  type GrafanaPanel,
  type GrafanaRow,
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
type Defaults = GrafanaPanel['fieldConfig']['defaults'];
/** Settings that newer Grafanas require and older ones do not know; they are filled in on load. */
type NewGauge = 'barShape' | 'barWidthFactor' | 'effects' | 'segmentCount' | 'segmentSpacing' | 'shape';

export type Checked = [
  Conforms<OfType<'timeseries'>['options'], Plain<TimeseriesOptions>>,
  Conforms<OfType<'timeseries'>['options']['legend'], Plain<VizLegendOptions>>,
  Conforms<OfType<'timeseries'>['options']['tooltip'], Plain<VizTooltipOptions>>,
  Conforms<OfType<'stat'>['options'], Plain<StatOptions>>,
  Conforms<OfType<'gauge'>['options'], Plain<Omit<GaugeOptions, NewGauge>>>,
  Conforms<OfType<'gauge'>['options'], Plain<SingleStatBaseOptions>>,
  Conforms<NonNullable<Defaults['custom']>, Plain<GraphFieldConfig>>,
  Conforms<Omit<Defaults, 'custom'>, Plain<Omit<NonNullable<Panel['fieldConfig']>['defaults'], 'custom'>>>,
  Conforms<GrafanaPanel['fieldConfig']['overrides'], Plain<NonNullable<Panel['fieldConfig']>['overrides']>>,
  Conforms<
    Omit<GrafanaPanel, 'options' | 'fieldConfig' | 'targets'>,
    Plain<Omit<Panel, 'options' | 'fieldConfig' | 'targets'>>
  >,
  Conforms<Omit<GrafanaRow, 'panels'>, Plain<Omit<RowPanel, 'panels'>>>,
  Conforms<GrafanaPanel['datasource'], Plain<DataSourceRef>>,
  Conforms<
    Omit<GrafanaVariable, 'query' | 'current' | 'options'>,
    Plain<Omit<VariableModel, 'query' | 'current' | 'options'>>
  >,
  Conforms<Omit<GrafanaDashboard, 'panels' | 'templating'>, Plain<Omit<Dashboard, 'panels' | 'templating'>>>,
];

/** No key of ours may be one that Grafana does not know: a typing error would go unnoticed there. */
type Unknown<Ours, Theirs> = Exclude<keyof Ours, keyof Theirs>;
type AllKeys<T> = T extends unknown ? keyof T : never;
export const nothingUnknown: {
  readonly dashboard: Unknown<GrafanaDashboard, Dashboard>[];
  readonly panel: Exclude<AllKeys<GrafanaPanel>, keyof Panel>[];
  readonly row: Unknown<GrafanaRow, RowPanel>[];
  readonly custom: Unknown<NonNullable<Defaults['custom']>, GraphFieldConfig>[];
  readonly stat: Unknown<OfType<'stat'>['options'], StatOptions>[];
  readonly gauge: Unknown<OfType<'gauge'>['options'], GaugeOptions>[];
} = {
  dashboard: [] as never[],
  panel: [] as never[],
  row: [] as never[],
  custom: [] as never[],
  stat: [] as never[],
  gauge: [] as never[],
};

type Never<T extends never> = T;
export type NothingUnknown = [
  Never<(typeof nothingUnknown.dashboard)[number]>,
  Never<(typeof nothingUnknown.panel)[number]>,
  Never<(typeof nothingUnknown.row)[number]>,
  Never<(typeof nothingUnknown.custom)[number]>,
  Never<(typeof nothingUnknown.stat)[number]>,
  Never<(typeof nothingUnknown.gauge)[number]>,
];

test('what is rendered survives JSON unchanged, so that the types speak of the file', () => {
  const rendered = renderGrafana(dashboard({ title: 'D', rows: [] }));
  expect(JSON.parse(JSON.stringify(rendered))).toEqual(rendered);
});
