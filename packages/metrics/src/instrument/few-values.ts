/** Values of a label that come from outside, so that their number has a bound. */

/** The first values that come, as they are; those that come when there are enough are another one. */
export class FewValues {
  readonly #known: Set<string>;
  readonly #max: number;
  readonly #other: string;

  /**
   * @param max so many are told apart, beside those that are known from the start
   * @param other what all further ones become
   * @param known values that are always told apart
   */
  constructor(max: number, other: string, known: readonly string[] = []) {
    this.#known = new Set([...known, other]);
    this.#max = max + this.#known.size;
    this.#other = other;
  }

  /** The value under which one is counted. */
  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#max) return this.#other;
    this.#known.add(value);
    return value;
  }
}
