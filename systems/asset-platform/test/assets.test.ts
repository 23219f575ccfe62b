import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { eventually } from '../../parts/test/running.ts';
import { Platform } from './platform.ts';

// Each starts processes, which takes long where there are many.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let platform: Platform;

beforeAll(async () => {
  platform = await Platform.start();
}, 300_000);

afterAll(async () => {
  await platform?.stop();
});

async function found(query: string): Promise<unknown[]> {
  const { json } = await platform.ask('GET', `/api/v1/search?${query}`);
  return (json.results as Record<string, unknown>[]).map(({ entity_id }) => entity_id);
}

test('an asset is created, read, changed, found, deleted, and found no more', async () => {
  const created = await platform.ask('POST', '/api/v1/assets', {
    name: ' Old lighthouse ',
    description: 'Painted in 1901',
    tags: ['coast'],
  });
  expect(created.status).toBe(201);
  expect(created.json).toMatchObject({ name: 'Old lighthouse', description: 'Painted in 1901', version: 1 });
  expect(created.headers.get('x-platform-calls')).toBe('search POST /api/v1/index 200');
  const id = String(created.json.asset_id);
  const address = `/api/v1/assets/${id}`;
  expect((await platform.ask('GET', address)).json).toEqual(created.json);
  expect(await found('q=lighthouse')).toEqual([id]);
  expect(await found('q=painted+coast&type=asset')).toEqual([id]);
  expect(await found('q=lighthouse&type=file')).toEqual([]);

  const changed = await platform.ask('PUT', address, { name: 'New beacon' });
  expect(changed.json).toMatchObject({ name: 'New beacon', description: '', tags: [], version: 2 });
  expect(await found('q=lighthouse')).toEqual([]);
  expect(await found('q=beacon')).toEqual([id]);

  expect((await platform.ask('DELETE', address)).json).toEqual({ deleted: id });
  expect(await found('q=beacon')).toEqual([]);
  for (const method of ['GET', 'DELETE']) expect((await platform.ask(method, address)).status).toBe(404);
  expect((await platform.ask('PUT', address, { name: 'again' })).status).toBe(404);
});

test('a list has pages, the youngest first, and counts what it hands out', async () => {
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) ids.unshift(await platform.createAsset(`listed ${i}`));
  const before = await platform.sum('assets', 'assets_retrieved_total');
  const { json } = await platform.ask('GET', '/api/v1/assets?limit=3&offset=1');
  expect((json.assets as { asset_id: string }[]).map(({ asset_id }) => asset_id)).toEqual(ids.slice(1, 4));
  expect(json.total).toBeGreaterThanOrEqual(5);
  expect(await platform.sum('assets', 'assets_retrieved_total')).toBe(before + 3);
});

test.each([
  ['no name', { description: 'x' }, 'invalid_name'],
  ['a name of nothing', { name: '  ' }, 'invalid_name'],
  ['a name that is a number', { name: 7 }, 'invalid_name'],
  ['a name that is too long', { name: 'x'.repeat(201) }, 'invalid_name'],
  ['tags that are no list', { name: 'x', tags: 'y' }, 'invalid_tags'],
  ['a character that no text has', { name: 'x\0y' }, 'invalid_text'],
  ['a list', [], 'malformed_body'],
])('%s is refused', async (_what, body, error) => {
  const answer = await platform.ask('POST', '/api/v1/assets', body);
  expect([answer.status, answer.json.error]).toEqual([400, error]);
});

test('a body that is no JSON, or too much of it, is refused under the name of its route', async () => {
  const send = (body: string): Promise<Response> =>
    platform.fetch('/api/v1/assets', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
  const labels = { method: 'POST', endpoint: '/api/v1/assets' };
  // The last ones may not be counted yet: a request is, when its answer has left.
  const before = platform.asked.get('POST /api/v1/assets') ?? 0;
  expect((await send('{"name')).status).toBe(400);
  expect((await send(JSON.stringify({ name: 'x', description: 'y'.repeat(200_000) }))).status).toBe(413);
  await eventually(async () => (await platform.sum('assets', 'http_requests_total', labels)) === before + 2);
});

test.each([
  ['q=', 'invalid_query'],
  ['type=all', 'invalid_query'],
  ['q=x&type=people', 'invalid_type'],
  ['q=x&limit=0', 'invalid_limit'],
])('a search for %s is refused and not counted', async (query, error) => {
  const before = await platform.sum('search', 'search_queries_total');
  const answer = await platform.ask('GET', `/api/v1/search?${query}`);
  expect([answer.status, answer.json.error]).toEqual([400, error]);
  expect(await platform.sum('search', 'search_queries_total')).toBe(before);
});

test('the index takes announcements twice and in any order', async () => {
  const address = new URL('/api/v1/index', platform.services.search.url);
  const id = '11111111-2222-4333-8444-555555555555';
  const announce = async (version: number, title: string): Promise<unknown> => {
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ entity_type: 'asset', entity_id: id, version, title, body: '' }),
    });
    return response.json();
  };
  const before = await platform.sum('search', 'content_indexed_total', { entity_type: 'asset' });
  expect(await announce(2, 'second zebra')).toEqual({ indexed: true });
  expect(await announce(2, 'second zebra')).toEqual({ indexed: false });
  expect(await announce(1, 'first zebra')).toEqual({ indexed: false });
  expect(await found('q=zebra')).toEqual([id]);
  expect(await found('q=first+zebra')).toEqual([]);
  const remove = `${address.href}/asset/${id}?version=3`;
  expect(await (await fetch(remove, { method: 'DELETE' })).json()).toEqual({ removed: true });
  expect(await announce(2, 'late zebra')).toEqual({ indexed: false });
  expect(await found('q=zebra')).toEqual([]);
  expect(await announce(4, 'new zebra')).toEqual({ indexed: true });
  expect(await platform.sum('search', 'content_indexed_total', { entity_type: 'asset' })).toBe(before + 2);
  expect((await fetch(address, { method: 'POST', body: '{}' })).status).toBe(400);
});

test('the index cannot be reached from outside', async () => {
  expect((await platform.ask('POST', '/api/v1/index', {})).status).toBe(404);
});

test('what search did not hear while it was away it hears later', { timeout: 300_000 }, async () => {
  const stopped = platform.workers('search');
  for (const pid of stopped) process.kill(pid, 'SIGSTOP');
  try {
    // Announcing gives up after some seconds; the change stands.
    const created = await platform.ask('POST', '/api/v1/assets', { name: 'unheard walrus' });
    expect(created.status).toBe(201);
    expect(created.headers.get('x-platform-calls')).toBe('search POST /api/v1/index -');
  } finally {
    for (const pid of stopped) process.kill(pid, 'SIGCONT');
  }
  await eventually(async () => (await found('q=walrus')).length === 1, 120_000);
});
