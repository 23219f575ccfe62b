/**
 * Alertmanager's matchers: what routes, inhibitions, silences and the API's filters say about labels.
 *
 * There are two syntaxes for the same thing. The classic one takes a label name of letters, digits and `_`, and
 * nearly anything for a value. The newer one takes any text in double quotes, with Go's escapes, on both sides:
 *
 *     severity=critical, instance=~"web-.*"          both read this alike
 *     {"on call"="yes", team!="\u00e9quipe"}         the newer one alone
 *     summary=disk full                              the classic one alone
 *
 * As Alertmanager does unless told otherwise, both are tried: what only one of them can read is as that one reads
 * it, and where both can and disagree, the classic one wins.
 */
import type { Labels } from '@binnacle/metrics/model';
import { isValidUtf8, quote, unquote } from '@binnacle/promql';
import { RE2JS } from 're2js';

/** How a matcher compares. Regular expressions match whole values. */
export type AlertMatcherOp = '=' | '!=' | '=~' | '!~';

/** One condition on one label; a label that is missing has the empty value. */
export interface AlertMatcher {
  readonly name: string;
  readonly op: AlertMatcherOp;
  readonly value: string;
  matches(labels: Labels): boolean;
}

/** A text is not a matcher, or the regular expression in it is not one. */
export class AlertMatcherError extends Error {
  override readonly name = 'AlertMatcherError';
  readonly code = 'bad_matcher';
}

/** In the order in which Alertmanager sorts them. */
const OPS: readonly string[] = ['=', '!=', '=~', '!~'] satisfies AlertMatcherOp[];

/** What Go's `unicode.IsSpace` holds for space; JavaScript's `\s` differs at both ends. */
const SPACE = '\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
/** What a name or a value cannot hold without quotes in the newer syntax. */
const RESERVED = `${SPACE}{}!=~,\\\\"'\``;
const HAS_RESERVED = new RegExp(`[${RESERVED}]`);
const TOKEN = new RegExp(
  `(?<brace>[{},])|(?<op>=~|!=|!~|=)|(?<quoted>"[^"\\\\]*(?:\\\\.[^"\\\\]*)*")|(?<bare>[^${RESERVED}]+)`,
  'suy',
);
const SPACES = new RegExp(`[${SPACE}]*`, 'y');
const GO_ESCAPE =
  'x[\\da-fA-F]{2}|[0-3][0-7]{2}|u(?![dD][89a-fA-F])[\\da-fA-F]{4}|U00(?:00(?![dD][89a-fA-F])|0[1-9a-fA-F]|10)[\\da-fA-F]{4}';
const GO_STRING = new RegExp(`^"[^"\\\\\\n]*(?:\\\\(?:[abfnrtv\\\\"]|${GO_ESCAPE})[^"\\\\\\n]*)*"$`);

/** The front of a classic matcher; what follows, without the spaces at its end, is the value. */
const CLASSIC = /^[\t\n\f\r ]*([a-zA-Z_:][a-zA-Z0-9_:]*)[\t\n\f\r ]*(=~|=|!=|!~)[\t\n\f\r ]*/;
const CLASSIC_SPACE = /[\t\n\f\r ]/;
const ANY_SPACE = new RegExp(`[${SPACE}]`);

/** A regular expression that is a choice of plain texts, perhaps of one. */
const PLAIN_CHOICE = /^[^\\.+*?()[\]{}^$]*$/;

class CompiledMatcher implements AlertMatcher {
  readonly name: string;
  readonly op: AlertMatcherOp;
  readonly value: string;
  readonly #holds: (value: string) => boolean;

  constructor(name: string, op: AlertMatcherOp, value: string) {
    this.name = name;
    this.op = op;
    this.value = value;
    this.#holds = valueTest(op, value);
  }

  matches(labels: Labels): boolean {
    return this.#holds(labels.get(this.name));
  }
}

/**
 * Compiles a matcher.
 * @throws AlertMatcherError when the value is to be a regular expression and is none
 */
export function alertMatcher(name: string, op: AlertMatcherOp, value: string): AlertMatcher {
  return new CompiledMatcher(name, op, value);
}

/** Whether all of them match. */
export function matchesAll(matchers: readonly AlertMatcher[], labels: Labels): boolean {
  for (const matcher of matchers) if (!matcher.matches(labels)) return false;
  return true;
}

/**
 * Reads one matcher, without braces.
 * @throws AlertMatcherError
 */
export function parseMatcher(text: string): AlertMatcher {
  if (text.startsWith('{') || text.endsWith('}'))
    throw new AlertMatcherError(`unexpected open or close brace: ${text}`);
  return readBoth(
    () => {
      const matchers = quotedMatchers(text);
      if (matchers.length !== 1) throw new AlertMatcherError(`expected 1 matcher, found ${matchers.length}`);
      return matchers;
    },
    () => [classicMatcher(text)],
  )[0]!;
}

/**
 * Reads matchers with commas between them and, if wanted, braces around them; an empty text has none.
 * @throws AlertMatcherError
 */
export function parseMatchers(text: string): readonly AlertMatcher[] {
  return readBoth(
    () => quotedMatchers(text),
    () => classicMatchers(text),
  );
}

/** A matcher as Alertmanager prints it, in the keys of routes among other places. */
export function formatMatcher({ name, op, value }: AlertMatcher): string {
  if (HAS_RESERVED.test(name)) return quote(name) + op + quote(value);
  const escaped = value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
  return `${name}${op}"${escaped}"`;
}

/** Matchers as Alertmanager prints them: `{alertname="Down",severity=~"warning|critical"}`. */
export function formatMatchers(matchers: readonly AlertMatcher[]): string {
  return `{${matchers.map(formatMatcher).join(',')}}`;
}

/** Alertmanager's order: by name, then by value, then by operator. */
export function compareMatchers(a: AlertMatcher, b: AlertMatcher): number {
  return (
    Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)) ||
    Buffer.compare(Buffer.from(a.value), Buffer.from(b.value)) ||
    OPS.indexOf(a.op) - OPS.indexOf(b.op)
  );
}

function valueTest(op: AlertMatcherOp, wanted: string): (value: string) => boolean {
  switch (op) {
    case '=':
      return (value) => value === wanted;
    case '!=':
      return (value) => value !== wanted;
    case '=~':
      return patternTest(wanted);
    case '!~': {
      const test = patternTest(wanted);
      return (value) => !test(value);
    }
  }
}

function patternTest(pattern: string): (value: string) => boolean {
  // Alertmanager writes the patterns of the older `match_re` with anchors.
  const inner = /^\^\(\?:(.*)\)\$$/s.exec(pattern)?.[1] ?? pattern;
  if (PLAIN_CHOICE.test(inner)) {
    const choices = new Set(inner.split('|'));
    return (value) => choices.has(value);
  }
  // The very text that Alertmanager compiles: what is odd about it, `a)|(?:b`, is odd in the same way, and messages
  // are the same.
  try {
    const compiled = RE2JS.compile(`^(?:${pattern})$`);
    return (value) => compiled.test(value);
  } catch (error) {
    throw new AlertMatcherError(error instanceof Error ? error.message : String(error));
  }
}

function readBoth(
  readQuoted: () => AlertMatcher[],
  readClassic: () => AlertMatcher[],
): readonly AlertMatcher[] {
  let quoted: AlertMatcher[] | undefined;
  try {
    quoted = readQuoted();
  } catch (error) {
    if (!(error instanceof AlertMatcherError)) throw error;
  }
  try {
    return readClassic();
  } catch (error) {
    if (quoted !== undefined) return quoted;
    throw error;
  }
}

/** The newer syntax. */
function quotedMatchers(text: string): AlertMatcher[] {
  const tokens = tokenize(text);
  let at = 0;
  const take = (wanted: string): boolean => {
    const found = tokens[at]?.kind === 'brace' && tokens[at]?.text === wanted;
    if (found) at++;
    return found;
  };
  const side = (what: string): string => {
    const token = tokens[at++];
    if (token?.kind === 'bare') return token.text;
    if (token?.kind !== 'quoted') throw new AlertMatcherError(`expected label ${what}: ${text}`);
    const value = GO_STRING.test(token.text) ? unquote(token.text) : undefined;
    if (value === undefined || !isValidUtf8(value))
      throw new AlertMatcherError(`${token.text}: not a text in quotes`);
    return value;
  };

  const matchers: AlertMatcher[] = [];
  const braced = take('{');
  let more = braced ? !take('}') : tokens.length > 0;
  while (more) {
    const name = side('name');
    const op = tokens[at++];
    if (op?.kind !== 'op')
      throw new AlertMatcherError(`expected an operator such as '=', '!=', '=~' or '!~': ${text}`);
    matchers.push(alertMatcher(name, op.text as AlertMatcherOp, side('value')));
    const comma = take(',');
    if (braced ? take('}') : at === tokens.length) break;
    more = comma;
    if (!comma) throw new AlertMatcherError(`expected a comma or close brace: ${text}`);
  }
  if (at < tokens.length) throw new AlertMatcherError(`expected end of input: ${text}`);
  return matchers;
}

interface Token {
  readonly kind: string;
  readonly text: string;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; ; ) {
    SPACES.lastIndex = at;
    SPACES.test(text);
    at = SPACES.lastIndex;
    if (at >= text.length) return tokens;
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) throw new AlertMatcherError(`invalid input at character ${at}: ${text}`);
    const kind = Object.keys(match.groups!).find((name) => match.groups![name] !== undefined)!;
    tokens.push({ kind, text: match[0] });
    at = TOKEN.lastIndex;
  }
}

/** The classic syntax: commas outside quotes part the matchers. */
function classicMatchers(text: string): AlertMatcher[] {
  const inner = text.replace(/^\{/, '').replace(/\}$/, '');
  const parts: string[] = [];
  let start = 0;
  let inQuotes = false;
  let escaped = false;
  for (let i = 0; i < inner.length; i++) {
    const char = inner[i]!;
    if (char === ',') {
      // In quotes a comma also leaves a backslash before it in force, here as there.
      if (inQuotes) continue;
      parts.push(inner.slice(start, i));
      start = i + 1;
    } else if (char === '"') {
      if (!escaped) inQuotes = !inQuotes;
      escaped = false;
    } else {
      escaped = char === '\\' && !escaped;
    }
  }
  const last = trimStart(trimEnd(inner.slice(start), ANY_SPACE), ANY_SPACE);
  if (last !== '') parts.push(last);
  return parts.map(classicMatcher);
}

function classicMatcher(text: string): AlertMatcher {
  const front = CLASSIC.exec(text);
  if (front === null) throw new AlertMatcherError(`bad matcher format: ${text}`);
  const raw = trimEnd(text.slice(front[0].length), CLASSIC_SPACE);
  return alertMatcher(front[1]!, front[2] as AlertMatcherOp, classicValue(raw));
}

/** A value with or without quotes around it; `\n`, `\"` and `\\` are escapes, another backslash is itself. */
function classicValue(raw: string): string {
  const quoted = raw.startsWith('"');
  const body = quoted ? raw.slice(1) : raw;
  let closed = !quoted;
  let value = '';
  for (let i = 0; i < body.length; i++) {
    const char = body[i]!;
    const last = i === body.length - 1;
    if (char === '\\' && !last) {
      const next = body[++i]!;
      value += next === 'n' ? '\n' : next === '"' || next === '\\' ? next : `\\${next}`;
    } else if (char === '"') {
      if (closed || !last) throw unescapedQuote(raw);
      closed = true;
    } else value += char;
  }
  if (!closed) throw unescapedQuote(raw);
  return value;
}

function unescapedQuote(raw: string): AlertMatcherError {
  return new AlertMatcherError(`matcher value contains unescaped double quote: ${raw}`);
}

// Loops, because `/ +$/` takes time that grows with the square of the spaces in a text from outside.

function trimStart(text: string, space: RegExp): string {
  let start = 0;
  while (start < text.length && space.test(text[start]!)) start++;
  return text.slice(start);
}

function trimEnd(text: string, space: RegExp): string {
  let end = text.length;
  while (end > 0 && space.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}
