/** Which state was when, a band per series. */
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

/** What only a state timeline may say. States get colours and names from `mappings` and `thresholds`. */
interface StateTimelineSettings extends LegendSettings {
  /** Whether values stand in the bands. Default `auto`: where there is room. */
  readonly values?: 'auto' | 'always' | 'never';
  /** Draws neighbours of one state as one. Default true. */
  readonly merge?: boolean;
  /** How much of its line a band takes, from 0 to 1. Default 0.9. */
  readonly bandHeight?: number;
  /** Percent of opacity of the bands. Default 70. */
  readonly fill?: number;
}

/** What the author of a state timeline writes. */
export type StateTimelineSpec = PanelSpec & StateTimelineSettings;

/** Which state was when. */
export interface StateTimelinePanel extends PanelCommon, Required<StateTimelineSettings> {
  readonly type: 'state-timeline';
}

/** Which state was when: `stateTimeline('Up', select(up), { mappings: { 0: { text: 'down', color: 'red' } } })`. */
export function stateTimeline(
  title: string,
  asked: Asked,
  settings?: MoreSettings & StateTimelineSettings,
): StateTimelinePanel;
/** Which state was when, as one object. */
export function stateTimeline(spec: StateTimelineSpec): StateTimelinePanel;
export function stateTimeline(...given: Given<StateTimelineSettings>): StateTimelinePanel {
  const spec = specOf(given);
  return {
    type: 'state-timeline',
    ...panelCommon('state-timeline', spec, { instant: false }),
    ...legendCommon(spec, 'single'),
    values: spec.values ?? 'auto',
    merge: spec.merge ?? true,
    bandHeight: spec.bandHeight ?? 0.9,
    fill: spec.fill ?? 70,
  };
}
