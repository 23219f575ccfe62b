/** Axes: where ticks may stand, how they read, how much room they take. */
import type uPlot from 'uplot';
import { format, formatTicks, tickBase } from '../format/units.ts';
import { namedColor, type Theme, withAlpha } from './palette.ts';

const FONT = '11px ui-sans-serif, system-ui, sans-serif';
/** Charts below each other line up as long as their labels fit into this. */
const VALUE_AXIS_LEAST_PX = 54;

/** Closer to the edges a label would run into those of the value axis, or be cut off. */
const LABEL_LEFT_PX = 14;
const LABEL_RIGHT_PX = 12;

const TIME_TICKS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800,
  604_800, 2_592_000, 31_536_000,
];

/** From the smallest that is told apart from 0 to the largest that a number holds. */
const POWERS = Array.from({ length: 320 }, (_, i) => i - 12);
const VALUE_TICKS: Readonly<Record<ReturnType<typeof tickBase>, number[]>> = {
  decimal: POWERS.flatMap((power) => [1, 2, 2.5, 5].map((digit) => Number(`${digit}e${power}`))),
  binary: Array.from({ length: 64 }, (_, i) => 2 ** (i - 4)),
  time: [
    ...POWERS.filter((power) => power < 0).flatMap((power) =>
      [1, 2, 5].map((digit) => Number(`${digit}e${power}`)),
    ),
    ...TIME_TICKS.filter((tick) => tick <= 604_800),
  ],
};

/** Numbers of things have no ticks between whole numbers. */
const WHOLE_TICKS = VALUE_TICKS.decimal.filter(Number.isInteger);

/** The axis of time, in local time and 24 hours. */
export function timeAxis(theme: Theme): uPlot.Axis {
  return {
    ...lines(theme),
    size: 26,
    gap: 4,
    space: 64,
    incrs: TIME_TICKS,
    values: (self, splits, _, __, increment) => {
      // Not the element's width: that is 0 until the first drawing is through.
      const right = self.bbox.width / devicePixelRatio - LABEL_RIGHT_PX;
      return splits.map((at, i) => {
        const x = self.valToPos(at, 'x');
        return x < LABEL_LEFT_PX || x > right ? '' : timeLabel(at, splits[i - 1], increment);
      });
    },
  };
}

/** The axis of values in a unit; on the right without lines of its own. */
export function valueAxis(
  theme: Theme,
  unit: string,
  decimals: number | undefined,
  {
    scale = 'y',
    side = 'left',
    label = '',
  }: { scale?: string; side?: 'left' | 'right'; label?: string } = {},
): uPlot.Axis {
  const ticks = VALUE_TICKS[tickBase(unit)];
  const own = lines(theme);
  return {
    ...own,
    scale,
    side: side === 'left' ? 3 : 1,
    ...(side === 'right' && { grid: { show: false } }),
    ...(label !== '' && { label, labelFont: FONT, labelSize: 18, labelGap: 2 }),
    gap: 6,
    space: 28,
    incrs: (self) => (ticks === VALUE_TICKS.decimal && onlyWhole(self.data) ? WHOLE_TICKS : ticks),
    // On a logarithmic scale, those that would be too close to others are missing.
    values: (_, splits: readonly (number | null)[]) => {
      if (!splits.includes(null)) return formatTicks(splits as readonly number[], unit, decimals);
      return splits.map((at) => (at === null ? '' : format(at, unit)));
    },
    size: (self, values) => {
      if (values === null || values.length === 0) return VALUE_AXIS_LEAST_PX;
      self.ctx.save();
      self.ctx.font = FONT;
      const widest = Math.max(...values.map((value) => self.ctx.measureText(value ?? '').width));
      self.ctx.restore();
      return Math.max(VALUE_AXIS_LEAST_PX, Math.ceil(widest + 14));
    },
  };
}

function onlyWhole(data: uPlot.AlignedData): boolean {
  return data
    .slice(1)
    .every((column) => Array.from(column!).every((value) => value == null || Number.isInteger(value)));
}

/** Hours and minutes, seconds where ticks are closer, the day where it begins. */
export function timeLabel(atSeconds: number, before: number | undefined, increment: number): string {
  const date = new Date(atSeconds * 1000);
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = `${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  if (increment >= 86_400) return day;
  const newDay = before !== undefined && new Date(before * 1000).getDate() !== date.getDate();
  if (newDay && date.getHours() === 0 && date.getMinutes() === 0) return day;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return increment < 60 ? `${clock}:${two(date.getSeconds())}` : clock;
}

function lines(theme: Theme): uPlot.Axis {
  const text = namedColor('text', theme);
  const faint = withAlpha(text, theme === 'dark' ? 0.08 : 0.09);
  return {
    font: FONT,
    stroke: withAlpha(text, 0.62),
    grid: { stroke: faint, width: 1 },
    ticks: { show: false },
    border: { show: false },
  };
}
