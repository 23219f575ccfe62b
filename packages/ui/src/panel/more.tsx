/** The kinds of panels that not every dashboard has; loaded when one of them is to be drawn. */
import type { JSX } from 'preact';
import type { PanelData } from '../dashboard/load-panel.ts';
import type { PanelModel } from '../dashboard/model.ts';
import '../style/more-panels.css';
import { BarGaugeView } from './bar-gauge.tsx';
import { HeatmapView } from './heatmap.tsx';
import { HistogramView } from './histogram.tsx';
import { PieView } from './pie.tsx';
import { StateTimelineView } from './state-timeline.tsx';
import { TableView } from './table.tsx';
import type { DrawContext } from './timeseries.tsx';

/** The kinds. */
export type MorePanel = Extract<
  PanelModel,
  { readonly kind: 'bargauge' | 'piechart' | 'table' | 'heatmap' | 'histogram' | 'state-timeline' }
>;

/** Draws a panel of one of them. */
export function MoreView({
  panel,
  data,
  draw,
}: {
  readonly panel: MorePanel;
  readonly data: PanelData;
  readonly draw: DrawContext;
}): JSX.Element {
  const { theme } = draw;
  switch (panel.kind) {
    case 'bargauge':
      return <BarGaugeView panel={panel} data={data} theme={theme} />;
    case 'piechart':
      return <PieView panel={panel} data={data} theme={theme} />;
    case 'table':
      return <TableView panel={panel} data={data} theme={theme} />;
    case 'heatmap':
      return <HeatmapView panel={panel} data={data} draw={draw} />;
    case 'histogram':
      return <HistogramView panel={panel} data={data} theme={theme} />;
    case 'state-timeline':
      return <StateTimelineView panel={panel} data={data} theme={theme} />;
  }
}
