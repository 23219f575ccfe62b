/** Prometheus's own rule unit tests: each group of tests passes or fails as in promtool, and with the same values. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { testFile } from '../packages/monitor/dist/cli/test.js';
import { groupHasFailed, hasFailed } from '../packages/monitor/dist/cli/test-report.js';
import { temporaryFolder } from '../test/children.ts';
import { outside } from '../test/outside.ts';
import { promtoolText, readJunit, withoutReason } from './promtool-text.ts';
import { vectors } from './vectors.ts';

// Processes start slowly where many do.
vi.setConfig({ testTimeout: 300_000 });

/** The files of the folder that are tests, and whether they pass. */
const FILES: Readonly<Record<string, boolean>> = {
  'at-modifier-test.yml': true,
  'bad-input-series.yml': false,
  'bad-promql.yml': false,
  'bad-rules-error-test.yml': false,
  'bad-rules-syntax-test.yml': false,
  'failing.yml': false,
  'long-period.yml': true,
  'negative-offset-test.yml': true,
  'no-test-group-interval.yml': true,
  'rules_run.yml': false,
  'rules_run_extrafields.yml': false,
  'rules_run_fuzzy.yml': false,
  'rules_run_no_fuzzy.yml': false,
  'start-time-test.yml': true,
  'unittest.yml': true,
};

/** Promtool 3.5 has no `start_timestamp` yet. */
const LATER = new Set(['start-time-test.yml']);

const OPTIONS = { debug: false, ignoreUnknownFields: false };

test('unit tests of Prometheus pass or fail as they are meant to', async (ctx) => {
  const folder = vectors('rules', ctx);
  if (folder === undefined) return;
  for (const [name, passes] of Object.entries(FILES)) {
    const report = await testFile(`${folder}/${name}`, OPTIONS);
    expect([name, hasFailed(report)]).toEqual([name, !passes]);
  }
  const extra = await testFile(`${folder}/rules_run_extrafields.yml`, {
    ...OPTIONS,
    ignoreUnknownFields: true,
  });
  expect(hasFailed(extra)).toBe(false);
});

test('every group of tests has the outcome that promtool gives it', async (ctx) => {
  const folder = vectors('rules', ctx);
  const promtool = outside(ctx, 'promtool');
  if (folder === undefined) return;
  const junit = `${temporaryFolder()}/junit.xml`;
  // All files, also those that hold rules: they are no tests, and both must say so.
  const names = readdirSync(folder).filter((name) => !LATER.has(name));
  spawnSync(promtool, ['test', 'rules', `--junit=${junit}`, ...names], { cwd: folder });
  const suites = readJunit(readFileSync(junit, 'utf8'));
  expect(suites.map(({ path }) => path)).toEqual(names);
  let compared = 0;
  for (const suite of suites) {
    const report = await testFile(`${folder}/${suite.path}`, OPTIONS);
    expect([suite.path, report.problems.length > 0]).toEqual([suite.path, suite.error !== undefined]);
    if (suite.error !== undefined) continue;
    expect(report.groups.map(({ name }) => name)).toEqual(suite.cases.map(({ name }) => name));
    for (const [i, group] of report.groups.entries()) {
      const theirs = suite.cases[i]!.failures;
      expect([suite.path, group.name, groupHasFailed(group)]).toEqual([
        suite.path,
        group.name,
        theirs.length > 0,
      ]);
      const name = group.name.startsWith('unnamed#') ? '' : group.name;
      const ours = group.failures.map((failure) => promtoolText(failure, name));
      if (group.problems.length === 0) expect(ours).toEqual(theirs.map(withoutReason));
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(15);
});
