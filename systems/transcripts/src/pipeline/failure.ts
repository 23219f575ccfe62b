/** What makes a video fail for good: the media, or the want of a program, in words for whoever asked for it. */

/** The video cannot be transcribed, and another attempt would end in the same way. */
export class VideoFailed extends Error {
  override readonly name = 'VideoFailed';
}

/** Somebody else had trouble of their own: another attempt may succeed. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

/** What programs say may be long; of a message as much is kept. */
const MESSAGE_CHARACTERS_MAX = 300;

/** A text as part of a message. */
export function shortened(text: string): string {
  return text.length > MESSAGE_CHARACTERS_MAX ? `${text.slice(0, MESSAGE_CHARACTERS_MAX)}...` : text;
}
