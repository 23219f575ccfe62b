/**
 * The ingest thread, seen from the main thread: storage and targets behind messages.
 *
 * A request that is cancelled rejects at once with the signal's reason; the thread sees it at its next look at
 * the shared flag. When the thread dies, all that wait are told, and `failed` rejects: the monitor cannot go on
 * without it, and whoever started it decides.
 */
import { Worker } from 'node:worker_threads';
import { Labels } from '@binnacle/metrics/model';
import {
  type CancelSignal,
  type Matcher,
  type SelectRequest,
  type SelectResult,
  StorageError,
} from '@binnacle/promql/storage';
import type { ScrapeConfig } from '../config/prometheus.ts';
import type { TargetMetadata, TargetStatus } from '../scrape/target-status.ts';
import type { AppendResult, Sample, Storage } from '../storage.ts';
import type { Retention } from '../tsdb/db.ts';
import { nodeDisk } from '../tsdb/disk.ts';
import { StorageFailure, type StorageFailureCode } from '../tsdb/failure.ts';
import { removeLockOfThread } from '../tsdb/lock.ts';
import {
  AnswerUnpacker,
  type IngestCall,
  type IngestCalls,
  type IngestMessage,
  type IngestSettings,
  type IngestStats,
  type PackedAnswer,
  type PackedError,
  type PackedSamples,
  START_ID,
} from './ingest-protocol.ts';

/** How often signals of waiting requests are looked at: they have no events. */
const CANCEL_CHECK_MS = 20;
/** How long closing may take before the thread is ended. Nothing that was stored is lost then either. */
const CLOSE_MS_MAX = 5_000;

export interface IngestOptions {
  readonly dataDir: string;
  readonly scrapeConfigs: readonly ScrapeConfig[];
  /** 24 hours and 512 MB unless told. */
  readonly retention?: Partial<Retention>;
  /** Lines for the user: what opening found, when storage fails and works again. */
  readonly onReport?: (line: string) => void;
}

/** What a call resolves to, after unpacking. */
type Answer<K extends IngestCall> = K extends 'select' ? readonly SelectResult[] : IngestCalls[K]['answer'];

interface Waiting {
  readonly call: IngestCall;
  readonly resolve: (answer: never) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: CancelSignal | undefined;
  readonly cancelled: Int32Array | undefined;
}

/** The storage and the scraper of the monitor, which run in a thread of their own. */
export class IngestThread implements Storage {
  /** Rejects when the thread dies without having been closed; never resolves. */
  readonly failed: Promise<never>;
  readonly #worker: Worker;
  readonly #threadId: number;
  readonly #dataDir: string;
  readonly #waiting = new Map<number, Waiting>();
  readonly #unpacker = new AnswerUnpacker();
  readonly #exited: Promise<void>;
  #nextId = 1;
  #closing: Promise<void> | undefined;
  #ended: Error | undefined;
  #cancelTimer: NodeJS.Timeout | undefined;
  #fail!: (error: Error) => void;

  private constructor(worker: Worker, options: IngestOptions) {
    this.#worker = worker;
    this.#threadId = worker.threadId;
    this.#dataDir = options.dataDir;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    // Whoever does not watch it learns of the failure by the next request.
    this.failed.catch(() => undefined);
    worker.on('message', (message: IngestMessage) => this.#receive(message, options));
    worker.on('error', (error) => this.#end(error));
    this.#exited = new Promise((resolve) => {
      worker.on('exit', (code) => {
        this.#end(new Error(`the ingest thread ended with code ${code}`));
        removeLockOfThread(nodeDisk, this.#dataDir, this.#threadId);
        resolve();
      });
    });
  }

  /**
   * Opens the data directory, reads its log back, and begins to scrape. Rejects with a StorageError when the
   * directory is in use or the disk refuses, with a RangeError when a target's address is none.
   */
  static async start(options: IngestOptions): Promise<IngestThread> {
    const settings: IngestSettings = {
      dataDir: options.dataDir,
      scrapeConfigs: options.scrapeConfigs,
      retention: options.retention ?? {},
    };
    const worker = new Worker(new URL('./ingest-worker.js', import.meta.url), { workerData: settings });
    const thread = new IngestThread(worker, options);
    await new Promise<void>((resolve, reject) => {
      worker.on('message', (message: IngestMessage) => {
        if (message.kind === 'ready') resolve();
      });
      thread.failed.catch(async (error) => {
        await thread.#exited;
        reject(error);
      });
    });
    return thread;
  }

  async select(requests: readonly SelectRequest[], signal?: CancelSignal): Promise<readonly SelectResult[]> {
    signal?.throwIfAborted();
    return this.#ask('select', { requests }, signal);
  }

  append(source: string, timestampMs: number, samples: readonly Sample[]): Promise<AppendResult> {
    return this.#ask('append', { source, timestampMs, samples: packSamples(samples) });
  }

  labelNames(selectors: readonly (readonly Matcher[])[], startMs: number, endMs: number): Promise<string[]> {
    return this.#ask('labelNames', { selectors, startMs, endMs });
  }

  labelValues(
    name: string,
    selectors: readonly (readonly Matcher[])[],
    startMs: number,
    endMs: number,
  ): Promise<string[]> {
    return this.#ask('labelValues', { name, selectors, startMs, endMs });
  }

  async labelSets(
    selectors: readonly (readonly Matcher[])[],
    startMs: number,
    endMs: number,
  ): Promise<Labels[]> {
    const flats = await this.#ask('labelSets', { selectors, startMs, endMs });
    return flats.map((flat) => Labels.fromFlat(flat));
  }

  targets(): Promise<TargetStatus[]> {
    return this.#ask('targets', {});
  }

  metadata(): Promise<TargetMetadata[]> {
    return this.#ask('metadata', {});
  }

  stats(): Promise<IngestStats> {
    return this.#ask('stats', {});
  }

  /** Scrapes what the new configuration names; targets that are the same as before go on undisturbed. */
  async reload(scrapeConfigs: readonly ScrapeConfig[]): Promise<void> {
    await this.#ask('reload', { scrapeConfigs });
  }

  /** Stops scraping, syncs the log, gives the directory free and ends the thread, within seconds. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#ended === undefined) {
      const timer = setTimeout(() => void this.#worker.terminate(), CLOSE_MS_MAX);
      // A thread that ends before it has answered is closed too.
      await this.#ask('close', {}).catch(() => undefined);
      await this.#exited;
      clearTimeout(timer);
    }
    await this.#exited;
  }

  #ask<K extends IngestCall>(
    call: K,
    request: IngestCalls[K]['request'],
    signal?: CancelSignal,
  ): Promise<Answer<K>> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined || (this.#closing !== undefined && call !== 'close')) {
        reject(new StorageFailure('CLOSED', 'the ingest thread has ended', this.#ended));
        return;
      }
      const id = this.#nextId++;
      const cancelled = signal === undefined ? undefined : new Int32Array(new SharedArrayBuffer(4));
      this.#waiting.set(id, { call, resolve, reject, signal, cancelled });
      this.#worker.postMessage({ id, call, request, ...(cancelled === undefined ? {} : { cancelled }) });
      if (signal !== undefined) this.#watchSignals();
    });
  }

  #receive(message: IngestMessage, options: IngestOptions): void {
    if (message.kind === 'report') options.onReport?.(message.line);
    if (message.kind !== 'answer' && message.kind !== 'error') return;
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.kind === 'error') {
      const error = unpackError(message.error);
      if (message.id === START_ID) this.#end(error);
      else waiting?.reject(error);
      return;
    }
    // The number ties the answer to the call whose type it has. A query that was cancelled is unpacked too: its
    // answer may bring label sets that later ones rely on.
    const answer =
      waiting?.call === 'select' ? this.#unpacker.unpack(message.answer as PackedAnswer) : message.answer;
    waiting?.resolve(answer as never);
  }

  /** Looks at the signals of waiting requests, as long as there are any. */
  #watchSignals(): void {
    this.#cancelTimer ??= setInterval(() => {
      let watched = 0;
      for (const waiting of this.#waiting.values()) {
        const { signal, cancelled } = waiting;
        if (signal === undefined || cancelled === undefined) continue;
        watched++;
        if (!signal.aborted || Atomics.load(cancelled, 0) === 1) continue;
        Atomics.store(cancelled, 0, 1);
        waiting.reject(signal.reason);
      }
      if (watched > 0) return;
      clearInterval(this.#cancelTimer);
      this.#cancelTimer = undefined;
    }, CANCEL_CHECK_MS);
  }

  #end(cause: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = cause;
    clearInterval(this.#cancelTimer);
    for (const { reject } of this.#waiting.values()) {
      reject(new StorageFailure('CLOSED', `the ingest thread has ended: ${cause.message}`, cause));
    }
    this.#waiting.clear();
    if (this.#closing === undefined) this.#fail(cause);
  }
}

function packSamples(samples: readonly Sample[]): PackedSamples {
  return {
    series: samples.map(({ labels }) => labels.flat()),
    values: Float64Array.from(samples, ({ value }) => value),
    stale: Uint8Array.from(samples, ({ stale }) => (stale === true ? 1 : 0)),
  };
}

function unpackError({ name, message, code }: PackedError): Error {
  if (name === 'StorageError') {
    return code === '' ? new StorageError(message) : new StorageFailure(code as StorageFailureCode, message);
  }
  return name === 'RangeError' ? new RangeError(message) : new Error(message);
}
