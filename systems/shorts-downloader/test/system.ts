/** Runs the system as its users do, as a process with all that it starts, in folders and on ports of its own. */
import { type ChildProcess, execFileSync, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSamples, type Samples } from '@binnacle/system-parts/samples';
import { expect, vi } from 'vitest';
import { sumOf, workersOf } from '../../parts/test/running.ts';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** Whether a `redis-server` is at hand; where all must be there, it is. */
export const HAS_REDIS =
  process.env.BINNACLE_REQUIRE === 'all' ||
  spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).error === undefined;

/** Both queues; what holds for one holds for the other. */
export const QUEUES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ...(HAS_REDIS && { bullmq: {} }),
  database: { SHORTS_QUEUE: 'database' },
};

/** An answer with a JSON body. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: Record<string, unknown>;
}

/**
 * Settings under which what takes minutes elsewhere takes moments. Nobody is late, and nobody is taken for dead, because
 * the machine has much to do.
 */
const QUICK = {
  SHORTS_PORT: '0',
  SHORTS_RETRY_SECONDS: '0.05',
  SHORTS_CALL_SECONDS: '60',
  SHORTS_LEASE_SECONDS: '60',
  SHORTS_VIDEO_BYTES_MAX: '1000000',
  STORAGE_QUOTA_BYTES: '20000000',
} as const;

/** What is left of who died is taken up soon. */
export const SHORT_LEASE = { SHORTS_LEASE_SECONDS: '4' } as const;

/** A system in processes of its own. */
export class System {
  readonly process: ChildProcess;
  readonly url: string;
  readonly folder: string;
  /** Where its temporary folders are. */
  readonly temporary: string;
  /** What it wrote to its standard output and error. */
  readonly output: readonly string[];

  private constructor(process: ChildProcess, url: string, folder: string, output: readonly string[]) {
    this.process = process;
    this.url = url;
    this.folder = folder;
    this.temporary = path.join(folder, 'tmp');
    this.output = output;
  }

  /** Starts a system with an embedded database, by default on a free port. */
  static async start(variables: Readonly<Record<string, string>> = {}): Promise<System> {
    const folder = await mkdtemp(path.join(tmpdir(), 'shorts-downloader-test-'));
    // Where the tests run as root, PostgreSQL runs as nobody, who has to get there.
    execFileSync('mkdir', ['-m', '777', path.join(folder, 'tmp')]);
    execFileSync('chmod', ['755', folder]);
    const output: string[] = [];
    const child = fork(MAIN, [], {
      silent: true,
      execArgv: [],
      env: {
        ...process.env,
        NODE_ENV: 'test',
        DATABASE_URL: '',
        REDIS_URL: '',
        TMPDIR: path.join(folder, 'tmp'),
        BINNACLE_METRICS_DIR: path.join(folder, 'metrics'),
        ...QUICK,
        ...variables,
      },
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => output.push(text));
    const url = await new Promise<string>((resolve, reject) => {
      child.once('message', (message) => resolve((message as { url: string }).url));
      child.once('close', () => reject(new Error(`the system ended: ${output.join('')}`)));
    }).catch(async (error: unknown) => {
      await rm(folder, { recursive: true, force: true });
      throw error;
    });
    return new System(child, url, folder, output);
  }

  /** Ends the system, however it is, and removes its folders. */
  async stop(): Promise<void> {
    await this.end();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Ends the system; what it left stays to be looked at. */
  async end(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exited = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    await exited;
  }

  /** Asks, with a JSON body where there is one. */
  async ask(method: string, address: string, body?: unknown): Promise<Answer> {
    const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(new URL(address, this.url), { method, ...(body !== undefined && json) });
    const text = await response.text();
    const { status, headers } = response;
    return { status, headers, json: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
  }

  /** Asks for a download; gives the identifier of its job. */
  async download(url: string): Promise<string> {
    const { status, json } = await this.ask('POST', '/api/v1/download', { url });
    expect([status, json]).toEqual([202, expect.objectContaining({ status: 'queued', url })]);
    return String(json.job_id);
  }

  /** Waits until a download has ended; gives how. */
  async ended(id: string): Promise<Record<string, unknown>> {
    let json: Record<string, unknown> = {};
    await vi.waitFor(
      async () => {
        ({ json } = await this.ask('GET', `/api/v1/status/${id}`));
        expect(json.status).toMatch(/^(completed|failed)$/);
      },
      { timeout: 150_000, interval: 50 },
    );
    return json;
  }

  async exposition(): Promise<string> {
    return (await fetch(new URL('/metrics', this.url))).text();
  }

  async samples(): Promise<Samples> {
    return readSamples(await this.exposition());
  }

  /** The sum of a family over the series whose labels contain these. */
  async sum(family: string, having: Record<string, string> = {}): Promise<number> {
    return sumOf(await this.samples(), family, having);
  }

  /** The worker processes that run now. */
  workers(): number[] {
    return workersOf(this.process.pid, 'backend/main.js');
  }

  /** The temporary folders of attempts that lie there, of processes that run or not. */
  async videosUnderWay(): Promise<string[]> {
    const found: string[] = [];
    for (const name of await readdir(this.temporary))
      if (name.startsWith('shorts-downloader-videos'))
        found.push(...(await readdir(path.join(this.temporary, name)).catch(() => [])));
    return found;
  }

  /** The objects that lie with the providers, as `PROVIDER/NAME`. */
  async objects(): Promise<string[]> {
    const [home] = (await readdir(this.temporary)).filter((name) =>
      name.startsWith('shorts-downloader-home'),
    );
    const folder = path.join(this.temporary, home ?? 'none', 'objects');
    const entries = await readdir(folder, { recursive: true }).catch(() => []);
    return entries.filter((name) => name.includes('shorts/') && !name.endsWith('.json'));
  }
}
