/**
 * A folder of generated files: what is in it, how that differs from what should be, and the writing.
 *
 * `.binnacle-generated.json` in the folder lists every file that was written, with a hash of what was written. So it is
 * known whether a file is still ours or was changed by a person since, and which files are no longer wanted:
 *
 *     { "version": 1, "for": "prometheus", "files": { "compose.yml": "sha256:9f86d0818..." } }
 *
 * What a person has changed is never overwritten or removed without being told to. A file without an entry, such as one
 * that was there before the first time, counts as a person's; one that says in its first lines that it was generated is
 * listed as superfluous all the same. Line ends do not count, as some checkouts change them.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BACKEND_NAMES, type BackendName, GENERATED_MARK, type GeneratedFile } from '@binnacle/blueprint';

/** The name of the list, in the folder. */
export const MANIFEST_NAME = '.binnacle-generated.json';

const MANIFEST_VERSION = 1;
/** Folders that hold nothing of ours, however large they are. */
const PASSED_OVER: ReadonlySet<string> = new Set(['.git', 'node_modules', 'dist']);
/** Files that are looked at for the mark; a folder with more holds other things than ours. */
const FILES_MAX = 20_000;
/** The mark stands in the first line; more of a file is not read for it. */
const MARK_BYTES_MAX = 512;

/** The list of what was written last. */
export interface Manifest {
  readonly backend: BackendName;
  /** Hashes by path. */
  readonly files: Readonly<Record<string, string>>;
}

/** How a folder differs from what it should be. Paths are sorted. */
export interface FolderDifference {
  readonly missing: readonly string[];
  /** As they were written, and no longer what is wanted. */
  readonly stale: readonly string[];
  /** Changed by a person since they were written, or never written by us. */
  readonly changed: readonly string[];
  /** No longer wanted, and as they were written. */
  readonly superfluous: readonly string[];
  /** No longer wanted, and changed since; or of unknown origin with our mark. */
  readonly leftOver: readonly string[];
}

/** The list cannot be read; the message says what to do. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
  readonly code = 'manifest_invalid';
}

/**
 * The list in a folder; undefined where there is none.
 * @throws ManifestError
 */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const file = join(folder, MANIFEST_NAME);
  const text = await textOf(file);
  if (text === undefined) return undefined;
  const manifest = parseManifest(text);
  if (manifest === undefined)
    throw new ManifestError(
      `${file} is not a list of generated files: take it from the repository, or delete it and generate with --force`,
    );
  return manifest;
}

/** The list in a text; undefined where it is none. */
export function parseManifest(text: string): Manifest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { version, for: backend, files } = value as Record<string, unknown>;
  const known = BACKEND_NAMES.find((name) => name === backend);
  if (version !== MANIFEST_VERSION || known === undefined) return undefined;
  if (typeof files !== 'object' || files === null) return undefined;
  const hashes = Object.entries(files).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string' && staysInside(entry[0]),
  );
  if (hashes.length !== Object.keys(files).length) return undefined;
  return { backend: known, files: Object.fromEntries(hashes) };
}

/** What is listed is removed one day, so nothing outside of the folder may be. */
function staysInside(path: string): boolean {
  return path !== '' && !path.startsWith('/') && !/[\\:\0]/.test(path) && !path.split('/').includes('..');
}

/** Compares a folder with what it should hold. */
export async function compareFolder(
  folder: string,
  files: readonly GeneratedFile[],
  manifest: Manifest | undefined,
): Promise<FolderDifference> {
  const missing: string[] = [];
  const stale: string[] = [];
  const changed: string[] = [];
  const recorded = manifest?.files ?? {};
  for (const { path, text } of files) {
    const there = await textOf(join(folder, path));
    if (there === undefined) missing.push(path);
    else if (hashOf(there) === hashOf(text)) continue;
    else if (hashOf(there) === recorded[path]) stale.push(path);
    else changed.push(path);
  }
  const wanted = new Set(files.map(({ path }) => path));
  const superfluous: string[] = [];
  const leftOver: string[] = [];
  for (const [path, hash] of Object.entries(recorded)) {
    if (wanted.has(path)) continue;
    const there = await textOf(join(folder, path));
    if (there !== undefined) (hashOf(there) === hash ? superfluous : leftOver).push(path);
  }
  for (const path of await marked(folder))
    if (!wanted.has(path) && !Object.hasOwn(recorded, path)) leftOver.push(path);
  return {
    missing: missing.sort(),
    stale: stale.sort(),
    changed: changed.sort(),
    superfluous: superfluous.sort(),
    leftOver: leftOver.sort(),
  };
}

/** What was done to a folder. */
export interface WrittenFolder {
  readonly written: readonly string[];
  readonly removed: readonly string[];
  /** Left as they are, because a person has changed them. */
  readonly kept: readonly string[];
}

/**
 * Brings a folder to what it should hold, but for what a person has changed, unless `force` says to overwrite that too.
 * The list is written last: what is interrupted is done again the next time.
 */
export async function writeFolder(
  folder: string,
  files: readonly GeneratedFile[],
  {
    backend,
    manifest,
    force,
  }: { readonly backend: BackendName; readonly manifest: Manifest | undefined; readonly force: boolean },
): Promise<WrittenFolder> {
  const difference = await compareFolder(folder, files, manifest);
  const overwritten = new Set([
    ...difference.missing,
    ...difference.stale,
    ...(force ? difference.changed : []),
  ]);
  const removed = [...difference.superfluous, ...(force ? difference.leftOver : [])].sort();
  const kept = force ? [] : [...difference.changed, ...difference.leftOver].sort();
  for (const { path, text } of files) if (overwritten.has(path)) await writeWhole(join(folder, path), text);
  for (const path of removed) await removeFile(folder, path);
  const hashes: [string, string][] = files.flatMap(({ path, text }): [string, string][] => {
    // What a person has changed keeps the hash of what we wrote, and so goes on being known as changed.
    if (!kept.includes(path)) return [[path, hashOf(text)]];
    const before = manifest?.files[path];
    return before === undefined ? [] : [[path, before]];
  });
  for (const path of kept) {
    const before = manifest?.files[path];
    if (before !== undefined && !hashes.some(([known]) => known === path)) hashes.push([path, before]);
  }
  const list = manifestText(backend, hashes);
  if ((await textOf(join(folder, MANIFEST_NAME))) !== list)
    await writeWhole(join(folder, MANIFEST_NAME), list);
  return { written: [...overwritten].sort(), removed, kept };
}

function manifestText(backend: BackendName, hashes: readonly (readonly [string, string])[]): string {
  const files = Object.fromEntries([...hashes].sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify({ version: MANIFEST_VERSION, for: backend, files }, null, 2)}\n`;
}

/** The hash by which a file is listed: of its text with one kind of line ends. */
export function hashOf(text: string): string {
  return `sha256:${createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex')}`;
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

/** Whoever reads the file meanwhile, such as a container that has it mounted, sees the old text or the new one. */
async function writeWhole(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.new`;
  await rm(temporary, { force: true });
  await writeFile(temporary, text, { flag: 'wx' });
  await rename(temporary, file);
}

/** Removes a file, and the folders that it leaves empty. */
async function removeFile(folder: string, path: string): Promise<void> {
  await rm(join(folder, path), { force: true });
  for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) {
    try {
      await rmdir(join(folder, parent));
    } catch {
      // Something else lies in it.
      return;
    }
  }
}

/** The paths of files below a folder that say that they were generated. */
async function marked(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  let looked = 0;
  const walk = async (below: string): Promise<void> => {
    const entries = await readdir(join(folder, below), { withFileTypes: true }).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    for (const entry of entries) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!PASSED_OVER.has(entry.name)) await walk(path);
      } else if (entry.isFile() && looked++ < FILES_MAX && (await hasMark(join(folder, path))))
        found.push(path);
    }
  };
  await walk('');
  return found;
}

async function hasMark(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MARK_BYTES_MAX), 0, MARK_BYTES_MAX, 0);
    return (buffer.toString('utf8', 0, bytesRead).split('\n', 1)[0] ?? '').includes(GENERATED_MARK);
  } finally {
    await handle.close();
  }
}
