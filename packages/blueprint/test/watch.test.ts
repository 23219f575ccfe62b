/** The ready-made watches as such: what they render to, what they are told, what they refuse. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { counter, createRegistry, gauge, histogram, label, operation } from '@binnacle/metrics';
import {
  Catalog,
  catalogOf,
  checkQuery,
  type MetricDefinition,
  parse,
  renderFinding,
} from '@binnacle/promql';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import {
  cacheWatch,
  checkRepository,
  dashboard,
  databaseWatch,
  eventsWatch,
  httpWatch,
  jobsWatch,
  RUNBOOKS,
  renderRuleFile,
  searchWatch,
  serviceWatch,
  storageWatch,
  stringifyDashboard,
  transcriptionWatch,
  uploadsWatch,
  type Watch,
} from '../dist/index.js';
import { wholeWatches } from './whole-watches.ts';

vi.setConfig({ testTimeout: 300_000 });

const WATCHES: Readonly<Record<string, Watch>> = wholeWatches();
const GOLDEN = fileURLToPath(new URL('golden/watches', import.meta.url));
const UPDATE = process.env.BINNACLE_UPDATE_GOLDEN === '1';

/** Every panel of a watch with what it asks, one line each. */
function panelsOf({ rows }: Watch): string {
  return rows
    .flatMap(({ title, collapsed, panels }) => [
      `${title}${collapsed ? ' (closed)' : ''}`,
      ...panels.flatMap((panel) => [
        `  ${panel.title} (${panel.type}, ${'unit' in panel ? panel.unit : 'no unit'})`,
        ...panel.queries.map(({ legend, expr }) => `    ${legend}: ${expr}`),
      ]),
    ])
    .map((line) => `${line}\n`)
    .join('');
}

describe.each(Object.entries(WATCHES))('%s', (name, watch) => {
  test.each([
    ['rules.yml', renderRuleFile(watch.groups)],
    ['panels.txt', panelsOf(watch)],
  ])('renders to its golden %s', (kind, rendered) => {
    const file = path.join(GOLDEN, `${name}.${kind}.golden`);
    if (UPDATE) {
      mkdirSync(GOLDEN, { recursive: true });
      writeFileSync(file, rendered);
    }
    expect(rendered).toBe(readFileSync(file, 'utf8'));
  });

  test('every panel says what it means, and has a unit', () => {
    for (const panel of watch.rows.flatMap(({ panels }) => panels)) {
      expect(panel.description, panel.title).toMatch(/^[A-Z].*\.$/s);
      expect('unit' in panel && panel.unit, panel.title).toBeTruthy();
      expect(panel.queries.length, panel.title).toBeLessThanOrEqual(5);
    }
  });

  test('every alert waits, says what to do, and leads to its runbook', () => {
    for (const rule of watch.groups.flatMap(({ rules }) => rules)) {
      if (rule.type !== 'alert') throw new Error(`${rule.name} is no alert`);
      if (rule.name === 'Watchdog') continue;
      expect(rule.forMs, rule.name).toBeGreaterThan(0);
      expect(rule.keepFiringForMs, rule.name).toBeGreaterThan(0);
      expect(rule.labels, rule.name).toMatchObject({ job: 'shop' });
      expect(rule.annotations.description!.split('. ').length, rule.name).toBeGreaterThan(1);
      expect(rule.annotations.runbook_url).toMatch(
        new RegExp(`^${RUNBOOKS.replaceAll('.', '\\.')}#[a-z-]+$`),
      );
    }
  });
});

test('no golden file is of a watch that is gone', () => {
  const wanted = Object.keys(WATCHES).flatMap((name) => [
    `${name}.panels.txt.golden`,
    `${name}.rules.yml.golden`,
  ]);
  expect(readdirSync(GOLDEN).toSorted()).toEqual(wanted.toSorted());
});

describe.each(['classic', 'native'] as const)('with %s buckets', (buckets) => {
  const definitions: MetricDefinition[] = [];
  const watches = Object.values(wholeWatches({ buckets, defined: (one) => definitions.push(one) }));
  const catalog = Catalog.of(catalogOf(definitions));

  test('no expression has a finding', () => {
    const asked = watches.flatMap(({ rows, groups }) => [
      ...rows.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries.map(({ expr }) => expr))),
      ...groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)),
    ]);
    const found = asked.flatMap((text) => {
      const expr = text.replaceAll('$__rate_interval', '1m').replaceAll('$__range', '1h');
      return checkQuery(parse(expr), catalog).map((finding) => renderFinding(expr, finding));
    });
    expect(found).toEqual([]);
  });
});

test('where there can be any number of lines, the first few are shown', () => {
  const definitions: MetricDefinition[] = [];
  const watches = wholeWatches({ defined: (one) => definitions.push(one) });
  const isOpen = (expr: string, label: string): boolean =>
    label === 'instance' ||
    definitions.some(({ name, labels }) => expr.includes(`${name}{`) && labels?.[label] === 'open');
  let many = 0;
  for (const panel of Object.values(watches).flatMap(({ rows }) => rows.flatMap(({ panels }) => panels))) {
    if (panel.type !== 'timeseries') continue;
    for (const { legend, expr } of panel.queries) {
      const labels = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
      if (!labels.some((label) => isOpen(expr, label))) continue;
      expect(expr, panel.title).toMatch(/^(top|bottom)k\(5, /);
      many++;
    }
  }
  expect(many).toBeGreaterThan(20);
});

test('nothing that Binnacle checks of rules and dashboards is wrong with them', () => {
  const definitions: MetricDefinition[] = [];
  const watches = Object.entries(wholeWatches({ defined: (one) => definitions.push(one) }));
  const metrics = catalogOf(definitions).map((metric) => ({ ...metric, help: metric.help ?? '' }));
  const files = watches.flatMap(([name, watch]): [string, string][] => [
    [`rules/${name}.yml`, renderRuleFile(watch.groups)],
    [`dashboards/${name}.json`, stringifyDashboard(dashboard({ title: name, rows: watch.rows }))],
  ]);
  const { problems, rules, dashboards } = checkRepository(
    {
      files: new Map(files),
      catalogs: [{ service: 'shop', job: 'shop', targetLabels: {}, metrics }],
    },
    { nowMs: 0 },
  );
  expect({ rules, dashboards }).toEqual({
    rules: watches.flatMap(([, { groups }]) => groups.flatMap((group) => group.rules)).length,
    dashboards: watches.length,
  });
  expect(
    problems.map(({ check, place, subject, message }) => `${place.file} ${check} ${subject}: ${message}`),
  ).toEqual([]);
});

test('a metric that is renamed in its definition is renamed in everything', () => {
  const names = new Set<string>();
  const usual = JSON.stringify(wholeWatches({ defined: ({ name }) => names.add(name) }));
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]{3,8}$/), (word) => {
      const named = (name: string): string => `zz_${word}_${name.split('').toReversed().join('')}`;
      const renamed = JSON.stringify(wholeWatches({ named }));
      let restored = renamed;
      for (const name of names) {
        // Followed by conditions, the rest of a histogram's name, or the end of a query.
        expect(renamed, name).not.toMatch(new RegExp(`\\b${name}(_bucket|_sum|_count)?[{[]`));
        restored = restored.replaceAll(new RegExp(`\\b${named(name)}(?=_bucket|_sum|_count|\\b)`, 'g'), name);
      }
      expect(restored).toBe(usual);
    }),
    { numRuns: 5 },
  );
});

describe('definitions of the client', () => {
  const registry = createRegistry();

  test('are read as definitions that are data', () => {
    const requests = counter({
      name: 'web_requests_total',
      help: 'Requests.',
      labels: { route: label, code: label },
      registry,
    });
    const duration = histogram({
      name: 'web_duration_seconds',
      help: 'Durations.',
      unit: 'seconds',
      labels: { route: label },
      registry,
    });
    const inFlight = gauge({ name: 'web_in_flight', help: 'Under way.', mode: 'live max', registry });
    const ofClient = httpWatch({ requests, duration, inFlight }, { where: { job: 'web' }, inFlightMax: 5 });
    const ofData = httpWatch(
      {
        requests: { type: 'counter', name: 'web_requests_total', labels: { route: 'open', code: 'open' } },
        duration: { type: 'histogram', name: 'web_duration_seconds', labels: { route: 'open' } },
        inFlight: { type: 'gauge', name: 'web_in_flight', labels: {}, mode: 'live max' },
      },
      { where: { job: 'web' }, inFlightMax: 5 },
    );
    expect(renderRuleFile(ofClient.groups)).toBe(renderRuleFile(ofData.groups));
    expect(panelsOf(ofClient)).toBe(panelsOf(ofData));
    expect(renderRuleFile(ofClient.groups)).toContain('max(web_in_flight{job="web"}) > 5');
  });

  test('of an operation fit as they are, and what was broken off is no failure', () => {
    const work = operation({ name: 'export', help: 'Exports', labels: { format: ['pdf', 'csv'] }, registry });
    const { rows, groups } = jobsWatch(
      { total: work.total, duration: work.duration, active: work.inProgress },
      { by: 'format' },
    );
    const failing = groups[0]!.rules.find(({ name }) => name === 'JobsFailing')!;
    expect(failing.expr).toBe(
      'sum by (format) (increase(exports_total{outcome="error"}[15m])) / (sum by (format) (increase(exports_total[15m])) >= 5) > 0.1',
    );
    expect(rows[0]!.panels.map(({ title }) => title)).toContain('Share that fails');
  });

  test('are told apart by the compiler', () => {
    const level = gauge({ name: 'level', help: 'Level.', registry });
    const total = counter({ name: 'events_total', help: 'Events.', registry });
    // @ts-expect-error a gauge is no counter
    expect(() => httpWatch({ requests: level })).toThrow('httpWatch: requests: level is a gauge');
    // @ts-expect-error a counter is no gauge
    expect(() => storageWatch({ usage: total })).toThrow('storageWatch: usage: events_total is a counter');
    // @ts-expect-error a counter is no histogram
    expect(() => uploadsWatch({ total, size: total })).toThrow(
      'uploadsWatch: size: events_total is a counter',
    );
    // @ts-expect-error there is no alert of this name
    expect(() => serviceWatch({}, { alerts: { HttpFailing: false } })).toThrow('no alert HttpFailing');
  });
});

test('labels that an instrument does not have do not compile', () => {
  const registry = createRegistry();
  const total = counter({
    name: 'mails_total',
    help: 'Mails.',
    labels: { queue: label, outcome: ['sent', 'failed'] },
    registry,
  });
  const took = histogram({
    name: 'mail_seconds',
    help: 'Durations.',
    unit: 'seconds',
    labels: { model: label },
    registry,
  });
  expect(jobsWatch({ total }, { by: 'queue', statusLabel: 'outcome' }).groups).toHaveLength(1);
  // @ts-expect-error it is called queue
  expect(() => jobsWatch({ total }, { by: 'queu' })).toThrow('no label queu; its labels are queue, outcome');
  // @ts-expect-error it is called outcome
  expect(() => uploadsWatch({ total }, { statusLabel: 'result' })).toThrow('no label result');
  // @ts-expect-error the requests have no endpoint
  expect(() => httpWatch({ requests: total }, { endpointLabel: 'endpoint' })).toThrow('no label endpoint');
  // @ts-expect-error its operations are told apart by nothing that is called so
  expect(() => databaseWatch({ duration: took }, { by: 'operation' })).toThrow('no label operation');
  const processed = { type: 'counter', name: 'texts_total', labels: { result: ['ok', 'failed'] } } as const;
  expect(transcriptionWatch({ processed, duration: took }, { modelLabel: 'model' }).rows).toHaveLength(2);
  // @ts-expect-error it is called model
  expect(() => transcriptionWatch({ processed, duration: took }, { modelLabel: 'name' })).toThrow(
    'no label name',
  );
  // @ts-expect-error parts of an instrument have the names that they have
  expect(jobsWatch({ total, durations: took }).rows).toHaveLength(2);
});

const requests = { type: 'counter', name: 'requests_total', labels: { status: 'open' } } as const;
const closed = (...status: string[]) =>
  ({ type: 'counter', name: 'jobs_total', labels: { status } }) as const;

describe('what cannot be meant is refused', () => {
  test.each<[what: string, make: () => unknown, message: string]>([
    [
      'what is no metric',
      () => httpWatch({ requests: {} as typeof requests }),
      'httpWatch: requests is no metric: take one of @binnacle/metrics, or { name, type, labels }',
    ],
    [
      'a metric of another kind',
      () => httpWatch({ requests, duration: requests as never }),
      'httpWatch: duration: requests_total is a counter, and a histogram is needed',
    ],
    [
      'a label that the metric does not have',
      () => httpWatch({ requests }, { endpointLabel: 'route' as never }),
      'httpWatch: requests_total has no label route; its labels are status',
    ],
    [
      'a failure that is no value of the label',
      () => jobsWatch({ total: closed('done', 'failed') }, { failures: ['lost'] }),
      'jobsWatch: total: status of jobs_total is never "lost"; its values are done, failed',
    ],
    [
      'endings of which nothing says that they are failures',
      () => jobsWatch({ total: closed('good', 'bad') }),
      'jobsWatch: total: no value of status of jobs_total says that something failed (good, bad): give failures, [] for none',
    ],
    [
      'failures where no label tells endings',
      () =>
        uploadsWatch({ total: { type: 'counter', name: 'files_total', labels: {} } }, { failures: ['x'] }),
      'uploadsWatch: total: files_total has no label that tells failures; name it as statusLabel',
    ],
    [
      'an alert that the watch does not have',
      () =>
        searchWatch({ queries: closed('success', 'failed') }, { alerts: { SearchSlwo: false } as object }),
      'watch "Search" has no alert SearchSlwo; its alerts are SearchFailing, SearchSlow, SearchFindsNothing, SearchIndexStale',
    ],
    [
      'a limit of events that there are not',
      () => eventsWatch({ exports: requests }, { perSecondMax: { export: 1 } as object }),
      'eventsWatch: there are no events "export"; there are exports',
    ],
    [
      'lookups of which nothing tells hits',
      () => cacheWatch({ lookups: { type: 'counter', name: 'lookups_total', labels: { op: 'open' } } }),
      'cacheWatch: lookups_total has no label that tells hits: name it as resultLabel',
    ],
    [
      'percents where a share is wanted',
      () => jobsWatch({ total: closed('done', 'failed') }, { failureShareMax: 5 }),
      'failureShareMax 5 is no share from 0 to 1: for 5 % give 0.05',
    ],
    [
      'a limit that no bucket reaches, so that the alert would never fire',
      () =>
        httpWatch({ requests, duration: { type: 'histogram', name: 'took', labels: {}, buckets: [0.5, 1] } }),
      'secondsMax 1: no quantile of took is ever above its greatest bucket, 1: give a smaller one, or the histogram a greater bucket',
    ],
    [
      'a quota that is none',
      () => storageWatch({ usage: { type: 'gauge', name: 'used', labels: {} } }, { quotaBytes: 0 }),
      'storageWatch: quotaBytes 0 is no number of bytes',
    ],
  ])('%s', (_what, make, message) => {
    expect(make).toThrow(message);
  });
});

describe('what a watch is told', () => {
  const rulesOf = (watch: Watch) => watch.groups.flatMap(({ rules }) => rules);

  test('changes single alerts, and leaves their runbook', () => {
    const watch = serviceWatch(
      {},
      {
        where: { job: 'web' },
        runbookUrl: 'https://example.org/runbooks',
        labels: { team: 'shop' },
        alerts: {
          ServiceDown: { name: 'WebDown', severity: 'warning', for: '1m', keepFiringFor: '0s' },
          ServiceAbsent: false,
        },
      },
    );
    expect(rulesOf(watch)).toMatchObject([
      {
        name: 'WebDown',
        forMs: 60_000,
        keepFiringForMs: 0,
        labels: { job: 'web', severity: 'warning', team: 'shop' },
        annotations: { runbook_url: 'https://example.org/runbooks#service-down' },
      },
    ]);
  });

  test('tells two of a kind apart', () => {
    const total = closed('done', 'failed');
    const [mail, video] = [
      jobsWatch({ total }, { name: 'Mail' }),
      jobsWatch({ total }, { name: 'Video jobs' }),
    ];
    expect([mail!.groups[0]!.name, video!.groups[0]!.name]).toEqual(['jobs-mail', 'jobs-video-jobs']);
    expect(video!.rows[0]!.title).toBe('Video jobs');
    expect(rulesOf(video!)[0]!.labels).toEqual({ severity: 'warning', watch: 'video-jobs' });
  });

  test('parts that are absent have no panels and no alerts', () => {
    const bare = httpWatch({ requests: { type: 'counter', name: 'hits_total', labels: {} } });
    expect(bare.rows.map(({ panels }) => panels.map(({ title }) => title))).toEqual([['Requests']]);
    expect(bare.groups).toEqual([]);
  });

  test('which values are failures, of open and of closed labels', () => {
    const shareOf = (watch: Watch) => rulesOf(watch)[0]!.expr.split(' / ')[0];
    expect(shareOf(jobsWatch({ total: requests }, { failures: ['a.b'] }))).toContain('{status="a.b"}');
    expect(shareOf(jobsWatch({ total: requests }, { failures: ['a.b', 'c'] }))).toContain(
      '{status=~"a\\\\.b|c"}',
    );
    expect(shareOf(jobsWatch({ total: requests }, { failures: '4..|5..' }))).toContain('{status=~"4..|5.."}');
    expect(shareOf(jobsWatch({ total: closed('done', 'failed_size', 'timeout') }))).toContain(
      '{status=~"failed_size|timeout"}',
    );
    expect(shareOf(jobsWatch({ total: closed('started', 'done', 'error') }))).toContain('{status="error"}');
  });

  test('what has begun is not counted as ended', () => {
    const [failing] = rulesOf(jobsWatch({ total: closed('started', 'done', 'error') }));
    expect(failing!.expr).toContain('(sum(increase(jobs_total{status=~"done|error"}[15m])) >= 5)');
    const [open] = rulesOf(jobsWatch({ total: requests }, { failures: ['failed'], beginnings: ['started'] }));
    expect(open!.expr).toContain('(sum(increase(requests_total{status!="started"}[15m])) >= 5)');
  });
});
