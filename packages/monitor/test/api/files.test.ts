import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DashboardFolder, dashboardRoutes } from '../../dist/api/dashboards.js';
import { pageFiles } from '../../dist/api/page.js';
import type { ApiRequest, ApiResponse } from '../../dist/api/route.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'binnacle-api-'));
});
afterAll(() => rm(folder, { recursive: true }));

function request(path: string, headers: ApiRequest['headers'] = {}): ApiRequest {
  const url = new URL(`http://x${path}`);
  return {
    path: path.split('?')[0]!,
    parameters: url.searchParams,
    captures: {},
    headers,
    signal: new AbortController().signal,
    nowMs: 0,
  };
}

describe('the page', () => {
  const text = (response: ApiResponse): string => `${response.status} ${String(response.body)}`;

  it('serves files, leads to addresses of the page, and nowhere outside', async () => {
    const page = join(folder, 'page');
    await mkdir(join(page, 'assets'), { recursive: true });
    await writeFile(join(folder, 'secret.txt'), 'secret');
    await writeFile(join(page, 'index.html'), '<html>');
    await writeFile(join(page, 'assets', 'main-B6rt8s2Q.js'), 'code');
    const serve = pageFiles(page);

    const index = await serve(request('/'));
    expect(text(index)).toBe('200 <html>');
    expect(index.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(index.headers['cache-control']).toBe('no-cache');
    for (const [path, location] of [
      ['/explore', './#/explore'],
      ['/d/abc/title?from=now-5m&var-job=a%20b', '../../#/d/abc/title?from=now-5m&var-job=a+b'],
    ] as const) {
      const led = await serve(request(path));
      expect([led.status, led.headers.location]).toEqual([302, location]);
    }

    const script = await serve(request('/assets/main-B6rt8s2Q.js'));
    expect(text(script)).toBe('200 code');
    expect(script.headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect(script.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect((await serve(request('/assets/none.js'))).status).toBe(404);
    expect((await serve(request('/', { 'if-none-match': index.headers.etag }))).status).toBe(304);

    for (const path of [
      '/../secret.txt',
      '/%2e%2e/secret.txt',
      '/assets/..%2f..%2fsecret.txt',
      '/..%5csecret.txt',
      '/%00.txt',
      '/%zz',
    ])
      expect(text(await serve(request(path))), path).toBe('400 the path is not valid\n');
  });

  it('says how to build it when it is not there', async () => {
    const response = await pageFiles(undefined)(request('/'));
    expect(text(response)).toContain('npm run build');
  });
});

describe('dashboards', () => {
  it('are found in a folder, read again when they change, and listed when broken', async () => {
    const dashboards = join(folder, 'dashboards');
    await mkdir(dashboards);
    const write = (name: string, content: string) => writeFile(join(dashboards, name), content);
    await write('b.json', JSON.stringify({ uid: 'b1', title: 'Bricks & Layers', tags: ['web'], panels: [] }));
    await write('a.json', JSON.stringify({ dashboard: { title: 'Alpha' }, meta: {} }));
    await write('c.json', JSON.stringify({ uid: 'b1', title: 'Copy' }));
    await write('d.json', '{"title": ');
    await write('e.json', '{}');
    await write('notes.txt', 'not JSON');
    const routes = dashboardRoutes(new DashboardFolder(dashboards));
    const get = async (path: string, captures: Record<string, string> = {}) => {
      const route = routes.find((candidate) => candidate.path === path.split('?')[0])!;
      const response = await route.handle({ ...request(path), captures });
      const pieces =
        typeof response.body === 'string' ? [response.body] : (response.body as Iterable<string>);
      return { status: response.status, json: JSON.parse([...pieces].join('')) };
    };

    expect((await get('/api/search')).json).toEqual([
      {
        id: 1,
        uid: 'a',
        title: 'Alpha',
        uri: 'db/alpha',
        url: '/d/a/alpha',
        slug: '',
        type: 'dash-db',
        tags: [],
        isStarred: false,
        sortMeta: 0,
      },
      {
        id: 2,
        uid: 'b1',
        title: 'Bricks & Layers',
        uri: 'db/bricks-layers',
        url: '/d/b1/bricks-layers',
        slug: '',
        type: 'dash-db',
        tags: ['web'],
        isStarred: false,
        sortMeta: 0,
      },
    ]);
    expect((await get('/api/search?query=brick&tag=web')).json).toHaveLength(1);
    expect((await get('/api/search?type=dash-folder')).json).toEqual([]);

    const one = await get('/api/dashboards/uid/:uid', { uid: 'a' });
    expect(one.json.dashboard).toEqual({ uid: 'a', title: 'Alpha' });
    expect(one.json.meta).toMatchObject({
      type: 'db',
      slug: 'alpha',
      url: '/d/a/alpha',
      provisioned: true,
      canSave: false,
    });
    expect((await get('/api/dashboards/uid/:uid', { uid: 'x' })).status).toBe(404);

    expect((await get('/api/v1/status/dashboards')).json.data.problems).toEqual([
      { file: 'c.json', message: 'the uid "b1" is already taken by b.json' },
      { file: 'd.json', message: expect.stringMatching(/^not valid JSON: /) },
      { file: 'e.json', message: 'not a dashboard: it has no "title"' },
    ]);

    await write('a.json', JSON.stringify({ title: 'Alpha, changed' }));
    expect((await get('/api/dashboards/uid/:uid', { uid: 'a' })).json.dashboard.title).toBe('Alpha, changed');
  });
});
