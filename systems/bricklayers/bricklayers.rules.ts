/**
 * Tests of the alerts: `binnacle test bricklayers.rules.ts`. Each is silent at first, fires over its trouble, and ends
 * after it; and is silent where the trouble stays just below the limit.
 */
import { fires, ruleTest, ruleTests, series, silent } from '@binnacle/blueprint';
import config from './binnacle.config.ts';
import { cleanupErrors, http, processingJobs, processingJobsPending } from './src/metrics.ts';

const job = 'bricklayers-web';
const uploadRoute = { method: 'POST', endpoint: '/api/v1/upload', job };

/** A counter that grows by so much every 15 seconds for 30 minutes of trouble, and by so much for 30 minutes after it. */
function counts(inTrouble: number, afterwards: number): string {
  return `0+${inTrouble}x119 ${inTrouble * 120}+${afterwards}x120`;
}

/** Requests that fail and requests that do not, so many each in 15 seconds; afterwards none fails. */
function requests(failed: number, good: number): string[] {
  return [
    series(http.requests, { ...uploadRoute, status: '500' }, counts(failed, 0)),
    series(http.requests, { ...uploadRoute, status: '201' }, counts(good, failed + good)),
  ];
}

/** Jobs by how they ended, so many each in 15 seconds; afterwards all complete. */
function jobs(completed: number, error: number, timeout: number): string[] {
  return [
    series(processingJobs, { status: 'completed', job }, counts(completed, completed + error + timeout)),
    series(processingJobs, { status: 'error', job }, counts(error, 0)),
    series(processingJobs, { status: 'timeout', job }, counts(timeout, 0)),
  ];
}

/** Buckets of requests that took about so long, ten more every 15 seconds; afterwards they are quick. */
function durations(seconds: number): string[] {
  return [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, Number.POSITIVE_INFINITY].map((bound) =>
    series(
      http.duration,
      { ...uploadRoute, le: bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound) },
      counts(seconds <= bound ? 10 : 0, 10),
      '_bucket',
    ),
  );
}

export default ruleTests(config, [
  ruleTest('one request of ten fails', {
    series: requests(1, 9),
    expect: [
      silent('HighErrorRate', '4m30s'),
      fires('HighErrorRate', '10m', [
        { labels: { severity: 'warning' }, annotations: { description: 'Error rate is 10%' } },
      ]),
      silent('HighErrorRate', '40m'),
    ],
  }),
  ruleTest('one request of twenty fails', {
    series: requests(1, 19),
    expect: [silent('HighErrorRate', '15m')],
  }),
  ruleTest('nobody asks', { series: requests(0, 0), expect: [silent('HighErrorRate', '15m')] }),

  ruleTest('every fifth job fails', {
    series: jobs(8, 1, 1),
    expect: [
      silent('HighProcessingFailureRate', '9m'),
      fires('HighProcessingFailureRate', '15m', [
        { annotations: { description: 'Processing failure rate is 20%' } },
      ]),
      silent('HighProcessingFailureRate', '45m'),
    ],
  }),
  ruleTest('every tenth job fails', {
    series: jobs(18, 1, 1),
    expect: [silent('HighProcessingFailureRate', '25m')],
  }),

  ruleTest('the queue does not get shorter', {
    series: [series(processingJobsPending, { job }, '51x80 3x20')],
    expect: [
      silent('JobQueueBacklog', '14m45s'),
      fires('JobQueueBacklog', '15m', [
        { annotations: { description: '51 jobs pending for over 15 minutes' } },
      ]),
      silent('JobQueueBacklog', '21m'),
    ],
  }),
  ruleTest('the queue was long for a while', {
    series: [series(processingJobsPending, { job }, '51x50 50 51x40')],
    expect: [silent('JobQueueBacklog', '20m')],
  }),

  ruleTest('a route takes seven seconds', {
    series: durations(7),
    expect: [
      silent('SlowRequests', '9m'),
      fires('SlowRequests', '15m', [{ labels: uploadRoute }]),
      silent('SlowRequests', '40m'),
    ],
  }),
  ruleTest('a route takes three seconds', { series: durations(3), expect: [silent('SlowRequests', '15m')] }),

  ruleTest('many files cannot be removed', {
    every: '1m',
    series: [series(cleanupErrors, { job }, '0x5 6x60')],
    expect: [
      silent('CleanupFailures', '5m'),
      fires('CleanupFailures', '7m', [{ labels: { severity: 'warning' } }]),
      silent('CleanupFailures', '66m'),
    ],
  }),
]);
