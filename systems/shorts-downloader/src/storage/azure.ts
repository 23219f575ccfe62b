/** Azure Blob Storage, by Microsoft's client. */
import { Readable } from 'node:stream';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import type { LocalPlace, Provider } from './provider.ts';

/** Requests that fail for a moment are made so often. */
const TRIES_MAX = 2;
const RETRY_MS_MAX = 1_000;
/** Larger blobs go in blocks. */
const SINGLE_BYTES_MAX = 256_000_000;

/** Where blobs lie: with Microsoft, or in the object server of this system, for which any key does. */
export type AzurePlace = LocalPlace | { readonly connection: string; readonly container: string };

/** Opens a container. */
export function openAzure(place: AzurePlace): Provider {
  const retryOptions = { maxTries: TRIES_MAX, maxRetryDelayInMs: RETRY_MS_MAX };
  const service =
    'connection' in place
      ? BlobServiceClient.fromConnectionString(place.connection, { retryOptions })
      : new BlobServiceClient(place.endpoint, localCredential(), { retryOptions });
  const container = service.getContainerClient('container' in place ? place.container : place.bucket);
  return {
    async put({ name, path, mediaType }, abortSignal) {
      await container.getBlockBlobClient(name).uploadFile(path, {
        abortSignal,
        maxSingleShotSize: SINGLE_BYTES_MAX,
        blobHTTPHeaders: { blobContentType: mediaType },
      });
    },
    async read(name) {
      const { readableStreamBody: body } = await container.getBlobClient(name).download();
      if (body instanceof Readable) return body;
      throw new Error(`Azure gave no stream for ${name}`);
    },
    async remove(name) {
      await container.getBlobClient(name).deleteIfExists();
    },
    close() {},
  };
}

function localCredential(): StorageSharedKeyCredential {
  return new StorageSharedKeyCredential('local', Buffer.from('local').toString('base64'));
}
