// biome-ignore-all lint/suspicious/noTemplateCurlyInString: compose fills them in
/** Questions that reach further back than samples are kept, in files and in what a configuration defines. */
import { expect, test } from 'vitest';
import {
  checkRepository,
  dashboard,
  defineConfig,
  type EnvironmentSpec,
  ratio,
  record,
  ruleGroup,
  slo,
  timeseries,
} from '../../dist/index.js';
import { type Files, suite } from './check-suite.ts';

const compose = (...flags: readonly string[]): Files => ({
  'compose.yml': `services: {prometheus: {image: "prom/prometheus:v3.5.0", command: ${JSON.stringify(flags)}}}`,
});
const KEPT = compose('--storage.tsdb.retention.time=15d');
const rules = (expr: string): Files => ({
  'rules.yml': `groups:\n- name: a\n  rules:\n  - record: job:a:b\n    expr: ${expr}`,
});
const board = (panel: object): Files => ({
  'board.json': JSON.stringify({
    title: 'B',
    schemaVersion: 39,
    panels: [{ id: 1, type: 'stat', title: 'P', ...panel }],
  }),
});

suite('short-retention', {
  reported: [
    [
      'a range',
      { ...KEPT, ...rules('max_over_time(jobs_pending[20d])') },
      ['rules.yml:5:25 warning: record job:a:b looks back 20d, and compose.yml keeps samples for 15d'],
    ],
    [
      'an offset, with its range',
      { ...KEPT, ...rules('max_over_time(jobs_pending[1d] offset 14d12h)') },
      ['rules.yml:5:25 warning: record job:a:b looks back 15d12h, and compose.yml keeps samples for 15d'],
    ],
    [
      'a subquery around an offset',
      { ...KEPT, ...rules('max_over_time(sum(jobs_pending offset 8d)[8d:1h])') },
      ['rules.yml:5:25 warning: record job:a:b looks back 16d, and compose.yml keeps samples for 15d'],
    ],
    [
      'a command in one line, with the older flag',
      {
        'compose.yml':
          'services: {prometheus: {image: "prom/prometheus:v3.5.0", command: --log.level=info --storage.tsdb.retention=10d}}',
        ...rules('max_over_time(jobs_pending[11d])'),
      },
      ['rules.yml:5:25 warning: record job:a:b looks back 11d, and compose.yml keeps samples for 10d'],
    ],
    [
      'a query of a panel',
      { ...KEPT, ...board({ targets: [{ refId: 'A', expr: 'max_over_time(jobs_pending[20d])' }] }) },
      ['board.json:1:123 warning: panel "P" looks back 20d, and compose.yml keeps samples for 15d'],
    ],
    [
      'the time of a panel',
      { ...KEPT, ...board({ timeFrom: '10d', timeShift: '10d' }) },
      ['board.json:1:88 warning: panel "P" looks back 20d, and compose.yml keeps samples for 15d'],
    ],
  ],
  silent: [
    ['as long as is kept', { ...KEPT, ...rules('max_over_time(jobs_pending[15d])') }],
    ['what nobody says', { ...compose(), ...rules('max_over_time(jobs_pending[1y])') }],
    [
      'what a variable says',
      { ...compose('--storage.tsdb.retention.time=${KEPT}'), ...rules('jobs_pending offset 1y') },
    ],
    ['a fixed time', { ...KEPT, ...rules('max_over_time(jobs_pending[20d] @ 1700000000)') }],
    [
      'one of several that keeps it',
      {
        ...KEPT,
        'compose.prod.yml': Object.values(compose('--storage.tsdb.retention.time=90d'))[0]!,
        ...rules('max_over_time(jobs_pending[20d])'),
      },
    ],
    [
      'what is sent on',
      {
        ...KEPT,
        'prometheus.yml': 'scrape_configs: []\nremote_write:\n- url: https://example.com\n',
        ...rules('max_over_time(jobs_pending[20d])'),
      },
    ],
    [
      'what Thanos keeps',
      {
        'compose.yml': `${KEPT['compose.yml']!.slice(0, -1)}, thanos: {image: "thanosio/thanos:v0.40.0"}}`,
        ...rules('max_over_time(jobs_pending[20d])'),
      },
    ],
    [
      'the time that the reader chooses',
      { ...KEPT, ...board({ targets: [{ refId: 'A', expr: 'max_over_time(jobs_pending[$__range])' }] }) },
    ],
  ],
});

/** What is found in a configuration with an objective over 60 days, a rule over 40 and a panel over 100. */
function inConfig(environments: {
  readonly production?: EnvironmentSpec;
  readonly development?: EnvironmentSpec;
}): string[] {
  const jobs = { name: 'jobs_total', type: 'counter', labels: { status: ['ok', 'failed'] } } as const;
  const config = defineConfig({
    name: 'shop',
    services: [{ name: 'shop', targets: ['localhost:9464'], metrics: [jobs] }],
    rules: [ruleGroup('jobs', [record('job:jobs:increase40d', 'sum by (job) (increase(jobs_total[40d]))')])],
    dashboards: [
      dashboard({
        title: 'Jobs',
        panels: [timeseries({ title: 'Jobs', expr: 'sum(increase(jobs_total[100d]))' })],
      }),
    ],
    slos: [
      slo('jobs', {
        description: 'Jobs end well.',
        objective: 0.99,
        period: '60d',
        events: ratio({ total: 'jobs_total', bad: 'jobs_total{status="failed"}' }),
      }),
    ],
    ...environments,
  });
  const { problems } = checkRepository(
    { files: new Map(), project: { config, path: 'binnacle.config.ts' } },
    { nowMs: 0 },
  );
  return problems
    .filter(({ check }) => check === 'short-retention')
    .map(({ severity, message }) => `${severity} ${message}`)
    .sort();
}

test('what a configuration defines is compared with what its environments keep', () => {
  expect(inConfig({})).toEqual([
    'info record job:jobs:increase40d looks back 40d, and development keeps samples for 30d',
    'info the period of the objective jobs is 60d, and development keeps samples for 30d',
    'warning panel "Jobs" looks back 100d, and production keeps samples for 90d',
  ]);
  expect(inConfig({ production: { retentionTime: '50d' }, development: { retentionTime: '1y' } })).toEqual([
    'warning panel "Jobs" looks back 100d, and production keeps samples for 50d',
    'warning the period of the objective jobs is 60d, and production keeps samples for 50d',
  ]);
  expect(inConfig({ production: { retentionTime: '1y' }, development: { retentionTime: '1y' } })).toEqual([]);
});
