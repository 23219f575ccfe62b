/**
 * Fetches pages of a site as a guest does: not what its robots.txt forbids, not faster than it asks, and not for ever.
 *
 * A page has {@link FetcherLimits.pageMsMax} from its request to its last byte, and {@link FetcherLimits.pageBytesMax}
 * as it is after decompression. What may pass (no connection, 408, 429, 5xx, lateness before the answer began) is
 * tried again after a pause that doubles, or after the one that the site asks for. Redirects are followed within the
 * site only.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { decodePage } from './charset.ts';
import { type Page, parsePage } from './html.ts';
import { PageError } from './page-error.ts';
import { RobotRules } from './robot-rules.ts';

/** What we say that we are. */
export const USER_AGENT = 'KR-Lead-Scraper/1.0 (+https://binnacle.invalid/lead-scraper)';

const REDIRECTS_MAX = 3;
const PAUSE_MS_MIN = 100;
const PAUSE_MS_MAX = 5_000;

/** How long and how large pages may be. */
export interface FetcherLimits {
  readonly pageMsMax: number;
  readonly pageBytesMax: number;
  /** How often a page is asked for in all. */
  readonly attemptsMax: number;
  /** Between the beginnings of two requests to the site; more where its robots.txt asks for more. */
  readonly delayMs: number;
}

/** Fetches the pages of one site for one process. */
export class PageFetcher {
  readonly site: URL;
  readonly #limits: FetcherLimits;
  readonly #rules: RobotRules;
  #nextMs = 0;

  constructor(site: URL, limits: FetcherLimits) {
    this.site = site;
    this.#limits = limits;
    this.#rules = new RobotRules(USER_AGENT, (url, signal) => this.#fetch(url, signal, TEXT));
  }

  /**
   * Fetches a page and reads it.
   * @throws PageError where there is none that can be read, and what `signal` was aborted with
   */
  async page(url: URL, signal: AbortSignal): Promise<Page> {
    return parsePage(await this.#persist(url, signal));
  }

  async #persist(url: URL, signal: AbortSignal): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#fetch(url, signal, HTML);
      } catch (error) {
        if (!(error instanceof PageError) || !error.passing || attempt >= this.#limits.attemptsMax)
          throw error;
        const doubled = PAUSE_MS_MIN * 2 ** (attempt - 1) * (0.5 + Math.random());
        await sleep(Math.min(error.retryAfterMs ?? doubled, PAUSE_MS_MAX), undefined, { signal });
      }
    }
  }

  /** Waits for our turn at the site. */
  async #turn(signal: AbortSignal): Promise<void> {
    const now = performance.now();
    const at = Math.max(now, this.#nextMs);
    this.#nextMs = at + Math.max(this.#limits.delayMs, this.#rules.delayMs);
    if (at > now) await sleep(at - now, undefined, { signal });
  }

  async #fetch(from: URL, signal: AbortSignal, types: RegExp): Promise<string> {
    let url = from;
    for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
      // Also what a redirect leads to, which may be what robots are not to see.
      if (types === HTML && !(await this.#rules.allow(url, signal)))
        throw new PageError('forbidden', 'robots.txt asks not to fetch the page');
      await this.#turn(signal);
      const next = await this.#exchange(url, signal, types);
      if (typeof next === 'string') return next;
      url = next;
    }
    throw new PageError('redirected', `the page leads on more than ${REDIRECTS_MAX} times`);
  }

  /** One request: the text of the page, or where it leads. */
  async #exchange(url: URL, signal: AbortSignal, types: RegExp): Promise<string | URL> {
    const late = AbortSignal.timeout(this.#limits.pageMsMax);
    const either = AbortSignal.any([signal, late]);
    let began = false;
    try {
      const response = await fetch(url, {
        redirect: 'manual',
        signal: either,
        headers: { 'user-agent': USER_AGENT, accept: 'text/html' },
      });
      began = true;
      try {
        return leadsTo(response, url) ?? (await this.#text(response, types));
      } finally {
        // What was not read to its end is given up, so that its connection is.
        await response.body?.cancel().catch(() => {});
      }
    } catch (error) {
      if (error instanceof PageError) throw error;
      signal.throwIfAborted();
      if (late.aborted)
        throw new PageError('late', `the page took longer than ${this.#limits.pageMsMax} ms`, {
          passing: !began,
        });
      // The reason is in the cause, `fetch failed` tells nobody anything.
      const cause =
        (error as Error).cause instanceof Error ? ((error as Error).cause as Error) : (error as Error);
      throw new PageError('unreachable', `the site does not answer: ${cause.message}`, { passing: true });
    }
  }

  async #text(response: Response, types: RegExp): Promise<string> {
    const { status, headers } = response;
    if (status === 408 || status === 429 || status >= 500)
      throw new PageError('failing', `the site answers ${status}`, {
        passing: true,
        ...retryAfter(headers.get('retry-after')),
      });
    if (status !== 200) throw new PageError('refused', `the site answers ${status}`);
    const type = headers.get('content-type') ?? '';
    if (!types.test(type)) throw new PageError('not_html', 'the answer is no page');
    const { pageBytesMax } = this.#limits;
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for await (const part of response.body ?? []) {
      bytes += part.length;
      if (bytes > pageBytesMax)
        throw new PageError('too_large', `the page is larger than ${pageBytesMax} bytes`);
      parts.push(part);
    }
    const whole = Buffer.concat(parts);
    // What says that it is a page and has such bytes is a picture or a program.
    if (whole.includes(0)) throw new PageError('not_html', 'the answer is no text');
    return decodePage(whole, type);
  }
}

const HTML = /^\s*(?:text\/html|application\/xhtml\+xml)\b/i;
const TEXT = /^\s*text\/plain\b/i;

/** Where an answer leads; undefined where it is the page itself. */
function leadsTo(response: Response, url: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(response.status)) return undefined;
  const location = response.headers.get('location') ?? '';
  const target = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
  if (target?.origin !== url.origin) throw new PageError('redirected', 'the page leads away from the site');
  return target;
}

/** Seconds or a date. */
function retryAfter(header: string | null): { readonly retryAfterMs?: number } {
  if (header === null) return {};
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) && ms >= 0 ? { retryAfterMs: ms } : {};
}
