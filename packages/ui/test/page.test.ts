/**
 * The built page in a real browser, before a server that answers as the monitor does.
 *
 * One browser for all tests; each test has a page and a server of its own. The server's answers are lines that
 * depend on the time alone, so that a refresh changes them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeEach, expect, type TestContext, test, vi } from 'vitest';

// Each test waits for a browser, several times.
vi.setConfig({ testTimeout: 300_000 });

/** How long the page may take until it shows something. */
const SHOWN_MS_MAX = 120_000;

const BUILT = fileURLToPath(new URL('../dist/page', import.meta.url));
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

let browser: Browser | undefined;
let close: (() => Promise<void>) | undefined;

afterAll(async () => {
  await close?.();
  await browser?.close();
});

beforeEach(async () => {
  await close?.();
  close = undefined;
});

/** A page on a server of its own, and the levers of that server. */
interface Stage {
  readonly page: Page;
  readonly origin: string;
  /** The queries that arrived, oldest first. */
  readonly asked: string[];
  /** What went wrong in the page. */
  readonly errors: string[];
  /** Refuses every query from now on, or no longer. */
  broken: boolean;
  /** Holds answers back. */
  delayMs: number;
}

const panel = (title: string, expr: string, y: number): object => ({
  type: 'timeseries',
  title,
  gridPos: { x: 0, y, w: 24, h: 8 },
  targets: [{ refId: 'A', expr, legendFormat: '{{status}}' }],
  options: { tooltip: { mode: 'multi', sort: 'desc' }, legend: { displayMode: 'table', calcs: ['max'] } },
});

const DASHBOARD = {
  uid: 'jobs',
  title: 'Jobs',
  refresh: '1s',
  graphTooltip: 1,
  panels: [
    panel('Rate', 'rate(jobs_total[$__rate_interval])', 0),
    panel('Nothing', 'never_scraped_total', 8),
    { type: 'flamegraph', title: 'Heat', gridPos: { x: 0, y: 16, w: 24, h: 40 } },
    panel('Far below', 'far_below', 60),
  ],
};

const TARGET = {
  labels: { job: 'web', instance: 'web:8000' },
  discoveredLabels: {},
  scrapePool: 'web',
  scrapeUrl: 'http://web:8000/metrics',
  lastError: '',
  lastScrape: new Date().toISOString(),
  lastScrapeDuration: 0.01,
  health: 'up',
  scrapeInterval: '5s',
  scrapeTimeout: '5s',
};

async function open(context: TestContext, hash: string): Promise<Stage> {
  browser ??= await launch(context);
  const page = await browser.newPage({ viewport: { width: 1000, height: 700 } });
  page.setDefaultTimeout(SHOWN_MS_MAX);
  const stage = { page, origin: '', asked: [], errors: [], broken: false, delayMs: 0 } as Stage & {
    origin: string;
  };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    const body = await bodyOf(request).catch(() => undefined);
    // The page was closed before it had sent all.
    if (body === undefined) return;
    const form = new URLSearchParams(body);
    const query = form.get('query');
    if (query !== null) stage.asked.push(query);
    if (query !== null && stage.delayMs > 0)
      await new Promise((resolve) => setTimeout(resolve, stage.delayMs));
    const refused = query !== null && stage.broken;
    const answer = refused ? { status: 'error', error: 'out of order today' } : answerTo(url, form);
    if (answer !== undefined) {
      response
        .writeHead(refused ? 503 : 200, { 'content-type': 'application/json' })
        .end(JSON.stringify(answer));
      return;
    }
    const file = path.join(BUILT, url.pathname === '/' ? 'index.html' : url.pathname);
    if (existsSync(file))
      response.writeHead(200, { 'content-type': TYPES[path.extname(file)] ?? '' }).end(readFileSync(file));
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stage.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  page.on('pageerror', (error) => stage.errors.push(error.message));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(stage.origin) && !url.startsWith('data:')) stage.errors.push(`asked ${url}`);
  });
  close = async () => {
    await page.close();
    await stop(server);
  };
  await page.goto(`${stage.origin}/${hash}`);
  return stage;
}

async function launch(context: TestContext): Promise<Browser> {
  const executablePath = (process.env.PATH ?? '')
    .split(path.delimiter)
    .map((folder) => path.join(folder, 'chromium'))
    .find(existsSync);
  if (executablePath === undefined) return context.skip('chromium is missing: apt-get install chromium');
  const quiet = ['component-update', 'background-networking', 'sync', 'quic', 'gpu'].map(
    (what) => `--disable-${what}`,
  );
  return await chromium.launch({ executablePath, args: ['--no-sandbox', '--no-first-run', ...quiet] });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** What the monitor would answer; undefined for what is a file. */
function answerTo({ pathname }: URL, form: URLSearchParams): object | undefined {
  const success = (data: unknown): object => ({ status: 'success', data });
  switch (pathname) {
    case '/api/search':
      return [{ uid: 'jobs', title: 'Jobs', tags: [], type: 'dash-db', url: '/d/jobs' }];
    case '/api/dashboards/uid/jobs':
      return { dashboard: DASHBOARD, meta: {} };
    case '/api/v1/targets':
      return success({
        activeTargets: [TARGET, { ...TARGET, health: 'down', lastError: 'connection refused' }],
      });
    case '/api/v1/alerts':
      return success({
        alerts: [{ labels: { alertname: 'A' }, annotations: {}, state: 'firing', value: '1' }],
      });
    case '/api/v1/label/__name__/values':
      return success(['jobs_total', 'up']);
    case '/api/v1/metadata':
      return success({ never_scaped_total: [{ type: 'counter', help: 'Scraped.', unit: '' }] });
    case '/api/v1/query_range':
      return success({ resultType: 'matrix', result: lines(form) });
    case '/api/v1/query':
      return success({ resultType: 'vector', result: [] });
    default:
      return undefined;
  }
}

/** Three lines at 1, 2 and 3; nothing for a metric that was never scraped. */
function lines(form: URLSearchParams): object[] {
  if (form.get('query')?.startsWith('never') === true) return [];
  const [start = 0, end = 0, step = 1] = ['start', 'end', 'step'].map((name) => Number(form.get(name)));
  return ['one', 'two', 'three'].map((status, i) => {
    const values: [number, string][] = [];
    for (let at = start; at <= end; at += step) values.push([at, String(i + 1)]);
    return { metric: { status }, values };
  });
}

/** Asks again and again until the answer is as expected. */
const until = <T>(ask: () => T | Promise<T>): ReturnType<typeof expect.poll<T>> =>
  expect.poll(ask, { timeout: SHOWN_MS_MAX, interval: 50 });

const plot = '.panel[aria-label=Rate] .u-over';

/** Waits until all that comes by itself has come, so that nothing on the page moves any more. */
async function settled(page: Page): Promise<void> {
  await page.waitForSelector(plot);
  await page.getByText('1 of 2 targets up').waitFor();
  await page.getByText('1 alert firing').waitFor();
  await page.getByText('Panels of type flamegraph are not drawn.').waitFor();
  await page.getByText('No target has declared a metric never_scraped_total.').waitFor();
  await page.locator('.panel[aria-label=Rate][aria-busy=false]').waitFor();
}

test('the only dashboard opens, with the state of the system above it', async (context) => {
  const { page, errors, asked } = await open(context, '');
  await page.waitForSelector(plot);
  await until(() => new URL(page.url()).hash).toBe('#/d/jobs');
  await page.getByText('1 of 2 targets up').waitFor();
  await page.getByText('1 alert firing').waitFor();
  await until(() => asked).toContain('rate(jobs_total[20s])');
  await page.getByText('Panels of type flamegraph are not drawn.').waitFor();
  await until(() => page.title()).toBe('Jobs · Binnacle');
  expect(errors).toEqual([]);
});

test('a panel without data says why', async (context) => {
  const { page } = await open(context, '#/d/jobs');
  const why = 'No target has declared a metric never_scraped_total. Is never_scaped_total meant?';
  await page.getByText(why).waitFor();
});

test('a panel out of sight asks nothing until it is seen', async (context) => {
  const { page, asked } = await open(context, '#/d/jobs');
  await page.waitForSelector(plot);
  expect(asked).not.toContain('far_below');
  await page.getByText('Far below').scrollIntoViewIfNeeded();
  await until(() => asked.includes('far_below')).toBe(true);
});

test('a refresh draws into the same chart, and a failing one keeps the picture and shows the error', async (context) => {
  const stage = await open(context, '#/d/jobs');
  const { page, asked } = stage;
  const canvas = await page.waitForSelector('.panel[aria-label=Rate] canvas');
  const before = asked.length;
  await until(() => asked.length).toBeGreaterThan(before + 2);
  expect(await canvas.evaluate((element) => element.isConnected)).toBe(true);
  stage.broken = true;
  await page.locator('.panel[aria-label=Rate] .hint.bad[aria-label="out of order today"]').waitFor();
  expect(await canvas.evaluate((element) => element.isConnected)).toBe(true);
  stage.broken = false;
  await page.locator('.panel[aria-label=Rate] .hint.bad').waitFor({ state: 'detached' });
});

test('hovering shows every series, the largest first', async (context) => {
  const { page } = await open(context, '#/d/jobs?from=now-5m&to=now&refresh=off');
  // Again and again: a chart that is given its final size forgets where the mouse was.
  await until(async () => {
    await page.hover(plot, { position: { x: 300, y: 60 } });
    return page.locator('.tooltip:visible .tooltip-row').allInnerTexts();
  }).toEqual(['three\n3', 'two\n2', 'one\n1'].map((row) => expect.stringContaining(row)));
});

test('dragging chooses a range that the address shares, and Back returns', async (context) => {
  const { page } = await open(context, '#/d/jobs?from=now-1h&to=now&refresh=off');
  await settled(page);
  const box = (await (await page.waitForSelector(plot)).boundingBox())!;
  await page.mouse.move(box.x + box.width / 4, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + 50, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/from=\d{13}&to=\d{13}/);
  const { from, to } = /from=(?<from>\d+)&to=(?<to>\d+)/.exec(page.url())!.groups!;
  expect((Number(to) - Number(from)) / 60_000).toBeCloseTo(15, 0);
  await page.goBack();
  await page.waitForURL(/from=now-1h&to=now/);
});

test('a new range aborts the questions of the one before', async (context) => {
  const stage = await open(context, '#/d/jobs?from=now-1h&to=now&refresh=off');
  const { page } = stage;
  await page.waitForSelector(plot);
  const aborted: string[] = [];
  page.on('requestfailed', (request) => aborted.push(request.url()));
  stage.delayMs = 60_000;
  const go = (range: string): Promise<void> =>
    page.evaluate((hash) => {
      location.hash = hash;
    }, `#/d/jobs?from=now-${range}&to=now&refresh=off`);
  const before = stage.asked.length;
  await go('3h');
  await until(() => stage.asked.length).toBeGreaterThan(before);
  await go('6h');
  await until(() => aborted.filter((url) => url.endsWith('query_range')).length).toBeGreaterThan(0);
});

test('a click in the legend leaves one series, a second one brings all back', async (context) => {
  const { page, errors } = await open(context, '#/d/jobs?from=now-5m&to=now&refresh=off');
  const legend = page.locator('.panel[aria-label=Rate] .legend-name');
  await legend.nth(1).click();
  await until(() => page.locator('.legend-name.off').allInnerTexts()).toEqual(['one', 'three']);
  await legend.nth(1).click();
  await until(() => page.locator('.legend-name.off').count()).toBe(0);
  expect(errors).toEqual([]);
});

test('the keys: t opens the ranges, arrows and Enter choose, r refreshes, / goes to Explore', async (context) => {
  const { page, asked } = await open(context, '#/d/jobs?from=now-1h&to=now&refresh=off');
  await page.waitForSelector(plot);
  await page.keyboard.press('t');
  await page.locator('.menu [aria-checked=true]:focus').waitFor();
  await page.keyboard.press('ArrowUp');
  await page.locator('.menu [aria-checked=false]:focus').waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL(/from=now-30m/);
  await until(() => page.locator('.panel[aria-label=Rate][aria-busy=false]').count()).toBe(1);
  const before = asked.length;
  await page.keyboard.press('r');
  await until(() => asked.length).toBeGreaterThan(before);
  await page.keyboard.press('/');
  await page.locator('textarea:focus').waitFor();
  await page.keyboard.type('up');
  await page.keyboard.press('Enter');
  await page.waitForURL(/#\/explore\?.*expr=up/);
  await page.waitForSelector('.explore-chart .u-over');
});
