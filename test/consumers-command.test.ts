/**
 * The command in the project of a stranger: packed, installed by npm without scripts into an empty folder, and led
 * through what the README says first: a service that runs, `init`, `check`, `generate`, `up`, and the page.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from './children.ts';

const exec = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
/** Packing and one installation. */
const PREPARATION_MS = 600_000;
const TEST_MS = 180_000;
const OFFLINE =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT/;

const SERVICE = `import { createServer } from 'node:http';
import { counter, histogram, metricsHandler, serveMetrics } from '@binnacle/metrics';
const requests = counter({
  name: 'http_requests_total',
  help: 'Requests answered.',
  labels: { endpoint: ['/', '/cart'], status: ['200', '500'] },
});
const duration = histogram({ name: 'http_request_duration_seconds', unit: 'seconds', help: 'How long requests took.' });
await serveMetrics({ service: 'shop', directory: 'counts' });
const server = createServer(metricsHandler()).listen(0, '127.0.0.1', () => process.send(server.address().port));
setInterval(() => {
  requests.inc({ endpoint: '/', status: '200' });
  duration.observe(0.02);
}, 50);
process.on('disconnect', () => process.exit());
`;

/** A folder whose name has what names of folders have: a blank, and a letter that is not ASCII. */
const project = path.join(temporaryFolder(), 'my shöp');
const children: ChildProcess[] = [];
let offline: string | undefined;
let port = 0;

beforeAll(async () => {
  fs.mkdirSync(project);
  const packed = path.join(project, '..', 'packed');
  await exec(process.execPath, [path.join(root, 'scripts/pack.mjs'), packed], { maxBuffer: 2 ** 24 });
  fs.writeFileSync(path.join(project, 'package.json'), '{ "private": true }\n');
  fs.writeFileSync(path.join(project, 'service.mjs'), SERVICE);
  const tarballs = fs.readdirSync(packed).map((file) => path.join(packed, file));
  const cache = path.join(root, 'node_modules/.cache/consumers/npm');
  try {
    await exec(
      'npm',
      [
        ...['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--cache', cache],
        ...['--fetch-retries=1', '--fetch-retry-mintimeout=500', ...tarballs],
      ],
      { cwd: project },
    );
  } catch (error) {
    const { stderr = String(error) } = error as { stderr?: string };
    if (!OFFLINE.test(stderr)) throw error;
    offline = 'the registry of npm cannot be reached';
    return;
  }
  const service = spawn(process.execPath, ['service.mjs'], {
    cwd: project,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  children.push(service);
  [port] = (await once(service, 'message')) as [number];
}, PREPARATION_MS);
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

const binnacle = () => path.join(project, 'node_modules/.bin/binnacle');

/** Runs the command to its end. */
async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await exec(binnacle(), args, { cwd: project })) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

describe('the command, installed', { timeout: TEST_MS }, () => {
  test('looks at what runs, writes a configuration, and has nothing against it', async (context) => {
    context.skip(offline !== undefined, offline);
    expect(await run('init', '--name', 'shop', '--url', `http://127.0.0.1:${port}/metrics`)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^wrote binnacle\.config\.ts\n.*watches Service, HTTP/),
      stderr: '',
    });
    expect(await run('check', '--fail-on', 'info')).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^nothing found in /),
      stderr: '',
    });
  });

  test('generates the files of the real stack, and knows them again', async (context) => {
    context.skip(offline !== undefined, offline);
    expect(await run('generate')).toMatchObject({ code: 0, stderr: '' });
    expect(await run('generate', '--check')).toMatchObject({ code: 0, stderr: '' });
    const rules = path.join(project, 'monitoring/prometheus/rules/shop.yml');
    fs.writeFileSync(rules, `${fs.readFileSync(rules, 'utf8')}# mine\n`);
    expect(await run('generate', '--check')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('rules/shop.yml'),
    });
  });

  test('runs, has its page with it, and shows the service', async (context) => {
    context.skip(offline !== undefined, offline);
    const child = spawn(process.execPath, [binnacle(), 'up', '--listen', '127.0.0.1:0'], {
      cwd: project,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    children.push(child);
    const [{ url }] = (await once(child, 'message')) as [{ url: string }];
    const page = await fetch(url);
    const html = await page.text();
    expect(page.status).toBe(200);
    expect(html).toContain('<title>Binnacle</title>');
    const assets = [...html.matchAll(/(?:src|href)="(\.?\/?assets\/[^"]+)"/g)].map(([, asset]) => asset!);
    expect(assets).not.toEqual([]);
    for (const asset of assets) expect((await fetch(new URL(asset, `${url}/`))).status, asset).toBe(200);
    const ask = async (what: string) => (await (await fetch(`${url}${what}`)).json()) as { data?: unknown };
    expect(await ask('/api/search')).toMatchObject([{ title: expect.any(String) }]);
    await expect
      .poll(async () => (await ask('/api/v1/query?query=up')).data, { timeout: 60_000 })
      .toMatchObject({ result: [{ metric: { job: 'shop' }, value: [expect.any(Number), '1'] }] });
    const exit = once(child, 'exit');
    child.kill('SIGINT');
    expect(await exit).toEqual([0, null]);
  });
});
