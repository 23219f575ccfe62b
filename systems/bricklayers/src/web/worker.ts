/**
 * A worker process: takes one job at a time from the web process and transforms its G-code.
 *
 * The output is written under a partial name and renamed when it is whole; then the worker says how the job ended.
 * It counts no job itself: a kill between saying and counting would leave one out, or count it twice. The web
 * process decides how a job ended, so it counts it in the same step.
 *
 * A worker ends when the web process does, which shows as the end of the channel between them.
 */
import { createReadStream, createWriteStream, renameSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { serveMetrics } from '@binnacle/metrics';
import { reportSystem } from '@binnacle/metrics/system';
import { BrickStream, GcodeError } from '../gcode/transform.ts';
import { SERVICE, system } from '../metrics.ts';
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
  | {
      readonly type: 'completed';
      readonly id: string;
      readonly seconds: number;
      readonly inputBytes: number;
      readonly outputBytes: number;
    }
  | { readonly type: 'error'; readonly id: string; readonly message: string };

async function work(request: WorkRequest): Promise<void> {
  const began = performance.now();
  const part = partial(request.outputPath);
  const bricks = new BrickStream(request.parameters);
  try {
    await pipeline(createReadStream(request.inputPath), bricks, createWriteStream(part));
    const inputBytes = statSync(request.inputPath).size;
    const outputBytes = statSync(part).size;
    renameSync(part, request.outputPath);
    const seconds = (performance.now() - began) / 1000;
    answer({ type: 'completed', id: request.id, seconds, inputBytes, outputBytes });
  } catch (error) {
    await rm(part, { force: true }).catch(() => {});
    answer({ type: 'error', id: request.id, message: inWords(error) });
  }
}

function inWords(error: unknown): string {
  if (error instanceof GcodeError) return error.message;
  return `processing failed: ${error instanceof Error ? error.message : String(error)}`;
}

function answer(message: WorkAnswer): void {
  // Where the web process has gone, there is nobody to tell, and this one ends as well.
  process.send?.(message, () => {});
}

process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole group; the web process decides when its workers end.
process.on('SIGINT', () => {});
process.on('message', (request: WorkRequest) => void work(request));

await serveMetrics({ service: SERVICE });
reportSystem({ metrics: system });
answer({ type: 'ready' });
