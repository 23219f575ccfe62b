/**
 * What we watch: the four dashboards of the document, and the alerts of each service.
 *
 * All of it is made of watches, functions of the definitions in `metrics/`, and of a few panels that set the services
 * beside each other. Everything is bound to the targets that carry `system="asset-platform"`, because other systems
 * under the same monitor have metrics of the same names.
 */
import {
  type Dashboard,
  dashboard,
  databaseWatch,
  dependenciesWatch,
  httpWatch,
  pie,
  type Row,
  type RuleGroup,
  row,
  runtimeInstrument,
  runtimeWatch,
  type ServiceSpec,
  searchWatch,
  serviceWatch,
  stat,
  storageWatch,
  systemWatch,
  timeseries,
  transcodeWatch,
  uploadsWatch,
  type Watch,
} from '@binnacle/blueprint';
import {
  div,
  histogramQuantile,
  increase,
  max,
  min,
  mul,
  or,
  rate,
  re,
  selectors,
  sum,
  topk,
} from '@binnacle/promql/builder';
import * as assets from './metrics/assets.ts';
import * as files from './metrics/files.ts';
import * as gateway from './metrics/gateway.ts';
import * as search from './metrics/search.ts';
import * as transcode from './metrics/transcode.ts';

/** The value of the label `system` on everything that the platform exposes. */
export const SYSTEM = 'asset-platform';

/** The port of each service's metrics, where nobody else has it. */
const METRICS_PORTS = {
  gateway: 9090,
  assets: 9091,
  files: 9092,
  search: 9093,
  transcode: 9094,
} as const;

const MODULES = { gateway, assets, files, search, transcode };

/** One of the services. */
export type ServiceName = keyof typeof MODULES;

const NAMES = Object.keys(MODULES) as readonly ServiceName[];

/** How the services are scraped where they have their usual ports. */
export const services: Readonly<Record<ServiceName, ServiceSpec>> = {
  gateway: service('gateway'),
  assets: service('assets'),
  files: service('files'),
  search: service('search'),
  transcode: service('transcode'),
};

function service(name: ServiceName): ServiceSpec {
  return {
    name: MODULES[name].SERVICE,
    metrics: [MODULES[name], runtimeInstrument()],
    labels: { system: SYSTEM },
    targets: [`localhost:${METRICS_PORTS[name]}`],
  };
}

const RUNBOOKS = 'docs/watches.md';
const of = (name: ServiceName) => ({
  where: { system: SYSTEM, job: MODULES[name].SERVICE },
  runbookUrl: RUNBOOKS,
});

/** Uploads, downloads and transcoding take as long as files are large, so that only quick answers are held to a time. */
const SLOW_SECONDS: Readonly<Record<ServiceName, number>> = {
  gateway: 5,
  assets: 1,
  files: 5,
  search: 1,
  transcode: 2.5,
};

/** What a watch is about, and the service where there are several of a kind. */
interface Watched {
  readonly name: ServiceName;
  readonly watch: Watch;
}

const watchedBy = (names: readonly ServiceName[], make: (name: ServiceName) => Watch): Watched[] =>
  names.map((name) => ({ name, watch: make(name) }));

const answering = watchedBy(NAMES, (name) =>
  httpWatch(MODULES[name].http, { ...of(name), secondsMax: SLOW_SECONDS[name] }),
);
const storing = watchedBy(
  NAMES.filter((name) => name !== 'gateway'),
  (name) => databaseWatch(MODULES[name].database, of(name)),
);
const calling = (['assets', 'files', 'transcode'] as const).map((name) => ({
  name,
  watch: dependenciesWatch(MODULES[name].calls, of(name)),
}));
const passingOn = dependenciesWatch(gateway.calls, of('gateway'));
/** Whether services and database are well; under a name, since the gateway's calls are watched as well. */
const healthy = dependenciesWatch({ up: gateway.health.up }, { ...of('gateway'), name: 'Health' });
const machine = systemWatch(gateway.system, of('gateway'));
const { diskUsed, diskTotal } = files.disk;
const disk = systemWatch({ diskUsed, diskTotal }, of('files'));
const stored = storageWatch(files.disk, of('files'));
/** Mistakes of clients, and those that go away, wake nobody. */
const uploading = uploadsWatch(files.uploads, { ...of('files'), failures: ['failed_error'] });
const running = watchedBy(NAMES, (name) => runtimeWatch(runtimeInstrument(), of(name)));
const present = NAMES.map((name) => serviceWatch({}, of(name)));
const searching = searchWatch(
  { queries: search.searchQueries, results: search.searchResults, indexed: search.contentIndexed },
  of('search'),
);
const transcoding = transcodeWatch(
  {
    jobs: transcode.transcodeJobs,
    duration: transcode.transcodeDuration,
    progress: transcode.transcodeProgress,
  },
  // People bring files that cannot be read, and each of them is a job that fails.
  { ...of('transcode'), failureShareMax: 0.25 },
);

/** The alerts of all services. */
export const assetPlatformRules: readonly RuleGroup[] = [
  ...present,
  ...[...answering, ...storing, ...calling, ...running].map(({ watch }) => watch),
  passingOn,
  healthy,
  machine,
  disk,
  stored,
  uploading,
  searching,
  transcoding,
].flatMap(({ groups }) => groups);

const { select, buckets, countOf } = selectors({ labels: { system: [SYSTEM] }, where: { system: SYSTEM } });
const RATE = '$__rate_interval';
const runtime = runtimeInstrument();

/** All services define these alike. */
const { requests, duration, inFlight } = gateway.http;
/** All but the gateway define these alike. */
const { errors } = assets.http;
const { database } = assets;

/** The rows of watches, closed, since there are as many as services. */
function closedRows(watched: readonly Watched[]): Row[] {
  return watched.flatMap(({ name, watch }) =>
    watch.rows.map(({ title, panels }) => row(`${name}: ${title}`, panels, { collapsed: true })),
  );
}

/** The panels of some watches in one row. */
function rowOf(title: string, ...watches: readonly Watch[]): Row {
  return row(
    title,
    watches.flatMap(({ rows }) => rows.flatMap(({ panels }) => panels)),
  );
}

const COMMON = { tags: [SYSTEM], refresh: '30s', time: { from: 'now-30m', to: 'now' } } as const;

const answered = sum(rate(select(requests), RATE)).by('job');
const failed = sum(rate(select(requests, { status: re('5..') }), RATE)).by('job');

/** As many lines as one can tell apart. */
const LINES_MAX = 8;

const serviceOverview = dashboard({
  ...COMMON,
  title: 'Service Overview',
  uid: 'asset-platform-services',
  description: 'Are all five services there, and do they answer in time and without errors?',
  rows: [
    row('All services', [
      stat('Services up', min(select({ name: 'up', type: 'gauge', labels: {} })).by('job'), {
        description:
          'Whether the metrics of each service can be read. 0: its processes have ended, or cannot start; read what it printed.',
        legend: '{{job}}',
        mappings: [
          { value: 1, text: 'up', color: 'green' },
          { value: 0, text: 'down', color: 'red' },
        ],
        graph: 'none',
        width: 24,
        height: 4,
      }),
      timeseries('Requests', answered, {
        description:
          'Requests per second of each service. Those of the gateway come from outside; the others are what it passes on, and what services tell each other.',
        legend: '{{job}}',
        min: 0,
      }),
      timeseries(
        'Share that fails',
        // A service that never failed has no series that says so.
        div(or(failed, mul(0, answered)), answered),
        {
          description:
            'Share of requests answered with 5xx. The gateway alone: it cannot reach a service, or waits too long. A service and the gateway: that service; open its row below.',
          legend: '{{job}}',
          unit: 'percentunit',
          min: 0,
          thresholds: [{ color: 'green' }, { value: 0.05, color: 'red' }],
          thresholdStyle: 'dashed',
        },
      ),
      timeseries(
        '95th percentile duration',
        histogramQuantile(0.95, sum(rate(buckets(duration), RATE)).by('le', 'job')),
        {
          description:
            'Of 20 requests to a service, 19 are answered within this time. Files and the gateway follow the size of what is sent; assets and search stay below 0.1 s.',
          legend: '{{job}}',
          min: 0,
        },
      ),
      timeseries('Requests in progress', sum(select(inFlight)).by('job'), {
        description:
          'Requests that are being answered. Growing and not falling: the service waits for something, mostly the database or another service.',
        legend: '{{job}}',
        min: 0,
        interpolation: 'stepAfter',
      }),
      timeseries('Exceptions', sum(rate(select(errors), RATE)).by('job', 'error_type'), {
        description:
          'Exceptions while answering, per second, by the name of their class. Good: none. The service has printed where they come from.',
        legend: '{{job}} {{error_type}}',
        unit: 'ops',
        min: 0,
      }),
    ]),
    ...closedRows(answering),
    ...closedRows([{ name: 'gateway', watch: passingOn }, ...calling]),
  ],
});

const databasePerformance = dashboard({
  ...COMMON,
  title: 'Database Performance',
  uid: 'asset-platform-database',
  description: 'What does the database do for whom, how long does it take, and are there connections left?',
  rows: [
    row('All services', [
      timeseries('Operations by service', sum(rate(countOf(database.duration), RATE)).by('job'), {
        description: 'Operations per second. Growing without more requests: something asks in a loop.',
        legend: '{{job}}',
        unit: 'ops',
        min: 0,
      }),
      timeseries(
        'Operations by table',
        topk(LINES_MAX, sum(rate(countOf(database.duration), RATE)).by('operation', 'table')),
        {
          description: `What is done to which table, per second: the ${LINES_MAX} most frequent.`,
          legend: '{{operation}} {{table}}',
          unit: 'ops',
          min: 0,
          stack: 'normal',
        },
      ),
      timeseries(
        '95th percentile by table',
        topk(
          LINES_MAX,
          histogramQuantile(0.95, sum(rate(buckets(database.duration), RATE)).by('le', 'operation', 'table')),
        ),
        {
          description:
            'Of 20 operations, 19 take no longer; the slowest. One line alone: an index is missing, or a lock is held. All: the database itself, look at its machine.',
          legend: '{{operation}} {{table}}',
          min: 0,
        },
      ),
      timeseries('Active connections', sum(select(database.connections)).by('job'), {
        description:
          'Connections in use by each service, over its processes. Level at the size of its pools: requests wait for a connection.',
        legend: '{{job}}',
        min: 0,
        interpolation: 'stepAfter',
      }),
      timeseries('Waiting for a connection', sum(select(database.waiting)).by('job'), {
        description:
          'Who waits for a connection of a pool. Short peaks are work that comes at once. Staying: see the wait, and look for transactions that stay open.',
        legend: '{{job}}',
        min: 0,
        interpolation: 'stepAfter',
      }),
      timeseries(
        'Wait for a connection',
        histogramQuantile(0.95, sum(rate(buckets(database.wait), RATE)).by('le', 'job')),
        {
          description:
            'Of 20 who need a connection, 19 have it within this time; it is in no duration of operations. Growing while these do not: the pools are too small.',
          legend: '{{job}}',
          min: 0,
        },
      ),
      timeseries('Errors', sum(rate(select(database.errors), RATE)).by('job', 'error_type'), {
        description:
          'Operations that failed, and connections that were not made or were lost. Constraints are refused on purpose: a file for an asset that is gone. All others are trouble of the database.',
        legend: '{{job}} {{error_type}}',
        unit: 'ops',
        min: 0,
      }),
    ]),
    ...closedRows(storing),
  ],
});

const businessMetrics = dashboard({
  ...COMMON,
  title: 'Business Metrics by Service',
  uid: 'asset-platform-business',
  description: 'What do people do with their assets?',
  rows: [
    row('Assets', [
      timeseries(
        'Assets created, updated, deleted',
        {
          created: sum(rate(select(assets.assetsCreated), RATE)),
          updated: sum(rate(select(assets.assetsUpdated), RATE)),
          deleted: sum(rate(select(assets.assetsDeleted), RATE)),
        },
        {
          description:
            'Changes per second. Many deletions at once are a mistake of somebody, or a script that does what it should not.',
          unit: 'ops',
          min: 0,
          colors: { created: 'green', updated: 'blue', deleted: 'red' },
        },
      ),
      timeseries('Assets retrieved', sum(rate(select(assets.assetsRetrieved), RATE)), {
        description: 'Assets handed out per second, one by one or in lists.',
        legend: 'retrieved',
        unit: 'ops',
        min: 0,
      }),
    ]),
    row('Files', [
      timeseries('Uploads by type', sum(rate(select(files.filesUploaded), RATE)).by('file_type'), {
        description: 'Stored files per second, by what they are as their first bytes tell.',
        unit: 'ops',
        min: 0,
        stack: 'normal',
      }),
      pie('File types', sum(increase(select(files.filesUploaded), '$__range')).by('file_type'), {
        description:
          'What the files of the shown time were. Much of "other": people send what nobody can show.',
        unit: 'short',
        decimals: 0,
      }),
      timeseries(
        'Downloads and deletions',
        {
          downloaded: sum(rate(select(files.filesDownloaded), RATE)),
          retrieved: sum(rate(select(files.filesRetrieved), RATE)),
          deleted: sum(rate(select(files.filesDeleted), RATE)),
        },
        {
          description:
            'Per second: contents that were sent to their last byte, descriptions that were read, files that were deleted.',
          unit: 'ops',
          min: 0,
          colors: { downloaded: 'green', retrieved: 'blue', deleted: 'red' },
        },
      ),
    ]),
    ...uploading.rows,
    ...searching.rows,
    ...transcoding.rows,
    row('Format conversions', [
      timeseries(
        'Conversions',
        sum(rate(countOf(transcode.transcodeDuration), RATE)).by('source_format', 'target_format'),
        {
          description: 'Jobs per second that ended well, by what they made of what.',
          legend: '{{source_format}} to {{target_format}}',
          unit: 'ops',
          min: 0,
          stack: 'normal',
        },
      ),
    ]),
  ],
});

const infrastructure = dashboard({
  ...COMMON,
  title: 'Infrastructure',
  uid: 'asset-platform-infrastructure',
  description:
    'Is everything there that the platform needs, what does it take of the machine, and is that enough?',
  rows: [
    ...healthy.rows,
    row('All services', [
      timeseries('Memory', sum(select(runtime.residentMemory)).by('job'), {
        description:
          'Resident memory of all processes of each service. Level, whatever the size of files, because they are streamed. Growing for hours is a leak.',
        legend: '{{job}}',
        min: 0,
        stack: 'normal',
      }),
      timeseries('Processors', sum(rate(select(runtime.cpu), RATE)).by('job'), {
        description:
          'Processors that each service keeps busy. Transcoding takes what there is; the others stay far below one.',
        legend: '{{job}}',
        unit: 'suffix: cores',
        min: 0,
        stack: 'normal',
      }),
      timeseries('Event loop', max(select(runtime.eventLoopLag)).by('job'), {
        description:
          'What 99 of 100 delays of the event loop stay below, of the worst process. Above 0.1 s everything that the process does is late: look for work that blocks it.',
        legend: '{{job}}',
        min: 0,
      }),
    ]),
    rowOf('Machine', machine),
    rowOf('Disk of the files', disk, stored),
    ...closedRows(running),
  ],
});

/** The dashboards of the document. */
export const dashboards: readonly Dashboard[] = [
  serviceOverview,
  databasePerformance,
  businessMetrics,
  infrastructure,
];
