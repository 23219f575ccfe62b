/**
 * Dashboards as values: one question each, rows that follow the flow of the work, panels in reading order.
 *
 * Defining a dashboard is what checks it: every expression is parsed, every variable must be declared, and no
 * two panels of one row share a title, because a panel's identity is its row and its title.
 */
import { DefinitionError } from './definition-error.ts';
import type { Panel } from './panel.ts';
import { checkExpression } from './query.ts';
import type { Variable } from './variable.ts';

/** A heading and the panels below it. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly collapsed: boolean;
}

/** How a row may differ from the usual. */
export interface RowSpec {
  /** Starts closed. */
  readonly collapsed?: boolean;
}

/** What the author of a dashboard writes. */
export interface DashboardSpec {
  readonly title: string;
  /** What links and provisioning know it by, at most 40 of `a-z A-Z 0-9 - _`; made from the title if absent. */
  readonly uid?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  /** How often it asks again, such as `10s`; empty for never. Default `10s`. */
  readonly refresh?: string;
  /** The range that it opens with. Default the last hour. */
  readonly time?: { readonly from: string; readonly to: string };
  readonly rows: readonly Row[];
  readonly variables?: readonly Variable[];
}

/** A checked dashboard. */
export interface Dashboard extends Required<DashboardSpec> {}

/** A heading and the panels below it. */
export function row(title: string, panels: readonly Panel[], { collapsed = false }: RowSpec = {}): Row {
  return { title, panels, collapsed };
}

/**
 * Defines a dashboard and checks all of it.
 * @throws DefinitionError naming the panel, and for an expression the place
 */
export function dashboard(spec: DashboardSpec): Dashboard {
  const uid = spec.uid ?? uidOf(spec.title);
  const where = `dashboard ${JSON.stringify(spec.title)}`;
  if (spec.title.trim() === '') throw new DefinitionError('a dashboard has no title');
  if (!/^[\w-]{1,40}$/.test(uid))
    throw new DefinitionError(`${where}: uid ${JSON.stringify(uid)} is not 1 to 40 of a-z A-Z 0-9 - _`);
  const refresh = spec.refresh ?? '10s';
  if (!/^(\d+(ms|[smhd]))?$/.test(refresh))
    throw new DefinitionError(`${where}: refresh ${JSON.stringify(refresh)} is not a duration such as 10s`);
  const variables = spec.variables ?? [];
  checkVariables(where, variables);
  for (const { title, panels } of spec.rows) checkRow(title, panels, variables);
  return {
    title: spec.title,
    uid,
    description: spec.description ?? '',
    tags: spec.tags ?? [],
    refresh,
    time: spec.time ?? { from: 'now-1h', to: 'now' },
    rows: spec.rows,
    variables,
  };
}

function checkVariables(where: string, variables: readonly Variable[]): void {
  const seen = new Set(['datasource']);
  for (const { name } of variables) {
    if (!/^[a-zA-Z]\w*$/.test(name))
      throw new DefinitionError(
        `${where}: variable ${JSON.stringify(name)} is not a letter, then letters, digits, _`,
      );
    if (seen.has(name))
      throw new DefinitionError(`${where}: variable ${JSON.stringify(name)} is there twice`);
    seen.add(name);
  }
}

function checkRow(rowTitle: string, panels: readonly Panel[], variables: readonly Variable[]): void {
  const seen = new Set<string>();
  for (const panel of panels) {
    const where = `panel ${JSON.stringify(`${rowTitle} / ${panel.title}`)}`;
    if (seen.has(panel.title)) throw new DefinitionError(`${where} is there twice`);
    seen.add(panel.title);
    for (const query of panel.queries) checkExpression(where, query.expr, variables);
  }
}

/** `Jobs & queues` becomes `jobs-queues`; what is too long or has no letters keeps a hash of the whole. */
function uidOf(title: string): string {
  const slug = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  if (slug !== '' && slug.length <= 40) return slug;
  const hash = hashOf(title).toString(36).padStart(7, '0');
  return slug === '' ? hash : `${slug.slice(0, 32)}-${hash}`;
}

/** FNV-1a over UTF-16 code units, 32 bits: short, and the same everywhere. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
