/** Silences of the whole monitor as its users run it: made by one command, in force in another, there after a kill. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

// Processes start slowly where many do.
vi.setConfig({ testTimeout: 300_000 });

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const running = new Set<ChildProcess>();
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'binnacle-up-silences-'));
  await writeFile(join(folder, 'prometheus.yml'), 'scrape_configs: []\n');
  await writeFile(
    join(folder, 'alertmanager.yml'),
    'route: { receiver: nobody, group_by: [alertname] }\nreceivers: [ { name: nobody } ]\n',
  );
});
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
}

async function up(): Promise<Running> {
  const child = spawn(
    process.execPath,
    [
      MAIN,
      'up',
      '--alerts',
      'alertmanager.yml',
      '--listen',
      '127.0.0.1:0',
      '--allow-host',
      'binnacle.internal',
    ],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  running.add(child);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /listening on (\S+)/.exec(line)?.[1];
    if (url !== undefined) return { child, url };
  }
  throw new Error(`the monitor ended: ${said}`);
}

async function kill({ child }: Running): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  running.delete(child);
}

function silence(url: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [MAIN, 'silence', ...args, '--url', url], (error, stdout) =>
      error === null ? resolve(stdout.trim()) : reject(error),
    );
  });
}

async function get<T>(url: string, path: string): Promise<T> {
  const response = await fetch(url + path);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

interface Alert {
  readonly labels: Record<string, string>;
  readonly receivers: readonly { readonly name: string }[];
  readonly status: { readonly state: string; readonly silencedBy: readonly string[] };
}

async function post(url: string, origin?: string): Promise<number> {
  const response = await fetch(`${url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(origin !== undefined && { origin }) },
    body: JSON.stringify(['web', 'db'].map((job) => ({ labels: { alertname: 'Down', job } }))),
  });
  return response.status;
}

it('hide from the moment that the command returns, survive a kill, and end when they are told to', async () => {
  let monitor = await up();
  const states = async () =>
    Object.fromEntries(
      (await get<Alert[]>(monitor.url, '/api/v2/alerts')).map(({ labels, status }) => [
        labels.job,
        `${status.state} ${status.silencedBy.join()}`,
      ]),
    );
  expect(await post(monitor.url, 'http://evil.example')).toBe(403);
  expect(await post(monitor.url)).toBe(200);
  expect(await silence(monitor.url, 'preview', 'Down', 'job=web')).toContain('hides 1 of the 2 alerts');
  const id = await silence(monitor.url, 'add', 'Down', 'job=web', '--comment', 'known');
  expect(await states()).toEqual({ web: `suppressed ${id}`, db: 'active ' });
  const [group] = await get<{ alerts: Alert[] }[]>(monitor.url, '/alertmanager/api/v2/alerts/groups');
  expect(group?.alerts.map(({ receivers }) => receivers)).toEqual([
    [{ name: 'nobody' }],
    [{ name: 'nobody' }],
  ]);

  const metrics = await (await fetch(`${monitor.url}/metrics`)).text();
  expect(metrics).toContain('alertmanager_silences{state="active"} 1\n');

  await kill(monitor);
  monitor = await up();
  await post(monitor.url);
  expect(await states()).toEqual({ web: `suppressed ${id}`, db: 'active ' });
  await silence(monitor.url, 'expire', id);
  expect(await states()).toEqual({ web: 'active ', db: 'active ' });

  await kill(monitor);
  // A damaged line costs itself, not the start.
  const file = join(folder, '.binnacle', 'data', 'silences');
  await writeFile(file, (await readFile(file, 'utf8')).replace('known', 'knwon'));
  monitor = await up();
  expect(await get(monitor.url, '/api/v2/silences')).toEqual([]);
  await silence(monitor.url, 'add', 'Down', '--comment', 'again');
  expect(await get(monitor.url, '/api/v2/silences')).toHaveLength(1);
  await kill(monitor);
});
