/** Tokens with one or two of them in sight, positions in bytes, and the problems that were found. */
import type { PositionRange } from './ast.ts';
import { describe, Lexer, type Token } from './lexer.ts';
import type { ParseProblem } from './parse-error.ts';
import { byteOffsets } from './position.ts';

/**
 * Thrown to end parsing. While `reported` is false, whoever catches it says what the context was.
 */
export class Stop {
  readonly reported: boolean;

  constructor(reported: boolean) {
    this.reported = reported;
  }
}

/** The parser's view of a query. */
export class TokenStream {
  /** In the order in which they were found. */
  readonly problems: ParseProblem[] = [];
  /** Where the token before the current one ends. */
  lastEnd = 0;
  readonly #lexer: Lexer;
  readonly #offsets: Uint32Array | undefined;
  #token: Token;
  #next: Token | undefined;

  constructor(text: string) {
    this.#lexer = new Lexer(text);
    this.#offsets = byteOffsets(text);
    this.#token = this.#read();
  }

  /** The kind of the current token. */
  get kind(): string {
    return this.#token.kind;
  }

  get text(): string {
    return this.#token.text;
  }

  get start(): number {
    return this.#at(this.#token.start);
  }

  get range(): PositionRange {
    return { start: this.#at(this.#token.start), end: this.#at(this.#token.end) };
  }

  /** The kind of the token behind the current one. */
  peekKind(): string {
    this.#next ??= this.#lexer.next();
    return this.#next.kind;
  }

  advance(): void {
    this.lastEnd = this.#at(this.#token.end);
    this.#token = this.#read();
  }

  accept(kind: string): boolean {
    if (this.#token.kind !== kind) return false;
    this.advance();
    return true;
  }

  expect(kind: string): void {
    if (!this.accept(kind)) throw new Stop(false);
  }

  report(range: PositionRange, message: string): void {
    this.problems.push({ message, start: range.start, end: range.end });
  }

  /** Reports the current token; an error of the lexer has already been reported. */
  unexpected(context: string, expected: string): void {
    if (this.#token.kind === 'ERROR') return;
    const where = context === '' ? '' : ` in ${context}`;
    const what = expected === '' ? '' : `, expected ${expected}`;
    this.report(this.range, `unexpected ${describe(this.#token)}${where}${what}`);
  }

  /** Reports the current token in its context and ends parsing. */
  fail(context: string, expected: string): never {
    this.unexpected(context, expected);
    throw new Stop(true);
  }

  #read(): Token {
    const token = this.#next ?? this.#lexer.next();
    this.#next = undefined;
    if (token.kind === 'ERROR')
      this.report({ start: this.#at(token.start), end: this.#at(token.end) }, token.text);
    return token;
  }

  #at(index: number): number {
    return this.#offsets === undefined ? index : this.#offsets[index]!;
  }
}
