/** Where the expansion of a template goes, and how much of everything it may take. */
import { printValue } from './go-format.ts';
import type { GoValue } from './go-value.ts';
import { TemplateError } from './template-error.ts';

/** How deep templates may call each other. */
export const TEMPLATE_DEPTH_MAX = 100;

/** Bounds of an expansion: a template is text of users, and may be wrong in any way. */
export interface TemplateLimits {
  /** The longest expansion, and the longest string that a function may give. */
  readonly charactersMax: number;
  /** How many nodes are evaluated: a bound on nested ranges. */
  readonly stepsMax: number;
  /** How many characters a list or a map that a function gives may hold. */
  readonly weightMax: number;
}

/** A value that the template itself escapes. */
export interface EscapedValue {
  readonly escaper: string;
  /** Undefined where the escaper has its arguments behind it. */
  readonly before: GoValue | undefined;
}

/** Where an expansion goes. */
export interface TemplateOutput {
  /** Text of the template. */
  text(text: string): void;
  /**
   * The value of an action.
   * @param escaped where the action's pipeline ends with `html` or `urlquery`: which, and what was piped into it
   */
  value(value: GoValue, escaped: EscapedValue | undefined): void;
}

/** Output as it comes. */
export class TextOutput implements TemplateOutput {
  readonly #charactersMax: number;
  #out = '';

  constructor({ charactersMax }: TemplateLimits) {
    this.#charactersMax = charactersMax;
  }

  text(text: string): void {
    this.#out += text;
    if (this.#out.length > this.#charactersMax)
      throw new TemplateError(`the expansion is longer than ${this.#charactersMax} characters`);
  }

  value(value: GoValue): void {
    this.text(printValue(value));
  }

  /** What was put out. */
  toString(): string {
    return this.#out;
  }
}
