import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readSamples } from '../../parts/dist/samples.js';
import { eventually, settled } from '../../parts/test/running.ts';
import { differences, Ledger, type LedgerRecord, SERVICE_NAMES, type ServiceName } from '../dist/ledger.js';
import { Visitors } from '../dist/visitors.js';
import { Platform } from './platform.ts';

const SOAK = process.env.BINNACLE_SOAK === '1';
const UPLOAD_BYTES_MAX = 45_000_000;

test('after the visitors, every counter of all five services equals their ledger', {
  timeout: 900_000,
}, async () => {
  const platform = await Platform.start({ FILES_SERVICE_UPLOAD_BYTES_MAX: String(UPLOAD_BYTES_MAX) });
  try {
    const kinds = new Set<string>();
    const visitors = new Visitors({
      url: platform.url,
      visitsPerSecond: 10,
      seed: 11,
      uploadBytesMax: UPLOAD_BYTES_MAX,
      onVisit: (kind) => kinds.add(kind),
    });
    await visitors.start();
    await eventually(() => kinds.size === 22, 300_000);
    if (SOAK) await sleep(60_000);
    await visitors.stop();
    const { record } = visitors.ledger;
    expect(record).toMatchObject({ notes: [], wrong: 0, died: 0, openJobs: 0 });
    expect(record.allowed).toEqual({ requests: {}, counts: {} });
    // A ledger of zeros would equal services that count nothing.
    for (const family of [
      'assets assets_created_total',
      'assets assets_updated_total',
      'assets assets_retrieved_total',
      'files files_uploaded_total{file_type="image"}',
      'files files_uploaded_total{file_type="document"}',
      'files files_uploaded_total{file_type="audio"}',
      'files files_downloaded_total',
      'files files_retrieved_total',
      'files files_deleted_total',
      'search search_queries_total{query_type="all"}',
      'search search_results_total{query_type="all"}',
      'search content_indexed_total{entity_type="asset"}',
      'search content_indexed_total{entity_type="file"}',
      'transcode transcode_jobs_total{status="completed"}',
      'transcode transcode_jobs_total{status="failed"}',
    ])
      expect([family, (record.counts[family] ?? 0) > 0]).toEqual([family, true]);
    expect(await settled(async () => differences(record, await platform.allSamples()))).toEqual([]);
    // Somebody else shows as a difference.
    await platform.createAsset('not theirs');
    const others = differences(record, await platform.allSamples());
    expect(others.map(({ service, series }) => `${service} ${series}`)).toContain(
      'assets assets_created_total',
    );
  } finally {
    await platform.stop();
  }
});

test('workers are killed while visitors work: no counter goes down, and the ledger agrees but for what died with them', {
  timeout: 900_000,
}, async () => {
  const platform = await Platform.start({
    FILES_SERVICE_UPLOAD_BYTES_MAX: '2000000',
    TRANSCODE_SERVICE_LEASE_SECONDS: '2',
  });
  try {
    const visitors = new Visitors({
      url: platform.url,
      visitsPerSecond: 8,
      seed: 3,
      uploadBytesMax: 2_000_000,
    });
    await visitors.start();
    const highest = new Map<string, number>();
    const sank: string[] = [];
    let watching = true;
    const watch = (async () => {
      while (watching) {
        for (const service of SERVICE_NAMES) {
          // While the process that answered is replaced, nobody does.
          const samples = await platform
            .samples(service)
            .catch(() => new Map() as Awaited<ReturnType<typeof platform.samples>>);
          for (const { labels, value } of samples.values()) {
            if (!/_total$|_count$|_sum$|_bucket$/.test(labels.metricName)) continue;
            const key = `${service} ${labels.toString()}`;
            if (value < (highest.get(key) ?? 0)) sank.push(`${key}: ${highest.get(key)} to ${value}`);
            highest.set(key, Math.max(value, highest.get(key) ?? 0));
          }
        }
        await sleep(100);
      }
    })();
    const killed = Object.fromEntries(SERVICE_NAMES.map((name) => [name, 0])) as Record<ServiceName, number>;
    const rounds = SOAK ? 8 : 2;
    for (let round = 0; round < rounds; round++) {
      for (const service of SERVICE_NAMES) {
        await sleep(SOAK ? 1500 : 700);
        const workers = platform.workers(service);
        const victim = workers[round % workers.length];
        if (victim === undefined) continue;
        process.kill(victim, 'SIGKILL');
        killed[service]++;
      }
    }
    await eventually(() => SERVICE_NAMES.every((service) => platform.workers(service).length === 2));
    const { record } = visitors.ledger;
    const completed = (): number => record.counts['transcode transcode_jobs_total{status="completed"}'] ?? 0;
    const answered = (): number => Object.values(record.requests).reduce((sum, count) => sum + count, 0);
    // What died is little beside what was counted.
    await eventually(() => completed() > 0 && record.died < answered() / 10, 180_000);
    await visitors.stop();
    watching = false;
    await watch;
    expect(sank).toEqual([]);
    expect(Object.values(killed).every((count) => count >= rounds - 1)).toBe(true);
    expect(record.notes).toEqual([]);
    expect(record.openJobs).toBe(0);
    expect(await settled(async () => differences(record, await platform.allSamples(), { killed }))).toEqual(
      [],
    );
  } finally {
    await platform.stop();
  }
});

test('the visitors run as a process, and compare their ledger with what was counted since they came', {
  timeout: 600_000,
}, async () => {
  const platform = await Platform.start({ FILES_SERVICE_UPLOAD_BYTES_MAX: '2000000' });
  try {
    await platform.createAsset('not theirs');
    const metrics = SERVICE_NAMES.map((name) => new URL(platform.services[name].metricsUrl).port).join(',');
    const run = async (seconds: number): Promise<{ code: number; record: LedgerRecord; errors: string }> => {
      const program = fileURLToPath(new URL('../dist/visitors-main.js', import.meta.url));
      const options = ['--for', String(seconds), '--rate', '8', '--upload-bytes-max', '2000000'];
      const child = fork(program, ['--url', platform.url, '--metrics', metrics, ...options], {
        execArgv: [],
        silent: true,
      });
      const said = { stdout: '', stderr: '' };
      for (const name of ['stdout', 'stderr'] as const)
        child[name]?.setEncoding('utf8').on('data', (text: string) => {
          said[name] += text;
        });
      const [code] = (await once(child, 'close')) as [number];
      return { code, record: JSON.parse(said.stdout) as LedgerRecord, errors: said.stderr };
    };
    const alone = await run(3);
    expect([alone.code, alone.errors, alone.record.notes]).toEqual([0, '', []]);
    expect(alone.record.counts['assets assets_created_total']).toBeGreaterThan(0);
    // Somebody else at the same time shows as a difference.
    const others = setInterval(() => void platform.createAsset('not theirs').catch(() => {}), 200);
    const beside = await run(3);
    clearInterval(others);
    expect(beside.code).toBe(1);
    expect(beside.errors).toMatch(/assets: assets_created_total is \d+, the ledger says \d+/);
  } finally {
    await platform.stop();
  }
});

test('differences names what is missing, what is too much, and what nobody did', () => {
  const ledger = new Ledger();
  ledger.request('assets', 'POST', '/api/v1/assets', 201);
  ledger.counted([{ service: 'assets', series: 'assets_created_total' }]);
  ledger.mayHaveCounted([{ service: 'assets', series: 'assets_deleted_total' }]);
  ledger.mayHaveRequested('assets', 'GET', '/api/v1/assets');
  const none = readSamples('');
  const samples = (text: string[]) => ({
    gateway: none,
    files: none,
    search: none,
    transcode: none,
    assets: readSamples(`${text.join('\n')}\n`),
  });
  const agreeing = [
    'http_requests_total{method="POST",endpoint="/api/v1/assets",status="201"} 1',
    'http_request_duration_seconds_count{method="POST",endpoint="/api/v1/assets"} 1',
    'http_requests_total{method="GET",endpoint="health",status="200"} 9',
    'assets_created_total 1',
  ];
  const dead = [
    'http_requests_total{method="GET",endpoint="/api/v1/assets",status="499"} 1',
    'http_request_duration_seconds_count{method="GET",endpoint="/api/v1/assets"} 1',
    'assets_deleted_total 1',
  ];
  const series = (text: string[], killed = {}): string[] =>
    differences(ledger.record, samples(text), { killed }).map(
      ({ series, expected, actual }) => `${series}: ${expected}, ${actual}`,
    );
  expect(series(agreeing)).toEqual([]);
  expect(series([...agreeing, ...dead])).toEqual([]);
  expect(series(['assets_created_total 2', 'assets_deleted_total 2', ...agreeing.slice(0, 3)])).toEqual([
    'assets_created_total: 1, 2',
    'assets_deleted_total: 0, 2',
  ]);
  expect(series(['assets_created_total 1', 'assets_retrieved_total 3', ...agreeing.slice(0, 3)])).toEqual([
    'assets_retrieved_total: 0, 3',
  ]);
  // An answer that left a process which was killed at that moment.
  expect(series(['assets_created_total 1'])).toHaveLength(2);
  expect(series(['assets_created_total 1'], { assets: 1 })).toEqual([]);
  expect(series([...agreeing, dead[0]!])).toEqual([
    'http_request_duration_seconds_count GET /api/v1/assets: 1, 0',
  ]);
});

test('equal seeds make equal visits', async () => {
  const visited = async (seed: number): Promise<readonly string[]> => {
    const kinds: string[] = [];
    const visitors = new Visitors({
      // Nobody listens there: whatever the visitors do, it ends at once.
      url: 'http://127.0.0.1:9',
      visitsPerSecond: 300,
      seed,
      uploadBytesMax: 1_000_000,
      onVisit: (kind) => kinds.push(kind),
    });
    await visitors.start();
    await eventually(() => kinds.length >= 40);
    await visitors.stop();
    return kinds.slice(0, 40);
  };
  const first = await visited(3);
  expect(new Set(first).size).toBeGreaterThan(5);
  expect(await visited(3)).toEqual(first);
  expect(await visited(4)).not.toEqual(first);
});
