/** Dashboards as source: it compiles, and the module that it is renders to what it was made from. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Dashboard, dashboardSource, readGrafana, stringifyDashboard } from '../dist/index.js';
import { expectGolden } from './golden-file.ts';
import { anyDashboard } from './grafana-read-dashboards.ts';
import { FIXTURES, fixture } from './grafana-read-fixtures.ts';

vi.setConfig({ testTimeout: 300_000 });

const root = fileURLToPath(new URL('../../..', import.meta.url));
// Within the package, whose built files the modules import; `dist` may be packed meanwhile.
const folder = fileURLToPath(new URL('../.binnacle/dist/sources', import.meta.url));

/** What is written as source: each fixture, and dashboards as random as those of other tests, but always the same. */
const written: readonly (readonly [string, Dashboard])[] = [
  ...FIXTURES.map((name) => [name, readGrafana(fixture(name)).dashboard] as const),
  ...fc
    .sample(anyDashboard, { numRuns: 8, seed: 6 })
    .map((dashboard, i) => [`random-${i}`, dashboard] as const),
];

let said = '';

beforeAll(() => {
  fs.mkdirSync(folder, { recursive: true });
  for (const [name, dashboard] of written)
    fs.writeFileSync(
      path.join(folder, `${name}.ts`),
      dashboardSource(dashboard, { name: 'made', from: '../../../dist/index.js' }),
    );
  const config = {
    extends: path.join(root, 'tsconfig.base.json'),
    compilerOptions: { composite: false, declaration: false, declarationMap: false, sourceMap: false },
    include: ['*.ts'],
  };
  fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
  fs.writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  said = spawnSync(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], {
    encoding: 'utf8',
  }).stdout;
});

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

test('all sources compile', () => {
  expect(said).toBe('');
});

test.each(written)('%s renders to the same bytes from its source', async (name, dashboard) => {
  const module = (await import(pathToFileURL(path.join(folder, `${name}.js`)).href)) as {
    readonly made: Dashboard;
  };
  expect(stringifyDashboard(module.made)).toBe(stringifyDashboard(dashboard));
});

test.each(['graph', 'graphs-of-a-document', 'references', 'resource-v2', 'singlestat', 'variables'])(
  '%s reads as it was reviewed',
  (name) => {
    expectGolden(`grafana-read/${name}.source.golden`, dashboardSource(readGrafana(fixture(name)).dashboard));
  },
);

test('a dashboard that the builder made is written as calls of it', () => {
  for (const dashboard of fc.sample(anyDashboard, { numRuns: 6, seed: 7 })) {
    const source = dashboardSource(dashboard);
    expect(source).toContain('export const random = dashboard({');
    expect(source).not.toContain("type: '");
    expect(source.split('\n').every((line) => line.length <= 120)).toBe(true);
  }
});

/** Titles, and what the dashboard is called. */
const NAMES: readonly (readonly [string, string])[] = [
  ['Jobs & queues', 'jobsQueues'],
  ['HTTP errors', 'httpErrors'],
  ['3 nodes', 'dashboard3Nodes'],
  ['Dashboard', 'dashboardDashboard'],
  ['über', 'ber'],
  ['Default', 'dashboardDefault'],
  ['日本', 'theDashboard'],
];

test.each(NAMES)('the dashboard %s is called %s', (title, name) => {
  const { dashboard } = readGrafana({ title, panels: [] });
  expect(dashboardSource(dashboard)).toContain(`export const ${name} = `);
});
