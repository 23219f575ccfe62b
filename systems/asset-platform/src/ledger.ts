/**
 * The visitors' ledger: what they did and what they were told, from which follows what each service must have
 * counted. Only answers are entered, never intentions.
 *
 * One visit counts in several places: at the gateway, at the service behind it, and at those that this one called,
 * which it names in its answer. Where an answer never came because a process died, nobody knows how far the request
 * got: all that it may have led to is entered as an allowance, and the counters may exceed what is known by that
 * and by no more.
 */
import { type Sample, type Samples, seriesOf, since } from '@binnacle/system-parts/samples';

/** Notes on what the visitors could not find out, or what was wrong; more are only counted. */
const NOTES_MAX = 100;

/** The services. */
export const SERVICE_NAMES = ['gateway', 'assets', 'files', 'search', 'transcode'] as const;

/** A service. */
export type ServiceName = (typeof SERVICE_NAMES)[number];

/** Numbers by what they count. */
export type Counts = Record<string, number>;

/** The ledger as plain data. */
export interface LedgerRecord {
  /** `SERVICE METHOD ENDPOINT STATUS` to a number of requests. */
  readonly requests: Counts;
  /** `SERVICE SERIES`, for instance `files files_uploaded_total{file_type="image"}`, to what it counts. */
  readonly counts: Counts;
  /** What may have been counted beside that: `SERVICE METHOD ENDPOINT`, and as in `counts`. */
  readonly allowed: { readonly requests: Counts; readonly counts: Counts };
  /** Jobs whose end nobody has seen yet. */
  openJobs: number;
  /** Requests that had no answer, or one from the gateway that the service had died. */
  died: number;
  /** What was not as it must be. */
  wrong: number;
  readonly notes: string[];
}

/** Something that a service counted. */
export interface Effect {
  readonly service: ServiceName;
  /** Without the service: `assets_created_total`. */
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

  request(service: ServiceName, method: string, endpoint: string, status: number): void {
    add(this.record.requests, `${service} ${method} ${endpoint} ${status}`, 1);
  }

  counted(effects: readonly Effect[]): void {
    for (const { service, series, by = 1 } of effects) add(this.record.counts, `${service} ${series}`, by);
  }

  /** A request that a service may have counted, up to `times` times, with whatever status. */
  mayHaveRequested(service: ServiceName, method: string, endpoint: string, times = 1): void {
    add(this.record.allowed.requests, `${service} ${method} ${endpoint}`, times);
  }

  mayHaveCounted(effects: readonly Effect[], times = 1): void {
    for (const { service, series, by = 1 } of effects)
      add(this.record.allowed.counts, `${service} ${series}`, by * times);
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
export type PlatformSamples = Readonly<Record<ServiceName, Samples>>;

/** Something that is not what the ledger says. */
export interface Difference {
  readonly service: ServiceName;
  readonly series: string;
  readonly expected: number;
  /** How much more it may be. */
  readonly allowed: number;
  readonly actual: number;
}

/** What {@link differences} takes beside ledger and samples. */
export interface DifferencesOptions {
  /** The samples from when the ledger was opened, where the services had counted before. */
  readonly before?: PlatformSamples;
  /**
   * Worker processes that were killed, by service. One that dies after the last byte of an answer has left and before
   * it heard of that has not counted the answer, which arrived all the same: each may have left one out.
   */
  readonly killed?: Partial<Readonly<Record<ServiceName, number>>>;
}

/** Business metrics that nobody but visitors moves; those counted when an answer has left are marked. */
const COMPARED: Readonly<Record<string, 'with the deed' | 'with the answer'>> = {
  assets_created_total: 'with the deed',
  assets_updated_total: 'with the deed',
  assets_deleted_total: 'with the deed',
  assets_retrieved_total: 'with the deed',
  files_uploaded_total: 'with the deed',
  files_downloaded_total: 'with the answer',
  files_deleted_total: 'with the deed',
  files_retrieved_total: 'with the deed',
  search_queries_total: 'with the deed',
  search_results_total: 'with the deed',
  content_indexed_total: 'with the deed',
  transcode_jobs_total: 'with the deed',
  transcode_duration_seconds_count: 'with the deed',
};

/** The endpoint that others ask, too: the gateway, of all services, every few seconds. */
const OTHERS_ENDPOINT = 'health';

/** Where the services differ from what a ledger says, once everything has settled; empty when they do not. */
export function differences(
  ledger: LedgerRecord,
  samples: PlatformSamples,
  options: DifferencesOptions = {},
): Difference[] {
  return SERVICE_NAMES.flatMap((service) => {
    const counted = since(samples[service], options.before?.[service] ?? new Map());
    const lost = options.killed?.[service] ?? 0;
    return [
      ...businessDifferences(service, ledger, counted, lost),
      ...requestDifferences(service, ledger, counted, lost),
    ];
  });
}

function businessDifferences(
  service: ServiceName,
  ledger: LedgerRecord,
  samples: readonly Sample[],
  lost: number,
): Difference[] {
  const actual = new Map<string, number>();
  for (const { labels, value } of samples)
    if (labels.metricName in COMPARED) actual.set(seriesOf(labels), value);
  const known = ofService(ledger.counts, service);
  const maybe = ofService(ledger.allowed.counts, service);
  const found: Difference[] = [];
  for (const series of new Set([...actual.keys(), ...known.keys()])) {
    const expected = known.get(series) ?? 0;
    const allowed = maybe.get(series) ?? 0;
    const value = actual.get(series) ?? 0;
    const family = series.replace(/\{.*/, '');
    const missing = COMPARED[family] === 'with the answer' ? lost : 0;
    if (value < expected - missing || value > expected + allowed)
      found.push({ service, series, expected, allowed, actual: value });
  }
  return found;
}

/** Requests, and their durations. Where a status is not known, all statuses of a route may exceed what is, together. */
function requestDifferences(
  service: ServiceName,
  ledger: LedgerRecord,
  samples: readonly Sample[],
  lost: number,
): Difference[] {
  const found: Difference[] = [];
  const known = ofService(ledger.requests, service);
  const maybe = ofService(ledger.allowed.requests, service);
  const actual = new Map<string, number>();
  const durations = new Map<string, number>();
  for (const { labels, value } of samples) {
    if (labels.get('endpoint') === OTHERS_ENDPOINT) continue;
    const route = `${labels.get('method')} ${labels.get('endpoint')}`;
    if (labels.metricName === 'http_requests_total') actual.set(`${route} ${labels.get('status')}`, value);
    if (labels.metricName === 'http_request_duration_seconds_count') durations.set(route, value);
  }
  const routes = new Set([...actual.keys(), ...known.keys()].map((request) => request.replace(/ \S+$/, '')));
  let missing = 0;
  for (const route of routes) {
    const allowed = maybe.get(route) ?? 0;
    let [more, sum] = [0, 0];
    const statuses = [...new Set([...actual.keys(), ...known.keys()])].filter(
      (request) => request.replace(/ \S+$/, '') === route,
    );
    for (const request of statuses) {
      const [value, expected] = [actual.get(request) ?? 0, known.get(request) ?? 0];
      sum += value;
      if (value > expected) more += value - expected;
      else missing += expected - value;
      if (value < expected - lost || value > expected + allowed)
        found.push({ service, series: `http_requests_total ${request}`, expected, allowed, actual: value });
    }
    if (more > allowed)
      found.push({
        service,
        series: `http_requests_total ${route}`,
        expected: sum - more,
        allowed,
        actual: sum,
      });
    const measured = durations.get(route) ?? 0;
    if (measured !== sum)
      found.push({
        service,
        series: `http_request_duration_seconds_count ${route}`,
        expected: sum,
        allowed: 0,
        actual: measured,
      });
  }
  if (missing > lost)
    found.push({ service, series: 'http_requests_total', expected: missing, allowed: lost, actual: 0 });
  return found;
}

/** Entries of one service, without its name. */
function ofService(counts: Counts, service: ServiceName): Map<string, number> {
  const own = new Map<string, number>();
  for (const [key, value] of Object.entries(counts))
    if (key.startsWith(`${service} `)) own.set(key.slice(service.length + 1), value);
  return own;
}
