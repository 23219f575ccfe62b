/** Families of the monitor's own metrics, row by row. */
import type { Family, ScalarSeries } from '@binnacle/metrics/exposition';

/** A value and the values of its labels. */
export type Row = readonly [value: number, ...labelValues: string[]];

/** A family of numbers. */
export function family(
  type: 'counter' | 'gauge' | 'info',
  name: string,
  help: string,
  labelNames: readonly string[],
  rows: readonly Row[],
): Family {
  const series = rows.map(([value, ...labelValues]): ScalarSeries => ({ value, labelValues }));
  return { type, name, help, unit: '', labelNames, series };
}
