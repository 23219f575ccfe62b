/**
 * Works on jobs, one at a time: fetches the file from the files service, converts it, and stores the result there, as
 * another file of the same asset.
 *
 * The result is stored under the job's identifier as key, so that a job which is begun again does not store it twice.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { setTimeout as sleep } from 'node:timers/promises';
import { transcodeDuration, transcodeJobs } from '../metrics/transcode.ts';
import { Calls } from '../service/calls.ts';
import { ConversionFailed, convert } from './convert.ts';
import { ATTEMPTS_MAX, type Job, type Jobs } from './jobs.ts';

/** How often an idle process looks for a job. */
const LOOK_MS = 250;
/** After the database failed. */
const FAILED_LOOK_MS = 1_000;
const FORGET_INTERVAL_MS = 60_000;
/** How long fetching or storing a file may take. */
const TRANSFER_MS_MAX = 300_000;
/** What is done, in percent, when the file is there, and when it is converted. */
const FETCHED = 10;
const CONVERTED = 90;

/** What the runner works with. */
export interface RunnerOptions {
  readonly jobs: Jobs;
  readonly filesUrl: string;
  readonly folder: string;
  readonly ffmpeg: string;
  readonly leaseMs: number;
  /** Jobs that take longer fail. */
  readonly jobMsMax: number;
}

/** The job is not ours any more, or this process stops. */
class LetGo extends Error {
  override readonly name = 'LetGo';
}

/** Works from `start` to `stop`. */
export class Runner {
  readonly #options: RunnerOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #forgotAtMs = 0;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Gives the job that is under way back, and resolves when nothing is. */
  async stop(): Promise<void> {
    this.#stop.abort(new LetGo('the process stops'));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { jobs } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      let pauseMs = LOOK_MS;
      try {
        const job = await jobs.claim();
        if (job !== undefined) {
          await this.#work(job);
          continue;
        }
        if (Date.now() - this.#forgotAtMs > FORGET_INTERVAL_MS) {
          this.#forgotAtMs = Date.now();
          await jobs.forget();
        }
      } catch (error) {
        console.error('transcode-service: a job could not be taken or ended:', error);
        pauseMs = FAILED_LOOK_MS;
      }
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
    }
  }

  async #work(job: Job & { readonly lease: string }): Promise<void> {
    const { jobs, leaseMs, jobMsMax } = this.#options;
    const calls = new Calls();
    const beganMs = performance.now();
    const end = async (ending: Parameters<Jobs['end']>[2]): Promise<void> => {
      await jobs.end(job.id, job.lease, ending, calls.made, () => {
        transcodeJobs.inc({ status: ending.status });
        if (ending.status !== 'completed') return;
        const formats = { source_format: job.sourceFormat, target_format: job.targetFormat };
        transcodeDuration.observe(formats, (performance.now() - beganMs) / 1000);
      });
    };
    if (job.attempts > ATTEMPTS_MAX) {
      await end({ status: 'failed', message: `the process died in each of ${ATTEMPTS_MAX} attempts` });
      return;
    }
    const lost = new AbortController();
    const late = AbortSignal.timeout(jobMsMax);
    const signal = AbortSignal.any([this.#stop.signal, lost.signal, late]);
    const state = { progress: 0 };
    const renewal = setInterval(() => {
      jobs.renew(job.id, job.lease, state.progress).then(
        (held) => held || lost.abort(new LetGo('the lease ran out')),
        () => {},
      );
    }, leaseMs / 4);
    try {
      const resultFileId = await this.#transcode(job, calls, signal, (progress) => {
        state.progress = progress;
      });
      clearInterval(renewal);
      await end({ status: 'completed', resultFileId });
    } catch (error) {
      clearInterval(renewal);
      if (lost.signal.aborted) return;
      if (this.#stop.signal.aborted) await jobs.release(job.id, job.lease, calls.made);
      else if (late.aborted)
        await end({ status: 'failed', message: `the job took longer than ${jobMsMax / 1000} s` });
      else await end({ status: 'failed', message: inWords(error) });
    }
  }

  /** Gives the identifier of the result. */
  async #transcode(
    job: Job,
    calls: Calls,
    signal: AbortSignal,
    onProgress: (progress: number) => void,
  ): Promise<string> {
    const { filesUrl, folder, ffmpeg } = this.#options;
    const own = await mkdtemp(path.join(folder, 'job-'));
    try {
      const [source, target] = [path.join(own, 'source'), path.join(own, 'target')];
      const content = await calls.make({
        service: 'files',
        url: filesUrl,
        method: 'GET',
        path: `/api/v1/files/${job.fileId}/content`,
        endpoint: '/api/v1/files/{file_id}/content',
        timeoutMs: TRANSFER_MS_MAX,
      });
      if (!content.ok || content.body === null) {
        await content.body?.cancel();
        throw new ConversionFailed(`the file cannot be fetched: the files service answers ${content.status}`);
      }
      // The two types of streams differ in name only.
      await pipeline(Readable.fromWeb(content.body as ReadableStream), createWriteStream(source), { signal });
      onProgress(FETCHED);
      await convert({
        source,
        target,
        targetFormat: job.targetFormat,
        ffmpeg,
        signal,
        onProgress: (done) => onProgress(FETCHED + done * (CONVERTED - FETCHED)),
      });
      onProgress(CONVERTED);
      return await this.#storeResult(job, target, calls);
    } finally {
      await rm(own, { recursive: true, force: true });
    }
  }

  async #storeResult(job: Job, target: string, calls: Calls): Promise<string> {
    const name = `${path.parse(job.fileName).name}.${job.targetFormat}`;
    const { size } = await stat(target);
    const stored = await calls.make({
      service: 'files',
      url: this.#options.filesUrl,
      method: 'POST',
      path: `/api/v1/assets/${job.assetId}/files?name=${encodeURIComponent(name)}`,
      endpoint: '/api/v1/assets/{asset_id}/files',
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(size),
        'idempotency-key': job.id,
      },
      body: Readable.toWeb(createReadStream(target)) as NonNullable<RequestInit['body']>,
      timeoutMs: TRANSFER_MS_MAX,
    });
    const answer = (await stored.json()) as { file_id?: string; message?: string };
    if (!stored.ok || answer.file_id === undefined)
      throw new ConversionFailed(`the result cannot be stored: ${answer.message ?? stored.status}`);
    return answer.file_id;
  }
}

function inWords(error: unknown): string {
  if (error instanceof ConversionFailed) return error.message;
  return `transcoding failed: ${error instanceof Error ? error.message : String(error)}`;
}
