/** Makes a WAV file of whatever sound a media file has, by ffmpeg: one channel, 16,000 samples of 16 bits a second. */
import { shortened, VideoFailed } from './failure.ts';
import { runProgram } from './program.ts';
import { SAMPLE_RATE } from './wav.ts';

/** One core of the machine for each worker is enough. */
const THREADS = 1;

/** A file to transcode. */
export interface Transcoding {
  readonly source: string;
  readonly target: string;
  readonly ffmpeg: string;
  /** Media that are longer fail. */
  readonly secondsMax: number;
  readonly signal: AbortSignal;
}

/**
 * Transcodes a file.
 * @throws VideoFailed, or the reason of the signal
 */
export async function transcode({ source, target, ffmpeg, secondsMax, signal }: Transcoding): Promise<void> {
  const args = [
    ...['-nostdin', '-hide_banner', '-nostats', '-loglevel', 'error', '-y', '-threads', String(THREADS)],
    // Nothing that a file says may make ffmpeg open anything but that file.
    ...['-protocol_whitelist', 'file', '-i', `file:${source}`],
    // One second more than allowed tells that it is too long, without writing all of it.
    ...['-t', String(secondsMax + 1), '-vn', '-sn', '-dn', '-ac', '1', '-ar', String(SAMPLE_RATE)],
    ...['-map_metadata', '-1', '-c:a', 'pcm_s16le', '-f', 'wav', `file:${target}`],
  ];
  const { code, stderr } = await runProgram({ program: ffmpeg, args, signal }).catch((error: Error) => {
    signal.throwIfAborted();
    throw new VideoFailed(
      'code' in error && error.code === 'ENOENT'
        ? 'ffmpeg is not installed here; nothing can be transcoded without it'
        : `ffmpeg cannot be run: ${error.message}`,
    );
  });
  if (code === 0) return;
  const last = (stderr.at(-1) ?? '').replaceAll(`file:${source}`, 'the file').replaceAll(source, 'the file');
  throw new VideoFailed(`the media has no sound that can be read: ${shortened(last)}`);
}
