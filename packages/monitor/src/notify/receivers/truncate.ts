/** Texts cut to what a receiver takes, counted in characters (Unicode code points), as Alertmanager counts. */

const MARK = '…';

/** A text of at most `max` characters; one that is cut ends with `…`. */
export function truncateChars(text: string, max: number): string {
  // A code unit is a character at most, so this need not be looked at closer.
  if (text.length <= max) return text;
  const chars = [...text];
  if (chars.length <= max) return text;
  return max <= 3 ? chars.slice(0, max).join('') : chars.slice(0, max - 1).join('') + MARK;
}

/** A tag, a character reference, or a character. */
const TOKEN =
  /<(\/?)([a-zA-Z][a-zA-Z0-9-]*)[^<>]*>|&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});|[\s\S]/gu;

/**
 * A text with HTML tags of at most `max` characters, tags counted: cut between tags and character references,
 * with `…`, and with the tags closed that are open there.
 */
export function truncateHtml(text: string, max: number): string {
  if (text.length <= max || [...text].length <= max) return text;
  const open: string[] = [];
  let kept = '';
  let size = 0;
  let best = '';
  for (const [token, slash, name] of text.matchAll(TOKEN)) {
    const closing = open
      .toReversed()
      .map((tag) => `</${tag}>`)
      .join('');
    if (size + MARK.length + closing.length > max) break;
    best = kept + MARK + closing;
    kept += token;
    size += [...token].length;
    if (name === undefined || token.endsWith('/>')) continue;
    const tag = name.toLowerCase();
    if (slash === '') open.push(tag);
    else if (open.at(-1) === tag) open.pop();
  }
  return best;
}
