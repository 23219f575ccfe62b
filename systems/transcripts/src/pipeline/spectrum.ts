/**
 * What a short piece of sound is like: cepstral coefficients of its spectrum, and its pitch.
 *
 * The coefficients are those of Davis and Mermelstein, "Comparison of parametric representations for monosyllabic word
 * recognition" (1980): a Hamming window, the power spectrum, the energies of triangular filters that are spaced evenly
 * in mel, their logarithms, and of these the discrete cosine transform, without its first value, which is the loudness.
 *
 * The pitch is the lag at which the normalised autocorrelation is highest (Rabiner, "On the use of autocorrelation
 * analysis for pitch detection", 1977); a piece whose correlation stays below {@link VOICED_MIN} has none, since
 * nobody's voice cords swing in it. It is looked for in every second sample, which takes a quarter of the time and is
 * exact to half a semitone.
 */
import { SAMPLE_RATE } from './wav.ts';

/** Samples of a piece, 32 ms: two periods of the lowest voice. */
export const PIECE_SAMPLES = 512;
/** Coefficients of a piece. */
export const COEFFICIENTS = 12;
const FILTERS = 26;
const FILTERS_FROM_HZ = 100;
const FILTERS_TO_HZ = 7_000;
const BINS = PIECE_SAMPLES / 2;
const PITCH_RATE = SAMPLE_RATE / 2;
const PITCH_SAMPLES = PIECE_SAMPLES / 2;
const PITCH_HZ_MIN = 65;
const PITCH_HZ_MAX = 400;
const VOICED_MIN = 0.5;
/** Of two lags that correlate nearly as well, the shorter one is the period, and the longer one twice it. */
const OCTAVE_SHARE = 0.9;
/** So that silence has a logarithm. */
const FLOOR = 1e-10;

const HAMMING = Float64Array.from(
  { length: PIECE_SAMPLES },
  (_, i) => 0.54 - 0.46 * Math.cos((2 * Math.PI * i) / (PIECE_SAMPLES - 1)),
);
const FILTER_BANK = filterBank();
const COSINES = Array.from({ length: COEFFICIENTS }, (_, k) =>
  Float64Array.from({ length: FILTERS }, (_, m) => Math.cos((Math.PI * (k + 1) * (m + 0.5)) / FILTERS)),
);

/** The cepstral coefficients of the piece that begins at `at`. */
export function cepstrumOf(samples: Float32Array, at: number): Float64Array {
  const real = new Float64Array(PIECE_SAMPLES);
  const imaginary = new Float64Array(PIECE_SAMPLES);
  for (let i = 0; i < PIECE_SAMPLES; i++) real[i] = samples[at + i]! * HAMMING[i]!;
  transform(real, imaginary);
  const logs = FILTER_BANK.map((weights) => {
    let energy = FLOOR;
    for (let bin = 0; bin < BINS; bin++)
      energy += weights[bin]! * (real[bin]! * real[bin]! + imaginary[bin]! * imaginary[bin]!);
    return Math.log(energy);
  });
  return Float64Array.from(COSINES, (cosines) => {
    let sum = 0;
    for (let m = 0; m < FILTERS; m++) sum += cosines[m]! * logs[m]!;
    return sum / FILTERS;
  });
}

/** The pitch in hertz of the piece that begins at `at`; undefined where it has none. */
export function pitchOf(samples: Float32Array, at: number): number | undefined {
  const piece = new Float64Array(PITCH_SAMPLES);
  for (let i = 0; i < PITCH_SAMPLES; i++) piece[i] = samples[at + 2 * i]! + samples[at + 2 * i + 1]!;
  const shortest = Math.floor(PITCH_RATE / PITCH_HZ_MAX);
  const longest = Math.ceil(PITCH_RATE / PITCH_HZ_MIN);
  const correlations = new Float64Array(longest + 1);
  let best = 0;
  for (let lag = shortest; lag <= longest; lag++) {
    let [product, early, late] = [0, FLOOR, FLOOR];
    for (let i = 0; i + lag < PITCH_SAMPLES; i++) {
      const [a, b] = [piece[i]!, piece[i + lag]!];
      product += a * b;
      early += a * a;
      late += b * b;
    }
    correlations[lag] = product / Math.sqrt(early * late);
    best = Math.max(best, correlations[lag]!);
  }
  if (best < VOICED_MIN) return undefined;
  for (let lag = shortest + 1; lag < longest; lag++) {
    const here = correlations[lag]!;
    const isPeak = here >= correlations[lag - 1]! && here >= correlations[lag + 1]!;
    if (isPeak && here >= best * OCTAVE_SHARE) return PITCH_RATE / lag;
  }
  return undefined;
}

/** The weight of each bin of the spectrum in each filter. */
function filterBank(): Float64Array[] {
  const mel = (hz: number): number => 2595 * Math.log10(1 + hz / 700);
  const hertz = (mels: number): number => 700 * (10 ** (mels / 2595) - 1);
  const [low, high] = [mel(FILTERS_FROM_HZ), mel(FILTERS_TO_HZ)];
  const edges = Array.from(
    { length: FILTERS + 2 },
    (_, i) => (hertz(low + ((high - low) * i) / (FILTERS + 1)) * PIECE_SAMPLES) / SAMPLE_RATE,
  );
  return Array.from({ length: FILTERS }, (_, m) => {
    const [from, middle, to] = [edges[m]!, edges[m + 1]!, edges[m + 2]!];
    return Float64Array.from({ length: BINS }, (_, bin) =>
      Math.max(0, Math.min((bin - from) / (middle - from), (to - bin) / (to - middle))),
    );
  });
}

/** The discrete Fourier transform in place, by Cooley and Tukey's algorithm with base 2. */
function transform(real: Float64Array, imaginary: Float64Array): void {
  const length = real.length;
  for (let i = 1, j = 0; i < length; i++) {
    let bit = length >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [real[i], real[j]] = [real[j]!, real[i]!];
      [imaginary[i], imaginary[j]] = [imaginary[j]!, imaginary[i]!];
    }
  }
  for (let size = 2; size <= length; size *= 2) {
    const angle = (-2 * Math.PI) / size;
    for (let start = 0; start < length; start += size) {
      for (let k = 0; k < size / 2; k++) {
        const [cos, sin] = [Math.cos(angle * k), Math.sin(angle * k)];
        const [a, b] = [start + k, start + k + size / 2];
        const re = real[b]! * cos - imaginary[b]! * sin;
        const im = real[b]! * sin + imaginary[b]! * cos;
        real[b] = real[a]! - re;
        imaginary[b] = imaginary[a]! - im;
        real[a] = real[a]! + re;
        imaginary[a] = imaginary[a]! + im;
      }
    }
  }
}
