/** prom-client's own tests, over our package: where a checkout is at hand. */
import path from 'node:path';
import { expect, test } from 'vitest';
import { checkout, HOW_TO_GET_IT, jestConfiguration, runSuite, totalsOf } from './suite.ts';

/** Full names of cases that do not pass, and why. */
const NOT_YET: readonly string[] = [];

/** Cases of prom-client 15.1.3. */
const CASES = 480;

const folder = checkout(process.env);

if (folder !== undefined) {
  test("prom-client's own tests pass", { timeout: 900_000 }, () => {
    const { passed, total, failed } = runSuite(folder);
    console.log(`prom-client's own tests: ${passed} of ${total} passed, ${failed.length} failed`);
    expect(failed).toEqual(NOT_YET);
    expect(total).toBe(CASES);
  });
} else {
  test('without a checkout of prom-client it is said how to get one', () => {
    console.log(HOW_TO_GET_IT);
    expect(checkout({ PROM_CLIENT_DIR: path.dirname(import.meta.filename) })).toBeUndefined();
    expect(HOW_TO_GET_IT).toMatch(/git clone .* or name a checkout with PROM_CLIENT_DIR$/);
  });
}

test('what the tests import is ours, and they have nothing else', () => {
  const { moduleNameMapper } = jestConfiguration('/checkout') as {
    readonly moduleNameMapper: Readonly<Record<string, string>>;
  };
  const mapped = (specifier: string) => {
    for (const [pattern, target] of Object.entries(moduleNameMapper)) {
      if (new RegExp(pattern).test(specifier)) return specifier.replace(new RegExp(pattern), target);
    }
    return specifier;
  };
  expect(mapped('../index')).toMatch(/packages\/prom-client\/index\.js$/);
  expect(mapped('../../lib/metrics/gc')).toMatch(/packages\/prom-client\/dist\/lib\/metrics\/gc\.js$/);
  expect(mapped('http')).toBe('http');
});

test('a case that fails and a file that does not load are both counted', () => {
  const ok = { status: 'passed', fullName: 'counts' };
  const bad = { status: 'failed', fullName: 'resets' };
  const file = { name: 'a', status: 'failed', message: '', assertionResults: [ok, bad] };
  const broken = { name: 'b', status: 'failed', message: 'no such module', assertionResults: [] };
  expect(totalsOf({ testResults: [file, broken] })).toEqual({
    passed: 1,
    total: 2,
    failed: ['resets', 'b: no such module'],
  });
});
