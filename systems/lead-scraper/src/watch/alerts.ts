/**
 * The nine alerts of the document: its times and severities, and rates where it compares counters.
 *
 * Sums lose the labels of the target, so that each alert is given `system` and `job` again: messages name the job, and
 * what is told of one system is not taken for another's.
 */
import { alert, type RuleGroup, ruleGroup } from '@binnacle/blueprint';
import {
  and,
  div,
  eq,
  gt,
  histogramQuantile,
  increase,
  or,
  rate,
  re,
  sum,
  unless,
} from '@binnacle/promql/builder';
import * as metrics from '../metrics.ts';
import { SYSTEM, selecting, UP } from './targets.ts';

const { select, buckets } = selecting;

const RUNBOOKS = 'systems/lead-scraper/README.md';

/** What every alert has, and the section of the runbooks that it leads to. */
const ours = (section: string) => ({
  labels: { system: SYSTEM, job: metrics.SERVICE },
  runbookUrl: `${RUNBOOKS}#${section}`,
});

const { requests, duration } = metrics.http;
const { scrapingJobs, scrapingJobsActive, queueSize, queueJobs, workersActive } = metrics;

const activeJobs = gt(sum(select(scrapingJobsActive)), 0);
const waitingJobs = gt(sum(select(queueSize)), 0);

/**
 * That there is work: jobs wait, are under way, or were started not long ago. The last keeps the condition over jobs
 * that fail at once, which no scrape ever sees under way; and it is half of the time for which there must be work, so
 * that one job alone, whatever became of it, wakes nobody.
 */
const work = or(
  waitingJobs,
  or(activeJobs, gt(sum(increase(select(queueJobs, { status: 'started' }), '30m')), 0)),
);

/** The alerts. */
export const alerts: RuleGroup = ruleGroup('lead_scraper_alerts', [
  alert('HighErrorRate', {
    ...ours('high-error-rate'),
    expr: gt(
      div(sum(rate(select(requests, { status: re('5..') }), '5m')), sum(rate(select(requests), '5m'))),
      0.05,
    ),
    for: '5m',
    severity: 'critical',
    summary: 'Requests to the API fail',
    description: ({ value, text }) =>
      text`${value.percentage} of requests were answered with 5xx within 5 minutes. Look whether the database is well.`,
  }),
  alert('HighLatency', {
    ...ours('high-latency'),
    expr: gt(histogramQuantile(0.95, sum(rate(buckets(duration), '5m')).by('le')), 2),
    for: '5m',
    severity: 'warning',
    summary: 'The API answers slowly',
    description: ({ value, text }) =>
      text`Of 20 requests, one took ${value.duration} or longer within 5 minutes. Look for the endpoint first.`,
  }),
  alert('APIDown', {
    ...ours('api-down'),
    expr: eq(select(UP, { job: metrics.SERVICE }), 0),
    for: '1m',
    severity: 'critical',
    summary: 'The API cannot be reached',
    description: ({ label, text }) =>
      text`${label('instance')} does not answer at /metrics. Look whether its processes run.`,
  }),
  alert('HighScrapingFailureRate', {
    ...ours('high-scraping-failure-rate'),
    expr: gt(
      div(sum(rate(select(scrapingJobs, { status: 'failed' }), '5m')), sum(rate(select(scrapingJobs), '5m'))),
      0.2,
    ),
    for: '5m',
    severity: 'warning',
    summary: 'Scraping jobs fail',
    description: ({ value, text }) =>
      text`${value.percentage} of jobs failed within 5 minutes. Look whether they are all of one directory.`,
  }),
  alert('ScrapingJobStuck', {
    ...ours('scraping-job-stuck'),
    expr: unless(activeJobs, gt(sum(increase(select(scrapingJobs), '10m')), 0)),
    for: '10m',
    severity: 'warning',
    summary: 'Scraping jobs do not end',
    description: ({ value, text }) =>
      text`${value} jobs are under way, and none has ended for 10 minutes. Look whether a directory hangs.`,
  }),
  alert('NoScrapingJobsCompleted', {
    ...ours('no-scraping-jobs-completed'),
    expr: unless(work, gt(sum(increase(select(scrapingJobs, { status: 'completed' }), '1h')), 0)),
    for: '1h',
    severity: 'critical',
    summary: 'No scraping job completes any more',
    description:
      'There has been work for an hour, and no job completed. Look whether all of them fail or none ends.',
  }),
  alert('QueueBacklogHigh', {
    ...ours('queue-backlog-high'),
    expr: gt(select(queueSize, { queue_name: 'scraping' }), 100),
    for: '10m',
    severity: 'warning',
    summary: 'The queue is long',
    description: ({ value, label, text }) =>
      text`${value} jobs wait in the queue ${label('queue_name')}. Look whether all workers run and jobs end.`,
  }),
  alert('WorkerDown', {
    ...ours('worker-down'),
    expr: and(eq(sum(select(workersActive)), 0), waitingJobs),
    for: '5m',
    severity: 'critical',
    summary: 'Jobs wait and no worker runs',
    description: 'The queue holds jobs, and there is no worker that would take them. Start the workers.',
  }),
  alert('DependencyDown', {
    ...ours('dependency-down'),
    expr: eq(select(metrics.health.up), 0),
    for: '2m',
    severity: 'critical',
    summary: ({ label, text }) => text`${label('dependency')} is down`,
    description: ({ label, text }) =>
      text`The API does not find ${label('dependency')} well. What it needs it for does not work.`,
  }),
]);
