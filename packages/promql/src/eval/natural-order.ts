/** The order in which people expect names with numbers: `node2` before `node10`. */

const CHUNKS = /\d+|\D+/g;

/** Compares piece by piece, runs of digits by their value. */
export function naturalOrder(a: string, b: string): number {
  if (a === b) return 0;
  const left = a.match(CHUNKS) ?? [];
  const right = b.match(CHUNKS) ?? [];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const [x, y] = [left[i]!, right[i]!];
    if (x === y) continue;
    if (isDigits(x) && isDigits(y)) {
      const [m, n] = [BigInt(x), BigInt(y)];
      if (m !== n) return m < n ? -1 : 1;
      // Equal numbers: the one with fewer leading zeros first.
      if (x.length !== y.length) return x.length - y.length;
    }
    return x < y ? -1 : 1;
  }
  return left.length - right.length;
}

function isDigits(text: string): boolean {
  return text >= '0' && text < ':';
}
