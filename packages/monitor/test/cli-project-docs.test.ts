import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkRepository, stringifyDashboard } from '@binnacle/blueprint';
import { afterAll, expect, test } from 'vitest';
import { loadProject } from '../dist/cli/project/load-project.js';
import { projectFolder } from './project-folder.ts';

const DOCS = fileURLToPath(new URL('../../../docs/configuration.md', import.meta.url));
const TSC = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));

const files = [...readFileSync(DOCS, 'utf8').matchAll(/```ts\n\/\/ (\S+)\n(.*?)```/gs)].map(
  ([, name, text]) => [name!, text!] as const,
);
const folder = projectFolder(Object.fromEntries(files));
afterAll(() => folder.remove());

test('the configuration of the page is one, and binnacle check has nothing against it', async () => {
  expect(files.map(([name]) => name)).toEqual(['src/metrics.ts', 'binnacle.config.ts']);
  const { config, catalogs, path, warnings } = await loadProject(folder.path);
  const dashboards = new Map(
    config.dashboards.map((each) => [`dashboards/${each.uid}.json`, stringifyDashboard(each)]),
  );
  const { problems, rules } = checkRepository(
    { files: dashboards, project: { config, path }, catalogs, root: folder.path },
    { nowMs: 0 },
  );
  expect([warnings, problems.filter(({ severity }) => severity !== 'info')]).toEqual([[], []]);
  expect(rules).toBeGreaterThan(10);
  expect(config.dashboards.map(({ title }) => title)).toEqual(['Carts', 'web', 'Objectives']);
});

test('it compiles', () => {
  folder.write(
    'tsconfig.json',
    JSON.stringify({
      compilerOptions: {
        strict: true,
        noEmit: true,
        module: 'nodenext',
        target: 'es2023',
        types: [],
        skipLibCheck: true,
        allowImportingTsExtensions: true,
      },
      include: ['binnacle.config.ts'],
    }),
  );
  const { stdout, status } = spawnSync(process.execPath, [TSC, '-p', folder.path], { encoding: 'utf8' });
  expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
});

test('a label that a metric does not have does not compile', () => {
  const config = join(folder.path, 'binnacle.config.ts');
  const text = readFileSync(config, 'utf8');
  folder.write('binnacle.config.ts', text.replace("{ status: re('5..') }", "{ stauts: re('5..') }"));
  const { stdout, status } = spawnSync(process.execPath, [TSC, '-p', folder.path], { encoding: 'utf8' });
  folder.write('binnacle.config.ts', text);
  expect(status).not.toBe(0);
  expect(stdout).toContain('there is no label stauts');
});
