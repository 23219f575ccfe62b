/**
 * Walks through a repository for what `binnacle check` looks into: YAML, JSON and `.binnacleignore`. Of everything else
 * the path is enough, so that a mount or a glob can be seen to lead somewhere.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { IGNORE_FILE } from '@binnacle/blueprint';

/** Folders that hold what others wrote, or what was built. */
const PASSED_OVER: ReadonlySet<string> = new Set([
  'node_modules',
  'dist',
  'build',
  'coverage',
  'vendor',
  'target',
]);
/** Hidden folders are passed over, but for those in which teams keep such files. */
const HIDDEN_ALLOWED: ReadonlySet<string> = new Set(['.github', '.config', '.monitoring']);

/** How many files and folders are looked at. */
export const ENTRIES_MAX = 50_000;
/** How deep folders are nested. */
const DEPTH_MAX = 32;
/** The largest file that is read. */
export const FILE_BYTES_MAX = 8 * 1024 * 1024;
/** How much is read in all. */
export const ALL_BYTES_MAX = 256 * 1024 * 1024;
/** How many files are read at a time. */
const READS_MAX = 32;

/** What was found below a folder. */
export interface FoundFiles {
  /** Texts by path relative to the folder, with slashes. */
  readonly files: ReadonlyMap<string, string>;
  readonly otherPaths: readonly string[];
  /** What was not read although it might belong, in words. */
  readonly notes: readonly string[];
}

/**
 * Finds files below a folder.
 * @param root absolute
 * @param starts files and folders in it, absolute, to which the search is limited
 * @throws NodeJS.ErrnoException when one of the starts does not exist
 */
export async function findFiles(root: string, starts: readonly string[]): Promise<FoundFiles> {
  const walk = new Walk(root);
  for (const start of starts) {
    if ((await stat(start)).isDirectory()) await walk.folder(start, 0);
    else walk.file(start);
  }
  return await walk.read();
}

class Walk {
  readonly #root: string;
  readonly #wanted = new Set<string>();
  readonly #others: string[] = [];
  readonly #notes: string[] = [];
  #entries = 0;

  constructor(root: string) {
    this.#root = root;
  }

  async folder(folder: string, depth: number): Promise<void> {
    if (depth > DEPTH_MAX) {
      this.#notes.push(
        `${this.#shown(folder)} is nested deeper than ${DEPTH_MAX} folders and is not looked into`,
      );
      return;
    }
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (this.#entries++ === ENTRIES_MAX)
        this.#notes.push(`only the first ${ENTRIES_MAX} files and folders are looked at`);
      if (this.#entries > ENTRIES_MAX) return;
      const full = path.join(folder, entry.name);
      if (entry.isDirectory()) {
        this.#others.push(this.#shown(full));
        const isHidden = entry.name.startsWith('.') && !HIDDEN_ALLOWED.has(entry.name);
        if (!isHidden && !PASSED_OVER.has(entry.name)) await this.folder(full, depth + 1);
      } else if (entry.isFile()) this.file(full);
      else this.#others.push(this.#shown(full));
    }
  }

  file(file: string): void {
    if (isWanted(path.basename(file))) this.#wanted.add(file);
    else this.#others.push(this.#shown(file));
  }

  async read(): Promise<FoundFiles> {
    const files = new Map<string, string>();
    const wanted = [...this.#wanted];
    let bytes = 0;
    for (let i = 0; i < wanted.length; i += READS_MAX) {
      const some = wanted.slice(i, i + READS_MAX);
      const texts = await Promise.all(some.map((file) => this.#text(file)));
      for (const [j, text] of texts.entries()) {
        const shown = this.#shown(some[j]!);
        bytes += text?.length ?? 0;
        if (text === undefined || bytes > ALL_BYTES_MAX) this.#others.push(shown);
        else files.set(shown, text);
      }
    }
    if (bytes > ALL_BYTES_MAX)
      this.#notes.push(`only the first ${ALL_BYTES_MAX / 1024 / 1024} MB of files are looked into`);
    return { files, otherPaths: this.#others, notes: this.#notes };
  }

  async #text(file: string): Promise<string | undefined> {
    try {
      const { size } = await stat(file);
      if (size <= FILE_BYTES_MAX) return await readFile(file, 'utf8');
      this.#notes.push(
        `${this.#shown(file)} is larger than ${FILE_BYTES_MAX / 1024 / 1024} MB and is not looked into`,
      );
    } catch (error) {
      this.#notes.push(
        `${this.#shown(file)} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    return undefined;
  }

  #shown(file: string): string {
    return path.relative(this.#root, file).replaceAll(path.sep, '/');
  }
}

function isWanted(name: string): boolean {
  if (name === IGNORE_FILE || /\.ya?ml$/.test(name)) return true;
  // These two are large and never ours.
  return name.endsWith('.json') && name !== 'package-lock.json' && name !== 'package.json';
}
