/**
 * Migrations: what makes the tables, in steps that each run once.
 *
 * Every worker of every service asks for them at its start. A lock of the database lets one at a time look and run
 * what is missing; steps are never changed after they were released, only added.
 */
import type { Pool } from 'pg';

/** Any number that nobody else in the database locks by. */
const LOCK = 7_304_519;

/** In their order. */
const STEPS: readonly string[] = [
  `CREATE TABLE assets (
     id uuid PRIMARY KEY,
     name text NOT NULL,
     description text NOT NULL,
     tags text[] NOT NULL,
     version integer NOT NULL DEFAULT 1,
     created_at timestamptz NOT NULL DEFAULT now(),
     updated_at timestamptz NOT NULL DEFAULT now()
   );
   CREATE INDEX assets_by_age ON assets (created_at DESC, id);`,

  `CREATE TABLE announcements (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     source text NOT NULL,
     entity_type text NOT NULL,
     entity_id uuid NOT NULL,
     version integer NOT NULL,
     document jsonb,
     created_at timestamptz NOT NULL DEFAULT now()
   );
   CREATE INDEX announcements_by_source ON announcements (source, id);`,

  `CREATE TABLE documents (
     entity_type text NOT NULL,
     entity_id uuid NOT NULL,
     version integer NOT NULL,
     title text NOT NULL,
     body text NOT NULL,
     removed_at timestamptz,
     words tsvector GENERATED ALWAYS AS (
       setweight(to_tsvector('simple', title || ' ' || regexp_replace(title, '[._-]+', ' ', 'g')), 'A') || setweight(to_tsvector('simple', body), 'B')
     ) STORED,
     PRIMARY KEY (entity_type, entity_id)
   );
   CREATE INDEX documents_by_word ON documents USING gin (words);
   CREATE INDEX documents_removed ON documents (removed_at) WHERE removed_at IS NOT NULL;`,

  `CREATE TABLE files (
     id uuid PRIMARY KEY,
     asset_id uuid NOT NULL REFERENCES assets (id),
     name text NOT NULL,
     bytes bigint NOT NULL,
     sha256 text NOT NULL,
     file_type text NOT NULL,
     format text NOT NULL,
     media_type text NOT NULL,
     upload_key text UNIQUE,
     created_at timestamptz NOT NULL DEFAULT now()
   );
   CREATE INDEX files_by_asset ON files (asset_id, created_at);`,

  `CREATE TABLE transcode_jobs (
     id uuid PRIMARY KEY,
     file_id uuid NOT NULL,
     asset_id uuid NOT NULL,
     file_name text NOT NULL,
     source_format text NOT NULL,
     target_format text NOT NULL,
     status text NOT NULL DEFAULT 'queued',
     progress real NOT NULL DEFAULT 0,
     attempts integer NOT NULL DEFAULT 0,
     lease uuid,
     lease_until timestamptz,
     result_file_id uuid,
     message text,
     calls text[] NOT NULL DEFAULT '{}',
     counted boolean NOT NULL DEFAULT false,
     created_at timestamptz NOT NULL DEFAULT now(),
     started_at timestamptz,
     finished_at timestamptz
   );
   CREATE INDEX transcode_jobs_open ON transcode_jobs (created_at) WHERE status IN ('queued', 'processing');
   CREATE INDEX transcode_jobs_finished ON transcode_jobs (finished_at) WHERE finished_at IS NOT NULL;`,
];

/** Brings the database to the newest step; resolves when it is there, whoever did it. */
export async function migrate(pool: Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    await client.query(
      'CREATE TABLE IF NOT EXISTS migrations (step integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())',
    );
    const { rows } = await client.query<{ done: number }>('SELECT count(*)::integer AS done FROM migrations');
    for (let step = rows[0]?.done ?? 0; step < STEPS.length; step++) {
      await client.query(STEPS[step]!);
      await client.query('INSERT INTO migrations (step) VALUES ($1)', [step]);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  } finally {
    client.release();
  }
}
