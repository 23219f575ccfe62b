/**
 * The ledger of the visitors: what they asked and were told, and what the system must have counted because of it.
 *
 * Where processes die, the ledger cannot know everything: a request without an answer may have been counted, and a job
 * whose end was not noted as counted may have been. Such is entered as an allowance, and the counters may exceed what
 * is known by that and by no more.
 */
import { type Sample, type Samples, seriesOf, since } from '@binnacle/system-parts/samples';

/** Notes on what was not as it must be; more are only counted. */
const NOTES_MAX = 100;

/** Numbers by what they count. */
export type Counts = Record<string, number>;

/** The ledger as plain data. */
export interface LedgerRecord {
  /** `METHOD ENDPOINT STATUS` to a number of requests. */
  readonly requests: Counts;
  /** A series, for instance `duplicates_detected_total{action="auto_merge"}`, to what it counts. */
  readonly counts: Counts;
  /** What may have been counted beside that: `METHOD ENDPOINT`, and as in `counts`. */
  readonly allowed: { readonly requests: Counts; readonly counts: Counts };
  /** Leads that came to be. */
  leads: number;
  /** Jobs whose end nobody has seen. */
  openJobs: number;
  /** Jobs that failed because one process after another died of those that worked on them. */
  givenUp: number;
  /** Requests that had no answer. */
  died: number;
  /** What was not as it must be. */
  wrong: number;
  readonly notes: string[];
}

/** Keeps the record. */
export class Ledger {
  readonly record: LedgerRecord = {
    requests: {},
    counts: {},
    allowed: { requests: {}, counts: {} },
    leads: 0,
    openJobs: 0,
    givenUp: 0,
    died: 0,
    wrong: 0,
    notes: [],
  };

  request(method: string, endpoint: string, status: number): void {
    add(this.record.requests, `${method} ${endpoint} ${status}`, 1);
  }

  counted(series: string, by = 1): void {
    if (by > 0) add(this.record.counts, series, by);
  }

  /** A request that may have been counted, with whatever status. */
  mayHaveRequested(method: string, endpoint: string): void {
    add(this.record.allowed.requests, `${method} ${endpoint}`, 1);
  }

  mayHaveCounted(series: string, by = 1): void {
    if (by > 0) add(this.record.allowed.counts, series, by);
  }

  wrong(note: string): void {
    this.record.wrong++;
    if (this.record.notes.length < NOTES_MAX) this.record.notes.push(note);
  }
}

function add(counts: Counts, key: string, by: number): void {
  counts[key] = (counts[key] ?? 0) + by;
}

/** Something that is not what the ledger says. */
export interface Difference {
  readonly series: string;
  readonly expected: number;
  /** How much more it may be. */
  readonly allowed: number;
  readonly actual: number;
}

/** Worker processes that were killed. */
export interface Killed {
  readonly api: number;
  readonly scraping: number;
}

/** What {@link differences} takes beside ledger and samples. */
export interface DifferencesOptions {
  /** The samples from when the ledger was opened, where the system had counted before. */
  readonly before?: Samples;
  readonly killed?: Killed;
}

/** Entries that a scraping process may have stored when it dies, and not yet counted. */
const ENTRIES_AT_DEATH = 3;
/** Candidates of one entry at most. */
const CANDIDATES_MAX = 5;

/**
 * The business metrics, which nobody but visitors moves; each with how much of it the death of a process that scrapes
 * may leave out, and, where that is done again, how much more there may be of it.
 */
const COMPARED: Readonly<Record<string, { readonly lost: number; readonly again?: number }>> = {
  scraping_jobs_total: { lost: 0 },
  scraping_job_duration_seconds_count: { lost: 0 },
  scraping_results_total: { lost: ENTRIES_AT_DEATH },
  duplicates_detected_total: { lost: ENTRIES_AT_DEATH * CANDIDATES_MAX },
  smart_scraper_enrichments_total: { lost: ENTRIES_AT_DEATH },
  smart_scraper_duration_seconds_count: { lost: ENTRIES_AT_DEATH },
  contact_verifications_total: { lost: ENTRIES_AT_DEATH },
  // Between taking a job and noting it; and a job whose end the queue has not heard of is taken once more.
  queue_jobs_total: { lost: 1, again: 2 },
};

/** The endpoint that others ask, too. */
const OTHERS_ENDPOINT = 'health';

/** Where the system differs from what a ledger says, once everything has settled; empty when it does not. */
export function differences(
  ledger: LedgerRecord,
  samples: Samples,
  { before = new Map(), killed = { api: 0, scraping: 0 } }: DifferencesOptions = {},
): Difference[] {
  const counted = since(samples, before);
  return [
    ...businessDifferences(ledger, counted, killed),
    ...requestDifferences(ledger, counted, killed.api),
  ];
}

function businessDifferences(ledger: LedgerRecord, counted: readonly Sample[], killed: Killed): Difference[] {
  const actual = new Map<string, number>();
  for (const { labels, value } of counted)
    if (labels.metricName in COMPARED) actual.set(seriesOf(labels), value);
  const found: Difference[] = [];
  for (const series of new Set([...actual.keys(), ...Object.keys(ledger.counts)])) {
    const rule = COMPARED[series.replace(/\{.*/, '')];
    const expected = ledger.counts[series] ?? 0;
    // Verifications are made by the API, too.
    const deaths = killed.scraping + (series.startsWith('contact_') ? killed.api : 0);
    const missing = (rule?.lost ?? 0) * deaths;
    const allowed = (ledger.allowed.counts[series] ?? 0) + (rule?.again ?? 0) * deaths;
    const value = actual.get(series) ?? 0;
    if (value < expected - missing || value > expected + allowed)
      found.push({ series, expected, allowed, actual: value });
  }
  return found;
}

/** Requests, and their durations; `lost` answers may have left a process that died before it counted them. */
function requestDifferences(ledger: LedgerRecord, counted: readonly Sample[], lost: number): Difference[] {
  const found: Difference[] = [];
  const actual = new Map<string, number>();
  const durations = new Map<string, number>();
  for (const { labels, value } of counted) {
    if (labels.get('endpoint') === OTHERS_ENDPOINT) continue;
    const route = `${labels.get('method')} ${labels.get('endpoint')}`;
    if (labels.metricName === 'http_requests_total') actual.set(`${route} ${labels.get('status')}`, value);
    if (labels.metricName === 'http_request_duration_seconds_count') durations.set(route, value);
  }
  const requests = new Set([...actual.keys(), ...Object.keys(ledger.requests)]);
  const sums = new Map<string, { more: number; sum: number }>();
  let missing = 0;
  for (const request of requests) {
    const route = request.replace(/ \S+$/, '');
    const allowed = ledger.allowed.requests[route] ?? 0;
    const [value, expected] = [actual.get(request) ?? 0, ledger.requests[request] ?? 0];
    const sum = sums.get(route) ?? { more: 0, sum: 0 };
    sums.set(route, { more: sum.more + Math.max(value - expected, 0), sum: sum.sum + value });
    missing += Math.max(expected - value, 0);
    if (value < expected - lost || value > expected + allowed)
      found.push({ series: `http_requests_total ${request}`, expected, allowed, actual: value });
  }
  for (const [route, { more, sum }] of sums) {
    const allowed = ledger.allowed.requests[route] ?? 0;
    // Each status may be more, but not all of them.
    if (more > allowed)
      found.push({ series: `http_requests_total ${route}`, expected: sum - more, allowed, actual: sum });
    const measured = durations.get(route) ?? 0;
    if (measured !== sum)
      found.push({
        series: `http_request_duration_seconds_count ${route}`,
        expected: sum,
        allowed: 0,
        actual: measured,
      });
  }
  if (missing > lost)
    found.push({ series: 'http_requests_total', expected: missing, allowed: lost, actual: 0 });
  return found;
}
