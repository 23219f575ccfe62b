/** What Binnacle and Alertmanager take for a valid `alertmanager.yml`. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { outside } from '../../../../test/outside.ts';
import { loadAlertmanagerConfig } from '../../dist/config/alertmanager-file.js';
import { ConfigError } from '../../dist/config/config-error.js';
import { SAMPLES } from './alertmanager-files.ts';

let folder = '';
const pathOf = (index: number): string => join(folder, `${index}.yml`);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'binnacle-alertmanager-'));
  for (const [index, { text }] of SAMPLES.entries()) writeFileSync(pathOf(index), text);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Which of some files amtool takes; one run for all of them. */
function taken(amtool: string, paths: readonly string[]): Map<string, boolean> {
  const { stdout } = spawnSync(amtool, ['check-config', ...paths], { encoding: 'utf8' });
  const taken = new Map<string, boolean>();
  let path = '';
  // What amtool has to say of a file stands before its verdict, in the same line and in others.
  for (const line of stdout.split('\n')) {
    path = /^Checking '(.*?)'/.exec(line)?.[1] ?? path;
    if (/(?:^|') {2}FAILED/.test(line)) taken.set(path, false);
    else if (/(?:^|') {2}SUCCESS/.test(line) && !taken.has(path)) taken.set(path, true);
  }
  return taken;
}

async function problemsOf(path: string): Promise<string[]> {
  try {
    await loadAlertmanagerConfig(path);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`);
  }
}

describe('a file about', () => {
  test.each(SAMPLES.map((sample, index) => ({ ...sample, index })))('$about', async (sample) => {
    const wanted = sample.differs === undefined ? sample.good : !sample.good;
    const problems = await problemsOf(pathOf(sample.index));
    expect(problems.length === 0, problems.join('\n')).toBe(wanted);
    // Where one thing is wrong, one thing is said.
    if (!wanted) expect(problems).toHaveLength(1);
  });
});

test('amtool decides as the table says', (context) => {
  const amtool = outside(context, 'amtool');
  const decided = taken(
    amtool,
    SAMPLES.map((_, index) => pathOf(index)),
  );
  expect(decided.size).toBe(SAMPLES.length);
  const surprises = SAMPLES.filter(({ good }, index) => decided.get(pathOf(index)) !== good);
  expect(surprises.map(({ about }) => about)).toEqual([]);
});

test('what is shown of a file means the same', async () => {
  for (const [index, { about, good, differs }] of SAMPLES.entries()) {
    if (!good || differs !== undefined) continue;
    const config = await loadAlertmanagerConfig(pathOf(index));
    // What stands in place of a secret is no address, and refused as one.
    if (config.shownText.includes('<secret>')) continue;
    const path = join(folder, 'again.yml');
    writeFileSync(path, config.shownText);
    const again = await loadAlertmanagerConfig(path);
    expect(again, about).toEqual(config);
  }
});

test('what is shown of a file is a file for amtool', async (context) => {
  const amtool = outside(context, 'amtool');
  const shown = join(folder, 'shown');
  mkdirSync(shown);
  const paths: string[] = [];
  for (const [index, { good, differs }] of SAMPLES.entries()) {
    if (!good || differs !== undefined) continue;
    const path = join(shown, `${index}.yml`);
    writeFileSync(path, (await loadAlertmanagerConfig(pathOf(index))).shownText);
    paths.push(path);
  }
  const decided = taken(amtool, paths);
  expect(paths.filter((path) => decided.get(path) !== true)).toEqual([]);
  expect(paths.length).toBeGreaterThan(50);
});
