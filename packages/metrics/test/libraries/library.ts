/**
 * The libraries that instruments measure, in the oldest major that is supported and the newest. `npm test` installs them
 * beside the project's own dependencies, whose lock files are theirs: two majors of one name do not fit into one tree.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Which of the supported majors. */
export type Age = 'newest' | 'oldest';

/** For suites that run over both. */
export const AGES: readonly Age[] = ['newest', 'oldest'];

/**
 * Imports a library: `await library<typeof import('pg')>('oldest', 'pg')`. What the project itself depends on stands in
 * its own tree in the newest major.
 * @throws Error where it is not installed: `npm test` does that
 */
export async function library<M>(age: Age, name: string): Promise<M> {
  return (await import(pathToFileURL(locate(age, name)).href)) as M;
}

function locate(age: Age, name: string): string {
  const own = fileURLToPath(new URL(`${age}/package.json`, import.meta.url));
  // What is not in the folder itself would be found further up, in another version.
  const folder = path.join(path.dirname(own), 'node_modules') + path.sep;
  const found = createRequire(own).resolve(name);
  if (age === 'oldest' && !found.startsWith(folder))
    throw new Error(`${name} is not installed in ${folder}: npm test installs it`);
  return found;
}
