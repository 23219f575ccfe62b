/**
 * What the API and the scraping workers count, in one metrics folder. Definitions only: importing this file counts
 * nothing and opens nothing.
 *
 * Who counts what: the API its requests; whoever decides how a job ended, once, the job, its results and what became of
 * them; each process that works that it does. Size of the queue and health of dependencies are the same whoever asks,
 * so that one process may ask for all.
 *
 * `METRICS_INCLUDE_LABELS=false` needs nothing here or in the application: the metrics client then gives every open
 * label (`label`) one value, `ALL` for `method` and `*` for others, whatever it is given. Lists stay as they are, and
 * that is why names of queues are one: an alert asks for `queue_name="scraping"`.
 *
 * No label may ever hold what a page, a user or a job brought with it: no address of any kind, no number, no identifier.
 */
import { counter, gauge, histogram, label } from '@binnacle/metrics';
import { healthMetrics } from '@binnacle/metrics/health';
import { httpMetrics } from '@binnacle/metrics/http';
import { jobTracker } from '@binnacle/metrics/jobs';

/** The service's name in its metrics folder, and its job name in Prometheus. */
export const SERVICE = 'api';

/** Requests; also for the instruments of frameworks, as their `metrics`. */
export const http = httpMetrics({
  buckets: [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10],
  names: { requestSize: false, responseSize: false },
  inFlightLabels: ['method', 'endpoint'],
});

/**
 * Scraping jobs by the source that they scrape, the configured name of a directory: those under way, how long they
 * took, and each, once, by how it ended. How a job ends is decided in the database, by whoever still holds it, so that
 * its end is counted there and not when work on it is over.
 */
export const scraping = jobTracker({
  name: 'scraping_job',
  help: 'Scraping jobs',
  labels: { source: label },
  names: { active: 'scraping_jobs_active', errors: false },
  statuses: { success: 'completed', failed: 'failed', aborted: false },
  buckets: [10, 30, 60, 120, 300, 600, 1_800, 3_600],
});

/** Its three metrics. */
export const { total: scrapingJobs, duration: scrapingJobDuration, active: scrapingJobsActive } = scraping;

/** What becomes of an entry of a directory: a lead of its own, a part of one that there was, or nothing. */
export const RESULT_TYPES = ['new', 'updated', 'errors'] as const;

/** One of {@link RESULT_TYPES}. */
export type ResultType = (typeof RESULT_TYPES)[number];

/** Entries of directories, each once, by what became of it. */
export const scrapingResults = counter({
  name: 'scraping_results_total',
  help: 'Entries of directories by what became of them',
  labels: { source: label, result_type: RESULT_TYPES },
});

/** What is done with an entry that may be a company that there is already: it is merged, or somebody has to look. */
export const DUPLICATE_ACTIONS = ['auto_merge', 'candidate'] as const;

/** One of {@link DUPLICATE_ACTIONS}. */
export type DuplicateAction = (typeof DUPLICATE_ACTIONS)[number];

/** Duplicates that were found, by what was done with them. */
export const duplicatesDetected = counter({
  name: 'duplicates_detected_total',
  help: 'Duplicates that were found, by what was done with them',
  labels: { action: DUPLICATE_ACTIONS },
});

/** Enrichments that were made, by the mode that was asked for and the method that made them. */
export const smartScraperEnrichments = counter({
  name: 'smart_scraper_enrichments_total',
  help: 'Enrichments of leads by mode and method',
  labels: { mode: label, method: label },
});

/** How long enrichments took, by method. */
export const smartScraperDuration = histogram({
  name: 'smart_scraper_duration_seconds',
  help: 'How long enrichments of leads took',
  unit: 'seconds',
  labels: { method: label },
  buckets: [1, 5, 10, 30, 60, 120],
});

/** What of a contact is verified. */
export const CONTACT_TYPES = ['email', 'phone'] as const;

/** One of {@link CONTACT_TYPES}. */
export type ContactType = (typeof CONTACT_TYPES)[number];

/** Contacts that were verified, by what was found: never the contact itself. */
export const contactVerifications = counter({
  name: 'contact_verifications_total',
  help: 'Verifications of contacts by what was found',
  labels: { contact_type: CONTACT_TYPES, status: label },
});

/** The queues that there are. */
export const QUEUES = ['scraping'] as const;

/** One of {@link QUEUES}. */
export type QueueName = (typeof QUEUES)[number];

/** Jobs that wait; set by whoever has looked last. */
export const queueSize = gauge({
  name: 'queue_size',
  help: 'Jobs that wait in a queue',
  mode: 'mostrecent',
  labels: { queue_name: QUEUES },
});

/** How far a job of a queue has come. */
export const QUEUE_STATUSES = ['started', 'finished', 'failed'] as const;

/** Jobs of queues: each start, and each end. A job whose worker died starts once more, and ends once. */
export const queueJobs = counter({
  name: 'queue_jobs_total',
  help: 'Jobs of a queue that were started, finished or failed',
  labels: { queue_name: QUEUES, status: QUEUE_STATUSES },
});

/** What leads cannot be scraped, or not as well, without. */
export const DEPENDENCIES = ['database', 'redis', 'ollama'] as const;

/** For `healthChecks({ metrics: health, checks })`; one process is enough, since what was found last counts. */
export const health = healthMetrics({
  dependencies: DEPENDENCIES,
  names: { duration: false },
  mode: 'mostrecent',
});

/** Scraping workers that run: each adds 1 when it takes up work, and is no longer counted when it is gone. */
export const workersActive = gauge({
  name: 'workers_active',
  help: 'Scraping workers that run',
  mode: 'live sum',
});
