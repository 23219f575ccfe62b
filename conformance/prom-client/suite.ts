/**
 * Runs prom-client's own tests over `@binnacle/prom-client`.
 *
 * They stay where they are: Jest runs them out of a checkout of prom-client, and only what they import is mapped,
 * `../index` and every `../lib/NAME`, to the built files of our package. So all 480 cases of prom-client 15.1.3 run
 * over ours, also the 28 that would pass without any replacement if `lib` were left alone.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the checkout is looked for when `PROM_CLIENT_DIR` does not name it. */
export const DEFAULT_CHECKOUT = '.outside/prom-client';

/** How to get it. */
export const HOW_TO_GET_IT =
  `the tests of prom-client are not here: git clone --branch v15.1.3 https://github.com/siimon/prom-client ` +
  `${DEFAULT_CHECKOUT}, or name a checkout with PROM_CLIENT_DIR`;

const here = fileURLToPath(new URL('.', import.meta.url));
const root = path.join(here, '../..');
const ours = path.join(root, 'packages/prom-client');

/** What came out. */
export interface Totals {
  readonly passed: number;
  readonly total: number;
  /** Full names. */
  readonly failed: readonly string[];
}

/** The checkout, where there is one. */
export function checkout(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const folder = path.resolve(root, env.PROM_CLIENT_DIR ?? DEFAULT_CHECKOUT);
  return existsSync(path.join(folder, 'test')) ? folder : undefined;
}

/** Jest's configuration for the tests of a checkout. */
export function jestConfiguration(folder: string): object {
  return {
    rootDir: folder,
    roots: [path.join(folder, 'test')],
    testEnvironment: 'node',
    testRegex: 'Test\\.js$',
    moduleNameMapper: {
      '^(?:\\.\\./)+index$': path.join(ours, 'index.js'),
      '^(?:\\.\\./)+lib/(.*)$': path.join(ours, 'dist/lib/$1.js'),
    },
    // What the tests use themselves; a checkout needs no installation.
    modulePaths: [path.join(here, 'node_modules')],
    testTimeout: 120_000,
  };
}

/**
 * Runs the tests of a checkout, after installing Jest where it is missing.
 * @throws Error where Jest does not get as far as a report
 */
export function runSuite(folder: string): Totals {
  if (!existsSync(path.join(here, 'node_modules/jest'))) {
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
  }
  const output = mkdtempSync(path.join(os.tmpdir(), 'binnacle-conformance-'));
  const report = path.join(output, 'report.json');
  try {
    const configuration = JSON.stringify(jestConfiguration(folder));
    const args = ['--ci', '--config', configuration, '--json', '--outputFile', report];
    const said = run(process.execPath, [path.join(here, 'node_modules/jest/bin/jest.js'), ...args]);
    if (!existsSync(report)) throw new Error(`Jest made no report:\n${said}`);
    return totalsOf(JSON.parse(readFileSync(report, 'utf8')));
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

/** The totals of a report of Jest's; a file that does not load counts as one failure. */
export function totalsOf(report: unknown): Totals {
  const { testResults } = report as {
    readonly testResults: readonly {
      readonly name: string;
      readonly status: string;
      readonly message: string;
      readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
    }[];
  };
  const failed: string[] = [];
  let passed = 0;
  let total = 0;
  for (const { name, status, message, assertionResults } of testResults) {
    for (const { status, fullName } of assertionResults) {
      total++;
      if (status === 'passed') passed++;
      else failed.push(fullName);
    }
    if (status === 'failed' && assertionResults.length === 0) failed.push(`${name}: ${message}`);
  }
  return { passed, total, failed };
}

function run(command: string, args: readonly string[]): string {
  // A test of a test runner: what tells one that it runs inside of another is left out.
  const { VITEST: _, NODE_ENV: __, ...env } = process.env;
  const { stdout, stderr, error } = spawnSync(command, args, { cwd: here, env, encoding: 'utf8' });
  if (error !== undefined) throw error;
  return `${stdout}${stderr}`;
}
