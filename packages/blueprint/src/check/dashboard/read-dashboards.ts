/** The dashboards of a repository: its JSON files, and those that its configuration defines in TypeScript. */
import type { Dashboard } from '../../dashboard/dashboard.ts';
import type { DefinitionPlace } from '../../definition-place.ts';
import { renderGrafana } from '../../grafana/render.ts';
import type { CheckContext } from '../check.ts';
import type { SourceFile } from '../source-file.ts';
import {
  type DashboardSource,
  type DashboardSubject,
  dashboardSubjects,
  type UnreadableDashboard,
} from './dashboard-subject.ts';
import { JsonPlaces } from './json-places.ts';

/** All dashboards, and what looked like one and cannot be read. */
export interface ReadDashboards {
  readonly dashboards: readonly DashboardSubject[];
  readonly unreadable: readonly UnreadableDashboard[];
}

/** Those of each run, which are read once. */
const READ = new WeakMap<CheckContext, ReadDashboards>();

/** Reads all dashboards but those in files that were generated from the configuration. */
export function readDashboards(context: CheckContext): ReadDashboards {
  const known = READ.get(context);
  if (known !== undefined) return known;
  const read = readAll(context);
  READ.set(context, read);
  return read;
}

function readAll(context: CheckContext): ReadDashboards {
  const unreadable: UnreadableDashboard[] = [];
  const sources: DashboardSource[] = [];
  for (const file of context.ofKind('dashboard')) {
    if (context.isGenerated(file)) continue;
    const json = parsed(file, unreadable);
    if (json === undefined) continue;
    const places = new JsonPlaces(file);
    sources.push({ path: file.path, json, locate: (source, from, to) => places.place(source, from, to) });
  }
  const files = dashboardSubjects(sources, context);
  const uids = new Set(files.dashboards.map(({ dashboard }) => dashboard.uid));
  // What stands in a file with its changes is checked there, where its place is known to the character.
  const defined = (context.config?.dashboards ?? []).filter(({ uid }) => !uids.has(uid));
  const rendered = dashboardSubjects(
    defined.map((one) => definedSource(one, context)),
    context,
  );
  return {
    dashboards: [...files.dashboards, ...rendered.dashboards],
    unreadable: [...unreadable, ...files.unreadable, ...rendered.unreadable],
  };
}

function parsed(file: SourceFile, unreadable: UnreadableDashboard[]): unknown {
  try {
    return JSON.parse(file.text);
  } catch (error) {
    const { message } = error as SyntaxError;
    const at = Number(/position (\d+)/.exec(message)?.[1] ?? file.text.trimEnd().length);
    unreadable.push({
      place: file.place(Math.min(at, file.text.length)),
      message: message.replace(/ in JSON at position [\s\S]*$/, ''),
    });
    return undefined;
  }
}

/** A dashboard of the configuration: its places are those of the definitions in TypeScript. */
function definedSource(dashboard: Dashboard, context: CheckContext): DashboardSource {
  const panels = panelDefinitions(dashboard);
  const own = context.definitionPlace(dashboard.definedAt);
  return {
    path: own.file,
    json: renderGrafana(dashboard),
    locate(source) {
      const panel = /^\/panels\/\d+(?:\/panels\/\d+)?/.exec(source)?.[0] ?? '';
      const definedAt = panels.get(panel);
      return definedAt === undefined ? own : context.definitionPlace(definedAt);
    },
  };
}

/** Where each panel was defined, by its pointer in what is rendered: behind its row, or in it where that is closed. */
function panelDefinitions({ rows }: Dashboard): Map<string, DefinitionPlace | undefined> {
  const places = new Map<string, DefinitionPlace | undefined>();
  let next = 0;
  for (const { panels, collapsed, headless } of rows) {
    const heading = headless ? undefined : next++;
    panels.forEach(({ definedAt }, i) => {
      const inside = collapsed && heading !== undefined;
      places.set(inside ? `/panels/${heading}/panels/${i}` : `/panels/${next++}`, definedAt);
    });
  }
  return places;
}
