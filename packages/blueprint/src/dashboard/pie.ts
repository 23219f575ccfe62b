/** Parts of a whole. */
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

/** What only a pie may say. */
interface PieSettings {
  /** Which value of the range is shown. Default `lastNotNull`. */
  readonly calc?: Calc;
  /** Default `donut`. */
  readonly shape?: 'donut' | 'pie';
  /** What stands on the parts. Default nothing: the legend says it. */
  readonly labels?: readonly ('name' | 'value' | 'percent')[];
  /** What the legend says of each part. Default both. */
  readonly legendValues?: readonly ('value' | 'percent')[];
  /** Default `right`. */
  readonly legendPlacement?: 'bottom' | 'right' | 'hidden';
}

/** What the author of a pie writes. */
export type PieSpec = PanelSpec & PieSettings;

/** Parts of a whole. */
export interface PiePanel extends PanelCommon, Required<PieSettings> {
  readonly type: 'piechart';
}

/** Parts of a whole: `pie('Uploads by outcome', sum(increase(select(uploads), '$__range')).by('status'))`. */
export function pie(title: string, asked: Asked, settings?: MoreSettings & PieSettings): PiePanel;
/** Parts of a whole, as one object. */
export function pie(spec: PieSpec): PiePanel;
export function pie(...given: Given<PieSettings>): PiePanel {
  const spec = specOf(given);
  return {
    type: 'piechart',
    ...panelCommon('piechart', spec, { instant: true }),
    calc: spec.calc ?? 'lastNotNull',
    shape: spec.shape ?? 'donut',
    labels: spec.labels ?? [],
    legendValues: spec.legendValues ?? ['value', 'percent'],
    legendPlacement: spec.legendPlacement ?? 'right',
  };
}
