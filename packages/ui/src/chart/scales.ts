/**
 * The scales of a chart.
 *
 * Series share a scale when they have the same unit, ends, kind of scale and side. The first scale is written on the
 * left, every other one on the right, unless an override says where.
 */
import type { ChartSeries } from './chart.tsx';

/** One scale, and where it is written. */
export interface ScaleModel {
  readonly key: string;
  readonly unit: string;
  readonly decimals: number | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly logarithmic: boolean;
  /** Whether its series are shares of their sum. */
  readonly percent: boolean;
  /** Undefined: not written. */
  readonly side: 'left' | 'right' | undefined;
  readonly label: string;
}

/** More scales than these are not written: the axes would leave no room for the chart. */
const AXES_MOST = 4;

/** The scale of a series, by its name. */
export function scaleOf({
  unit,
  min,
  max,
  line,
}: Pick<ChartSeries, 'unit' | 'min' | 'max' | 'line'>): string {
  return `y ${[unit, min ?? '', max ?? '', line.axis, line.logarithmic, line.stacking === 'percent'].join('|')}`;
}

/** The scales of all series, in their order. */
export function scalesOf(series: readonly ChartSeries[]): ScaleModel[] {
  const byKey = new Map<string, ChartSeries>();
  for (const one of series) {
    const key = scaleOf(one);
    if (!byKey.has(key)) byKey.set(key, one);
  }
  let written = 0;
  return [...byKey].map(([key, { unit, decimals, min, max, line }], i) => {
    const place = line.axis === 'auto' ? (i === 0 ? 'left' : 'right') : line.axis;
    const side = place === 'hidden' || written >= AXES_MOST ? undefined : place;
    if (side !== undefined) written++;
    return {
      key,
      unit,
      decimals,
      min,
      max,
      logarithmic: line.logarithmic,
      percent: line.stacking === 'percent',
      side,
      label: line.axisLabel,
    };
  });
}
