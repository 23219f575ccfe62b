/**
 * The groups of rules of an objective: what pages, at the global interval, since an outage is found in less than a
 * minute; what makes tickets, and the period, each minute.
 *
 * The alerts stand behind what they ask for. Tickets also ask for a window of pages, which may then be one evaluation
 * older than their own.
 */
import { parseDuration } from '@binnacle/promql';
import type { DurationText } from '../config/config.ts';
import { DefinitionError } from '../dashboard/definition-error.ts';
import type { AlertRule, AlertSeverity, Rule, RuleGroup } from '../rules/rule.ts';
import { ruleGroup } from '../rules/rule-group.ts';
import { type AlertCommon, absentAlert, burnRateAlert, type Minimum } from './alerts.ts';
import { type BurnRate, type BurnRateWindow, burnRates, PAGE_WINDOWS, TICKET_WINDOWS } from './burn-rate.ts';
import type { Promised } from './promise.ts';
import { periodRules, type Recorded, SLOW_INTERVAL, windowRules } from './recording.ts';

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

/** What the alerts of an objective fire at. */
interface Rates {
  readonly page: readonly BurnRate[];
  readonly ticket: readonly BurnRate[];
}

const MIN_EVENTS = 10;
const MIN_BAD_EVENTS = 2;

/**
 * What the alerts of an objective fire at, as far as it can happen.
 * @throws DefinitionError for windows that cannot be
 */
export function ratesOf(where: string, alerting: SloAlerting, budget: number, periodMs: number): Rates {
  const of = (given: BurnRateAlerting | false = {}, usual: readonly BurnRateWindow[]): BurnRate[] =>
    given === false ? [] : burnRates(where, given.windows ?? usual, budget, periodMs);
  return { page: of(alerting.page, PAGE_WINDOWS), ticket: of(alerting.ticket, TICKET_WINDOWS) };
}

/**
 * The groups of an objective, without those that would be empty.
 * @throws DefinitionError for labels and minima that cannot be
 */
export function objectiveGroups(
  where: string,
  objective: Recorded & Promised & { readonly budget: number },
  alerting: SloAlerting,
  rates: Rates,
): RuleGroup[] {
  const { slo } = objective;
  const { page, ticket, absence } = alertsOf(where, objective, alerting, rates);
  const longs = new Set([...rates.page, ...rates.ticket].map(({ long }) => long));
  const rulesOf = (windows: readonly string[]): Rule[] =>
    windows.flatMap((window) => windowRules(objective, window, longs.has(window)));
  const paging = windowsOf(rates.page);
  const ticketing = windowsOf(rates.ticket).filter((window) => !paging.includes(window));
  return [
    ...group(`slo-${slo}-page`, [...rulesOf(paging), ...page]),
    ...group(`slo-${slo}-ticket`, [...rulesOf(ticketing), ...ticket], SLOW_INTERVAL),
    ...group(`slo-${slo}-period`, [...periodRules(objective), ...absence], SLOW_INTERVAL),
  ];
}

/** The alerts, each alone in its list, or missing there. */
function alertsOf(
  where: string,
  objective: Recorded & Promised & { readonly budget: number },
  alerting: SloAlerting,
  rates: Rates,
): Readonly<Record<'page' | 'ticket' | 'absence', readonly AlertRule[]>> {
  const { runbookUrl, dashboardUrl, absentFor } = alerting;
  const minimum = minimumOf(where, alerting);
  const common: AlertCommon = {
    ...objective,
    name: `${pascalCase(objective.slo)}ErrorBudgetBurn`,
    labels: alerting.labels ?? {},
    runbookUrl,
    dashboardUrl,
  };
  const of = (kind: 'page' | 'ticket', usual: AlertSeverity): AlertRule[] => {
    const given = alerting[kind] ?? {};
    if (given === false || rates[kind].length === 0) return [];
    const labels = { ...common.labels, ...given.labels };
    if (Object.hasOwn(labels, 'slo'))
      throw new DefinitionError(`${where}: the label slo cannot be given: it is the name of the objective`);
    return [burnRateAlert({ ...common, labels }, given.severity ?? usual, rates[kind], minimum)];
  };
  const [page, ticket] = [of('page', 'critical'), of('ticket', 'warning')];
  const told = [...page, ...ticket].map(({ labels }) => JSON.stringify(labels));
  if (new Set(told).size < told.length)
    throw new DefinitionError(
      `${where}: page and ticket are one alert, as they have the same labels: give them different severities`,
    );
  const { selectors } = objective.events;
  return {
    page,
    ticket,
    absence: absentFor === undefined ? [] : [absentAlert(common, selectors, absentFor)],
  };
}

function minimumOf(where: string, alerting: SloAlerting): Minimum {
  const { minEvents = MIN_EVENTS, minBadEvents = MIN_BAD_EVENTS } = alerting;
  for (const [what, count] of Object.entries({ minEvents, minBadEvents }))
    if (!(Number.isSafeInteger(count) && count >= 0))
      throw new DefinitionError(`${where}: ${what} ${count} is no number of events`);
  return { events: minEvents, badEvents: minBadEvents };
}

/** A group, unless it has no rules. */
function group(name: string, rules: readonly Rule[], interval?: DurationText): RuleGroup[] {
  return rules.length === 0 ? [] : [ruleGroup(name, rules, interval === undefined ? {} : { interval })];
}

/** Every window that a burn rate is measured in, the shortest first. */
function windowsOf(rates: readonly BurnRate[]): string[] {
  const windows = new Set(rates.flatMap(({ long, short }) => [short, long]));
  return [...windows].sort((a, b) => parseDuration(a) - parseDuration(b));
}

function pascalCase(name: string): string {
  return name
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
