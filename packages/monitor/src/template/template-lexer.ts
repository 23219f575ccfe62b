/**
 * Splits a Go template into text and the tokens of its actions.
 *
 *     High load on {{ $labels.instance | title -}}  now
 *     └── text ──┘ └ { variable field | identifier } ┘└ text, its leading blanks trimmed by "-}}"
 *
 * Blanks are not tokens, but each token says whether one stood before it: `.a.b` is one path, `.a .b` two values.
 */
import { TemplateError } from './template-error.ts';

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
  /** As it stands in the template. */
  readonly written: string;
  /** Offset in the template's text. */
  readonly offset: number;
  readonly spaceBefore: boolean;
}

/** A stretch of text or the tokens of one `{{ }}`. */
export type TemplatePiece = { readonly offset: number } & (
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'action'; readonly tokens: readonly TemplateToken[] }
);

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
    const trimmed = trimNext ? text.replace(/^[ \t\r\n]+/, '') : text;
    const offset = at + text.length - trimmed.length;
    const trimBefore = open >= 0 && /^\{\{-[ \t\r\n]/.test(source.slice(open, open + 4));
    text = trimBefore ? trimEnd(trimmed) : trimmed;
    if (text !== '') pieces.push({ type: 'text', text, offset });
    if (open < 0) return pieces;
    const action = lexAction(source, open + (trimBefore ? 3 : 2), open, trimBefore);
    if (action.tokens !== undefined) pieces.push({ type: 'action', tokens: action.tokens, offset: open });
    trimNext = action.trimAfter;
    at = action.end;
  }
}

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && ' \t\r\n'.includes(text[end - 1]!)) end--;
  return text.slice(0, end);
}

const BLANKS = /[ \t\r\n]*/y;

interface LexedAction {
  /** Undefined for a comment. */
  readonly tokens: readonly TemplateToken[] | undefined;
  readonly end: number;
  readonly trimAfter: boolean;
}

function lexAction(source: string, start: number, open: number, trimBefore: boolean): LexedAction {
  if (source.startsWith('/*', start + (trimBefore ? 1 : 0))) return lexComment(source, start, open);
  const tokens: TemplateToken[] = [];
  let at = start;
  for (;;) {
    BLANKS.lastIndex = at;
    const blank = BLANKS.exec(source)![0].length;
    at += blank;
    if (at >= source.length) throw new TemplateError('unclosed action', open);
    if (source.startsWith('}}', at)) return { tokens, end: at + 2, trimAfter: false };
    if (blank > 0 && source.startsWith('-}}', at)) return { tokens, end: at + 3, trimAfter: true };
    const token = lexToken(source, at, blank > 0);
    tokens.push(token);
    at = token.offset + token.written.length;
  }
}

function lexComment(source: string, start: number, open: number): LexedAction {
  const close = source.indexOf('*/', start + 2);
  if (close < 0) throw new TemplateError('unclosed comment', open);
  const after = /^([ \t\r\n]-)?\}\}/.exec(source.slice(close + 2, close + 6));
  if (after === null) throw new TemplateError('comment ends before closing delimiter', open);
  return { tokens: undefined, end: close + 2 + after[0].length, trimAfter: after[1] !== undefined };
}

const PATTERNS: readonly (readonly [TemplateTokenKind, RegExp])[] = [
  [
    'number',
    /[+-]?(?:\d[\p{L}\p{Nd}_.]*(?<=[eEpP])[+-]\d+|\d[\p{L}\p{Nd}_.]*|\.\d[\p{L}\p{Nd}_]*(?<=[eE])[+-]\d+|\.\d[\p{L}\p{Nd}_]*)/uy,
  ],
  ['field', /\.[\p{L}\p{Nd}_]+/uy],
  ['dot', /\./y],
  ['variable', /\$[\p{L}\p{Nd}_]*/uy],
  ['identifier', /[\p{L}_][\p{L}\p{Nd}_]*/uy],
  [':=', /:=/y],
  ['=', /=/y],
  ['|', /\|/y],
  ['(', /\(/y],
  [')', /\)/y],
  [',', /,/y],
];

const WORDS: ReadonlySet<TemplateTokenKind> = new Set(['field', 'variable', 'identifier']);

function lexToken(source: string, offset: number, spaceBefore: boolean): TemplateToken {
  const first = source[offset]!;
  if (first === '"' || first === '`' || first === "'") return lexQuoted(source, offset, spaceBefore, first);
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = offset;
    const written = pattern.exec(source)?.[0];
    if (written === undefined) continue;
    const end = offset + written.length;
    if (WORDS.has(kind) && !/^(?:$|[ \t\r\n.,|:()]|\}\})/.test(source.slice(end, end + 2)))
      throw new TemplateError(
        `bad character ${JSON.stringify(String.fromCodePoint(source.codePointAt(end)!))}`,
        end,
      );
    return { kind, text: kind === 'field' ? written.slice(1) : written, written, offset, spaceBefore };
  }
  throw new TemplateError(`unexpected ${JSON.stringify(first)} in a template action`, offset);
}

function lexQuoted(source: string, offset: number, spaceBefore: boolean, quote: string): TemplateToken {
  let value = '';
  let at = offset + 1;
  for (; source[at] !== quote; at++) {
    const char = source[at];
    if (char === undefined || (char === '\n' && quote !== '`'))
      throw new TemplateError(
        quote === "'" ? 'unterminated character constant' : 'unterminated quoted string',
        offset,
      );
    if (char !== '\\' || quote === '`') {
      if (char !== '\r' || quote !== '`') value += char;
      continue;
    }
    const sequence = ESCAPE.exec(source.slice(at, at + 10));
    if (sequence === null || sequence[1] === (quote === '"' ? "'" : '"'))
      throw new TemplateError('unknown escape sequence in a string: invalid syntax', at);
    value += readEscape(sequence, at);
    at += sequence[0].length - 1;
  }
  const written = source.slice(offset, at + 1);
  if (quote !== "'") return { kind: 'string', text: value, written, offset, spaceBefore };
  if ([...value].length !== 1) throw new TemplateError(`malformed character constant: ${written}`, offset);
  // A character constant is a number in Go: 'a' is 97.
  return { kind: 'number', text: String(value.codePointAt(0)), written, offset, spaceBefore };
}

const ESCAPE = /^\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/;

function readEscape(sequence: RegExpExecArray, offset: number): string {
  const [, short, byte, four, eight, octal] = sequence;
  if (short !== undefined) return SHORT_ESCAPES[short] ?? short;
  const code = Number.parseInt(byte ?? four ?? eight ?? octal!, octal === undefined ? 16 : 8);
  const surrogate = code >= 0xd800 && code < 0xe000;
  if (code > 0x10ffff || surrogate || (octal !== undefined && code > 0xff))
    throw new TemplateError('unknown character in a string: invalid syntax', offset);
  // "\xe9" is a byte in Go, which alone is no character; texts here are characters throughout.
  return (byte ?? octal) !== undefined && code >= 0x80 ? '\uFFFD' : String.fromCodePoint(code);
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
