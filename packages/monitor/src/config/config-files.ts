/** The disk as configuration sees it: files are read whole, globs look into one directory. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { ConfigError } from './config-error.ts';

/** Where configuration comes from; a test hands in a `Map`. */
export interface ConfigFiles {
  /** The file's text. Rejects with Node's error when there is none. */
  read(path: string): Promise<string>;
  /** Names of the files in a directory; empty when there is no such directory. */
  list(directory: string): Promise<readonly string[]>;
}

/** The real disk. */
export const configFilesOnDisk: ConfigFiles = {
  read: (path) => readFile(path, 'utf8'),
  list: (directory) => readdir(directory).catch(() => []),
};

/**
 * Reads a file for a reader of configuration.
 * @throws ConfigError `config_unreadable`, which names the file and the system's reason
 */
export async function readConfigText(path: string, files: ConfigFiles): Promise<string> {
  try {
    return await files.read(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError('config_unreadable', [
      { file: path, line: 1, column: 1, message: `cannot read the file: ${reason}` },
    ]);
  }
}

/** Whether a path holds characters that {@link expandGlob} expands. */
export function isGlob(path: string): boolean {
  return /[*?[]/.test(path);
}

/** The files that match a path whose elements may hold `*`, `?` and `[...]`; sorted. */
export async function expandGlob(path: string, files: ConfigFiles): Promise<string[]> {
  const directory = dirname(path);
  const pattern = globPattern(basename(path));
  const directories = isGlob(directory) ? await expandGlob(directory, files) : [directory];
  const found: string[] = [];
  for (const place of directories) {
    const names = (await files.list(place)).filter((name) => pattern.test(name));
    found.push(...names.sort().map((name) => `${place === '/' ? '' : place}/${name}`));
  }
  return found;
}

/** Go's `filepath.Match` for one path element; as there, `*` also matches a leading dot. */
function globPattern(glob: string): RegExp {
  let source = '';
  for (let i = 0; i < glob.length; i++) {
    const char = glob[i]!;
    const close = char === '[' ? glob.indexOf(']', i + 2) : -1;
    if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (close > 0) {
      source += `[${glob
        .slice(i + 1, close)
        .replaceAll('\\', '\\\\')
        .replaceAll('[', '\\[')}]`;
      i = close;
    } else source += char.replace(/[\\^$.|+(){}[\]]/, '\\$&');
  }
  return new RegExp(`^${source}$`, 'u');
}
