/** What is rendered, held in files: a change of any byte is a change that somebody has read. */
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { dashboard, renderGrafana, row, stringifyDashboard } from '../dist/index.js';
import { EVERYTHING, KINDS } from './render-everything.js';

/** Compares with a file of `golden/dashboard`, or writes it when BINNACLE_UPDATE_GOLDEN is set. */
function golden(name: string, text: string): void {
  const file = fileURLToPath(new URL(`golden/dashboard/${name}`, import.meta.url));
  if (process.env.BINNACLE_UPDATE_GOLDEN) {
    fs.mkdirSync(fileURLToPath(new URL('golden/dashboard', import.meta.url)), { recursive: true });
    fs.writeFileSync(file, text);
  }
  expect(text).toBe(fs.readFileSync(file, 'utf8'));
}

test.each(Object.entries(KINDS))('a panel of the kind %s', (kind, panels) => {
  const rendered = renderGrafana(dashboard({ title: 'D', rows: [row('R', panels)] }));
  golden(`panel-${kind}.json`, `${JSON.stringify(rendered.panels.slice(1), null, 2)}\n`);
});

test('a dashboard with everything', () => {
  golden('everything.json', stringifyDashboard(EVERYTHING));
});

test('each golden file has its test', () => {
  const folder = fileURLToPath(new URL('golden/dashboard', import.meta.url));
  const expected = [...Object.keys(KINDS).map((kind) => `panel-${kind}.json`), 'everything.json'];
  expect(fs.readdirSync(folder).sort()).toEqual(expected.sort());
});
