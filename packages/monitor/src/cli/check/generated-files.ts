/**
 * Which files of a repository are as `binnacle generate` wrote them from a configuration. What is wrong with the rules
 * and dashboards in them is said where they are defined, and once.
 *
 * Nothing is rendered for that: the list in a generated folder has a hash of each file. Whether the configuration has
 * changed since is another question, which `binnacle generate --check` answers.
 */
import path from 'node:path';
import { hashOf, MANIFEST_NAME, parseManifest } from '../generate-folder.ts';
import { findConfig } from '../project/find-config.ts';

/**
 * The paths of those files, relative to the folder that is checked.
 * @param root absolute
 * @param files texts by path, the lists of generated folders among them
 * @param config the absolute path of the configuration that is checked
 */
export function generatedFiles(
  root: string,
  files: ReadonlyMap<string, string>,
  config: string,
): ReadonlySet<string> {
  const generated = new Set<string>();
  for (const [list, text] of files) {
    if (path.posix.basename(list) !== MANIFEST_NAME) continue;
    const folder = path.posix.dirname(list);
    // A repository may have several projects, and their folders are theirs.
    const owner = findConfig(undefined, path.join(root, folder));
    if (owner !== undefined && owner !== config) continue;
    for (const [name, hash] of Object.entries(parseManifest(text)?.files ?? {})) {
      const file = path.posix.join(folder, name);
      const there = files.get(file);
      if (there !== undefined && hashOf(there) === hash) generated.add(file);
    }
  }
  return generated;
}
