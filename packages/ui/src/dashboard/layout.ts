/**
 * Where the panels of a section stand, as Grafana lays them out.
 *
 * Panels are taken from the top down and from the left to the right, and each moves up until it meets another one: a
 * dashboard may leave rows empty, or give every panel the same place, and still no panel lies on another one.
 */

/** A place on the grid of 24 columns; rows of 30 px. */
export interface GridPos {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** Columns of the grid. */
export const COLUMNS = 24;

/** Moves every panel up as far as it goes; in the order of reading. */
export function compacted<T extends { readonly gridPos: GridPos }>(panels: readonly T[]): T[] {
  const inOrder = [...panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x);
  const filledTo = new Array<number>(COLUMNS).fill(0);
  return inOrder.map((panel) => {
    const { x, w, h } = panel.gridPos;
    const y = Math.max(...filledTo.slice(x, x + w));
    filledTo.fill(y + h, x, x + w);
    return { ...panel, gridPos: { x, y, w, h } };
  });
}
