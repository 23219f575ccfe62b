/**
 * A worker process: takes one job at a time from the web process and transforms its G-code.
 *
 * The output is written under a partial name and renamed when it is whole. Then, in one turn of the event loop,
 * the worker says so and counts the job: what the web process hears of is counted here, and what it does not hear of
 * before the worker is gone, it counts itself. A kill after the call that says it and before the counting would leave
 * a job out. The other way round it would be counted twice, and more often: the call is by far the longest step.
 *
 * A worker ends when the web process does, which shows as the end of the channel between them.
 */
import { createReadStream, createWriteStream, renameSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { serveMetrics } from '@binnacle/metrics';
import { BrickStream, GcodeError } from '../gcode/transform.ts';
import {
  processingDuration,
  processingInputSize,
  processingJobs,
  processingOutputSize,
  SERVICE,
} from '../metrics.ts';
import { type JobParameters, partial } from './jobs.ts';

/** What the web process asks for. */
export interface WorkRequest {
  readonly id: string;
  readonly inputPath: string;
  readonly outputPath: string;
  readonly parameters: JobParameters;
}

/** What a worker says: that it can take jobs, or how a job ended. */
export type WorkAnswer =
  | { readonly type: 'ready' }
  | { readonly type: 'completed'; readonly id: string; readonly outputBytes: number }
  | { readonly type: 'error'; readonly id: string; readonly message: string };

const completed = processingJobs.bind({ status: 'completed' });
const failed = processingJobs.bind({ status: 'error' });

async function work(request: WorkRequest): Promise<void> {
  const began = performance.now();
  const part = partial(request.outputPath);
  const bricks = new BrickStream(request.parameters);
  try {
    await pipeline(createReadStream(request.inputPath), bricks, createWriteStream(part));
    const inputBytes = statSync(request.inputPath).size;
    const outputBytes = statSync(part).size;
    renameSync(part, request.outputPath);
    const tookSeconds = (performance.now() - began) / 1000;
    answer({ type: 'completed', id: request.id, outputBytes });
    completed.inc();
    processingDuration.observe(tookSeconds);
    processingInputSize.observe(inputBytes);
    processingOutputSize.observe(outputBytes);
  } catch (error) {
    await rm(part, { force: true }).catch(() => {});
    answer({ type: 'error', id: request.id, message: inWords(error) });
    failed.inc();
  }
}

function inWords(error: unknown): string {
  if (error instanceof GcodeError) return error.message;
  return `processing failed: ${error instanceof Error ? error.message : String(error)}`;
}

function answer(message: WorkAnswer): void {
  process.send?.(message);
}

process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole group; the web process decides when its workers end.
process.on('SIGINT', () => {});
process.on('message', (request: WorkRequest) => void work(request));

await serveMetrics({ service: SERVICE });
answer({ type: 'ready' });
