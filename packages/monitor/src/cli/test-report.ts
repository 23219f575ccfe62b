/**
 * What `binnacle test` prints: for each file a line that says whether it passed, and under it each expectation that was
 * not met, as a difference:
 *
 *     disk.test.yml: FAILED, 1 of 3 tests
 *       the disk fills up (line 12)
 *         alert DiskFull at 10m (line 20): 1 expected, 1 firing
 *             {alertname="DiskFull", instance="a"}
 *           -   summary="a is 90% full"
 *           +   summary="a is 91% full"
 *         sum(disk_free) at 10m (line 27)
 *           - {} 10
 *           + {} 9
 *
 * `-` was expected and did not come, `+` came and was not expected, nothing in front is as expected.
 */
import { isStaleAt, wordsOf } from '@binnacle/metrics/model';
import { formatDuration, formatHistogram } from '@binnacle/promql';
import { type ConfigProblem, explainProblem } from '../config/config-error.ts';
import type { ComparedAlert, ComparedSample, UnitTestFailure, UnitTestOutcome } from '../rules/unit-test.ts';
import type { AlertCoverage } from './test-coverage.ts';

/** What became of one file. */
export interface FileReport {
  readonly path: string;
  /** Why nothing could be run; empty otherwise. */
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly string[];
  readonly groups: readonly GroupReport[];
  readonly coverage: AlertCoverage;
}

/** What became of one group of tests. */
export interface GroupReport {
  /** `unnamed#2` where it has none. */
  readonly name: string;
  readonly line: number;
  /** Why it could not be run; empty otherwise. */
  readonly problems: readonly ConfigProblem[];
  readonly failures: UnitTestOutcome['failures'];
  readonly durationMs: number;
  /** All data, when it was asked for. */
  readonly dump: string | undefined;
}

/** Whether anything of a file failed. */
export function hasFailed({ problems, groups }: FileReport): boolean {
  return problems.length > 0 || groups.some((group) => groupHasFailed(group));
}

/** Whether anything of a group failed. */
export function groupHasFailed({ problems, failures }: GroupReport): boolean {
  return problems.length > 0 || failures.length > 0;
}

/** How a report looks. */
export interface ReportStyle {
  readonly isColored: boolean;
  /** Whether what is as expected is shown beside what is not. */
  readonly showsEqual: boolean;
}

const PLAIN: ReportStyle = { isColored: false, showsEqual: false };

/** What is told of one file. */
export function fileText(report: FileReport, style: ReportStyle): string {
  const { path, problems, groups } = report;
  if (problems.length > 0) return `${path}: FAILED\n${indented(problems.map(explainProblem), 2)}`;
  const failed = groups.filter(groupHasFailed);
  const tests = `${groups.length} test${groups.length === 1 ? '' : 's'}`;
  if (failed.length === 0) return `${path}: ok, ${tests}\n`;
  return `${path}: FAILED, ${failed.length} of ${tests}\n${failed.map((group) => groupText(group, style)).join('')}`;
}

function groupText({ name, line, problems, failures }: GroupReport, style: ReportStyle): string {
  const texts = [...problems.map(explainProblem), ...failures.map((failure) => failureText(failure, style))];
  return `  ${name} (line ${line})\n${indented(texts, 4)}`;
}

/** What is told of one expectation that was not met. */
export function failureText(failure: UnitTestFailure, style: ReportStyle = PLAIN): string {
  switch (failure.type) {
    case 'rule':
      return `rule ${failure.rule} failed at ${formatDuration(failure.timeMs)}: ${failure.message}`;
    case 'expr': {
      const { expr, evalTimeMs, line } = failure.test;
      return `${expr} at ${formatDuration(evalTimeMs)} (line ${line}) failed: ${failure.message}`;
    }
    case 'alerts': {
      const { test, expected, got } = failure;
      const counts = `${expected.length} expected, ${got.length} firing`;
      const title = `alert ${test.alertname} at ${formatDuration(test.evalTimeMs)} (line ${test.line}): ${counts}`;
      return [title, ...alertLines(expected, got, style)].join('\n');
    }
    case 'samples': {
      const { test, expected, got } = failure;
      const title = `${test.expr} at ${formatDuration(test.evalTimeMs)} (line ${test.line})`;
      return [title, ...sampleLines(expected, got, style)].join('\n');
    }
  }
}

type Side = '-' | '+' | ' ';

function signed(side: Side, text: string, { isColored }: ReportStyle): string {
  const line = `  ${side} ${text}`;
  if (!isColored || side === ' ') return line;
  return `\u001b[${side === '-' ? 31 : 32}m${line}\u001b[0m`;
}

/** Alerts with the same labels stand together, so that only their annotations differ to the eye. */
function alertLines(
  expected: readonly ComparedAlert[],
  got: readonly ComparedAlert[],
  style: ReportStyle,
): string[] {
  const { both, onlyExpected, onlyGot } = difference(expected, got, (alert) => JSON.stringify(alert));
  const lines: string[] = [];
  const say = (side: Side, text: string) => lines.push(signed(side, text, style));
  const annotations = (side: Side, alert: ComparedAlert, other?: ComparedAlert): void => {
    for (const [name, value] of alert.annotations) {
      const isShared = other?.annotations.some(([n, v]) => n === name && v === value) ?? false;
      if (!isShared) say(side, `  ${name}=${JSON.stringify(value)}`);
    }
  };
  if (style.showsEqual) for (const alert of both) say(' ', pairsText(alert.labels));
  for (const alert of onlyExpected) {
    const text = pairsText(alert.labels);
    const twin = onlyGot.findIndex(({ labels }) => pairsText(labels) === text);
    const other = onlyGot[twin];
    say(other === undefined ? '-' : ' ', text);
    annotations('-', alert, other);
    if (other === undefined) continue;
    annotations('+', other, alert);
    onlyGot.splice(twin, 1);
  }
  for (const alert of onlyGot) {
    say('+', pairsText(alert.labels));
    annotations('+', alert);
  }
  return lines;
}

function sampleLines(
  expected: readonly ComparedSample[],
  got: readonly ComparedSample[],
  style: ReportStyle,
): string[] {
  const { both, onlyExpected, onlyGot } = difference(expected, got, sampleText);
  const lines = [
    ...(style.showsEqual ? both : []).map((sample) => ({ sample, side: ' ' as const })),
    ...onlyExpected.map((sample) => ({ sample, side: '-' as const })),
    ...onlyGot.map((sample) => ({ sample, side: '+' as const })),
  ];
  // A number that is not one looks the same on both sides, and never is.
  const hasNaN = both.some(({ value }) => Number.isNaN(value));
  return [
    ...lines.map(({ sample, side }) => signed(side, sampleText(sample), style)),
    ...(hasNaN
      ? [signed(' ', 'NaN equals nothing, not even NaN: test for it in the expression', style)]
      : []),
  ];
}

/** What both have, and what only one of them has; each element counts once. */
function difference<T>(expected: readonly T[], got: readonly T[], textOf: (item: T) => string) {
  const left = [...got];
  const both: T[] = [];
  const onlyExpected: T[] = [];
  for (const item of expected) {
    const at = left.findIndex((other) => textOf(other) === textOf(item));
    if (at < 0) onlyExpected.push(item);
    else both.push(...left.splice(at, 1));
  }
  return { both, onlyExpected, onlyGot: left };
}

function pairsText(pairs: ComparedAlert['labels']): string {
  return `{${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`;
}

function sampleText({ labels, value, histogram }: ComparedSample): string {
  return `${labels.size === 0 ? '{}' : labels} ${histogram === '' ? numberText(value) : histogram}`;
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

/** All series with their samples, `value @[milliseconds]` each. */
export async function dumpText({ storage, endMs }: UnitTestOutcome): Promise<string> {
  const matchers = [{ name: '__name__', op: '=~' as const, value: '.+' }];
  const hints = { stepMs: 0, rangeMs: 0, func: '' };
  const [answer] = await storage.select([{ matchers, startMs: Number.NEGATIVE_INFINITY, endMs, hints }]);
  const texts = (answer?.series ?? []).map(({ labels, timestamps, values, histograms }) => {
    const words = wordsOf(values);
    const samples = Array.from(values, (value, i) => {
      const histogram = histograms?.[i];
      const text = isStaleAt(words, i)
        ? 'stale'
        : histogram === undefined
          ? numberText(value)
          : formatHistogram(histogram);
      return `  ${text} @[${timestamps[i]}]\n`;
    });
    return `${labels} =>\n${samples.join('')}`;
  });
  return texts.sort().join('');
}

/** Texts of several lines, each moved to the right. */
function indented(texts: readonly string[], by: number): string {
  return texts.map((text) => `${text.replace(/^/gm, ' '.repeat(by))}\n`).join('');
}
