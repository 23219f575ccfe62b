/**
 * Runs rule unit tests over storage in memory: the groups of rules step by step as the monitor evaluates them, then
 * the expressions over what is there at the end.
 *
 *     for t = start, start + evaluation_interval, ... up to the last eval_time:
 *       the input's samples up to t appear → every group is evaluated at t, in order
 *       → alerts of the tests with t <= eval_time < t + evaluation_interval are compared
 *
 * What promtool does, this does, also where it surprises: an expression at an eval_time between two evaluations sees no
 * samples after the former; intervals of groups are ignored; the first evaluation writes `ALERTS` already; a rule that
 * fails ends the group of tests; NaN equals nothing. Groups that `group_eval_order` does not name come along with the
 * first that it names, here in the order of their files, there in any.
 */
import { Labels } from '@binnacle/metrics/model';
import {
  Engine,
  formatHistogramLiteral,
  parseLabels,
  parseSeriesDescription,
  type VectorSample,
} from '@binnacle/promql';
import { RESTORE_TIMING } from './restore-alerts.ts';
import type { RuleFile } from './rule-file.ts';
import { type RuleContext, RuleGroup } from './rule-group.ts';
import { engineRuleQuery } from './rule-query.ts';
import type { AlertTest, ExpectedSample, ExprTest, UnitTestFile, UnitTestGroup } from './unit-test-file.ts';
import { UnitTestStorage } from './unit-test-storage.ts';

/** An alert as it is compared: sorted pairs. Empty values stay, so that expecting one fails as in promtool. */
export interface ComparedAlert {
  readonly labels: readonly (readonly [string, string])[];
  readonly annotations: readonly (readonly [string, string])[];
}

/** A sample as it is compared. */
export interface ComparedSample {
  readonly labels: Labels;
  /** 0 where there is a histogram. */
  readonly value: number;
  /** In the notation of tests; empty for a number. */
  readonly histogram: string;
}

/** What went wrong in a group of tests. */
export type UnitTestFailure =
  | { readonly type: 'rule'; readonly rule: string; readonly timeMs: number; readonly message: string }
  | { readonly type: 'expr'; readonly test: ExprTest; readonly message: string }
  | {
      readonly type: 'alerts';
      readonly test: AlertTest;
      readonly expected: readonly ComparedAlert[];
      readonly got: readonly ComparedAlert[];
    }
  | {
      readonly type: 'samples';
      readonly test: ExprTest;
      readonly expected: readonly ComparedSample[];
      readonly got: readonly ComparedSample[];
    };

/** What became of a group of tests. */
export interface UnitTestOutcome {
  /** In the order of promtool's; empty when all is as expected. */
  readonly failures: readonly UnitTestFailure[];
  /** Where the data of the test can be looked at, up to the end of its time. */
  readonly storage: UnitTestStorage;
  readonly endMs: number;
}

/**
 * Runs one group of tests, which must have no problems.
 * @param ruleFiles those that the file names
 */
export async function runUnitTest(
  file: UnitTestFile,
  test: UnitTestGroup,
  ruleFiles: readonly RuleFile[],
): Promise<UnitTestOutcome> {
  const storage = new UnitTestStorage(test.inputSeries, test.startMs, test.intervalMs);
  const engine = new Engine({ defaultSubqueryStepMs: file.evaluationIntervalMs });
  const endMs =
    test.startMs + Math.max(0, ...[...test.alertTests, ...test.exprTests].map((t) => t.evalTimeMs));
  const groups = orderedGroups(file, test, ruleFiles, engine, storage);
  const failures: UnitTestFailure[] = [];
  const signal = new AbortController().signal;
  for (let timeMs = test.startMs; timeMs <= endMs; timeMs += file.evaluationIntervalMs) {
    storage.advance(timeMs);
    let hasFailed = false;
    for (const group of groups) {
      await group.evaluate(timeMs, signal);
      for (const { rule, message } of group.failures()) {
        failures.push({ type: 'rule', rule, timeMs: timeMs - test.startMs, message });
        hasFailed = true;
      }
    }
    if (hasFailed) return { failures, storage, endMs };
    const atMs = timeMs - test.startMs;
    const due = test.alertTests.filter(
      ({ evalTimeMs }) => atMs <= evalTimeMs && evalTimeMs < atMs + file.evaluationIntervalMs,
    );
    for (const alertTest of due.toSorted((a, b) => a.evalTimeMs - b.evalTimeMs))
      failures.push(...compareAlerts(alertTest, groups));
  }
  for (const exprTest of test.exprTests)
    failures.push(...(await runExprTest(exprTest, test.startMs, engine, storage, file.fuzzyCompare)));
  return { failures, storage, endMs };
}

function orderedGroups(
  file: UnitTestFile,
  test: UnitTestGroup,
  ruleFiles: readonly RuleFile[],
  engine: Engine,
  storage: UnitTestStorage,
): RuleGroup[] {
  const context: RuleContext = {
    query: engineRuleQuery(engine, storage),
    storage,
    sink: () => {},
    externalLabels: test.externalLabels,
    externalUrl: test.externalUrl,
    resendDelayMs: 0,
    queryOffsetMs: 0,
    restore: RESTORE_TIMING,
    now: () => 0,
  };
  const start = { defaultIntervalMs: test.intervalMs, restores: false };
  const order = new Map(file.groupEvalOrder.map((name, i) => [name, i]));
  const placeOf = (group: RuleGroup): number => order.get(group.config.name) ?? 0;
  return ruleFiles
    .flatMap(({ path, groups }) => groups.map((group) => new RuleGroup(group, path, start, context)))
    .sort((a, b) => placeOf(a) - placeOf(b));
}

function compareAlerts(test: AlertTest, groups: readonly RuleGroup[]): UnitTestFailure[] {
  const firing = groups
    .flatMap((group) => group.activeAlerts(test.alertname))
    .filter(({ state }) => state === 'firing');
  const got = firing.map(({ labels, annotations }) => comparedAlert(labels.toObject(), annotations));
  const expected = test.expected.map(({ labels, annotations }) =>
    comparedAlert({ ...labels, alertname: test.alertname }, annotations),
  );
  got.sort(compareTexts);
  expected.sort(compareTexts);
  if (test.allowsMore === true && got.length === expected.length && canPair(expected, got)) return [];
  return JSON.stringify(got) === JSON.stringify(expected) ? [] : [{ type: 'alerts', test, expected, got }];
}

/**
 * Whether each expected alert has an alert of its own that has everything expected of it (Kuhn's algorithm: who finds
 * only taken ones asks their holders to take another).
 */
function canPair(expected: readonly ComparedAlert[], got: readonly ComparedAlert[]): boolean {
  const holders = new Map<ComparedAlert, ComparedAlert>();
  const findOne = (wanting: ComparedAlert, asked: Set<ComparedAlert>): boolean =>
    got.some((alert) => {
      if (asked.has(alert) || !hasAll(alert, wanting)) return false;
      asked.add(alert);
      const holder = holders.get(alert);
      if (holder !== undefined && !findOne(holder, asked)) return false;
      holders.set(alert, wanting);
      return true;
    });
  return expected.every((wanting) => findOne(wanting, new Set()));
}

function hasAll(alert: ComparedAlert, { labels, annotations }: ComparedAlert): boolean {
  const has = (all: ComparedAlert['labels'], some: ComparedAlert['labels']): boolean =>
    some.every(([name, value]) => all.some(([n, v]) => n === name && v === value));
  return has(alert.labels, labels) && has(alert.annotations, annotations);
}

function comparedAlert(
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>>,
): ComparedAlert {
  const sorted = (texts: Readonly<Record<string, string>>) =>
    Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return { labels: sorted(labels), annotations: sorted(annotations) };
}

/** By labels, then by annotations. */
function compareTexts(a: ComparedAlert, b: ComparedAlert): number {
  return comparePairs(a.labels, b.labels) || comparePairs(a.annotations, b.annotations);
}

function comparePairs(a: ComparedAlert['labels'], b: ComparedAlert['labels']): number {
  const [left, right] = [a.flat(), b.flat()];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    if (left[i] !== right[i]) return left[i]! < right[i]! ? -1 : 1;
  }
  return left.length - right.length;
}

async function runExprTest(
  test: ExprTest,
  startMs: number,
  engine: Engine,
  storage: UnitTestStorage,
  fuzzy: boolean,
): Promise<UnitTestFailure[]> {
  let got: ComparedSample[];
  try {
    got = await evaluate(test.expr, startMs + test.evalTimeMs, engine, storage);
  } catch (error) {
    return [{ type: 'expr', test, message: messageOf(error) }];
  }
  const expected: ComparedSample[] = [];
  for (const sample of test.expected) {
    try {
      expected.push(expectedSample(sample));
    } catch (error) {
      const message = `labels ${JSON.stringify(sample.labels)}: ${messageOf(error)}`;
      return [{ type: 'expr', test, message }];
    }
  }
  const byLabels = (a: ComparedSample, b: ComparedSample): number => Labels.compare(a.labels, b.labels);
  got.sort(byLabels);
  expected.sort(byLabels);
  const isSame =
    got.length === expected.length && got.every((sample, i) => isEqual(sample, expected[i]!, fuzzy));
  return isSame ? [] : [{ type: 'samples', test, expected, got }];
}

async function evaluate(
  expr: string,
  timeMs: number,
  engine: Engine,
  storage: UnitTestStorage,
): Promise<ComparedSample[]> {
  const { value } = await engine.instant(storage, expr, timeMs);
  switch (value.type) {
    case 'vector':
      return value.samples.map(({ labels, value: number, histogram }: VectorSample) =>
        histogram === undefined
          ? { labels, value: number, histogram: '' }
          : { labels, value: 0, histogram: formatHistogramLiteral(histogram) },
      );
    case 'scalar':
      return [{ labels: Labels.EMPTY, value: value.value, histogram: '' }];
    default:
      throw new TypeError('rule result is not a vector or scalar');
  }
}

/** @throws ParseError, TypeError */
function expectedSample({ labels, value, histogram }: ExpectedSample): ComparedSample {
  const parsed = parseLabels(labels);
  if (histogram === '') return { labels: parsed, value, histogram: '' };
  const { values } = parseSeriesDescription(`{} ${histogram}`);
  if (values.length !== 1) throw new TypeError(`expected 1 value, got ${values.length}`);
  const [one] = values;
  if (typeof one !== 'object') throw new TypeError(`expected histogram, got ${one ?? '_'}`);
  return { labels: parsed, value, histogram: formatHistogramLiteral(one) };
}

function isEqual(a: ComparedSample, b: ComparedSample, fuzzy: boolean): boolean {
  return (
    a.labels.key === b.labels.key &&
    a.histogram === b.histogram &&
    (a.value === b.value || (fuzzy && areNeighbours(a.value, b.value)))
  );
}

/** Whether no other double lies between two: as integers their bits are neighbours, too. */
function areNeighbours(a: number, b: number): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return false;
  const distance = ordinal(a) - ordinal(b);
  return distance === 1n || distance === -1n;
}

/** A double's place among all doubles; both zeros have the same. */
function ordinal(value: number): bigint {
  const bits = new BigInt64Array(new Float64Array([Math.abs(value)]).buffer)[0]!;
  return value < 0 ? -bits : bits;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
