/** Every kind of panel but the chart over time; loaded when one of them is to be drawn. */
import type { JSX } from 'preact';
import type { PanelData } from '../dashboard/load-panel.ts';
import type { PanelModel } from '../dashboard/panel-model.ts';
import '../style/more-panels.css';
import { BarGaugeView } from './bar-gauge.tsx';
import type { DrawContext } from './draw-context.ts';
import { GaugeView } from './gauge.tsx';
import { HeatmapView } from './heatmap.tsx';
import { HistogramView } from './histogram.tsx';
import { PieView } from './pie.tsx';
import { StatView } from './stat.tsx';
import { StateTimelineView } from './state-timeline.tsx';
import { TableView } from './table.tsx';

/** The kinds. */
export type MorePanel = Extract<
  PanelModel,
  {
    readonly kind:
      | 'stat'
      | 'gauge'
      | 'bargauge'
      | 'piechart'
      | 'table'
      | 'heatmap'
      | 'histogram'
      | 'state-timeline';
  }
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
  switch (panel.kind) {
    case 'stat':
      return <StatView panel={panel} data={data} draw={draw} />;
    case 'gauge':
      return <GaugeView panel={panel} data={data} draw={draw} />;
    case 'bargauge':
      return <BarGaugeView panel={panel} data={data} draw={draw} />;
    case 'piechart':
      return <PieView panel={panel} data={data} draw={draw} />;
    case 'table':
      return <TableView panel={panel} data={data} draw={draw} />;
    case 'heatmap':
      return <HeatmapView panel={panel} data={data} draw={draw} />;
    case 'histogram':
      return <HistogramView panel={panel} data={data} draw={draw} />;
    case 'state-timeline':
      return <StateTimelineView panel={panel} data={data} draw={draw} />;
  }
}
