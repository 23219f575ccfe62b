/**
 * The series index: which label sets storage holds, by number and by label.
 *
 * A series gets a number, its ref, that is never used again. Postings list, for every label name and value, the
 * refs of the series that have it, in ascending order. A selector is answered from the shortest sides first:
 * every matcher that the empty value does not satisfy selects lists of postings, which are intersected; every
 * other matcher is then asked of the series that are left, each distinct value once.
 */
import type { Labels } from '@binnacle/metrics/model';
import { type Matcher, matcherTest, StorageError } from '@binnacle/promql/storage';

/** Refs in ascending order; do not write. */
type Refs = ArrayLike<number>;

const NO_REFS: Refs = [];

/** The series that storage knows. */
export class SeriesIndex {
  readonly #refs = new Map<string, number>();
  readonly #labels: (Labels | undefined)[] = [];
  /** By name and value. Plain arrays: most lists are short, and a typed array costs more than such a list. */
  readonly #postings = new Map<string, Map<string, number[]>>();
  #count = 0;
  /** The characters of all labels, for the estimate of memory. */
  #characters = 0;

  /** How many series there are. */
  get count(): number {
    return this.#count;
  }

  /** Refs are below it. */
  get refEnd(): number {
    return this.#labels.length;
  }

  /** About what the index takes, from the number of series and the length of their labels. */
  get bytesEstimate(): number {
    return this.#count * SERIES_BYTES + this.#characters * 2;
  }

  /** The ref of a series, or -1. */
  find(labels: Labels): number {
    return this.#refs.get(labels.key) ?? -1;
  }

  /** The ref of a series, which is added when it is new. */
  add(labels: Labels): number {
    const known = this.#refs.get(labels.key);
    if (known !== undefined) return known;
    const ref = this.#labels.length;
    for (let i = 0; i < labels.size; i++) {
      const name = labels.names[i]!;
      const value = labels.values[i]!;
      let values = this.#postings.get(name);
      if (values === undefined) {
        values = new Map();
        this.#postings.set(name, values);
      }
      const refs = values.get(value);
      if (refs === undefined) values.set(value, [ref]);
      else refs.push(ref);
      this.#characters += name.length + value.length;
    }
    this.#labels.push(labels);
    this.#refs.set(labels.key, ref);
    this.#count++;
    return ref;
  }

  /** The label set of a series: the same object every time. */
  labels(ref: number): Labels {
    return this.#labels[ref]!;
  }

  /** Forgets series; everything that the index holds of them is gone. */
  remove(refs: ReadonlySet<number>): void {
    if (refs.size === 0) return;
    const touched = new Map<string, Set<string>>();
    for (const ref of refs) {
      const labels = this.#labels[ref];
      if (labels === undefined) continue;
      this.#labels[ref] = undefined;
      this.#refs.delete(labels.key);
      this.#count--;
      for (const [name, value] of labels.entries()) {
        this.#characters -= name.length + value.length;
        const values = touched.get(name) ?? new Set();
        touched.set(name, values.add(value));
      }
    }
    for (const [name, values] of touched) {
      const byValue = this.#postings.get(name)!;
      for (const value of values) {
        const kept = byValue.get(value)!.filter((ref) => !refs.has(ref));
        if (kept.length === 0) byValue.delete(value);
        else byValue.set(value, kept);
      }
      if (byValue.size === 0) this.#postings.delete(name);
    }
  }

  /** The refs of all series, ascending. */
  all(): Refs {
    const refs = new Int32Array(this.#count);
    let at = 0;
    for (let ref = 0; ref < this.#labels.length; ref++) if (this.#labels[ref] !== undefined) refs[at++] = ref;
    return refs;
  }

  /**
   * The refs of the series for which all matchers hold, ascending. Do not write to the result.
   * @throws StorageError when a pattern is not valid
   */
  match(matchers: readonly Matcher[]): Refs {
    const tests = matchers.map((matcher) => ({ name: matcher.name, matcher, test: testOf(matcher) }));
    let refs: Refs | undefined;
    for (const { matcher, test } of tests) {
      if (test('')) continue;
      const selected =
        matcher.op === '='
          ? (this.#postings.get(matcher.name)?.get(matcher.value) ?? NO_REFS)
          : this.#union(matcher.name, test);
      refs = refs === undefined ? selected : intersect(refs, selected);
      if (refs.length === 0) return NO_REFS;
    }
    for (const { name, test } of tests) {
      if (!test('')) continue;
      // The label may be missing: the series of values that fail are taken away.
      refs ??= this.all();
      const failing = this.#union(name, (value) => !test(value));
      if (failing.length > 0) refs = subtract(refs, failing);
    }
    return refs ?? this.all();
  }

  #union(name: string, test: (value: string) => boolean): Refs {
    const lists: number[][] = [];
    for (const [value, refs] of this.#postings.get(name) ?? []) {
      if (test(value)) lists.push(refs);
    }
    if (lists.length <= 1) return lists[0] ?? NO_REFS;
    // A series has one value of a label, so the lists share no ref.
    const union = new Int32Array(lists.reduce((sum, list) => sum + list.length, 0));
    let at = 0;
    for (const list of lists) {
      union.set(list, at);
      at += list.length;
    }
    return union.sort();
  }
}

/** What an entry of the table, its key and its postings cost beside the characters; measured at 100,000 series. */
const SERIES_BYTES = 600;

function testOf(matcher: Matcher): (value: string) => boolean {
  try {
    return matcherTest(matcher);
  } catch (error) {
    throw new StorageError(
      `matcher ${matcher.name}${matcher.op}${JSON.stringify(matcher.value)}: ${error instanceof Error ? error.message : error}`,
    );
  }
}

function intersect(a: Refs, b: Refs): Refs {
  const both = new Int32Array(Math.min(a.length, b.length));
  let at = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const difference = a[i]! - b[j]!;
    if (difference === 0) {
      both[at++] = a[i]!;
      i++;
      j++;
    } else if (difference < 0) i++;
    else j++;
  }
  return both.subarray(0, at);
}

function subtract(a: Refs, b: Refs): Refs {
  const left = new Int32Array(a.length);
  let at = 0;
  for (let i = 0, j = 0; i < a.length; i++) {
    while (j < b.length && b[j]! < a[i]!) j++;
    if (j >= b.length || b[j] !== a[i]) left[at++] = a[i]!;
  }
  return left.subarray(0, at);
}
