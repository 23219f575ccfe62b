/** Objectives: what share of events must be good over a period, and what follows from it. */
import { formatDuration, parseDuration } from '@binnacle/promql';
import type { DurationText } from '../config/config.ts';
import type { Row } from '../dashboard/dashboard.ts';
import { DefinitionError } from '../dashboard/definition-error.ts';
import { DAY_MS, positiveDurationMs } from '../duration.ts';
import type { RuleGroup } from '../rules/rule.ts';
import type { BurnRate } from './burn-rate.ts';
import type { SloEvents } from './events.ts';
import { objectiveGroups, ratesOf, type SloAlerting } from './groups.ts';
import { budgetOf, COUNT_WINDOW } from './recording.ts';
import { objectiveRow } from './row.ts';

/** An objective, with the rules and panels that watch it. */
export interface Slo {
  /** Kebab case; the value of the label `slo`. */
  readonly name: string;
  readonly description: string;
  /** The share of good events, between 0 and 1: 0.999. */
  readonly objective: number;
  /** The share of events that may be bad: 0.001. */
  readonly budget: number;
  readonly periodMs: number;
  /** What its alerts fire at, those of pages first. */
  readonly burnRates: readonly BurnRate[];
  /** Recording rules and burn-rate alerts. */
  readonly groups: readonly RuleGroup[];
  /** Error budget, burn rate and events, for the dashboard of objectives. */
  readonly row: Row;
}

/** What the author of an objective writes. */
export interface SloSpec {
  /** What is promised, in one sentence: `Searches are answered without an error.` */
  readonly description: string;
  /** The share of good events, between 0 and 1: 0.999. */
  readonly objective: number;
  /** Over which the budget is spent. Default `30d`; `28d` has as many weekends in each. */
  readonly period?: DurationText;
  /** Made by `ratio` or `latency`. */
  readonly events: SloEvents;
  readonly alerting?: SloAlerting;
}

const SLO_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const COUNT_MS = parseDuration(COUNT_WINDOW);

/**
 * An objective:
 *
 *     slo('search-availability', {
 *       description: 'Searches are answered without an error.',
 *       objective: 0.999,
 *       events: ratio({ total: select(searches), bad: select(searches, { outcome: 'failed' }) }),
 *     })
 *
 * Samples must be kept for as long as its period.
 * @throws DefinitionError naming the objective
 */
export function slo(name: string, spec: SloSpec): Slo {
  const where = `slo ${JSON.stringify(name)}`;
  if (!SLO_NAME.test(name))
    throw new DefinitionError(`${where}: its name is to be kebab case, such as search-availability`);
  const { description, objective, events, alerting = {} } = spec;
  if (description.trim() === '') throw new DefinitionError(`${where}: its description is empty`);
  if (!(objective > 0 && objective < 1))
    throw new DefinitionError(
      `${where}: objective ${objective} is not between 0 and 1, as 0.999 is for 99.9%; of 1 no budget is left`,
    );
  const periodMs = positiveDurationMs(where, 'period', spec.period ?? '30d');
  if (periodMs % COUNT_MS !== 0)
    throw new DefinitionError(`${where}: period ${spec.period} is no multiple of ${COUNT_WINDOW}`);
  const budget = budgetOf(objective);
  const promised = { description, objective, period: periodText(periodMs) };
  const rates = ratesOf(where, alerting, budget, periodMs);
  const all = [...rates.page, ...rates.ticket];
  const parts = { ...promised, slo: name, events, budget, periodMs };
  return {
    name,
    description,
    objective,
    budget,
    periodMs,
    burnRates: all,
    groups: objectiveGroups(where, parts, alerting, rates),
    row: objectiveRow({ ...promised, slo: name, rates: all }),
  };
}

/** Days stay days: `28d` says more than `4w`. */
function periodText(periodMs: number): string {
  return periodMs % DAY_MS === 0 ? `${periodMs / DAY_MS}d` : formatDuration(periodMs);
}
