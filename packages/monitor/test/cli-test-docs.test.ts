/** The page about tests of rules: its example runs, and says what the page says. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test, vi } from 'vitest';
import { projectFolder } from './project-folder.ts';

// Processes start slowly where many do.
vi.setConfig({ testTimeout: 300_000 });

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const TSC = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));
const page = readFileSync(new URL('../../../docs/testing.md', import.meta.url), 'utf8');
const files = [...page.matchAll(/```ts\n\/\/ (\S+)\n(.*?)```/gs)].map(
  ([, name, text]) => [name!, text!] as const,
);
const folder = projectFolder(Object.fromEntries(files));
afterAll(() => folder.remove());

function run(...args: string[]) {
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: folder.path, encoding: 'utf8' });
  return { status, stdout };
}

test('its files are those of a project, and compile', () => {
  expect(files.map(([name]) => name)).toEqual(['rules.ts', 'alerts.test.ts']);
  const options =
    '--noEmit --strict --target es2023 --module esnext --moduleResolution bundler --skipLibCheck';
  expect(run(TSC, ...options.split(' '), 'alerts.test.ts')).toEqual({ status: 0, stdout: '' });
});

test('its test passes, and the table says what is not tested', () => {
  const shown = /```text\n(.*?)```/s.exec(page)![1];
  expect(run(MAIN, 'test', '--coverage', 'alerts.test.ts')).toEqual({ status: 0, stdout: shown });
  expect(run(MAIN, 'test', '--coverage-required', 'alerts.test.ts').status).toBe(1);
});

test('it names every option', () => {
  const help = run(MAIN, '--help').stdout;
  const own = /^ {2}binnacle test .*?(?=^ {2}binnacle (?!test))/ms.exec(help)![0];
  const options = [...own.matchAll(/^ {4}(--[a-z-]+)/gm)].map(([, option]) => option!);
  expect(options).toContain('--watch');
  for (const option of options) expect(page, option).toContain(`\`${option}`);
});
