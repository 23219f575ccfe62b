/** The page of alerts in a real browser, over the real API: what somebody does who was woken at night. */
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, expect, type TestContext, test, vi } from 'vitest';
import { type AlertsStage, openAlertsStage } from './alerts-stage.ts';
import { outside } from './outside.ts';

/** Ends a page that hangs; a machine that is busy only takes long. */
const WAIT_MS_MAX = 60_000;
vi.setConfig({ testTimeout: 3 * WAIT_MS_MAX });

let browser: Browser | undefined;
let stage: AlertsStage | undefined;
let page: Page;
const errors: string[] = [];

afterEach(async () => {
  await page?.close();
  await stage?.close();
  expect(errors.splice(0)).toEqual([]);
});
afterAll(() => browser?.close());

async function open(
  context: TestContext,
  options: { readonly notifications?: boolean; readonly width?: number } = {},
): Promise<AlertsStage> {
  browser ??= await chromium.launch({
    executablePath: outside(context, 'chromium'),
    args: ['--no-sandbox', '--no-first-run', '--disable-gpu', '--disable-background-networking'],
  });
  stage = await openAlertsStage({ notifications: options.notifications ?? true });
  page = await browser.newPage({ viewport: { width: options.width ?? 1100, height: 800 } });
  page.setDefaultTimeout(WAIT_MS_MAX);
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${stage.origin}/#/alerts`);
  await page.waitForSelector('.family');
  return stage;
}

const families = () => page.locator('.family h2').allInnerTexts();
const held = () => page.locator('.held summary').innerText();
const until = <T>(ask: () => T | Promise<T>) => expect.poll(ask, { timeout: WAIT_MS_MAX });

test('an alert is silenced by keyboard alone, is folded away, and comes back when that is undone', async (context) => {
  const { silences } = await open(context);
  expect(await families()).toEqual(['JobStuck', 'HostDown', 'DiskFillsUp', 'Watchdog', 'QueueLong']);
  expect(await held()).toContain('1 held back');
  for (const key of ['j', 'j', 'j', 'j', 'k', 'j']) await page.keyboard.press(key);
  expect(await page.locator('[data-alert]:focus').innerText()).toContain('host=db-7');
  await page.keyboard.press('s');
  await page.getByText('Hides 1 of 7 alerts that fire now').waitFor();
  await page.keyboard.type('the cable is on its way');
  await page.keyboard.press('Tab');
  await page.keyboard.type('ada');
  await page.keyboard.press('Enter');
  await until(families).not.toContain('HostDown');
  const [made] = silences.list();
  expect(made).toMatchObject({ comment: 'the cable is on its way', createdBy: 'ada' });
  expect(made!.matchers.map(({ name, op, value }) => name + op + value)).toEqual([
    'alertname=HostDown',
    'host=db-7',
    'instance=db-7:9100',
    'severity=page',
  ]);
  expect((made!.endsAtMs - made!.startsAtMs) / 60_000).toBeCloseTo(120, 0);

  expect(await held()).toMatch(/2 held back\s+1 silenced, 1 inhibited/);
  const folded = page.locator('.held .alert-row');
  expect(await folded.first().isVisible()).toBe(false);
  await page.locator('.held summary').focus();
  await page.keyboard.press('Enter');
  const texts = async () => (await folded.allInnerTexts()).map((text) => text.replace(/\s+/g, ' '));
  await until(texts).toEqual([
    expect.stringMatching(/HostDown .*silenced by ada for 2 h more: the cable is on its way/),
    expect.stringMatching(/ReplicaBehind .*inhibited by HostDown host=db-7/),
  ]);

  await page.getByRole('button', { name: 'Undo' }).focus();
  await page.keyboard.press('Enter');
  await until(families).toContain('HostDown');
  const views = stage!.notifier.alerts().filter(({ alert }) => alert.labels.get('alertname') === 'HostDown');
  expect(views.map(({ silencedBy }) => silencedBy)).toEqual([[]]);
});

test('two clicks silence an alert; the author is remembered, and Escape changes nothing', async (context) => {
  const { silences } = await open(context);
  await page.getByRole('button', { name: 'Silence JobStuck 2' }).click();
  await page.getByLabel('Who').fill('bob');
  await page.getByRole('button', { name: 'Silence for 2h' }).click();
  await until(() => page.locator('.family[aria-label=JobStuck] .alert-row').count()).toBe(2);
  await page.getByRole('button', { name: 'Silence all 2' }).click();
  // The form hears keys when it is seen.
  await page.getByLabel('Who').waitFor();
  expect(await page.getByLabel('Who').inputValue()).toBe('bob');
  await page.keyboard.press('Escape');
  await until(() => page.locator('dialog').count()).toBe(0);
  expect(silences.list()).toHaveLength(1);
});

test('matchers, duration and what would be hidden follow each other; a refusal says why', async (context) => {
  const { silences } = await open(context);
  await page.keyboard.press('n');
  await page.getByRole('textbox', { name: 'Value of alertname' }).fill('Job.*|HostDown');
  await page.getByText('It would hide none of the alerts that there are now.').waitFor();
  await page.getByRole('combobox', { name: 'How alertname compares' }).selectOption('=~');
  await page.getByText('Hides 4 of 7 alerts that fire now').waitFor();
  await page.getByRole('textbox', { name: 'Value of alertname' }).fill('.+');
  await page.getByText('It would hide all 7 alerts that there are now.').waitFor();
  await page.getByRole('textbox', { name: 'Value of alertname' }).fill('(');
  await page.getByText('invalid regular expression').waitFor();
  await page.keyboard.press('Enter');
  await until(() => page.getByRole('alert').allInnerTexts()).toEqual([
    expect.stringContaining('invalid regular expression'),
  ]);
  await page.getByRole('textbox', { name: 'Value of alertname' }).fill('Disk.*');
  await page.getByLabel('Another duration').fill('soon');
  await page.keyboard.press('Enter');
  await until(() => page.getByRole('alert').innerText()).toContain('Say for how long');
  await page.getByText('8h', { exact: true }).click();
  await page.getByRole('button', { name: 'Silence for 8h' }).click();
  await until(families).not.toContain('DiskFillsUp');
  const [made] = silences.list();
  expect((made!.endsAtMs - made!.startsAtMs) / 3_600_000).toBeCloseTo(8, 1);
});

test('silences are listed, extended, ended and made again; receivers say what goes to them', async (context) => {
  const { silences, origin } = await open(context);
  const id = await silences.set({
    matchers: [
      {
        name: 'alertname',
        op: '=',
        value: 'Watchdog',
        matches: (labels) => labels.get('alertname') === 'Watchdog',
      },
    ],
    endsAtMs: Date.now() + 600_000,
    createdBy: 'ada',
    comment: 'noise',
  });
  await page.goto(`${origin}/#/alerts?tab=silences`);
  await page.reload();
  await page.getByText('alertname="Watchdog"').waitFor();
  await page.getByRole('button', { name: 'Extend' }).click();
  await page.getByText('1d', { exact: true }).click();
  await page.getByRole('button', { name: 'Silence for 1d' }).click();
  await page.getByText('for 24 h more').waitFor();
  expect(silences.list().map((silence) => silence.id)).toEqual([id]);
  await page.getByRole('button', { name: 'Expire' }).click();
  await page.getByText('1 expired').click();
  await page.getByRole('button', { name: 'Again' }).click();
  await page.getByRole('button', { name: 'Silence for 2h' }).click();
  await until(() => silences.list().length).toBe(2);
  await page.goto(`${origin}/#/alerts?tab=receivers`);
  await until(() => page.locator('.item-main').allInnerTexts()).toEqual([
    expect.stringMatching(/^ops\s+JobStuck \(3\), DiskFillsUp \(1\)/),
    expect.stringMatching(/^pager\s+HostDown \(1\)/),
  ]);
  await page.goto(`${origin}/#/alerts?tab=rules`);
  await page.getByText('time() - job_last_finished_timestamp_seconds > 600').waitFor();
});

test('on a phone nothing is wider than the screen, the form neither', async (context) => {
  await open(context, { width: 360 });
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  expect(await wide()).toBe(false);
  await page.getByRole('button', { name: 'Silence JobStuck 2' }).click();
  await page.getByText('Hides 1 of 7').waitFor();
  const box = (await page.locator('dialog').boundingBox())!;
  expect(box.x).toBeGreaterThanOrEqual(0);
  expect(box.x + box.width).toBeLessThanOrEqual(360);
  expect(
    await page.locator('.silence-fields').evaluate((fields) => fields.scrollWidth <= fields.clientWidth),
  ).toBe(true);
  const button = (await page.getByRole('button', { name: 'Silence for 2h' }).boundingBox())!;
  expect(button.y + button.height).toBeLessThanOrEqual(800);
});

test('without notifications the page says so, and how to configure them', async (context) => {
  await open(context, { notifications: false });
  await page.getByText('These alerts reach nobody').waitFor();
  await page.getByText('binnacle up --alerts alertmanager.yml').waitFor();
  expect(await families()).toEqual(['JobStuck', 'HostDown', 'QueueLong']);
  await page.keyboard.press('j');
  await page.keyboard.press('s');
  await page.keyboard.press('n');
  expect(await page.locator('dialog').count()).toBe(0);
  expect(await page.getByRole('button', { name: /^Silence/ }).count()).toBe(0);
});
