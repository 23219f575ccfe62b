import { counter, createRegistry, gauge, label } from '@binnacle/metrics';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  alert,
  annotation,
  brokenBy,
  type CatalogEntry,
  catalogsOf,
  customVariable,
  dashboard,
  defineConfig,
  diffCatalogs,
  labelVariable,
  record,
  renderCatalogFile,
  row,
  ruleGroup,
  type ServiceCatalog,
  timeseries,
} from '../dist/index.js';
import { anyCatalogs } from './catalog-arbitrary.ts';

const web = (metrics: readonly CatalogEntry[], more: Partial<ServiceCatalog> = {}): ServiceCatalog => ({
  service: 'web',
  job: 'web',
  targetLabels: {},
  metrics,
  ...more,
});
const requests: CatalogEntry = {
  name: 'http_requests_total',
  type: 'counter',
  help: 'Requests',
  labels: { method: ['GET', 'POST'], status: 'open' },
};
const took: CatalogEntry = {
  name: 'took_seconds',
  type: 'histogram',
  help: 'Time',
  unit: 'seconds',
  labels: {},
  form: 'classic',
  bounds: [0.1, 0.5, 1],
};

describe('the difference of two catalogs', () => {
  const of = (before: readonly ServiceCatalog[], after: readonly ServiceCatalog[]) =>
    diffCatalogs(before, after).changes.map(({ kind, service, metric, text }) => [
      kind,
      service,
      metric,
      text,
    ]);
  const ofMetrics = (before: readonly CatalogEntry[], after: readonly CatalogEntry[]) =>
    diffCatalogs([web(before)], [web(after)]).changes.map(({ kind, text }) => `${kind}: ${text}`);

  test('is nothing where they say the same, in whatever order', () => {
    const turned = { ...requests, labels: { status: 'open', method: ['POST', 'GET'] } } as const;
    expect(
      of(
        [web([requests, took]), web([], { service: 'b' })],
        [web([], { service: 'b' }), web([took, turned])],
      ),
    ).toEqual([]);
  });

  test('is told by service, and in it by metric', () => {
    const worker = web([took], { service: 'worker', job: 'worker' });
    expect(
      of(
        [web([requests, took]), worker],
        [web([took, { ...requests, help: 'All' }], { job: 'shop-web' }), web([], { service: 'a' })],
      ),
    ).toEqual([
      ['service-added', 'a', '', 'the service is new, with 0 metrics'],
      ['job', 'web', '', 'its job was web and is shop-web'],
      ['help', 'web', 'http_requests_total', 'http_requests_total: the help is now "All"'],
      ['service-removed', 'worker', '', 'the service is gone, with 1 metric'],
    ]);
  });

  test('has the labels of targets', () => {
    expect(of([web([])], [web([], { targetLabels: { system: 'shop', env: 'eu' } })])).toEqual([
      ['target-labels', 'web', '', 'its targets had no labels and have env="eu", system="shop"'],
    ]);
  });

  test.each<[string, readonly CatalogEntry[], readonly CatalogEntry[], string[]]>([
    ['a new metric', [], [requests], ['metric-added: http_requests_total: is new, a counter']],
    ['one that is gone', [requests], [], ['metric-removed: http_requests_total: is gone']],
    [
      'a new name',
      [requests],
      [{ ...requests, name: 'web_requests_total' }],
      ['metric-renamed: web_requests_total: was http_requests_total, if name and labels are right'],
    ],
    [
      'a new name and a new label',
      [{ ...requests, name: 'upload_total' }],
      [{ ...requests, name: 'uploads_total', labels: { ...requests.labels, user: 'open' } }],
      [
        'metric-renamed: uploads_total: was upload_total, if name and labels are right',
        'label-added: uploads_total: label user is new',
      ],
    ],
    [
      'two things whose names are alike',
      [{ ...requests, name: 'uploads_total' }],
      [{ ...requests, name: 'downloads_total' }],
      ['metric-added: downloads_total: is new, a counter', 'metric-removed: uploads_total: is gone'],
    ],
    [
      'the nearest of several',
      [{ ...requests, name: 'job_runs_total' }],
      [
        { ...requests, name: 'job_run_times_total' },
        { ...requests, name: 'jobs_runs_total' },
      ],
      [
        'metric-added: job_run_times_total: is new, a counter',
        'metric-renamed: jobs_runs_total: was job_runs_total, if name and labels are right',
      ],
    ],
    [
      'a name that is near, of another type',
      [{ ...requests, name: 'queue_depth', type: 'gauge' }],
      [{ ...requests, name: 'queue_depths', type: 'histogram' }],
      ['metric-removed: queue_depth: is gone', 'metric-added: queue_depths: is new, a histogram'],
    ],
    [
      'another type',
      [requests],
      [{ ...requests, type: 'gauge' }],
      ['type: http_requests_total: was a counter and is a gauge'],
    ],
    [
      'another unit',
      [took],
      [{ ...took, unit: 'milliseconds' }],
      ['unit: took_seconds: the unit was seconds and is milliseconds'],
    ],
    [
      'labels that come and go',
      [requests],
      [{ ...requests, labels: { method: ['GET', 'POST'], region: ['eu', 'us'], host: 'open' } }],
      [
        'label-renamed: http_requests_total: label host was status',
        'label-added: http_requests_total: label region is new, with "eu", "us"',
      ],
    ],
    [
      'a closed label with a new name',
      [requests],
      [{ ...requests, labels: { verb: ['POST', 'GET'], status: 'open' } }],
      ['label-renamed: http_requests_total: label verb was method'],
    ],
    [
      'an open label that may be one of two',
      [{ ...requests, labels: { a: 'open', b: 'open' } }],
      [{ ...requests, labels: { c: 'open' } }],
      [
        'label-removed: http_requests_total: label a is gone',
        'label-removed: http_requests_total: label b is gone',
        'label-added: http_requests_total: label c is new',
      ],
    ],
    [
      'values that come and go',
      [requests],
      [{ ...requests, labels: { method: ['GET', 'PUT', 'HEAD'], status: 'open' } }],
      ['values: http_requests_total: label method: value "POST" is gone; values "PUT", "HEAD" are new'],
    ],
    [
      'a label that opens',
      [requests],
      [{ ...requests, labels: { method: 'open', status: 'open' } }],
      ['values: http_requests_total: label method: was closed, with "GET", "POST" and is open'],
    ],
    [
      'a label that closes',
      [requests],
      [{ ...requests, labels: { method: ['GET', 'POST'], status: ['200'] } }],
      ['values: http_requests_total: label status: was open and is closed, with "200"'],
    ],
    [
      'labels that are no longer known',
      [requests],
      [{ name: requests.name, type: 'counter', help: requests.help }],
      ['label-removed: http_requests_total: its labels are no longer known'],
    ],
    [
      'other buckets',
      [took],
      [{ ...took, bounds: [0.1, 1, 5] }],
      ['buckets: took_seconds: bucket 0.5 is gone; bucket 5 is new'],
    ],
    [
      'other buckets at all',
      [took],
      [{ ...took, form: 'native', bounds: undefined as never }],
      ['form: took_seconds: its buckets were classic and are native'],
    ],
    [
      'another quantile',
      [{ name: 'lag', type: 'summary', help: '', quantiles: [0.5] }],
      [{ name: 'lag', type: 'summary', help: '', quantiles: [0.5, 0.9] }],
      ['quantiles: lag: quantile 0.9 is new'],
    ],
  ])('%s', (_, before, after, changes) => {
    expect(ofMetrics(before, after)).toEqual(changes);
  });
});

describe('of any two catalogs', () => {
  // Names from a few words, so that catalogs have metrics in common and names that are alike.
  const metric: fc.Arbitrary<CatalogEntry> = fc.record(
    {
      name: fc
        .array(fc.constantFrom('http', 'requests', 'jobs', 'job', 'a'), { minLength: 1, maxLength: 3 })
        .map((words) => words.join('_')),
      type: fc.constantFrom('counter', 'gauge'),
      help: fc.constantFrom('', 'H'),
      unit: fc.constantFrom('seconds', 'bytes'),
      labels: fc.dictionary(
        fc.constantFrom('a', 'b', 'c'),
        fc.oneof(fc.constant('open' as const), fc.uniqueArray(fc.constantFrom('x', 'y'))),
      ),
    },
    { requiredKeys: ['name', 'type', 'help'] },
  );
  const few = fc
    .uniqueArray(metric, { selector: ({ name }) => name, maxLength: 5 })
    .map((metrics) => [web(metrics)]);

  test('there is no difference where there is none', () => {
    fc.assert(
      fc.property(anyCatalogs, (catalogs) => {
        expect(diffCatalogs(catalogs, catalogs).changes).toEqual([]);
      }),
    );
  });

  test('there is one where the files differ, and none where they do not', () => {
    fc.assert(
      fc.property(few, few, (before, after) => {
        const sorted = (catalogs: readonly ServiceCatalog[]) =>
          renderCatalogFile(
            catalogs.map((catalog) => ({
              ...catalog,
              metrics: catalog.metrics.map((entry) => ({
                ...entry,
                ...(entry.labels && {
                  labels: Object.fromEntries(
                    Object.entries(entry.labels).map(([name, values]) => [
                      name,
                      values === 'open' ? values : [...values].sort(),
                    ]),
                  ),
                }),
              })),
            })),
          );
        const isSame = sorted(before) === sorted(after);
        expect(diffCatalogs(before, after).changes.length === 0).toBe(isSame);
      }),
    );
  });

  test('what is new one way is gone the other way, and a new name is one both ways', () => {
    fc.assert(
      fc.property(few, few, (before, after) => {
        const of = (kind: string, was: ServiceCatalog[], is: ServiceCatalog[]) =>
          diffCatalogs(was, is).changes.filter((change) => change.kind === kind);
        const names = (kind: string, was: ServiceCatalog[], is: ServiceCatalog[]) =>
          of(kind, was, is).map((change) => change.metric);
        expect(names('metric-added', before, after)).toEqual(names('metric-removed', after, before));
        expect(of('metric-renamed', before, after).length).toBe(of('metric-renamed', after, before).length);
      }),
    );
  });
});

describe('what a difference breaks', () => {
  const registry = createRegistry();
  const uploads = counter({
    name: 'uploads_total',
    help: 'Uploads',
    labels: { status: ['success', 'failed'], user: label },
    registry,
  });
  const waiting = gauge({ name: 'uploads_waiting', help: 'Uploads that wait', registry });
  const config = defineConfig({
    name: 'shop',
    services: [{ name: 'web', metrics: [uploads, waiting], targets: ['localhost:9464'] }],
    dashboards: [
      dashboard({
        title: 'Shop',
        variables: [customVariable('status', ['failed', 'success'])],
        rows: [
          row('Uploads', [
            timeseries({
              title: 'By status',
              expr: 'sum by (status) (rate(uploads_total{status="$status"}[$__rate_interval]))',
            }),
            timeseries({ title: 'Waiting', expr: 'uploads_waiting' }),
          ]),
        ],
      }),
    ],
    rules: [
      ruleGroup('shop', [
        record('job:uploads_failed:rate5m', 'sum by (job) (rate(uploads_total{status="failed"}[5m]))'),
        alert('UploadsFail', {
          expr: 'job:uploads_failed:rate5m{job="web"} > 1',
          for: '5m',
          severity: 'warning',
          summary: 'Uploads fail',
          description: 'Uploads fail.',
          runbookUrl: 'https://example.org/uploads-fail',
        }),
        alert('UploadsWait', {
          expr: 'uploads_waiting > 50',
          for: '5m',
          severity: 'warning',
          summary: 'Uploads wait',
          description: 'Uploads wait.',
          runbookUrl: 'https://example.org/uploads-wait',
        }),
      ]),
    ],
  });
  const before = catalogsOf(config);
  const changed = (change: (entry: CatalogEntry) => CatalogEntry | undefined): ServiceCatalog[] =>
    before.map((catalog) => ({
      ...catalog,
      metrics: catalog.metrics.flatMap((entry) => change(entry) ?? []),
    }));
  const broken = (after: readonly ServiceCatalog[]) =>
    brokenBy(diffCatalogs(before, after), config).map(({ kind, subject, finding, expr }) => [
      kind,
      subject,
      `${finding.check}: ${finding.message}`,
      expr.slice(finding.start, finding.end),
    ]);

  test('is nothing where nothing changed, or what changed is not asked for', () => {
    expect(broken(before)).toEqual([]);
    expect(
      broken(changed((entry) => ({ ...entry, help: 'Other', labels: { ...entry.labels, new: 'open' } }))),
    ).toEqual([]);
  });

  test('a metric that goes breaks panels and alerts', () => {
    expect(broken(changed((entry) => (entry.name === 'uploads_waiting' ? undefined : entry)))).toEqual([
      [
        'panel',
        'panel "Uploads / Waiting" of dashboard "Shop"',
        'unknown-metric: unknown metric uploads_waiting',
        'uploads_waiting',
      ],
      ['alert', 'alert UploadsWait', 'unknown-metric: unknown metric uploads_waiting', 'uploads_waiting'],
    ]);
  });

  test('a label that is renamed breaks what asks for it, and places are those of what was written', () => {
    const rename = ({ labels, ...entry }: CatalogEntry): CatalogEntry => {
      const { status, ...rest } = labels ?? {};
      return { ...entry, labels: status === undefined ? rest : { ...rest, outcome: status } };
    };
    expect(broken(changed(rename))).toEqual([
      [
        'panel',
        'panel "Uploads / By status" of dashboard "Shop"',
        'unknown-label: uploads_total has no label status',
        'sum by (status) (rate(uploads_total{status="$status"}[$__rate_interval]))',
      ],
      [
        'panel',
        'panel "Uploads / By status" of dashboard "Shop"',
        'unknown-label: uploads_total has no label status',
        'uploads_total{status="$status"}',
      ],
      [
        'recording rule',
        'recording rule job:uploads_failed:rate5m',
        'unknown-label: uploads_total has no label status',
        'uploads_total{status="failed"}',
      ],
    ]);
  });

  test('a value that goes breaks what asks for it, a job what is bound to it, also behind a recording rule', () => {
    const without = ({ labels, ...entry }: CatalogEntry): CatalogEntry => ({
      ...entry,
      labels: { ...labels, ...(labels?.status && { status: ['success'] }) },
    });
    const lost = broken(changed(without)).map(([kind, subject, message]) => [kind, subject, message]);
    expect(lost).toEqual([
      [
        'panel',
        'panel "Uploads / By status" of dashboard "Shop"',
        'impossible-matcher: status="failed" can never match',
      ],
      [
        'recording rule',
        'recording rule job:uploads_failed:rate5m',
        'impossible-matcher: status="failed" can never match',
      ],
    ]);
    const moved = before.map((catalog) => ({ ...catalog, job: 'shop-web' }));
    expect(broken(moved)).toEqual([
      [
        'alert',
        'alert UploadsFail',
        'impossible-matcher: job="web" can never match',
        'job:uploads_failed:rate5m{job="web"}',
      ],
    ]);
  });

  test('has the variables and annotations of dashboards', () => {
    const asking = {
      dashboards: [
        dashboard({
          title: 'Shop',
          variables: [
            labelVariable('user', { metric: 'uploads_total{status="failed"}', of: 'user' }),
            labelVariable('one', { metric: 'uploads_waiting{user="$user"}', of: 'job' }),
          ],
          annotations: [annotation('Waiting', 'uploads_waiting > 5')],
          rows: [],
        }),
      ],
      rules: [],
    };
    const known: CatalogEntry[] = [
      { name: 'uploads_total', type: 'counter', help: '', labels: { status: 'open', user: 'open' } },
      { name: 'uploads_waiting', type: 'gauge', help: '', labels: { user: 'open' } },
    ];
    const difference = (after: CatalogEntry[]) =>
      brokenBy({ before: [web(known)], after: [web(after)] }, asking).map(({ subject, finding, expr }) => [
        subject,
        finding.message,
        expr.slice(finding.start, finding.end),
      ]);
    expect(difference(known)).toEqual([]);
    expect(difference([{ ...known[0]!, labels: { status: 'open' } }])).toEqual([
      [
        'variable "user" of dashboard "Shop"',
        'uploads_total has no label user',
        'label_values(uploads_total{status="failed"}, user)',
      ],
      [
        'variable "one" of dashboard "Shop"',
        'unknown metric uploads_waiting',
        'uploads_waiting{user="$user"}',
      ],
      ['annotation "Waiting" of dashboard "Shop"', 'unknown metric uploads_waiting', 'uploads_waiting'],
    ]);
  });

  test('is about the service that is asked, whatever the same name has elsewhere', () => {
    const twice = (name: string, labels: Readonly<Record<string, 'open'>>): ServiceCatalog => ({
      ...web([{ name: 'uploads_waiting', type: 'gauge', help: '', labels }]),
      service: name,
      job: name,
    });
    const asking = {
      dashboards: [],
      rules: [
        ruleGroup('both', [
          record('a:b:c', 'sum by (queue) (uploads_waiting{job="web"})'),
          record('a:b:d', 'sum by (queue) (uploads_waiting)'),
        ]),
      ],
    };
    const all = [twice('web', { queue: 'open' }), twice('worker', { queue: 'open' })];
    const less = [twice('web', {}), twice('worker', { queue: 'open' })];
    expect(brokenBy({ before: all, after: less }, asking).map(({ subject }) => subject)).toEqual([
      'recording rule a:b:c',
    ]);
  });

  test('says where the rule stands', () => {
    const [first] = brokenBy(
      diffCatalogs(
        before,
        changed(() => undefined),
      ),
      { dashboards: [], rules: config.rules },
    );
    expect(first).toMatchObject({
      subject: 'recording rule job:uploads_failed:rate5m',
      place: { file: expect.stringMatching(/catalog-diff\.test\.ts$/), line: expect.any(Number) },
    });
  });
});
