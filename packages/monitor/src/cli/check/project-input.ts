/** What `binnacle check` knows of a project beside its files: its configuration, its metrics, and its sources. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { CheckInput, Config, ServiceCatalog } from '@binnacle/blueprint';
import { readCatalogSource, type SourceIo } from '../project/catalog-source.ts';
import { findConfig } from '../project/find-config.ts';
import { loadProjectIfAny, type Project } from '../project/load-project.ts';

/** What comes from a project. */
export interface ProjectInput {
  readonly project: Project | undefined;
  readonly catalogs: readonly ServiceCatalog[];
  /** What running services show, whose labels are looked at. */
  readonly exposed: NonNullable<CheckInput['exposed']>;
  /** What its author should know, in words. */
  readonly warnings: readonly string[];
}

/**
 * Loads a configuration and catalogs. A catalog file that is named stands for the definitions of a service of the same
 * name; what a running service shows does not.
 * @param root the folder that is checked; its own configuration is taken where none is named
 * @throws ProjectError, CatalogSourceError
 */
export async function loadInput(
  root: string,
  config: string | undefined,
  sources: readonly string[],
  io: SourceIo,
): Promise<ProjectInput> {
  const found = config ?? configBelow(root);
  const project = found === undefined ? undefined : await loadProjectIfAny(found);
  const defined = (project?.catalogs ?? []).filter(({ metrics }) => metrics.length > 0);
  const named: ServiceCatalog[] = [];
  const exposed: ProjectInput['exposed'][number][] = [];
  for (const source of sources) {
    const { catalogs, families } = await readCatalogSource(source, project?.config, io);
    if (families !== undefined) exposed.push({ source, families });
    // What a service has shown so far is less than what its definitions say.
    const isTold = ({ service }: ServiceCatalog): boolean =>
      defined.some((other) => other.service === service);
    named.push(...(families === undefined ? catalogs : catalogs.filter((one) => !isTold(one))));
  }
  const names = new Set(named.map(({ service }) => service));
  const own = defined.filter(({ service }) => !names.has(service));
  return { project, catalogs: [...own, ...named], exposed, warnings: project?.warnings ?? [] };
}

/** The configuration of the folder itself or of one around it. */
function configBelow(root: string): string | undefined {
  return findConfig(undefined, root);
}

/**
 * The files in which a configuration's rules, dashboards and panels are defined, for the comments in them. Those outside
 * of the folder go by their absolute paths, as they are shown.
 */
export async function definitionFiles(
  root: string,
  { project }: ProjectInput,
): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  if (project === undefined) return files;
  const places = new Set([project.path]);
  for (const { definedAt } of definitionsOf(project.config))
    if (definedAt !== undefined) places.add(definedAt.file);
  for (const file of [...places].sort()) {
    const shown = path.relative(root, file).replaceAll(path.sep, '/');
    try {
      files.set(shown.startsWith('..') ? file : shown, await readFile(file, 'utf8'));
    } catch {
      // Its comments are not seen; what is defined in it is checked nevertheless.
    }
  }
  return files;
}

function* definitionsOf({
  rules,
  dashboards,
}: Config): Generator<{ readonly definedAt?: { readonly file: string } }> {
  for (const group of rules) yield* group.rules;
  for (const dashboard of dashboards) {
    yield dashboard;
    for (const { panels } of dashboard.rows) yield* panels;
  }
}

/** The part of a check's input that comes from a project. */
export function projectPart({
  project,
  catalogs,
  exposed,
}: ProjectInput): Pick<CheckInput, 'project' | 'catalogs' | 'exposed'> {
  return {
    catalogs,
    exposed,
    ...(project !== undefined && { project: { config: project.config, path: project.path } }),
  };
}
