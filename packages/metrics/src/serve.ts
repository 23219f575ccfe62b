/**
 * Attaching a process to its service's metrics directory, and answering `/metrics` for all of its processes.
 *
 *     serveMetrics({ service: 'uploads', port: 9464 })
 *
 * Every process (or worker thread) of the service calls it. Each counts in a file of its own; whoever answers
 * reads them all. With a port, the processes elect one by a lock in the directory; when it dies the kernel frees
 * lock and port, and a sibling takes over within {@link ELECTION_INTERVAL_MS}.
 *
 * Nothing here takes a service down: where the directory cannot be used, the process warns and goes on counting
 * for itself, and its own `/metrics` shows its own counts.
 */
import fs from 'node:fs';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Family } from './exposition/families.ts';
import { acceptsGzip, type Negotiated, negotiate, writeExposition } from './exposition/negotiate.ts';
import { TEXT_CONTENT_TYPE } from './exposition/text.ts';
import { defaultRegistry, type Registry } from './registry.ts';
import { defaultDirectory, MetricsDirectory } from './store/directory.ts';
import { StoreError } from './store/errors.ts';
import { Merger } from './store/merge.ts';
import { loadNativeFiles } from './store/native.ts';
import { DirectoryReader, type Reading } from './store/reader.ts';
import { SharedStore } from './store/shared.ts';

/** How often a process that does not answer looks whether it should. */
export const ELECTION_INTERVAL_MS = 1_000;

export interface ServeOptions {
  /** What all processes that are added up have in common. */
  readonly service: string;
  /** Tells replicas of one service apart that run on one machine; each needs a directory of its own. */
  readonly instance?: string;
  /** Default: `BINNACLE_METRICS_DIR`, else a folder of the service in memory (`/dev/shm`) or the temporary folder. */
  readonly directory?: string;
  /** Where the elected process answers `/metrics`; without it, mount {@link metricsHandler} in the application. */
  readonly port?: number;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  readonly registry?: Registry;
  /**
   * Whether OpenMetrics carries a `_created` sample for each counter and histogram. Default false: Prometheus stores
   * them as series of their own, twice as many for counters. Protobuf carries the times at no such cost, always.
   */
  readonly createdSamples?: boolean;
}

/** Below this, a body is sent as it is: compressing costs more than sending. */
export const GZIP_BYTES_MIN = 1_024;

/** A body for a scraper. */
export interface Exposition<Body extends string | Uint8Array = string | Uint8Array> {
  /** Text, or the bytes of protobuf. */
  readonly body: Body;
  readonly contentType: string;
}

/** What a scraper asks for. */
export interface ExpositionOptions {
  /** Its `Accept` header; without it, text 0.0.4. */
  readonly accept?: string | undefined;
  /** Whole names of the families that it wants (`uploads_total`); without them, all. */
  readonly names?: readonly string[] | undefined;
}

/** Text for callers that name no format: they know UTF-8. */
const PLAIN: Negotiated = { format: 'text', escaping: 'allow-utf-8', contentType: TEXT_CONTENT_TYPE };

const SERVED: unique symbol = Symbol.for('@binnacle/metrics/served/v1');

/** The servers by registry, over all copies of this package: a registry that is attached twice counts twice. */
const served = servers();

function servers(): WeakMap<Registry, Promise<MetricsServer>> {
  const holder = globalThis as { [SERVED]?: WeakMap<Registry, Promise<MetricsServer>> };
  holder[SERVED] ??= new WeakMap();
  return holder[SERVED];
}

/** The server of a registry for which {@link serveMetrics} was called; undefined where it was not. */
export function serverOf(registry: Registry = defaultRegistry()): Promise<MetricsServer> | undefined {
  return served.get(registry);
}

/**
 * Attaches this process and, with a port, stands for election. A second call for the same registry gives the
 * same server, which stands for election from then on where only the second call names a port.
 */
export function serveMetrics(options: ServeOptions): Promise<MetricsServer> {
  const registry = options.registry ?? defaultRegistry();
  let running = served.get(registry);
  if (running === undefined) {
    const server = new MetricsServer(registry);
    running = server.open(options).then(() => server);
    served.set(registry, running);
    // What could not be opened is not in the way of a second try, or of whoever asks for /metrics.
    running.catch(() => served.delete(registry));
  } else if (options.port !== undefined) {
    const attached = running;
    running = attached.then((server) => server.stand(options)).then(() => attached);
  }
  return running;
}

/** A process's part in answering for its service. Made by {@link serveMetrics}. */
export class MetricsServer {
  readonly #registry: Registry;
  #createdSamples = false;
  #directory: MetricsDirectory | undefined;
  #store: SharedStore | undefined;
  #reader: DirectoryReader | undefined;
  #election: Election | undefined;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Part of {@link serveMetrics}. */
  async open(options: ServeOptions): Promise<void> {
    this.#createdSamples = options.createdSamples ?? false;
    const path = options.directory ?? process.env.BINNACLE_METRICS_DIR ?? defaultDirectory(options.service);
    try {
      const native = await loadNativeFiles();
      this.#directory = MetricsDirectory.open(path, options.service, options.instance ?? '', native);
      this.#store = await SharedStore.join(this.#directory, warn);
      this.#reader = new DirectoryReader(this.#directory);
      this.#registry.attach(this.#store);
    } catch (error) {
      if (error instanceof RangeError) throw error;
      warn(asStoreError(error));
    }
    await this.stand(options);
  }

  /** Part of {@link serveMetrics}: stands for election where a port is named and it does not yet. */
  async stand({ host = '127.0.0.1', port }: ServeOptions): Promise<void> {
    if (port === undefined || this.#election !== undefined) return;
    this.#election = new Election(this.#directory, host, port, (request, response) =>
      this.answer(request, response),
    );
    await this.#election.start();
  }

  /** Where the service's processes meet; undefined when this process counts for itself. */
  get directory(): string | undefined {
    return this.#store === undefined ? undefined : this.#directory?.path;
  }

  /** The address at which this process answers; undefined while another one does. */
  get address(): string | undefined {
    return this.#election?.address;
  }

  /** The families of all processes of the service, and what is to be said about the reading itself. */
  families(): readonly Family[] {
    if (this.#reader === undefined) {
      const view = this.#registry.ownView;
      return view === undefined ? [] : new Merger().merge([view]).families;
    }
    const reading = this.#reader.read();
    // This process is a writer itself; an answer without it would look like a service that counts nothing.
    if (reading.writers === 0) {
      throw new StoreError(
        'io',
        `${this.directory} was deleted or emptied while the service runs; restart the service`,
      );
    }
    if (reading.deadSegments > 0 || reading.expired.length > 0) this.#fold(this.#reader);
    return [...reading.families, ...aboutReading(reading)];
  }

  /** `/metrics` of all processes of the service, as text. */
  exposition(): Promise<Exposition<string>>;
  /** `/metrics` of all processes of the service, in the format that an `Accept` header asks for. */
  exposition(options: ExpositionOptions): Promise<Exposition>;
  async exposition({ accept, names }: ExpositionOptions = {}): Promise<Exposition> {
    const negotiated = accept === undefined ? PLAIN : negotiate(accept);
    const bytes = await this.#bytes(negotiated, names);
    const { format, contentType } = negotiated;
    return { body: format === 'protobuf' ? bytes : bytes.toString('utf8'), contentType };
  }

  async #bytes(negotiated: Negotiated, names: readonly string[] = []): Promise<Buffer> {
    await this.#registry.collect();
    const families = this.families();
    const wanted = names.length === 0 ? families : families.filter((family) => names.includes(family.name));
    const slices: Uint8Array[] = [];
    for (const slice of writeExposition(wanted, negotiated, { created: this.#createdSamples })) {
      slices.push(slice);
      // A large exposition gives way to the application between slices.
      await new Promise(setImmediate);
    }
    return Buffer.concat(slices);
  }

  /**
   * Answers a request for `/metrics`, whatever its path: in the format that its `Accept` header asks for, gzipped
   * where it accepts that and comes from another machine, with only the families of its `name[]` parameters.
   */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    try {
      const negotiated = negotiate(request.headers.accept);
      const plain = await this.#bytes(negotiated, namesOf(request.url));
      const compress =
        plain.length >= GZIP_BYTES_MIN &&
        acceptsGzip(request.headers['accept-encoding']?.toString()) &&
        !isBesideUs(request);
      const body = compress ? await compressed(plain) : plain;
      response.writeHead(200, {
        'content-type': negotiated.contentType,
        'content-length': body.length,
        vary: 'accept, accept-encoding',
        ...(compress && { 'content-encoding': 'gzip' }),
      });
      response.end(request.method === 'HEAD' ? undefined : body);
    } catch (error) {
      warn(asStoreError(error));
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(`the metrics of the service cannot be read: ${(error as Error).message}\n`);
    }
  }

  /** Leaves the service: what was counted stays; what is counted from now on stays in this process. */
  async close(): Promise<void> {
    served.delete(this.#registry);
    await this.#election?.stop();
    if (this.#store !== undefined) this.#registry.detach();
    this.#store?.close();
    this.#reader?.close();
    this.#store = undefined;
    this.#reader = undefined;
  }

  #fold(reader: DirectoryReader): void {
    try {
      reader.fold();
    } catch (error) {
      warn(asStoreError(error)); // the counts stay where they are, and the next reading tries again
    }
  }
}

const gzipAsync = promisify(gzip);

/** Compresses off the event loop; the fastest level makes metrics but a fifth larger than the default one, in half the time. */
function compressed(body: Buffer): Promise<Buffer> {
  return gzipAsync(body, { level: constants.Z_BEST_SPEED });
}

/** Whether a request comes from this machine, where compressing costs more than sending; a proxy forwards for others. */
function isBesideUs(request: IncomingMessage): boolean {
  const { headers } = request;
  if (
    headers['x-forwarded-for'] !== undefined ||
    headers.forwarded !== undefined ||
    headers.via !== undefined
  )
    return false;
  const address = request.socket.remoteAddress ?? '';
  return address === '::1' || /^(?:::ffff:)?127\./.test(address);
}

/** The `name[]` parameters of a request. */
function namesOf(url: string | undefined): string[] {
  const query = url?.indexOf('?') ?? -1;
  return query < 0 ? [] : new URLSearchParams(url!.slice(query)).getAll('name[]');
}

/** A handler for the application's own port; any process of the service may answer. Call {@link serveMetrics} first. */
export function metricsHandler(
  registry: Registry = defaultRegistry(),
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const server = (await served.get(registry)) ?? new MetricsServer(registry);
    await server.answer(request, response);
  };
}

/** The election of the process that answers on the service's port. */
class Election {
  readonly #directory: MetricsDirectory | undefined;
  readonly #host: string;
  readonly #port: number;
  readonly #answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  #lockFd: number | undefined;
  #server: http.Server | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    directory: MetricsDirectory | undefined,
    host: string,
    port: number,
    answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  ) {
    this.#directory = directory;
    this.#host = host;
    this.#port = port;
    this.#answer = answer;
  }

  async start(): Promise<void> {
    await this.#stand();
    this.#timer = setInterval(() => void this.#stand(), ELECTION_INTERVAL_MS);
    this.#timer.unref();
  }

  get address(): string | undefined {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null
      ? `http://${this.#host}:${address.port}/metrics`
      : undefined;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    if (this.#lockFd !== undefined) fs.closeSync(this.#lockFd);
    this.#lockFd = undefined;
  }

  /** Answers from now on where it is elected; never rejects, since nobody waits for most of its calls. */
  async #stand(): Promise<void> {
    try {
      if (this.#server === undefined && this.#elected()) await this.#listen();
    } catch (error) {
      const what = `cannot answer /metrics on ${this.#host}:${this.#port}: ${(error as Error).message}; it tries again every second`;
      warn(new StoreError('io', what, { cause: error }));
    }
  }

  async #listen(): Promise<void> {
    const server = http.createServer((request, response) => {
      const path = request.url?.split('?')[0];
      if (path === '/metrics') void this.#answer(request, response);
      else response.writeHead(404, { 'content-type': 'text/plain' }).end('the metrics are at /metrics\n');
    });
    this.#server = server;
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(this.#port, this.#host, resolve);
      });
    } catch (error) {
      this.#server = undefined;
      throw error;
    }
    // Such as too many open files: a connection is lost, the program is not.
    server.on('error', (error) => warn(asStoreError(error)));
    // Answering must not keep a program running that has nothing else to do.
    server.unref();
  }

  /** Whether this process holds the lock of the one that answers. */
  #elected(): boolean {
    if (this.#lockFd !== undefined || this.#directory === undefined) return true;
    const fd = fs.openSync(this.#directory.file('answer.lock'), 'a', 0o600);
    if (this.#directory.native.tryLock(fd, 'exclusive')) {
      this.#lockFd = fd;
      return true;
    }
    fs.closeSync(fd);
    return false;
  }
}

function aboutReading({ writers, skipped, conflicts }: Reading): Family[] {
  const gauge = (name: string, help: string, value: number): Family => ({
    type: 'gauge',
    name,
    help,
    unit: '',
    labelNames: [],
    series: [{ labelValues: [], value }],
  });
  return [
    gauge(
      'binnacle_metrics_writers',
      'Processes and worker threads of the service that are running',
      writers,
    ),
    gauge(
      'binnacle_metrics_files_skipped',
      'Files of the metrics directory that could not be read',
      skipped.size,
    ),
    gauge(
      'binnacle_metrics_series_conflicting',
      'Series left out because processes disagree about their family',
      conflicts,
    ),
  ];
}

const warned = new Set<string>();

/** Warns, once of each thing: a scraper asks again and again. */
function warn(error: StoreError): void {
  if (warned.has(error.message)) return;
  warned.add(error.message);
  process.emitWarning(error.message, { type: 'BinnacleMetricsWarning', code: error.code });
}

function asStoreError(cause: unknown): StoreError {
  return cause instanceof StoreError ? cause : new StoreError('io', (cause as Error).message, { cause });
}
