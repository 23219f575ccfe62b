/**
 * `info(v, selector)`: adds labels of info metrics, such as `target_info`, to the series of `v`.
 *
 * 1. The first argument is evaluated. Its `instance` and `job` say which info series matter, so these are fetched
 *    only now, in a second question to storage: asking for all info series before would fetch one per target.
 * 2. Info series with the same name, `instance` and `job` are one group. At each step the group stands for the one
 *    with the latest sample; two with equally late samples are an error.
 * 3. Each series of `v` takes labels from the group of each info metric that has its `instance` and `job`. What it
 *    gets may change from step to step, so it becomes a column for each combination of info series; the columns share
 *    their values.
 *
 * The time at which the info series are looked at is the one at which the first selector in the first argument reads
 * its samples: `@` and `offset` hold for both.
 */
import { isStaleAt, type Labels, METRIC_NAME, wordsOf } from '@binnacle/metrics/model';
import { RE2JS } from 're2js';
import { type Call, type Expr, unwrapParens } from '../ast.ts';
import { type Matcher, matcherTest, type Series } from '../storage.ts';
import { QueryError } from '../value.ts';
import { type Column, type Grid, mergeSameLabels } from './column.ts';
import type { Evaluator } from './evaluator.ts';

/** What a series and its info series have in common. */
const IDENTIFYING: readonly string[] = ['instance', 'job'];
const IDENTIFYING_SET: ReadonlySet<string> = new Set(IDENTIFYING);

/** The info series of one name and one identity. */
interface InfoGroup {
  readonly series: Series[];
  /** By step: the place of the one with the latest sample, or -1. */
  readonly latest: Int32Array;
}

/** The second argument. */
interface InfoSelector {
  readonly names: readonly Matcher[];
  readonly data: readonly Matcher[];
  /** Names of the labels that are asked for; all when empty. */
  readonly wanted: ReadonlySet<string>;
}

/**
 * Evaluates `info`.
 * @throws QueryError where info series contradict each other
 */
export async function info(evaluator: Evaluator, { args }: Call, grid: Grid): Promise<Column[]> {
  const selector = selectorOf(args[1]);
  const columns = await evaluator.vector(args[0]!, grid);
  const isInfoName = selector.names.map(matcherTest);
  const enriched: Column[] = [];
  const kept: Column[] = [];
  for (const column of columns) {
    // An info series gets no labels of info series.
    const itself = isInfoName.every((test) => test(column.labels.metricName));
    (itself ? kept : enriched).push(column);
  }
  const { requestFor, timesFor } = referenceTimes(evaluator, args[0]!, grid);
  const matchers = identityMatchers(enriched);
  const found =
    matchers.length === 0
      ? []
      : await evaluator.fetch(requestFor([...matchers, ...selector.data, ...selector.names]));
  const groups = groupsOf(found, enriched, grid.count, timesFor, evaluator.times.lookbackMs);
  const mayLack = selector.data.every((matcher) => matcherTest(matcher)(''));
  for (const column of enriched) {
    evaluator.watch.hold(grid.count);
    enrich(column, groups.get(identityOf(column.labels)) ?? [], selector.wanted, mayLack, kept);
    if (evaluator.watch.isDue(grid.count)) await evaluator.watch.pause();
  }
  return mergeSameLabels(kept);
}

function selectorOf(arg: Expr | undefined): InfoSelector {
  const selector = arg && unwrapParens(arg);
  const matchers = selector?.type === 'vectorSelector' ? selector.matchers : [];
  const names = matchers.filter(({ name }) => name === METRIC_NAME);
  const data = matchers.filter(({ name }) => name !== METRIC_NAME);
  const wanted = new Set(data.map(({ name }) => name));
  if (names.length === 0) names.push({ name: METRIC_NAME, op: '=', value: 'target_info' });
  // What a name must not be does not yet say which metrics are meant.
  else if (names.every(({ op }) => op === '!=' || op === '!~'))
    names.unshift({ name: METRIC_NAME, op: '=~', value: '.+_info' });
  return { names, data, wanted };
}

/** Matchers for the identities of the columns; none when there are no identities. */
function identityMatchers(columns: readonly Column[]): Matcher[] {
  return IDENTIFYING.flatMap((name) => {
    const values = new Set(columns.map(({ labels }) => labels.get(name)));
    values.delete('');
    if (values.size === 0) return [];
    const value = [...values]
      .sort()
      .map((one) => RE2JS.quote(one))
      .join('|');
    return [{ name, op: '=~' as const, value }];
  });
}

/** When the info series are looked at: as a request for their samples, and as the time of each step. */
function referenceTimes(
  { times }: Evaluator,
  arg: Expr,
  grid: Grid,
): {
  readonly requestFor: (matchers: readonly Matcher[]) => Parameters<Evaluator['fetch']>[0];
  readonly timesFor: (step: number) => number;
} {
  const { fixedMs, offsetMs } = times.reference(arg);
  const timesFor = (step: number): number => (fixedMs ?? grid.startMs + step * grid.stepMs) - offsetMs;
  const hints = { stepMs: times.stepMs, rangeMs: 0, func: 'info' };
  const [startMs, endMs] = [timesFor(0) - times.lookbackMs, timesFor(grid.count - 1)];
  return { requestFor: (matchers) => ({ matchers, startMs, endMs, hints }), timesFor };
}

function identityOf(labels: Labels): string {
  return labels.only(IDENTIFYING_SET).key;
}

/** The groups of each identity. */
function groupsOf(
  found: readonly Series[],
  columns: readonly Column[],
  count: number,
  timesFor: (step: number) => number,
  lookbackMs: number,
): Map<string, InfoGroup[]> {
  const byIdentity = new Map<string, Map<string, InfoGroup>>();
  for (const series of found) {
    const identity = identityOf(series.labels);
    const byName = byIdentity.get(identity) ?? new Map<string, InfoGroup>();
    byIdentity.set(identity, byName);
    const name = series.labels.metricName;
    const group = byName.get(name) ?? { series: [], latest: new Int32Array(count).fill(-1) };
    byName.set(name, group);
    group.series.push(series);
  }
  const asked = new Uint8Array(count);
  for (const { present } of columns) for (let step = 0; step < count; step++) asked[step]! |= present[step]!;
  const groups = new Map<string, InfoGroup[]>();
  for (const [identity, byName] of byIdentity) {
    groups.set(identity, [...byName.values()]);
    for (const group of byName.values()) findLatest(group, asked, timesFor, lookbackMs);
  }
  return groups;
}

/** Fills in which series has the latest sample at each step that is asked for. */
function findLatest(
  { series, latest }: InfoGroup,
  asked: Uint8Array,
  timesFor: (step: number) => number,
  lookbackMs: number,
): void {
  const latestMs = new Float64Array(latest.length);
  for (const [place, { labels, timestamps, values, histograms }] of series.entries()) {
    const words = wordsOf(values);
    let at = -1;
    for (let step = 0; step < latest.length; step++) {
      const time = timesFor(step);
      while (at + 1 < timestamps.length && timestamps[at + 1]! <= time) at++;
      if (asked[step] === 0 || at < 0 || timestamps[at]! <= time - lookbackMs) continue;
      if (histograms?.[at] !== undefined) throw new QueryError('execution', 'info sample should be float');
      if (Number.isNaN(values[at]!) && isStaleAt(words, at)) continue;
      const known = latest[step]!;
      if (known >= 0 && latestMs[step] === timestamps[at]) {
        throw new QueryError(
          'execution',
          `found duplicate series for info metric: existing ${series[known]!.labels} @ ${timestamps[at]}, new ${labels} @ ${timestamps[at]}`,
        );
      }
      if (known >= 0 && latestMs[step]! > timestamps[at]!) continue;
      latest[step] = place;
      latestMs[step] = timestamps[at]!;
    }
  }
}

/** Adds to `results` the column with the labels of its info series, as many columns as there are combinations. */
function enrich(
  column: Column,
  groups: readonly InfoGroup[],
  wanted: ReadonlySet<string>,
  mayLack: boolean,
  results: Column[],
): void {
  const targets = new Map<string, Column>();
  let before = -1;
  let target: Column | undefined;
  for (let step = 0; step < column.present.length; step++) {
    if (column.present[step] === 0) continue;
    if (before < 0 || groups.some(({ latest }) => latest[step] !== latest[before])) {
      const chosen = groups.flatMap(({ series, latest }) => series[latest[step]!] ?? []);
      target = chosen.length === 0 && !mayLack ? undefined : targetFor(column, chosen, wanted, targets);
    }
    before = step;
    if (target !== undefined) target.present[step] = 1;
  }
  results.push(...targets.values());
}

function targetFor(
  column: Column,
  chosen: readonly Series[],
  wanted: ReadonlySet<string>,
  targets: Map<string, Column>,
): Column {
  const labels = withInfo(column.labels, chosen, wanted);
  let target = targets.get(labels.key);
  if (target === undefined) {
    target = { ...column, labels, present: new Uint8Array(column.present.length) };
    targets.set(labels.key, target);
  }
  return target;
}

/**
 * A label set with the wanted labels of info series; those that it has already stay as they are.
 * @throws QueryError when two info series have different values for a label
 */
function withInfo(base: Labels, chosen: readonly Series[], wanted: ReadonlySet<string>): Labels {
  let result = base;
  for (const { labels } of chosen) {
    for (const [i, name] of labels.names.entries()) {
      if (name === METRIC_NAME || (wanted.size > 0 && !wanted.has(name)) || base.get(name) !== '') continue;
      const value = labels.values[i]!;
      const known = result.get(name);
      if (known !== '' && known !== value) throw new QueryError('execution', `conflicting label: ${name}`);
      result = result.with(name, value);
    }
  }
  return result;
}
