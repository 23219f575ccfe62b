/**
 * What became of objectives at one time: how many events there were in the period, how many of them were bad, what is
 * left of the budget, how fast it burns. The numbers are those that the rules record; who asks for them is passed in.
 */
import { rounded } from '../decimal.ts';
import { compare } from '../order.ts';
import { BUDGET_REMAINING, errorRatioSeries, PERIOD_BAD_EVENTS, PERIOD_EVENTS, seriesOf } from './series.ts';
import type { Slo } from './slo.ts';

/** Answers an expression of one series at a time; undefined where there is none. */
export type ReportQuery = (expr: string, timeMs: number) => Promise<number | undefined>;

/** Whether an objective is met; unknown where there were no events, or nothing recorded them. */
export type SloState = 'met' | 'missed' | 'unknown';

/** What became of one objective. */
export interface SloOutcome {
  readonly name: string;
  readonly description: string;
  readonly objective: number;
  readonly periodMs: number;
  readonly state: SloState;
  /** The share of good events; undefined without events, as are all others that are not known. */
  readonly achieved: number | undefined;
  readonly events: number | undefined;
  readonly badEvents: number | undefined;
  /** The share of the budget that is left; negative where it is overspent. */
  readonly budgetLeft: number | undefined;
  /** How many times as fast as it may the budget burns, by the long windows of the alerts. */
  readonly burnRates: readonly { readonly window: string; readonly rate: number | undefined }[];
}

/**
 * What became of objectives, the least budget first, those of which nothing is known last.
 * @param query rejects where nobody can answer, and so does the report
 */
export async function sloReport(
  slos: readonly Slo[],
  query: ReportQuery,
  timeMs: number,
): Promise<SloOutcome[]> {
  const outcomes = await Promise.all(slos.map((slo) => outcomeOf(slo, query, timeMs)));
  const left = ({ budgetLeft }: SloOutcome): number => budgetLeft ?? Number.POSITIVE_INFINITY;
  return outcomes.sort((a, b) => compare(left(a), left(b)) || compare(a.name, b.name));
}

async function outcomeOf(slo: Slo, query: ReportQuery, timeMs: number): Promise<SloOutcome> {
  const ask = (series: string): Promise<number | undefined> => query(seriesOf(slo.name, series), timeMs);
  const windows = [...new Set(slo.burnRates.map(({ long }) => long))];
  const [events, badEvents, budgetLeft, ...ratios] = await Promise.all([
    ask(PERIOD_EVENTS),
    ask(PERIOD_BAD_EVENTS),
    ask(BUDGET_REMAINING),
    ...windows.map((window) => ask(errorRatioSeries(window))),
  ]);
  const { name, description, objective, periodMs, budget } = slo;
  const achieved =
    events === undefined || badEvents === undefined || events === 0
      ? undefined
      : rounded(1 - badEvents / events);
  return {
    name,
    description,
    objective,
    periodMs,
    state: achieved === undefined ? 'unknown' : achieved >= objective ? 'met' : 'missed',
    achieved,
    events,
    badEvents,
    budgetLeft,
    burnRates: windows.map((window, i) => ({ window, rate: over(ratios[i], budget) })),
  };
}

function over(ratio: number | undefined, budget: number): number | undefined {
  return ratio === undefined ? undefined : rounded(ratio / budget);
}
