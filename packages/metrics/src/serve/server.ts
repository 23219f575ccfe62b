/**
 * Attaching a process to its service's metrics directory, and answering `/metrics` for all of its processes.
 *
 *     serveMetrics({ service: 'uploads', port: 9464 })
 *
 * Every process (or worker thread) of the service calls it. Each counts in a file of its own; whoever answers
 * reads them all. With a port, the processes elect one by a lock in the directory; when it dies the kernel frees
 * lock and port, and a sibling takes over within {@link ELECTION_INTERVAL_MS}.
 *
 * Nothing here takes a running service down: where the directory cannot be used, the process warns and goes on
 * counting for itself, and its own `/metrics` shows its own counts. What is wrong with the settings rejects at the
 * start, and so does a port that a stranger has in production.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Family } from '../exposition/families.ts';
import { defaultRegistry, type Registry } from '../registry.ts';
import { MetricsDirectory } from '../store/directory.ts';
import { StoreError } from '../store/errors.ts';
import { FLUSH_INTERVAL_MS } from '../store/flusher.ts';
import { Merger } from '../store/merge.ts';
import { nativeFilesOrNone } from '../store/native.ts';
import { DirectoryReader } from '../store/reader.ts';
import { SharedStore } from '../store/shared.ts';
import { Election } from './election.ts';
import type { ServeError } from './errors.ts';
import { aboutReading, aboutStore, declared } from './reading-families.ts';
import { type Exposition, type ExpositionOptions, Responder } from './responder.ts';
import type { FamilySource } from './scrapes.ts';
import { served } from './served.ts';
import { type MetricsSettings, metricsSettings, type ServeOptions } from './settings.ts';
import { asStoreError, warn } from './warnings.ts';

/** See `serveMetrics`. */
export function startServing(options: ServeOptions): Promise<MetricsServer> {
  const registry = options.registry ?? defaultRegistry();
  const started = start(registry, options);
  started.catch(({ message, code = 'setting_invalid' }: Error & { readonly code?: string }) =>
    warn({ message, code }),
  );
  return started;
}

async function start(registry: Registry, options: ServeOptions): Promise<MetricsServer> {
  let attached = served().get(registry);
  // Until it is known who may read, nobody may.
  if (attached === undefined) unattached.set(registry, closedServer(registry));
  const settings = metricsSettings(options.service, options, process.env);
  if (attached === undefined) {
    const server = new MetricsServer(registry, settings, options.createdSamples);
    unattached.delete(registry);
    attached = server.open(options).then(() => server);
    served().set(registry, attached);
    // What could not be opened is not in the way of a second try, or of whoever asks for /metrics.
    attached.catch(() => served().delete(registry));
  }
  const server = await attached;
  await server.stand(settings);
  return server;
}

/** A process in the directory of its service. */
export interface Membership {
  readonly directory: MetricsDirectory;
  readonly store: SharedStore;
}

/** A process's part in answering for its service. Made by `serveMetrics`. */
export class MetricsServer implements FamilySource {
  readonly #registry: Registry;
  readonly #settings: MetricsSettings;
  readonly #responder: Responder;
  /** Adds up what this process counts for itself. */
  readonly #own = new Merger();
  #directory: MetricsDirectory | undefined;
  #store: SharedStore | undefined;
  #reader: DirectoryReader | undefined;
  #election: Election | undefined;
  /** Whether it could not join the processes of the service. */
  #isAlone = false;

  /** @throws ServeError `secret_unreadable` */
  constructor(
    registry: Registry,
    settings: MetricsSettings = metricsSettings('', {}, {}),
    createdSamples = false,
  ) {
    this.#registry = registry;
    this.#settings = settings;
    const { access, enabled, endpoint } = settings;
    this.#responder = new Responder(this, { access, endpoint: enabled && endpoint, createdSamples });
  }

  /** Part of `serveMetrics`: joins the processes of the service. */
  async open({ service, instance = '' }: ServeOptions): Promise<void> {
    if (!this.#settings.enabled) return;
    try {
      const native = await nativeFilesOrNone();
      this.#directory = MetricsDirectory.open(this.#settings.directory, service, instance, native);
      this.#store = await SharedStore.join(this.#directory, warn);
      this.#reader = new DirectoryReader(this.#directory);
      this.#registry.attach(this.#store);
      if (this.#store.kind === 'written') warn(aboutLosses(this.#store));
    } catch (error) {
      if (error instanceof RangeError) throw error;
      this.#isAlone = true;
      warn(asStoreError(error));
    }
  }

  /** Part of `serveMetrics`: stands for election where a port is named and it does not yet. */
  async stand({ enabled, endpoint, port, host, tls, portTaken }: MetricsSettings): Promise<void> {
    const answers = this.#settings.enabled && this.#settings.endpoint && enabled && endpoint;
    if (!answers || port === undefined || this.#election !== undefined) return;
    this.#election = new Election(this.#directory, { host, port, tls, portTaken }, this.#responder);
    await this.#election.start();
  }

  /** Where the service's processes meet; undefined when this process counts for itself. */
  get directory(): string | undefined {
    return this.#store === undefined ? undefined : this.#directory?.path;
  }

  /** What this process is in its service; undefined when it counts for itself. */
  get membership(): Membership | undefined {
    return this.#store && { directory: this.#directory!, store: this.#store };
  }

  /** The address at which this process answers; undefined while another one does. */
  get address(): string | undefined {
    return this.#election?.address;
  }

  /** Asks this process's callbacks, so that {@link families} shows what they set; never rejects. */
  collect(): Promise<void> {
    return this.#registry.collect();
  }

  /** The families of all processes of the service, and what is to be said about the reading itself. */
  families(): readonly Family[] {
    if (this.#reader === undefined) {
      const view = this.#registry.ownView;
      const families = view === undefined ? [] : this.#own.merge([view]).families;
      const all = [...families, ...declared(this.#registry, families)];
      return this.#isAlone ? [...all, aboutStore('process')] : all;
    }
    const reading = this.#reader.read();
    // This process is a writer itself; an answer without it would look like a service that counts nothing.
    if (reading.writers === 0) {
      throw new StoreError(
        'io',
        `${this.directory} was deleted or emptied while the service runs; restart the service`,
      );
    }
    return [
      ...reading.families,
      ...declared(this.#registry, reading.families),
      ...aboutReading(reading, this.#responder.familiesLeftOut),
      aboutStore(this.#store!.kind),
    ];
  }

  /** `/metrics` of all processes of the service, as text. */
  exposition(): Promise<Exposition<string>>;
  /** `/metrics` of all processes of the service, in the format that an `Accept` header asks for. */
  exposition(options: ExpositionOptions): Promise<Exposition>;
  exposition(options: ExpositionOptions = {}): Promise<Exposition> {
    return this.#responder.exposition(options);
  }

  /**
   * Answers a request for `/metrics`, whatever its path: in the format that its `Accept` header asks for, gzipped
   * where it accepts that and comes from another machine, with only the families of its `name[]` parameters.
   */
  answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    return this.#responder.answer(request, response);
  }

  /** The same for a request of the Fetch API. */
  fetch(request: Request): Promise<Response> {
    return this.#responder.fetch(request);
  }

  /** Leaves the service: what was counted stays; what is counted from now on stays in this process. */
  async close(): Promise<void> {
    served().delete(this.#registry);
    await this.#election?.stop();
    if (this.#store !== undefined) this.#registry.detach();
    this.#store?.close();
    this.#reader?.close();
    this.#store = undefined;
    this.#reader = undefined;
  }

  /** Folds what has come of the last reading. */
  upkeep(): void {
    try {
      this.#reader?.upkeep();
    } catch (error) {
      warn(asStoreError(error)); // the counts stay where they are, and the next reading tries again
    }
  }
}

/** What is lost at most where files are not mapped. */
function aboutLosses({ outlivesBlocking }: SharedStore): StoreError {
  return new StoreError(
    'native_unavailable',
    `the processes of the service share what they count through files that are written every ${FLUSH_INTERVAL_MS} ms: ` +
      `one that is killed loses what it has counted since${outlivesBlocking ? '' : ', and while its event loop was blocked'}`,
  );
}

/** Answers for registries that were never attached. */
const unattached = new WeakMap<Registry, MetricsServer>();

/** The server that answers for a registry, also where it was never attached; never rejects. */
export async function serverFor(registry: Registry): Promise<MetricsServer> {
  const attached = await served()
    .get(registry)
    ?.catch(() => undefined);
  if (attached !== undefined) return attached;
  let server = unattached.get(registry);
  if (server === undefined) {
    server = serverByEnvironment(registry);
    unattached.set(registry, server);
  }
  return server;
}

function serverByEnvironment(registry: Registry): MetricsServer {
  try {
    return new MetricsServer(registry, metricsSettings('', {}, process.env));
  } catch (error) {
    warn(error as ServeError);
    return closedServer(registry);
  }
}

/** Answers nobody, since what was said of who may read cannot be. */
function closedServer(registry: Registry): MetricsServer {
  return new MetricsServer(registry, metricsSettings('', { endpoint: false }, {}));
}
