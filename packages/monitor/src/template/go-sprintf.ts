/**
 * Go's `fmt.Sprintf`.
 *
 *     %[flags][width][.precision][[index]]verb       flags "+-# 0", width and precision may be "*"
 *
 * What is wrong with a format is told in its result, as in Go: `%!d(MISSING)`, `%!(EXTRA int=3)`.
 */
import { format, PLAIN } from './go-format.ts';
import { GoScalar, type GoValue, typeName } from './go-value.ts';

/** The widest padding that a template may ask for; Go's own bound. */
const WIDTH_MAX = 1_000_000;

/** Go's `Sprintf`. */
export function sprintf(text: string, values: readonly GoValue[]): string {
  return new Formatter(text, values).run();
}

class Formatter {
  readonly #text: string;
  readonly #values: readonly GoValue[];
  #at = 0;
  #next = 0;
  /** Whether some directive named its argument: then arguments that are left over are no mistake. */
  #reordered = false;
  /** Whether an index in brackets could not be used. */
  #badIndex = false;

  constructor(text: string, values: readonly GoValue[]) {
    this.#text = text;
    this.#values = values;
  }

  run(): string {
    let out = '';
    while (this.#at < this.#text.length) {
      const percent = this.#text.indexOf('%', this.#at);
      if (percent < 0) {
        out += this.#text.slice(this.#at);
        break;
      }
      out += this.#text.slice(this.#at, percent);
      this.#at = percent + 1;
      out += this.#directive();
    }
    if (this.#reordered || this.#next >= this.#values.length) return out;
    const extra = this.#values
      .slice(this.#next)
      .map((value) => (value === null ? '<nil>' : `${typeName(value)}=${format(value, PLAIN, 0)}`));
    return `${out}%!(EXTRA ${extra.join(', ')})`;
  }

  #directive(): string {
    this.#badIndex = false;
    const given = this.#take(/[-+# 0]*/y);
    let problem = '';
    let afterIndex = this.#index();
    let width: number | undefined;
    let minus = '';
    if (this.#take(/\*/y) !== '') {
      width = this.#intArgument();
      if (width === undefined) problem += '%!(BADWIDTH)';
      else if (width < 0) {
        width = -width;
        minus = '-';
      }
      afterIndex = false;
    } else {
      const digits = this.#take(/\d+/y);
      if (Number(digits) > WIDTH_MAX) return this.#giveUp();
      if (digits !== '') {
        width = Number(digits);
        // "%[3]2d" says twice which argument is meant.
        if (afterIndex) this.#badIndex = true;
      }
    }
    let precision: number | undefined;
    if (this.#take(/\./y) !== '') {
      if (afterIndex) this.#badIndex = true;
      afterIndex = this.#index();
      if (this.#take(/\*/y) !== '') {
        precision = this.#intArgument();
        if (precision === undefined || precision < 0) {
          precision = undefined;
          problem += '%!(BADPREC)';
        }
        afterIndex = false;
      } else {
        precision = Number(this.#take(/\d*/y));
        if (precision > WIDTH_MAX) return this.#giveUp();
      }
    }
    if (!afterIndex) this.#index();
    const verb = this.#take(/[\s\S]/uy);
    if (verb === '') return `${problem}%!(NOVERB)`;
    if (verb === '%') return `${problem}%`;
    if (this.#badIndex) return `${problem}%!${verb}(BADINDEX)`;
    if (this.#next >= this.#values.length) return `${problem}%!${verb}(MISSING)`;
    const value = this.#values[this.#next++]!;
    return problem + format(value, { verb, flags: given + minus, width, precision }, 0);
  }

  /** A number out of all bounds takes the rest of the text with it. */
  #giveUp(): string {
    this.#at = this.#text.length;
    return '%!(NOVERB)';
  }

  /** `[3]`: the argument to go on with. Whether one was given. */
  #index(): boolean {
    if (this.#text[this.#at] !== '[') return false;
    this.#reordered = true;
    const written = this.#take(/\[\d+\]/y);
    if (written === '') {
      this.#badIndex = true;
      const close = this.#text.indexOf(']', this.#at);
      this.#at = close < 0 ? this.#at + 1 : close + 1;
      return false;
    }
    const number = Number(written.slice(1, -1));
    if (number < 1 || number > this.#values.length) this.#badIndex = true;
    else this.#next = number - 1;
    return true;
  }

  #intArgument(): number | undefined {
    const value = this.#next < this.#values.length ? this.#values[this.#next++] : undefined;
    const inner = value instanceof GoScalar ? value.value : value;
    if (typeof inner !== 'bigint' || inner > WIDTH_MAX || inner < -WIDTH_MAX) return undefined;
    return Number(inner);
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return '';
    this.#at += match[0].length;
    return match[0];
  }
}
