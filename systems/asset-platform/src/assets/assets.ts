/** The assets in the database. Every change is announced to search. */

import { randomUUID } from 'node:crypto';
import { isUuid, sqlState } from '@binnacle/system-parts/database';
import type { Pool } from 'pg';
import { assetsCreated, assetsDeleted, assetsRetrieved, assetsUpdated } from '../metrics/assets.ts';
import type { Announcement, Announcer } from '../service/announcements.ts';
import type { Calls } from '../service/calls.ts';

const FOREIGN_KEY_VIOLATION = '23503';

/** What somebody wants an asset to be. */
export interface AssetContent {
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
}

/** An asset. */
export interface Asset extends AssetContent {
  readonly id: string;
  /** 1 at first, one more with each change. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** An asset cannot go while it has files. */
export class AssetHasFiles extends Error {
  override readonly name = 'AssetHasFiles';
  /** Of the answer: it is no failure of the service. */
  readonly status = 409;
}

const COLUMNS = `id, name, description, tags, version, created_at AS "createdAt", updated_at AS "updatedAt"`;

/** Creates, reads, updates, deletes and lists assets, and counts that. */
export class Assets {
  readonly #pool: Pool;
  readonly #announcer: Announcer;

  constructor(pool: Pool, announcer: Announcer) {
    this.#pool = pool;
    this.#announcer = announcer;
  }

  /** Rejects when the database does not answer. */
  async check(): Promise<void> {
    await this.#pool.query('SELECT 1');
  }

  create({ name, description, tags }: AssetContent, calls: Calls): Promise<Asset> {
    return this.#announcer.change(
      calls,
      async (client) => {
        const { rows } = await client.query<Asset>(
          `INSERT INTO assets (id, name, description, tags) VALUES ($1, $2, $3, $4) RETURNING ${COLUMNS}`,
          [randomUUID(), name, description, tags],
        );
        return { result: rows[0]!, announcement: announcementOf(rows[0]!) };
      },
      () => assetsCreated.inc(),
    );
  }

  async read(id: string): Promise<Asset | undefined> {
    if (!isUuid(id)) return undefined;
    const { rows } = await this.#pool.query<Asset>(`SELECT ${COLUMNS} FROM assets WHERE id = $1`, [id]);
    if (rows[0] !== undefined) assetsRetrieved.inc();
    return rows[0];
  }

  /** A page of all assets, the youngest first. */
  async list(
    limit: number,
    offset: number,
  ): Promise<{ readonly page: readonly Asset[]; readonly total: number }> {
    const { rows } = await this.#pool.query<Asset>(
      `SELECT ${COLUMNS} FROM assets ORDER BY created_at DESC, id LIMIT $1 OFFSET $2`,
      [limit, offset],
    );
    const count = await this.#pool.query<{ total: string }>('SELECT count(*) AS total FROM assets');
    assetsRetrieved.inc(rows.length);
    return { page: rows, total: Number(count.rows[0]?.total) };
  }

  /** Gives undefined where there is no such asset. */
  async update(id: string, content: AssetContent, calls: Calls): Promise<Asset | undefined> {
    if (!isUuid(id)) return undefined;
    const { name, description, tags } = content;
    return this.#announcer.change(
      calls,
      async (client) => {
        const { rows } = await client.query<Asset>(
          `UPDATE assets SET name = $2, description = $3, tags = $4, version = version + 1, updated_at = now()
           WHERE id = $1 RETURNING ${COLUMNS}`,
          [id, name, description, tags],
        );
        const asset = rows[0];
        return { result: asset, ...(asset && { announcement: announcementOf(asset) }) };
      },
      () => assetsUpdated.inc(),
    );
  }

  /**
   * Gives whether there was one.
   * @throws AssetHasFiles
   */
  async remove(id: string, calls: Calls): Promise<boolean> {
    if (!isUuid(id)) return false;
    const removed = this.#announcer.change(
      calls,
      async (client) => {
        const { rows } = await client.query<{ version: number }>(
          'DELETE FROM assets WHERE id = $1 RETURNING version',
          [id],
        );
        if (rows[0] === undefined) return { result: false };
        const announcement = { entityType: 'asset', entityId: id, version: rows[0].version + 1 } as const;
        return { result: true, announcement };
      },
      () => assetsDeleted.inc(),
    );
    return removed.catch((error: unknown) => {
      if (sqlState(error) !== FOREIGN_KEY_VIOLATION) throw error;
      throw new AssetHasFiles('the asset still has files; delete them first');
    });
  }
}

function announcementOf({ id, name, description, tags, version }: Asset): Announcement {
  const body = [description, ...tags].join('\n');
  return { entityType: 'asset', entityId: id, version, document: { title: name, body } };
}
