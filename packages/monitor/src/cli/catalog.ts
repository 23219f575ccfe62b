/**
 * `binnacle catalog`: shows which metrics there are, by the definitions, in a running service or in a file, writes them
 * to the catalog file, and tells what has changed and which panels and alerts that breaks.
 */
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  brokenBy,
  CATALOG_FILE_NAME,
  type Config,
  diffCatalogs,
  inWordsOf,
  renderCatalogFile,
  type ServiceCatalog,
} from '@binnacle/blueprint';
import { catalogTable, diffJson, diffReport } from './catalog-report.ts';
import { UsageError } from './options.ts';
import { type CatalogSource, CatalogSourceError, readCatalogSource } from './project/catalog-source.ts';
import { loadProject, loadProjectIfAny, type Project } from './project/load-project.ts';
import { ProjectError, shownPath } from './project/project-error.ts';

/** The options of the command line that this command reads. */
export interface CatalogFlags {
  readonly config?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly json?: boolean | undefined;
  readonly write?: string | undefined;
  readonly 'closed-values'?: string | undefined;
}

/** What is asked for. */
export type CatalogOptions =
  | {
      readonly action: 'show';
      readonly config: string | undefined;
      /** An address or a file; undefined for the definitions. */
      readonly from: string | undefined;
      /** A label that a service shows with at most so many values has no others; 0 for none. */
      readonly closedValuesMax: number;
      readonly json: boolean;
    }
  | {
      readonly action: 'write';
      readonly config: string | undefined;
      readonly from: string | undefined;
      readonly closedValuesMax: number;
      readonly file: string;
    }
  | {
      readonly action: 'diff';
      readonly config: string | undefined;
      /** Undefined for the catalog file beside the configuration. */
      readonly from: string | undefined;
      /** Undefined for the definitions. */
      readonly to: string | undefined;
      readonly json: boolean;
    };

/** What the command needs of the world. */
export interface CatalogIo {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly say: (line: string) => void;
  readonly complain: (line: string) => void;
}

/**
 * Reads what follows `binnacle catalog`.
 * @throws UsageError
 */
export function parseCatalogCommand(rest: readonly string[], flags: CatalogFlags): CatalogOptions {
  const [action, ...more] = rest;
  if (more.length > 0 || (action !== undefined && action !== 'diff'))
    throw new UsageError(
      `binnacle catalog takes diff and options only, not ${JSON.stringify(more[0] ?? action)}`,
    );
  const { config, from, to, write, 'closed-values': closed } = flags;
  const json = flags.json === true;
  if (closed !== undefined && (action === 'diff' || from === undefined))
    throw new UsageError('--closed-values is about what a service shows: binnacle catalog --from URL');
  const closedValuesMax = closed === undefined ? 0 : Number(closed);
  if (!Number.isInteger(closedValuesMax) || closedValuesMax < 0)
    throw new UsageError(`--closed-values: ${JSON.stringify(closed)} is not a number such as 10`);
  if (action === 'diff') {
    if (write !== undefined) throw new UsageError('binnacle catalog diff has no --write: it changes nothing');
    return { action, config, from, to, json };
  }
  if (to !== undefined) throw new UsageError('--to is an option of binnacle catalog diff');
  if (write === undefined) return { action: 'show', config, from, closedValuesMax, json };
  if (json) throw new UsageError('--write writes the file that --json prints: give one of them');
  if (write === '') throw new UsageError(`--write needs a file, such as ${CATALOG_FILE_NAME}`);
  return { action: 'write', config, from, closedValuesMax, file: write };
}

/** Does it. Resolves with the exit code: 0, or 1 when something breaks or cannot be read. */
export async function runCatalog(options: CatalogOptions, io: CatalogIo): Promise<number> {
  try {
    switch (options.action) {
      case 'show':
        return await show(options, io);
      case 'write': {
        await writeFile(options.file, renderCatalogFile(await catalogsFrom(options, io)));
        io.say(`wrote ${shownPath(options.file)}`);
        return 0;
      }
      case 'diff':
        return await diff(options, io);
    }
  } catch (error) {
    if (!(error instanceof ProjectError || error instanceof CatalogSourceError)) throw error;
    io.complain(error.message);
    return 1;
  }
}

async function show(
  options: Extract<CatalogOptions, { readonly action: 'show' }>,
  io: CatalogIo,
): Promise<number> {
  const catalogs = await catalogsFrom(options, io);
  if (options.json) io.say(renderCatalogFile(catalogs).trimEnd());
  else for (const line of catalogTable(catalogs)) io.say(line);
  return 0;
}

/** The catalogs of the definitions, or of what `--from` names, which needs no project. */
async function catalogsFrom(
  { config, from, closedValuesMax }: Exclude<CatalogOptions, { readonly action: 'diff' }>,
  io: CatalogIo,
): Promise<readonly ServiceCatalog[]> {
  if (from === undefined) return (await projectAt(config, io)).catalogs;
  const project = await projectIfAny(config, io);
  return (await readCatalogSource(from, project?.config, io, { closedValuesMax })).catalogs;
}

async function projectAt(path: string | undefined, io: CatalogIo): Promise<Project> {
  const project = await loadProject(path);
  for (const warning of project.warnings) io.complain(`warning: ${warning}`);
  return project;
}

async function projectIfAny(path: string | undefined, io: CatalogIo): Promise<Project | undefined> {
  const project = await loadProjectIfAny(path);
  for (const warning of project?.warnings ?? []) io.complain(`warning: ${warning}`);
  return project;
}

async function diff(
  { config, from, to, json }: Extract<CatalogOptions, { readonly action: 'diff' }>,
  io: CatalogIo,
): Promise<number> {
  // Two files can be compared where there is no project; nobody then asks what breaks.
  const isAlone = from !== undefined && to !== undefined;
  const project = isAlone ? await projectIfAny(config, io) : await projectAt(config, io);
  const defined: CatalogSource = { catalogs: project?.catalogs ?? [], seen: undefined };
  const beforePath = from ?? join(dirname(project?.path ?? ''), CATALOG_FILE_NAME);
  const before = await readBefore(beforePath, from === undefined, project?.config, io);
  const after = to === undefined ? defined : await readCatalogSource(to, project?.config, io);
  const [was, is] = comparable(before, after);
  const difference = diffCatalogs(was, is);
  const breaks = project === undefined ? [] : brokenBy(difference, project.config);
  if (json) io.say(JSON.stringify(diffJson(difference, breaks), null, 2));
  else for (const line of diffReport(difference, breaks)) io.say(line);
  return breaks.length > 0 ? 1 : 0;
}

async function readBefore(
  path: string,
  isUsual: boolean,
  config: Config | undefined,
  io: CatalogIo,
): Promise<CatalogSource> {
  try {
    return await readCatalogSource(path, config, io);
  } catch (error) {
    if (isUsual && error instanceof CatalogSourceError && error.message === `there is no ${shownPath(path)}`)
      throw new CatalogSourceError(
        `${error.message} to compare with: write it with binnacle catalog --write ${shownPath(path)}, or name another with --from`,
      );
    throw error;
  }
}

/** Both sides in the same words. What was seen is of one service, so that only this one is compared. */
function comparable(
  before: CatalogSource,
  after: CatalogSource,
): readonly [readonly ServiceCatalog[], readonly ServiceCatalog[]] {
  const was = before.seen === undefined ? before.catalogs : inWordsOf(told(after), before.seen);
  const is = after.seen === undefined ? after.catalogs : inWordsOf(told(before), after.seen);
  const others = (
    all: readonly ServiceCatalog[],
    one: readonly ServiceCatalog[],
  ): readonly ServiceCatalog[] => all.filter(({ service }) => !one.some((each) => each.service === service));
  // The services that were not looked at are on both sides what the other one says.
  if (before.seen !== undefined && after.seen === undefined) return [[...was, ...others(is, was)], is];
  if (after.seen !== undefined && before.seen === undefined) return [was, [...is, ...others(was, is)]];
  return [was, is];
}

/** What a source says of what can be; nothing where somebody only looked. */
function told({ catalogs, seen }: CatalogSource): readonly ServiceCatalog[] {
  return seen === undefined ? catalogs : [];
}
