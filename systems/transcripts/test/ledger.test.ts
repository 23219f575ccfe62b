import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readSamples } from '../../parts/dist/samples.js';
import { pick, randomFrom } from '../../parts/dist/visits.js';
import { eventually, settled } from '../../parts/test/running.ts';
import { enter, enterDied, enterEnd } from '../dist/effects.js';
import {
  type Difference,
  differences,
  Ledger,
  type LedgerRecord,
  SERVICE_NAMES,
  type ServiceName,
} from '../dist/ledger.js';
import { VISIT_KINDS, type VisitKind, Visitors } from '../dist/visitors.js';
import { HAS_TOOLS, System } from './system.ts';

const SOAK = process.env.BINNACLE_SOAK === '1';

test.skipIf(!HAS_TOOLS)(
  'after the visitors, every counter of both services equals their ledger',
  { timeout: 600_000 },
  async () => {
    // A process that gets no processor for a while is not taken for dead.
    const system = await System.start({ TRANSCRIPTS_LEASE_SECONDS: '120' });
    try {
      const kinds = new Set<VisitKind>();
      const visitors = new Visitors({
        url: system.url,
        visitsPerSecond: 10,
        // Draws every kind of visit within thirty-two.
        seed: 7688,
        weights: Object.fromEntries(VISIT_KINDS.map((kind) => [kind, 1])) as Record<VisitKind, number>,
        onVisit: (kind) => kinds.add(kind),
      });
      await visitors.start();
      await eventually(() => kinds.size === VISIT_KINDS.length, 180_000);
      await visitors.stop();
      const { record } = visitors.ledger;
      expect(record).toMatchObject({ notes: [], wrong: 0, died: 0, openJobs: 0 });
      expect(record.allowed).toEqual({ requests: {}, counts: {} });
      // A ledger of zeros would equal services that count nothing.
      for (const family of [
        'api jobs_created_total{job_type="single"}',
        'api jobs_created_total{job_type="channel"}',
        'api jobs_completed_total{job_type="single"}',
        'api jobs_completed_total{job_type="channel"}',
        'api jobs_failed_total{job_type="single"}',
        'api jobs_failed_total{job_type="channel"}',
        'api videos_transcribed_total',
        'api videos_failed_total',
        'api search_queries_total{backend="postgres"}',
        'api exports_total{format="json"}',
        'worker videos_processed_total{result="completed"}',
        'worker videos_processed_total{result="failed"}',
        'worker download_duration_seconds_count',
        'worker chunk_count_count',
        'worker whisper_chunk_transcription_seconds_count{model="en-us"}',
      ])
        expect([family, (record.counts[family] ?? 0) > 0]).toEqual([family, true]);
      expect(await settled(async () => differences(record, await system.allSamples()))).toEqual([]);
      // Somebody else shows as a difference.
      await system.create('http://127.0.0.1:9/nobody');
      const others = async (): Promise<string[]> =>
        differences(record, await system.allSamples()).map(({ service, series }) => `${service} ${series}`);
      await expect.poll(others).toContain('api jobs_created_total{job_type="single"}');
    } finally {
      expect(await system.stop()).toEqual([]);
    }
  },
);

test.skipIf(!HAS_TOOLS)(
  'processes are killed while visitors work: no counter goes down, no job is lost or counted twice, no file stays',
  { timeout: 600_000 },
  async () => {
    const system = await System.start({ TRANSCRIPTS_LEASE_SECONDS: '2' });
    try {
      const visitors = new Visitors({ url: system.url, visitsPerSecond: 3, seed: 3 });
      await visitors.start();
      const watching = new Watch(system);
      const killed: Record<ServiceName, number> = { api: 0, worker: 0 };
      const rounds = SOAK ? 15 : 2;
      const random = randomFrom(9);
      for (let round = 0; round < rounds; round++) {
        for (const service of SERVICE_NAMES) {
          await eventually(() => system.workers(service).length === 2);
          // Whatever is under way then is hit, wherever it is.
          await sleep(300 + 1_200 * random());
          const workers = system.workers(service);
          const victim = pick(workers, random);
          if (victim === undefined || !(victim > 1)) continue;
          process.kill(victim, 'SIGKILL');
          killed[service]++;
        }
      }
      await eventually(() => system.isComplete());
      await visitors.stop();
      expect(await watching.stop()).toEqual([]);
      expect(killed).toEqual({ api: rounds, worker: rounds });
      const { record } = visitors.ledger;
      expect(record.notes).toEqual([]);
      expect(record.openJobs).toBe(0);
      expect(record.counts['api jobs_completed_total{job_type="single"}']).toBeGreaterThan(0);
      const differ = async (): Promise<Difference[]> =>
        differences(record, await system.allSamples(), { killed: killed.api });
      expect(await settled(differ)).toEqual([]);
      // What ends in the database needs no allowance but for jobs of which nobody knows.
      const allowed = Object.keys(record.allowed.counts).filter((key) =>
        /jobs_(completed|failed)|videos_/.test(key),
      );
      expect(allowed).toEqual([]);
      // Of processes that were killed, whoever comes next removes what they had.
      const left = (): readonly string[] => {
        const living = new Set(SERVICE_NAMES.flatMap((service) => system.workers(service)));
        return readdirSync(system.folder)
          .filter((name) => name.startsWith('transcripts-worker-'))
          .filter(
            (name) =>
              !living.has(Number(name.split('-')[2])) || readdirSync(`${system.folder}/${name}`).length > 0,
          );
      };
      await expect.poll(left).toEqual([]);
    } finally {
      expect(await system.stop()).toEqual([]);
    }
  },
);

/** Looks again and again whether a counter goes down. */
class Watch {
  readonly #sank: string[] = [];
  readonly #highest = new Map<string, number>();
  readonly #running: Promise<void>;
  #ends = false;

  constructor(system: System) {
    this.#running = this.#run(system);
  }

  /** What went down. */
  async stop(): Promise<readonly string[]> {
    this.#ends = true;
    await this.#running;
    return this.#sank;
  }

  async #run(system: System): Promise<void> {
    while (!this.#ends) {
      for (const service of SERVICE_NAMES) {
        // While the process that answered is replaced, nobody does.
        const samples = await system.samples(service).catch(() => undefined);
        for (const { labels, value } of samples?.values() ?? []) {
          if (!/_total$|_count$|_sum$|_bucket$/.test(labels.metricName)) continue;
          const key = `${service} ${labels.toString()}`;
          const highest = this.#highest.get(key) ?? 0;
          if (value < highest) this.#sank.push(`${key}: ${highest} to ${value}`);
          this.#highest.set(key, Math.max(value, highest));
        }
      }
      await sleep(200);
    }
  }
}

test('the visitors run as a process, and compare their ledger with what was counted since they came', {
  timeout: 600_000,
}, async () => {
  const system = await System.start();
  try {
    await system.run('http://127.0.0.1:9/nobody');
    // Each service reads by itself what has ended; both have to, before the visitors look what was counted before them.
    for (const [service, total] of [
      ['api', 'jobs_failed_total'],
      ['api', 'videos_failed_total'],
      ['worker', 'videos_processed_total'],
    ] as const)
      await eventually(async () => (await system.sum(service, total)) === 1);
    const run = async (): Promise<{ code: number; record: LedgerRecord; errors: string }> => {
      const program = fileURLToPath(new URL('../dist/visitors-main.js', import.meta.url));
      const where = ['--url', system.url, '--worker-metrics', system.services.worker.metricsUrl];
      const child = fork(program, [...where, '--for', '2', '--rate', '6', '--seed', '5'], {
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
    const alone = await run();
    const differing = alone.errors.split('\n').filter((line) => line.includes('the ledger says'));
    expect([alone.code, differing, alone.record.notes]).toEqual([0, [], []]);
    expect(Object.keys(alone.record.counts).length).toBeGreaterThan(0);
    // Somebody else at the same time shows as a difference.
    const others = setInterval(() => void system.create('http://127.0.0.1:9/nobody').catch(() => {}), 300);
    const beside = await run();
    clearInterval(others);
    expect(beside.code).toBe(1);
    expect(beside.errors).toMatch(/api: jobs_created_total\{job_type="single"\} is \d+, the ledger says \d+/);
  } finally {
    await system.stop();
  }
});

test('differences names what is missing, what is too much, and what nobody did', () => {
  const ledger = new Ledger();
  enter(ledger, { method: 'POST', endpoint: '/api/v1/jobs', label: 'single' }, 202);
  enterDied(ledger, { method: 'GET', endpoint: '/api/v1/search' });
  const video = {
    video_id: 'v',
    url: '',
    model: 'm',
    backend: 'b',
    message: null,
    status: 'completed',
  } as const;
  enterEnd(ledger, {
    ...{ job_type: 'single', status: 'completed', message: null },
    videos: [{ ...video, attempts: 2, told_attempts: 1, steps: { download: 1, chunk: 2 } }],
  });
  const api = [
    'http_requests_total{method="POST",endpoint="/api/v1/jobs",status="202"} 1',
    'http_request_duration_seconds_count{method="POST",endpoint="/api/v1/jobs"} 1',
    'http_requests_total{method="GET",endpoint="health",status="200"} 9',
    'jobs_created_total{job_type="single"} 1',
    'jobs_completed_total{job_type="single"} 1',
    'videos_transcribed_total 1',
  ];
  const worker = [
    'videos_processed_total{result="completed"} 1',
    'download_duration_seconds_count 1',
    'whisper_chunk_transcription_seconds_count{model="m"} 2',
  ];
  const found = (apiText: string[], workerText: string[], killed = 0): string[] =>
    differences(
      ledger.record,
      { api: readSamples(`${apiText.join('\n')}\n`), worker: readSamples(`${workerText.join('\n')}\n`) },
      { killed },
    ).map(({ service, series, expected, actual }) => `${service} ${series}: ${expected}, ${actual}`);
  expect(found(api, worker)).toEqual([]);
  // What a process did that died: a download more, and a search that had no answer.
  const died = [
    'search_queries_total{backend="postgres"} 1',
    'http_requests_total{method="GET",endpoint="/api/v1/search",status="200"} 1',
    'http_request_duration_seconds_count{method="GET",endpoint="/api/v1/search"} 1',
  ];
  expect(found([...api, ...died], [worker[0]!, 'download_duration_seconds_count 2', worker[2]!])).toEqual([]);
  expect(found(api, ['videos_processed_total{result="completed"} 2', ...worker.slice(1)])).toEqual([
    'worker videos_processed_total{result="completed"}: 1, 2',
  ]);
  expect(found([...api, 'exports_total{format="pdf"} 1'], worker)).toEqual([
    'api exports_total{format="pdf"}: 0, 1',
  ]);
  expect(found(api, [worker[0]!, 'download_duration_seconds_count 3', worker[2]!])).toEqual([
    'worker download_duration_seconds_count: 1, 3',
  ]);
  // An answer that left a process which was killed at that moment.
  expect(found(api.slice(2), worker)).toHaveLength(2);
  expect(found(api.slice(2), worker, 1)).toEqual([]);
});

test('equal seeds make equal visits', async () => {
  const visited = async (seed: number): Promise<readonly string[]> => {
    const kinds: string[] = [];
    // Nobody listens there: whatever the visitors do, it comes to nothing.
    const url = 'http://127.0.0.1:9';
    const visitors = new Visitors({ url, visitsPerSecond: 100, seed, onVisit: (kind) => kinds.push(kind) });
    await visitors.start();
    await eventually(() => kinds.length >= 25);
    // Those who are there go on trying for a while; nobody has to wait for them.
    void visitors.stop();
    return kinds.slice(0, 25);
  };
  const [first, again, other] = await Promise.all([visited(3), visited(3), visited(4)]);
  expect(new Set(first).size).toBeGreaterThan(5);
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
});
