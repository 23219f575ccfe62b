/**
 * The visitors' ledger: what they did and what they were told, from which follows what API and worker must have
 * counted. Only answers are entered, never intentions.
 *
 * Where an answer never came because a process died, nobody knows how far the request got: all that it may have led to
 * is entered as an allowance, and the counters may exceed what is known by that and by no more. What ends in the
 * database is counted from there, so it needs no allowance, whoever dies.
 */
import { type Sample, type Samples, seriesOf, since } from '@binnacle/system-parts/samples';

/** Notes on what was wrong; more are only counted. */
const NOTES_MAX = 100;

/** The services. */
export const SERVICE_NAMES = ['api', 'worker'] as const;

/** A service. */
export type ServiceName = (typeof SERVICE_NAMES)[number];

/** Numbers by what they count. */
export type Counts = Record<string, number>;

/** The ledger as plain data. */
export interface LedgerRecord {
  /** `METHOD ENDPOINT STATUS` to a number of requests. */
  readonly requests: Counts;
  /** `SERVICE SERIES`, for instance `api exports_total{format="srt"}`, to what it counts. */
  readonly counts: Counts;
  /** What may have been counted beside that: `METHOD ENDPOINT`, and as in `counts`. */
  readonly allowed: { readonly requests: Counts; readonly counts: Counts };
  /** Jobs whose end nobody has seen yet. */
  openJobs: number;
  /** Requests that had no answer. */
  died: number;
  /** What was not as it must be. */
  wrong: number;
  readonly notes: string[];
}

/** Something that a service counted. */
export interface Effect {
  readonly service: ServiceName;
  readonly series: string;
  readonly by?: number;
}

/** Keeps the record. */
export class Ledger {
  readonly record: LedgerRecord = {
    requests: {},
    counts: {},
    allowed: { requests: {}, counts: {} },
    openJobs: 0,
    died: 0,
    wrong: 0,
    notes: [],
  };

  request(method: string, endpoint: string, status: number): void {
    add(this.record.requests, `${method} ${endpoint} ${status}`, 1);
  }

  counted(effects: readonly Effect[]): void {
    for (const { service, series, by = 1 } of effects) add(this.record.counts, `${service} ${series}`, by);
  }

  /** A request that the API may have counted, with whatever status. */
  mayHaveRequested(method: string, endpoint: string): void {
    add(this.record.allowed.requests, `${method} ${endpoint}`, 1);
  }

  mayHaveCounted(effects: readonly Effect[]): void {
    for (const { service, series, by = 1 } of effects)
      add(this.record.allowed.counts, `${service} ${series}`, by);
  }

  died(): void {
    this.record.died++;
  }

  wrong(note: string): void {
    this.record.wrong++;
    if (this.record.notes.length < NOTES_MAX) this.record.notes.push(note);
  }
}

function add(counts: Counts, key: string, by: number): void {
  counts[key] = (counts[key] ?? 0) + by;
}

/** The samples of each service. */
export type SystemSamples = Readonly<Record<ServiceName, Samples>>;

/** A series that is not what the ledger says. */
export interface Difference {
  readonly service: ServiceName;
  readonly series: string;
  readonly expected: number;
  /** By how much it may be more. */
  readonly allowed: number;
  readonly actual: number;
}

/** What is known beside the ledger. */
export interface DifferencesOptions {
  /** What was counted before the visitors came. */
  readonly before?: SystemSamples;
  /** Processes of the API that were killed; the last request that each had answered may not be counted. */
  readonly killed?: number;
}

/** The families that are compared whole, of both services. */
const COMPARED: ReadonlySet<string> = new Set([
  'jobs_created_total',
  'jobs_completed_total',
  'jobs_failed_total',
  'videos_transcribed_total',
  'videos_failed_total',
  'search_queries_total',
  'exports_total',
  'videos_processed_total',
  'download_duration_seconds_count',
  'transcode_duration_seconds_count',
  'chunk_count_count',
  'transcription_duration_seconds_count',
  'diarization_duration_seconds_count',
  'whisper_model_load_seconds_count',
  'whisper_chunk_transcription_seconds_count',
]);

/** The endpoint that others ask, too. */
const OTHERS_ENDPOINT = 'health';

/** Where the services differ from what a ledger says, once everything has settled; empty when they do not. */
export function differences(
  ledger: LedgerRecord,
  samples: SystemSamples,
  options: DifferencesOptions = {},
): Difference[] {
  const none: Samples = new Map();
  const counted = (service: ServiceName): readonly Sample[] =>
    since(samples[service], options.before?.[service] ?? none);
  return [
    ...SERVICE_NAMES.flatMap((service) => businessDifferences(service, ledger, counted(service))),
    ...requestDifferences(ledger, counted('api'), options.killed ?? 0),
  ];
}

function businessDifferences(
  service: ServiceName,
  ledger: LedgerRecord,
  samples: readonly Sample[],
): Difference[] {
  const actual = new Map<string, number>();
  for (const { labels, value } of samples)
    if (COMPARED.has(labels.metricName)) actual.set(`${service} ${seriesOf(labels)}`, value);
  const known = Object.keys(ledger.counts).filter((key) => key.startsWith(`${service} `));
  const found: Difference[] = [];
  for (const key of new Set([...actual.keys(), ...known])) {
    const expected = ledger.counts[key] ?? 0;
    const allowed = ledger.allowed.counts[key] ?? 0;
    const value = actual.get(key) ?? 0;
    if (value < expected || value > expected + allowed)
      found.push({ service, series: key.slice(service.length + 1), expected, allowed, actual: value });
  }
  return found;
}

/** Requests, and their durations. Where a status is not known, all statuses of a route may exceed what is, together. */
function requestDifferences(ledger: LedgerRecord, samples: readonly Sample[], lost: number): Difference[] {
  const actual = new Map<string, number>();
  const durations = new Map<string, number>();
  for (const { labels, value } of samples) {
    if (labels.get('endpoint') === OTHERS_ENDPOINT) continue;
    const route = `${labels.get('method')} ${labels.get('endpoint')}`;
    if (labels.metricName === 'http_requests_total') actual.set(`${route} ${labels.get('status')}`, value);
    if (labels.metricName === 'http_request_duration_seconds_count') durations.set(route, value);
  }
  const found: Difference[] = [];
  const differs = (name: string, expected: number, allowed: number, value: number): void =>
    void found.push({ service: 'api', series: name, expected, allowed, actual: value });
  const requests = [...new Set([...actual.keys(), ...Object.keys(ledger.requests)])];
  const routeOf = (request: string): string => request.replace(/ \S+$/, '');
  let missing = 0;
  for (const route of new Set(requests.map(routeOf))) {
    const allowed = ledger.allowed.requests[route] ?? 0;
    let [more, sum] = [0, 0];
    for (const request of requests.filter((one) => routeOf(one) === route)) {
      const [value, expected] = [actual.get(request) ?? 0, ledger.requests[request] ?? 0];
      sum += value;
      if (value > expected) more += value - expected;
      else missing += expected - value;
      if (value < expected - lost || value > expected + allowed)
        differs(`http_requests_total ${request}`, expected, allowed, value);
    }
    if (more > allowed) differs(`http_requests_total ${route}`, sum - more, allowed, sum);
    const measured = durations.get(route) ?? 0;
    if (measured !== sum) differs(`http_request_duration_seconds_count ${route}`, sum, 0, measured);
  }
  if (missing > lost) differs('http_requests_total', missing, lost, 0);
  return found;
}
