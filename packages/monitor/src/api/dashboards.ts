/**
 * Dashboards from a folder of Grafana JSON files, in the shapes of Grafana's API.
 *
 * The folder is looked at on each request; a file is read again when its size or time changed. A file holds a
 * dashboard, or `{ "dashboard": … }` as Grafana's API exports it. A file that cannot be read as one is a problem
 * that is listed, and does no harm to the others.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { rfc3339 } from '../clock.ts';
import { plainJson, success } from './envelope.ts';
import { limitParameter } from './parameters.ts';
import type { Route } from './route.ts';

/** The largest dashboard file that is read. */
export const DASHBOARD_BYTES_MAX = 8 * 1024 * 1024;

/** A dashboard of the folder. */
export interface Dashboard {
  readonly file: string;
  readonly uid: string;
  readonly title: string;
  readonly tags: readonly string[];
  /** As in the file. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly changedMs: number;
}

/** Why a file is not shown. */
export interface DashboardProblem {
  readonly file: string;
  readonly message: string;
}

interface CachedFile {
  readonly version: string;
  readonly content: Dashboard | DashboardProblem;
}

/** A folder of dashboards. */
export class DashboardFolder {
  readonly #folder: string | undefined;
  #cache: ReadonlyMap<string, CachedFile> = new Map();

  /** @param folder undefined for no dashboards */
  constructor(folder: string | undefined) {
    this.#folder = folder;
  }

  /** The dashboards by title, and what is wrong with the other files. */
  async read(): Promise<{ readonly dashboards: Dashboard[]; readonly problems: DashboardProblem[] }> {
    const problems: DashboardProblem[] = [];
    const byUid = new Map<string, Dashboard>();
    const cache = new Map<string, CachedFile>();
    for (const name of await this.#names(problems)) {
      const cached = await this.#file(name);
      cache.set(name, cached);
      const { content } = cached;
      if (!('uid' in content)) {
        problems.push(content);
        continue;
      }
      const earlier = byUid.get(content.uid);
      if (earlier === undefined) byUid.set(content.uid, content);
      else
        problems.push({
          file: name,
          message: `the uid ${JSON.stringify(content.uid)} is already taken by ${earlier.file}`,
        });
    }
    this.#cache = cache;
    const dashboards = [...byUid.values()].sort((a, b) =>
      a.title < b.title ? -1 : a.title > b.title ? 1 : 0,
    );
    return { dashboards, problems };
  }

  async #names(problems: DashboardProblem[]): Promise<string[]> {
    if (this.#folder === undefined) return [];
    try {
      const names = await readdir(this.#folder);
      return names.filter((name) => name.endsWith('.json')).sort();
    } catch (error) {
      problems.push({ file: this.#folder, message: `the folder cannot be read: ${messageOf(error)}` });
      return [];
    }
  }

  async #file(name: string): Promise<CachedFile> {
    const path = join(this.#folder ?? '', name);
    try {
      const stats = await stat(path);
      const version = `${stats.size} ${stats.mtimeMs}`;
      const cached = this.#cache.get(name);
      if (cached?.version === version) return cached;
      if (stats.size > DASHBOARD_BYTES_MAX)
        return { version, content: { file: name, message: `larger than ${DASHBOARD_BYTES_MAX} bytes` } };
      return { version, content: parseDashboard(name, await readFile(path, 'utf8'), stats.mtimeMs) };
    } catch (error) {
      return { version: '', content: { file: name, message: `cannot be read: ${messageOf(error)}` } };
    }
  }
}

/** Reads a dashboard file's text. */
function parseDashboard(file: string, text: string, changedMs: number): Dashboard | DashboardProblem {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    return { file, message: `not valid JSON: ${messageOf(error)}` };
  }
  const json = isRecord(parsed) && isRecord(parsed.dashboard) ? parsed.dashboard : parsed;
  if (!isRecord(json)) return { file, message: 'not a dashboard: the file holds no object' };
  const { title, uid, tags, panels } = json;
  if (typeof title !== 'string' || title === '')
    return { file, message: 'not a dashboard: it has no "title"' };
  if (panels !== undefined && !Array.isArray(panels))
    return { file, message: 'not a dashboard: "panels" is not a list' };
  return {
    file,
    // Grafana would make one up; the file's name stays the same over restarts.
    uid: typeof uid === 'string' && uid !== '' ? uid : basename(file, '.json'),
    title,
    tags: Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [],
    json,
    changedMs,
  };
}

/** `GET /api/search` and `/api/dashboards/uid/UID` as Grafana has them, and `/api/v1/status/dashboards` of our own. */
export function dashboardRoutes(folder: DashboardFolder): Route[] {
  return [
    {
      methods: ['GET'],
      path: '/api/search',
      async handle({ parameters }) {
        const wanted = (parameters.get('query') ?? '').toLowerCase();
        const tags = parameters.getAll('tag');
        const uids = parameters.getAll('dashboardUIDs');
        const type = parameters.get('type') ?? 'dash-db';
        const limit = limitParameter(parameters) ?? 1000;
        const { dashboards } = await folder.read();
        const found = dashboards
          .map((dashboard, i) => ({ dashboard, id: i + 1 }))
          .filter(
            ({ dashboard }) =>
              type === 'dash-db' &&
              dashboard.title.toLowerCase().includes(wanted) &&
              tags.every((tag) => dashboard.tags.includes(tag)) &&
              (uids.length === 0 || uids.includes(dashboard.uid)),
          );
        return plainJson(found.slice(0, limit).map(({ dashboard, id }) => searchHit(dashboard, id)));
      },
    },
    {
      methods: ['GET'],
      path: '/api/dashboards/uid/:uid',
      async handle({ captures }) {
        const { dashboards } = await folder.read();
        const dashboard = dashboards.find(({ uid }) => uid === captures.uid);
        if (dashboard === undefined) return plainJson({ message: 'Dashboard not found' }, 404);
        return plainJson({
          meta: metaOf(dashboard),
          dashboard: { ...dashboard.json, uid: dashboard.uid },
        });
      },
    },
    {
      methods: ['GET'],
      path: '/api/v1/status/dashboards',
      async handle() {
        const { dashboards, problems } = await folder.read();
        return success({
          dashboards: dashboards.map(({ uid, title, file }) => ({ uid, title, file })),
          problems,
        });
      },
    },
  ];
}

function searchHit(dashboard: Dashboard, id: number) {
  const slug = slugOf(dashboard.title);
  return {
    id,
    uid: dashboard.uid,
    title: dashboard.title,
    uri: `db/${slug}`,
    url: `/d/${encodeURIComponent(dashboard.uid)}/${slug}`,
    slug: '',
    type: 'dash-db',
    tags: dashboard.tags,
    isStarred: false,
    sortMeta: 0,
  };
}

function metaOf(dashboard: Dashboard) {
  const slug = slugOf(dashboard.title);
  const changed = rfc3339(Math.trunc(dashboard.changedMs));
  return {
    type: 'db',
    canSave: false,
    canEdit: false,
    canAdmin: false,
    canStar: false,
    canDelete: false,
    slug,
    url: `/d/${encodeURIComponent(dashboard.uid)}/${slug}`,
    created: changed,
    updated: changed,
    version: 1,
    hasAcl: false,
    isFolder: false,
    provisioned: true,
    provisionedExternalId: dashboard.file,
  };
}

function slugOf(title: string): string {
  const slug = title.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-');
  return slug.replace(/^-|-$/g, '');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
