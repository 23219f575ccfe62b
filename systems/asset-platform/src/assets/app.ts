/** The routes of the assets service: create, read, update, delete, list. */
import { expressErrors, expressMetrics } from '@binnacle/metrics/express';
import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';
import { http } from '../metrics/assets.ts';
import { endpointName } from '../metrics/endpoint-name.ts';
import { CALLS_HEADER, Calls } from '../service/calls.ts';
import { type Asset, type AssetContent, AssetHasFiles, type Assets } from './assets.ts';

const BODY_BYTES_MAX = 100_000;
const NAME_MAX = 200;
const DESCRIPTION_MAX = 10_000;
const TAGS_MAX = 20;
const TAG_MAX = 50;
/** Assets of one page of a list. */
export const PAGE_MAX = 100;

/** What the client sent cannot be. */
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

type Handler = (request: Request, response: Response, calls: Calls) => Promise<void>;

/** Builds the application. */
export function createApp(assets: Assets): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.use(expressMetrics({ metrics: http, endpoint: endpointName }));
  const json = express.json({ limit: BODY_BYTES_MAX });
  const collection = '/api/v1/assets';
  const one = '/api/v1/assets/:asset_id';

  app.get('/health', async (_request, response) => {
    await assets.check();
    response.json({ status: 'ok', pid: process.pid });
  });
  app.post(
    collection,
    json,
    handle(async (request, response, calls) => {
      const asset = await assets.create(contentOf(request.body), calls);
      answer(response, calls, 201, describe(asset));
    }),
  );
  app.get(
    collection,
    handle(async (request, response, calls) => {
      const limit = numberOf(request.query.limit, 'limit', 20, 1, PAGE_MAX);
      const offset = numberOf(request.query.offset, 'offset', 0, 0, 1_000_000);
      const { page, total } = await assets.list(limit, offset);
      answer(response, calls, 200, { total, limit, offset, assets: page.map(describe) });
    }),
  );
  app.get(
    one,
    handle(async (request, response, calls) => {
      const asset = await assets.read(idOf(request));
      answer(response, calls, 200, describe(asset ?? unknown(request)));
    }),
  );
  app.put(
    one,
    json,
    handle(async (request, response, calls) => {
      const asset = await assets.update(idOf(request), contentOf(request.body), calls);
      answer(response, calls, 200, describe(asset ?? unknown(request)));
    }),
  );
  app.delete(
    one,
    handle(async (request, response, calls) => {
      if (!(await assets.remove(idOf(request), calls))) unknown(request);
      answer(response, calls, 200, { deleted: idOf(request) });
    }),
  );
  app.use((request, response) => {
    response
      .status(404)
      .json({ error: 'no_such_route', message: `there is no ${request.method} ${request.path}` });
  });
  app.use(expressErrors());
  app.use(failed);
  return app;
}

function handle(handler: Handler): (request: Request, response: Response) => Promise<void> {
  return async (request, response) => {
    const calls = new Calls();
    try {
      await handler(request, response, calls);
    } catch (error) {
      tell(response, calls);
      throw error;
    }
  };
}

function answer(response: Response, calls: Calls, status: number, body: unknown): void {
  tell(response, calls);
  response.status(status).json(body);
}

function tell(response: Response, calls: Calls): void {
  if (calls.header !== undefined) response.setHeader(CALLS_HEADER, calls.header);
}

const failed: ErrorRequestHandler = (error: Error, _request, response, next) => {
  if (response.headersSent) return next(error);
  if (error instanceof Refused)
    response.status(error.status).json({ error: error.code, message: error.message });
  else if (error instanceof AssetHasFiles)
    response.status(409).json({ error: 'asset_has_files', message: error.message });
  else if ('type' in error && error.type === 'entity.too.large')
    response
      .status(413)
      .json({ error: 'body_too_large', message: `the body is larger than ${BODY_BYTES_MAX} bytes` });
  else if ('status' in error && error.status === 400)
    response.status(400).json({ error: 'malformed_body', message: error.message });
  else {
    console.error('assets-service:', error);
    response.status(500).json({ error: 'internal', message: 'the server could not do this' });
  }
};

function idOf(request: Request): string {
  return String(request.params.asset_id);
}

function unknown(request: Request): never {
  const id = JSON.stringify(idOf(request).slice(0, 100));
  throw new Refused(404, 'no_such_asset', `there is no asset ${id}`);
}

/** Reads what an asset is to be. */
function contentOf(body: unknown): AssetContent {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Refused(
      400,
      'malformed_body',
      'send a JSON object with a name, and perhaps description and tags',
    );
  const { name, description = '', tags = [] } = body as Record<string, unknown>;
  if (typeof name !== 'string' || name.trim() === '' || name.length > NAME_MAX)
    throw new Refused(400, 'invalid_name', `name must be a text of 1 to ${NAME_MAX} characters`);
  if (typeof description !== 'string' || description.length > DESCRIPTION_MAX)
    throw new Refused(
      400,
      'invalid_description',
      `description must be a text of at most ${DESCRIPTION_MAX} characters`,
    );
  if (!Array.isArray(tags) || tags.length > TAGS_MAX || !tags.every(isTag))
    throw new Refused(
      400,
      'invalid_tags',
      `tags must be at most ${TAGS_MAX} texts of 1 to ${TAG_MAX} characters`,
    );
  // PostgreSQL stores every character but this one.
  if ([name, description, ...tags].some((text) => text.includes('\0')))
    throw new Refused(400, 'invalid_text', 'texts must not contain the character U+0000');
  return { name: name.trim(), description, tags };
}

function isTag(tag: unknown): tag is string {
  return typeof tag === 'string' && tag !== '' && tag.length <= TAG_MAX;
}

function numberOf(given: unknown, name: string, fallback: number, min: number, max: number): number {
  if (given === undefined) return fallback;
  const value = typeof given === 'string' && /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new Refused(400, `invalid_${name}`, `${name} must be a whole number from ${min} to ${max}`);
}

function describe(asset: Asset): Record<string, unknown> {
  return {
    asset_id: asset.id,
    name: asset.name,
    description: asset.description,
    tags: asset.tags,
    version: asset.version,
    created_at: asset.createdAt.toISOString(),
    updated_at: asset.updatedAt.toISOString(),
  };
}
