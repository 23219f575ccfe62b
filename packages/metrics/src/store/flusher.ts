/**
 * Flushes what a writer counts in memory to its files: every {@link FLUSH_INTERVAL_MS}, by a small thread, which
 * does so also while the program blocks its event loop. Where threads cannot be started, or until this one has, a
 * timer does.
 *
 * Thread and timer share a few words: {@link INTERRUPTED}, a word for ordering reads, who is flushing, whether to
 * stop, how often the thread has looked, and the number of its last error.
 */
import fs from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { StoreError } from './errors.ts';
import {
  checkOf,
  type FlushMode,
  type FlushTiming,
  flushParts,
  INTERRUPTED,
  machineMs,
  type WrittenPart,
  writeWhole,
} from './written-segment.ts';

/** How often a writer that cannot map files writes them: what it loses at most when it is killed. */
export const FLUSH_INTERVAL_MS = 50;

/** How old the heartbeat of a writer may be until it is taken for dead; `BINNACLE_METRICS_HEARTBEAT_TIMEOUT_MS` sets another. */
export const HEARTBEAT_TIMEOUT_MS = 5_000;

/** The shortest timeout that can be set: twenty flushes. */
export const HEARTBEAT_TIMEOUT_MS_MIN = 1_000;

const CONTROL = {
  interrupted: INTERRUPTED,
  order: 1,
  busy: 2,
  stop: 3,
  looks: 4,
  errno: 5,
  size: 6,
} as const;

/** How many times the timer must find that the thread has not looked until it flushes itself. */
const LOOKS_MISSED_MAX = 4;

/** How long a writer waits for its thread, after which the timer does its work until it runs. */
export const THREAD_START_MS = 1_000;

/** How long a flush waits for another one to end. */
const BUSY_WAIT_MS = 1_000;

/** What the thread runs. A text, because a bundle has no file that it could be started from. */
const THREAD = `
const { receiveMessageOnPort, workerData } = require('node:worker_threads');
const fs = require('node:fs');
const { control, port, timing } = workerData;
const flush = ${flushParts};
const write = ${writeWhole};
const check = ${checkOf};
const now = ${machineMs};
let parts = [];
while (Atomics.load(control, 3) === 0) {
  Atomics.wait(control, 3, 0, timing.intervalMs);
  if (Atomics.compareExchange(control, 2, 0, 1) !== 0) continue;
  try {
    for (let news; (news = receiveMessageOnPort(port)) !== undefined; ) parts = news.message;
    if (Atomics.load(control, 3) === 0) flush(fs, parts, 'usual', now(), timing, control, write, check);
    Atomics.add(control, 4, 1);
  } catch (error) {
    Atomics.store(control, 5, error.errno ?? -1);
  } finally {
    Atomics.store(control, 2, 0);
    Atomics.notify(control, 2);
  }
}`;

/** How a writer wants to be flushed and judged. */
export function flushTiming(env: Readonly<Record<string, string | undefined>> = process.env): FlushTiming {
  const asked = Number(env.BINNACLE_METRICS_HEARTBEAT_TIMEOUT_MS ?? HEARTBEAT_TIMEOUT_MS);
  const timeoutMs = Number.isFinite(asked) ? Math.max(asked, HEARTBEAT_TIMEOUT_MS_MIN) : HEARTBEAT_TIMEOUT_MS;
  return { intervalMs: FLUSH_INTERVAL_MS, beatMs: timeoutMs / 10, lateMs: timeoutMs / 2, timeoutMs };
}

export interface FlusherEvents {
  /** The writer has not been flushed for so long that others may take it for dead, or its files are gone. */
  interrupted(): void;
  /** A flush failed; the next one tries again. */
  problem(error: StoreError): void;
}

export class Flusher {
  readonly timing: FlushTiming;
  readonly #events: FlusherEvents;
  readonly #control = new Int32Array(new SharedArrayBuffer(CONTROL.size * 4));
  #parts: readonly WrittenPart[] = [];
  #worker: Worker | undefined;
  #port: MessagePort | undefined;
  #started: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #looksSeen = 0;
  #looksMissed = LOOKS_MISSED_MAX;

  private constructor(timing: FlushTiming, events: FlusherEvents) {
    this.timing = timing;
    this.#events = events;
  }

  static start(timing: FlushTiming, events: FlusherEvents): Flusher {
    const flusher = new Flusher(timing, events);
    flusher.#startThread();
    flusher.#timer = setInterval(() => flusher.#look(), timing.intervalMs);
    flusher.#timer.unref();
    return flusher;
  }

  /** Waits until the thread flushes, so that from then on blocking the event loop does no harm; never rejects. */
  started(): Promise<void> {
    return this.#started;
  }

  /** Whether a thread flushes; where none does, nothing is flushed while the event loop is blocked. */
  get hasThread(): boolean {
    return this.#worker !== undefined;
  }

  /** Whether it has stopped because the writer may have been taken for dead; {@link setParts} lets it go on. */
  get isInterrupted(): boolean {
    return Atomics.load(this.#control, CONTROL.interrupted) !== 0;
  }

  /** From now on these parts are flushed, and no others, also where it was interrupted. Only within {@link alone}. */
  setParts(parts: readonly WrittenPart[]): void {
    this.#parts = parts;
    this.#port?.postMessage(parts.map(({ scratch: _, ...part }) => part));
    Atomics.store(this.#control, CONTROL.interrupted, 0);
  }

  /** Flushes all parts now, in this thread. */
  flush(mode: FlushMode = 'usual'): void {
    this.alone(() => this.#flush(mode));
  }

  /**
   * Does something while nobody flushes.
   * @throws StoreError `io` when a flush does not end
   */
  alone<T>(work: () => T): T {
    const deadline = performance.now() + BUSY_WAIT_MS;
    while (Atomics.compareExchange(this.#control, CONTROL.busy, 0, 1) !== 0) {
      if (performance.now() > deadline) throw new StoreError('io', 'the thread that writes counts hangs');
      Atomics.wait(this.#control, CONTROL.busy, 1, 10);
    }
    try {
      return work();
    } finally {
      Atomics.store(this.#control, CONTROL.busy, 0);
      Atomics.notify(this.#control, CONTROL.busy);
    }
  }

  /** Flushes for the last time, and never again. */
  stop(): void {
    clearInterval(this.#timer);
    this.alone(() => {
      Atomics.store(this.#control, CONTROL.stop, 1);
      this.#flush('last');
    });
    Atomics.notify(this.#control, CONTROL.stop);
    this.#port?.close();
    this.#worker = undefined;
  }

  #flush(mode: FlushMode): void {
    try {
      flushParts(fs, this.#parts, mode, machineMs(), this.timing, this.#control, writeWhole, checkOf);
    } catch (error) {
      Atomics.store(this.#control, CONTROL.errno, (error as NodeJS.ErrnoException).errno ?? -1);
    }
  }

  #look(): void {
    const looks = Atomics.load(this.#control, CONTROL.looks);
    if (this.#worker !== undefined && looks !== this.#looksSeen) this.#looksMissed = 0;
    else if (++this.#looksMissed > LOOKS_MISSED_MAX && Atomics.load(this.#control, CONTROL.busy) === 0)
      this.flush();
    this.#looksSeen = looks;
    const errno = Atomics.exchange(this.#control, CONTROL.errno, 0);
    if (errno !== 0)
      this.#events.problem(
        new StoreError('io', `counts cannot be written: ${errno < 0 ? getSystemErrorName(errno) : errno}`),
      );
    if (this.isInterrupted) this.#events.interrupted();
  }

  #startThread(): void {
    const { port1, port2 } = new MessageChannel();
    try {
      // Without the program's options, lest what it loads first is loaded here too.
      const worker = new Worker(THREAD, {
        eval: true,
        name: 'binnacle-metrics',
        execArgv: [],
        env: {},
        workerData: { control: this.#control, port: port2, timing: this.timing },
        transferList: [port2],
      });
      const gone = () => {
        if (this.#worker !== worker) return;
        this.#worker = undefined;
        Atomics.store(this.#control, CONTROL.busy, 0); // it cannot give that back any more
      };
      worker.on('error', gone);
      worker.on('exit', gone);
      this.#worker = worker;
      this.#port = port1;
      this.#started = new Promise((resolve) => {
        const late = setTimeout(resolve, THREAD_START_MS);
        for (const event of ['online', 'error', 'exit']) worker.once(event, resolve);
        worker.once('online', () => clearTimeout(late));
      }).then(() => worker.unref());
    } catch {
      port1.close();
    }
  }
}
