/**
 * Tests of the alerts: `binnacle test asset-platform.rules.ts`. Each is silent while all is well, fires over its
 * trouble, and ends after it; and is silent where the trouble stays just below the limit.
 */
import {
  fires,
  type RuleTest,
  ruleTest,
  ruleTests,
  runtimeInstrument,
  series,
  silent,
} from '@binnacle/blueprint';
import config from './binnacle.config.ts';
import * as assets from './src/metrics/assets.ts';
import * as files from './src/metrics/files.ts';
import * as gateway from './src/metrics/gateway.ts';
import * as search from './src/metrics/search.ts';
import * as transcode from './src/metrics/transcode.ts';

const SERVICES = [gateway, assets, files, search, transcode];
const system = 'asset-platform';
const runtime = runtimeInstrument();

/** Minutes of each phase: all is well, something is wrong, all is well again. */
const PHASES = [40, 60, 60] as const;
const BEFORE = '39m';
const IN_TROUBLE = '95m';
const AFTERWARDS = '155m';

/** A counter that grows by so much in a minute while all is well, and by so much in trouble. */
function counts(well: number, wrong: number): string {
  let total = 0;
  return PHASES.map((minutes, i) => {
    const perMinute = i === 1 ? wrong : well;
    const from = total;
    total += perMinute * minutes;
    return `${from}+${perMinute}x${minutes - 1}`;
  }).join(' ');
}

/** A gauge that has one value while all is well, and another in trouble. */
function levels(well: number | '_', wrong: number | '_'): string {
  return PHASES.map((minutes, i) => `${i === 1 ? wrong : well}x${minutes - 1}`).join(' ');
}

/** A histogram that sees `perMinute` values, up to one bound while all is well and up to another in trouble. */
function observed(
  metric: Parameters<typeof series>[0],
  labels: Readonly<Record<string, string>>,
  bounds: readonly number[],
  {
    well,
    wrong,
    perMinute = 60,
  }: { readonly well: number; readonly wrong: number; readonly perMinute?: number },
): string[] {
  return [
    ...[...bounds, Number.POSITIVE_INFINITY].map((bound) =>
      series(
        metric,
        { ...labels, le: bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound) },
        counts(bound >= well ? perMinute : 0, bound >= wrong ? perMinute : 0),
        '_bucket',
      ),
    ),
    series(metric, labels, counts(perMinute, perMinute), '_count'),
  ];
}

/** An alert over a trouble, and over one that is just small enough. */
function alertTests(
  alert: string,
  job: string,
  trouble: readonly string[],
  below: readonly string[],
): RuleTest[] {
  return [
    ruleTest(`${alert} of ${job}`, {
      every: '1m',
      series: trouble,
      expect: [
        silent(alert, BEFORE),
        fires(alert, IN_TROUBLE, [{ labels: { job, system } }]),
        silent(alert, AFTERWARDS),
      ],
    }),
    ruleTest(`no ${alert} of ${job}`, {
      every: '1m',
      series: below,
      expect: [silent(alert, BEFORE), silent(alert, IN_TROUBLE), silent(alert, AFTERWARDS)],
    }),
  ];
}

const HTTP_BOUNDS = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10];
const DATABASE_BOUNDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5];

const ofServices = SERVICES.flatMap(({ SERVICE: job, http }) => {
  const instance = { job, instance: 'a:1', system };
  const route = { ...instance, method: 'GET', endpoint: '/api/v1/things/{id}' };
  const requests = (good: number, failed: number): string[] => [
    series(http.requests, { ...route, status: '200' }, counts(60, good)),
    series(http.requests, { ...route, status: '500' }, counts(0, failed)),
  ];
  const slow = (wrong: number): string[] =>
    observed(http.duration, route, HTTP_BOUNDS, { well: 0.05, wrong });
  const up = (of: string, values: string): string =>
    `up{job="${of}",instance="a:1",system="${system}"} ${values}`;
  const presence = (missing: string): string[] =>
    SERVICES.map(({ SERVICE }) => up(SERVICE, SERVICE === job ? missing : levels(1, 1)));
  const runtimeTests = (alert: string, trouble: readonly string[], below: readonly string[]): RuleTest[] =>
    alertTests(alert, job, trouble, below);
  return [
    ...alertTests('ServiceDown', job, presence(levels(1, 0)), presence(levels(1, 1))),
    ...alertTests('ServiceAbsent', job, presence(levels(1, '_')), presence(levels(1, 0))),
    ...alertTests('HttpFailing', job, requests(54, 6), requests(58, 2)),
    ...alertTests('HttpSlow', job, slow(10), slow(1)),
    ...runtimeTests(
      'RuntimeEventLoopBlocked',
      [series(runtime.eventLoopLag, instance, levels(0.02, 0.51))],
      [series(runtime.eventLoopLag, instance, levels(0.02, 0.5))],
    ),
    ...runtimeTests(
      'RuntimeEventLoopBusy',
      [series(runtime.eventLoopUtilization, instance, levels(0.3, 0.91))],
      [series(runtime.eventLoopUtilization, instance, levels(0.3, 0.9))],
    ),
    ...runtimeTests(
      'RuntimeGarbageCollecting',
      [
        series(runtime.garbageCollection, { ...instance, kind: 'major' }, counts(1, 16), '_sum'),
        series(runtime.cpu, instance, counts(60, 60)),
      ],
      [
        series(runtime.garbageCollection, { ...instance, kind: 'major' }, counts(1, 15), '_sum'),
        series(runtime.cpu, instance, counts(60, 60)),
      ],
    ),
    ...runtimeTests(
      'RuntimeFileDescriptorsHigh',
      [
        series(runtime.openFileDescriptors, instance, levels(20, 81)),
        series(runtime.maxFileDescriptors, instance, levels(100, 100)),
      ],
      [
        series(runtime.openFileDescriptors, instance, levels(20, 80)),
        series(runtime.maxFileDescriptors, instance, levels(100, 100)),
      ],
    ),
    ...runtimeTests(
      'RuntimeRestarting',
      [series(runtime.startTime, instance, '0x40 2400x12 3200x12 4000x12 4700x100')],
      [series(runtime.startTime, instance, '0x40 2400x12 3200x12 4000x120')],
    ),
  ];
});

const ofDatabases = [assets, files, search, transcode].flatMap(({ SERVICE: job, database }) => {
  const labels = { job, instance: 'a:1', system, operation: 'select', table: 'things' };
  const slow = (wrong: number): string[] =>
    observed(database.duration, labels, DATABASE_BOUNDS, { well: 0.005, wrong });
  return alertTests('DatabaseSlow', job, slow(2.5), slow(0.5));
});

const searchInstance = { job: search.SERVICE, instance: 'a:1', system };
const searches = (found: number): string[] =>
  search.QUERY_TYPES.flatMap((query_type) => [
    series(search.searchQueries, { ...searchInstance, query_type }, counts(5, 5)),
    series(search.searchResults, { ...searchInstance, query_type }, counts(20, found)),
  ]);

const transcodeInstance = { job: transcode.SERVICE, instance: 'a:1', system };
const jobs = (completed: number, failed: number): string[] => [
  series(transcode.transcodeJobs, { ...transcodeInstance, status: 'completed' }, counts(10, completed)),
  series(transcode.transcodeJobs, { ...transcodeInstance, status: 'failed' }, counts(0, failed)),
];

export default ruleTests(config, [
  ...ofServices,
  ...ofDatabases,
  ...alertTests('SearchFindsNothing', search.SERVICE, searches(0), searches(0.1)),
  ...alertTests('TranscodeFailing', transcode.SERVICE, jobs(88, 12), jobs(91, 9)),
]);
