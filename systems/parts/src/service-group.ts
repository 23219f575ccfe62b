/**
 * A service as a group of processes: a primary that works nothing itself, and workers that share its port, if it has
 * one.
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
import { type MetricsServer, serveMetrics } from '@binnacle/metrics';
import { type RuntimeMetricName, runtimeMetrics } from '@binnacle/metrics/runtime';
import { metricsFolder } from './metrics-folder.ts';
import { addressOf, choosePort, listenHost } from './ports.ts';
import { type Environment, isProduction, SettingsError } from './settings.ts';

/** Worker processes of a service that does not say how many. */
export const WORKERS = 2;
/** How long requests that are under way at a stop may take. */
const STOP_GRACE_MS = 1_200;
/** When the primary kills workers that have not stopped. */
const STOP_MS_MAX = 10_000;
const RESTART_MS_MIN = 100;
const RESTART_MS_MAX = 10_000;
/** A worker that has worked for so long is replaced without a longer pause. */
const STEADY_MS = 10_000;

/** A service. */
export interface Service {
  /** `assets-service`: its name in messages, and in metrics where {@link countsAs} says nothing else. */
  readonly name: string;
  /** The service that it counts in, where several groups are one service; false where nothing is counted. */
  readonly countsAs?: string | false;
  /** Where it listens; without it, workers have no server. */
  readonly port?: number;
  /** The variable that names another port. */
  readonly portVariable?: string;
  /** The variable that names another address than loopback to listen on. */
  readonly hostVariable?: string;
  /** A port for `/metrics`; without it the application answers there itself, by `metricsHandler()`. */
  readonly metricsPort?: number;
  /** Default: {@link WORKERS}. */
  readonly workers?: number;
  /** What each worker reports of its process; default: nothing. */
  readonly runtime?: readonly RuntimeMetricName[];
  /** Starts what a worker does; the server does not listen yet. */
  start(environment: Environment): Promise<Work>;
}

/** What a worker does. */
export interface Work {
  /** Listens on the port of the group; to be there exactly where the service has a port. */
  readonly server?: Server;
  /** Ends what works beside the server, after the server has closed. */
  stop(): Promise<void>;
}

/** What a group says to the process that started it, once all workers are ready. */
export interface Listening {
  readonly type: 'listening';
  /** Where it listens; empty where it has no port. */
  readonly url: string;
  /** Where its metrics are; undefined where they have no port of their own that could be had. */
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
    const { name } = this.#service;
    try {
      await this.#choosePort();
      const countsAs = countedAs(this.#service);
      if (countsAs !== false) {
        Object.assign(process.env, metricsFolder(countsAs, process.env));
        await serveMetrics({ service: countsAs, endpoint: false });
      }
    } catch (error) {
      console.error(`${name}: ${inWords(error)}`);
      process.exit(1);
    }
    // Workers accept by themselves. Where the primary accepted for them, a connection that it was handing to a worker
    // which died in that moment would hang, neither served nor closed.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.on('message', (worker, said: WorkerSays) => this.#onMessage(worker, said));
    cluster.on('exit', (worker, code, signal) => this.#onExit(worker, signal ?? `exit code ${code}`));
    for (let i = 0; i < this.#workers; i++) this.#fork();
  }

  get #workers(): number {
    return this.#service.workers ?? WORKERS;
  }

  async #choosePort(): Promise<void> {
    const { name, port, portVariable = '', hostVariable = '' } = this.#service;
    if (port === undefined) return;
    const host = listenHost(process.env, hostVariable);
    const setting = { service: name, host, variable: portVariable, fallback: port };
    const chosen = await choosePort(setting, process.env);
    this.#variables = { [LISTEN_HOST]: host, [LISTEN_PORT]: String(chosen) };
    this.#url = addressOf(host, chosen);
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
    if (this.#told || this.#readySince.size < this.#workers) return;
    this.#told = true;
    const { name, port, metricsPort, countsAs } = this.#service;
    // Where the application answers for its metrics, it does so on its own port.
    if (metricsPort === undefined && port !== undefined && countsAs !== false)
      this.#metricsUrl = `${this.#url}/metrics`;
    console.log(
      port === undefined
        ? `${name}: ${this.#workers} workers are ready`
        : `${name}: listening on ${this.#url}, metrics on ${this.#metricsUrl ?? 'no port'}`,
    );
    process.send?.({ type: 'listening', url: this.#url, metricsUrl: this.#metricsUrl } satisfies Listening);
  }

  #onExit(worker: Worker, how: string): void {
    const since = this.#readySince.get(worker);
    this.#readySince.delete(worker);
    if (this.#stopping) {
      if (livingWorkers().length === 0) process.exit();
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
    const workers = livingWorkers();
    if (workers.length === 0) process.exit();
    for (const worker of workers) worker.process.kill('SIGTERM');
    setTimeout(() => {
      for (const worker of workers) worker.process.kill('SIGKILL');
    }, STOP_MS_MAX);
  }
}

/** Those that have not ended. Node may hear that a worker has ended before it sees its channel closed, and keeps it till then. */
function livingWorkers(): readonly Worker[] {
  const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  return workers.filter((worker) => !worker.isDead());
}

const LISTEN_HOST = 'SERVICE_GROUP_HOST';
const LISTEN_PORT = 'SERVICE_GROUP_PORT';

function countedAs({ name, countsAs }: Service): string | false {
  return countsAs ?? name;
}

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
    const served = await attachMetrics(service);
    metrics.close = async () => served?.close();
    if (service.runtime !== undefined) runtimeMetrics({ only: service.runtime });
    work = await service.start(process.env);
    if (work.server !== undefined) await listen(work.server);
    process.send?.({ type: 'ready', metricsUrl: served?.address } satisfies WorkerSays);
  } catch (error) {
    process.send?.({ type: 'failed', message: inWords(error) } satisfies WorkerSays, () => process.exit(1));
  }
}

async function attachMetrics(service: Service): Promise<MetricsServer | undefined> {
  const { metricsPort } = service;
  const countsAs = countedAs(service);
  if (countsAs === false) return undefined;
  // Without a port nobody listens, and a handler on the application's own port answers unless a variable forbids it.
  const where = metricsPort === undefined ? {} : { defaultPort: metricsPort };
  return serveMetrics({ service: countsAs, ...where });
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(Number(process.env[LISTEN_PORT]), process.env[LISTEN_HOST], resolve);
  });
}

/** Finishes what finishes in time, breaks off the rest. */
async function close(work: Work | undefined): Promise<void> {
  if (work?.server !== undefined) await closeServer(work.server);
  await work?.stop();
}

async function closeServer(server: Server): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(cut);
}

/** What went wrong; what is no fault of ours needs no stack. */
function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const expected = error instanceof SettingsError || ('code' in error && error.code === 'port_taken');
  return expected && (isProduction(process.env) || error instanceof SettingsError)
    ? error.message
    : (error.stack ?? error.message);
}
