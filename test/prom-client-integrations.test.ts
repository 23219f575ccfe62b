/**
 * Programs that use prom-client through their frameworks run unchanged: the packed tarballs are installed with the
 * override that the README of `@binnacle/prom-client` shows, each program runs in four workers of a cluster, and
 * what any process answers has the requests of all, also of a worker that was killed.
 */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { beforeAll, expect, test, vi } from 'vitest';
import { startModule, temporaryFolder } from './children.ts';

vi.setConfig({ testTimeout: 180_000 });

const root = fileURLToPath(new URL('..', import.meta.url));
const fixture = path.join(root, 'test/fixtures/prom-client-integrations');

let folder: string;

beforeAll(() => {
  folder = path.join(temporaryFolder(), 'service');
  cpSync(fixture, folder, { recursive: true, filter: (source) => !source.includes('node_modules') });
  const tarballs = path.join(folder, 'tarballs');
  mkdirSync(tarballs);
  execFileSync(process.execPath, [path.join(root, 'scripts/pack.mjs'), tarballs], { stdio: 'pipe' });
  npm('ci', '--ignore-scripts', '--prefer-offline');
}, 600_000);

function npm(...args: string[]): void {
  execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
}

interface Worker {
  readonly pid: number;
  readonly url: string;
}

interface Service {
  readonly workers: readonly Worker[];
  /** Where the primary answers for the cluster. */
  readonly primary: string;
}

async function startService(application: string): Promise<Service> {
  const child = startModule(pathToFileURL(path.join(folder, 'primary.cjs')), [application]);
  const workers: Worker[] = [];
  let primary: string | undefined;
  for await (const message of messages(child)) {
    if (typeof message.primary === 'string') primary = message.primary;
    else workers.push(message as unknown as Worker);
    if (primary !== undefined && workers.length === 4) return { primary, workers };
  }
  throw new Error(`${application} ended before it listened`);
}

async function* messages(child: ChildProcess): AsyncGenerator<Readonly<Record<string, unknown>>> {
  const queue: Readonly<Record<string, unknown>>[] = [];
  let wake = () => {};
  child.on('message', (message) => {
    queue.push(message as Readonly<Record<string, unknown>>);
    wake();
  });
  child.on('exit', () => wake());
  while (true) {
    while (queue.length > 0) yield queue.shift()!;
    if (child.exitCode !== null) return;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}

async function textOf(url: string): Promise<string> {
  const response = await fetch(url);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return text;
}

/** The value of the series whose line begins so; NaN where there is none, or several. */
async function shownValue(url: string, series: string): Promise<number> {
  const lines = (await textOf(url)).split('\n').filter((line) => line.startsWith(`${series} `));
  return lines.length === 1 ? Number(lines[0]!.slice(series.length + 1)) : Number.NaN;
}

/** One to four requests to the workers. */
const REQUESTS = 1 + 2 + 3 + 4;

test.for([
  [
    'fastify.mjs',
    'http_request_duration_seconds_count{method="GET",route="/uploads/:id",status_code="200"}',
    'http_request_summary_seconds_count{method="GET",route="/uploads/:id",status_code="200"}',
  ],
  [
    'express.cjs',
    'http_request_duration_seconds_count{status_code="200",method="GET",path="/uploads/#val"}',
    'http_request_duration_seconds_bucket{le="+Inf",status_code="200",method="GET",path="/uploads/#val"}',
  ],
  ['nest.cjs', 'uploads_total{outcome="ok",app="nest"}', 'uploads_total{outcome="ok",app="nest"}'],
] as const)(
  '%s counts in four workers as one, also after one was killed',
  async ([application, one, other]) => {
    const { workers, primary } = await startService(application);
    // Others see what a process counts when it has joined them, a moment after its start.
    await expect.poll(() => textOf(primary)).toMatch(/^binnacle_metrics_writers\b.* 5$/m);
    for (const [i, { url }] of workers.entries()) {
      for (let n = 0; n <= i; n++) await textOf(`${url}/uploads/${n}`);
    }
    const everywhere = [...workers.map(({ url }) => `${url}/metrics`), primary];
    for (const url of everywhere) {
      await expect.poll(() => shownValue(url, one), { message: url }).toBe(REQUESTS);
      await expect.poll(() => shownValue(url, other), { message: url }).toBe(REQUESTS);
    }

    const killed = workers[3]!;
    process.kill(killed.pid, 'SIGKILL');
    await expect.poll(() => fetch(killed.url).catch(() => 'gone')).toBe('gone');
    for (const url of everywhere.filter((url) => !url.startsWith(`${killed.url}/`))) {
      expect(await shownValue(url, one), url).toBe(REQUESTS);
      expect(await textOf(url)).toMatch(/^process_cpu_seconds_total\b/m);
    }
  },
);

test('ES modules get every name, and an object by default that has them all', () => {
  const printed = execFileSync(process.execPath, ['names.mjs'], { cwd: folder, encoding: 'utf8' });
  const { default: isWhole, names } = JSON.parse(printed) as { default: boolean; names: readonly string[] };
  expect(isWhole).toBe(true);
  expect(names).toEqual(
    expect.arrayContaining([
      'register',
      'Registry',
      'contentType',
      'Counter',
      'AggregatorRegistry',
      'default',
    ]),
  );
});
