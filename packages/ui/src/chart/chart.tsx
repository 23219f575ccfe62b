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
import type { DrawnMarks } from './mark.ts';
import { namedColor, type Theme, withAlpha } from './palette.ts';
import { type ScaleModel, scaleOf, scalesOf } from './scales.ts';
import { type Column, isolated, stack, timesOf, valueRange } from './series-data.ts';
import { Tooltip } from './tooltip.ts';

/** So many series are told to a reader who does not see them. */
const DESCRIBED_MOST = 8;
/** A press that moved less is a click. */
const CLICK_PX = 5;

/** One line of a chart. */
export interface ChartSeries {
  readonly name: string;
  /** A CSS colour. */
  readonly color: string;
  readonly column: Column;
  readonly unit: string;
  readonly decimals: number | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly line: LineStyle;
  readonly inTooltip: boolean;
  /** Whether a click on it leads somewhere. */
  readonly hasLinks: boolean;
}

/** Everything that a chart shows. */
export interface ChartProps {
  /** What a reader who does not see it is told. */
  readonly label: string;
  readonly series: readonly ChartSeries[];
  readonly grid: Grid;
  readonly window: Window;
  /** Of the panel as a whole: its thresholds. */
  readonly style: LineStyle;
  readonly thresholds: readonly Threshold[];
  readonly tooltip: 'multi' | 'single' | 'none';
  readonly tooltipSort: 'none' | 'asc' | 'desc';
  readonly theme: Theme;
  /** Empty: alone. */
  readonly syncKey: string;
  /** The series to stand out, by its place; the others step back. */
  readonly highlighted: number | undefined;
  readonly marks: DrawnMarks | undefined;
  /** A click on a series that has links: its place, that of the point, and where on the screen. */
  onPick(series: number, at: number, clientX: number, clientY: number): void;
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
  const { series, style, theme, syncKey, thresholds } = props;
  const structure = JSON.stringify([
    series.map(({ column: _, ...one }) => one),
    [style.thresholds, theme, syncKey, thresholds, props.tooltip],
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
  useLayoutEffect(() => {
    plot.current?.redraw(false);
  }, [props.marks]);
  return <div class="chart" ref={box} role="img" aria-label={describedBy(props)} />;
}

/** The names, and the last value of each. */
function describedBy({ label, series }: ChartProps): string {
  const said = series.slice(0, DESCRIBED_MOST).map(({ name, column, unit, decimals }) => {
    const last = column.findLast((value) => value !== null);
    return `${name}: ${last == null ? 'nothing' : format(last, unit, decimals)}`;
  });
  const more = series.length > said.length ? ` and ${series.length - said.length} more` : '';
  return `${label}; at last ${said.join(', ')}${more}`;
}

/** Values as they are drawn: those of a stack lie on the ones before them, of the same scale and kind of stack. */
function dataOf({ series, grid }: ChartProps): uPlot.AlignedData {
  const columns: Column[] = series.map(({ column }) => column);
  for (const { places, percent } of stacksOf(series)) {
    const stacked = stack(
      places.map((place) => series[place]!.column),
      percent,
    );
    places.forEach((place, i) => {
      columns[place] = stacked[i]!;
    });
  }
  return [timesOf(grid), ...columns] as uPlot.AlignedData;
}

interface Stack {
  readonly places: readonly number[];
  readonly percent: boolean;
}

/** The series that lie on each other, by their places from the bottom up. */
function stacksOf(series: readonly ChartSeries[]): Stack[] {
  const stacks = new Map<string, number[]>();
  series.forEach(({ line, ...one }, place) => {
    if (line.stacking === 'none') return;
    const key = `${line.stacking} ${scaleOf({ line, ...one })}`;
    stacks.set(key, [...(stacks.get(key) ?? []), place]);
  });
  return [...stacks].map(([key, places]) => ({ places, percent: key.startsWith('percent') }));
}

function optionsOf(
  latest: { current: ChartProps },
  tooltip: Tooltip,
  width: number,
  height: number,
): uPlot.Options {
  const { series, theme, syncKey } = latest.current;
  const scales = scalesOf(series);
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
      ...Object.fromEntries(scales.map((scale) => [scale.key, rangesOf(scale)])),
    },
    axes: [
      timeAxis(theme),
      ...scales
        .filter(({ side }) => side !== undefined)
        .map(({ key, unit, decimals, side, label, percent }) =>
          valueAxis(theme, percent ? 'percentunit' : unit, percent ? 0 : decimals, {
            scale: key,
            side: side!,
            label,
          }),
        ),
    ],
    series: [{}, ...series.map((one) => lineOf(one))],
    bands: stacksOf(series).flatMap(({ places }) =>
      places.slice(1).map((place, i) => ({ series: [place + 1, places[i]! + 1] as [number, number] })),
    ),
    hooks: {
      drawAxes: [(self) => drawThresholds(self, latest.current)],
      draw: [(self) => latest.current.marks?.draw(self, latest.current.theme)],
      setSelect: [(self) => zoom(self, latest.current)],
      ready: [(self) => listen(self, latest)],
      setCursor: [(self) => pointAt(self, latest.current, tooltip)],
    },
  };
}

/** How a scale finds its ends. */
function rangesOf({ logarithmic, percent, min, max }: ScaleModel): uPlot.Scale {
  return {
    ...(logarithmic && { distr: 3 as const }),
    range: (_, least, most) => {
      if (logarithmic) return logRange(least, most);
      return percent ? [0, 1] : valueRange(least, most, min, max);
    },
  };
}

/** The powers around the values; what is not above nothing has no place on such a scale. */
function logRange(least: number | null, most: number | null): [number, number] {
  const top = most !== null && most > 0 ? most : 10;
  const bottom = least !== null && least > 0 ? Math.min(least, top) : top / 1000;
  return uPlot.rangeLog(bottom, top, 10, true) as [number, number];
}

function lineOf(series: ChartSeries): uPlot.Series {
  const { name, color, line } = series;
  const { draw, fill, interpolation, spanNulls, dash } = line;
  const stacked = line.stacking !== 'none';
  const paths = uPlot.paths;
  const least = line.width === 0 ? 0 : draw === 'bars' ? 1 : 1.25;
  return {
    label: name,
    scale: scaleOf(series),
    stroke: color,
    width: draw === 'points' ? 0 : Math.max(line.width, least),
    ...(dash.length > 0 && { dash: [...dash] }),
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

/** A click that is not the end of a drag is on the series that the pointer is near to. */
function listen(self: uPlot, latest: { readonly current: ChartProps }): void {
  let downX = 0;
  self.over.addEventListener('pointerdown', ({ clientX }) => {
    downX = clientX;
  });
  self.over.addEventListener('click', ({ clientX, clientY }) => {
    const { idx } = self.cursor;
    if (idx == null || Math.abs(clientX - downX) > CLICK_PX) return;
    const { series, onPick } = latest.current;
    const focused = focusedOf(self);
    const place = focused >= 0 ? focused : series.length === 1 ? 0 : -1;
    if (place >= 0 && series[place]?.hasLinks === true) onPick(place, idx, clientX, clientY);
  });
}

/** The series that the pointer is near to, by its place; -1 for none. */
function focusedOf(self: uPlot): number {
  return self.series.findIndex((one, i) => i > 0 && (one as { _focus?: boolean | null })._focus === true) - 1;
}

function drawThresholds(self: uPlot, { series, style, thresholds, theme }: ChartProps): void {
  const [first] = series;
  if (style.thresholds === 'off' || first === undefined) return;
  const { ctx, bbox } = self;
  const scale = scaleOf(first);
  ctx.save();
  thresholds.forEach((step, i) => {
    const color = namedColor(step.color, theme);
    const bottom = Number.isFinite(step.value)
      ? self.valToPos(step.value, scale, true)
      : bbox.top + bbox.height;
    const next = thresholds[i + 1];
    const top = next === undefined ? bbox.top : self.valToPos(next.value, scale, true);
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
  if (!pointed || idx == null || left === undefined || top === undefined || left < 0) {
    tooltip.hide();
    return;
  }
  if (props.marks?.show(self, props.theme, tooltip) === true) return;
  if (props.tooltip === 'none') {
    tooltip.hide();
    return;
  }
  const focused = focusedOf(self);
  let rows = props.series.flatMap(({ name, color, column, unit, decimals, inTooltip }, i) => {
    const value = column[idx] ?? null;
    const text = value === null ? '' : format(value, unit, decimals);
    return inTooltip ? [{ name, color, value, text, focused: i === focused }] : [];
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
