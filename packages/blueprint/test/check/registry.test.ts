/** Every check has a page, a line in the list of checks, and, of those of rules, a file and a table of cases. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ALL_CHECK_NAMES } from '../../dist/index.js';

const root = new URL('../../../../', import.meta.url);
const folder = (path: string): string[] =>
  readdirSync(new URL(path, root)).map((file) => file.replace(/\.(?:test\.)?\w+$/, ''));

test('names are in kebab case and unique', () => {
  expect(ALL_CHECK_NAMES.filter((name) => !/^[a-z]+(?:-[a-z]+)*$/.test(name))).toEqual([]);
  expect(new Set(ALL_CHECK_NAMES).size).toBe(ALL_CHECK_NAMES.length);
});

test('there is a page for each check, and a line in the list', () => {
  expect(
    folder('docs/checks')
      .filter((page) => page !== 'README')
      .sort(),
  ).toEqual([...ALL_CHECK_NAMES].sort());
  const list = readFileSync(new URL('docs/checks/README.md', root), 'utf8');
  const listed = [...list.matchAll(/^\| \[([\w-]+)\]\(\1\.md\)/gm)].map(([, name]) => name);
  expect(listed.sort()).toEqual([...ALL_CHECK_NAMES].sort());
});

test('each check of rules has a file and a table of cases of its name', () => {
  const tables = folder('packages/blueprint/test/check/rules');
  const files = folder('packages/blueprint/src/check/rules');
  const ofRules = tables.filter((name) => name !== 'rule-file' && name !== 'promql-syntax');
  expect(ofRules.length).toBeGreaterThan(25);
  expect(ofRules.filter((name) => !files.includes(name) || !ALL_CHECK_NAMES.includes(name))).toEqual([]);
  const withoutTable = files.filter((name) => ALL_CHECK_NAMES.includes(name) && !tables.includes(name));
  expect(withoutTable).toEqual([]);
  expect(existsSync(new URL('docs/checks/ignore-comment.md', root))).toBe(true);
});
