/**
 * Strings in PromQL: Go's quoting rules, for reading and for writing.
 *
 * Go's strings are bytes. A byte that is not UTF-8 is kept as a lone surrogate, U+DC80 to U+DCFF.
 */

const ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};
const LONE_SURROGATE = /[\uD800-\uDFFF]/u;
const UNESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;
const UNPRINTABLE_SPACE = /\p{Zs}/u;

/** Whether a text is valid UTF-8, that is without kept bytes. */
export function isValidUtf8(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/** A text in double quotes, as Go's `%q` writes it. */
export function quote(text: string): string {
  return `"${escapeCharacters(text, '"')}"`;
}

/** A single character in single quotes, as Go's `%q` writes it; the empty string is the end of the input. */
export function quoteCharacter(character: string): string {
  return character === '' ? "'\uFFFD'" : `'${escapeCharacters(character, "'")}'`;
}

function escapeCharacters(text: string, delimiter: string): string {
  let out = '';
  for (const character of text) {
    const known = ESCAPES[character];
    const code = character.codePointAt(0)!;
    if (known !== undefined) out += known;
    else if (character === delimiter) out += `\\${character}`;
    else if (code >= 32 && code < 127) out += character;
    else if (code >= 0xdc80 && code <= 0xdcff) out += `\\x${(code - 0xdc00).toString(16)}`;
    else if (code < 128) out += `\\x${code.toString(16).padStart(2, '0')}`;
    else if (!UNPRINTABLE.test(character) && !UNPRINTABLE_SPACE.test(character)) out += character;
    else if (code < 0x10000) out += `\\u${code.toString(16).padStart(4, '0')}`;
    else out += `\\U${code.toString(16).padStart(8, '0')}`;
  }
  return out;
}

/**
 * The value of a quoted string that the lexer has accepted. `\x` and octal escapes denote bytes; a byte `b` that
 * belongs to no character becomes the lone surrogate `0xDC00 + b`, which {@link quote} writes as `\xb` again.
 */
export function unquote(quoted: string): string {
  const body = quoted.slice(1, -1);
  if (quoted[0] === '`' || !body.includes('\\')) return body;
  let out = '';
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length > 0) out += decodeUtf8(bytes);
    bytes = [];
  };
  for (let i = 0; i < body.length; i++) {
    const character = body[i]!;
    if (character !== '\\') {
      flush();
      out += character;
      continue;
    }
    const escaped = body[++i]!;
    const digits = escaped === 'x' ? 2 : escaped === 'u' ? 4 : escaped === 'U' ? 8 : 0;
    if (digits > 0) {
      const code = Number.parseInt(body.slice(i + 1, i + 1 + digits), 16);
      i += digits;
      if (escaped === 'x') bytes.push(code);
      else {
        flush();
        out += String.fromCodePoint(code);
      }
    } else if (escaped >= '0' && escaped <= '7') {
      bytes.push(Number.parseInt(body.slice(i, i + 3), 8));
      i += 2;
    } else {
      flush();
      const known = UNESCAPES[escaped];
      out += known === undefined ? escaped : String.fromCharCode(known);
    }
  }
  flush();
  return out;
}

/** UTF-8 to text; each byte that belongs to no character becomes a lone surrogate. */
function decodeUtf8(bytes: readonly number[]): string {
  let out = '';
  for (let i = 0; i < bytes.length; ) {
    const first = bytes[i]!;
    const length =
      first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    let code = length === 1 ? first : first & (0xff >> (length + 1));
    let valid = length > 0 && i + length <= bytes.length;
    for (let k = 1; valid && k < length; k++) {
      const next = bytes[i + k]!;
      valid = (next & 0xc0) === 0x80;
      code = (code << 6) | (next & 0x3f);
    }
    if (length === 3) valid &&= code >= 0x800 && (code < 0xd800 || code > 0xdfff);
    if (length === 4) valid &&= code >= 0x10000 && code <= 0x10ffff;
    out += valid ? String.fromCodePoint(code) : String.fromCharCode(0xdc00 + first);
    i += valid ? length : 1;
  }
  return out;
}
