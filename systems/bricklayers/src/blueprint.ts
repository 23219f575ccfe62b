/**
 * What we watch: the dashboard "Bricklayers". Rows follow a file through the service, from the request that brings
 * it to the cleanup that removes it. Panels take the names of metrics from their definitions.
 *
 * Every query is bound to the targets that carry `system="bricklayers"`, because other systems under the same
 * monitor have metrics of the same names.
 */
import { type Dashboard, dashboard, gauge, row, stat, timeseries } from '@binnacle/blueprint';
import * as metrics from './metrics.ts';

const OURS = 'system="bricklayers"';
const JOB_COLORS = { completed: 'green', error: 'red', timeout: 'orange' } as const;

/** A counter's rate per second. */
function rate(metric: { readonly name: string }, matchers = ''): string {
  return `rate(${series(metric.name, matchers)}[$__rate_interval])`;
}

/** A selector of our own targets. */
function series(name: string, matchers = ''): string {
  return `${name}{${matchers === '' ? OURS : `${OURS}, ${matchers}`}}`;
}

/** A quantile of a histogram; `by` are the labels that are kept apart. */
function quantile(q: number, metric: { readonly name: string }, by = ''): string {
  const labels = by === '' ? 'le' : `le, ${by}`;
  return `histogram_quantile(${q}, sum by (${labels}) (rate(${series(`${metric.name}_bucket`)}[$__rate_interval])))`;
}

/** The mean of what a histogram observed. */
function mean(metric: { readonly name: string }): string {
  const each = (suffix: string): string => `sum(rate(${series(metric.name + suffix)}[$__rate_interval]))`;
  return `${each('_sum')} / ${each('_count')}`;
}

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
      stat({
        title: 'Total requests',
        description:
          'Requests since the service started, failed ones included. It starts again at 0 with it.',
        expr: `sum(${series(metrics.http.requests.name)})`,
        unit: 'short',
        graph: 'none',
      }),
      gauge({
        title: 'Success rate',
        description:
          'Share of requests answered with 2xx or 3xx. Mistakes of clients (4xx) lower it too. Good: above 90%. Below: see which status grows in Upload rate and Download rate; 5xx are ours, read the log.',
        expr: `sum(${rate(metrics.http.requests, 'status=~"2..|3.."')}) / sum(${rate(metrics.http.requests)})`,
        unit: 'percentunit',
        thresholds: [{ color: 'red' }, { value: 0.7, color: 'orange' }, { value: 0.9, color: 'green' }],
      }),
      stat({
        title: 'Active jobs',
        description:
          'Jobs in the hands of a worker. At most the number of workers; there all the time means that the service is at its limit: add workers.',
        expr: `sum(${series(metrics.processingJobsActive.name)})`,
        unit: 'suffix: jobs',
        decimals: 0,
      }),
      timeseries({
        title: 'Queue depth',
        description:
          'Jobs that wait for a worker. Good: falls back to 0 between bursts. Growing for minutes: add workers, or look for jobs that hang (Processing duration trends). Alert above 50 for 15 minutes.',
        expr: `sum(${series(metrics.processingJobsPending.name)})`,
        legend: 'waiting',
        unit: 'suffix: jobs',
        min: 0,
        interpolation: 'stepAfter',
        thresholds: [{ color: 'green' }, { value: 50, color: 'red' }],
        thresholdStyle: 'dashed',
      }),
    ]),
    row('Performance', [
      timeseries({
        title: '95th percentile latency',
        description:
          'Of 20 requests to a route, 19 are answered within this time. Good: below 0.1 s for status, below 1 s for small uploads. An upload lasts as long as its client sends. Alert above 5 s.',
        expr: quantile(0.95, metrics.http.duration, 'endpoint'),
        legend: '{{endpoint}}',
        unit: 's',
        min: 0,
        calcs: ['lastNotNull', 'max'],
        width: 24,
      }),
    ]),
    row('Uploads', [
      timeseries({
        title: 'Upload rate',
        description:
          'Uploads per second by how they ended. failed_validation and failed_size are mistakes of clients, failed_error is a client that went away or a fault of ours: read the log.',
        expr: `sum by (status) (${rate(metrics.uploads)})`,
        legend: '{{status}}',
        unit: 'suffix: /s',
        min: 0,
        stack: 'normal',
        colors: { success: 'green', failed_size: 'yellow', failed_validation: 'orange', failed_error: 'red' },
        width: 16,
      }),
      gauge({
        title: 'Upload success rate',
        description:
          'Share of uploads that were accepted. Good: above 90%. Below: ask why by sum by (reason) (rate(upload_validation_failures_total[5m])).',
        expr: `sum(${rate(metrics.uploads, 'status="success"')}) / sum(${rate(metrics.uploads)})`,
        unit: 'percentunit',
        thresholds: [{ color: 'red' }, { value: 0.5, color: 'orange' }, { value: 0.9, color: 'green' }],
        width: 8,
      }),
    ]),
    row('Processing', [
      timeseries({
        title: 'Jobs completed/failed',
        description:
          'Jobs per second by how they ended. error: bad G-code, or a worker that died; timeout: longer than the time limit. Alert above 10% failed for 10 minutes.',
        expr: `sum by (status) (${rate(metrics.processingJobs)})`,
        legend: '{{status}}',
        unit: 'suffix: /s',
        min: 0,
        colors: JOB_COLORS,
      }),
      timeseries({
        title: 'Processing duration trends',
        description:
          'How long completed jobs took: the mean, the median, and the time within which 19 of 20 were done. It follows the size of the input; growing without it means a slow disk or too few processors.',
        queries: [
          { expr: mean(metrics.processingDuration), legend: 'mean' },
          { expr: quantile(0.5, metrics.processingDuration), legend: 'median' },
          { expr: quantile(0.95, metrics.processingDuration), legend: '95th percentile' },
        ],
        unit: 's',
        min: 0,
      }),
      timeseries({
        title: 'Active vs. pending jobs',
        description:
          'Jobs being worked on beside jobs that wait. Waiting while fewer are active than there are workers: workers die, read the log.',
        queries: [
          { expr: `sum(${series(metrics.processingJobsActive.name)})`, legend: 'active' },
          { expr: `sum(${series(metrics.processingJobsPending.name)})`, legend: 'pending' },
        ],
        unit: 'suffix: jobs',
        min: 0,
        interpolation: 'stepAfter',
        colors: { active: 'green', pending: 'orange' },
      }),
      timeseries({
        title: 'Input/output size trends',
        description:
          'Mean sizes of the files of completed jobs. The output is a little larger than the input; if it is not, the files have no inner walls.',
        queries: [
          { expr: mean(metrics.processingInputSize), legend: 'input' },
          { expr: mean(metrics.processingOutputSize), legend: 'output' },
        ],
        unit: 'bytes',
        min: 0,
      }),
    ]),
    row('Downloads', [
      timeseries({
        title: 'Download rate',
        description:
          'Downloads per second by how they ended. failed_file_missing growing: files are removed before they are fetched, raise BRICKLAYERS_RETENTION_SECONDS.',
        expr: `sum by (status) (${rate(metrics.downloads)})`,
        legend: '{{status}}',
        unit: 'suffix: /s',
        min: 0,
        colors: {
          success: 'green',
          failed_not_found: 'yellow',
          failed_not_ready: 'orange',
          failed_file_missing: 'red',
        },
        width: 24,
      }),
    ]),
    row('System Health', [
      timeseries({
        title: 'Cleanup metrics',
        description:
          'What the cleanup service does per minute. Errors must be 0: see whether the data folder is writable. Alert above 5 errors in an hour.',
        queries: [
          { expr: `60 * sum(${rate(metrics.cleanupRuns)})`, legend: 'runs' },
          { expr: `60 * sum(${rate(metrics.cleanupFilesDeleted)})`, legend: 'files deleted' },
          { expr: `60 * sum(${rate(metrics.cleanupErrors)})`, legend: 'errors' },
        ],
        unit: 'suffix: /min',
        min: 0,
        colors: { errors: 'red' },
      }),
      timeseries({
        title: 'Memory usage',
        description:
          'Resident memory of all processes of the service. Good: flat, whatever the size of the files, because they are streamed. Growing for hours is a leak.',
        expr: `sum(${series(metrics.memoryUsage.name)})`,
        legend: 'resident',
        unit: 'bytes',
        min: 0,
      }),
      timeseries({
        title: 'Disk usage',
        description:
          'Bytes of uploads and outputs. Good: level, as files come and the cleanup service removes them. Only growing: the cleanup service does not run, or the retention time is too long.',
        queries: [
          { expr: `sum(${series(metrics.diskUsage.name)})`, legend: 'uploads and outputs' },
          { expr: `sum(${rate(metrics.cleanupBytesFreed)})`, legend: 'freed per second' },
        ],
        unit: 'bytes',
        min: 0,
      }),
    ]),
  ],
});
