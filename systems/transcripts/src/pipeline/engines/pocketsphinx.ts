/**
 * Transcribes by pocketsphinx, as Debian has it (`pocketsphinx` and `pocketsphinx-en-us`, version 0.8+5prealpha): weak
 * beside what is trained today, but it needs a second and 100 MB, and no model from elsewhere.
 *
 *     pocketsphinx_continuous -infile chunk.wav -time yes
 *
 * prints each utterance, then its words with begin, end (seconds from the beginning of the file) and probability:
 *
 *     the people are happy
 *     <s> 0.000 0.060 0.999600
 *     the(2) 1.700 1.920 0.118263
 *     people 1.930 2.530 0.751087
 *     </s> 2.540 3.710 1.000000
 *
 * `(2)` says which pronunciation it was; what stands in brackets is no word. Words are joined until the next pause.
 */
import { shortened, VideoFailed } from '../failure.ts';
import { runProgram } from '../program.ts';
import type { Engine, Spoken, Transcription } from './engine.ts';

const WORD = /^(\S+) (\d+\.\d+) (\d+\.\d+) \d+\.\d+$/;
const PRONUNCIATION = /\(\d+\)$/;
const NO_WORD = /^(<.*>|\[.*\]|\+\+.*\+\+)$/;
/** A pause of so long ends a segment. */
const PAUSE_SECONDS = 0.35;
/** A segment of so long ends with its next word, so that a line of subtitles can be read. */
const SEGMENT_SECONDS_MAX = 8;
/** Printed when the model is there, before the file is read. */
const LOADED = /COMPILED ON/;

/** pocketsphinx with its model of American English. */
export class PocketSphinx implements Engine {
  readonly model = 'en-us';
  readonly backend = 'pocketsphinx';
  readonly #program: string;

  constructor(program: string) {
    this.#program = program;
  }

  async transcribe(file: string, signal: AbortSignal): Promise<Transcription> {
    const beganMs = performance.now();
    let loadSeconds: number | undefined;
    const { code, stdout, stderr } = await runProgram({
      program: this.#program,
      args: ['-infile', file, '-time', 'yes'],
      signal,
      onErrorLine: (line) => {
        if (loadSeconds === undefined && LOADED.test(line))
          loadSeconds = (performance.now() - beganMs) / 1000;
      },
    }).catch((error: Error) => {
      signal.throwIfAborted();
      throw new VideoFailed(`pocketsphinx cannot be run: ${error.message}`);
    });
    if (code !== 0)
      throw new VideoFailed(`pocketsphinx failed: ${shortened(stderr.at(-1) ?? `exit code ${code}`)}`);
    return { spoken: spokenIn(stdout), loadSeconds };
  }
}

/** Reads what pocketsphinx prints. */
export function spokenIn(printed: string): Spoken[] {
  const spoken: Spoken[] = [];
  let words: string[] = [];
  let [start, end] = [0, 0];
  const finish = (): void => {
    if (words.length > 0) spoken.push({ startSeconds: start, endSeconds: end, text: words.join(' ') });
    words = [];
  };
  for (const line of printed.split('\n')) {
    const match = WORD.exec(line.trim());
    if (match === null) continue;
    const word = match[1]!.replace(PRONUNCIATION, '');
    const [from, to] = [Number(match[2]), Number(match[3])];
    if (word === '<s>' || word === '</s>') finish();
    if (NO_WORD.test(word)) continue;
    if (words.length > 0 && (from - end >= PAUSE_SECONDS || to - start > SEGMENT_SECONDS_MAX)) finish();
    if (words.length === 0) start = from;
    words.push(word);
    end = to;
  }
  finish();
  return spoken;
}
