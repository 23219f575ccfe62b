/** Runs the lead scraper as its users do, as a process with all that it starts, with the site that it scrapes. */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSamples, type Samples } from '@binnacle/system-parts/samples';
import { eventually, runningProcesses, sumOf, workersOf } from '../../parts/test/running.ts';
import { Site } from '../dist/site/site.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const COMPANIES = 600;

/** An answer with a JSON body. */
export interface Answer {
  readonly status: number;
  readonly json: Record<string, unknown>;
}

/** How a system is started. */
export interface SystemOptions {
  readonly seed?: number;
  readonly companies?: number;
  readonly variables?: Readonly<Record<string, string>>;
}

/** A lead scraper in processes of its own, and its site in this one. */
export class System {
  readonly process: ChildProcess;
  readonly url: string;
  readonly metricsUrl: string;
  readonly site: Site;
  /** Everything that it leaves behind lies here. */
  readonly folder: string;
  readonly output: readonly string[];

  private constructor(
    process: ChildProcess,
    addresses: { readonly url: string; readonly metricsUrl: string },
    site: Site,
    folder: string,
    output: readonly string[],
  ) {
    this.process = process;
    this.url = addresses.url;
    this.metricsUrl = addresses.metricsUrl;
    this.site = site;
    this.folder = folder;
    this.output = output;
  }

  /** Starts a system on free ports, with an embedded database. */
  static async start({
    seed = 7,
    companies = COMPANIES,
    variables = {},
  }: SystemOptions = {}): Promise<System> {
    const folder = await mkdtemp(path.join(tmpdir(), 'lead-scraper-test-'));
    // Where the tests run as root, PostgreSQL runs as nobody, who has to get there.
    execFileSync('chmod', ['755', folder]);
    const site = await Site.start({ seed, port: 0, companies });
    const output: string[] = [];
    const { PROMETHEUS_MULTIPROC_DIR: _, BINNACLE_METRICS_DIR: __, ...env } = process.env;
    const child = fork(MAIN, [], {
      silent: true,
      execArgv: [],
      env: {
        ...env,
        NODE_ENV: 'test',
        API_PORT: '0',
        TMPDIR: folder,
        SCRAPING_SITE_URL: site.url,
        // A page is late that has no end, and no process is taken for dead, because the machine has much to do.
        SCRAPING_PAGE_SECONDS: '4',
        SCRAPING_LEASE_SECONDS: '60',
        SCRAPING_DELAY_MS: '0',
        ...variables,
      },
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => output.push(text));
    const addresses = await new Promise<{ url: string; metricsUrl: string }>((resolve, reject) => {
      child.once('message', (message) =>
        resolve((message as { services: { api: { url: string; metricsUrl: string } } }).services.api),
      );
      child.once('close', () => reject(new Error(`the lead scraper ended: ${output.join('')}`)));
    }).catch(async (error: unknown) => {
      await site.stop();
      await rm(folder, { recursive: true, force: true });
      throw error;
    });
    return new System(child, addresses, site, folder, output);
  }

  /** Asks the system to end, and waits until it has. */
  async end(): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const exited = once(this.process, 'exit');
      this.process.kill('SIGTERM');
      await exited;
    }
    return this.process.exitCode;
  }

  /** Ends the system, however it is, and removes its folders. */
  async stop(): Promise<void> {
    await this.end();
    await this.site.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Asks the API, with a JSON body where there is one. */
  async ask(method: string, address: string, body?: unknown): Promise<Answer> {
    const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(new URL(address, this.url), { method, ...(body !== undefined && json) });
    return { status: response.status, json: (await response.json()) as Record<string, unknown> };
  }

  /** Asks for a job and waits until it has ended and was counted. */
  async scrape(job: Record<string, unknown>): Promise<Record<string, unknown>> {
    const { json } = await this.ask('POST', '/api/v1/scrape', job);
    let found: Record<string, unknown> = {};
    await eventually(async () => {
      found = (await this.ask('GET', `/api/v1/status/${String(json.job_id)}`)).json;
      return found.counted === true;
    }, 150_000);
    return found;
  }

  async exposition(): Promise<string> {
    return (await fetch(this.metricsUrl)).text();
  }

  async samples(): Promise<Samples> {
    return readSamples(await this.exposition());
  }

  /** The sum of a family over the series whose labels contain these. */
  async sum(family: string, having: Readonly<Record<string, string>> = {}): Promise<number> {
    return sumOf(await this.samples(), family, having);
  }

  /** The worker processes of a part that run now. */
  workers(part: 'api' | 'scraping'): number[] {
    return workersOf(this.process.pid, path.join(part, 'main.js'));
  }

  /** All processes that the system has started, and itself. */
  processes(): number[] {
    const all = runningProcesses();
    const found = [this.process.pid!];
    for (const pid of found) found.push(...all.filter(({ parent }) => parent === pid).map(({ pid }) => pid));
    return found;
  }
}

/** Whether any of some processes still runs. */
export function anyRuns(pids: readonly number[]): boolean {
  const running = new Set(runningProcesses().map(({ pid }) => pid));
  return pids.some((pid) => running.has(pid));
}
