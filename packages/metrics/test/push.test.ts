/** Pushing: to a real Pushgateway, to a real Prometheus, and to receivers that are not well. */
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { startProgram, temporaryFolder } from '../../../test/children.ts';
import { freePort } from '../../../test/free-port.ts';
import { answering, outside } from '../../../test/outside.ts';
import { counter, createRegistry, gauge, histogram, label, summary } from '../dist/index.js';
import {
  compressSnappy,
  deletePushed,
  PUSH_ANSWER_CHARACTERS_MAX,
  PushError,
  type PushOptions,
  pushMetrics,
  RemoteWriter,
  uncompressSnappy,
} from '../dist/push/index.js';

vi.setConfig({ testTimeout: 240_000 });

test('what is compressed is read back the same, whatever it is', () => {
  const word = fc.constantFrom('http_requests_total', 'le', '__name__', '0.005', '\0\0\0\0\0', 'a', 'ab');
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.array(word, { maxLength: 400 }).map((words) => new TextEncoder().encode(words.join(''))),
  );
  fc.assert(
    fc.property(content, fc.integer({ min: 1, max: 400 }), (bytes, times) => {
      const repeated = new Uint8Array(bytes.length * times);
      for (let i = 0; i < times; i++) repeated.set(bytes, i * bytes.length);
      expect(uncompressSnappy(compressSnappy(repeated))).toEqual(repeated);
    }),
    { numRuns: 200 },
  );
});

test('blocks of the other writer are read: literals and copies of every kind', () => {
  const read = (...bytes: number[]) => new TextDecoder().decode(uncompressSnappy(Uint8Array.from(bytes)));
  expect(read(5, 0x10, 0x68, 0x65, 0x6c, 0x6c, 0x6f)).toBe('hello');
  expect(read(8, 0x00, 0x61, 0b000_011_01, 1)).toBe('aaaaaaaa');
  expect(read(6, 0x04, 0x61, 0x62, 0b000_000_01, 2)).toBe('ababab');
  expect(read(4, 0x04, 0x61, 0x62, 0b000001_10, 2, 0)).toBe('abab');
  expect(read(4, 0x04, 0x61, 0x62, 0b000001_11, 2, 0, 0, 0)).toBe('abab');
  expect(read(0)).toBe('');
});

test('broken blocks are errors, and never more memory than they may ask for', () => {
  const good = compressSnappy(new TextEncoder().encode('abcdabcdabcdabcd, and so on, abcdabcd'));
  for (let cut = 0; cut < good.length; cut++)
    expect(() => uncompressSnappy(good.subarray(0, cut))).toThrow(
      expect.objectContaining({ code: 'snappy_invalid' }),
    );
  expect(() => uncompressSnappy(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f))).toThrow(/more than/);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        uncompressSnappy(bytes, 10_000);
      } catch (error) {
        expect(error).toMatchObject({ code: 'snappy_invalid' });
      }
    }),
  );
});

test('label sets become a fraction', () => {
  const lines = Array.from(
    { length: 2_000 },
    (_, i) => `__name__http_requests_totalmethodGETroute/users/:idstatus200instance10.0.0.${i}`,
  );
  const content = new TextEncoder().encode(lines.join(''));
  expect(compressSnappy(content).length).toBeLessThan(content.length / 5);
});

/** A registry with one metric of each kind. */
function nightly() {
  const registry = createRegistry();
  const rows = counter({ name: 'rows_total', help: 'Rows', labels: { table: label }, registry });
  rows.inc({ table: 'users' }, 7);
  rows.inc({ table: 'Grüße "quoted"\n🔑' }, 1);
  gauge({ name: 'last_run_seconds', unit: 'seconds', help: 'R', registry }).set(1.5);
  const took = histogram({ name: 'took_seconds', unit: 'seconds', help: 'T', buckets: [0.5, 1], registry });
  took.observe(0.2);
  took.observe(3);
  summary({ name: 'batch', help: 'B', quantiles: [0.5], registry }).observe(4);
  histogram({ name: 'fine', help: 'F', native: true, registry }).observe(4);
  return { registry, rows };
}

/** Answers with these statuses, one after the other; notes what was asked. */
function receiver(...statuses: (number | Error)[]) {
  const requests: { method: string; url: string; headers: Headers }[] = [];
  const send: typeof fetch = async (input, init) => {
    requests.push({ method: init!.method!, url: String(input), headers: new Headers(init!.headers) });
    const status = statuses.shift() ?? 200;
    if (status instanceof Error) throw status;
    return new Response(status === 204 ? null : 'x'.repeat(2_000), { status });
  };
  return { requests, fetch: send };
}

test.each<[grouping: Record<string, string>, path: string]>([
  [{}, '/metrics/job/nightly'],
  [{ instance: 'db-1' }, '/metrics/job/nightly/instance/db-1'],
  [{ path: '/var/lib' }, '/metrics/job/nightly/path@base64/L3Zhci9saWI'],
  [{ path: '' }, '/metrics/job/nightly/path@base64/='],
  [{ dir: '..' }, '/metrics/job/nightly/dir@base64/Li4'],
  [{ what: 'a b?c#d%' }, '/metrics/job/nightly/what/a%20b%3Fc%23d%25'],
])('the grouping key %j stands in the path', async (grouping, expected) => {
  const { requests, fetch } = receiver();
  const { registry } = nightly();
  const url = 'http://ali:se%20same@gateway:9091/prefix/';
  await pushMetrics({ url, job: 'nightly', grouping, registry, fetch });
  expect(requests[0]!.url).toBe(`http://gateway:9091/prefix${expected}`);
  expect(requests[0]!.headers.get('authorization')).toBe(
    `Basic ${Buffer.from('ali:se same').toString('base64')}`,
  );
});

test('options that cannot be are refused before anything is sent', async () => {
  const { requests, fetch } = receiver();
  const good: PushOptions = { url: 'http://gateway', job: 'j', fetch };
  for (const bad of [
    { job: '' },
    { url: 'gateway:sesame' },
    { grouping: { job: 'k' } },
    { grouping: { 'a-b': '' } },
  ])
    await expect(pushMetrics({ ...good, ...bad })).rejects.toThrow(TypeError);
  await expect(pushMetrics({ ...good, url: 'ftp://a:sesame@b' })).rejects.not.toThrow(/sesame/);
  expect(requests).toEqual([]);
});

test('what may pass is tried again, and what will not is told at once', async () => {
  const { registry } = nightly();
  const push = (fetch: typeof globalThis.fetch, more: Partial<PushOptions> = {}) =>
    pushMetrics({ url: 'http://u:sesame@gateway', job: 'j', registry, fetch, ...more });
  const passing = receiver(503, new TypeError('fetch failed'), 200);
  await push(passing.fetch);
  expect(passing.requests).toHaveLength(3);
  const refusing = receiver(400);
  const refusal: unknown = await push(refusing.fetch).catch((error) => error);
  expect(refusal).toBeInstanceOf(PushError);
  expect(refusal).toMatchObject({ code: 'push_refused', status: 400 });
  expect((refusal as PushError).answer).toHaveLength(PUSH_ANSWER_CHARACTERS_MAX);
  expect((refusal as PushError).message).toMatch(
    /^PUT http:\/\/gateway\/metrics\/job\/j was refused with status 400/,
  );
  expect(refusing.requests).toHaveLength(1);
  const broken = receiver(500, 500, 500);
  await expect(push(broken.fetch, { retriesMax: 1 })).rejects.toMatchObject({ status: 500 });
  expect(broken.requests).toHaveLength(2);
  const hangs: typeof fetch = (_, init) =>
    new Promise((_, reject) => {
      init!.signal!.addEventListener('abort', () => reject(init!.signal!.reason));
    });
  await expect(push(hangs, { timeoutMs: 30, retriesMax: 0 })).rejects.toMatchObject({
    code: 'push_timeout',
    message: expect.stringContaining('not answered within 30 ms'),
  });
  await expect(push(hangs, { signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow('stopped');
  const nobody = await freePort();
  await expect(
    pushMetrics({ url: `http://127.0.0.1:${nobody}`, job: 'j', registry, retriesMax: 0 }),
  ).rejects.toMatchObject({ code: 'push_unreachable', message: expect.stringContaining('ECONNREFUSED') });
});

test('a real Pushgateway takes it: replaced, merged, forgotten', async (context) => {
  const program = outside(context, 'prometheus-pushgateway');
  const port = await freePort();
  startProgram(program, [`--web.listen-address=127.0.0.1:${port}`]);
  const url = `http://127.0.0.1:${port}`;
  await answering(`${url}/-/ready`);
  const { registry, rows } = nightly();
  const key = { url, job: 'nightly', grouping: { path: '/var/lib', dir: '..', none: '' } };
  const lines = async () => (await (await fetch(`${url}/metrics`)).text()).split('\n');
  const series = (name: string, rest = '') =>
    `${name}{dir="..",instance="",job="nightly",none="",path="/var/lib"${rest}}`;
  await pushMetrics({ ...key, registry });
  expect(await lines()).toContain(`${series('rows_total', ',table="users"')} 7`);
  expect(await lines()).toContain(`${series('rows_total', ',table="Grüße \\"quoted\\"\\n🔑"')} 1`);
  expect((await lines()).join()).toContain(
    'took_seconds_bucket{dir="..",instance="",job="nightly",none="",path="/var/lib",le="0.5"} 1',
  );
  rows.inc({ table: 'users' });
  await pushMetrics({ ...key, registry, gzip: false });
  expect(await lines()).toContain(`${series('rows_total', ',table="users"')} 8`);

  const second = createRegistry();
  counter({ name: 'other_total', help: 'O', registry: second }).inc();
  await pushMetrics({ ...key, registry: second, mode: 'merge' });
  const merged = (await lines()).join('\n');
  expect(merged).toContain(series('other_total'));
  expect(merged).toContain(series('rows_total', ',table="users"'));
  await pushMetrics({ ...key, registry: second });
  expect((await lines()).join('\n')).not.toContain('rows_total');
  await deletePushed(key);
  // Accepted, and done in a moment.
  await expect.poll(async () => (await lines()).join('\n')).not.toContain('other_total');
});

test('a real Prometheus takes remote write: every kind, many requests, and the end', async (context) => {
  const program = outside(context, 'prometheus');
  const port = await freePort();
  const folder = temporaryFolder();
  const config = path.join(folder, 'prometheus.yml');
  fs.writeFileSync(config, 'scrape_configs: []\n');
  startProgram(program, [
    `--config.file=${config}`,
    `--storage.tsdb.path=${path.join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-remote-write-receiver',
  ]);
  const base = `http://127.0.0.1:${port}`;
  await answering(`${base}/-/ready`);
  const { registry, rows } = nightly();
  const many = counter({ name: 'many_total', help: 'M', labels: { of: label }, registry });
  for (let i = 0; i < 5_000; i++) many.inc({ of: String(i) }, i);
  const writer = new RemoteWriter({
    url: `${base}/api/v1/write`,
    job: 'nightly',
    instance: 'db-1',
    labels: { region: 'eu' },
    registry,
  });
  await writer.write();
  const query = async (text: string): Promise<[Record<string, string>, string][]> => {
    const response = await fetch(`${base}/api/v1/query?${new URLSearchParams({ query: text })}`);
    const { data } = (await response.json()) as {
      data: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    return data.result.map(({ metric, value }) => [metric, value[1]]);
  };
  const outer = { instance: 'db-1', job: 'nightly', region: 'eu' };
  expect(await query('rows_total{table="users"}')).toEqual([
    [{ __name__: 'rows_total', table: 'users', ...outer }, '7'],
  ]);
  expect(await query('rows_total{table=~"Gr.*"}')).toEqual([
    [{ __name__: 'rows_total', table: 'Grüße "quoted"\n🔑', ...outer }, '1'],
  ]);
  const value = async (text: string) => (await query(text))[0]?.[1];
  expect(await value('last_run_seconds')).toBe('1.5');
  expect(await value('took_seconds_bucket{le="0.5"}')).toBe('1');
  expect(await value('took_seconds_bucket{le="+Inf"}')).toBe('2');
  expect(await value('took_seconds_sum')).toBe('3.2');
  expect(await value('batch_count')).toBe('1');
  expect(await value('fine_bucket{le="+Inf"}')).toBe('1');
  expect(await value('count(many_total)')).toBe('5000');
  expect(await value('sum(many_total)')).toBe(String((4_999 * 5_000) / 2));

  rows.inc({ table: 'users' });
  rows.remove({ table: 'Grüße "quoted"\n🔑' });
  await writer.write();
  expect(await query('rows_total')).toEqual([[{ __name__: 'rows_total', table: 'users', ...outer }, '8']]);
  await writer.end({ stale: true });
  expect(await query('rows_total')).toEqual([]);
  expect(await value('count(many_total)')).toBeUndefined();
  expect(await value('last_over_time(rows_total{table="users"}[5m])')).toBe('8');

  const refused = new RemoteWriter({ url: `${base}/api/v1/writ`, job: 'j', registry });
  await expect(refused.write()).rejects.toMatchObject({ code: 'push_refused', status: 404 });
});
