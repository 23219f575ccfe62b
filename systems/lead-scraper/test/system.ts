/** Runs the lead scraper as its users do, as a process with all that it starts, with the site that it scrapes. */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readSamples, type Samples } from '@binnacle/system-parts/samples';
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
        SCRAPING_PAGE_SECONDS: '2',
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
    });
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
    let sum = 0;
    for (const { labels, value } of (await this.samples()).values())
      if (
        labels.metricName === family &&
        Object.entries(having).every(([name, wanted]) => labels.get(name) === wanted)
      )
        sum += value;
    return sum;
  }

  /** The worker processes of a part that run now. */
  workers(part: 'api' | 'scraping'): number[] {
    const all = runningProcesses();
    const primary = all.find(
      ({ parent, args }) => parent === this.process.pid && args.includes(path.join(part, 'main.js')),
    );
    return primary === undefined
      ? []
      : all.filter(({ parent }) => parent === primary.pid).map(({ pid }) => pid);
  }

  /** All processes that the system has started, and itself. */
  processes(): number[] {
    const all = runningProcesses();
    const found = [this.process.pid!];
    for (const pid of found) found.push(...all.filter(({ parent }) => parent === pid).map(({ pid }) => pid));
    return found;
  }
}

/** Waits until something holds, also where no test runs; throws when it does not in time. */
export async function eventually(holds: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> {
  const untilMs = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > untilMs) throw new Error(`not within ${ms} ms: ${holds}`);
    await sleep(100);
  }
}

/** Kills a process that is known to be one. */
export function kill(pid: number | undefined): void {
  if (pid === undefined || !Number.isInteger(pid) || pid <= 1)
    throw new Error(`${pid} is no process of ours`);
  process.kill(pid, 'SIGKILL');
}

/** Whether any of some processes still runs. */
export function anyRuns(pids: readonly number[]): boolean {
  const running = new Set(runningProcesses().map(({ pid }) => pid));
  return pids.some((pid) => running.has(pid));
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('the system gave no port');
  return address.port;
}

interface Running {
  readonly pid: number;
  readonly parent: number;
  readonly args: string;
}

/** All processes of this machine that have not ended. */
function runningProcesses(): Running[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' });
  return table.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line);
    if (match === null || match[3]?.startsWith('Z')) return [];
    return [{ pid: Number(match[1]), parent: Number(match[2]), args: match[4] ?? '' }];
  });
}
