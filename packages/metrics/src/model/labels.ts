/**
 * Label sets: what identifies a series.
 *
 * A `Labels` is immutable and canonical: names are unique and sorted by UTF-16 code unit, and no value is
 * empty, because to Prometheus an empty value and an absent label are the same thing. Two label sets are
 * therefore equal exactly when their keys are.
 */

/** The label that holds a series' metric name. */
export const METRIC_NAME = '__name__';

/** An immutable, canonical label set. */
export class Labels {
  /** The label set without labels. */
  static readonly EMPTY: Labels = new Labels([], []);

  /** Sorted, unique, none empty. */
  readonly names: readonly string[];
  /** `values[i]` belongs to `names[i]`; none empty. */
  readonly values: readonly string[];
  #key: string | undefined;

  private constructor(names: readonly string[], values: readonly string[]) {
    this.names = names;
    this.values = values;
  }

  /** Builds a label set from an object; pairs with an empty value are left out. */
  static of(pairs: Readonly<Record<string, string>>): Labels {
    return Labels.fromPairs(Object.entries(pairs));
  }

  /**
   * Builds a label set from name and value pairs in any order; pairs with an empty value are left out.
   * @throws RangeError when a name occurs twice
   */
  static fromPairs(pairs: Iterable<readonly [string, string]>): Labels {
    const kept = [...pairs].filter(([, value]) => value !== '');
    if (kept.length === 0) return Labels.EMPTY;
    kept.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    for (let i = 1; i < kept.length; i++) {
      if (kept[i]![0] === kept[i - 1]![0])
        throw new RangeError(`label ${JSON.stringify(kept[i]![0])} is given twice`);
    }
    return new Labels(
      kept.map(([name]) => name),
      kept.map(([, value]) => value),
    );
  }

  /** Builds a label set from the flat form of {@link flat}, which is trusted to be canonical. */
  static fromFlat(flat: readonly string[]): Labels {
    const names: string[] = [];
    const values: string[] = [];
    for (let i = 0; i < flat.length; i += 2) {
      names.push(flat[i]!);
      values.push(flat[i + 1]!);
    }
    return names.length === 0 ? Labels.EMPTY : new Labels(names, values);
  }

  /** Name, value, name, value…: the form in which a label set crosses a thread. */
  flat(): string[] {
    const flat: string[] = [];
    for (let i = 0; i < this.names.length; i++) flat.push(this.names[i]!, this.values[i]!);
    return flat;
  }

  /** How many labels the set holds. */
  get size(): number {
    return this.names.length;
  }

  /** The value of a label; the empty string when the set does not have it. */
  get(name: string): string {
    const at = this.names.indexOf(name);
    return at < 0 ? '' : this.values[at]!;
  }

  has(name: string): boolean {
    return this.names.includes(name);
  }

  /** The metric name; the empty string when there is none. */
  get metricName(): string {
    return this.get(METRIC_NAME);
  }

  /** A string that is equal for equal label sets and for no others. Computed once. */
  get key(): string {
    // Lengths in front make the encoding injective whatever the values contain.
    this.#key ??= this.names
      .map((name, i) => `${name.length}:${name}${this.values[i]!.length}:${this.values[i]}`)
      .join('');
    return this.#key;
  }

  equals(other: Labels): boolean {
    return this === other || this.key === other.key;
  }

  /** The set with only the given labels. */
  only(names: ReadonlySet<string>): Labels {
    return filtered(this, (name) => names.has(name));
  }

  /** The set without the given labels. */
  without(names: ReadonlySet<string>): Labels {
    return filtered(this, (name) => !names.has(name));
  }

  /** The set with one label set to a value; an empty value removes the label. */
  with(name: string, value: string): Labels {
    const pairs = this.entries().filter(([existing]) => existing !== name);
    pairs.push([name, value]);
    return Labels.fromPairs(pairs);
  }

  /** Name and value pairs in the set's order. */
  entries(): [string, string][] {
    return this.names.map((name, i) => [name, this.values[i]!]);
  }

  toObject(): Record<string, string> {
    return Object.fromEntries(this.entries());
  }

  /** The set as PromQL writes a series: `name{a="b"}`. */
  toString(): string {
    const name = this.metricName;
    const rest = this.entries().filter(([label]) => label !== METRIC_NAME);
    if (rest.length === 0 && name !== '') return name;
    return `${name}{${rest.map(([label, value]) => `${label}=${JSON.stringify(value)}`).join(', ')}}`;
  }

  /**
   * Orders label sets as Prometheus orders the series of a result: pair by pair, name before value, a prefix
   * before the longer set.
   */
  static compare(a: Labels, b: Labels): number {
    const n = Math.min(a.size, b.size);
    for (let i = 0; i < n; i++) {
      if (a.names[i] !== b.names[i]) return a.names[i]! < b.names[i]! ? -1 : 1;
      if (a.values[i] !== b.values[i]) return a.values[i]! < b.values[i]! ? -1 : 1;
    }
    return a.size - b.size;
  }
}

function filtered(labels: Labels, keep: (name: string) => boolean): Labels {
  const flat: string[] = [];
  for (let i = 0; i < labels.names.length; i++) {
    if (keep(labels.names[i]!)) flat.push(labels.names[i]!, labels.values[i]!);
  }
  return flat.length === 2 * labels.names.length ? labels : Labels.fromFlat(flat);
}
