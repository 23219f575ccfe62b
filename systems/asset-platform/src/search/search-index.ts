/**
 * The index: PostgreSQL's full text over what was announced.
 *
 * An announcement carries the version of its entity; an older one than what the index has changes nothing, so that
 * they may come twice and in any order. What was removed leaves its version behind for {@link REMOVED_KEPT_MS}, so
 * that a late announcement does not bring it back.
 */
import type { Pool } from 'pg';
import {
  contentIndexed,
  type ENTITY_TYPES,
  type QUERY_TYPES,
  searchQueries,
  searchResults,
} from '../metrics/search.ts';

/** How long it is remembered that something was removed. */
export const REMOVED_KEPT_MS = 3_600_000;
const FORGET_ROWS_MAX = 1_000;

/** What can be found. */
export type EntityType = (typeof ENTITY_TYPES)[number];

/** What can be looked for. */
export type QueryType = (typeof QUERY_TYPES)[number];

/** What is to be found. */
export interface Entry {
  readonly entityType: EntityType;
  readonly entityId: string;
  readonly version: number;
  readonly title: string;
  readonly body: string;
}

/** What was found. */
export interface Result {
  readonly entity_type: EntityType;
  readonly entity_id: string;
  readonly title: string;
  readonly rank: number;
}

/** Takes announcements and answers queries, and counts that. */
export class SearchIndex {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Rejects when the database does not answer. */
  async check(): Promise<void> {
    await this.#pool.query('SELECT 1');
  }

  /** Takes an announcement; gives whether it was news. */
  async put({ entityType, entityId, version, title, body }: Entry): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `INSERT INTO documents (entity_type, entity_id, version, title, body) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (entity_type, entity_id) DO UPDATE
       SET version = excluded.version, title = excluded.title, body = excluded.body, removed_at = NULL
       WHERE documents.version < excluded.version`,
      [entityType, entityId, version, title, body],
    );
    if (rowCount === 0) return false;
    contentIndexed.inc({ entity_type: entityType });
    return true;
  }

  /** Takes the announcement that something is gone; gives whether it was news. */
  async remove(entityType: EntityType, entityId: string, version: number): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `INSERT INTO documents (entity_type, entity_id, version, title, body, removed_at)
       VALUES ($1, $2, $3, '', '', now())
       ON CONFLICT (entity_type, entity_id) DO UPDATE
       SET version = excluded.version, title = '', body = '', removed_at = now()
       WHERE documents.version < excluded.version`,
      [entityType, entityId, version],
    );
    return rowCount !== 0;
  }

  /** Forgets what was removed long ago. */
  async forget(): Promise<void> {
    await this.#pool.query(
      `DELETE FROM documents WHERE (entity_type, entity_id) IN (
         SELECT entity_type, entity_id FROM documents
         WHERE removed_at < now() - $1 * interval '1 millisecond' LIMIT $2)`,
      [REMOVED_KEPT_MS, FORGET_ROWS_MAX],
    );
  }

  /**
   * The best results for a text as people type it: words, `"phrases"`, `or`, `-without`.
   * @param type `all`, or what alone is looked for
   */
  async find(text: string, type: QueryType, limit: number): Promise<readonly Result[]> {
    const { rows } = await this.#pool.query<Result>(
      `SELECT entity_type, entity_id, title, ts_rank(words, query)::float8 AS rank
       FROM documents, websearch_to_tsquery('simple', $1) AS query
       WHERE words @@ query AND removed_at IS NULL AND ($2 = 'all' OR entity_type = $2)
       ORDER BY rank DESC, entity_id LIMIT $3`,
      [text, type, limit],
    );
    searchQueries.inc({ query_type: type });
    searchResults.inc({ query_type: type }, rows.length);
    return rows;
  }
}
