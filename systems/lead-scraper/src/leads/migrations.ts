/** The tables, as steps that each database takes once. */

export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE scraping_jobs (
     id uuid PRIMARY KEY,
     source text NOT NULL,
     region text NOT NULL,
     first_page integer NOT NULL,
     pages integer NOT NULL,
     enrich text NOT NULL,
     verify boolean NOT NULL,
     status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'completed', 'failed')),
     -- Whether the queue has it; a process that dies before leaves that to another one.
     queued boolean NOT NULL DEFAULT false,
     attempt integer NOT NULL DEFAULT 0,
     message text,
     counted boolean NOT NULL DEFAULT false,
     created_at timestamptz NOT NULL DEFAULT now(),
     started_at timestamptz,
     finished_at timestamptz
   );
   CREATE INDEX ON scraping_jobs (created_at) WHERE status = 'queued';
   CREATE INDEX ON scraping_jobs (finished_at);

   CREATE TABLE leads (
     id uuid PRIMARY KEY,
     region text NOT NULL,
     name text NOT NULL,
     name_key text NOT NULL,
     business_number text,
     representative text,
     address text,
     phone text,
     email text,
     website text,
     domain text,
     industry text,
     size text,
     contact_role text,
     email_status text,
     phone_status text,
     created_at timestamptz NOT NULL DEFAULT now(),
     updated_at timestamptz NOT NULL DEFAULT now()
   );
   CREATE INDEX ON leads (business_number);
   CREATE INDEX ON leads (phone);
   CREATE INDEX ON leads (domain);
   CREATE INDEX ON leads (name_key);
   CREATE INDEX ON leads (region, created_at, id);

   -- What entry of which directory is part of which lead.
   CREATE TABLE listings (
     source text NOT NULL,
     key text NOT NULL,
     lead_id uuid NOT NULL REFERENCES leads ON DELETE CASCADE,
     seen_at timestamptz NOT NULL DEFAULT now(),
     PRIMARY KEY (source, key)
   );
   CREATE INDEX ON listings (lead_id);

   CREATE TABLE duplicate_candidates (
     lead_id uuid NOT NULL REFERENCES leads ON DELETE CASCADE,
     other_id uuid NOT NULL REFERENCES leads ON DELETE CASCADE,
     score real NOT NULL,
     PRIMARY KEY (lead_id, other_id)
   );
   CREATE INDEX ON duplicate_candidates (other_id);

   -- What became of each entry that a job met; a job that is begun again goes on behind them.
   CREATE TABLE job_entries (
     job_id uuid NOT NULL REFERENCES scraping_jobs ON DELETE CASCADE,
     key text NOT NULL,
     result text NOT NULL CHECK (result IN ('new', 'updated', 'errors')),
     merged boolean NOT NULL DEFAULT false,
     candidates integer NOT NULL DEFAULT 0,
     method text,
     email_status text,
     phone_status text,
     problem text,
     PRIMARY KEY (job_id, key)
   )`,
  `CREATE TABLE queue_jobs (
     queue text NOT NULL,
     id text NOT NULL,
     place bigserial NOT NULL,
     lease uuid,
     lease_until timestamptz,
     PRIMARY KEY (queue, id)
   );
   CREATE INDEX ON queue_jobs (queue, place);

   CREATE TABLE queue_totals (
     queue text PRIMARY KEY,
     incarnation uuid NOT NULL DEFAULT gen_random_uuid(),
     started bigint NOT NULL DEFAULT 0,
     finished bigint NOT NULL DEFAULT 0,
     failed bigint NOT NULL DEFAULT 0
   )`,
  // When somebody was last known to wait for a job, or to work on it.
  `ALTER TABLE scraping_jobs ADD COLUMN seen_at timestamptz NOT NULL DEFAULT now();
   CREATE INDEX ON scraping_jobs (seen_at) WHERE status IN ('queued', 'running')`,
];
