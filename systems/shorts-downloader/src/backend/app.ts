/** The routes of the backend. */
import { metricsHandler } from '@binnacle/metrics';
import { fastifyMetrics } from '@binnacle/metrics/fastify';
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import { type Download, type Downloads, QueueFull } from '../downloads.ts';
import { VideoError } from '../errors.ts';
import { type Files, LIST_MAX, type StoredFile } from '../files.ts';
import { http } from '../metrics.ts';
import type { TaskQueue } from '../queue/task-queue.ts';
import type { Storage } from '../storage/storage.ts';
import { videoUrl } from '../video/video-service.ts';

const BODY_BYTES_MAX = 10_000;
const OFFSET_MAX = 1_000_000;

/** What the routes work with. */
export interface AppParts {
  readonly downloads: Downloads;
  readonly files: Files;
  readonly storage: Storage;
  readonly queue: TaskQueue;
}

/** Builds the application. */
export function createApp(parts: AppParts): FastifyInstance {
  const app = fastify({ bodyLimit: BODY_BYTES_MAX, forceCloseConnections: 'idle' });
  // Whoever scrapes and whoever looks whether the service is well are requests like all others.
  app.register(fastifyMetrics, {
    metrics: http,
    processTime: true,
    ignore: [],
    endpoint: (template) => (template === '/health' ? 'health' : template),
  });
  app.setNotFoundHandler((request, reply) =>
    refuse(reply, 404, 'no_such_route', `there is no ${request.method} ${request.url}`),
  );
  app.setErrorHandler((error: Error & { readonly statusCode?: number }, _request, reply) => {
    const { statusCode = 500 } = error;
    if (statusCode < 500) return refuse(reply, statusCode, 'invalid_request', error.message);
    console.error('shorts-downloader:', error);
    return refuse(reply, 500, 'internal', 'the server could not do this');
  });
  const metrics = metricsHandler();
  app.get('/metrics', (request, reply) => {
    reply.hijack();
    metrics(request.raw, reply.raw);
  });
  app.get('/health', () => health(parts));
  addDownloads(app, parts);
  addFiles(app, parts);
  return app;
}

const ASK = {
  body: {
    type: 'object',
    required: ['url'],
    properties: { url: { type: 'string' } },
  },
} as const;

function addDownloads(app: FastifyInstance, { downloads, queue }: AppParts): void {
  app.post<{ Body: { readonly url: string } }>(
    '/api/v1/download',
    { schema: ASK },
    async (request, reply) => {
      try {
        const { href } = videoUrl(request.body.url.trim());
        const download = await downloads.add(href);
        // Where the queue does not answer, the janitor puts the task in later: it is kept already.
        await queue.add(download.id).catch(() => {});
        return reply.code(202).send(describeDownload(download));
      } catch (error) {
        if (error instanceof VideoError) return refuse(reply, 400, error.code, error.message);
        if (!(error instanceof QueueFull)) throw error;
        return refuse(reply.header('retry-after', '10'), 503, 'QUEUE_FULL', error.message);
      }
    },
  );

  app.get<{ Params: { readonly job_id: string } }>('/api/v1/status/:job_id', async (request, reply) => {
    const download = await downloads.find(request.params.job_id);
    if (download === undefined) return refuse(reply, 404, 'no_such_job', 'there is no such job');
    return describeDownload(download);
  });
}

const LIST = {
  querystring: {
    type: 'object',
    properties: {
      limit: { type: 'integer', minimum: 1, maximum: LIST_MAX, default: 20 },
      offset: { type: 'integer', minimum: 0, maximum: OFFSET_MAX, default: 0 },
    },
  },
} as const;

interface FileRoute {
  readonly Params: { readonly file_id: string };
}

function addFiles(app: FastifyInstance, { files, storage }: AppParts): void {
  const noSuchFile = (reply: FastifyReply): FastifyReply =>
    refuse(reply, 404, 'no_such_file', 'there is no such file');

  app.get<{ Querystring: { readonly limit: number; readonly offset: number } }>(
    '/api/v1/files',
    { schema: LIST },
    async ({ query }) => ({ files: (await files.list(query.limit, query.offset)).map(describeFile) }),
  );

  app.get<FileRoute>('/api/v1/files/:file_id/content', async (request, reply) => {
    const file = await files.find(request.params.file_id);
    if (file === undefined) return noSuchFile(reply);
    const content = await storage.read(file);
    return reply.type(file.mediaType).header('content-length', file.bytes).send(content);
  });

  app.delete<FileRoute>('/api/v1/files/:file_id', async (request, reply) => {
    if (!(await storage.remove(request.params.file_id))) return noSuchFile(reply);
    return reply.code(204).send();
  });

  app.get('/api/v1/storage/stats', async () => {
    const stats = Object.entries(await files.stats());
    const { quotaBytes } = files;
    return {
      providers: stats.map(([provider, { bytes, files: count }]) => ({
        provider,
        total_size_bytes: bytes,
        file_count: count,
        quota_bytes: quotaBytes,
        used_percent: Math.round((bytes / quotaBytes) * 10_000) / 100,
      })),
    };
  });
}

async function health({ downloads, queue }: AppParts): Promise<Record<string, unknown>> {
  await downloads.check();
  return { status: 'ok', queue: queue.kind, queue_length: await queue.length(), pid: process.pid };
}

function refuse(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
  return reply.code(status).send({ error_code: code, message });
}

function describeDownload(download: Download): Record<string, unknown> {
  return {
    job_id: download.id,
    url: download.url,
    status: download.status,
    attempts: download.attempts,
    errors: download.errors,
    title: download.title,
    provider: download.provider,
    file_id: download.fileId,
    message: download.message,
    created_at: download.createdAt.toISOString(),
    started_at: download.startedAt?.toISOString() ?? null,
    finished_at: download.finishedAt?.toISOString() ?? null,
  };
}

function describeFile(file: StoredFile): Record<string, unknown> {
  return {
    file_id: file.id,
    job_id: file.downloadId,
    provider: file.provider,
    title: file.title,
    media_type: file.mediaType,
    bytes: file.bytes,
    created_at: file.createdAt.toISOString(),
  };
}
