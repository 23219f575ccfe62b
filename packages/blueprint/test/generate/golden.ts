/** Golden files of generated folders: what is rendered is reviewed as a diff of these. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { GeneratedFile } from '../../dist/index.js';

const ROOT = fileURLToPath(new URL('golden', import.meta.url));
/** So that nothing takes them for configuration of this repository. */
const SUFFIX = '.golden';

/** Compares a folder with its golden files, file by file; writes them where BINNACLE_UPDATE_GOLDEN is 1. */
export function expectGolden(name: string, files: readonly GeneratedFile[]): void {
  const folder = path.join(ROOT, name);
  if (process.env.BINNACLE_UPDATE_GOLDEN === '1') {
    rmSync(folder, { recursive: true, force: true });
    for (const file of files) {
      const target = path.join(folder, `${file.path}${SUFFIX}`);
      mkdirSync(path.dirname(target), { recursive: true });
      writeFileSync(target, file.text);
    }
  }
  expect(goldenPaths(folder)).toEqual(files.map((file) => file.path));
  for (const file of files)
    expect(file.text, file.path).toBe(readFileSync(path.join(folder, `${file.path}${SUFFIX}`), 'utf8'));
}

function goldenPaths(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort((a, b) => (a < b ? -1 : 1));
}
