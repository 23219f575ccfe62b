/**
 * The tables, in steps that each run once; steps are added, and never changed after they were released.
 *
 *     downloads      what was asked for, and how it went
 *     files          what lies, or is about to lie, with a provider; its row is there before its bytes are
 *     storage_stats  what lies with each provider, what is promised to uploads that are under way included
 *     task_totals    how many tasks have ended and how
 *     queued_tasks   the queue, where there is no Redis
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE downloads (
     id uuid PRIMARY KEY,
     url text NOT NULL,
     status text NOT NULL DEFAULT 'queued',
     attempts integer NOT NULL DEFAULT 0,
     errors text[] NOT NULL DEFAULT '{}',
     attempt uuid,
     title text,
     provider text,
     file_id uuid,
     message text,
     created_at timestamptz NOT NULL DEFAULT now(),
     started_at timestamptz,
     touched_at timestamptz NOT NULL DEFAULT now(),
     finished_at timestamptz
   );
   CREATE INDEX downloads_open ON downloads (touched_at) WHERE status IN ('queued', 'processing');
   CREATE INDEX downloads_finished ON downloads (finished_at) WHERE finished_at IS NOT NULL;`,

  `CREATE TABLE files (
     id uuid PRIMARY KEY,
     download_id uuid NOT NULL,
     provider text NOT NULL,
     title text NOT NULL,
     media_type text NOT NULL,
     bytes bigint NOT NULL,
     state text NOT NULL DEFAULT 'storing',
     created_at timestamptz NOT NULL DEFAULT now(),
     changed_at timestamptz NOT NULL DEFAULT now()
   );
   CREATE INDEX files_by_age ON files (created_at DESC, id) WHERE state = 'stored';
   CREATE INDEX files_unsettled ON files (download_id) WHERE state <> 'stored';`,

  `CREATE TABLE storage_stats (
     provider text PRIMARY KEY,
     total_size_bytes bigint NOT NULL DEFAULT 0,
     file_count integer NOT NULL DEFAULT 0,
     reserved_bytes bigint NOT NULL DEFAULT 0
   );
   INSERT INTO storage_stats (provider) VALUES ('gcs'), ('azure'), ('s3');`,

  `CREATE TABLE task_totals (
     status text NOT NULL,
     provider text NOT NULL,
     tasks bigint NOT NULL DEFAULT 0,
     PRIMARY KEY (status, provider)
   );`,

  `CREATE TABLE queued_tasks (
     id uuid PRIMARY KEY,
     run_at timestamptz NOT NULL DEFAULT now(),
     lease uuid,
     lease_until timestamptz
   );
   CREATE INDEX queued_tasks_due ON queued_tasks (run_at);`,
];
