/**
 * Automatic layout on Grafana's grid: 24 columns, rows of 30 px.
 *
 * The panels of a row are dealt, in order, onto shelves; all panels of a shelf have its height, and together
 * they fill the 24 columns, so that edges line up.
 *
 * 1. Every panel has a least width: 4 for a small one (stat, gauge), 8 for a large one, or the width given.
 * 2. The number of shelves is what these need at least; a shelf is closed when it has its even share of the
 *    whole (four large panels become two and two, not three and one) or the next one does not fit.
 * 3. On a shelf small panels take 6 columns if every large one still gets 12, otherwise 4, and the large ones
 *    share the rest; without large ones the small ones share all of it. Given widths stay.
 * 4. A shelf with a large panel is 8 rows high, one of small panels or texts only 4, or as high as the highest given.
 *
 * Example: `[stat, gauge, stat, timeseries]` is one shelf of 4 + 4 + 4 + 12 columns, 8 rows high.
 *
 * A panel that is repeated beside itself has a shelf of its own, since its copies fill the width. Panels whose place is
 * given stand there, and the others are dealt below the lowest of them.
 */
import { GRID_COLUMNS, type Panel } from '../dashboard/panel.ts';
import type { GridPos } from './json.ts';

const LARGE_HEIGHT = 8;
const SMALL_HEIGHT = 4;
const LARGE_LEAST = 8;
const LARGE_GOOD = 12;
const SMALL_LEAST = 4;
const SMALL_GOOD = 6;

/** Positions of the panels of one row, in their order, from `top` on, and the first free line below. */
export function layOut(
  panels: readonly Panel[],
  top: number,
): { readonly positions: readonly GridPos[]; readonly bottom: number } {
  const positions: GridPos[] = new Array(panels.length);
  let y = top;
  const free: number[] = [];
  panels.forEach(({ place }, i) => {
    if (place === undefined) {
      free.push(i);
      return;
    }
    positions[i] = { ...place, y: top + place.y };
    y = Math.max(y, top + place.y + place.h);
  });
  for (const shelf of shelvesOf(free.map((i) => panels[i]!))) {
    const widths = widthsOf(shelf);
    const h = Math.max(...shelf.map(goodHeight));
    let x = 0;
    shelf.forEach((panel, i) => {
      const w = widths[i]!;
      positions[free.shift()!] = { h: panel.height ?? h, w, x, y };
      x += w;
    });
    y += h;
  }
  return { positions, bottom: y };
}

function isSmall(panel: Panel): boolean {
  switch (panel.type) {
    case 'stat':
    case 'gauge':
      return true;
    case 'timeseries':
    case 'bargauge':
    case 'table':
    case 'heatmap':
    case 'histogram':
    case 'piechart':
    case 'state-timeline':
    case 'text':
    case 'other':
      return false;
  }
}

function goodHeight(panel: Panel): number {
  return panel.height ?? (isSmall(panel) || panel.type === 'text' ? SMALL_HEIGHT : LARGE_HEIGHT);
}

/** Whether its copies stand beside each other. */
function fillsShelf({ repeat, width }: Panel): boolean {
  return repeat !== undefined && repeat.direction !== 'v' && width === undefined;
}

function leastWidth(panel: Panel): number {
  if (fillsShelf(panel)) return GRID_COLUMNS;
  return panel.width ?? (isSmall(panel) ? SMALL_LEAST : LARGE_LEAST);
}

function shelvesOf(panels: readonly Panel[]): Panel[][] {
  const total = panels.reduce((sum, panel) => sum + leastWidth(panel), 0);
  const share = total / Math.ceil(total / GRID_COLUMNS);
  const shelves: Panel[][] = [];
  let used = GRID_COLUMNS;
  for (const panel of panels) {
    const least = leastWidth(panel);
    // Half a panel over the share is nearer to it than half a panel below.
    if (used + least > GRID_COLUMNS || used + least / 2 > share) {
      shelves.push([]);
      used = 0;
    }
    shelves.at(-1)!.push(panel);
    used += least;
  }
  return shelves;
}

function widthsOf(shelf: readonly Panel[]): number[] {
  const given = shelf.reduce((sum, panel) => sum + (panel.width ?? 0), 0);
  const free = shelf.filter((panel) => panel.width === undefined);
  const larges = free.filter((panel) => !isSmall(panel)).length;
  const smalls = free.length - larges;
  const room = GRID_COLUMNS - given;
  if (larges === 0) {
    const shared = share(room, smalls);
    return shelf.map((panel) => panel.width ?? shared.pop()!);
  }
  const small = room - smalls * SMALL_GOOD >= larges * LARGE_GOOD ? SMALL_GOOD : SMALL_LEAST;
  const shared = share(room - smalls * small, larges);
  return shelf.map((panel) => panel.width ?? (isSmall(panel) ? small : shared.pop()!));
}

/** `count` whole numbers that add up to `room`, the larger ones last, since they are taken from the end. */
function share(room: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor((room + i) / count));
}
