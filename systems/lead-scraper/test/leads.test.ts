import { openDatabase } from '@binnacle/system-parts/database';
import { EmbeddedPostgres } from '@binnacle/system-parts/embedded-postgres';
import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Entry, Leads } from '../dist/leads/leads.js';
import { MIGRATIONS } from '../dist/leads/migrations.js';
import type { Listing, Source } from '../dist/pages/listing.js';
import { AttemptOver, type Job, Jobs, type NewJob } from '../dist/scraping/jobs.js';

const JOB: NewJob = {
  source: 'directory',
  region: 'seoul',
  firstPage: 1,
  pages: 1,
  enrich: 'off',
  verify: false,
};
const HANBIT: Listing = {
  name: '(주)한빛전자',
  businessNumber: '124-81-00998',
  phone: '02-312-4567',
  email: 'sales@hanbit.co.kr',
  website: 'https://www.hanbit.co.kr/',
  address: '서울특별시 중앙로 12, 3층',
};

let server: EmbeddedPostgres;
let pool: Pool;
let leads: Leads;
let jobs: Jobs;

beforeAll(async () => {
  server = await EmbeddedPostgres.start();
  pool = await openDatabase({ DATABASE_URL: server.url }, { migrations: MIGRATIONS, connectionsMax: 10 });
  leads = new Leads(pool);
  jobs = new Jobs(pool);
});

afterAll(async () => {
  await pool?.end();
  await server?.stop();
});

beforeEach(async () => {
  await pool.query('TRUNCATE leads, scraping_jobs CASCADE');
});

async function running(source: Source = 'directory'): Promise<Job> {
  return (await jobs.begin((await jobs.add({ ...JOB, source })).id))!;
}

function entry(key: string, listing: Listing): Entry {
  return { key, listing, traits: undefined, method: undefined, verified: undefined };
}

const all = () => leads.list({ source: undefined, region: undefined, limit: 100, offset: 0 });

describe('an entry', () => {
  test('is a new lead, later that lead brought up to date, and from another directory a part of it', async () => {
    const [first, again] = [await running(), await running()];
    const other = await running('map_listing');
    expect(await leads.store(first, entry('d1', HANBIT))).toEqual({
      result: 'new',
      merged: false,
      candidates: 0,
    });
    const moved = { ...HANBIT, address: '서울특별시 산업로 7', phone: undefined };
    expect(await leads.store(again, entry('d1', moved))).toMatchObject({ result: 'updated', merged: false });
    const elsewhere = {
      name: '한빛전자 주식회사',
      phone: '+82-2-312-4567',
      website: 'hanbit.co.kr',
      representative: '김민준',
    };
    expect(await leads.store(other, entry('m1', elsewhere))).toEqual({
      result: 'updated',
      merged: true,
      candidates: 0,
    });
    const { total, leads: found } = await all();
    expect(total).toBe(1);
    expect(found[0]).toMatchObject({
      name: '(주)한빛전자',
      address: '서울특별시 산업로 7',
      phone: '+8223124567',
      representative: '김민준',
    });
    expect(await leads.sourcesOf(found[0]!.id)).toEqual(['directory', 'map_listing']);
    expect(await leads.ofEntry('map_listing', 'm1')).toEqual(found[0]);
  });

  test('that may be a lead that there is becomes one beside it, and somebody is asked', async () => {
    const job = await running();
    await leads.store(job, entry('d1', { name: '한빛전자', address: HANBIT.address }));
    expect(await leads.store(job, entry('d2', { name: '한빛전자', address: '서울 중앙로 12' }))).toEqual({
      result: 'new',
      merged: false,
      candidates: 1,
    });
    const [pair] = await leads.candidates(undefined, 10);
    expect(pair!.score).toBeGreaterThan(0.45);
    for (const id of [pair!.leadId, pair!.otherId]) expect(await leads.candidates(id, 10)).toEqual([pair]);
  });

  test('that several directories show at one time is one lead', async () => {
    const sources = ['directory', 'yellow_pages', 'map_listing'] as const;
    const held = await Promise.all(sources.map((source) => running(source)));
    for (let number = 0; number < 10; number++) {
      const listing = {
        name: `누리${number}`,
        phone: `02-400-${1000 + number}`,
        website: `https://nuri${number}.kr`,
      };
      const stored = await Promise.all(held.map((job) => leads.store(job, entry(`k${number}`, listing))));
      expect(stored.map(({ result }) => result).sort()).toEqual(['new', 'updated', 'updated']);
    }
    expect((await all()).total).toBe(10);
  });

  test('of a job that another process has begun anew is not stored', async () => {
    const job = await running();
    const again = (await jobs.begin(job.id))!;
    await expect(leads.store(job, entry('d1', HANBIT))).rejects.toThrow(AttemptOver);
    expect(await jobs.entryFailed(job, 'd2', 'late')).toBe(false);
    expect(await jobs.goesOn(job)).toBe(false);
    await leads.store(again, entry('d1', HANBIT));
    expect(await jobs.end(job, 'completed', null, () => expect.unreachable())).toBe(false);
    expect([...(await jobs.entriesDone(job.id))]).toEqual(['d1']);
  });

  test('with what must not get into a database does no harm', async () => {
    const job = await running();
    const hostile = {
      name: `'; DROP TABLE leads; -- ${'가'.repeat(200)}`,
      phone: '없음',
      email: 'a@@b',
      website: 'javascript:alert(1)',
      businessNumber: '000',
    };
    await leads.store(job, entry('d1', hostile));
    await leads.store(job, entry('d2', { ...hostile, name: '주식회사' }));
    // A number that is none, and a name of which nothing is left, are the same for many.
    expect((await all()).total).toBe(2);
    expect((await all()).leads[0]).toMatchObject({ businessNumber: null, domain: null });
  });
});

describe('a job', () => {
  test('ends once and is counted once, by whoever holds its last attempt', async () => {
    const job = await running();
    let counted = 0;
    expect(await jobs.end(job, 'failed', 'why', () => counted++)).toBe(true);
    expect(await jobs.end(job, 'completed', null, () => counted++)).toBe(false);
    expect(counted).toBe(1);
    expect(await jobs.begin(job.id)).toBeUndefined();
    expect(await jobs.find(job.id)).toMatchObject({ status: 'failed', message: 'why', counted: true });
  });

  test('asked for twice under one key is one', async () => {
    const key = '6f1c9a52-3b5e-4d0e-9a77-1f2e3d4c5b6a';
    const first = await jobs.add(JOB, key);
    expect(await jobs.add({ ...JOB, region: 'jeju' }, key)).toEqual(first);
    const together = '6f1c9a52-3b5e-4d0e-9a77-1f2e3d4c5b6b';
    const both = await Promise.all([jobs.add(JOB, together), jobs.add(JOB, together)]);
    expect(both.map(({ id }) => id)).toEqual([together, together]);
  });

  test('that the queue may not have is found: at once where it was never queued, later where nobody is seen', async () => {
    const [fresh, never, lost, worked] = await Promise.all([1, 2, 3, 4].map(() => jobs.add(JOB)));
    for (const job of [fresh!, lost!, worked!]) await jobs.queued(job.id);
    const began = (await jobs.begin(worked!.id))!;
    const ago = (id: string, seconds: number) =>
      pool.query(`UPDATE scraping_jobs SET seen_at = now() - $2 * interval '1 second' WHERE id = $1`, [
        id,
        seconds,
      ]);
    await ago(never!.id, 4);
    await ago(lost!.id, 61);
    await ago(worked!.id, 61);
    expect((await jobs.leftBehind()).sort()).toEqual([never!.id, lost!.id, worked!.id].sort());
    await jobs.goesOn(began);
    await jobs.queued(lost!.id);
    expect(await jobs.leftBehind()).toEqual([never!.id]);
  });

  test('given back is begun as if it had not been', async () => {
    const job = await running();
    await jobs.release(job);
    expect(await jobs.find(job.id)).toMatchObject({ status: 'queued', attempt: 0 });
    expect(await jobs.begin(job.id)).toMatchObject({ attempt: 1 });
  });
});
