/** The routes of the transcode service: ask for a conversion, and how far it is. */
import type { IncomingMessage } from 'node:http';
import { koaMetrics } from '@binnacle/metrics/koa';
import { isUuid } from '@binnacle/system-parts/database';
import Router from '@koa/router';
import Koa, { type Context } from 'koa';
import { endpointName } from '../metrics/endpoint-name.ts';
import { http } from '../metrics/transcode.ts';
import { CALLS_HEADER, Calls } from '../service/calls.ts';
import { converterOf, TARGETS } from './conversions.ts';
import { type Job, type Jobs, QueueFull } from './jobs.ts';

const BODY_BYTES_MAX = 10_000;

/** What the routes work with. */
export interface AppParts {
  readonly jobs: Jobs;
  readonly filesUrl: string;
  /** Whether sounds and videos can be converted. */
  readonly hasFfmpeg: boolean;
}

/** What cannot be done, and why. */
class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Builds the application. */
export function createApp(parts: AppParts): Koa {
  const app = new Koa();
  const router = new Router();
  app.use(koaMetrics({ metrics: http, endpoint: endpointName }));
  app.on('error', (error) => console.error('transcode-service:', error));
  router.get('/health', async (context) => {
    await parts.jobs.check();
    context.body = { status: 'ok', pid: process.pid };
  });
  router.post('/api/v1/transcode', (context) => askFor(parts, context));
  router.get('/api/v1/transcode/:job_id', async (context) => {
    const job = await parts.jobs.find(String(context.params.job_id));
    if (job === undefined) throw new Refused(404, 'no_such_job', 'there is no such job');
    context.body = describe(job);
  });
  app.use(async (context, next) => {
    try {
      await next();
      if (context.status === 404 && context.body === undefined)
        throw new Refused(404, 'no_such_route', `there is no ${context.method} ${context.path}`);
    } catch (error) {
      if (!(error instanceof Refused)) {
        app.emit('error', error, context);
        context.status = 500;
        context.body = { error: 'internal', message: 'the server could not do this' };
        return;
      }
      context.status = error.status;
      context.body = { error: error.code, message: error.message };
    }
  });
  app.use(router.routes());
  return app;
}

async function askFor({ jobs, filesUrl, hasFfmpeg }: AppParts, context: Context): Promise<void> {
  const { file_id: fileId, target_format: target } = await jsonOf(context.req);
  if (!isUuid(fileId)) throw new Refused(400, 'invalid_file_id', 'file_id must be the identifier of a file');
  if (typeof target !== 'string' || !TARGETS.includes(target))
    throw new Refused(400, 'invalid_target_format', `target_format must be one of ${TARGETS.join(', ')}`);
  const calls = new Calls();
  try {
    const file = await fileOf(fileId, filesUrl, calls);
    const converter = converterOf(file.file_type, file.format, target);
    if (converter === undefined)
      throw new Refused(422, 'cannot_convert', `${file.format} cannot be converted to ${target}`);
    if (converter === 'ffmpeg' && !hasFfmpeg)
      throw new Refused(422, 'ffmpeg_missing', 'sounds and videos need ffmpeg, which is not installed here');
    const job = await jobs.add({
      fileId,
      assetId: file.asset_id,
      fileName: file.name,
      sourceFormat: file.format,
      targetFormat: target,
    });
    context.status = 202;
    context.body = describe(job);
  } catch (error) {
    if (!(error instanceof QueueFull)) throw error;
    context.set('retry-after', '10');
    throw new Refused(503, 'queue_full', error.message);
  } finally {
    if (calls.header !== undefined) context.set(CALLS_HEADER, calls.header);
  }
}

interface FileDescription {
  readonly asset_id: string;
  readonly name: string;
  readonly file_type: string;
  readonly format: string;
}

async function fileOf(id: string, filesUrl: string, calls: Calls): Promise<FileDescription> {
  const unavailable = new Refused(
    503,
    'files_unavailable',
    'the files service does not answer; try again later',
  );
  const response = await calls
    .make({
      service: 'files',
      url: filesUrl,
      method: 'GET',
      path: `/api/v1/files/${id}`,
      endpoint: '/api/v1/files/{file_id}',
    })
    .catch(() => {
      throw unavailable;
    });
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.status === 404) throw new Refused(404, 'no_such_file', 'there is no such file');
  if (!response.ok || answer === undefined) throw unavailable;
  return answer as FileDescription;
}

/** The JSON object in the body of a request. */
async function jsonOf(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes <= BODY_BYTES_MAX) parts.push(part);
  }
  if (bytes > BODY_BYTES_MAX)
    throw new Refused(413, 'body_too_large', `the body is larger than ${BODY_BYTES_MAX} bytes`);
  try {
    const value: unknown = JSON.parse(Buffer.concat(parts).toString());
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new Refused(400, 'malformed_body', 'send a JSON object with file_id and target_format');
}

function describe(job: Job): Record<string, unknown> {
  return {
    job_id: job.id,
    file_id: job.fileId,
    source_format: job.sourceFormat,
    target_format: job.targetFormat,
    status: job.status,
    progress: Math.round(job.progress * 10) / 10,
    attempts: job.attempts,
    told_attempts: job.toldAttempts,
    result_file_id: job.resultFileId,
    message: job.message,
    calls: job.calls,
    counted: job.counted,
    created_at: job.createdAt.toISOString(),
    finished_at: job.finishedAt?.toISOString() ?? null,
  };
}
