/**
 * The list of a channel's media, as its address gives it: a JSON list of addresses, or a text with one in each line
 * (as `.m3u` has it, where lines that begin with `#` are something else). Addresses may be relative to the list.
 */
import { VideoFailed } from '../pipeline/failure.ts';

/** Media of one channel. */
export const MEDIA_MAX = 500;
const ADDRESS_CHARACTERS_MAX = 2_000;

/**
 * Reads a list.
 * @throws VideoFailed where it is none, is empty or too long, or names what is no address
 */
export function mediaIn(text: string, listUrl: string): string[] {
  const entries = text.trimStart().startsWith('[') ? fromJson(text) : fromLines(text);
  if (entries.length === 0) throw new VideoFailed('the list names no media');
  if (entries.length > MEDIA_MAX)
    throw new VideoFailed(`the list names ${entries.length} media; ${MEDIA_MAX} are allowed`);
  return entries.map((entry) => addressOf(entry, listUrl));
}

function fromJson(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return value;
  } catch {
    // Said below.
  }
  throw new VideoFailed('the list is no list of addresses in JSON');
}

function fromLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function addressOf(entry: unknown, listUrl: string): string {
  const short = typeof entry === 'string' && entry.length <= ADDRESS_CHARACTERS_MAX;
  const url = short && URL.canParse(entry, listUrl) ? new URL(entry, listUrl) : undefined;
  if (url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:')) return url.href;
  throw new VideoFailed(
    `the list names ${JSON.stringify(entry)?.slice(0, 100)}, which is no address of a media`,
  );
}
