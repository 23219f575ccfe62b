/**
 * The lexer of PromQL.
 *
 * A state machine with three states: ordinary text, the inside of braces (where every word is a label name) and
 * the beginning of brackets (where only durations and their arithmetic may stand). It works on UTF-16 code units;
 * the parser turns indices into byte offsets. Messages are Prometheus's own, since users search for them.
 */
import { quote, quoteCharacter } from './quote.ts';

/** A token's kind: a class in capitals, or the token itself in lower case. */
export type TokenKind = string;

/** One token; `start` and `end` are UTF-16 indices. For `ERROR`, `text` is the message. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const WORD_OPERATORS = ['and', 'or', 'unless', 'atan2'];
const AGGREGATIONS = [
  'sum',
  'avg',
  'count',
  'min',
  'max',
  'group',
  'stddev',
  'stdvar',
  'topk',
  'bottomk',
  'count_values',
  'quantile',
  'limitk',
  'limit_ratio',
];
const MODIFIERS = [
  'offset',
  'smoothed',
  'anchored',
  'by',
  'without',
  'on',
  'ignoring',
  'group_left',
  'group_right',
  'fill',
  'fill_left',
  'fill_right',
  'bool',
];
const DURATION_WORDS = ['step', 'range', 'max_of', 'min_of'];

const OPERATORS: ReadonlySet<string> = new Set([
  ...WORD_OPERATORS,
  ...['+', '-', '*', '/', '%', '^', '==', '!=', '<', '<=', '>', '>=', '</', '>/', '=~', '!~', '@'],
]);
/** The aggregations' names. */
export const AGGREGATION_WORDS: ReadonlySet<string> = new Set(AGGREGATIONS);
const MODIFIER_WORDS: ReadonlySet<string> = new Set(MODIFIERS);
const KEYWORDS: ReadonlySet<string> = new Set([
  ...WORD_OPERATORS,
  ...AGGREGATIONS,
  ...MODIFIERS,
  ...DURATION_WORDS,
  'start',
  'end',
]);
const CLASSES: Readonly<Record<string, string>> = {
  IDENTIFIER: 'identifier',
  METRIC_IDENTIFIER: 'metric identifier',
  STRING: 'string',
  NUMBER: 'number',
  DURATION: 'duration',
};

/** A token as an error message names it. */
export function describe(token: Token): string {
  if (token.kind === 'EOF') return 'end of input';
  if (MODIFIER_WORDS.has(token.kind)) return `<${token.text}>`;
  if (OPERATORS.has(token.kind)) return `<op:${token.text}>`;
  if (AGGREGATION_WORDS.has(token.kind)) return `<aggr:${token.text}>`;
  const shortened =
    token.text.length > 10 && token.kind !== 'IDENTIFIER' && token.kind !== 'METRIC_IDENTIFIER'
      ? `${quote(token.text.slice(0, 10))}...`
      : quote(token.text);
  const name = CLASSES[token.kind];
  return name === undefined ? shortened : `${name} ${shortened}`;
}

type State = 'statement' | 'braces' | 'duration';

/** Cuts a query into tokens; after an `ERROR` nothing more is to be asked for. */
export class Lexer {
  readonly #text: string;
  #pos = 0;
  #start = 0;
  #state: State = 'statement';
  #parenDepth = 0;
  #bracketOpen = false;
  #gotColon = false;
  #gotDuration = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next token, comments left out. */
  next(): Token {
    for (;;) {
      const token =
        this.#state === 'braces'
          ? this.#inBraces()
          : this.#state === 'duration'
            ? this.#inDuration()
            : this.#inStatement();
      if (token !== undefined) return token;
    }
  }

  #inStatement(): Token | undefined {
    this.#skipSpace();
    const c = this.#take();
    switch (c) {
      case '':
        if (this.#parenDepth !== 0) return this.#fail('unclosed left parenthesis');
        if (this.#bracketOpen) return this.#fail('unclosed left bracket');
        return this.#emit('EOF');
      case '#':
        return this.#skipComment();
      case ',':
      case '*':
      case '/':
      case '%':
      case '+':
      case '-':
      case '^':
      case '@':
        return this.#emit(c);
      case '=':
        if (this.#peek() === '~') return this.#fail(`unexpected character after '=': '~'`);
        return this.#emit(this.#accept('=') ? '==' : '=');
      case '!': {
        const after = this.#take();
        if (after !== '=') return this.#fail(`unexpected character after '!': ${quoteCharacter(after)}`);
        return this.#emit('!=');
      }
      case '<':
        return this.#emit(this.#accept('=') ? '<=' : this.#accept('/') ? '</' : '<');
      case '>':
        return this.#emit(this.#accept('=') ? '>=' : this.#accept('/') ? '>/' : '>');
      case '"':
      case "'":
      case '`':
        return this.#string(c);
      case '(':
        this.#parenDepth++;
        return this.#emit('(');
      case ')':
        return this.#closeParen();
      case '{':
        this.#state = 'braces';
        return this.#emit('{');
      case '[': {
        if (this.#bracketOpen) return this.#fail(`unexpected left bracket '['`);
        this.#gotColon = false;
        this.#bracketOpen = true;
        this.#state = 'duration';
        return this.#emit('[');
      }
      case ']':
        if (!this.#bracketOpen) return this.#fail(`unexpected right bracket ']'`);
        this.#bracketOpen = false;
        return this.#emit(']');
    }
    if (isDigit(c) || (c === '.' && isDigit(this.#peek()))) return this.#numberOrDuration();
    if (isAlpha(c) || c === ':') {
      if (!this.#bracketOpen) return this.#word();
      if (c === ':') {
        if (this.#gotColon) return this.#fail(`unexpected colon ':'`);
        this.#gotColon = true;
        return this.#emit(':');
      }
      return this.#durationWord() ?? this.#fail(`unexpected character: ${quoteCharacter(c)}, expected ':'`);
    }
    return this.#fail(`unexpected character: ${quoteCharacter(c)}`);
  }

  #inBraces(): Token | undefined {
    this.#skipSpace();
    const c = this.#take();
    switch (c) {
      case '':
        return this.#fail('unexpected end of input inside braces');
      case '#':
        return this.#skipComment();
      case ',':
        return this.#emit(',');
      case '"':
      case "'":
      case '`':
        return this.#string(c);
      case '=':
        return this.#emit(this.#accept('~') ? '=~' : '=');
      case '!': {
        const after = this.#take();
        if (after === '~') return this.#emit('!~');
        if (after === '=') return this.#emit('!=');
        return this.#fail(`unexpected character after '!' inside braces: ${quoteCharacter(after)}`);
      }
      case '{':
        return this.#fail(`unexpected left brace '{'`);
      case '}':
        this.#state = 'statement';
        return this.#emit('}');
    }
    if (!isAlpha(c)) return this.#fail(`unexpected character inside braces: ${quoteCharacter(c)}`);
    while (isAlphaNumeric(this.#peek())) this.#pos++;
    return this.#emit('IDENTIFIER');
  }

  /** Until the first number; from there on brackets are lexed like statements. */
  #inDuration(): Token | undefined {
    this.#skipSpace();
    const c = this.#take();
    switch (c) {
      case '':
        return this.#fail('unexpected end of input in duration expression');
      case ']':
        this.#bracketOpen = false;
        this.#gotColon = false;
        this.#state = 'statement';
        return this.#emit(']');
      case ':': {
        if (!this.#gotDuration)
          return this.#failAfter('unexpected colon before duration in duration expression');
        if (this.#gotColon) return this.#failAfter('unexpected repeated colon in duration expression');
        this.#gotColon = true;
        return this.#emit(':');
      }
      case '(':
        this.#parenDepth++;
        return this.#emit('(');
      case ')':
        return this.#closeParen();
      case '+':
      case '-':
      case '*':
      case '/':
      case '%':
      case '^':
      case ',':
        return this.#emit(c);
    }
    if (isDigit(c) || (c === '.' && isDigit(this.#peek()))) {
      this.#gotDuration = true;
      this.#state = 'statement';
      return this.#numberOrDuration();
    }
    return (
      this.#durationWord() ?? this.#fail(`unexpected character in duration expression: ${quoteCharacter(c)}`)
    );
  }

  #closeParen(): Token {
    this.#parenDepth--;
    return this.#parenDepth < 0 ? this.#failAfter(`unexpected right parenthesis ')'`) : this.#emit(')');
  }

  /** `step`, `range`, `max_of` or `min_of`; its first character is taken. */
  #durationWord(): Token | undefined {
    const first = this.#text[this.#start]!.toLowerCase();
    if (first !== 's' && first !== 'r' && first !== 'm') return undefined;
    while (isAlpha(this.#peek())) this.#pos++;
    const word = this.#text.slice(this.#start, this.#pos).toLowerCase();
    return DURATION_WORDS.includes(word) ? this.#emit(word) : undefined;
  }

  #word(): Token {
    while (isAlphaNumeric(this.#peek()) || this.#peek() === ':') this.#pos++;
    const word = this.#text.slice(this.#start, this.#pos);
    const lower = word.toLowerCase();
    if (lower === 'inf' || lower === 'nan') return this.#emit('NUMBER');
    if (KEYWORDS.has(lower)) {
      // `fill` is young: it stays a metric name where no parenthesis follows.
      if (lower.startsWith('fill') && !/^\s*\(/.test(this.#text.slice(this.#pos, this.#pos + 64)))
        return this.#emit('IDENTIFIER');
      return this.#emit(lower);
    }
    return this.#emit(word.includes(':') ? 'METRIC_IDENTIFIER' : 'IDENTIFIER');
  }

  #string(delimiter: string): Token {
    for (;;) {
      const c = this.#take();
      if (c === delimiter) return this.#emit('STRING');
      // A lone surrogate cannot have been UTF-8.
      if (c >= '\uD800' && c <= '\uDFFF' && c.length === 1) return this.#fail('invalid UTF-8 rune');
      if (delimiter === '`') {
        if (c === '') return this.#fail('unterminated raw string');
      } else if (c === '' || c === '\n') return this.#fail('unterminated quoted string');
      else if (c === '\\') {
        const problem = this.#escape(delimiter);
        if (problem !== undefined) return this.#fail(problem);
      }
    }
  }

  /** Takes an escape sequence behind its backslash; returns what is wrong with it. */
  #escape(delimiter: string): string | undefined {
    let c = this.#take();
    if (c === '') return 'escape sequence not terminated';
    if (c === delimiter || 'abfnrtv\\'.includes(c)) return undefined;
    let digits: number;
    let base = 16;
    let max = 0x10ffff;
    if (c >= '0' && c <= '7') {
      digits = 3;
      base = 8;
      max = 255;
    } else if (c === 'x' || c === 'u' || c === 'U') {
      digits = c === 'x' ? 2 : c === 'u' ? 4 : 8;
      if (c === 'x') max = 255;
      c = this.#take();
    } else return `unknown escape sequence ${unicode(c)}`;
    let code = 0;
    for (; digits > 0; digits--) {
      if (c === '') return 'escape sequence not terminated';
      const digit = /^[0-9a-fA-F]$/.test(c) ? Number.parseInt(c, 16) : 16;
      if (digit >= base) return `illegal character ${unicode(c)} in escape sequence`;
      code = code * base + digit;
      if (digits > 1) c = this.#take();
    }
    if (code > max || (code >= 0xd800 && code < 0xe000))
      return 'escape sequence is an invalid Unicode code point';
    return undefined;
  }

  #numberOrDuration(): Token {
    this.#pos = this.#start;
    if (this.#number()) return this.#emit('NUMBER');
    if (this.#restOfDuration()) return this.#emit('DURATION');
    return this.#fail(
      `bad number or duration syntax: ${quote(this.#text.slice(this.#start, Math.min(this.#pos, this.#text.length)))}`,
    );
  }

  /** Behind the first digits of a duration: units and more digits. */
  #restOfDuration(): boolean {
    if (!this.#acceptAny('smhdwy')) return false;
    this.#accept('s');
    while (this.#acceptAny('0123456789')) {
      while (this.#acceptAny('0123456789'));
      if (!this.#acceptAny('smhdw')) return false;
      this.#accept('s');
    }
    if (!isAlphaNumeric(this.#peek())) return true;
    this.#take();
    return false;
  }

  /** Takes what may be a number. Where it stops, the message about a bad number stops. */
  #number(): boolean {
    const from = this.#pos;
    let digits = '0123456789';
    if (this.#accept('0') && this.#acceptAny('xX')) {
      this.#accept('_');
      digits = '0123456789abcdefABCDEF';
    }
    const hex = digits.length > 10;
    let sawDot = false;
    let sawExponent = false;
    // As in Prometheus, a leading dot does not count as one.
    this.#accept('.');
    this.#acceptAny(digits);
    for (;;) {
      const c = this.#peek();
      if (c === '') break;
      if (c === '.') {
        if (sawDot) {
          this.#pos++;
          return false;
        }
        this.#pos++;
        sawDot = true;
        if (this.#acceptAny('_.')) return false;
        if (hex) return false;
      } else if (digits.includes(c)) {
        // In a hexadecimal number an `e` is a digit first.
        if ((c === 'e' || c === 'E') && sawExponent) {
          this.#pos++;
          return false;
        }
        if (c === 'e' || c === 'E') {
          this.#pos++;
          sawExponent = true;
          this.#acceptAny('+-');
          if (this.#acceptAny('._eE') || this.#peek() === '') return false;
        } else this.#pos++;
      } else if (c === 'e' || c === 'E') {
        this.#pos++;
        if (sawExponent) return false;
        sawExponent = true;
        this.#acceptAny('+-');
        if (this.#acceptAny('._eE') || this.#peek() === '') return false;
      } else if (c === '_') {
        this.#pos++;
        if (this.#acceptAny('._eE') || this.#peek() === '') return false;
      } else break;
    }
    return this.#pos > from && !isAlphaNumeric(this.#peek());
  }

  #skipComment(): undefined {
    while (this.#pos < this.#text.length && !'\r\n'.includes(this.#text[this.#pos]!)) this.#pos++;
    return undefined;
  }

  #skipSpace(): void {
    while (this.#pos < this.#text.length && ' \t\n\r'.includes(this.#text[this.#pos]!)) this.#pos++;
    this.#start = this.#pos;
  }

  /** Takes one character, a surrogate pair as one; the empty string at the end. */
  #take(): string {
    const code = this.#text.codePointAt(this.#pos);
    if (code === undefined) return '';
    const c = String.fromCodePoint(code);
    this.#pos += c.length;
    return c;
  }

  #peek(): string {
    return this.#text[this.#pos] ?? '';
  }

  #accept(c: string): boolean {
    if (this.#text[this.#pos] !== c) return false;
    this.#pos++;
    return true;
  }

  #acceptAny(set: string): boolean {
    const c = this.#text[this.#pos];
    if (c === undefined || !set.includes(c)) return false;
    this.#pos++;
    return true;
  }

  #emit(kind: TokenKind): Token {
    return { kind, text: this.#text.slice(this.#start, this.#pos), start: this.#start, end: this.#pos };
  }

  #fail(message: string): Token {
    return { kind: 'ERROR', text: message, start: this.#start, end: this.#text.length };
  }

  /** An error that points behind the last character. */
  #failAfter(message: string): Token {
    return { kind: 'ERROR', text: message, start: this.#pos, end: this.#text.length };
  }
}

function unicode(c: string): string {
  return `U+${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')} '${c}'`;
}

function isDigit(c: string): boolean {
  return c >= '0' && c <= '9' && c.length === 1;
}

function isAlpha(c: string): boolean {
  return c.length === 1 && (c === '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
}

function isAlphaNumeric(c: string): boolean {
  return isAlpha(c) || isDigit(c);
}
