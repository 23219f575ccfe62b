/**
 * Which events an objective is about, and which of them are bad, as PromQL over counters.
 *
 * What is asked for is increases, never rates of rates or means of ratios: counts can be added up over time, which is
 * what an error budget is made of. A counter without any series stands for 0 where it counts bad or good events: a
 * service that never failed has no series that says so. The events themselves must be there, or nothing is known and
 * nothing is said.
 *
 * `increase` sees how a series grows, not the value with which it begins. Events whose first occurrence is to count
 * need series that begin at 0, as those of `@binnacle/metrics` with closed labels do.
 */
import { parse, printExpr } from '@binnacle/promql';
import type { Selector } from '@binnacle/promql/builder';
import { DefinitionError } from '../dashboard/definition-error.ts';
import { expressionTree } from '../rules/rule-expression.ts';

/** The events of an objective. Made by {@link ratio} and by `latency`. */
export interface SloEvents {
  /** PromQL for how many there were in a window such as `5m`: one value, or none where nothing counts them. */
  total(window: string): string;
  /**
   * PromQL for how many of them were bad, one value.
   * @param total PromQL for `total(window)`, which whoever asks may have recorded
   */
  bad(window: string, total: string): string;
  /** The selectors whose series count the events. */
  readonly selectors: readonly string[];
}

/** A selector of counters, or why it is none. */
type Counter<Q> = Q extends string
  ? Q
  : Q extends Selector<infer _, infer K>
    ? K extends 'counter' | 'unknown'
      ? Q
      : `events are counted by counters, and this is a ${K}`
    : 'events are counted by counters: take select(counter) or countOf(histogram)';

/** Selectors of counters, which are added up where there are several. */
export type Counters<Q> = Q extends readonly unknown[]
  ? { readonly [I in keyof Q]: Counter<Q[I]> }
  : Counter<Q>;

/** What the author of a ratio of events writes: `select(requests)`, `select(requests, { status: '500' })`, or text. */
export type RatioSpec<Total, Some> = {
  /** All events. */
  readonly total: Counters<Total>;
} & (
  | { /** Those that were bad. */ readonly bad: Counters<Some>; readonly good?: undefined }
  | { /** Those that were good. */ readonly good: Counters<Some>; readonly bad?: undefined }
);

/**
 * Events of which counters tell the bad or the good ones:
 *
 *     ratio({ total: select(requests), bad: select(requests, { status: re('5..') }) })
 *     ratio({ total: [select(completed), select(failed)], bad: select(failed) })
 *
 * @throws DefinitionError for what is no selector
 */
export function ratio<const Total, const Some>(spec: RatioSpec<Total, Some>): SloEvents;
export function ratio(spec: {
  readonly total: unknown;
  readonly bad?: unknown;
  readonly good?: unknown;
}): SloEvents {
  const selectors = counters('total', spec.total);
  const total = (window: string): string => sumOfIncreases(selectors, window);
  if ((spec.bad === undefined) === (spec.good === undefined))
    throw new DefinitionError('ratio: either the bad events are given or the good ones');
  if (spec.bad !== undefined) {
    const bad = counters('bad', spec.bad);
    return { selectors, total, bad: (window) => zeroOr(bad, window) };
  }
  const good = counters('good', spec.good);
  return { selectors, total, bad: (window, all) => remainder(all, zeroOr(good, window)) };
}

/** What is left of all events without the good ones; not below 0, where increases are estimated. */
export function remainder(all: string, good: string): string {
  return `clamp_min(${operand(all)} - on () ${operand(good)}, 0)`;
}

/** An expression as it can stand beside an operator. */
export function operand(text: string): string {
  return parse(text).type === 'binaryExpr' ? `(${text})` : text;
}

/** How much counters have grown together; of several, any may be without series. */
function sumOfIncreases(selectors: readonly string[], window: string): string {
  return selectors.length === 1 ? grown(selectors[0]!, window) : zeroOr(selectors, window);
}

/** How much counters have grown together, where all may be without series. */
function zeroOr(selectors: readonly string[], window: string): string {
  const sums = selectors.map((selector) => `${grown(selector, window)} or vector(0)`);
  return sums.length === 1 ? sums[0]! : sums.map(operand).join(' + ');
}

/** How much the series of a selector have grown together. */
export function grown(selector: string, window: string): string {
  return `sum(increase(${selector}[${window}]))`;
}

function counters(what: string, given: unknown): readonly string[] {
  const all = Array.isArray(given) ? given : [given];
  if (all.length === 0) throw new DefinitionError(`ratio: ${what} has no counters`);
  return all.map((one: unknown) => selectorText(`ratio: ${what}`, one));
}

/**
 * A selector as text that a range can be put behind.
 * @throws DefinitionError for what is none, or is shifted in time
 */
export function selectorText(where: string, given: unknown): string {
  const text = String(given);
  const tree = expressionTree(where, text);
  if (tree.type !== 'vectorSelector')
    throw new DefinitionError(
      `${where}: ${text} is no selector of counters such as requests_total{status="500"}`,
    );
  const { offsetMs, timestampMs, startOrEnd, anchored, smoothed } = tree;
  if (offsetMs !== 0 || timestampMs !== undefined || startOrEnd !== undefined || anchored || smoothed)
    throw new DefinitionError(
      `${where}: ${text}: an objective is about now: leave out offset, @ and the like`,
    );
  return printExpr(tree);
}
