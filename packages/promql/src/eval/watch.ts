/** What keeps a query within its bounds: series read, samples held, cancellation, and room for others on the event loop. */
import type { CancelSignal } from '../storage.ts';
import { QueryError } from '../value.ts';

/** Steps of work between two looks at the signal: a few milliseconds. */
const WORK_PER_LOOK = 1 << 18;

/** Watches one query. */
export class Watch {
  /** Samples and column slots that the query holds at the moment. */
  samples = 0;
  readonly #samplesMax: number;
  readonly #seriesMax: number;
  #series = 0;
  readonly #signal: CancelSignal | undefined;
  readonly #yieldToLoop: (() => Promise<void>) | undefined;
  #work = 0;

  constructor(
    samplesMax: number,
    seriesMax: number,
    signal: CancelSignal | undefined,
    yieldToLoop: (() => Promise<void>) | undefined,
  ) {
    this.#samplesMax = samplesMax;
    this.#seriesMax = seriesMax;
    this.#signal = signal;
    this.#yieldToLoop = yieldToLoop;
  }

  /**
   * Counts samples that the query now holds.
   * @throws QueryError when they are too many
   */
  hold(samples: number): void {
    this.samples += samples;
    this.#work += samples;
    if (this.samples > this.#samplesMax) {
      throw new QueryError(
        'limit',
        'query processing would load too many samples into memory in query execution',
      );
    }
  }

  /**
   * Counts series that the query has read.
   * @throws QueryError when they are too many
   */
  read(series: number): void {
    this.#series += series;
    if (this.#series <= this.#seriesMax) return;
    const read = this.#series.toLocaleString('en-US');
    const most = this.#seriesMax.toLocaleString('en-US');
    throw new QueryError(
      'limit',
      `the query reads ${read} series, more than the ${most} that one query may; ask for fewer by more matchers`,
    );
  }

  /** Counts work; when it is true, it is time for a {@link pause}. Not a promise, since it is asked per series. */
  isDue(work: number): boolean {
    this.#work += work;
    return this.#work >= WORK_PER_LOOK;
  }

  /** Lets others run and looks at the signal. */
  async pause(): Promise<void> {
    this.#work = 0;
    await this.#yieldToLoop?.();
    this.throwIfCanceled();
  }

  /**
   * @throws QueryError when the query was cancelled or timed out
   */
  throwIfCanceled(): void {
    if (this.#signal?.aborted === true) throw canceled(this.#signal.reason);
  }
}

/** The error for an aborted signal. */
export function canceled(reason: unknown): QueryError {
  const timedOut = reason instanceof Error && reason.name === 'TimeoutError';
  return timedOut
    ? new QueryError('timeout', 'query timed out in expression evaluation', { cause: reason })
    : new QueryError('canceled', 'query was canceled in expression evaluation', { cause: reason });
}
