/**
 * What we watch: the dashboard "YouTube Downloader Metrics" of the document that describes the system
 * (`grafana-dashboard.json`), kept as it is; "Downloader health", which answers what that one cannot; and the alerts.
 *
 * Expressions are built from the definitions of the metrics: a metric, a label or a value that is not in `metrics.ts`
 * does not compile. By themselves the document's dashboard and the alerts have the document's expressions; where other
 * systems are under the same monitor, {@link watching} binds both to the targets of this one.
 */
import {
  alert,
  type Dashboard,
  dashboard,
  gauge,
  type RuleGroup,
  row,
  ruleGroup,
  type ServiceSpec,
  stat,
  timeseries,
} from '@binnacle/blueprint';
import {
  clampMin,
  div,
  gt,
  histogramQuantile,
  mul,
  promql,
  rate,
  type Selecting,
  selectors,
  sum,
  type TargetLabels,
} from '@binnacle/promql/builder';
import * as metrics from './metrics.ts';

/** The value of the label `system` on everything that the backend exposes. */
export const SYSTEM = 'shorts-downloader';

/** How the backend is scraped, wherever it listens. */
export const backendService: Omit<ServiceSpec, 'targets'> = {
  name: 'youtube-downloader',
  job: metrics.SERVICE,
  metrics,
  labels: { system: SYSTEM },
  scrapeInterval: '15s',
  scrapeTimeout: '10s',
};

/** What each provider may hold unless a backend is told otherwise. */
export const QUOTA_BYTES = 5 * 1024 ** 3;

const README = 'systems/shorts-downloader/README.md';

/** What dashboards and alerts are made for. */
export interface Watching {
  /** Binds the document's dashboard and the alerts to the targets of this system. */
  readonly system?: typeof SYSTEM;
  /** What each provider may hold, as the backend was told by `STORAGE_QUOTA_BYTES`. Default: {@link QUOTA_BYTES}. */
  readonly quotaBytes?: number;
}

type Select = Selecting<TargetLabels & { readonly system: typeof SYSTEM }>;

/** The dashboards and the alerts. */
export function watching({ system, quotaBytes = QUOTA_BYTES }: Watching = {}): {
  readonly dashboards: readonly Dashboard[];
  readonly rules: RuleGroup;
} {
  const where = system === undefined ? {} : { system };
  const select: Select = selectors({ labels: { system: [SYSTEM] }, where });
  return {
    dashboards: [youtubeDownloaderMetrics(select), downloaderHealth(quotaBytes)],
    rules: alerts(select, where, quotaBytes),
  };
}

/** The dashboard of the document: its six panels, their titles, expressions and legends. */
function youtubeDownloaderMetrics({ select, buckets }: Select): Dashboard {
  const quantile = (q: number) => histogramQuantile(q, rate(buckets(metrics.downloadDuration), '5m'));
  return dashboard({
    title: 'YouTube Downloader Metrics',
    uid: 'youtube-downloader-metrics',
    description: 'The dashboard of the document that describes the system, as it stands there.',
    tags: [SYSTEM],
    refresh: '15s',
    time: { from: 'now-30m', to: 'now' },
    rows: [
      row('', [
        timeseries('Download Rate', rate(select(metrics.downloads), '5m'), {
          description:
            'Downloads that ended, per second, by how and by who keeps the file. Failed ones mostly have the provider unknown: they failed before one was chosen.',
          legend: '{{status}} - {{provider}}',
          min: 0,
        }),
        stat('Active Downloads', select(metrics.downloadsInProgress), {
          description:
            'Downloads that a process works on now. At most SHORTS_TASKS_AT_ONCE in each process; there all the time means that tasks wait.',
          legend: '',
        }),
        timeseries(
          'Download Duration',
          { p95: quantile(0.95), p50: quantile(0.5) },
          {
            description:
              'How long attempts at downloads take, of all targets each for itself. All of them are in the first bucket, up to 5 s, while videos are short.',
            unit: 's',
            min: 0,
          },
        ),
        timeseries('Storage Usage', div(div(div(select(metrics.storage.usage), 1024), 1024), 1024), {
          description:
            'What lies with each provider, in units of 1024³ bytes, which the document calls GB. Goes down when files are deleted; the quota is 5.',
          legend: '{{provider}}',
          unit: 'none',
          axisLabel: 'GB',
          min: 0,
        }),
        timeseries('Error Rate', rate(select(metrics.errors), '5m'), {
          description:
            'Attempts that failed, per second, by the code of the error. Those that were tried again and then came through are among them.',
          legend: '{{error_code}}',
          min: 0,
        }),
        timeseries('API Response Time', histogramQuantile(0.95, rate(buckets(metrics.http.duration), '5m')), {
          description:
            'Of 20 requests to a route, 19 are answered within this time; one line for each method.',
          legend: '{{endpoint}}',
          unit: 's',
          min: 0,
        }),
      ]),
    ],
  });
}

const ENDING_COLORS = { success: 'green', failed: 'red' } as const;

/** What the document's dashboard cannot say: shares, sums over all series, and how near a limit is. */
function downloaderHealth(quotaBytes: number): Dashboard {
  const { select, buckets } = selectors({ labels: { system: [SYSTEM] }, where: { system: SYSTEM } });
  const ended = sum(rate(select(metrics.downloads), '$__rate_interval'));
  const succeeded = sum(rate(select(metrics.downloads, { status: 'success' }), '$__rate_interval'));
  const failedCalls = sum(rate(select(metrics.youtubeApiCalls, { status: 'failed' }), '$__rate_interval'));
  return dashboard({
    title: 'Downloader health',
    uid: 'downloader-health',
    description: 'Do downloads succeed, do tasks wait, is there room, and is it the video sites or us?',
    tags: [SYSTEM],
    refresh: '15s',
    time: { from: 'now-30m', to: 'now' },
    rows: [
      row('Downloads', [
        gauge('Success rate', div(succeeded, ended), {
          description:
            'Share of the downloads that ended well, after all attempts. Good: above 90%. Below: Errors by code tells what is wrong. Alert below 80% for 10 minutes.',
          thresholds: [{ color: 'red' }, { value: 0.8, color: 'orange' }, { value: 0.9, color: 'green' }],
        }),
        timeseries(
          'Downloads by ending',
          sum(rate(select(metrics.downloads), '$__rate_interval')).by('status'),
          {
            description: 'Downloads that ended, per second. None at all while tasks wait: no worker works.',
            min: 0,
            colors: ENDING_COLORS,
          },
        ),
        timeseries('Errors by code', sum(rate(select(metrics.errors), '$__rate_interval')).by('error_code'), {
          description:
            'Attempts that failed, per second. VIDEO_ codes are the videos, DOWNLOAD_ codes the way to them, STORAGE_ codes the storage; UNKNOWN_ERROR is a fault of ours, read the log.',
          min: 0,
        }),
        timeseries(
          'Time of a task',
          histogramQuantile(
            0.95,
            sum(rate(buckets(metrics.celeryTaskDuration), '$__rate_interval')).by('le'),
          ),
          {
            description:
              '19 of 20 tasks end within this time after their first attempt began, pauses between attempts included.',
            legend: '95th percentile',
            min: 0,
          },
        ),
      ]),
      row('Queue', [
        timeseries('Tasks that wait', select(metrics.celeryQueueLength), {
          description:
            'Tasks that wait for a process, or for their next attempt. Good: falls back to 0. Growing for minutes: more processes, or SHORTS_TASKS_AT_ONCE. Alert above 50 for 15 minutes.',
          legend: 'waiting',
          min: 0,
          interpolation: 'stepAfter',
          thresholds: [{ color: 'green' }, { value: 50, color: 'red' }],
          thresholdStyle: 'dashed',
        }),
        timeseries('Downloads under way', sum(select(metrics.downloadsInProgress)), {
          description: 'Downloads that processes work on now. 0 while tasks wait: no worker works.',
          legend: 'under way',
          min: 0,
          interpolation: 'stepAfter',
        }),
      ]),
      row('Storage', [
        gauge('Used of the quota', div(select(metrics.storage.usage), quotaBytes), {
          description:
            'What lies with each provider, of what it may hold. Above 80% for 15 minutes is an alert; at 100% of all three, downloads fail with STORAGE_FULL.',
          legend: '{{provider}}',
          unit: 'percentunit',
          min: 0,
          max: 1,
          thresholds: [{ color: 'green' }, { value: 0.6, color: 'orange' }, { value: 0.8, color: 'red' }],
        }),
        timeseries('Files', select(metrics.storage.files), {
          description: 'How many files lie with each provider. The provider of each is drawn at random.',
          legend: '{{provider}}',
          min: 0,
          interpolation: 'stepAfter',
        }),
        timeseries(
          'Uploads',
          sum(rate(select(metrics.storage.writes), '$__rate_interval')).by('provider', 'status'),
          {
            description:
              'Uploads to each provider, per second. Failed ones are tried again, with any provider.',
            min: 0,
          },
        ),
      ]),
      row('Video sites', [
        timeseries(
          'Share of calls that fail',
          div(
            failedCalls.by('operation'),
            clampMin(
              sum(rate(select(metrics.youtubeApiCalls), '$__rate_interval')).by('operation'),
              Number.MIN_VALUE,
            ),
          ),
          {
            description:
              'Calls to video sites that failed, of all. get_video_info fails for videos that are not there; download_video for sites that break off or are slow.',
            unit: 'percentunit',
            min: 0,
            max: 1,
          },
        ),
        timeseries(
          'Time of a call',
          histogramQuantile(
            0.95,
            sum(rate(buckets(metrics.youtubeApiDuration), '$__rate_interval')).by('le', 'operation'),
          ),
          {
            description:
              '19 of 20 calls take no longer. Rising with the rest unchanged: the sites have become slow.',
            min: 0,
          },
        ),
        timeseries(
          'Response time of the API',
          histogramQuantile(
            0.95,
            sum(rate(buckets(metrics.http.duration), '$__rate_interval')).by('le', 'endpoint'),
          ),
          {
            description:
              'Of 20 requests to a route, 19 are answered within this time. Contents take as long as their reader; the rest stays below 0.1 s.',
            min: 0,
          },
        ),
      ]),
    ],
  });
}

/** The alerts of the document, and what they lead to. */
function alerts({ select }: Select, where: Readonly<Record<string, string>>, quotaBytes: number): RuleGroup {
  const target = Object.entries({ job: metrics.SERVICE, ...where }).map(
    ([name, value]) => `${name}="${value}"`,
  );
  return ruleGroup('shorts_downloader_alerts', [
    alert('HighDownloadFailureRate', {
      expr: gt(
        div(
          sum(rate(select(metrics.downloads, { status: 'failed' }), '10m')),
          sum(rate(select(metrics.downloads), '10m')),
        ),
        0.2,
      ),
      for: '10m',
      severity: 'warning',
      labels: where,
      summary: 'Many downloads fail',
      description: ({ value, text }) =>
        text`${value.percentage} of the downloads of the last 10 minutes failed`,
      runbookUrl: `${README}#high-download-failure-rate`,
    }),
    alert('StorageQuotaNearlyUsed', {
      expr: gt(mul(div(select(metrics.storage.usage), quotaBytes), 100), 80),
      for: '15m',
      severity: 'warning',
      labels: where,
      summary: 'A storage provider is nearly full',
      description: ({ value, label, text }) => text`${label('provider')} holds ${value}% of its quota`,
      runbookUrl: `${README}#storage-quota-nearly-used`,
    }),
    alert('TaskQueueBacklog', {
      expr: gt(select(metrics.celeryQueueLength), 50),
      for: '15m',
      severity: 'warning',
      labels: where,
      summary: 'Downloads wait for a worker',
      description: ({ value, text }) => text`${value} tasks wait in the queue`,
      runbookUrl: `${README}#task-queue-backlog`,
    }),
    alert('BackendDown', {
      expr: promql<'job' | 'instance'>(`up{${target.join(',')}} == 0`),
      for: '2m',
      severity: 'critical',
      labels: where,
      summary: 'The backend does not answer',
      description: ({ label, text }) => text`${label('instance')} has not answered its scrapes for 2 minutes`,
      runbookUrl: `${README}#backend-down`,
    }),
  ]);
}
