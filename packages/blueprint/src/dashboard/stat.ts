/** One big number, with its course behind it. */
import { type Calc, type PanelCommon, type PanelSpec, panelCommon } from './panel.ts';

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

/** One big number: `stat({ title: 'Active jobs', expr: 'sum(jobs_active)' })`. */
export function stat(spec: StatSpec): StatPanel {
  const graph = spec.graph ?? 'area';
  return {
    type: 'stat',
    ...panelCommon('stat', spec, graph === 'none'),
    calc: spec.calc ?? 'lastNotNull',
    graph,
    colorMode: spec.colorMode ?? 'value',
    textMode: spec.textMode ?? 'auto',
  };
}
