/** Lines over time. */
import { type LegendSettings, legendCommon } from './legend-settings.ts';
import {
  type Asked,
  type Given,
  type MoreSettings,
  type PanelCommon,
  type PanelSpec,
  panelCommon,
  specOf,
} from './panel.ts';

/** What only a timeseries may say. */
interface TimeseriesSettings extends LegendSettings {
  /** Adds the series up: only for parts of a whole. */
  readonly stack?: 'none' | 'normal' | 'percent';
  /** Percent of opacity below a line; 0 draws lines only. Default 8, stacked 40. */
  readonly fill?: number;
  readonly draw?: 'line' | 'bars' | 'points';
  /** `stepAfter` holds a value until the next one: right for numbers of things. */
  readonly interpolation?: 'linear' | 'smooth' | 'stepBefore' | 'stepAfter';
  /** How thresholds show in the chart. Default `off`. */
  readonly thresholdStyle?: 'off' | 'line' | 'dashed' | 'area' | 'line+area' | 'dashed+area';
  readonly logarithmic?: boolean;
  /** Draws on where samples are missing. Default false, so that a gap is seen. */
  readonly spanGaps?: boolean;
  /** Whether the axis begins at 0. Default: where no value can be below it, as those of rates. */
  readonly fromZero?: boolean;
  /** Beside the axis. Default empty. */
  readonly axisLabel?: string;
}

/** What the author of a timeseries writes. */
export type TimeseriesSpec = PanelSpec & TimeseriesSettings;

/** Lines over time. */
export interface TimeseriesPanel extends PanelCommon, Required<Omit<TimeseriesSettings, 'fromZero'>> {
  readonly type: 'timeseries';
}

/** Lines over time: `timeseries('Requests', sum(rate(select(requests), '$__rate_interval')).by('status'))`. */
export function timeseries(
  title: string,
  asked: Asked,
  settings?: MoreSettings & TimeseriesSettings,
): TimeseriesPanel;
/** Lines over time, as one object. */
export function timeseries(spec: TimeseriesSpec): TimeseriesPanel;
export function timeseries(...given: Given<TimeseriesSettings>): TimeseriesPanel {
  const spec = specOf(given);
  const stack = spec.stack ?? 'none';
  return {
    type: 'timeseries',
    ...panelCommon('timeseries', spec.fromZero ? { ...spec, min: spec.min ?? 0 } : spec, {
      instant: false,
      // A logarithmic axis has no 0.
      fromZero: spec.fromZero === undefined && !spec.logarithmic,
    }),
    ...legendCommon(spec),
    stack,
    fill: spec.fill ?? (stack === 'none' ? 8 : 40),
    draw: spec.draw ?? 'line',
    interpolation: spec.interpolation ?? 'linear',
    thresholdStyle: spec.thresholdStyle ?? 'off',
    logarithmic: spec.logarithmic ?? false,
    spanGaps: spec.spanGaps ?? false,
    axisLabel: spec.axisLabel ?? '',
  };
}
