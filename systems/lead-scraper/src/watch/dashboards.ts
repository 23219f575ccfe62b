/** The three dashboards: does the API answer, are leads found, is everything there that is needed? */
import {
  barGauge,
  type Dashboard,
  dashboard,
  gauge,
  heatmap,
  pie,
  row,
  stat,
  stateTimeline,
  table,
  timeseries,
} from '@binnacle/blueprint';
import { div, histogramQuantile, increase, mul, or, rate, re, sum } from '@binnacle/promql/builder';
import * as metrics from '../metrics.ts';
import { SYSTEM, selecting, UP } from './targets.ts';

const { select, buckets, sumOf, countOf } = selecting;

/** The folder of the dashboards in Grafana. */
export const DASHBOARD_FOLDER = 'KR Lead Scraper Dashboards';

const RATE = '$__rate_interval';
const RANGE = '$__range';

const { requests, duration, inFlight, errors } = metrics.http;
const answered = sum(rate(select(requests), RATE));
const failed = sum(rate(select(requests, { status: re('5..') }), RATE));

/** A quantile over all requests. */
function requestQuantile(q: number) {
  return histogramQuantile(q, sum(rate(buckets(duration), RATE)).by('le'));
}

const COMMON = { tags: [SYSTEM], time: { from: 'now-30m', to: 'now' } } as const;

const apiMetrics = dashboard({
  ...COMMON,
  title: 'API Metrics',
  uid: 'lead-scraper-api',
  description: 'Does the API answer, in time and without errors, and who keeps it busy?',
  rows: [
    row('Requests', [
      timeseries(
        'Request and error rates',
        {
          requests: answered,
          // A sum of series that there are not yet is nothing, and no zero.
          'answered with 5xx': or(failed, mul(0, answered)),
          exceptions: or(sum(rate(select(errors), RATE)), mul(0, answered)),
        },
        {
          description:
            'Requests per second, and of them those that failed: answered with 5xx, or ended by an exception. Good: no errors. Alert above 5% for 5 minutes.',
          unit: 'reqps',
          min: 0,
          colors: { requests: 'blue', 'answered with 5xx': 'red', exceptions: 'orange' },
        },
      ),
      timeseries(
        'Success rate and percentile latencies',
        {
          median: requestQuantile(0.5),
          '95th percentile': requestQuantile(0.95),
          '99th percentile': requestQuantile(0.99),
          'success rate': div(sum(rate(select(requests, { status: re('2..|3..') }), RATE)), answered),
        },
        {
          description:
            'Left: the time within which a half, 19 of 20 and 99 of 100 requests are answered. Right: the share answered with 2xx or 3xx; mistakes of clients lower it too. Alert when the 95th percentile is above 2 s for 5 minutes.',
          unit: 's',
          min: 0,
          overrides: [
            {
              match: { name: 'success rate' },
              axis: 'right',
              unit: 'percentunit',
              min: 0,
              max: 1,
              color: 'green',
            },
          ],
        },
      ),
    ]),
    row('Endpoints', [
      table(
        'Top endpoints and slowest endpoints',
        {
          Requests: sum(rate(select(requests), RANGE)).by('endpoint'),
          Mean: div(
            sum(rate(sumOf(duration), RANGE)).by('endpoint'),
            sum(rate(countOf(duration), RANGE)).by('endpoint'),
          ),
          '95th percentile': histogramQuantile(
            0.95,
            sum(rate(buckets(duration), RANGE)).by('le', 'endpoint'),
          ),
        },
        {
          description:
            'All endpoints in the shown time, those that are asked most first; a click on another heading has the slowest first. One endpoint alone is slow: its queries; all are: the database, or too few processors.',
          columns: {
            endpoint: 'Endpoint',
            Requests: { title: 'Requests', unit: 'reqps' },
            Mean: { title: 'Mean', unit: 's' },
            '95th percentile': { title: '95th percentile', unit: 's', cell: 'color-text' },
          },
          thresholds: [{ color: 'text' }, { value: 2, color: 'red' }],
          sortBy: '-Requests',
          width: 16,
        },
      ),
      gauge('Active requests gauge', sum(select(inFlight)), {
        description:
          'Requests that are being answered now, by all processes of the API. Good: a few. Growing and not falling: they wait for something, mostly the database.',
        unit: 'short',
        decimals: 0,
        max: 100,
        thresholds: [{ color: 'green' }, { value: 50, color: 'orange' }, { value: 80, color: 'red' }],
        width: 8,
      }),
    ]),
    row('Details', [
      heatmap('Latency distribution', sum(rate(buckets(duration), RATE)).by('le'), {
        description:
          'How many requests per second took how long. Good: one dark band at the bottom. A second band above it is one endpoint that is slow.',
        unit: 's',
      }),
      timeseries('Exceptions', sum(rate(select(errors), RATE)).by('error_type'), {
        description:
          'Exceptions while answering, per second, by the name of their class. Good: none. The API has printed where they come from.',
        legend: '{{error_type}}',
        unit: 'ops',
        min: 0,
      }),
    ]),
  ],
});

const { scrapingJobs, scrapingJobDuration, scrapingJobsActive } = metrics;

/** A quantile over all jobs; over a longer time than requests, since there are fewer. */
function jobQuantile(q: number) {
  return histogramQuantile(q, sum(rate(buckets(scrapingJobDuration), RATE)).by('le'));
}

const scrapingStatistics = dashboard({
  ...COMMON,
  title: 'Scraping Statistics',
  uid: 'lead-scraper-scraping',
  description: 'Are directories scraped, what do they bring, and what becomes of it?',
  rows: [
    row('Jobs', [
      stat(
        'Total jobs, success rate, active jobs',
        {
          'Total jobs': sum(increase(select(scrapingJobs), RANGE)),
          'Success rate': div(
            sum(rate(select(scrapingJobs, { status: 'completed' }), RANGE)),
            sum(rate(select(scrapingJobs), RANGE)),
          ),
          'Active jobs': sum(select(scrapingJobsActive)),
        },
        {
          description:
            'Jobs that ended in the shown time, the share of them that completed, and those under way now. Good: above 80%. Below: see Jobs by source, and whether the directory still answers as it did.',
          unit: 'short',
          decimals: 0,
          graph: 'none',
          overrides: [{ match: { name: 'Success rate' }, unit: 'percentunit', decimals: 1 }],
          width: 24,
          height: 4,
        },
      ),
      timeseries(
        'Job duration percentiles',
        {
          median: jobQuantile(0.5),
          '90th percentile': jobQuantile(0.9),
          '99th percentile': jobQuantile(0.99),
        },
        {
          description:
            'The time within which a half, 9 of 10 and 99 of 100 jobs ended, however they ended. It follows the size of directories; growing without that is a directory that answers slowly.',
          unit: 's',
          min: 0,
        },
      ),
      barGauge('Jobs by source', sum(increase(select(scrapingJobs), RANGE)).by('source', 'status'), {
        description:
          'Jobs of the shown time by directory and by how they ended. One directory alone fails: it has changed its pages, or has locked us out. All: the network, or the workers.',
        legend: '{{source}} {{status}}',
        unit: 'short',
        decimals: 0,
        thresholds: [{ color: 'blue' }],
      }),
    ]),
    row('Results', [
      pie(
        'Result types (new, updated, errors)',
        sum(increase(select(metrics.scrapingResults), RANGE)).by('result_type'),
        {
          description:
            'What became of the entries that were found in the shown time. Only updated and nothing new: the directories are known to their end. Many errors: pages that cannot be read any more.',
          unit: 'short',
          decimals: 0,
          colors: { new: 'green', updated: 'blue', errors: 'red' },
          width: 8,
        },
      ),
      timeseries(
        'Duplicate detection and smart scraper usage',
        [
          {
            expr: sum(rate(select(metrics.duplicatesDetected), RATE)).by('action'),
            legend: 'duplicates: {{action}}',
          },
          {
            expr: sum(rate(select(metrics.smartScraperEnrichments), RATE)).by('mode', 'method'),
            legend: 'enriched: {{mode}} {{method}}',
          },
        ],
        {
          description:
            'Per second: duplicates that were merged, those that somebody has to look at, and leads that were enriched, by mode and method. Many candidates: the rules of merging are too careful.',
          unit: 'ops',
          min: 0,
          width: 16,
        },
      ),
      timeseries(
        'Enrichment duration',
        histogramQuantile(0.95, sum(rate(buckets(metrics.smartScraperDuration), RATE)).by('le', 'method')),
        {
          description:
            'The time within which 19 of 20 leads were enriched, by method. A model takes seconds, rules next to nothing.',
          legend: '{{method}}',
          unit: 's',
          min: 0,
        },
      ),
      barGauge(
        'Contact verifications',
        sum(increase(select(metrics.contactVerifications), RANGE)).by('contact_type', 'status'),
        {
          description:
            'E-mail addresses and telephone numbers that were verified in the shown time, by what was found.',
          legend: '{{contact_type}} {{status}}',
          unit: 'short',
          decimals: 0,
          thresholds: [{ color: 'blue' }],
        },
      ),
    ]),
    row('Queue', [
      timeseries(
        'Queue size and throughput',
        [
          { expr: sum(rate(select(metrics.queueJobs), RATE)).by('status'), legend: '{{status}}' },
          { expr: sum(select(metrics.queueSize)).by('queue_name'), legend: 'waiting: {{queue_name}}' },
        ],
        {
          description:
            'Left: jobs per second that were started, finished or failed. Right: jobs that wait. Good: what waits falls back to 0. Growing while as many finish as ever: more workers. Alert above 100 for 10 minutes.',
          unit: 'ops',
          min: 0,
          colors: { finished: 'green', failed: 'red', started: 'blue' },
          overrides: [
            {
              match: { pattern: '^waiting' },
              axis: 'right',
              unit: 'suffix: jobs',
              decimals: 0,
              color: 'orange',
            },
          ],
          width: 24,
        },
      ),
    ]),
  ],
});

const systemHealth = dashboard({
  ...COMMON,
  title: 'System Health',
  uid: 'lead-scraper-health',
  description: 'Is everything there that leads need, and does work move?',
  rows: [
    row('Services', [
      stateTimeline(
        'Service health indicators (API, DB, Redis, Ollama)',
        [
          { expr: select(UP, { job: metrics.SERVICE }), legend: 'api' },
          { expr: sum(select(metrics.health.up)).by('dependency'), legend: '{{dependency}}' },
        ],
        {
          description:
            'Whether the API can be scraped, and whether it finds database, Redis and Ollama well. What is not configured has no band. Alerts after 1 minute without the API, and after 2 without one of the others.',
          mappings: [
            { value: 0, text: 'down', color: 'red' },
            { value: 1, text: 'up', color: 'green' },
          ],
          width: 24,
        },
      ),
    ]),
    row('Requests', [
      timeseries(
        'Request rate by status, error rate, average latency',
        [
          { expr: sum(rate(select(requests), RATE)).by('status'), legend: '{{status}}' },
          { expr: div(or(failed, mul(0, answered)), answered), legend: 'error rate' },
          {
            expr: div(sum(rate(sumOf(duration), RATE)), sum(rate(countOf(duration), RATE))),
            legend: 'average latency',
          },
        ],
        {
          description:
            'Left: requests per second by status. Right: the share answered with 5xx, and the mean time of an answer. Errors without more requests are ours; more of 4xx are mistakes of a client.',
          unit: 'reqps',
          min: 0,
          overrides: [
            {
              match: { name: 'error rate' },
              axis: 'right',
              unit: 'percentunit',
              min: 0,
              color: 'red',
              dashed: true,
            },
            { match: { name: 'average latency' }, axis: 'right', unit: 's', color: 'purple', dashed: true },
          ],
          width: 24,
        },
      ),
    ]),
    row('Work', [
      timeseries(
        'Active workers and queue backlog',
        {
          'active workers': sum(select(metrics.workersActive)),
          'active jobs': sum(select(scrapingJobsActive)),
          backlog: sum(select(metrics.queueSize)),
        },
        {
          description:
            'Left: workers that run, and jobs that they work on. Right: jobs that wait. No worker while jobs wait: alert after 5 minutes. As many jobs as workers all the time: the system is at its limit.',
          unit: 'short',
          decimals: 0,
          min: 0,
          interpolation: 'stepAfter',
          colors: { 'active workers': 'green', 'active jobs': 'blue' },
          overrides: [{ match: { name: 'backlog' }, axis: 'right', unit: 'suffix: jobs', color: 'orange' }],
          width: 24,
        },
      ),
    ]),
  ],
});

/** The dashboards of the document. */
export const dashboards: readonly Dashboard[] = [apiMetrics, scrapingStatistics, systemHealth];
