/** The dashboard of all objectives: what is left of each budget, then a row for each. */
import { type Dashboard, dashboard, type Row, row } from '../dashboard/dashboard.ts';
import { DefinitionError } from '../dashboard/definition-error.ts';
import { table } from '../dashboard/table.ts';
import { timeseries } from '../dashboard/timeseries.ts';
import { budgetThresholds } from './row.ts';
import { BUDGET_REMAINING, OBJECTIVE, PERIOD_ERROR_RATIO } from './series.ts';
import type { Slo } from './slo.ts';

/** Decimals of a percentage that tell objectives of three nines from one another. */
const SHARE_DECIMALS = 3;

/** How the dashboard of objectives may differ from the usual. */
export interface SloDashboardSpec {
  /** Default `Objectives`. */
  readonly title?: string;
  readonly uid?: string;
}

/**
 * The dashboard of objectives. It opens with the last week: budgets move slowly.
 * @throws DefinitionError where there are none, or two have one name
 */
export function sloDashboard(
  slos: readonly Slo[],
  { title = 'Objectives', uid }: SloDashboardSpec = {},
): Dashboard {
  if (slos.length === 0) throw new DefinitionError('sloDashboard: there are no objectives');
  const names = new Set<string>();
  for (const { name } of slos) {
    if (names.has(name)) throw new DefinitionError(`sloDashboard: two objectives are called ${name}`);
    names.add(name);
  }
  return dashboard({
    title,
    ...(uid !== undefined && { uid }),
    description: 'Which promises are kept, and how much may still go wrong before they are not.',
    tags: ['slo'],
    refresh: '1m',
    time: { from: 'now-7d', to: 'now' },
    rows: [overview([...names]), ...slos.map((slo) => slo.row)],
  });
}

function overview(names: readonly string[]): Row {
  // The name of a series would be one more column, and keep the answers from standing in one line.
  const of = (series: string): string => `sum by (slo) (${series}{slo=~"${names.join('|')}"})`;
  return row('All objectives', [
    table({
      title: 'Budgets',
      description:
        'What is left of each budget: the share of the bad events that its period may have and did not have yet. What is red comes before new features.',
      queries: [
        { expr: of(OBJECTIVE), legend: 'Target' },
        { expr: `1 - ${of(PERIOD_ERROR_RATIO)}`, legend: 'Good' },
        { expr: of(BUDGET_REMAINING), legend: 'Budget left' },
      ],
      unit: 'percentunit',
      thresholds: budgetThresholds(),
      columns: {
        slo: 'Objective',
        Target: { decimals: SHARE_DECIMALS },
        Good: { decimals: SHARE_DECIMALS },
        'Budget left': { decimals: 1, cell: 'color-background' },
      },
      sortBy: 'Budget left',
      noValue: 'no events yet',
      width: 12,
      height: 8,
    }),
    timeseries({
      title: 'Budget left over time',
      description: 'A step down is an incident; a slope is something that fails all the time.',
      expr: of(BUDGET_REMAINING),
      legend: '{{slo}}',
      unit: 'percentunit',
      max: 1,
      width: 12,
      height: 8,
    }),
  ]);
}
