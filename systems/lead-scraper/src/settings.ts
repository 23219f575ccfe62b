/** What can be set, beside what the parts of the system read themselves: each setting by its variable. */
import { resolveMx } from 'node:dns/promises';
import { type Environment, numberFrom, SettingsError, urlFrom } from '@binnacle/system-parts/settings';
import { Ollama } from './enrich/ollama.ts';
import type { FetcherLimits } from './pages/fetch-page.ts';
import type { ResolveMx } from './verify/email.ts';

/** Where the API listens. */
export const API_PORT = 8000;
/** The variable that names another port for the API. */
export const API_PORT_VARIABLE = 'API_PORT';
/** The variable that names another address than loopback. */
export const HOST_VARIABLE = 'LEAD_SCRAPER_HOST';

const OLLAMA_MODEL = 'llama3.2';
const PROCESSES_MAX = 32;

/**
 * Reads all settings, so that what cannot be is said before anything starts.
 * @throws SettingsError
 */
export function checkSettings(environment: Environment): void {
  const readers = [apiWorkers, scrapingWorkers, siteFrom, leaseMsFrom, jobMsMaxFrom, healthMsFrom];
  for (const read of [...readers, fetcherLimits, ollamaFrom, resolveMxFrom]) read(environment);
}

/** Worker processes of the API. */
export function apiWorkers(environment: Environment): number {
  return processes(environment, 'API_WORKERS');
}

/** Processes that scrape. */
export function scrapingWorkers(environment: Environment): number {
  return processes(environment, 'SCRAPING_WORKERS');
}

function processes(environment: Environment, variable: string): number {
  const count = numberFrom(environment, { variable, fallback: 2, min: 1, max: PROCESSES_MAX });
  if (Number.isInteger(count)) return count;
  throw new SettingsError(`${variable} is ${count}; it must be a whole number`);
}

/** The site that holds the directories. */
export function siteFrom(environment: Environment): URL {
  return new URL(urlFrom(environment, 'SCRAPING_SITE_URL', 'http://127.0.0.1:8090'));
}

/** How long a process that works on a job may be silent before it counts as dead, in milliseconds. */
export function leaseMsFrom(environment: Environment): number {
  return seconds(environment, 'SCRAPING_LEASE_SECONDS', 10, 3_600);
}

/** How long a job may take, in milliseconds. */
export function jobMsMaxFrom(environment: Environment): number {
  return seconds(environment, 'SCRAPING_JOB_SECONDS', 1_800, 86_400);
}

/** How often dependencies are asked how they are, in milliseconds. */
export function healthMsFrom(environment: Environment): number {
  return seconds(environment, 'HEALTH_CHECK_SECONDS', 5, 3_600);
}

/** How pages are fetched. */
export function fetcherLimits(environment: Environment): FetcherLimits {
  return {
    pageMsMax: seconds(environment, 'SCRAPING_PAGE_SECONDS', 5, 300),
    pageBytesMax: numberFrom(environment, {
      variable: 'SCRAPING_PAGE_BYTES_MAX',
      fallback: 500_000,
      min: 1_000,
      max: 50_000_000,
    }),
    attemptsMax: numberFrom(environment, {
      variable: 'SCRAPING_PAGE_ATTEMPTS',
      fallback: 3,
      min: 1,
      max: 20,
    }),
    delayMs: numberFrom(environment, {
      variable: 'SCRAPING_DELAY_MS',
      fallback: 50,
      min: 0,
      max: 60_000,
    }),
  };
}

/** The model that enriches; undefined where `OLLAMA_URL` names none. */
export function ollamaFrom(environment: Environment): Ollama | undefined {
  if (!environment.OLLAMA_URL) return undefined;
  return new Ollama({
    url: urlFrom(environment, 'OLLAMA_URL'),
    model: environment.OLLAMA_MODEL || OLLAMA_MODEL,
    answerMsMax: seconds(environment, 'OLLAMA_SECONDS', 120, 3_600),
  });
}

/** How domains of e-mail are asked for their mail servers; undefined where they are not, unless `VERIFY_MX` says so. */
export function resolveMxFrom(environment: Environment): ResolveMx | undefined {
  const text = environment.VERIFY_MX?.trim().toLowerCase() ?? '';
  if (['', '0', 'false', 'no', 'off'].includes(text)) return undefined;
  if (['1', 'true', 'yes', 'on'].includes(text)) return resolveMx;
  throw new SettingsError(`VERIFY_MX is ${JSON.stringify(text)}; it must be True or False`);
}

function seconds(environment: Environment, variable: string, fallback: number, max: number): number {
  return 1000 * numberFrom(environment, { variable, fallback, min: 0.1, max });
}
