import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brokenBy, checkRepository, diffCatalogs, stringifyDashboard } from '@binnacle/blueprint';
import { afterAll, expect, test, vi } from 'vitest';
import { diffReport } from '../dist/cli/catalog-report.js';
import { loadProject } from '../dist/cli/project/load-project.js';
import { projectFolder } from './project-folder.ts';

// Processes start slowly where many do.
vi.setConfig({ testTimeout: 300_000 });

const DOCS = fileURLToPath(new URL('../../../docs/configuration.md', import.meta.url));
const TSC = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));

const page = readFileSync(DOCS, 'utf8');
const files = [...page.matchAll(/```ts\n\/\/ (\S+)\n(.*?)```/gs)].map(
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

test('its mistakes are told as the page says', async () => {
  const [, text] = files[1]!;
  const wrong = text
    .replace("targets: ['localhost:9464']", "targets: ['localhost']")
    .replace('production: {', "production: { scrapeTimeout: '40s',");
  folder.write('binnacle.config.ts', wrong);
  const error: unknown = await loadProject(folder.path).catch((reason: unknown) => reason);
  folder.write('binnacle.config.ts', text);
  const told = (error as Error).message.replace(`${folder.path}/`, '');
  expect(page).toContain(`\n${told}\n`);
});

test('what a change breaks is told as the page says', () => {
  const expr = 'sum(rate(http_requests_total{endpoint="/checkout",status=~"5.."}[5m])) > 1';
  const was = { name: 'http_requests_total', type: 'counter', help: '' } as const;
  const catalog = (labels: Readonly<Record<string, 'open' | readonly string[]>>) => [
    { service: 'web', job: 'web', targetLabels: {}, metrics: [{ ...was, labels }] },
  ];
  const difference = diffCatalogs(
    catalog({ method: ['GET'], endpoint: 'open', status: 'open' }),
    catalog({ method: ['GET'], endpoint: 'open', code: 'open' }),
  );
  const rule = { type: 'alert', name: 'CheckoutFails', expr, labels: {}, annotations: {} } as const;
  const breaks = brokenBy(difference, {
    dashboards: [],
    rules: [{ name: 'checkout', rules: [{ ...rule, forMs: 0, keepFiringForMs: 0 }] }],
  });
  const told = diffReport(difference, breaks).join('\n');
  expect(page.replace(' (binnacle.config.ts:48)', '')).toContain(`\n${told}\n`);
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
