/**
 * Names that are nearly right. The distance is that of Damerau and Levenshtein in its restricted form: insertions,
 * deletions, replacements and swaps of neighbours, each part of the text changed once.
 *
 * A table with three rows is enough, since a swap looks two rows back.
 */

/** How many changes there are between two texts. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(replaced, previous[j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, before[j - 2]! + 1);
      row.push(least);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}

/** So many changes in a name are taken for a slip: one in four characters, one at least and five at most. */
function changesMax(name: string): number {
  return Math.min(5, Math.max(1, Math.floor(name.length / 4)));
}

/**
 * The candidate that was probably meant: the one with the fewest changes, if they are few; otherwise the shortest that
 * only has more words (`http_requests_total` for `http_requests`), or the longest that only has fewer.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let found: string | undefined;
  let least = changesMax(name) + 1;
  let longer: string | undefined;
  let shorter: string | undefined;
  for (const candidate of candidates) {
    if (candidate === name) continue;
    if (candidate.startsWith(`${name}_`) && (longer === undefined || candidate.length < longer.length))
      longer = candidate;
    if (name.startsWith(`${candidate}_`) && (shorter === undefined || candidate.length > shorter.length))
      shorter = candidate;
    // The difference in length is a lower bound, and far cheaper.
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const distance = editDistance(name, candidate);
    if (distance < least) {
      least = distance;
      found = candidate;
    }
  }
  return found ?? longer ?? shorter;
}
