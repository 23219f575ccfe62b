/**
 * The visitors' ledger: what they did and what they were told, from which follows what the service must have
 * counted. Only answers are entered, never intentions: an upload that came through although it was meant to fail
 * is a success here too.
 */
import { Labels, METRIC_NAME } from '@binnacle/metrics/model';
import { UPLOAD_STATUSES } from '@binnacle/metrics/uploads';
import type { Samples } from '@binnacle/system-parts/samples';
import { DOWNLOAD_STATUSES } from './metrics.ts';

const SIZE_BOUNDS = [100_000, 500_000, 1_000_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000];
/** How jobs end. */
const JOB_ENDS = ['completed', 'error', 'timeout'] as const;
/** Notes on what the visitors could not find out; more are only counted. */
const NOTES_MAX = 100;

/** Sizes, counted in the buckets of the contract. */
export interface Sizes {
  /** One per bound and one beyond the last; not cumulative. */
  readonly buckets: number[];
  sum: number;
}

/** The ledger as plain data. */
export interface LedgerRecord {
  /** `METHOD ENDPOINT STATUS` to a number of requests. */
  readonly requests: Record<string, number>;
  readonly uploads: Record<string, number>;
  readonly uploadSizes: Sizes;
  readonly refusals: Record<string, number>;
  readonly jobs: Record<string, number>;
  readonly inputSizes: Sizes;
  readonly outputSizes: Sizes;
  readonly downloads: Record<string, number>;
  /** Jobs whose end nobody has seen yet. */
  openJobs: number;
  /** How often a visitor could not tell what the service did: a connection that broke, a service that was gone. */
  unknown: number;
  readonly notes: string[];
}

type UploadStatus = (typeof UPLOAD_STATUSES)[keyof typeof UPLOAD_STATUSES];
type JobEnd = (typeof JOB_ENDS)[number];
type DownloadStatus = (typeof DOWNLOAD_STATUSES)[number];

/** Keeps the record. */
export class Ledger {
  readonly record: LedgerRecord = {
    requests: {},
    uploads: zeros(Object.values(UPLOAD_STATUSES)),
    uploadSizes: noSizes(),
    refusals: {},
    jobs: zeros(JOB_ENDS),
    inputSizes: noSizes(),
    outputSizes: noSizes(),
    downloads: zeros(DOWNLOAD_STATUSES),
    openJobs: 0,
    unknown: 0,
    notes: [],
  };

  request(method: string, endpoint: string, status: number): void {
    add(this.record.requests, `${method} ${endpoint} ${status}`);
  }

  accepted(bytes: number): void {
    add(this.record.uploads, 'success');
    addSize(this.record.uploadSizes, bytes);
    this.record.openJobs++;
  }

  /** An upload that failed, and why where it was refused. */
  failed(status: Exclude<UploadStatus, 'success'>, reason?: string): void {
    add(this.record.uploads, status);
    if (reason !== undefined) add(this.record.refusals, reason);
  }

  jobEnded(end: JobEnd, inputBytes: number, outputBytes: number): void {
    add(this.record.jobs, end);
    this.record.openJobs--;
    if (end !== 'completed') return;
    addSize(this.record.inputSizes, inputBytes);
    addSize(this.record.outputSizes, outputBytes);
  }

  downloaded(status: DownloadStatus): void {
    add(this.record.downloads, status);
  }

  /** Something whose outcome the visitor cannot know. */
  unknown(note: string): void {
    this.record.unknown++;
    if (this.record.notes.length < NOTES_MAX) this.record.notes.push(note);
  }
}

/** A series that is not what the ledger says. */
export interface Difference {
  readonly series: string;
  readonly expected: number;
  /** `undefined` when the service does not expose the series. */
  readonly actual: number | undefined;
}

/** Families that nobody but visitors moves; series of theirs that the ledger does not know must be 0. */
const COMPARED: ReadonlySet<string> = new Set([
  'http_requests_total',
  'http_request_duration_seconds_count',
  'uploads_total',
  'upload_file_size_bytes_bucket',
  'upload_file_size_bytes_sum',
  'upload_file_size_bytes_count',
  'upload_validation_failures_total',
  'processing_jobs_total',
  'processing_jobs_active',
  'processing_jobs_pending',
  'processing_duration_seconds_count',
  'processing_input_size_bytes_bucket',
  'processing_input_size_bytes_sum',
  'processing_input_size_bytes_count',
  'processing_output_size_bytes_bucket',
  'processing_output_size_bytes_sum',
  'processing_output_size_bytes_count',
  'downloads_total',
]);

/** Endpoints that others ask too: the monitor, and whoever looks whether the service is well. */
const OTHERS_ENDPOINTS: ReadonlySet<string> = new Set(['/metrics', '/health']);

/**
 * Where an exposition differs from what a ledger says, once everything has settled; empty when it does not. With
 * `before`, an exposition from when the ledger was opened, only what was counted since then is compared.
 */
export function differences(
  ledger: LedgerRecord,
  samples: Samples,
  before: Samples = new Map(),
): Difference[] {
  const found: Difference[] = [];
  const since = (key: string): number | undefined => {
    const value = samples.get(key)?.value;
    return value === undefined ? undefined : value - (before.get(key)?.value ?? 0);
  };
  const expected = expectedSamples(ledger);
  for (const { labels, value } of expected.values()) {
    const actual = since(labels.key);
    if (actual !== value) found.push({ series: labels.toString(), expected: value, actual });
  }
  for (const [key, { labels }] of samples) {
    const actual = since(key);
    if (actual === 0 || expected.has(key) || !COMPARED.has(labels.metricName)) continue;
    if (OTHERS_ENDPOINTS.has(labels.get('endpoint'))) continue;
    found.push({ series: labels.toString(), expected: 0, actual });
  }
  return found;
}

function expectedSamples(ledger: LedgerRecord): Samples {
  const samples = new Map<string, { labels: Labels; value: number }>();
  const expect = (name: string, pairs: Record<string, string>, value: number): void => {
    const labels = Labels.of({ ...pairs, [METRIC_NAME]: name });
    samples.set(labels.key, { labels, value });
  };
  const durations = new Map<string, number>();
  for (const [request, count] of Object.entries(ledger.requests)) {
    const [method = '', endpoint = '', status = ''] = request.split(' ');
    expect('http_requests_total', { method, endpoint, status }, count);
    const route = `${method} ${endpoint}`;
    durations.set(route, (durations.get(route) ?? 0) + count);
  }
  for (const [route, count] of durations) {
    const [method = '', endpoint = ''] = route.split(' ');
    expect('http_request_duration_seconds_count', { method, endpoint }, count);
  }
  const byLabel = (name: string, label: string, counts: Record<string, number>): void => {
    for (const [value, count] of Object.entries(counts)) expect(name, { [label]: value }, count);
  };
  byLabel('uploads_total', 'status', ledger.uploads);
  byLabel('upload_validation_failures_total', 'reason', ledger.refusals);
  byLabel('processing_jobs_total', 'status', ledger.jobs);
  byLabel('downloads_total', 'status', ledger.downloads);
  const sizes = (name: string, { buckets, sum }: Sizes): void => {
    let count = 0;
    buckets.forEach((inBucket, i) => {
      count += inBucket;
      expect(`${name}_bucket`, { le: i < SIZE_BOUNDS.length ? String(SIZE_BOUNDS[i]) : '+Inf' }, count);
    });
    expect(`${name}_count`, {}, count);
    expect(`${name}_sum`, {}, sum);
  };
  sizes('upload_file_size_bytes', ledger.uploadSizes);
  sizes('processing_input_size_bytes', ledger.inputSizes);
  sizes('processing_output_size_bytes', ledger.outputSizes);
  expect('processing_duration_seconds_count', {}, ledger.jobs.completed ?? 0);
  expect('processing_jobs_active', {}, 0);
  expect('processing_jobs_pending', {}, 0);
  return samples;
}

function add(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

function zeros(keys: readonly string[]): Record<string, number> {
  return Object.fromEntries(keys.map((key) => [key, 0]));
}

function noSizes(): Sizes {
  return { buckets: new Array<number>(SIZE_BOUNDS.length + 1).fill(0), sum: 0 };
}

function addSize(sizes: Sizes, bytes: number): void {
  const at = SIZE_BOUNDS.findIndex((bound) => bytes <= bound);
  sizes.buckets[at < 0 ? SIZE_BOUNDS.length : at]!++;
  sizes.sum += bytes;
}
