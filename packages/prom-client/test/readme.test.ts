/** The README's example compiles against our types, runs, and prints what stands below it. */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 600_000 });

const root = fileURLToPath(new URL('../../..', import.meta.url));
const readme = fs.readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8');
const [, code = '', lines = ''] = /```ts\n(.*?)```\n\n```text\n(.*?)```/s.exec(readme) ?? [];

// Beside the built files, where the package finds itself by its name.
const folder = fileURLToPath(new URL('../.binnacle/dist/readme', import.meta.url));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

test('the example compiles, also to CommonJS, runs, and exposes what stands below it', () => {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  const ours = code.replace("from 'prom-client'", "from '@binnacle/prom-client'");
  expect(ours).not.toBe(code);
  fs.writeFileSync(path.join(folder, 'example.mts'), ours);
  // CommonJS knows no await at the top level.
  const wrapped = ours.replace('export const text = await', 'export const text =');
  fs.writeFileSync(path.join(folder, 'example.cts'), wrapped);
  fs.writeFileSync(
    path.join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        target: 'es2023',
        module: 'nodenext',
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        // That what they import is checked as well.
        skipLibCheck: false,
        types: [],
      },
      include: ['example.*'],
    }),
  );
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
  const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
  for (const file of ['example.mjs', 'example.cjs']) {
    const url = pathToFileURL(path.join(folder, file)).href;
    const show = `import * as example from '${url}'; console.log(await example.text); console.log(example.same);`;
    const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', show], {
      encoding: 'utf8',
    });
    for (const line of lines.trim().split('\n')) expect(printed.split('\n')).toContain(line);
    expect(printed.trim().endsWith('\ntrue'), file).toBe(true);
  }
});
