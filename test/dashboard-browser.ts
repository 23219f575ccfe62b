/** A browser that shows dashboards over the real engine, and the parts of dashboards that its tests are written with. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: dashboards write references this way
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { afterAll, afterEach, expect, type TestContext, vi } from 'vitest';
import { type DashboardStage, END_MS, type Fill, openDashboardStage, START_MS } from './dashboard-stage.ts';
import { outside } from './outside.ts';

const RANGE = `from=${START_MS}&to=${END_MS}&refresh=off`;

/** Ends a page that hangs; a machine that is busy only takes long. */
const WAIT_MS_MAX = 60_000;
vi.setConfig({ testTimeout: 3 * WAIT_MS_MAX });

let browser: Browser | undefined;
let stage: DashboardStage | undefined;
/** The page that `open` opened last. */
export let page: Page;
const errors: string[] = [];
/** Queries that the page asked, oldest first. */
export const asked: string[] = [];

afterEach(async () => {
  await page?.close();
  await stage?.close();
  stage = undefined;
  asked.length = 0;
  expect(errors.splice(0)).toEqual([]);
});
afterAll(() => browser?.close());

/** How a dashboard is opened. */
export interface Look {
  readonly width?: number;
  readonly theme?: 'light' | 'dark';
  /** Parameters of the address. */
  readonly more?: string;
  readonly others?: readonly object[];
  /** Samples that only this dashboard needs. */
  readonly fill?: Fill;
}

/** Opens a dashboard over its own engine; at the test's end the page must have met no error and asked nobody else. */
export async function open(context: TestContext, dashboard: object, look: Look = {}): Promise<void> {
  browser ??= await chromium.launch({
    executablePath: outside(context, 'chromium'),
    args: [
      '--no-sandbox',
      '--no-first-run',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
    ],
  });
  const { width = 1200, theme = 'dark', more = '', others = [], fill } = look;
  stage = await openDashboardStage([{ uid: 'main', title: 'Main', ...dashboard }, ...others], fill);
  const { origin } = stage;
  page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: theme });
  page.setDefaultTimeout(WAIT_MS_MAX);
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith('data:'))
      errors.push(`asked ${request.url()}`);
    const asks = new URLSearchParams(request.postData() ?? '').get('query');
    if (asks !== null) asked.push(asks);
  });
  await page.goto(`${origin}/#/d/main?${RANGE}${more}`);
  await page.locator('main.dashboard').waitFor();
}

export const panel = (title: string): Locator => page.locator(`.panel[aria-label="${title}"]`);
export const at = (x: number, y: number, w: number, h: number): object => ({ gridPos: { x, y, w, h } });
export const query = (expr: string, more: object = {}): object => ({
  refId: 'A',
  expr,
  legendFormat: '{{status}}',
  ...more,
});
export const instant = { instant: true, range: false };

/** The text of the address behind `#`, read as people read it. */
export const address = (): string => decodeURIComponent(new URL(page.url()).hash);

/** Pairs of panels that lie on each other. */
export function overlaps(): Promise<string[]> {
  return page.evaluate(() => {
    const boxes = [...document.querySelectorAll('.panel')].map((element) => ({
      name: element.getAttribute('aria-label') ?? '',
      box: element.getBoundingClientRect(),
    }));
    return boxes.flatMap(({ name, box }, i) =>
      boxes
        .slice(i + 1)
        .filter(
          ({ box: other }) =>
            box.left < other.right - 1 &&
            other.left < box.right - 1 &&
            box.top < other.bottom - 1 &&
            other.top < box.bottom - 1,
        )
        .map((other) => `${name} and ${other.name}`),
    );
  });
}
