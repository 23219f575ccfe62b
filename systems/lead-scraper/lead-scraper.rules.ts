/**
 * Tests of the alerts: `binnacle test lead-scraper.rules.ts`. Each is silent at first, fires over its trouble, and ends
 * after it; and is silent where the trouble stays just below the limit.
 */
import { fires, ruleTest, ruleTests, series, silent } from '@binnacle/blueprint';
import config from './binnacle.config.ts';
import {
  type DEPENDENCIES,
  health,
  http,
  queueJobs,
  queueSize,
  scrapingJobs,
  scrapingJobsActive,
  workersActive,
} from './src/metrics.ts';

const job = 'api';
const system = 'lead-scraper';
const target = { job, system, instance: 'a:8000' };
const route = { ...target, method: 'GET', endpoint: '/api/v1/leads' };
const source = 'seoul';
const queue_name = 'scraping';

/** So many a minute for an hour of trouble, and so many a minute for an hour after it. */
function counts(inTrouble: number, afterwards: number): string {
  return `0+${inTrouble}x59 ${inTrouble * 60}+${afterwards}x60`;
}

/** Requests that fail and requests that do not; afterwards none fails. */
function requests(failed: number, good: number): string[] {
  return [
    series(http.requests, { ...route, status: '500' }, counts(failed, 0)),
    series(http.requests, { ...route, status: '200' }, counts(good, failed + good)),
  ];
}

/** Buckets of requests that took about so long, ten a minute; afterwards they are quick. */
function durations(seconds: number): string[] {
  return [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, Number.POSITIVE_INFINITY].map((bound) =>
    series(
      http.duration,
      { ...route, le: bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound) },
      counts(seconds <= bound ? 10 : 0, 10),
      '_bucket',
    ),
  );
}

/** Jobs by how they ended. */
function jobs(completed: string, failed: string): string[] {
  return [
    series(scrapingJobs, { ...target, source, status: 'completed' }, completed),
    series(scrapingJobs, { ...target, source, status: 'failed' }, failed),
  ];
}

const active = (values: string): string => series(scrapingJobsActive, { ...target, source }, values);
const waiting = (values: string): string => series(queueSize, { ...target, queue_name }, values);
const started = (values: string): string =>
  series(queueJobs, { ...target, queue_name, status: 'started' }, values);
const workers = (values: string): string => series(workersActive, target, values);
const dependency = (name: (typeof DEPENDENCIES)[number], values: string): string =>
  series(health.up, { ...target, dependency: name }, values);
const every = '1m';

export default ruleTests(config, [
  ruleTest('one request of ten fails', {
    every,
    series: requests(1, 9),
    expect: [
      silent('HighErrorRate', '5m'),
      fires('HighErrorRate', '10m', [
        {
          labels: { severity: 'critical', job, system },
          annotations: {
            description:
              '10% of requests were answered with 5xx within 5 minutes. Look whether the database is well.',
          },
        },
      ]),
      silent('HighErrorRate', '70m'),
    ],
  }),
  ruleTest('one request of twenty fails', {
    every,
    series: requests(1, 19),
    expect: [silent('HighErrorRate', '30m')],
  }),
  ruleTest('nobody asks', { every, series: requests(0, 0), expect: [silent('HighErrorRate', '30m')] }),

  ruleTest('requests take four seconds', {
    every,
    series: durations(4),
    expect: [
      silent('HighLatency', '5m'),
      fires('HighLatency', '10m', [{ labels: { severity: 'warning', job, system } }]),
      silent('HighLatency', '70m'),
    ],
  }),
  ruleTest('requests take one second', {
    every,
    series: durations(1),
    expect: [silent('HighLatency', '30m')],
  }),

  ruleTest('the API does not answer', {
    every,
    series: [`up{job="${job}",system="${system}",instance="a:8000"} 1x4 0x9 1x10`],
    expect: [
      silent('APIDown', '5m'),
      fires('APIDown', '7m', [{ labels: { severity: 'critical', ...target } }]),
      silent('APIDown', '17m'),
    ],
  }),
  ruleTest('another system does not answer', {
    every,
    series: [`up{job="${job}",system="transcripts",instance="b:8000"} 0x20`],
    expect: [silent('APIDown', '15m')],
  }),

  ruleTest('three jobs of ten fail', {
    every,
    series: jobs(counts(7, 10), counts(3, 0)),
    expect: [
      silent('HighScrapingFailureRate', '5m'),
      fires('HighScrapingFailureRate', '11m', [{ labels: { severity: 'warning', job, system } }]),
      silent('HighScrapingFailureRate', '70m'),
    ],
  }),
  ruleTest('two jobs of ten fail', {
    every,
    series: jobs(counts(8, 10), counts(2, 0)),
    expect: [silent('HighScrapingFailureRate', '30m')],
  }),

  ruleTest('two jobs hang', {
    every,
    series: [active('2x60 0x30'), ...jobs('5x90', '0x90')],
    expect: [
      silent('ScrapingJobStuck', '9m'),
      fires('ScrapingJobStuck', '12m', [{ labels: { severity: 'warning', job, system } }]),
      silent('ScrapingJobStuck', '62m'),
    ],
  }),
  ruleTest('a job ends every nine minutes', {
    every,
    series: [active('2x90'), ...jobs('0x8 1x8 2x8 3x8 4x8 5x8 6x8 7x8 8x8', '0x90')],
    expect: [silent('ScrapingJobStuck', '40m'), silent('ScrapingJobStuck', '60m')],
  }),
  ruleTest('nobody wants anything', {
    every,
    series: [active('0x150'), waiting('0x150'), started('9x150'), ...jobs('9x150', '0x150')],
    expect: [silent('ScrapingJobStuck', '60m'), silent('NoScrapingJobsCompleted', '140m')],
  }),

  ruleTest('jobs wait and are under way, and none completes', {
    every,
    series: [waiting('5x150 0x60'), active('2x150 0x60'), started('2x210'), ...jobs('9x150 9+1x60', '0x210')],
    expect: [
      silent('NoScrapingJobsCompleted', '59m'),
      fires('NoScrapingJobsCompleted', '62m', [{ labels: { severity: 'critical', job, system } }]),
      silent('NoScrapingJobsCompleted', '155m'),
    ],
  }),
  ruleTest('a job every twenty minutes, and each fails before anybody has seen it under way', {
    every,
    series: [
      waiting('0x150'),
      active('0x150'),
      started('0x19 1x19 2x19 3x19 4x19 5x19 6x19 7x19'),
      ...jobs('9x150', '0x19 1x19 2x19 3x19 4x19 5x19 6x19 7x19'),
    ],
    expect: [fires('NoScrapingJobsCompleted', '120m', [{ labels: { severity: 'critical' } }])],
  }),
  ruleTest('one job alone fails', {
    every,
    series: [waiting('0x150'), active('0x9 1x4 0x140'), started('0x9 1x150'), ...jobs('9x150', '0x14 1x150')],
    expect: [silent('NoScrapingJobsCompleted', '60m'), silent('NoScrapingJobsCompleted', '100m')],
  }),
  ruleTest('one job of many completes in an hour', {
    every,
    series: [waiting('5x150'), active('2x150'), ...jobs('0x49 1x49 2x49', '0+1x150')],
    expect: [silent('NoScrapingJobsCompleted', '100m'), silent('NoScrapingJobsCompleted', '140m')],
  }),

  ruleTest('the queue does not get shorter', {
    every,
    series: [waiting('101x30 100x20')],
    expect: [
      silent('QueueBacklogHigh', '9m'),
      fires('QueueBacklogHigh', '10m', [
        {
          labels: { severity: 'warning', queue_name, ...target },
          annotations: {
            description: '101 jobs wait in the queue scraping. Look whether all workers run and jobs end.',
          },
        },
      ]),
      silent('QueueBacklogHigh', '32m'),
    ],
  }),
  ruleTest('the queue was long for a while', {
    every,
    series: [waiting('101x8 100 101x8 100x20')],
    expect: [silent('QueueBacklogHigh', '15m')],
  }),

  ruleTest('the workers are gone and jobs wait', {
    every,
    series: [workers('2x9 0x20 1x20'), waiting('3x50')],
    expect: [
      silent('WorkerDown', '14m'),
      fires('WorkerDown', '16m', [{ labels: { severity: 'critical', job, system } }]),
      silent('WorkerDown', '32m'),
    ],
  }),
  ruleTest('there are no workers and there is no work', {
    every,
    series: [workers('0x50'), waiting('0x50')],
    expect: [silent('WorkerDown', '30m')],
  }),

  ruleTest('Redis is down', {
    every,
    series: [dependency('redis', '1x9 0x9 1x9'), dependency('database', '1x30')],
    expect: [
      silent('DependencyDown', '11m'),
      fires('DependencyDown', '13m', [
        {
          labels: { severity: 'critical', dependency: 'redis', ...target },
          annotations: { summary: 'redis is down' },
        },
      ]),
      silent('DependencyDown', '22m'),
    ],
  }),
]);
