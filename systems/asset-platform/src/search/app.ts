/** The routes of the search service: search, and the index that the other services announce their changes to. */
import { honoMetrics } from '@binnacle/metrics/hono';
import { isUuid } from '@binnacle/system-parts/database';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { endpointName } from '../metrics/endpoint-name.ts';
import { ENTITY_TYPES, http, QUERY_TYPES } from '../metrics/search.ts';
import type { EntityType, Entry, QueryType, SearchIndex } from './search-index.ts';

const BODY_BYTES_MAX = 200_000;
const QUERY_MAX = 500;
const RESULTS_MAX = 100;
const VERSION_MAX = 2_147_483_647;

/** Builds the application. */
export function createApp(index: SearchIndex): Hono {
  const app = new Hono();
  app.use(honoMetrics({ metrics: http, endpoint: endpointName }));
  const search = async (c: Context): Promise<Response> => {
    const text = c.req.query('q')?.trim() ?? '';
    const type = c.req.query('type') || 'all';
    const limit = wholeNumber(c.req.query('limit') ?? '20', 1, RESULTS_MAX);
    if (text === '' || text.length > QUERY_MAX || text.includes('\0'))
      return refuse(c, 'invalid_query', `q must be a text of 1 to ${QUERY_MAX} characters`);
    if (!isQueryType(type)) return refuse(c, 'invalid_type', `type must be one of ${QUERY_TYPES.join(', ')}`);
    if (limit === undefined)
      return refuse(c, 'invalid_limit', `limit must be a whole number from 1 to ${RESULTS_MAX}`);
    const results = await index.find(text, type, limit);
    return c.json({ query_type: type, count: results.length, results });
  };
  const put = async (c: Context): Promise<Response> => {
    const entry = entryOf(await c.req.json().catch(() => undefined));
    if (entry === undefined)
      return refuse(c, 'malformed_body', 'send entity_type, entity_id, version, title and body as JSON');
    return c.json({ indexed: await index.put(entry) });
  };
  const remove = async (c: Context): Promise<Response> => {
    const { entity_type: type, entity_id: id } = c.req.param() as Record<string, string>;
    const version = wholeNumber(c.req.query('version') ?? '', 1, VERSION_MAX);
    if (!isEntityType(type) || !isUuid(id) || version === undefined)
      return refuse(c, 'malformed_request', 'name entity_type, entity_id and version');
    return c.json({ removed: await index.remove(type, id, version) });
  };
  const health = async (c: Context): Promise<Response> => {
    await index.check();
    return c.json({ status: 'ok', pid: process.pid });
  };
  app.get('/api/v1/search', search);
  app.post('/api/v1/index', bodyLimit({ maxSize: BODY_BYTES_MAX, onError: tooLarge }), put);
  app.delete('/api/v1/index/:entity_type/:entity_id', remove);
  app.get('/health', health);
  app.notFound((c) =>
    c.json({ error: 'no_such_route', message: `there is no ${c.req.method} ${c.req.path}` }, 404),
  );
  app.onError((error, c) => {
    console.error('search-service:', error);
    return c.json({ error: 'internal', message: 'the server could not do this' }, 500);
  });
  return app;
}

function refuse(c: Context, error: string, message: string): Response {
  return c.json({ error, message }, 400);
}

function tooLarge(c: Context): Response {
  return c.json({ error: 'body_too_large', message: `the body is larger than ${BODY_BYTES_MAX} bytes` }, 413);
}

function entryOf(body: unknown): Entry | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { entity_type, entity_id, version, title, body: text } = body as Record<string, unknown>;
  if (!isEntityType(entity_type) || !isUuid(entity_id)) return undefined;
  if (typeof title !== 'string' || typeof text !== 'string') return undefined;
  if (typeof version !== 'number' || wholeNumber(String(version), 1, VERSION_MAX) === undefined)
    return undefined;
  return { entityType: entity_type, entityId: entity_id, version, title, body: text };
}

function isEntityType(type: unknown): type is EntityType {
  return (ENTITY_TYPES as readonly unknown[]).includes(type);
}

function isQueryType(type: unknown): type is QueryType {
  return (QUERY_TYPES as readonly unknown[]).includes(type);
}

function wholeNumber(text: string, min: number, max: number): number | undefined {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}
