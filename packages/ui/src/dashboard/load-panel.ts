/** The data of a panel: its queries, answered and put on one grid. */
import { type LabelMap, ownServer, type PrometheusApi, parseValue } from '../api/prometheus.ts';
import { type Column, columnOf } from '../chart/series-data.ts';
import { type Grid, gridLength, gridOf, stepOf, type Window } from '../time/range.ts';
import type { Choices } from './choices.ts';
import { seriesNames } from './legend.ts';
import { fillIn, fillText } from './macros.ts';
import type { Target } from './panel-model.ts';

/** One series, named and on the grid. */
export interface PanelSeries {
  readonly name: string;
  readonly labels: LabelMap;
  readonly refId: string;
  readonly column: Column;
}

/** What a panel shows. */
export interface PanelData {
  readonly window: Window;
  readonly grid: Grid;
  readonly series: readonly PanelSeries[];
  /** Whether something answered, but only with what is not a number: 0 / 0. */
  readonly onlyNaN: boolean;
  readonly warnings: readonly string[];
  /** The queries as they were asked, to say why there is nothing. */
  readonly asked: readonly string[];
}

/** What a panel asks with. */
export interface Asking {
  readonly window: Window;
  readonly widthPx: number;
  readonly scrapeMs: number;
  readonly choices: Choices;
}

/** Asks all queries of a panel at once. Rejects when one of them fails. */
export async function loadPanel(
  targets: readonly Target[],
  asking: Asking,
  signal: AbortSignal,
  api: PrometheusApi = ownServer,
): Promise<PanelData> {
  const { window, widthPx, scrapeMs, choices } = asking;
  const intervalMs = stepOf(window, widthPx, scrapeMs);
  const grid = gridOf(window, intervalMs);
  const context = { intervalMs, scrapeMs, rangeMs: window.toMs - window.fromMs, toMs: window.toMs };
  const asked = targets.map((target) => fillIn(target.expr, context, choices));
  const answers = await Promise.all(
    targets.map((target, i) =>
      target.instant
        ? api.queryInstant(asked[i]!, window.toMs / 1000, signal)
        : api.queryRange(asked[i]!, grid, signal),
    ),
  );
  const series = answers.flatMap((answer, i) => {
    const { refId, legend, instant } = targets[i]!;
    const names = seriesNames(
      answer.series.map(({ metric }) => metric),
      fillText(legend, choices),
      asked[i]!,
    );
    return answer.series.map((one, at): PanelSeries => {
      const column = instant ? instantColumn(one.value?.[1], grid) : columnOf(one, grid);
      return { name: names[at]!, labels: one.metric, refId, column };
    });
  });
  const held = series.filter(({ column }) => column.some((value) => value !== null));
  return {
    window,
    grid,
    series: held,
    onlyNaN: series.length > 0 && held.length === 0,
    warnings: answers.flatMap(({ warnings }) => warnings),
    asked,
  };
}

/** One value stands at the end of the grid. */
function instantColumn(text: string | undefined, grid: Grid): Column {
  const column: Column = new Array(gridLength(grid)).fill(null);
  const value = text === undefined ? Number.NaN : parseValue(text);
  if (Number.isFinite(value)) column[column.length - 1] = value;
  return column;
}
