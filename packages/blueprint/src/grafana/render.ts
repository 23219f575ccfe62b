/**
 * A dashboard as Grafana's JSON.
 *
 * Rendering is a pure function with a fixed order of keys: the same dashboard gives the same bytes, so that a
 * diff of the file shows what changed. A panel's id is a hash of its row and title (the next free number where
 * two meet), so that a panel put in front renumbers nothing and links to a panel last.
 */
import { type Dashboard, hashOf, type Row } from '../dashboard/dashboard.ts';
import type { Variable } from '../dashboard/variable.ts';
import type {
  GrafanaDashboard,
  GrafanaDatasource,
  GrafanaPanel,
  GrafanaRow,
  GrafanaVariable,
} from './json.ts';
import { layOut } from './layout.ts';
import { renderPanel } from './panel.ts';

/** Refers to the dashboard's variable, so that the reader chooses where the data comes from. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's own placeholder, which it fills in
export const DATASOURCE: GrafanaDatasource = { type: 'prometheus', uid: '${datasource}' };

/** Ids stay readable: below this. */
const IDS = 1_000_000;

/** Renders a dashboard to Grafana's classic JSON, schema version 39. */
export function renderGrafana(dashboard: Dashboard): GrafanaDashboard {
  return {
    uid: dashboard.uid,
    title: dashboard.title,
    description: dashboard.description,
    tags: ['generated', ...dashboard.tags.filter((tag) => tag !== 'generated')],
    timezone: 'browser',
    editable: false,
    graphTooltip: 1,
    schemaVersion: 39,
    version: 1,
    refresh: dashboard.refresh,
    time: dashboard.time,
    timepicker: {},
    links: [],
    annotations: { list: [] },
    templating: { list: [DATASOURCE_VARIABLE, ...dashboard.variables.map(renderVariable)] },
    panels: renderRows(dashboard.rows),
  };
}

/** The text of the file: two spaces, a newline at the end, the same bytes every time. */
export function stringifyDashboard(dashboard: Dashboard | GrafanaDashboard): string {
  return `${JSON.stringify('rows' in dashboard ? renderGrafana(dashboard) : dashboard, null, 2)}\n`;
}

function renderRows(rows: readonly Row[]): (GrafanaPanel | GrafanaRow)[] {
  const out: (GrafanaPanel | GrafanaRow)[] = [];
  const used = new Set<number>();
  let y = 0;
  for (const { title, panels, collapsed } of rows) {
    const id = freeId(used, title);
    const gridPos = { h: 1, w: 24, x: 0, y };
    const { positions, bottom } = layOut(panels, y + 1);
    const rendered = panels.map((panel, i) =>
      renderPanel(panel, freeId(used, `${title}\n${panel.title}`), positions[i]!, DATASOURCE),
    );
    // A closed row holds its panels and takes one line only; their positions count from where it would open.
    out.push({ id, type: 'row', title, collapsed, gridPos, panels: collapsed ? rendered : [] });
    if (!collapsed) out.push(...rendered);
    y = collapsed ? y + 1 : bottom;
  }
  return out;
}

function freeId(used: Set<number>, name: string): number {
  let id = (hashOf(name) % (IDS - 1)) + 1;
  while (used.has(id)) id = (id % (IDS - 1)) + 1;
  used.add(id);
  return id;
}

const DATASOURCE_VARIABLE: GrafanaVariable = {
  type: 'datasource',
  name: 'datasource',
  label: 'Data source',
  query: 'prometheus',
  regex: '',
  hide: 0,
  current: {},
  includeAll: false,
  multi: false,
  options: [],
  refresh: 1,
};

function renderVariable(variable: Variable): GrafanaVariable {
  const { name, label } = variable;
  switch (variable.type) {
    case 'label': {
      const query = `label_values(${variable.metric}, ${variable.of})`;
      return {
        type: 'query',
        name,
        label,
        datasource: DATASOURCE,
        definition: query,
        query: { query, refId: 'StandardVariableQuery' },
        regex: '',
        hide: 0,
        current: variable.multi ? { text: 'All', value: '$__all' } : {},
        includeAll: variable.multi,
        ...(variable.multi && { allValue: '.+' }),
        multi: variable.multi,
        options: [],
        refresh: 2,
        sort: 1,
      };
    }
    case 'custom':
    case 'interval': {
      const options = variable.values.map((value, i) => ({ selected: i === 0, text: value, value }));
      const current = options[0] ?? { selected: true, text: '', value: '' };
      return {
        type: variable.type,
        name,
        label,
        query: variable.values.join(','),
        hide: 0,
        current,
        options,
      };
    }
  }
}
