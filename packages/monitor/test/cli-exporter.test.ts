/** `binnacle exporter` as its users run it: the built command beside a service's directory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { counter, createRegistry, type MetricsServer, serveMetrics } from '@binnacle/metrics';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

// Processes start slowly where many do.
vi.setConfig({ testTimeout: 300_000 });

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

let folder = '';
let directory = '';
let service: MetricsServer;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'binnacle-exporter-'));
  directory = join(folder, 'metrics');
  const registry = createRegistry();
  counter({ name: 'teas_total', help: 'Teas', registry }).inc(3);
  service = await serveMetrics({ service: 'tea-house', directory, registry });
});
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await service.close();
  await rm(folder, { recursive: true, force: true });
});

function exporter(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, 'exporter', ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  running.add(child);
  const output = { text: '' };
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output.text += chunk;
    });
  return { child, output };
}

async function ended(...args: string[]): Promise<[code: number, output: string]> {
  const { child, output } = exporter(...args);
  const [code] = (await once(child, 'close')) as [number];
  return [code, output.text];
}

test('it answers for the service, asks for the token, and ends with a signal', async () => {
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, 'sesame\n');
  const { child, output } = exporter(
    '--dir',
    directory,
    '--listen',
    '127.0.0.1:0',
    '--token-file',
    tokenFile,
  );
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  await expect.poll(() => output.text).toContain(`answers for service tea-house at ${url}`);
  expect((await fetch(url)).status).toBe(401);
  const response = await fetch(url, { headers: { authorization: 'Bearer sesame' } });
  expect(await response.text()).toContain('teas_total 3');
  child.kill('SIGTERM');
  const [code] = (await once(child, 'close')) as [number];
  expect([code, output.text.split('\n').length]).toEqual([0, 2]);
  expect(service.directory).toBe(directory);
});

test('it ends with whoever started it', async () => {
  const { child } = exporter('--dir', directory, '--listen', '0');
  await once(child, 'message');
  child.disconnect();
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('what it cannot do it says, and how it is meant', async () => {
  expect(await ended()).toEqual([2, expect.stringContaining('needs --dir DIR')]);
  expect(await ended('--dir', directory, 'more')).toEqual([2, expect.stringContaining('options only')]);
  expect(await ended('--dir', directory, '--listen', 'x')).toEqual([
    2,
    expect.stringContaining('"x" is not HOST:PORT, such as 127.0.0.1:9464'),
  ]);
  expect(await ended('--dir', directory, '--tls-key', 'k')).toEqual([
    2,
    expect.stringContaining('go together'),
  ]);
  const gone = join(folder, 'gone');
  expect(await ended('--dir', gone)).toEqual([1, `binnacle: ${expectGone(gone)}`]);
  expect(await ended('--dir', folder)).toEqual([1, expect.stringContaining('has no service.json')]);
  expect(await ended('--dir', directory, '--token-file', gone)).toEqual([
    1,
    expect.stringMatching(/the secret for \/metrics in .*gone cannot be used: ENOENT/),
  ]);
  const stranger = createServer().listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  const { port } = stranger.address() as AddressInfo;
  expect(await ended('--dir', directory, '--listen', String(port))).toEqual([
    1,
    expect.stringContaining(`cannot listen on 127.0.0.1:${port}: the port is taken`),
  ]);
  stranger.close();
});

function expectGone(path: string): string {
  return `there is no directory ${path}; start the service first, or look at its BINNACLE_METRICS_DIR\n`;
}
