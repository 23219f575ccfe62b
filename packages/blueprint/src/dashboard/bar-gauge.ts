/** A bar per series, to compare values. */
import type { Calc } from './field.ts';
import {
  type Asked,
  type Given,
  type MoreSettings,
  type PanelCommon,
  type PanelSpec,
  panelCommon,
  specOf,
} from './panel.ts';

/** What only a bar gauge may say. */
interface BarGaugeSettings {
  /** Which value of the range is shown. Default `lastNotNull`. */
  readonly calc?: Calc;
  /** Default `horizontal`: names stand beside their bars. */
  readonly orientation?: 'horizontal' | 'vertical' | 'auto';
  /** How bars are filled. Default `gradient`. */
  readonly display?: 'gradient' | 'lcd' | 'basic';
  /** Draws what is left up to the maximum. Default true. */
  readonly unfilled?: boolean;
  /** Whether numbers have the threshold's colour or the text's, or are not there. Default `color`. */
  readonly valueMode?: 'color' | 'text' | 'hidden';
  /**
   * The series are buckets of a classic histogram, told apart by `le`: each bar is what is in its bucket and not in
   * the one before. Default false.
   */
  readonly buckets?: boolean;
}

/** What the author of a bar gauge writes. */
export type BarGaugeSpec = PanelSpec & BarGaugeSettings;

/** A bar per series. */
export interface BarGaugePanel extends PanelCommon, Required<Omit<BarGaugeSettings, 'buckets'>> {
  readonly type: 'bargauge';
}

/** A bar per series: `barGauge('Slowest routes', topk(5, p95.by('le', 'endpoint')))`. Bars begin at 0. */
export function barGauge(
  title: string,
  asked: Asked,
  settings?: MoreSettings & BarGaugeSettings,
): BarGaugePanel;
/** A bar per series, as one object. */
export function barGauge(spec: BarGaugeSpec): BarGaugePanel;
export function barGauge(...given: Given<BarGaugeSettings>): BarGaugePanel {
  const spec = specOf(given);
  return {
    type: 'bargauge',
    ...panelCommon(
      'bargauge',
      { ...spec, min: spec.min ?? 0 },
      { instant: true, ...(spec.buckets === true && { format: 'heatmap' }) },
    ),
    calc: spec.calc ?? 'lastNotNull',
    orientation: spec.orientation ?? 'horizontal',
    display: spec.display ?? 'gradient',
    unfilled: spec.unfilled ?? true,
    valueMode: spec.valueMode ?? 'color',
  };
}
