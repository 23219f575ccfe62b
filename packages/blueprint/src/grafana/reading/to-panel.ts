/** One panel of the classic model in the words of ours, and in `rest` what they do not say. */
import type { JsonObject as Rest } from '../../dashboard/json.ts';
import type { OtherPanel } from '../../dashboard/other.ts';
import type { Panel, PanelCommon, PanelFrame, PanelPlace, Repeat } from '../../dashboard/panel.ts';
import { lettersOf, type Query } from '../../dashboard/query.ts';
import type { PanelQuery } from '../inventory.ts';
import type { GrafanaDatasource, GrafanaPanel } from '../json.ts';
import { renderPanel } from '../panel.ts';
import type { ClassicPanel, ClassicTarget } from './classic.ts';
import { isObject, type JsonObject, type JsonValue, listOf, objectOf, objectsOf, textOf } from './json.ts';
import { filledFrom, overlayOf, withOverlay } from './overlay.ts';
import { calcsOf, fieldSettings, linksOf } from './to-field.ts';

/** What is read, and around it what its rendering depends on. */
export interface PanelToRead {
  /** Where the row's panels begin: places count from there. */
  readonly top: number;
  /** Who answers where nothing else is said. */
  readonly datasource: GrafanaDatasource;
  /** The queries of the panel, as the inventory has them. */
  readonly queries: readonly PanelQuery[];
}

/** Reads one panel; what stands in a row's `panels` is not its business. */
export function toPanel(json: ClassicPanel, around: PanelToRead): Panel {
  const wanted = filledFrom(json, usualOf(json, around));
  const place = placeOf(json, around.top);
  const frame = frameOf(wanted, json.id, place);
  const queries = (json.targets ?? []).map((target, i) => toQuery(target, i, wanted, around));
  const panel = ofKind(wanted, { ...frame, queries });
  const gridPos = { ...place, y: around.top + place.y };
  const rendered = renderPanel(panel, { id: json.id, gridPos, datasource: around.datasource });
  return withOverlay(panel, overlayOf(rendered, wanted));
}

function placeOf({ gridPos }: ClassicPanel, top: number): PanelPlace {
  return { x: gridPos.x, y: gridPos.y - top, w: gridPos.w, h: gridPos.h };
}

function frameOf(json: JsonObject, id: number, place: PanelPlace): Omit<PanelFrame, 'queries'> {
  const { title, description, repeat, repeatDirection, maxPerRow, transparent } = json;
  const links = linksOf(json.links);
  const repeated: Repeat | undefined =
    typeof repeat === 'string' && repeat !== ''
      ? {
          variable: repeat,
          direction: repeatDirection === 'v' ? 'v' : 'h',
          ...(typeof maxPerRow === 'number' && { maxPerRow }),
        }
      : undefined;
  return {
    title: textOf(title) ?? '',
    ...(typeof description === 'string' && { description }),
    ...(links !== undefined && { links }),
    ...(repeated !== undefined && { repeat: repeated }),
    ...(typeof transparent === 'boolean' && { transparent }),
    id,
    place,
  };
}

/** A query of Prometheus in words; one in another language as its JSON, with no expression of ours. */
function toQuery(
  target: ClassicTarget,
  index: number,
  panel: JsonObject,
  { queries, datasource }: PanelToRead,
): Query {
  // Grafana's letters are ours unless the file has others; one other letter names them all.
  const usual = lettersOf(queries.map(({ expr }) => ({ expr, legend: '', instant: false })));
  const isUsual = queries.every(({ refId }, i) => refId === usual[i]);
  const named = isUsual ? {} : { refId: target.refId };
  const wanted = answered(target, panel);
  const isOurs =
    queries[index]?.language === 'promql' && typeof target.expr === 'string' && target.expr !== '';
  const base = { expr: '', legend: '', instant: false, ...named };
  if (!isOurs) {
    const { refId, ...rest } = wanted;
    return { ...base, rest: rest as Rest };
  }
  const { expr, legendFormat, format, hide, interval, exemplar } = target;
  const query: Query = {
    ...base,
    expr: textOf(expr) ?? '',
    legend: typeof legendFormat === 'string' && legendFormat !== '__auto' ? legendFormat : '',
    instant: target.instant === true && target.range !== true,
    ...((format === 'table' || format === 'heatmap') && { format }),
    ...(typeof hide === 'boolean' && { hidden: hide }),
    ...(typeof interval === 'string' && interval !== '' && { minStep: interval }),
    ...(typeof exemplar === 'boolean' && { exemplars: exemplar }),
  };
  return withOverlay(query, overlayOf(renderedTarget(query, target.refId, datasource), wanted));
}

/** A query without a data source of its own asks that of its panel. */
function answered(target: ClassicTarget, { datasource }: JsonObject): JsonObject {
  const fromPanel = datasource !== undefined && objectOf(datasource).uid !== '-- Mixed --';
  return target.datasource === undefined && fromPanel ? { ...target, datasource } : target;
}

/** What a query renders to, asked of the renderer itself. */
function renderedTarget(query: Query, refId: string, datasource: GrafanaDatasource): unknown {
  const panel: OtherPanel = { type: 'other', kind: '', title: '', json: {}, queries: [{ ...query, refId }] };
  const gridPos = { h: 1, w: 1, x: 0, y: 0 };
  const rendered: GrafanaPanel = renderPanel(panel, { id: 1, gridPos, datasource });
  return 'targets' in rendered ? rendered.targets[0] : undefined;
}

/** What Grafana takes for granted where a file is silent, and the renderer would say otherwise. */
const USUAL: ReadonlyMap<string, JsonObject> = new Map<string, JsonObject>([
  [
    'timeseries',
    {
      fieldConfig: { defaults: { custom: { lineWidth: 1, pointSize: 5 } } },
      options: { tooltip: { mode: 'single', sort: 'none' } },
    },
  ],
  ['gauge', { fieldConfig: { defaults: { min: null, max: null } } }],
  ['bargauge', { fieldConfig: { defaults: { min: null } } }],
  ['heatmap', { options: { tooltip: { mode: 'single', showColorScale: false, yHistogram: false } } }],
  ['histogram', { options: { tooltip: { mode: 'single', sort: 'none' } } }],
  ['state-timeline', { options: { tooltip: { mode: 'single', sort: 'none' } } }],
]);

function usualOf(json: ClassicPanel, { datasource: { uid }, queries }: PanelToRead): JsonObject {
  const isChosen = /^\$\{?datasource\}?$/.test(uid);
  const isOurs = queries.every(({ language }) => language === 'promql');
  // The default data source is none that the dashboard names, and need not be a Prometheus; nor need one that is named.
  const isNamed = isObject(json.datasource) && json.datasource.type === undefined && !isOurs;
  const isDefault = queries.length > 0 && !(isChosen && isOurs);
  const asks = isNamed ? { datasource: { type: null } } : isDefault ? { datasource: null } : {};
  if (!KINDS.has(json.type)) return asks;
  return filledFrom(
    {
      ...asks,
      fieldConfig: {
        defaults: {
          unit: 'none',
          thresholds: {
            mode: 'absolute',
            steps: [
              { color: 'green', value: null },
              { color: 'red', value: 80 },
            ],
          },
        },
      },
    },
    USUAL.get(json.type) ?? {},
  );
}

const KINDS: ReadonlySet<string> = new Set([
  'timeseries',
  'stat',
  'gauge',
  'bargauge',
  'table',
  'heatmap',
  'histogram',
  'piechart',
  'state-timeline',
]);

/** The kind's own settings. */
function ofKind(json: JsonObject, frame: PanelFrame): Panel {
  const type = textOf(json.type) ?? '';
  const options = objectOf(json.options);
  if (type === 'text') {
    const mode = oneOf(options.mode, ['markdown', 'html', 'code'], 'markdown');
    if (frame.queries.length === 0)
      return { ...frame, type, content: textOf(options.content) ?? '', mode, queries: [] };
  }
  if (!KINDS.has(type)) return otherPanel(json, type, frame);
  const fieldConfig = objectOf(json.fieldConfig);
  const defaults = objectOf(fieldConfig.defaults);
  const custom = objectOf(defaults.custom);
  const transformations = objectsOf(json.transformations);
  const common: PanelCommon = {
    ...fieldSettings(defaults, fieldConfig.overrides),
    ...frame,
    ...(transformations.length > 0 && { transformations: transformations as readonly Rest[] }),
  };
  const reduce = objectOf(options.reduceOptions);
  const calc = calcsOf(reduce.calcs)[0] ?? 'lastNotNull';
  const legend = legendOf(options);
  switch (type) {
    case 'timeseries':
      return {
        ...common,
        ...legend,
        type,
        stack: oneOf(objectOf(custom.stacking).mode, ['none', 'normal', 'percent'], 'none'),
        fill: numberOr(custom.fillOpacity, 0),
        draw: oneOf(custom.drawStyle, ['line', 'bars', 'points'], 'line'),
        interpolation: oneOf(
          custom.lineInterpolation,
          ['linear', 'smooth', 'stepBefore', 'stepAfter'],
          'linear',
        ),
        thresholdStyle: oneOf(
          objectOf(custom.thresholdsStyle).mode,
          ['off', 'line', 'dashed', 'area', 'line+area', 'dashed+area'],
          'off',
        ),
        logarithmic: objectOf(custom.scaleDistribution).type === 'log',
        spanGaps: custom.spanNulls === true,
        axisLabel: textOf(custom.axisLabel) ?? '',
      };
    case 'stat':
      return {
        ...common,
        type,
        calc,
        graph: oneOf(options.graphMode, ['area', 'none'], 'area'),
        colorMode: oneOf(options.colorMode, ['value', 'background', 'none'], 'value'),
        textMode: oneOf(options.textMode, ['auto', 'value', 'value_and_name', 'name', 'none'], 'auto'),
      };
    case 'gauge':
      return {
        ...common,
        type,
        calc,
        min: common.min ?? 0,
        max: common.max ?? 100,
        markers: options.showThresholdMarkers !== false,
      };
    case 'bargauge':
      return {
        ...common,
        type,
        calc,
        min: common.min ?? 0,
        orientation: oneOf(options.orientation, ['horizontal', 'vertical', 'auto'], 'auto'),
        display: oneOf(options.displayMode, ['gradient', 'lcd', 'basic'], 'gradient'),
        unfilled: options.showUnfilled !== false,
        valueMode: oneOf(options.valueMode, ['color', 'text', 'hidden'], 'color'),
      };
    case 'table': {
      const [first] = listOf(options.sortBy).length === 1 ? objectsOf(options.sortBy) : [];
      return {
        ...common,
        type,
        ...(typeof first?.displayName === 'string' && {
          sortBy: { column: first.displayName, descending: first.desc === true },
        }),
        filterable: custom.filterable === true,
        organize: false,
      };
    }
    case 'heatmap': {
      const color = objectOf(options.color);
      return {
        ...common,
        type,
        unit: textOf(objectOf(options.yAxis).unit) ?? 'none',
        scheme: textOf(color.scheme) ?? 'Oranges',
        steps: numberOr(color.steps, 64),
        scale: oneOf(color.scale, ['exponential', 'linear'], 'exponential'),
        colorScale: objectOf(options.legend).show !== false,
        hideBelow: numberOr(objectOf(options.filterValues).le, 1e-9),
      };
    }
    case 'histogram': {
      const { bucketSize, bucketCount } = options;
      return {
        ...common,
        ...legend,
        type,
        ...(typeof bucketSize === 'number' && { bucketSize }),
        ...(typeof bucketCount === 'number' && { bucketCount }),
        combine: options.combine === true,
        fill: numberOr(custom.fillOpacity, 80),
      };
    }
    case 'piechart': {
      const pieLegend = objectOf(options.legend);
      return {
        ...common,
        type,
        calc,
        shape: oneOf(options.pieType, ['donut', 'pie'], 'pie'),
        labels: allOf(options.displayLabels, ['name', 'value', 'percent']),
        legendValues: allOf(pieLegend.values, ['value', 'percent']),
        legendPlacement: placementOf(pieLegend),
      };
    }
    default:
      return {
        ...common,
        ...legend,
        type: 'state-timeline',
        values: oneOf(options.showValue, ['auto', 'always', 'never'], 'auto'),
        merge: options.mergeValues !== false,
        bandHeight: numberOr(options.rowHeight, 0.9),
        fill: numberOr(custom.fillOpacity, 70),
      };
  }
}

/** A panel of any other kind: its queries are seen, the rest is its JSON. */
function otherPanel(json: JsonObject, kind: string, frame: PanelFrame): OtherPanel {
  const { id, type, title, description, gridPos, targets, datasource, ...own } = json;
  const silent = frame.queries.length === 0 && { ...(datasource !== undefined && { datasource }) };
  return { ...frame, type: 'other', kind, json: { ...own, ...silent } as Rest };
}

/** What charts say of their legend and of what shows on hover. */
function legendOf(options: JsonObject) {
  const legend = objectOf(options.legend);
  return {
    calcs: calcsOf(legend.calcs),
    legendPlacement: placementOf(legend),
    tooltip: oneOf(objectOf(options.tooltip).mode, ['single', 'multi', 'none'], 'single'),
  } as const;
}

function placementOf(legend: JsonObject): 'bottom' | 'right' | 'hidden' {
  if (legend.showLegend === false) return 'hidden';
  return legend.placement === 'right' ? 'right' : 'bottom';
}

function oneOf<Name extends string>(
  value: JsonValue | undefined,
  names: readonly Name[],
  otherwise: Name,
): Name {
  return names.find((name) => name === value) ?? otherwise;
}

/** The names of a list, if all of them are known. */
function allOf<Name extends string>(value: JsonValue | undefined, names: readonly Name[]): readonly Name[] {
  const list = listOf(value);
  return list.every((item): item is Name => names.some((name) => name === item)) ? list : [];
}

function numberOr(value: JsonValue | undefined, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}
