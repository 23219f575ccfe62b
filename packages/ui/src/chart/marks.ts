/** Marks of annotations over a chart: a line at a moment, a veil over a stretch of time, and what they say. */
import type uPlot from 'uplot';
import { moment } from '../time/range.ts';
import type { DrawnMarks, Mark } from './mark.ts';
import { namedColor, type Theme, withAlpha } from './palette.ts';
import type { Tooltip } from './tooltip.ts';

/** So near, in CSS pixels, the pointer is on a mark. */
const NEAR_PX = 5;
/** What stands at the foot of a mark. */
const FOOT_PX = 5;
/** Marks beyond these are not described in one box. */
const SHOWN_MOST = 6;

/** The marks of a chart. */
export class Marks implements DrawnMarks {
  readonly #marks: readonly Mark[];

  constructor(marks: readonly Mark[]) {
    this.#marks = marks;
  }

  /** Draws marks over what is drawn. */
  draw(self: uPlot, theme: Theme): void {
    const { ctx, bbox } = self;
    const bottom = bbox.top + bbox.height;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const { fromMs, toMs, color: named } of this.#marks) {
      const color = namedColor(named, theme);
      const left = self.valToPos(fromMs / 1000, 'x', true);
      const right = self.valToPos(toMs / 1000, 'x', true);
      if (right > left) {
        ctx.fillStyle = withAlpha(color, 0.12);
        ctx.fillRect(left, bbox.top, right - left, bbox.height);
      }
      ctx.strokeStyle = withAlpha(color, 0.85);
      ctx.lineWidth = devicePixelRatio;
      ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
      ctx.beginPath();
      for (const x of right > left ? [left, right] : [left]) {
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bottom);
      }
      ctx.stroke();
      const foot = FOOT_PX * devicePixelRatio;
      ctx.fillStyle = color;
      ctx.beginPath();
      ctx.moveTo(left - foot, bottom);
      ctx.lineTo(left + foot, bottom);
      ctx.lineTo(left, bottom - foot * 1.5);
      ctx.fill();
    }
    ctx.restore();
  }

  /** Shows what the marks under the pointer say; false when there are none. */
  show(self: uPlot, theme: Theme, tooltip: Tooltip): boolean {
    const { left, top } = self.cursor;
    if (left === undefined || top === undefined) return false;
    const isUnder = ({ fromMs, toMs }: Mark): boolean => {
      const from = self.valToPos(fromMs / 1000, 'x');
      const to = self.valToPos(toMs / 1000, 'x');
      // Inside of a stretch the values are read; its ends are what is pointed at.
      return Math.abs(from - left) <= NEAR_PX || Math.abs(to - left) <= NEAR_PX;
    };
    const under = this.#marks.filter(isUnder);
    if (under.length === 0) return false;
    const box = self.over.getBoundingClientRect();
    const notes = under.slice(0, SHOWN_MOST).map(({ fromMs, toMs, color, title, text, tags }) => ({
      time: toMs > fromMs ? `${moment(fromMs, true)} – ${moment(toMs)}` : moment(fromMs, true),
      color: namedColor(color, theme),
      title,
      text,
      tags,
    }));
    tooltip.showNotes(notes, under.length - notes.length, box.left + left, box.top + top);
    return true;
  }
}
