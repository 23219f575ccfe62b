/** Why a panel has no data, for every reason that there is, over a server in memory. */
import { describe, expect, test } from 'vitest';
import type { LabelMap, Metadata, RuleGroup, Target } from '../src/api/prometheus.js';
import { diagnose, type ReasonApi, type ServiceMetrics } from '../src/dashboard/diagnose.js';
import type { PanelData } from '../src/dashboard/load-panel.js';
import { selectorsOf } from '../src/dashboard/selectors.js';

const signal = new AbortController().signal;
const window = { fromMs: 1_000_000_000, toMs: 1_000_060_000 };

/** What a monitor knows. */
interface World {
  /** Series that it has stored. */
  readonly stored?: readonly LabelMap[];
  /** Selectors, as they are counted, that have samples in the range. */
  readonly present?: readonly string[];
  /** Undefined where it does not tell. */
  readonly families?: Readonly<Record<string, readonly Metadata[]>> | undefined;
  readonly groups?: readonly RuleGroup[];
  readonly catalog?: readonly ServiceMetrics[];
}

function server({ stored = [], present = [], families, groups = [], catalog = [] }: World): ReasonApi {
  const named = (selector: string | undefined): readonly LabelMap[] => {
    if (selector === undefined) return stored;
    const [{ name, conditions } = { name: '', conditions: [] }] = selectorsOf(selector);
    const metric = name || /__name__="([^"]+)"/.exec(selector)?.[1];
    return stored.filter(
      (labels) =>
        labels.__name__ === metric &&
        conditions.every(({ name: label, op, value }) => op !== '=' || labels[label] === value),
    );
  };
  const nothing = { series: [], warnings: [] };
  return {
    queryRange: () => Promise.resolve(nothing),
    queryInstant: (text) =>
      Promise.resolve(
        present.some((selector) => text === `count(last_over_time(${selector}[60s]))`)
          ? { series: [{ metric: {}, value: [1_000_060, '2'] }], warnings: [] }
          : nothing,
      ),
    labelValues: (label, selector) =>
      Promise.resolve([...new Set(named(selector).flatMap((labels) => labels[label] ?? []))]),
    labelNames: (selector) => Promise.resolve([...new Set(named(selector).flatMap(Object.keys))]),
    series: () => Promise.resolve([]),
    catalog: () => Promise.resolve(catalog),
    metadata: () => (families === undefined ? Promise.reject(new Error('404')) : Promise.resolve(families)),
    ruleGroups: () => Promise.resolve(groups),
  };
}

const target = (job: string, health: Target['health'], lastError = ''): Target => ({
  labels: { job, instance: `${job}:80` },
  discoveredLabels: {},
  scrapePool: job,
  scrapeUrl: `http://${job}/metrics`,
  lastError,
  lastScrape: '',
  lastScrapeDuration: 0,
  health,
  scrapeInterval: '15s',
  scrapeTimeout: '10s',
});

const up = [target('web', 'up')];
const upAndDown = [...up, target('jobs', 'down', 'connection refused')];
const family = (type: string) => [{ type, help: 'Help.', unit: '' }];
const recording = (lastError?: string): RuleGroup => ({
  name: 'rates',
  file: 'rules.yml',
  interval: 15,
  rules: [
    {
      type: 'recording',
      name: 'job:requests:rate5m',
      query: 'sum by (job) (rate(requests_total[5m]))',
      health: 'ok',
      ...(lastError !== undefined && { lastError }),
    },
  ],
});

/** The reason that is found for a query. */
function reason(
  expr: string,
  world: World,
  targets: readonly Target[] = up,
  onlyNaN = false,
): Promise<string> {
  const data: PanelData = {
    window,
    grid: { start: 0, end: 0, step: 1 },
    series: [],
    onlyNaN,
    warnings: [],
    asked: [expr],
  };
  return diagnose(data, targets, signal, server(world));
}

describe('nothing is scraped', () => {
  test('there are no targets', async () => {
    expect(await reason('a', {}, [])).toBe('The monitor has no targets: nothing is scraped.');
  });

  test('all are down', async () => {
    const down = ['web', 'jobs', 'mail'].map((job) => target(job, 'down', 'connection refused'));
    expect(await reason('a', {}, down)).toBe(
      'No target is up. Target web (web:80) is down: connection refused. So are jobs (jobs:80), mail (mail:80).',
    );
  });

  test.each([{}, { stored: [{ __name__: 'a', job: 'jobs' }] }])(
    'the ones that the query is about are down, named, whether they ever answered or not: %o',
    async (world) => {
      expect(await reason('rate(a{job="jobs"}[5m])', world, upAndDown)).toBe(
        'What has these series is not up. Target jobs (jobs:80) is down: connection refused.',
      );
    },
  );

  test('the query is about targets that there are not', async () => {
    expect(await reason('a{job=~"mail|post", b="c"}', {}, upAndDown)).toBe(
      'Nothing with job=~"mail|post" is scraped. The targets are web (web:80), jobs (jobs:80).',
    );
  });

  test('the first scrape is still to come', async () => {
    expect(await reason('a', {}, [target('web', 'unknown')])).toBe('web (web:80) has not been scraped yet.');
  });
});

describe('the metric was never stored', () => {
  const families = {
    uploads_total: family('counter'),
    queue_jobs: family('gauge'),
    request_duration_seconds: family('histogram'),
  };

  test.each([
    { expr: 'uplaods_total', meant: 'uploads_total' },
    { expr: 'queue_job', meant: 'queue_jobs' },
    {
      expr: 'histogram_quantile(0.9, request_durations_seconds_bucket)',
      meant: 'request_duration_seconds_bucket',
    },
  ])('no target has declared it, and $meant was meant', async ({ expr, meant }) => {
    expect(await reason(expr, { families })).toMatch(
      new RegExp(`^No target has declared a metric \\w+\\. Is ${meant} meant\\?$`),
    );
  });

  test('no target has declared it, and nothing is like it', async () => {
    expect(await reason('wholly_other', { families })).toBe('No target has declared a metric wholly_other.');
  });

  test('no target has declared it, but one that is down may', async () => {
    expect(await reason('wholly_other', { families }, upAndDown)).toBe(
      'No target has declared a metric wholly_other. Target jobs (jobs:80) is down: connection refused.',
    );
  });

  test.each([
    { expr: 'rate(uploads_total[5m])', said: 'nothing has happened that it counts' },
    { expr: 'queue_jobs', said: 'no value has been set' },
    { expr: 'request_duration_seconds_bucket', said: 'nothing has happened that it counts' },
    { expr: 'request_duration_seconds_sum', said: 'nothing has happened that it counts' },
  ])('a target has declared it: $expr', async ({ expr, said }) => {
    expect(await reason(expr, { families })).toMatch(new RegExp(`^\\w+ is declared, and ${said} yet\\.$`));
  });

  test('OpenMetrics declares a counter without the end of its name', async () => {
    expect(await reason('mails_total', { families: { mails: family('counter') } })).toMatch(/is declared/);
  });

  test('the server does not tell what targets declare', async () => {
    expect(await reason('mails_total', {}, upAndDown)).toBe(
      'The metric mails_total has never been scraped. Target jobs (jobs:80) is down: connection refused.',
    );
  });

  test('what only sounds like a part of a family is none', async () => {
    expect(await reason('queue_jobs_total', { families })).toMatch(/^No target .* Is queue_jobs meant\?$/);
  });

  test('a histogram has series by other names', async () => {
    const stored = [{ __name__: 'request_duration_seconds_bucket', le: '1' }];
    expect(await reason('request_duration_seconds', { families, stored })).toBe(
      'request_duration_seconds is a histogram: its series are request_duration_seconds_bucket, request_duration_seconds_count and request_duration_seconds_sum.',
    );
  });

  test('a service of the project has it, but not the one that runs', async () => {
    const catalog = [
      { job: 'web', metrics: ['uploads_total', 'refund_duration_seconds'] },
      { job: 'jobs', metrics: ['refund_duration_seconds'] },
    ];
    expect(await reason('refund_duration_seconds_bucket', { families, catalog })).toBe(
      'refund_duration_seconds_bucket is in the catalog of web, jobs, and no target that answers has declared it: is that version of the service running?',
    );
    expect(await reason('refund_duration_seconds_bucket', { families, catalog }, upAndDown)).toMatch(
      /running\? Target jobs \(jobs:80\) is down: connection refused\.$/,
    );
    expect(await reason('refund_durations_seconds', { families, catalog })).toBe(
      'No target has declared a metric refund_durations_seconds, and the catalog has none. Is refund_duration_seconds meant?',
    );
  });

  test('a rule records it', async () => {
    expect(await reason('job:requests:rate5m', { groups: [recording()] })).toBe(
      'The rule that records job:requests:rate5m, in group rates, has given nothing yet: sum by (job) (rate(requests_total[5m]))',
    );
    expect(await reason('job:requests:rate5m', { groups: [recording('found duplicate series')] })).toBe(
      'The rule that records job:requests:rate5m, in group rates, fails: found duplicate series',
    );
    expect(await reason('job:requests:rate1m', { families, groups: [recording()] })).toMatch(
      /^No target has declared/,
    );
  });

  test('no alert was ever active', async () => {
    expect(await reason('ALERTS{alertstate="firing"}', {})).toBe('No alert has been pending or firing yet.');
  });
});

describe('the metric has series', () => {
  const stored = [
    { __name__: 'a', job: 'web', status: 'success', size: 'small' },
    { __name__: 'a', job: 'web', status: 'failed', size: 'large' },
  ];

  test.each([
    { expr: 'a{status="sucess"}', says: 'status="sucess"', meant: ' Is "success" meant?' },
    { expr: 'a{status=~"lost|gone"}', says: 'status=~"lost|gone"', meant: '' },
    { expr: 'sum(rate(a{job="web", status="x"}[5m]))', says: 'status="x"', meant: '' },
  ])('but none with such a value: $expr', async ({ expr, says, meant }) => {
    expect(await reason(expr, { stored })).toBe(
      `No series of a has ${says}; status is "success", "failed" there.${meant}`,
    );
  });

  test('but no such label', async () => {
    expect(await reason('a{state="success"}', { stored })).toBe(
      'a has no label state; it has job, status, size.',
    );
    expect(await reason('a{statuss="success"}', { stored })).toMatch(/ Is status meant\?$/);
  });

  test('but none with all of it at once', async () => {
    expect(await reason('a{status="failed", size="small"}', { stored })).toBe(
      'No series matches a{size="small",status="failed"}.',
    );
  });

  test('but no samples in the range', async () => {
    expect(await reason('a{status="failed"}', { stored }, upAndDown)).toBe(
      'a{status="failed"} has series, but no sample in the 60 s that are shown. Target jobs (jobs:80) is down: connection refused.',
    );
  });

  test('a condition that a missing label meets too is no reason', async () => {
    expect(await reason('a{state!="x"}', { stored })).toMatch(/has series, but no sample/);
  });

  test('and the query makes nothing of them', async () => {
    const world = { stored, present: ['a'] };
    expect(await reason('a / a', world, up, true)).toMatch(/nothing to divide by/);
    expect(await reason('a > 5', world)).toMatch(/gives no value in this range/);
  });
});
