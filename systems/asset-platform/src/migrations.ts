/** The tables of the platform, in steps that are never changed after they were released, only added. */
export const MIGRATIONS: readonly string[] = [
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
     told_attempts integer NOT NULL DEFAULT 0,
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
