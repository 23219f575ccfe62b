/**
 * Binnacle beside Prometheus: both scrape the system bricklayers while visitors use it, both are asked the seed's
 * questions. Prometheus's own tools judge our exposition and our rule file.
 *
 * The two scrape at different moments, so that their samples differ and with them their answers. Sameness is
 * therefore shown twice. Over the very samples that Prometheus has stored, our engine must give its answers, but
 * for the last digits. And over the time in which both were running, the answers must overlap, where a series of
 * either may have been scraped once more or once less at the beginning or the end: that is what the difference of
 * their scrape times can do. Where a busy machine made one of them pause, it is as many scrapes as the pause was long.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Labels } from '@binnacle/metrics/model';
import { Engine, MemoryStorage } from '@binnacle/promql';
import { describe, expect, test } from 'vitest';
import { listening, startModule, startProgram, temporaryFolder } from './children.ts';
import { freePort } from './free-port.ts';
import { outside } from './outside.ts';

const QUERIES = [
  'rate(http_requests_total[5m])',
  'sum(rate(http_requests_total{status=~"2..|3.."}[5m])) / sum(rate(http_requests_total[5m]))',
  'histogram_quantile(0.95, rate(http_request_duration_seconds_bucket[5m]))',
  'rate(processing_duration_seconds_sum[5m]) / rate(processing_duration_seconds_count[5m])',
  'sum(rate(uploads_total{status="success"}[5m])) / sum(rate(uploads_total[5m]))',
  'sum by (reason) (rate(upload_validation_failures_total[5m]))',
  'rate(processing_jobs_total{status="completed"}[1m]) * 60',
  'avg_over_time(processing_jobs_pending[5m])',
  'sum(rate(processing_jobs_total{status=~"error|timeout"}[5m])) / sum(rate(processing_jobs_total[5m]))',
  'rate(cleanup_bytes_freed_total[1h]) / rate(cleanup_runs_total[1h])',
  'increase(cleanup_files_deleted_total[1h])',
  'sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.05',
];

const VISIT_SECONDS = process.env.BINNACLE_SOAK === '1' ? 30 : 15;
const SCRAPE_SECONDS = 1;
/** What a scrape more or less at either end of a window changes in an extrapolated rate, at most. */
const EXTRAPOLATION = (2 * SCRAPE_SECONDS) / VISIT_SECONDS;
/** A gauge may have stood elsewhere between two scrapes: nobody who samples it knows. Here, by a job or two. */
const BETWEEN_SCRAPES = 2;
/** What the order of additions changes. */
const LAST_DIGITS = 1e-9;
/** For a machine that does other work, too. */
const PATIENCE = { timeout: 90_000 };

const root = fileURLToPath(new URL('..', import.meta.url));
const generated = path.join(root, 'systems/bricklayers/monitoring/prometheus');
const rules = path.join(generated, 'rules/rules.yml');

interface Answer {
  readonly status: string;
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value?: readonly [number, string];
      readonly values?: readonly (readonly [number, string])[];
    }[];
  };
}

async function ask(server: string, query: string, seconds: number): Promise<Answer['data']['result']> {
  const response = await fetch(`${server}/api/v1/query`, {
    method: 'POST',
    body: new URLSearchParams({ query, time: String(seconds) }),
  });
  const answer = (await response.json()) as Answer;
  expect(answer.status, query).toBe('success');
  return answer.data.result;
}

type Values = ReadonlyMap<string, number>;

/** What a server answers, by label set. */
async function answersOf(server: string, query: string, seconds: number): Promise<Values> {
  const result = await ask(server, query, seconds);
  return new Map(result.map(({ metric, value }) => [Labels.of(metric).toString(), Number(value![1])]));
}

interface RawSeries {
  readonly labels: Labels;
  readonly samples: readonly (readonly [timestampMs: number, value: number])[];
}

/** When a server has scraped the system, and 1 where it was there. */
async function scrapesOf(server: string): Promise<(readonly [timestampMs: number, up: number])[]> {
  const [up] = await ask(server, 'up[1h]', Date.now() / 1000 + 1);
  return (up?.values ?? []).map(([time, value]) => [Math.round(time * 1000), Number(value)]);
}

/** How many scrapes fall into the longest time in which one of two servers had none that succeeded; 1 where all did. */
function scrapesApart(...servers: readonly (readonly RawSeries[])[]): number {
  const pauses = servers.flatMap((raw) => {
    const up = raw.find(({ labels }) => labels.get('__name__') === 'up')!;
    const times = up.samples.filter(([, value]) => value === 1).map(([timestampMs]) => timestampMs);
    return times.slice(1).map((timestampMs, i) => timestampMs - times[i]!);
  });
  return Math.max(1, Math.round(Math.max(...pauses) / (SCRAPE_SECONDS * 1000)));
}

async function samplesOf(server: string, seconds: number): Promise<RawSeries[]> {
  return (await ask(server, '{system="bricklayers"}[1h]', seconds)).map(({ metric, values }) => ({
    labels: Labels.of(metric),
    samples: values!.map(([time, value]) => [Math.round(time * 1000), Number(value)]),
  }));
}

/** What our engine answers over samples, of which each series lacks some at the beginning and the end. */
async function evaluate(
  query: string,
  seconds: number,
  raw: readonly RawSeries[],
  first = 0,
  last = 0,
): Promise<Values> {
  const storage = new MemoryStorage();
  for (const { labels, samples } of raw) {
    for (const [timestampMs, value] of samples.slice(first, samples.length - last))
      storage.append(labels, timestampMs, value);
  }
  const { value } = await new Engine().instant(storage, query, seconds * 1000);
  if (value.type !== 'vector') throw new Error(`${query} is no vector`);
  return new Map(value.samples.map((sample) => [sample.labels.toString(), sample.value]));
}

/** When a server has scraped for the first time. */
function firstMs(raw: readonly RawSeries[]): number {
  return Math.min(...raw.map(({ samples }) => samples[0]![0]));
}

function since(raw: readonly RawSeries[], fromMs: number): RawSeries[] {
  return raw.map(({ labels, samples }) => ({
    labels,
    samples: samples.filter(([timestampMs]) => timestampMs >= fromMs),
  }));
}

/** The least and the greatest answer per series where so many scrapes more or less may have happened at either end. */
async function rangesOf(
  query: string,
  seconds: number,
  raw: readonly RawSeries[],
  apart: number,
): Promise<Map<string, [number, number]>> {
  const ranges = new Map<string, [number, number]>();
  const some = Array.from({ length: apart + 1 }, (_, count) => count);
  for (const [first, last] of some.flatMap((first) => some.map((last) => [first, last]))) {
    for (const [series, value] of await evaluate(query, seconds, raw, first, last)) {
      if (Number.isNaN(value)) continue;
      const [least, greatest] = ranges.get(series) ?? [value, value];
      ranges.set(series, [Math.min(least, value), Math.max(greatest, value)]);
    }
  }
  return ranges;
}

function expectSame(ours: Values, theirs: Values, what: string): void {
  expect(new Set(ours.keys()), what).toEqual(new Set(theirs.keys()));
  for (const [series, expected] of theirs) {
    const value = ours.get(series)!;
    if (Number.isNaN(expected)) expect(value, `${what} ${series}`).toBeNaN();
    else
      expect(Math.abs(value - expected), `${what} ${series}`).toBeLessThanOrEqual(
        LAST_DIGITS * Math.abs(expected),
      );
  }
}

describe.sequential('beside Prometheus', () => {
  const folder = temporaryFolder();
  let system = '';
  let ours = '';
  let theirs = '';
  let now = 0;

  test('both scrape the system while visitors use it', { timeout: 600_000 }, async (context) => {
    const prometheus = outside(context, 'prometheus');
    system = await listening(
      startModule('@binnacle/bricklayers/web-process', [], {
        BRICKLAYERS_PORT: '0',
        BRICKLAYERS_PORT_TRIES: '0',
        BRICKLAYERS_DATA_DIR: path.join(folder, 'bricklayers'),
        BRICKLAYERS_UPLOAD_BYTES_MAX: '2000000',
        BRICKLAYERS_RETENTION_SECONDS: '3',
        BRICKLAYERS_CLEANUP_INTERVAL_SECONDS: '2',
        BINNACLE_METRICS_DIR: path.join(folder, 'metrics'),
      }),
    );
    const config = path.join(folder, 'prometheus.yml');
    fs.writeFileSync(
      config,
      `
global: { scrape_interval: ${SCRAPE_SECONDS}s, scrape_timeout: ${SCRAPE_SECONDS}s, evaluation_interval: 1s }
rule_files: ['${rules}']
scrape_configs:
  - job_name: bricklayers-web
    static_configs:
      - targets: ['${new URL(system).host}']
        labels: { system: bricklayers }
`,
    );
    theirs = `http://127.0.0.1:${await freePort()}`;
    startProgram(prometheus, [
      `--config.file=${config}`,
      `--storage.tsdb.path=${path.join(folder, 'prometheus')}`,
      `--web.listen-address=${new URL(theirs).host}`,
    ]);
    ours = await listening(
      startModule('binnacle/cli', [
        'up',
        ...['--config', config],
        ...['--data', path.join(folder, 'monitor')],
        ...['--listen', `127.0.0.1:${await freePort()}`],
      ]),
    );
    const up = async (server: string) => {
      const response = await fetch(`${server}/api/v1/query?query=up`).catch(() => undefined);
      return response?.ok ? ((await response.json()) as Answer).data.result[0]?.value?.[1] : undefined;
    };
    for (const server of [ours, theirs]) await expect.poll(() => up(server), PATIENCE).toBe('1');

    const visitors = startModule('@binnacle/bricklayers/visitors-process', [
      ...['--url', system],
      ...['--rate', '8'],
      ...['--upload-bytes-max', '2000000'],
      ...['--gone-after', '5'],
    ]);
    await sleep(VISIT_SECONDS * 1000);
    const gone = once(visitors, 'exit');
    visitors.kill('SIGTERM');
    await gone;
    const goneMs = Date.now();
    for (const server of [ours, theirs]) {
      const since = async () => (await scrapesOf(server)).filter(([ms, is]) => is === 1 && ms > goneMs);
      await expect.poll(async () => (await since()).length, PATIENCE).toBeGreaterThan(3);
    }
    now = Math.floor(Date.now() / 1000);
    // Nothing is under way any more that would add to what was before.
    for (const server of [ours, theirs])
      await expect
        .poll(async () => (await scrapesOf(server)).at(-1)![0], PATIENCE)
        .toBeGreaterThan(now * 1000);
  });

  test.for(QUERIES)('%s', async (query, context) => {
    outside(context, 'prometheus');
    const [ourSamples, theirSamples] = [await samplesOf(ours, now), await samplesOf(theirs, now)];
    expect(theirSamples.length).toBeGreaterThan(100);
    const [our, their] = [await answersOf(ours, query, now), await answersOf(theirs, query, now)];
    expectSame(await evaluate(query, now, theirSamples), their, 'our engine over their samples');
    expectSame(await evaluate(query, now, ourSamples), our, 'our engine over our samples');

    expect(new Set(our.keys())).toEqual(new Set(their.keys()));
    const bothRunMs = Math.max(firstMs(ourSamples), firstMs(theirSamples)) - SCRAPE_SECONDS * 1000;
    const apart = scrapesApart(ourSamples, theirSamples);
    const [ourRanges, theirRanges] = [
      await rangesOf(query, now, since(ourSamples, bothRunMs), apart),
      await rangesOf(query, now, since(theirSamples, bothRunMs), apart),
    ];
    const extrapolation = apart * EXTRAPOLATION;
    const gaugeSlack = query.startsWith('avg_over_time') ? apart * BETWEEN_SCRAPES : 0;
    for (const [series, [least, greatest]] of theirRanges) {
      const [ourLeast, ourGreatest] = ourRanges.get(series)!;
      expect(ourLeast, series).toBeLessThanOrEqual(
        greatest + extrapolation * Math.abs(greatest) + gaugeSlack,
      );
      expect(ourGreatest, series).toBeGreaterThanOrEqual(
        least - extrapolation * Math.abs(least) - gaugeSlack,
      );
    }
  });

  test('both know the same alerts, and hold them for the same', async (context) => {
    outside(context, 'prometheus');
    const known = async (server: string) => {
      const { data } = (await (await fetch(`${server}/api/v1/rules?type=alert`)).json()) as {
        data: {
          groups: {
            name: string;
            rules: { name: string; query: string; duration: number; labels: object; health: string }[];
          }[];
        };
      };
      return data.groups.map(({ name, rules: all }) => ({
        name,
        rules: all.map(({ name: rule, query, duration, labels, health }) => ({
          rule,
          query,
          duration,
          labels,
          health,
        })),
      }));
    };
    expect(await known(ours)).toEqual(await known(theirs));
  });

  test('promtool accepts our exposition', async (context) => {
    outside(context, 'prometheus');
    const promtool = outside(context, 'promtool');
    const input = await (await fetch(`${system}/metrics`)).text();
    const output = execFileSync(promtool, ['check', 'metrics'], { input, encoding: 'utf8' });
    expect(output).toBe('');
  });

  test("promtool accepts the system's rule file and configuration", (context) => {
    const promtool = outside(context, 'promtool');
    expect(execFileSync(promtool, ['check', 'rules', rules], { encoding: 'utf8' })).toContain(
      'SUCCESS: 5 rules found',
    );
    for (const name of ['prometheus.yml', 'prometheus.prod.yml']) {
      const config = path.join(generated, name);
      expect(execFileSync(promtool, ['check', 'config', config], { encoding: 'utf8' })).toContain('SUCCESS');
    }
  });
});
