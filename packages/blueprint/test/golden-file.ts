/** Files that hold what is to be rendered, reviewed as differences. `BINNACLE_UPDATE_GOLDEN=1` writes them anew. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { GeneratedFile } from '../dist/index.js';

const FOLDER = fileURLToPath(new URL('./golden', import.meta.url));
const UPDATE = process.env.BINNACLE_UPDATE_GOLDEN === '1';

/** Expects a text to be that of a file in `golden/`. */
export function expectGolden(name: string, text: string): void {
  const file = path.join(FOLDER, name);
  if (UPDATE) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  expect(text, name).toBe(readFileSync(file, 'utf8'));
}

/** Behind the names of files of generated folders, so that nothing takes them for configuration of this repository. */
const SUFFIX = '.golden';

/** Expects files, sorted by path, to be those of a folder in `golden/`, and no others to be there. */
export function expectGoldenFolder(name: string, files: readonly GeneratedFile[]): void {
  const folder = path.join(FOLDER, name);
  if (UPDATE) rmSync(folder, { recursive: true, force: true });
  for (const file of files) expectGolden(`${name}/${file.path}${SUFFIX}`, file.text);
  expect(pathsIn(folder)).toEqual(files.map((file) => `${file.path}${SUFFIX}`).sort());
}

function pathsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
}
