/**
 * Splits a Go template into text and the tokens of its actions.
 *
 *     High load on {{ $labels.instance | title -}}  now
 *     └── text ──┘ └ { variable field | identifier } ┘└ text, its leading blanks trimmed by "-}}"
 *
 * Blanks are not tokens, but each token says whether one stood before it: `.a.b` is one path, `.a .b` two values.
 */

/** The kinds of tokens inside `{{ }}`. */
export type TemplateTokenKind =
  | 'identifier'
  | 'field'
  | 'variable'
  | 'dot'
  | 'string'
  | 'number'
  | '|'
  | '('
  | ')'
  | ':='
  | '='
  | ',';

/** One token of an action. */
export interface TemplateToken {
  readonly kind: TemplateTokenKind;
  /** Fields without their dot, variables with their `$`, strings with their value, numbers as written. */
  readonly text: string;
  /** Offset in the template's text. */
  readonly offset: number;
  readonly spaceBefore: boolean;
}

/** A stretch of text or the tokens of one `{{ }}`. */
export type TemplatePiece =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'action'; readonly tokens: readonly TemplateToken[]; readonly offset: number };

/** A template cannot be read or evaluated. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  readonly code = 'template_invalid';
  /** Where in the template's text; undefined when the fault has no place. */
  readonly offset: number | undefined;

  constructor(message: string, offset?: number) {
    super(message);
    this.offset = offset;
  }
}

/**
 * Splits a template.
 * @throws TemplateError with the offset of the fault
 */
export function lexTemplate(source: string): TemplatePiece[] {
  const pieces: TemplatePiece[] = [];
  let at = 0;
  let trimNext = false;
  for (;;) {
    const open = source.indexOf('{{', at);
    let text = source.slice(at, open < 0 ? source.length : open);
    if (trimNext) text = text.trimStart();
    if (open < 0) {
      if (text !== '') pieces.push({ type: 'text', text });
      return pieces;
    }
    const trimBefore = /^\{\{-\s/.test(source.slice(open, open + 4));
    if (trimBefore) text = text.trimEnd();
    if (text !== '') pieces.push({ type: 'text', text });
    const inside = open + (trimBefore ? 3 : 2);
    const action = lexAction(source, inside, open);
    if (action.tokens !== undefined) pieces.push({ type: 'action', tokens: action.tokens, offset: open });
    trimNext = action.trimAfter;
    at = action.end;
  }
}

interface LexedAction {
  /** Undefined for a comment. */
  readonly tokens: readonly TemplateToken[] | undefined;
  readonly end: number;
  readonly trimAfter: boolean;
}

function lexAction(source: string, start: number, open: number): LexedAction {
  const comment = /^\s*\/\*/.exec(source.slice(start));
  if (comment !== null) {
    const close = source.indexOf('*/', start + comment[0].length);
    if (close < 0) throw new TemplateError('unclosed comment', open);
    const after = /^(\s+-)?\}\}/.exec(source.slice(close + 2));
    if (after === null) throw new TemplateError('comment ends before closing delimiter', open);
    return { tokens: undefined, end: close + 2 + after[0].length, trimAfter: after[1] !== undefined };
  }
  const tokens: TemplateToken[] = [];
  let at = start;
  for (;;) {
    const blank = /^\s*/.exec(source.slice(at))![0].length;
    at += blank;
    if (at >= source.length) throw new TemplateError('unclosed action', open);
    if (source.startsWith('}}', at)) return { tokens, end: at + 2, trimAfter: false };
    if (blank > 0 && source.startsWith('-}}', at)) return { tokens, end: at + 3, trimAfter: true };
    const token = lexToken(source, at, blank > 0);
    tokens.push(token.token);
    at = token.end;
  }
}

const PATTERNS: readonly (readonly [TemplateTokenKind, RegExp])[] = [
  ['number', /[+-]?(?:0[xX][0-9a-fA-F_]+|(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)/y],
  ['field', /\.[\p{L}_][\p{L}\p{Nd}_]*/uy],
  ['dot', /\./y],
  ['variable', /\$(?:[\p{L}_][\p{L}\p{Nd}_]*)?/uy],
  ['identifier', /[\p{L}_][\p{L}\p{Nd}_]*/uy],
  [':=', /:=/y],
  ['=', /=/y],
  ['|', /\|/y],
  ['(', /\(/y],
  [')', /\)/y],
  [',', /,/y],
];

function lexToken(
  source: string,
  offset: number,
  spaceBefore: boolean,
): { readonly token: TemplateToken; readonly end: number } {
  const first = source[offset]!;
  if (first === '"' || first === '`' || first === "'") return lexQuoted(source, offset, spaceBefore, first);
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = offset;
    const match = pattern.exec(source);
    if (match === null) continue;
    const text = kind === 'field' ? match[0].slice(1) : match[0];
    return { token: { kind, text, offset, spaceBefore }, end: offset + match[0].length };
  }
  throw new TemplateError(`unexpected ${JSON.stringify(first)} in a template action`, offset);
}

function lexQuoted(
  source: string,
  offset: number,
  spaceBefore: boolean,
  quote: string,
): { readonly token: TemplateToken; readonly end: number } {
  let value = '';
  let at = offset + 1;
  for (; source[at] !== quote; at++) {
    const char = source[at];
    if (char === undefined || (char === '\n' && quote !== '`'))
      throw new TemplateError('unterminated quoted string', offset);
    if (char !== '\\' || quote === '`') {
      value += char;
      continue;
    }
    const sequence =
      /^\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/.exec(
        source.slice(at, at + 10),
      );
    if (sequence === null) throw new TemplateError('unknown escape sequence in a string', at);
    const hex = sequence[2] ?? sequence[3] ?? sequence[4];
    if (sequence[1] !== undefined) value += ESCAPES[sequence[1]] ?? sequence[1];
    else value += String.fromCodePoint(Number.parseInt(hex ?? sequence[5]!, hex === undefined ? 8 : 16));
    at += sequence[0].length - 1;
  }
  // A character constant is a number in Go: 'a' is 97.
  const token: TemplateToken =
    quote === "'"
      ? { kind: 'number', text: String(value.codePointAt(0) ?? 0), offset, spaceBefore }
      : { kind: 'string', text: value, offset, spaceBefore };
  return { token, end: at + 1 };
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
