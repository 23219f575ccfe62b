/**
 * The visitors' ledger: what they did and what they were told, from which follows what the backend must have counted.
 * Only answers are entered, never intentions.
 *
 * How a download went, its attempts and their errors included, stands in the answer to whoever asks after it. From
 * those follow the calls to the site and the uploads: the visitors' site answers every question about a video as it
 * means it, and breaks off only while it is downloaded.
 *
 * Where workers are killed, each takes with it what it was doing: {@link differences} is told how many were, and by so
 * much may be off what is counted while something is done. What is counted by the database, how tasks end, may not.
 */
import { type Sample, type Samples, series, seriesOf, since } from '@binnacle/system-parts/samples';
import { PROCESS_DOWNLOAD, PROVIDERS, type ProviderName } from './metrics.ts';

/** Notes on what was wrong; more are only counted. */
const NOTES_MAX = 100;

/** Numbers by what they count. */
export type Counts = Record<string, number>;

/** The ledger as plain data. */
export interface LedgerRecord {
  /** `METHOD ENDPOINT STATUS` to a number of requests. */
  readonly requests: Counts;
  /** Series to what they count. */
  readonly counts: Counts;
  /** `METHOD ENDPOINT` to the number of requests that had no answer, and may have been counted. */
  readonly died: Counts;
  /** What visitors know to lie with each provider. */
  readonly stored: Record<ProviderName, { bytes: number; files: number }>;
  /** Downloads that were asked for, and nobody knows whether they are done: the answer never came. */
  maybeDownloads: number;
  /** Downloads whose end nobody has seen yet. */
  openDownloads: number;
  /** What was not as it must be. */
  wrong: number;
  readonly notes: string[];
}

/** A download that has ended, as the backend tells it. */
export interface EndedDownload {
  readonly status: 'completed' | 'failed';
  readonly attempts: number;
  readonly errors: readonly string[];
  readonly provider: string | null;
}

/** The class of each code, as `errors_total` tells it. */
const ERROR_TYPES: readonly (readonly [prefix: RegExp, type: string])[] = [
  [/^(VIDEO_|INVALID_URL)/, 'VideoError'],
  [/^DOWNLOAD_/, 'TransferError'],
  [/^STORAGE_FULL/, 'StorageError'],
  [/^STORAGE_FAILED/, 'StorageError'],
];

/** Keeps the record. */
export class Ledger {
  readonly record: LedgerRecord = {
    requests: {},
    counts: {},
    died: {},
    stored: Object.fromEntries(
      PROVIDERS.map((provider) => [provider, { bytes: 0, files: 0 }]),
    ) as LedgerRecord['stored'],
    maybeDownloads: 0,
    openDownloads: 0,
    wrong: 0,
    notes: [],
  };

  request(method: string, endpoint: string, status: number): void {
    add(this.record.requests, `${method} ${endpoint} ${status}`);
  }

  died(method: string, endpoint: string): void {
    add(this.record.died, `${method} ${endpoint}`);
  }

  asked(): void {
    this.record.openDownloads++;
  }

  /** A download may have been taken, and will be worked on then. */
  maybeAsked(): void {
    this.record.maybeDownloads++;
  }

  ended({ status, attempts, errors, provider }: EndedDownload): void {
    this.record.openDownloads--;
    const ending = status === 'completed' ? 'success' : 'failed';
    const task = { task_name: PROCESS_DOWNLOAD };
    this.#count('celery_tasks_total', { ...task, status: ending });
    this.#count('celery_task_duration_seconds_count', task);
    this.#count('downloads_total', { status: ending, provider: provider ?? 'unknown' });
    this.#count('download_duration_seconds_count', {}, attempts);
    for (const code of errors) {
      const type = ERROR_TYPES.find(([prefix]) => prefix.test(code))?.[1] ?? 'Error';
      this.#count('errors_total', { error_code: code, error_type: type });
      if (/^(VIDEO_|INVALID_URL)/.test(code)) this.#called('get_video_info', 'failed');
      else {
        this.#called('get_video_info', 'success');
        this.#called('download_video', code.startsWith('DOWNLOAD_') ? 'failed' : 'success');
      }
    }
    if (status !== 'completed' || provider === null) return;
    this.#called('get_video_info', 'success');
    this.#called('download_video', 'success');
    this.#count('storage_uploads_total', { provider, status: 'success' });
    this.#count('storage_upload_duration_seconds_count', { provider });
  }

  stored(provider: ProviderName, bytes: number): void {
    this.record.stored[provider].bytes += bytes;
    this.record.stored[provider].files++;
  }

  removed(provider: ProviderName, bytes: number): void {
    this.record.stored[provider].bytes -= bytes;
    this.record.stored[provider].files--;
  }

  wrong(note: string): void {
    this.record.wrong++;
    if (this.record.notes.length < NOTES_MAX) this.record.notes.push(note);
  }

  #called(operation: string, status: string): void {
    this.#count('youtube_api_calls_total', { operation, status });
    this.#count('youtube_api_duration_seconds_count', { operation });
  }

  #count(name: string, labels: Readonly<Record<string, string>>, by = 1): void {
    add(this.record.counts, series(name, labels), by);
  }
}

function add(counts: Counts, key: string, by = 1): void {
  counts[key] = (counts[key] ?? 0) + by;
}

/** Something that is not what the ledger says. */
export interface Difference {
  readonly series: string;
  readonly expected: number;
  /** How much it may be off. */
  readonly allowed: number;
  readonly actual: number;
}

/** What {@link differences} takes beside ledger and samples. */
export interface DifferencesOptions {
  /** The samples from when the ledger was opened, where the backend had counted before. */
  readonly before?: Samples;
  /** Worker processes that were killed. */
  readonly killed?: number;
  /** Tasks that each of them worked on at once, at most. */
  readonly tasksAtOnce?: number;
}

/** What nobody but visitors moves, and where it is counted. */
const COMPARED: Readonly<Record<string, 'by the database' | 'on the way'>> = {
  celery_tasks_total: 'by the database',
  downloads_total: 'by the database',
  celery_task_duration_seconds_count: 'on the way',
  download_duration_seconds_count: 'on the way',
  errors_total: 'on the way',
  youtube_api_calls_total: 'on the way',
  youtube_api_duration_seconds_count: 'on the way',
  storage_uploads_total: 'on the way',
  storage_upload_duration_seconds_count: 'on the way',
};

/** Endpoints that others ask too: the monitor, and whoever looks whether the backend is well. */
const OTHERS_ENDPOINTS: ReadonlySet<string> = new Set(['/metrics', 'health']);

const TASKS_AT_ONCE = 2;

/** Where the backend differs from what a ledger says, once everything has settled; empty when it does not. */
export function differences(
  ledger: LedgerRecord,
  samples: Samples,
  options: DifferencesOptions = {},
): Difference[] {
  const { before = new Map(), killed = 0, tasksAtOnce = TASKS_AT_ONCE } = options;
  const counted = since(samples, before);
  const gauges = [...samples.values()];
  return [
    ...countDifferences(ledger, counted, killed * tasksAtOnce),
    ...requestDifferences(ledger, counted, killed),
    // Who does not know all files knows no sums of them.
    ...(ledger.maybeDownloads === 0 && before.size === 0 ? storageDifferences(ledger, gauges) : []),
    ...levelDifferences(gauges),
  ];
}

function countDifferences(ledger: LedgerRecord, samples: readonly Sample[], lost: number): Difference[] {
  const actual = new Map<string, number>();
  for (const { labels, value } of samples)
    if (labels.metricName in COMPARED) actual.set(seriesOf(labels), value);
  const found: Difference[] = [];
  for (const key of new Set([...actual.keys(), ...Object.keys(ledger.counts)])) {
    const onTheWay = COMPARED[key.replace(/\{.*/, '')] === 'on the way';
    const expected = ledger.counts[key] ?? 0;
    const allowed = ledger.maybeDownloads + (onTheWay ? lost : 0);
    const value = actual.get(key) ?? 0;
    if (value < expected - (onTheWay ? lost : 0) || value > expected + allowed)
      found.push({ series: key, expected, allowed, actual: value });
  }
  return found;
}

/** Requests, and their durations. Each worker that was killed may have left out one that it had answered. */
function requestDifferences(ledger: LedgerRecord, samples: readonly Sample[], killed: number): Difference[] {
  const actual = new Map<string, number>();
  const measured = new Map<string, number>();
  for (const { labels, value } of samples) {
    if (OTHERS_ENDPOINTS.has(labels.get('endpoint'))) continue;
    const route = `${labels.get('method')} ${labels.get('endpoint')}`;
    if (labels.metricName === 'http_requests_total') actual.set(`${route} ${labels.get('status')}`, value);
    if (labels.metricName === 'http_request_duration_seconds_count') measured.set(route, value);
  }
  const found: Difference[] = [];
  const sums = new Map<string, number>();
  for (const request of new Set([...actual.keys(), ...Object.keys(ledger.requests)])) {
    const route = request.replace(/ \S+$/, '');
    if (OTHERS_ENDPOINTS.has(route.replace(/^\S+ /, ''))) continue;
    const [value, expected] = [actual.get(request) ?? 0, ledger.requests[request] ?? 0];
    const allowed = ledger.died[route] ?? 0;
    sums.set(route, (sums.get(route) ?? 0) + value);
    if (value < expected - killed || value > expected + allowed)
      found.push({ series: `http_requests_total ${request}`, expected, allowed, actual: value });
  }
  for (const [route, expected] of sums) {
    const value = measured.get(route) ?? 0;
    if (value !== expected)
      found.push({
        series: `http_request_duration_seconds_count ${route}`,
        expected,
        allowed: 0,
        actual: value,
      });
  }
  return found;
}

function storageDifferences({ stored }: LedgerRecord, samples: readonly Sample[]): Difference[] {
  return samples.flatMap(({ labels, value }) => {
    const held = stored[labels.get('provider') as ProviderName];
    const expected =
      labels.metricName === 'storage_usage_bytes'
        ? held?.bytes
        : labels.metricName === 'storage_file_count'
          ? held?.files
          : undefined;
    if (expected === undefined || expected === value) return [];
    return [{ series: seriesOf(labels), expected, allowed: 0, actual: value }];
  });
}

/** When nobody waits for anything, nothing waits and nothing is under way. */
function levelDifferences(samples: readonly Sample[]): Difference[] {
  return samples.flatMap(({ labels, value }) => {
    const isLevel =
      labels.metricName === 'celery_queue_length' || labels.metricName === 'downloads_in_progress';
    return isLevel && value !== 0
      ? [{ series: seriesOf(labels), expected: 0, allowed: 0, actual: value }]
      : [];
  });
}
