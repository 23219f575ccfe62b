/**
 * Transcribes by `whisper-cli` of whisper.cpp, with a model in its format (`ggml-base.en.bin`).
 *
 *     whisper-cli -m ggml-base.en.bin -f chunk.wav -oj -of chunk -l auto
 *
 * writes `chunk.json`, of which this is read (times in milliseconds):
 *
 *     { "transcription": [{ "offsets": { "from": 0, "to": 3040 }, "text": " The people are happy." }] }
 *
 * and says on `stderr` how long the model took to load, and whether there is a GPU:
 *
 *     whisper_print_timings:     load time =   147.14 ms
 *     whisper_backend_init_gpu: no GPU found
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { shortened, VideoFailed } from '../failure.ts';
import { runProgram } from '../program.ts';
import type { Engine, Spoken, Transcription } from './engine.ts';

const LOAD_TIME = /load time =\s*([\d.]+) ms/;
const NO_GPU = /no GPU found/;
/** What whisper says where nobody speaks: `[BLANK_AUDIO]`, `(music)`. */
const NO_WORDS = /^[[(].*[\])]$/;

/** What a {@link Whisper} is made of. */
export interface WhisperOptions {
  readonly program: string;
  readonly model: string;
  /** `auto`, or `de`. */
  readonly language: string;
  /** Whether a chunk fails where whisper finds no GPU, rather than to take ten times as long. */
  readonly forceGpu: boolean;
}

/** whisper.cpp with a model. */
export class Whisper implements Engine {
  readonly model: string;
  readonly backend = 'whisper-cli';
  readonly #options: WhisperOptions;

  constructor(options: WhisperOptions) {
    this.#options = options;
    this.model = path.parse(options.model).name;
  }

  async transcribe(file: string, signal: AbortSignal): Promise<Transcription> {
    const { program, model, language, forceGpu } = this.#options;
    const output = file.replace(/\.wav$/, '');
    let loadSeconds: number | undefined;
    let noGpu = false;
    const { code, stderr } = await runProgram({
      program,
      args: ['-m', model, '-f', file, '-oj', '-of', output, '-l', language],
      signal,
      onErrorLine: (line) => {
        const ms = LOAD_TIME.exec(line)?.[1];
        if (ms !== undefined) loadSeconds = Number(ms) / 1000;
        noGpu ||= NO_GPU.test(line);
      },
    }).catch((error: Error) => {
      signal.throwIfAborted();
      throw new VideoFailed(`whisper-cli cannot be run: ${error.message}`);
    });
    if (forceGpu && noGpu) throw new VideoFailed('FORCE_GPU is true, and whisper-cli finds no GPU');
    if (code !== 0)
      throw new VideoFailed(`whisper-cli failed: ${shortened(stderr.at(-1) ?? `exit code ${code}`)}`);
    const written = await readFile(`${output}.json`, 'utf8').catch(() => {
      throw new VideoFailed('whisper-cli wrote no transcript');
    });
    return { spoken: spokenIn(written), loadSeconds };
  }
}

/**
 * Reads what whisper writes.
 * @throws VideoFailed where it is something else
 */
export function spokenIn(written: string): Spoken[] {
  let segments: unknown;
  try {
    segments = (JSON.parse(written) as { transcription?: unknown } | null)?.transcription;
  } catch {
    // Said below.
  }
  if (!Array.isArray(segments)) throw new VideoFailed('whisper-cli wrote a transcript of another format');
  return segments.flatMap((segment: { offsets?: { from?: unknown; to?: unknown }; text?: unknown }) => {
    const { from, to } = segment.offsets ?? {};
    const text = typeof segment.text === 'string' ? segment.text.trim() : '';
    if (typeof from !== 'number' || typeof to !== 'number' || text === '' || NO_WORDS.test(text)) return [];
    return [{ startSeconds: from / 1000, endSeconds: to / 1000, text }];
  });
}
