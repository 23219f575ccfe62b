/** What a drawn panel needs from its surroundings. */
import type { DrawnMarks } from '../chart/mark.ts';
import type { Theme } from '../chart/palette.ts';
import type { LinkContext } from '../dashboard/data-links.ts';
import type { Window } from '../time/range.ts';

/** Everything but the panel and its data. */
export interface DrawContext {
  readonly theme: Theme;
  readonly syncKey: string;
  /** Moments and stretches of time that annotations point out. */
  readonly marks: DrawnMarks | undefined;
  /** What links of values take along, and what names refer to. */
  readonly links: LinkContext;
  onZoom(window: Window): void;
  onZoomOut(): void;
}
