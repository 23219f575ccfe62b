/**
 * What makes the tables, in steps that each run once; they are never changed after they were released, only added.
 *
 * `totals` are what the counters of API and worker are made of (`@binnacle/metrics/totals`): each grows in the very
 * transaction in which something ends, so that nothing can end uncounted or be counted twice, whichever process is
 * killed. Their incarnation is made with them: another database has other totals.
 */

/** What ends, each a row of `totals`. */
export const TOTALS = [
  'videos_completed',
  'videos_failed',
  'jobs_completed_single',
  'jobs_completed_channel',
  'jobs_failed_single',
  'jobs_failed_channel',
] as const;

/** One of {@link TOTALS}. */
export type TotalName = (typeof TOTALS)[number];

/** In their order. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE transcript_jobs (
     id uuid PRIMARY KEY,
     job_type text NOT NULL,
     url text NOT NULL,
     request_key text UNIQUE,
     state text NOT NULL,
     attempts integer NOT NULL DEFAULT 0,
     lease uuid,
     lease_until timestamptz,
     not_before timestamptz NOT NULL DEFAULT now(),
     message text,
     created_at timestamptz NOT NULL DEFAULT now(),
     finished_at timestamptz
   );
   CREATE INDEX transcript_jobs_by_age ON transcript_jobs (created_at DESC, id);
   CREATE INDEX transcript_jobs_open ON transcript_jobs (created_at) WHERE finished_at IS NULL;
   CREATE INDEX transcript_jobs_unlisted ON transcript_jobs (created_at) WHERE state IN ('pending', 'listing');
   CREATE INDEX transcript_jobs_finished ON transcript_jobs (finished_at) WHERE finished_at IS NOT NULL;`,

  `CREATE TABLE videos (
     id uuid PRIMARY KEY,
     job_id uuid NOT NULL REFERENCES transcript_jobs (id) ON DELETE CASCADE,
     position integer NOT NULL,
     url text NOT NULL,
     state text NOT NULL DEFAULT 'pending',
     attempts integer NOT NULL DEFAULT 0,
     told_attempts integer NOT NULL DEFAULT 0,
     steps text[] NOT NULL DEFAULT '{}',
     lease uuid,
     lease_until timestamptz,
     not_before timestamptz NOT NULL DEFAULT now(),
     seconds double precision,
     speakers integer,
     model text,
     backend text,
     message text,
     created_at timestamptz NOT NULL DEFAULT now(),
     finished_at timestamptz,
     UNIQUE (job_id, position)
   );
   CREATE INDEX videos_open ON videos (created_at, position) WHERE finished_at IS NULL;`,

  `CREATE TABLE segments (
     video_id uuid NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
     position integer NOT NULL,
     start_seconds double precision NOT NULL,
     end_seconds double precision NOT NULL,
     speaker integer NOT NULL,
     text text NOT NULL,
     words tsvector GENERATED ALWAYS AS (to_tsvector('english', text)) STORED,
     PRIMARY KEY (video_id, position)
   );
   CREATE INDEX segments_by_word ON segments USING gin (words);`,

  `CREATE TABLE totals (name text PRIMARY KEY, total bigint NOT NULL DEFAULT 0);
   INSERT INTO totals (name) SELECT unnest(ARRAY[${TOTALS.map((name) => `'${name}'`).join(', ')}]);
   CREATE TABLE totals_incarnation (id uuid NOT NULL DEFAULT gen_random_uuid());
   INSERT INTO totals_incarnation DEFAULT VALUES;`,
];
