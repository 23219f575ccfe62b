import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Pool, type PoolConfig } from 'pg';
import { afterEach, expect, test, vi } from 'vitest';
import { EmbeddedPostgres } from '../dist/embedded-postgres.js';
import { migrate } from '../dist/migrations.js';

// Each starts processes, which takes long where there are many.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const servers: EmbeddedPostgres[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    await server.stop();
    rmSync(server.folder, { recursive: true, force: true });
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function start(folder?: string): Promise<EmbeddedPostgres> {
  const server = await EmbeddedPostgres.start(folder);
  servers.push(server);
  return server;
}

/** A pool whose idle connections may be broken off by the server's end. */
function pooled(url: string, max: number, more: PoolConfig = {}): Pool {
  return new Pool({ connectionString: url, max, ...more }).on('error', () => {});
}

async function query(url: string, text: string): Promise<unknown[]> {
  // A server that ends breaks off who is just leaving as well.
  const client = new Client({ connectionString: url }).on('error', () => {});
  await client.connect();
  try {
    return (await client.query({ text, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}

test('a server without a folder of its own leaves nothing behind', async () => {
  const server = await start();
  expect(await query(server.url, 'SELECT 6 * 7')).toEqual([42]);
  expect(await query(server.url, "SELECT lower('ÄÖÜ')")).toEqual(['äöü']);
  await server.stop();
  expect(existsSync(server.folder)).toBe(false);
  await expect(query(server.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
});

test('a server waits for the one that has its folder', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'binnacle-test-'));
  folders.push(folder);
  const first = await start(folder);
  const second = start(folder);
  await sleep(5_000);
  await first.stop();
  expect(await query((await second).url, 'SELECT 1')).toEqual([1]);
});

test('nobody gets in without the password', async () => {
  const server = await start();
  const url = new URL(server.url);
  url.password = 'guessed';
  await expect(query(url.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
});

test('a folder keeps the data, also where only this user may go', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'binnacle-test-'));
  folders.push(folder);
  const first = await start(folder);
  await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS value');
  await first.stop();
  const second = await start(folder);
  expect(await query(second.url, 'SELECT value FROM kept')).toEqual([1]);
});

test('the server ends with the process that started it, though that was killed, and starts again at once', async () => {
  const kept = mkdtempSync(path.join(tmpdir(), 'binnacle-test-'));
  folders.push(kept);
  const program = `
    import { EmbeddedPostgres } from ${JSON.stringify(new URL('../dist/embedded-postgres.js', import.meta.url).href)};
    const server = await EmbeddedPostgres.start(${JSON.stringify(kept)});
    console.log(server.url);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  const url = line.trim();
  expect(await query(url, 'SELECT 1')).toEqual([1]);
  child.kill('SIGKILL');
  const again = await start(kept);
  expect(await query(again.url, 'SELECT 1')).toEqual([1]);
  await expect
    .poll(() => query(url, 'SELECT 1').catch((error: Error) => error.message))
    .toContain('ECONNREFUSED');
});

test('sessions are their own: transactions, locks and SKIP LOCKED hold between connections', async () => {
  const server = await start();
  const pool = pooled(server.url, 2);
  try {
    await pool.query('CREATE TABLE jobs (id integer); INSERT INTO jobs VALUES (1), (2)');
    const [one, two] = [await pool.connect(), await pool.connect()];
    for (const client of [one, two]) client.on('error', () => {});
    const claim = 'SELECT id FROM jobs ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED';
    await one.query('BEGIN');
    await two.query('BEGIN');
    expect((await one.query(claim)).rows).toEqual([{ id: 1 }]);
    expect((await two.query(claim)).rows).toEqual([{ id: 2 }]);
    await one.query('ROLLBACK');
    await two.query('ROLLBACK');
    one.release();
    two.release();
  } finally {
    await pool.end();
  }
});

const STEPS = ['CREATE TABLE notes (id integer)', 'CREATE INDEX notes_by_id ON notes (id)'];

test('migrations run once, however many ask for them', async () => {
  const server = await start();
  const pools = Array.from({ length: 6 }, () => pooled(server.url, 1));
  try {
    await Promise.all(pools.map((pool) => migrate(pool, STEPS)));
    const steps = await query(server.url, 'SELECT step FROM migrations ORDER BY step');
    expect(steps).toEqual([0, 1]);
    await migrate(pools[0]!, STEPS);
    expect(await query(server.url, 'SELECT count(*)::integer FROM migrations')).toEqual([2]);
    await migrate(pools[0]!, [...STEPS, 'INSERT INTO notes VALUES (1)']);
    expect(await query(server.url, 'SELECT id FROM notes')).toEqual([1]);
  } finally {
    await Promise.all(pools.map((pool) => pool.end()));
  }
});

test('a migration may take longer than a statement may elsewhere', async () => {
  const server = await start();
  const pool = pooled(server.url, 1, { statement_timeout: 100 });
  try {
    await migrate(pool, ['SELECT pg_sleep(0.5)']);
    expect(await query(server.url, 'SELECT step FROM migrations')).toEqual([0]);
    await expect(pool.query('SELECT pg_sleep(10)')).rejects.toThrow('statement timeout');
  } finally {
    await pool.end();
  }
});
