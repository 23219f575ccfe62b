/**
 * A real Prometheus scrapes one service in every format that it knows, and has the same series with the same values
 * afterwards: the formats differ in how they say it, not in what they say.
 */
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { counter, createRegistry, gauge, histogram, info, label, MetricsServer } from '@binnacle/metrics';
import { type Family, negotiate, writeExposition } from '@binnacle/metrics/exposition';
import { Labels } from '@binnacle/metrics/model';
import { afterAll, expect, test } from 'vitest';
import { freePort, startProgram, temporaryFolder } from './children.ts';
import { outside } from './outside.ts';

/** How Prometheus calls each format, and the type that it must be answered with. */
const PROTOCOLS = {
  PrometheusProto:
    'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
  'OpenMetricsText1.0.0': 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  'OpenMetricsText0.0.1': 'application/openmetrics-text; version=0.0.1; charset=utf-8',
  'PrometheusText1.0.0': 'text/plain; version=1.0.0; charset=utf-8',
  'PrometheusText0.0.4': 'text/plain; version=0.0.4; charset=utf-8',
} as const;

const HOSTILE = ['"', '\\', '\n', '\\n', '}', ' # {} 1', '# EOF', '🧱', 'é', '\u0000', 'x'.repeat(500)];

/** What a service may say; the names of its metrics are classic. */
function service(): MetricsServer {
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
  return new MetricsServer(registry);
}

/** Names outside the classic alphabet, which definitions do not allow yet. */
const UTF8: readonly Family[] = [
  {
    type: 'counter',
    name: 'http.requests_total',
    help: 'Requests',
    unit: '',
    labelNames: ['http.method', 'ü'],
    series: [{ labelValues: ['GET', '"'], value: 3, createdMs: 1_700_000_000_000 }],
  },
];

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

interface Answer {
  readonly data: { readonly result: readonly { metric: Record<string, string>; value: [number, string] }[] };
}

/** What Prometheus has of a job: values by label set, without what it adds itself and the times of creation. */
async function seriesOf(prometheus: string, job: string): Promise<Map<string, string>> {
  const query = `{job="${job}", __name__!~"up|scrape_.+|.+_created"}`;
  const response = await fetch(`${prometheus}/api/v1/query?${new URLSearchParams({ query })}`);
  const { data } = (await response.json()) as Answer;
  return new Map(
    data.result.map(({ metric, value }) => {
      const { job: _job, instance: _instance, ...labels } = metric;
      return [Labels.of(labels).toString(), value[1]];
    }),
  );
}

test('Prometheus has the same of every format', { timeout: 60_000 }, async (context) => {
  const program = outside(context, 'prometheus');
  const folder = temporaryFolder();
  const accepts = new Map<string, string>();
  const metrics = service();
  const port = await listen((request, response) => metrics.answer(request, response), accepts);
  const utf8Port = await listen((request, response) => {
    const negotiated = negotiate(request.headers.accept);
    response.setHeader('content-type', negotiated.contentType);
    for (const slice of writeExposition(UTF8, negotiated)) response.write(slice);
    response.end();
  }, accepts);
  const protocols = Object.keys(PROTOCOLS) as (keyof typeof PROTOCOLS)[];
  const job = (name: string, options: string, target: number) => `
  - job_name: ${name}
    metrics_path: /${name}
    ${options}
    static_configs: [{ targets: ['127.0.0.1:${target}'] }]`;
  const config = path.join(folder, 'prometheus.yml');
  fs.writeFileSync(
    config,
    `global: { scrape_interval: 1s, scrape_timeout: 1s }\nscrape_configs:${[
      ...protocols.map((name) => job(name, `scrape_protocols: [${name}]`, port)),
      job('usual', 'honor_labels: false', port),
      ...protocols.map((name) => job(`utf8-${name}`, `scrape_protocols: [${name}]`, utf8Port)),
    ].join('')}\n`,
  );
  const prometheus = `http://127.0.0.1:${await freePort()}`;
  startProgram(program, [
    `--config.file=${config}`,
    `--storage.tsdb.path=${path.join(folder, 'data')}`,
    `--web.listen-address=${new URL(prometheus).host}`,
  ]);
  const upCount = async () => {
    const response = await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent('sum(up)')}`).catch(
      () => undefined,
    );
    return response?.ok ? ((await response.json()) as Answer).data.result[0]?.value[1] : undefined;
  };
  await expect.poll(upCount, { timeout: 30_000 }).toBe(String(2 * protocols.length + 1));

  const text = await seriesOf(prometheus, 'PrometheusText0.0.4');
  expect(text.size).toBe(HOSTILE.length + 1 + 5 + 1 + (6 + 2));
  expect(text.get('level{of="nan"}')).toBe('NaN');
  expect(text.get('work_seconds_bucket{le="1e+06", step="a"}')).toBe('4');
  for (const name of [...protocols, 'usual']) expect(await seriesOf(prometheus, name), name).toEqual(text);
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
