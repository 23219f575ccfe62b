/** A timeseries panel: the chart and its legend. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { Chart, type ChartSeries } from '../chart/chart.tsx';
import { namedColor, seriesColor, type Theme } from '../chart/palette.ts';
import type { PanelData } from '../dashboard/load-panel.ts';
import type { TimeseriesPanel } from '../dashboard/model.ts';
import type { Window } from '../time/range.ts';
import { LegendView } from './legend.tsx';

/** What a drawn panel needs from its surroundings. */
export interface DrawContext {
  readonly theme: Theme;
  readonly syncKey: string;
  onZoom(window: Window): void;
  onZoomOut(): void;
}

/** Draws a timeseries panel. A click in the legend shows one series alone, with Ctrl it hides or shows one. */
export function TimeseriesView({
  panel,
  data,
  draw,
}: {
  readonly panel: TimeseriesPanel;
  readonly data: PanelData;
  readonly draw: DrawContext;
}): JSX.Element {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [highlighted, setHighlighted] = useState<string | undefined>(undefined);
  const all = useMemo(() => colored(panel, data, draw.theme), [panel, data, draw.theme]);
  const series = useMemo(() => all.filter(({ name }) => !hidden.has(name)), [all, hidden]);
  const pick = (name: string, one: boolean): void => {
    const names = all.map((candidate) => candidate.name);
    if (one) {
      const next = new Set(hidden);
      if (!next.delete(name)) next.add(name);
      setHidden(next);
      return;
    }
    const alone = names.every((candidate) => hidden.has(candidate) === (candidate !== name));
    setHidden(new Set(alone ? [] : names.filter((candidate) => candidate !== name)));
  };
  const { field, legend, tooltip } = panel;
  const at = series.findIndex(({ name }) => name === highlighted);
  return (
    <div class={`timeseries legend-${legend.mode === 'hidden' ? 'none' : legend.placement}`}>
      <Chart
        series={series}
        grid={data.grid}
        window={data.window}
        unit={field.unit}
        decimals={field.decimals}
        min={field.min}
        max={field.max}
        style={field.line}
        thresholds={field.thresholds}
        tooltip={tooltip.mode}
        tooltipSort={tooltip.sort}
        theme={draw.theme}
        syncKey={draw.syncKey}
        highlighted={at < 0 ? undefined : at}
        onZoom={draw.onZoom}
        onZoomOut={draw.onZoomOut}
      />
      {legend.mode !== 'hidden' && (
        <LegendView
          series={all}
          legend={legend}
          decimals={field.decimals}
          hidden={hidden}
          onPick={pick}
          onPoint={setHighlighted}
        />
      )}
    </div>
  );
}

/** Gives every series its colour: the override's, the panel's, or the next of the palette. */
function colored(panel: TimeseriesPanel, data: PanelData, theme: Theme): ChartSeries[] {
  const { field, overrides } = panel;
  return data.series.flatMap((series, i) => {
    const matching = overrides.filter((override) => override.matches(series));
    if (matching.some(({ hidden }) => hidden === true)) return [];
    const named = matching.findLast(({ color }) => color !== undefined)?.color ?? field.fixedColor;
    const color = named === undefined ? seriesColor(i, theme) : namedColor(named, theme);
    const unit = matching.findLast((override) => override.unit !== undefined)?.unit ?? field.unit;
    return [{ name: series.name, color, column: series.column, unit }];
  });
}
