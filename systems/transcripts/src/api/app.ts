/** The routes of the API: jobs and how far they are, searches, exports, health and metrics. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fastifyMetrics } from '@binnacle/metrics/fastify';
import { isUuid } from '@binnacle/system-parts/database';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Pool } from 'pg';
import {
  EXPORT_FORMATS,
  type ExportFormat,
  exports as exportsMade,
  http,
  JOB_TYPES,
  jobsCreated,
  searchQueries,
} from '../metrics/api.ts';
import { exported } from './exports.ts';
import { type Job, type Jobs, type NewJob, TooManyJobs, type Video } from './jobs.ts';
import { searchSegments, transcriptOf } from './segments.ts';

const BODY_BYTES_MAX = 100_000;
const URL_CHARACTERS_MAX = 2_000;
const QUERY_CHARACTERS_MAX = 200;
/** Entries of one answer. */
export const PAGE_MAX = 100;
const PAGE_DEFAULT = 20;
const OFFSET_MAX = 1_000_000;

/** What the routes work with. */
export interface AppParts {
  readonly jobs: Jobs;
  readonly pool: Pool;
  /** Answers `/metrics` for all processes of the service. */
  readonly answerMetrics: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

/** What cannot be done, and why. */
class Refused extends Error {
  override readonly name = 'Refused';
  readonly statusCode: number;
  readonly code: string;

  constructor(statusCode: number, code: string, message: string) {
    super(message);
    this.statusCode = statusCode;
    this.code = code;
  }
}

/** Builds the application; it does not listen. */
export function createApp(parts: AppParts): FastifyInstance {
  const { jobs, pool } = parts;
  const app = fastify({ bodyLimit: BODY_BYTES_MAX });
  app.register(fastifyMetrics, { metrics: http, endpoint: endpointName });
  app.setErrorHandler(failed);
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: 'no_such_route', message: `there is no ${request.method} ${request.url}` }),
  );

  app.get('/health', async () => {
    await jobs.check();
    return { status: 'ok', pid: process.pid };
  });
  app.get('/metrics', async (request, reply) => {
    reply.hijack();
    await parts.answerMetrics(request.raw, reply.raw);
  });
  app.post('/api/v1/jobs', async (request, reply) => {
    const { job, created } = await jobs.create(newJobOf(request));
    if (created) jobsCreated.inc({ job_type: job.jobType });
    return reply.code(created ? 202 : 200).send(describeJob(job));
  });
  app.get<{ Querystring: Query }>('/api/v1/jobs', async ({ query }) => {
    const limit = numberOf(query.limit, 'limit', PAGE_DEFAULT, 1, PAGE_MAX);
    const offset = numberOf(query.offset, 'offset', 0, 0, OFFSET_MAX);
    return { limit, offset, jobs: (await jobs.list(limit, offset)).map(describeJob) };
  });
  app.get<{ Params: { job_id: string } }>('/api/v1/status/:job_id', async ({ params }) => {
    const job = await jobs.find(params.job_id);
    if (job === undefined) throw new Refused(404, 'no_such_job', 'there is no such job');
    const videos = await jobs.videosOf(job.id);
    return { ...describeJob(job), videos: videos.map(describeVideo) };
  });
  app.get<{ Querystring: Query }>('/api/v1/search', async ({ query }) => ({
    results: await found(pool, query),
  }));
  app.get<{ Params: { video_id: string; format: string } }>(
    '/api/v1/exports/:video_id/:format',
    async ({ params }, reply) => {
      const format = formatOf(params.format);
      const video = await completedVideo(jobs, params.video_id);
      const { mediaType, content } = await exported(format, video, await transcriptOf(pool, video.id));
      exportsMade.inc({ format });
      return reply
        .header('content-disposition', `attachment; filename="${video.id}.${format}"`)
        .type(mediaType)
        .send(content);
    },
  );
  return app;
}

/** Parameters behind the question mark; one that comes twice is a list. */
type Query = Readonly<Record<string, unknown>>;

/** Endpoints are the templates of their routes, but for the health check, which has a name. */
function endpointName(template: string): string {
  return template === '/health' ? 'health' : template;
}

async function found(pool: Pool, query: Query): Promise<Record<string, unknown>[]> {
  const limit = numberOf(query.limit, 'limit', PAGE_DEFAULT, 1, PAGE_MAX);
  const text = query.q;
  if (typeof text !== 'string' || !isText(text, QUERY_CHARACTERS_MAX))
    throw new Refused(400, 'invalid_query', `q must be a text of 1 to ${QUERY_CHARACTERS_MAX} characters`);
  const segments = await searchSegments(pool, text, limit);
  searchQueries.inc({ backend: 'postgres' });
  return segments.map(({ videoId, jobId, startSeconds, endSeconds, ...rest }) => ({
    video_id: videoId,
    job_id: jobId,
    start: startSeconds,
    end: endSeconds,
    ...rest,
  }));
}

async function completedVideo(jobs: Jobs, id: string): Promise<Video> {
  const video = await jobs.video(id);
  if (video === undefined) throw new Refused(404, 'no_such_video', 'there is no such video');
  if (video.state === 'completed') return video;
  throw video.state === 'failed'
    ? new Refused(409, 'video_failed', `there is no transcript: ${video.message}`)
    : new Refused(409, 'not_ready', 'the transcript is not there yet; ask for the status of its job');
}

function formatOf(format: string): ExportFormat {
  const known = EXPORT_FORMATS.find((one) => one === format);
  if (known !== undefined) return known;
  throw new Refused(404, 'no_such_format', `a transcript can be had as ${EXPORT_FORMATS.join(', ')}`);
}

/** Reads what a job is to be. */
function newJobOf({ body, headers }: FastifyRequest): NewJob {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Refused(400, 'malformed_body', 'send a JSON object with a url, and perhaps a type');
  const { url, type = 'single' } = body as Record<string, unknown>;
  const jobType = JOB_TYPES.find((one) => one === type);
  if (jobType === undefined)
    throw new Refused(400, 'invalid_type', `type must be one of ${JOB_TYPES.join(', ')}`);
  if (typeof url !== 'string' || !isText(url, URL_CHARACTERS_MAX) || !isWebAddress(url))
    throw new Refused(400, 'invalid_url', 'url must be an address that begins with http:// or https://');
  const key = headers['idempotency-key'];
  if (key !== undefined && !isUuid(key))
    throw new Refused(400, 'invalid_idempotency_key', 'the header idempotency-key must be a UUID');
  return { jobType, url, key };
}

function isWebAddress(url: string): boolean {
  return URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol);
}

/** PostgreSQL stores every character but U+0000. */
function isText(text: string, charactersMax: number): boolean {
  return text.trim() !== '' && text.length <= charactersMax && !text.includes('\0');
}

function numberOf(given: unknown, name: string, fallback: number, min: number, max: number): number {
  if (given === undefined) return fallback;
  const value = typeof given === 'string' && /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new Refused(400, `invalid_${name}`, `${name} must be a whole number from ${min} to ${max}`);
}

/** What is refused has a status, a code and words for the client; so have Fastify's own errors below 500. */
function failed(error: unknown, _request: FastifyRequest, reply: FastifyReply): void {
  if (error instanceof TooManyJobs) {
    reply.code(503).header('retry-after', '10').send({ error: 'too_many_jobs', message: error.message });
    return;
  }
  const { statusCode = 500, code = 'internal', message } = error as Partial<Refused>;
  if (statusCode < 500) {
    reply.code(statusCode).send({ error: code.toLowerCase(), message });
    return;
  }
  console.error('api:', error);
  reply.code(500).send({ error: 'internal', message: 'the server could not do this' });
}

function describeJob(job: Job): Record<string, unknown> {
  return {
    job_id: job.id,
    job_type: job.jobType,
    url: job.url,
    status: job.state,
    message: job.message,
    created_at: job.createdAt.toISOString(),
    finished_at: job.finishedAt?.toISOString() ?? null,
  };
}

function describeVideo(video: Video): Record<string, unknown> {
  return {
    video_id: video.id,
    url: video.url,
    status: video.state,
    attempts: video.attempts,
    told_attempts: video.toldAttempts,
    steps: countsOf(video.steps),
    duration_seconds: video.seconds,
    speakers: video.speakers,
    model: video.model,
    backend: video.backend,
    message: video.message,
  };
}

/** How often each step was done: `{ download: 1, chunk: 3 }`. */
function countsOf(steps: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const step of steps) counts[step] = (counts[step] ?? 0) + 1;
  return counts;
}
