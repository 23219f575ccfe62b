/** Many values to one: Grafana's reducers, as legends and stats use them. Gaps are `null`. */

/** A column of values; `null` where there is none. */
export type Values = readonly (number | null)[];

/** The title of a reducer in a legend. */
export function calcTitle(calc: string): string {
  return TITLES[calc] ?? calc;
}

const TITLES: Readonly<Record<string, string>> = {
  lastNotNull: 'Last',
  last: 'Last',
  firstNotNull: 'First',
  first: 'First',
  mean: 'Mean',
  min: 'Min',
  max: 'Max',
  sum: 'Total',
  count: 'Count',
  range: 'Range',
  diff: 'Difference',
};

/** Reduces values; `null` when there is nothing to reduce. Unknown reducers give the last value. */
export function reduce(values: Values, calc: string): number | null {
  const held = values.filter((value): value is number => value !== null && !Number.isNaN(value));
  switch (calc) {
    case 'first':
      return values[0] ?? null;
    case 'firstNotNull':
      return held[0] ?? null;
    case 'last':
      return values.at(-1) ?? null;
    case 'count':
      return held.length;
    case 'sum':
      return held.length === 0 ? null : sum(held);
    case 'mean':
      return held.length === 0 ? null : sum(held) / held.length;
    case 'min':
      return held.length === 0 ? null : held.reduce((least, value) => Math.min(least, value));
    case 'max':
      return held.length === 0 ? null : held.reduce((most, value) => Math.max(most, value));
    case 'range':
      return held.length === 0 ? null : reduce(held, 'max')! - reduce(held, 'min')!;
    case 'diff':
      return held.length === 0 ? null : held.at(-1)! - held[0]!;
    default:
      return held.at(-1) ?? null;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
