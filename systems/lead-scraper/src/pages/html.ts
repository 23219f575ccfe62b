/**
 * HTML of strangers as a document that can be asked, within limits.
 *
 * htmlparser2 reads a page in one pass and never evaluates anything. A page is broken off when it is nested deeper or
 * has more nodes than any page for people: what works on documents later goes down by recursion, and closing a tag
 * looks through all that are open, so that without limits one page could take a worker's stack or its time.
 */
import { type CheerioAPI, load } from 'cheerio/slim';
import { DomHandler, type Element } from 'domhandler';
import { Parser } from 'htmlparser2';
import { PageError } from './page-error.ts';

/** How deep elements may be nested. */
export const DEPTH_MAX = 200;
/** How many elements, texts and comments a page may have. */
export const NODES_MAX = 50_000;
/** Characters of what is taken from a page as one value. */
export const VALUE_CHARACTERS_MAX = 300;
/** Characters of a description. */
export const TEXT_CHARACTERS_MAX = 2_000;

const UNSEEN = 'script:not([type="application/ld+json"]), style, template, noscript, iframe, object';

/** A document that can be asked with selectors. */
export type Page = CheerioAPI;

class BoundedHandler extends DomHandler {
  #depth = 0;
  #nodes = 0;

  override onopentag(name: string, attributes: Record<string, string>): void {
    if (++this.#depth > DEPTH_MAX)
      throw new PageError('too_deep', `the page is nested deeper than ${DEPTH_MAX} elements`);
    super.onopentag(name, attributes);
  }

  override onclosetag(): void {
    this.#depth--;
    super.onclosetag();
  }

  protected override addNode(node: Parameters<DomHandler['addNode']>[0]): void {
    if (++this.#nodes > NODES_MAX)
      throw new PageError('too_large', `the page has more than ${NODES_MAX} nodes`);
    super.addNode(node);
  }
}

/**
 * Reads a page.
 * @throws PageError where it is beyond the limits
 */
export function parsePage(html: string): Page {
  const handler = new BoundedHandler();
  const parser = new Parser(handler);
  parser.write(html);
  parser.end();
  const page = load(handler.root as unknown as Element);
  // Nobody sees these on the page, so that what stands in them is no listing; JSON-LD is data for programs.
  page(UNSEEN).remove();
  return page;
}

// Control characters, what is not a character, and marks that turn the direction of what follows.
const INVISIBLE = /[\p{Cc}\p{Cs}\p{Co}\p{Cn}\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/gu;

/** A value from a page as one line without anything that cannot be seen; undefined where nothing is left. */
export function cleaned(text: string | undefined, charactersMax = VALUE_CHARACTERS_MAX): string | undefined {
  // Cut first: what is thrown away need not be looked at.
  const line = text
    ?.slice(0, charactersMax * 4)
    .replace(/\s+/gu, ' ')
    .replace(INVISIBLE, '')
    .trim();
  return line ? [...line].slice(0, charactersMax).join('') : undefined;
}

/** Where a link of a page leads, if that is on the same site; undefined for anything else. */
export function sameSite(href: string | undefined, pageUrl: URL): URL | undefined {
  if (href === undefined || !URL.canParse(href, pageUrl.href)) return undefined;
  const url = new URL(href, pageUrl);
  url.hash = '';
  return url.origin === pageUrl.origin ? url : undefined;
}
