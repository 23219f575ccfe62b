import { readFileSync } from 'node:fs';
import { EmbeddedPostgres } from '@binnacle/system-parts/embedded-postgres';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  apiWorkers,
  fetcherLimits,
  jobMsMaxFrom,
  ollamaFrom,
  resolveMxFrom,
  scrapingWorkers,
  siteFrom,
} from '../dist/settings.js';
import { System } from './system.ts';

let database: EmbeddedPostgres;
let system: System | undefined;

beforeAll(async () => {
  database = await EmbeddedPostgres.start();
});

afterAll(() => database?.stop());

afterEach(async () => {
  await system?.stop();
  system = undefined;
});

/** A small system with other settings, on the database of all tests here. */
function start(variables: Readonly<Record<string, string>>): Promise<System> {
  const small = { DATABASE_URL: database.url, REDIS_URL: 'none', API_WORKERS: '1', SCRAPING_WORKERS: '1' };
  return System.start({ variables: { ...small, ...variables } });
}

/** Does a bit of everything that is counted. */
async function use(started: System): Promise<void> {
  await started.scrape({ source: 'directory', region: 'seoul', enrich: 'all', verify: true });
  await started.ask('GET', '/api/v1/leads');
  await started.ask('GET', '/nowhere');
}

describe('the settings of metrics', () => {
  test('PROMETHEUS_ENABLED=False: the system works, and there are neither metrics nor files of them', async () => {
    system = await start({ PROMETHEUS_ENABLED: 'False' });
    await use(system);
    expect((await fetch(system.metricsUrl)).status).toBe(404);
    expect((await system.ask('GET', '/api/v1/leads')).json.total).toBeGreaterThan(0);
  }, 300_000);

  test('METRICS_ENDPOINT_ENABLED=0: /metrics is not found', async () => {
    system = await start({ METRICS_ENDPOINT_ENABLED: '0' });
    expect((await fetch(system.metricsUrl)).status).toBe(404);
  }, 300_000);

  test('METRICS_INCLUDE_LABELS=fALSE: open labels have one value each, closed ones theirs', async () => {
    system = await start({ METRICS_INCLUDE_LABELS: 'fALSE', PROMETHEUS_ENABLED: '1' });
    const started = system;
    await use(started);
    await expect.poll(() => started.sum('queue_jobs_total', { status: 'finished' })).toBe(1);
    const values = new Map<string, Set<string>>();
    const series = new Map<string, number>();
    for (const { labels } of (await started.samples()).values()) {
      const { __name__: name = '', le: _, ...rest } = labels.toObject();
      if (name.startsWith('binnacle_')) continue;
      for (const [label, value] of Object.entries(rest))
        values.set(label, (values.get(label) ?? new Set()).add(value));
      if (!name.endsWith('_bucket')) series.set(name, (series.get(name) ?? 0) + 1);
    }
    expect([...values.get('method')!].sort()).toEqual(
      ['*', 'ALL'].filter((value) => values.get('method')!.has(value)),
    );
    for (const label of ['endpoint', 'source', 'mode'])
      expect([label, [...values.get(label)!]]).toEqual([label, ['*']]);
    expect([...values.get('queue_name')!]).toEqual(['scraping']);
    expect([...values.get('result_type')!].sort()).toEqual(['errors', 'new', 'updated']);
    for (const [name, count] of series) expect([name, count <= 4]).toEqual([name, true]);
    expect(await started.sum('http_requests_total', { method: 'ALL' })).toBeGreaterThan(2);
  }, 300_000);
});

describe('what is set', () => {
  test('has defaults for development', () => {
    expect([apiWorkers({}), scrapingWorkers({})]).toEqual([2, 2]);
    expect(siteFrom({}).href).toBe('http://127.0.0.1:8090/');
    expect([ollamaFrom({}), resolveMxFrom({})]).toEqual([undefined, undefined]);
    expect(fetcherLimits({})).toEqual({
      pageMsMax: 5_000,
      pageBytesMax: 500_000,
      attemptsMax: 3,
      delayMs: 50,
    });
  });

  test('is read as it is meant', () => {
    expect(apiWorkers({ API_WORKERS: '4' })).toBe(4);
    expect(jobMsMaxFrom({ SCRAPING_JOB_SECONDS: '1.5' })).toBe(1_500);
    expect(ollamaFrom({ OLLAMA_URL: 'http://ollama:11434' })).toBeDefined();
    for (const yes of ['True', '1', 'on', 'YES'])
      expect(resolveMxFrom({ VERIFY_MX: yes })).toBeTypeOf('function');
    for (const no of ['False', '0', '', ' off ']) expect(resolveMxFrom({ VERIFY_MX: no })).toBeUndefined();
  });

  test.each([
    [() => apiWorkers({ API_WORKERS: '0' }), 'API_WORKERS is "0"; it must be a number from 1 to 32'],
    [
      () => scrapingWorkers({ SCRAPING_WORKERS: '1.5' }),
      'SCRAPING_WORKERS is 1.5; it must be a whole number',
    ],
    [() => siteFrom({ SCRAPING_SITE_URL: 'here' }), 'SCRAPING_SITE_URL is "here"; it must be an address'],
    [() => resolveMxFrom({ VERIFY_MX: 'maybe' }), 'VERIFY_MX is "maybe"; it must be True or False'],
  ])('says what is wrong: %#', (read, message) => expect(read).toThrow(message));

  test.each(['.env.example', '.env.production.example'])(
    '%s names variables that the system reads',
    (file) => {
      const text = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
      const environment = Object.fromEntries(
        [...text.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]),
      );
      // All that the document names.
      for (const name of [
        'PROMETHEUS_ENABLED',
        'PROMETHEUS_MULTIPROC_DIR',
        'METRICS_INCLUDE_LABELS',
        'METRICS_ENDPOINT_ENABLED',
        'GRAFANA_PASSWORD',
      ])
        expect(environment).toHaveProperty(name);
      expect(environment.GRAFANA_PASSWORD).toBe(file === '.env.example' ? 'admin' : '');
      apiWorkers(environment);
      scrapingWorkers(environment);
      siteFrom(environment);
      resolveMxFrom(environment);
      if (file === '.env.example') expect(fetcherLimits(environment)).toEqual(fetcherLimits({}));
    },
  );
});
