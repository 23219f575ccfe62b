/**
 * Tests of the alerts: `binnacle test asset-platform.rules.ts`. Each is silent while all is well, fires over its
 * trouble, and ends after it; and is silent where the trouble stays just below the limit.
 */
import {
  type DurationText,
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
/** Minutes from one sample, and one evaluation, to the next. */
const STEP = 2;
/** How far samples are from each other, and when it is looked at: before, in and after trouble. */
interface Pace {
  readonly every: DurationText;
  readonly before: DurationText;
  readonly during: DurationText;
  readonly after: DurationText;
}

const MINUTES: Pace = { every: `${STEP}m`, before: '38m', during: '94m', after: '154m' };
/** For what is held against six hours. */
const HOURS: Pace = { every: '10m', before: '390m', during: '830m', after: '1280m' };

/** A counter that grows by so much in a minute while all is well, and by so much in trouble. */
function counts(well: number, wrong: number): string {
  let total = 0;
  return PHASES.map((minutes, i) => {
    const perMinute = i === 1 ? wrong : well;
    const from = total;
    total += perMinute * minutes;
    return `${from}+${perMinute * STEP}x${minutes / STEP - 1}`;
  }).join(' ');
}

/** A gauge that has one value while all is well, and another in trouble. */
function levels(well: number | '_', wrong: number | '_'): string {
  return PHASES.map((minutes, i) => `${i === 1 ? wrong : well}x${minutes / STEP - 1}`).join(' ');
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

/** One alert of one service: series over which it fires, and series over which it does not, though they come near. */
interface Case {
  readonly alert: string;
  readonly job: string;
  readonly trouble: readonly string[];
  readonly below: readonly string[];
  readonly pace: Pace;
}

function alertOf(
  alert: string,
  job: string,
  trouble: readonly string[],
  below: readonly string[],
  pace: Pace = MINUTES,
): Case {
  return { alert, job, trouble, below, pace };
}

/**
 * The cases as a few tests: those that share no series go wrong together, because a test evaluates all rules all the
 * time, whatever it is about. As many alerts of a name must fire as there are cases of it.
 */
function together(name: string, cases: readonly Case[], which: 'trouble' | 'below'): RuleTest[] {
  const parts: { readonly pace: Pace; readonly taken: Set<string>; readonly cases: Case[] }[] = [];
  for (const one of cases) {
    const names = one[which].map((text) => text.slice(0, text.lastIndexOf('} ')));
    let part = parts.find(({ pace, taken }) => pace === one.pace && !names.some((key) => taken.has(key)));
    if (part === undefined) {
      part = { pace: one.pace, taken: new Set(), cases: [] };
      parts.push(part);
    }
    for (const key of names) part.taken.add(key);
    part.cases.push(one);
  }
  return parts.map(({ pace: { every, before, during, after }, cases: own }, i) => {
    const alerts = [...new Set(own.map(({ alert }) => alert))];
    return ruleTest(`${name}, ${i + 1} of ${parts.length}`, {
      every,
      series: own.flatMap((one) => one[which]),
      expect: alerts.flatMap((alert) => {
        const expected = own
          .filter((one) => one.alert === alert)
          .map(({ job }) => ({ labels: { job, system } }));
        return [
          silent(alert, before),
          which === 'trouble' ? fires(alert, during, expected) : silent(alert, during),
          silent(alert, after),
        ];
      }),
    });
  });
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
  const up = (values: string): string[] => [`up{job="${job}",instance="a:1",system="${system}"} ${values}`];
  const runtimeOf = (alert: string, trouble: readonly string[], below: readonly string[]): Case =>
    alertOf(alert, job, trouble, below);
  return [
    alertOf('ServiceDown', job, up(levels(1, 0)), up(levels(1, 1))),
    alertOf('ServiceAbsent', job, up(levels(1, '_')), up(levels(1, 0))),
    alertOf('HttpFailing', job, requests(54, 6), requests(58, 2)),
    alertOf('HttpSlow', job, slow(10), slow(1)),
    runtimeOf(
      'RuntimeEventLoopBlocked',
      [series(runtime.eventLoopLag, instance, levels(0.02, 0.51))],
      [series(runtime.eventLoopLag, instance, levels(0.02, 0.5))],
    ),
    runtimeOf(
      'RuntimeEventLoopBusy',
      [series(runtime.eventLoopUtilization, instance, levels(0.3, 0.91))],
      [series(runtime.eventLoopUtilization, instance, levels(0.3, 0.9))],
    ),
    runtimeOf(
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
    runtimeOf(
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
    runtimeOf(
      'RuntimeRestarting',
      [series(runtime.startTime, instance, '0x20 2400x6 3200x6 4000x6 4700x50')],
      [series(runtime.startTime, instance, '0x20 2400x6 3200x6 4000x60')],
    ),
  ];
});

/** A counter of work that ends well or fails, by the label `status`. */
const endings =
  (
    metric: Parameters<typeof series>[0],
    labels: Readonly<Record<string, string>>,
    [good, bad]: readonly [good: string, bad: string],
  ) =>
  (well: number, failed: number): string[] => [
    series(metric, { ...labels, status: good }, counts(10, well)),
    series(metric, { ...labels, status: bad }, counts(0, failed)),
  ];

const ofDatabases = [assets, files, search, transcode].flatMap(({ SERVICE: job, database }) => {
  const labels = { job, instance: 'a:1', system, operation: 'select', table: 'things' };
  const slow = (wrong: number): string[] =>
    observed(database.duration, labels, DATABASE_BOUNDS, { well: 0.005, wrong });
  const { connections, connectionsMax, waiting, errors } = database;
  const instance = { job, instance: 'a:1', system };
  const used = (wrong: number): string[] => [
    series(connections, instance, levels(1, wrong)),
    series(connectionsMax, instance, levels(10, 10)),
  ];
  const failing = (wrong: number): string[] => [
    series(errors, { ...instance, error_type: 'connection' }, counts(0, wrong)),
  ];
  return [
    alertOf('DatabaseSlow', job, slow(2.5), slow(0.5)),
    alertOf('DatabaseFailing', job, failing(61), failing(60)),
    alertOf('DatabaseConnectionsHigh', job, used(9), used(8)),
    alertOf(
      'DatabaseWaiting',
      job,
      [series(waiting, instance, levels(0, 1))],
      [series(waiting, instance, levels(0, 0))],
    ),
  ];
});

const ofCalls = [gateway, assets, files, transcode].flatMap(({ SERVICE: job, calls }) => {
  const labels = { job, instance: 'a:1', system, host: 'files:8002', method: 'GET' };
  const ended = endings(calls.calls, labels, ['200', 'timeout']);
  return alertOf('DependencyFailing', job, ended(88, 12), ended(91, 9));
});

const gatewayInstance = { job: gateway.SERVICE, instance: 'a:1', system };
const dependency = (wrong: number): string[] => [
  series(gateway.health.up, { ...gatewayInstance, dependency: 'database' }, levels(1, wrong)),
  series(gateway.health.up, { ...gatewayInstance, dependency: 'files' }, levels(1, 1)),
];
const machine = gateway.system;
const memory = (wrong: number): string[] => [
  series(machine.memoryUsed, gatewayInstance, levels(500, wrong)),
  series(machine.memoryTotal, gatewayInstance, levels(1000, 1000)),
];
/** Of two processors, 120 seconds a minute. */
const processors = (wrong: number): string[] => [
  series(machine.cpu, { ...gatewayInstance, mode: 'user' }, counts(10, wrong)),
  series(machine.cpuCores, gatewayInstance, levels(2, 2)),
];
const heldBack = (wrong: number): string[] => [
  series(machine.throttled, gatewayInstance, counts(0, wrong)),
  series(machine.periods, gatewayInstance, counts(600, 600)),
];

const filesInstance = { job: files.SERVICE, instance: 'a:1', system };
const fileSystem = { ...filesInstance, mountpoint: '/data' };
const used = (values: string): string[] => [
  series(files.disk.diskUsed, fileSystem, values),
  series(files.disk.diskTotal, fileSystem, '1000x160'),
];
const full = (wrong: number): string[] => used(levels(500, wrong));
/** Level for 400 minutes, growing for 480, level again. */
const growing = (perStep: number): string[] => used(`350x39 350+${perStep}x47 ${350 + 47 * perStep}x48`);
const uploads = endings(files.uploads.total, filesInstance, ['success', 'failed_error']);
const stuck = (ended: number): string[] => [
  series(files.uploads.inProgress, filesInstance, levels(0, 1)),
  series(files.uploads.total, { ...filesInstance, status: 'success' }, counts(1, ended)),
];

const searchInstance = { job: search.SERVICE, instance: 'a:1', system };
const searches = (found: number): string[] =>
  search.QUERY_TYPES.flatMap((query_type) => [
    series(search.searchQueries, { ...searchInstance, query_type }, counts(5, 5)),
    series(search.searchResults, { ...searchInstance, query_type }, counts(20, found)),
  ]);

const transcodeInstance = { job: transcode.SERVICE, instance: 'a:1', system };
const jobs = endings(transcode.transcodeJobs, transcodeInstance, ['completed', 'failed']);

const cases: readonly Case[] = [
  ...ofServices,
  ...ofDatabases,
  ...ofCalls,
  alertOf('DependencyDown', gateway.SERVICE, dependency(0), dependency(1)),
  alertOf('SystemMemoryHigh', gateway.SERVICE, memory(901), memory(900)),
  alertOf('SystemCpuBusy', gateway.SERVICE, processors(109), processors(107)),
  alertOf('SystemThrottled', gateway.SERVICE, heldBack(151), heldBack(150)),
  alertOf('SystemDiskNearlyFull', files.SERVICE, full(851), full(850)),
  alertOf('SystemDiskFillingUp', files.SERVICE, growing(5), growing(2.5), HOURS),
  alertOf('UploadsFailing', files.SERVICE, uploads(70, 30), uploads(81, 19)),
  alertOf('UploadsStuck', files.SERVICE, stuck(0), stuck(0.1)),
  alertOf('SearchFindsNothing', search.SERVICE, searches(0), searches(0.1)),
  alertOf('TranscodeFailing', transcode.SERVICE, jobs(74, 26), jobs(76, 24)),
];

export default ruleTests(config, [
  ...together('everything goes wrong', cases, 'trouble'),
  ...together('everything is just below its limit', cases, 'below'),
]);
