/**
 * `binnacle generate`: writes the files of the real stack from `binnacle.config.ts` into a folder, and with `--check`
 * says whether those in the repository are still what the configuration says.
 */
import { dirname, join, resolve } from 'node:path';
import { BACKEND_NAMES, type BackendName, generate, inhibitTraps } from '@binnacle/blueprint';
import {
  compareFolder,
  type FolderDifference,
  ManifestError,
  readManifest,
  type WrittenFolder,
  writeFolder,
} from './generate-folder.ts';
import { UsageError } from './options.ts';
import type { Project } from './project/load-project.ts';
import { ProjectError, shownPath } from './project/project-error.ts';

/** Beside the configuration, where nobody says another place. */
const DEFAULT_FOLDER = 'monitoring';

/** The options of the command line that this command reads. */
export interface GenerateFlags {
  readonly config?: string | undefined;
  readonly out?: string | undefined;
  readonly for?: string | undefined;
  readonly check?: boolean | undefined;
  readonly force?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** A whole command. */
export interface GenerateCommand {
  /** Undefined for the nearest one. */
  readonly configPath: string | undefined;
  /** Undefined for the usual place beside the configuration. */
  readonly folder: string | undefined;
  /** Undefined for what the folder was generated for last, and at first Prometheus. */
  readonly backend: BackendName | undefined;
  /** Compares, and writes nothing. */
  readonly check: boolean;
  /** Overwrites what a person has changed. */
  readonly force: boolean;
  /** Whether programs read the answer. */
  readonly json: boolean;
}

/** What the command needs of the world. */
export interface GenerateIo {
  readonly loadProject: (path?: string) => Promise<Project>;
  readonly say: (line: string) => void;
  readonly complain: (line: string) => void;
}

/**
 * Reads what follows `binnacle generate`.
 * @throws UsageError
 */
export function parseGenerateCommand(rest: readonly string[], flags: GenerateFlags): GenerateCommand {
  const [word] = rest;
  if (word !== undefined)
    throw new UsageError(
      `binnacle generate takes no ${JSON.stringify(word)}; the folder is named by --out DIR`,
    );
  if (flags.check === true && flags.force === true)
    throw new UsageError('--check writes nothing, so that --force has nothing to overwrite');
  return {
    configPath: flags.config,
    folder: flags.out,
    backend: backendOf(flags.for),
    check: flags.check === true,
    force: flags.force === true,
    json: flags.json === true,
  };
}

function backendOf(text: string | undefined): BackendName | undefined {
  if (text === undefined) return undefined;
  const backend = BACKEND_NAMES.find((name) => name === text);
  if (backend === undefined)
    throw new UsageError(`--for: ${JSON.stringify(text)} is not one of ${BACKEND_NAMES.join(', ')}`);
  return backend;
}

/**
 * Does it. Resolves with the exit code: 0, or 1 where files are not what the configuration says, because they were only
 * compared or because a person has changed them.
 */
export async function runGenerate(command: GenerateCommand, io: GenerateIo): Promise<number> {
  try {
    return await perform(command, io);
  } catch (error) {
    if (!(error instanceof ProjectError || error instanceof ManifestError)) throw error;
    io.complain(error.message);
    return 1;
  }
}

async function perform(command: GenerateCommand, io: GenerateIo): Promise<number> {
  const { config, catalogs, path, warnings } = await io.loadProject(command.configPath);
  for (const warning of warnings) io.complain(`warning: ${warning}`);
  const traps = config.alerting === undefined ? [] : inhibitTraps(config.alerting, config.rules);
  for (const trap of traps) io.complain(`warning: ${trap}`);
  const folder = resolve(command.folder ?? join(dirname(path), DEFAULT_FOLDER));
  const manifest = await readManifest(folder);
  const backend = command.backend ?? manifest?.backend ?? 'prometheus';
  const files = generate(config, { backend, catalogs });
  if (command.check) {
    const difference = await compareFolder(folder, files, manifest);
    return sayDifference(difference, shownPath(folder), files.length, command.json, io);
  }
  const done = await writeFolder(folder, files, { backend, manifest, force: command.force });
  return sayWritten(done, shownPath(folder), files.length, command.json, io);
}

function sayDifference(
  difference: FolderDifference,
  folder: string,
  count: number,
  json: boolean,
  io: GenerateIo,
): number {
  const { missing, stale, changed, superfluous, leftOver } = difference;
  const total = missing.length + stale.length + changed.length + superfluous.length + leftOver.length;
  if (json) io.say(JSON.stringify(difference));
  else if (total === 0) io.say(`${folder}: ${count} files, all as the configuration says`);
  else {
    const lines: [string, readonly string[]][] = [
      ['missing', missing],
      ['stale', stale],
      ['changed by hand', changed],
      ['superfluous', superfluous],
      ['superfluous, and not ours to remove', leftOver],
    ];
    for (const [what, paths] of lines) for (const path of paths) io.say(`${folder}/${path}: ${what}`);
    io.complain(
      `${total} of the files in ${folder} are not what the configuration says: run binnacle generate${
        changed.length + leftOver.length > 0
          ? '; what was changed by hand belongs into the configuration, or --force gives it up'
          : ''
      }`,
    );
  }
  return total === 0 ? 0 : 1;
}

function sayWritten(
  { written, removed, kept }: WrittenFolder,
  folder: string,
  count: number,
  json: boolean,
  io: GenerateIo,
): number {
  if (json) io.say(JSON.stringify({ written, removed, kept }));
  else {
    for (const path of written) io.say(`${folder}/${path}: written`);
    for (const path of removed) io.say(`${folder}/${path}: removed`);
    io.say(
      written.length + removed.length === 0
        ? `${folder}: ${count} files, nothing to do`
        : `${folder}: ${count} files, ${written.length} written, ${removed.length} removed`,
    );
    for (const path of kept)
      io.complain(
        `${folder}/${path}: kept, since it was changed by hand; move the change into the configuration, or use --force`,
      );
  }
  return kept.length === 0 ? 0 : 1;
}
