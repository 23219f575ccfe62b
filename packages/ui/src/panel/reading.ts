/** What a stat, a gauge or a bar says of each series: one value, its text, its colour, where it leads. */
import { namedColor, seriesColor, type Theme } from '../chart/palette.ts';
import { type Link, linksOf } from '../dashboard/data-links.ts';
import { type FieldConfig, fieldOf, type Override, thresholdColor } from '../dashboard/field-config.ts';
import type { PanelData, PanelSeries } from '../dashboard/load-panel.ts';
import { mapped } from '../dashboard/mappings.ts';
import { reduce } from '../format/reduce.ts';
import { type Formatted, formatParts } from '../format/units.ts';
import type { DrawContext } from './draw-context.ts';
import { seriesName } from './series-name.ts';

/** One series, reduced and ready to be drawn. */
export interface Reading {
  readonly series: PanelSeries;
  readonly name: string;
  /** What holds for this series. */
  readonly field: FieldConfig;
  readonly value: number;
  readonly shown: Formatted;
  /** A CSS colour. */
  readonly color: string;
  readonly links: readonly Link[];
}

/** Reads every series that has a value and is not hidden. */
export function readingsOf(
  data: PanelData,
  panel: { readonly field: FieldConfig; readonly overrides: readonly Override[]; readonly calc: string },
  draw: DrawContext,
): Reading[] {
  return data.series.flatMap((series, i) => {
    const field = fieldOf(panel, series);
    const value = reduce(series.column, panel.calc);
    if (value === null || field.hidden.chart) return [];
    const name = seriesName(series, field, draw.links.choices);
    const { shown, color } = shownValue(value, field, draw.theme, i);
    const subject = { name, labels: series.labels, value, text: partsText(shown), timeMs: data.window.toMs };
    const links = field.links.length === 0 ? [] : linksOf(field.links, draw.links, subject);
    return [{ series, name, field, value, shown, color, links }];
  });
}

/** A value in words, and its colour: that of its mapping, of the field, of its threshold or of the palette. */
export function shownValue(
  value: number | null,
  field: FieldConfig,
  theme: Theme,
  index = 0,
): { readonly shown: Formatted; readonly color: string; readonly isMapped: boolean } {
  const mapping = mapped(field.mappings, value);
  const shown =
    mapping?.text !== undefined
      ? { prefix: '', text: mapping.text, suffix: '' }
      : value === null
        ? { prefix: '', text: field.noValue ?? '–', suffix: '' }
        : formatParts(value, field.unit, field.decimals);
  const named = mapping?.color ?? field.fixedColor;
  if (named !== undefined) return { shown, color: namedColor(named, theme), isMapped: true };
  if (field.colorBy === 'palette') return { shown, color: seriesColor(index, theme), isMapped: false };
  const step = thresholdColor(field, value ?? Number.NEGATIVE_INFINITY, field.min ?? 0, field.max ?? 100);
  return { shown, color: namedColor(step ?? 'text', theme), isMapped: false };
}

/** The parts of a value as one text. */
export function partsText({ prefix, text, suffix }: Formatted): string {
  return prefix + text + suffix;
}
