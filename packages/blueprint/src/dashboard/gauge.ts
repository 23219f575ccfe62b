/** A value between two ends. */
import { DefinitionError } from './definition-error.ts';
import { type Calc, type PanelCommon, type PanelSpec, panelCommon } from './panel.ts';

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
 * A value between two ends: `gauge({ title: 'Success rate', expr: 'ok / all', unit: 'percentunit' })`.
 * @throws DefinitionError when the ends are the wrong way round
 */
export function gauge(spec: GaugeSpec): GaugePanel {
  const min = spec.min ?? 0;
  const max = spec.max ?? (spec.unit === 'percentunit' ? 1 : 100);
  if (!(min < max))
    throw new DefinitionError(`gauge ${JSON.stringify(spec.title)}: min ${min} is not below max ${max}`);
  return {
    type: 'gauge',
    ...panelCommon('gauge', spec, true),
    min,
    max,
    calc: spec.calc ?? 'lastNotNull',
    markers: spec.markers ?? true,
  };
}
