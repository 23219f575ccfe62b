/**
 * The files: their bytes on disk, what is known of them in the database. Both worker processes share the folder.
 *
 *     FOLDER/incoming/ID    what is being received
 *     FOLDER/stored/ab/ID   what is in the database; ab are the first two digits of the identifier
 *
 * A file is put into its place before the database is told to keep it, so that none is in the database without
 * its bytes. What a process that died was receiving is removed after {@link INCOMING_KEPT_MS}.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { isUuid, sqlState } from '@binnacle/system-parts/database';
import type { Pool } from 'pg';
import { filesDeleted, filesRetrieved, filesUploaded } from '../metrics/files.ts';
import type { Announcer } from '../service/announcements.ts';
import type { Calls } from '../service/calls.ts';
import type { FileType } from './file-format.ts';
import { receiveFile } from './receive.ts';

/** How long a file may take to come. */
export const INCOMING_KEPT_MS = 3_600_000;
const FOREIGN_KEY_VIOLATION = '23503';
const UNIQUE_VIOLATION = '23505';
/** Files of one asset that are listed. */
export const LIST_MAX = 100;

/** A file as the database knows it. */
export interface StoredFile {
  readonly id: string;
  readonly assetId: string;
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly fileType: FileType;
  readonly format: string;
  readonly mediaType: string;
  readonly createdAt: Date;
}

/** A file that comes. */
export interface Upload {
  readonly assetId: string;
  readonly name: string;
  readonly content: Readable;
  /** Says that this is the same upload as one that may have come before; then that one is kept. */
  readonly key?: string;
}

/** What an upload gave. */
export interface Uploaded {
  readonly file: StoredFile;
  /** Whether it came for the first time. */
  readonly created: boolean;
}

/** The file cannot be stored. */
export class UploadRefused extends Error {
  override readonly name = 'UploadRefused';
  readonly code: 'no_such_asset' | 'empty_file';

  constructor(code: UploadRefused['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const COLUMNS = `id, asset_id AS "assetId", name, bytes::float8 AS bytes, sha256, file_type AS "fileType", format,
  media_type AS "mediaType", created_at AS "createdAt"`;

/** Stores, finds and deletes files, and counts that. */
export class Files {
  readonly #pool: Pool;
  readonly #announcer: Announcer;
  readonly #folder: string;
  readonly #bytesMax: number;

  /** @param bytesMax the largest file that is accepted */
  constructor(pool: Pool, announcer: Announcer, folder: string, bytesMax: number) {
    this.#pool = pool;
    this.#announcer = announcer;
    this.#folder = folder;
    this.#bytesMax = bytesMax;
  }

  /** Makes the folders, and removes what processes that died were receiving. */
  async prepare(): Promise<void> {
    const incoming = path.join(this.#folder, 'incoming');
    await mkdir(incoming, { recursive: true });
    for (const name of await readdir(incoming)) {
      const file = path.join(incoming, name);
      const written = await stat(file).catch(() => undefined);
      if (written !== undefined && Date.now() - written.mtimeMs > INCOMING_KEPT_MS)
        await rm(file, { force: true });
    }
  }

  /** Rejects when the database does not answer. */
  async check(): Promise<void> {
    await this.#pool.query('SELECT 1');
  }

  /**
   * Stores a file.
   * @throws UploadRefused, FileTooLarge, or what disk, database and connection say; nothing is then left of the file
   */
  async store({ assetId, name, content, key }: Upload, calls: Calls): Promise<Uploaded> {
    if (!(await this.#assetExists(assetId))) throw noSuchAsset(assetId);
    const id = randomUUID();
    const incoming = path.join(this.#folder, 'incoming', id);
    const place = this.pathOf(id);
    const { bytes, sha256, format } = await receiveFile(content, incoming, this.#bytesMax);
    try {
      if (bytes === 0) throw new UploadRefused('empty_file', 'the file is empty');
      await mkdir(path.dirname(place), { recursive: true });
      const file = await this.#announcer.change(
        calls,
        async (client) => {
          const { rows } = await client.query<StoredFile>(
            `INSERT INTO files (id, asset_id, name, bytes, sha256, file_type, format, media_type, upload_key)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING ${COLUMNS}`,
            [id, assetId, name, bytes, sha256, format.type, format.format, format.mediaType, key ?? null],
          );
          await rename(incoming, place);
          const document = { title: name, body: `${format.type} ${format.format} ${format.mediaType}` };
          return {
            result: rows[0]!,
            announcement: { entityType: 'file', entityId: id, version: 1, document },
          };
        },
        () => filesUploaded.inc({ file_type: format.type }),
      );
      return { file, created: true };
    } catch (error) {
      await Promise.all([incoming, place].map((left) => rm(left, { force: true })));
      if (sqlState(error) === FOREIGN_KEY_VIOLATION) throw noSuchAsset(assetId);
      if (sqlState(error) !== UNIQUE_VIOLATION || key === undefined) throw error;
      const { rows } = await this.#pool.query<StoredFile>(
        `SELECT ${COLUMNS} FROM files WHERE upload_key = $1`,
        [key],
      );
      if (rows[0] === undefined) throw error;
      return { file: rows[0], created: false };
    }
  }

  /** What is known of a file; undefined where there is none. */
  async find(id: string): Promise<StoredFile | undefined> {
    if (!isUuid(id)) return undefined;
    const { rows } = await this.#pool.query<StoredFile>(`SELECT ${COLUMNS} FROM files WHERE id = $1`, [id]);
    return rows[0];
  }

  /** As {@link find}, for somebody who asked for it. */
  async retrieve(id: string): Promise<StoredFile | undefined> {
    const file = await this.find(id);
    if (file !== undefined) filesRetrieved.inc();
    return file;
  }

  /** The files of an asset, oldest first; undefined where there is no such asset. */
  async list(assetId: string): Promise<readonly StoredFile[] | undefined> {
    if (!(await this.#assetExists(assetId))) return undefined;
    const { rows } = await this.#pool.query<StoredFile>(
      `SELECT ${COLUMNS} FROM files WHERE asset_id = $1 ORDER BY created_at, id LIMIT $2`,
      [assetId, LIST_MAX],
    );
    filesRetrieved.inc(rows.length);
    return rows;
  }

  /** Deletes a file; gives whether there was one. */
  async remove(id: string, calls: Calls): Promise<boolean> {
    if (!isUuid(id)) return false;
    const removed = await this.#announcer.change(
      calls,
      async (client) => {
        const { rowCount } = await client.query('DELETE FROM files WHERE id = $1', [id]);
        if (rowCount === 0) return { result: false };
        return { result: true, announcement: { entityType: 'file', entityId: id, version: 2 } };
      },
      () => filesDeleted.inc(),
    );
    if (removed) await rm(this.pathOf(id), { force: true });
    return removed;
  }

  /** Where the bytes of a file lie. */
  pathOf(id: string): string {
    return path.join(this.#folder, 'stored', id.slice(0, 2), id);
  }

  async #assetExists(id: string): Promise<boolean> {
    if (!isUuid(id)) return false;
    const { rowCount } = await this.#pool.query('SELECT 1 FROM assets WHERE id = $1', [id]);
    return rowCount !== 0;
  }
}

function noSuchAsset(id: string): UploadRefused {
  return new UploadRefused('no_such_asset', `there is no asset ${JSON.stringify(id.slice(0, 100))}`);
}
