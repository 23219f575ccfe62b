/**
 * Any dashboard JSON of Grafana as a dashboard of the model, losing nothing.
 *
 * The JSON is normalized first. Each part of it (a query, a panel, a variable, a link) is then put into the words
 * of the model; its rendering is compared with the JSON, and what the words do not say goes into the part's `rest`,
 * which is laid over the rendering ever after. Ids and places of panels are kept. Panels above the first row, and
 * such as stand behind a closed one, are in a row without a heading.
 */
import type { Annotation } from '../dashboard/annotation.ts';
import { type Dashboard, dashboard as define, type Row } from '../dashboard/dashboard.ts';
import type { DashboardLink } from '../dashboard/link.ts';
import { type DashboardQuery, type InventoryPanel, inventory } from './inventory.ts';
import type { GrafanaDatasource } from './json.ts';
import { type NormalizedDashboard, normalizeDashboard } from './normalize.ts';
import type { ClassicAnnotation, ClassicDashboard, ClassicPanel } from './reading/classic.ts';
import { isObject, type JsonObject, listOf, objectOf, textOf } from './reading/json.ts';
import type { Note } from './reading/note.ts';
import { overlayOf, withOverlay } from './reading/overlay.ts';
import { colorOf } from './reading/to-field.ts';
import { toPanel } from './reading/to-panel.ts';
import { toVariable } from './reading/to-variable.ts';
import { DATASOURCE, renderGrafana } from './render.ts';

/** A dashboard of the model, and what was changed on the way. */
export interface ReadDashboard {
  readonly dashboard: Dashboard;
  /** What normalizing changed, then what rendering has in another place: `to` is a pointer into the rendering. */
  readonly notes: readonly Note[];
}

/**
 * Reads any dashboard JSON into the model.
 * @throws DashboardFormatError where it is none that Grafana could load
 */
export function readGrafana(json: unknown): ReadDashboard {
  const normalized = normalizeDashboard(json);
  const { dashboard } = normalized;
  const found = inventory(normalized);
  const dataSource = dataSourceOf(dashboard, found.queries);
  const datasource: GrafanaDatasource =
    dataSource === undefined ? DATASOURCE : { type: 'prometheus', uid: dataSource };
  const links = listOf(dashboard.links);
  const time = objectOf(dashboard.time);
  const { title } = dashboard;
  const read: Dashboard = {
    title,
    uid: textOf(dashboard.uid) ?? define({ title }).uid,
    description: textOf(dashboard.description) ?? '',
    tags: listOf(dashboard.tags).filter((tag) => typeof tag === 'string'),
    refresh: textOf(dashboard.refresh) ?? '',
    // Where a file is silent: what Grafana takes for granted.
    time: { from: textOf(time.from) ?? 'now-6h', to: textOf(time.to) ?? 'now' },
    timezone: textOf(dashboard.timezone) ?? '',
    pointer: POINTERS[Number(dashboard.graphTooltip ?? 0)] ?? 'single',
    rows: new Rows(datasource, found.panels).read(dashboard.panels),
    variables: found.variables.map((variable) => toVariable(variable, datasource)),
    links: links.every(isObject) ? links.map(toLink) : [],
    annotations: dashboard.annotations.list.map((annotation) => toAnnotation(annotation, datasource)),
    ...(dataSource !== undefined && { dataSource }),
  };
  return {
    dashboard: withOverlay(read, restOf(read, dashboard)),
    notes: [...normalized.notes, ...movedVariables(read, normalized)],
  };
}

const POINTERS = ['single', 'line', 'values'] as const;

/** What is said of the dashboard as a whole; its parts have their own. A file that does not say it can be edited. */
function restOf(read: Dashboard, { panels, templating, annotations, links, ...own }: ClassicDashboard) {
  const { list: _variables, ...templatingOwn } = templating;
  const { list: _annotations, ...annotationsOwn } = annotations;
  const wanted: JsonObject = {
    editable: true,
    ...own,
    ...(Object.keys(templatingOwn).length > 0 && { templating: templatingOwn }),
    ...(Object.keys(annotationsOwn).length > 0 && { annotations: annotationsOwn }),
    ...(links !== undefined && { links }),
  };
  return overlayOf(renderGrafana({ ...read, rows: [] }), wanted);
}

/** The data source that most of the dashboard asks; undefined for the one that its reader chooses. */
function dataSourceOf(dashboard: ClassicDashboard, queries: readonly DashboardQuery[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { datasource, language } of queries) {
    const { type, uid } = datasource;
    // A mere name that is asked in PromQL is taken for a Prometheus.
    const isOurs = type === 'prometheus' || (type === undefined && language === 'promql');
    if (isOurs && uid !== undefined) counts.set(uid, (counts.get(uid) ?? 0) + 1);
  }
  let most: string | undefined;
  for (const [uid, count] of counts) if (count > (counts.get(most ?? '') ?? 0)) most = uid;
  const declared = dashboard.templating.list.find(({ type }) => type === 'datasource');
  if (most !== undefined) return most === DATASOURCE.uid ? undefined : most;
  // Nothing names one: an own variable still is the one to choose from.
  return declared?.query === 'prometheus' && declared.name !== 'datasource'
    ? `\${${declared.name}}`
    : undefined;
}

/** The variable that a dashboard gets when it has none to choose the data source by stands in front. */
function movedVariables(read: Dashboard, { source }: NormalizedDashboard): Note[] {
  const isAdded = read.dataSource === undefined && !read.variables.some(({ name }) => name === 'datasource');
  if (!isAdded) return [];
  const added: Note = {
    code: 'datasource',
    message: 'the reader chooses the data source',
    from: source(''),
    to: '/templating/list/0',
    was: undefined,
    became: 'datasource',
  };
  const moved = read.variables.map(
    ({ name }, i): Note => ({
      code: 'datasource',
      message: `the variable ${name} stands behind that of the data source`,
      from: source(`/templating/list/${i}`),
      to: `/templating/list/${i + 1}`,
      was: name,
      became: name,
    }),
  );
  return [added, ...moved];
}

/** Rows of the model, laid out as the renderer lays them out, so that each panel's place can count from its row. */
class Rows {
  readonly #datasource: GrafanaDatasource;
  readonly #found: ReadonlyMap<ClassicPanel, InventoryPanel>;
  readonly #rows: Row[] = [];
  #y = 0;

  constructor(datasource: GrafanaDatasource, found: readonly InventoryPanel[]) {
    this.#datasource = datasource;
    this.#found = new Map(found.map((panel) => [panel.json, panel]));
  }

  read(panels: readonly ClassicPanel[]): readonly Row[] {
    let heading: ClassicPanel | undefined;
    let under: ClassicPanel[] = [];
    for (const panel of panels) {
      const isRow = panel.type === 'row';
      // Nothing stands under a closed row but what is in it.
      if (!isRow && heading?.collapsed !== true) {
        under.push(panel);
        continue;
      }
      this.#end(heading, under);
      heading = isRow ? panel : undefined;
      under = isRow ? [] : [panel];
    }
    this.#end(heading, under);
    return this.#rows;
  }

  #end(heading: ClassicPanel | undefined, under: readonly ClassicPanel[]): void {
    const isClosed = heading?.collapsed === true;
    const inside = isClosed ? (heading.panels ?? []) : under;
    if (heading === undefined && inside.length === 0) return;
    const y = this.#y;
    const top = heading === undefined ? y : y + 1;
    const panels = inside.map((json) =>
      toPanel(json, {
        top,
        datasource: this.#datasource,
        queries: this.#found.get(json)?.queries ?? [],
      }),
    );
    this.#rows.push(
      heading === undefined
        ? { title: '', panels, collapsed: false, headless: true }
        : { ...toHeading(heading, y), panels },
    );
    this.#y = isClosed ? top : Math.max(top, ...inside.map(({ gridPos }) => gridPos.y + gridPos.h));
  }
}

/** The heading of a row, whose panels are read apart from it. */
function toHeading({ panels: _, ...json }: ClassicPanel, y: number): Row {
  const row: Row = {
    title: json.title,
    panels: [],
    collapsed: json.collapsed === true,
    id: json.id,
    ...(typeof json.repeat === 'string' && json.repeat !== '' && { repeat: json.repeat }),
  };
  const [rendered] = renderGrafana({ ...EMPTY, rows: [row] }).panels;
  return withOverlay(row, overlayOf({ ...rendered, gridPos: { h: 1, w: 24, x: 0, y } }, json));
}

/** A dashboard that says nothing: what one part of a dashboard renders to is asked of the renderer itself. */
const EMPTY: Dashboard = {
  title: '',
  uid: '',
  description: '',
  tags: [],
  refresh: '',
  time: { from: '', to: '' },
  timezone: '',
  pointer: 'single',
  rows: [],
  variables: [],
  links: [],
  annotations: [],
};

function toLink(json: JsonObject): DashboardLink {
  const common = {
    title: textOf(json.title) ?? '',
    tooltip: textOf(json.tooltip) ?? '',
    newTab: json.targetBlank === true,
    keepTime: json.keepTime === true,
    keepVariables: json.includeVars === true,
  };
  const tags = listOf(json.tags).filter((tag) => typeof tag === 'string');
  const link: DashboardLink =
    json.type === 'dashboards'
      ? { ...common, type: 'tags', tags, dropdown: json.asDropdown === true }
      : { ...common, type: 'url', url: textOf(json.url) ?? '' };
  const [rendered] = renderGrafana({ ...EMPTY, links: [link] }).links;
  return withOverlay(link, overlayOf(rendered, json));
}

function toAnnotation(json: ClassicAnnotation, datasource: GrafanaDatasource): Annotation {
  const { type } = objectOf(json.datasource);
  const isOurs = typeof json.expr === 'string' && (type === undefined || type === 'prometheus');
  const annotation: Annotation = {
    name: json.name,
    expr: isOurs ? (textOf(json.expr) ?? '') : '',
    color: colorOf(json.iconColor) ?? 'red',
    step: textOf(json.step) ?? '60s',
    title: textOf(json.titleFormat) ?? '',
    text: textOf(json.textFormat) ?? '',
    tags: (textOf(json.tagKeys) ?? '').split(',').filter((tag) => tag !== ''),
    enabled: json.enable !== false,
    hidden: json.hide === true,
  };
  const dashboard: Dashboard = {
    ...EMPTY,
    annotations: [annotation],
    ...(datasource !== DATASOURCE && { dataSource: datasource.uid }),
  };
  const [rendered] = renderGrafana(dashboard).annotations.list;
  // Without a data source it asks the default one, which is none that the dashboard names.
  const isSilent = isOurs && json.datasource === undefined && datasource !== DATASOURCE;
  const wanted: JsonObject = isSilent ? { ...json, datasource: null } : json;
  return withOverlay(annotation, overlayOf(rendered, wanted));
}
