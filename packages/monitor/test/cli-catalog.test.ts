import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  counter,
  createRegistry,
  exposition,
  gauge,
  histogram,
  info,
  label,
  stateSet,
  summary,
} from '@binnacle/metrics';
import { catalogOf } from '@binnacle/promql';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type CatalogOptions, parseCatalogCommand, runCatalog } from '../dist/cli/catalog.js';
import { UsageError } from '../dist/cli/options.js';
import { readCatalogSource } from '../dist/cli/project/catalog-source.js';
import { scrapedFamilies } from '../dist/cli/project/scraped-families.js';
import { type ProjectFolder, projectFolder } from './project-folder.ts';

const folders: ProjectFolder[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) folder.remove();
});
function project(files: Readonly<Record<string, string>>): ProjectFolder {
  const folder = projectFolder(files);
  folders.push(folder);
  return folder;
}

/** What a command says, without the folder's path. */
async function run(options: CatalogOptions, folder: string) {
  const out: string[] = [];
  const err: string[] = [];
  const clean = (line: string) => line.replaceAll(`${folder}/`, '');
  const code = await runCatalog(options, {
    fetch,
    say: (line) => out.push(clean(line)),
    complain: (line) => err.push(clean(line)),
  });
  return { code, out, err };
}

const METRICS = `
import { counter, gauge, histogram, label } from '@binnacle/metrics';
export const uploads = counter({
  name: 'uploads_total',
  help: 'Uploads',
  labels: { status: ['success', 'failed'], user: label },
});
export const waiting = gauge({ name: 'uploads_waiting', help: 'Uploads that wait' });
export const size = histogram({ name: 'upload_size_bytes', help: 'Sizes', unit: 'bytes', buckets: [1000, 1e6] });
`;

const CONFIG = `import { alert, dashboard, defineConfig, ruleGroup, row, timeseries } from '@binnacle/blueprint';
import * as metrics from './metrics.ts';

export default defineConfig({
  name: 'shop',
  services: [
    { name: 'web', metrics, targets: ['localhost:9464'], labels: { system: 'shop' } },
    { name: 'postgres', targets: ['localhost:9187'] },
  ],
  dashboards: [
    dashboard({
      title: 'Uploads',
      rows: [row('All', [timeseries({ title: 'Waiting', expr: 'uploads_waiting' })])],
    }),
  ],
  rules: [
    ruleGroup('uploads', [
      alert('UploadsFail', {
        expr: 'rate(uploads_total{status="failed"}[5m]) > 1',
        for: '5m',
        severity: 'warning',
        summary: 'Uploads fail',
        description: 'Uploads fail.',
        runbookUrl: 'https://example.org/uploads-fail',
      }),
    ]),
  ],
});
`;

const show: CatalogOptions = {
  action: 'show',
  config: undefined,
  from: undefined,
  closedValuesMax: 0,
  json: false,
};
const diff: CatalogOptions = {
  action: 'diff',
  config: undefined,
  from: undefined,
  to: undefined,
  json: false,
};

describe('the command line', () => {
  test.each<[string[], Parameters<typeof parseCatalogCommand>[1], CatalogOptions]>([
    [[], {}, show],
    [
      [],
      { from: 'http://a:1', json: true, config: 'c.ts' },
      { ...show, from: 'http://a:1', json: true, config: 'c.ts' },
    ],
    [
      [],
      { write: 'x.json' },
      { action: 'write', config: undefined, from: undefined, closedValuesMax: 0, file: 'x.json' },
    ],
    [['diff'], {}, diff],
    [['diff'], { from: 'a', to: 'b', json: true }, { ...diff, from: 'a', to: 'b', json: true }],
  ])('%j %j', (rest, flags, options) => {
    expect(parseCatalogCommand(rest, flags)).toEqual(options);
  });

  test.each<[string[], Parameters<typeof parseCatalogCommand>[1], string]>([
    [['list'], {}, 'binnacle catalog takes diff and options only, not "list"'],
    [['diff', 'x'], {}, 'binnacle catalog takes diff and options only, not "x"'],
    [['diff'], { write: 'x' }, 'binnacle catalog diff has no --write: it changes nothing'],
    [
      ['diff'],
      { from: 'http://a', 'closed-values': '5' },
      '--closed-values is about what a service shows: binnacle catalog --from URL',
    ],
    [[], { from: 'http://a', 'closed-values': 'few' }, '--closed-values: "few" is not a number such as 10'],
    [[], { to: 'x' }, '--to is an option of binnacle catalog diff'],
    [[], { write: 'x', json: true }, '--write writes the file that --json prints: give one of them'],
    [[], { write: '' }, '--write needs a file, such as binnacle.catalog.json'],
  ])('%j %j is refused', (rest, flags, message) => {
    expect(() => parseCatalogCommand(rest, flags)).toThrow(new UsageError(message));
  });
});

describe('binnacle catalog', () => {
  test('shows the definitions as a table', async () => {
    const folder = project({ 'metrics.ts': METRICS, 'binnacle.config.ts': CONFIG });
    expect(await run({ ...show, config: folder.path }, folder.path)).toEqual({
      code: 0,
      out: [
        'web: 3 metrics, job="web", system="shop"',
        'METRIC             TYPE       UNIT   LABELS                      HELP',
        'upload_size_bytes  histogram  bytes                              Sizes',
        'uploads_total      counter           status=success|failed user  Uploads',
        'uploads_waiting    gauge                                         Uploads that wait',
        '',
        'postgres: no metrics are defined, job="postgres"',
      ],
      err: [],
    });
  });

  test('writes the file that it reads, and prints the same', async () => {
    const folder = project({ 'metrics.ts': METRICS, 'binnacle.config.ts': CONFIG });
    const file = join(folder.path, 'binnacle.catalog.json');
    const config = folder.path;
    expect(
      await run({ action: 'write', config, from: undefined, closedValuesMax: 0, file }, folder.path),
    ).toMatchObject({
      code: 0,
      out: ['wrote binnacle.catalog.json'],
    });
    const text = readFileSync(file, 'utf8');
    const json = await run({ ...show, config, json: true }, folder.path);
    expect(`${json.out.join('\n')}\n`).toBe(text);
    const again = await run({ ...show, config, from: file, json: true }, folder.path);
    expect(`${again.out.join('\n')}\n`).toBe(text);
  });

  test('tells what it cannot read', async () => {
    const folder = project({
      'broken.json': '{ "format": "binnacle-catalog", "version": 2 }',
      'notes.txt': 'a b c\n',
    });
    const failing = async (from: string) => (await run({ ...show, from }, folder.path)).err;
    expect(await failing(join(folder.path, 'nothing.json'))).toEqual(['there is no nothing.json']);
    expect(await failing('localhost:9464')).toEqual([
      'there is no localhost:9464; for a running service write http://localhost:9464',
    ]);
    expect(await failing(folder.path)).toEqual([`${folder.path} cannot be read: EISDIR`]);
    expect(await failing(join(folder.path, 'broken.json'))).toEqual([
      'broken.json: version: is 2; this program reads version 1: write the file again with binnacle catalog --write',
    ]);
    expect(await failing(join(folder.path, 'notes.txt'))).toEqual([
      'notes.txt is not what Prometheus reads: line 1, column 3: "b" is not a number',
    ]);
    expect(await failing('http://127.0.0.1:1')).toEqual([
      'nothing answers at http://127.0.0.1:1/metrics: is the service running?',
    ]);
    expect(await run({ ...show, config: join(folder.path, 'x.ts') }, folder.path)).toEqual({
      code: 1,
      out: [],
      err: ['there is no x.ts'],
    });
  });
});

describe('binnacle catalog diff', () => {
  async function withFile(): Promise<ProjectFolder> {
    const folder = project({ 'metrics.ts': METRICS, 'binnacle.config.ts': CONFIG });
    const file = join(folder.path, 'binnacle.catalog.json');
    await run(
      { action: 'write', config: folder.path, from: undefined, closedValuesMax: 0, file },
      folder.path,
    );
    return folder;
  }

  test('is quiet where the file is what the definitions say', async () => {
    const folder = await withFile();
    expect(await run({ ...diff, config: folder.path }, folder.path)).toEqual({
      code: 0,
      out: ['no metric has changed'],
      err: [],
    });
  });

  test('says which change breaks nothing', async () => {
    const folder = await withFile();
    folder.write(
      'metrics.ts',
      METRICS.replace('user: label', 'client: label').replace("'Sizes'", "'Sizes of uploads'"),
    );
    expect(await run({ ...diff, config: folder.path }, folder.path)).toEqual({
      code: 0,
      out: [
        'web:',
        '  ~ upload_size_bytes: the help is now "Sizes of uploads"',
        '  ~ uploads_total: label client was user',
        '',
        'no panel and no rule breaks',
      ],
      err: [],
    });
  });

  test('fails where a renamed label and a metric that is gone break an alert and a panel', async () => {
    const folder = await withFile();
    folder.write(
      'metrics.ts',
      METRICS.replace('status:', 'outcome:').replace(/export const waiting.*\n/, ''),
    );
    const config = readFileSync(join(folder.path, 'binnacle.config.ts'), 'utf8');
    const line = config.split('\n').findIndex((text) => text.includes("alert('UploadsFail'")) + 1;
    expect(await run({ ...diff, config: folder.path }, folder.path)).toEqual({
      code: 1,
      out: [
        'web:',
        '  ~ uploads_total: label outcome was status',
        '  - uploads_waiting: is gone',
        '',
        'breaks 1 panel, 1 alert:',
        '  panel "All / Waiting" of dashboard "Uploads" (binnacle.config.ts:13)',
        '    1:1: error: unknown metric uploads_waiting (unknown-metric)',
        '        uploads_waiting',
        '        ^^^^^^^^^^^^^^^',
        '    why: no definition and no recording rule in the catalog gives a series of that name, so nothing is selected',
        '    do: correct the name, or add the metric to the catalog.',
        `  alert UploadsFail (binnacle.config.ts:${line})`,
        '    1:6: error: uploads_total has no label status (unknown-label)',
        '        rate(uploads_total{status="failed"}[5m]) > 1',
        '             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^',
        '    why: its labels are outcome, user, job, instance, system, so status="failed" selects nothing',
        '    do: use one of these labels, or leave it out.',
      ],
      err: [],
    });
  });

  test('says the same to programs', async () => {
    const folder = await withFile();
    folder.write('metrics.ts', METRICS.replace("'success', 'failed'", "'success', 'error'"));
    const { code, out } = await run({ ...diff, config: folder.path, json: true }, folder.path);
    expect(code).toBe(1);
    expect(JSON.parse(out.join('\n'))).toEqual({
      changes: [
        {
          kind: 'values',
          service: 'web',
          metric: 'uploads_total',
          text: 'uploads_total: label status: value "failed" is gone; value "error" is new',
        },
      ],
      breaks: [
        {
          kind: 'alert',
          subject: 'alert UploadsFail',
          expr: 'rate(uploads_total{status="failed"}[5m]) > 1',
          check: 'impossible-matcher',
          severity: 'error',
          message: 'status="failed" can never match',
          start: 5,
          end: 35,
          file: 'binnacle.config.ts',
          line: 18,
        },
      ],
    });
  });

  test('wants a file to compare with, and says how to make one', async () => {
    const folder = project({ 'metrics.ts': METRICS, 'binnacle.config.ts': CONFIG });
    expect(await run({ ...diff, config: folder.path }, folder.path)).toEqual({
      code: 1,
      out: [],
      err: [
        'there is no binnacle.catalog.json to compare with: write it with binnacle catalog --write binnacle.catalog.json, or name another with --from',
      ],
    });
  });

  test('compares two files where there is no project', async () => {
    const folder = await withFile();
    const other = project({});
    const file = join(folder.path, 'binnacle.catalog.json');
    const changed = other.write(
      'b.json',
      readFileSync(file, 'utf8').replace('"uploads_waiting"', '"uploads_queued"'),
    );
    const here = process.cwd();
    process.chdir(other.path);
    try {
      expect(await run({ ...diff, from: file, to: changed }, folder.path)).toEqual({
        code: 0,
        out: [
          'web:',
          '  + uploads_queued: is new, a gauge',
          '  - uploads_waiting: is gone',
          '',
          'no panel and no rule breaks',
        ],
        err: [],
      });
    } finally {
      process.chdir(here);
    }
  });
});

describe('a running service', () => {
  const registry = createRegistry({ labels: { region: 'eu' } });
  const metrics = {
    requests: counter({
      name: 'requests_total',
      help: 'R',
      labels: { code: ['200', '500'], path: label },
      registry,
    }),
    depth: gauge({ name: 'depth_bytes', help: 'Depth "of" it\nall', unit: 'bytes', registry }),
    took: histogram({
      name: 'took_seconds',
      help: 'T',
      unit: 'seconds',
      buckets: [0.5, 1, 2.5],
      labels: { step: label },
      registry,
    }),
    lag: histogram({ name: 'lag_seconds', help: 'L', unit: 'seconds', native: true, registry }),
    both: histogram({
      name: 'both_seconds',
      help: 'B',
      unit: 'seconds',
      native: true,
      buckets: [1],
      registry,
    }),
    waited: summary({ name: 'waited_seconds', help: 'W', unit: 'seconds', quantiles: [0.5, 0.9], registry }),
    build: info({ name: 'build_info', help: 'V', labels: { version: label }, registry }),
    breaker: stateSet({ name: 'breaker', help: 'S', states: ['open', 'closed'], registry }),
  };
  metrics.requests.inc({ code: '200', path: '/a' });
  metrics.took.observe({ step: 'one' }, 1);
  metrics.lag.observe(1);
  metrics.both.observe(1);
  metrics.waited.observe(1);
  metrics.build.set({ version: '1.0' });

  let server: Server;
  let origin = '';
  let takesOpenMetrics = true;
  beforeAll(async () => {
    server = createServer(async ({ url, headers }, response) => {
      if (url !== '/metrics') {
        response
          .writeHead(url === '/gone' ? 404 : 200, { 'content-type': 'text/html; charset=utf-8' })
          .end('<p>');
        return;
      }
      const { contentType, body } = await exposition(
        registry,
        takesOpenMetrics ? { accept: headers.accept! } : {},
      );
      response.writeHead(200, { 'content-type': contentType }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  /** The definitions as a file of data that a configuration imports. */
  function configOf(port: string): Record<string, string> {
    const services = (definitions: string) =>
      `[{ name: 'web', targets: ['localhost:${port}'], metrics: ${definitions} }, { name: 'other', targets: ['localhost:1'] }]`;
    return {
      'catalog.json': JSON.stringify({
        format: 'binnacle-catalog',
        version: 1,
        services: [
          { service: 'web', job: 'web', targetLabels: {}, metrics: catalogOf(metrics) },
          { service: 'other', job: 'other', targetLabels: {}, metrics: [] },
        ],
      }),
      'binnacle.config.ts': `import { defineConfig } from '@binnacle/blueprint';
export default defineConfig({ name: 'shop', services: ${services("[{ name: 'requests_total', type: 'counter' }]")} });`,
    };
  }

  test.each([true, false])('agrees with its own definitions, in OpenMetrics: %s', async (openMetrics) => {
    takesOpenMetrics = openMetrics;
    const folder = project(configOf(new URL(origin).port));
    const from = join(folder.path, 'catalog.json');
    const options = { ...diff, config: folder.path, from, to: origin };
    const { code, out, err } = await run(options, folder.path);
    expect({ code, err }).toEqual({ code: 0, err: [] });
    expect(out.filter((line) => !/binnacle_/.test(line))).toEqual(
      out.length === 1 ? ['no metric has changed'] : ['web:', '', 'no panel and no rule breaks'],
    );
  });

  test('is compared by what it shows: a value that nobody told, a metric that it lacks', async () => {
    takesOpenMetrics = true;
    const files = configOf(new URL(origin).port);
    const folder = project({
      ...files,
      'catalog.json': files['catalog.json']!.replace('["200","500"]', '["201","500"]').replace(
        '"depth_bytes"',
        '"queue_bytes"',
      ),
    });
    const from = join(folder.path, 'catalog.json');
    const { out } = await run({ ...diff, config: folder.path, from, to: origin }, folder.path);
    expect(out.filter((line) => !/binnacle_/.test(line))).toEqual([
      'web:',
      '  + depth_bytes: is new, a gauge',
      '  - queue_bytes: is gone',
      '  ~ requests_total: label code: value "200" is new',
      '',
      'no panel and no rule breaks',
    ]);
  });

  test('is shown with open labels, under the service whose target it is, with and without a path', async () => {
    takesOpenMetrics = true;
    const folder = project(configOf(new URL(origin).port));
    for (const from of [origin, `${origin}/`, `${origin}/metrics`]) {
      const { out } = await run({ ...show, config: folder.path, from }, folder.path);
      expect(out[0]).toMatch(/^web: \d+ metrics, job="web"$/);
      expect(out).toContainEqual(expect.stringMatching(/^requests_total +counter +code path region +R$/));
      expect(out).toContainEqual(expect.stringMatching(/^build_info +info +region version +V$/));
    }
  });

  test('is shown with closed labels where few values are taken for all', async () => {
    takesOpenMetrics = true;
    const folder = project(configOf(new URL(origin).port));
    const options = { ...show, config: folder.path, from: origin, closedValuesMax: 2 };
    expect((await run(options, folder.path)).out).toContainEqual(
      expect.stringMatching(/^requests_total +counter +code=200\|500 path=\/a region=eu +R$/),
    );
  });

  test('says what it is not', async () => {
    const folder = project(configOf('9'));
    const failing = async (from: string) =>
      (await run({ ...show, config: folder.path, from }, folder.path)).err.join().replaceAll(origin, 'URL');
    expect(await failing(`${origin}/metrics`)).toBe(
      'whose metrics are at URL/metrics? None of web, other has it as its target',
    );
    const alone = project({});
    const here = process.cwd();
    process.chdir(alone.path);
    try {
      const unowned = async (from: string) =>
        (await run({ ...show, from }, alone.path)).err.join().replaceAll(origin, 'URL');
      expect(await unowned(`${origin}/gone`)).toBe('URL/gone answers with 404');
      expect(await unowned(`${origin}/page`)).toBe('URL/page answers with text/html, which is no metrics');
      const { out } = await run({ ...show, from: origin }, alone.path);
      expect(out[0]).toContain(`${new URL(origin).host}: `);
    } finally {
      process.chdir(here);
    }
  });
});

describe('what other clients write', () => {
  test('is read as families: untyped samples, counters without suffix, quantiles, names in quotes', () => {
    const body = `# HELP go_gc_duration_seconds A summary
# TYPE go_gc_duration_seconds summary
go_gc_duration_seconds{quantile="0"} 1
go_gc_duration_seconds{quantile="0.5"} 2
go_gc_duration_seconds_sum 3
go_gc_duration_seconds_count 4
# TYPE hits counter
hits{a="1"} 5
{"http.requests", method="GET"} 1
jobs_count 2
# TYPE took histogram
took_bucket{le="+Inf",a="1"} 1
took_sum{a="1"} 1
took_count{a="1"} 1
# TYPE empty gauge
`;
    expect(scrapedFamilies(new TextEncoder().encode(body), 'text')).toEqual([
      {
        name: 'go_gc_duration_seconds',
        type: 'summary',
        help: 'A summary',
        unit: '',
        series: [{}],
        quantiles: [0, 0.5],
      },
      { name: 'hits', type: 'counter', help: '', unit: '', series: [{ a: '1' }] },
      { name: 'http.requests', type: 'unknown', help: '', unit: '', series: [{ method: 'GET' }] },
      { name: 'jobs_count', type: 'unknown', help: '', unit: '', series: [{}] },
      { name: 'took', type: 'histogram', help: '', unit: '', series: [{ a: '1' }] },
      { name: 'empty', type: 'gauge', help: '', unit: '', series: [] },
    ]);
  });

  test('OpenMetrics has families without the suffix that queries have', () => {
    const body = `# TYPE uploads counter
uploads_total{a="1"} 1
uploads_created{a="1"} 1
# TYPE uploads_bytes counter
# UNIT uploads_bytes bytes
uploads_bytes_total 1
# TYPE app info
app_info{version="1"} 1
# TYPE never counter
# EOF
`;
    expect(
      scrapedFamilies(new TextEncoder().encode(body), 'openmetrics').map(({ name, type, unit, series }) => [
        name,
        type,
        unit,
        series,
      ]),
    ).toEqual([
      ['uploads_total', 'counter', '', [{ a: '1' }]],
      ['uploads_bytes_total', 'counter', 'bytes', [{}]],
      ['app_info', 'info', '', [{ version: '1' }]],
      ['never_total', 'counter', '', []],
    ]);
  });

  test('may stand in a file as well', async () => {
    const folder = project({
      'metrics.txt': '{"http.requests"} 1\n',
      'metrics.openmetrics': '# TYPE a counter\na_total 1\n# EOF\n',
    });
    const metricsIn = async (name: string) =>
      (await readCatalogSource(join(folder.path, name), undefined, { fetch })).catalogs[0]?.metrics.map(
        (entry) => entry.name,
      );
    expect(await metricsIn('metrics.txt')).toEqual(['http.requests']);
    expect(await metricsIn('metrics.openmetrics')).toEqual(['a_total']);
  });
});
