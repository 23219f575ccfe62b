/** Go's ways with strings that templates show: escaping for HTML, JavaScript and URLs, title case. */
import { quote } from '@binnacle/promql';

/** Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII blank. */
export function isPrint(char: string): boolean {
  return char === ' ' || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(char);
}

const HTML_ENTITIES: Readonly<Record<string, string>> = {
  '\0': '\uFFFD',
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  "'": '&#39;',
  '"': '&#34;',
};

/** Go's `html`: what HTML would read as markup becomes entities. */
export function escapeHtml(value: string): string {
  return value.replace(/[\0<>&'"]/g, (char) => HTML_ENTITIES[char]!);
}

const JS_ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
};

/** Go's `js`: a text that may stand inside a string of JavaScript. */
export function escapeJs(value: string): string {
  return [...value]
    .map((char) => {
      const known = JS_ESCAPES[char];
      if (known !== undefined) return known;
      const code = char.codePointAt(0)!;
      const needed = code < 0x20 || (code >= 0x80 && !isPrint(char));
      return needed ? `\\u${code.toString(16).toUpperCase().padStart(4, '0')}` : char;
    })
    .join('');
}

/** Go's `url.QueryEscape`. */
export function queryEscape(value: string): string {
  return encodeURIComponent(value.replace(/\p{Surrogate}/gu, '\uFFFD'))
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

/** Go's `strings.ToUpper`: letter by letter, so that `ß`, which has no large letter of its own, stays. */
export function toUpper(value: string): string {
  return [...value].map((char) => single(char.toUpperCase(), char)).join('');
}

/** Go's `strings.ToLower`, letter by letter. */
export function toLower(value: string): string {
  return [...value].map((char) => (char === 'İ' ? 'i' : single(char.toLowerCase(), char))).join('');
}

function single(converted: string, char: string): string {
  return [...converted].length === 1 ? converted : char;
}

/** Letters of two characters that have a form for the start of a word. */
const DIGRAPHS: Readonly<Record<string, string>> = { Ǆ: 'ǅ', Ǉ: 'ǈ', Ǌ: 'ǋ', Ǳ: 'ǲ' };

/**
 * Raises the first letter of each word. Digits in front of it belong to the word; so does a `'`, a `.` or a `:`
 * between letters.
 * @param lower whether the other letters are made small
 */
export function titleCase(value: string, lower: boolean): string {
  return value.replace(
    /[\p{N}_\p{M}]*(\p{L})((?:[\p{L}\p{N}\p{M}_]|['\u2019.:\u00B7](?=\p{L}))*)/gu,
    (word, first: string, rest: string) => {
      const upper = first.toUpperCase();
      const raised =
        DIGRAPHS[upper] ?? (upper.length > first.length ? upper[0] + upper.slice(1).toLowerCase() : upper);
      return (
        word.slice(0, word.length - first.length - rest.length) + raised + (lower ? rest.toLowerCase() : rest)
      );
    },
  );
}

/** Go's `url.QueryUnescape`. @throws Error in Go's words */
export function queryUnescape(value: string): string {
  const broken = /%(?![0-9a-fA-F]{2}).{0,2}/s.exec(value);
  if (broken !== null) throw new Error(`invalid URL escape ${quote(broken[0])}`);
  const bytes = value
    .replaceAll('+', ' ')
    .split(/((?:%[0-9a-fA-F]{2})+)/)
    .map((part, i) => (i % 2 === 0 ? part : Buffer.from(part.replaceAll('%', ''), 'hex').toString()));
  return bytes.join('');
}
