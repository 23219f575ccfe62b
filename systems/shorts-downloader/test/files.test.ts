/** Files and downloads in a real database: what is promised, what counts, and who may end a download. */
import { randomUUID } from 'node:crypto';
import { openDatabase, transaction } from '@binnacle/system-parts/database';
import { EmbeddedPostgres } from '@binnacle/system-parts/embedded-postgres';
import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Attempt, Downloads } from '../dist/downloads.js';
import { Files } from '../dist/files.js';
import { PROVIDERS } from '../dist/metrics.js';
import { MIGRATIONS } from '../dist/migrations.js';

let postgres: EmbeddedPostgres;
let pool: Pool;
let files: Files;
let downloads: Downloads;

beforeAll(async () => {
  postgres = await EmbeddedPostgres.start();
  pool = await openDatabase({ DATABASE_URL: postgres.url }, { migrations: MIGRATIONS, connectionsMax: 10 });
  files = new Files(pool, 500);
  downloads = new Downloads(pool);
}, 120_000);

afterAll(async () => {
  await pool?.end();
  await postgres?.stop();
});

beforeEach(async () => {
  await pool.query('DELETE FROM files; DELETE FROM downloads; DELETE FROM task_totals');
  await pool.query('UPDATE storage_stats SET total_size_bytes = 0, file_count = 0, reserved_bytes = 0');
});

const file = (bytes: number) => ({ downloadId: randomUUID(), title: 'a', mediaType: 'video/mp4', bytes });

async function reserved(): Promise<number> {
  const { rows } = await pool.query<{ sum: number }>(
    'SELECT sum(reserved_bytes)::float8 AS sum FROM storage_stats',
  );
  return rows[0]!.sum;
}

async function begun(): Promise<Attempt> {
  const { id } = await downloads.add('http://example.com/a.mp4');
  const attempt = await downloads.begin(id);
  expect(attempt).toBeDefined();
  return attempt!;
}

test('however many ask at once, no provider is promised more than its quota', async () => {
  const promised = await Promise.all(Array.from({ length: 30 }, () => files.reserve(file(100), PROVIDERS)));
  expect(promised.filter((one) => one !== undefined)).toHaveLength(15);
  for (const provider of PROVIDERS)
    expect(promised.filter((one) => one?.provider === provider)).toHaveLength(5);
  expect(await files.reserve(file(1), PROVIDERS)).toBeUndefined();
  await files.giveUp(promised.find((one) => one !== undefined)!.id);
  expect(await files.reserve(file(101), PROVIDERS)).toBeUndefined();
  expect(await files.reserve(file(100), PROVIDERS)).toBeDefined();
});

test('a file counts once it is settled, until it is removed', async () => {
  const stored = (await files.reserve(file(100), ['s3']))!;
  expect(await reserved()).toBe(100);
  expect((await files.stats()).s3).toEqual({ bytes: 0, files: 0 });
  expect(await files.find(stored.id)).toBeUndefined();
  expect(await transaction(pool, (client) => Files.settle(client, stored.id))).toBe(true);
  expect(await reserved()).toBe(0);
  expect((await files.stats()).s3).toEqual({ bytes: 100, files: 1 });
  expect(await files.find(stored.id)).toEqual(stored);
  expect((await files.beginRemoval(stored.id))?.id).toBe(stored.id);
  expect(await files.beginRemoval(stored.id)).toBeUndefined();
  expect((await files.stats()).s3).toEqual({ bytes: 0, files: 0 });
});

test('an upload that is given up frees its room once, and one that counts is not given up', async () => {
  const given = (await files.reserve(file(100), ['gcs']))!;
  expect([await files.giveUp(given.id), await files.giveUp(given.id)]).toEqual([true, true]);
  expect(await reserved()).toBe(0);
  expect(await transaction(pool, (client) => Files.settle(client, given.id))).toBe(false);
  await files.forget(given.id);
  expect(await files.giveUp(given.id)).toBe(false);
  const stored = (await files.reserve(file(100), ['gcs']))!;
  await transaction(pool, (client) => Files.settle(client, stored.id));
  expect(await files.giveUp(stored.id)).toBe(false);
  expect((await files.stats()).gcs).toEqual({ bytes: 100, files: 1 });
});

test('a later attempt takes the place of an earlier one, and a download ends and counts once', async () => {
  const earlier = await begun();
  const later = (await downloads.begin(earlier.id))!;
  expect([later.attempts, later.attempt === earlier.attempt]).toEqual([2, false]);
  const stored = (await files.reserve(file(100), ['azure']))!;
  expect(await downloads.complete(earlier, stored)).toBe(false);
  expect((await files.stats()).azure.files).toBe(0);
  const endings = await Promise.all([downloads.complete(later, stored), downloads.complete(later, stored)]);
  expect(endings.sort()).toEqual([false, true]);
  const failure = { code: 'UNKNOWN_ERROR', message: 'late', provider: undefined } as const;
  expect(await downloads.fail(later, failure)).toBe(false);
  expect(await downloads.begin(later.id)).toBeUndefined();
  expect(await downloads.totals()).toEqual({ 'success azure': 1 });
  expect((await files.stats()).azure).toEqual({ bytes: 100, files: 1 });
});

test('a download does not end with a file that was given up meanwhile', async () => {
  const attempt = await begun();
  const stored = (await files.reserve(file(100), ['s3']))!;
  await files.giveUp(stored.id);
  expect(await downloads.complete(attempt, stored)).toBe(false);
  expect(await downloads.find(attempt.id)).toMatchObject({ status: 'processing', fileId: null });
  expect(await downloads.totals()).toEqual({});
});

test('each failed attempt leaves its code', async () => {
  const first = await begun();
  const failure = { code: 'DOWNLOAD_FAILED', message: 'broke off', provider: undefined } as const;
  await downloads.postpone(first, failure);
  expect((await downloads.find(first.id))?.status).toBe('queued');
  const second = (await downloads.begin(first.id))!;
  expect(await downloads.fail(second, { ...failure, code: 'STORAGE_FAILED', provider: 's3' })).toBe(true);
  expect(await downloads.find(first.id)).toMatchObject({
    status: 'failed',
    attempts: 2,
    errors: ['DOWNLOAD_FAILED', 'STORAGE_FAILED'],
    provider: 's3',
    message: 'broke off',
  });
  expect(await downloads.totals()).toEqual({ 'failed s3': 1 });
});

test('what nobody has touched for a while is found, until it has ended', async () => {
  const attempt = await begun();
  expect(await downloads.stranded(60_000)).toEqual([]);
  expect(await downloads.stranded(0)).toEqual([attempt.id]);
  await downloads.fail(attempt, { code: 'VIDEO_NOT_FOUND', message: '', provider: undefined });
  expect(await downloads.stranded(0)).toEqual([]);
});
