/**
 * From the bytes of a page to its text: by the byte order mark, by what the header says, by what the page says of
 * itself in its first kilobyte, else UTF-8, and where that is not UTF-8, EUC-KR, in which older Korean sites are.
 */
import { TextDecoder } from 'node:util';

/** How far a page may say what it is written in. */
const DECLARED_BYTES = 1_024;
const UTF8_MARK = [0xef, 0xbb, 0xbf] as const;

/** Gives the text of a page; what is no character becomes U+FFFD, and nothing throws. */
export function decodePage(bytes: Uint8Array, contentType: string | undefined): string {
  if (UTF8_MARK.every((byte, at) => bytes[at] === byte)) return new TextDecoder('utf-8').decode(bytes);
  const said = /charset\s*=\s*["']?([\w-]+)/i;
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, DECLARED_BYTES));
  for (const name of [said.exec(contentType ?? '')?.[1], said.exec(head)?.[1]]) {
    const decoder = name === undefined ? undefined : decoderFor(name);
    if (decoder === undefined) continue;
    const text = decoder.decode(bytes);
    // Many a page says UTF-8 and is not; then the other one is tried too.
    if (decoder.encoding !== 'utf-8' || !text.includes('\uFFFD')) return text;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('euc-kr').decode(bytes);
  }
}

function decoderFor(name: string): TextDecoder | undefined {
  try {
    return new TextDecoder(name);
  } catch {
    return undefined;
  }
}
