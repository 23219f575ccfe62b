/** A value between two ends. */
import type { Calc } from './field.ts';
import {
  type Asked,
  checkRange,
  type Given,
  type MoreSettings,
  type PanelCommon,
  type PanelSpec,
  panelCommon,
  specOf,
} from './panel.ts';

/** What only a gauge may say. */
interface GaugeSettings {
  /** Which value of the range is shown. Default `lastNotNull`. */
  readonly calc?: Calc;
  /** Draws the thresholds as an outer band. Default true. */
  readonly markers?: boolean;
}

/** What the author of a gauge writes. `min` and `max` are 0 and 1 for `percentunit`, 0 and 100 for others. */
export type GaugeSpec = PanelSpec & GaugeSettings;

/** A value between two ends. */
export interface GaugePanel extends PanelCommon, Required<GaugeSettings> {
  readonly type: 'gauge';
  readonly min: number;
  readonly max: number;
}

/**
 * A value between two ends: `gauge('Success rate', div(succeeded, all))`.
 * @throws DefinitionError when the ends are the wrong way round
 */
export function gauge(title: string, asked: Asked, settings?: MoreSettings & GaugeSettings): GaugePanel;
/** A value between two ends, as one object. */
export function gauge(spec: GaugeSpec): GaugePanel;
export function gauge(...given: Given<GaugeSettings>): GaugePanel {
  const spec = specOf(given);
  const common = panelCommon('gauge', spec, { instant: true });
  const min = spec.min ?? 0;
  const max = spec.max ?? (common.unit === 'percentunit' ? 1 : 100);
  checkRange(`gauge ${JSON.stringify(spec.title)}`, min, max);
  return {
    type: 'gauge',
    ...common,
    min,
    max,
    calc: spec.calc ?? 'lastNotNull',
    markers: spec.markers ?? true,
  };
}
