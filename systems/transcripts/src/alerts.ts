/**
 * The nine alerts of the document, in its four groups. What each means and what to do is in the README, one section for
 * each; the limits are here, and the dashboards draw them.
 */
import { alert, type RuleGroup, ruleGroup } from '@binnacle/blueprint';
import {
  div,
  eq,
  gt,
  histogramQuantile,
  increase,
  lt,
  rate,
  re,
  selectors,
  sum,
} from '@binnacle/promql/builder';
import * as api from './metrics/api.ts';
import { SYSTEM } from './metrics/system.ts';
import * as worker from './metrics/worker.ts';

/** The share of requests that may fail with 5xx. */
export const FAILED_REQUESTS_MAX = 0.05;
/** How long 95 of 100 requests to an endpoint may take at most. */
export const RESPONSE_SECONDS_MAX = 1;
/** The share of videos that may fail. */
export const FAILED_VIDEOS_MAX = 0.2;
/** How many videos may wait. */
export const PENDING_MAX = 50;
/** How many errors of the database there may be in a second. */
export const DATABASE_ERRORS_PER_SECOND_MAX = 1;
/** How many transcripts may be exported in a second. */
export const EXPORTS_PER_SECOND_MAX = 10;

const { select, buckets } = selectors({ labels: { system: [SYSTEM] }, where: { system: SYSTEM } });

const RUNBOOKS = 'systems/transcripts/README.md';
/** What the monitor writes of every target. */
const UP = { type: 'gauge', name: 'up', labels: {} } as const;

/** On all alerts: sums have lost it, and others have alerts of the same names. */
const labels = { system: SYSTEM } as const;

const requests = select(api.http.requests);
const failedRequests = select(api.http.requests, { status: re('5..') });
const processed = select(worker.videosProcessed);

const apiAlerts = ruleGroup('api_alerts', [
  alert('HighErrorRate', {
    expr: gt(div(sum(rate(failedRequests, '5m')), sum(rate(requests, '5m'))), FAILED_REQUESTS_MAX),
    for: '5m',
    severity: 'warning',
    labels,
    summary: 'Many requests to the API fail',
    description: ({ value, text }) =>
      text`${value.percentage} of requests were answered with 5xx within 5 minutes. See which endpoints in API Performance, and in the log of the API what happened.`,
    runbookUrl: `${RUNBOOKS}#high-error-rate`,
  }),
  alert('SlowResponseTime', {
    expr: gt(
      histogramQuantile(0.95, sum(rate(buckets(api.http.duration), '5m')).by('le', 'endpoint')),
      RESPONSE_SECONDS_MAX,
    ),
    for: '5m',
    severity: 'warning',
    labels,
    summary: ({ label, text }) => text`${label('endpoint')} answers slowly`,
    description: ({ value, label, text }) =>
      text`Of 20 requests to ${label('endpoint')}, one took ${value.duration} or longer within 5 minutes. See whether the database is slow: API Performance, Database.`,
    runbookUrl: `${RUNBOOKS}#slow-response-time`,
  }),
  alert('APIServiceDown', {
    expr: eq(select(UP, { job: api.SERVICE }), 0),
    for: '2m',
    severity: 'critical',
    labels,
    summary: 'The API does not answer',
    description: ({ label, text }) =>
      text`The metrics of ${label('instance')} cannot be read: nobody can bring videos or find transcripts. See whether it runs, and what its log says last.`,
    runbookUrl: `${RUNBOOKS}#api-service-down`,
  }),
]);

const workerAlerts = ruleGroup('worker_alerts', [
  alert('NoJobsCompleted', {
    // Below 1 and not equal to 0: an increase is never between the two, and floats are not compared for equality.
    expr: lt(sum(increase(select(worker.videosProcessed, { result: 'completed' }), '1h')), 1),
    for: '5m',
    severity: 'warning',
    labels,
    summary: 'No video was completed for an hour',
    description:
      'Not one video was completed within an hour. See in Transcription Pipeline whether videos wait or all of them fail; if there are none, nobody brings any.',
    runbookUrl: `${RUNBOOKS}#no-jobs-completed`,
  }),
  alert('WorkerServiceDown', {
    expr: eq(select(UP, { job: worker.SERVICE }), 0),
    for: '2m',
    severity: 'critical',
    labels,
    summary: 'The worker does not answer',
    description: ({ label, text }) =>
      text`The metrics of ${label('instance')} cannot be read: videos wait, and nothing is transcribed. See whether it runs, and what its log says last.`,
    runbookUrl: `${RUNBOOKS}#worker-service-down`,
  }),
  alert('HighJobFailureRate', {
    expr: gt(
      div(
        sum(rate(select(worker.videosProcessed, { result: 'failed' }), '15m')),
        sum(rate(processed, '15m')),
      ),
      FAILED_VIDEOS_MAX,
    ),
    for: '10m',
    severity: 'warning',
    labels,
    summary: 'Many videos fail',
    description: ({ value, text }) =>
      text`${value.percentage} of the videos failed within 15 minutes. See the status of a job: it says of each video why.`,
    runbookUrl: `${RUNBOOKS}#high-job-failure-rate`,
  }),
  alert('JobsStuckInQueue', {
    expr: gt(select(worker.videosPending), PENDING_MAX),
    for: '30m',
    severity: 'warning',
    labels,
    summary: 'Videos wait and do not get fewer',
    description: ({ value, text }) =>
      text`${value.humanize} videos wait, and more than ${PENDING_MAX} have for 30 minutes. See in Transcription Pipeline whether videos are completed; if they are, add workers.`,
    runbookUrl: `${RUNBOOKS}#jobs-stuck-in-queue`,
  }),
]);

const systemAlerts = ruleGroup('system_alerts', [
  alert('HighDatabaseErrors', {
    expr: gt(sum(rate(select(api.database.errors), '5m')), DATABASE_ERRORS_PER_SECOND_MAX),
    for: '5m',
    severity: 'warning',
    labels,
    summary: 'The database refuses work',
    description: ({ value, text }) =>
      text`${value.humanize} operations of the database failed per second within 5 minutes. See which kind of error it is: API Performance, Database.`,
    runbookUrl: `${RUNBOOKS}#high-database-errors`,
  }),
]);

const businessAlerts = ruleGroup('business_alerts', [
  alert('UnusualExportActivity', {
    expr: gt(sum(rate(select(api.exports), '5m')), EXPORTS_PER_SECOND_MAX),
    for: '10m',
    severity: 'info',
    labels,
    summary: 'Somebody exports a great many transcripts',
    description: ({ value, text }) =>
      text`${value.humanize} transcripts were exported per second within 5 minutes. See in the log of the API who fetches them.`,
    runbookUrl: `${RUNBOOKS}#unusual-export-activity`,
  }),
]);

/** The alerts, in the groups of the document. */
export const transcriptsRules: readonly RuleGroup[] = [apiAlerts, workerAlerts, systemAlerts, businessAlerts];
