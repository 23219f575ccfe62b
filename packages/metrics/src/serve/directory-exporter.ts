/**
 * Answering for a service from outside: a reader of its metrics directory that writes no metrics of its own.
 *
 * It must run as the user that the directory belongs to, since whoever may write to a file that is mapped may bring
 * down who reads it. It folds what writers left that are gone, as the service's own processes do when they are
 * scraped: where only the exporter is, nobody else would, and each killed process would make every scrape dearer.
 * Folding takes the directory's lock for a moment and changes no count. In a directory that may not be written it
 * only reads.
 *
 * When all writers have gone it goes on showing what they counted; the first of the next epoch begins at 0.
 */
import fs from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import type { Family } from '../exposition/families.ts';
import { MetricsDirectory } from '../store/directory.ts';
import { StoreError } from '../store/errors.ts';
import { loadNativeFiles, nativeFilesOrNone } from '../store/native.ts';
import { DirectoryReader } from '../store/reader.ts';
import { FORMAT_VERSION } from '../store/segment-header.ts';
import { type Listener, listen } from './listener.ts';
import { aboutReading, aboutStore } from './reading-families.ts';
import { type Exposition, type ExpositionOptions, Responder } from './responder.ts';
import type { FamilySource } from './scrapes.ts';
import type { AccessOptions, TlsOptions } from './settings.ts';
import { asStoreError, warn } from './warnings.ts';

/** Options of `exportDirectory`. */
export interface DirectoryExporterOptions extends AccessOptions {
  /** See {@link ServeOptions.createdSamples}. */
  readonly createdSamples?: boolean;
}

/** See `exportDirectory`. */
export async function openDirectory(
  directory: string,
  options: DirectoryExporterOptions,
): Promise<DirectoryExporter> {
  const absolute = path.resolve(directory);
  if (!fs.existsSync(absolute)) {
    throw new StoreError(
      'directory_unusable',
      `there is no directory ${absolute}; start the service first, or look at its BINNACLE_METRICS_DIR`,
    );
  }
  const { service, instance } = whose(absolute);
  const opened = MetricsDirectory.open(absolute, service, instance, await nativeFilesOrNone());
  if (opened.kind === 'mapped') await loadNativeFiles();
  const exporter = new DirectoryExporter(opened, options);
  return exporter;
}

/** Whose metrics lie in a directory, by its `service.json`. */
function whose(directory: string): { service: string; instance: string } {
  const file = path.join(directory, 'service.json');
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT'
        ? 'has no service.json: it is no metrics directory, or no process of its service has run yet'
        : code === 'EACCES' || code === 'EPERM'
          ? 'may not be read by this user; run the exporter as the user of the service'
          : `cannot be read: ${message}`;
    throw new StoreError('directory_unusable', `${directory} ${why}`, { cause });
  }
  const manifest = manifestOf(text);
  if (manifest === undefined)
    throw new StoreError(
      'directory_unusable',
      `${file} is not what a service notes; is ${directory} a metrics directory?`,
    );
  if (manifest.format !== FORMAT_VERSION) {
    throw new StoreError(
      'format_version',
      `${directory} was written in format ${manifest.format}, this exporter reads format ${FORMAT_VERSION}; take the version of Binnacle that the service has`,
    );
  }
  return manifest;
}

function manifestOf(text: string): { format: number; service: string; instance: string } | undefined {
  try {
    const { format, service, instance } = JSON.parse(text) as Record<string, unknown>;
    if (typeof format !== 'number' || typeof service !== 'string' || typeof instance !== 'string')
      return undefined;
    return { format, service, instance };
  } catch {
    return undefined;
  }
}

/** A reader of a service's metrics directory that answers `/metrics`. Made by `exportDirectory`. */
export class DirectoryExporter implements FamilySource {
  readonly service: string;
  readonly instance: string;
  readonly #directory: MetricsDirectory;
  readonly #reader: DirectoryReader;
  readonly #responder: Responder;
  readonly #listeners: Listener[] = [];

  /** Part of `exportDirectory`. */
  constructor(directory: MetricsDirectory, { createdSamples = false, ...access }: DirectoryExporterOptions) {
    this.#directory = directory;
    this.service = directory.service;
    this.instance = directory.instance;
    this.#reader = new DirectoryReader(directory);
    this.#responder = new Responder(this, { access, endpoint: true, createdSamples });
  }

  /** The directory that is read. */
  get directory(): string {
    return this.#directory.path;
  }

  /** Nothing is to be brought up to date from outside: the service's processes do that themselves. */
  async collect(): Promise<void> {}

  /**
   * What all processes of the service have counted.
   * @throws StoreError `directory_unusable` when the directory has gone
   */
  families(): readonly Family[] {
    if (this.#directory.manifest() === undefined)
      throw new StoreError('directory_unusable', `${this.directory} was deleted or emptied meanwhile`);
    const reading = this.#reader.read();
    return [
      ...reading.families,
      ...aboutReading(reading, this.#responder.familiesLeftOut),
      aboutStore(this.#directory.kind),
    ];
  }

  /** `/metrics`, as text. */
  exposition(): Promise<Exposition<string>>;
  /** `/metrics` in the format that an `Accept` header asks for. */
  exposition(options: ExpositionOptions): Promise<Exposition>;
  exposition(options: ExpositionOptions = {}): Promise<Exposition> {
    return this.#responder.exposition(options);
  }

  /** Answers a request for `/metrics`, whatever its path, as {@link MetricsServer.answer} does. */
  answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    return this.#responder.answer(request, response);
  }

  /**
   * Answers on a port; it alone does not keep the program running.
   * @throws Node's error, such as `EADDRINUSE`; ServeError `secret_unreadable`
   */
  async listen({
    host = '127.0.0.1',
    port,
    tls,
  }: {
    readonly host?: string;
    readonly port: number;
    readonly tls?: TlsOptions;
  }): Promise<Listener> {
    const listener = await listen(this.#responder, { host, port, tls });
    this.#listeners.push(listener);
    return listener;
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.splice(0).map((listener) => listener.close()));
    this.#reader.close();
  }

  /** Folds what has come of the last reading, where that is allowed. */
  upkeep(): void {
    if (!this.#reader.hasUpkeep) return;
    try {
      fs.accessSync(this.directory, fs.constants.W_OK);
    } catch {
      return; // a reader only
    }
    try {
      this.#reader.upkeep();
    } catch (error) {
      warn(asStoreError(error));
    }
  }
}
