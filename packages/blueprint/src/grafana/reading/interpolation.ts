/**
 * An expression with its variables and macros replaced by something that may stand there, so that it can be
 * parsed and checked, and the way back to what the author wrote.
 *
 * Grafana pastes texts, so what a variable must be follows from where it stands. One pass over the expression
 * keeps track of strings, comments and brackets, and tells for each reference which of these it is:
 *
 * - in a string: a text, most often of a matcher or a pattern;
 * - in `[…]` or behind `offset`: a duration, or a number when a unit stands behind it (`${__range_s}s`);
 * - in `{…}`: a label's name, or whole matchers (`up{$filter}`);
 * - in `by (…)` and its like: a label's name;
 * - joined to a name (`${service}_errors_total`), before `(`, `{` or `[`, or where a function wants a vector: a
 *   name;
 * - everywhere else: a number.
 *
 * A value that the dashboard fixes is taken where it fits, so that `$metric` with the choices `a_total,b_total`
 * is checked as `a_total`. What is not known is called by its own name.
 */
import { FUNCTIONS } from '@binnacle/promql';
import type { InventoryVariable } from '../inventory.ts';
import { isMacro, type Reference, referencesIn } from './references.ts';

/** What stands for a reference. */
export type StandInKind = 'text' | 'duration' | 'number' | 'name' | 'matchers';

/** A reference and what stands for it. */
export interface Replacement {
  readonly kind: StandInKind;
  readonly reference: Reference;
  /** Where the stand-in begins in the text, in UTF-16 code units. */
  readonly start: number;
  readonly end: number;
  /** Whether the stand-in is a value that the dashboard fixes, and not only of the right kind. */
  readonly isValue: boolean;
}

/** An expression that can be parsed. All offsets are UTF-16 code units. */
export interface Interpolated {
  readonly text: string;
  /** In the order of the text. */
  readonly replacements: readonly Replacement[];
  /** References to what neither the dashboard nor Grafana knows. In strings they stay as they are. */
  readonly unknown: readonly Reference[];
  /** The offset in what the author wrote for one in the text; all of a stand-in is where its reference begins. */
  sourceOffset(offset: number): number;
  /** Whether a stretch of the text has a part that the author did not write so. */
  isReplaced(start: number, end: number): boolean;
}

/** What is known of a variable. */
export type KnownVariable = Pick<InventoryVariable, 'name' | 'type' | 'values'>;

/** What stands for Grafana's macros: as a duration, as a number, as a text. */
const MACROS: ReadonlyMap<string, { readonly duration: string; readonly number: string }> = new Map([
  ['__rate_interval', { duration: '1m', number: '60' }],
  ['__rate_interval_ms', { duration: '60000ms', number: '60000' }],
  ['__interval', { duration: '15s', number: '15' }],
  ['__interval_ms', { duration: '15000ms', number: '15000' }],
  ['interval_ms', { duration: '15000ms', number: '15000' }],
  ['__range', { duration: '1h', number: '3600' }],
  ['__range_s', { duration: '3600s', number: '3600' }],
  ['__range_ms', { duration: '3600000ms', number: '3600000' }],
  ['__from', { duration: '1h', number: '1700000000000' }],
  ['__to', { duration: '1h', number: '1700003600000' }],
]);

/** The macros that stand for something in an expression. */
export const EXPRESSION_MACROS: ReadonlySet<string> = new Set(MACROS.keys());

const DURATION = /^(\d+(\.\d+)?(ms|[smhdwy]))+$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const NAME = /^[a-zA-Z_:][\w:]*$/;

/** Replaces all references of an expression. */
export function interpolateForCheck(expr: string, variables: readonly KnownVariable[]): Interpolated {
  const known = new Map(variables.map((variable) => [variable.name, variable]));
  const replacements: Replacement[] = [];
  const unknown: Reference[] = [];
  const scanner = new Scanner(expr);
  let text = '';
  let done = 0;
  for (const reference of referencesIn(expr)) {
    if (reference.offset < done) continue;
    scanner.advance(reference.offset);
    const variable = known.get(reference.name);
    if (variable === undefined && !isMacro(reference.name)) {
      // `$1` in a string is the group of a pattern, not a variable.
      if (!(scanner.inString && /^\d+$/.test(reference.name))) unknown.push(reference);
      if (scanner.inString) continue;
    }
    const after = expr.slice(reference.offset + reference.text.length);
    const kind = scanner.kindHere(after);
    const { standIn, isValue } = standInFor(kind, reference, variable, scanner, after);
    text += expr.slice(done, reference.offset);
    replacements.push({ kind, reference, start: text.length, end: text.length + standIn.length, isValue });
    text += standIn;
    done = reference.offset + reference.text.length;
    scanner.skip(done);
  }
  text += expr.slice(done);
  return {
    text,
    replacements,
    unknown,
    sourceOffset(offset) {
      let source = offset;
      for (const { start, end, reference } of replacements) {
        if (offset < start) break;
        source = offset < end ? reference.offset : reference.offset + reference.text.length + offset - end;
      }
      return source;
    },
    isReplaced: (start, end) =>
      replacements.some((replacement) => replacement.start < end && start < replacement.end),
  };
}

function standInFor(
  kind: StandInKind,
  { name }: Reference,
  variable: KnownVariable | undefined,
  scanner: Scanner,
  after: string,
): { standIn: string; isValue: boolean } {
  const macro = MACROS.get(name);
  const fixed = (pattern: RegExp) => variable?.values.find((value) => pattern.test(value));
  const either = (value: string | undefined, otherwise: string) =>
    value === undefined ? { standIn: otherwise, isValue: false } : { standIn: value, isValue: true };
  switch (kind) {
    case 'text':
      // A value with a quote or a backslash in it could end the string.
      return either(fixed(/^[^"'`\\]+$/), macro?.duration ?? name);
    case 'duration':
      return either(fixed(DURATION), macro?.duration ?? '5m');
    case 'number': {
      const value = fixed(NUMBER) ?? fixed(DURATION);
      if (value !== undefined) return { standIn: value, isValue: true };
      if (macro !== undefined) return { standIn: macro.number, isValue: false };
      // A number where a unit follows, or where a function wants one, cannot be the name of a metric.
      return either(scanner.wants === 'scalar' || /^\w/.test(after) ? undefined : fixed(NAME), '1');
    }
    case 'name':
      return either(fixed(scanner.joined || /^\w/.test(after) ? /^[\w:]+$/ : NAME), name);
    case 'matchers':
      return { standIn: `${scanner.needsComma ? ', ' : ''}${name}=""`, isValue: false };
  }
}

/** What a bracket was opened for. */
interface Open {
  readonly bracket: '(' | '{' | '[';
  /** The name before it. */
  readonly word: string;
  /** The commas since. */
  commas: number;
}

/** Aggregations whose first argument is no vector. */
const PARAMETERS: ReadonlyMap<string, 'scalar' | 'string'> = new Map([
  ['topk', 'scalar'],
  ['bottomk', 'scalar'],
  ['quantile', 'scalar'],
  ['limitk', 'scalar'],
  ['limit_ratio', 'scalar'],
  ['count_values', 'string'],
]);

const GROUPING: ReadonlySet<string> = new Set([
  'by',
  'without',
  'on',
  'ignoring',
  'group_left',
  'group_right',
]);

/** Where in an expression one is: in which string, in which brackets, behind which word. */
class Scanner {
  readonly #text: string;
  #at = 0;
  #quote = '';
  readonly #open: Open[] = [];
  /** The name that ends right here or was the last before blanks; empty when something else came since. */
  #word = '';
  /** The last character that was no blank. */
  #last = '';

  constructor(text: string) {
    this.#text = text;
  }

  get inString(): boolean {
    return this.#quote !== '';
  }

  /** Whether a name ends right before. */
  get joined(): boolean {
    return /[\w:]/.test(this.#text[this.#at - 1] ?? '');
  }

  /** Whether matchers stand before, with no comma behind them. */
  get needsComma(): boolean {
    return this.#last !== '{' && this.#last !== ',';
  }

  /** What the function around wants at this place. */
  get wants(): string {
    const open = this.#open.at(-1);
    if (open?.bracket !== '(') return 'any';
    const parameter = PARAMETERS.get(open.word);
    if (parameter !== undefined && open.commas === 0) return parameter;
    const args = FUNCTIONS.get(open.word)?.args;
    if (args !== undefined) return args[Math.min(open.commas, args.length - 1)] ?? 'any';
    // The other aggregations take a vector.
    return open.word === '' ? 'any' : 'vector';
  }

  /** Reads on to an offset. */
  advance(offset: number): void {
    while (this.#at < offset) {
      const character = this.#text[this.#at]!;
      if (this.#quote !== '') {
        if (character === '\\' && this.#quote !== '`') this.#at++;
        else if (character === this.#quote) this.#quote = '';
        this.#at++;
        continue;
      }
      this.#read(character);
    }
  }

  /** Goes behind a reference, which counts as a name. */
  skip(offset: number): void {
    this.#at = offset;
    if (this.#quote !== '') return;
    this.#word = '';
    this.#last = 'a';
  }

  #read(character: string): void {
    if (/\s/.test(character)) {
      this.#at++;
      return;
    }
    if (character === '#') {
      const newline = this.#text.indexOf('\n', this.#at);
      this.#at = newline < 0 ? this.#text.length : newline;
      return;
    }
    const [word] = /^[\w:]+/.exec(this.#text.slice(this.#at, this.#at + NAME_MAX)) ?? [''];
    if (word !== '') {
      // A keyword before `by (…)` is not the name of what is opened; the last word is.
      this.#word = word.toLowerCase();
      this.#last = word.at(-1)!;
      this.#at += word.length;
      return;
    }
    if (character === '"' || character === "'" || character === '`') this.#quote = character;
    else if (character === '(' || character === '{' || character === '[')
      this.#open.push({ bracket: character, word: this.#word, commas: 0 });
    else if (character === ')' || character === '}' || character === ']') this.#open.pop();
    else if (character === ',') {
      const open = this.#open.at(-1);
      if (open !== undefined) open.commas++;
    }
    if (character !== '-' || this.#word !== 'offset') this.#word = '';
    this.#last = character;
    this.#at++;
  }

  /** What must stand here, with what follows. */
  kindHere(after: string): StandInKind {
    if (this.inString) return 'text';
    const open = this.#open.at(-1);
    if (open?.bracket === '[') return /^[a-z]/.test(after) ? 'number' : 'duration';
    if (open?.bracket === '{') return /^[\w:]*\s*(=|!)/.test(after) || this.joined ? 'name' : 'matchers';
    if (this.joined || /^[\w:]*\s*[({[]/.test(after)) return 'name';
    if (this.#word === 'offset') return /^[a-z]/.test(after) ? 'number' : 'duration';
    if (open !== undefined && GROUPING.has(open.word)) return 'name';
    // Joined to what follows: `$service_total` is one name already, `${service}_total` is not.
    if (/^[\w:]/.test(after)) return /^(ms|[smhdwy])\b/.test(after) ? 'number' : 'name';
    const wants = this.wants;
    if (wants === 'vector' || wants === 'matrix') return this.#isOperand(after) ? 'number' : 'name';
    if (wants === 'scalar') return 'number';
    return this.#isOperand(after) ? 'number' : 'name';
  }

  /** Whether an operator stands on either side: a threshold, a factor. */
  #isOperand(after: string): boolean {
    return this.#word === 'bool' || /[-+*/%^<>=@]/.test(this.#last) || /^\s*[-+*/%^<>=!]/.test(after);
  }
}

/** Names longer than this are read in pieces. */
const NAME_MAX = 256;
