/**
 * One job: the list pages of a region of a directory, and every entry that stands there.
 *
 * An entry that cannot be read is counted, and the job goes on. A list page that cannot be read ends the job: without
 * it nobody knows what else there is. Entries that an earlier attempt has dealt with are passed over.
 */
import { countEnriched, type Enrichment, type SmartScraper } from '../enrich/smart-scraper.ts';
import { contactsOf, type Leads } from '../leads/leads.ts';
import { duplicatesDetected, scrapingResults } from '../metrics.ts';
import type { PageFetcher } from '../pages/fetch-page.ts';
import { LAYOUTS } from '../pages/layouts.ts';
import type { Listing } from '../pages/listing.ts';
import { PageError } from '../pages/page-error.ts';
import type { ResolveMx } from '../verify/email.ts';
import { countVerified, verifyContacts } from '../verify/verifier.ts';
import { AttemptOver, type Job, type Jobs } from './jobs.ts';

/** Entries of a job that are worked on at once. */
export const ENTRIES_AT_ONCE = 3;
/** Entries of one list page; a list that is longer is cut. */
export const PAGE_ENTRIES_MAX = 200;

/** What a job is done with. */
export interface ScrapeTools {
  readonly jobs: Jobs;
  readonly leads: Leads;
  readonly fetcher: PageFetcher;
  readonly smartScraper: SmartScraper;
  /** Where it is given, domains of e-mail addresses must have a mail server. */
  readonly resolveMx: ResolveMx | undefined;
}

/**
 * Does a job.
 * @throws PageError where a list cannot be read, AttemptOver where another process has the job, and what `signal` was
 * aborted with
 */
export async function scrape(tools: ScrapeTools, job: Job, signal: AbortSignal): Promise<void> {
  const layout = LAYOUTS[job.source];
  const done = await tools.jobs.entriesDone(job.id);
  const lists = new Set<string>();
  let url: URL | undefined = layout.listUrl(tools.fetcher.site, job.region, job.firstPage);
  // A list that leads back to itself ends there.
  while (url !== undefined && lists.size < job.pages && !lists.has(url.href)) {
    lists.add(url.href);
    const list = layout.readList(await tools.fetcher.page(url, signal), url);
    const entries: { readonly key: string; readonly url: URL }[] = [];
    for (const entry of list.entries.slice(0, PAGE_ENTRIES_MAX)) {
      const key = layout.keyOf(entry);
      if (key === undefined || done.has(key)) continue;
      done.add(key);
      entries.push({ key, url: entry });
    }
    await eachOf(entries, signal, (entry, either) => scrapeEntry(tools, job, entry, either));
    url = list.next;
  }
}

async function scrapeEntry(
  tools: ScrapeTools,
  job: Job,
  { key, url }: { readonly key: string; readonly url: URL },
  signal: AbortSignal,
): Promise<void> {
  const { jobs, leads, fetcher, resolveMx } = tools;
  let listing: Listing;
  try {
    listing = LAYOUTS[job.source].readEntry(await fetcher.page(url, signal), url);
  } catch (error) {
    signal.throwIfAborted();
    // Whatever a page makes of us, a page has made it; what we have to see is in the job.
    const problem = error instanceof PageError ? error.problem : 'unreadable';
    if (!(await jobs.entryFailed(job, key, problem)))
      throw new AttemptOver('another attempt of the job has begun');
    scrapingResults.inc({ source: job.source, result_type: 'errors' });
    return;
  }
  const enrichment = await enriched(tools, job, key, listing, signal);
  const verified = job.verify ? await verifyContacts(contactsOf(listing), resolveMx) : undefined;
  signal.throwIfAborted();
  const { traits, method } = enrichment ?? {};
  const stored = await leads.store(job, { key, listing, traits, method, verified });
  scrapingResults.inc({ source: job.source, result_type: stored.result });
  if (stored.merged) duplicatesDetected.inc({ action: 'auto_merge' });
  if (stored.candidates > 0) duplicatesDetected.inc({ action: 'candidate' }, stored.candidates);
  if (enrichment !== undefined && job.enrich !== 'off') countEnriched(job.enrich, enrichment);
  if (verified !== undefined) countVerified(verified);
}

async function enriched(
  { leads, smartScraper }: ScrapeTools,
  job: Job,
  key: string,
  listing: Listing,
  signal: AbortSignal,
): Promise<Enrichment | undefined> {
  if (job.enrich === 'off') return undefined;
  if (job.enrich === 'missing') {
    const lead = await leads.ofEntry(job.source, key);
    if (lead?.industry && lead.size && lead.contactRole) return undefined;
  }
  return smartScraper.enrich(listing, signal);
}

/** Does something with each item, a few at once; the first failure ends the others. */
async function eachOf<Item>(
  items: readonly Item[],
  signal: AbortSignal,
  run: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const rest = items.values();
  const lane = async (): Promise<void> => {
    for (const item of rest) {
      either.throwIfAborted();
      await run(item, either);
    }
  };
  const lanes = Array.from({ length: ENTRIES_AT_ONCE }, () =>
    lane().catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(lanes);
  either.throwIfAborted();
}
