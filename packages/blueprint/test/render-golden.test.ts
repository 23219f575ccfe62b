/** What is rendered, held in files: a change of any byte is a change that somebody has read. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { dashboard, renderGrafana, row, stringifyDashboard } from '../dist/index.js';
import { expectGolden } from './golden-file.ts';
import { EVERYTHING, KINDS } from './render-everything.js';

test.each(Object.entries(KINDS))('a panel of the kind %s', (kind, panels) => {
  const rendered = renderGrafana(dashboard({ title: 'D', rows: [row('R', panels)] }));
  expectGolden(`dashboard/panel-${kind}.json`, `${JSON.stringify(rendered.panels.slice(1), null, 2)}\n`);
});

test('a dashboard with everything', () => {
  expectGolden('dashboard/everything.json', stringifyDashboard(EVERYTHING));
});

test('each golden file has its test', () => {
  const folder = fileURLToPath(new URL('golden/dashboard', import.meta.url));
  const expected = [...Object.keys(KINDS).map((kind) => `panel-${kind}.json`), 'everything.json'];
  expect(readdirSync(folder).sort()).toEqual(expected.sort());
});
