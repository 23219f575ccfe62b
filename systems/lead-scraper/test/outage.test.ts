import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedPostgres } from '@binnacle/system-parts/embedded-postgres';
import { RedisServer } from '@binnacle/system-parts/redis-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { start } from '../dist/scraping/work.js';
import { Site } from '../dist/site/site.js';
import { System } from './system.ts';

/** Stands between the system and a server, and can be cut. */
class Line {
  readonly #target: URL;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut = false;

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((near) => {
      if (this.#cut) {
        near.destroy();
        return;
      }
      const far = connect(Number(this.#target.port), this.#target.hostname);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          this.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far).pipe(near);
    });
  }

  static async to(target: string): Promise<Line> {
    const line = new Line(target);
    await new Promise<void>((resolve) => {
      line.#server.listen(0, '127.0.0.1', resolve);
    });
    return line;
  }

  get url(): string {
    const url = new URL(this.#target);
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  cut(): void {
    this.#cut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#cut = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

let postgres: EmbeddedPostgres;
let redis: RedisServer | undefined;
let database: Line;
let queue: Line | undefined;
let system: System;

beforeAll(async () => {
  postgres = await EmbeddedPostgres.start();
  redis = await RedisServer.start();
  database = await Line.to(postgres.url);
  queue = redis && (await Line.to(redis.url));
  system = await System.start({
    variables: {
      DATABASE_URL: database.url,
      REDIS_URL: queue?.url ?? 'none',
      HEALTH_CHECK_SECONDS: '0.5',
      API_WORKERS: '1',
      SCRAPING_WORKERS: '1',
      SCRAPING_LEASE_SECONDS: '2',
    },
  });
}, 300_000);

afterAll(async () => {
  await system?.stop();
  database?.close();
  queue?.close();
  await redis?.stop();
  await postgres?.stop();
});

test('without its database the API says so, counts its exceptions, and works again afterwards', async () => {
  expect((await system.ask('GET', '/api/v1/leads')).status).toBe(200);
  const waiting = system.ask('POST', '/api/v1/scrape', { source: 'map_listing', region: 'busan', pages: 3 });
  const id = String((await waiting).json.job_id);
  database.cut();
  await expect.poll(async () => (await system.ask('GET', '/health')).status).toBe(503);
  const { status, json } = await system.ask('GET', '/api/v1/leads');
  // Whoever asks is told nothing of hosts and users.
  expect([status, json]).toEqual([500, { message: 'something is broken here; it has been noted' }]);
  expect(await system.sum('http_errors_total', { endpoint: '/api/v1/leads' })).toBeGreaterThan(0);
  await expect.poll(() => system.sum('dependency_up', { dependency: 'database' })).toBe(0);
  database.mend();
  await expect.poll(async () => (await system.ask('GET', '/health')).status).toBe(200);
  await expect.poll(() => system.sum('dependency_up', { dependency: 'database' })).toBe(1);
  // A job that was under way comes to its end, and is counted once.
  await expect
    .poll(async () => (await system.ask('GET', `/api/v1/status/${id}`)).json.counted, { timeout: 120_000 })
    .toBe(true);
  expect(await system.sum('scraping_jobs_total', { source: 'map_listing' })).toBe(1);
}, 300_000);

test('without its queue the API takes jobs all the same, and they are done when it is back', async (context) => {
  if (queue === undefined) {
    if (process.env.BINNACLE_REQUIRE === 'all') throw new Error('there is no redis-server');
    return context.skip('there is no redis-server');
  }
  queue.cut();
  await expect.poll(async () => (await system.ask('GET', '/health')).json.status).toBe('degraded');
  await expect.poll(() => system.sum('dependency_up', { dependency: 'redis' })).toBe(0);
  const job = await system.ask('POST', '/api/v1/scrape', { source: 'directory', region: 'busan' });
  expect(job.status).toBe(202);
  queue.mend();
  await expect.poll(async () => (await system.ask('GET', '/health')).json.status).toBe('ok');
  const address = `/api/v1/status/${String(job.json.job_id)}`;
  await expect
    .poll(async () => (await system.ask('GET', address)).json.counted, { timeout: 120_000 })
    .toBe(true);
  expect(await system.sum('scraping_jobs_total', { source: 'directory', status: 'completed' })).toBe(1);
}, 300_000);

test('a process that scrapes stops, though its queue is away', async (context) => {
  const own = await RedisServer.start();
  if (own === undefined) {
    if (process.env.BINNACLE_REQUIRE === 'all') throw new Error('there is no redis-server');
    return context.skip('there is no redis-server');
  }
  const site = await Site.start({ seed: 1, port: 0, companies: 10 });
  const work = await start({
    DATABASE_URL: postgres.url,
    REDIS_URL: own.url,
    SCRAPING_SITE_URL: site.url,
  });
  await own.stop();
  // Until it waits for the next job, however long.
  await sleep(1_000);
  await work.stop();
  await site.stop();
}, 300_000);
