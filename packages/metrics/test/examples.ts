/** The examples of the documentation, compiled as a project of a reader would compile them. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const metrics = fileURLToPath(new URL('..', import.meta.url));

/** One example, with the lines of the exposition that stand below it. */
export interface Example {
  readonly code: string;
  readonly lines: readonly string[];
}

/** The examples of a page of this package, `README.md` or `docs/http.md`. */
export function examplesOf(page: string): Example[] {
  const text = fs.readFileSync(path.join(metrics, page), 'utf8');
  return [...text.matchAll(/```ts\n(.*?)```(?:\n\n```text\n(.*?)```)?/gs)].map((match) => ({
    code: match[1]!,
    lines: (match[2] ?? '').split('\n').filter((line) => line !== ''),
  }));
}

/**
 * Compiles examples with the strictest settings, beside the built files, so that they find the package as a reader's
 * project would, and are not scanned as a part of it.
 * @param examples by the name of their file
 * @param options of the compiler, beside those of all projects
 * @returns what the compiler says, and the folder of the compiled files
 */
export function compiledExamples(
  project: string,
  examples: ReadonlyMap<string, string>,
  options: Readonly<Record<string, unknown>> = {},
): { readonly said: string; readonly folder: string } {
  const folder = path.join(metrics, 'dist', project);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  for (const [name, code] of examples) fs.writeFileSync(path.join(folder, `${name}.ts`), code);
  const config = path.join(folder, 'tsconfig.json');
  const settings = {
    extends: path.join(root, 'tsconfig.base.json'),
    compilerOptions: { composite: false, types: ['node'], noUnusedLocals: false, ...options },
    include: ['*.ts'],
  };
  fs.writeFileSync(config, JSON.stringify(settings));
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, '-p', config], {
    encoding: 'utf8',
  });
  return { said: status === 0 ? '' : `${status} ${stdout}${stderr}`, folder };
}
