/**
 * Tests of rules in TypeScript: loads a file whose default export is what `ruleTests()` of `@binnacle/blueprint` returns,
 * and runs each of its tests as those in YAML are run. Rules go through the rule file that they render to, so what is
 * tested is what Prometheus would read.
 *
 * An alert passes when it has the labels and annotations that are expected of it; it may have more.
 */
import { resolve } from 'node:path';
import { type Expectation, isRuleTests, type RuleTest, renderRuleFile } from '@binnacle/blueprint';
import { Labels } from '@binnacle/metrics/model';
import { parseSeriesDescription } from '@binnacle/promql';
import type { ConfigProblem } from '../config/config-error.ts';
import { parseRuleFile, type RuleFile } from '../rules/rule-file.ts';
import { runUnitTest } from '../rules/unit-test.ts';
import type { AlertTest, ExprTest, UnitTestFile, UnitTestGroup } from '../rules/unit-test-file.ts';
import { importDefault } from './project/load-project.ts';
import { ProjectError } from './project/project-error.ts';
import { alertsOf, alertTestsOf } from './test-coverage.ts';
import { dumpText, type FileReport, type GroupReport } from './test-report.ts';

/** Runs the tests of one module. */
export async function testModule(
  path: string,
  options: { readonly debug: boolean },
  isWanted: (name: string) => boolean,
): Promise<FileReport> {
  let value: unknown;
  try {
    value = await importDefault(resolve(path));
  } catch (error) {
    if (!(error instanceof ProjectError)) throw error;
    return failed(path, problemOf(path, error));
  }
  if (!isRuleTests(value)) {
    const message =
      'its default export is not what ruleTests of @binnacle/blueprint returns: end it with export default ruleTests(config, [ ... ])';
    return failed(path, { file: path, line: 1, column: 1, message });
  }
  const rules = parseRuleFile(path, renderRuleFile(value.groups, { from: path }));
  const groups: GroupReport[] = [];
  for (const test of value.tests)
    if (isWanted(test.name)) groups.push(await runTest(path, test, rules, options.debug));
  return {
    path,
    problems: [],
    warnings: [],
    groups,
    coverage: {
      alerts: alertsOf([rules]),
      tests: alertTestsOf(value.tests.filter(({ name }) => isWanted(name)).flatMap(alertTests)),
    },
  };
}

async function runTest(path: string, test: RuleTest, rules: RuleFile, debug: boolean): Promise<GroupReport> {
  const { name, intervalMs } = test;
  const file: UnitTestFile = {
    path,
    ruleFiles: [],
    evaluationIntervalMs: intervalMs,
    groupEvalOrder: [],
    fuzzyCompare: true,
    tests: [],
    warnings: [],
  };
  const line = test.definedAt?.line ?? 1;
  const group: UnitTestGroup = {
    name,
    line,
    intervalMs,
    startMs: 0,
    inputSeries: test.series.map(parseSeriesDescription),
    alertTests: alertTests(test),
    exprTests: test.expectations.flatMap((expectation) => exprTest(expectation, line) ?? []),
    externalLabels: test.externalLabels,
    externalUrl: '',
    problems: [],
  };
  const began = performance.now();
  const outcome = await runUnitTest(file, group, [rules]);
  const durationMs = performance.now() - began;
  const dump = debug ? await dumpText(outcome) : undefined;
  return { name, line, problems: [], failures: outcome.failures, durationMs, dump };
}

function alertTests({ expectations, definedAt }: RuleTest): AlertTest[] {
  return expectations.flatMap((expectation) => {
    if (expectation.type !== 'alerts') return [];
    const { atMs: evalTimeMs, alert: alertname, expected, line = definedAt?.line ?? 1 } = expectation;
    return [{ line, evalTimeMs, alertname, expected, allowsMore: true }];
  });
}

function exprTest(expectation: Expectation, testLine: number): ExprTest | undefined {
  if (expectation.type !== 'query') return undefined;
  const { atMs: evalTimeMs, expr, expected, line = testLine } = expectation;
  return {
    line,
    evalTimeMs,
    expr,
    expected: expected.map(({ labels, value }) => ({
      labels: Labels.of(labels).toString(),
      value,
      histogram: '',
    })),
  };
}

function failed(path: string, problem: ConfigProblem): FileReport {
  return { path, problems: [problem], warnings: [], groups: [], coverage: { alerts: [], tests: [] } };
}

function problemOf(path: string, { place, bareMessage }: ProjectError): ConfigProblem {
  return {
    file: path,
    line: place?.line ?? 1,
    column: Math.max(1, place?.column ?? 1),
    message: bareMessage,
  };
}
