/** A project in a folder of its own, with our packages installed as its own. */
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = fileURLToPath(new URL('../..', import.meta.url));

/** A folder with files in it. */
export interface ProjectFolder {
  readonly path: string;
  write(name: string, text: string): string;
  remove(): void;
}

/**
 * Makes a project.
 * @param copied the packages of which it has a copy instead of a link, as after an installation
 */
export function projectFolder(
  files: Readonly<Record<string, string>> = {},
  copied: readonly string[] = [],
): ProjectFolder {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'binnacle-project-')));
  const write = (name: string, text: string): string => {
    const file = join(path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  write('package.json', '{ "type": "module" }\n');
  const scope = join(path, 'node_modules', '@binnacle');
  mkdirSync(scope, { recursive: true });
  for (const name of ['blueprint', 'metrics', 'promql']) {
    if (copied.includes(name)) {
      for (const part of ['package.json', 'dist'])
        cpSync(join(packages, name, part), join(scope, name, part), { recursive: true });
    } else symlinkSync(join(packages, name), join(scope, name));
  }
  // What copies need in turn.
  for (const name of ['koffi', 're2js', 'yaml'])
    symlinkSync(join(packages, '../node_modules', name), join(path, 'node_modules', name));
  for (const [name, text] of Object.entries(files)) write(name, text);
  return { path, write, remove: () => rmSync(path, { recursive: true, force: true }) };
}
