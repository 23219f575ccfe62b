/** Objectives: what share of events must be good over a period, and what follows from it. */
import { formatDuration } from '@binnacle/promql';
import type { DurationText } from '../config/config.ts';
import type { Row } from '../dashboard/dashboard.ts';
import { DefinitionError } from '../dashboard/definition-error.ts';
import type { AlertSeverity, Rule, RuleGroup } from '../rules/rule.ts';
import { ruleGroup } from '../rules/rule-group.ts';
import { positiveDurationMs } from '../rules/rule-names.ts';
import { type AlertCommon, absentAlert, burnRateAlert, type Minimum } from './alerts.ts';
import { type BurnRate, type BurnRateWindow, burnRates, PAGE_WINDOWS, TICKET_WINDOWS } from './burn-rate.ts';
import type { SloEvents } from './events.ts';
import {
  budgetOf,
  COUNT_WINDOW,
  periodRules,
  type Recorded,
  SLOW_INTERVAL,
  windowRules,
} from './recording.ts';
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
  /** What its alerts fire at, the fastest first. */
  readonly burnRates: readonly BurnRate[];
  /** Recording rules and burn-rate alerts. */
  readonly groups: readonly RuleGroup[];
  /** Error budget, burn rate and events, for the dashboard of objectives. */
  readonly row: Row;
}

/** How an objective tells that its budget burns too fast. */
export interface SloAlerting {
  /** What cannot wait; false for nothing. Default: 2 % of the budget in 1 h or 5 % in 6 h, `critical`. */
  readonly page?: BurnRateAlerting | false;
  /** What can wait until the morning; false for nothing. Default: 10 % in 1 d or in 3 d, `warning`. */
  readonly ticket?: BurnRateAlerting | false;
  /** Labels of all its alerts, beside `severity` and `slo`. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly runbookUrl?: string;
  readonly dashboardUrl?: string;
  /**
   * How many events a long window must have for its alert to fire, so that a quiet hour proves nothing. Default 10: an
   * alert that can never fire is worse than one too many.
   */
  readonly minEvents?: number;
  /** How many of them must be bad. Default 2: one failure alone wakes nobody, however quiet the hour. */
  readonly minBadEvents?: number;
  /** Also tells when nothing has counted the events for so long; without it that is silence. */
  readonly absentFor?: DurationText;
}

/** One kind of alert. */
export interface BurnRateAlerting {
  readonly severity?: AlertSeverity;
  readonly windows?: readonly BurnRateWindow[];
  /** Beside those of all alerts. */
  readonly labels?: Readonly<Record<string, string>>;
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
const MIN_EVENTS = 10;
const MIN_BAD_EVENTS = 2;

/**
 * An objective:
 *
 *     slo('search-availability', {
 *       description: 'Searches are answered without an error.',
 *       objective: 0.999,
 *       events: ratio({ total: select(searches), bad: select(searches, { outcome: 'failed' }) }),
 *     })
 *
 * Its rules are three groups: what pages, at the global interval; what makes tickets, and the period, each minute.
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
  const period = periodText(periodMs);
  const ratesOf = (given: BurnRateAlerting | false = {}, usual: readonly BurnRateWindow[]): BurnRate[] =>
    given === false ? [] : burnRates(where, given.windows ?? usual, budget, periodMs);
  const pageRates = ratesOf(alerting.page, PAGE_WINDOWS);
  const ticketRates = ratesOf(alerting.ticket, TICKET_WINDOWS);
  const rates = [...pageRates, ...ticketRates];
  return {
    name,
    description,
    objective,
    budget,
    periodMs,
    burnRates: rates,
    groups: groupsOf(where, { slo: name, events, objective, periodMs }, spec, pageRates, ticketRates),
    row: objectiveRow({ slo: name, description, objective, period, rates }),
  };
}

/** What pages, what makes tickets, the period. */
function groupsOf(
  where: string,
  recorded: Recorded,
  { description, alerting = {} }: SloSpec,
  pageRates: readonly BurnRate[],
  ticketRates: readonly BurnRate[],
): RuleGroup[] {
  const { slo: name, objective, periodMs } = recorded;
  const { page = {}, ticket = {}, labels = {}, absentFor } = alerting;
  const { minEvents = MIN_EVENTS, minBadEvents = MIN_BAD_EVENTS } = alerting;
  for (const [what, count] of Object.entries({ minEvents, minBadEvents }))
    if (!(Number.isSafeInteger(count) && count >= 0))
      throw new DefinitionError(`${where}: ${what} ${count} is no number of events`);
  const minimum: Minimum = { events: minEvents, badEvents: minBadEvents };
  const common: AlertCommon = {
    slo: name,
    name: `${pascalCase(name)}ErrorBudgetBurn`,
    description,
    objective,
    budget: budgetOf(objective),
    period: periodText(periodMs),
    labels,
    runbookUrl: alerting.runbookUrl,
    dashboardUrl: alerting.dashboardUrl,
  };
  const alertOf = (
    given: BurnRateAlerting | false,
    usual: AlertSeverity,
    rates: readonly BurnRate[],
  ): Rule[] => {
    if (given === false || rates.length === 0) return [];
    const { severity = usual } = given;
    return [burnRateAlert({ ...common, labels: { ...labels, ...given.labels } }, severity, rates, minimum)];
  };
  const longs = new Set([...pageRates, ...ticketRates].map(({ long }) => long));
  const rulesOf = (windows: readonly string[]): Rule[] =>
    windows.flatMap((window) => windowRules(recorded, window, longs.has(window)));
  const paging = windowsOf(pageRates);
  const ticketing = windowsOf(ticketRates).filter((window) => !paging.includes(window));
  const absence = absentFor === undefined ? [] : [absentAlert(common, recorded.events.selectors, absentFor)];
  return [
    ...group(`slo-${name}-page`, [...rulesOf(paging), ...alertOf(page, 'critical', pageRates)]),
    ...group(
      `slo-${name}-ticket`,
      [...rulesOf(ticketing), ...alertOf(ticket, 'warning', ticketRates)],
      SLOW_INTERVAL,
    ),
    ...group(`slo-${name}-period`, [...periodRules(recorded), ...absence], SLOW_INTERVAL),
  ];
}

const COUNT_MS = positiveDurationMs('slo', 'count window', COUNT_WINDOW);
const DAY_MS = 86_400_000;

/** A group, unless it has no rules. */
function group(name: string, rules: readonly Rule[], interval?: DurationText): RuleGroup[] {
  return rules.length === 0 ? [] : [ruleGroup(name, rules, interval === undefined ? {} : { interval })];
}

/** Every window that a burn rate is measured in, the shortest first. */
function windowsOf(rates: readonly BurnRate[]): string[] {
  const windows = new Set(rates.flatMap(({ long, short }) => [short, long]));
  return [...windows].sort(
    (a, b) => positiveDurationMs('slo', 'window', a) - positiveDurationMs('slo', 'window', b),
  );
}

/** Days stay days: `28d` says more than `4w`. */
function periodText(periodMs: number): string {
  return periodMs % DAY_MS === 0 ? `${periodMs / DAY_MS}d` : formatDuration(periodMs);
}

function pascalCase(name: string): string {
  return name
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
