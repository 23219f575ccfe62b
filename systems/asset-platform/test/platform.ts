/** Runs the platform as its users do, as a process with all that it starts, in folders and on ports of its own. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSamples, type Samples } from '../../parts/dist/samples.js';
import { freePorts, sumOf, workersOf } from '../../parts/test/running.ts';
import { type PlatformSamples, SERVICE_NAMES, type ServiceName } from '../dist/ledger.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** The variables of each service: its port, and the port of its metrics. */
export const PORT_VARIABLES: Readonly<Record<ServiceName, readonly [port: string, metrics: string]>> = {
  gateway: ['API_GATEWAY_PORT', 'API_GATEWAY_METRICS_PORT'],
  assets: ['ASSETS_SERVICE_PORT', 'ASSETS_SERVICE_METRICS_PORT'],
  files: ['FILES_SERVICE_PORT', 'FILES_SERVICE_METRICS_PORT'],
  search: ['SEARCH_SERVICE_PORT', 'SEARCH_SERVICE_METRICS_PORT'],
  transcode: ['TRANSCODE_SERVICE_PORT', 'TRANSCODE_SERVICE_METRICS_PORT'],
};

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

/** A platform in processes of its own. */
export class Platform {
  readonly process: ChildProcess;
  /** Of the gateway. */
  readonly url: string;
  readonly services: Readonly<Record<ServiceName, Address>>;
  readonly folder: string;
  /** What it wrote to its standard output and error. */
  readonly output: readonly string[];
  /** How often {@link ask} has asked for what: `POST /api/v1/assets`. */
  readonly asked = new Map<string, number>();

  private constructor(
    process: ChildProcess,
    services: Readonly<Record<ServiceName, Address>>,
    folder: string,
    output: readonly string[],
  ) {
    this.process = process;
    this.url = services.gateway.url;
    this.services = services;
    this.folder = folder;
    this.output = output;
  }

  /** Starts a platform with an embedded database, by default on free ports. */
  static async start(variables: Record<string, string> = {}): Promise<Platform> {
    const folder = await mkdtemp(path.join(tmpdir(), 'asset-platform-test-'));
    const ports = await freePorts(SERVICE_NAMES.length * 2);
    const free = SERVICE_NAMES.flatMap((name, i) =>
      PORT_VARIABLES[name].map((variable, j) => [variable, String(ports[i * 2 + j])]),
    );
    const output: string[] = [];
    const child = fork(MAIN, [], {
      silent: true,
      execArgv: [],
      env: {
        ...process.env,
        NODE_ENV: 'test',
        PROMETHEUS_MULTIPROC_DIR: path.join(folder, 'metrics'),
        FILES_SERVICE_DIR: path.join(folder, 'files'),
        ...Object.fromEntries(free),
        ...variables,
      },
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => output.push(text));
    const services = await new Promise<Record<ServiceName, Address>>((resolve, reject) => {
      child.once('message', (message) =>
        resolve((message as { services: Record<ServiceName, Address> }).services),
      );
      child.once('close', () => reject(new Error(`the platform ended: ${output.join('')}`)));
    }).catch(async (error: unknown) => {
      await rm(folder, { recursive: true, force: true });
      throw error;
    });
    return new Platform(child, services, folder, output);
  }

  /** Ends the platform, however it is, and removes its folders. */
  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const exited = once(this.process, 'exit');
      this.process.kill('SIGTERM');
      await exited;
    }
    // What the workers of a service that was killed still write ends a moment later.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 20 });
  }

  fetch(address: string, init: RequestInit = {}): Promise<Response> {
    return fetch(new URL(address, this.url), init);
  }

  /** Asks the gateway, with a JSON body where there is one. */
  async ask(method: string, address: string, body?: unknown): Promise<Answer> {
    const what = `${method} ${address}`;
    this.asked.set(what, (this.asked.get(what) ?? 0) + 1);
    const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return answerOf(await this.fetch(address, { method, ...(body !== undefined && json) }));
  }

  /** Creates an asset; gives its identifier. */
  async createAsset(name = 'an asset'): Promise<string> {
    return String((await this.ask('POST', '/api/v1/assets', { name })).json.asset_id);
  }

  /** Uploads a file to an asset. */
  async upload(assetId: string, name: string, body: Uint8Array | string): Promise<Answer> {
    const address = `/api/v1/assets/${assetId}/files?name=${encodeURIComponent(name)}`;
    return answerOf(await this.fetch(address, { method: 'POST', body: body as string }));
  }

  async samples(service: ServiceName): Promise<Samples> {
    return readSamples(await this.exposition(service));
  }

  async exposition(service: ServiceName): Promise<string> {
    return (await fetch(this.services[service].metricsUrl)).text();
  }

  async allSamples(): Promise<PlatformSamples> {
    const all = await Promise.all(
      SERVICE_NAMES.map(async (name) => [name, await this.samples(name)] as const),
    );
    return Object.fromEntries(all) as unknown as PlatformSamples;
  }

  /** The sum of a family over the series whose labels contain these. */
  async sum(service: ServiceName, family: string, having: Record<string, string> = {}): Promise<number> {
    return sumOf(await this.samples(service), family, having);
  }

  /** The worker processes of a service that run now. */
  workers(service: ServiceName): number[] {
    return workersOf(this.process.pid, path.join(service, 'main.js'));
  }
}

/** Reads an answer. */
export async function answerOf(response: Response): Promise<Answer> {
  const { status, headers } = response;
  return { status, headers, json: (await response.json()) as Record<string, unknown> };
}
