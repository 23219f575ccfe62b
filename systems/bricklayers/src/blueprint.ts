/**
 * What we watch: the dashboard "Bricklayers", and the alerts. Rows follow a file through the service, from the request
 * that brings it to the cleanup that removes it. Expressions are built from the definitions of the metrics: a metric, a
 * label or a value that is not in `metrics.ts` does not compile.
 *
 * The dashboard is bound to the targets that carry `system="bricklayers"`, because other systems under the same monitor
 * have metrics of the same names. So are the alerts where {@link bricklayersRules} is told to.
 */
import {
  alert,
  barGauge,
  type Dashboard,
  dashboard,
  gauge,
  heatmap,
  pie,
  type RuleGroup,
  row,
  ruleGroup,
  type ServiceSpec,
  stat,
  timeseries,
} from '@binnacle/blueprint';
import {
  div,
  gt,
  histogramQuantile,
  increase,
  mul,
  oneOf,
  rate,
  re,
  type Selecting,
  selectors,
  sum,
  type TargetLabels,
} from '@binnacle/promql/builder';
import * as metrics from './metrics.ts';

/** The value of the label `system` on everything that this service exposes. */
export const SYSTEM = 'bricklayers';

/** How the service is scraped, wherever it listens. */
export const bricklayersService: Omit<ServiceSpec, 'targets'> = {
  name: metrics.SERVICE,
  metrics,
  labels: { system: SYSTEM },
  scrapeInterval: '15s',
  scrapeTimeout: '10s',
};

const RUNBOOKS = 'systems/bricklayers/README.md';
const JOB_COLORS = { completed: 'green', error: 'red', timeout: 'orange' } as const;

const { select, buckets, sumOf, countOf } = selectors({
  labels: { system: [SYSTEM] },
  where: { system: SYSTEM },
});

/** A histogram that is not split by labels: those of sizes and of jobs. */
type PlainHistogram = typeof metrics.processingDuration | typeof metrics.processingInputSize;

/** A quantile of what a histogram observed. */
function quantile(q: number, histogram: PlainHistogram) {
  return histogramQuantile(q, sum(rate(buckets(histogram), '$__rate_interval')).by('le'));
}

/** The mean of what a histogram observed. */
function mean(histogram: PlainHistogram) {
  return div(
    sum(rate(sumOf(histogram), '$__rate_interval')),
    sum(rate(countOf(histogram), '$__rate_interval')),
  );
}

const allRequests = sum(rate(select(metrics.http.requests), '$__rate_interval'));
const goodRequests = sum(rate(select(metrics.http.requests, { status: re('2..|3..') }), '$__rate_interval'));
const goodUploads = sum(rate(select(metrics.uploads, { status: 'success' }), '$__rate_interval'));

/** The dashboard of the service. */
export const bricklayers: Dashboard = dashboard({
  title: 'Bricklayers',
  uid: 'bricklayers',
  description: 'Is G-code coming in, is it processed in time, and can it be fetched?',
  tags: ['bricklayers'],
  refresh: '10s',
  time: { from: 'now-30m', to: 'now' },
  rows: [
    row('Overview', [
      stat('Total requests', sum(select(metrics.http.requests)), {
        description:
          'Requests since the service started, failed ones included. It starts again at 0 with it.',
        graph: 'none',
      }),
      gauge('Success rate', div(goodRequests, allRequests), {
        description:
          'Share of requests answered with 2xx or 3xx. Mistakes of clients (4xx) lower it too. Good: above 90%. Below: see which status grows in Upload rate and Download rate; 5xx are ours, read the log.',
        thresholds: [{ color: 'red' }, { value: 0.7, color: 'orange' }, { value: 0.9, color: 'green' }],
      }),
      stat('Active jobs', sum(select(metrics.processingJobsActive)), {
        description:
          'Jobs in the hands of a worker. At most the number of workers; there all the time means that the service is at its limit: add workers.',
        unit: 'suffix: jobs',
        decimals: 0,
      }),
      timeseries('Queue depth', sum(select(metrics.processingJobsPending)), {
        description:
          'Jobs that wait for a worker. Good: falls back to 0 between bursts. Growing for minutes: add workers, or look for jobs that hang (Processing duration trends). Alert above 50 for 15 minutes.',
        legend: 'waiting',
        unit: 'suffix: jobs',
        min: 0,
        interpolation: 'stepAfter',
        thresholds: [{ color: 'green' }, { value: 50, color: 'red' }],
        thresholdStyle: 'dashed',
      }),
    ]),
    row('Performance', [
      heatmap('Request duration', sum(rate(buckets(metrics.http.duration), '$__rate_interval')).by('le'), {
        description:
          'How many requests per second took how long. Good: one dark band at the bottom. A second band above it is one route that is slow: see 95th percentile latency.',
      }),
      heatmap(
        'Processing duration',
        sum(rate(buckets(metrics.processingDuration), '$__rate_interval')).by('le'),
        {
          description:
            'How many jobs per second took how long. It follows the sizes of the files; the band moving up without larger files is a slow disk, or too few processors.',
        },
      ),
      timeseries(
        '95th percentile latency',
        histogramQuantile(
          0.95,
          sum(rate(buckets(metrics.http.duration), '$__rate_interval')).by('le', 'endpoint'),
        ),
        {
          description:
            'Of 20 requests to a route, 19 are answered within this time. Good: below 0.1 s for status, below 1 s for small uploads. An upload lasts as long as its client sends. Alert above 5 s.',
          min: 0,
          calcs: ['lastNotNull', 'max'],
          width: 24,
        },
      ),
    ]),
    row('Uploads', [
      timeseries('Upload rate', sum(rate(select(metrics.uploads), '$__rate_interval')).by('status'), {
        description:
          'Uploads per second by how they ended. failed_validation and failed_size are mistakes of clients, failed_error is a client that went away or a fault of ours: read the log.',
        unit: 'suffix: /s',
        min: 0,
        stack: 'normal',
        colors: { success: 'green', failed_size: 'yellow', failed_validation: 'orange', failed_error: 'red' },
        width: 16,
      }),
      gauge('Upload success rate', div(goodUploads, sum(rate(select(metrics.uploads), '$__rate_interval'))), {
        description:
          'Share of uploads that were accepted. Good: above 90%. Below: Validation failures by reason tells why.',
        thresholds: [{ color: 'red' }, { value: 0.5, color: 'orange' }, { value: 0.9, color: 'green' }],
        width: 8,
      }),
      barGauge(
        'File size distribution',
        sum(increase(buckets(metrics.uploadFileSize), '$__range')).by('le'),
        {
          description:
            'Accepted uploads of the shown time by size: how many were up to a size, and larger than the one before it.',
          buckets: true,
          unit: 'short',
          decimals: 0,
          width: 12,
        },
      ),
      pie(
        'Validation failures by reason',
        sum(increase(select(metrics.uploadValidationFailures), '$__range')).by('reason'),
        {
          description:
            'Why uploads of the shown time were refused. Many of one reason are one client that does something wrong, or a form that does not say what is allowed.',
          unit: 'short',
          decimals: 0,
          width: 12,
        },
      ),
    ]),
    row('Processing', [
      timeseries(
        'Jobs completed/failed',
        sum(rate(select(metrics.processingJobs), '$__rate_interval')).by('status'),
        {
          description:
            'Jobs per second by how they ended. error: bad G-code, or a worker that died; timeout: longer than the time limit. Alert above 10% failed for 10 minutes.',
          unit: 'suffix: /s',
          min: 0,
          colors: JOB_COLORS,
        },
      ),
      timeseries(
        'Processing duration trends',
        {
          mean: mean(metrics.processingDuration),
          median: quantile(0.5, metrics.processingDuration),
          '95th percentile': quantile(0.95, metrics.processingDuration),
        },
        {
          description:
            'How long completed jobs took: the mean, the median, and the time within which 19 of 20 were done. It follows the size of the input; growing without it means a slow disk or too few processors.',
          min: 0,
        },
      ),
      timeseries(
        'Active vs. pending jobs',
        {
          active: sum(select(metrics.processingJobsActive)),
          pending: sum(select(metrics.processingJobsPending)),
        },
        {
          description:
            'Jobs being worked on beside jobs that wait. Waiting while fewer are active than there are workers: workers die, read the log.',
          unit: 'suffix: jobs',
          min: 0,
          interpolation: 'stepAfter',
          colors: { active: 'green', pending: 'orange' },
        },
      ),
      timeseries(
        'Input/output size trends',
        { input: mean(metrics.processingInputSize), output: mean(metrics.processingOutputSize) },
        {
          description:
            'Mean sizes of the files of completed jobs. The output is a little larger than the input; if it is not, the files have no inner walls.',
          min: 0,
        },
      ),
    ]),
    row('Downloads', [
      timeseries('Download rate', sum(rate(select(metrics.downloads), '$__rate_interval')).by('status'), {
        description:
          'Downloads per second by how they ended. failed_file_missing growing: files are removed before they are fetched, raise BRICKLAYERS_RETENTION_SECONDS.',
        unit: 'suffix: /s',
        min: 0,
        colors: {
          success: 'green',
          failed_not_found: 'yellow',
          failed_not_ready: 'orange',
          failed_file_missing: 'red',
        },
        width: 16,
      }),
      pie(
        'Download failures by reason',
        sum(
          increase(
            select(metrics.downloads, {
              status: oneOf('failed_not_found', 'failed_not_ready', 'failed_file_missing'),
            }),
            '$__range',
          ),
        ).by('status'),
        {
          description:
            'Why downloads of the shown time failed. failed_not_ready is a client that does not wait; failed_file_missing one that comes after the file was removed.',
          unit: 'short',
          decimals: 0,
          width: 8,
          colors: { failed_not_found: 'yellow', failed_not_ready: 'orange', failed_file_missing: 'red' },
        },
      ),
    ]),
    row('System Health', [
      timeseries(
        'Cleanup metrics',
        {
          runs: mul(60, sum(rate(select(metrics.cleanupRuns), '$__rate_interval'))),
          'files deleted': mul(60, sum(rate(select(metrics.cleanupFilesDeleted), '$__rate_interval'))),
          errors: mul(60, sum(rate(select(metrics.cleanupErrors), '$__rate_interval'))),
        },
        {
          description:
            'What the cleanup service does per minute. Errors must be 0: see whether the data folder is writable. Alert above 5 errors in an hour.',
          unit: 'suffix: /min',
          min: 0,
          colors: { errors: 'red' },
        },
      ),
      timeseries('Memory usage', sum(select(metrics.system.processMemory)), {
        description:
          'Resident memory of all processes of the service. Good: flat, whatever the size of the files, because they are streamed. Growing for hours is a leak.',
        legend: 'resident',
        min: 0,
      }),
      timeseries(
        'Disk usage',
        {
          'uploads and outputs': sum(select(metrics.disk.usage)),
          'freed per second': sum(rate(select(metrics.cleanupBytesFreed), '$__rate_interval')),
        },
        {
          description:
            'Bytes of uploads and outputs. Good: level, as files come and the cleanup service removes them. Only growing: the cleanup service does not run, or the retention time is too long.',
          min: 0,
          // Its name says bytes in the middle, where a unit is not looked for.
          overrides: [{ match: { name: 'freed per second' }, unit: 'Bps' }],
        },
      ),
    ]),
  ],
});

/**
 * The alerts.
 * @param where equalities that bind them to the targets of this system; by themselves they are those of the document
 */
export function bricklayersRules(where: { readonly system?: typeof SYSTEM } = {}): RuleGroup {
  const ours: Selecting<TargetLabels & { readonly system: typeof SYSTEM }> = selectors({
    labels: { system: [SYSTEM] },
    where,
  });
  const requests = sum(rate(ours.select(metrics.http.requests), '5m'));
  const failedRequests = sum(rate(ours.select(metrics.http.requests, { status: re('5..') }), '5m'));
  return ruleGroup('bricklayers_alerts', [
    alert('HighErrorRate', {
      expr: gt(div(failedRequests, requests), 0.05),
      for: '5m',
      severity: 'warning',
      summary: 'High error rate detected',
      description: ({ value, text }) => text`Error rate is ${value.percentage}`,
      runbookUrl: `${RUNBOOKS}#high-error-rate`,
    }),
    alert('HighProcessingFailureRate', {
      expr: gt(
        div(
          sum(rate(ours.select(metrics.processingJobs, { status: oneOf('error', 'timeout') }), '10m')),
          sum(rate(ours.select(metrics.processingJobs), '10m')),
        ),
        0.1,
      ),
      for: '10m',
      severity: 'warning',
      summary: 'High processing failure rate',
      description: ({ value, text }) => text`Processing failure rate is ${value.percentage}`,
      runbookUrl: `${RUNBOOKS}#high-processing-failure-rate`,
    }),
    alert('JobQueueBacklog', {
      expr: gt(ours.select(metrics.processingJobsPending), 50),
      for: '15m',
      severity: 'warning',
      summary: 'Job queue backing up',
      description: ({ value, text }) => text`${value} jobs pending for over 15 minutes`,
      runbookUrl: `${RUNBOOKS}#job-queue-backlog`,
    }),
    alert('SlowRequests', {
      expr: gt(histogramQuantile(0.95, rate(ours.buckets(metrics.http.duration), '5m')), 5),
      for: '10m',
      severity: 'warning',
      summary: 'Slow request response times',
      description: ({ value, text }) => text`95th percentile latency is ${value}s`,
      runbookUrl: `${RUNBOOKS}#slow-requests`,
    }),
    alert('CleanupFailures', {
      expr: gt(increase(ours.select(metrics.cleanupErrors), '1h'), 5),
      for: '0s',
      severity: 'warning',
      summary: 'Multiple cleanup failures',
      description: ({ value, text }) => text`${value} cleanup errors in the past hour`,
      runbookUrl: `${RUNBOOKS}#cleanup-failures`,
    }),
  ]);
}
