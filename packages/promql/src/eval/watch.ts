/** What keeps a query within its bounds: samples held, cancellation, and room for others on the event loop. */
import type { CancelSignal } from '../storage.ts';
import { QueryError } from '../value.ts';

/** Steps of work between two looks at the signal: a few milliseconds. */
const WORK_PER_LOOK = 1 << 18;

/** Watches one query. */
export class Watch {
  /** Samples and column slots that the query holds at the moment. */
  samples = 0;
  readonly #samplesMax: number;
  readonly #signal: CancelSignal | undefined;
  readonly #yieldToLoop: (() => Promise<void>) | undefined;
  #work = 0;

  constructor(
    samplesMax: number,
    signal: CancelSignal | undefined,
    yieldToLoop: (() => Promise<void>) | undefined,
  ) {
    this.#samplesMax = samplesMax;
    this.#signal = signal;
    this.#yieldToLoop = yieldToLoop;
  }

  /**
   * Counts samples that the query now holds.
   * @throws QueryError when they are too many
   */
  async hold(samples: number): Promise<void> {
    this.samples += samples;
    if (this.samples > this.#samplesMax) {
      throw new QueryError(
        'limit',
        'query processing would load too many samples into memory in query execution',
      );
    }
    await this.work(samples);
  }

  /** Counts work; now and then looks at the signal and lets others run. */
  async work(amount: number): Promise<void> {
    this.#work += amount;
    if (this.#work < WORK_PER_LOOK) return;
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
