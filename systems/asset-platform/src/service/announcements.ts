/**
 * Announcements: how search gets to know what assets and files have changed.
 *
 * A change and its announcement are one transaction, so that neither is without the other. Right after it the
 * announcement is delivered, and removed when search has taken it. What could not be delivered stays, and each
 * worker looks every {@link SWEEP_MS} for some that nobody delivers. Search may be told twice; it keeps the newest.
 */

import { transaction } from '@binnacle/system-parts/database';
import type { Pool, PoolClient } from 'pg';
import { Calls } from './calls.ts';

/** How often a worker looks for what was not delivered. */
export const SWEEP_MS = 1_000;
/** Younger ones are still in the hands of who made them. */
const OVERDUE_MS = 8_000;
const SWEEP_ROWS_MAX = 20;
const DELIVER_MS_MAX = 5_000;

/** What can be found; also the value of the label. */
export type EntityType = 'asset' | 'file';

/** A change. */
export interface Announcement {
  readonly entityType: EntityType;
  readonly entityId: string;
  /** Grows with each change of the entity. */
  readonly version: number;
  /** What can be found now; undefined when the entity is gone. */
  readonly document?: { readonly title: string; readonly body: string };
}

/** What a change gave, and what is to be announced of it. */
export interface Changed<Result> {
  readonly result: Result;
  readonly announcement?: Announcement;
}

interface Row {
  readonly id: string;
  readonly entity_type: EntityType;
  readonly entity_id: string;
  readonly version: number;
  readonly document: { readonly title: string; readonly body: string } | null;
}

/** Announces changes of one service. */
export class Announcer {
  readonly #pool: Pool;
  readonly #searchUrl: string;
  readonly #source: string;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> = Promise.resolve();

  /** @param source the service, whose workers sweep up what it could not deliver */
  constructor(pool: Pool, searchUrl: string, source: string) {
    this.#pool = pool;
    this.#searchUrl = searchUrl;
    this.#source = source;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#sweeping = this.#sweeping.then(() => this.#sweep()).catch(() => {});
    }, SWEEP_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
  }

  /**
   * Makes a change and its announcement in one transaction, counts it, and delivers the announcement.
   * @param change gives no announcement where nothing changed
   * @param count is called as soon as the change is made, with what `change` gave
   */
  async change<Result>(
    calls: Calls,
    change: (client: PoolClient) => Promise<Changed<Result>>,
    count: (result: Result) => void,
  ): Promise<Result> {
    const { result, row } = await transaction(this.#pool, async (client) => {
      const { result, announcement } = await change(client);
      return { result, row: announcement && (await this.#write(client, announcement)) };
    });
    if (row !== undefined) {
      count(result);
      if (await this.#tell(calls, row))
        await this.#pool.query('DELETE FROM announcements WHERE id = $1', [row.id]);
    }
    return result;
  }

  async #write(client: PoolClient, announcement: Announcement): Promise<Row> {
    const { entityType, entityId, version, document } = announcement;
    const { rows } = await client.query<Row>(
      `INSERT INTO announcements (source, entity_type, entity_id, version, document)
       VALUES ($1, $2, $3, $4, $5) RETURNING id, entity_type, entity_id, version, document`,
      [this.#source, entityType, entityId, version, document ?? null],
    );
    return rows[0]!;
  }

  /** Whether search has taken it. */
  async #tell(calls: Calls, row: Row): Promise<boolean> {
    const { entity_type, entity_id, version, document } = row;
    const common = { service: 'search', url: this.#searchUrl, timeoutMs: DELIVER_MS_MAX } as const;
    const told =
      document === null
        ? calls.make({
            ...common,
            method: 'DELETE',
            path: `/api/v1/index/${entity_type}/${entity_id}?version=${version}`,
            endpoint: '/api/v1/index/{entity_type}/{entity_id}',
          })
        : calls.make({
            ...common,
            method: 'POST',
            path: '/api/v1/index',
            endpoint: '/api/v1/index',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ entity_type, entity_id, version, ...document }),
          });
    const response = await told.catch(() => undefined);
    // To its end, or it would count as one that we broke off.
    await response?.arrayBuffer().catch(() => {});
    return response?.ok ?? false;
  }

  async #sweep(): Promise<void> {
    await transaction(this.#pool, async (client) => {
      const { rows } = await client.query<Row>(
        `SELECT id, entity_type, entity_id, version, document FROM announcements
         WHERE source = $1 AND created_at < now() - $2 * interval '1 millisecond'
         ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED`,
        [this.#source, OVERDUE_MS, SWEEP_ROWS_MAX],
      );
      const delivered: string[] = [];
      for (const row of rows) if (await this.#tell(new Calls(), row)) delivered.push(row.id);
      if (delivered.length > 0)
        await client.query('DELETE FROM announcements WHERE id = ANY($1::bigint[])', [delivered]);
    });
  }
}
