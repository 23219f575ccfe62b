/**
 * The objects of the object server, in a folder:
 *
 *     FOLDER/incoming/UUID          what is being received
 *     FOLDER/PROVIDER/BUCKET/NAME   the bytes of an object; its name is encoded as in an address, so that it is one file
 *     FOLDER/PROVIDER/BUCKET/NAME.json   its media type and its MD5
 *
 * A file is moved to its place when all of it has arrived, so that there are no halves.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Which object. */
export interface ObjectPlace {
  readonly provider: string;
  readonly bucket: string;
  readonly name: string;
}

/** What is known of an object. */
export interface ObjectFacts {
  readonly bytes: number;
  readonly mediaType: string;
  /** In base64, as all three protocols write it. */
  readonly md5: string;
  readonly createdAt: Date;
}

/** Stores and finds objects. */
export class Objects {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder, and removes what a server that died was receiving. */
  async prepare(): Promise<void> {
    const incoming = path.join(this.#folder, 'incoming');
    await rm(incoming, { recursive: true, force: true });
    await mkdir(incoming, { recursive: true });
  }

  /** Stores what comes; rejects, and keeps nothing of it, when it breaks off. */
  async put(place: ObjectPlace, mediaType: string, content: Readable): Promise<ObjectFacts> {
    const incoming = path.join(this.#folder, 'incoming', randomUUID());
    const hash = createHash('md5');
    let bytes = 0;
    try {
      await pipeline(
        content,
        async function* (parts: AsyncIterable<Buffer>) {
          for await (const part of parts) {
            hash.update(part);
            bytes += part.length;
            yield part;
          }
        },
        createWriteStream(incoming),
      );
      const md5 = hash.digest('base64');
      const target = this.#pathOf(place);
      await mkdir(path.dirname(target), { recursive: true });
      await writeFile(`${target}.json`, JSON.stringify({ mediaType, md5 }));
      await rename(incoming, target);
      return { bytes, mediaType, md5, createdAt: new Date() };
    } finally {
      await rm(incoming, { force: true });
    }
  }

  /** What is known of an object; undefined where there is none. */
  async find(place: ObjectPlace): Promise<ObjectFacts | undefined> {
    const target = this.#pathOf(place);
    const file = await stat(target).catch(() => undefined);
    if (file === undefined) return undefined;
    const facts = JSON.parse(await readFile(`${target}.json`, 'utf8')) as Pick<
      ObjectFacts,
      'mediaType' | 'md5'
    >;
    return { bytes: file.size, ...facts, createdAt: file.mtime };
  }

  read(place: ObjectPlace): Readable {
    return createReadStream(this.#pathOf(place));
  }

  /** Removes an object; gives whether there was one. */
  async remove(place: ObjectPlace): Promise<boolean> {
    const target = this.#pathOf(place);
    const removed = await rm(target).then(
      () => true,
      () => false,
    );
    await rm(`${target}.json`, { force: true });
    return removed;
  }

  #pathOf({ provider, bucket, name }: ObjectPlace): string {
    // Neither `/` nor a leading `.` is left, so that nobody gets out of the folder.
    const encoded = [provider, bucket, name].map((part) => encodeURIComponent(part).replaceAll('.', '%2E'));
    return path.join(this.#folder, ...encoded);
  }
}
