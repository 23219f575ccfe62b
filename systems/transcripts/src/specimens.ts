/**
 * What the visitors' media library holds: speech of one and of two voices, music and silence; made, not stored.
 *
 * Speech is made by `espeak-ng` where that is installed; otherwise by harmonics of a voice's pitch that swell and fade
 * as syllables do, of which an engine understands nothing, but which all stages work on.
 */
import { spawnSync } from 'node:child_process';

/** A recording. */
export interface Specimen {
  readonly name: string;
  /** A WAV file. */
  readonly content: Buffer;
}

const SAMPLE_RATE = 22_050;
const SAMPLE_BYTES = 2;
const HEADER_BYTES = 44;
const PAUSE_SECONDS = 0.7;
const LOUDNESS = 12_000;
const ESPEAK_BYTES_MAX = 10_000_000;

/** Of espeak's voices; by pitch and timbre nobody takes one for the other. */
const VOICES = [
  { name: 'en-us', pitchHz: 110 },
  { name: 'en-us+f3', pitchHz: 210 },
] as const;

type Voice = (typeof VOICES)[number];

/** Short, and such as weak engines understand some of. */
export const SENTENCES = [
  'the people are happy',
  'good morning everybody',
  'the company has a new product',
  'we are going to the market',
  'we want to go home',
] as const;

/** Recordings by what they are. */
export interface Specimens {
  readonly speech: readonly Specimen[];
  readonly dialogues: readonly Specimen[];
  readonly music: Specimen;
  readonly silence: Specimen;
  /** The beginning of a recording, and then something else. */
  readonly broken: Specimen;
}

/** Whether speech can be made that engines understand. */
export function hasEspeak(program = espeak()): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Makes all recordings. */
export function makeSpecimens(): Specimens {
  const spoken = hasEspeak();
  const say = (text: string, voice: Voice): Int16Array =>
    spoken ? speak(text, voice.name) : hum(text, voice.pitchHz);
  const [low, high] = VOICES;
  const speech = SENTENCES.map((text, i) =>
    specimen(`speech-${i + 1}.wav`, say(text, i % 3 === 2 ? low : high)),
  );
  const dialogues = [0, 2].map((i) =>
    specimen(`dialogue-${i / 2 + 1}.wav`, joined([say(SENTENCES[i]!, high), say(SENTENCES[i + 1]!, low)])),
  );
  const broken = Buffer.from(speech[0]!.content.subarray(0, 2_000)).fill(0x5a, 8, 2_000);
  return {
    speech,
    dialogues,
    music: specimen('music.wav', melody([262, 330, 392, 523])),
    silence: specimen('silence.wav', new Int16Array(2 * SAMPLE_RATE)),
    broken: { name: 'broken.wav', content: broken },
  };
}

/** Recordings one after the other, with pauses between them. */
export function joined(parts: readonly Int16Array[]): Int16Array {
  const pause = Math.round(PAUSE_SECONDS * SAMPLE_RATE);
  const whole = new Int16Array(parts.reduce((sum, part) => sum + part.length + pause, -pause));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length + pause;
  }
  return whole;
}

/** What espeak makes of a text. */
export function speak(text: string, voice: string = VOICES[1].name): Int16Array {
  const { stdout, status, error } = spawnSync(espeak(), ['-v', voice, '-s', '130', '--stdout', text], {
    maxBuffer: ESPEAK_BYTES_MAX,
  });
  if (status !== 0) throw new Error(`espeak-ng failed: ${error?.message ?? `exit code ${status}`}`);
  const samples = new Int16Array(Math.floor((stdout.length - HEADER_BYTES) / SAMPLE_BYTES));
  for (let i = 0; i < samples.length; i++) samples[i] = stdout.readInt16LE(HEADER_BYTES + i * SAMPLE_BYTES);
  return samples;
}

/** A recording as a WAV file. */
export function specimen(name: string, samples: Int16Array): Specimen {
  const content = Buffer.alloc(HEADER_BYTES + samples.length * SAMPLE_BYTES);
  content.write('RIFF', 0, 'latin1');
  content.writeUInt32LE(content.length - 8, 4);
  content.write('WAVEfmt ', 8, 'latin1');
  content.writeUInt32LE(16, 16);
  content.writeUInt16LE(1, 20);
  content.writeUInt16LE(1, 22);
  content.writeUInt32LE(SAMPLE_RATE, 24);
  content.writeUInt32LE(SAMPLE_RATE * SAMPLE_BYTES, 28);
  content.writeUInt16LE(SAMPLE_BYTES, 32);
  content.writeUInt16LE(SAMPLE_BYTES * 8, 34);
  content.write('data', 36, 'latin1');
  content.writeUInt32LE(samples.length * SAMPLE_BYTES, 40);
  for (const [i, sample] of samples.entries()) content.writeInt16LE(sample, HEADER_BYTES + i * SAMPLE_BYTES);
  return { name, content };
}

function espeak(): string {
  return process.env.ESPEAK_PATH || 'espeak-ng';
}

/** A syllable for each vowel, at the pitch of a voice. */
function hum(text: string, pitchHz: number): Int16Array {
  const syllables = Math.max(2, text.replace(/[^aeiou]/g, '').length);
  const each = Math.round(0.2 * SAMPLE_RATE);
  const samples = new Int16Array(syllables * each);
  for (let i = 0; i < samples.length; i++) {
    const swell = Math.sin((Math.PI * (i % each)) / each);
    let sum = 0;
    for (let harmonic = 1; harmonic <= 8; harmonic++)
      sum += Math.sin((2 * Math.PI * pitchHz * harmonic * i) / SAMPLE_RATE) / harmonic;
    samples[i] = Math.round((LOUDNESS * swell * sum) / 2);
  }
  return samples;
}

function melody(hertz: readonly number[]): Int16Array {
  const each = Math.round(0.6 * SAMPLE_RATE);
  const samples = new Int16Array(hertz.length * each);
  for (let i = 0; i < samples.length; i++) {
    const fade = Math.exp((-4 * (i % each)) / each);
    samples[i] = Math.round(
      LOUDNESS * fade * Math.sin((2 * Math.PI * hertz[Math.floor(i / each)]! * i) / SAMPLE_RATE),
    );
  }
  return samples;
}
