/**
 * Writing texts where they belong. Nearly all texts of metrics are short and ASCII: for them a loop is done before
 * `TextEncoder` has got the view that it needs.
 */

const encoder = new TextEncoder();

/**
 * Writes a text as UTF-8, a lone surrogate as U+FFFD, and returns where it ends. There has to be room for three bytes
 * for each of its UTF-16 units.
 */
export function writeUtf8(view: DataView, start: number, text: string): number {
  const { length } = text;
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 0x80) return start + i + writeEncoded(view, start + i, text.slice(i));
    view.setUint8(start + i, c);
  }
  return start + length;
}

function writeEncoded(view: DataView, start: number, text: string): number {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + start, view.byteLength - start);
  return encoder.encodeInto(text, bytes).written;
}
