/**
 * Videos that a site shows in a page of its own, by `yt-dlp`, which knows such sites and what they say when something
 * is wrong. What it downloads is one file that needs no merging, so that it does not need ffmpeg.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { type DownloadError, TransferError, VideoError } from '../errors.ts';
import type { FetchedVideo, VideoInfo, VideoLimits, VideoSource } from './video.ts';

const OUTPUT_BYTES_MAX = 10_000_000;
const TITLE_CHARACTERS_MAX = 200;
const LOOK_MS_MAX = 60_000;
/** The best file that is whole. */
const FORMAT = 'best[ext=mp4]/best';

/** What yt-dlp prints, and what that means. The first that fits counts. */
const MEANINGS: readonly (readonly [pattern: RegExp, error: (line: string) => DownloadError])[] = [
  [
    /HTTP Error (404|410)|does not exist|has been removed|not found/i,
    (line) => new VideoError('VIDEO_NOT_FOUND', line),
  ],
  [
    /private|unavailable|HTTP Error 40[123]|HTTP Error 451|sign in|members-only|age-restricted|not available/i,
    (line) => new VideoError('VIDEO_UNAVAILABLE', line),
  ],
  [/unsupported url|no video formats|requested format/i, (line) => new VideoError('VIDEO_UNSUPPORTED', line)],
  [/timed out|timeout/i, (line) => new TransferError('DOWNLOAD_TIMEOUT', line)],
];

/** yt-dlp. */
export class YtDlpSource implements VideoSource {
  readonly #command: string;
  readonly #limits: VideoLimits;

  constructor(command: string, limits: VideoLimits) {
    this.#command = command;
    this.#limits = limits;
  }

  /** Whether the command is there. */
  static isAtHand(command: string): boolean {
    return spawnSync(command, ['--version'], { stdio: 'ignore', timeout: LOOK_MS_MAX }).status === 0;
  }

  async info(url: URL, signal: AbortSignal): Promise<VideoInfo> {
    const printed = await this.#run(['--dump-single-json', '--format', FORMAT, url.href], signal);
    const found = JSON.parse(printed) as Readonly<Record<string, unknown>>;
    const bytes = [found.filesize, found.filesize_approx].find((value) => typeof value === 'number');
    if (bytes !== undefined && bytes > this.#limits.bytesMax) throw this.#tooLarge();
    const title = typeof found.title === 'string' ? found.title : url.hostname;
    return {
      title: title.slice(0, TITLE_CHARACTERS_MAX),
      mediaType: found.ext === 'webm' ? 'video/webm' : 'video/mp4',
      bytes,
    };
  }

  async download(url: URL, folder: string, signal: AbortSignal): Promise<FetchedVideo> {
    const { bytesMax } = this.#limits;
    const target = path.join(folder, 'video.%(ext)s');
    const options = ['--format', FORMAT, '--max-filesize', String(bytesMax), '--no-part', '--output', target];
    await this.#run([...options, url.href], signal);
    // It ends well, and writes nothing, where the video is larger than it may be.
    const [name] = await readdir(folder);
    if (name === undefined) throw this.#tooLarge();
    const file = path.join(folder, name);
    const { size } = await stat(file);
    if (size > bytesMax) throw this.#tooLarge();
    return { path: file, bytes: size };
  }

  async #run(options: readonly string[], signal: AbortSignal): Promise<string> {
    const late = AbortSignal.timeout(this.#limits.callMsMax);
    const either = AbortSignal.any([signal, late]);
    const common = [
      '--no-playlist',
      '--no-progress',
      '--no-cache-dir',
      '--no-config',
      '--retries',
      '0',
      '--',
    ];
    const [url = ''] = options.slice(-1);
    const child = spawn(this.#command, [...options.slice(0, -1), ...common, url], {
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: either,
      killSignal: 'SIGKILL',
    });
    const printed = textOf(child.stdout);
    const complaints = textOf(child.stderr);
    const code = await ended(child);
    if (signal.aborted) throw signal.reason;
    if (late.aborted)
      throw new TransferError(
        'DOWNLOAD_TIMEOUT',
        `yt-dlp took longer than ${this.#limits.callMsMax / 1000} s`,
      );
    if (code === 0) return printed();
    throw meaningOf(complaints());
  }

  #tooLarge(): VideoError {
    return new VideoError('VIDEO_TOO_LARGE', `the video is larger than ${this.#limits.bytesMax} bytes`);
  }
}

/** The error that yt-dlp's complaints tell of. */
export function meaningOf(complaints: string): DownloadError {
  const lines = complaints.split('\n').filter((line) => line.startsWith('ERROR:'));
  const line = (lines.at(-1) ?? complaints).replace(/^ERROR:\s*/, '').slice(0, 300);
  const meaning = MEANINGS.find(([pattern]) => pattern.test(line));
  return (
    meaning?.[1](line) ?? new TransferError('DOWNLOAD_FAILED', line || 'yt-dlp failed and did not say why')
  );
}

async function ended(child: ChildProcess): Promise<number | null> {
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return code;
  } catch {
    // Aborted, or it could not be started: whoever asked looks which.
    return null;
  }
}

function textOf(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (part: string) => {
    if (text.length < OUTPUT_BYTES_MAX) text += part;
  });
  return () => text;
}
