import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkRepository, stringifyDashboard } from '@binnacle/blueprint';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { outside } from '../../../test/outside.ts';
import { type InitOptions, parseInitCommand, runInit } from '../dist/cli/init.js';
import { UsageError } from '../dist/cli/options.js';
import { loadProject } from '../dist/cli/project/load-project.js';
import { renderForUp } from '../dist/cli/project/render-for-up.js';
import { type ProjectFolder, projectFolder } from './project-folder.ts';

// Processes start slowly where many do.
vi.setConfig({ testTimeout: 300_000 });

const TSC = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));
const GOLDEN = fileURLToPath(new URL('golden/init/', import.meta.url));
const CONTRACTS = fileURLToPath(new URL('../../blueprint/test/fixtures/watch-contracts/', import.meta.url));

const folders: ProjectFolder[] = [];
const servers: Server[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) folder.remove();
  for (const server of servers.splice(0)) server.close();
});

function project(files: Readonly<Record<string, string>> = {}): ProjectFolder {
  const folder = projectFolder(files);
  folders.push(folder);
  return folder;
}

/** A service that shows this text. */
async function serving(body: string, status = 200): Promise<number> {
  const server = createServer(({ url }, response) => {
    response.writeHead(url === '/metrics' || url === '/internal/metrics' ? status : 404, {
      'content-type': 'text/plain; version=0.0.4',
    });
    response.end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return (server.address() as AddressInfo).port;
}

const asked: InitOptions = { url: undefined, name: 'shop', force: false };

/** Without the time that a service has to answer, which is short where nobody was named. */
const patientFetch = (url: string, { signal: _, ...init }: RequestInit) => fetch(url, init);

async function init(folder: ProjectFolder, options: Partial<InitOptions>, ports: readonly number[] = []) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runInit(
    { ...asked, ...options },
    {
      cwd: folder.path,
      fetch: patientFetch,
      say: (line) => out.push(line),
      complain: (line) => err.push(line),
      ports,
    },
  );
  return { code, out, err };
}

/** The same for what a service shows, without one. */
async function initFrom(folder: ProjectFolder, body: string, name = 'shop'): Promise<string> {
  const response = () => new Response(body, { headers: { 'content-type': 'text/plain; version=0.0.4' } });
  const code = await runInit(
    { url: 'http://localhost:9464', name, force: true },
    { cwd: folder.path, fetch: async () => response(), say: () => {}, complain: (line) => expect.fail(line) },
  );
  expect(code).toBe(0);
  return readFileSync(join(folder.path, 'binnacle.config.ts'), 'utf8');
}

/** What is wrong with a configuration that was written: it loads, and `binnacle check` has nothing against it. */
async function mistakesIn(folder: ProjectFolder, withHints = true): Promise<string[]> {
  const { config, catalogs, path, warnings } = await loadProject(folder.path);
  const files = new Map(
    config.dashboards.map((dashboard) => [`dashboards/${dashboard.uid}.json`, stringifyDashboard(dashboard)]),
  );
  const input = { files, project: { config, path }, catalogs, root: folder.path };
  const report = checkRepository(input, { nowMs: 0 });
  const { problems, dashboards, rules, isCatalogKnown } = report;
  expect({ dashboards, isCatalogKnown }).toEqual({
    dashboards: config.dashboards.length,
    isCatalogKnown: true,
  });
  expect(rules).toBeGreaterThan(0);
  const counted = problems.filter(({ severity }) => withHints || severity !== 'info');
  return [...warnings, ...counted.map(({ check, subject, message }) => `${check}: ${subject}: ${message}`)];
}

/** What the compiler says of it, with everything on that it can be strict about. */
function compilerSays(folder: ProjectFolder): string {
  folder.write(
    'tsconfig.json',
    JSON.stringify({
      compilerOptions: {
        strict: true,
        noEmit: true,
        module: 'nodenext',
        target: 'es2023',
        types: [],
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        noUnusedLocals: true,
        skipLibCheck: true,
      },
      include: ['binnacle.config.ts'],
    }),
  );
  const { stdout, status } = spawnSync(process.execPath, [TSC, '-p', folder.path], { encoding: 'utf8' });
  return status === 0 ? '' : stdout;
}

const SHOP = `# HELP http_requests_total Total HTTP requests
# TYPE http_requests_total counter
http_requests_total{method="GET",endpoint="/a",status="200"} 5
http_requests_total{method="POST",endpoint="/b",status="500"} 5
# HELP http_request_duration_seconds HTTP request duration in seconds
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{method="GET",endpoint="/a",le="0.1"} 1
http_request_duration_seconds_bucket{method="GET",endpoint="/a",le="0.5"} 1
http_request_duration_seconds_bucket{method="GET",endpoint="/a",le="+Inf"} 1
http_request_duration_seconds_sum{method="GET",endpoint="/a"} 1
http_request_duration_seconds_count{method="GET",endpoint="/a"} 1
# HELP processing_jobs_total Jobs by "status"
# TYPE processing_jobs_total counter
processing_jobs_total{status="completed"} 3
processing_jobs_total{status="error"} 1
# TYPE processing_jobs_active gauge
processing_jobs_active 1
# TYPE export_jobs_total counter
export_jobs_total{status="completed"} 3
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 1000
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 1
# TYPE nodejs_heap_size_used_bytes gauge
nodejs_heap_size_used_bytes 1
# TYPE nodejs_version_info gauge
nodejs_version_info{version="v20",major="20"} 1
# HELP orders_value_euros_total What was ordered,
# TYPE orders_value_euros_total counter
orders_value_euros_total{country="de",shop_id="1"} 1
orders_value_euros_total{country="fr",shop_id="2"} 1
# HELP backup_time_seconds When the last backup ended; it's in Unix seconds
# TYPE backup_time_seconds gauge
backup_time_seconds 1795312800
# TYPE disk_used_ratio gauge
disk_used_ratio{disk="a"} 0.5
# TYPE wait_seconds summary
wait_seconds{quantile="0.5"} 1
wait_seconds_sum 1
wait_seconds_count 1
# TYPE lag_seconds histogram
lag_seconds_bucket{le="+Inf"} 1
lag_seconds_sum 1
lag_seconds_count 1
# TYPE nodejs_heap_size_total_bytes gauge
nodejs_heap_size_total_bytes 1
# TYPE later_total counter
# TYPE binnacle_metrics_dropped_total counter
binnacle_metrics_dropped_total{metric="a",reason="b"} 0
`;

describe('the command line', () => {
  test.each<[Parameters<typeof parseInitCommand>[1], InitOptions]>([
    [{}, { url: undefined, name: undefined, force: false }],
    [
      { url: 'http://a:1/m', name: 'shop-2', force: true },
      { url: 'http://a:1/m', name: 'shop-2', force: true },
    ],
    [{ url: 'localhost:3000' }, { url: 'http://localhost:3000', name: undefined, force: false }],
  ])('%j', (flags, options) => {
    expect(parseInitCommand([], flags)).toEqual(options);
  });

  test.each<[string[], Parameters<typeof parseInitCommand>[1], string]>([
    [['shop'], {}, 'binnacle init takes options only, not "shop"'],
    [[], { url: 'ftp://a' }, '--url: "ftp://a" is not an address such as http://localhost:9464/metrics'],
    [[], { url: 'http://' }, '--url: "http://" is not an address such as http://localhost:9464/metrics'],
    [
      [],
      { name: 'My Shop' },
      '--name: "My Shop" is not a lower case letter, then lower case letters, digits and dashes',
    ],
  ])('%j %j is refused', (rest, flags, message) => {
    expect(() => parseInitCommand(rest, flags)).toThrow(new UsageError(message));
  });
});

describe('a configuration is written', () => {
  test('of what a service shows, as people would have written it', async () => {
    const text = await initFrom(project(), SHOP);
    const golden = join(GOLDEN, 'shop.txt');
    if (process.env.BINNACLE_UPDATE_GOLDEN === '1') writeFileSync(golden, text);
    expect(text).toBe(readFileSync(golden, 'utf8'));
  });

  test('that loads, has an answer to every expression, and compiles as strictly as can be', async () => {
    const folder = project();
    await initFrom(folder, SHOP);
    expect(await mistakesIn(folder)).toEqual([]);
    expect(compilerSays(folder)).toBe('');
  });

  test('whose metrics the compiler knows: a part of the wrong type is refused', async () => {
    const folder = project();
    const text = await initFrom(folder, SHOP);
    folder.write(
      'binnacle.config.ts',
      text.replace('requests: metrics.httpRequestsTotal', 'requests: metrics.diskUsedRatio'),
    );
    expect(compilerSays(folder)).toMatch(/binnacle\.config\.ts\(\d+,\d+\): error TS/);
  });

  test('that Prometheus accepts when it is rendered', async (context) => {
    const promtool = outside(context, 'promtool');
    const folder = project();
    await initFrom(folder, SHOP);
    const { configPath } = await renderForUp(await loadProject(folder.path), join(folder.path, 'rendered'));
    const said = execFileSync(promtool, ['check', 'config', configPath], { encoding: 'utf8' });
    expect(said).toMatch(/SUCCESS: [1-9]\d* rules found/);
  });

  test('the same each time, in whatever order the service shows its metrics', async () => {
    const folder = project();
    const families = SHOP.split(/(?=# HELP)|(?<!# HELP [^\n]*\n)(?=# TYPE)/);
    expect(families.join('')).toBe(SHOP);
    expect(await initFrom(folder, families.reverse().join(''))).toBe(await initFrom(folder, SHOP));
  });

  test('with plain panels where nothing is recognised', async () => {
    const folder = project();
    await initFrom(
      folder,
      '# TYPE cats_total counter\ncats_total{color="red"} 1\ncats_total{color="black"} 2\n',
    );
    const { config } = await loadProject(folder.path);
    const other = config.dashboards.find(({ title }) => title === 'Other metrics of shop');
    expect(
      other?.rows.map(({ title, panels }) => [title, panels.map((panel) => panel.queries[0]?.expr)]),
    ).toEqual([['Counters', ['sum by (color) (rate(cats_total{job="shop"}[$__rate_interval]))']]]);
    expect(await mistakesIn(folder)).toEqual([]);
  });

  test('with as many plain panels as somebody reads, and says that there are more', async () => {
    const folder = project();
    const body = Array.from(
      { length: 30 },
      (_, i) => `# TYPE cats${i}_total counter\ncats${i}_total 1\n`,
    ).join('');
    expect(await initFrom(folder, body)).toContain('// 6 more metrics have no panel yet.');
    expect(await mistakesIn(folder)).toEqual([]);
  });

  test('counts requests by their durations where nothing else counts them', async () => {
    const folder = project();
    const text = await initFrom(
      folder,
      `# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{status_code="200",route="/a",le="1"} 1
http_request_duration_seconds_bucket{status_code="200",route="/a",le="+Inf"} 1
http_request_duration_seconds_sum{status_code="200",route="/a"} 1
http_request_duration_seconds_count{status_code="200",route="/a"} 1
`,
    );
    expect(text).toContain("name: 'http_request_duration_seconds_count'");
    expect(await mistakesIn(folder)).toEqual([]);
    expect(compilerSays(folder)).toBe('');
  });
});

describe('the reference systems', () => {
  interface Contract {
    readonly services: Readonly<Record<string, { readonly metrics: readonly ContractMetric[] }>>;
  }
  interface ContractMetric {
    readonly name: string;
    readonly type: string;
    readonly labels?: Readonly<Record<string, readonly string[] | null>>;
    readonly buckets?: readonly number[];
  }

  /** What the service of a contract shows, with a series for the first two values of each label. */
  function bodyOf({ name, type, labels = {}, buckets = [] }: ContractMetric): string {
    let series: string[][] = [[]];
    for (const [label, values] of Object.entries(labels))
      series = series.flatMap((set) =>
        (values ?? ['a', 'b']).slice(0, 2).map((value) => [...set, `${label}=${JSON.stringify(value)}`]),
      );
    const line = (suffix: string, set: readonly string[]) => `${name}${suffix}{${set.join(',')}} 1`;
    const lines = series.flatMap((set) =>
      type === 'histogram'
        ? [
            ...[...buckets, '+Inf'].map((bound) => line('_bucket', [...set, `le="${bound}"`])),
            line('_sum', set),
            line('_count', set),
          ]
        : [line('', set)],
    );
    return [`# TYPE ${name} ${type === 'info' || type === 'stateset' ? 'gauge' : type}`, ...lines, ''].join(
      '\n',
    );
  }

  const cases = readdirSync(CONTRACTS)
    .filter((file) => file.endsWith('.json'))
    .flatMap((file) => {
      const contract = JSON.parse(readFileSync(join(CONTRACTS, file), 'utf8')) as Contract;
      return Object.entries(contract.services).map(
        ([service, { metrics }]) => [file.replace('.json', ''), service, metrics] as const,
      );
    });

  test('are there', () => expect(cases.length).toBeGreaterThan(4));

  test.each(cases)(
    '%s, %s: what is written loads and has an answer to everything',
    async (_, __, metrics) => {
      const folder = project();
      await initFrom(folder, metrics.map(bodyOf).join(''));
      expect(await mistakesIn(folder)).toEqual([]);
    },
  );

  test('are recognised by what they measure', async () => {
    const folder = project();
    const found: Record<string, string> = {};
    for (const [system, service, metrics] of cases) {
      const text = await initFrom(folder, metrics.map(bodyOf).join(''));
      const watches = [...text.matchAll(/^ {8}(\w+)Watch\(/gm)].map(([, name]) => name);
      const panels = [...text.matchAll(/^ {10}timeseries\(/gm)].length;
      found[`${system} ${service}`] = `${watches.join(' ')}, ${panels} plain`;
    }
    expect(found).toEqual({
      'asset-platform api-gateway': 'service http database, 0 plain',
      'asset-platform assets': 'service http database, 4 plain',
      'asset-platform files': 'service http database, 4 plain',
      'asset-platform search': 'service http search database, 0 plain',
      'asset-platform transcode': 'service http transcode database, 0 plain',
      'bricklayers web': 'service http uploads jobs downloads cleanup system, 0 plain',
      'lead-scraper api': 'service http scraping jobs dependencies, 5 plain',
      'shorts-downloader backend': 'service http uploads jobs downloads storage, 3 plain',
      'transcripts api': 'service http jobs search database, 3 plain',
      'transcripts worker': 'service transcription gpu, 3 plain',
    });
  });

  test('compile', async () => {
    const folder = project();
    const [, , metrics] = cases.find(([system]) => system === 'bricklayers')!;
    await initFrom(folder, metrics.map(bodyOf).join(''));
    expect(compilerSays(folder)).toBe('');
  });
});

test('whatever a service shows, what is written loads, and has an answer to everything', async () => {
  const word = fc.oneof(
    fc.constantFrom('http', 'requests', 'jobs', 'duration', 'class', 'a', 'B', '2x', 'cache', 'hits', 'new'),
    fc.stringMatching(/^[a-z]{1,6}$/),
  );
  const name = fc
    .tuple(
      fc.array(word, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('', '_total', '_seconds', '_info', '_ratio'),
    )
    .map(([words, end]) => `${words.join('_')}${end}`)
    .filter((text) => /^[a-z]/i.test(text));
  const label = fc.constantFrom('status', 'le', 'job', 'class', 'a_b', 'instance', 'quantile', 'result');
  const value = fc
    .string({ maxLength: 8 })
    .map((text) => JSON.stringify(text.replace(/[^\x20-\x7e]|["\\]/g, '')));
  const family = fc
    .record({
      type: fc.constantFrom('counter', 'gauge', 'histogram', 'summary', 'untyped'),
      help: fc.string().map((text) => text.replace(/[\n\r\\]/g, ' ')),
      series: fc.array(fc.dictionary(label, value, { maxKeys: 3 }), { maxLength: 3 }),
    })
    .map(({ type, help, series }) => (family: string) => {
      const lines = series.flatMap(({ le, quantile, ...labels }) => {
        const set = Object.entries(labels).map(([key, text]) => `${key}=${text}`);
        const line = (suffix: string, more: string[] = []) =>
          `${family}${suffix}{${[...set, ...more].join(',')}} 1\n`;
        if (type === 'histogram')
          return [line('_bucket', ['le="1"']), line('_bucket', ['le="+Inf"']), line('_sum'), line('_count')];
        if (type === 'summary') return [line('', ['quantile="0.5"']), line('_sum'), line('_count')];
        return [
          line('', [
            ...(le === undefined ? [] : [`le=${le}`]),
            ...(quantile === undefined ? [] : [`quantile=${quantile}`]),
          ]),
        ];
      });
      return `# HELP ${family} ${help}\n# TYPE ${family} ${type}\n${lines.join('')}`;
    });
  const body = fc
    .uniqueArray(fc.tuple(name, family), { selector: ([text]) => text, minLength: 1, maxLength: 12 })
    .map((families) => families.map(([text, render]) => render(text)).join(''));
  const folder = project();
  await fc.assert(
    fc.asyncProperty(body, async (text) => {
      await initFrom(folder, text);
      // Names may contradict their types here, of which hints are given.
      expect(await mistakesIn(folder, false)).toEqual([]);
    }),
    { numRuns: 40 },
  );
});

describe('where services are', () => {
  const name = (port: number) => `# TYPE cats_total counter\ncats_total{port="${port}"} 1\n`;

  test('one that was named, also behind another path', async () => {
    const folder = project();
    const port = await serving(name(1));
    expect(await init(folder, { url: `http://localhost:${port}/internal/metrics` })).toEqual({
      code: 0,
      out: [
        'wrote binnacle.config.ts',
        `  http://localhost:${port}/internal/metrics: 1 metric, watches Service, 1 plain panel`,
        'then: binnacle check, binnacle up',
      ],
      err: [],
    });
    const { config } = await loadProject(folder.path);
    expect(config.services).toMatchObject([
      { name: 'shop', targets: [`localhost:${port}`], metricsPath: '/internal/metrics' },
    ]);
  });

  test('all that answer on the usual ports, but those that watch others', async () => {
    const folder = project();
    const first = await serving(name(1));
    const second = await serving(name(2));
    const prometheus = await serving('# TYPE prometheus_build_info gauge\nprometheus_build_info 1\n');
    const broken = await serving('', 500);
    const { code } = await init(folder, {}, [first, prometheus, broken, 1, second]);
    expect(code).toBe(0);
    const { config } = await loadProject(folder.path);
    expect(config.services.map((service) => [service.name, service.targets])).toEqual([
      [`shop-${first}`, [`localhost:${first}`]],
      [`shop-${second}`, [`localhost:${second}`]],
    ]);
    expect(await mistakesIn(folder)).toEqual([]);
    expect(compilerSays(folder)).toBe('');
  });

  test('or nowhere', async () => {
    const folder = project();
    expect(await init(folder, {}, [1, 2])).toEqual({
      code: 1,
      out: [],
      err: ['no service shows metrics at localhost on port 1 or 2: start it, or say where it is with --url'],
    });
    const port = await serving('');
    expect((await init(folder, { url: `http://localhost:${port}` })).err).toEqual([
      `http://localhost:${port}/metrics shows no metrics`,
    ]);
    expect((await init(folder, { url: `http://localhost:${port}/x` })).err).toEqual([
      `http://localhost:${port}/x answers with 404`,
    ]);
    expect(existsSync(join(folder.path, 'binnacle.config.ts'))).toBe(false);
  });

  test('it is called after the package or the folder, made safe', async () => {
    const port = await serving(name(1));
    const named = async (files: Record<string, string>) => {
      const folder = project(files);
      await init(folder, { url: `http://localhost:${port}`, name: undefined });
      return (await loadProject(folder.path)).config.name;
    };
    expect(await named({ 'package.json': '{ "type": "module", "name": "@acme/Shop.API_2" }' })).toBe(
      'shop-api-2',
    );
    expect(await named({})).toMatch(/^binnacle-project-/);
    expect(await named({ 'package.json': '{ "type": "module", "name": "42" }' })).toBe('app');
  });
});

describe('nothing is written over', () => {
  test.each(['ts', 'mts'])('a binnacle.config.%s, unless it is asked for', async (extension) => {
    const folder = project({ [`binnacle.config.${extension}`]: 'mine' });
    const url = `http://localhost:${await serving(SHOP)}`;
    const file = join(folder.path, `binnacle.config.${extension}`);
    expect(await init(folder, { url })).toEqual({
      code: 1,
      out: [],
      err: [`there is a binnacle.config.${extension} already; --force writes another one in its place`],
    });
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect((await init(folder, { url, force: true })).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toContain('defineConfig');
  });

  test('one in JavaScript at all: what is written is TypeScript, and stands beside it', async () => {
    const folder = project({ 'binnacle.config.mjs': 'mine' });
    const url = `http://localhost:${await serving(SHOP)}`;
    const { code, out } = await init(folder, { url, force: true });
    expect(code).toBe(0);
    expect(out).toContain('binnacle.config.mjs is no longer read: remove it');
    expect(readFileSync(join(folder.path, 'binnacle.config.mjs'), 'utf8')).toBe('mine');
    expect((await loadProject(folder.path)).path).toBe(join(folder.path, 'binnacle.config.ts'));
  });
});
