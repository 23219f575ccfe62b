/** The declarations that the packages publish compile in the projects of others, whose compilers are told other things. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 300_000 });

const packages = fileURLToPath(new URL('../..', import.meta.url));
const tsc = path.join(
  path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
  'bin/tsc',
);

/** What `npx tsc --init` and the frameworks' templates say, and what the strictest teams add. */
const LOOSE = { target: 'es2023', lib: ['es2023'], strict: true, noEmit: true, types: ['node'] };
const STRICT = {
  ...LOOSE,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'binnacle-types-'));
  const scope = path.join(folder, 'node_modules/@binnacle');
  mkdirSync(scope, { recursive: true });
  for (const name of ['blueprint', 'metrics', 'promql'])
    symlinkSync(path.join(packages, name), path.join(scope, name));
  symlinkSync(path.join(packages, '../node_modules/@types'), path.join(folder, 'node_modules/@types'));
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }\n');
  writeFileSync(
    path.join(folder, 'binnacle.config.ts'),
    `import { dashboard, defineConfig, readGrafana, row, timeseries } from '@binnacle/blueprint';
import { counter } from '@binnacle/metrics';
import { rate, select, sum } from '@binnacle/promql/builder';

const requests = counter({ name: 'http_requests_total', help: 'Requests.', labels: { status: ['ok', 'failed'] } });
export const read = readGrafana({ title: 'Old', panels: [] });
export default defineConfig({
  name: 'shop',
  services: [{ name: 'web', metrics: { requests }, targets: ['localhost:9464'] }],
  dashboards: [
    dashboard({ title: 'HTTP', rows: [row('All', [timeseries('Requests', sum(rate(select(requests), '5m')).by('status'))])] }),
  ],
});
`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['a project that was just set up', { ...LOOSE, module: 'nodenext', moduleResolution: 'nodenext' }],
  ['one of a bundler', { ...LOOSE, module: 'esnext', moduleResolution: 'bundler' }],
  ['a strict one', { ...STRICT, module: 'nodenext', moduleResolution: 'nodenext' }],
])('in %s', (_, compilerOptions) => {
  // Declarations are looked into as well: `skipLibCheck` is off where nothing is said.
  writeFileSync(
    path.join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['binnacle.config.ts'] }),
  );
  let said = '';
  try {
    execFileSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
  } catch (error) {
    said = String((error as { stdout?: unknown }).stdout ?? error);
  }
  expect(said).toBe('');
});
