/**
 * What all storage providers do, and where each is.
 *
 *     gcs     GCS_BUCKET       with the credentials that Google's client finds by itself
 *     azure   AZURE_CONTAINER  with AZURE_STORAGE_CONNECTION_STRING
 *     s3      S3_BUCKET        with the region and credentials that Amazon's client finds by itself, and perhaps
 *                              S3_ENDPOINT for another service that speaks its protocol
 *
 * A provider for which nothing is set is the object server of this system at `LOCAL_OBJECTS_URL`.
 */
import type { Readable } from 'node:stream';
import { type Environment, SettingsError } from '@binnacle/system-parts/settings';
import { PROVIDERS, type ProviderName } from '../metrics.ts';

/** What is put into a storage. */
export interface NewObject {
  readonly name: string;
  /** Where its bytes are on this machine. */
  readonly path: string;
  readonly bytes: number;
  readonly mediaType: string;
}

/** One storage. What goes wrong rejects with whatever the client of the provider says. */
export interface Provider {
  put(object: NewObject, signal: AbortSignal): Promise<void>;
  /** The bytes of an object; what goes wrong on the way comes as an error of the stream. */
  read(name: string): Promise<Readable>;
  /** Removes an object; that there is none is no error. */
  remove(name: string): Promise<void>;
  close(): void;
}

/** All of them. */
export type Providers = Readonly<Record<ProviderName, Provider>>;

/** Where the objects of a provider lie in the object server. */
export interface LocalPlace {
  /** `http://127.0.0.1:40001/s3`. */
  readonly endpoint: string;
  readonly bucket: string;
}

/** The bucket of each provider in the object server. */
const LOCAL_BUCKET = 'shorts';

/**
 * Opens them. The clients are large, and loaded when they are needed first.
 * @throws SettingsError where a provider is neither configured nor local
 */
export function openProviders(environment: Environment): Providers {
  const opened = PROVIDERS.map((name) => [name, lazy(OPEN[name](environment))] as const);
  return Object.fromEntries(opened) as unknown as Providers;
}

type Open = (environment: Environment) => () => Promise<Provider>;

const OPEN: Readonly<Record<ProviderName, Open>> = {
  gcs: (environment) => {
    const bucket = environment.GCS_BUCKET || localPlace('gcs', environment);
    return async () => (await import('./gcs.ts')).openGcs(bucket);
  },
  azure: (environment) => {
    const { AZURE_CONTAINER: container, AZURE_STORAGE_CONNECTION_STRING: connection } = environment;
    if (container && !connection)
      throw new SettingsError('AZURE_CONTAINER is set, and AZURE_STORAGE_CONNECTION_STRING is not');
    const place = container && connection ? { container, connection } : localPlace('azure', environment);
    return async () => (await import('./azure.ts')).openAzure(place);
  },
  s3: (environment) => {
    const { S3_BUCKET: bucket, S3_ENDPOINT: endpoint } = environment;
    const place = bucket ? { bucket, ...(endpoint && { endpoint }) } : localPlace('s3', environment);
    return async () => (await import('./s3.ts')).openS3(place, !bucket);
  },
};

function localPlace(name: ProviderName, environment: Environment): LocalPlace {
  const url = environment.LOCAL_OBJECTS_URL;
  if (url) return { endpoint: `${url}/${name}`, bucket: LOCAL_BUCKET };
  throw new SettingsError(
    `there is no storage ${name}: set what it needs (systems/shorts-downloader/README.md), or start main.js, which brings one`,
  );
}

/** Which providers are not configured, and so need the object server. */
export function localProviders(environment: Environment): readonly ProviderName[] {
  const configured = {
    gcs: environment.GCS_BUCKET,
    azure: environment.AZURE_CONTAINER,
    s3: environment.S3_BUCKET,
  };
  return PROVIDERS.filter((name) => !configured[name]);
}

function lazy(open: () => Promise<Provider>): Provider {
  let opening: Promise<Provider> | undefined;
  let closed = false;
  const opened = (): Promise<Provider> => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
  return {
    put: async (object, signal) => (await opened()).put(object, signal),
    read: async (name) => (await opened()).read(name),
    remove: async (name) => (await opened()).remove(name),
    close() {
      if (closed) return;
      closed = true;
      opening?.then((provider) => provider.close()).catch(() => {});
    },
  };
}
