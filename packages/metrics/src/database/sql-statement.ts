/**
 * What a SQL text does, for labels: `INSERT INTO "shop"."Order" ...` is `insert` on `Order`.
 *
 * This is no parser. It goes over the words of the text, stepping over comments, strings and what stands in
 * parentheses, until it has seen the verb and the first table, and looks at no more than {@link SQL_CHARACTERS_MAX}
 * characters. It reads what PostgreSQL and SQLite understand, throws for no text, and looks at every character once.
 *
 * - The table is the first one: of a join the left one, of a subquery in FROM the one inside, of a function none.
 * - The schema is left out; unquoted names become lower-case, as in PostgreSQL.
 * - A WITH is what its main statement is, unless that one only selects what another one before it has written. A name
 *   that WITH gave stands for the table that was read there.
 * - Of several statements in one text it is the first that is more than a preamble as BEGIN or SET are.
 */

/** What a statement does, and to what. */
export interface SqlStatement {
  /** In lower case: `select`; {@link OTHER} where it is none that is known. */
  readonly operation: string;
  /** {@link NO_TABLE} where there is none. */
  readonly table: string;
}

/** The table of statements that have none: `BEGIN`, `SELECT now()`. */
export const NO_TABLE = 'none';

/** The operation of a text that is not understood, and the table of those beyond the limits. */
export const OTHER = 'other';

/** So many characters of a text are looked at. */
export const SQL_CHARACTERS_MAX = 16_384;

/** Statements within statements are looked into to this depth. */
export const SQL_NESTING_MAX = 24;

/** Longer names of tables are cut, as PostgreSQL does. */
export const TABLE_CHARACTERS_MAX = 63;

/** Reads a text; never throws. */
export function readSqlStatement(text: string): SqlStatement {
  const tokens = new Tokens(text.length > SQL_CHARACTERS_MAX ? text.slice(0, SQL_CHARACTERS_MAX) : text);
  let first: SqlStatement | undefined;
  tokens.next();
  for (;;) {
    while (tokens.isPunctuation(SEMICOLON)) tokens.next();
    if (tokens.hasEnded) return first ?? NOT_UNDERSTOOD;
    const statement = readStatement(tokens, NO_NAMES, 0);
    if (!PREAMBLES.has(statement.operation)) return statement;
    first ??= statement;
    while (!tokens.hasEnded && !(tokens.depth <= 0 && tokens.isPunctuation(SEMICOLON))) tokens.next();
  }
}

const NOT_UNDERSTOOD: SqlStatement = { operation: OTHER, table: NO_TABLE };

/** Statements that only prepare for others in the same text. */
const PREAMBLES: ReadonlySet<string> = new Set(['begin', 'commit', 'release', 'savepoint', 'set']);

/** Statements that change rows, and may stand in a WITH. */
const WRITES: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge']);

/** Verbs that stand for themselves, and whose table, if any, is not looked for. */
const PLAIN_VERBS: ReadonlySet<string> = new Set([
  ...['attach', 'call', 'checkpoint', 'close', 'cluster', 'comment', 'deallocate', 'detach', 'discard', 'do'],
  ...['execute', 'fetch', 'grant', 'listen', 'move', 'notify', 'pragma', 'release', 'reset', 'revoke'],
  ...['savepoint', 'set', 'show', 'unlisten'],
]);

/** Verbs that are said in several ways. */
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ['abort', 'rollback'],
  ['begin', 'begin'],
  ['commit', 'commit'],
  ['end', 'commit'],
  ['rollback', 'rollback'],
  ['start', 'begin'],
]);

/** By names that a WITH gave, the table that is behind them. */
type Names = ReadonlyMap<string, string>;

const NO_NAMES: Names = new Map();

/** Reads from the first word of a statement on, and stops somewhere within it. */
function readStatement(tokens: Tokens, names: Names, nesting: number): SqlStatement {
  if (nesting > SQL_NESTING_MAX) return NOT_UNDERSTOOD;
  while (tokens.isPunctuation(OPEN)) tokens.next();
  if (tokens.kind !== WORD) return NOT_UNDERSTOOD;
  const verb = tokens.word();
  const only = (operation: string, table = NO_TABLE): SqlStatement => ({ operation, table });
  switch (verb) {
    case 'select':
      return only('select', readSelect(tokens, names, nesting));
    case 'values':
      return only('select');
    case 'table':
      tokens.next();
      tokens.skipWords(['only']);
      return only('select', tokens.readTable(names) ?? NO_TABLE);
    case 'with':
      return readWith(tokens, names, nesting);
    case 'insert':
    case 'replace':
    case 'merge':
      // INSERT OR IGNORE INTO
      for (let words = 0; words < 4 && tokens.next() && !tokens.isWord('into'); words++);
      return only(verb, tableAfter(tokens, ['only']));
    case 'update':
      return only(verb, tableAfter(tokens, UPDATE_WORDS));
    case 'delete':
      return only(verb, tableAfter(tokens, ['from', 'only']));
    case 'truncate':
    case 'lock':
      return only(verb, tableAfter(tokens, ['table', 'only']));
    case 'copy':
      tokens.next();
      if (!tokens.isPunctuation(OPEN)) return only(verb, tokens.readName() ?? NO_TABLE);
      return only(verb, readStatement(tokens, names, nesting + 1).table);
    case 'create':
    case 'alter':
    case 'drop':
    case 'refresh':
    case 'reindex':
      return only(verb, tableOfDefinition(tokens));
    case 'analyze':
    case 'vacuum':
      tokens.next();
      tokens.skipParentheses();
      tokens.skipWords(VACUUM_WORDS);
      return only(verb, tokens.readName() ?? NO_TABLE);
    case 'explain':
      return only(verb, tableOfExplained(tokens, nesting));
    case 'prepare':
      tokens.next();
      tokens.next();
      tokens.skipParentheses();
      tokens.skipWords(['as']);
      return only(verb, readStatement(tokens, NO_NAMES, nesting + 1).table);
    case 'declare':
      while (tokens.next() && !tokens.isWord('for')) if (tokens.isPunctuation(SEMICOLON)) return only(verb);
      tokens.next();
      return only(verb, readStatement(tokens, NO_NAMES, nesting + 1).table);
    default:
      return only(SYNONYMS.get(verb) ?? (PLAIN_VERBS.has(verb) ? verb : OTHER));
  }
}

const UPDATE_WORDS = ['or', 'rollback', 'abort', 'replace', 'fail', 'ignore', 'only'];
const VACUUM_WORDS = ['full', 'freeze', 'verbose', 'analyze'];
const STATEMENT_WORDS: ReadonlySet<string> = new Set([
  ...['select', 'insert', 'update', 'delete', 'merge', 'values', 'table'],
]);

/** The table that follows, after some words that may stand before it. */
function tableAfter(tokens: Tokens, words: readonly string[]): string {
  tokens.next();
  tokens.skipWords(words);
  return tokens.readName() ?? NO_TABLE;
}

/** After CREATE, ALTER, DROP: the table or view, or what an index or a trigger is on. */
function tableOfDefinition(tokens: Tokens): string {
  for (let words = 0; words < 6; words++) {
    if (!tokens.next() || tokens.kind !== WORD) return NO_TABLE;
    if (tokens.isWord('table') || tokens.isWord('view')) {
      tokens.next();
      tokens.skipWords(['if', 'not', 'exists', 'only', 'concurrently']);
      return tokens.readName() ?? NO_TABLE;
    }
    if (tokens.isWord('index') || tokens.isWord('trigger')) {
      const { depth } = tokens;
      while (tokens.next() && !tokens.isWord('on'))
        if (tokens.depth < depth || tokens.isPunctuation(SEMICOLON)) return NO_TABLE;
      return tableAfter(tokens, ['only']);
    }
  }
  return NO_TABLE;
}

function tableOfExplained(tokens: Tokens, nesting: number): string {
  tokens.next();
  tokens.skipWords(['analyze', 'verbose', 'query', 'plan']);
  if (tokens.isPunctuation(OPEN)) {
    tokens.next();
    if (!tokens.isWord('with') && !tokens.isOneOf(STATEMENT_WORDS)) tokens.skipToEndOf(tokens.depth);
  }
  return readStatement(tokens, NO_NAMES, nesting + 1).table;
}

/** `WITH [RECURSIVE] name [(columns)] AS [[NOT] MATERIALIZED] (statement), ... main statement`. */
function readWith(tokens: Tokens, outer: Names, nesting: number): SqlStatement {
  const names = new Map(outer);
  let written: SqlStatement | undefined;
  tokens.next();
  tokens.skipWords(['recursive']);
  for (;;) {
    const name = tokens.readName();
    if (name === undefined) return NOT_UNDERSTOOD;
    // Until it is read, it stands for nothing: a recursive one names itself.
    names.set(name, NO_TABLE);
    tokens.skipParentheses();
    tokens.skipWords(['as', 'not', 'materialized']);
    if (!tokens.isPunctuation(OPEN)) return NOT_UNDERSTOOD;
    const { depth } = tokens;
    const inner = readStatement(tokens, names, nesting + 1);
    if (WRITES.has(inner.operation)) written ??= inner;
    names.set(name, inner.table);
    tokens.skipToEndOf(depth);
    // SEARCH and CYCLE may stand before what comes next.
    while (tokens.kind === WORD && !tokens.isOneOf(STATEMENT_WORDS)) tokens.next();
    if (!tokens.isPunctuation(COMMA)) break;
    tokens.next();
  }
  const main = readStatement(tokens, names, nesting + 1);
  return main.operation === 'select' && written !== undefined ? written : main;
}

/** The first table in the FROM of a select, or of those that are united with it. */
function readSelect(tokens: Tokens, names: Names, nesting: number): string {
  const { depth } = tokens;
  let inFrom = false;
  let isComparison = false;
  tokens.next();
  while (!tokens.hasEnded && tokens.depth >= depth) {
    if (tokens.depth === depth) {
      if (tokens.isPunctuation(SEMICOLON)) return NO_TABLE;
      const comes =
        (tokens.isWord('from') && !isComparison) ||
        (inFrom && (tokens.isWord('join') || tokens.isPunctuation(COMMA)));
      if (comes) {
        inFrom = true;
        tokens.next();
        const table = readFromItem(tokens, names, nesting);
        if (table !== NO_TABLE) return table;
        continue;
      }
      // IS DISTINCT FROM
      isComparison = tokens.isWord('distinct');
      if (inFrom && tokens.isOneOf(AFTER_FROM)) inFrom = false;
    }
    tokens.next();
  }
  return NO_TABLE;
}

/** Words behind a FROM, after which commas separate something else. */
const AFTER_FROM: ReadonlySet<string> = new Set([
  ...[
    'where',
    'group',
    'having',
    'order',
    'window',
    'limit',
    'offset',
    'fetch',
    'union',
    'intersect',
    'except',
  ],
]);

function readFromItem(tokens: Tokens, names: Names, nesting: number): string {
  tokens.skipWords(['only', 'lateral']);
  if (!tokens.isPunctuation(OPEN)) return tokens.readTable(names) ?? NO_TABLE;
  while (tokens.isPunctuation(OPEN)) tokens.next();
  if (nesting >= SQL_NESTING_MAX) return NO_TABLE;
  return tokens.isWord('with') || tokens.isOneOf(STATEMENT_WORDS)
    ? readStatement(tokens, names, nesting + 1).table
    : readFromItem(tokens, names, nesting + 1);
}

type Kind = typeof END | typeof WORD | typeof NAME | typeof PUNCTUATION | typeof VALUE;

const END = 0;
/** A keyword or a name that is not quoted. */
const WORD = 1;
/** A name in quotes. */
const NAME = 2;
/** One character. */
const PUNCTUATION = 3;
/** A string, a number, a parameter. */
const VALUE = 4;

const QUOTE = 0x27;
const DOUBLE_QUOTE = 0x22;
const BACKTICK = 0x60;
const DOLLAR = 0x24;
const OPEN = 0x28;
const CLOSE = 0x29;
const STAR = 0x2a;
const COMMA = 0x2c;
const DASH = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const AT = 0x40;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;

/** Goes over a text token by token; what is not closed goes on to the end of the text. */
class Tokens {
  kind: Kind = END;
  /** How many parentheses are open after this token. */
  depth = 0;
  readonly #text: string;
  #start = 0;
  #end = 0;
  /** A word behind a dot is a name, whatever it says. */
  #isAfterDot = false;
  /** Whether the name that was read last has several parts. */
  #isQualified = false;

  constructor(text: string) {
    this.#text = text;
  }

  get hasEnded(): boolean {
    return this.kind === END;
  }

  /** Goes to the next token; false at the end. */
  next(): boolean {
    this.#isAfterDot = this.isPunctuation(DOT);
    this.#start = this.#afterSpace(this.#end);
    if (this.#start >= this.#text.length) {
      this.#end = this.#start;
      this.kind = END;
      return false;
    }
    const code = this.#text.charCodeAt(this.#start);
    const following = this.#text.charCodeAt(this.#start + 1);
    if (isWordStart(code)) this.#word(code, following);
    else if (code === QUOTE) this.#take(VALUE, this.#afterQuoted(this.#start, QUOTE));
    else if (code === DOUBLE_QUOTE || code === BACKTICK)
      this.#take(NAME, this.#afterQuoted(this.#start, code));
    else if (code === DOLLAR) this.#take(VALUE, this.#afterDollar());
    else if (isDigit(code) || ((code === COLON || code === AT) && isWordStart(following)))
      this.#take(VALUE, this.#afterWord(this.#start + 1));
    else {
      if (code === OPEN) this.depth++;
      else if (code === CLOSE) this.depth--;
      // A cast, `::`, is one, so that what follows is no parameter.
      this.#take(PUNCTUATION, this.#start + (code === COLON && following === COLON ? 2 : 1));
    }
    return true;
  }

  isPunctuation(code: number): boolean {
    return this.kind === PUNCTUATION && this.#text.charCodeAt(this.#start) === code;
  }

  /** Whether this is a keyword. */
  isWord(word: string): boolean {
    return this.#end - this.#start === word.length && this.word() === word;
  }

  isOneOf(words: ReadonlySet<string>): boolean {
    return words.has(this.word());
  }

  /** The keyword in lower case; empty where this is none. */
  word(): string {
    if (this.kind !== WORD || this.#isAfterDot) return '';
    return this.#text.slice(this.#start, this.#end).toLowerCase();
  }

  skipWords(words: readonly string[]): void {
    while (this.kind === WORD && words.includes(this.word())) this.next();
  }

  /** Steps over what stands in parentheses, if they begin here. */
  skipParentheses(): void {
    if (this.isPunctuation(OPEN)) this.skipToEndOf(this.depth);
  }

  /** Goes behind the parenthesis that closes those of a depth. */
  skipToEndOf(depth: number): void {
    while (!this.hasEnded && this.depth >= depth) this.next();
    this.next();
  }

  /** A name and what it stands for: undefined for a function. */
  readTable(names: Names): string | undefined {
    const name = this.readName();
    if (name === undefined || this.isPunctuation(OPEN)) return undefined;
    return this.#isQualified ? name : (names.get(name) ?? name);
  }

  /** The last part of a name, `c` of `a."b".c`, and goes behind it; undefined, and stays, where there is none. */
  readName(): string | undefined {
    let name = this.#namePart();
    this.#isQualified = false;
    if (name === undefined) return undefined;
    while (this.next() && this.isPunctuation(DOT)) {
      this.next();
      const part = this.#namePart();
      if (part === undefined) break;
      name = part;
      this.#isQualified = true;
    }
    return name.slice(0, TABLE_CHARACTERS_MAX);
  }

  #namePart(): string | undefined {
    const text = this.#text;
    if (this.kind === WORD) return text.slice(this.#start, this.#end).toLowerCase();
    if (this.isPunctuation(BRACKET)) {
      const close = text.indexOf(']', this.#end);
      const end = close < 0 ? text.length : close;
      this.#end = end + 1;
      return text.slice(this.#start + 1, end) || undefined;
    }
    if (this.kind !== NAME) return undefined;
    const quote = text[this.#start]!;
    const inside = text.slice(this.#start + 1, this.#end - (text[this.#end - 1] === quote ? 1 : 0));
    return inside.replaceAll(quote + quote, quote) || undefined;
  }

  #take(kind: Kind, end: number): void {
    this.kind = kind;
    this.#end = end;
  }

  #word(code: number, following: number): void {
    // E'a string with \' in it'
    if (following === QUOTE && (code | 0x20) === 0x65) this.#take(VALUE, this.#afterEscaped(this.#start + 1));
    else this.#take(WORD, this.#afterWord(this.#start + 1));
  }

  #afterWord(from: number): number {
    let at = from;
    while (isWordPart(this.#text.charCodeAt(at))) at++;
    return at;
  }

  /** Behind spaces and comments; those of PostgreSQL stand within each other. */
  #afterSpace(from: number): number {
    const text = this.#text;
    let at = from;
    for (;;) {
      const code = text.charCodeAt(at);
      const following = text.charCodeAt(at + 1);
      if (code <= 0x20) at++;
      else if (code === DASH && following === DASH) {
        const end = text.indexOf('\n', at);
        at = end < 0 ? text.length : end;
      } else if (code === SLASH && following === STAR) at = this.#afterComment(at);
      else return at;
    }
  }

  #afterComment(from: number): number {
    const text = this.#text;
    let depth = 1;
    let at = from + 2;
    for (; at < text.length && depth > 0; at++) {
      const code = text.charCodeAt(at);
      const following = text.charCodeAt(at + 1);
      if (code === SLASH && following === STAR) depth++;
      else if (code === STAR && following === SLASH) depth--;
      else continue;
      at++;
    }
    return at;
  }

  /** Behind a quoted text, in which the quote stands twice for itself. */
  #afterQuoted(from: number, quote: number): number {
    const text = this.#text;
    for (let at = from + 1; at < text.length; at++) {
      if (text.charCodeAt(at) !== quote) continue;
      if (text.charCodeAt(at + 1) !== quote) return at + 1;
      at++;
    }
    return text.length;
  }

  #afterEscaped(from: number): number {
    const text = this.#text;
    for (let at = from + 1; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) {
        if (text.charCodeAt(at + 1) !== QUOTE) return at + 1;
        at++;
      }
    }
    return text.length;
  }

  /** Behind `$1`, `$name`, or a text between two `$tag$`. */
  #afterDollar(): number {
    const text = this.#text;
    let at = this.#start + 1;
    while (isWordPart(text.charCodeAt(at)) && text.charCodeAt(at) !== DOLLAR) at++;
    const isTag = text.charCodeAt(at) === DOLLAR && !isDigit(text.charCodeAt(this.#start + 1));
    if (!isTag) return at;
    const tag = text.slice(this.#start, at + 1);
    const close = text.indexOf(tag, at + 1);
    return close < 0 ? text.length : close + tag.length;
  }
}

/** Letters, `_`, and everything that is not ASCII. */
function isWordStart(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f || code >= 0x80;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isWordPart(code: number): boolean {
  return isWordStart(code) || isDigit(code) || code === DOLLAR;
}
