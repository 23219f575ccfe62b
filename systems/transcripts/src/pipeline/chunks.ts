/**
 * Where a recording is cut into chunks: in the middle of a silence where there is one, never within a word if it can
 * be helped.
 *
 *     1. the loudness of each frame of 20 ms, as its root mean square
 *     2. a frame is silent below a share of the loud frames (their 95th percentile), and always below -50 dB
 *     3. from the beginning of a chunk, the longest silence of at least 0.2 s that lies between half of the length of a
 *        chunk and its whole length is where it ends; where there is none, it ends at its whole length
 *
 * Worked example, chunks of 30 s at most: speech with pauses at 12.0-12.4 s, 21.0-21.9 s and 28.0-28.3 s is cut at
 * 21.45 s.
 *
 * A chunk in which every frame is silent has nothing to transcribe, and says so.
 */
import { SAMPLE_RATE, type Wav } from './wav.ts';

/** Frames per second of the envelope. */
export const FRAMES_PER_SECOND = 50;
const FRAME_SAMPLES = SAMPLE_RATE / FRAMES_PER_SECOND;
/** -50 dB of what a sample can be. */
const SILENT_ALWAYS = 0.003;
/** -26 dB of what is loud in this recording. */
const SILENT_SHARE = 0.05;
const LOUD_PERCENTILE = 0.95;
const SILENCE_SECONDS_MIN = 0.2;
/** A chunk is not shorter than this share of the length that it may have, but for the last one. */
const SHARE_MIN = 0.5;

/** A part of a recording, in samples. */
export interface Chunk {
  readonly start: number;
  readonly end: number;
  readonly silent: boolean;
}

/** The loudness of each frame, from 0 to 1. */
export async function envelopeOf(wav: Wav): Promise<Float32Array> {
  const envelope = new Float32Array(Math.ceil(wav.samples / FRAME_SAMPLES));
  let frame = 0;
  // Blocks hold whole frames, but for the last one.
  for await (const block of wav.blocks()) {
    for (let at = 0; at < block.length; at += FRAME_SAMPLES) {
      const end = Math.min(at + FRAME_SAMPLES, block.length);
      let sum = 0;
      for (let i = at; i < end; i++) sum += block[i]! * block[i]!;
      envelope[frame++] = Math.sqrt(sum / (end - at));
    }
  }
  return envelope;
}

/** Below which a frame of this envelope is silent. */
export function silenceOf(envelope: Float32Array): number {
  const sorted = envelope.slice().sort();
  const loud = sorted[Math.floor(sorted.length * LOUD_PERCENTILE)] ?? 0;
  return Math.max(SILENT_ALWAYS, loud * SILENT_SHARE);
}

/** Cuts a recording into chunks of at most so many seconds. */
export function chunksOf(envelope: Float32Array, samples: number, secondsMax: number): Chunk[] {
  const silence = silenceOf(envelope);
  const longest = Math.round(secondsMax * FRAMES_PER_SECOND);
  const chunks: Chunk[] = [];
  for (let start = 0; start < envelope.length; ) {
    const rest = envelope.length - start;
    const end = rest <= longest ? envelope.length : cutOf(envelope, silence, start, start + longest);
    chunks.push({
      start: start * FRAME_SAMPLES,
      end: Math.min(end * FRAME_SAMPLES, samples),
      silent: isSilent(envelope, silence, start, end),
    });
    start = end;
  }
  return chunks;
}

/** The frame at which a chunk ends that begins at `start` and may reach to `last`. */
function cutOf(envelope: Float32Array, silence: number, start: number, last: number): number {
  const first = start + Math.ceil((last - start) * SHARE_MIN);
  let [best, bestLength] = [last, SILENCE_SECONDS_MIN * FRAMES_PER_SECOND - 1];
  let began = first;
  for (let frame = first; frame <= last; frame++) {
    if (frame < last && envelope[frame]! < silence) continue;
    if (frame - began > bestLength) {
      best = began + Math.floor((frame - began) / 2);
      bestLength = frame - began;
    }
    began = frame + 1;
  }
  return best;
}

function isSilent(envelope: Float32Array, silence: number, start: number, end: number): boolean {
  for (let frame = start; frame < end; frame++) if (envelope[frame]! >= silence) return false;
  return true;
}
