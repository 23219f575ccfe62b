import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  acceptsGzip,
  type Escaping,
  escapeFamilies,
  type Family,
  negotiate,
  parseOpenMetrics,
  parseProtobuf,
  parseText,
  writeExposition,
} from '../dist/exposition/index.js';
import { counter, createRegistry, gauge, label } from '../dist/index.js';
import { MetricsServer } from '../dist/serve/server.js';

const PROTO = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';
const OM1 = 'application/openmetrics-text;version=1.0.0';
const OM0 = 'application/openmetrics-text;version=0.0.1';

test.each([
  [undefined, 'text', '0.0.4', 'underscores'],
  ['', 'text', '0.0.4', 'underscores'],
  ['*/*', 'text', '0.0.4', 'underscores'],
  ['text/*;q=0.1', 'text', '0.0.4', 'underscores'],
  ['text/plain', 'text', '0.0.4', 'underscores'],
  ['TEXT/PLAIN; Version=0.0.4', 'text', '0.0.4', 'underscores'],
  ['text/plain;version=1.0.0;escaping=allow-utf-8', 'text', '1.0.0', 'allow-utf-8'],
  ['text/plain;version=1.0.0;escaping=dots', 'text', '1.0.0', 'dots'],
  ['text/plain;version=1.0.0;escaping=unheard-of', 'text', '1.0.0', 'allow-utf-8'],
  [OM1, 'openmetrics', '1.0.0', 'underscores'],
  [OM0, 'openmetrics', '0.0.1', 'underscores'],
  ['application/openmetrics-text', 'openmetrics', '1.0.0', 'underscores'],
  ['application/openmetrics-text; version="1.0.0"; charset=utf-8', 'openmetrics', '1.0.0', 'underscores'],
  [PROTO, 'protobuf', 'delimited', 'underscores'],
  // What cannot be written: other versions, other messages, other types.
  ['application/openmetrics-text;version=9.0.0', 'text', '0.0.4', 'underscores'],
  ['application/vnd.google.protobuf;proto=other;encoding=delimited', 'text', '0.0.4', 'underscores'],
  [PROTO.replace('delimited', 'text'), 'text', '0.0.4', 'underscores'],
  ['application/json', 'text', '0.0.4', 'underscores'],
  // Weights, specificity, order.
  [`${OM1};q=0.2,text/plain;version=0.0.4;q=0.9`, 'text', '0.0.4', 'underscores'],
  [`text/plain;version=0.0.4;q=0.2,${OM1};q=0.9`, 'openmetrics', '1.0.0', 'underscores'],
  [`*/*,${OM1}`, 'openmetrics', '1.0.0', 'underscores'],
  [`${OM0},${OM1}`, 'openmetrics', '0.0.1', 'underscores'],
  [`${OM1};q=0`, 'text', '0.0.4', 'underscores'],
  [`${OM1};q=0,application/openmetrics-text`, 'text', '0.0.4', 'underscores'],
  [`text/plain;q=0.1,text/plain;version=1.0.0;q=0.2,*/*;q=0.9`, 'text', '1.0.0', 'underscores'],
  [`${OM1};q=nonsense,text/plain;q=0.1`, 'text', '0.0.4', 'underscores'],
  // A browser.
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text', '0.0.4', 'underscores'],
  // Prometheus 3.5 without further configuration, with one format only, and with native histograms enabled; it puts no
  // escaping beside protobuf.
  [
    `${OM1};escaping=allow-utf-8;q=0.6,${OM0};q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2`,
    'openmetrics',
    '1.0.0',
    'allow-utf-8',
  ],
  [`${PROTO};q=0.6,*/*;q=0.5`, 'protobuf', 'delimited', 'underscores'],
  [`${OM0};q=0.6,*/*;q=0.5`, 'openmetrics', '0.0.1', 'underscores'],
  [
    `${PROTO};q=0.6,${OM1};escaping=allow-utf-8;q=0.5,${OM0};q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1`,
    'protobuf',
    'delimited',
    'allow-utf-8',
  ],
  [
    `${PROTO};q=0.6,${OM1};escaping=underscores;q=0.4,text/plain;escaping=values;q=0.5`,
    'protobuf',
    'delimited',
    'values',
  ],
  [`${PROTO};escaping=dots;q=0.6,${OM1};escaping=underscores;q=0.4`, 'protobuf', 'delimited', 'dots'],
  [`text/plain;version=0.0.4;q=0.3,${OM1};escaping=dots;q=0`, 'text', '0.0.4', 'underscores'],
  [`text/plain;version=0.0.4;q=0.3,*/*;q=0.2`, 'text', '0.0.4', 'underscores'],
  [`${OM1};escaping=underscores;q=0.3,*/*;q=0.2`, 'openmetrics', '1.0.0', 'underscores'],
])('%s gives %s %s with %s', (accept, format, version, escaping) => {
  const negotiated = negotiate(accept);
  expect(negotiated).toMatchObject({ format, escaping });
  expect(negotiated.contentType).toContain(version);
  expect(negotiated.contentType.includes('escaping=')).toBe(
    /escaping=(?![\w-]+;q=0(?:,|$))/.test(accept ?? ''),
  );
});

test('no Accept header makes it fail', () => {
  const part = fc.constantFrom(
    OM1,
    PROTO,
    'text/plain',
    ';',
    ',',
    'q=',
    '=',
    '"',
    '*/*',
    ';q=0.5',
    ';q=2',
    ' ',
    'ü',
  );
  const accept = fc.oneof(
    fc.string({ maxLength: 50 }),
    fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(accept, (header) => {
      expect(['text', 'openmetrics', 'protobuf']).toContain(negotiate(header).format);
      expect(typeof acceptsGzip(header)).toBe('boolean');
    }),
    { numRuns: 500 },
  );
});

test.each([
  [undefined, false],
  ['', false],
  ['gzip', true],
  ['deflate, gzip;q=0.5', true],
  ['gzip;q=0', false],
  ['gzip;q=0, *', false],
  ['*', true],
  ['*;q=0', false],
  ['identity', false],
])('Accept-Encoding %s: gzip %s', (header, expected) => {
  expect(acceptsGzip(header)).toBe(expected);
});

const named = (name: string, ...labelNames: string[]): Family => ({
  type: 'gauge',
  name,
  help: '',
  unit: '',
  labelNames,
  series: [],
});

test.each([
  ['underscores', 'http.requests_é', 'http_requests__'],
  ['underscores', '0a', '_a'],
  ['dots', 'http.requests_é', 'http_dot_requests____'],
  ['dots', 'a_b', 'a__b'],
  ['values', 'http.requests_é', 'U__http_2e_requests___e9_'],
  ['values', 'a_b', 'a_b'],
  ['values', '🧱', 'U___1f9f1_'],
  ['allow-utf-8', 'http.requests', 'http.requests'],
] as const)('%s makes of %s %s', (escaping, name, expected) => {
  expect(escapeFamilies([named(name)], escaping)[0]!.name).toBe(expected);
});

test('escaped names are classic, and two that would become one stay two', () => {
  const [first, second, third] = escapeFamilies(
    [named('a.b', 'c.d', 'c_d', 'c-d'), named('a_b'), named('a-b')],
    'underscores',
  );
  expect([first!.name, second!.name, third!.name]).toEqual(['U__a_2e_b', 'a_b', 'U__a_2d_b']);
  expect(first!.labelNames).toEqual(['U__c_2e_d', 'c_d', 'U__c_2d_d']);
  const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(
      fc.uniqueArray(name, { maxLength: 6 }),
      fc.constantFrom<Escaping>('underscores', 'dots', 'values'),
      (names, escaping) => {
        const escaped = escapeFamilies(
          names.map((one) => named(one, one)),
          escaping,
        );
        for (const family of escaped) {
          expect(family.name).toMatch(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/);
          expect(family.labelNames[0]).toMatch(/^[a-zA-Z_][a-zA-Z0-9_]*$/);
        }
      },
    ),
  );
});

test('an escaped family stays the same object, for which writers have prepared', () => {
  const family = named('a.b', 'c.d');
  const [first] = escapeFamilies([family], 'underscores');
  expect(escapeFamilies([family], 'underscores')[0]).toBe(first);
  expect(escapeFamilies([family, named('a_b')], 'underscores')[0]!.name).toBe('U__a_2e_b');
  expect(escapeFamilies([family], 'dots')[0]).toMatchObject({ name: 'a_dot_b', labelNames: ['c_dot_d'] });
  expect(escapeFamilies([family], 'allow-utf-8')[0]).toBe(family);
});

test.each([
  ['text', 'text/plain'],
  ['OpenMetrics', OM1],
  ['protobuf', PROTO],
])('two scrapers at once, while series are added, each get all that was there: %s', (_, accept) => {
  const all = (): Family[] => [
    {
      ...named('jobs_total', 'a'),
      type: 'counter',
      series: Array.from({ length: 9000 }, (_, i) => ({ labelValues: [`${i}`], value: i, createdMs: 1000 })),
    },
    {
      ...named('phase', 'phase'),
      type: 'stateset',
      series: Array.from({ length: 9000 }, (_, i) => ({ labelValues: [`state ${i}`], value: i % 2 })),
    },
    {
      ...named('size', 'a'),
      type: 'histogram',
      bounds: [1, 2],
      series: Array.from({ length: 3000 }, (_, i) => ({
        labelValues: [`é ${i}`],
        counts: [i, 0, 1],
        sum: i / 8,
      })),
    },
  ];
  const expected = Buffer.concat([...writeExposition(all(), negotiate(accept))]);
  const families = all();
  const scrapers = [0, 1].map(() => ({
    writer: writeExposition(families, negotiate(accept)),
    slices: [] as Uint8Array[],
    done: false,
  }));
  for (let turn = 0; scrapers.some(({ done }) => !done); turn++) {
    for (const scraper of scrapers) {
      const next = scraper.writer.next();
      if (next.done) scraper.done = true;
      else scraper.slices.push(next.value);
    }
    // Both are in the first family.
    if (turn === 0) (families[0]!.series as unknown[]).push({ labelValues: ['new'], value: 1 });
  }
  for (const { slices } of scrapers) expect(Buffer.concat(slices).equals(expected)).toBe(true);
  const after = Buffer.concat([...writeExposition(families, negotiate(accept))]);
  expect(after.length).toBeGreaterThan(expected.length);
});

test('the labels of exemplars are escaped, too', () => {
  const family: Family = {
    ...named('a.b_total', 'c.d'),
    type: 'counter',
    series: [
      {
        labelValues: ['x'],
        value: 1,
        exemplar: { labels: [['trace.id', 'y']], value: 1, timestampMs: undefined },
      },
    ],
  };
  const body = (accept: string) => Buffer.concat([...writeExposition([family], negotiate(accept))]);
  expect(body(`${OM1};escaping=dots`).toString()).toContain(
    'a_dot_b__total{c_dot_d="x"} 1 # {trace_dot_id="y"} 1\n',
  );
  expect(body(`${OM1};escaping=allow-utf-8`).toString()).toContain(
    '{"a.b_total","c.d"="x"} 1 # {"trace.id"="y"} 1\n',
  );
  const found: string[] = [];
  parseProtobuf(body(PROTO), {
    sample: (labels) => found.push(labels.toString()),
    exemplar: (labels) => found.push(labels.toString()),
  });
  expect(found).toEqual(['a_b_total{c_d="x"}', '{trace_id="y"}']);
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

type Ask = (headers: Record<string, string>, path?: string, method?: string) => Promise<Answer>;

/** A service with 200 series of a counter, and a gauge. */
async function serving(run: (ask: Ask, server: MetricsServer) => Promise<void>): Promise<void> {
  const registry = createRegistry();
  const uploads = counter({ name: 'uploads_total', help: 'Uploads', labels: { user: label }, registry });
  for (let i = 0; i < 200; i++) uploads.inc({ user: `user "${i}"` }, i);
  gauge({ name: 'depth', help: 'Depth', registry }).set(7);
  const server = new MetricsServer(registry);
  const web = http.createServer((request, response) => void server.answer(request, response));
  await once(web.listen(0, '127.0.0.1'), 'listening');
  const { port } = web.address() as AddressInfo;
  try {
    await run(async (headers, path = '/metrics', method = 'GET') => {
      const request = http.request({ port, host: '127.0.0.1', path, headers, method }).end();
      const [response] = (await once(request, 'response')) as [http.IncomingMessage];
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
    }, server);
  } finally {
    web.close();
    await server.close();
  }
}

/** How many samples a body has whose name is not that of a creation time. */
const count = {
  text: (body: Uint8Array) => {
    let samples = 0;
    parseText(body, { sample: () => samples++ });
    return samples;
  },
  openmetrics: (body: Uint8Array) => {
    let samples = 0;
    parseOpenMetrics(body, {
      sample: (bytes, start, end) => {
        if (!Buffer.from(bytes.subarray(start, end)).includes('_created')) samples++;
      },
    });
    return samples;
  },
  protobuf: (body: Uint8Array) => {
    let samples = 0;
    parseProtobuf(body, { sample: () => samples++ });
    return samples;
  },
};

test('a server answers in the format that is asked for', () =>
  serving(async (ask) => {
    for (const [accept, format, contentType] of [
      ['*/*', 'text', 'text/plain; version=0.0.4; charset=utf-8'],
      [OM1, 'openmetrics', 'application/openmetrics-text; version=1.0.0; charset=utf-8'],
      [PROTO, 'protobuf', PROTO.replaceAll(';', '; ')],
    ] as const) {
      const { status, headers, body } = await ask({ accept });
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'content-type': contentType,
        'content-length': String(body.length),
        vary: 'accept, accept-encoding',
      });
      expect(count[format](body)).toBe(201);
    }
  }));

test('a body is gzipped for those who accept it, but not for this machine itself', () =>
  serving(async (ask) => {
    const plain = await ask({ 'accept-encoding': 'gzip' });
    expect(plain.headers['content-encoding']).toBeUndefined();
    for (const proxy of [
      { 'x-forwarded-for': '192.0.2.1' },
      { forwarded: 'for=192.0.2.1' },
      { via: '1.1 x' },
    ]) {
      const packed = await ask({ 'accept-encoding': 'gzip', ...proxy } as Record<string, string>);
      expect(packed.headers).toMatchObject({
        'content-encoding': 'gzip',
        'content-length': String(packed.body.length),
      });
      expect(gunzipSync(packed.body)).toEqual(plain.body);
      expect(packed.body.length).toBeLessThan(plain.body.length / 2);
      expect((await ask(proxy as Record<string, string>)).headers['content-encoding']).toBeUndefined();
    }
    const small = await ask({ 'accept-encoding': 'gzip', via: '1.1 x' }, '/metrics?name[]=depth');
    expect(small.headers['content-encoding']).toBeUndefined();
  }));

test('name[] chooses families by name', () =>
  serving(async (ask, server) => {
    const text = async (path: string) => (await ask({}, path)).body.toString();
    const depth = '# HELP depth Depth\n# TYPE depth gauge\ndepth 7\n';
    expect(await text('/metrics?name[]=depth')).toBe(depth);
    expect(await text('/metrics?x=1&name%5B%5D=depth&name[]=unknown')).toBe(depth);
    expect(await text('/metrics?name[]=unknown')).toBe('');
    expect(await text('/metrics?')).toContain('uploads_total');
    expect((await server.exposition({ names: ['depth'] })).body).toBe(depth);
  }));

test('HEAD has the headers of GET, and other methods are refused', () =>
  serving(async (ask) => {
    const get = await ask({ accept: PROTO });
    const head = await ask({ accept: PROTO }, '/metrics', 'HEAD');
    expect(head.body.length).toBe(0);
    expect(head.headers['content-length']).toBe(String(get.body.length));
    expect((await ask({}, '/metrics', 'POST')).status).toBe(405);
  }));

test('a program gets text, or bytes where it asks for protobuf', () =>
  serving(async (_, server) => {
    const { body, contentType } = await server.exposition();
    expect(count.text(Buffer.from(body))).toBe(201);
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    const protobuf = await server.exposition({ accept: PROTO });
    expect(count.protobuf(protobuf.body as Uint8Array)).toBe(201);
    expect(typeof (await server.exposition({ accept: OM1 })).body).toBe('string');
  }));
