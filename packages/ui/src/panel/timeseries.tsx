/** A timeseries panel: the chart, its legend, and the links of its series. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { Chart, type ChartSeries } from '../chart/chart.tsx';
import { namedColor, seriesColor } from '../chart/palette.ts';
import { linksOf } from '../dashboard/data-links.ts';
import { fieldOf } from '../dashboard/field-config.ts';
import type { PanelData } from '../dashboard/load-panel.ts';
import type { TimeseriesPanel } from '../dashboard/panel-model.ts';
import { format } from '../format/units.ts';
import type { DrawContext } from './draw-context.ts';
import { LegendView } from './legend.tsx';
import type { Offered } from './offered-links.tsx';
import { seriesName } from './series-name.ts';
import { useModule } from './use-module.ts';

const loadOffered = () => import('./offered-links.tsx');

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
  const [offered, setOffered] = useState<Offered | undefined>(undefined);
  const offering = useModule(loadOffered, offered !== undefined);
  const all = useMemo(() => drawn(panel, data, draw), [panel, data, draw.theme, draw.links.choices]);
  const series = useMemo(() => all.filter(({ name }) => !hidden.has(name)), [all, hidden]);
  const named = all.filter(({ inLegend }) => inLegend);
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
  const offer = (place: number, index: number, x: number, y: number): void => {
    const source = series[place]?.source;
    if (source === undefined) return;
    const own = fieldOf(panel, source);
    const value = source.column[index] ?? null;
    const links = linksOf(own.links, draw.links, {
      name: series[place]!.name,
      labels: source.labels,
      value,
      text: value === null ? '' : format(value, own.unit, own.decimals),
      timeMs: (data.grid.start + index * data.grid.step) * 1000,
    });
    if (links.length > 0) setOffered({ links, x, y });
  };
  return (
    <div class={`timeseries legend-${legend.mode === 'hidden' ? 'none' : legend.placement}`}>
      <Chart
        label={panel.title}
        series={series}
        grid={data.grid}
        window={data.window}
        style={field.line}
        thresholds={field.thresholds}
        tooltip={tooltip.mode}
        tooltipSort={tooltip.sort}
        theme={draw.theme}
        syncKey={draw.syncKey}
        marks={draw.marks}
        highlighted={at < 0 ? undefined : at}
        onPick={offer}
        onZoom={draw.onZoom}
        onZoomOut={draw.onZoomOut}
      />
      {legend.mode !== 'hidden' && named.length > 0 && (
        <LegendView series={named} legend={legend} hidden={hidden} onPick={pick} onPoint={setHighlighted} />
      )}
      {offered !== undefined && offering !== undefined && (
        <offering.OfferedLinks offered={offered} onClose={() => setOffered(undefined)} />
      )}
    </div>
  );
}

interface DrawnSeries extends ChartSeries {
  readonly source: PanelData['series'][number];
  readonly inLegend: boolean;
}

/** Every series as its overrides want it; in the colour of the override, of the panel, or the next of the palette. */
function drawn(panel: TimeseriesPanel, data: PanelData, { theme, links }: DrawContext): DrawnSeries[] {
  return data.series.flatMap((source, i) => {
    const field = fieldOf(panel, source);
    const { fixedColor, unit, decimals, min, max, line, hidden } = field;
    if (hidden.chart) return [];
    return {
      source,
      name: seriesName(source, field, links.choices),
      color: fixedColor === undefined ? seriesColor(i, theme) : namedColor(fixedColor, theme),
      column: line.negative ? source.column.map((value) => value && -value) : source.column,
      unit,
      decimals,
      min,
      max,
      line,
      inTooltip: !hidden.tooltip,
      hasLinks: field.links.length > 0,
      inLegend: !hidden.legend,
    };
  });
}
