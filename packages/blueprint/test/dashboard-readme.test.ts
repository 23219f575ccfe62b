/** The README's examples of dashboards compile with the strictest settings, run, and give what stands beside them. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test, vi } from 'vitest';
import * as blueprint from '../dist/index.js';
import { dashboard, labelVariable, row, timeseries } from '../dist/index.js';

vi.setConfig({ testTimeout: 300_000 });

const root = fileURLToPath(new URL('../../..', import.meta.url));
const readme = fs.readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8');
// Within the package, so that the examples find the packages as a reader's project would. `dist` may be packed meanwhile.
const folder = fileURLToPath(new URL('../.binnacle/dist/dashboard-readme', import.meta.url));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

interface Shown {
  readonly unit: string;
  readonly queries: readonly { readonly legend: string }[];
  readonly description?: string;
}

test('the examples of dashboards compile and give what stands beside them', async () => {
  const section = /## Dashboards\n(.*?)(?:\n## |$)/s.exec(readme)![1]!;
  const code = [...section.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1]!).join('');
  const wanted: string[] = [];
  const checked = code.replaceAll(
    /^(b\.\w+\((?:[^\n]|\n {2}|\n\})*\));\n\/\/ (.*)$/gm,
    (_, panel: string, said: string) => {
      wanted.push(said);
      return `shown.push(${panel});`;
    },
  );
  expect(wanted).toHaveLength([...code.matchAll(/^\/\/ /gm)].length);
  expect(wanted.length).toBeGreaterThan(10);
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'example.ts'), `export const shown: object[] = [];\n${checked}`);
  const config = {
    extends: path.join(root, 'tsconfig.base.json'),
    compilerOptions: { composite: false, types: ['node'], noErrorTruncation: true },
    include: ['*.ts'],
  };
  fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  expect(spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' }).stdout).toBe('');
  const { shown, shop, file } = (await import(path.join(folder, 'example.js'))) as {
    readonly shown: readonly Shown[];
    readonly shop: { readonly uid: string };
    readonly file: string;
  };
  expect(
    shown.map(
      ({ unit, queries, description = '—' }) => `${unit} | ${queries[0]!.legend || '—'} | ${description}`,
    ),
  ).toEqual(wanted);
  expect(shop.uid).toBe('shop');
  expect(JSON.parse(file)).toMatchObject({ schemaVersion: 39, uid: 'shop' });
  expect(JSON.parse(file)).toHaveProperty('panels.length', 6);
});

test('the mistake is told as it stands there', () => {
  const said = /```\n(panel .*?)\n```/s.exec(readme)![1]!;
  const expr = 'sum(rate(http_requests_total{job=~"$jib"}[5m]))';
  const define = () =>
    dashboard({
      title: 'Shop',
      variables: [labelVariable('job', { metric: 'up' }), labelVariable('instance', { metric: 'up' })],
      rows: [row('Requests', [timeseries('By status', expr)])],
    });
  let message = '';
  try {
    define();
  } catch (error) {
    message = (error as Error).message;
  }
  const [begin, end] = said.split('...') as [string, string];
  expect(message.startsWith(begin), message).toBe(true);
  expect(message.endsWith(end), message).toBe(true);
});

test('the table of panels has every function that makes one', () => {
  const listed = [...readme.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name!);
  for (const name of listed) expect(blueprint).toHaveProperty(name);
  const union = fs.readFileSync(fileURLToPath(new URL('../src/dashboard/panel.ts', import.meta.url)), 'utf8');
  const kinds = /export type Panel =([^;]*);/.exec(union)![1]!.match(/\w+Panel/g)!;
  expect(listed).toHaveLength(kinds.length);
});
