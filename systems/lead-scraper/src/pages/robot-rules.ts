/**
 * What a site asks of robots (RFC 9309), read again after {@link FRESH_MS}.
 *
 * No robots.txt allows everything. Where a site does not answer, or fails, nobody knows, and nothing may be fetched.
 */
import { createRequire } from 'node:module';
import type robots from 'robots-parser';
import { PageError } from './page-error.ts';

// Its types speak of a default export, which it has not.
const robotsParser = createRequire(import.meta.url)('robots-parser') as typeof robots.default;

/** How long what was read holds. */
const FRESH_MS = 300_000;
/** A site that asks for longer pauses does not want to be scraped; this one is kept. */
const DELAY_MS_MAX = 2_000;

interface Known {
  readonly allows: (url: URL) => boolean;
  readonly delayMs: number;
  readonly untilMs: number;
}

/** The rules of one site. */
export class RobotRules {
  readonly #agent: string;
  readonly #fetch: (url: URL, signal: AbortSignal) => Promise<string>;
  #known: Known | undefined;
  #reading: Promise<Known> | undefined;

  /** @param fetchText fetches a text of the site; it throws a PageError where there is none */
  constructor(agent: string, fetchText: (url: URL, signal: AbortSignal) => Promise<string>) {
    this.#agent = agent;
    this.#fetch = fetchText;
  }

  /** What the site asks to wait between two requests. */
  get delayMs(): number {
    return this.#known?.delayMs ?? 0;
  }

  /**
   * Whether a page may be fetched.
   * @throws PageError where the site does not answer
   */
  async allow(url: URL, signal: AbortSignal): Promise<boolean> {
    if (this.#known === undefined || this.#known.untilMs < performance.now()) {
      this.#reading ??= this.#read(url, signal).finally(() => {
        this.#reading = undefined;
      });
      this.#known = await this.#reading;
    }
    return this.#known.allows(url);
  }

  async #read(page: URL, signal: AbortSignal): Promise<Known> {
    const url = new URL('/robots.txt', page);
    try {
      const robots = robotsParser(url.href, await this.#fetch(url, signal));
      const delayMs = Math.min((robots.getCrawlDelay(this.#agent) ?? 0) * 1000, DELAY_MS_MAX);
      return {
        allows: ({ href }) => robots.isAllowed(href, this.#agent) !== false,
        delayMs,
        untilMs: performance.now() + FRESH_MS,
      };
    } catch (error) {
      if (!(error instanceof PageError)) throw error;
      // 4xx, or a page for people: the site has no rules.
      const none = error.problem === 'refused' || error.problem === 'not_html';
      if (!none) throw error;
      return { allows: () => true, delayMs: 0, untilMs: performance.now() + FRESH_MS };
    }
  }
}
