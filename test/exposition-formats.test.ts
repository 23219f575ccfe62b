/**
 * A real Prometheus scrapes one service in every format that it knows, and has the same series with the same values
 * afterwards: the formats differ in how they say it, not in what they say.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import {
  counter,
  createRegistry,
  gauge,
  histogram,
  info,
  label,
  metricsHandler,
  stateSet,
  summary,
} from '@binnacle/metrics';
import {
  encodeOpenMetrics,
  encodeText,
  type Family,
  negotiate,
  parseOpenMetrics,
  parseSeriesText,
  writeExposition,
} from '@binnacle/metrics/exposition';
import { Labels } from '@binnacle/metrics/model';
import { afterAll, expect, test, vi } from 'vitest';
import { startProgram, temporaryFolder } from './children.ts';
import { everyType, HOSTILE } from './every-type.ts';
import { freePort } from './free-port.ts';
import { outside } from './outside.ts';

vi.setConfig({ testTimeout: 240_000 });

/** How Prometheus calls each format, and the type that it must be answered with. */
const PROTOCOLS = {
  PrometheusProto:
    'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
  'OpenMetricsText1.0.0': 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  'OpenMetricsText0.0.1': 'application/openmetrics-text; version=0.0.1; charset=utf-8',
  'PrometheusText1.0.0': 'text/plain; version=1.0.0; charset=utf-8',
  'PrometheusText0.0.4': 'text/plain; version=0.0.4; charset=utf-8',
} as const;

type Handler = ReturnType<typeof metricsHandler>;

/** What a service may say; the names of its metrics are classic. */
function service(): Handler {
  const registry = createRegistry();
  const events = counter({
    name: 'events_total',
    help: 'Events\n"all" \\',
    labels: { kind: label },
    registry,
  });
  for (const [i, kind] of HOSTILE.entries()) events.inc({ kind }, i + 0.5);
  counter({ name: 'bytes_total', help: 'Large', registry }).inc(2 ** 53);
  const level = gauge({ name: 'level', help: 'Levels', labels: { of: label }, registry });
  for (const [of, value] of Object.entries({
    nan: NaN,
    up: Infinity,
    down: -Infinity,
    small: 1e-300,
    zero: -0,
  }))
    level.set({ of }, value);
  info({ name: 'build_info', help: 'Build', labels: { version: label }, registry }).set({ version: '1.0' });
  const seconds = histogram({
    name: 'work_seconds',
    help: 'Work',
    unit: 'seconds',
    labels: { step: label },
    buckets: [0.00001, 0.25, 1, 10, 1_000_000],
    registry,
  });
  for (const value of [0.000001, 0.2, 0.25, 7, 1e9]) seconds.observe({ step: 'a' }, value);
  const native = histogram({ name: 'size_bytes', help: 'Sizes', unit: 'bytes', native: true, registry });
  for (let i = -50; i <= 1000; i++) native.observe(i, { exemplar: { trace_id: `size ${i}` } });
  const wait = summary({ name: 'wait_seconds', help: 'Waiting', unit: 'seconds', registry });
  for (let i = 1; i <= 100; i++) wait.observe(i);
  stateSet({ name: 'phase', help: 'Phase', states: ['idle', 'busy'], registry }).set('busy');
  return metricsHandler(registry);
}

/** What a service may say whose names are outside of the classic alphabet. */
function utf8Service(): Handler {
  const registry = createRegistry();
  counter({
    name: 'http.requests_total',
    help: 'Requests',
    labels: { 'http.method': label, ü: label },
    registry,
  }).inc({ 'http.method': 'GET', ü: '"' }, 3, { exemplar: { 'trace.id': 'x' } });
  return metricsHandler(registry);
}

const servers: http.Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

/** Starts a server; `accepts` gets what was asked for, by path. */
async function listen(
  answer: (request: http.IncomingMessage, response: http.ServerResponse) => unknown,
  accepts: Map<string, string>,
): Promise<number> {
  const server = http.createServer((request, response) => {
    accepts.set(request.url ?? '', request.headers.accept ?? '');
    void answer(request, response);
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

/** Answers with families in the format that is asked for. */
function answerWith(families: readonly Family[]) {
  return (request: http.IncomingMessage, response: http.ServerResponse) => {
    const negotiated = negotiate(request.headers.accept);
    response.setHeader('content-type', negotiated.contentType);
    for (const slice of writeExposition(families, negotiated)) response.write(slice);
    response.end();
  };
}

const protocols = Object.keys(PROTOCOLS) as (keyof typeof PROTOCOLS)[];

function jobOf(name: string, options: string, port: number): string {
  return `
  - job_name: ${name}
    metrics_path: /${name}
    ${options}
    static_configs: [{ targets: ['127.0.0.1:${port}'] }]`;
}

/** Starts Prometheus and waits until it has scraped every job; returns where it listens. */
async function startPrometheus(
  program: string,
  jobs: readonly string[],
  ...options: readonly string[]
): Promise<string> {
  const folder = temporaryFolder();
  const config = path.join(folder, 'prometheus.yml');
  fs.writeFileSync(
    config,
    `global: { scrape_interval: 1s, scrape_timeout: 1s }\nscrape_configs:${jobs.join('')}\n`,
  );
  const prometheus = `http://127.0.0.1:${await freePort()}`;
  startProgram(program, [
    `--config.file=${config}`,
    `--storage.tsdb.path=${path.join(folder, 'data')}`,
    `--web.listen-address=${new URL(prometheus).host}`,
    ...options,
  ]);
  // The last error of each target, or its health.
  const health = async () => {
    const response = await fetch(`${prometheus}/api/v1/targets`).catch(() => undefined);
    if (!response?.ok) return [];
    const { data } = (await response.json()) as {
      data: { activeTargets: readonly { lastError: string; health: string }[] };
    };
    return data.activeTargets.map(({ lastError, health }) => lastError || health);
  };
  await expect.poll(health, { timeout: 120_000 }).toEqual(jobs.map(() => 'up'));
  return prometheus;
}

/** What was last scraped of series: on a busy machine a scrape may fail after one that did not. */
const last = (selector: string): string => `last_over_time(${selector}[10m])`;

interface Answer {
  readonly data: { readonly result: readonly { metric: Record<string, string>; value?: [number, string] }[] };
}

/** What Prometheus has of a job: values by label set, without what it adds itself and the times of creation. */
async function seriesOf(prometheus: string, job: string): Promise<Map<string, string>> {
  const query = last(`{job="${job}", __name__!~"up|scrape_.+|.+_created"}`);
  const response = await fetch(`${prometheus}/api/v1/query?${new URLSearchParams({ query })}`);
  const { data } = (await response.json()) as Answer;
  return new Map(
    data.result.map(({ metric, value }) => {
      const { job: _job, instance: _instance, ...labels } = metric;
      return [Labels.of(labels).toString(), value?.[1] ?? 'a native histogram'];
    }),
  );
}

test('Prometheus has the same of every format', async (context) => {
  const program = outside(context, 'prometheus');
  const accepts = new Map<string, string>();
  const metrics = service();
  const port = await listen(metrics, accepts);
  const utf8 = utf8Service();
  const utf8Port = await listen(utf8, accepts);
  const jobs = [
    ...protocols.map((name) => jobOf(name, `scrape_protocols: [${name}]`, port)),
    jobOf('usual', 'honor_labels: false', port),
    ...protocols.map((name) => jobOf(`utf8-${name}`, `scrape_protocols: [${name}]`, utf8Port)),
  ];
  const prometheus = await startPrometheus(program, jobs);

  const text = await seriesOf(prometheus, 'PrometheusText0.0.4');
  expect(text.size).toBe(HOSTILE.length + 1 + 5 + 1 + (6 + 2) + 3 + (3 + 2) + 2);
  expect(text.get('level{of="nan"}')).toBe('NaN');
  expect(text.get('work_seconds_bucket{le="1e+06", step="a"}')).toBe('4');
  // Native histograms are not enabled: of protobuf, Prometheus then drops the one that has no other buckets.
  const withoutNative = new Map([...text].filter(([series]) => !series.startsWith('size_bytes')));
  for (const name of [...protocols, 'usual'])
    expect(await seriesOf(prometheus, name), name).toEqual(name === 'PrometheusProto' ? withoutNative : text);
  // Without being told, Prometheus prefers OpenMetrics.
  const wanted = [...Object.entries(PROTOCOLS), ['usual', PROTOCOLS['OpenMetricsText1.0.0']] as const];
  for (const [name, contentType] of wanted) {
    const accept = accepts.get(`/${name}`)!;
    const response = await fetch(`http://127.0.0.1:${port}/again`, { headers: { accept } });
    expect(response.headers.get('content-type'), accept).toContain(contentType);
  }

  // The formats that can be asked for UTF-8 keep names as they are; the others get underscores.
  const asItIs = new Map([['http.requests_total{http.method="GET", ü="\\""}', '3']]);
  const underscores = new Map([['http_requests_total{_="\\"", http_method="GET"}', '3']]);
  for (const name of protocols) {
    const escaping = accepts.get(`/utf8-${name}`)?.includes('escaping=allow-utf-8');
    expect(await seriesOf(prometheus, `utf8-${name}`), name).toEqual(escaping ? asItIs : underscores);
  }
});

/** What a query gives: values by label set, without job and instance. */
async function ask(prometheus: string, query: string): Promise<Record<string, string>> {
  const response = await fetch(`${prometheus}/api/v1/query?${new URLSearchParams({ query })}`);
  const { data } = (await response.json()) as Answer;
  return Object.fromEntries(
    data.result.map(({ metric, value }) => {
      const { job: _job, instance: _instance, ...labels } = metric;
      return [Labels.of(labels).toString(), value?.[1] ?? 'a native histogram'];
    }),
  );
}

interface Exemplars {
  readonly data: readonly {
    readonly seriesLabels: Record<string, string>;
    readonly exemplars: readonly { labels: Record<string, string>; value: string; timestamp: number }[];
  }[];
}

/** What Prometheus has of a job's exemplars: the trace of each, its value and its time by series. */
async function exemplarsOf(prometheus: string, job: string, nowMs: number): Promise<Map<string, unknown>> {
  const query = new URLSearchParams({
    query: `{job="${job}"}`,
    start: String(nowMs / 1000 - 100),
    end: String(nowMs / 1000 + 100),
  });
  const response = await fetch(`${prometheus}/api/v1/query_exemplars?${query}`);
  const { data } = (await response.json()) as Exemplars;
  return new Map(
    data.map(({ seriesLabels, exemplars }) => {
      const { job: _job, instance: _instance, ...labels } = seriesLabels;
      const found = exemplars.map(({ labels: { trace_id }, value, timestamp }) => [
        trace_id,
        Number(value),
        Math.round(timestamp * 1000),
      ]);
      return [Labels.of(labels).toString(), found];
    }),
  );
}

test('Prometheus finds native histograms, exemplars and metadata', async (context) => {
  const program = outside(context, 'prometheus');
  const accepts = new Map<string, string>();
  const nowMs = Date.now();
  const families = everyType(nowMs);
  const port = await listen(answerWith(families), accepts);
  const client = service();
  const clientPort = await listen(client, accepts);
  const jobs = [
    jobOf('client', 'honor_labels: false', clientPort),
    ...protocols.map((name) => jobOf(name, `scrape_protocols: [${name}]`, port)),
    jobOf('usual', 'honor_labels: false', port),
    jobOf('classic', 'always_scrape_classic_histograms: true', port),
  ];
  const prometheus = await startPrometheus(
    program,
    jobs,
    '--enable-feature=native-histograms,exemplar-storage',
  );
  expect(negotiate(accepts.get('/usual'))).toMatchObject({ format: 'protobuf', escaping: 'allow-utf-8' });

  // Native histograms are in protobuf only; the classic ones and all other series are the same everywhere.
  const text = await seriesOf(prometheus, 'PrometheusText0.0.4');
  expect(text.size).toBe(HOSTILE.length + 8 + 1 + 4 + (3 + 2) + 2 * (6 + 2) + (3 + 2) + 4 * 3 + 3);
  const openMetrics = await seriesOf(prometheus, 'OpenMetricsText1.0.0');
  const natives = new Set(['both_seconds', 'native_seconds', 'queue_depths']);
  const withoutNatives = (all: Map<string, string>) =>
    new Map([...all].filter(([series]) => ![...natives].some((name) => series.startsWith(name))));
  expect(withoutNatives(openMetrics)).toEqual(withoutNatives(text));
  for (const job of ['usual', 'PrometheusProto']) {
    expect(withoutNatives(await seriesOf(prometheus, job)), job).toEqual(withoutNatives(text));
    const of = (metric: string, more = '') => last(`${metric}{job="${job}"${more}}`);
    const each = async (query: string) => Object.values(await ask(prometheus, query));
    expect(await ask(prometheus, `histogram_count(${of('native_seconds')})`)).toEqual({
      '{of="integers"}': '20',
      '{of="floats"}': '1',
      '{of="nothing"}': '0',
      '{of="both sides"}': '9',
    });
    expect(await ask(prometheus, `histogram_sum(${of('native_seconds')})`)).toMatchObject({
      '{of="integers"}': '45',
      '{of="floats"}': '2.25',
      '{of="both sides"}': '-11.5',
    });
    expect(await ask(prometheus, `histogram_quantile(0.5, ${of('native_seconds')})`)).toMatchObject({
      '{of="integers"}': '2',
      '{of="floats"}': '2',
      '{of="nothing"}': 'NaN',
    });
    // Of nine there are two below -4, six below -1, seven below 0.5.
    expect(
      await ask(prometheus, `9 * histogram_fraction(-Inf, -1, ${of('native_seconds', ',of="both sides"')})`),
    ).toEqual({ '{of="both sides"}': '6' });
    expect(await each(`histogram_quantile(0.25, ${of('both_seconds')})`)).toEqual(['2']);
    expect(await each(`histogram_quantile(0.5, ${of('queue_depths')})`)).toEqual(['2']);
  }
  // What our own client has counted: the buckets are a tenth apart.
  const sizesSeen = last('size_bytes{job="client"}');
  expect(await ask(prometheus, `histogram_count(${sizesSeen})`)).toEqual({ '{}': '1051' });
  expect(await ask(prometheus, `histogram_sum(${sizesSeen})`)).toEqual({ '{}': '499225' });
  const [median] = Object.values(await ask(prometheus, `histogram_quantile(0.5, ${sizesSeen})`));
  expect(Number(median) / 475).toBeCloseTo(1, 1);
  const sizes = (await exemplarsOf(prometheus, 'client', nowMs)).get('size_bytes') as unknown[];
  expect(sizes.length).toBeGreaterThan(0);

  const classicSeries = last('{job="classic", __name__=~"both_seconds_.+"}');
  const classic = Object.entries(await ask(prometheus, classicSeries));
  expect(classic.length).toBe(5);
  for (const [series, value] of classic) expect(value, series).toBe(text.get(series));
  expect(await ask(prometheus, `histogram_count(${last('both_seconds{job="classic"}')})`)).toEqual({
    '{}': '40',
  });

  // Of OpenMetrics, Prometheus stores the labels of exemplars as they are written, with their escapes.
  const events = (written: (text: string) => string) =>
    HOSTILE.filter((kind) => kind.length < 100).map((kind, i): [string, unknown] => [
      Labels.of({ __name__: 'events_total', kind }).toString(),
      [[written(`${kind}!`), i, nowMs]],
    ]);
  const work: [string, unknown][] = [
    ['work_seconds_bucket{le="0.25", step="a"}', [['second', 0.2, nowMs]]],
    ['work_seconds_bucket{le="+Inf", step="a"}', [['last', 1e9, nowMs]]],
  ];
  const escaped = (text: string) => text.replace(/["\\]/g, '\\$&').replace('\n', '\\n');
  for (const job of ['OpenMetricsText1.0.0', 'OpenMetricsText0.0.1'])
    expect(await exemplarsOf(prometheus, job, nowMs), job).toEqual(
      new Map([
        ...events(escaped).filter(([series]) => !series.includes('\\u0000')),
        ...work,
        ['both_seconds_bucket{le="2.0"}', [['low', 1.5, nowMs]]],
        ['both_seconds_bucket{le="+Inf"}', [['high', 3, nowMs]]],
        ['native_seconds_bucket{le="+Inf", of="integers"}', [['only', 1.5, nowMs]]],
      ]),
    );
  for (const job of ['PrometheusProto', 'usual'])
    expect(await exemplarsOf(prometheus, job, nowMs), job).toEqual(
      new Map([
        ...events((text) => text),
        ...work,
        [
          'both_seconds',
          [
            ['low', 1.5, nowMs],
            ['high', 3, nowMs],
          ],
        ],
        ['native_seconds{of="integers"}', [['only', 1.5, nowMs]]],
      ]),
    );

  for (const job of [...protocols, 'usual']) {
    const metadata = await metadataOf(prometheus, job);
    const isText = job.startsWith('PrometheusText');
    for (const { name, type, help, unit } of families) {
      const openMetricsName = /Open/.test(job) ? name.replace(/_(?:total|info)$/, '') : name;
      const known = metadata.get(openMetricsName);
      const gauges = /Open/.test(job) ? type : type === 'info' || type === 'stateset' ? 'gauge' : type;
      const written = name === 'queue_depths' && !isText ? 'gaugehistogram' : gauges;
      expect(known, `${name} of ${job}`).toEqual({ type: written, help, unit: isText ? '' : unit });
    }
  }
});

/** What Prometheus says of the metrics of a job, by name. */
async function metadataOf(prometheus: string, job: string) {
  const query = new URLSearchParams({ match_target: `{job="${job}"}` });
  const response = await fetch(`${prometheus}/api/v1/targets/metadata?${query}`);
  const { data } = (await response.json()) as {
    data: readonly { metric: string; type: string; help: string; unit: string }[];
  };
  return new Map(data.map(({ metric, type, help, unit }) => [metric, { type, help, unit }]));
}

test('promtool accepts the text format of every type', (context) => {
  const program = outside(context, 'promtool');
  const input = Buffer.concat([...encodeText(everyType(Date.now()))]);
  const { status, stdout, stderr } = spawnSync(program, ['check', 'metrics'], { input, encoding: 'utf8' });
  expect(`${stdout}${stderr}`).toBe('');
  expect(status).toBe(0);
});

/** Prints, as JSON, what Python's client finds: name, type, help, unit and samples with their exemplars. */
const PYTHON = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
def sample(s):
  e = s.exemplar
  return [s.name, s.labels, str(float(s.value)), e and [e.labels, e.value, e.timestamp and float(e.timestamp)]]
text = sys.stdin.buffer.read().decode()
json.dump([[f.name, f.type, f.documentation, f.unit, [sample(s) for s in f.samples]] for f in text_string_to_metric_families(text)], sys.stdout)
`;

type PythonFamily = [
  name: string,
  type: string,
  help: string,
  unit: string,
  samples: [name: string, labels: Record<string, string>, value: string, exemplar: unknown][],
];

test("Python's client reads our OpenMetrics", (context) => {
  const program = outside(context, 'python3-prometheus-client');
  const nowMs = 1_700_000_000_123;
  // It takes a brace in the labels of an exemplar for the end of the series.
  const all = everyType(nowMs).map((family) =>
    family.type !== 'counter'
      ? family
      : {
          ...family,
          series: family.series.map((series) =>
            /[{}]/.test(series.labelValues[0]!) ? { ...series, exemplar: undefined } : series,
          ),
        },
  );
  const input = Buffer.concat([...encodeOpenMetrics(all)]);
  const { status, stdout, stderr } = spawnSync(program, ['-c', PYTHON], { input, encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const found = JSON.parse(stdout) as PythonFamily[];
  expect(found.map(([name, type, help, unit]) => [name, type, help, unit])).toEqual(
    all.map(({ name, type, help, unit }) => [
      name.replace(/_(?:total|info)$/, ''),
      name === 'queue_depths' ? 'gaugehistogram' : type,
      help,
      unit,
    ]),
  );
  // The same samples with the same values as our own reader finds.
  const read = new Map<string, string>();
  const number = new Map([
    ['inf', Infinity],
    ['-inf', -Infinity],
    ['nan', NaN],
  ]);
  for (const [, , , , samples] of found)
    for (const [name, labels, value] of samples)
      read.set(Labels.of({ __name__: name, ...labels }).key, String(number.get(value) ?? Number(value)));
  const ours = new Map<string, string>();
  parseOpenMetrics(input, {
    sample: (body, start, end, value) =>
      ours.set(parseSeriesText(Buffer.from(body.subarray(start, end)).toString()).key, String(value)),
  });
  expect(read).toEqual(ours);
  const events = found.find(([name]) => name === 'events')![4];
  expect(events.find(([name, labels]) => name === 'events_total' && labels.kind === '"')![3]).toEqual([
    { trace_id: '"!' },
    0,
    nowMs / 1000,
  ]);
});
