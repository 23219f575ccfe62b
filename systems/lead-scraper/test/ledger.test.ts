import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readSamples } from '@binnacle/system-parts/samples';
import { afterEach, describe, expect, test } from 'vitest';
import { eventually, freePorts, kill, settled } from '../../parts/test/running.ts';
import { differences, Ledger, type LedgerRecord } from '../dist/ledger.js';
import { Companies } from '../dist/site/companies.js';
import { VISIT_KINDS, Visitors } from '../dist/visitors.js';
import { System } from './system.ts';

const SOAK = process.env.BINNACLE_SOAK === '1';
/** What Redis is, where it is to be used, and where not. */
const QUEUES = [
  ['Redis', {}],
  ['PostgreSQL', { REDIS_URL: 'none' }],
] as const;

let system: System | undefined;

afterEach(async () => {
  await system?.stop();
  system = undefined;
});

test('after the visitors, every counter equals their ledger, and the leads are those that they know of', {
  timeout: 900_000,
}, async () => {
  system = await System.start({ companies: 500 });
  const met = new Set<string>();
  const visitors = new Visitors({
    url: system.url,
    companies: system.site.companies,
    visitsPerSecond: 8,
    seed: 11,
    onVisit: (kind) => met.add(kind),
  });
  visitors.start();
  await eventually(() => met.size === VISIT_KINDS.length, 180_000);
  // Until everything has happened that can be.
  await eventually(() => missing(visitors.ledger.record).length === 0, 180_000).catch(() => {});
  if (SOAK) await sleep(30_000);
  await visitors.stop();
  const { record } = visitors.ledger;
  expect(record).toMatchObject({ notes: [], wrong: 0, died: 0, givenUp: 0, openJobs: 0 });
  expect(record.allowed).toEqual({ requests: {}, counts: {} });
  // A ledger of zeros would equal a system that counts nothing.
  expect(missing(record)).toEqual([]);
  const samples = () => system!.samples();
  expect(await settled(async () => differences(record, await samples()))).toEqual([]);
  expect((await system.ask('GET', '/api/v1/leads?limit=1')).json.total).toBe(record.leads);
  expect(system.site.forbiddenRequests).toBe(0);
  // Somebody else shows as a difference.
  await system.scrape({ source: 'directory', region: 'seoul' });
  await eventually(async () => differences(record, await samples()).length > 4);
  const others = differences(record, await samples()).map(({ series }) => series);
  expect(others).toContain('scraping_jobs_total{source="directory",status="completed"}');
});

/** Series that visitors move if they come for long enough, and have not. */
function missing({ counts }: LedgerRecord): string[] {
  return [
    'scraping_jobs_total{source="directory",status="completed"}',
    'scraping_jobs_total{source="yellow_pages",status="completed"}',
    'scraping_jobs_total{source="map_listing",status="completed"}',
    'scraping_jobs_total{source="yellow_pages",status="failed"}',
    'scraping_results_total{result_type="new",source="directory"}',
    'scraping_results_total{result_type="updated",source="directory"}',
    'scraping_results_total{result_type="errors",source="directory"}',
    'duplicates_detected_total{action="auto_merge"}',
    'duplicates_detected_total{action="candidate"}',
    'smart_scraper_enrichments_total{method="rules",mode="missing"}',
    'smart_scraper_enrichments_total{method="rules",mode="all"}',
    'contact_verifications_total{contact_type="email",status="valid"}',
    'contact_verifications_total{contact_type="email",status="invalid"}',
    'contact_verifications_total{contact_type="email",status="role"}',
    'contact_verifications_total{contact_type="phone",status="valid"}',
    'contact_verifications_total{contact_type="phone",status="invalid"}',
    'queue_jobs_total{queue_name="scraping",status="finished"}',
    'queue_jobs_total{queue_name="scraping",status="failed"}',
  ].filter((series) => !((counts[series] ?? 0) > 0));
}

describe.each(QUEUES)('with the queue in %s', (place, variables) => {
  test('workers are killed while visitors work: no counter goes down, no job is lost, and the ledger agrees', {
    timeout: 600_000,
  }, async () => {
    const started = await System.start({
      companies: 500,
      variables: { ...variables, SCRAPING_LEASE_SECONDS: '5' },
    });
    system = started;
    const health = (await started.ask('GET', '/health')).json;
    if (health.queue !== place && process.env.BINNACLE_REQUIRE !== 'all') return;
    expect(health.queue).toBe(place);
    const visitors = new Visitors({
      url: started.url,
      companies: started.site.companies,
      visitsPerSecond: 6,
      seed: 3,
    });
    visitors.start();
    const watch = new Watch(started);
    const killed = { api: 0, scraping: 0 };
    const rounds = SOAK ? 10 : 2;
    for (let round = 0; round < rounds; round++)
      for (const part of ['scraping', 'api'] as const) {
        // In the middle of work, whatever that is; a worker that was just replaced is there again.
        await eventually(() => started.workers(part).length === 2);
        await sleep(SOAK ? 1_500 : 500);
        kill(started.workers(part)[round % 2]);
        killed[part]++;
      }
    await eventually(() => started.workers('api').length === 2 && started.workers('scraping').length === 2);
    await visitors.stop();
    await watch.stop();
    expect(watch.sank).toEqual([]);
    const { record } = visitors.ledger;
    expect(record).toMatchObject({ notes: [], openJobs: 0 });
    expect(record.counts['scraping_jobs_total{source="directory",status="completed"}']).toBeGreaterThan(0);
    expect(await settled(async () => differences(record, await started.samples(), { killed }))).toEqual([]);
    await expect.poll(() => started.sum('workers_active'), { timeout: 60_000 }).toBe(2);
    await expect.poll(() => started.sum('scraping_jobs_active'), { timeout: 60_000 }).toBe(0);
    // A job is given up when three processes have died over it, and here not many do.
    expect(record.givenUp).toBeLessThanOrEqual(killed.scraping / 3);
    // Most of what was asked was answered, or the ledger would know little.
    const answered = Object.values(record.requests).reduce((sum, count) => sum + count, 0);
    expect(answered).toBeGreaterThan(record.died);
    expect(await started.end()).toBe(0);
    expect(await readdir(started.folder)).toEqual([]);
  });
});

/** Looks at all counters, again and again. */
class Watch {
  readonly sank: string[] = [];
  readonly #highest = new Map<string, number>();
  #watching = true;
  readonly #running: Promise<void>;

  constructor(system: System) {
    this.#running = this.#run(system);
  }

  async stop(): Promise<void> {
    this.#watching = false;
    await this.#running;
  }

  async #run(system: System): Promise<void> {
    while (this.#watching) {
      // While the process that answered is replaced, nobody may.
      const samples = await system.samples().catch(() => readSamples(''));
      for (const { labels, value } of samples.values()) {
        if (!/_total$|_count$|_sum$|_bucket$/.test(labels.metricName)) continue;
        const highest = this.#highest.get(labels.key) ?? 0;
        if (value < highest) this.sank.push(`${labels.toString()}: ${highest} to ${value}`);
        this.#highest.set(labels.key, Math.max(value, highest));
      }
      await sleep(100);
    }
  }
}

test('the visitors run as a process with the site, and compare their ledger with what was counted since they came', {
  timeout: 600_000,
}, async () => {
  const port = (await freePorts(1))[0]!;
  const started = await System.start({ variables: { SCRAPING_SITE_URL: `http://127.0.0.1:${port}` } });
  system = started;
  const run = async (): Promise<{ code: number; record: LedgerRecord; errors: string }> => {
    const program = fileURLToPath(new URL('../dist/visitors-main.js', import.meta.url));
    const options = ['--for', '3', '--rate', '6', '--companies', '300', '--site-port', String(port)];
    const child = fork(program, ['--url', started.url, ...options], { execArgv: [], silent: true });
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name]?.setEncoding('utf8').on('data', (text: string) => {
        said[name] += text;
      });
    const [code] = (await once(child, 'close')) as [number];
    return { code, record: JSON.parse(said.stdout) as LedgerRecord, errors: said.stderr };
  };
  const alone = await run();
  expect([alone.code, alone.errors, alone.record.notes]).toEqual([0, '', []]);
  expect(Object.keys(alone.record.counts).length).toBeGreaterThan(3);
  // Somebody else at the same time shows as a difference.
  const others = setInterval(() => void started.ask('GET', '/api/v1/leads').catch(() => {}), 200);
  const beside = await run();
  clearInterval(others);
  expect(beside.code).toBe(1);
  expect(beside.errors).toMatch(/http_requests_total GET \/api\/v1\/leads 200 is \d+, the ledger says \d+/);
});

test('differences names what is missing, what is too much, and what nobody did', () => {
  const ledger = new Ledger();
  ledger.request('POST', '/api/v1/scrape', 202);
  ledger.counted('scraping_jobs_total{source="directory",status="completed"}');
  ledger.counted('queue_jobs_total{queue_name="scraping",status="started"}');
  ledger.mayHaveCounted('contact_verifications_total{contact_type="email",status="valid"}');
  ledger.mayHaveRequested('GET', '/api/v1/leads');
  const agreeing = [
    'http_requests_total{method="POST",endpoint="/api/v1/scrape",status="202"} 1',
    'http_request_duration_seconds_count{method="POST",endpoint="/api/v1/scrape"} 1',
    'http_requests_total{method="GET",endpoint="health",status="200"} 9',
    'scraping_jobs_total{source="directory",status="completed"} 1',
    'queue_jobs_total{queue_name="scraping",status="started"} 1',
  ];
  const compared = (text: string[], killed = { api: 0, scraping: 0 }): string[] =>
    differences(ledger.record, readSamples(`${text.join('\n')}\n`), { killed }).map(
      ({ series, expected, actual }) => `${series}: ${expected}, ${actual}`,
    );
  expect(compared(agreeing)).toEqual([]);
  expect(
    compared([
      ...agreeing,
      'http_requests_total{method="GET",endpoint="/api/v1/leads",status="200"} 1',
      'http_request_duration_seconds_count{method="GET",endpoint="/api/v1/leads"} 1',
      'contact_verifications_total{contact_type="email",status="valid"} 1',
    ]),
  ).toEqual([]);
  expect(
    compared([...agreeing, 'contact_verifications_total{contact_type="email",status="valid"} 2']),
  ).toEqual(['contact_verifications_total{contact_type="email",status="valid"}: 0, 2']);
  expect(compared(agreeing.slice(0, 3))).toEqual([
    'scraping_jobs_total{source="directory",status="completed"}: 1, 0',
    'queue_jobs_total{queue_name="scraping",status="started"}: 1, 0',
  ]);
  // A job's end is never lost; a start may be, with the process.
  expect(compared(agreeing.slice(0, 3), { api: 0, scraping: 1 })).toHaveLength(1);
  expect(compared(agreeing.slice(3))).toHaveLength(2);
  expect(compared(agreeing.slice(3), { api: 1, scraping: 0 })).toEqual([]);
});

test('equal seeds make equal visits', async () => {
  const visited = async (seed: number): Promise<readonly string[]> => {
    const kinds: string[] = [];
    const visitors = new Visitors({
      // Nobody listens there: whatever the visitors do, it ends soon.
      url: 'http://127.0.0.1:9',
      companies: new Companies(1, 50),
      visitsPerSecond: 300,
      seed,
      onVisit: (kind) => kinds.push(kind),
    });
    visitors.start();
    await eventually(() => kinds.length >= 20);
    void visitors.stop();
    return kinds.slice(0, 20);
  };
  const first = await visited(3);
  expect(new Set(first).size).toBeGreaterThan(4);
  expect(await visited(3)).toEqual(first);
  expect(await visited(4)).not.toEqual(first);
});
