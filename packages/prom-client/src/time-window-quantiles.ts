/**
 * Quantiles of what was observed in a sliding window: a ring of t-digests, each of which takes every observation.
 * One is shown, the oldest; when it has reached the age of the window it is emptied and the next one is shown, so
 * that what is shown is about the window, give or take a bucket.
 */
import { TDigest } from 'tdigest';

export class TimeWindowQuantiles {
  readonly maxAgeSeconds: number;
  readonly ageBuckets: number;
  readonly shouldRotate: boolean;
  readonly ringBuffer: TDigest[];
  currentBuffer = 0;
  lastRotateTimestampMillis: number = Date.now();
  /** Infinity where the window does not move. */
  readonly durationBetweenRotatesMillis: number;

  /** Without both of its arguments the window is all time. */
  constructor(maxAgeSeconds: number | undefined, ageBuckets: number | undefined) {
    this.maxAgeSeconds = maxAgeSeconds || 0;
    this.ageBuckets = ageBuckets || 0;
    this.shouldRotate = this.maxAgeSeconds > 0 && this.ageBuckets > 0;
    this.durationBetweenRotatesMillis = this.shouldRotate
      ? (this.maxAgeSeconds * 1000) / this.ageBuckets
      : Number.POSITIVE_INFINITY;
    this.ringBuffer = Array.from({ length: this.shouldRotate ? this.ageBuckets : 1 }, () => new TDigest());
  }

  /** How many centroids the window has; 0 where nothing was observed in it. */
  size(): number {
    return this.#current().size();
  }

  percentile(quantile: number): number | undefined {
    return this.#current().percentile(quantile);
  }

  push(value: number): void {
    if (this.shouldRotate) this.#rotate(Date.now());
    for (let i = 0; i < this.ringBuffer.length; i++) this.ringBuffer[i]!.push(value);
  }

  reset(): void {
    for (const digest of this.ringBuffer) digest.reset();
  }

  compress(): void {
    for (const digest of this.ringBuffer) digest.compress();
  }

  #current(): TDigest {
    if (this.shouldRotate) this.#rotate(Date.now());
    return this.ringBuffer[this.currentBuffer]!;
  }

  #rotate(nowMs: number): void {
    const step = this.durationBetweenRotatesMillis;
    let passed = nowMs - this.lastRotateTimestampMillis;
    if (passed > step * this.ringBuffer.length) {
      // Everything is older than the window, however long nobody has looked.
      const skipped = Math.floor(passed / step) - this.ringBuffer.length;
      this.lastRotateTimestampMillis += skipped * step;
      this.currentBuffer = (this.currentBuffer + skipped) % this.ringBuffer.length;
      passed -= skipped * step;
    }
    for (; passed > step; passed -= step) {
      this.ringBuffer[this.currentBuffer] = new TDigest();
      this.currentBuffer = (this.currentBuffer + 1) % this.ringBuffer.length;
      this.lastRotateTimestampMillis += step;
    }
  }
}
