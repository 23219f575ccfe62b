/**
 * Visitors: they run the local site, ask for scraping jobs as people do, look at what came of them, make mistakes, and
 * keep a ledger.
 *
 * Visits begin at a given rate, each of a kind that a seeded generator draws by weight; the same seed draws the same
 * visits. What the site shows follows from its seed, so that the visitors know beforehand how many entries a job meets
 * and how many of them cannot be read. `stop` resolves when the last visit is over, and the ledger is then complete.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { series } from '@binnacle/system-parts/samples';
import { sendAsVisitor, type VisitorAnswer } from '@binnacle/system-parts/visitor-request';
import { drawByWeight, Pace, pick, type Random, randomFrom } from '@binnacle/system-parts/visits';
import { Ledger } from './ledger.ts';
import { REGIONS, type Region, SOURCES, type Source } from './pages/listing.ts';
import { ATTEMPTS_MAX } from './scraping/jobs.ts';
import { type Companies, READABLE } from './site/companies.ts';
import { ENTRIES_PER_PAGE } from './site/pages.ts';
import { BROKEN_LIST } from './site/site.ts';

/** Who visits, and how often. */
export interface VisitorOptions {
  /** Where the API is: `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Of the site that the system scrapes. */
  readonly companies: Companies;
  /** Visits that begin per second; each is several requests. */
  readonly visitsPerSecond: number;
  /** Equal seeds draw equal visits. */
  readonly seed: number;
  /** Told of every visit as it begins. */
  readonly onVisit?: (kind: VisitKind) => void;
}

const WEIGHTS = {
  scrape: 30,
  scrapeBroken: 2,
  browse: 14,
  look: 12,
  duplicates: 8,
  verify: 10,
  unknownIds: 4,
  badJson: 3,
  wrongValues: 3,
  wrongPath: 2,
  hostileAddresses: 3,
} as const;

/** What a visitor comes for. */
export type VisitKind = keyof typeof WEIGHTS;

/** All kinds of visits. */
export const VISIT_KINDS = Object.keys(WEIGHTS) as readonly VisitKind[];

/** Visits at one time; while there are as many, no new ones begin. */
const VISITS_MAX = 20;
const POLL_MS_MIN = 150;
const POLL_MS_MAX = 1_000;
/** A job that has not ended by then is left open. */
const JOB_MS_MAX = 300_000;
/** How long it may take to be noted that a job's end was counted; else its process has died in between. */
const COUNTED_MS_MAX = 20_000;
/** How long a request that had no answer may still be at work. */
const UNANSWERED_MS = 5_000;
const PAGES_MAX = 3;
const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';
const UNMATCHED = 'unmatched';

/** The routes that visitors use, as the label `endpoint` has them. */
const SCRAPE = '/api/v1/scrape';
const STATUS = '/api/v1/status/{job_id}';
const LEADS = '/api/v1/leads';
const LEAD = '/api/v1/leads/{lead_id}';
const LEAD_DUPLICATES = '/api/v1/leads/{lead_id}/duplicates';
const VERIFY = '/api/v1/leads/{lead_id}/verify';
const DUPLICATES = '/api/v1/duplicates';

interface JobAsked {
  readonly source: Source;
  readonly region: Region;
  readonly first_page: number;
  readonly pages: number;
  readonly enrich: 'off' | 'missing' | 'all';
  readonly verify: boolean;
}

interface Sent {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly endpoint: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Visits a system from `start` to `stop`. */
export class Visitors {
  readonly ledger = new Ledger();
  readonly #options: VisitorOptions;
  readonly #random: Random;
  readonly #pace: Pace;

  constructor(options: VisitorOptions) {
    this.#options = options;
    this.#random = randomFrom(options.seed);
    const { visitsPerSecond } = options;
    this.#pace = new Pace({ visitsPerSecond, atOnceMax: VISITS_MAX, random: this.#random });
  }

  start(): void {
    this.#pace.start(() => this.#visit());
  }

  /** Begins no more visits; resolves when those under way are over. */
  stop(): Promise<void> {
    return this.#pace.stop();
  }

  async #visit(): Promise<void> {
    const kind = drawByWeight(WEIGHTS, this.#random);
    // Each visit draws from a generator of its own, so that what one meets does not change what the next one does.
    const random = randomFrom(Math.floor(this.#random() * 2 ** 32));
    this.#options.onVisit?.(kind);
    await this.#visits[kind](random);
  }

  readonly #visits: Readonly<Record<VisitKind, (random: Random) => Promise<void>>> = {
    scrape: (random) => this.#scrape(random, pick(SOURCES, random), pick(REGIONS, random)),
    scrapeBroken: (random) => this.#scrape(random, BROKEN_LIST.source, BROKEN_LIST.region),
    browse: (random) => this.#browse(random),
    look: (random) => this.#look(random),
    duplicates: (random) => this.#duplicates(random),
    verify: (random) => this.#verify(random),
    unknownIds: () => this.#unknownIds(),
    badJson: () => this.#badJson(),
    wrongValues: (random) => this.#wrongValues(random),
    wrongPath: () => this.#wrongPath(),
    hostileAddresses: (random) => this.#hostileAddresses(random),
  };

  /** The visit that all is about: a job, until it has ended. */
  async #scrape(random: Random, source: Source, region: Region): Promise<void> {
    const last = Math.ceil(this.#options.companies.keys(source, region).length / ENTRIES_PER_PAGE);
    const asked: JobAsked = {
      source,
      region,
      first_page: 1 + Math.floor(random() * Math.max(last, 1)),
      pages: 1 + Math.floor(random() * PAGES_MAX),
      enrich: pick(['off', 'missing', 'missing', 'all'] as const, random),
      verify: random() < 0.6,
    };
    const id = uuidFrom(random);
    const answer = await this.#post(SCRAPE, SCRAPE, asked, { 'idempotency-key': id });
    if (answer === undefined) await sleep(UNANSWERED_MS);
    else if (answer.status !== 202) {
      if (answer.status !== 503) this.ledger.wrong(`a job was refused with ${answer.status}`);
      return;
    }
    this.ledger.record.openJobs++;
    if (await this.#follow(id, asked, answer !== undefined)) this.ledger.record.openJobs--;
  }

  /** Asks for a job until it has ended, or until it is known that there is none; gives whether it came to that. */
  async #follow(id: string, asked: JobAsked, promised: boolean): Promise<boolean> {
    const untilMs = performance.now() + JOB_MS_MAX;
    let endedAtMs: number | undefined;
    for (
      let pauseMs = POLL_MS_MIN;
      performance.now() < untilMs;
      pauseMs = Math.min(pauseMs * 1.5, POLL_MS_MAX)
    ) {
      await sleep(pauseMs);
      const answer = await this.#get(STATUS, `/api/v1/status/${id}`);
      if (answer?.status === 404) {
        // Who was to add it has died, before it did.
        if (promised) this.ledger.wrong('a job that was accepted is unknown');
        return true;
      }
      if (answer?.status !== 200) continue;
      const { status, counted } = answer.json;
      if (status !== 'completed' && status !== 'failed') continue;
      endedAtMs ??= performance.now();
      if (counted !== true && performance.now() - endedAtMs < COUNTED_MS_MAX) continue;
      this.#enter(asked, status, counted === true, answer.json);
      return true;
    }
    return false;
  }

  /** Enters what came of a job, and compares it with what the site shows. */
  #enter(
    asked: JobAsked,
    status: 'completed' | 'failed',
    counted: boolean,
    json: VisitorAnswer['json'],
  ): void {
    const { ledger } = this;
    const { source } = asked;
    const end = (name: string, labels: Record<string, string>): void =>
      counted ? ledger.counted(series(name, labels)) : ledger.mayHaveCounted(series(name, labels));
    end('scraping_jobs_total', { source, status });
    end('scraping_job_duration_seconds_count', { source });
    const queued = (status: string, by: number): void =>
      ledger.counted(series('queue_jobs_total', { queue_name: 'scraping', status }), by);
    queued('started', Number(json.attempt));
    queued(status === 'completed' ? 'finished' : 'failed', 1);
    for (const [result_type, by] of countsIn(json.results))
      ledger.counted(series('scraping_results_total', { source, result_type }), by);
    for (const [action, by] of countsIn(json.duplicates))
      ledger.counted(series('duplicates_detected_total', { action }), by);
    for (const [method, by] of countsIn(json.enrichments)) {
      ledger.counted(series('smart_scraper_enrichments_total', { mode: asked.enrich, method }), by);
      ledger.counted(series('smart_scraper_duration_seconds_count', { method }), by);
    }
    const verifications = Object(json.verifications) as Record<string, unknown>;
    for (const contact_type of ['email', 'phone'])
      for (const [found, by] of countsIn(verifications[contact_type]))
        ledger.counted(series('contact_verifications_total', { contact_type, status: found }), by);
    this.#compare(asked, status, json);
  }

  #compare(asked: JobAsked, status: 'completed' | 'failed', json: VisitorAnswer['json']): void {
    const { source, region, first_page, pages } = asked;
    const broken = source === BROKEN_LIST.source && region === BROKEN_LIST.region;
    if (status === 'failed' && Number(json.attempt) > ATTEMPTS_MAX) {
      this.ledger.record.givenUp++;
      return;
    }
    if ((status === 'failed') !== broken) {
      this.ledger.wrong(`a job for ${source} in ${region} ${status}: ${String(json.message)}`);
      return;
    }
    const results = Object.fromEntries(countsIn(json.results));
    this.ledger.record.leads += results.new ?? 0;
    const first = (first_page - 1) * ENTRIES_PER_PAGE;
    const keys = broken
      ? []
      : this.#options.companies.keys(source, region).slice(first, first + pages * ENTRIES_PER_PAGE);
    const unreadable = keys.filter(
      (key) => !READABLE.has(this.#options.companies.shown(source, key)!.peculiarity),
    ).length;
    const sum = (results.new ?? 0) + (results.updated ?? 0) + (results.errors ?? 0);
    if (sum !== keys.length || results.errors !== unreadable)
      this.ledger.wrong(
        `${source} in ${region} from page ${first_page} has ${keys.length} entries, ${unreadable} of them unreadable;` +
          ` the job says ${JSON.stringify(json.results)} with ${JSON.stringify(json.problems)}`,
      );
  }

  async #browse(random: Random): Promise<void> {
    const offset = Math.floor(random() * 50);
    await this.#get(LEADS, `/api/v1/leads?limit=20&offset=${offset}`);
    await this.#get(LEADS, `/api/v1/leads?region=${pick(REGIONS, random)}&source=${pick(SOURCES, random)}`);
  }

  async #look(random: Random): Promise<void> {
    const id = await this.#lead(random);
    if (id !== undefined) await this.#get(LEAD, `/api/v1/leads/${id}`);
  }

  async #duplicates(random: Random): Promise<void> {
    await this.#get(DUPLICATES, '/api/v1/duplicates?limit=10');
    const id = await this.#lead(random);
    if (id !== undefined) await this.#get(LEAD_DUPLICATES, `/api/v1/leads/${id}/duplicates`);
  }

  async #verify(random: Random): Promise<void> {
    const id = await this.#lead(random);
    if (id === undefined) return;
    const answer = await this.#post(VERIFY, `/api/v1/leads/${id}/verify`, undefined);
    for (const contact_type of ['email', 'phone']) {
      const name = 'contact_verifications_total';
      if (answer === undefined) {
        for (const status of ['valid', 'invalid', 'disposable', 'role', 'foreign', 'premium'])
          this.ledger.mayHaveCounted(series(name, { contact_type, status }));
        continue;
      }
      const status = answer.json[contact_type];
      if (typeof status === 'string') this.ledger.counted(series(name, { contact_type, status }));
    }
  }

  async #unknownIds(): Promise<void> {
    await this.#get(STATUS, `/api/v1/status/${UNKNOWN_ID}`);
    await this.#get(STATUS, '/api/v1/status/no-such-job');
    await this.#get(LEAD, `/api/v1/leads/${UNKNOWN_ID}`);
    await this.#get(LEAD_DUPLICATES, '/api/v1/leads/no-such-lead/duplicates');
    await this.#post(VERIFY, `/api/v1/leads/${UNKNOWN_ID}/verify`, undefined);
  }

  async #badJson(): Promise<void> {
    const json = { 'content-type': 'application/json' };
    const post = { method: 'POST', endpoint: SCRAPE, path: SCRAPE, headers: json } as const;
    await this.#send({ ...post, body: '{"source": "direc' });
    await this.#send({ ...post, body: JSON.stringify({ source: 'x'.repeat(20_000) }) });
    await this.#send({
      ...post,
      headers: { 'content-type': 'text/plain' },
      body: 'directory',
    });
  }

  async #wrongValues(random: Random): Promise<void> {
    await this.#post(SCRAPE, SCRAPE, { source: 'my_own_site', region: 'seoul' });
    await this.#post(SCRAPE, SCRAPE, { source: pick(SOURCES, random), region: 'atlantis' });
    await this.#post(SCRAPE, SCRAPE, { source: 'directory', region: 'seoul', pages: 1_000 });
    await this.#post(SCRAPE, SCRAPE, { source: 'directory', region: 'seoul', verify: 'perhaps' });
    await this.#get(LEADS, '/api/v1/leads?limit=many');
  }

  async #wrongPath(): Promise<void> {
    await this.#get(UNMATCHED, '/api/v2/leads');
    await this.#send({ method: 'DELETE', endpoint: UNMATCHED, path: LEADS });
    await this.#get(UNMATCHED, '/wp-login.php');
  }

  /** Addresses that carry what must never be seen in a label. */
  async #hostileAddresses(random: Random): Promise<void> {
    const email = `someone${Math.floor(random() * 1e6)}@private.example`;
    await this.#get(UNMATCHED, `/${email}`);
    await this.#get(LEAD, `/api/v1/leads/${encodeURIComponent(email)}`);
    await this.#get(STATUS, '/api/v1/status/+82-10-1234-5678');
    await this.#get(UNMATCHED, `/api/v1/status/${uuidFrom(random)}/https%3A%2F%2Fsecret.example%2F`);
    await this.#get(LEADS, `/api/v1/leads?source=${encodeURIComponent(email)}`);
  }

  /** The identifier of some lead; undefined where there is none yet. */
  async #lead(random: Random): Promise<string | undefined> {
    const answer = await this.#get(LEADS, `/api/v1/leads?limit=10&offset=${Math.floor(random() * 30)}`);
    const leads = Array.isArray(answer?.json.leads) ? (answer.json.leads as unknown[]) : [];
    if (leads.length === 0) return undefined;
    const lead = pick(leads, random);
    return String((Object(lead) as Record<string, unknown>).lead_id);
  }

  #get(endpoint: string, path: string): Promise<VisitorAnswer | undefined> {
    return this.#send({ method: 'GET', endpoint, path });
  }

  #post(
    endpoint: string,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<VisitorAnswer | undefined> {
    const json = { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return this.#send({ method: 'POST', endpoint, path, ...(body !== undefined && json) });
  }

  /** Sends a request and enters it; undefined where nobody knows what became of it. */
  async #send({ method, endpoint, path, headers, body }: Sent): Promise<VisitorAnswer | undefined> {
    try {
      const answer = await sendAsVisitor(this.#options.url, {
        method,
        path,
        ...(headers !== undefined && { headers }),
        ...(body !== undefined && { body: [Buffer.from(body)] }),
      });
      if (answer === undefined) throw new Error('nobody broke it off');
      this.ledger.request(method, endpoint, answer.status);
      if (answer.status >= 500 && answer.status !== 503)
        this.ledger.wrong(`${method} ${endpoint} was answered with ${answer.status}`);
      return answer;
    } catch {
      this.ledger.record.died++;
      this.ledger.mayHaveRequested(method, endpoint);
      // A process that dies may not have known the route yet.
      this.ledger.mayHaveRequested(method, UNMATCHED);
      return undefined;
    }
  }
}

/** Numbers by their names. */
function countsIn(value: unknown): [string, number][] {
  return Object.entries(Object(value) as Record<string, unknown>).map(([key, count]) => [key, Number(count)]);
}

/** A UUID of version 4 by a generator. */
function uuidFrom(random: Random): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16));
  hex[12] = '4';
  hex[16] = '8';
  return hex.join('').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
