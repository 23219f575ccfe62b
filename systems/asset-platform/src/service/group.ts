/**
 * A service as a group of processes: a primary that works nothing itself, and workers that share its port.
 *
 * A worker that dies is replaced, at once when it had worked for a while, else after a pause that doubles, so that a
 * broken start does not spin. A group whose workers were never all ready ends with what the first one said that was
 * not. It stops on SIGTERM, SIGINT and when the process that started it with a channel goes, within
 * {@link STOP_MS_MAX}.
 *
 * The primary counts nothing, but it is there: what workers have counted stays also when all of them have died.
 */
import cluster, { type Worker } from 'node:cluster';
import type { Server } from 'node:http';
import { serveMetrics } from '@binnacle/metrics';
import { runtimeMetrics } from '@binnacle/metrics/runtime';
import { RUNTIME_METRICS } from '../metrics/runtime.ts';
import { metricsFolder } from './metrics-folder.ts';
import { addressOf, choosePort, listenHost } from './ports.ts';
import { type Environment, isProduction, SettingsError } from './settings.ts';

/** Processes of each service. */
export const WORKERS = 2;
/** How long requests that are under way at a stop may take. */
const STOP_GRACE_MS = 1_200;
/** When the primary kills workers that have not stopped. */
const STOP_MS_MAX = 2_500;
const RESTART_MS_MIN = 100;
const RESTART_MS_MAX = 10_000;
/** A worker that has worked for so long is replaced without a longer pause. */
const STEADY_MS = 10_000;

/** A service. */
export interface Service {
  /** `assets-service`: its name in metrics and messages. */
  readonly name: string;
  readonly port: number;
  /** The variable that names another port. */
  readonly portVariable: string;
  readonly metricsPort: number;
  /** Starts what a worker does; the server does not listen yet. */
  start(environment: Environment): Promise<Work>;
}

/** What a worker does. */
export interface Work {
  readonly server: Server;
  /** Ends what works beside the server, after the server has closed. */
  stop(): Promise<void>;
}

/** What a group says to the process that started it, once all workers are ready. */
export interface Listening {
  readonly type: 'listening';
  readonly url: string;
  readonly metricsUrl: string | undefined;
}

type WorkerSays =
  | { readonly type: 'ready'; readonly metricsUrl: string | undefined }
  | { readonly type: 'failed'; readonly message: string };

/** Runs the service in this process and the workers that it starts. */
export async function runService(service: Service): Promise<void> {
  if (cluster.isPrimary) await new Group(service).run();
  else await runWorker(service);
}

class Group {
  readonly #service: Service;
  readonly #readySince = new Map<Worker, number>();
  #told = false;
  #stopping = false;
  #pauseMs = RESTART_MS_MIN;
  #metricsUrl: string | undefined;
  #failure: string | undefined;
  #url = '';
  #variables: Record<string, string> = {};

  constructor(service: Service) {
    this.#service = service;
  }

  async run(): Promise<void> {
    for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) process.on(event, () => this.#stop(0));
    const { name, port, portVariable } = this.#service;
    const host = listenHost(process.env);
    try {
      const chosen = await choosePort(
        { service: name, host, variable: portVariable, fallback: port },
        process.env,
      );
      this.#variables = { [LISTEN_HOST]: host, [LISTEN_PORT]: String(chosen) };
      Object.assign(process.env, metricsFolder(name, process.env));
      await serveMetrics({ service: name, endpoint: false });
      this.#url = addressOf(host, chosen);
    } catch (error) {
      console.error(`${name}: ${inWords(error)}`);
      process.exit(1);
    }
    // Workers accept by themselves. Where the primary accepted for them, a connection that it was handing to a worker
    // which died in that moment would hang, neither served nor closed.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.on('message', (worker, said: WorkerSays) => this.#onMessage(worker, said));
    cluster.on('exit', (worker, code, signal) => this.#onExit(worker, signal ?? `exit code ${code}`));
    for (let i = 0; i < WORKERS; i++) this.#fork();
  }

  #fork(): void {
    if (!this.#stopping) cluster.fork(this.#variables);
  }

  #onMessage(worker: Worker, said: WorkerSays): void {
    if (said.type === 'failed') {
      this.#failure ??= said.message;
      return;
    }
    this.#readySince.set(worker, Date.now());
    this.#metricsUrl ??= said.metricsUrl;
    if (this.#told || this.#readySince.size < WORKERS) return;
    this.#told = true;
    const { name } = this.#service;
    console.log(`${name}: listening on ${this.#url}, metrics on ${this.#metricsUrl ?? 'no port'}`);
    process.send?.({ type: 'listening', url: this.#url, metricsUrl: this.#metricsUrl } satisfies Listening);
  }

  #onExit(worker: Worker, how: string): void {
    const since = this.#readySince.get(worker);
    this.#readySince.delete(worker);
    if (this.#stopping) {
      if (Object.keys(cluster.workers ?? {}).length === 0) process.exit();
      return;
    }
    const { name } = this.#service;
    if (!this.#told) {
      console.error(`${name}: ${this.#failure ?? `a worker ended before all were ready (${how})`}`);
      this.#stop(1);
      return;
    }
    const steady = since !== undefined && Date.now() - since > STEADY_MS;
    this.#pauseMs = steady ? RESTART_MS_MIN : Math.min(this.#pauseMs * 2, RESTART_MS_MAX);
    console.error(
      `${name}: worker ${worker.process.pid} ended (${this.#failure ?? how}); another one starts`,
    );
    this.#failure = undefined;
    setTimeout(() => this.#fork(), steady || since !== undefined ? RESTART_MS_MIN : this.#pauseMs);
  }

  #stop(code: number): void {
    if (this.#stopping) return;
    this.#stopping = true;
    process.exitCode = code;
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
    if (workers.length === 0) process.exit();
    for (const worker of workers) worker.process.kill('SIGTERM');
    setTimeout(() => {
      for (const worker of workers) worker.process.kill('SIGKILL');
    }, STOP_MS_MAX);
  }
}

const LISTEN_HOST = 'ASSET_PLATFORM_LISTEN_HOST';
const LISTEN_PORT = 'ASSET_PLATFORM_LISTEN_PORT';

async function runWorker(service: Service): Promise<void> {
  let work: Work | undefined;
  let stopping = false;
  // Ctrl-C reaches the whole group of processes; the primary decides when its workers end.
  process.on('SIGINT', () => {});
  const metrics = { close: async (): Promise<void> => {} };
  process.on('SIGTERM', () => {
    if (stopping) return;
    stopping = true;
    void close(work)
      .then(() => metrics.close())
      .finally(() => process.exit());
  });
  try {
    const served = await serveMetrics({ service: service.name, defaultPort: service.metricsPort });
    metrics.close = () => served.close();
    runtimeMetrics({ only: RUNTIME_METRICS });
    work = await service.start(process.env);
    const { server } = work;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(Number(process.env[LISTEN_PORT]), process.env[LISTEN_HOST], resolve);
    });
    process.send?.({ type: 'ready', metricsUrl: served.address } satisfies WorkerSays);
  } catch (error) {
    process.send?.({ type: 'failed', message: inWords(error) } satisfies WorkerSays, () => process.exit(1));
  }
}

/** Finishes what finishes in time, breaks off the rest. */
async function close(work: Work | undefined): Promise<void> {
  if (work === undefined) return;
  const { server } = work;
  const cut = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(cut);
  await work.stop();
}

/** What went wrong; what is no fault of ours needs no stack. */
function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const expected = error instanceof SettingsError || ('code' in error && error.code === 'port_taken');
  return expected && (isProduction(process.env) || error instanceof SettingsError)
    ? error.message
    : (error.stack ?? error.message);
}
