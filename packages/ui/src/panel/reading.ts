/** What a stat or a gauge says of each series: one value, its text and its colour. */
import { namedColor, type Theme } from '../chart/palette.ts';
import { type FieldConfig, type Override, thresholdColor } from '../dashboard/field-config.ts';
import type { PanelData, PanelSeries } from '../dashboard/load-panel.ts';
import { reduce } from '../format/reduce.ts';
import { type Formatted, formatParts } from '../format/units.ts';

/** One series, reduced and ready to be drawn. */
export interface Reading {
  readonly series: PanelSeries;
  readonly value: number;
  readonly shown: Formatted;
  /** A CSS colour. */
  readonly color: string;
}

/** Reads every series that has a value. */
export function readingsOf(
  data: PanelData,
  panel: { readonly field: FieldConfig; readonly overrides: readonly Override[]; readonly calc: string },
  theme: Theme,
): Reading[] {
  const { field, overrides, calc } = panel;
  return data.series.flatMap((series) => {
    const value = reduce(series.column, calc);
    if (value === null) return [];
    const mapping = field.mappings.find((candidate) => candidate.matches(value));
    const named =
      mapping?.color ??
      overrides.findLast((override) => override.color !== undefined && override.matches(series))?.color ??
      field.fixedColor ??
      thresholdColor(field, value, field.min ?? 0, field.max ?? 100) ??
      'text';
    const shown =
      mapping === undefined
        ? formatParts(value, field.unit, field.decimals)
        : { prefix: '', text: mapping.text, suffix: '' };
    return [{ series, value, shown, color: namedColor(named, theme) }];
  });
}
