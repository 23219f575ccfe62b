/** One panel as Grafana's JSON: what all kinds share, then each kind's own. */
import type { OtherPanel } from '../dashboard/other.ts';
import { type Panel, type PanelCommon, repeatOf } from '../dashboard/panel.ts';
import { lettersOf, type Query } from '../dashboard/query.ts';
import { type FieldUsual, fieldConfigOf, linkOf, overrideOf, overridesOf } from './field-config.ts';
import type {
  GrafanaDatasource,
  GrafanaOverride,
  GrafanaPanel,
  GrafanaTarget,
  GrafanaTransformation,
  GridPos,
} from './json.ts';
import {
  barGaugeOptions,
  gaugeOptions,
  heatmapOptions,
  histogramOptions,
  pieOptions,
  stateTimelineOptions,
  statOptions,
  timeseriesOptions,
  timeseriesStyle,
} from './panel-options.ts';
import { withRest } from './rest.ts';
import { columnOverrides, tableOptions, tableTransformations } from './table.ts';

/** Where a panel goes: its id, its place and who answers it. */
interface Placement {
  readonly id: number;
  readonly gridPos: GridPos;
  readonly datasource: GrafanaDatasource;
}

/** Renders one panel. */
export function renderPanel(panel: Panel, place: Placement): GrafanaPanel {
  return withRest(renderKnown(panel, place), panel.rest);
}

function renderKnown(panel: Panel, { id, gridPos, datasource }: Placement): GrafanaPanel {
  const frame = frameOf(panel, id, gridPos);
  if (panel.type === 'text')
    return { ...frame, type: 'text', options: { content: panel.content, mode: panel.mode } };
  const targets = targetsOf(panel.queries, datasource);
  if (panel.type === 'other') return renderOther(panel, { ...frame, datasource, targets });
  const transformations = transformationsOf(panel);
  const common = {
    ...frame,
    datasource,
    targets,
    ...(transformations.length > 0 && { transformations }),
  };
  const field = (usual: FieldUsual) => ({
    defaults: fieldConfigOf(panel, usual),
    overrides: [...unitOverrides(panel), ...overridesOf(panel)],
  });
  switch (panel.type) {
    case 'timeseries': {
      const { defaults, overrides } = field(BY_SERIES);
      const fieldConfig = { defaults: { ...defaults, custom: timeseriesStyle(panel) }, overrides };
      return { ...common, type: panel.type, fieldConfig, options: timeseriesOptions(panel) };
    }
    case 'stat':
      return {
        ...common,
        type: panel.type,
        fieldConfig: field(BY_VALUE_OR_TEXT),
        options: statOptions(panel),
      };
    case 'gauge':
      return { ...common, type: panel.type, fieldConfig: field(BY_VALUE), options: gaugeOptions(panel) };
    case 'bargauge':
      return { ...common, type: panel.type, fieldConfig: field(BY_VALUE), options: barGaugeOptions(panel) };
    case 'table': {
      const { defaults, overrides } = field(BY_VALUE_OR_TEXT);
      const custom = {
        align: 'auto',
        cellOptions: { type: 'auto' },
        filterable: panel.filterable,
        inspect: false,
      } as const;
      const fieldConfig = {
        defaults: { ...defaults, custom },
        overrides: [...columnOverrides(panel), ...overrides],
      };
      return { ...common, type: panel.type, fieldConfig, options: tableOptions(panel) };
    }
    case 'heatmap': {
      const { defaults, overrides } = field(BY_SERIES);
      const custom = { scaleDistribution: { type: 'linear' } } as const;
      // The unit is that of the buckets, which stand on the axis; in the cells are counts.
      const fieldConfig = { defaults: { ...defaults, unit: 'short', custom }, overrides };
      return { ...common, type: panel.type, fieldConfig, options: heatmapOptions(panel) };
    }
    case 'histogram': {
      const { defaults, overrides } = field(BY_SERIES);
      const custom = { fillOpacity: panel.fill, gradientMode: 'none', lineWidth: 1 } as const;
      const fieldConfig = { defaults: { ...defaults, custom }, overrides };
      return { ...common, type: panel.type, fieldConfig, options: histogramOptions(panel) };
    }
    case 'piechart':
      return { ...common, type: panel.type, fieldConfig: field(BY_SERIES), options: pieOptions(panel) };
    case 'state-timeline': {
      const { defaults, overrides } = field(BY_VALUE);
      const custom = { fillOpacity: panel.fill, lineWidth: 0 };
      const fieldConfig = { defaults: { ...defaults, custom }, overrides };
      return { ...common, type: panel.type, fieldConfig, options: stateTimelineOptions(panel) };
    }
  }
}

const BY_SERIES: FieldUsual = { color: 'palette-classic', base: 'green' };
const BY_VALUE: FieldUsual = { color: 'thresholds', base: 'green' };
const BY_VALUE_OR_TEXT: FieldUsual = { color: 'thresholds', base: 'text' };

function frameOf(panel: Panel, id: number, gridPos: GridPos) {
  const { title, description = '', links, repeat, transparent } = panel;
  const { variable, direction, maxPerRow } = repeat === undefined ? {} : repeatOf(repeat);
  return {
    id,
    title,
    description,
    gridPos,
    ...(links !== undefined && { links: links.map(linkOf) }),
    ...(variable !== undefined && { repeat: variable }),
    ...(direction !== undefined && { repeatDirection: direction }),
    ...(maxPerRow !== undefined && { maxPerRow }),
    ...(transparent !== undefined && { transparent }),
  };
}

/** What is known of the kind is a panel's frame and its queries; its JSON is under them. */
function renderOther(
  { kind, json, queries }: OtherPanel,
  frame: ReturnType<typeof frameOf> & {
    readonly datasource: GrafanaDatasource;
    readonly targets: readonly GrafanaTarget[];
  },
): GrafanaPanel {
  const { datasource, targets, ...common } = frame;
  const asking = queries.length === 0 ? {} : { datasource, targets };
  // Its options are of no kind that the types know.
  return { ...json, ...common, ...asking, type: kind } as unknown as GrafanaPanel;
}

function targetsOf(queries: readonly Query[], datasource: GrafanaDatasource): GrafanaTarget[] {
  const letters = lettersOf(queries);
  return queries.map((query, i) => withRest(targetOf(query, letters[i]!, datasource), query.rest));
}

function targetOf(query: Query, refId: string, datasource: GrafanaDatasource): GrafanaTarget {
  const { expr, legend, instant, format = 'time_series', hidden, minStep, exemplars } = query;
  // Asked in another language, in words that `rest` has.
  if (expr === '' && query.rest !== undefined) return { refId } as GrafanaTarget;
  return {
    refId,
    datasource,
    editorMode: 'code',
    expr,
    legendFormat: legend === '' ? '__auto' : legend,
    range: !instant,
    instant,
    ...(format !== 'time_series' && { format }),
    ...(hidden !== undefined && { hide: hidden }),
    ...(minStep !== undefined && { interval: minStep }),
    ...(exemplars !== undefined && { exemplar: exemplars }),
  };
}

/** Units of queries that have another than the panel. In tables, columns have them. */
function unitOverrides(panel: PanelCommon & { readonly type: string }): GrafanaOverride[] {
  if (panel.type === 'table') return [];
  const letters = lettersOf(panel.queries);
  return panel.queries.flatMap(({ unit }, i) =>
    unit === undefined ? [] : [overrideOf({ match: { query: letters[i]! }, unit })],
  );
}

function transformationsOf(panel: PanelCommon & Panel): GrafanaTransformation[] {
  if (panel.type === 'table') return tableTransformations(panel);
  return [...((panel as PanelCommon).transformations ?? [])] as unknown as GrafanaTransformation[];
}
