/**
 * Gets messages to one integration: a bounded number at once, each tried again with growing pauses, or after as long
 * as the receiver asks for, until its time is over.
 *
 * A message that waits for its next try holds no place, so receivers that are down for some messages keep no others
 * waiting. Nothing here decides what a message says: it is made when it has a place, for what it says may have
 * changed while it waited.
 */
import { type Clock, TIMER_MS_MAX } from '../clock.ts';
import type { Integration, Notification, SendResult } from './integration.ts';

/** The pause before the second attempt; it doubles from there. */
export const RETRY_FIRST_MS = 1000;
/** The longest pause between attempts. */
export const RETRY_LONGEST_MS = 60_000;
/** How many messages are under way to one integration at once; further ones wait for a place. */
export const SENDS_AT_ONCE_MAX = 32;
/** The upper bounds of the histogram of latencies, in seconds: Alertmanager's. */
export const LATENCY_BOUNDS_SECONDS = [1, 5, 10, 15, 20] as const;

/** Why a message was given up, as Alertmanager's metrics say it. */
export const FAILURE_REASONS = [
  'clientError',
  'contextCanceled',
  'contextDeadlineExceeded',
  'other',
  'serverError',
] as const;

/** One of {@link FAILURE_REASONS}. */
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** How one integration fared. */
export interface IntegrationStatus {
  readonly receiver: string;
  readonly kind: string;
  /** Its place among those of its kind in the receiver. */
  readonly index: number;
  /** Messages that were to be sent. */
  readonly notifications: number;
  /** Messages that arrived. */
  readonly sent: number;
  /** Messages that were given up. */
  readonly failed: number;
  readonly failedByReason: Readonly<Record<FailureReason, number>>;
  readonly attempts: number;
  readonly failedAttempts: number;
  /** How long attempts took; `counts[i]` are those up to `LATENCY_BOUNDS_SECONDS[i]`, not cumulated, then the rest. */
  readonly latency: { readonly counts: readonly number[]; readonly sumSeconds: number };
  /** Messages that are being sent now. */
  readonly underWay: number;
  /** Messages that wait for a place. */
  readonly waiting: number;
  /** Why the last attempt failed; empty when it did not. */
  readonly lastError: string;
}

/** What became of a message. */
export type Outcome = 'sent' | 'failed' | 'nothing to say';

/** What {@link MessageSender} needs. */
export interface MessageSenderOptions {
  readonly clock: Clock;
  /** Told in words, once each, of what an operator should know. Holds no secrets. */
  readonly onProblem: (message: string) => void;
}

/** A message that waits for a place. */
interface Waiter {
  readonly deadlineMs: number;
  readonly resolve: (hasPlace: true | undefined) => void;
}

/** Carries messages to one integration. */
export class MessageSender {
  readonly integration: Integration;
  readonly #options: MessageSenderOptions;
  readonly #attemptsUnderWay = new Set<AbortController>();
  /** Those that wait for a place, oldest first. */
  readonly #queue = new Set<Waiter>();
  /** When the first of them gives up. */
  #expiryMs = Number.POSITIVE_INFINITY;
  #cancelExpiry: (() => void) | undefined;
  /** What ends the pauses of messages that will be tried again. */
  readonly #pauses = new Set<() => void>();
  #underWay = 0;
  #isStopping = false;
  #notifications = 0;
  #sent = 0;
  #attempts = 0;
  #failedAttempts = 0;
  #latencySumMs = 0;
  #lastError = '';
  readonly #latencyCounts = [...LATENCY_BOUNDS_SECONDS, Number.POSITIVE_INFINITY].map(() => 0);
  readonly #failed: Record<FailureReason, number> = {
    clientError: 0,
    contextCanceled: 0,
    contextDeadlineExceeded: 0,
    other: 0,
    serverError: 0,
  };

  constructor(integration: Integration, options: MessageSenderOptions) {
    this.integration = integration;
    this.#options = options;
  }

  /**
   * Sends a message.
   * @param compose makes it when it has a place, at once or later; undefined when there is nothing to say any more
   * @param deadlineMs when it is given up
   */
  async deliver(
    compose: (hasWaited: boolean) => Notification | undefined,
    deadlineMs: number,
  ): Promise<Outcome> {
    const { clock } = this.#options;
    this.#notifications++;
    let message: Notification | undefined;
    for (let pauseMs = RETRY_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, RETRY_LONGEST_MS)) {
      const hasWaited = await this.#place(deadlineMs);
      if (hasWaited === undefined) return this.#giveUp('contextDeadlineExceeded', 'too many messages wait');
      let result: SendResult & { readonly isAborted?: boolean };
      try {
        message ??= compose(hasWaited);
        if (message === undefined) return 'nothing to say';
        result = await this.#attempt(message, deadlineMs);
      } finally {
        this.#leavePlace();
      }
      if (result.ok) {
        this.#sent++;
        this.#lastError = '';
        return 'sent';
      }
      const { reason } = result;
      if (result.isAborted) return this.#giveUp('contextDeadlineExceeded', reason);
      if (!result.retry) return this.#giveUp('clientError', reason);
      this.#tell(reason);
      const waitMs = Math.max(pauseMs, result.retryAfterMs ?? 0);
      if (clock.now() + waitMs >= deadlineMs) return this.#giveUp(retriedReason(reason), reason);
      await this.#pause(waitMs);
    }
  }

  /** Counts a message that needs no sending. */
  skip(): void {
    this.#notifications++;
  }

  /** Begins no further attempt; what is under way goes on. */
  stop(): void {
    this.#isStopping = true;
    this.#cancelExpiry?.();
    for (const waiter of [...this.#queue]) this.#take(waiter, undefined);
    for (const wake of this.#pauses) wake();
  }

  /** Ends what is under way. */
  abort(): void {
    for (const controller of this.#attemptsUnderWay) controller.abort(new Error('the monitor is stopping'));
  }

  /** How it fared. */
  status(): IntegrationStatus {
    const { receiver, kind, index } = this.integration;
    return {
      receiver,
      kind,
      index,
      notifications: this.#notifications,
      sent: this.#sent,
      failed: FAILURE_REASONS.reduce((sum, reason) => sum + this.#failed[reason], 0),
      failedByReason: { ...this.#failed },
      attempts: this.#attempts,
      failedAttempts: this.#failedAttempts,
      latency: { counts: [...this.#latencyCounts], sumSeconds: this.#latencySumMs / 1000 },
      underWay: this.#underWay,
      waiting: this.#queue.size,
      lastError: this.#lastError,
    };
  }

  async #attempt(
    message: Notification,
    deadlineMs: number,
  ): Promise<SendResult & { readonly isAborted?: boolean }> {
    const { clock } = this.#options;
    const controller = new AbortController();
    const { signal } = controller;
    const startMs = clock.now();
    const cancelDeadline = abortAt(controller, deadlineMs, clock);
    this.#attemptsUnderWay.add(controller);
    let result: SendResult & { readonly isAborted?: boolean };
    try {
      result = await raced(this.integration.send(message, signal), signal);
    } catch (error) {
      // An integration rejects when it is aborted, and otherwise only where it is wrong.
      const reason = signal.aborted ? 'no answer in time' : `cannot be used: ${nameOf(error)}`;
      result = { ok: false, retry: true, isAborted: signal.aborted, reason };
    } finally {
      cancelDeadline();
      this.#attemptsUnderWay.delete(controller);
    }
    const durationMs = Math.max(0, clock.now() - startMs);
    const bucket = LATENCY_BOUNDS_SECONDS.findIndex((bound) => durationMs <= bound * 1000);
    const at = bucket < 0 ? LATENCY_BOUNDS_SECONDS.length : bucket;
    this.#latencyCounts[at] = (this.#latencyCounts[at] ?? 0) + 1;
    this.#latencySumMs += durationMs;
    this.#attempts++;
    if (!result.ok) this.#failedAttempts++;
    return result;
  }

  /** Waits for a place; undefined when the time was over before there was one, else whether there was any waiting. */
  #place(deadlineMs: number): Promise<boolean | undefined> | boolean | undefined {
    if (this.#isStopping || deadlineMs <= this.#options.clock.now()) return undefined;
    if (this.#underWay < SENDS_AT_ONCE_MAX) {
      this.#underWay++;
      return false;
    }
    return new Promise((resolve) => {
      this.#queue.add({ deadlineMs, resolve });
      if (deadlineMs < this.#expiryMs) this.#expireAt(deadlineMs);
    });
  }

  /** Hands a place on, so that nobody can come in between. */
  #leavePlace(): void {
    const [next] = this.#queue;
    if (next === undefined) this.#underWay--;
    else this.#take(next, true);
  }

  #take(waiter: Waiter, hasPlace: true | undefined): void {
    this.#queue.delete(waiter);
    waiter.resolve(hasPlace);
  }

  /** One timer for all that wait, however many they are. */
  #expireAt(timeMs: number): void {
    const { clock } = this.#options;
    this.#cancelExpiry?.();
    this.#expiryMs = timeMs;
    this.#cancelExpiry = clock.after(timeMs - clock.now(), () => {
      this.#expiryMs = Number.POSITIVE_INFINITY;
      this.#cancelExpiry = undefined;
      // Timers run on where the clock is set back.
      const nowMs = Math.max(clock.now(), timeMs);
      for (const waiter of [...this.#queue]) if (waiter.deadlineMs <= nowMs) this.#take(waiter, undefined);
      let nextMs = Number.POSITIVE_INFINITY;
      for (const { deadlineMs } of this.#queue) nextMs = Math.min(nextMs, deadlineMs);
      if (nextMs < Number.POSITIVE_INFINITY) this.#expireAt(nextMs);
    });
  }

  #pause(ms: number): Promise<void> {
    if (this.#isStopping) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#pauses.delete(done);
        resolve();
      };
      const cancel = this.#options.clock.after(ms, done);
      this.#pauses.add(done);
    });
  }

  #giveUp(reason: FailureReason, words: string): 'failed' {
    this.#failed[this.#isStopping ? 'contextCanceled' : reason]++;
    if (!this.#isStopping) this.#tell(words);
    return 'failed';
  }

  #tell(reason: string): void {
    if (this.#lastError === reason) return;
    this.#lastError = reason;
    const { receiver, kind, index } = this.integration;
    this.#options.onProblem(`receiver ${JSON.stringify(receiver)}, ${kind} ${index + 1}: ${reason}`);
  }
}

/** Aborts at a time, or at once when it is over. Returns what keeps it from that. */
function abortAt(controller: AbortController, deadlineMs: number, clock: Clock): () => void {
  const abort = (): void => controller.abort(new Error('the time for the message is over'));
  const leftMs = deadlineMs - clock.now();
  if (leftMs > 0) return clock.after(Math.min(leftMs, TIMER_MS_MAX), abort);
  abort();
  return () => {};
}

/** What a promise says, or a rejection as soon as the signal is aborted, whether or not the promise cares for it. */
function raced<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** The word for messages that were tried in vain until their time was over. */
function retriedReason(reason: string): FailureReason {
  return /\b5\d\d\b/.test(reason) ? 'serverError' : 'other';
}

/** The kind of an error, and never its message, which may hold an address. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
