/**
 * Random rule files and unit tests, run by promtool and by us. Twice: with expectations that are guesses, so that both
 * must tell the same of what came instead; then with what came as the expectation, so that both must pass.
 * Reasons of errors are not compared, only that there is one, of which rule or expression, and when.
 *
 * `BINNACLE_CASES` and `BINNACLE_SEED` choose how many and which.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { testFile } from '../packages/monitor/dist/cli/test.js';
import {
  type FileReport,
  type GroupReport,
  groupHasFailed,
  hasFailed,
} from '../packages/monitor/dist/cli/test-report.js';
import type {
  ComparedAlert,
  ComparedSample,
  UnitTestFailure,
} from '../packages/monitor/dist/rules/unit-test.js';
import { parseUnitTestFile } from '../packages/monitor/dist/rules/unit-test-file.js';
import { temporaryFolder } from '../test/children.ts';
import { outside } from '../test/outside.ts';
import { type PromtoolSuite, promtoolText, readJunit, withoutReason } from './promtool-text.ts';
import { anyCase, type RandomCase, type RandomTestGroup, type RandomTests } from './random-rule-tests.ts';

const CASES = Number(process.env.BINNACLE_CASES ?? (process.env.BINNACLE_SOAK === '1' ? 1000 : 250));
const SEED = Number(process.env.BINNACLE_SEED ?? 7);

const OPTIONS = { debug: false, ignoreUnknownFields: false };

test('random unit tests have the outcome that promtool gives them', { timeout: 1_200_000 }, async (ctx) => {
  const promtool = outside(ctx, 'promtool');
  const folder = temporaryFolder();
  const cases = fc.sample(anyCase, { numRuns: CASES, seed: SEED });
  const names = cases.map((_, i) => `${i}.test.yml`);
  mkdirSync(`${folder}/rules`);
  for (const [i, { rules, tests }] of cases.entries()) {
    writeFileSync(`${folder}/rules/${i}.yml`, JSON.stringify(rules, null, 1));
    write(`${folder}/${names[i]}`, { ...tests, rule_files: [`ru*/${i}.y?l`] });
  }
  const different: string[] = [];
  const counts = { passed: 0, failed: 0, refused: 0 };
  const suites = run(promtool, folder, names);
  const reports: FileReport[] = [];
  for (const [i, suite] of suites.entries()) {
    const report = await testFile(`${folder}/${names[i]}`, OPTIONS);
    reports.push(report);
    const what = difference(suite, report.groups, cases[i]!);
    if (what !== undefined) different.push(`${names[i]} # seed ${SEED}: ${what}`);
    for (const { problems, failures } of report.groups) {
      if (problems.length > 0) counts.refused++;
      else if (failures.length > 0) counts.failed++;
      else counts.passed++;
    }
  }
  expect(different).toEqual([]);
  // All kinds must be there, and most must have been run.
  expect(counts.passed).toBeGreaterThan(CASES / 50);
  expect(counts.failed).toBeGreaterThan(CASES / 2);
  expect(counts.refused).toBeGreaterThan(0);

  const again = cases.flatMap((one, i) => {
    const tests = corrected(`${folder}/${names[i]}`, one.tests, reports[i]!.groups);
    if (tests.length === 0) return [];
    const name = `${i}.right.yml`;
    write(`${folder}/${name}`, { ...one.tests, rule_files: [`rules/${i}.yml`], tests });
    return [name];
  });
  expect(again.length).toBeGreaterThan(CASES / 4);
  const failing = run(promtool, folder, again).flatMap(({ path, cases: groups, error }) => [
    ...(error === undefined ? [] : [`${path}: ${error}`]),
    ...groups.flatMap(({ failures }) => failures.map((text) => `${path}: ${text}`)),
  ]);
  expect(failing).toEqual([]);
  for (const name of again)
    expect([name, hasFailed(await testFile(`${folder}/${name}`, OPTIONS))]).toEqual([name, false]);
});

function write(path: string, tests: RandomTests): void {
  writeFileSync(path, JSON.stringify(tests, null, 1));
}

function run(promtool: string, folder: string, names: readonly string[]): PromtoolSuite[] {
  const junit = `${folder}/junit.xml`;
  spawnSync(promtool, ['test', 'rules', `--junit=${junit}`, ...names], { cwd: folder, maxBuffer: 2 ** 28 });
  const suites = readJunit(readFileSync(junit, 'utf8'));
  expect(suites.map(({ path }) => path)).toEqual(names);
  return suites;
}

/** What the two tell differently of one file; undefined when nothing. */
function difference(
  suite: PromtoolSuite,
  groups: readonly GroupReport[],
  { tests }: RandomCase,
): string | undefined {
  if (suite.error !== undefined) return `promtool refuses the file: ${suite.error}`;
  for (const [i, group] of groups.entries()) {
    const theirs = suite.cases[i]?.failures ?? [];
    if (groupHasFailed(group) !== theirs.length > 0)
      return `${group.name}: ${JSON.stringify(group.problems)} ${JSON.stringify(group.failures)} beside ${theirs.join('\n')}`;
    if (group.problems.length > 0) continue;
    const name = tests.tests[i]!.name ?? '';
    const ours = group.failures.map((failure) => promtoolText(failure, name));
    for (const [k, text] of theirs.map(withoutReason).entries()) {
      if (ours[k] !== text) return `${ours[k]}\n  instead of\n${theirs[k]}`;
    }
    if (ours.length > theirs.length) return `${ours.at(-1)} is too much`;
  }
  return undefined;
}

/** The groups of tests that could be run, with what came as the expectation; the others are left out: with fewer tests their time would end sooner. */
function corrected(path: string, tests: RandomTests, reports: readonly GroupReport[]): RandomTestGroup[] {
  const parsed = parseUnitTestFile(path, readFileSync(path, 'utf8'));
  return tests.tests.flatMap((one, i) => {
    const { problems, failures } = reports[i]!;
    if (problems.length > 0 || failures.some(isInexpressible)) return [];
    const { alertTests, exprTests } = parsed.tests[i]!;
    const got = new Map(failures.map((failure) => ['test' in failure ? failure.test.line : 0, failure]));
    return [
      {
        ...one,
        alert_rule_test: alertTests.map(({ line }, k) => {
          const failure = got.get(line);
          const test = one.alert_rule_test[k]!;
          return failure?.type === 'alerts' ? { ...test, exp_alerts: failure.got.map(alertJson) } : test;
        }),
        promql_expr_test: exprTests.map(({ line }, k) => {
          const failure = got.get(line);
          const test = one.promql_expr_test[k]!;
          return failure?.type === 'samples' ? { ...test, exp_samples: failure.got.map(sampleJson) } : test;
        }),
      },
    ];
  });
}

/** Whether what came cannot be expected: an error, or a number that JSON does not have. */
function isInexpressible(failure: UnitTestFailure): boolean {
  switch (failure.type) {
    case 'alerts':
      return false;
    case 'samples':
      return failure.got.some(({ value }) => !Number.isFinite(value));
    default:
      return true;
  }
}

function alertJson({ labels, annotations }: ComparedAlert): object {
  return { exp_labels: Object.fromEntries(labels), exp_annotations: Object.fromEntries(annotations) };
}

function sampleJson({ labels, value, histogram }: ComparedSample): object {
  return { labels: `${labels}`, ...(histogram === '' ? { value } : { histogram }) };
}
