/**
 * `binnacle test`: runs files of rule unit tests, as `promtool test rules` does, and modules of them in TypeScript, and
 * shows what was expected beside what came. Files, groups of tests and expectations are reported in their order; a file
 * that cannot be read fails alone.
 */
import { writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { matcherTest } from '@binnacle/promql';
import { ConfigError, formatProblem } from '../config/config-error.ts';
import { type ConfigFiles, configFilesOnDisk, expandGlob, readConfigText } from '../config/config-files.ts';
import { parseRuleFile, type RuleFile } from '../rules/rule-file.ts';
import { runUnitTest } from '../rules/unit-test.ts';
import { parseUnitTestFile, type UnitTestFile, type UnitTestGroup } from '../rules/unit-test-file.ts';
import { junitXml } from './junit.ts';
import { type AlertExpectation, alertsOf, alertTestsOf, coverageTable } from './test-coverage.ts';
import { dumpText, type FileReport, fileText, type GroupReport, hasFailed } from './test-report.ts';

/** What `binnacle test` was asked for. */
export interface TestOptions {
  readonly files: readonly string[];
  /** Patterns of names of groups of tests; without any, all are run. */
  readonly run: readonly string[];
  /** Whether to tell how long each group of tests took, and all its data. */
  readonly debug: boolean;
  /** Whether to show what is as expected, too, and in colour. */
  readonly diff: boolean;
  /** Whether rule files may have fields that nobody knows. */
  readonly ignoreUnknownFields: boolean;
  /** Where a report in JUnit's format goes. */
  readonly junit: string | undefined;
  /** Whether to tell which alerts are tested; `required` fails where one is not, to fire and to be silent. */
  readonly coverage: 'none' | 'shown' | 'required';
  /** Whether to run again when a file changes. */
  readonly watch: boolean;
}

/** Where the words go: to people, and to people who look for what failed. */
export interface TestOutput {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** Runs the tests. Returns whether all of them passed. */
export async function runTests(
  options: TestOptions,
  output: TestOutput,
  isColored: boolean,
): Promise<boolean> {
  const isWanted = nameFilter(options.run);
  const reports: FileReport[] = [];
  for (const path of options.files) {
    const report = await testAny(path, options, isWanted);
    reports.push(report);
    for (const warning of report.warnings) output.err(`${path}: warning: ${warning}\n`);
    for (const group of report.groups) {
      if (group.dump === undefined) continue;
      output.err(`debug: ${group.name} took ${group.durationMs.toFixed(1)} ms; its data:\n${group.dump}`);
    }
    const text = fileText(report, { isColored: isColored || options.diff, showsEqual: options.diff });
    if (hasFailed(report)) output.err(text);
    else output.out(text);
  }
  if (options.junit !== undefined) await writeFile(options.junit, junitXml(reports, new Date()));
  const isCovered = options.coverage === 'none' || tellCoverage(reports, options.coverage, output);
  return isCovered && !reports.some(hasFailed);
}

/** Runs the tests of a file of either kind. */
async function testAny(
  path: string,
  options: TestOptions,
  isWanted: (name: string) => boolean,
): Promise<FileReport> {
  if (!/\.[cm]?[jt]s$/.test(path)) return testFile(path, options, isWanted);
  const { testModule } = await import('./rule-tests.ts');
  return testModule(path, options, isWanted);
}

/** Tells which alerts are tested. Returns whether that suffices. */
function tellCoverage(
  reports: readonly FileReport[],
  coverage: 'shown' | 'required',
  output: TestOutput,
): boolean {
  const { text, untested } = coverageTable(reports.map((report) => report.coverage));
  output.out(`\n${text}`);
  if (coverage === 'shown' || untested.length === 0) return true;
  output.err(
    `alerts that are not tested both to fire and to be silent: ${untested.join(', ')}; --coverage-required allows none\n`,
  );
  return false;
}

/**
 * Tests a name against patterns of RE2, any of which may match anywhere.
 * @throws RE2JSSyntaxException
 */
export function nameFilter(patterns: readonly string[]): (name: string) => boolean {
  if (patterns.length === 0) return () => true;
  const any = patterns.map((pattern) => `(?:${pattern})`).join('|');
  // A matcher's pattern is anchored.
  return matcherTest({ name: '', op: '=~', value: `(?s:.*)(?:${any})(?s:.*)` });
}

/** Runs one file's tests. */
export async function testFile(
  path: string,
  options: Pick<TestOptions, 'debug' | 'ignoreUnknownFields'>,
  isWanted: (name: string) => boolean = () => true,
  disk: ConfigFiles = configFilesOnDisk,
): Promise<FileReport> {
  const groups: GroupReport[] = [];
  const warnings: string[] = [];
  const coverage = { alerts: [] as string[], tests: [] as AlertExpectation[] };
  try {
    const file = parseUnitTestFile(path, await readConfigText(path, disk));
    warnings.push(...file.warnings.map(formatProblem));
    const rules = await loadRules(file, options.ignoreUnknownFields, warnings, disk);
    if (!(rules instanceof ConfigError)) coverage.alerts.push(...alertsOf(rules));
    for (const [i, test] of file.tests.entries()) {
      if (!isWanted(test.name)) continue;
      coverage.tests.push(...alertTestsOf(test.alertTests));
      groups.push(await testGroup(file, test, test.name || `unnamed#${i}`, rules, options.debug));
    }
    return { path, problems: [], warnings, groups, coverage };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { path, problems: error.problems, warnings, groups, coverage };
  }
}

async function testGroup(
  file: UnitTestFile,
  test: UnitTestGroup,
  name: string,
  rules: readonly RuleFile[] | ConfigError,
  debug: boolean,
): Promise<GroupReport> {
  const { line } = test;
  const problems = [...test.problems, ...(rules instanceof ConfigError ? rules.problems : [])];
  if (problems.length > 0 || rules instanceof ConfigError)
    return { name, line, problems, failures: [], durationMs: 0, dump: undefined };
  const began = performance.now();
  const outcome = await runUnitTest(file, test, rules);
  const durationMs = performance.now() - began;
  const dump = debug ? await dumpText(outcome) : undefined;
  return { name, line, problems, failures: outcome.failures, durationMs, dump };
}

/** The rule files that a file of tests names; what is wrong with them fails each of its groups, as in promtool. */
async function loadRules(
  file: UnitTestFile,
  ignoreUnknownFields: boolean,
  warnings: string[],
  disk: ConfigFiles,
): Promise<RuleFile[] | ConfigError> {
  const paths = new Set<string>();
  for (const pattern of file.ruleFiles) {
    const found = await expandGlob(isAbsolute(pattern) ? pattern : join(dirname(file.path), pattern), disk);
    if (found.length === 0) warnings.push(`no file matches ${pattern}`);
    for (const path of found) paths.add(join(path));
  }
  const rules: RuleFile[] = [];
  for (const path of paths) {
    try {
      rules.push(parseRuleFile(path, await readConfigText(path, disk), { ignoreUnknownFields }));
    } catch (error) {
      if (error instanceof ConfigError) return error;
      throw error;
    }
  }
  return rules;
}
