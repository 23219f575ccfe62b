/**
 * The files in the database: what lies with which provider, and the room that is promised to uploads under way.
 *
 * A file's row is there from before its first byte leaves until after its last one is removed, so nothing lies with a
 * provider that nobody knows of:
 *
 *     storing   room is promised; the bytes may be on their way
 *     stored    they have arrived, and count in `storage_stats`
 *     removing  they do not count any more, and may still lie there
 *
 * What a process that died left in the first or the last state, another one finishes (`janitor.ts`).
 */
import { randomUUID } from 'node:crypto';
import { isUuid, transaction } from '@binnacle/system-parts/database';
import type { Pool, PoolClient } from 'pg';
import { PROVIDERS, type ProviderName } from './metrics.ts';

/** Files that are listed at once. */
export const LIST_MAX = 100;
/** A removal that takes longer was somebody's who has died. */
const REMOVING_MS_MAX = 10_000;
const LEFT_OVERS_MAX = 100;

/** A file as the database knows it. */
export interface StoredFile {
  readonly id: string;
  readonly downloadId: string;
  readonly provider: ProviderName;
  readonly title: string;
  readonly mediaType: string;
  readonly bytes: number;
  readonly createdAt: Date;
}

/** What a file is made of. */
export type NewFile = Pick<StoredFile, 'downloadId' | 'title' | 'mediaType' | 'bytes'>;

/** What lies with a provider. */
export interface ProviderStats {
  readonly bytes: number;
  readonly files: number;
}

const COLUMNS = `id, download_id AS "downloadId", provider, title, media_type AS "mediaType",
  bytes::float8 AS bytes, created_at AS "createdAt"`;

/** The files of all processes. */
export class Files {
  readonly #pool: Pool;
  readonly #quotaBytes: number;

  /** @param quotaBytes what each provider may hold */
  constructor(pool: Pool, quotaBytes: number) {
    this.#pool = pool;
    this.#quotaBytes = quotaBytes;
  }

  /** What each provider may hold. */
  get quotaBytes(): number {
    return this.#quotaBytes;
  }

  /** Promises room with the first of some providers that has it; undefined where none has. */
  reserve(file: NewFile, providers: readonly ProviderName[]): Promise<StoredFile | undefined> {
    return transaction(this.#pool, async (client) => {
      for (const provider of providers) {
        const { rowCount } = await client.query(
          `UPDATE storage_stats SET reserved_bytes = reserved_bytes + $2
           WHERE provider = $1 AND total_size_bytes + reserved_bytes + $2 <= $3`,
          [provider, file.bytes, this.#quotaBytes],
        );
        if (rowCount === 0) continue;
        const { rows } = await client.query<StoredFile>(
          `INSERT INTO files (id, download_id, provider, title, media_type, bytes)
           VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${COLUMNS}`,
          [randomUUID(), file.downloadId, provider, file.title, file.mediaType, file.bytes],
        );
        return rows[0];
      }
      return undefined;
    });
  }

  /** Says that the bytes have arrived, within the transaction that ends the download; false where they are given up. */
  static async settle(client: PoolClient, id: string): Promise<boolean> {
    const { rows } = await client.query<{ provider: string; bytes: string }>(
      `UPDATE files SET state = 'stored', changed_at = now() WHERE id = $1 AND state = 'storing'
       RETURNING provider, bytes`,
      [id],
    );
    if (rows[0] === undefined) return false;
    await client.query(
      `UPDATE storage_stats SET reserved_bytes = reserved_bytes - $2, total_size_bytes = total_size_bytes + $2,
         file_count = file_count + 1 WHERE provider = $1`,
      [rows[0].provider, rows[0].bytes],
    );
    return true;
  }

  /** The newest files first. */
  async list(limit: number, offset: number): Promise<readonly StoredFile[]> {
    const { rows } = await this.#pool.query<StoredFile>(
      `SELECT ${COLUMNS} FROM files WHERE state = 'stored' ORDER BY created_at DESC, id LIMIT $1 OFFSET $2`,
      [limit, offset],
    );
    return rows;
  }

  async find(id: string): Promise<StoredFile | undefined> {
    if (!isUuid(id)) return undefined;
    const { rows } = await this.#pool.query<StoredFile>(
      `SELECT ${COLUMNS} FROM files WHERE id = $1 AND state = 'stored'`,
      [id],
    );
    return rows[0];
  }

  /** Takes a stored file out of what counts, so that its bytes can be removed; undefined where there is none. */
  async beginRemoval(id: string): Promise<StoredFile | undefined> {
    if (!isUuid(id)) return undefined;
    return transaction(this.#pool, async (client) => {
      const { rows } = await client.query<StoredFile>(
        `UPDATE files SET state = 'removing', changed_at = now() WHERE id = $1 AND state = 'stored'
         RETURNING ${COLUMNS}`,
        [id],
      );
      if (rows[0] === undefined) return undefined;
      await client.query(
        `UPDATE storage_stats SET total_size_bytes = total_size_bytes - $2, file_count = file_count - 1
         WHERE provider = $1`,
        [rows[0].provider, rows[0].bytes],
      );
      return rows[0];
    });
  }

  /**
   * Gives up an upload: its room is free. Gives whether its bytes can be removed; they cannot where the file has come to
   * count meanwhile.
   */
  async giveUp(id: string): Promise<boolean> {
    return transaction(this.#pool, async (client) => {
      const { rows } = await client.query<{ provider: string; bytes: string }>(
        `UPDATE files SET state = 'removing', changed_at = now() WHERE id = $1 AND state = 'storing'
         RETURNING provider, bytes`,
        [id],
      );
      if (rows[0] === undefined) {
        const removing = await client.query(`SELECT 1 FROM files WHERE id = $1 AND state = 'removing'`, [id]);
        return removing.rowCount !== 0;
      }
      await client.query(
        'UPDATE storage_stats SET reserved_bytes = reserved_bytes - $2 WHERE provider = $1',
        [rows[0].provider, rows[0].bytes],
      );
      return true;
    });
  }

  /** Forgets a file whose bytes are removed. */
  async forget(id: string): Promise<void> {
    await this.#pool.query(`DELETE FROM files WHERE id = $1 AND state = 'removing'`, [id]);
  }

  /** Uploads of a download that somebody who has died left in the middle. */
  async leftOversOf(downloadId: string): Promise<readonly StoredFile[]> {
    const { rows } = await this.#pool.query<StoredFile>(
      `SELECT ${COLUMNS} FROM files WHERE download_id = $1 AND state = 'storing'`,
      [downloadId],
    );
    return rows;
  }

  /** Removals that nobody finished, and uploads for downloads that have ended without them. */
  async leftOvers(): Promise<readonly StoredFile[]> {
    const { rows } = await this.#pool.query<StoredFile>(
      `SELECT ${COLUMNS} FROM files
       WHERE (state = 'removing' AND changed_at < now() - $1 * interval '1 millisecond')
         OR (state = 'storing' AND EXISTS (
           SELECT FROM downloads WHERE downloads.id = files.download_id AND finished_at < now() - $1 * interval '1 millisecond'))
       LIMIT $2`,
      [REMOVING_MS_MAX, LEFT_OVERS_MAX],
    );
    return rows;
  }

  /** What lies with each provider. */
  async stats(): Promise<Readonly<Record<ProviderName, ProviderStats>>> {
    const { rows } = await this.#pool.query<ProviderStats & { provider: ProviderName }>(
      'SELECT provider, total_size_bytes::float8 AS bytes, file_count AS files FROM storage_stats',
    );
    const found = new Map(rows.map(({ provider, bytes, files }) => [provider, { bytes, files }]));
    const of = (provider: ProviderName): ProviderStats => found.get(provider) ?? { bytes: 0, files: 0 };
    return Object.fromEntries(PROVIDERS.map((provider) => [provider, of(provider)])) as Record<
      ProviderName,
      ProviderStats
    >;
  }
}
