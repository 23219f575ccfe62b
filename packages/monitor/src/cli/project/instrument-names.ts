/**
 * The names that instruments usually go by, in our own client and in others: what `binnacle init` recognises.
 *
 * The order is that in which a dashboard is read: requests first, then what they bring and what works on it, then what
 * it rests on. Where two instruments want a metric, the first one has it.
 */
import {
  type CatalogEntry,
  cacheWatch,
  cleanupWatch,
  databaseWatch,
  dependenciesWatch,
  downloadsWatch,
  gpuWatch,
  httpWatch,
  jobsWatch,
  runtimeWatch,
  scrapingWatch,
  searchWatch,
  serviceWatch,
  storageWatch,
  systemWatch,
  transcodeWatch,
  transcriptionWatch,
  uploadsWatch,
} from '@binnacle/blueprint';

/** The watches that a configuration may begin with. */
export const WATCHES = {
  cacheWatch,
  cleanupWatch,
  databaseWatch,
  dependenciesWatch,
  downloadsWatch,
  gpuWatch,
  httpWatch,
  jobsWatch,
  runtimeWatch,
  scrapingWatch,
  searchWatch,
  serviceWatch,
  storageWatch,
  systemWatch,
  transcodeWatch,
  transcriptionWatch,
  uploadsWatch,
} as const;

/** The name of one of them. */
export type WatchName = keyof typeof WATCHES;

/** The parts that a watch takes. */
type FieldOf<Name extends WatchName> = KeyOf<Parameters<(typeof WATCHES)[Name]>[0]>;
/** The fields of each member of a union. */
type KeyOf<T> = T extends unknown ? keyof T & string : never;

/** A part of an instrument: what the watch calls it, and the names that it goes by. */
export interface Part<Field extends string = string> {
  readonly field: Field;
  readonly type: CatalogEntry['type'];
  /** The likeliest first. */
  readonly names: readonly string[];
}

/** An instrument: the function that watches it, and what it is made of. */
export interface Instrument<Name extends WatchName = WatchName, Field extends string = string> {
  readonly watch: Name;
  /** What it is called, where a service has several of the kind. */
  readonly kind: string;
  /** The first one must be there. */
  readonly parts: readonly [Part<Field>, ...Part<Field>[]];
  /** Fields that must be there as well. */
  readonly needed?: readonly Field[];
  /** The field whose histogram counts what the first part would count, where that is not there. */
  readonly countedBy?: Field;
}

/** An instrument whose parts are those that its watch takes. */
type KnownInstrument = { [Name in WatchName]: Instrument<Name, FieldOf<Name>> }[WatchName];

function counter<const Field extends string>(field: Field, ...names: string[]): Part<Field> {
  return { field, type: 'counter', names };
}

function gauge<const Field extends string>(field: Field, ...names: string[]): Part<Field> {
  return { field, type: 'gauge', names };
}

function histogram<const Field extends string>(field: Field, ...names: string[]): Part<Field> {
  return { field, type: 'histogram', names };
}

const JOB_PARTS = [
  histogram(
    'duration',
    'job_duration_seconds',
    'jobs_duration_seconds',
    'task_duration_seconds',
    'duration_seconds',
  ),
  gauge('active', 'jobs_active', 'active_jobs', 'jobs_in_progress', 'tasks_active'),
  gauge(
    'pending',
    'jobs_pending',
    'pending_jobs',
    'jobs_waiting',
    'jobs_queued',
    'queue_length',
    'queue_depth',
    'queue_size',
    'size',
  ),
  gauge('workers', 'workers_active', 'active_workers', 'workers'),
  gauge('lastSuccess', 'job_last_success_timestamp_seconds', 'last_success_timestamp_seconds'),
  histogram('inputSize', 'job_input_size_bytes', 'input_size_bytes'),
  histogram('outputSize', 'job_output_size_bytes', 'output_size_bytes'),
] as const;

const CACHE_PARTS = [
  histogram('duration', 'cache_lookup_duration_seconds', 'cache_operation_duration_seconds'),
  counter('evictions', 'cache_evictions_total'),
  gauge('entries', 'cache_entries', 'cache_items'),
  gauge('size', 'cache_size_bytes', 'cache_bytes'),
  counter('errors', 'cache_errors_total'),
] as const;

/** All instruments. */
export const INSTRUMENTS: readonly KnownInstrument[] = [
  {
    watch: 'httpWatch',
    kind: 'HTTP',
    parts: [
      counter('requests', 'http_requests_total', 'http_server_requests_total', 'http_request_total'),
      histogram(
        'duration',
        'http_request_duration_seconds',
        'http_server_request_duration_seconds',
        'http_server_requests_seconds',
      ),
      gauge(
        'inFlight',
        'http_requests_in_flight',
        'http_requests_in_progress',
        'http_requests_active',
        'http_active_requests',
        'http_server_active_requests',
      ),
      counter('errors', 'http_errors_total', 'http_exceptions_total', 'http_request_exceptions_total'),
    ],
    countedBy: 'duration',
  },
  {
    watch: 'uploadsWatch',
    kind: 'Uploads',
    parts: [
      counter('total', 'uploads_total', 'file_uploads_total'),
      histogram('size', 'upload_file_size_bytes', 'upload_size_bytes', 'upload_bytes'),
      histogram('duration', 'upload_duration_seconds'),
      gauge('inProgress', 'uploads_in_progress', 'uploads_active'),
      counter('refused', 'upload_validation_failures_total', 'uploads_rejected_total'),
    ],
  },
  {
    watch: 'scrapingWatch',
    kind: 'Scraping',
    parts: [
      counter('jobs', 'scraping_jobs_total'),
      histogram('duration', 'scraping_job_duration_seconds', 'scraping_duration_seconds'),
      gauge('active', 'scraping_jobs_active'),
      gauge('queue', 'scraping_queue_size', 'scraping_jobs_pending'),
      counter('results', 'scraping_results_total'),
    ],
  },
  {
    watch: 'transcodeWatch',
    kind: 'Transcoding',
    parts: [
      counter('jobs', 'transcode_jobs_total', 'transcodes_total'),
      histogram('duration', 'transcode_duration_seconds', 'transcode_job_duration_seconds'),
      gauge('progress', 'transcode_progress_percentage', 'transcode_progress_percent'),
      gauge('active', 'transcode_jobs_active'),
      gauge('pending', 'transcode_jobs_pending'),
    ],
  },
  {
    watch: 'transcriptionWatch',
    kind: 'Transcription',
    parts: [
      counter('processed', 'videos_processed_total', 'recordings_processed_total', 'transcriptions_total'),
      histogram('duration', 'transcription_duration_seconds'),
      gauge('pending', 'videos_pending', 'recordings_pending', 'transcriptions_pending'),
      gauge('inProgress', 'videos_in_progress', 'recordings_in_progress', 'transcriptions_in_progress'),
      histogram('chunks', 'chunk_count'),
      histogram('chunkDuration', 'whisper_chunk_transcription_seconds', 'chunk_transcription_seconds'),
      histogram('modelLoad', 'whisper_model_load_seconds', 'model_load_seconds'),
    ],
    // Videos are processed elsewhere, too.
    needed: ['duration'],
  },
  {
    watch: 'jobsWatch',
    kind: 'Jobs',
    parts: [counter('total', 'jobs_total', 'tasks_total', 'jobs_processed_total'), ...JOB_PARTS],
  },
  {
    watch: 'jobsWatch',
    kind: 'Jobs',
    parts: [
      counter('completed', 'jobs_completed_total', 'tasks_completed_total'),
      counter('failed', 'jobs_failed_total', 'tasks_failed_total'),
      counter('created', 'jobs_created_total', 'tasks_created_total'),
      ...JOB_PARTS,
    ],
    needed: ['failed'],
  },
  {
    watch: 'downloadsWatch',
    kind: 'Downloads',
    parts: [
      counter('total', 'downloads_total', 'file_downloads_total'),
      histogram('size', 'download_file_size_bytes', 'download_size_bytes', 'download_bytes'),
      histogram('duration', 'download_duration_seconds'),
      gauge('inProgress', 'downloads_in_progress', 'downloads_active'),
    ],
  },
  {
    watch: 'searchWatch',
    kind: 'Search',
    parts: [
      counter('queries', 'search_queries_total', 'searches_total'),
      counter('results', 'search_results_total'),
      histogram('duration', 'search_duration_seconds', 'search_query_duration_seconds'),
      counter('indexed', 'content_indexed_total', 'documents_indexed_total'),
    ],
  },
  {
    watch: 'storageWatch',
    kind: 'Storage',
    parts: [
      gauge('usage', 'storage_usage_bytes', 'storage_used_bytes'),
      gauge('capacity', 'storage_capacity_bytes', 'storage_total_bytes'),
      gauge('files', 'storage_file_count', 'storage_files'),
      counter('writes', 'storage_uploads_total', 'storage_writes_total'),
      histogram('writeDuration', 'storage_upload_duration_seconds', 'storage_write_duration_seconds'),
    ],
  },
  {
    watch: 'databaseWatch',
    kind: 'Database',
    parts: [
      histogram(
        'duration',
        'db_query_duration_seconds',
        'database_query_duration_seconds',
        'database_operation_duration_seconds',
        'db_operation_duration_seconds',
        'db_client_operation_duration_seconds',
      ),
      counter('errors', 'db_errors_total', 'database_errors_total', 'db_query_errors_total'),
      gauge(
        'connections',
        'db_connections_active',
        'database_connections_active',
        'db_pool_connections_used',
      ),
      gauge('connectionsMax', 'db_connections_max', 'database_connections_max', 'db_pool_connections_max'),
      gauge('waiting', 'db_connections_waiting', 'database_connections_waiting', 'db_pool_waiting'),
    ],
  },
  {
    watch: 'cacheWatch',
    kind: 'Cache',
    parts: [
      counter('lookups', 'cache_requests_total', 'cache_lookups_total', 'cache_operations_total'),
      ...CACHE_PARTS,
    ],
  },
  {
    watch: 'cacheWatch',
    kind: 'Cache',
    parts: [counter('hits', 'cache_hits_total'), counter('misses', 'cache_misses_total'), ...CACHE_PARTS],
    needed: ['misses'],
  },
  {
    watch: 'dependenciesWatch',
    kind: 'Dependencies',
    parts: [gauge('up', 'dependency_up')],
  },
  {
    watch: 'cleanupWatch',
    kind: 'Cleanup',
    parts: [
      counter('runs', 'cleanup_runs_total'),
      counter('deleted', 'cleanup_files_deleted_total', 'cleanup_deleted_total'),
      counter('freed', 'cleanup_bytes_freed_total', 'cleanup_freed_bytes_total'),
      counter('errors', 'cleanup_errors_total'),
      gauge('lastSuccess', 'cleanup_last_success_timestamp_seconds'),
    ],
  },
  {
    watch: 'gpuWatch',
    kind: 'GPU',
    parts: [
      gauge('memoryUsed', 'gpu_memory_used_bytes'),
      gauge('memoryTotal', 'gpu_memory_total_bytes'),
      gauge('utilization', 'gpu_utilization_ratio'),
      gauge('temperature', 'gpu_temperature_celsius'),
      gauge('power', 'gpu_power_watts'),
    ],
  },
  {
    watch: 'systemWatch',
    kind: 'System',
    parts: [
      gauge('memoryUsed', 'system_memory_used_bytes', 'system_memory_usage_bytes'),
      gauge('memoryTotal', 'system_memory_total_bytes'),
      gauge('memoryAvailable', 'system_memory_available_bytes'),
      counter('cpu', 'system_cpu_seconds_total'),
      gauge('cpuCores', 'system_cpu_limit_cores'),
      counter('throttled', 'system_cpu_throttled_periods_total'),
      counter('periods', 'system_cpu_periods_total'),
      counter('oomKills', 'system_oom_kills_total'),
      gauge('diskUsed', 'disk_used_bytes', 'system_disk_usage_bytes'),
      gauge('diskTotal', 'disk_total_bytes'),
    ],
  },
  {
    watch: 'runtimeWatch',
    kind: 'Runtime',
    parts: [
      gauge('heapUsed', 'nodejs_heap_size_used_bytes'),
      counter('cpu', 'process_cpu_seconds_total'),
      gauge('residentMemory', 'process_resident_memory_bytes'),
      gauge('eventLoopLag', 'nodejs_eventloop_lag_p99_seconds'),
      gauge('eventLoopUtilization', 'nodejs_eventloop_utilization_ratio'),
      histogram('garbageCollection', 'nodejs_gc_duration_seconds'),
      gauge('openFileDescriptors', 'process_open_fds'),
      gauge('maxFileDescriptors', 'process_max_fds'),
      gauge('startTime', 'process_start_time_seconds'),
    ],
  },
];
