/**
 * Printing YAML that every reader reads alike.
 *
 * Readers agree on texts of one line without odd characters, and on blocks in which everything can be seen. About all
 * else they have their own ideas: which characters end a line (Go's reader takes U+0085 and U+2028 for that, even where
 * it then cannot go on), how a folded line is put together again, whether blanks at the end of one stay. So such texts
 * stand between quotes, on one line, with escapes.
 */
import { type Document, Scalar, visit } from 'yaml';

/** White space other than blanks and ends of lines, and what cannot be seen. */
const ODD_SPACE = /[^\S \n]|\p{C}(?<!\n)/u;
/** Empty lines at the ends of a text and blanks at the ends of its lines, which a block would hide. */
const HIDDEN_SPACE = /^ *\n| $| \n|\n\n$/;
/** What ends a line for some readers, also between quotes. */
const ODD_BREAKS = /[\u0085\u2028\u2029]/g;

/**
 * Prints a document; values whose style is not given get one that all readers read alike.
 * @param options `singleQuote` prefers single quotes; else they are for texts with double ones in them only
 */
export function printYaml(document: Document, options: { readonly singleQuote?: true } = {}): string {
  visit(document, {
    Scalar(key, scalar) {
      if (key === 'key' || scalar.type !== undefined || typeof scalar.value !== 'string') return;
      const style = styleOf(scalar.value);
      if (style !== undefined) scalar.type = style;
    },
  });
  const text = document.toString({
    lineWidth: 0,
    blockQuote: 'literal',
    // Quoted text stays on its line, escaped as in JSON.
    doubleQuotedAsJSON: true,
    doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
    ...options,
  });
  // They are in texts with double quotes only.
  return text.replace(ODD_BREAKS, (odd) => `\\u${odd.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A block where everything in it can be seen, else quotes; undefined where it is one line that needs no thought. */
function styleOf(text: string): Scalar.Type | undefined {
  const lines = text.includes('\n');
  if (ODD_SPACE.test(text) || (lines && HIDDEN_SPACE.test(text))) return Scalar.QUOTE_DOUBLE;
  return lines ? Scalar.BLOCK_LITERAL : undefined;
}
