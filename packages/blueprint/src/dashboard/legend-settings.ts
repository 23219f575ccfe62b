/** How the legend of a chart and the box that follows the pointer look. */
import type { Calc } from './field.ts';

/** What charts may say of their legend and of what shows on hover. */
export interface LegendSettings {
  /** Columns of the legend, which becomes a table. */
  readonly calcs?: readonly Calc[];
  /** Default `bottom`. */
  readonly legendPlacement?: 'bottom' | 'right' | 'hidden';
  /** Whether one series shows on hover or all of them. */
  readonly tooltip?: 'single' | 'multi' | 'none';
}

/** What is left open gets its usual value. */
export function legendCommon(
  spec: LegendSettings,
  tooltip: 'single' | 'multi' = 'multi',
): Required<LegendSettings> {
  return {
    calcs: spec.calcs ?? [],
    legendPlacement: spec.legendPlacement ?? 'bottom',
    tooltip: spec.tooltip ?? tooltip,
  };
}
