/** Where files are put: with a provider that is drawn at random among those that have room, measured on the way. */
import type { Readable } from 'node:stream';
import {
  instrumentStorage,
  type MeasuredStorage,
  measureUsage,
  type UsageMeasuring,
} from '@binnacle/metrics/storage';
import { StorageError } from '../errors.ts';
import type { Files, NewFile, StoredFile } from '../files.ts';
import { storage as metrics, PROVIDERS, type ProviderName } from '../metrics.ts';
import type { Provider, Providers } from './provider.ts';

/** How often usage is read from the database, beside every time that it changes. */
export const USAGE_INTERVAL_MS = 60_000;

/** A video that was fetched. */
export interface LocalVideo extends NewFile {
  /** Where it is on this machine. */
  readonly path: string;
}

/** The storage of one process. */
export class Storage {
  readonly #files: Files;
  readonly #providers: Providers;
  readonly #measured: MeasuredStorage<ProviderName> = instrumentStorage({ metrics });
  readonly #usage: UsageMeasuring;

  /** Begins to tell what lies where, as the database knows it. */
  constructor(files: Files, providers: Providers) {
    this.#files = files;
    this.#providers = providers;
    this.#usage = measureUsage({ metrics, usage: () => files.stats(), intervalMs: USAGE_INTERVAL_MS });
  }

  /**
   * Puts a video where there is room. It counts once the download ends with it; until then the room is promised.
   * @throws StorageError where no provider has room, or the one that was chosen fails
   */
  async store(video: LocalVideo, signal: AbortSignal): Promise<StoredFile> {
    const file = await this.#files.reserve(video, shuffled(PROVIDERS));
    if (file === undefined)
      throw new StorageError('STORAGE_FULL', `no provider has room for ${video.bytes} bytes; remove files`);
    const { path, mediaType, bytes } = video;
    try {
      await this.#measured.upload(file.provider, () =>
        this.#of(file).put({ name: objectName(file), path, mediaType, bytes }, signal),
      );
      return file;
    } catch (error) {
      await this.giveUp(file);
      if (signal.aborted) throw signal.reason;
      throw new StorageError('STORAGE_FAILED', `${file.provider} did not take the file: ${inWords(error)}`, {
        cause: error,
        provider: file.provider,
      });
    }
  }

  /** The bytes of a file; they may break off with an error. */
  read(file: StoredFile): Promise<Readable> {
    return this.#of(file).read(objectName(file));
  }

  /** Removes a stored file; gives whether there was one. */
  async remove(id: string): Promise<boolean> {
    const file = await this.#files.beginRemoval(id);
    if (file === undefined) return false;
    // Where the provider cannot now, the janitor does it later.
    await this.finishRemoval(file).catch(() => {});
    await this.#usage.run();
    return true;
  }

  /** Frees the room of an upload that came to nothing, and removes what has arrived of it. */
  async giveUp(file: StoredFile): Promise<void> {
    if (await this.#files.giveUp(file.id)) await this.finishRemoval(file).catch(() => {});
  }

  /** Removes the bytes of a file that does not count any more. */
  async finishRemoval(file: StoredFile): Promise<void> {
    await this.#of(file).remove(objectName(file));
    await this.#files.forget(file.id);
  }

  /** Tells what lies where now. */
  measure(): Promise<void> {
    return this.#usage.run();
  }

  close(): void {
    this.#usage.stop();
    for (const provider of Object.values<Provider>(this.#providers)) provider.close();
  }

  #of({ provider }: StoredFile): Provider {
    return this.#providers[provider];
  }
}

const MESSAGE_CHARACTERS_MAX = 300;

function inWords(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, MESSAGE_CHARACTERS_MAX);
}

function objectName({ id }: StoredFile): string {
  return `videos/${id}`;
}

/** All orders are equally likely (Fisher and Yates). */
function shuffled<Item>(items: readonly Item[]): Item[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
