/** States over time: stretches in which a series has one value. */
import type { Column } from '../chart/series-data.ts';

/** A stretch of the grid, the last point included. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

/**
 * The stretches of a column; points without a value belong to none.
 * @param sameState whether two values are one state to the eye
 */
export function stretchesOf(
  column: Column,
  sameState: (a: number, b: number) => boolean,
  merge: boolean,
): Stretch[] {
  const stretches: Stretch[] = [];
  column.forEach((value, i) => {
    if (value === null || Number.isNaN(value)) return;
    const last = stretches.at(-1);
    if (merge && last !== undefined && last.to === i - 1 && sameState(last.value, value))
      stretches[stretches.length - 1] = { ...last, to: i };
    else stretches.push({ from: i, to: i, value });
  });
  return stretches;
}
