/** What annotations mark in a chart, and what a chart needs of it; how it is drawn is only loaded where there is one. */
import type uPlot from 'uplot';
import type { Theme } from './palette.ts';
import type { Tooltip } from './tooltip.ts';

/** One moment, or a stretch of time. */
export interface Mark {
  readonly fromMs: number;
  /** The same as `fromMs` for a moment. */
  readonly toMs: number;
  /** As the dashboard names it. */
  readonly color: string;
  readonly title: string;
  readonly text: string;
  readonly tags: readonly string[];
}

/** Marks that can be drawn. */
export interface DrawnMarks {
  /** Draws them over what is drawn. */
  draw(self: uPlot, theme: Theme): void;
  /** Shows what the marks under the pointer say; false when there are none. */
  show(self: uPlot, theme: Theme, tooltip: Tooltip): boolean;
}
