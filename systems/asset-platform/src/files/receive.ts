/**
 * Receiving a file: its bytes go to disk as they come, however many they are, while its beginning, its length and
 * its digest are noted.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type FileFormat, formatOf, HEAD_BYTES } from './file-format.ts';

/** A file that lies on disk. */
export interface Received {
  readonly bytes: number;
  readonly sha256: string;
  readonly format: FileFormat;
}

/** The file is larger than what is accepted. */
export class FileTooLarge extends Error {
  override readonly name = 'FileTooLarge';
}

/**
 * Writes a file to `path`.
 * @throws FileTooLarge, or what the disk or the connection says; the file is then gone
 */
export async function receiveFile(source: Readable, path: string, bytesMax: number): Promise<Received> {
  const hash = createHash('sha256');
  const head: Buffer[] = [];
  let headBytes = 0;
  let bytes = 0;
  try {
    await pipeline(
      source,
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          bytes += chunk.length;
          if (bytes > bytesMax)
            throw new FileTooLarge(`the file is larger than ${bytesMax} bytes, the most that is accepted`);
          if (headBytes < HEAD_BYTES) {
            head.push(chunk.subarray(0, HEAD_BYTES - headBytes));
            headBytes += head.at(-1)!.length;
          }
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(path, { flags: 'wx' }),
    );
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return { bytes, sha256: hash.digest('hex'), format: formatOf(Buffer.concat(head)) };
}
