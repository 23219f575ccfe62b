/** How a distribution moves over time. */
import {
  type Asked,
  type Given,
  type MoreSettings,
  type PanelCommon,
  type PanelSpec,
  panelCommon,
  specOf,
} from './panel.ts';

/** What only a heatmap may say. The unit is that of what was observed, on the vertical axis. */
interface HeatmapSettings {
  /** Grafana's colour scheme. Default `Oranges`. */
  readonly scheme?: string;
  /** In how many steps colours go. Default 64. */
  readonly steps?: number;
  /** Default `exponential`, so that the few slow ones are seen beside the many fast ones. */
  readonly scale?: 'exponential' | 'linear';
  /** Shows the scale of colours. Default true. */
  readonly colorScale?: boolean;
  /** Cells below it stay empty. Default 1e-9: those that are 0. */
  readonly hideBelow?: number;
}

/** What the author of a heatmap writes. */
export type HeatmapSpec = PanelSpec & HeatmapSettings;

/** How a distribution moves over time: buckets as they were counted, not calculated anew. */
export interface HeatmapPanel extends PanelCommon, Required<HeatmapSettings> {
  readonly type: 'heatmap';
}

/** A distribution over time: `heatmap('Latency', sum(rate(buckets(duration), '$__rate_interval')).by('le'))`. */
export function heatmap(title: string, asked: Asked, settings?: MoreSettings & HeatmapSettings): HeatmapPanel;
/** A distribution over time, as one object. */
export function heatmap(spec: HeatmapSpec): HeatmapPanel;
export function heatmap(...given: Given<HeatmapSettings>): HeatmapPanel {
  const spec = specOf(given);
  return {
    type: 'heatmap',
    ...panelCommon('heatmap', spec, { instant: false, format: 'heatmap', observed: true }),
    scheme: spec.scheme ?? 'Oranges',
    steps: spec.steps ?? 64,
    scale: spec.scale ?? 'exponential',
    colorScale: spec.colorScale ?? true,
    hideBelow: spec.hideBelow ?? 1e-9,
  };
}
