/**
 * A chart of series over time, drawn by uPlot.
 *
 * The drawing is made anew only when its structure changes (series, colours, style, theme); new data and new
 * ranges go into the one that stands, so a refresh does not flicker. All charts with the same `syncKey` show the
 * crosshair at the same moment. Dragging chooses a range.
 */
import './locale-guard.ts';
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { LineStyle, Threshold } from '../dashboard/field-config.ts';
import { useSize } from '../dashboard/use-box.ts';
import { format } from '../format/units.ts';
import { type Grid, SPAN_LEAST_MS, type Window } from '../time/range.ts';
import { timeAxis, valueAxis } from './axes.ts';
import { namedColor, type Theme, withAlpha } from './palette.ts';
import { type Column, isolated, stack, timesOf, valueRange } from './series-data.ts';
import { Tooltip } from './tooltip.ts';

/** One line of a chart. */
export interface ChartSeries {
  readonly name: string;
  /** A CSS colour. */
  readonly color: string;
  readonly column: Column;
  readonly unit: string;
}

/** Everything that a chart shows. */
export interface ChartProps {
  readonly series: readonly ChartSeries[];
  readonly grid: Grid;
  readonly window: Window;
  readonly unit: string;
  readonly decimals: number | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly style: LineStyle;
  readonly thresholds: readonly Threshold[];
  readonly tooltip: 'multi' | 'single' | 'none';
  readonly tooltipSort: 'none' | 'asc' | 'desc';
  readonly theme: Theme;
  /** Empty: alone. */
  readonly syncKey: string;
  /** The series to stand out, by its place; the others step back. */
  readonly highlighted: number | undefined;
  onZoom(window: Window): void;
  onZoomOut(): void;
}

/** Draws a chart as large as its parent. */
export function Chart(props: ChartProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const { width, height } = useSize(box);
  const measured = width > 0 && height > 0;
  const { series, style, theme, unit, decimals, syncKey, thresholds, min, max } = props;
  const structure = JSON.stringify([
    series.map(({ name, color }) => [name, color]),
    [style, theme, unit, decimals, syncKey, thresholds, min, max, props.tooltip],
  ]);
  // Before the effects below: they may only reach a drawing of the present structure.
  useLayoutEffect(() => {
    if (!measured || box.current === null) return;
    const tooltip = new Tooltip();
    const made = new uPlot(optionsOf(latest, tooltip, width, height), dataOf(latest.current), box.current);
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
    plot.current?.setData(dataOf(latest.current));
  }, [props.series, props.grid, props.window]);
  useEffect(() => {
    const at = props.highlighted;
    plot.current?.setSeries(at === undefined ? null : at + 1, { focus: true });
  }, [props.highlighted]);
  return <div class="chart" ref={box} />;
}

function dataOf({ series, grid, style }: ChartProps): uPlot.AlignedData {
  const columns = series.map(({ column }) => column);
  const drawn = style.stacking === 'none' ? columns : stack(columns, style.stacking === 'percent');
  return [timesOf(grid), ...drawn] as uPlot.AlignedData;
}

function optionsOf(
  latest: { current: ChartProps },
  tooltip: Tooltip,
  width: number,
  height: number,
): uPlot.Options {
  const { series, style, theme, unit, decimals, syncKey } = latest.current;
  const stacked = style.stacking !== 'none';
  const shownUnit = style.stacking === 'percent' ? 'percentunit' : unit;
  return {
    width,
    height,
    padding: [10, 12, 0, 0],
    legend: { show: false },
    focus: { alpha: 0.3 },
    cursor: {
      y: false,
      points: { size: 7, width: 1.5 },
      drag: { x: true, y: false, setScale: false, dist: 6 },
      // Far enough that the nearest line is marked, not so far that all dims beside it.
      focus: { prox: series.length > 1 ? 20 : -1 },
      ...(syncKey !== '' && { sync: { key: syncKey, setSeries: false, scales: ['x', null] } }),
      bind: {
        dblclick: () => () => {
          latest.current.onZoomOut();
          return null;
        },
      },
    },
    scales: {
      x: {
        time: true,
        range: () => [latest.current.window.fromMs / 1000, latest.current.window.toMs / 1000],
      },
      y: {
        ...(style.logarithmic && { distr: 3 as const }),
        range: (_, least, most) => {
          if (style.logarithmic) return uPlot.rangeLog(least ?? 1, most ?? 10, 10, true);
          if (style.stacking === 'percent') return [0, 1];
          return valueRange(least, most, latest.current.min, latest.current.max);
        },
      },
    },
    axes: [timeAxis(theme), valueAxis(theme, shownUnit, style.stacking === 'percent' ? 0 : decimals)],
    series: [{}, ...series.map(({ name, color }) => lineOf(name, color, style, stacked))],
    ...(stacked && {
      bands: series.slice(1).map((_, i) => ({ series: [i + 2, i + 1] as [number, number] })),
    }),
    hooks: {
      drawAxes: [(self) => drawThresholds(self, latest.current)],
      setSelect: [(self) => zoom(self, latest.current)],
      setCursor: [(self) => pointAt(self, latest.current, tooltip)],
    },
  };
}

function lineOf(name: string, color: string, style: LineStyle, stacked: boolean): uPlot.Series {
  const { draw, fill, interpolation, spanNulls } = style;
  const paths = uPlot.paths;
  return {
    label: name,
    stroke: color,
    width: draw === 'points' ? 0 : Math.max(style.width, draw === 'bars' ? 1 : 1.25),
    ...(fill > 0 && draw !== 'points' && { fill: withAlpha(color, fill / 100) }),
    // What a stack does not fill itself is filled down to the series below.
    ...(stacked && fill === 0 && { fill: withAlpha(color, 0.25) }),
    spanGaps: spanNulls,
    // A step leaves its upright at the far end of a gap; a pixel more of gap hides it.
    ...(interpolation === 'stepAfter' && {
      gaps: (_self, _at, _from, _to, gaps) =>
        gaps.map(([from, to]): [number, number] => [from, to + devicePixelRatio]),
    }),
    points: {
      show: true,
      size: draw === 'points' ? 5 : 4,
      width: 0,
      fill: color,
      ...(draw !== 'points' && { filter: (self: uPlot, at: number) => isolated(self.data[at]!) }),
    },
    ...(draw === 'bars' && { paths: paths.bars!({ size: [0.7, 40], align: 1 }) }),
    ...(draw === 'points' && { paths: () => null }),
    ...(draw === 'line' && interpolation === 'smooth' && { paths: paths.spline!() }),
    ...(draw === 'line' && interpolation === 'stepAfter' && { paths: paths.stepped!({ align: 1 }) }),
    ...(draw === 'line' && interpolation === 'stepBefore' && { paths: paths.stepped!({ align: -1 }) }),
  };
}

function drawThresholds(self: uPlot, { style, thresholds, theme }: ChartProps): void {
  if (style.thresholds === 'off') return;
  const { ctx, bbox } = self;
  ctx.save();
  thresholds.forEach((step, i) => {
    const color = namedColor(step.color, theme);
    const bottom = Number.isFinite(step.value)
      ? self.valToPos(step.value, 'y', true)
      : bbox.top + bbox.height;
    const next = thresholds[i + 1];
    const top = next === undefined ? bbox.top : self.valToPos(next.value, 'y', true);
    const from = Math.min(bbox.top + bbox.height, Math.max(bbox.top, bottom));
    const to = Math.min(bbox.top + bbox.height, Math.max(bbox.top, top));
    if (style.thresholds.includes('area')) {
      ctx.fillStyle = withAlpha(color, 0.07);
      ctx.fillRect(bbox.left, to, bbox.width, from - to);
    }
    const inside = bottom > bbox.top && bottom < bbox.top + bbox.height;
    if (!Number.isFinite(step.value) || !inside || style.thresholds === 'area') return;
    ctx.strokeStyle = withAlpha(color, 0.8);
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash(
      style.thresholds.startsWith('dashed') ? [6 * devicePixelRatio, 5 * devicePixelRatio] : [],
    );
    ctx.beginPath();
    ctx.moveTo(bbox.left, bottom);
    ctx.lineTo(bbox.left + bbox.width, bottom);
    ctx.stroke();
  });
  ctx.restore();
}

/** Takes a stretch of time that was chosen by dragging. */
export function zoom(self: uPlot, { onZoom }: Pick<ChartProps, 'onZoom'>): void {
  const { left, width } = self.select;
  if (width === 0) return;
  const fromMs = self.posToVal(left, 'x') * 1000;
  const toMs = self.posToVal(left + width, 'x') * 1000;
  self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  const middle = (fromMs + toMs) / 2;
  const half = Math.max(toMs - fromMs, SPAN_LEAST_MS) / 2;
  onZoom({ fromMs: middle - half, toMs: middle + half });
}

/** Shows the values under the pointer; a chart that only follows another one shows its crosshair alone. */
function pointAt(self: uPlot, props: ChartProps, tooltip: Tooltip): void {
  const { idx, left, top } = self.cursor;
  const pointed = self.over.matches(':hover');
  if (
    !pointed ||
    idx == null ||
    left === undefined ||
    top === undefined ||
    left < 0 ||
    props.tooltip === 'none'
  ) {
    tooltip.hide();
    return;
  }
  const focused =
    self.series.findIndex((one, i) => i > 0 && (one as { _focus?: boolean | null })._focus === true) - 1;
  let rows = props.series.map(({ name, color, column, unit }, i) => {
    const value = column[idx] ?? null;
    const text = value === null ? '' : format(value, unit, props.decimals);
    return { name, color, value, text, focused: i === focused };
  });
  rows = rows.filter(({ value }) => value !== null);
  if (props.tooltip === 'single' && rows.length > 1) rows = rows.filter((row) => row.focused);
  if (props.tooltipSort !== 'none') {
    const direction = props.tooltipSort === 'asc' ? 1 : -1;
    rows.sort((a, b) => direction * (a.value! - b.value!));
  }
  if (rows.length === 0) {
    tooltip.hide();
    return;
  }
  const box = self.over.getBoundingClientRect();
  tooltip.show(self.data[0][idx]!, rows, box.left + left, box.top + top);
}
