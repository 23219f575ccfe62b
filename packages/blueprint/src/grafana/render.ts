/**
 * A dashboard as Grafana's JSON.
 *
 * Rendering is a pure function with a fixed order of keys: the same dashboard gives the same bytes, so that a
 * diff of the file shows what changed. A panel's id is a hash of its row and title (the next free number where
 * two meet), so that a panel put in front renumbers nothing and links to a panel last.
 */
import type { Annotation } from '../dashboard/annotation.ts';
import { type Dashboard, hashOf, type Row } from '../dashboard/dashboard.ts';
import type { DashboardLink } from '../dashboard/link.ts';
import { GRID_COLUMNS } from '../dashboard/panel.ts';
import type { Variable } from '../dashboard/variable.ts';
import type {
  GrafanaAnnotation,
  GrafanaDashboard,
  GrafanaDashboardLink,
  GrafanaDatasource,
  GrafanaPanel,
  GrafanaRow,
  GrafanaVariable,
} from './json.ts';
import { layOut } from './layout.ts';
import { renderPanel } from './panel.ts';
import { inOrder, withRest } from './rest.ts';
import { DATASOURCE_VARIABLE, renderVariable } from './variable.ts';

/** Refers to the dashboard's variable, so that the reader chooses where the data comes from. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's own placeholder, which it fills in
export const DATASOURCE: GrafanaDatasource = { type: 'prometheus', uid: '${datasource}' };

/** Ids stay readable: below this. */
const IDS = 1_000_000;

const POINTERS = { single: 0, line: 1, values: 2 } as const;

/** Renders a dashboard to Grafana's classic JSON, schema version 39. */
export function renderGrafana(dashboard: Dashboard): GrafanaDashboard {
  const { dataSource, links, annotations, variables } = dashboard;
  const datasource: GrafanaDatasource =
    dataSource === undefined ? DATASOURCE : { type: 'prometheus', uid: dataSource };
  const rendered: GrafanaDashboard = {
    uid: dashboard.uid,
    title: dashboard.title,
    description: dashboard.description,
    tags: dashboard.tags,
    timezone: dashboard.timezone,
    editable: false,
    graphTooltip: POINTERS[dashboard.pointer],
    schemaVersion: 39,
    version: 1,
    refresh: dashboard.refresh,
    time: dashboard.time,
    timepicker: {},
    links: links.map(renderLink),
    annotations: { list: annotations.map((annotation) => renderAnnotation(annotation, datasource)) },
    templating: { list: renderVariables(variables, datasource) },
    panels: renderRows(dashboard.rows, datasource),
  };
  return inOrder(withRest(rendered, dashboard.rest));
}

/** The text of the file: two spaces, a newline at the end, the same bytes every time. */
export function stringifyDashboard(dashboard: Dashboard | GrafanaDashboard): string {
  return `${JSON.stringify('rows' in dashboard ? renderGrafana(dashboard) : dashboard, null, 2)}\n`;
}

/** The reader chooses the data source, unless the dashboard names one or brings that variable itself. */
function renderVariables(
  variables: readonly Variable[],
  datasource: GrafanaDatasource,
): readonly GrafanaVariable[] {
  const implicit = datasource === DATASOURCE && !variables.some(({ name }) => name === 'datasource');
  const rendered = variables.map((variable) => renderVariable(variable, datasource));
  return implicit ? [DATASOURCE_VARIABLE, ...rendered] : rendered;
}

function renderRows(
  rows: readonly Row[],
  datasource: GrafanaDatasource,
): readonly (GrafanaPanel | GrafanaRow)[] {
  const ids = new Ids(rows);
  const out: (GrafanaPanel | GrafanaRow)[] = [];
  let y = 0;
  for (const row of rows) {
    const { title, panels, collapsed, headless, repeat } = row;
    const top = headless ? y : y + 1;
    const rowId = headless ? 0 : ids.of(row.id, title);
    const { positions, bottom } = layOut(panels, top);
    const rendered = panels.map((panel, i) =>
      renderPanel(panel, {
        id: ids.of(panel.id, `${title}\n${panel.title}`),
        gridPos: positions[i]!,
        datasource,
      }),
    );
    // A closed row holds its panels and takes one line only; their positions count from where it would open.
    const inside = collapsed && !headless;
    if (!headless) {
      const heading: GrafanaRow = {
        id: rowId,
        type: 'row',
        title,
        collapsed,
        gridPos: { h: 1, w: GRID_COLUMNS, x: 0, y },
        panels: inside ? rendered : [],
        ...(repeat !== undefined && { repeat }),
      };
      out.push(withRest(heading, row.rest));
    }
    if (!inside) out.push(...rendered);
    y = inside ? top : bottom;
  }
  return out;
}

/** Gives out each id once. Those that were given explicitly stay. */
class Ids {
  readonly #used: Set<number>;

  constructor(rows: readonly Row[]) {
    const given = rows.flatMap(({ id, panels }) => [id, ...panels.map((panel) => panel.id)]);
    this.#used = new Set(given.filter((id) => id !== undefined));
  }

  of(given: number | undefined, name: string): number {
    if (given !== undefined) return given;
    let id = (hashOf(name) % (IDS - 1)) + 1;
    while (this.#used.has(id)) id = (id % (IDS - 1)) + 1;
    this.#used.add(id);
    return id;
  }
}

function renderLink(link: DashboardLink): GrafanaDashboardLink {
  const { title, tooltip, newTab, keepTime, keepVariables, rest } = link;
  const rendered: GrafanaDashboardLink = {
    type: link.type === 'tags' ? 'dashboards' : 'link',
    title,
    tooltip,
    icon: 'external link',
    url: link.type === 'url' ? link.url : '',
    tags: link.type === 'tags' ? link.tags : [],
    asDropdown: link.type === 'tags' && link.dropdown,
    targetBlank: newTab,
    keepTime,
    includeVars: keepVariables,
  };
  return withRest(rendered, rest);
}

function renderAnnotation(annotation: Annotation, datasource: GrafanaDatasource): GrafanaAnnotation {
  const { name, expr, color, step, title, text, tags, enabled, hidden, rest } = annotation;
  const common = { name, enable: enabled, hide: hidden, iconColor: color };
  // Asks something else than Prometheus, in words that `rest` has.
  if (expr === '') return withRest(common as GrafanaAnnotation, rest);
  const rendered: GrafanaAnnotation = {
    ...common,
    datasource,
    expr,
    step,
    titleFormat: title,
    textFormat: text,
    tagKeys: tags.join(','),
  };
  return withRest(rendered, rest);
}
