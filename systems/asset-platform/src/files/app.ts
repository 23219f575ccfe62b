/** The routes of the files service: upload, download, describe, list, delete. */
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { fastifyMetrics } from '@binnacle/metrics/fastify';
import { isAnswered } from '@binnacle/metrics/http';
import { startUpload } from '@binnacle/metrics/uploads';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { endpointName } from '../metrics/endpoint-name.ts';
import { filesDownloaded, http, uploads } from '../metrics/files.ts';
import { CALLS_HEADER, Calls } from '../service/calls.ts';
import { rangeOf } from './byte-range.ts';
import { type Files, type StoredFile, UploadRefused } from './files.ts';
import { FileTooLarge } from './receive.ts';

/** An upload may take this long. */
const REQUEST_MS_MAX = 3_600_000;
const NAME_MAX = 255;

type AssetRoute = { Params: { asset_id: string }; Querystring: { name?: string } };
type FileRoute = { Params: { file_id: string } };

/** Builds the application; it does not listen yet. */
export function createApp(files: Files): FastifyInstance {
  const app = fastify({
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    requestTimeout: REQUEST_MS_MAX,
    bodyLimit: Number.MAX_SAFE_INTEGER,
    routerOptions: { maxParamLength: 200 },
  });
  app.register(fastifyMetrics, { metrics: http, endpoint: endpointName });
  // Whatever the body is, it is a file, and reaches the handler as a stream.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  app.setNotFoundHandler((request, reply) => {
    request.raw.resume();
    return refuse(reply, 404, 'no_such_route', `there is no ${request.method} ${request.url}`);
  });
  app.setErrorHandler((error, _request, reply) => {
    console.error('files-service:', error);
    return refuse(reply, 500, 'internal', 'the server could not do this');
  });
  app.get('/health', async () => {
    await files.check();
    return { status: 'ok', pid: process.pid };
  });
  app.post<AssetRoute>('/api/v1/assets/:asset_id/files', (request, reply) => upload(files, request, reply));
  app.get<AssetRoute>('/api/v1/assets/:asset_id/files', async (request, reply) => {
    const list = await files.list(request.params.asset_id);
    if (list === undefined) return refuse(reply, 404, 'no_such_asset', 'there is no such asset');
    return { files: list.map(describe) };
  });
  app.get<FileRoute>('/api/v1/files/:file_id', async (request, reply) => {
    const file = await files.retrieve(request.params.file_id);
    return file === undefined ? unknownFile(reply) : describe(file);
  });
  app.get<FileRoute>('/api/v1/files/:file_id/content', (request, reply) => download(files, request, reply));
  app.delete<FileRoute>('/api/v1/files/:file_id', async (request, reply) => {
    request.raw.resume();
    const calls = new Calls();
    const removed = await files.remove(request.params.file_id, calls);
    tell(reply, calls);
    return removed ? { deleted: request.params.file_id } : unknownFile(reply);
  });
  return app;
}

async function upload(
  files: Files,
  request: FastifyRequest<AssetRoute>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const calls = new Calls();
  const name = nameOf(request.query.name);
  using counted = startUpload({ metrics: uploads });
  try {
    if (name === undefined) {
      counted.refused('invalid_name');
      return refuse(reply, 400, 'invalid_name', `name must have 1 to ${NAME_MAX} characters`);
    }
    const key = request.headers['idempotency-key'];
    const { file, created } = await files.store(
      {
        assetId: request.params.asset_id,
        name,
        content: (request.body as Readable | undefined) ?? request.raw,
        ...(typeof key === 'string' && key !== '' && { key: key.slice(0, NAME_MAX) }),
      },
      calls,
    );
    counted.accepted(file.bytes);
    tell(reply, calls);
    return reply.code(created ? 201 : 200).send(describe(file));
  } catch (error) {
    tell(reply, calls);
    if (error instanceof FileTooLarge) {
      counted.refused('file_too_large');
      return refuse(reply, 413, 'file_too_large', error.message);
    }
    if (error instanceof UploadRefused) {
      counted.refused(error.code);
      return refuse(reply, error.code === 'empty_file' ? 400 : 404, error.code, error.message);
    }
    if (!request.raw.complete && request.raw.destroyed) {
      counted.refused('client_went_away');
      return refuse(reply, 400, 'upload_aborted', 'the client went away before the file was complete');
    }
    throw error;
  } finally {
    // What is still coming is read and thrown away, so that a client that writes everything first gets the answer.
    request.raw.unpipe();
    request.raw.resume();
  }
}

async function download(
  files: Files,
  request: FastifyRequest<FileRoute>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const file = await files.find(request.params.file_id);
  if (file === undefined) return unknownFile(reply);
  const etag = `"${file.sha256}"`;
  reply.headers({ etag, 'accept-ranges': 'bytes', 'x-content-type-options': 'nosniff' });
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  const ifRange = request.headers['if-range'];
  const asked = ifRange === undefined || ifRange === etag ? request.headers.range : undefined;
  const range = rangeOf(asked, file.bytes);
  if (range === 'unsatisfiable') {
    reply.header('content-range', `bytes */${file.bytes}`);
    return refuse(reply, 416, 'range_not_satisfiable', `the file has ${file.bytes} bytes`);
  }
  const content = await open(files.pathOf(file.id)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (content === undefined) return refuse(reply, 410, 'file_gone', 'the content of this file is lost');
  const { start, end } = range ?? { start: 0, end: file.bytes - 1 };
  if (range !== undefined) reply.code(206).header('content-range', `bytes ${start}-${end}/${file.bytes}`);
  reply.raw.once('close', () => {
    if (isAnswered(reply.raw)) filesDownloaded.inc();
  });
  return reply
    .type(file.mediaType)
    .headers({
      'content-length': end - start + 1,
      // Nobody's upload is to run as a page of ours.
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`,
    })
    .send(content.createReadStream({ start, end }));
}

/** The name of a file without folders; undefined where it cannot be one. */
function nameOf(given: unknown): string | undefined {
  if (given === undefined) return 'file';
  const name = typeof given === 'string' ? (given.split(/[\\/]/).at(-1)?.trim() ?? '') : '';
  return name !== '' &&
    name.length <= NAME_MAX &&
    !name.includes('\0') &&
    name === Buffer.from(name).toString()
    ? name
    : undefined;
}

function tell(reply: FastifyReply, calls: Calls): void {
  if (calls.header !== undefined) reply.header(CALLS_HEADER, calls.header);
}

function refuse(reply: FastifyReply, status: number, error: string, message: string): FastifyReply {
  return reply.code(status).send({ error, message });
}

function unknownFile(reply: FastifyReply): FastifyReply {
  return refuse(reply, 404, 'no_such_file', 'there is no such file');
}

function describe(file: StoredFile): Record<string, unknown> {
  return {
    file_id: file.id,
    asset_id: file.assetId,
    name: file.name,
    bytes: file.bytes,
    sha256: file.sha256,
    file_type: file.fileType,
    format: file.format,
    media_type: file.mediaType,
    created_at: file.createdAt.toISOString(),
    content_url: `/api/v1/files/${file.id}/content`,
  };
}
