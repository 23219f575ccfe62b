import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { REPOSITORY_CHECKS } from '../../dist/check/repository/repository-checks.js';
import { ALL_CHECK_NAMES } from '../../dist/index.js';

test('every check of files has a file, a table of tests and a page, all of its name', () => {
  const tables = ['alerting', 'compose', 'provisioning', 'retention', 'scraping']
    .map((name) => readFileSync(new URL(`${name}.test.ts`, import.meta.url), 'utf8'))
    .join('');
  for (const { name } of REPOSITORY_CHECKS) {
    expect(existsSync(new URL(`../../src/check/repository/checks/${name}.ts`, import.meta.url)), name).toBe(
      true,
    );
    expect(existsSync(new URL(`../../../../docs/checks/${name}.md`, import.meta.url)), name).toBe(true);
    expect(tables, name).toContain(`suite('${name}'`);
    expect(ALL_CHECK_NAMES).toContain(name);
  }
});
