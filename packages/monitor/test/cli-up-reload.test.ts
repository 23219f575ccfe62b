/** A configuration that is changed while the monitor runs: the built command, targets and receivers that are real. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const TEST_MS = 120_000;

let folder = '';
let world: Server;
let port = 0;
/** `/hook firing Name`, as they came. */
const told: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'binnacle-up-reload-'));
  world = createServer(async (request, response) => {
    if (request.url === '/metrics') {
      response.setHeader('content-type', 'text/plain; version=0.0.4').end('queue_length 60\n');
      return;
    }
    let body = '';
    for await (const piece of request) body += String(piece);
    const { status, alerts } = JSON.parse(body) as { status: string; alerts: { labels: object }[] };
    for (const { labels } of alerts)
      told.push(`${request.url} ${status} ${(labels as { alertname: string }).alertname}`);
    response.end();
  });
  await new Promise<void>((resolve) => world.listen(0, '127.0.0.1', resolve));
  ({ port } = world.address() as AddressInfo);
});

const running = new Set<ChildProcess>();
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  world.closeAllConnections();
  world.close();
  await rm(folder, { recursive: true, force: true });
});

interface Written {
  /** All of them look at the same target. */
  readonly jobs: readonly string[];
  readonly hook: string;
  readonly alerts: readonly string[];
  /** In place of the target's address. */
  readonly target?: string;
}

/** Each alert is a group of its own. */
async function write({ jobs: names, hook, alerts, target = `127.0.0.1:${port}` }: Written): Promise<void> {
  const files = {
    'prometheus.yml': `global: { scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms }
rule_files: [ rules.yml ]
scrape_configs: [ ${names
      .map((name) => `{ job_name: ${name}, static_configs: [ { targets: [ "${target}" ] } ] }`)
      .join(', ')} ]
`,
    'rules.yml': `groups: [ ${alerts
      .map((name) => `{ name: of${name}, rules: [ { alert: ${name}, expr: max(queue_length) > 50 } ] }`)
      .join(', ')} ]\n`,
    'alertmanager.yml': `route: { receiver: hook, group_by: [alertname], group_wait: 100ms, group_interval: 500ms }
receivers: [ { name: hook, webhook_configs: [ { url: "http://127.0.0.1:${port}${hook}" } ] } ]
`,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

interface Monitor {
  readonly child: ChildProcess;
  readonly url: string;
  readonly said: { stdout: string; stderr: string };
}

async function up(data: string): Promise<Monitor> {
  const args = ['up', '--alerts', 'alertmanager.yml', '--data', data, '--listen', '127.0.0.1:0'];
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  running.add(child);
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream]!.setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text;
    });
  const [message] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error(`the monitor ended: ${said.stderr}`))),
  ])) as [{ url: string }];
  return { child, url: message.url, said };
}

async function reload(url: string, headers: Record<string, string> = {}): Promise<[number, string]> {
  const response = await fetch(`${url}/-/reload`, { method: 'POST', headers });
  return [response.status, await response.text()];
}

/** The jobs whose samples are fresh. */
async function jobs(url: string): Promise<(string | undefined)[]> {
  const answer = await fetch(`${url}/api/v1/query?query=queue_length`);
  const { data } = (await answer.json()) as { data: { result: { metric: { job?: string } }[] } };
  return data.result.map(({ metric }) => metric.job);
}

/** Of each alert, since when it is active. */
async function activeSince(url: string): Promise<Record<string, string>> {
  const answer = await fetch(`${url}/api/v1/alerts`);
  const { data } = (await answer.json()) as {
    data: { alerts: { labels: { alertname: string }; activeAt: string }[] };
  };
  return Object.fromEntries(data.alerts.map(({ labels, activeAt }) => [labels.alertname, activeAt]));
}

async function ownMetric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

const SUCCESSFUL = 'binnacle_config_last_reload_successful';
const READ_AT = 'binnacle_config_last_reload_success_timestamp_seconds';

it(
  'a reload changes targets, rules and receivers; what stays the same goes on',
  async () => {
    await write({ jobs: ['kept', 'first'], hook: '/first', alerts: ['Stays', 'Goes'] });
    const { child, url, said } = await up('one');
    await expect.poll(() => [...told].sort()).toEqual(['/first firing Goes', '/first firing Stays']);
    expect((await jobs(url)).sort()).toEqual(['first', 'kept']);
    const before = await activeSince(url);
    const readAt = await ownMetric(url, READ_AT);
    expect(await ownMetric(url, SUCCESSFUL)).toBe(1);

    await write({ jobs: ['kept', 'second'], hook: '/second', alerts: ['Stays', 'Comes'] });
    expect(await reload(url, { origin: 'http://evil.example' })).toEqual([
      403,
      expect.stringMatching(/may not/),
    ]);
    expect(await reload(url)).toEqual([200, '']);
    await expect.poll(async () => (await jobs(url)).sort()).toEqual(['kept', 'second']);
    await expect
      .poll(() => activeSince(url))
      .toEqual({ Stays: before.Stays, Comes: expect.stringMatching(/./) });
    // Who is told is the new receiver, and of what it has not heard yet.
    await expect.poll(() => told.includes('/second firing Comes')).toBe(true);
    expect(told.filter((message) => message.startsWith('/first firing'))).toHaveLength(2);
    const config = await (await fetch(`${url}/api/v1/status/config`)).json();
    expect(config).toMatchObject({ data: { yaml: expect.stringContaining('job_name: second') } });
    expect(await ownMetric(url, READ_AT)).toBeGreaterThan(readAt);
    child.kill('SIGTERM');
    await once(child, 'exit');
    expect(said.stderr).toBe('');
  },
  TEST_MS,
);

it(
  'a configuration that is not right changes nothing, and says what is wrong',
  async () => {
    const right = { jobs: ['right'], hook: '/right', alerts: ['Right'] };
    await write(right);
    const { child, url, said } = await up('two');
    await expect.poll(() => jobs(url)).toEqual(['right']);
    const readAt = await ownMetric(url, READ_AT);

    await writeFile(join(folder, 'prometheus.yml'), 'global: { scrape_intervall: 1s }\n');
    const [status, words] = await reload(url);
    expect([status, words.replace(folder, '')]).toEqual([
      500,
      expect.stringMatching(/^failed to reload config: .*prometheus\.yml:1:11: unknown field/),
    ]);
    expect([await ownMetric(url, SUCCESSFUL), await ownMetric(url, READ_AT)]).toEqual([0, readAt]);
    const runtime = await (await fetch(`${url}/api/v1/status/runtimeinfo`)).json();
    expect(runtime).toMatchObject({ data: { reloadConfigSuccess: false } });

    // All else would be new; the address is found wrong last.
    await write({ jobs: ['right', 'wrong'], hook: '/wrong', alerts: ['Wrong'], target: '127.0.0.1:99999' });
    child.kill('SIGHUP');
    await expect
      .poll(() => said.stderr)
      .toMatch(/cannot be read again, and the one before stays in force: [\s\S]*99999/);
    expect(Object.keys(await activeSince(url))).toEqual(['Right']);
    expect(await jobs(url)).toEqual(['right']);

    await write({ ...right, alerts: ['Right', 'Now'] });
    child.kill('SIGHUP');
    await expect.poll(() => said.stdout).toMatch(/the configuration was read again/);
    await expect.poll(async () => Object.keys(await activeSince(url)).sort()).toEqual(['Now', 'Right']);
    await expect.poll(() => told.includes('/right firing Now')).toBe(true);
    expect(told.some((message) => message.startsWith('/wrong'))).toBe(false);
    expect(await ownMetric(url, SUCCESSFUL)).toBe(1);
    child.kill('SIGTERM');
    await once(child, 'exit');
  },
  TEST_MS,
);
