/**
 * Reads files of rule unit tests, as `promtool test rules` takes them:
 *
 *     rule_files: [rules/*.yml]
 *     evaluation_interval: 1m
 *     tests:
 *       - name: an instance that is down
 *         input_series: [{ series: 'up{job="a"}', values: '0x10' }]
 *         alert_rule_test:
 *           - { eval_time: 5m, alertname: Down, exp_alerts: [{ exp_labels: { job: a } }] }
 *         promql_expr_test:
 *           - { expr: sum(up), eval_time: 5m, exp_samples: [{ value: 0 }] }
 *
 * What is wrong with one group of tests, such as a series that cannot be read, fails this group; what is wrong with the
 * file fails the file. `start_timestamp` is read as later versions of promtool do.
 */
import { ParseError, parseSeriesDescription, type SeriesDescription } from '@binnacle/promql';
import type { ConfigProblem } from '../config/config-error.ts';
import { YamlFile, type YamlMap, type YamlNode } from '../config/yaml-reader.ts';

const EVALUATION_INTERVAL_MS = 60_000;

/** A file of tests. Durations that are absent have their defaults. */
export interface UnitTestFile {
  readonly path: string;
  /** As written; relative ones are relative to the file's folder. */
  readonly ruleFiles: readonly string[];
  readonly evaluationIntervalMs: number;
  /** Names of rule groups, none twice. */
  readonly groupEvalOrder: readonly string[];
  /** Whether neighbouring floating point numbers are equal. */
  readonly fuzzyCompare: boolean;
  readonly tests: readonly UnitTestGroup[];
  readonly warnings: readonly ConfigProblem[];
}

/** Input series, and what is expected of rules and expressions over them. */
export interface UnitTestGroup {
  /** Empty when it has none. */
  readonly name: string;
  readonly line: number;
  /** The distance of the input's samples. */
  readonly intervalMs: number;
  /** The time of the first sample and of the first evaluation. */
  readonly startMs: number;
  readonly inputSeries: readonly SeriesDescription[];
  readonly alertTests: readonly AlertTest[];
  readonly exprTests: readonly ExprTest[];
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
  /** Why the group cannot be run; empty when it can. */
  readonly problems: readonly ConfigProblem[];
}

/** Which alerts of one name are to fire at a time. */
export interface AlertTest {
  readonly line: number;
  /** From the group's start. */
  readonly evalTimeMs: number;
  readonly alertname: string;
  readonly expected: readonly ExpectedAlert[];
  /** Whether an alert may have more labels and annotations than are expected of it; in promtool it may not. */
  readonly allowsMore?: boolean;
}

export interface ExpectedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What an expression is to give at a time. */
export interface ExprTest {
  readonly line: number;
  readonly expr: string;
  /** From the group's start. */
  readonly evalTimeMs: number;
  readonly expected: readonly ExpectedSample[];
}

export interface ExpectedSample {
  /** A series in PromQL's notation. */
  readonly labels: string;
  readonly value: number;
  /** Empty for a sample that is a number. */
  readonly histogram: string;
}

/**
 * Reads a file's text.
 * @param path named in problems
 * @throws ConfigError with every problem
 */
export function parseUnitTestFile(path: string, text: string): UnitTestFile {
  const file = YamlFile.parse(path, text, { firstDocumentOnly: true });
  const root = file.map;
  const evaluationIntervalMs = root?.durationMs('evaluation_interval') || EVALUATION_INTERVAL_MS;
  const unitTests: UnitTestFile = {
    path,
    ruleFiles: texts(root, 'rule_files'),
    evaluationIntervalMs,
    groupEvalOrder: readOrder(root),
    fuzzyCompare: root?.boolean('fuzzy_compare') ?? false,
    tests: mapsOf(root, 'tests').map((map) => readGroup(map, evaluationIntervalMs)),
    warnings: file.warnings,
  };
  root?.finish();
  file.throwIfProblems();
  return unitTests;
}

function readOrder(root: YamlMap | undefined): string[] {
  const names = new Set<string>();
  for (const item of root?.items('group_eval_order', false) ?? []) {
    const name = item.text() ?? '';
    if (names.has(name)) item.problem(`group name repeated in evaluation order: ${name}`);
    names.add(name);
  }
  return [...names];
}

function readGroup(map: YamlMap, evaluationIntervalMs: number): UnitTestGroup {
  const problems: ConfigProblem[] = [];
  const inputSeries = mapsOf(map, 'input_series').flatMap((series) => readSeries(series, problems));
  const alertTests = mapsOf(map, 'alert_rule_test').map((test) => readAlertTest(test, problems));
  const exprTests = mapsOf(map, 'promql_expr_test').map(readExprTest);
  const group: UnitTestGroup = {
    name: map.text('name') ?? '',
    line: map.line,
    intervalMs: map.durationMs('interval') || evaluationIntervalMs,
    startMs: readStart(map.field('start_timestamp')),
    inputSeries,
    alertTests,
    exprTests,
    externalLabels: map.texts('external_labels'),
    externalUrl: map.text('external_url') ?? '',
    problems,
  };
  map.finish();
  return group;
}

function readSeries(map: YamlMap, problems: ConfigProblem[]): SeriesDescription[] {
  const seriesNode = map.field('series');
  const valuesNode = map.field('values');
  const series = seriesNode?.text() ?? '';
  const values = valuesNode?.text() ?? '';
  map.finish();
  try {
    return [parseSeriesDescription(`${series} ${values}`)];
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const [node, at] =
      error.start <= series.length
        ? [seriesNode, error.start]
        : [valuesNode ?? seriesNode, error.start - series.length - 1];
    const problem = node?.asProblemInside(at, `the series cannot be read: ${error.message}`);
    problems.push(problem ?? map.asProblem('the series has no name and no values'));
    return [];
  }
}

function readAlertTest(map: YamlMap, problems: ConfigProblem[]): AlertTest {
  const test: AlertTest = {
    line: map.line,
    evalTimeMs: map.durationMs('eval_time') ?? 0,
    alertname: map.text('alertname') ?? '',
    expected: mapsOf(map, 'exp_alerts').map((alert) => {
      const expected = { labels: alert.texts('exp_labels'), annotations: alert.texts('exp_annotations') };
      alert.finish();
      return expected;
    }),
  };
  if (test.alertname === '') problems.push(map.asProblem('an item under alert_rule_test needs an alertname'));
  map.finish();
  return test;
}

function readExprTest(map: YamlMap): ExprTest {
  const test: ExprTest = {
    line: map.line,
    expr: map.text('expr') ?? '',
    evalTimeMs: map.durationMs('eval_time') ?? 0,
    expected: mapsOf(map, 'exp_samples').map((sample) => {
      const expected = {
        labels: sample.text('labels') ?? '',
        value: sample.field('value')?.number() ?? 0,
        histogram: sample.text('histogram') ?? '',
      };
      sample.finish();
      return expected;
    }),
  };
  map.finish();
  return test;
}

/** Unix seconds, or a time such as 2024-01-01T00:00:00Z. */
function readStart(node: YamlNode | undefined): number {
  const text = node?.text();
  if (node === undefined || text === undefined) return 0;
  const isSeconds = /^[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?$/i.test(text);
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text);
  const ms = isSeconds ? Math.round(Number(text) * 1000) : isTime ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(ms)) return ms;
  node.problem(`${node.path} must be Unix seconds or a time such as 2024-01-01T00:00:00Z`);
  return 0;
}

function mapsOf(map: YamlMap | undefined, field: string): YamlMap[] {
  return (map?.items(field, false) ?? []).flatMap((item) => item.map() ?? []);
}

function texts(map: YamlMap | undefined, field: string): string[] {
  return (map?.items(field, false) ?? []).flatMap((item) => item.text() ?? []);
}
