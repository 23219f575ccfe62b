/** What Binnacle and Alertmanager take for a valid `alertmanager.yml`. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { outside } from '../../../../test/outside.ts';
import { loadAlertmanagerConfig } from '../../dist/config/alertmanager-file.js';
import { ConfigError } from '../../dist/config/config-error.js';
import { SAMPLES } from './alertmanager-files.ts';

// Processes start slowly where many do.
vi.setConfig({ testTimeout: 300_000 });

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

/** A file with all that is not about receivers. */
const EVERYTHING = {
  global: { resolve_timeout: '5m' },
  route: {
    receiver: 'a',
    group_by: ['x', 'y'],
    group_wait: '1s',
    group_interval: '1m',
    repeat_interval: '1h',
    continue: false,
    matchers: [],
    routes: [
      {
        receiver: 'b',
        match: { a: 'b' },
        match_re: { c: 'd.*' },
        matchers: ['e=f'],
        group_by: ['...'],
        mute_time_intervals: ['t'],
        active_time_intervals: ['t'],
        routes: [{ receiver: 'a' }],
      },
    ],
  },
  receivers: [{ name: 'a' }, { name: 'b' }],
  inhibit_rules: [
    {
      name: 'n',
      source_match: { a: 'b' },
      target_match_re: { a: 'b' },
      source_matchers: ['a=b'],
      equal: ['x'],
    },
  ],
  time_intervals: [
    {
      name: 't',
      time_intervals: [
        {
          times: [{ start_time: '09:00', end_time: '10:00' }],
          weekdays: ['monday:friday'],
          days_of_month: ['1:5'],
          months: ['1:3'],
          years: ['2024'],
          location: 'UTC',
        },
      ],
    },
  ],
  mute_time_intervals: [{ name: 'u', time_intervals: [] }],
  templates: ['*.x'],
};

/** What stands in place of a value; an item of a list without a value is refused by Binnacle alone, and left out. */
const OTHERS = [
  '[]',
  '{}',
  '1',
  '-1',
  '1.5',
  'true',
  '""',
  '"a=b"',
  '[1]',
  '[[]]',
  '{ a: b }',
  '[a]',
  '"1m"',
  '"1:2"',
];
const HERE = '@here@';

/** The value with each value in it replaced, one at a time. */
function* replaced(value: unknown): Generator<unknown> {
  yield HERE;
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value))
    for (const other of replaced(inner))
      yield Array.isArray(value) ? value.with(Number(name), other) : { ...value, [name]: other };
}

test('amtool and Binnacle agree on every value that is replaced by another', async (context) => {
  const amtool = outside(context, 'amtool');
  const texts = [...replaced(EVERYTHING)].slice(1).flatMap((file) => {
    const text = JSON.stringify(file).replaceAll('":', '": ');
    return OTHERS.map((other) => text.replace(JSON.stringify(HERE), other));
  });
  const paths = texts.map((text, index) => {
    const path = join(folder, `replaced-${index}.yml`);
    writeFileSync(path, text);
    return path;
  });
  const decided = new Map<string, boolean>();
  for (let at = 0; at < paths.length; at += 300)
    for (const [path, good] of taken(amtool, paths.slice(at, at + 300))) decided.set(path, good);
  const differences: string[] = [];
  for (const [index, path] of paths.entries()) {
    const problems = await problemsOf(path);
    if ((problems.length === 0) !== decided.get(path))
      differences.push(`${texts[index]}: ${problems.join()}`);
  }
  expect(differences).toEqual([]);
  expect(texts.length).toBeGreaterThan(800);
});
