/** Where the configuration of a project lies. */
import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ProjectError, shownPath } from './project-error.ts';

/** The names that a configuration may have, in the order in which they are looked for. */
export const CONFIG_NAMES: readonly string[] = ['ts', 'mts', 'js', 'mjs'].map(
  (extension) => `binnacle.config.${extension}`,
);

/**
 * The configuration at a path, or the nearest one in this folder and those above it; undefined where there is none.
 * @param path a file, or the folder that it is in
 * @throws ProjectError when there is nothing at the path
 */
export function findConfig(path: string | undefined, from: string = process.cwd()): string | undefined {
  if (path !== undefined) return configAt(resolve(from, path));
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const found = configIn(folder);
    if (found !== undefined) return found;
    if (folder === dirname(folder)) return undefined;
  }
}

function configAt(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new ProjectError('project_not_found', `there is no ${shownPath(path)}`);
  const found = stats.isDirectory() ? configIn(path) : path;
  if (found === undefined)
    throw new ProjectError('project_not_found', `there is no ${CONFIG_NAMES[0]} in ${shownPath(path)}`);
  return found;
}

function configIn(folder: string): string | undefined {
  return CONFIG_NAMES.map((name) => join(folder, name)).find((file) => existsSync(file));
}
