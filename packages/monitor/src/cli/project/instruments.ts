/**
 * Recognises what a service measures by the names of its metrics: that is how `binnacle init` knows which watches fit.
 *
 * Each instrument has a part that must be there, and others that may be. Names are looked for with anything in front:
 * what stands before the first part (`shop_` of `shop_http_requests_total`) is looked for before the other parts, too.
 * Whether a watch really fits, its own checks say when it is made; here is only who is asked.
 */
import {
  type CatalogEntry,
  cacheWatch,
  cleanupWatch,
  databaseWatch,
  downloadsWatch,
  httpWatch,
  jobsWatch,
  runtimeWatch,
  serviceWatch,
  uploadsWatch,
} from '@binnacle/blueprint';

/** The watches that a configuration may be begun with; others need to be told more than names say. */
export const WATCHES = {
  cacheWatch,
  cleanupWatch,
  databaseWatch,
  downloadsWatch,
  httpWatch,
  jobsWatch,
  runtimeWatch,
  serviceWatch,
  uploadsWatch,
} as const;

/** The name of one of them. */
export type WatchName = keyof typeof WATCHES;

type MetricType = CatalogEntry['type'];

/** The parts that a watch takes. */
type FieldOf<Name extends WatchName> = KeyOf<Parameters<(typeof WATCHES)[Name]>[0]>;
/** The fields of each member of a union. */
type KeyOf<T> = T extends unknown ? keyof T & string : never;

/** A part of an instrument: what the watch calls it, and the names that it goes by. */
interface Part<Field extends string = string> {
  readonly field: Field;
  readonly type: MetricType;
  /** The likeliest first. */
  readonly names: readonly string[];
}

/** An instrument: the function that watches it, and what it is made of. */
interface Instrument<Name extends WatchName = WatchName, Field extends string = string> {
  readonly watch: Name;
  /** What it is called, where a service has several of the kind. */
  readonly kind: string;
  /** The first one must be there. */
  readonly parts: readonly [Part<Field>, ...Part<Field>[]];
  /** The field whose histogram counts what the first part would count, where that is not there. */
  readonly countedBy?: Field;
}

/** An instrument whose parts are those that its watch takes. */
type KnownInstrument = { [Name in WatchName]: Instrument<Name, FieldOf<Name>> }[WatchName];

function part<const Field extends string>(field: Field, type: MetricType, ...names: string[]): Part<Field> {
  return { field, type, names };
}

const INSTRUMENTS: readonly KnownInstrument[] = [
  {
    watch: 'httpWatch',
    kind: 'HTTP',
    parts: [
      part('requests', 'counter', 'http_requests_total', 'http_server_requests_total', 'http_request_total'),
      part(
        'duration',
        'histogram',
        'http_request_duration_seconds',
        'http_server_request_duration_seconds',
        'http_server_requests_seconds',
      ),
      part(
        'inFlight',
        'gauge',
        'http_requests_in_flight',
        'http_requests_in_progress',
        'http_requests_active',
        'http_active_requests',
        'http_server_active_requests',
      ),
      part('errors', 'counter', 'http_exceptions_total', 'http_request_exceptions_total'),
    ],
    countedBy: 'duration',
  },
  {
    watch: 'uploadsWatch',
    kind: 'Uploads',
    parts: [
      part('total', 'counter', 'uploads_total', 'file_uploads_total'),
      part('size', 'histogram', 'upload_file_size_bytes', 'upload_size_bytes', 'upload_bytes'),
      part('duration', 'histogram', 'upload_duration_seconds'),
      part('inProgress', 'gauge', 'uploads_in_progress', 'uploads_active'),
      part('refused', 'counter', 'upload_validation_failures_total', 'uploads_rejected_total'),
    ],
  },
  {
    watch: 'jobsWatch',
    kind: 'Jobs',
    parts: [
      part('total', 'counter', 'jobs_total', 'tasks_total', 'jobs_processed_total', 'celery_tasks_total'),
      part(
        'duration',
        'histogram',
        'job_duration_seconds',
        'duration_seconds',
        'jobs_duration_seconds',
        'task_duration_seconds',
      ),
      part('active', 'gauge', 'jobs_active', 'active_jobs', 'jobs_in_progress', 'tasks_active'),
      part(
        'pending',
        'gauge',
        'jobs_pending',
        'pending_jobs',
        'jobs_waiting',
        'jobs_queued',
        'queue_depth',
        'queue_length',
      ),
      part('workers', 'gauge', 'workers', 'workers_active', 'active_workers'),
      part('lastSuccess', 'gauge', 'last_success_timestamp_seconds', 'job_last_success_timestamp_seconds'),
    ],
  },
  {
    watch: 'downloadsWatch',
    kind: 'Downloads',
    parts: [
      part('total', 'counter', 'downloads_total', 'file_downloads_total'),
      part('size', 'histogram', 'download_file_size_bytes', 'download_size_bytes', 'download_bytes'),
      part('duration', 'histogram', 'download_duration_seconds'),
      part('inProgress', 'gauge', 'downloads_in_progress', 'downloads_active'),
    ],
  },
  {
    watch: 'databaseWatch',
    kind: 'Database',
    parts: [
      part(
        'duration',
        'histogram',
        'db_query_duration_seconds',
        'database_query_duration_seconds',
        'db_operation_duration_seconds',
        'db_client_operation_duration_seconds',
      ),
      part('errors', 'counter', 'db_errors_total', 'database_errors_total', 'db_query_errors_total'),
      part(
        'connections',
        'gauge',
        'db_connections_active',
        'database_connections_active',
        'db_pool_connections_used',
      ),
      part(
        'connectionsMax',
        'gauge',
        'db_connections_max',
        'database_connections_max',
        'db_pool_connections_max',
      ),
      part('waiting', 'gauge', 'db_connections_waiting', 'db_pool_waiting', 'database_connections_waiting'),
    ],
  },
  {
    watch: 'cacheWatch',
    kind: 'Cache',
    parts: [
      part('lookups', 'counter', 'cache_requests_total', 'cache_lookups_total', 'cache_operations_total'),
      part('duration', 'histogram', 'cache_lookup_duration_seconds', 'cache_operation_duration_seconds'),
      part('evictions', 'counter', 'cache_evictions_total'),
      part('entries', 'gauge', 'cache_entries', 'cache_items'),
      part('size', 'gauge', 'cache_size_bytes', 'cache_bytes'),
      part('errors', 'counter', 'cache_errors_total'),
    ],
  },
  {
    watch: 'cacheWatch',
    kind: 'Cache',
    parts: [
      part('hits', 'counter', 'cache_hits_total'),
      part('misses', 'counter', 'cache_misses_total'),
      part('duration', 'histogram', 'cache_lookup_duration_seconds', 'cache_operation_duration_seconds'),
      part('evictions', 'counter', 'cache_evictions_total'),
      part('entries', 'gauge', 'cache_entries', 'cache_items'),
      part('size', 'gauge', 'cache_size_bytes', 'cache_bytes'),
      part('errors', 'counter', 'cache_errors_total'),
    ],
  },
  {
    watch: 'cleanupWatch',
    kind: 'Cleanup',
    parts: [
      part('runs', 'counter', 'cleanup_runs_total'),
      part('deleted', 'counter', 'cleanup_files_deleted_total', 'cleanup_deleted_total'),
      part('freed', 'counter', 'cleanup_bytes_freed_total', 'cleanup_freed_bytes_total'),
      part('errors', 'counter', 'cleanup_errors_total'),
      part('lastSuccess', 'gauge', 'cleanup_last_success_timestamp_seconds'),
    ],
  },
  {
    watch: 'runtimeWatch',
    kind: 'Runtime',
    parts: [
      part('heapUsed', 'gauge', 'nodejs_heap_size_used_bytes'),
      part('cpu', 'counter', 'process_cpu_seconds_total'),
      part('residentMemory', 'gauge', 'process_resident_memory_bytes'),
      part('eventLoopLag', 'gauge', 'nodejs_eventloop_lag_p99_seconds'),
      part('eventLoopUtilization', 'gauge', 'nodejs_eventloop_utilization_ratio'),
      part('garbageCollection', 'histogram', 'nodejs_gc_duration_seconds'),
      part('openFileDescriptors', 'gauge', 'process_open_fds'),
      part('maxFileDescriptors', 'gauge', 'process_max_fds'),
      part('startTime', 'gauge', 'process_start_time_seconds'),
    ],
  },
];

/** A metric as a part of an instrument. */
export interface RecognisedPart {
  readonly field: string;
  readonly entry: CatalogEntry;
  /** The metric is a histogram, and what counts is how many observations it has. */
  readonly isCount: boolean;
}

/** An instrument that a service has. */
export interface Recognised {
  readonly watch: WatchName;
  /** What it is called, for where a service has several of the kind: `Shop HTTP`. */
  readonly name: string;
  readonly parts: readonly RecognisedPart[];
  /** Alerts of its watch that are not wanted. */
  readonly alertsOff: readonly string[];
}

/** The instruments that metrics look like, in the order in which a dashboard is read. */
export function recognise(entries: readonly CatalogEntry[]): Recognised[] {
  return INSTRUMENTS.flatMap((instrument: Instrument) =>
    prefixesOf(instrument, entries).flatMap((prefix) => recognisedWith(instrument, prefix, entries) ?? []),
  );
}

/** What stands before the instrument's first part, or before the histogram that counts in its place. */
function prefixesOf({ parts, countedBy }: Instrument, entries: readonly CatalogEntry[]): string[] {
  const anchors = [parts[0], ...parts.filter(({ field }) => field === countedBy)];
  const prefixes = entries.flatMap(({ name, type }) =>
    anchors
      .filter((anchor) => anchor.type === type)
      .flatMap(({ names }) => names.filter((each) => name === each || name.endsWith(`_${each}`)))
      // The longest name says most of what it is.
      .sort((a, b) => b.length - a.length)
      .slice(0, 1)
      .map((each) => name.slice(0, name.length - each.length)),
  );
  return [...new Set(prefixes)].sort();
}

function recognisedWith(
  { watch, kind, parts, countedBy }: Instrument,
  prefix: string,
  entries: readonly CatalogEntry[],
): Recognised | undefined {
  const [first] = parts;
  const found = parts.flatMap((each): RecognisedPart[] => {
    const entry = entryOf(each, prefix, entries);
    return entry === undefined ? [] : [{ field: each.field, entry, isCount: false }];
  });
  if (!found.some(({ field }) => field === first.field)) {
    const counting = found.find(({ field }) => field === countedBy);
    if (counting === undefined) return undefined;
    found.unshift({ field: first.field, entry: counting.entry, isCount: true });
  }
  return { watch, name: `${wordsOf(prefix)}${kind}`, parts: found, alertsOff: [] };
}

function entryOf(
  { type, names }: Part,
  prefix: string,
  entries: readonly CatalogEntry[],
): CatalogEntry | undefined {
  for (const name of names) {
    const entry = entries.find((each) => each.name === prefix + name && each.type === type);
    // A watch asks for labels; of a metric without series nobody knows them.
    if (entry?.labels !== undefined) return entry;
  }
  return undefined;
}

function wordsOf(prefix: string): string {
  const words = prefix.replaceAll('_', ' ').trim();
  return words === '' ? '' : `${words[0]!.toUpperCase()}${words.slice(1)} `;
}
