import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chunksOf, envelopeOf, FRAMES_PER_SECOND } from '../dist/pipeline/chunks.js';
import { chooseEngine } from '../dist/pipeline/engines/choose.js';
import { PocketSphinx, spokenIn } from '../dist/pipeline/engines/pocketsphinx.js';
import { spokenIn as spokenByWhisper } from '../dist/pipeline/engines/whisper.js';
import { runProgram } from '../dist/pipeline/program.js';
import { withSpeakers } from '../dist/pipeline/speakers.js';
import { PIECE_SAMPLES, pitchOf } from '../dist/pipeline/spectrum.js';
import { transcode } from '../dist/pipeline/transcode.js';
import { SAMPLE_RATE, Wav, wavOf } from '../dist/pipeline/wav.js';
import { joined, makeSpecimens, type Specimen, speak, specimen } from '../dist/specimens.js';
import { mediaIn } from '../dist/worker/media-list.js';
import { HAS_TOOLS } from './system.ts';

const { signal } = new AbortController();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'transcripts-pipeline-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A recording as the pipeline has it. */
async function transcoded({ name, content }: Specimen): Promise<{ file: string; wav: Wav }> {
  const [source, file] = [path.join(folder, name), path.join(folder, `16-${name}`)];
  await writeFile(source, content);
  await transcode({ source, target: file, ffmpeg: 'ffmpeg', secondsMax: 60, signal });
  return { file, wav: await Wav.open(file) };
}

/** An envelope of so many seconds each, loud and silent in turn. */
function envelope(...seconds: number[]): Float32Array {
  return Float32Array.from(
    seconds.flatMap((length, i) =>
      new Array<number>(Math.round(length * FRAMES_PER_SECOND)).fill(i % 2 === 0 ? 0.3 : 0),
    ),
  );
}

describe('WAV files', () => {
  test('what is written is read, at any place', async () => {
    const file = path.join(folder, 'property.wav');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: -32_768, max: 32_767 }), { minLength: 1, maxLength: 500 }),
        fc.nat(500),
        fc.nat(500),
        async (values, from, count) => {
          const samples = Float32Array.from(values, (value) => value / 32_768);
          await writeFile(file, wavOf(samples));
          const wav = await Wav.open(file);
          try {
            expect(wav.samples).toBe(samples.length);
            expect(await wav.read(from, from + count)).toEqual(samples.slice(from, from + count));
          } finally {
            await wav.close();
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  test.each([
    ['another format', Buffer.from('not a recording at all, but long enough'), 'this is no WAV file'],
    ['another rate', specimen('x', new Int16Array(9)).content, 'not PCM of one channel with 16,000'],
    ['no samples', wavOf(new Float32Array(3)).subarray(0, 36), 'has no samples'],
  ])('%s is refused', async (_, content, message) => {
    const file = path.join(folder, 'refused.wav');
    await writeFile(file, content);
    await expect(Wav.open(file)).rejects.toThrow(message);
  });
});

describe('chunks', () => {
  const cuts = (of: Float32Array, secondsMax: number): number[] =>
    chunksOf(of, (of.length * SAMPLE_RATE) / FRAMES_PER_SECOND, secondsMax).map(
      ({ end }) => Math.round((100 * end) / SAMPLE_RATE) / 100,
    );

  test('end in the middle of the longest silence that is late enough', () => {
    expect(cuts(envelope(12, 0.4, 8.6, 0.9, 6.1, 0.3, 10), 30)).toEqual([21.44, 38.3]);
  });

  test('end at their whole length where nobody pauses', () => {
    expect(cuts(envelope(75), 30)).toEqual([30, 60, 75]);
  });

  test('cover everything, once, none longer than allowed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 0.5, noNaN: true }), { minLength: 1, maxLength: 900 }),
        fc.integer({ min: 1, max: 9 }),
        (frames, secondsMax) => {
          const chunks = chunksOf(Float32Array.from(frames), frames.length * 320 - 7, secondsMax);
          let at = 0;
          for (const { start, end } of chunks) {
            expect(start).toBe(at);
            expect(end - start).toBeLessThanOrEqual(secondsMax * SAMPLE_RATE);
            expect(end).toBeGreaterThan(start);
            at = end;
          }
          expect(at).toBe(frames.length * 320 - 7);
        },
      ),
    );
  });

  test('in which nobody speaks say so', () => {
    const chunks = chunksOf(envelope(4, 4, 4), 12 * SAMPLE_RATE, 4);
    expect(chunks.map(({ silent }) => silent)).toContain(false);
    expect(chunksOf(new Float32Array(100), 100 * 320, 30)).toMatchObject([{ silent: true }]);
  });
});

test('the pitch of a tone is found, and none in noise', () => {
  for (const hertz of [80, 110, 220, 390]) {
    const tone = Float32Array.from({ length: PIECE_SAMPLES }, (_, i) =>
      Math.sin((2 * Math.PI * hertz * i) / SAMPLE_RATE),
    );
    expect(Math.abs(12 * Math.log2(pitchOf(tone, 0)! / hertz))).toBeLessThan(0.6);
  }
  let state = 1;
  const noise = Float32Array.from({ length: PIECE_SAMPLES }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 31 - 1;
  });
  expect(pitchOf(noise, 0)).toBeUndefined();
});

describe('what engines print', () => {
  test('of pocketsphinx words become segments, cut at pauses', () => {
    const printed = `the people are happy
<s> 0.000 0.060 0.999600
the(2) 0.070 0.200 0.118263
people 0.210 0.530 0.751087
<sil> 0.540 1.400 0.9
are 1.410 1.690 0.500434
[NOISE] 1.700 1.800 0.2
happy 1.810 2.100 0.294275
</s> 2.110 2.300 1.000000
good
<s> 2.310 2.400 1.0
good 2.410 2.800 0.5
</s> 2.810 3.000 1.0
`;
    expect(spokenIn(printed)).toEqual([
      { startSeconds: 0.07, endSeconds: 0.53, text: 'the people' },
      { startSeconds: 1.41, endSeconds: 2.1, text: 'are happy' },
      { startSeconds: 2.41, endSeconds: 2.8, text: 'good' },
    ]);
    expect(spokenIn('')).toEqual([]);
  });

  test('of whisper its own segments, without what is no speech', () => {
    const written = JSON.stringify({
      transcription: [
        { offsets: { from: 0, to: 3040 }, text: ' The people are happy.' },
        { offsets: { from: 3040, to: 5000 }, text: ' [BLANK_AUDIO]' },
        { offsets: { from: 5000, to: 6000 }, text: ' (music)' },
      ],
    });
    expect(spokenByWhisper(written)).toEqual([
      { startSeconds: 0, endSeconds: 3.04, text: 'The people are happy.' },
    ]);
    for (const other of ['', 'null', '{}', '[1]'])
      expect(() => spokenByWhisper(other)).toThrow('another format');
  });
});

test('the engine is what is there, and what cannot be is said', () => {
  const none = { POCKETSPHINX_PATH: '/nowhere/pocketsphinx', WHISPER_PATH: '/nowhere/whisper-cli' };
  expect(chooseEngine(none)).toBeUndefined();
  expect(chooseEngine({ ...none, POCKETSPHINX_PATH: process.execPath })?.backend).toBe('pocketsphinx');
  const model = path.join(folder, 'ggml-tiny.en.bin');
  expect(() => chooseEngine({ ...none, WHISPER_MODEL: model })).toThrow('must be a file of a model');
  expect(() => chooseEngine({ ...none, FORCE_GPU: 'true' })).toThrow('FORCE_GPU is true');
  expect(() => chooseEngine({ ...none, FORCE_GPU: 'perhaps' })).toThrow('must be true or false');
});

test('with a model and whisper-cli it is whisper', async () => {
  const model = path.join(folder, 'ggml-base.en.bin');
  await writeFile(model, '');
  const engine = chooseEngine({ WHISPER_MODEL: model, WHISPER_PATH: process.execPath, FORCE_GPU: '1' });
  expect([engine?.backend, engine?.model]).toEqual(['whisper-cli', 'ggml-base.en']);
  // Whatever is no whisper fails in words.
  await expect(engine?.transcribe(path.join(folder, 'none.wav'), signal)).rejects.toThrow(
    'whisper-cli failed',
  );
});

describe('lists of media', () => {
  test.each([
    ['JSON', '["a.wav", "/b.mp3", "https://other.example/c.ogg"]'],
    ['lines', '#EXTM3U\na.wav\n\n/b.mp3\r\n# more\nhttps://other.example/c.ogg\n'],
  ])('as %s', (_, text) => {
    expect(mediaIn(text, 'http://here.example/list/all')).toEqual([
      'http://here.example/list/a.wav',
      'http://here.example/b.mp3',
      'https://other.example/c.ogg',
    ]);
  });

  test.each([
    ['[]', 'names no media'],
    ['["a.wav", ', 'no list of addresses'],
    ['[7]', 'names 7, which is no address'],
    ['file:///etc/passwd', 'no address of a media'],
    [JSON.stringify(new Array(501).fill('a')), 'names 501 media; 500 are allowed'],
  ])('%.20s is refused', (text, message) => {
    expect(() => mediaIn(text, 'http://here.example/')).toThrow(message);
  });
});

describe.skipIf(!HAS_TOOLS)('with ffmpeg, espeak-ng and pocketsphinx', () => {
  test('words that are spoken are understood, some of them', async () => {
    const { file, wav } = await transcoded(specimen('said.wav', speak('the people are happy')));
    await wav.close();
    const { spoken, loadSeconds } = await new PocketSphinx('pocketsphinx_continuous').transcribe(
      file,
      signal,
    );
    const words = spoken.flatMap(({ text }) => text.split(' '));
    expect(words).toEqual(expect.arrayContaining(['people', 'happy']));
    expect(loadSeconds).toBeGreaterThan(0);
    for (const { startSeconds, endSeconds } of spoken) expect(endSeconds).toBeGreaterThan(startSeconds);
  });

  test('two voices are two speakers, each of whom speaks twice, and one is one', async () => {
    const voices = ['en-us+f3', 'en-us', 'en-us+f3', 'en-us'];
    const texts = ['good morning everybody', 'how are you today', 'we want to go home', 'that is all right'];
    const parts = texts.map((text, i) => speak(text, voices[i]));
    const { wav } = await transcoded(specimen('talk.wav', joined(parts)));
    let at = 0;
    const spoken = parts.map((part, i) => {
      const said = { startSeconds: at, endSeconds: at + part.length / 22_050, text: texts[i]! };
      at = said.endSeconds + 0.7;
      return said;
    });
    const speakers = async (said: typeof spoken): Promise<number[]> =>
      (await withSpeakers(wav, said, signal)).map(({ speaker }) => speaker);
    expect(await speakers(spoken)).toEqual([1, 2, 1, 2]);
    expect(await speakers([spoken[1]!, spoken[3]!])).toEqual([1, 1]);
    expect(await speakers([])).toEqual([]);
    await wav.close();
  });

  test('without espeak-ng recordings hum in two voices, which are two speakers', async () => {
    process.env.ESPEAK_PATH = '/nowhere/espeak-ng';
    const made = makeSpecimens();
    delete process.env.ESPEAK_PATH;
    expect(made.speech.map(({ name }) => name)).toEqual(makeSpecimens().speech.map(({ name }) => name));
    const { wav } = await transcoded(made.dialogues[0]!);
    // The vowels of two sentences, a fifth of a second each, and a pause.
    const spoken = [
      { startSeconds: 0, endSeconds: 1.4, text: '' },
      { startSeconds: 2.3, endSeconds: wav.seconds, text: '' },
    ];
    const speakers = (await withSpeakers(wav, spoken, signal)).map(({ speaker }) => speaker);
    expect(speakers).toEqual([1, 2]);
    await wav.close();
  });

  test('silence is one silent chunk, whatever its rate was', async () => {
    const { wav } = await transcoded(makeSpecimens().silence);
    expect(chunksOf(await envelopeOf(wav), wav.samples, 30)).toMatchObject([{ start: 0, silent: true }]);
    expect(wav.seconds).toBeCloseTo(2, 1);
    await wav.close();
  });

  test('what is no media fails in words, and so does a program that is not there', async () => {
    await expect(transcoded(makeSpecimens().broken)).rejects.toThrow(/has no sound that can be read: .+/);
    const missing = { source: '/none', target: '/none', ffmpeg: '/nowhere/ffmpeg', secondsMax: 1, signal };
    await expect(transcode(missing)).rejects.toThrow('ffmpeg is not installed here');
  });
});

test('a program ends when a signal says so, and when it prints too much', async () => {
  const stop = new AbortController();
  const endless = ['-e', 'setInterval(() => console.log("y".repeat(1e6)), 1)'];
  const run = (signal: AbortSignal): Promise<unknown> =>
    runProgram({ program: process.execPath, args: endless, signal });
  const stopped = run(stop.signal);
  stop.abort(new Error('enough'));
  await expect(stopped).rejects.toThrow('enough');
  await expect(run(signal)).rejects.toThrow('printed more than 20000000 characters');
});
