/** The watches that fit the five reference systems, made from the contracts of what these systems expose. */
import { readFileSync } from 'node:fs';
import type { MetricDefinition } from '@binnacle/promql';
import {
  type CounterLike,
  cleanupWatch,
  databaseWatch,
  dependenciesWatch,
  downloadsWatch,
  eventsWatch,
  type GaugeLike,
  gpuWatch,
  type HistogramLike,
  type HttpWatchOptions,
  httpWatch,
  type InfoLike,
  jobsWatch,
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

interface ContractMetric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'info';
  /** Null where any value can occur. */
  readonly labels: Readonly<Record<string, readonly string[] | null>>;
  readonly buckets?: readonly number[];
  readonly mode?: string;
  /** Other values may occur, too. */
  readonly openValues?: boolean;
}

/** An alert as a contract names it. */
export interface ContractAlert {
  readonly alert: string;
  readonly for: string;
  readonly severity: string;
}

interface Contract {
  /** What the system's authors want to be told. */
  readonly alerts: readonly ContractAlert[];
  readonly services: Readonly<
    Record<string, { readonly job: string; readonly metrics: readonly ContractMetric[] }>
  >;
}

/** A metric of a contract; what kind it is, is found out when a watch takes it. */
export type ContractDefinition = MetricDefinition & { readonly mode?: string };

/** A service, what it exposes, and what watches it. */
export interface WatchedService {
  readonly system: string;
  readonly service: string;
  readonly job: string;
  readonly definitions: readonly ContractDefinition[];
  readonly watches: readonly Watch[];
}

/** The metrics of a service by their names, as a watch takes them. */
class Metrics {
  readonly where: { readonly job: string; readonly system: string };
  readonly #definitions: readonly ContractDefinition[];

  constructor(system: string, job: string, definitions: readonly ContractDefinition[]) {
    this.where = { job, system };
    this.#definitions = definitions;
  }

  counter(name: string): CounterLike {
    return this.#find(name) as CounterLike;
  }

  gauge(name: string): GaugeLike {
    return this.#find(name) as GaugeLike;
  }

  histogram(name: string): HistogramLike {
    return this.#find(name) as HistogramLike;
  }

  info(name: string): InfoLike {
    return this.#find(name) as InfoLike;
  }

  #find(name: string): ContractDefinition {
    const found = this.#definitions.find((definition) => definition.name === name);
    if (found === undefined) throw new Error(`the contract has no ${name}`);
    return found;
  }
}

type Fitting = (metrics: Metrics) => readonly Watch[];

const http = (metrics: Metrics, inFlight?: string, options: HttpWatchOptions = {}) =>
  httpWatch(
    {
      requests: metrics.counter('http_requests_total'),
      duration: metrics.histogram('http_request_duration_seconds'),
      ...(inFlight !== undefined && { inFlight: metrics.gauge(inFlight) }),
    },
    { where: metrics.where, ...options },
  );

const database = (metrics: Metrics) =>
  databaseWatch(
    {
      duration: metrics.histogram('database_operation_duration_seconds'),
      connections: metrics.gauge('database_connections_active'),
    },
    { where: metrics.where, connectionsMax: 100 },
  );

const shared: Fitting = (metrics) => [
  serviceWatch({}, { where: metrics.where }),
  http(metrics, 'http_requests_in_progress'),
  database(metrics),
];

const FITTINGS: Readonly<Record<string, Readonly<Record<string, Fitting>>>> = {
  'asset-platform': {
    'api-gateway': shared,
    assets: (metrics) => [
      ...shared(metrics),
      eventsWatch(
        {
          created: metrics.counter('assets_created_total'),
          updated: metrics.counter('assets_updated_total'),
          deleted: metrics.counter('assets_deleted_total'),
          retrieved: metrics.counter('assets_retrieved_total'),
        },
        {
          where: metrics.where,
          name: 'Assets',
          perSecondMax: { deleted: 5 },
          silentAfter: { created: '1d' },
        },
      ),
    ],
    files: (metrics) => [
      ...shared(metrics),
      uploadsWatch({ total: metrics.counter('files_uploaded_total') }, { where: metrics.where }),
      downloadsWatch({ total: metrics.counter('files_downloaded_total') }, { where: metrics.where }),
      eventsWatch(
        {
          deleted: metrics.counter('files_deleted_total'),
          retrieved: metrics.counter('files_retrieved_total'),
        },
        { where: metrics.where, name: 'Files' },
      ),
    ],
    search: (metrics) => [
      ...shared(metrics),
      searchWatch(
        {
          queries: metrics.counter('search_queries_total'),
          results: metrics.counter('search_results_total'),
          indexed: metrics.counter('content_indexed_total'),
        },
        { where: metrics.where, indexesWithin: '1d' },
      ),
    ],
    transcode: (metrics) => [
      ...shared(metrics),
      transcodeWatch(
        {
          jobs: metrics.counter('transcode_jobs_total'),
          duration: metrics.histogram('transcode_duration_seconds'),
          progress: metrics.gauge('transcode_progress_percentage'),
        },
        { where: metrics.where, failures: ['failed'], secondsMax: 120 },
      ),
    ],
  },
  bricklayers: {
    web: (metrics) => [
      serviceWatch({ info: metrics.info('app_info') }, { where: metrics.where }),
      http(metrics, undefined, {
        secondsMax: 5,
        alerts: {
          HttpFailing: { name: 'HighErrorRate', severity: 'warning' },
          HttpSlow: { name: 'SlowRequests' },
        },
      }),
      uploadsWatch(
        {
          total: metrics.counter('uploads_total'),
          size: metrics.histogram('upload_file_size_bytes'),
          refused: metrics.counter('upload_validation_failures_total'),
        },
        { where: metrics.where },
      ),
      jobsWatch(
        {
          total: metrics.counter('processing_jobs_total'),
          active: metrics.gauge('processing_jobs_active'),
          pending: metrics.gauge('processing_jobs_pending'),
          duration: metrics.histogram('processing_duration_seconds'),
          inputSize: metrics.histogram('processing_input_size_bytes'),
          outputSize: metrics.histogram('processing_output_size_bytes'),
        },
        {
          where: metrics.where,
          name: 'Processing',
          alerts: {
            JobsFailing: { name: 'HighProcessingFailureRate' },
            JobsPiling: { name: 'JobQueueBacklog' },
          },
        },
      ),
      downloadsWatch({ total: metrics.counter('downloads_total') }, { where: metrics.where }),
      cleanupWatch(
        {
          runs: metrics.counter('cleanup_runs_total'),
          deleted: metrics.counter('cleanup_files_deleted_total'),
          freed: metrics.counter('cleanup_bytes_freed_total'),
          errors: metrics.counter('cleanup_errors_total'),
        },
        { where: metrics.where, alerts: { CleanupFailing: { name: 'CleanupFailures', for: '0s' } } },
      ),
      systemWatch(
        {
          memoryUsed: metrics.gauge('system_memory_usage_bytes'),
          diskUsed: metrics.gauge('system_disk_usage_bytes'),
        },
        { where: metrics.where, memoryBytes: 2 ** 31, diskBytes: 2 ** 36 },
      ),
    ],
  },
  'lead-scraper': {
    api: (metrics) => [
      serviceWatch({}, { where: metrics.where, alerts: { ServiceDown: { name: 'APIDown', for: '1m' } } }),
      httpWatch(
        {
          requests: metrics.counter('http_requests_total'),
          duration: metrics.histogram('http_request_duration_seconds'),
          inFlight: metrics.gauge('http_requests_in_progress'),
          errors: metrics.counter('http_errors_total'),
        },
        {
          where: metrics.where,
          secondsMax: 2,
          slowByEndpoint: false,
          alerts: { HttpFailing: { name: 'HighErrorRate' }, HttpSlow: { name: 'HighLatency', for: '5m' } },
        },
      ),
      scrapingWatch(
        {
          jobs: metrics.counter('scraping_jobs_total'),
          duration: metrics.histogram('scraping_job_duration_seconds'),
          active: metrics.gauge('scraping_jobs_active'),
          results: metrics.counter('scraping_results_total'),
          steps: {
            duplicates: metrics.counter('duplicates_detected_total'),
            enrichments: metrics.counter('smart_scraper_enrichments_total'),
            'duration of enrichments': metrics.histogram('smart_scraper_duration_seconds'),
            verifications: metrics.counter('contact_verifications_total'),
          },
        },
        {
          where: metrics.where,
          failures: ['failed'],
          window: '5m',
          stuckAfter: '10m',
          alerts: {
            ScrapingFailing: { name: 'HighScrapingFailureRate' },
            ScrapingStuck: { name: 'ScrapingJobStuck', for: '10m' },
            ScrapingNotCompleting: { name: 'NoScrapingJobsCompleted', for: '1h' },
          },
        },
      ),
      jobsWatch(
        {
          total: metrics.counter('queue_jobs_total'),
          pending: metrics.gauge('queue_size'),
          workers: metrics.gauge('workers_active'),
        },
        {
          where: metrics.where,
          name: 'Queues',
          failures: ['failed'],
          beginnings: ['started'],
          pendingMax: 100,
          alerts: {
            JobsPiling: { name: 'QueueBacklogHigh', for: '10m' },
            JobsWithoutWorker: { name: 'WorkerDown' },
          },
        },
      ),
      dependenciesWatch({ up: metrics.gauge('dependency_up') }, { where: metrics.where }),
    ],
  },
  'shorts-downloader': {
    backend: (metrics) => [
      serviceWatch(
        { info: metrics.info('app_info'), errors: metrics.counter('errors_total') },
        { where: metrics.where, alerts: { ServiceDown: { name: 'BackendDown' } } },
      ),
      http(metrics),
      downloadsWatch(
        {
          total: metrics.counter('downloads_total'),
          inProgress: metrics.gauge('downloads_in_progress'),
          duration: metrics.histogram('download_duration_seconds'),
        },
        { where: metrics.where, alerts: { DownloadsFailing: { name: 'HighDownloadFailureRate' } } },
      ),
      storageWatch(
        {
          usage: metrics.gauge('storage_usage_bytes'),
          files: metrics.gauge('storage_file_count'),
          writes: metrics.counter('storage_uploads_total'),
          writeDuration: metrics.histogram('storage_upload_duration_seconds'),
        },
        {
          where: metrics.where,
          quotaBytes: 5 * 2 ** 30,
          secondsMax: 60,
          alerts: { StorageNearlyFull: { name: 'StorageQuotaNearlyUsed' } },
        },
      ),
      dependenciesWatch(
        {
          calls: metrics.counter('youtube_api_calls_total'),
          duration: metrics.histogram('youtube_api_duration_seconds'),
        },
        { where: metrics.where, name: 'YouTube', secondsMax: 30 },
      ),
      jobsWatch(
        {
          total: metrics.counter('celery_tasks_total'),
          duration: metrics.histogram('celery_task_duration_seconds'),
          pending: metrics.gauge('celery_queue_length'),
        },
        {
          where: metrics.where,
          name: 'Tasks',
          failures: ['failed'],
          secondsMax: 300,
          alerts: { JobsPiling: { name: 'TaskQueueBacklog' } },
        },
      ),
    ],
  },
  transcripts: {
    api: (metrics) => [
      serviceWatch(
        { info: metrics.info('app_info') },
        { where: metrics.where, alerts: { ServiceDown: { name: 'APIServiceDown' } } },
      ),
      http(metrics, 'http_requests_in_flight', {
        alerts: {
          HttpFailing: { name: 'HighErrorRate', severity: 'warning' },
          HttpSlow: { name: 'SlowResponseTime', for: '5m' },
        },
      }),
      jobsWatch(
        {
          created: metrics.counter('jobs_created_total'),
          completed: metrics.counter('jobs_completed_total'),
          failed: metrics.counter('jobs_failed_total'),
        },
        { where: metrics.where },
      ),
      jobsWatch(
        {
          completed: metrics.counter('videos_transcribed_total'),
          failed: metrics.counter('videos_failed_total'),
        },
        { where: metrics.where, name: 'Videos' },
      ),
      searchWatch({ queries: metrics.counter('search_queries_total') }, { where: metrics.where }),
      eventsWatch(
        { exports: metrics.counter('exports_total') },
        {
          where: metrics.where,
          perSecondMax: { exports: 10 },
          alerts: { EventsUnusual: { name: 'UnusualExportActivity' } },
        },
      ),
      databaseWatch(
        {
          duration: metrics.histogram('db_query_duration_seconds'),
          connections: metrics.gauge('db_connections_active'),
          errors: metrics.counter('db_errors_total'),
        },
        {
          where: metrics.where,
          alerts: { DatabaseFailing: { name: 'HighDatabaseErrors', severity: 'warning' } },
        },
      ),
    ],
    worker: (metrics) => [
      serviceWatch(
        { info: metrics.info('worker_info') },
        { where: metrics.where, alerts: { ServiceDown: { name: 'WorkerServiceDown' } } },
      ),
      transcriptionWatch(
        {
          processed: metrics.counter('videos_processed_total'),
          duration: metrics.histogram('transcription_duration_seconds'),
          stages: {
            download: metrics.histogram('download_duration_seconds'),
            transcode: metrics.histogram('transcode_duration_seconds'),
            diarization: metrics.histogram('diarization_duration_seconds'),
          },
          pending: metrics.gauge('videos_pending'),
          inProgress: metrics.gauge('videos_in_progress'),
          chunks: metrics.histogram('chunk_count'),
          chunkDuration: metrics.histogram('whisper_chunk_transcription_seconds'),
          modelLoad: metrics.histogram('whisper_model_load_seconds'),
        },
        {
          where: metrics.where,
          alwaysBusy: true,
          alerts: {
            TranscriptionNotCompleting: { name: 'NoJobsCompleted', severity: 'warning' },
            TranscriptionFailing: { name: 'HighJobFailureRate' },
            TranscriptionPiling: { name: 'JobsStuckInQueue' },
          },
        },
      ),
      gpuWatch(
        {
          memoryUsed: metrics.gauge('gpu_memory_used_bytes'),
          memoryTotal: metrics.gauge('gpu_memory_total_bytes'),
        },
        { where: metrics.where },
      ),
    ],
  },
};

/** What the authors of each reference system want to be told. */
export function wantedAlerts(): Readonly<Record<string, readonly ContractAlert[]>> {
  return Object.fromEntries(Object.keys(FITTINGS).map((system) => [system, contractOf(system).alerts]));
}

function contractOf(system: string): Contract {
  const file = new URL(`fixtures/watch-contracts/${system}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Contract;
}

/** Every service of every reference system, with the watches that fit it. */
export function watchedServices(): WatchedService[] {
  return Object.entries(FITTINGS).flatMap(([system, fittings]) => {
    return Object.entries(contractOf(system).services).map(([service, { job, metrics }]): WatchedService => {
      const definitions = metrics.map(definitionOf);
      const fitting = fittings[service];
      if (fitting === undefined) throw new Error(`nothing watches ${service} of ${system}`);
      return { system, service, job, definitions, watches: fitting(new Metrics(system, job, definitions)) };
    });
  });
}

/** Where more values may occur than are listed, any may. */
function definitionOf({ name, type, labels, buckets, mode, openValues = false }: ContractMetric) {
  const domains = Object.entries(labels).map(
    ([label, values]) => [label, values === null || openValues ? 'open' : values] as const,
  );
  return {
    name,
    type,
    labels: Object.fromEntries(domains),
    ...(buckets !== undefined && { buckets }),
    ...(mode !== undefined && { mode }),
  } satisfies ContractDefinition;
}
