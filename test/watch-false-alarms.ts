/** What happens to services in good order, and which alert must stay silent over it. */
import { wholeWatches } from '../packages/blueprint/test/whole-watches.ts';
import type { AlertCase } from './watch-cases.ts';
import { A, B, JOB_ENDS, observed, WAITING } from './watch-series.ts';

const WATCHES = wholeWatches();

/** Series over which an alert must be silent, and why. */
export const FALSE_ALARMS: readonly (Pick<AlertCase, 'alert' | 'watch' | 'atMinute'> & {
  readonly why: string;
  readonly series: readonly string[];
})[] = [
  {
    why: 'one of two processes starts again',
    alert: 'HttpFailing',
    watch: WATCHES.http,
    series: [
      `http_requests_total{${A},method="GET",endpoint="/",status="200"} 0+96x57 0+96x100`,
      `http_requests_total{${A},method="GET",endpoint="/",status="500"} 0+4x57 0+4x100`,
      `http_requests_total{${B},method="GET",endpoint="/",status="200"} 100000+96x200`,
      `http_requests_total{${B},method="GET",endpoint="/",status="500"} 9000+4x200`,
    ],
  },
  {
    why: 'a container that hardly works uses up its quota each time it does',
    alert: 'SystemThrottled',
    watch: WATCHES.system,
    series: [`cpu_throttled_periods_total{${A}} 0+50x200`, `cpu_periods_total{${A}} 0+50x200`],
  },
  {
    why: 'a process that hardly works collects garbage now and then',
    alert: 'RuntimeGarbageCollecting',
    watch: WATCHES.runtime,
    series: [
      `nodejs_gc_duration_seconds_sum{${A},kind="major"} 0+2x200`,
      `process_cpu_seconds_total{${A}} 0+5x200`,
    ],
  },
  {
    why: 'one of three requests of a quiet hour fails',
    alert: 'HttpFailing',
    watch: WATCHES.http,
    series: [
      `http_requests_total{${A},method="GET",endpoint="/",status="200"} 0x50 1x4 2x200`,
      `http_requests_total{${A},method="GET",endpoint="/",status="500"} 0x52 1x200`,
    ],
  },
  {
    why: 'a few requests of a quiet hour are slow',
    alert: 'HttpSlow',
    watch: WATCHES.http,
    series: observed('http_request_duration_seconds', '10', 1, 'method="GET",endpoint="/"'),
  },
  {
    why: 'the service has just started its first job',
    alert: 'JobsStuck',
    watch: WATCHES.jobs,
    series: [`jobs_active{${A}} _x40 2x200`, ...JOB_ENDS.map((end) => `${end} _x40 0x200`)],
    atMinute: 65,
  },
  {
    why: 'the first job after a quiet day is worked on',
    alert: 'JobsStuck',
    watch: WATCHES.jobs,
    series: [`jobs_active{${A}} 0x40 2x200`, ...JOB_ENDS.map((end) => `${end} 100x300`)],
    atMinute: 65,
  },
  {
    why: 'the service has just started and much waits',
    alert: 'JobsNotCompleting',
    watch: WATCHES.jobs,
    series: [`${WAITING} _x40 20x200`, ...JOB_ENDS.map((end) => `${end} _x40 0x200`)],
    atMinute: 95,
  },
  {
    why: 'nothing is to be done',
    alert: 'JobsNotCompleting',
    watch: WATCHES.jobs,
    series: [`${WAITING} 0x200`, `jobs_active{${A}} 0x200`, ...JOB_ENDS.map((end) => `${end} 100x200`)],
    atMinute: 150,
  },
  {
    why: 'the service has just started and has not cleaned yet',
    alert: 'CleanupNotRunning',
    watch: WATCHES.cleanup,
    series: [`cleanup_runs_total{${A}} 3x10 0x40`],
    atMinute: 40,
  },
  {
    why: 'the first files of a new storage arrive',
    alert: 'StorageFillingUp',
    watch: WATCHES.storage,
    series: [`storage_usage_bytes{${A},provider="s3"} 0+2x200`],
    atMinute: 200,
  },
  {
    why: 'an instance misses one scrape',
    alert: 'ServiceDown',
    watch: WATCHES.service,
    series: [`up{${A}} 1x59 0 1x60`],
  },
  {
    why: 'a job was never run',
    alert: 'JobsOverdue',
    watch: WATCHES.jobs,
    series: [`jobs_last_success_timestamp_seconds{${A}} 0x200`],
  },
];
