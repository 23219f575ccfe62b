/** Lines over time. */
import { type Calc, type PanelCommon, type PanelSpec, panelCommon } from './panel.ts';

/** What only a timeseries may say. */
interface TimeseriesSettings {
  /** Adds the series up: only for parts of a whole. */
  readonly stack?: 'none' | 'normal' | 'percent';
  /** Percent of opacity below a line; 0 draws lines only. Default 8, stacked 40. */
  readonly fill?: number;
  readonly draw?: 'line' | 'bars' | 'points';
  /** `stepAfter` holds a value until the next one: right for numbers of things. */
  readonly interpolation?: 'linear' | 'smooth' | 'stepBefore' | 'stepAfter';
  /** How thresholds show in the chart. Default `off`. */
  readonly thresholdStyle?: 'off' | 'line' | 'dashed' | 'area' | 'line+area';
  /** Columns of the legend, which becomes a table. */
  readonly calcs?: readonly Calc[];
  /** Default `bottom`. */
  readonly legendPlacement?: 'bottom' | 'right' | 'hidden';
  readonly logarithmic?: boolean;
}

/** What the author of a timeseries writes. */
export type TimeseriesSpec = PanelSpec & TimeseriesSettings;

/** Lines over time. */
export interface TimeseriesPanel extends PanelCommon, Required<TimeseriesSettings> {
  readonly type: 'timeseries';
}

/** Lines over time: `timeseries({ title: 'Queue depth', expr: 'jobs_pending', legend: 'pending' })`. */
export function timeseries(spec: TimeseriesSpec): TimeseriesPanel {
  const stack = spec.stack ?? 'none';
  return {
    type: 'timeseries',
    ...panelCommon('timeseries', spec, false),
    stack,
    fill: spec.fill ?? (stack === 'none' ? 8 : 40),
    draw: spec.draw ?? 'line',
    interpolation: spec.interpolation ?? 'linear',
    thresholdStyle: spec.thresholdStyle ?? 'off',
    calcs: spec.calcs ?? [],
    legendPlacement: spec.legendPlacement ?? 'bottom',
    logarithmic: spec.logarithmic ?? false,
  };
}
