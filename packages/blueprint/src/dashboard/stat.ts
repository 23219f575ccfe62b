/** One big number, with its course behind it. */
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

/** What only a stat may say. */
interface StatSettings {
  /** Which value of the range is shown. Default `lastNotNull`. */
  readonly calc?: Calc;
  /** The course of the value behind the number. Default `area`; `none` asks for one value only. */
  readonly graph?: 'area' | 'none';
  /** What takes the threshold's colour. Default `value`. */
  readonly colorMode?: 'value' | 'background' | 'none';
  /** Default `auto`: the name shows when there are several. */
  readonly textMode?: 'auto' | 'value' | 'value_and_name' | 'name' | 'none';
}

/** What the author of a stat writes. */
export type StatSpec = PanelSpec & StatSettings;

/** One big number per series. */
export interface StatPanel extends PanelCommon, Required<StatSettings> {
  readonly type: 'stat';
}

/** One big number: `stat('Active jobs', sum(select(jobsActive)))`. */
export function stat(title: string, asked: Asked, settings?: MoreSettings & StatSettings): StatPanel;
/** One big number, as one object. */
export function stat(spec: StatSpec): StatPanel;
export function stat(...given: Given<StatSettings>): StatPanel {
  const spec = specOf(given);
  const graph = spec.graph ?? 'area';
  return {
    type: 'stat',
    ...panelCommon('stat', spec, { instant: graph === 'none' }),
    calc: spec.calc ?? 'lastNotNull',
    graph,
    colorMode: spec.colorMode ?? 'value',
    textMode: spec.textMode ?? 'auto',
  };
}
