/**
 * The report of objectives as a table, for terminals and for Markdown:
 *
 *     objective       target  achieved  events     bad     budget left  burn 1h  burn 6h  state
 *     search-latency  99%     98.71%    1,204,133  15,533  -29.0%       1.30     1.24     missed
 *
 * What is not known is `-`. Shares are rounded down, so that nothing looks met that is not.
 */
import { parseDuration } from '@binnacle/promql';
import { percent, percentDecimals } from '../decimal.ts';
import { table } from '../markdown.ts';
import type { SloOutcome } from './report.ts';

const UNKNOWN = '-';

/** A report as lines of aligned columns, with a line end behind each. */
export function sloReportText(outcomes: readonly SloOutcome[]): string {
  const rows = cells(outcomes);
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

/** A report as a table of Markdown. */
export function sloReportMarkdown(outcomes: readonly SloOutcome[]): string {
  const [head, ...rows] = cells(outcomes);
  return `${table(head!, rows)}\n`;
}

/** The heading, then a row per objective. */
function cells(outcomes: readonly SloOutcome[]): readonly (readonly string[])[] {
  const windows = [
    ...new Set(outcomes.flatMap(({ burnRates }) => burnRates.map(({ window }) => window))),
  ].sort((a, b) => parseDuration(a) - parseDuration(b));
  const heading = ['objective', 'target', 'achieved', 'events', 'bad', 'budget left'];
  const rows = outcomes.map((outcome) => [
    outcome.name,
    percent(outcome.objective),
    achievedText(outcome),
    countText(outcome.events),
    countText(outcome.badEvents),
    outcome.budgetLeft === undefined ? UNKNOWN : `${roundedDown(outcome.budgetLeft * 100, 1)}%`,
    ...windows.map((window) => rateText(outcome.burnRates.find((one) => one.window === window)?.rate)),
    outcome.state,
  ]);
  return [[...heading, ...windows.map((window) => `burn ${window}`), 'state'], ...rows];
}

/** With one decimal more than the objective, in which it may differ. */
function achievedText({ achieved, objective }: SloOutcome): string {
  if (achieved === undefined) return UNKNOWN;
  return `${roundedDown(achieved * 100, percentDecimals(objective) + 1)}%`;
}

function roundedDown(value: number, decimals: number): string {
  const scale = 10 ** decimals;
  // What calculating with doubles took off is given back before it is cut.
  return (Math.floor(value * scale + 1e-6) / scale).toFixed(decimals);
}

/** Counts are estimates, and whole only by rounding. */
function countText(count: number | undefined): string {
  if (count === undefined) return UNKNOWN;
  return Math.round(count)
    .toFixed(0)
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

function rateText(rate: number | undefined): string {
  return rate === undefined ? UNKNOWN : rate.toFixed(rate < 10 ? 2 : 1);
}
