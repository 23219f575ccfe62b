/** What a series is called where it is drawn. */
import type { Choices } from '../dashboard/choices.ts';
import { displayNameOf } from '../dashboard/data-links.ts';
import type { FieldConfig } from '../dashboard/field-config.ts';
import type { PanelSeries } from '../dashboard/load-panel.ts';

/** The name of a series: that of its overrides, else that of its legend. */
export function seriesName(series: PanelSeries, { displayName }: FieldConfig, choices: Choices): string {
  if (displayName === undefined || displayName === '') return series.name;
  return displayNameOf(displayName, { name: series.name, labels: series.labels }, choices);
}
