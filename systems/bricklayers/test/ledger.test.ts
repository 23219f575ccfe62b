import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { readSamples, type Samples } from '../../parts/dist/samples.js';
import { settled } from '../../parts/test/running.ts';
import { differences, Ledger, type LedgerRecord } from '../dist/ledger.js';
import { Visitors } from '../dist/visitors.js';
import { eventually, killed, Service } from './service.ts';

// Each starts processes, which takes long where there are many.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const VISIT_MS = process.env.BINNACLE_SOAK === '1' ? 60_000 : 10_000;

/** All that counts, and can only grow. */
function countersOf(samples: Samples): Map<string, number> {
  return new Map(
    [...samples.values()]
      .filter(({ labels }) => /^(?!binnacle_).*_(total|count|sum|bucket)$/.test(labels.metricName))
      .map(({ labels, value }) => [labels.toString(), value]),
  );
}

test('after the visitors, every counter equals their ledger and none has ever fallen, though workers were killed', async () => {
  const service = await Service.start({
    BRICKLAYERS_UPLOAD_BYTES_MAX: '1000000',
    BRICKLAYERS_RETENTION_SECONDS: '1.5',
    BRICKLAYERS_CLEANUP_INTERVAL_SECONDS: '0.5',
  });
  try {
    const visitors = new Visitors({
      url: service.url,
      visitsPerSecond: 12,
      seed: 7,
      uploadBytesMax: 1_000_000,
      goneAfterMs: 2500,
    });
    visitors.start();
    const until = performance.now() + VISIT_MS;
    let kills = 0;
    const { record } = visitors.ledger;
    /** What visitors do, all of which they are to have done; a ledger of zeros would equal a service that counts nothing. */
    const done = (): (readonly [what: string, key: string, count: number])[] =>
      Object.entries({
        uploads: record.uploads,
        downloads: record.downloads,
        refusals: record.refusals,
      }).flatMap(([what, counts]) =>
        Object.entries(counts).map(([key, count]) => [what, key, count] as const),
      );
    const isEnough = (): boolean =>
      done().every(([, , count]) => count > 0) &&
      Object.keys(record.refusals).length > 4 &&
      record.jobs.completed! > 10 &&
      kills > 2;
    const untilMax = performance.now() + 10 * VISIT_MS;
    const isTime = (): boolean => performance.now() < until || (!isEnough() && performance.now() < untilMax);
    const fallen: string[] = [];
    const reading = (async () => {
      let before = new Map<string, number>();
      while (isTime()) {
        const now = countersOf(readSamples(await service.exposition()));
        for (const [series, value] of before)
          if (!((now.get(series) ?? 0) >= value)) fallen.push(`${series} ${value} -> ${now.get(series)}`);
        expect(now.size).toBeGreaterThan(50);
        before = now;
        await sleep(100);
      }
    })();
    while (isTime()) {
      await sleep((Math.random() * VISIT_MS) / 8);
      const workers = await service.workers();
      const busy = workers.filter((worker) => worker.busy);
      // Mostly one that has something to lose.
      const among = busy.length > 0 && Math.random() < 0.8 ? busy : workers;
      const victim = among[Math.floor(Math.random() * among.length)];
      if (victim !== undefined && killed(victim.pid)) kills++;
    }
    await reading;
    expect(fallen).toEqual([]);
    expect(kills).toBeGreaterThan(2);
    await visitors.stop();
    expect(record.notes).toEqual([]);
    expect(record.openJobs).toBe(0);
    for (const [what, key, count] of done()) expect([what, key, count > 0]).toEqual([what, key, true]);
    expect(Object.keys(record.refusals).length).toBeGreaterThan(4);
    expect(record.jobs.completed).toBeGreaterThan(10);

    expect(await settled(async () => differences(record, readSamples(await service.exposition())))).toEqual(
      [],
    );
  } finally {
    await service.stop();
  }
}, 900_000);

test('the visitors run as a process and hand over their ledger', async () => {
  const service = await Service.start();
  const visitors = fork(
    fileURLToPath(new URL('../dist/visitors-main.js', import.meta.url)),
    ['--url', service.url, '--rate', '20', '--upload-bytes-max', '100000'],
    { execArgv: [], silent: true },
  );
  try {
    const ask = async (question: string): Promise<{ type: string; ledger: LedgerRecord }> => {
      visitors.send(question);
      const [answer] = (await once(visitors, 'message')) as [{ type: string; ledger: LedgerRecord }];
      return answer;
    };
    await eventually(async () => ((await ask('ledger')).ledger.uploads.success ?? 0) > 3);
    const printed: string[] = [];
    visitors.stdout?.setEncoding('utf8').on('data', (text: string) => printed.push(text));
    const ended = once(visitors, 'close');
    const message = await ask('stop');
    expect(message.type).toBe('ledger');
    expect(message.ledger.uploads.success).toBeGreaterThan(3);
    await eventually(
      async () => differences(message.ledger, readSamples(await service.exposition())).length === 0,
    );
    expect(await ended).toEqual([0, null]);
    expect(JSON.parse(printed.join(''))).toEqual(message.ledger);
  } finally {
    visitors.kill('SIGKILL');
    await service.stop();
  }
});

test('the visitors compare their ledger with what was counted since they came', async () => {
  const service = await Service.start();
  try {
    await service.upload('not theirs');
    const run = async (url: string, seconds: number): Promise<[unknown, string]> => {
      const program = fileURLToPath(new URL('../dist/visitors-main.js', import.meta.url));
      const options = [
        '--url',
        url,
        '--for',
        String(seconds),
        '--rate',
        '10',
        '--upload-bytes-max',
        '100000',
      ];
      const child = fork(program, options, { execArgv: [], silent: true });
      const errors: string[] = [];
      child.stderr?.setEncoding('utf8').on('data', (text: string) => errors.push(text));
      const [code] = await once(child, 'close');
      return [code, errors.join('')];
    };
    await eventually(async () => (await service.metrics())['processing_jobs_total{status="error"}'] === 1);
    expect(await run(service.url, 1)).toEqual([0, '']);
    // Somebody else at the same time shows as a difference.
    const others = setInterval(() => void service.upload('not theirs').catch(() => {}), 200);
    const [code, errors] = await run(service.url, 5);
    clearInterval(others);
    expect(code).toBe(1);
    expect(errors).toMatch(/uploads_total\{status="success"\} is \d+, the ledger says \d+/);
  } finally {
    await service.stop();
  }
});

test('differences names what is missing, what is wrong, and what nobody did', () => {
  const ledger = new Ledger();
  ledger.request('GET', '/api/v1/status/{job_id}', 200);
  ledger.downloaded('success');
  const samples = readSamples(
    [
      'http_requests_total{method="GET",endpoint="/metrics",status="200"} 9',
      'http_requests_total{method="GET",endpoint="/other",status="200"} 1',
      'downloads_total{status="success"} 2',
      'downloads_total{status="failed_not_found"} 0',
      'processing_duration_seconds_sum 3',
      '',
    ].join('\n'),
  );
  const found = differences(ledger.record, samples).filter(
    ({ expected, actual }) => expected !== 0 || actual,
  );
  expect(found).toEqual([
    {
      series: 'http_requests_total{endpoint="/api/v1/status/{job_id}", method="GET", status="200"}',
      expected: 1,
      actual: undefined,
    },
    {
      series: 'http_request_duration_seconds_count{endpoint="/api/v1/status/{job_id}", method="GET"}',
      expected: 1,
      actual: undefined,
    },
    { series: 'downloads_total{status="success"}', expected: 1, actual: 2 },
    {
      series: 'http_requests_total{endpoint="/other", method="GET", status="200"}',
      expected: 0,
      actual: 1,
    },
  ]);
});

test('equal seeds make equal visits', async () => {
  const visited = async (seed: number): Promise<readonly string[]> => {
    const kinds: string[] = [];
    const visitors = new Visitors({
      // Nobody listens there: whatever the visitors do, it ends at once.
      url: 'http://127.0.0.1:9',
      visitsPerSecond: 200,
      seed,
      uploadBytesMax: 100_000,
      goneAfterMs: 1000,
      onVisit: (kind) => kinds.push(kind),
    });
    visitors.start();
    await eventually(() => kinds.length >= 40);
    await visitors.stop();
    return kinds.slice(0, 40);
  };
  const first = await visited(3);
  expect(new Set(first).size).toBeGreaterThan(3);
  expect(await visited(3)).toEqual(first);
  expect(await visited(4)).not.toEqual(first);
});
