import { request as httpRequest } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { Labels } from '@binnacle/metrics/model';
import { Engine, MemoryStorage, parseHistogramLiteral, QueryError } from '@binnacle/promql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DashboardFolder, dashboardRoutes } from '../../dist/api/dashboards.js';
import { plainText } from '../../dist/api/envelope.js';
import { queryRoutes } from '../../dist/api/query-routes.js';
import { ruleRoutes } from '../../dist/api/rule-routes.js';
import { seriesRoutes } from '../../dist/api/series-routes.js';
import { ApiServer, BODY_BYTES_MAX } from '../../dist/api/server.js';
import { statusRoutes } from '../../dist/api/status-routes.js';
import { targetRoutes } from '../../dist/api/target-routes.js';
import { stepAlerts } from '../../dist/rules/alerting-rule.js';
import { parseRuleFile } from '../../dist/rules/rule-file.js';

const NOW_MS = 1_700_000_000_500;
const errors: string[] = [];
let server: ApiServer;
let base = '';

/** An engine whose queries end only when they are cancelled. */
class EndlessEngine extends Engine {
  static started: () => void = () => {};
  static ended: (reason: unknown) => void = () => {};
  override instant(...args: Parameters<Engine['instant']>): ReturnType<Engine['instant']> {
    const [, query, , options] = args;
    if (typeof query === 'string' || query.type !== 'stringLiteral') return super.instant(...args);
    EndlessEngine.started();
    return new Promise((_, reject) => {
      options!.signal!.throwIfAborted();
      (options!.signal as AbortSignal).addEventListener('abort', () => {
        EndlessEngine.ended((options!.signal as AbortSignal).reason);
        reject(new QueryError('canceled', 'stopped'));
      });
    });
  }
}

beforeAll(async () => {
  const storage = new MemoryStorage();
  for (let i = 0; i <= 10; i++) {
    const at = NOW_MS - 500 - (10 - i) * 15_000;
    storage.append(Labels.of({ __name__: 'requests_total', job: 'web', code: '200' }), at, i * 30);
    storage.append(Labels.of({ __name__: 'requests_total', job: 'web', code: '500' }), at, i * 1e-7);
  }
  storage.append(Labels.of({ __name__: 'up', job: 'web', 'a.b': 'x"y' }), NOW_MS - 500, 1);
  const sizes = Labels.of({ __name__: 'sizes' });
  storage.append(sizes, NOW_MS - 15_500, 1);
  storage.append(
    sizes,
    NOW_MS - 500,
    parseHistogramLiteral(
      '{{schema:0 count:7 sum:3.5 z_bucket:2 z_bucket_w:0.6 n_buckets:[1] buckets:[1 0 3]}}',
    ).histogram,
  );
  const [group] = parseRuleFile(
    '/etc/r.yml',
    `
groups:
- name: g
  rules:
  - alert: Down
    expr: up==0
    for: 1m
    labels: { severity: page }
    annotations: { summary: "{{ $labels.job }} is down" }
  - record: x
    expr: sum(up)
`,
  ).groups;
  const result = {
    labels: Labels.of({ alertname: 'Down', job: 'web' }),
    annotations: { summary: 'web is down' },
    value: 12.5,
  };
  const { active } = stepAlerts({ forMs: 60_000, keepFiringForMs: 0, limit: 0 }, new Map(), [result], NOW_MS);
  const shared = { lastEvaluationMs: NOW_MS, evaluationDurationMs: 2 };
  server = new ApiServer({
    routes: [
      ...queryRoutes({ engine: new EndlessEngine(), storage, concurrentQueriesMax: 2 }),
      ...seriesRoutes(storage),
      ...targetRoutes({
        targets: () => [
          {
            discoveredLabels: { __address__: 'web:80', job: 'web' },
            labels: { instance: 'web:80', job: 'web' },
            scrapePool: 'web',
            scrapeUrl: 'http://web:80/metrics',
            lastError: '',
            lastScrapeMs: 0,
            lastScrapeDurationMs: 12.5,
            health: 'unknown',
            scrapeIntervalMs: 15_000,
            scrapeTimeoutMs: 10_000,
          },
        ],
        metadata: () =>
          ['a:1', 'a:2'].map((instance) => ({
            metric: 'requests_total',
            type: 'counter',
            help: 'Requests.',
            unit: '',
            target: { instance },
          })),
      }),
      ...ruleRoutes(() => [
        {
          name: 'g',
          file: '/etc/r.yml',
          intervalMs: 15_000,
          limit: 0,
          missedEvaluations: 0,
          ruleEvaluations: 0,
          ruleFailures: 0,
          ...shared,
          rules: [
            {
              config: group!.rules[0]!,
              health: 'ok',
              lastError: '',
              alerts: [...active.values()],
              ...shared,
            },
            { config: group!.rules[1]!, health: 'err', lastError: 'no', alerts: [], ...shared },
          ],
        },
      ]),
      ...statusRoutes({
        version: '3.5.0+binnacle.0.1.0',
        configText: () => 'global: {}\n',
        reloads: {
          status: { isSuccessful: true, lastSuccessMs: NOW_MS },
          run: () => Promise.reject(new Error('prometheus.yml:1:1: not right')),
        },
        startTimeMs: NOW_MS,
        retention: '24h or 512MB',
        isReady: () => true,
      }),
      ...dashboardRoutes(new DashboardFolder(undefined)),
    ],
    fallback: () => plainText('page'),
    now: () => NOW_MS,
    onError: (message) => errors.push(message),
  });
  const { host, port } = await server.listen('127.0.0.1', 0);
  base = `http://${host}:${port}`;
});

afterAll(async () => {
  await server.close();
  expect(errors).toEqual([]);
});

async function get(path: string, init: RequestInit = {}): Promise<{ status: number; text: string }> {
  const response = await fetch(base + path, init);
  return { status: response.status, text: await response.text() };
}

function form(fields: Record<string, string>): RequestInit {
  return { method: 'POST', body: new URLSearchParams(fields) };
}

const DATA = (data: string): string => `{"status":"success","data":${data}}`;

describe('the query endpoints', () => {
  it.each<[string, string]>([
    ['query=1%2B1&time=4', DATA('{"resultType":"scalar","result":[4,"2"]}')],
    ['query=1&time=1435781451.781', DATA('{"resultType":"scalar","result":[1435781451.781,"1"]}')],
    ['query=1&time=1435781451.005', DATA('{"resultType":"scalar","result":[1435781451.005,"1"]}')],
    ['query=1&time=-0.5', DATA('{"resultType":"scalar","result":[-0.500,"1"]}')],
    ['query=1&time=2015-07-01T20:10:51.100Z', DATA('{"resultType":"scalar","result":[1435781451.100,"1"]}')],
    ['query=1%2F0', DATA('{"resultType":"scalar","result":[1700000000.500,"+Inf"]}')],
    [
      'query=up',
      DATA(
        '{"resultType":"vector","result":[{"metric":{"__name__":"up","a.b":"x\\"y","job":"web"},"value":[1700000000.500,"1"]}]}',
      ),
    ],
    ['query=nothing', DATA('{"resultType":"vector","result":[]}')],
    [
      'query=requests_total{code="500"}%20and%20on()%20vector(1)&time=1699999865',
      DATA(
        '{"resultType":"vector","result":[{"metric":{"__name__":"requests_total","code":"500","job":"web"},"value":[1699999865,"1e-07"]}]}',
      ),
    ],
    [
      'query=up[1m]',
      DATA(
        '{"resultType":"matrix","result":[{"metric":{"__name__":"up","a.b":"x\\"y","job":"web"},"values":[[1700000000,"1"]]}]}',
      ),
    ],
  ])('/api/v1/query?%s', async (parameters, body) => {
    expect(await get(`/api/v1/query?${parameters}`)).toEqual({ status: 200, text: body });
  });

  it('takes a form, and parameters from form and URL together', async () => {
    const answer = await get('/api/v1/query?time=4', form({ query: '1+1' }));
    expect(answer).toEqual({ status: 200, text: DATA('{"resultType":"scalar","result":[4,"2"]}') });
  });

  it('answers a range, sorted by labels', async () => {
    const answer = await get(
      '/api/v1/query_range?query=requests_total%2B0&start=1699999985&end=1700000000&step=15',
    );
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text).data).toEqual({
      resultType: 'matrix',
      result: [
        {
          metric: { code: '200', job: 'web' },
          values: [
            [1699999985, '270'],
            [1700000000, '300'],
          ],
        },
        {
          metric: { code: '500', job: 'web' },
          values: [
            [1699999985, '9e-07'],
            [1700000000, '0.000001'],
          ],
        },
      ],
    });
  });

  it('answers native histograms with their buckets, beside numbers where a series has both', async () => {
    const histogram = {
      count: '7',
      sum: '3.5',
      buckets: [
        [1, '-1', '-0.6', '1'],
        [3, '-0.6', '0.6', '2'],
        [0, '0.6', '1', '1'],
        [0, '2', '4', '3'],
      ],
    };
    const instant = await get('/api/v1/query?query=sizes');
    expect(JSON.parse(instant.text).data.result).toEqual([
      { metric: { __name__: 'sizes' }, histogram: [1_700_000_000.5, histogram] },
    ]);
    const range = await get('/api/v1/query_range?query=sizes&start=1699999985&end=1700000000&step=15');
    expect(JSON.parse(range.text).data.result).toEqual([
      {
        metric: { __name__: 'sizes' },
        values: [[1_699_999_985, '1']],
        histograms: [[1_700_000_000, histogram]],
      },
    ]);
    const none = await get('/api/v1/query?query=histogram_count(sizes%20-%20sizes)');
    expect(JSON.parse(none.text).data.result).toEqual([{ metric: {}, value: [1_700_000_000.5, '0'] }]);
    const empty = await get('/api/v1/query?query=sizes%20*%200');
    expect(JSON.parse(empty.text).data.result).toEqual([
      { metric: {}, histogram: [1_700_000_000.5, { count: '0', sum: '0' }] },
    ]);
  });

  it('cuts at a limit and says so', async () => {
    const { text } = await get('/api/v1/query?query=requests_total&limit=1');
    const { data, warnings } = JSON.parse(text);
    expect(data.result).toHaveLength(1);
    expect(warnings).toEqual(['results truncated due to limit']);
  });

  it('formats a query', async () => {
    expect((await get('/api/v1/format_query?query=foo%2Fbar')).text).toBe(DATA('"foo / bar"'));
  });

  it('has no exemplars, not even in the year 55841', async () => {
    const { text } = await get('/api/v1/query_exemplars?query=test&start=1700000000000&end=1700000060000');
    expect(text).toBe(DATA('[]'));
  });
});

describe('errors', () => {
  it.each<[string, number, string, string]>([
    [
      'query?query=sum(',
      400,
      'bad_data',
      'invalid parameter "query": 1:5: parse error: unclosed left parenthesis',
    ],
    [
      'query?query=1&time=x',
      400,
      'bad_data',
      'invalid parameter "time": invalid time value for \'time\': cannot parse "x" to a valid timestamp',
    ],
    [
      'query_range?query=1&end=1&step=1',
      400,
      'bad_data',
      'invalid parameter "start": cannot parse "" to a valid timestamp',
    ],
    [
      'query_range?query=1&start=2&end=1&step=1',
      400,
      'bad_data',
      'invalid parameter "end": end timestamp must not be before start time',
    ],
    [
      'query_range?query=1&start=1&end=2&step=0',
      400,
      'bad_data',
      'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
    ],
    [
      'query_range?query=1&start=1&end=2&step=x',
      400,
      'bad_data',
      'invalid parameter "step": cannot parse "x" to a valid duration',
    ],
    [
      'query_range?query=1&start=0&end=11001&step=1',
      400,
      'bad_data',
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    ],
    [
      'query_range?query=up[1m]&start=0&end=1&step=1',
      400,
      'bad_data',
      'invalid parameter "query": invalid expression type "range vector" for range query, must be Scalar or instant Vector',
    ],
    ['query?query=up%2Bon(job)requests_total', 422, 'execution', 'found duplicate series'],
    ['query?query="endless"&timeout=100ms', 503, 'timeout', 'query timed out in expression evaluation'],
    ['series', 400, 'bad_data', 'no match[] parameter provided'],
    ['labels?match[]=x{', 400, 'bad_data', '1:3: parse error: unexpected end of input inside braces'],
    ['labels?limit=x', 400, 'bad_data', 'invalid parameter "limit": cannot parse "x" to a number'],
    ['nothing', 404, 'not_found', 'there is no /api/v1/nothing'],
  ])('/api/v1/%s: %d', async (path, status, errorType, error) => {
    const answer = await get(`/api/v1/${path}`);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toEqual({
      status: 'error',
      errorType,
      error: expect.stringContaining(error),
    });
  });

  it.each(['query="endless"', 'query="endless"&timeout=1h'])(
    '/api/v1/query?%s is given up at the longest time that queries have',
    async (parameters) => {
      const storage = new MemoryStorage();
      const routes = queryRoutes({ engine: new EndlessEngine(), storage, timeoutMs: 50 });
      const query = routes.find(({ path }) => path === '/api/v1/query')!;
      const answer = query.handle({
        path: query.path,
        parameters: new URLSearchParams(parameters),
        captures: {},
        headers: {},
        signal: new AbortController().signal,
        nowMs: NOW_MS,
      });
      await expect(answer).rejects.toMatchObject({ code: 'timeout', status: 503 });
    },
  );

  it('names the methods that are allowed', async () => {
    const response = await fetch(`${base}/api/v1/query`, { method: 'DELETE' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST']);
  });

  it('refuses a body that is too large, and one of another type', async () => {
    const large = await get('/api/v1/query', form({ query: 'x'.repeat(BODY_BYTES_MAX + 1) }));
    expect(large.status).toBe(413);
    const json = await get('/api/v1/query', {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    expect(json.status).toBe(415);
  });

  it('cancels a query when the client goes away', async () => {
    const ended = new Promise((resolve) => {
      EndlessEngine.ended = resolve;
    });
    const started = new Promise<void>((resolve) => {
      EndlessEngine.started = resolve;
    });
    const request = httpRequest(`${base}/api/v1/query?query="endless"`);
    request.on('error', () => {});
    request.end();
    await started;
    request.destroy();
    const reason = await ended;
    expect((reason as Error).name).toBe('AbortError');
  });
});

describe('the index endpoints', () => {
  it.each<[string, string]>([
    ['labels', '["__name__","a.b","code","job"]'],
    ['labels?match[]=up', '["__name__","a.b","job"]'],
    ['label/code/values', '["200","500"]'],
    ['label/__name__/values?start=0&end=1', '[]'],
    ['label/U__a_2e_b/values', '["x\\"y"]'],
    ['series?match[]={code="200"}', '[{"__name__":"requests_total","code":"200","job":"web"}]'],
    ['metadata', '{"requests_total":[{"type":"counter","help":"Requests.","unit":""}]}'],
    ['metadata?metric=x', '{}'],
    [
      'targets/metadata?limit=1',
      '[{"target":{"instance":"a:1"},"metric":"requests_total","type":"counter","help":"Requests.","unit":""}]',
    ],
    ['status/config', '{"yaml":"global: {}\\n"}'],
    ['alertmanagers', '{"activeAlertmanagers":[],"droppedAlertmanagers":[]}'],
  ])('/api/v1/%s', async (path, data) => {
    expect(await get(`/api/v1/${path}`)).toEqual({ status: 200, text: DATA(data) });
  });
});

describe('targets, rules and alerts', () => {
  it('have the shapes of Prometheus', async () => {
    expect(JSON.parse((await get('/api/v1/targets')).text).data).toEqual({
      activeTargets: [
        {
          discoveredLabels: { __address__: 'web:80', job: 'web' },
          labels: { instance: 'web:80', job: 'web' },
          scrapePool: 'web',
          scrapeUrl: 'http://web:80/metrics',
          globalUrl: 'http://web:80/metrics',
          lastError: '',
          lastScrape: '0001-01-01T00:00:00Z',
          lastScrapeDuration: 0.0125,
          health: 'unknown',
          scrapeInterval: '15s',
          scrapeTimeout: '10s',
        },
      ],
      droppedTargets: [],
      droppedTargetCounts: { web: 0 },
    });
    const alert = {
      labels: { alertname: 'Down', job: 'web' },
      annotations: { summary: 'web is down' },
      state: 'pending',
      activeAt: '2023-11-14T22:13:20.5Z',
      value: '1.25e+01',
    };
    expect(JSON.parse((await get('/api/v1/alerts')).text).data).toEqual({ alerts: [alert] });
    const times = { evaluationTime: 0.002, lastEvaluation: '2023-11-14T22:13:20.5Z' };
    expect(JSON.parse((await get('/api/v1/rules')).text).data).toEqual({
      groups: [
        {
          name: 'g',
          file: '/etc/r.yml',
          interval: 15,
          limit: 0,
          ...times,
          rules: [
            {
              state: 'pending',
              name: 'Down',
              query: 'up == 0',
              duration: 60,
              keepFiringFor: 0,
              labels: { severity: 'page' },
              annotations: { summary: '{{ $labels.job }} is down' },
              alerts: [alert],
              health: 'ok',
              ...times,
              type: 'alerting',
            },
            {
              name: 'x',
              query: 'sum(up)',
              labels: {},
              health: 'err',
              lastError: 'no',
              ...times,
              type: 'recording',
            },
          ],
        },
      ],
    });
    const only = JSON.parse((await get('/api/v1/rules?type=record&exclude_alerts=true')).text).data.groups;
    expect(only[0].rules.map((rule: { name: string }) => rule.name)).toEqual(['x']);
  });
});

describe('the monitor about itself', () => {
  it('is taken for Prometheus by Grafana, and not for Mimir', async () => {
    const { data } = JSON.parse((await get('/api/v1/status/buildinfo')).text);
    expect(data.version).toBe('3.5.0+binnacle.0.1.0');
    expect(data).not.toHaveProperty('features');
  });

  it('is healthy and ready, also for HEAD', async () => {
    expect((await get('/-/healthy')).status).toBe(200);
    expect(await get('/-/ready', { method: 'HEAD' })).toEqual({ status: 200, text: '' });
  });

  it('leaves other paths to the page', async () => {
    expect((await get('/explore')).text).toBe('page');
  });
});

describe('compression', () => {
  const path = `/api/v1/query_range?query=vector(1)&start=${NOW_MS / 1000 - 600}&end=${NOW_MS / 1000}&step=1`;
  const get = (accept: string, target = path) =>
    new Promise<{ encoding: string | undefined; body: Buffer }>((resolve, reject) => {
      httpRequest(`${base}${target}`, { headers: { 'accept-encoding': accept } }, async (response) => {
        const pieces: Buffer[] = [];
        for await (const piece of response) pieces.push(piece as Buffer);
        resolve({ encoding: response.headers['content-encoding'], body: Buffer.concat(pieces) });
      })
        .on('error', reject)
        .end();
    });

  it.each(['gzip', 'br, gzip;q=0.5'])('is used for %s, and gives the same answer', async (accept) => {
    const plain = await get('identity');
    expect(plain.encoding).toBeUndefined();
    const packed = await get(accept);
    expect(packed.encoding).toBe('gzip');
    expect(packed.body.length).toBeLessThan(plain.body.length / 2);
    expect(gunzipSync(packed.body).equals(plain.body)).toBe(true);
  });

  it.each(['', 'br', 'gzip;q=0', 'gzip; q=0.0, br'])('is not used for %j', async (accept) => {
    expect((await get(accept)).encoding).toBeUndefined();
  });

  it('is not worth it for a short answer', async () => {
    const short = await get('gzip', '/api/v1/query?query=1');
    expect(short.encoding).toBeUndefined();
    expect(short.body.toString()).toContain('"success"');
  });
});
