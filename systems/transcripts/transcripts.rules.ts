/**
 * Tests of the alerts: `binnacle test transcripts.rules.ts`. Each is silent at first, fires over its trouble, and ends
 * after it; and is silent where the trouble stays just below the limit.
 */
import { fires, ruleTest, ruleTests, series, silent } from '@binnacle/blueprint';
import config from './binnacle.config.ts';
import * as api from './src/metrics/api.ts';
import { SYSTEM as system } from './src/metrics/system.ts';
import * as worker from './src/metrics/worker.ts';

const ofApi = { job: api.SERVICE, instance: 'localhost:8000', system };
const ofWorker = { job: worker.SERVICE, instance: 'localhost:8001', system };
const search = { ...ofApi, method: 'GET', endpoint: '/api/v1/search' };

/** Samples in an hour. */
const HOUR = 240;

/** A counter that grows by so much every 15 seconds for an hour of trouble, and by so much in the hour after it. */
function counts(inTrouble: number, afterwards: number): string {
  return `0+${inTrouble}x${HOUR - 1} ${inTrouble * HOUR}+${afterwards}x${HOUR}`;
}

/** Requests that fail and requests that do not, so many each in 15 seconds; afterwards none fails. */
function requests(failed: number, good: number): string[] {
  return [
    series(api.http.requests, { ...search, status: '500' }, counts(failed, 0)),
    series(api.http.requests, { ...search, status: '200' }, counts(good, failed + good)),
  ];
}

/** Requests that take about so long, ten in 15 seconds; afterwards they are quick. */
function durations(seconds: number): string[] {
  return [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, Number.POSITIVE_INFINITY].map((bound) =>
    series(
      api.http.duration,
      { ...search, le: bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound) },
      counts(seconds <= bound ? 10 : 0, 10),
      '_bucket',
    ),
  );
}

/** Videos by how they end, so many each in 15 seconds; afterwards all are completed. */
function videos(completed: number, failed: number): string[] {
  return [
    series(
      worker.videosProcessed,
      { ...ofWorker, result: 'completed' },
      counts(completed, completed + failed),
    ),
    series(worker.videosProcessed, { ...ofWorker, result: 'failed' }, counts(failed, 0)),
  ];
}

/** Whether a target answers: it does for a minute, does not for five, and does again. */
function outage(target: { readonly job: string; readonly instance: string }): string {
  return `up{job="${target.job}", instance="${target.instance}", system="${system}"} 1x3 0x19 1x20`;
}

export default ruleTests(config, [
  ruleTest('one request of ten fails', {
    series: requests(1, 9),
    expect: [
      silent('HighErrorRate', '4m30s'),
      fires('HighErrorRate', '10m', [
        {
          labels: { severity: 'warning', system },
          annotations: { runbook_url: 'systems/transcripts/README.md#high-error-rate' },
        },
      ]),
      silent('HighErrorRate', '70m'),
    ],
  }),
  ruleTest('one request of twenty fails', {
    series: requests(1, 19),
    expect: [silent('HighErrorRate', '20m')],
  }),
  ruleTest('nobody asks', { series: requests(0, 0), expect: [silent('HighErrorRate', '20m')] }),

  ruleTest('searches take two seconds', {
    series: durations(2),
    expect: [
      silent('SlowResponseTime', '4m30s'),
      fires('SlowResponseTime', '10m', [
        {
          labels: { severity: 'warning', endpoint: '/api/v1/search', system },
          annotations: { summary: '/api/v1/search answers slowly' },
        },
      ]),
      silent('SlowResponseTime', '70m'),
    ],
  }),
  ruleTest('searches take just less than a second', {
    series: durations(0.9),
    expect: [silent('SlowResponseTime', '20m')],
  }),

  ruleTest('the API is away', {
    series: [
      outage(ofApi),
      `up{job="${worker.SERVICE}", instance="localhost:8001", system="${system}"} 1x40`,
    ],
    expect: [
      silent('APIServiceDown', '2m45s'),
      fires('APIServiceDown', '3m', [{ labels: { severity: 'critical', instance: 'localhost:8000' } }]),
      silent('WorkerServiceDown', '5m'),
      silent('APIServiceDown', '6m15s'),
    ],
  }),
  ruleTest('the API of another system is away', {
    series: [`up{job="${api.SERVICE}", instance="localhost:9000", system="leads"} 0x40`],
    expect: [silent('APIServiceDown', '8m')],
  }),

  ruleTest('all videos fail, until one is completed after ten minutes', {
    series: [
      series(worker.videosProcessed, { ...ofWorker, result: 'completed' }, `0x40 1x${HOUR}`),
      series(worker.videosProcessed, { ...ofWorker, result: 'failed' }, counts(1, 0)),
    ],
    expect: [
      silent('NoJobsCompleted', '4m30s'),
      fires('NoJobsCompleted', '10m', [{ labels: { severity: 'warning', system } }]),
      silent('NoJobsCompleted', '12m'),
    ],
  }),
  ruleTest('one is completed every 55 minutes', {
    every: '1m',
    series: [series(worker.videosProcessed, { ...ofWorker, result: 'completed' }, '0x2 1x54 2x54 3x54')],
    expect: [silent('NoJobsCompleted', '60m'), silent('NoJobsCompleted', '110m')],
  }),

  ruleTest('the worker is away', {
    series: [
      outage(ofWorker),
      `up{job="${api.SERVICE}", instance="localhost:8000", system="${system}"} 1x40`,
    ],
    expect: [
      silent('WorkerServiceDown', '2m45s'),
      fires('WorkerServiceDown', '3m', [{ labels: { severity: 'critical', instance: 'localhost:8001' } }]),
      silent('APIServiceDown', '5m'),
      silent('WorkerServiceDown', '6m15s'),
    ],
  }),

  ruleTest('every third video fails', {
    series: videos(2, 1),
    expect: [
      silent('HighJobFailureRate', '9m30s'),
      fires('HighJobFailureRate', '15m', [
        {
          labels: { severity: 'warning', system },
          annotations: {
            description:
              '33.33% of the videos failed within 15 minutes. See the status of a job: it says of each video why.',
          },
        },
      ]),
      silent('HighJobFailureRate', '80m'),
    ],
  }),
  ruleTest('every fifth video fails', {
    series: videos(4, 1),
    expect: [silent('HighJobFailureRate', '30m')],
  }),

  ruleTest('more than fifty videos wait', {
    series: [series(worker.videosPending, ofWorker, `51x${HOUR} 50x20`)],
    expect: [
      silent('JobsStuckInQueue', '29m45s'),
      fires('JobsStuckInQueue', '30m', [
        {
          labels: { severity: 'warning', system },
          annotations: { summary: 'Videos wait and do not get fewer' },
        },
      ]),
      silent('JobsStuckInQueue', '61m'),
    ],
  }),
  ruleTest('fifty videos wait', {
    series: [series(worker.videosPending, ofWorker, `50x${HOUR}`)],
    expect: [silent('JobsStuckInQueue', '45m')],
  }),
  ruleTest('more than fifty videos waited for a while', {
    series: [series(worker.videosPending, ofWorker, '51x100 3 51x100')],
    expect: [silent('JobsStuckInQueue', '45m')],
  }),

  ruleTest('two operations of the database fail in a second', {
    series: [series(api.database.errors, { ...ofApi, error_type: 'connection' }, counts(30, 0))],
    expect: [
      silent('HighDatabaseErrors', '4m30s'),
      fires('HighDatabaseErrors', '10m', [{ labels: { severity: 'warning', system } }]),
      silent('HighDatabaseErrors', '70m'),
    ],
  }),
  ruleTest('an operation of the database fails now and then', {
    series: [
      series(api.database.errors, { ...ofApi, error_type: 'connection' }, counts(8, 0)),
      series(api.database.errors, { ...ofApi, error_type: 'timeout' }, counts(6, 0)),
    ],
    expect: [silent('HighDatabaseErrors', '30m')],
  }),

  ruleTest('twelve transcripts are exported in a second', {
    series: [
      series(api.exports, { ...ofApi, format: 'srt' }, counts(120, 1)),
      series(api.exports, { ...ofApi, format: 'pdf' }, counts(60, 1)),
    ],
    expect: [
      silent('UnusualExportActivity', '9m30s'),
      fires('UnusualExportActivity', '15m', [{ labels: { severity: 'info', system } }]),
      silent('UnusualExportActivity', '70m'),
    ],
  }),
  ruleTest('nine transcripts are exported in a second', {
    series: [
      series(api.exports, { ...ofApi, format: 'srt' }, counts(75, 1)),
      series(api.exports, { ...ofApi, format: 'pdf' }, counts(60, 1)),
    ],
    expect: [silent('UnusualExportActivity', '30m')],
  }),
]);
