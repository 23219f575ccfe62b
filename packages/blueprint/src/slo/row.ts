/** The panels of an objective: what is left of its budget, how fast it burns, and the events behind that. */

import { type Row, row } from '../dashboard/dashboard.ts';
import type { Threshold } from '../dashboard/field.ts';
import { gauge } from '../dashboard/gauge.ts';
import { stat } from '../dashboard/stat.ts';
import { type TimeseriesPanel, timeseries } from '../dashboard/timeseries.ts';
import { percentDecimals } from '../decimal.ts';
import type { BurnRate } from './burn-rate.ts';
import { type Promised, promiseText } from './promise.ts';
import { COUNT_WINDOW } from './recording.ts';
import {
  BUDGET_REMAINING,
  badEventsSeries,
  ERROR_BUDGET,
  errorRatioSeries,
  eventsSeries,
  PERIOD_ERROR_RATIO,
  seriesOf,
} from './series.ts';

/** What the panels of an objective are made of. */
interface RowParts extends Promised {
  readonly slo: string;
  /** The conditions of its alerts, the fastest first. */
  readonly rates: readonly BurnRate[];
}

/** From which share of the budget on what is left is yellow, and green. */
const LOW = 0.1;
const COMFORTABLE = 0.5;

/** The colours of what is left of a budget. */
export function budgetThresholds(): readonly Threshold[] {
  return [{ color: 'red' }, { value: LOW, color: 'yellow' }, { value: COMFORTABLE, color: 'green' }];
}

/** The row of an objective, titled by its name. */
export function objectiveRow({ slo, rates, ...promised }: RowParts): Row {
  const { objective, period } = promised;
  const of = (series: string): string => seriesOf(slo, series);
  const fastest = rates[0];
  return row(slo, [
    stat({
      title: `Good over ${period}`,
      description: `${promiseText(promised)} Below it the budget is overspent.`,
      expr: `1 - ${of(PERIOD_ERROR_RATIO)}`,
      unit: 'percentunit',
      decimals: Math.max(2, percentDecimals(objective) + 1),
      thresholds: [{ color: 'red' }, { value: objective, color: 'green' }],
      noValue: 'no events yet',
      width: 4,
    }),
    gauge({
      title: 'Budget left',
      description: `The share of the bad events that ${period} may have and did not have yet. When it is gone, reliability comes before features.`,
      expr: of(BUDGET_REMAINING),
      unit: 'percentunit',
      thresholds: budgetThresholds(),
      noValue: 'no events yet',
      width: 4,
    }),
    ...(fastest === undefined ? [] : [burnRatePanel(of, rates, fastest)]),
    timeseries({
      title: 'Events',
      description: `All events of the objective and the bad ones among them, in ${COUNT_WINDOW} each.`,
      queries: [
        { expr: of(eventsSeries(COUNT_WINDOW)), legend: 'all' },
        { expr: of(badEventsSeries(COUNT_WINDOW)), legend: 'bad' },
      ],
      colors: { all: 'blue', bad: 'red' },
      min: 0,
      width: 8,
    }),
  ]);
}

function burnRatePanel(
  of: (series: string) => string,
  rates: readonly BurnRate[],
  fastest: BurnRate,
): TimeseriesPanel {
  return timeseries({
    title: 'Burn rate',
    description:
      'How many times as fast as it may the budget is spent, over each window. At 1 it lasts exactly for the period; above the line it is told.',
    queries: [...new Set(rates.map(({ long }) => long))].map((long) => ({
      expr: `${of(errorRatioSeries(long))} / ${of(ERROR_BUDGET)}`,
      legend: long,
    })),
    min: 0,
    thresholds: [{ color: 'green' }, { value: fastest.factor, color: 'red' }],
    thresholdStyle: 'dashed',
    width: 8,
  });
}
