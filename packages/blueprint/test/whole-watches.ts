/** Every watch with all parts of its instrument and all its alerts, under any names and with either kind of buckets. */
import type { LabelDefinition, MetricDefinition } from '@binnacle/promql';
import {
  cacheWatch,
  cleanupWatch,
  databaseWatch,
  dependenciesWatch,
  downloadsWatch,
  eventsWatch,
  gpuWatch,
  httpWatch,
  jobsWatch,
  MONITOR_METRICS,
  monitorWatch,
  runtimeInstrument,
  runtimeWatch,
  scrapingWatch,
  searchWatch,
  serviceWatch,
  storageWatch,
  systemWatch,
  transcodeWatch,
  transcriptionWatch,
  uploadsWatch,
  type Watch,
} from '../dist/index.js';

type Labels = Readonly<Record<string, LabelDefinition>>;

/** How the metrics of the watches differ from the usual. */
export interface Variant {
  /** Another name for each. */
  readonly named?: (name: string) => string;
  readonly buckets?: 'classic' | 'native';
  /** Takes all definitions, for a catalog of them. */
  readonly defined?: (definition: MetricDefinition) => void;
}

/** Every watch with everything that it can watch, by a name for its file. */
export function wholeWatches({
  named = (name) => name,
  buckets = 'classic',
  defined = () => {},
}: Variant = {}) {
  const where = { job: 'shop' };
  const define = <D extends MetricDefinition>(definition: D): D => {
    const renamed = { ...definition, name: named(definition.name) };
    defined(renamed);
    return renamed;
  };
  const counter = (name: string, labels: Labels = {}) => define({ type: 'counter', name, labels } as const);
  const gauge = (name: string, labels: Labels = {}, mode = 'live sum') =>
    define({ type: 'gauge', name, labels, mode } as const);
  const histogram = (name: string, labels: Labels, bounds: readonly number[]) =>
    define({
      type: 'histogram',
      name,
      labels,
      ...(buckets === 'classic' ? { buckets: bounds } : { native: true }),
    } as const);
  const seconds = (name: string, labels: Labels = {}) => histogram(name, labels, [0.1, 1, 10]);
  const bytes = (name: string) => histogram(name, {}, [1000, 1_000_000]);
  const defineAll = <I extends object>(instrument: I): I =>
    Object.fromEntries(
      Object.entries(instrument).map(([part, definition]: [string, MetricDefinition]) => [
        part,
        define(definition),
      ]),
    ) as I;

  const http = httpWatch(
    {
      requests: counter('http_requests_total', { method: 'open', endpoint: 'open', status: 'open' }),
      duration: seconds('http_request_duration_seconds', { method: 'open', endpoint: 'open' }),
      inFlight: gauge('http_requests_in_progress'),
      errors: counter('http_errors_total', { error_type: 'open' }),
    },
    { where, inFlightMax: 100, silentAfter: '15m' },
  );

  const jobs = jobsWatch(
    {
      total: counter('jobs_total', {
        queue: ['mail', 'video'],
        status: ['started', 'completed', 'failed', 'timeout'],
      }),
      duration: seconds('job_duration_seconds', { queue: ['mail', 'video'] }),
      active: gauge('jobs_active'),
      pending: gauge('jobs_pending', { queue: ['mail', 'video'] }, 'mostrecent'),
      workers: gauge('workers'),
      oldestWaiting: gauge('jobs_oldest_waiting_seconds', {}, 'live max'),
      lastSuccess: gauge('jobs_last_success_timestamp_seconds', {}, 'live max'),
      inputSize: bytes('job_input_bytes'),
      outputSize: bytes('job_output_bytes'),
    },
    { where, secondsMax: 5, successAgeSecondsMax: 3600 },
  );

  const busyJobs = jobsWatch(
    { completed: counter('videos_completed_total'), failed: counter('videos_failed_total') },
    { where, alwaysBusy: true },
  );

  const transfer = (name: string) => ({
    total: counter(`${name}s_total`, { provider: 'open', status: ['success', 'failed'] }),
    duration: seconds(`${name}_duration_seconds`, { provider: 'open' }),
    inProgress: gauge(`${name}s_in_progress`),
    size: bytes(`${name}_size_bytes`),
    refused: counter(`${name}s_refused_total`, { reason: 'open' }),
  });
  const uploads = uploadsWatch(transfer('upload'), { where, secondsMax: 5 });
  const downloads = downloadsWatch(transfer('download'), { where, secondsMax: 5 });

  const storage = storageWatch(
    {
      usage: gauge('storage_usage_bytes', { provider: ['s3', 'gcs'] }, 'mostrecent'),
      files: gauge('storage_files', { provider: ['s3', 'gcs'] }, 'mostrecent'),
      writes: counter('storage_writes_total', { provider: ['s3', 'gcs'], status: ['success', 'failed'] }),
      writeDuration: seconds('storage_write_duration_seconds', { provider: ['s3', 'gcs'] }),
    },
    { where, quotaBytes: 1000, secondsMax: 5 },
  );

  const database = databaseWatch(
    {
      duration: seconds('db_query_duration_seconds', { operation: 'open' }),
      errors: counter('db_errors_total', { error_type: 'open' }),
      connections: gauge('db_connections_active'),
      connectionsMax: gauge('db_connections_max'),
      waiting: gauge('db_connections_waiting'),
      wait: seconds('db_connection_wait_seconds'),
    },
    { where },
  );

  const cache = cacheWatch(
    {
      lookups: counter('cache_lookups_total', { result: ['hit', 'miss'] }),
      duration: seconds('cache_lookup_duration_seconds'),
      errors: counter('cache_errors_total'),
      evictions: counter('cache_evictions_total'),
      entries: gauge('cache_entries'),
      size: gauge('cache_size_bytes'),
    },
    { where },
  );

  const search = searchWatch(
    {
      queries: counter('search_queries_total', { backend: 'open', status: ['success', 'failed'] }),
      results: counter('search_results_total', { backend: 'open' }),
      duration: seconds('search_duration_seconds', { backend: 'open' }),
      indexed: counter('search_indexed_total'),
    },
    { where, indexesWithin: '1h' },
  );

  const transcode = transcodeWatch(
    {
      jobs: counter('transcode_jobs_total', { status: ['completed', 'failed'] }),
      duration: seconds('transcode_duration_seconds', { target_format: 'open' }),
      active: gauge('transcode_active'),
      pending: gauge('transcode_pending'),
      progress: gauge('transcode_progress_percentage', { status: 'open' }, 'live max'),
    },
    { where, secondsMax: 5 },
  );

  const transcription = transcriptionWatch(
    {
      processed: counter('recordings_total', { result: ['completed', 'failed'] }),
      duration: seconds('transcription_duration_seconds', { model: 'open' }),
      pending: gauge('recordings_pending', {}, 'mostrecent'),
      inProgress: gauge('recordings_in_progress', { state: 'open' }),
      stages: { download: seconds('recording_download_seconds') },
      chunks: histogram('recording_chunks', {}, [1, 10]),
      chunkDuration: seconds('chunk_duration_seconds'),
      modelLoad: seconds('model_load_seconds'),
    },
    { where, secondsMax: 5 },
  );

  const scraping = scrapingWatch(
    {
      jobs: counter('scraping_jobs_total', { source: 'open', status: ['completed', 'failed'] }),
      results: counter('scraping_results_total', {
        source: 'open',
        result_type: ['new', 'updated', 'errors'],
      }),
      duration: seconds('scraping_duration_seconds', { source: 'open' }),
      active: gauge('scraping_active', { source: 'open' }),
      queue: gauge('scraping_queue', {}, 'mostrecent'),
      steps: { enrichments: counter('enrichments_total', { method: 'open' }) },
    },
    { where, secondsMax: 5 },
  );

  const cleanup = cleanupWatch(
    {
      runs: counter('cleanup_runs_total'),
      errors: counter('cleanup_errors_total'),
      deleted: counter('cleanup_deleted_total'),
      freed: counter('cleanup_freed_bytes_total'),
      lastSuccess: gauge('cleanup_last_success_timestamp_seconds', {}, 'live max'),
    },
    { where, runsWithin: '1h', successAgeSecondsMax: 3600 },
  );

  const service = serviceWatch(
    {
      info: define({ type: 'info', name: 'app_info', labels: { version: 'open' } } as const),
      errors: counter('errors_total', { error_code: 'open' }),
    },
    { where },
  );

  const dependencies = dependenciesWatch(
    {
      up: gauge('dependency_up', { dependency: ['database', 'redis'] }, 'mostrecent'),
      calls: counter('calls_total', { operation: 'open', status: ['success', 'failed'] }),
      duration: seconds('call_duration_seconds', { operation: 'open' }),
      failures: counter('call_failures_total', { operation: 'open', kind: ['timeout', 'dns', 'other'] }),
      inFlight: gauge('calls_in_progress', { operation: 'open' }),
    },
    { where, secondsMax: 5 },
  );

  const events = eventsWatch(
    { exports: counter('exports_total', { format: ['srt', 'pdf'] }), orders: counter('orders_total') },
    { where, perSecondMax: { exports: 10, orders: 10 }, silentAfter: { orders: '30m' } },
  );

  const runtime = runtimeWatch(defineAll(runtimeInstrument()), { where, memoryBytesMax: 2 ** 30 });

  const system = systemWatch(
    {
      memoryAvailable: gauge('memory_available_bytes'),
      memoryTotal: gauge('memory_total_bytes'),
      diskUsed: gauge('disk_used_bytes', { mountpoint: 'open' }, 'mostrecent'),
      diskTotal: gauge('disk_total_bytes', { mountpoint: 'open' }, 'mostrecent'),
      cpu: counter('cpu_seconds_total', { cpu: 'open', mode: 'open' }),
      throttled: counter('cpu_throttled_periods_total'),
      periods: counter('cpu_periods_total'),
      oomKills: counter('oom_kills_total'),
    },
    { where },
  );

  const gpu = gpuWatch(
    {
      memoryUsed: gauge('gpu_memory_used_bytes', { device: 'open' }, 'mostrecent'),
      memoryTotal: gauge('gpu_memory_total_bytes', { device: 'open' }, 'mostrecent'),
      utilization: gauge('gpu_utilization_ratio', { device: 'open' }, 'live max'),
      temperature: gauge('gpu_temperature_celsius', { device: 'open' }, 'mostrecent'),
      power: gauge('gpu_power_watts', { device: 'open' }, 'mostrecent'),
    },
    { where },
  );

  const monitor = monitorWatch(defineAll(MONITOR_METRICS), { where });

  return {
    http,
    jobs,
    busyJobs,
    uploads,
    downloads,
    storage,
    database,
    cache,
    search,
    transcode,
    transcription,
    scraping,
    cleanup,
    service,
    dependencies,
    events,
    runtime,
    system,
    gpu,
    monitor,
  } satisfies Record<string, Watch>;
}
