/** How often which value occurred within the range. */
import { DefinitionError } from './definition-error.ts';
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

/** What only a histogram may say. */
interface HistogramSettings extends LegendSettings {
  /** How wide a bar is; undefined lets Grafana decide. */
  readonly bucketSize?: number;
  /** How many bars there are about; undefined lets Grafana decide. */
  readonly bucketCount?: number;
  /** Takes all series together. Default false. */
  readonly combine?: boolean;
  /** Percent of opacity of the bars. Default 80. */
  readonly fill?: number;
}

/** What the author of a histogram writes. */
export type HistogramSpec = PanelSpec & HistogramSettings;

/** How often which value occurred within the range. */
export interface HistogramPanel
  extends PanelCommon,
    Required<LegendSettings>,
    Pick<HistogramSettings, 'bucketSize' | 'bucketCount'> {
  readonly type: 'histogram';
  readonly combine: boolean;
  readonly fill: number;
}

/** How often which value occurred: `histogram('Queue depth', select(queueDepth), { bucketSize: 10 })`. */
export function histogram(
  title: string,
  asked: Asked,
  settings?: MoreSettings & HistogramSettings,
): HistogramPanel;
/** How often which value occurred, as one object. */
export function histogram(spec: HistogramSpec): HistogramPanel;
export function histogram(...given: Given<HistogramSettings>): HistogramPanel {
  const spec = specOf(given);
  const { bucketSize, bucketCount } = spec;
  if (bucketSize !== undefined && !(bucketSize > 0))
    throw new DefinitionError(
      `histogram ${JSON.stringify(spec.title)}: bucketSize ${bucketSize} is not above 0`,
    );
  return {
    type: 'histogram',
    ...panelCommon('histogram', spec, { instant: false }),
    ...legendCommon(spec),
    ...(bucketSize !== undefined && { bucketSize }),
    ...(bucketCount !== undefined && { bucketCount }),
    combine: spec.combine ?? false,
    fill: spec.fill ?? 80,
  };
}
