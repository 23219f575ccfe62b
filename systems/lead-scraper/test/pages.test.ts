import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import iconv from 'iconv-lite';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { decodePage } from '../dist/pages/charset.js';
import { type FetcherLimits, PageFetcher } from '../dist/pages/fetch-page.js';
import { cleaned, DEPTH_MAX, NODES_MAX, parsePage, sameSite } from '../dist/pages/html.js';
import { LAYOUTS } from '../dist/pages/layouts.js';
import { REGIONS, SOURCES } from '../dist/pages/listing.js';
import { PageError } from '../dist/pages/page-error.js';
import { PECULIARITIES, type Peculiarity } from '../dist/site/companies.js';
import { Site } from '../dist/site/site.js';

const LIMITS: FetcherLimits = { pageMsMax: 120_000, pageBytesMax: 500_000, attemptsMax: 3, delayMs: 0 };
/** A signal that nobody aborts; each its own, since whoever waits listens to it. */
const never = (): AbortSignal => new AbortController().signal;

/** What is wrong with something; `nothing` where it gives something. */
async function problemOf(run: () => unknown): Promise<string> {
  try {
    await run();
    return 'nothing';
  } catch (error) {
    return error instanceof PageError ? error.problem : String(error);
  }
}

describe('the local site', () => {
  let site: Site;

  beforeAll(async () => {
    site = await Site.start({ seed: 5, port: 0 });
  });

  afterAll(() => site.stop());

  test.each(SOURCES)('%s is read as it is written, from the first list to the last', async (source) => {
    const fetcher = new PageFetcher(new URL(site.url), LIMITS);
    const layout = LAYOUTS[source];
    const keys: (string | undefined)[] = [];
    let url: URL | undefined = layout.listUrl(fetcher.site, 'seoul', 1);
    while (url !== undefined) {
      const list = layout.readList(await fetcher.page(url, never()), url);
      keys.push(...list.entries.map((entry) => layout.keyOf(entry)));
      url = list.next;
    }
    expect(keys.length).toBeGreaterThan(100);
    expect(keys).toEqual(site.companies.keys(source, 'seoul'));
    for (const key of site.companies.keys(source, 'seoul').slice(0, 30)) {
      const shown = site.companies.shown(source, key)!;
      if (shown.peculiarity !== 'none') continue;
      const entry = new URL(addressOf(source, key), site.url);
      const listing = layout.readEntry(await fetcher.page(entry, never()), entry);
      expect(listing).toMatchObject({ name: shown.name });
      expect(listing.businessNumber).toBe(shown.businessNumber);
      expect(listing.representative).toBe(shown.representative);
      expect(listing.address).toBe(shown.address);
      expect(listing.phone).toBe(shown.phone);
      expect(listing.email).toBe(shown.email?.replace(' [at] ', '@'));
      expect(listing.website).toBe(shown.website);
      expect(listing.employees).toBe(shown.employees);
      expect(listing.description).toBe(shown.about);
    }
  });

  const PROBLEMS: Readonly<Record<Peculiarity, string>> = {
    none: 'nothing',
    scripts: 'nothing',
    slow: 'nothing',
    flaky: 'nothing',
    wrong_charset: 'nothing',
    failing: 'failing',
    gone: 'refused',
    huge: 'too_large',
    endless: 'late',
    nested: 'too_deep',
    binary: 'not_html',
    nameless: 'incomplete',
    torn: 'unreachable',
    leads_away: 'redirected',
    forbidden: 'forbidden',
  };

  test.each(SOURCES)('each hostile or broken page of %s is a problem of that page alone', async (source) => {
    const patient = new PageFetcher(new URL(site.url), LIMITS);
    // Only what has no end is late, however long everything takes.
    const hasty = new PageFetcher(new URL(site.url), { ...LIMITS, pageMsMax: 1_500 });
    const found: Partial<Record<Peculiarity, string>> = {};
    const entries = REGIONS.flatMap((region) => site.companies.keys(source, region));
    await Promise.all(
      PECULIARITIES.map(async (peculiarity) => {
        const key = entries.find((one) => site.companies.shown(source, one)!.peculiarity === peculiarity)!;
        const url = new URL(addressOf(source, key), site.url);
        const fetcher = peculiarity === 'endless' ? hasty : patient;
        found[peculiarity] = await problemOf(async () => {
          const listing = LAYOUTS[source].readEntry(await fetcher.page(url, never()), url);
          // Neither what a script would write nor what a comment hides is a listing.
          expect(listing.name).toBe(site.companies.shown(source, key)!.name);
          expect(JSON.stringify(listing)).not.toMatch(/evil|거짓|가짜|숨은/);
        });
      }),
    );
    expect(found).toEqual(PROBLEMS);
    expect(site.forbiddenRequests).toBe(0);
  });

  test('the same seed makes the same companies, another one makes others', async () => {
    const [again, other] = [await Site.start({ seed: 5, port: 0 }), await Site.start({ seed: 6, port: 0 })];
    const all = ({ companies }: Site): unknown[] =>
      companies.keys('map_listing', 'busan').map((key) => companies.shown('map_listing', key));
    expect(all(again)).toEqual(all(site));
    expect(all(other)).not.toEqual(all(site));
    await Promise.all([again.stop(), other.stop()]);
  });
});

function addressOf(source: (typeof SOURCES)[number], key: string): string {
  const paths = {
    directory: '/directory/company/',
    yellow_pages: '/yp/view.asp?id=',
    map_listing: '/map/place/',
  };
  return `${paths[source]}${key}`;
}

describe('fetching', () => {
  const servers: Server[] = [];

  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  /** A site that answers each request by the function. */
  async function siteOf(answer: Parameters<typeof createServer>[1]): Promise<string> {
    const server = createServer(answer).listen(0, '127.0.0.1');
    servers.push(server);
    await new Promise((resolve) => server.once('listening', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const get = (site: string, limits: Partial<FetcherLimits> = {}): Promise<unknown> =>
    new PageFetcher(new URL(site), { ...LIMITS, ...limits }).page(new URL('/page', site), never());

  test('what may pass is tried again, what may not is not, and no more often than allowed', async () => {
    for (const [statuses, requests, problem] of [
      [[503, 200], 2, 'nothing'],
      [[429, 500, 200], 3, 'nothing'],
      [[500, 500, 500, 200], 3, 'failing'],
      [[404, 200], 1, 'refused'],
      [[403, 200], 1, 'refused'],
    ] as const) {
      let asked = 0;
      const site = await siteOf(({ url }, response) => {
        if (url === '/robots.txt') response.writeHead(404).end();
        else
          response
            .writeHead(statuses[asked++]!, { 'content-type': 'text/html', 'retry-after': '0' })
            .end('<p>page');
      });
      expect([statuses, await problemOf(() => get(site)), asked]).toEqual([statuses, problem, requests]);
    }
  });

  test('robots.txt is heeded, also where a redirect leads; without an answer to it nothing is fetched', async () => {
    for (const [robots, problem] of [
      ['User-agent: *\nDisallow: /', 'forbidden'],
      ['User-agent: KR-Lead-Scraper\nDisallow: /hidden', 'forbidden'],
      ['User-agent: somebody\nDisallow: /', 'nothing'],
      [404, 'nothing'],
      [500, 'failing'],
    ] as const) {
      const asked: string[] = [];
      const site = await siteOf(({ url = '' }, response) => {
        asked.push(url);
        if (url === '/robots.txt')
          response
            .writeHead(typeof robots === 'number' ? robots : 200, { 'content-type': 'text/plain' })
            .end(String(robots));
        else if (url === '/page') response.writeHead(302, { location: '/hidden' }).end();
        else response.writeHead(200, { 'content-type': 'text/html' }).end('<p>hidden');
      });
      expect([robots, await problemOf(() => get(site, { attemptsMax: 1 }))]).toEqual([robots, problem]);
      if (problem !== 'nothing') expect(asked).not.toContain('/hidden');
    }
  });

  test('a page that decompresses to more than the limit, and one without an end, are left', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000, 'a'));
    const left: boolean[] = [];
    const site = await siteOf(({ url }, response) => {
      response.on('close', () => left.push(response.writableFinished));
      if (url === '/robots.txt') response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).end(bomb);
    });
    expect(await problemOf(() => get(site))).toBe('too_large');
    const endless = await siteOf(({ url }, response) => {
      if (url === '/robots.txt') response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': 'text/html' }).write('<p>');
    });
    expect(await problemOf(() => get(endless, { pageMsMax: 100 }))).toBe('late');
  });

  test('a site that is gone is unreachable, and whoever asks can take back what was asked', async () => {
    const site = await siteOf((_request, response) => response.end());
    const [server] = servers.splice(0);
    await new Promise((resolve) => server!.close(resolve));
    expect(await problemOf(() => get(site))).toBe('unreachable');
    const silent = await siteOf(() => {});
    const stop = new AbortController();
    const page = new PageFetcher(new URL(silent), LIMITS).page(new URL('/page', silent), stop.signal);
    stop.abort(new Error('taken back'));
    await expect(page).rejects.toThrow('taken back');
  });

  test('no faster than the site asks', async () => {
    const site = await siteOf(({ url }, response) => {
      const [type, text] =
        url === '/robots.txt' ? ['text/plain', 'User-agent: *\nCrawl-delay: 0.1'] : ['text/html', '<p>'];
      response.writeHead(200, { 'content-type': type }).end(text);
    });
    const fetcher = new PageFetcher(new URL(site), LIMITS);
    const beganMs = performance.now();
    await Promise.all([1, 2, 3, 4].map((page) => fetcher.page(new URL(`/${page}`, site), never())));
    // Three pauses between four pages; a timer may be early by a millisecond, and nothing else can be.
    expect(performance.now() - beganMs).toBeGreaterThan(295);
  });
});

describe.each(SOURCES)('whatever a page of %s is,', (source) => {
  const layout = LAYOUTS[source];
  const url = new URL('http://site.kr/page');
  /** Reads a page in both ways; what is thrown must be a problem of the page. */
  const read = (html: string): void => {
    for (const reading of [layout.readList, layout.readEntry])
      try {
        reading(parsePage(html), url);
      } catch (error) {
        expect(error).toBeInstanceOf(PageError);
      }
  };

  test('it is read, or it is a problem of the page', () => {
    const tag = fc.constantFrom(
      ...[
        'section class="companies"',
        'a class="company" href="/directory/company/d1"',
        'a rel=next href="?page=2"',
      ],
      ...[
        'article class="company"',
        'h1 itemprop="name"',
        'dl',
        'dt',
        'dd',
        'p class=about',
        'table class=list',
      ],
      ...[
        'tr data-id=y1',
        'table class=view',
        'tr',
        'th',
        'td',
        'td class=pages',
        'a class=next href="javascript:go(2)"',
      ],
      ...[
        'script type="application/ld+json"',
        'script',
        'template',
        '!--',
        '![CDATA[',
        'svg',
        'math',
        'plaintext',
      ],
    );
    const json = fc
      .json({ maxDepth: 3 })
      .map((text) => `{"@type":"LocalBusiness","name":"x","address":${text}}`);
    const piece = fc.oneof(
      tag.map((name) => `<${name}>`),
      tag.map((name) => `</${name.split(' ')[0]}>`),
      json.map((text) => `<script type="application/ld+json">${text}</script>`),
      fc.constantFrom(
        '상호',
        '전화',
        '\0',
        '\ud800',
        '<',
        '>',
        '"',
        '&#0;',
        '&#xD800;',
        '&notin',
        '-->',
        ']]>',
      ),
      fc.string(),
    );
    fc.assert(fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => read(pieces.join(''))));
  });

  test('large and strange ones are done with in a moment', () => {
    const many = 40_000;
    for (const html of [
      `<script type="application/ld+json">${'['.repeat(200_000)}</script>`,
      `<script type="application/ld+json">{"@type":"LocalBusiness","name":${'{"name":'.repeat(20_000)}</script>`,
      `<section class="companies">${'<a class="company" href="/directory/company/d1">'.repeat(many)}`,
      `<table class=list>${'<tr data-id=y1>'.repeat(many)}`,
      `<table class=view>${'<tr><th>상호<td>x'.repeat(many / 4)}`,
      `<article class="company">${'<dt>전화<dd>1'.repeat(many / 4)}`,
      `<article class="company"><h1 itemprop="name">${'가 '.repeat(200_000)}`,
      `<p ${'a '.repeat(100_000)}>`,
      `<p a="${'<'.repeat(400_000)}`,
      `<!--${'-'.repeat(400_000)}`,
      '&amp;'.repeat(100_000),
    ])
      read(html);
  }, 300_000);
});

describe('HTML', () => {
  test('of any depth and size is read or refused, within the stack', async () => {
    const deep = (depth: number): string => '<div>'.repeat(depth);
    expect(await problemOf(() => parsePage(deep(DEPTH_MAX)))).toBe('nothing');
    expect(await problemOf(() => parsePage(deep(DEPTH_MAX + 1)))).toBe('too_deep');
    expect(await problemOf(() => parsePage(deep(500_000)))).toBe('too_deep');
    expect(await problemOf(() => parsePage('<p>a'.repeat(NODES_MAX)))).toBe('too_large');
    expect(await problemOf(() => parsePage('<p a='.repeat(50_000)))).toBe('nothing');
    expect(await problemOf(() => parsePage('</div>'.repeat(50_000)))).toBe('nothing');
  });

  test('values are one line without what cannot be seen, and no longer than they may be', () => {
    expect(cleaned('  한빛\n\t전자\u200b\u202e ')).toBe('한빛 전자');
    expect(cleaned('a\0b\ud800c')).toBe('abc');
    expect(cleaned(' \u200b ')).toBeUndefined();
    expect(cleaned('가'.repeat(1_000))).toHaveLength(300);
    expect(cleaned('😀'.repeat(1_000), 5)).toBe('😀😀😀😀😀');
  });

  test('links lead to the same site or nowhere', () => {
    const page = new URL('http://site.kr/directory/seoul?page=1');
    expect(sameSite('?page=2', page)?.href).toBe('http://site.kr/directory/seoul?page=2');
    expect(sameSite('/x#y', page)?.href).toBe('http://site.kr/x');
    for (const href of ['http://other.kr/', '//other.kr/', 'javascript:alert(1)', 'http://[', undefined])
      expect(sameSite(href, page)).toBeUndefined();
  });

  test('a page is read in the charset that it is in, whatever it says', () => {
    const text = '한빛전자 주식회사';
    const page = `<meta charset="euc-kr">${text}`;
    for (const [bytes, type] of [
      [Buffer.from(text), 'text/html; charset=utf-8'],
      [Buffer.from(text), 'text/html'],
      [Buffer.from(`\ufeff${text}`), 'text/html; charset=euc-kr'],
      [iconv.encode(text, 'euc-kr'), 'text/html; charset=EUC-KR'],
      [iconv.encode(text, 'euc-kr'), 'text/html; charset=utf-8'],
      [iconv.encode(text, 'euc-kr'), 'text/html; charset=no-such-charset'],
      [iconv.encode(page, 'euc-kr'), undefined],
    ] as const)
      expect(decodePage(bytes, type)).toContain(text);
    expect(decodePage(Buffer.from([0xff, 0xfe, 0xfd]), 'text/html; charset=utf-8')).toBeTypeOf('string');
  });
});
