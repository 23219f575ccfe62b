/**
 * What all copies of this package in a process know together: one that was imported and one that was required, or two
 * versions, share registries and metrics, and must not count the same thing twice.
 */

/**
 * What is known of a thing, made when it is first asked for.
 * @param what a registered symbol; its name ends in a version, which changes with the shape of what is known
 */
export function knownOf<K extends object, V>(what: symbol, thing: K, make: () => V): V {
  const holder = globalThis as { [what: symbol]: WeakMap<K, V> | undefined };
  let all = holder[what];
  if (all === undefined) {
    all = new WeakMap();
    holder[what] = all;
  }
  let known = all.get(thing);
  if (known === undefined) {
    known = make();
    all.set(thing, known);
  }
  return known;
}
