/** The routes of the service: upload, status, download, health and metrics. */
import { open, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { fastifyMetrics } from '@binnacle/metrics/fastify';
import { startUpload, type Upload } from '@binnacle/metrics/uploads';
import multipart from '@fastify/multipart';
import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
} from 'fastify';
import { downloads, http, type Refusal, uploading } from '../metrics.ts';
import { type DataFolders, type Job, type Jobs, newJobId } from './jobs.ts';
import type { Pool } from './pool.ts';
import { receiveUpload, UploadAborted, UploadRefused } from './upload.ts';

/** What the routes work with. */
export interface AppParts {
  readonly jobs: Jobs;
  readonly pool: Pool;
  readonly folders: DataFolders;
  readonly uploadBytesMax: number;
  /** Answers `/metrics` for all processes of the service. */
  readonly answerMetrics: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

/** An upload may take this long; also what a client that never finishes its request may hold a connection for. */
const REQUEST_TIMEOUT_MS = 300_000;

/** The queue is full. */
class QueueFull extends Error {
  override readonly name = 'QueueFull';
  readonly statusCode = 503;
}

/** Builds the application; it does not listen yet. */
export function createApp(parts: AppParts): FastifyInstance {
  const app = fastify({
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: 200 },
  });
  // Scrapes count as all requests do.
  app.register(fastifyMetrics, { metrics: http, ignore: [] });
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: 'no_such_route', message: `there is no ${request.method} ${request.url}` }),
  );
  app.register(async (scope) => {
    await scope.register(multipart);
    uploadRoute(scope, parts);
  });
  app.get<{ Params: { job_id: string } }>('/api/v1/status/:job_id', async (request, reply) => {
    const job = parts.jobs.get(request.params.job_id);
    return job === undefined ? unknownJob(reply, request.params.job_id) : describe(job);
  });
  app.get<{ Params: { job_id: string } }>('/api/v1/download/:job_id', (request, reply) =>
    download(parts.jobs.get(request.params.job_id), request.params.job_id, reply),
  );
  app.get('/health', async () => ({
    status: parts.pool.workers.some(({ ready }) => ready) ? 'ok' : 'degraded',
    workers: parts.pool.workers,
  }));
  app.get('/metrics', async (request, reply) => {
    reply.hijack();
    await parts.answerMetrics(request.raw, reply.raw);
  });
  return app;
}

const UPLOAD = 'upload';

function uploadOf(request: FastifyRequest): Upload<Refusal> {
  return request.getDecorator<Upload<Refusal>>(UPLOAD);
}

/** `POST /api/v1/upload`; every request to it ends in exactly one status of `uploads_total`. */
function uploadRoute(scope: FastifyInstance, { jobs, pool, folders, uploadBytesMax }: AppParts): void {
  // Whatever the body is, it reaches the handler unread: what cannot be accepted is refused there.
  scope.removeContentTypeParser(['application/json', 'text/plain']);
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
  scope.decorateRequest(UPLOAD);
  scope.addHook('onRequest', (request, _reply, done) => {
    request.setDecorator(UPLOAD, startUpload({ metrics: uploading }));
    done();
  });
  scope.setErrorHandler((error: FastifyError | Error, _request, reply) => uploadFailed(error, reply));
  scope.post('/api/v1/upload', async (request, reply) => {
    if (pool.full) {
      request.raw.resume();
      throw new QueueFull('too many jobs are waiting; try again later');
    }
    const id = newJobId();
    const inputPath = join(folders.uploads, `${id}.gcode`);
    const job = await jobs.receiving(inputPath, async (): Promise<Job> => {
      const { filename, bytes, parameters } = await receiveUpload(request, inputPath, uploadBytesMax);
      if (pool.full) {
        await rm(inputPath, { force: true });
        throw new QueueFull('too many jobs are waiting; try again later');
      }
      const job: Job = {
        id,
        filename,
        parameters,
        inputPath,
        outputPath: join(folders.outputs, `${id}.gcode`),
        inputBytes: bytes,
        createdMs: Date.now(),
        status: 'pending',
      };
      uploadOf(request).accepted(bytes);
      jobs.add(job);
      pool.add(job);
      return job;
    });
    return reply.code(201).send(describe(job));
  });
}

/** Counts a failed upload and answers it. */
function uploadFailed(error: FastifyError | Error, reply: FastifyReply): FastifyReply {
  // Closing while the client still writes would take the answer away from it, even if it asked to close.
  if (!reply.request.raw.complete) reply.header('connection', 'keep-alive');
  const upload = uploadOf(reply.request);
  const refused = asRefusal(error);
  if (refused === undefined) {
    upload.failed(error);
    const statusCode = error instanceof QueueFull || error instanceof UploadAborted ? error.statusCode : 500;
    if (statusCode === 500)
      console.error(`bricklayers-web: an upload failed: ${error.stack ?? error.message}`);
    if (statusCode === 503) reply.header('retry-after', '10');
    const message = statusCode === 500 ? 'the server could not store the upload' : error.message;
    return reply.code(statusCode).send({ error: 'upload_failed', message });
  }
  const { reason } = refused;
  upload.refused(reason);
  return reply.code(refused.statusCode).send({ error: reason, message: refused.message });
}

/** The refusal in an error, if it is the client's: our own, or one that Fastify raised before the handler ran. */
function asRefusal(
  error: FastifyError | Error,
): { statusCode: number; reason: Refusal; message: string } | undefined {
  if (error instanceof UploadRefused) return error;
  if (error instanceof UploadAborted || !('code' in error) || !('statusCode' in error)) return undefined;
  const { statusCode = 500, message } = error;
  if (statusCode < 400 || statusCode > 499) return undefined;
  return { statusCode, reason: statusCode === 415 ? 'not_multipart' : 'malformed_body', message };
}

async function download(job: Job | undefined, id: string, reply: FastifyReply): Promise<FastifyReply> {
  if (job === undefined) {
    downloads.inc({ status: 'failed_not_found' });
    return unknownJob(reply, id);
  }
  if (job.status !== 'completed') {
    downloads.inc({ status: 'failed_not_ready' });
    const message = `the job is not ready to download: its status is "${job.status}"`;
    return reply.code(409).send({ error: 'not_ready', status: job.status, message });
  }
  const file = await open(job.outputPath).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) {
    downloads.inc({ status: 'failed_file_missing' });
    return reply
      .code(410)
      .send({ error: 'file_gone', message: 'the output was removed by the cleanup service; upload again' });
  }
  const { size } = await file.stat();
  reply.raw.once('finish', () => downloads.inc({ status: 'success' }));
  return (
    reply
      .type('text/x.gcode')
      .header('content-length', size)
      .header('content-disposition', `attachment; filename="${downloadName(job.filename)}"`)
      // With its end known, the stream ends with its last byte; a client that has it may close at once.
      .send(file.createReadStream({ start: 0, end: Math.max(size - 1, 0) }))
  );
}

function unknownJob(reply: FastifyReply, id: string): FastifyReply {
  return reply
    .code(404)
    .send({ error: 'no_such_job', message: `there is no job ${JSON.stringify(id.slice(0, 100))}` });
}

/** A name that is safe in a header: `part.gcode` becomes `part.bricks.gcode`. */
function downloadName(filename: string): string {
  const extension = extname(filename);
  const stem = filename.slice(0, filename.length - extension.length).replace(/[^\w.-]+/g, '_');
  return `${stem.slice(0, 100) || 'part'}.bricks${extension}`;
}

function describe(job: Job): Record<string, unknown> {
  const time = (ms: number | undefined): string | null =>
    ms === undefined ? null : new Date(ms).toISOString();
  return {
    job_id: job.id,
    status: job.status,
    filename: job.filename,
    start_at_layer: job.parameters.startAtLayer,
    extrusion_multiplier: job.parameters.extrusionMultiplier,
    input_bytes: job.inputBytes,
    output_bytes: job.outputBytes ?? null,
    created_at: time(job.createdMs),
    started_at: time(job.startedMs),
    finished_at: time(job.finishedMs),
    message: job.message ?? null,
    status_url: `/api/v1/status/${job.id}`,
    download_url: `/api/v1/download/${job.id}`,
  };
}
