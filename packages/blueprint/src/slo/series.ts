/**
 * The series that the rules of an objective record, by the label `slo` that says whose they are.
 *
 * | series | what |
 * |---|---|
 * | `slo:events:increase1h` | how many events there were in a window |
 * | `slo:error:ratio_rate1h` | which share of them was bad; none where there were no events |
 * | `slo:events:increase5m`, `slo:bad_events:increase5m` | the counts of 5 minutes that the period is summed from |
 * | `slo:period_events:sum`, `slo:period_bad_events:sum` | all events of the period |
 * | `slo:period_error:ratio` | which share of the period's events was bad |
 * | `slo:objective:ratio`, `slo:error_budget:ratio` | the share that is to be good, and the one that may be bad |
 * | `slo:error_budget_remaining:ratio` | the share of the budget that is left; negative when it is overspent |
 */

/** All events of the period. */
export const PERIOD_EVENTS = 'slo:period_events:sum';
/** All bad events of the period. */
export const PERIOD_BAD_EVENTS = 'slo:period_bad_events:sum';
/** The share of the period's events that was bad. */
export const PERIOD_ERROR_RATIO = 'slo:period_error:ratio';
/** The share of events that is to be good. */
export const OBJECTIVE = 'slo:objective:ratio';
/** The share of events that may be bad. */
export const ERROR_BUDGET = 'slo:error_budget:ratio';
/** The share of the budget that is left. */
export const BUDGET_REMAINING = 'slo:error_budget_remaining:ratio';

/** How many events there were in a window. */
export function eventsSeries(window: string): string {
  return `slo:events:increase${window}`;
}

/** How many bad events there were in a window. */
export function badEventsSeries(window: string): string {
  return `slo:bad_events:increase${window}`;
}

/** The share of bad events in a window. */
export function errorRatioSeries(window: string): string {
  return `slo:error:ratio_rate${window}`;
}

/** A series of one objective, as a selector. */
export function seriesOf(slo: string, series: string): string {
  return `${series}{slo="${slo}"}`;
}
