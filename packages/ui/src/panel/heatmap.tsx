/**
 * A heatmap: for each step of time and each bucket a cell, the darker the more was counted there.
 *
 * uPlot draws the axes and follows the pointer; the cells are painted onto its canvas. The vertical axis has a line
 * for each bucket, whatever its width, and the bounds stand between the lines.
 */
import '../chart/locale-guard.ts';
import type { JSX } from 'preact';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { timeAxis, valueAxis } from '../chart/axes.ts';
import { zoom } from '../chart/chart.tsx';
import { colorScale } from '../chart/color-scale.ts';
import { timesOf } from '../chart/series-data.ts';
import { Tooltip } from '../chart/tooltip.ts';
import { type Bucket, bucketsOf } from '../dashboard/buckets.ts';
import type { PanelData } from '../dashboard/load-panel.ts';
import type { HeatmapPanel } from '../dashboard/panel-model.ts';
import { useSize } from '../dashboard/use-box.ts';
import { format } from '../format/units.ts';
import type { DrawContext } from './draw-context.ts';

/** Bounds are written so far apart, in pixels. */
const LABEL_SPACE_PX = 18;
/** What the square root shows: a cell of a hundredth still has a tenth of the colour. */
const EXPONENT = 0.5;

interface HeatmapProps {
  readonly panel: HeatmapPanel;
  readonly data: PanelData;
  readonly draw: DrawContext;
}

/** Draws a heatmap panel. */
export function HeatmapView(props: HeatmapProps): JSX.Element {
  const { panel, data, draw } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const { width, height } = useSize(box);
  const measured = width > 0 && height > 0;
  const buckets = useMemo(() => bucketsOf(data.series), [data]);
  const latest = useRef({ ...props, buckets });
  latest.current = { ...props, buckets };
  const structure = JSON.stringify([
    buckets.map(({ to }) => to),
    panel.axisUnit,
    panel.scheme,
    panel.exponential,
    draw.theme,
    draw.syncKey,
  ]);
  useLayoutEffect(() => {
    if (!measured || box.current === null || buckets.length === 0) return;
    const tooltip = new Tooltip();
    const made = new uPlot(optionsOf(latest, tooltip, width, height), dataOf(data), box.current);
    plot.current = made;
    return () => {
      made.destroy();
      tooltip.remove();
      plot.current = undefined;
    };
  }, [structure, measured]);
  useLayoutEffect(() => {
    if (measured) plot.current?.setSize({ width, height });
  }, [width, height]);
  useLayoutEffect(() => {
    plot.current?.setData(dataOf(data));
  }, [data]);
  useLayoutEffect(() => {
    plot.current?.redraw(false);
  }, [draw.marks]);
  if (buckets.length === 0)
    return (
      <div class="panel-note">
        <b>No buckets</b>
        <p>A heatmap needs a query whose series are told apart by the label le.</p>
      </div>
    );
  return <div class="chart" ref={box} role="img" aria-label={described(buckets, panel)} />;
}

/** uPlot needs a column to have axes; the cells are not in it. */
function dataOf({ grid }: PanelData): uPlot.AlignedData {
  const times = timesOf(grid);
  return [times, times.map(() => 0)];
}

interface Latest {
  readonly current: HeatmapProps & { readonly buckets: readonly Bucket[] };
}

function optionsOf(latest: Latest, tooltip: Tooltip, width: number, height: number): uPlot.Options {
  const { panel, draw, buckets } = latest.current;
  const colors = colorScale(panel.scheme, draw.theme, panel.reverse);
  return {
    width,
    height,
    padding: [10, 12, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false, dist: 6 },
      ...(draw.syncKey !== '' && { sync: { key: draw.syncKey, setSeries: false, scales: ['x', null] } }),
      bind: {
        dblclick: () => () => {
          latest.current.draw.onZoomOut();
          return null;
        },
      },
    },
    scales: {
      x: {
        time: true,
        range: () => {
          const { fromMs, toMs } = latest.current.data.window;
          return [fromMs / 1000, toMs / 1000];
        },
      },
      y: { range: () => [0, latest.current.buckets.length] },
    },
    axes: [
      timeAxis(draw.theme),
      {
        ...valueAxis(draw.theme, panel.axisUnit, panel.axisDecimals),
        grid: { show: false },
        splits: (self) => boundsShown(self, buckets.length),
        values: (_, splits) =>
          splits.map((at) => boundText(at === 0 ? buckets[0]!.from : buckets[at - 1]!.to, panel)),
      },
    ],
    series: [{}, { paths: () => null, points: { show: false } }],
    hooks: {
      drawClear: [(self) => paint(self, latest.current, colors)],
      draw: [(self) => latest.current.draw.marks?.draw(self, latest.current.draw.theme)],
      setSelect: [(self) => zoom(self, latest.current.draw)],
      setCursor: [(self) => pointAt(self, latest.current, colors, tooltip)],
    },
  };
}

/** Bounds that have room: every first, second, third... one. */
function boundsShown(self: uPlot, count: number): number[] {
  const room = Math.max(1, Math.floor(self.bbox.height / devicePixelRatio / LABEL_SPACE_PX));
  const every = Math.ceil((count + 1) / room);
  return Array.from({ length: Math.floor(count / every) + 1 }, (_, i) => i * every);
}

function boundText(bound: number, { axisUnit, axisDecimals }: HeatmapPanel): string {
  if (Number.isFinite(bound)) return format(bound, axisUnit, axisDecimals);
  return bound > 0 ? '∞' : '−∞';
}

/** How much of the colour a cell has: a place on the scale, or -1 for an empty cell. */
function shade(
  value: number | null,
  most: number,
  { exponential, hideBelow }: HeatmapPanel,
  steps: number,
): number {
  if (value === null || !(value > hideBelow) || !(most > 0)) return -1;
  const share = Math.min(1, value / most);
  return Math.round((exponential ? share ** EXPONENT : share) * (steps - 1));
}

function mostIn(buckets: readonly Bucket[]): number {
  let most = 0;
  for (const { column } of buckets)
    for (const value of column) if (value !== null && value > most) most = value;
  return most;
}

function paint(self: uPlot, { buckets, data, panel }: Latest['current'], colors: readonly string[]): void {
  const { ctx, bbox } = self;
  const { start, step } = data.grid;
  const most = mostIn(buckets);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const gap = bbox.height / buckets.length > 6 * devicePixelRatio ? devicePixelRatio : 0;
  buckets.forEach(({ column }, line) => {
    const top = Math.round(self.valToPos(line + 1, 'y', true));
    const bottom = Math.round(self.valToPos(line, 'y', true));
    column.forEach((value, i) => {
      const at = shade(value, most, panel, colors.length);
      if (at < 0) return;
      // A step counts what was before it.
      const left = Math.round(self.valToPos(start + (i - 1) * step, 'x', true));
      const right = Math.round(self.valToPos(start + i * step, 'x', true));
      ctx.fillStyle = colors[at]!;
      ctx.fillRect(
        left,
        top + gap,
        Math.max(1, right - left - (right - left > 4 ? gap : 0)),
        bottom - top - gap,
      );
    });
  });
  ctx.restore();
}

function pointAt(
  self: uPlot,
  { buckets, data, panel, draw }: Latest['current'],
  colors: readonly string[],
  tooltip: Tooltip,
): void {
  const { left, top } = self.cursor;
  if (!self.over.matches(':hover') || left === undefined || top === undefined || left < 0) {
    tooltip.hide();
    return;
  }
  if (draw.marks?.show(self, draw.theme, tooltip) === true) return;
  const { start, step } = data.grid;
  // The cell under the pointer ends at the next step.
  const at = Math.ceil((self.posToVal(left, 'x') - start) / step);
  const line = Math.floor(self.posToVal(top, 'y'));
  const bucket = buckets[line];
  const value = bucket?.column[at] ?? null;
  if (bucket === undefined || value === null) {
    tooltip.hide();
    return;
  }
  const box = self.over.getBoundingClientRect();
  const place = shade(value, mostIn(buckets), panel, colors.length);
  const name = `${boundText(bucket.from, panel)} – ${boundText(bucket.to, panel)}`;
  const color = place < 0 ? 'transparent' : colors[place]!;
  const text = format(value, panel.field.unit, panel.field.decimals);
  tooltip.show(
    start + at * step,
    [{ name, color, value, text, focused: true }],
    box.left + left,
    box.top + top,
  );
}

/** What a reader who does not see it is told: where most was counted last. */
function described(buckets: readonly Bucket[], panel: HeatmapPanel): string {
  let fullest: { readonly bucket: Bucket; readonly value: number } | undefined;
  for (const bucket of buckets) {
    const value = bucket.column.findLast((one) => one !== null) ?? 0;
    if (fullest === undefined || value > fullest.value) fullest = { bucket, value };
  }
  const { bucket, value } = fullest!;
  return `${panel.title}: most at last between ${boundText(bucket.from, panel)} and ${boundText(bucket.to, panel)}, ${format(value, panel.field.unit, panel.field.decimals)}`;
}
