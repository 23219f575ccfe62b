/**
 * How work ends: which of its endings are failures, where the definition says it and where it must be told.
 *
 * Two shapes are known. One counter has a label that tells the ending, `jobs_total{status="failed"}`; the values of a
 * closed label are sorted by their names, those of an open one are told or matched. Or each ending has a counter of
 * its own, `jobs_completed_total` and `jobs_failed_total`.
 */
import {
  add,
  type Condition,
  noneOf,
  not,
  notRe,
  oneOf,
  type RangeLength,
  re,
} from '@binnacle/promql/builder';
import type { Color, NamedColor } from '../dashboard/color.ts';
import { DefinitionError } from '../dashboard/definition-error.ts';
import type { Counting, Scope, Series } from './scope.ts';
import { type CounterLike, labelOf, type WatchedMetric, watchedMetric } from './watched-metric.ts';

/** Labels that usually tell how something ended. */
const ENDING_LABELS = ['status', 'outcome', 'result', 'result_type', 'status_code', 'code'];

/** Endings that are failures. */
const FAILURE =
  /^(fail(ed|ure|ures)?|err(or|ors|ored)?|time(d_)?out|timeouts?|crashed|lost|rejected|5\d\d|5xx)(_|$)/;
/** What an open label is matched with to find the same. */
const FAILURE_PATTERN = 'fail.*|err.*|time_?out.*|timed_out.*|5[0-9][0-9]|5xx';
/** States in which nothing has ended yet. */
const BEGINNING =
  /^(started|queued|created|enqueued|added|submitted|pending|waiting|running|active|retried|retrying)$/;

/** What can be told of how work ends. */
export interface OutcomeOptions<Label extends string = string> {
  /** The label that tells how it ended; `false` for none. Default: `status`, `outcome`, `result` and the like. */
  readonly statusLabel?: Label | false;
  /**
   * Values that are failures, or a regular expression that matches the whole of them. Default: those that are named
   * `failed`, `error`, `timeout` or so, or begin so.
   */
  readonly failures?: readonly string[] | string;
  /** Values of what has not ended. Default: `started`, `queued` and the like, of a closed label. */
  readonly beginnings?: readonly string[];
}

/** One ending, or some of them together, as a panel shows it. */
export interface Ending {
  /** The name of its line. */
  readonly legend: string;
  readonly series: Series;
}

/** Events that have ended, by how. */
export interface Outcomes {
  /** All that ended, in whichever way. */
  ended(counting: Counting, window: RangeLength, by?: string): Series;
  /** What failed; undefined where nothing tells. */
  readonly failed?: (counting: Counting, window: RangeLength, by?: string) => Series;
  /** What ended well; undefined where nothing tells. */
  readonly succeeded?: (counting: Counting, window: RangeLength, by?: string) => Series;
  /** Per second, one line per ending. */
  lines(window: RangeLength): readonly Ending[];
  /** Fixed colours of the lines, as far as their meaning is known. */
  readonly colors: Readonly<Record<string, Color>>;
  /** The label that tells how it ended, where one does. */
  readonly label?: string;
  /** The counter that tells by which labels events can be kept apart. */
  readonly of: WatchedMetric;
}

/** The endings that one counter tells by a label. */
export function outcomesByLabel(
  where: string,
  scope: Scope,
  given: CounterLike,
  options: OutcomeOptions,
): Outcomes {
  const of = watchedMetric(where, given, ['counter']);
  const label = labelOf(where, of, options.statusLabel, ENDING_LABELS);
  if (label === undefined) {
    if (options.failures !== undefined)
      throw new DefinitionError(
        `${where}: ${of.name} has no label that tells failures; name it as statusLabel`,
      );
    const ended: Outcomes['ended'] = (counting, window, by) => scope.events(of, counting, window, { by });
    return { of, ended, lines: (window) => [{ legend: 'all', series: ended('rate', window) }], colors: {} };
  }
  const conditions = conditionsOf(where, of, label, options);
  const under = (condition: ValueCondition | undefined) => {
    return (counting: Counting, window: RangeLength, by?: string): Series =>
      scope.events(of, counting, window, {
        by,
        ...(condition !== undefined && { conditions: { [label]: condition } }),
      });
  };
  return {
    of,
    label,
    ended: under(conditions.ended),
    ...(conditions.failed !== undefined && { failed: under(conditions.failed) }),
    ...(conditions.succeeded !== undefined && { succeeded: under(conditions.succeeded) }),
    lines: (window) => [{ legend: `{{${label}}}`, series: scope.events(of, 'rate', window, { by: label }) }],
    colors: colorsOf(conditions.values, conditions.failures),
  };
}

/** The endings that have a counter each. */
export function outcomesOfCounters(
  where: string,
  scope: Scope,
  given: {
    readonly completed: CounterLike;
    readonly failed: CounterLike;
    readonly created?: CounterLike | undefined;
  },
): Outcomes {
  const completed = watchedMetric(`${where}: completed`, given.completed, ['counter']);
  const failed = watchedMetric(`${where}: failed`, given.failed, ['counter']);
  const created = watchedMetric(`${where}: created`, given.created, ['counter']);
  const of = (metric: WatchedMetric) => {
    return (counting: Counting, window: RangeLength, by?: string): Series =>
      scope.events(metric, counting, window, { by });
  };
  const line = (legend: string, metric: WatchedMetric | undefined, window: RangeLength): Ending[] =>
    metric === undefined ? [] : [{ legend, series: scope.events(metric, 'rate', window) }];
  return {
    of: completed,
    failed: of(failed),
    succeeded: of(completed),
    ended: (counting, window, by) =>
      add(of(completed)(counting, window, by), of(failed)(counting, window, by)),
    lines: (window) => [
      ...line('created', created, window),
      ...line('completed', completed, window),
      ...line('failed', failed, window),
    ],
    colors: { created: 'blue', completed: 'green', failed: 'red' },
  };
}

/** A value, or a condition on it. */
export type ValueCondition = string | Condition<string>;

interface EndingConditions {
  readonly failed: ValueCondition | undefined;
  readonly succeeded: ValueCondition | undefined;
  readonly ended: ValueCondition | undefined;
  /** Known values, and those of them that are failures. */
  readonly values: readonly string[];
  readonly failures: readonly string[];
}

function conditionsOf(
  where: string,
  metric: WatchedMetric,
  label: string,
  options: OutcomeOptions,
): EndingConditions {
  const domain = metric.labels[label]!;
  return domain === 'open'
    ? openEndings(options)
    : closedEndings(where, `${label} of ${metric.name}`, domain, options);
}

function openEndings({ failures = FAILURE_PATTERN, beginnings = [] }: OutcomeOptions): EndingConditions {
  const listed = typeof failures === 'string' ? [] : failures;
  const pattern = typeof failures === 'string' ? failures : undefined;
  // A list is matched as a list, so that dots in it stay dots; beside a pattern it is one more alternative.
  const others =
    pattern === undefined
      ? noneOfThese([...listed, ...beginnings])
      : notRe([pattern, ...(beginnings.length === 0 ? [] : [oneOf(...beginnings).value])].join('|'));
  return {
    failed: pattern === undefined ? anyOf(listed) : re(pattern),
    succeeded: others,
    ended: noneOfThese(beginnings),
    values: [...listed, ...beginnings],
    failures: listed,
  };
}

function closedEndings(
  where: string,
  what: string,
  domain: readonly string[],
  { failures, beginnings }: OutcomeOptions,
): EndingConditions {
  const list = typeof failures === 'string' ? undefined : failures;
  for (const value of [...(list ?? []), ...(beginnings ?? [])])
    if (!domain.includes(value))
      throw new DefinitionError(
        `${where}: ${what} is never ${JSON.stringify(value)}; its values are ${domain.join(', ')}`,
      );
  const pattern = typeof failures === 'string' ? new RegExp(`^(?:${failures})$`) : FAILURE;
  const failing = list ?? domain.filter((value) => pattern.test(value));
  const begun = beginnings ?? domain.filter((value) => BEGINNING.test(value));
  const ended = domain.filter((value) => !begun.includes(value));
  if (failing.length === 0 && list === undefined)
    throw new DefinitionError(
      `${where}: no value of ${what} says that something failed (${domain.join(', ')}): give failures, [] for none`,
    );
  return {
    failed: anyOf(failing),
    succeeded: anyOf(ended.filter((value) => !failing.includes(value))),
    ended: begun.length === 0 ? undefined : anyOf(ended),
    values: domain,
    failures: failing,
  };
}

/** One of some values; equality where there is one, since it needs no regular expression, and reads as what it is. */
export function anyOf(values: readonly string[]): ValueCondition | undefined {
  const [first, ...others] = values;
  if (first === undefined) return undefined;
  return others.length === 0 ? first : oneOf(...values);
}

/** None of some values. */
export function noneOfThese(values: readonly string[]): ValueCondition | undefined {
  const [first, ...others] = values;
  if (first === undefined) return undefined;
  return others.length === 0 ? not(first) : noneOf(...values);
}

/** Shades of failing, so that its kinds can be told apart; the first is the plainest. */
const FAILURE_COLORS: readonly NamedColor[] = ['red', 'orange', 'dark-red', 'dark-orange', 'purple'];
const SUCCESS = /^(success|successful|ok|completed|complete|finished|done|hit|new)$/;

/** Green for what ended well, shades of red for what failed, blue for what has begun; others are chosen by the page. */
function colorsOf(values: readonly string[], failures: readonly string[]): Record<string, Color> {
  const colors: Record<string, Color> = {};
  let shade = 0;
  for (const value of values) {
    if (failures.includes(value)) colors[value] = FAILURE_COLORS[shade++ % FAILURE_COLORS.length]!;
    else if (SUCCESS.test(value)) colors[value] = 'green';
    else if (BEGINNING.test(value)) colors[value] = 'blue';
  }
  return colors;
}
