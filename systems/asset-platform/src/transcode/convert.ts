/** One conversion, from a file to a file, with its progress. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import sharp from 'sharp';
import { ffmpegOptions, type ImageTarget, isImageTarget } from './conversions.ts';

/** Larger images are refused, so that none takes all memory. */
export const PIXELS_MAX = 100_000_000;
/** What ffmpeg may say, of which the end tells what was wrong. */
const SAID_CHARACTERS_MAX = 4_000;
const MESSAGE_CHARACTERS_MAX = 300;
const FFMPEG_THREADS = 2;

/** A conversion. */
export interface Conversion {
  readonly source: string;
  readonly target: string;
  readonly targetFormat: string;
  readonly ffmpeg: string;
  readonly signal: AbortSignal;
  /** Told how much is done, from 0 to 1. */
  readonly onProgress: (done: number) => void;
}

/** The content cannot be converted. */
export class ConversionFailed extends Error {
  override readonly name = 'ConversionFailed';
}

/** Whether ffmpeg can be run. */
export function hasFfmpeg(program: string): boolean {
  return spawnSync(program, ['-version'], { stdio: 'ignore' }).status === 0;
}

/**
 * Converts a file.
 * @throws ConversionFailed, or the reason of the signal
 */
export async function convert(conversion: Conversion): Promise<void> {
  if (isImageTarget(conversion.targetFormat)) await convertImage(conversion, conversion.targetFormat);
  else await convertMedia(conversion);
}

async function convertImage(
  { source, target, signal, onProgress }: Conversion,
  format: ImageTarget,
): Promise<void> {
  // Each image is another one: what the library keeps of them would be memory for nothing.
  sharp.cache(false);
  try {
    const image = sharp(source, { failOn: 'error', limitInputPixels: PIXELS_MAX });
    await image.metadata();
    onProgress(0.2);
    await image.autoOrient().toFormat(format).toFile(target);
    onProgress(1);
  } catch (error) {
    signal.throwIfAborted();
    throw new ConversionFailed(`the image cannot be converted: ${shortened((error as Error).message)}`);
  }
  signal.throwIfAborted();
}

async function convertMedia({
  source,
  target,
  targetFormat,
  ffmpeg,
  signal,
  onProgress,
}: Conversion): Promise<void> {
  const options = ffmpegOptions(targetFormat);
  if (options === undefined) throw new ConversionFailed(`nothing makes ${targetFormat}`);
  // Nothing that a file says may make ffmpeg open anything but that file.
  const input = ['-protocol_whitelist', 'file', '-i', `file:${source}`];
  const child = spawn(
    ffmpeg,
    [
      ...[
        '-nostdin',
        '-hide_banner',
        '-nostats',
        '-y',
        '-threads',
        String(FFMPEG_THREADS),
        '-progress',
        'pipe:1',
      ],
      ...input,
      ...options,
      `file:${target}`,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const kill = (): void => {
    // A child that never was has no number, and Node.js would kill our own process group in its place.
    if (child.pid !== undefined) child.kill('SIGKILL');
  };
  signal.addEventListener('abort', kill);
  let said = '';
  let durationMicros: number | undefined;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-SAID_CHARACTERS_MAX);
    durationMicros ??= durationIn(said);
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const micros = Number(/^out_time_us=(\d+)$/.exec(line)?.[1]);
    if (micros > 0 && durationMicros !== undefined) onProgress(Math.min(micros / durationMicros, 1));
  });
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    signal.throwIfAborted();
    if (code === 0) return;
  } catch (error) {
    signal.throwIfAborted();
    throw new ConversionFailed(`ffmpeg cannot be run: ${(error as Error).message}`);
  } finally {
    signal.removeEventListener('abort', kill);
  }
  const last = said.trimEnd().split('\n').at(-1) ?? '';
  throw new ConversionFailed(
    `the media cannot be converted: ${shortened(last.replaceAll(source, 'the file'))}`,
  );
}

/** The length that ffmpeg has found in the input, in microseconds. */
function durationIn(said: string): number | undefined {
  const match = /Duration: (\d+):(\d\d):(\d\d\.\d+)/.exec(said);
  if (match === null) return undefined;
  return (Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3])) * 1e6;
}

function shortened(message: string): string {
  return message.slice(0, MESSAGE_CHARACTERS_MAX);
}
