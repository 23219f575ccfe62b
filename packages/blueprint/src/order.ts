/** The order of what has none of its own: the same on every machine, since no locale has a say in it. */

/** Compares for `sort`: numbers by value, texts by UTF-16 code units. */
export function compare<T extends number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The same entries in the order of their names. */
export function sortedByName<T>(entries: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).sort(([a], [b]) => compare(a, b)));
}
