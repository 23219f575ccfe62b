/**
 * The way of one sample, from an increment in a worker process to a chart in a browser and an alert that arrives.
 * Read this first: each step names the part that it shows. Nothing here is a stand-in; the service, the monitor and
 * the browser are processes of their own.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { dashboard, renderGrafana, row, stat, stringifyDashboard, timeseries } from '@binnacle/blueprint';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { listening, startModule, temporaryFolder } from './children.ts';
import { freePort } from './free-port.ts';
import { outside } from './outside.ts';

vi.setConfig({ testTimeout: 180_000 });

const folder = temporaryFolder();
const notifications: {
  status: string;
  alerts: { labels: Record<string, string>; annotations: Record<string, string> }[];
}[] = [];
const webhook = http.createServer(async (request, response) => {
  let body = '';
  for await (const part of request) body += part;
  notifications.push(JSON.parse(body));
  response.end();
});

let serviceUrl = '';
let metricsAddress = '';
let monitorUrl = '';

/** A connection that was given to a worker in the moment of its death is answered by nobody. */
const posted = async (path: string) =>
  (await fetch(`${serviceUrl}${path}`, { method: 'POST', signal: AbortSignal.timeout(20_000) })).status;
const order = (kind: string) => posted(`/tea?kind=${kind}`);

interface Answer {
  readonly status: string;
  readonly data: {
    readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[];
  };
}

/** Asks the monitor in PromQL; values by the labels that the query keeps. */
async function ask(query: string): Promise<Record<string, number>> {
  const response = await fetch(`${monitorUrl}/api/v1/query?query=${encodeURIComponent(query)}`);
  const answer = (await response.json()) as Answer;
  expect(answer.status).toBe('success');
  return Object.fromEntries(
    answer.data.result.map(({ metric, value }) => [Object.values(metric).join(','), Number(value[1])]),
  );
}

async function startService(): Promise<void> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  serviceUrl = `http://127.0.0.1:${port}`;
  metricsAddress = `127.0.0.1:${metricsPort}`;
  const service = startModule(new URL('fixtures/tea-house.mjs', import.meta.url), [], {
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    METRICS_DIR: path.join(folder, 'metrics'),
  });
  await once(service.stdout!, 'data');
}

async function startMonitor(): Promise<ChildProcess> {
  const monitor = startModule('binnacle/cli', [
    'up',
    ...['--config', path.join(folder, 'prometheus.yml')],
    ...['--alerts', path.join(folder, 'alertmanager.yml')],
    ...['--dashboards', path.join(folder, 'dashboards')],
    ...['--data', path.join(folder, 'data')],
    ...['--listen', `127.0.0.1:${await freePort()}`],
  ]);
  monitorUrl = await listening(monitor);
  return monitor;
}

/** What a user writes: where to scrape, when to alert, whom to tell, what to see. */
function writeConfig(): void {
  const { port } = webhook.address() as AddressInfo;
  const files = {
    'prometheus.yml': `
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [rules.yml]
scrape_configs:
  - job_name: tea-house
    static_configs: [{ targets: ['${metricsAddress}'] }]
`,
    'rules.yml': `
groups:
  - name: tea
    rules:
      - alert: NotTea
        expr: sum(increase(tea_refusals_total[5s])) > 0
        labels: { severity: warning }
        annotations:
          summary: 'Somebody ordered coffee {{ $value }} times'
`,
    'alertmanager.yml': `
route: { receiver: owner, group_wait: 0s, group_interval: 1s, repeat_interval: 1h }
receivers:
  - name: owner
    webhook_configs: [{ url: 'http://127.0.0.1:${port}/' }]
`,
    'dashboards/tea.json': stringifyDashboard(
      renderGrafana(
        dashboard({
          title: 'Tea house',
          refresh: '1s',
          time: { from: 'now-5m', to: 'now' },
          rows: [
            row('Cups', [
              stat({ title: 'Served', description: 'All cups', expr: 'sum(tea_cups_total)' }),
              timeseries({
                title: 'Cups',
                description: 'Cups by kind',
                expr: 'tea_cups_total',
                legend: '{{kind}}',
              }),
            ]),
          ],
        }),
      ),
    ),
  };
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
}

beforeAll(async () => {
  webhook.listen(0, '127.0.0.1');
  await once(webhook, 'listening');
  await startService();
  writeConfig();
});

afterAll(() => {
  webhook.close();
});

describe.sequential('the way of a sample', () => {
  let monitor: ChildProcess;

  test('an increment in a worker process lies in shared memory, and the primary exposes it for all workers', async () => {
    for (let i = 0; i < 6; i++) expect(await order('green')).toBe(201);
    expect(await order('black')).toBe(201);
    const exposition = await (await fetch(`http://${metricsAddress}/metrics`)).text();
    expect(exposition).toContain('# TYPE tea_cups_total counter\n');
    expect(exposition).toContain('tea_cups_total{kind="green"} 6\n');
    expect(exposition).toContain('tea_cups_total{kind="black"} 1\n');
    expect(exposition).toContain('tea_cups_total{kind="rooibos"} 0\n');
    expect(exposition).toContain('tea_brewing_seconds_count 7\n');
  });

  test('a worker that is killed takes no count with it', async () => {
    await posted('/crash').catch(() => {});
    // By the time it has answered twice, the primary knows of the death, and gives the dead no more connections.
    for (let i = 0; i < 2; i++) await (await fetch(`http://${metricsAddress}/metrics`)).text();
    await expect.poll(() => order('green').catch(() => 0), { timeout: 60_000 }).toBe(201);
    const exposition = await (await fetch(`http://${metricsAddress}/metrics`)).text();
    expect(exposition).toContain('tea_cups_total{kind="green"} 7\n');
    expect(exposition).toContain('tea_brewing 0\n');
  });

  test('the monitor scrapes it into its log and head, and answers in PromQL', async () => {
    monitor = await startMonitor();
    await expect
      .poll(() => ask('tea_cups_total - 0'))
      .toEqual({
        [`${metricsAddress},tea-house,green`]: 7,
        [`${metricsAddress},tea-house,black`]: 1,
        [`${metricsAddress},tea-house,rooibos`]: 0,
      });
    await expect.poll(() => ask('up')).toEqual({ [`up,${metricsAddress},tea-house`]: 1 });
    for (let i = 0; i < 5; i++) await order('rooibos');
    await expect.poll(() => ask('sum(rate(tea_cups_total[5m])) > 0')).not.toEqual({});
    await expect.poll(() => ask('sum(tea_cups_total)')).toEqual({ '': 13 });
  });

  test('the monitor, killed without warning, has every sample again', async () => {
    const before = await ask('count_over_time(tea_cups_total{kind="green"}[1h])');
    monitor.kill('SIGKILL');
    await once(monitor, 'exit');
    monitor = await startMonitor();
    const after = await ask('count_over_time(tea_cups_total{kind="green"}[1h])');
    expect(Object.values(before)[0]).toBeGreaterThan(1);
    expect(Object.values(after)[0]).toBeGreaterThanOrEqual(Object.values(before)[0]!);
    expect(await ask('sum(max_over_time(tea_cups_total[1h]))')).toEqual({ '': 13 });
  });

  test('a browser shows it: a number, a chart with lines on it, and no error', async (context) => {
    const executablePath = outside(context, 'chromium');
    const browser = await chromium.launch({
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    try {
      const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      // What the page takes back itself, since it needs something else by now, has not failed.
      page.on('requestfailed', (request) => {
        const { errorText } = request.failure() ?? {};
        if (errorText !== 'net::ERR_ABORTED') errors.push(`${request.url()} ${errorText}`);
      });
      page.setDefaultTimeout(60_000);
      await page.goto(monitorUrl);
      await expect.poll(() => page.textContent('body')).toContain('Tea house');
      await expect.poll(() => page.textContent('body')).toMatch(/Served\D*13/);
      await expect.poll(() => page.textContent('body')).toContain('rooibos');
      // Lines of three colours stand on the canvas, beside the greys of axes and grid.
      const colours = () =>
        page.evaluate(() => {
          const found = new Set<string>();
          for (const canvas of document.querySelectorAll('canvas')) {
            const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
            for (let i = 0; i < data.length; i += 4) {
              const [r, g, b, alpha] = [data[i]!, data[i + 1]!, data[i + 2]!, data[i + 3]!];
              if (alpha === 255 && Math.max(r, g, b) - Math.min(r, g, b) > 60) found.add(`${r},${g},${b}`);
            }
          }
          return found.size;
        });
      await expect.poll(colours).toBeGreaterThanOrEqual(3);
      expect(errors).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  test('a rule that fires reaches the webhook once, and once more when it is resolved', async () => {
    // Somebody insists: the rule looks back for seconds, and one order may be long ago when it is evaluated.
    const insist = async () => {
      expect(await order('coffee')).toBe(418);
      return notifications.length;
    };
    await expect.poll(insist, { timeout: 60_000, interval: 500 }).toBeGreaterThan(0);
    expect(notifications[0]).toMatchObject({
      status: 'firing',
      alerts: [{ labels: { alertname: 'NotTea', severity: 'warning' } }],
    });
    expect(notifications[0]!.alerts[0]!.annotations.summary).toMatch(
      /^Somebody ordered coffee [\d.]+ times$/,
    );
    await expect.poll(() => notifications.length, { timeout: 60_000 }).toBe(2);
    expect(notifications[1]).toMatchObject({
      status: 'resolved',
      alerts: [{ labels: { alertname: 'NotTea' } }],
    });
  });
});
