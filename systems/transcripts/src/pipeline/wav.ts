/**
 * WAV files as all stages here have them: one channel, 16,000 samples a second, 16 bits each.
 *
 *     0  "RIFF"  4  bytes that follow  8  "WAVE"
 *     then chunks, each with 4 characters, its length in 4 bytes, and its content, padded to an even number:
 *     "fmt "  1 (PCM), 1 channel, 16000, 32000 bytes a second, 2 bytes a frame, 16 bits
 *     "data"  the samples
 *
 * Samples are read in blocks, never a whole file: two hours are 230 MB.
 */
import { type FileHandle, open } from 'node:fs/promises';

/** Samples per second. */
export const SAMPLE_RATE = 16_000;
const SAMPLE_BYTES = 2;
/** Where `fmt ` and `data` begin; programs write texts between them, and none so much. */
const HEADER_BYTES_MAX = 65_536;
/** What is read at once. */
const BLOCK_SAMPLES = 5 * SAMPLE_RATE;
const PCM = 1;

/** The file is no such WAV. */
export class WavError extends Error {
  override readonly name = 'WavError';
}

/** A WAV file that is open. */
export class Wav {
  readonly samples: number;
  readonly #file: FileHandle;
  readonly #start: number;

  private constructor(file: FileHandle, start: number, samples: number) {
    this.#file = file;
    this.#start = start;
    this.samples = samples;
  }

  /** @throws WavError where it is none, or one of another format */
  static async open(path: string): Promise<Wav> {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const header = Buffer.alloc(Math.min(size, HEADER_BYTES_MAX));
      await file.read(header, 0, header.length, 0);
      const { start, bytes } = dataIn(header);
      return new Wav(file, start, Math.floor(Math.min(bytes, size - start) / SAMPLE_BYTES));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get seconds(): number {
    return this.samples / SAMPLE_RATE;
  }

  /** Reads samples from `from` up to `to`, as numbers from -1 to 1. */
  async read(from: number, to: number): Promise<Float32Array> {
    const first = Math.max(0, Math.min(from, this.samples));
    const count = Math.max(0, Math.min(to, this.samples) - first);
    const bytes = Buffer.alloc(count * SAMPLE_BYTES);
    await this.#file.read(bytes, 0, bytes.length, this.#start + first * SAMPLE_BYTES);
    const samples = new Float32Array(count);
    for (let i = 0; i < count; i++) samples[i] = bytes.readInt16LE(i * SAMPLE_BYTES) / 32_768;
    return samples;
  }

  /** Reads all samples, block after block. */
  async *blocks(): AsyncGenerator<Float32Array, void, void> {
    for (let at = 0; at < this.samples; at += BLOCK_SAMPLES) yield await this.read(at, at + BLOCK_SAMPLES);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** A WAV file of these samples, which are numbers from -1 to 1; others are cut. */
export function wavOf(samples: Float32Array): Buffer {
  const bytes = samples.length * SAMPLE_BYTES;
  const wav = Buffer.alloc(44 + bytes);
  wav.write('RIFF', 0, 'latin1');
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.write('WAVEfmt ', 8, 'latin1');
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(PCM, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(SAMPLE_RATE, 24);
  wav.writeUInt32LE(SAMPLE_RATE * SAMPLE_BYTES, 28);
  wav.writeUInt16LE(SAMPLE_BYTES, 32);
  wav.writeUInt16LE(SAMPLE_BYTES * 8, 34);
  wav.write('data', 36, 'latin1');
  wav.writeUInt32LE(bytes, 40);
  for (let i = 0; i < samples.length; i++) {
    const sample = Math.round(samples[i]! * 32_768);
    wav.writeInt16LE(Math.max(-32_768, Math.min(32_767, sample)), 44 + i * SAMPLE_BYTES);
  }
  return wav;
}

function dataIn(header: Buffer): { readonly start: number; readonly bytes: number } {
  const name = (at: number): string => header.toString('latin1', at, at + 4);
  if (name(0) !== 'RIFF' || name(8) !== 'WAVE') throw new WavError('this is no WAV file');
  let known = false;
  for (let at = 12; at + 8 <= header.length; ) {
    const [id, bytes] = [name(at), header.readUInt32LE(at + 4)];
    const start = at + 8;
    if (id === 'data') {
      if (!known) throw new WavError('the WAV file does not say what its samples are');
      return { start, bytes };
    }
    if (id === 'fmt ' && start + 16 <= header.length) {
      const format = [0, 2, 14].map((offset) => header.readUInt16LE(start + offset));
      if (
        format[0] !== PCM ||
        format[1] !== 1 ||
        format[2] !== 16 ||
        header.readUInt32LE(start + 4) !== SAMPLE_RATE
      )
        throw new WavError('the WAV file is not PCM of one channel with 16,000 samples of 16 bits a second');
      known = true;
    }
    at = start + bytes + (bytes % 2);
  }
  throw new WavError('the WAV file has no samples');
}
