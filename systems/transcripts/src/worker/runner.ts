/**
 * Works on what there is to do, one thing at a time: reads lists of channels, transcribes videos, and between them
 * says how many wait.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type VideoState, videosPending } from '../metrics/worker.ts';
import { downloadText } from '../pipeline/download.ts';
import type { Engine } from '../pipeline/engines/engine.ts';
import { Unavailable, VideoFailed } from '../pipeline/failure.ts';
import { mediaIn } from './media-list.ts';
import { ATTEMPTS_MAX, type Ending, type Queue, type Step, type Taken, type TakenVideo } from './queue.ts';
import type { WorkerSettings } from './settings.ts';
import { transcribeVideo } from './video.ts';

/** How often an idle process looks for something to do. */
const LOOK_MS = 400;
/** After the database failed. */
const FAILED_LOOK_MS = 1_000;
/** How often it is counted how many videos wait. */
const COUNT_MS = 1_000;
const FORGET_INTERVAL_MS = 60_000;
const LIST_BYTES_MAX = 1_000_000;
const LIST_MS_MAX = 30_000;

/** What the runner works with. */
export interface RunnerOptions {
  readonly queue: Queue;
  readonly engine: Engine | undefined;
  readonly folder: string;
  readonly settings: WorkerSettings;
}

/** It is not ours any more, or this process stops. */
class LetGo extends Error {
  override readonly name = 'LetGo';
}

/** How something ended that was taken. */
type Outcome<Result> =
  | { readonly how: 'done'; readonly result: Result }
  | { readonly how: 'failed'; readonly message: string }
  /** Another attempt is worth it, after a pause. */
  | { readonly how: 'again'; readonly pauseMs: number }
  | { readonly how: 'lost' };

/** Works from `start` to `stop`. */
export class Runner {
  readonly #options: RunnerOptions;
  readonly #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  #forgotAtMs = 0;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = Promise.all([this.#work(), this.#countPending()]);
  }

  /** Gives back what is under way, and resolves when nothing is. */
  async stop(): Promise<void> {
    this.#stop.abort(new LetGo('the process stops'));
    await this.#running;
  }

  async #work(): Promise<void> {
    const { queue } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      let pauseMs = LOOK_MS;
      try {
        const list = await queue.takeList();
        if (list !== undefined) await this.#readList(list);
        const video = await queue.takeVideo();
        if (video !== undefined) await this.#transcribe(video);
        if (list !== undefined || video !== undefined) continue;
        if (Date.now() - this.#forgotAtMs > FORGET_INTERVAL_MS) {
          this.#forgotAtMs = Date.now();
          await queue.forget();
        }
      } catch (error) {
        console.error('worker: something could not be taken or ended:', error);
        pauseMs = FAILED_LOOK_MS;
      }
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
    }
  }

  /** Beside the work, which may take hours. */
  async #countPending(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      // What cannot be read now is what was read before, and the database's own failures are told elsewhere.
      await this.#options.queue.pending().then(
        (pending) => videosPending.set(pending),
        () => {},
      );
      await sleep(COUNT_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #readList(list: Taken): Promise<void> {
    const { queue } = this.#options;
    const outcome = await this.#attempt(
      list,
      LIST_MS_MAX,
      () => queue.renewList(list),
      async (signal) => {
        const limits = { bytesMax: LIST_BYTES_MAX, msMax: LIST_MS_MAX };
        return mediaIn(await downloadText({ what: 'list', url: list.url, ...limits, signal }), list.url);
      },
    );
    if (outcome.how === 'done') await queue.list(list, outcome.result);
    if (outcome.how === 'failed') await queue.failList(list, outcome.message);
    if (outcome.how === 'again') await queue.releaseList(list, outcome.pauseMs);
  }

  async #transcribe(video: TakenVideo): Promise<void> {
    const { queue, engine, folder, settings } = this.#options;
    const steps: Step[] = [];
    let state: VideoState = 'downloading';
    const renew = (): Promise<boolean> => queue.renew(video, state);
    const onState = (next: VideoState): void => {
      if (next === state) return;
      state = next;
      renew().catch(() => {}); // The next renewal says it.
    };
    const outcome = await this.#attempt(video, settings.videoMsMax, renew, (signal) =>
      transcribeVideo({ url: video.url, folder, engine, settings, signal, steps, onState }),
    );
    const end = (ending: Ending): Promise<boolean> => queue.end(video, ending, { steps, engine });
    if (outcome.how === 'done') await end({ state: 'completed', ...outcome.result });
    if (outcome.how === 'failed') await end({ state: 'failed', message: outcome.message });
    if (outcome.how === 'again') await queue.release(video, steps, outcome.pauseMs);
  }

  /** Does something while its lease holds, in the time that it may take. */
  async #attempt<Result>(
    taken: Taken,
    msMax: number,
    renew: () => Promise<boolean>,
    run: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Outcome<Result>> {
    const { leaseMs, retryMs } = this.#options.settings;
    if (taken.attempts > ATTEMPTS_MAX)
      return { how: 'failed', message: `none of ${ATTEMPTS_MAX} attempts came to an end` };
    const lost = new AbortController();
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new LetGo('it takes too long')), msMax);
    const renewal = setInterval(() => {
      renew().then(
        (held) => held || lost.abort(new LetGo('the lease ran out')),
        () => {},
      );
    }, leaseMs / 4);
    try {
      const signal = AbortSignal.any([this.#stop.signal, lost.signal, late.signal]);
      return { how: 'done', result: await run(signal) };
    } catch (error) {
      if (lost.signal.aborted) return { how: 'lost' };
      if (this.#stop.signal.aborted) return { how: 'again', pauseMs: 0 };
      if (error instanceof Unavailable && taken.attempts < ATTEMPTS_MAX)
        return { how: 'again', pauseMs: retryMs };
      if (late.signal.aborted) return { how: 'failed', message: `it took longer than ${msMax / 1000} s` };
      return { how: 'failed', message: inWords(error) };
    } finally {
      clearTimeout(timer);
      clearInterval(renewal);
    }
  }
}

function inWords(error: unknown): string {
  if (error instanceof VideoFailed || error instanceof Unavailable) return error.message;
  console.error('worker: a video failed for a reason of ours:', error);
  return `transcribing failed: ${error instanceof Error ? error.message : String(error)}`;
}
