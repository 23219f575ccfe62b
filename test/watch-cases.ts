/**
 * For every alert of every watch: series over which it must fire, and series just below its limit over which it must
 * not. Each series is `name{labels} values` in the notation of rule unit tests, a value a minute.
 */
import { systemWatch, type Watch } from '../packages/blueprint/dist/index.js';
import { wholeWatches } from '../packages/blueprint/test/whole-watches.ts';
import { A, B, ended, JOB_ENDS, observed, standing, WAITING } from './watch-series.ts';

/** One alert, and when it is to fire. */
export interface AlertCase {
  readonly alert: string;
  readonly watch: Watch;
  readonly fires: readonly string[];
  /** The same just below the limit. */
  readonly below: readonly string[];
  /** The minute at which both are asked for. Default 60. */
  readonly atMinute?: number;
  /** How many fire. Default 1. */
  readonly count?: number;
  /** What it is with every series at 0, where it is not silent. */
  readonly atZero?: 'fires';
  /** What it is without any series, where it is not silent. */
  readonly withoutSeries?: 'fires';
}

const WATCHES = wholeWatches();

/** Every alert once. */
export const ALERT_CASES: readonly AlertCase[] = [
  {
    alert: 'HttpFailing',
    watch: WATCHES.http,
    fires: ended('http_requests_total', 'method="GET",endpoint="/"', 'status="200"', 94, 'status="503"', 6),
    below: ended('http_requests_total', 'method="GET",endpoint="/"', 'status="200"', 96, 'status="503"', 4),
  },
  {
    alert: 'HttpSlow',
    watch: WATCHES.http,
    fires: observed('http_request_duration_seconds', '10', 10, 'method="GET",endpoint="/"'),
    below: observed('http_request_duration_seconds', '1', 10, 'method="GET",endpoint="/"'),
  },
  {
    alert: 'HttpSlow',
    watch: wholeWatches({ buckets: 'native' }).http,
    // Bucket 4 of schema 0 is from 8 to 16 seconds, bucket 0 from half a second to one.
    fires: [
      `http_request_duration_seconds{${A},method="GET",endpoint="/"} {{schema:0 offset:4 buckets:[0]}}+{{schema:0 count:10 sum:100 offset:4 buckets:[10]}}x200`,
    ],
    below: [
      `http_request_duration_seconds{${A},method="GET",endpoint="/"} {{schema:0 buckets:[0]}}+{{schema:0 count:10 sum:8 buckets:[10]}}x200`,
    ],
  },
  {
    alert: 'HttpCrowded',
    watch: WATCHES.http,
    fires: [`http_requests_in_progress{${A}} 60x200`, `http_requests_in_progress{${B}} 41x200`],
    below: [`http_requests_in_progress{${A}} 60x200`, `http_requests_in_progress{${B}} 40x200`],
  },
  {
    alert: 'HttpSilent',
    watch: WATCHES.http,
    fires: [`http_requests_total{${A},method="GET",endpoint="/",status="200"} 0+10x30 300x60`],
    below: [`http_requests_total{${A},method="GET",endpoint="/",status="200"} 0+10x30 300x15 301x60`],
    atZero: 'fires',
    withoutSeries: 'fires',
  },
  {
    alert: 'JobsFailing',
    watch: WATCHES.jobs,
    fires: ended('jobs_total', 'queue="mail"', 'status="completed"', 88, 'status="timeout"', 12),
    below: ended('jobs_total', 'queue="mail"', 'status="completed"', 91, 'status="timeout"', 9),
  },
  {
    alert: 'JobsSlow',
    watch: WATCHES.jobs,
    fires: observed('job_duration_seconds', '10', 10, 'queue="mail"'),
    below: observed('job_duration_seconds', '1', 10, 'queue="mail"'),
  },
  {
    alert: 'JobsPiling',
    watch: WATCHES.jobs,
    // Both instances see the same queue, so that 26 and 26 are 26.
    fires: [`${WAITING} 51x200`, `jobs_pending{${B},queue="mail"} 20x200`],
    below: [`${WAITING} 50x200`, `jobs_pending{${B},queue="mail"} 50x200`],
  },
  {
    alert: 'JobsWaitingLong',
    watch: WATCHES.jobs,
    fires: [`jobs_oldest_waiting_seconds{${A}} 901x200`],
    below: [`jobs_oldest_waiting_seconds{${A}} 900x200`],
  },
  {
    alert: 'JobsStuck',
    watch: WATCHES.jobs,
    fires: standing(`jobs_active{${A}}`, 2, JOB_ENDS),
    below: standing(`jobs_active{${A}}`, 2, JOB_ENDS, 0.1),
  },
  {
    alert: 'JobsNotCompleting',
    watch: WATCHES.jobs,
    // All of them fail, which is an ending and no completion.
    fires: [...standing(WAITING, 2, [JOB_ENDS[0]!]), `${JOB_ENDS[1]} 0+10x200`],
    below: [...standing(WAITING, 2, [JOB_ENDS[0]!], 0.1), `${JOB_ENDS[1]} 0+10x200`],
    atMinute: 90,
  },
  {
    alert: 'JobsNotCompleting',
    watch: WATCHES.busyJobs,
    fires: [`videos_completed_total{${A}} 7x200`, `videos_failed_total{${A}} 0x200`],
    below: [`videos_completed_total{${A}} 7x60 8x100`, `videos_failed_total{${A}} 0x200`],
    atMinute: 90,
    atZero: 'fires',
  },
  {
    alert: 'JobsWithoutWorker',
    watch: WATCHES.jobs,
    fires: [`${WAITING} 1x200`, `workers{${A}} 0x200`],
    below: [`${WAITING} 1x200`, `workers{${A}} 1x200`],
  },
  {
    alert: 'JobsOverdue',
    watch: WATCHES.jobs,
    fires: [`jobs_last_success_timestamp_seconds{${A}} 60x200`],
    below: [`jobs_last_success_timestamp_seconds{${A}} 60x30 1800x170`],
    atMinute: 90,
  },
  ...(['Upload', 'Download'] as const).flatMap((kind): AlertCase[] => {
    const watch = kind === 'Upload' ? WATCHES.uploads : WATCHES.downloads;
    const name = kind.toLowerCase();
    const endings = ['success', 'failed'].map(
      (status) => `${name}s_total{${A},provider="s3",status="${status}"}`,
    );
    return [
      {
        alert: `${kind}sFailing`,
        watch,
        fires: ended(`${name}s_total`, 'provider="s3"', 'status="success"', 78, 'status="failed"', 22),
        below: ended(`${name}s_total`, 'provider="s3"', 'status="success"', 81, 'status="failed"', 19),
      },
      {
        alert: `${kind}sSlow`,
        watch,
        fires: observed(`${name}_duration_seconds`, '10', 10, 'provider="s3"'),
        below: observed(`${name}_duration_seconds`, '1', 10, 'provider="s3"'),
      },
      {
        alert: `${kind}sStuck`,
        watch,
        fires: standing(`${name}s_in_progress{${A}}`, 1, endings),
        below: standing(`${name}s_in_progress{${A}}`, 1, endings, 0.1),
      },
    ];
  }),
  {
    alert: 'StorageNearlyFull',
    watch: WATCHES.storage,
    fires: [
      `storage_usage_bytes{${A},provider="s3"} 801x200`,
      `storage_usage_bytes{${B},provider="s3"} 801x200`,
    ],
    below: [
      `storage_usage_bytes{${A},provider="s3"} 800x200`,
      `storage_usage_bytes{${B},provider="s3"} 800x200`,
    ],
  },
  {
    alert: 'StorageFillingUp',
    watch: WATCHES.storage,
    // Of a thousand bytes: a byte in 2 minutes is 720 more in a day, and one in 4 minutes is 360.
    fires: [`storage_usage_bytes{${A},provider="s3"} 350+0.5x500`],
    below: [`storage_usage_bytes{${A},provider="s3"} 350+0.25x500`],
    atMinute: 430,
  },
  {
    alert: 'StorageWritesFailing',
    watch: WATCHES.storage,
    fires: ended('storage_writes_total', 'provider="s3"', 'status="success"', 88, 'status="failed"', 12),
    below: ended('storage_writes_total', 'provider="s3"', 'status="success"', 91, 'status="failed"', 9),
  },
  {
    alert: 'StorageWritesSlow',
    watch: WATCHES.storage,
    fires: observed('storage_write_duration_seconds', '10', 10, 'provider="s3"'),
    below: observed('storage_write_duration_seconds', '1', 10, 'provider="s3"'),
  },
  {
    alert: 'DatabaseFailing',
    watch: WATCHES.database,
    fires: [`db_errors_total{${A},error_type="timeout"} 0+61x200`],
    below: [`db_errors_total{${A},error_type="timeout"} 0+60x200`],
  },
  {
    alert: 'DatabaseSlow',
    watch: WATCHES.database,
    fires: observed('db_query_duration_seconds', '1', 10, 'operation="select"'),
    below: observed('db_query_duration_seconds', '0.1', 10, 'operation="select"'),
  },
  {
    alert: 'DatabaseConnectionsHigh',
    watch: WATCHES.database,
    fires: [`db_connections_active{${A}} 81x200`, `db_connections_max{${A}} 100x200`],
    below: [`db_connections_active{${A}} 80x200`, `db_connections_max{${A}} 100x200`],
  },
  {
    alert: 'DatabaseWaiting',
    watch: WATCHES.database,
    fires: [`db_connections_waiting{${A}} 1x200`],
    below: [`db_connections_waiting{${A}} 0x200`],
  },
  {
    alert: 'CacheMissing',
    watch: WATCHES.cache,
    fires: ended('cache_lookups_total', '', 'result="hit"', 49, 'result="miss"', 51),
    below: ended('cache_lookups_total', '', 'result="hit"', 50, 'result="miss"', 50),
  },
  {
    alert: 'CacheSlow',
    watch: WATCHES.cache,
    fires: observed('cache_lookup_duration_seconds', '1', 10),
    below: observed('cache_lookup_duration_seconds', '0.1', 10),
  },
  {
    alert: 'CacheFailing',
    watch: WATCHES.cache,
    fires: [`cache_errors_total{${A}} 0+7x200`],
    below: [`cache_errors_total{${A}} 0+6x200`],
  },
  {
    alert: 'SearchFailing',
    watch: WATCHES.search,
    fires: ended('search_queries_total', 'backend="pg"', 'status="success"', 94, 'status="failed"', 6),
    below: ended('search_queries_total', 'backend="pg"', 'status="success"', 96, 'status="failed"', 4),
  },
  {
    alert: 'SearchSlow',
    watch: WATCHES.search,
    fires: observed('search_duration_seconds', '10', 10, 'backend="pg"'),
    below: observed('search_duration_seconds', '1', 10, 'backend="pg"'),
  },
  {
    alert: 'SearchFindsNothing',
    watch: WATCHES.search,
    fires: [
      `search_queries_total{${A},backend="pg",status="success"} 0+1x200`,
      `search_results_total{${A},backend="pg"} 40x200`,
    ],
    below: [
      `search_queries_total{${A},backend="pg",status="success"} 0+1x200`,
      `search_results_total{${A},backend="pg"} 40x50 41x150`,
    ],
  },
  {
    alert: 'SearchIndexStale',
    watch: WATCHES.search,
    fires: [`search_indexed_total{${A}} 10x200`],
    below: [`search_indexed_total{${A}} 10x60 11x140`],
    atMinute: 90,
    atZero: 'fires',
  },
  {
    alert: 'TranscodeFailing',
    watch: WATCHES.transcode,
    fires: ended('transcode_jobs_total', '', 'status="completed"', 88, 'status="failed"', 12),
    below: ended('transcode_jobs_total', '', 'status="completed"', 91, 'status="failed"', 9),
  },
  {
    alert: 'TranscodeSlow',
    watch: WATCHES.transcode,
    fires: observed('transcode_duration_seconds', '10', 10, 'target_format="mp4"'),
    below: observed('transcode_duration_seconds', '1', 10, 'target_format="mp4"'),
  },
  {
    alert: 'TranscodeStuck',
    watch: WATCHES.transcode,
    fires: standing(`transcode_active{${A}}`, 1, [`transcode_jobs_total{${A},status="completed"}`]),
    below: standing(`transcode_active{${A}}`, 1, [`transcode_jobs_total{${A},status="completed"}`], 0.1),
    atMinute: 90,
  },
  {
    alert: 'TranscodePiling',
    watch: WATCHES.transcode,
    fires: [`transcode_pending{${A}} 30x200`, `transcode_pending{${B}} 21x200`],
    below: [`transcode_pending{${A}} 30x200`, `transcode_pending{${B}} 20x200`],
  },
  {
    alert: 'TranscriptionFailing',
    watch: WATCHES.transcription,
    fires: ended('recordings_total', '', 'result="completed"', 78, 'result="failed"', 22),
    below: ended('recordings_total', '', 'result="completed"', 81, 'result="failed"', 19),
  },
  {
    alert: 'TranscriptionSlow',
    watch: WATCHES.transcription,
    fires: observed('transcription_duration_seconds', '10', 10, 'model="large"'),
    below: observed('transcription_duration_seconds', '1', 10, 'model="large"'),
  },
  {
    alert: 'TranscriptionPiling',
    watch: WATCHES.transcription,
    fires: [`recordings_pending{${A}} 51x200`],
    below: [`recordings_pending{${A}} 50x200`],
  },
  {
    alert: 'TranscriptionNotCompleting',
    watch: WATCHES.transcription,
    fires: standing(`recordings_in_progress{${A},state="downloading"}`, 1, [
      `recordings_total{${A},result="completed"}`,
    ]),
    below: standing(
      `recordings_in_progress{${A},state="downloading"}`,
      1,
      [`recordings_total{${A},result="completed"}`],
      0.1,
    ),
    atMinute: 90,
  },
  {
    alert: 'ScrapingFailing',
    watch: WATCHES.scraping,
    fires: ended('scraping_jobs_total', 'source="x"', 'status="completed"', 78, 'status="failed"', 22),
    below: ended('scraping_jobs_total', 'source="x"', 'status="completed"', 81, 'status="failed"', 19),
  },
  {
    alert: 'ScrapingResultsFailing',
    watch: WATCHES.scraping,
    fires: ended('scraping_results_total', 'source="x"', 'result_type="new"', 78, 'result_type="errors"', 22),
    below: ended('scraping_results_total', 'source="x"', 'result_type="new"', 81, 'result_type="errors"', 19),
  },
  {
    alert: 'ScrapingSlow',
    watch: WATCHES.scraping,
    fires: observed('scraping_duration_seconds', '10', 10, 'source="x"'),
    below: observed('scraping_duration_seconds', '1', 10, 'source="x"'),
  },
  {
    alert: 'ScrapingStuck',
    watch: WATCHES.scraping,
    fires: standing(`scraping_active{${A},source="x"}`, 1, [
      `scraping_jobs_total{${A},source="x",status="completed"}`,
    ]),
    below: standing(
      `scraping_active{${A},source="x"}`,
      1,
      [`scraping_jobs_total{${A},source="x",status="completed"}`],
      0.1,
    ),
  },
  {
    alert: 'ScrapingNotCompleting',
    watch: WATCHES.scraping,
    fires: standing(`scraping_queue{${A}}`, 1, [`scraping_jobs_total{${A},source="x",status="completed"}`]),
    below: standing(
      `scraping_queue{${A}}`,
      1,
      [`scraping_jobs_total{${A},source="x",status="completed"}`],
      0.1,
    ),
    atMinute: 90,
  },
  {
    alert: 'ScrapingPiling',
    watch: WATCHES.scraping,
    fires: [`scraping_queue{${A}} 101x200`],
    below: [`scraping_queue{${A}} 100x200`],
  },
  {
    alert: 'CleanupFailing',
    watch: WATCHES.cleanup,
    fires: [`cleanup_errors_total{${A}} 0+0.1x200`, `cleanup_runs_total{${A}} 0+1x200`],
    below: [`cleanup_errors_total{${A}} 0+0.08x200`, `cleanup_runs_total{${A}} 0+1x200`],
    atMinute: 90,
  },
  {
    alert: 'CleanupNotRunning',
    watch: WATCHES.cleanup,
    fires: [`cleanup_runs_total{${A}} 7x200`],
    below: [`cleanup_runs_total{${A}} 7x60 8x140`],
    atMinute: 90,
    atZero: 'fires',
    withoutSeries: 'fires',
  },
  {
    alert: 'CleanupOverdue',
    watch: WATCHES.cleanup,
    fires: [`cleanup_last_success_timestamp_seconds{${A}} 60x200`, `cleanup_runs_total{${A}} 0+1x200`],
    below: [
      `cleanup_last_success_timestamp_seconds{${A}} 60x30 1800x170`,
      `cleanup_runs_total{${A}} 0+1x200`,
    ],
    atMinute: 90,
  },
  {
    alert: 'ServiceDown',
    watch: WATCHES.service,
    fires: [`up{${A}} 1x30 0x60`, `up{${B}} 1x200`],
    below: [`up{${A}} 1x30 0x1 1x60`, `up{${B}} 1x200`],
    atZero: 'fires',
    count: 1,
  },
  {
    alert: 'ServiceAbsent',
    watch: WATCHES.service,
    fires: ['up{job="other",instance="c"} 1x200'],
    below: [`up{${A}} 0x200`],
    atZero: 'fires',
    withoutSeries: 'fires',
  },
  {
    alert: 'ServiceErrors',
    watch: WATCHES.service,
    fires: [`errors_total{${A},error_code="X"} 0+61x200`],
    below: [`errors_total{${A},error_code="X"} 0+60x200`],
  },
  {
    alert: 'DependencyDown',
    watch: WATCHES.dependencies,
    // One instance sees it down, the other has not noticed yet.
    fires: [`dependency_up{${A},dependency="redis"} 0x200`, `dependency_up{${B},dependency="redis"} 1x200`],
    below: [`dependency_up{${A},dependency="redis"} 1x200`, `dependency_up{${B},dependency="redis"} 1x200`],
    atZero: 'fires',
  },
  {
    alert: 'DependencyFailing',
    watch: WATCHES.dependencies,
    fires: ended('calls_total', 'operation="get"', 'status="success"', 88, 'status="failed"', 12),
    below: ended('calls_total', 'operation="get"', 'status="success"', 91, 'status="failed"', 9),
  },
  {
    alert: 'DependencySlow',
    watch: WATCHES.dependencies,
    fires: observed('call_duration_seconds', '10', 10, 'operation="get"'),
    below: observed('call_duration_seconds', '1', 10, 'operation="get"'),
  },
  {
    alert: 'EventsUnusual',
    watch: WATCHES.events,
    fires: [`exports_total{${A},format="pdf"} 0+301x200`, `exports_total{${B},format="srt"} 0+301x200`],
    below: [`exports_total{${A},format="pdf"} 0+300x200`, `exports_total{${B},format="srt"} 0+300x200`],
  },
  {
    alert: 'EventsSilent',
    watch: WATCHES.events,
    fires: [`orders_total{${A}} 3x200`],
    below: [`orders_total{${A}} 3x40 4x160`],
    atZero: 'fires',
  },
  {
    alert: 'RuntimeEventLoopBlocked',
    watch: WATCHES.runtime,
    fires: [
      `nodejs_eventloop_lag_p99_seconds{${A}} 0.51x200`,
      `nodejs_eventloop_lag_p99_seconds{${B}} 0.1x200`,
    ],
    below: [
      `nodejs_eventloop_lag_p99_seconds{${A}} 0.5x200`,
      `nodejs_eventloop_lag_p99_seconds{${B}} 0.4x200`,
    ],
  },
  {
    alert: 'RuntimeEventLoopBusy',
    watch: WATCHES.runtime,
    fires: [`nodejs_eventloop_utilization_ratio{${A}} 0.91x200`],
    below: [`nodejs_eventloop_utilization_ratio{${A}} 0.9x200`],
  },
  {
    alert: 'RuntimeGarbageCollecting',
    watch: WATCHES.runtime,
    fires: [
      `nodejs_gc_duration_seconds_sum{${A},kind="major"} 0+16x200`,
      `process_cpu_seconds_total{${A}} 0+60x200`,
    ],
    below: [
      `nodejs_gc_duration_seconds_sum{${A},kind="major"} 0+15x200`,
      `process_cpu_seconds_total{${A}} 0+60x200`,
    ],
  },
  {
    alert: 'RuntimeMemoryHigh',
    watch: WATCHES.runtime,
    fires: [
      `process_resident_memory_bytes{${A}} 1073741825x200`,
      `process_resident_memory_bytes{${B}} 1073741824x200`,
    ],
    below: [
      `process_resident_memory_bytes{${A}} 1073741824x200`,
      `process_resident_memory_bytes{${B}} 1073741824x200`,
    ],
  },
  {
    alert: 'RuntimeFileDescriptorsHigh',
    watch: WATCHES.runtime,
    fires: [`process_open_fds{${A}} 81x200`, `process_max_fds{${A}} 100x200`],
    below: [`process_open_fds{${A}} 80x200`, `process_max_fds{${A}} 100x200`],
  },
  {
    alert: 'RuntimeRestarting',
    watch: WATCHES.runtime,
    fires: [`process_start_time_seconds{${A}} 0x10 600x10 1200x10 1800x10 2400x100`],
    below: [`process_start_time_seconds{${A}} 0x10 600x10 1200x10 1800x100`],
    atMinute: 59,
  },
  {
    alert: 'SystemMemoryHigh',
    watch: WATCHES.system,
    fires: [`memory_available_bytes{${A}} 99x200`, `memory_total_bytes{${A}} 1000x200`],
    below: [`memory_available_bytes{${A}} 101x200`, `memory_total_bytes{${A}} 1000x200`],
  },
  {
    alert: 'SystemDiskNearlyFull',
    watch: WATCHES.system,
    fires: [`disk_used_bytes{${A},mountpoint="/"} 851x200`, `disk_total_bytes{${A},mountpoint="/"} 1000x200`],
    below: [`disk_used_bytes{${A},mountpoint="/"} 850x200`, `disk_total_bytes{${A},mountpoint="/"} 1000x200`],
  },
  {
    alert: 'SystemDiskFillingUp',
    watch: WATCHES.system,
    fires: [
      `disk_used_bytes{${A},mountpoint="/"} 350+0.5x500`,
      `disk_total_bytes{${A},mountpoint="/"} 1000x500`,
    ],
    below: [
      `disk_used_bytes{${A},mountpoint="/"} 350+0.25x500`,
      `disk_total_bytes{${A},mountpoint="/"} 1000x500`,
    ],
    atMinute: 430,
  },
  {
    alert: 'SystemCpuBusy',
    watch: WATCHES.system,
    fires: [
      `cpu_seconds_total{${A},cpu="0",mode="idle"} 0+5x200`,
      `cpu_seconds_total{${A},cpu="1",mode="idle"} 0+6x200`,
    ],
    below: [
      `cpu_seconds_total{${A},cpu="0",mode="idle"} 0+6x200`,
      `cpu_seconds_total{${A},cpu="1",mode="idle"} 0+7x200`,
    ],
    atZero: 'fires',
  },
  {
    alert: 'SystemCpuBusy',
    watch: systemWatch(
      {
        cpu: { name: 'used_seconds_total', type: 'counter', labels: { mode: ['user', 'system'] } },
        cpuCores: { name: 'cores', type: 'gauge', labels: {} },
      },
      { where: { job: 'shop' } },
    ),
    // Of one and a half processors, 90 seconds a minute.
    fires: [
      `used_seconds_total{${A},mode="user"} 0+70x200`,
      `used_seconds_total{${A},mode="system"} 0+12x200`,
      `cores{${A}} 1.5x200`,
    ],
    below: [
      `used_seconds_total{${A},mode="user"} 0+70x200`,
      `used_seconds_total{${A},mode="system"} 0+10x200`,
      `cores{${A}} 1.5x200`,
    ],
  },
  {
    alert: 'SystemThrottled',
    watch: WATCHES.system,
    fires: [`cpu_throttled_periods_total{${A}} 0+151x200`, `cpu_periods_total{${A}} 0+600x200`],
    below: [`cpu_throttled_periods_total{${A}} 0+150x200`, `cpu_periods_total{${A}} 0+600x200`],
  },
  {
    alert: 'GpuMemoryFull',
    watch: WATCHES.gpu,
    fires: [
      `gpu_memory_used_bytes{${A},device="0"} 951x200`,
      `gpu_memory_total_bytes{${A},device="0"} 1000x200`,
    ],
    below: [
      `gpu_memory_used_bytes{${A},device="0"} 950x200`,
      `gpu_memory_total_bytes{${A},device="0"} 1000x200`,
    ],
  },
  {
    alert: 'GpuHot',
    watch: WATCHES.gpu,
    fires: [`gpu_temperature_celsius{${A},device="0"} 86x200`],
    below: [`gpu_temperature_celsius{${A},device="0"} 85x200`],
  },
  {
    alert: 'MonitorScrapesFailing',
    watch: WATCHES.monitor,
    fires: [`binnacle_scrapes_total{${A}} 0+100x200`, `binnacle_scrape_failures_total{${A}} 0+11x200`],
    below: [`binnacle_scrapes_total{${A}} 0+100x200`, `binnacle_scrape_failures_total{${A}} 0+9x200`],
  },
  {
    alert: 'MonitorSamplesRefused',
    watch: WATCHES.monitor,
    fires: [`binnacle_samples_refused_total{${A},reason="series_limit"} 0+61x200`],
    below: [`binnacle_samples_refused_total{${A},reason="series_limit"} 0+60x200`],
  },
  {
    alert: 'MonitorSamplesDropped',
    watch: WATCHES.monitor,
    fires: [`binnacle_retention_drops_total{${A},bound="memory"} 0x30 1x170`],
    below: [`binnacle_retention_drops_total{${A},bound="time"} 0+1x200`],
  },
  {
    alert: 'MonitorStorageFailing',
    watch: WATCHES.monitor,
    fires: [`binnacle_storage_failures_total{${A},operation="sync"} 0x55 1x145`],
    below: [`binnacle_storage_failures_total{${A},operation="sync"} 0x30 1x170`],
  },
  {
    alert: 'MonitorReloadFailed',
    watch: WATCHES.monitor,
    atZero: 'fires',
    fires: [`binnacle_config_last_reload_successful{${A}} 0x200`],
    below: [`binnacle_config_last_reload_successful{${A}} 1x200`],
  },
  {
    alert: 'MonitorRulesFailing',
    watch: WATCHES.monitor,
    fires: [`binnacle_rule_evaluation_failures_total{${A},file="r.yml",group="g"} 0+1x200`],
    below: [`binnacle_rule_evaluation_failures_total{${A},file="r.yml",group="g"} 5x200`],
  },
  {
    alert: 'MonitorRulesLate',
    watch: WATCHES.monitor,
    fires: [`binnacle_rule_group_missed_evaluations_total{${A},file="r.yml",group="g"} 0+1x200`],
    below: [`binnacle_rule_group_missed_evaluations_total{${A},file="r.yml",group="g"} 5x200`],
  },
  {
    alert: 'MonitorNotificationsFailing',
    watch: WATCHES.monitor,
    fires: [
      `alertmanager_notifications_failed_total{${A},integration="email",receiver_name="team",reason="clientError"} 0x55 1x145`,
    ],
    below: [
      `alertmanager_notifications_failed_total{${A},integration="email",receiver_name="team",reason="clientError"} 0x30 1x170`,
    ],
  },
  {
    alert: 'MonitorForwardingFailing',
    watch: WATCHES.monitor,
    fires: [`prometheus_notifications_dropped_total{${A},alertmanager="http://am"} 0x55 1x145`],
    below: [`prometheus_notifications_dropped_total{${A},alertmanager="http://am"} 0x30 1x170`],
  },
  {
    alert: 'MonitorRequestsFailing',
    watch: WATCHES.monitor,
    fires: ended('binnacle_http_requests_total', 'route="/"', 'status="200"', 94, 'status="503"', 6),
    below: ended('binnacle_http_requests_total', 'route="/"', 'status="200"', 96, 'status="503"', 4),
  },
];
