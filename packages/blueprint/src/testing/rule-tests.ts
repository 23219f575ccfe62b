/**
 * Tests of rules in TypeScript: series that stand for what happens, and what is to fire then. `binnacle test` evaluates
 * the rules over them as the monitor does.
 *
 *     export default ruleTests(config, [
 *       ruleTest('half of all requests fail', {
 *         series: [
 *           series(http.requests, { job: 'web', method: 'GET', status: '200' }, '0+5x40'),
 *           series(http.requests, { job: 'web', method: 'GET', status: '500' }, '0+5x40'),
 *         ],
 *         expect: [silent('HighErrorRate', '4m'), fires('HighErrorRate', '10m', [{ labels: { severity: 'warning' } }])],
 *       }),
 *     ]);
 *
 * Values are written as in Prometheus's own rule tests: `a+bxn` is `a`, `a+b`, ... `a+n*b`, `axn` is `n+1` times `a`, `_`
 * is no sample.
 */
import { ParseError, parse, parseSeriesDescription, quote } from '@binnacle/promql';
import type { MetricLike, ValuesOf } from '@binnacle/promql/builder';
import type { DurationText } from '../config/config.ts';
import { DefinitionError, withCaret } from '../dashboard/definition-error.ts';
import { type DefinitionPlace, definitionPlace } from '../definition-place.ts';
import { durationMs, positiveDurationMs } from '../duration.ts';
import { type Expression, expressionText } from '../expression.ts';
import type { RuleGroup } from '../rules/rule.ts';

/** The mark of tests, with the version of their shape: a project has its own copy of this package. */
const RULE_TESTS = Symbol.for('@binnacle/blueprint/rule-tests/v1');

/** Labels and annotations that an alert has, perhaps among others. */
export interface ExpectedAlert {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A series that an expression gives. */
export interface ExpectedSample {
  /** All of its labels, the name under `__name__`. Default: none. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What is to be at a time. */
export type Expectation = {
  readonly atMs: number;
  /** The line of its author's file, where the engine tells it. */
  readonly line?: number;
} & (
  | {
      readonly type: 'alerts';
      readonly alert: string;
      /** As many as fire; empty for none. */
      readonly expected: readonly Required<ExpectedAlert>[];
    }
  | {
      readonly type: 'query';
      readonly expr: string;
      readonly expected: readonly Required<ExpectedSample>[];
    }
);

/** One test. */
export interface RuleTest {
  readonly name: string;
  /** The distance of samples and of evaluations. */
  readonly intervalMs: number;
  /** In the notation of Prometheus's rule tests: series, a space, values. */
  readonly series: readonly string[];
  readonly expectations: readonly Expectation[];
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly definedAt?: DefinitionPlace;
}

/** Tests, and the rules that they are about. */
export interface RuleTests {
  readonly groups: readonly RuleGroup[];
  readonly tests: readonly RuleTest[];
}

/** What the author of a test writes. */
export interface RuleTestSpec {
  /** The distance of samples and of evaluations. Default `15s`. */
  readonly every?: DurationText;
  /** What {@link series} gives, or text such as `up{job="web"} 1x40`. */
  readonly series: readonly string[];
  readonly expect: readonly Expectation[];
  /** Labels that the monitor adds to what leaves it. */
  readonly externalLabels?: Readonly<Record<string, string>>;
}

const DEFAULT_INTERVAL = '15s';

/**
 * Tests of the rules of a configuration, or of groups of rules: the default export of a file for `binnacle test`.
 * @throws DefinitionError when two tests have one name, or a test names an alert that no rule has
 */
export function ruleTests(
  rules: { readonly rules: readonly RuleGroup[] } | readonly RuleGroup[],
  tests: readonly RuleTest[],
): RuleTests {
  const groups = isGroups(rules) ? rules : rules.rules;
  const alerts = new Set(
    groups.flatMap((group) => group.rules.flatMap((rule) => (rule.type === 'alert' ? [rule.name] : []))),
  );
  const names = new Set<string>();
  for (const { name, expectations } of tests) {
    if (names.has(name)) throw new DefinitionError(`two tests are called ${JSON.stringify(name)}`);
    names.add(name);
    for (const expectation of expectations) {
      if (expectation.type === 'alerts' && !alerts.has(expectation.alert))
        throw new DefinitionError(
          `test ${JSON.stringify(name)}: there is no alert ${expectation.alert}; there are ${[...alerts].join(', ') || 'none'}`,
        );
    }
  }
  return Object.defineProperty({ groups, tests }, RULE_TESTS, { value: true });
}

function isGroups(
  rules: { readonly rules: readonly RuleGroup[] } | readonly RuleGroup[],
): rules is readonly RuleGroup[] {
  return Array.isArray(rules);
}

/** Whether a value comes from {@link ruleTests}, of this copy of the package or of another one. */
export function isRuleTests(value: unknown): value is RuleTests {
  return typeof value === 'object' && value !== null && RULE_TESTS in value && value[RULE_TESTS] === true;
}

/**
 * A test of rules.
 * @throws DefinitionError naming the test, and for series and expressions the place
 */
export function ruleTest(name: string, spec: RuleTestSpec): RuleTest {
  const where = `test ${JSON.stringify(name)}`;
  if (name.trim() === '') throw new DefinitionError('a test has no name');
  const intervalMs = positiveDurationMs(where, 'every', spec.every ?? DEFAULT_INTERVAL);
  for (const text of spec.series) {
    try {
      parseSeriesDescription(text);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      throw new DefinitionError(withCaret(where, error.problems[0]!.message, text, error.start));
    }
  }
  if (spec.expect.length === 0) throw new DefinitionError(`${where}: nothing is expected`);
  const definedAt = definitionPlace();
  return {
    name,
    intervalMs,
    series: spec.series,
    expectations: spec.expect,
    externalLabels: spec.externalLabels ?? {},
    ...(definedAt !== undefined && { definedAt }),
  };
}

/** What a metric's series has: its own labels, each of which must be given, and those of its target. */
type SeriesLabels<M> = ValuesOf<M> & {
  readonly job?: string;
  readonly instance?: string;
} & Readonly<Record<string, string>>;

/**
 * A series of a metric with its values: `series(uploads, { status: 'success', job: 'web' }, '0+1x60')`. Of a histogram,
 * `suffix` says which of its series.
 */
export function series<const M extends MetricLike>(
  metric: M,
  labels: SeriesLabels<M>,
  values: string,
  suffix: '' | '_bucket' | '_sum' | '_count' = '',
): string {
  const pairs = Object.entries(labels as Readonly<Record<string, string>>);
  return `${metric.name}${suffix}{${pairs.map(([name, value]) => `${name}=${quote(value)}`).join(', ')}} ${values}`;
}

/** That alerts of a name fire at a time: as many as are given, one where none is. */
export function fires(
  alert: string,
  at: DurationText,
  expected: readonly ExpectedAlert[] = [{}],
): Expectation {
  if (expected.length === 0)
    throw new DefinitionError(`fires(${JSON.stringify(alert)}): no alert is expected; that is silent()`);
  return {
    type: 'alerts',
    atMs: durationMs(`fires(${JSON.stringify(alert)})`, 'at', at),
    alert,
    expected: expected.map(({ labels = {}, annotations = {} }) => ({ labels, annotations })),
    ...lineHere(),
  };
}

/** That no alert of a name fires at a time. It may be pending. */
export function silent(alert: string, at: DurationText): Expectation {
  return {
    type: 'alerts',
    atMs: durationMs(`silent(${JSON.stringify(alert)})`, 'at', at),
    alert,
    expected: [],
    ...lineHere(),
  };
}

/** That an expression gives these series at a time, and no others. */
export function gives(
  expr: Expression,
  at: DurationText,
  expected: readonly ExpectedSample[] | number,
): Expectation {
  const text = expressionText(expr);
  try {
    parse(text, { experimental: true });
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new DefinitionError(withCaret('gives', error.problems[0]!.message, text, error.start));
  }
  const samples = typeof expected === 'number' ? [{ value: expected }] : expected;
  return {
    type: 'query',
    atMs: durationMs('gives', 'at', at),
    expr: text,
    expected: samples.map(({ labels = {}, value }) => ({ labels, value })),
    ...lineHere(),
  };
}

/** The line of the caller outside this package. */
function lineHere(): { readonly line?: number } {
  const place = definitionPlace();
  return place === undefined ? {} : { line: place.line };
}
