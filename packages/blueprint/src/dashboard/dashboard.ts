/**
 * Dashboards as values: one question each, rows that follow the flow of the work, panels in reading order.
 *
 * Defining a dashboard is what checks it: every expression is parsed, every variable must be declared, and no
 * two panels of one row share a title, because a panel's identity is its row and its title.
 */
import { type DefinitionPlace, definitionPlace } from '../definition-place.ts';
import type { Annotation } from './annotation.ts';
import { checkDashboard, UID_CHARACTERS_MAX } from './check.ts';
import type { JsonObject, WithRest } from './json.ts';
import type { DashboardLink } from './link.ts';
import type { Panel } from './panel.ts';
import type { Variable } from './variable.ts';

/** How often a dashboard asks again when nobody says: as often as production is scraped. */
export const REFRESH_DEFAULT = '30s';

/** A heading and the panels below it. */
export interface Row extends WithRest {
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly collapsed: boolean;
  /** Whether the heading is not drawn: only for panels above the first row. */
  readonly headless?: boolean;
  /** Shown once for each chosen value of the variable. */
  readonly repeat?: string;
  /** Grafana's id. Default: made of the title. */
  readonly id?: number;
}

/** How a row may differ from the usual. */
export interface RowSpec {
  /** Starts closed. */
  readonly collapsed?: boolean;
  /** Shown once for each chosen value of a variable, which may stand in titles. */
  readonly repeat?: string;
  readonly rest?: JsonObject;
}

/** What the author of a dashboard writes. */
export interface DashboardSpec {
  readonly title: string;
  /** What links and provisioning know it by, at most 40 of `a-z A-Z 0-9 - _`; made from the title if absent. */
  readonly uid?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  /** How often it asks again, such as `10s`; empty for never. Default `30s`, since production is scraped so. */
  readonly refresh?: string;
  /** The range that it opens with. Default the last hour. */
  readonly time?: { readonly from: string; readonly to: string };
  /** `browser`, `utc` or a name such as `Europe/Berlin`. Default `browser`. */
  readonly timezone?: string;
  /** Whether the pointer shows in all charts at once: not, as a line, or with values. Default `line`. */
  readonly pointer?: 'single' | 'line' | 'values';
  /** Panels above the first heading. */
  readonly panels?: readonly Panel[];
  readonly rows?: readonly Row[];
  readonly variables?: readonly Variable[];
  readonly links?: readonly DashboardLink[];
  readonly annotations?: readonly Annotation[];
  /** The uid of the data source that answers. Default: the one that the reader chooses. */
  readonly dataSource?: string;
  readonly rest?: JsonObject;
}

/** A checked dashboard. */
export interface Dashboard extends Required<Omit<DashboardSpec, 'panels' | 'dataSource' | 'rest'>>, WithRest {
  /** Undefined for the one that the reader chooses, with the variable `datasource`. */
  readonly dataSource?: string;
  /** Where its author wrote it; not rendered. */
  readonly definedAt?: DefinitionPlace;
}

/** A heading and the panels below it. */
export function row(title: string, panels: readonly Panel[], spec: RowSpec = {}): Row {
  const { collapsed = false, repeat, rest } = spec;
  return {
    title,
    panels,
    collapsed,
    ...(repeat !== undefined && { repeat }),
    ...(rest !== undefined && { rest }),
  };
}

/**
 * Defines a dashboard and checks all of it.
 * @throws DefinitionError naming the panel, and for an expression the place
 */
export function dashboard(spec: DashboardSpec): Dashboard {
  const { panels = [], rows = [], dataSource, rest } = spec;
  const definedAt = definitionPlace();
  const made: Dashboard = {
    title: spec.title,
    uid: spec.uid ?? uidOf(spec.title),
    description: spec.description ?? '',
    tags: spec.tags ?? [],
    refresh: spec.refresh ?? REFRESH_DEFAULT,
    time: spec.time ?? { from: 'now-1h', to: 'now' },
    timezone: spec.timezone ?? 'browser',
    pointer: spec.pointer ?? 'line',
    rows: panels.length === 0 ? rows : [{ title: '', panels, collapsed: false, headless: true }, ...rows],
    variables: spec.variables ?? [],
    links: spec.links ?? [],
    annotations: spec.annotations ?? [],
    ...(dataSource !== undefined && { dataSource }),
    ...(rest !== undefined && { rest }),
    ...(definedAt !== undefined && { definedAt }),
  };
  checkDashboard(made);
  return made;
}

/** Digits of 32 bits to the base 36. */
const HASH_DIGITS = 7;

/** `Jobs & queues` becomes `jobs-queues`; what is too long or has no letters keeps a hash of the whole. */
function uidOf(title: string): string {
  const slug = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  if (slug !== '' && slug.length <= UID_CHARACTERS_MAX) return slug;
  const hash = hashOf(title).toString(36).padStart(HASH_DIGITS, '0');
  return slug === '' ? hash : `${slug.slice(0, UID_CHARACTERS_MAX - HASH_DIGITS - 1)}-${hash}`;
}

/** FNV-1a over UTF-16 code units, 32 bits: short, and the same everywhere. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
