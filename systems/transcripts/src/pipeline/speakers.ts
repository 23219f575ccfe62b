/**
 * Tells speakers apart: which segments of a recording were said by the same voice.
 *
 *     1. each segment is described by its voiced pieces: the median of their pitch, and the mean of their cepstral
 *        coefficients (`spectrum.ts`), which follow the shape of a mouth and throat
 *     2. two segments are as far apart as their pitches, in semitones, and their coefficients, both in units of what
 *        one voice varies by
 *     3. the nearest two groups of segments are joined, again and again (agglomerative clustering with average linkage:
 *        Chen and Gopalakrishnan, "Speaker, environment and channel change detection and clustering", 1998), until the
 *        nearest are further apart than {@link DISTANCE_MAX}
 *
 * A segment without voice, or shorter than what its voice shows in, is given the speaker of the one before it.
 *
 * Its limits: it knows voices only by how high and how bright they are. Two people who sound alike are one speaker; one
 * who whispers or shouts may be two; of two who speak at once it sees one; and a segment in which two speak in turn
 * without a pause belongs to one of them.
 */
import type { Spoken } from './engines/engine.ts';
import { COEFFICIENTS, cepstrumOf, PIECE_SAMPLES, pitchOf } from './spectrum.ts';
import { SAMPLE_RATE, type Wav } from './wav.ts';

/** Every 20 ms a piece. */
const STEP_SAMPLES = SAMPLE_RATE / 50;
/** Of a segment as much is looked at. */
const SECONDS_MAX = 6;
/** A voice shows in four tenths of a second of vowels; in less, the end of a sentence is lower than a voice is. */
const PIECES_MIN = 20;
/** By how much the pitch of one voice varies from sentence to sentence. */
const PITCH_SEMITONES = 3;
/** By how much the coefficients of one voice do, all together. */
const CEPSTRUM_SPREAD = 0.5;
/** Groups that are further apart are different people. */
export const DISTANCE_MAX = 2.2;
/** More segments are joined to the nearest group that there is; every pair costs. */
export const CLUSTERED_MAX = 400;

/** Something that was said, and by whom. */
export interface Segment extends Spoken {
  /** From 1, in the order in which they first speak. */
  readonly speaker: number;
}

interface Voice {
  readonly semitones: number;
  readonly cepstrum: Float64Array;
}

/** Says of each segment who said it. */
export async function withSpeakers(
  wav: Wav,
  spoken: readonly Spoken[],
  signal: AbortSignal,
): Promise<Segment[]> {
  const voices: (Voice | undefined)[] = [];
  for (const { startSeconds, endSeconds } of spoken) {
    signal.throwIfAborted();
    const from = Math.floor(startSeconds * SAMPLE_RATE);
    const to = Math.min(Math.ceil(endSeconds * SAMPLE_RATE), from + SECONDS_MAX * SAMPLE_RATE);
    voices.push(voiceOf(await wav.read(from, to)));
  }
  const groups = groupsOf(voices.filter((voice) => voice !== undefined));
  const numbers = new Map<number, number>();
  let [at, speaker] = [0, 1];
  return spoken.map((said, i) => {
    if (voices[i] !== undefined) {
      const group = groups[at++]!;
      speaker = numbers.get(group) ?? numbers.size + 1;
      numbers.set(group, speaker);
    }
    return { ...said, speaker };
  });
}

/** What a voice is like; undefined where too little of it is heard. */
function voiceOf(samples: Float32Array): Voice | undefined {
  const pitches: number[] = [];
  const sums = new Float64Array(COEFFICIENTS);
  for (let at = 0; at + PIECE_SAMPLES <= samples.length; at += STEP_SAMPLES) {
    const pitch = pitchOf(samples, at);
    if (pitch === undefined) continue;
    pitches.push(pitch);
    const cepstrum = cepstrumOf(samples, at);
    for (let k = 0; k < COEFFICIENTS; k++) sums[k] = sums[k]! + cepstrum[k]!;
  }
  if (pitches.length < PIECES_MIN) return undefined;
  pitches.sort((a, b) => a - b);
  const semitones = 12 * Math.log2(pitches[Math.floor(pitches.length / 2)]!);
  return { semitones, cepstrum: sums.map((sum) => sum / pitches.length) };
}

function distance(a: Voice, b: Voice): number {
  const pitch = (a.semitones - b.semitones) / PITCH_SEMITONES;
  let square = 0;
  for (let k = 0; k < COEFFICIENTS; k++) square += (a.cepstrum[k]! - b.cepstrum[k]!) ** 2;
  return Math.hypot(pitch, Math.sqrt(square) / CEPSTRUM_SPREAD);
}

/** The group of each voice. */
function groupsOf(voices: readonly Voice[]): number[] {
  const clustered = voices.slice(0, CLUSTERED_MAX);
  const groups = clustered.map((_, i) => [i]);
  const between = clustered.map((a) => clustered.map((b) => distance(a, b)));
  const linkage = (a: readonly number[], b: readonly number[]): number => {
    let sum = 0;
    for (const i of a) for (const j of b) sum += between[i]![j]!;
    return sum / (a.length * b.length);
  };
  const linkages = groups.map((a) => groups.map((b) => linkage(a, b)));
  while (groups.length > 1) {
    let [nearest, first, second] = [Number.POSITIVE_INFINITY, 0, 0];
    for (let i = 0; i < groups.length; i++)
      for (let j = i + 1; j < groups.length; j++)
        if (linkages[i]![j]! < nearest) [nearest, first, second] = [linkages[i]![j]!, i, j];
    if (nearest > DISTANCE_MAX) break;
    groups[first]!.push(...groups.splice(second, 1)[0]!);
    linkages.splice(second, 1);
    for (const row of linkages) row.splice(second, 1);
    for (let i = 0; i < groups.length; i++)
      linkages[i]![first] = linkages[first]![i] = linkage(groups[i]!, groups[first]!);
  }
  const found = new Array<number>(voices.length).fill(0);
  for (const [group, members] of groups.entries()) for (const i of members) found[i] = group;
  for (let i = CLUSTERED_MAX; i < voices.length; i++) found[i] = nearestOf(voices[i]!, groups, clustered);
  return found;
}

function nearestOf(voice: Voice, groups: readonly number[][], clustered: readonly Voice[]): number {
  let [nearest, found] = [Number.POSITIVE_INFINITY, 0];
  for (const [group, members] of groups.entries()) {
    const mean = members.reduce((sum, i) => sum + distance(voice, clustered[i]!), 0) / members.length;
    if (mean < nearest) [nearest, found] = [mean, group];
  }
  return found;
}
