/**
 * The local site with three directories of companies, which the scraper works on instead of sites of strangers.
 *
 *     /robots.txt                                    who may fetch what, and how fast
 *     /directory/seoul?page=2   /directory/company/d17
 *     /yp/list.asp?area=seoul&p=2   /yp/view.asp?id=y17     in EUC-KR
 *     /map/seoul/2   /map/place/m17                  what it shows is in JSON-LD
 *
 * Some pages are slow, fail once or always, are gone, huge, without end, nested without measure, binary, torn, without
 * the name, in another charset than they say, full of scripts, lead elsewhere, or are not for robots; by the seed, and
 * so the same at each visit.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import iconv from 'iconv-lite';
import { LAYOUTS } from '../pages/layouts.ts';
import { REGIONS, type Region, SOURCES, type Source } from '../pages/listing.ts';
import { COMPANIES, Companies, type Shown } from './companies.ts';
import { ENTRIES_PER_PAGE, entryHtml, listHtml, nestedHtml } from './pages.ts';

const SLOW_MS = 300;
/** Larger than what anybody reads of a page. */
const HUGE_BYTES = 8_000_000;
const ENDLESS_EVERY_MS = 50;
/** A flaky page fails once in so many visits, the first one among them, so that whoever tries again is answered. */
const FLAKY_EVERY = 5;
/** The region whose list in this directory is broken. */
export const BROKEN_LIST = { source: 'yellow_pages', region: 'jeju' } as const;

const ROBOTS = `User-agent: *
Disallow: /private/
Crawl-delay: 0.01
`;

/** How the site is made. */
export interface SiteOptions {
  readonly seed: number;
  readonly companies?: number;
  /** 0 for any. */
  readonly port: number;
  readonly host?: string;
}

/** A running site. */
export class Site {
  readonly companies: Companies;
  #forbiddenRequests = 0;
  readonly #server: Server;
  readonly #visits = new Map<string, number>();

  private constructor(options: SiteOptions) {
    this.companies = new Companies(options.seed, options.companies ?? COMPANIES);
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(options: SiteOptions): Promise<Site> {
    const site = new Site(options);
    await new Promise<void>((resolve, reject) => {
      site.#server.once('error', reject);
      site.#server.listen(options.port, options.host ?? '127.0.0.1', resolve);
    });
    return site;
  }

  /** Requests that came for paths that robots.txt forbids. */
  get forbiddenRequests(): number {
    return this.#forbiddenRequests;
  }

  /** `http://127.0.0.1:8090`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    // Whoever scrapes goes away when it has enough.
    response.on('error', () => {});
    const url = new URL(request.url ?? '/', 'http://site');
    if (url.pathname === '/robots.txt') {
      response.writeHead(200, { 'content-type': 'text/plain' }).end(ROBOTS);
      return;
    }
    if (url.pathname.startsWith('/private/')) this.#forbiddenRequests++;
    for (const source of SOURCES) {
      const list = listOf(source, url);
      if (list !== undefined) {
        this.#list(source, list, response);
        return;
      }
      const key = LAYOUTS[source].keyOf(url);
      const shown = key === undefined ? undefined : this.companies.shown(source, key);
      if (shown !== undefined) {
        this.#entry(source, shown, response);
        return;
      }
    }
    sendHtml(response, 404, '<!doctype html><title>없음</title>찾을 수 없습니다');
  }

  #list(source: Source, { region, page }: ListAddress, response: ServerResponse): void {
    if (source === BROKEN_LIST.source && region === BROKEN_LIST.region) {
      sendHtml(response, 500, 'ADODB.Connection 오류 800a0e7a');
      return;
    }
    const keys = this.companies.keys(source, region);
    const end = page * ENTRIES_PER_PAGE;
    const shown = keys.slice(end - ENTRIES_PER_PAGE, end);
    const html = listHtml(source, { region, page, keys: shown, isLast: end >= keys.length });
    sendHtml(response, 200, html, source);
  }

  #entry(source: Source, shown: Shown, response: ServerResponse): void {
    switch (shown.peculiarity) {
      case 'none':
      case 'scripts':
      case 'nameless':
        sendHtml(response, 200, entryHtml(source, shown), source);
        return;
      case 'slow':
        setTimeout(() => sendHtml(response, 200, entryHtml(source, shown), source), SLOW_MS);
        return;
      case 'flaky': {
        const visits = this.#visits.get(shown.key) ?? 0;
        this.#visits.set(shown.key, visits + 1);
        if (visits % FLAKY_EVERY === 0) sendHtml(response, 503, '잠시 후 다시 시도하세요');
        else sendHtml(response, 200, entryHtml(source, shown), source);
        return;
      }
      case 'wrong_charset':
        // Neither what the header says is so, nor what the page says of itself.
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
        response.end(
          iconv.encode(entryHtml(source, shown).replace('charset=euc-kr', 'charset=utf-8'), 'cp949'),
        );
        return;
      case 'failing':
        sendHtml(response, 500, '서버 오류');
        return;
      case 'gone':
        sendHtml(response, 404, '삭제된 업체입니다');
        return;
      case 'huge':
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
        response.end(Buffer.alloc(HUGE_BYTES, '<p>큰 페이지 '));
        return;
      case 'endless':
        endless(response);
        return;
      case 'nested':
        sendHtml(response, 200, nestedHtml());
        return;
      case 'binary':
        response.writeHead(200, { 'content-type': 'text/html' });
        response.end(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49]));
        return;
      case 'torn': {
        const html = Buffer.from(entryHtml(source, shown));
        response.writeHead(200, { 'content-type': 'text/html', 'content-length': String(html.length) });
        response.write(html.subarray(0, html.length / 2), () => response.destroy());
        return;
      }
      case 'leads_away':
        response.writeHead(302, { location: 'http://elsewhere.invalid/company' }).end();
        return;
      case 'forbidden':
        response.writeHead(302, { location: `/private/${shown.key}` }).end();
        return;
    }
  }
}

interface ListAddress {
  readonly region: Region;
  readonly page: number;
}

/** What list page of a directory an address is of. */
function listOf(source: Source, url: URL): ListAddress | undefined {
  for (const region of REGIONS) {
    const first = LAYOUTS[source].listUrl(new URL(url.origin), region, 1);
    if (source === 'map_listing') {
      const page = Number(new RegExp(`^/map/${region}/(\\d{1,5})$`).exec(url.pathname)?.[1]);
      if (page > 0) return { region, page };
      continue;
    }
    if (url.pathname !== first.pathname) continue;
    if (source === 'yellow_pages' && url.searchParams.get('area') !== region) continue;
    const page = Number(url.searchParams.get(source === 'directory' ? 'page' : 'p') ?? '1');
    if (Number.isInteger(page) && page > 0) return { region, page };
  }
  return undefined;
}

function sendHtml(response: ServerResponse, status: number, html: string, source?: Source): void {
  const isOld = source === 'yellow_pages';
  response.writeHead(status, { 'content-type': `text/html; charset=${isOld ? 'euc-kr' : 'utf-8'}` });
  response.end(isOld ? iconv.encode(html, 'euc-kr') : html);
}

/** A page that goes on for as long as somebody reads it. */
function endless(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
  const timer = setInterval(() => response.write('<p>끝없는 페이지'), ENDLESS_EVERY_MS);
  response.on('close', () => clearInterval(timer));
}
