import type { Labels } from '@binnacle/metrics/model';
import { StorageError } from '@binnacle/promql/storage';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ScrapeConfig } from '../../dist/config/prometheus.js';
import { ScrapeFailure, type ScrapeFetch } from '../../dist/scrape/http-fetch.js';
import { Scraper } from '../../dist/scrape/scraper.js';
import { Database } from '../../dist/tsdb/db.js';
import { MemoryDisk } from '../tsdb/memory-disk.ts';
import { selectFrom } from '../tsdb/naive-storage.ts';
import { FakeClock } from './fake-clock.ts';

const START = 1_700_000_000_000;
let clock: FakeClock;
let database: Database;
let scraper: Scraper;
let reports: string[];
/** What targets answer, by host and port: a body, or an error. */
let answers: Map<string, string | Error>;
let fetched: string[];

const fetch: ScrapeFetch = async ({ url, signal }) => {
  fetched.push(`${url.host}@${clock.now()}`);
  const answer = answers.get(url.host);
  if (answer === undefined) {
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new ScrapeFailure('STOPPED', 'stopped')));
    });
  }
  if (answer instanceof Error) throw answer;
  return Buffer.from(answer);
};

beforeEach(async () => {
  clock = new FakeClock(START);
  answers = new Map();
  fetched = [];
  reports = [];
  database = await Database.open({ dir: '/data', disk: new MemoryDisk(), now: () => clock.now() });
  scraper = new Scraper({ storage: database, fetch, clock, onReport: (line) => reports.push(line) });
});

afterEach(async () => {
  await scraper.stop();
  await database.close();
});

function config(targets: readonly string[], over: Partial<ScrapeConfig> = {}): ScrapeConfig {
  return {
    jobName: 'job',
    scrapeIntervalMs: 10_000,
    scrapeTimeoutMs: 5_000,
    metricsPath: '/metrics',
    scheme: 'http',
    params: {},
    honorLabels: false,
    honorTimestamps: true,
    sampleLimit: 0,
    bodySizeLimitBytes: 0,
    staticConfigs: [{ targets, labels: {} }],
    ...over,
  };
}

/** The values of series, in the order of time: `up{...}` becomes `up`. Labels that all have are left out. */
async function values(pattern = '.+'): Promise<Record<string, string>> {
  const shown = await selectFrom(database, [{ name: '__name__', op: '=~', value: pattern }]);
  return Object.fromEntries(
    Object.entries(shown).map(([series, samples]) => [
      series
        .replace(/instance="a:1"(, )?|job="job"(, )?/g, '')
        .replace(/, }$/, '}')
        .replace('{}', ''),
      samples.map((sample) => sample.split('@')[0]).join(' '),
    ]),
  );
}

/** Goes on until a target, given by its host, has been scraped so many times more. */
async function scrape(times = 1, host = 'a:1'): Promise<void> {
  const count = () => fetched.filter((entry) => entry.startsWith(`${host}@`)).length;
  for (const wanted = count() + times; count() < wanted; ) await clock.advance(50);
}

const refused = new ScrapeFailure('CONNECTION_REFUSED', 'connection refused: nothing listens');

test('the first scrape comes within half a second, the others at fixed places of the interval', async () => {
  const hosts = Array.from({ length: 20 }, (_, i) => `h${i}:1`);
  for (const host of hosts) answers.set(host, 'x 1\n');
  await scraper.configure([config(hosts)]);
  await clock.advance(500);
  expect(new Set(fetched).size).toBe(20);
  await clock.advance(50_000 - 500);
  expect(fetched.length).toBeGreaterThanOrEqual(20 * 5);
  const offsets = new Set<number>();
  for (const host of hosts) {
    const times = fetched
      .filter((entry) => entry.startsWith(`${host}@`))
      .map((entry) => Number(entry.split('@')[1]));
    const places = new Set(times.slice(1).map((t) => t % 10_000));
    expect(places.size).toBe(1);
    offsets.add([...places][0]!);
  }
  expect(offsets.size).toBeGreaterThan(15);
});

test('samples get the planned time when the timer is nearly on time, and the true one otherwise', async () => {
  answers.set('a:1', 'x 1\n');
  await scraper.configure([config(['a:1'])]);
  await scrape(2);
  const times = async () =>
    Object.values(await selectFrom(database, [{ name: '__name__', op: '=', value: 'x' }]))[0]!.map((s) =>
      Number(s.split('@')[1]),
    );
  const place = (await times())[1]! % 10_000;
  // The timer of the next scrape is set already.
  clock.lateMs = 2;
  await scrape(2);
  clock.lateMs = 3;
  await scrape(2);
  expect((await times()).slice(1).map((t) => (t % 10_000) - place)).toEqual([0, 0, 0, 0, 3]);
});

test('a target’s series carry its labels and health, and nothing ends while the lines stay', async () => {
  answers.set('a:1', '# TYPE x counter\nx{k="v"} 1\ny 2\n');
  await scraper.configure([
    config(['a:1'], { staticConfigs: [{ targets: ['a:1'], labels: { env: 'dev' } }] }),
  ]);
  await scrape(2);
  expect(await values()).toMatchObject({
    'x{env="dev", k="v"}': '1 1',
    'y{env="dev"}': '2 2',
    'up{env="dev"}': '1 1',
    'scrape_samples_scraped{env="dev"}': '2 2',
    'scrape_samples_post_metric_relabeling{env="dev"}': '2 2',
    'scrape_series_added{env="dev"}': '2 0',
    'scrape_duration_seconds{env="dev"}': '0 0',
  });
  expect(scraper.targets()).toEqual([
    {
      discoveredLabels: {
        __address__: 'a:1',
        __metrics_path__: '/metrics',
        __scheme__: 'http',
        __scrape_interval__: '10s',
        __scrape_timeout__: '5s',
        env: 'dev',
        job: 'job',
      },
      labels: { env: 'dev', instance: 'a:1', job: 'job' },
      scrapePool: 'job',
      scrapeUrl: 'http://a:1/metrics',
      lastError: '',
      lastScrapeMs: expect.any(Number),
      lastScrapeDurationMs: 0,
      health: 'up',
      scrapeIntervalMs: 10_000,
      scrapeTimeoutMs: 5_000,
    },
  ]);
  expect(scraper.metadata()).toEqual([
    { target: { env: 'dev', instance: 'a:1', job: 'job' }, metric: 'x', type: 'counter', help: '', unit: '' },
  ]);
});

test('a series that vanishes gets one marker, and goes on when it is back', async () => {
  await scraper.configure([config(['a:1'])]);
  for (const body of ['x 1\ny 1\n', 'x 2\n', 'x 3\n', 'y 4\nx 4\n', 'y 5\nx 5\n']) {
    answers.set('a:1', body);
    await scrape();
  }
  expect(await values('x|y|scrape_series_added')).toEqual({
    x: '1 2 3 4 5',
    y: '1 stale 4 5',
    scrape_series_added: '2 0 0 1 0',
  });
});

test('a failed scrape ends all series once, and says why', async () => {
  await scraper.configure([config(['a:1'])]);
  const bodies = ['x 1\n', refused, refused, 'x 2\n', 'x nonsense\n', 'x 3\n', 'x 4\n'];
  const health: string[] = [];
  for (const body of bodies) {
    answers.set('a:1', body);
    await scrape();
    const [status] = scraper.targets();
    health.push(`${status!.health} ${status!.lastError}`.trim());
  }
  expect(health).toEqual([
    'up',
    'down connection refused: nothing listens',
    'down connection refused: nothing listens',
    'up',
    'down the body is not in the text format: line 1, column 3: "nonsense" is not a number',
    'up',
    'up',
  ]);
  expect(await values('x|up|scrape_samples_scraped')).toEqual({
    x: '1 stale 2 stale 3 4',
    up: '1 0 0 1 0 1 1',
    scrape_samples_scraped: '1 0 0 1 0 1 1',
  });
  expect(scraper.stats()).toMatchObject({ scrapes: 7, failedScrapes: 3 });
});

test('labels that both have: the target’s own win, or the exposed ones where they are honoured', async () => {
  const body = 'x{job="inner",exported_job="e",k="v"} 1\n';
  answers.set('a:1', body);
  answers.set('b:1', body);
  await scraper.configure([config(['a:1']), config(['b:1'], { jobName: 'other', honorLabels: true })]);
  await clock.advance(500);
  const sets = await database.labelSets([[{ name: '__name__', op: '=', value: 'x' }]], 0, 1e15);
  expect(sets.map((labels: Labels) => labels.toString())).toEqual([
    'x{exported_exported_job="inner", exported_job="e", instance="a:1", job="job", k="v"}',
    'x{exported_job="e", instance="b:1", job="inner", k="v"}',
  ]);
});

test('a line twice is taken once and counted, as is one that poses as the scrape’s own', async () => {
  answers.set('a:1', 'x 1\nx 2\nup 7\ny 3\n');
  await scraper.configure([config(['a:1'])]);
  await scrape(2);
  expect(await values('x|y|up|scrape_samples.*')).toEqual({
    x: '1 1',
    y: '3 3',
    up: '1 1',
    scrape_samples_scraped: '4 4',
    scrape_samples_post_metric_relabeling: '2 2',
  });
  expect(scraper.stats().duplicates).toBe(4);
});

test('own timestamps are kept where they are honoured, and get no markers', async () => {
  await scraper.configure([config(['a:1'])]);
  const bodies = [
    `x 1 ${START - 5000}\ny 1\nz 1 ${START - 6000}\n`,
    `x 1 ${START - 5000}\ny 2\nz 2 ${START - 4000}\n`,
    'y 3\n',
  ];
  for (const body of bodies) {
    answers.set('a:1', body);
    await scrape();
  }
  await scraper.configure([config(['b:1'], { jobName: 'strict', honorTimestamps: false })]);
  for (const body of bodies) {
    answers.set('b:1', body);
    await scrape(1, 'b:1');
  }
  const shown = await selectFrom(database, [{ name: '__name__', op: '=~', value: 'x|y|z' }]);
  expect(shown['x{instance="a:1", job="job"}']).toEqual([`1@${START - 5000}`]);
  expect(shown['z{instance="a:1", job="job"}']).toEqual([`1@${START - 6000}`, `2@${START - 4000}`]);
  expect(shown['y{instance="a:1", job="job"}']?.length).toBe(4);
  const strict = shown['x{instance="b:1", job="strict"}']!;
  expect(strict.map((sample) => sample.split('@')[0])).toEqual(['1', '1', 'stale']);
  expect(scraper.stats()).toMatchObject({ duplicates: 0, outOfOrder: 0, targets: 1 });
});

test('more samples than allowed are a failure', async () => {
  answers.set('a:1', 'x 1\ny 2\n');
  await scraper.configure([config(['a:1'], { sampleLimit: 1 })]);
  await clock.advance(500);
  expect(scraper.targets()[0]!.lastError).toBe('the body has 2 samples, and 1 are allowed (sample_limit)');
  expect(await values('x|up')).toEqual({ up: '0' });
});

test('a removed target’s series end, a kept one goes on, and stopping ends nothing', async () => {
  answers.set('a:1', 'x 1\n');
  answers.set('b:1', 'x 1\n');
  await scraper.configure([config(['a:1', 'b:1'])]);
  await scrape(2, 'b:1');
  await scraper.configure([config(['b:1'])]);
  await scrape(1, 'b:1');
  await scraper.stop();
  expect(clock.timers).toBe(0);
  expect(await values('x|up')).toEqual({
    x: '1 1 stale',
    up: '1 1 stale',
    'x{instance="b:1"}': '1 1 1',
    'up{instance="b:1"}': '1 1 1',
  });
});

test('a scrape that hangs is given up when the scraper stops', async () => {
  await scraper.configure([config(['hangs:1'])]);
  await clock.advance(500);
  expect(fetched.length).toBe(1);
  await scraper.stop();
  expect(await values()).toEqual({});
});

test('what storage cannot take is reported once, and what had ended meanwhile is marked afterwards', async () => {
  let fails = false;
  const flaky = {
    append: database.append.bind(database),
    appendColumn: async (...args: Parameters<Database['appendColumn']>) => {
      if (fails) throw new StorageError('the disk is full');
      return database.appendColumn(...args);
    },
  };
  const own = new Scraper({ storage: flaky, fetch, clock, onReport: (line) => reports.push(line) });
  await own.configure([config(['a:1'])]);
  for (const [body, full] of [
    ['x 1\ny 1\n', false],
    ['x 2\n', true],
    ['x 3\n', true],
    ['x 4\n', false],
    ['x 5\n', false],
  ] as const) {
    answers.set('a:1', body);
    fails = full;
    await scrape();
  }
  expect(await values('x|y|up')).toEqual({ x: '1 4 5', y: '1 stale', up: '1 1 1' });
  expect(reports).toEqual(['samples cannot be stored: the disk is full', 'samples are stored again']);
  expect(own.stats().failedAppends).toBe(2);
  expect(own.targets()[0]!.health).toBe('up');
  await own.stop();
});
