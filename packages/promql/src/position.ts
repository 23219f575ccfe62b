/** Positions in a query: bytes of UTF-8 outside, UTF-16 code units inside. */

/** For each UTF-16 index of a text its offset in bytes of UTF-8; `undefined` when they are the same. */
export function byteOffsets(text: string): Uint32Array | undefined {
  let at = 0;
  while (at < text.length && text.charCodeAt(at) < 0x80) at++;
  if (at === text.length) return undefined;
  const offsets = new Uint32Array(text.length + 1);
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    offsets[i] = bytes;
    const unit = text.charCodeAt(i);
    // U+DC80 to U+DCFF alone stand for a byte that was not UTF-8.
    if (unit < 0x80 || (unit >= 0xdc80 && unit <= 0xdcff)) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit >= 0xd800 && unit < 0xdc00 && i + 1 < text.length) {
      // A surrogate pair: four bytes, counted at its second half.
      bytes += 4;
      offsets[++i] = bytes;
    } else bytes += 3;
  }
  offsets[text.length] = bytes;
  return offsets;
}

/** `line:column` of a byte offset, both from 1, the column in bytes. */
export function lineAndColumn(text: string, byteOffset: number): string {
  if (text === '') return 'unknown position';
  const offsets = byteOffsets(text);
  let line = 1;
  let lineStart = 0;
  for (let i = 0; i < text.length; i++) {
    const at = offsets === undefined ? i : offsets[i]!;
    if (at >= byteOffset) break;
    if (text.charCodeAt(i) === 10) {
      line++;
      lineStart = at + 1;
    }
  }
  const total = offsets === undefined ? text.length : offsets[text.length]!;
  return byteOffset < 0 || byteOffset > total ? 'invalid position' : `${line}:${byteOffset - lineStart + 1}`;
}

/** The UTF-16 index of a byte offset: where an editor puts its cursor. */
export function indexOfByte(text: string, byteOffset: number): number {
  const offsets = byteOffsets(text);
  if (offsets === undefined) return Math.min(byteOffset, text.length);
  let index = 0;
  while (index < text.length && offsets[index]! < byteOffset) index++;
  return index;
}
