/** Runs the system as its users do, as a process with all that it starts, in a folder and on ports of its own. */
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSamples, type Samples } from '../../parts/dist/samples.js';
import { eventually, freePorts, sumOf, workersOf } from '../../parts/test/running.ts';
import { SERVICE_NAMES, type ServiceName, type SystemSamples } from '../dist/ledger.js';
import { hasEspeak } from '../dist/specimens.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** Whether recordings can be transcribed here, and are speech. */
export const HAS_TOOLS =
  hasEspeak() &&
  ['ffmpeg', 'pocketsphinx_continuous'].every((name) => spawnSync(name, ['-version']).error === undefined);

interface Address {
  readonly url: string;
  readonly metricsUrl: string;
}

/** An answer with a JSON body. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: Record<string, unknown>;
}

/** A job as the API tells of it. */
export interface JobAnswer {
  readonly job_id: string;
  readonly status: string;
  readonly message: string | null;
  readonly videos: readonly {
    readonly video_id: string;
    readonly status: string;
    readonly attempts: number;
    readonly steps: Readonly<Record<string, number>>;
    readonly speakers: number | null;
    readonly duration_seconds: number | null;
    readonly message: string | null;
  }[];
}

/** A system in processes of its own. */
export class System {
  readonly process: ChildProcess;
  /** Of the API. */
  readonly url: string;
  readonly services: Readonly<Record<ServiceName, Address>>;
  /** Its folder for temporary files. */
  readonly folder: string;
  /** What it wrote to its standard output and error. */
  readonly output: readonly string[];

  private constructor(
    process: ChildProcess,
    services: Readonly<Record<ServiceName, Address>>,
    folder: string,
    output: readonly string[],
  ) {
    this.process = process;
    this.url = services.api.url;
    this.services = services;
    this.folder = folder;
    this.output = output;
  }

  /** Starts a system with an embedded database on free ports. */
  static async start(variables: Record<string, string> = {}): Promise<System> {
    const folder = await mkdtemp(path.join(tmpdir(), 'transcripts-test-'));
    // Where the tests run as root, PostgreSQL runs as nobody, who has to get there.
    await chmod(folder, 0o755);
    const [port, metricsPort] = await freePorts(2);
    const output: string[] = [];
    const child = fork(MAIN, [], {
      silent: true,
      execArgv: [],
      env: {
        ...process.env,
        NODE_ENV: 'test',
        TMPDIR: folder,
        TRANSCRIPTS_API_PORT: String(port),
        WORKER_METRICS_PORT: String(metricsPort),
        TRANSCRIPTS_RETRY_SECONDS: '0.2',
        ...variables,
      },
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => output.push(text));
    const services = await new Promise<Record<ServiceName, Address>>((resolve, reject) => {
      child.once('message', (message) =>
        resolve((message as { services: Record<ServiceName, Address> }).services),
      );
      child.once('close', () => reject(new Error(`the system ended: ${output.join('')}`)));
    }).catch(async (error: unknown) => {
      await rm(folder, { recursive: true, force: true });
      throw error;
    });
    return new System(child, services, folder, output);
  }

  /** Ends the system, however it is, and removes its folder; gives what it had left there. */
  async stop(): Promise<string[]> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const exited = once(this.process, 'exit');
      this.process.kill('SIGTERM');
      await exited;
    }
    const left = await readdir(this.folder);
    await rm(this.folder, { recursive: true, force: true });
    return left;
  }

  fetch(address: string, init: RequestInit = {}): Promise<Response> {
    return fetch(new URL(address, this.url), init);
  }

  /** Asks the API, with a JSON body where there is one. */
  async ask(
    method: string,
    address: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await this.fetch(address, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const json = (await response.json()) as Record<string, unknown>;
    return { status: response.status, headers: response.headers, json };
  }

  /** Creates a job; gives its identifier. */
  async create(url: string, type = 'single'): Promise<string> {
    const { status, json } = await this.ask('POST', '/api/v1/jobs', { url, type });
    if (status !== 202) throw new Error(`a job was answered with ${status}: ${JSON.stringify(json)}`);
    return String(json.job_id);
  }

  /** A job with its videos. */
  async job(id: string): Promise<JobAnswer> {
    return (await this.ask('GET', `/api/v1/status/${id}`)).json as unknown as JobAnswer;
  }

  /** Creates a job and waits for its end. */
  async run(url: string, type = 'single', ms = 150_000): Promise<JobAnswer> {
    const id = await this.create(url, type);
    let job = await this.job(id);
    await eventually(async () => {
      job = await this.job(id);
      return job.status === 'completed' || job.status === 'failed';
    }, ms);
    return job;
  }

  async samples(service: ServiceName): Promise<Samples> {
    return readSamples(await this.exposition(service));
  }

  async exposition(service: ServiceName): Promise<string> {
    return (await fetch(this.services[service].metricsUrl)).text();
  }

  async allSamples(): Promise<SystemSamples> {
    const [api, worker] = await Promise.all([this.samples('api'), this.samples('worker')]);
    return { api, worker };
  }

  /** The sum of a family over the series whose labels contain these. */
  async sum(service: ServiceName, family: string, having: Record<string, string> = {}): Promise<number> {
    return sumOf(await this.samples(service), family, having);
  }

  /** The worker processes of a service that run now. */
  workers(service: ServiceName): number[] {
    return workersOf(this.process.pid, path.join(service, 'main.js'));
  }

  /** Whether both services have all their processes. */
  isComplete(): boolean {
    return SERVICE_NAMES.every((service) => this.workers(service).length === 2);
  }
}
