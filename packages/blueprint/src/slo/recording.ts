/**
 * The recording rules of an objective.
 *
 * *Windows of the alerts* ask the counters themselves, so that an outage shows in them with the next scrape.
 *
 * *The period* is too long for that: 30 days of every series each minute. It is summed from counts of 5 minutes, which
 * is also what weights it by events: the mean of ratios would let one bad event in a quiet hour weigh as much as a
 * thousand good ones at noon. The counts are recorded each minute, and so overlap; a subquery takes one of them every
 * 5 minutes,
 *
 *     events:increase5m, a minute apart   ├────┼────┼────┼────┼────┤ ...
 *     sum_over_time(...[30d:5m])                              ├────────────────────────┤├────────────────────────┤
 *
 * and the windows of those lie edge to edge: the steps of a subquery are multiples of 5 minutes, and at each the newest
 * count is the one of the group's evaluation before it, always by the same distance. So each event is in one of them,
 * whatever the group's interval is, as long as that is a whole part of 5 minutes. A missed evaluation moves one window
 * by a minute and loses nothing else; what a monitor that was down for longer did not see is missing from all events and
 * bad events alike. The newest events are up to 5 minutes late, which no period of days notices.
 */
import { formatDuration } from '@binnacle/promql';
import { decimal } from '../decimal.ts';
import { record } from '../rules/record.ts';
import type { RecordRule } from '../rules/rule.ts';
import { operand, type SloEvents } from './events.ts';
import {
  BUDGET_REMAINING,
  badEventsSeries,
  ERROR_BUDGET,
  errorRatioSeries,
  eventsSeries,
  OBJECTIVE,
  PERIOD_BAD_EVENTS,
  PERIOD_ERROR_RATIO,
  PERIOD_EVENTS,
  seriesOf,
} from './series.ts';

/** The windows that the period is made of. */
export const COUNT_WINDOW = '5m';

/**
 * How often the period and what is slower than an hour are evaluated: a whole part of {@link COUNT_WINDOW}, and often
 * enough for a ticket.
 */
export const SLOW_INTERVAL = '1m';

/** What the rules of an objective are made of. */
export interface Recorded {
  readonly slo: string;
  readonly events: SloEvents;
  readonly objective: number;
  readonly periodMs: number;
}

/** The share of bad events in a window; where it is a long one, also how many events there were. */
export function windowRules({ slo, events }: Recorded, window: string, isLong: boolean): RecordRule[] {
  const total = events.total(window);
  const known = isLong ? seriesOf(slo, eventsSeries(window)) : total;
  const ratio = record(errorRatioSeries(window), share(events.bad(window, known), known), { slo });
  return isLong ? [record(eventsSeries(window), total, { slo }), ratio] : [ratio];
}

/** Counts of 5 minutes, and what they come to over the period. */
export function periodRules({ slo, events, objective, periodMs }: Recorded): RecordRule[] {
  const labels = { slo };
  const own = (series: string): string => seriesOf(slo, series);
  const summed = (series: string): string =>
    `sum_over_time(${own(series)}[${formatDuration(periodMs)}:${COUNT_WINDOW}])`;
  const counted = eventsSeries(COUNT_WINDOW);
  const countedBad = badEventsSeries(COUNT_WINDOW);
  return [
    record(counted, events.total(COUNT_WINDOW), labels),
    record(countedBad, events.bad(COUNT_WINDOW, own(counted)), labels),
    record(PERIOD_EVENTS, summed(counted), labels),
    record(PERIOD_BAD_EVENTS, summed(countedBad), labels),
    record(PERIOD_ERROR_RATIO, `${own(PERIOD_BAD_EVENTS)} / (${own(PERIOD_EVENTS)} > 0)`, labels),
    record(OBJECTIVE, `vector(${decimal(objective)})`, labels),
    record(ERROR_BUDGET, `vector(${decimal(budgetOf(objective))})`, labels),
    record(BUDGET_REMAINING, `1 - ${own(PERIOD_ERROR_RATIO)} / ${own(ERROR_BUDGET)}`, labels),
  ];
}

/** Decimals of a budget: what a subtraction from 1 leaves correct. */
const BUDGET_DECIMALS = 14;

/** The share of events that may be bad. */
export function budgetOf(objective: number): number {
  return Number((1 - objective).toFixed(BUDGET_DECIMALS));
}

/** A share of what there is; nothing where there is nothing. */
function share(part: string, whole: string): string {
  return `${operand(part)} / on () (${operand(whole)} > 0)`;
}
