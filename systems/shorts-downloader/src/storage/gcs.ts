/** Google Cloud Storage, by Google's client. */
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Storage, type StorageOptions } from '@google-cloud/storage';
import { OAuth2Client } from 'google-auth-library';
import type { LocalPlace, Provider } from './provider.ts';

/** Requests that fail for a moment are made again so often. */
const RETRIES_MAX = 1;

/** Opens a bucket: one of Google's by its name, or one in the object server of this system. */
export function openGcs(place: string | LocalPlace): Provider {
  const storage = new Storage({
    retryOptions: { autoRetry: true, maxRetries: RETRIES_MAX },
    ...(typeof place !== 'string' && localOptions(place.endpoint)),
  });
  const bucket = storage.bucket(typeof place === 'string' ? place : place.bucket);
  return {
    async put({ name, path, mediaType }, signal) {
      // In one request: sessions, in which an upload can be resumed, take two, and pay for files that are far larger.
      const target = bucket.file(name).createWriteStream({
        resumable: false,
        validation: 'md5',
        metadata: { contentType: mediaType },
      });
      await pipeline(createReadStream(path), target, { signal });
    },
    read(name): Promise<Readable> {
      return Promise.resolve(bucket.file(name).createReadStream({ validation: 'md5' }));
    },
    async remove(name) {
      await bucket.file(name).delete({ ignoreNotFound: true });
    },
    close() {},
  };
}

/** The object server takes any token, which does not run out. */
function localOptions(apiEndpoint: string): StorageOptions {
  const authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: 'local' });
  return { apiEndpoint, projectId: 'local', useAuthWithCustomEndpoint: true, authClient };
}
