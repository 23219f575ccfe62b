/** Amazon S3, or whatever speaks its protocol, by Amazon's client. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Provider } from './provider.ts';

/** Requests that fail for a moment are made so often. */
const ATTEMPTS_MAX = 2;

/** @param isLocal whether it is the object server of this system, for which any credentials do */
export function openS3(
  place: { readonly bucket: string; readonly endpoint?: string },
  isLocal: boolean,
): Provider {
  const { bucket: Bucket, endpoint } = place;
  const client = new S3Client({
    maxAttempts: ATTEMPTS_MAX,
    // A bucket in the path and not in the host's name: hosts that are not Amazon's seldom have names for buckets.
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    ...(isLocal && {
      region: 'local',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    }),
  });
  return {
    async put({ name, path, bytes, mediaType }, abortSignal) {
      const Body = createReadStream(path);
      try {
        const put = { Bucket, Key: name, Body, ContentLength: bytes, ContentType: mediaType };
        await client.send(new PutObjectCommand(put), { abortSignal });
      } finally {
        Body.destroy();
      }
    },
    async read(Key) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      if (Body instanceof Readable) return Body;
      throw new Error(`S3 gave no stream for ${Key}`);
    },
    async remove(Key) {
      await client.send(new DeleteObjectCommand({ Bucket, Key }));
    },
    close() {
      client.destroy();
    },
  };
}
