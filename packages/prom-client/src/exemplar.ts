/** An observation that stands for many, with the labels that lead to it, such as the id of a trace. */

/** The most characters of an exemplar's label names and values together. */
export const EXEMPLAR_CHARACTERS_MAX = 128;

export class Exemplar {
  labelSet: Readonly<Record<string, unknown>>;
  value: number | null;
  /** Unix seconds. */
  timestamp: number | undefined;

  constructor(labelSet: Readonly<Record<string, unknown>> = {}, value: number | null = null) {
    this.labelSet = labelSet;
    this.value = value;
  }

  /**
   * Checks labels.
   * @throws RangeError where they are longer than {@link EXEMPLAR_CHARACTERS_MAX}
   */
  validateExemplarLabelSet(labelSet: Readonly<Record<string, unknown>>): void {
    let characters = 0;
    for (const [name, value] of Object.entries(labelSet)) characters += name.length + String(value).length;
    if (characters > EXEMPLAR_CHARACTERS_MAX) {
      throw new RangeError(`Label set size must be smaller than ${EXEMPLAR_CHARACTERS_MAX} UTF-8 chars`);
    }
  }
}
