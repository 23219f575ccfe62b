/**
 * The leads: what is known of companies, put together from all directories.
 *
 * An entry of a directory that was seen before brings its lead up to date. A new one is compared with the leads that
 * share a number, a domain or a name with it; the most similar one takes it in, or it becomes a lead of its own, with
 * those beside it that somebody has to look at. Whoever stores an entry holds locks on all that it could be found by,
 * so that two directories which show a company at the same time do not make two leads of it.
 */
import { randomUUID } from 'node:crypto';
import { isUuid, transaction } from '@binnacle/system-parts/database';
import type { Pool, PoolClient } from 'pg';
import type { Traits } from '../enrich/traits.ts';
import type { Listing, Region, Source } from '../pages/listing.ts';
import { holdAttempt, type Job } from '../scraping/jobs.ts';
import type { Verified } from '../verify/verifier.ts';
import { businessNumberKey, domainKey, emailKey, nameKey, phoneKey } from './normalise.ts';
import { decide, similarity } from './similarity.ts';

/** Leads that a new entry is compared with. */
const COMPARED_MAX = 50;
/** Of those, the ones that somebody is asked about. */
const CANDIDATES_MAX = 5;

/** What is known of a company; null where nothing is. */
export interface LeadData {
  readonly name: string;
  readonly nameKey: string;
  readonly businessNumber: string | null;
  readonly representative: string | null;
  readonly address: string | null;
  readonly phone: string | null;
  readonly email: string | null;
  readonly website: string | null;
  readonly domain: string | null;
  readonly industry: string | null;
  readonly size: string | null;
  readonly contactRole: string | null;
  readonly emailStatus: string | null;
  readonly phoneStatus: string | null;
}

/** A lead. */
export interface Lead extends LeadData {
  readonly id: string;
  readonly region: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Two leads that may be one company. */
export interface Candidate {
  readonly leadId: string;
  readonly otherId: string;
  readonly score: number;
}

/** An entry of a directory, with what was found out about it. */
export interface Entry {
  readonly key: string;
  readonly listing: Listing;
  readonly traits: Traits | undefined;
  /** Who found the traits. */
  readonly method: string | undefined;
  readonly verified: Verified | undefined;
}

/** What became of an entry. */
export interface Stored {
  readonly result: 'new' | 'updated';
  /** Whether it was merged into a lead of another directory. */
  readonly merged: boolean;
  /** Leads that it may be the same as. */
  readonly candidates: number;
}

/** Which leads are asked for. */
export interface LeadFilter {
  readonly source: Source | undefined;
  readonly region: Region | undefined;
  readonly limit: number;
  readonly offset: number;
}

const DATA_COLUMNS: Readonly<Record<keyof LeadData, string>> = {
  name: 'name',
  nameKey: 'name_key',
  businessNumber: 'business_number',
  representative: 'representative',
  address: 'address',
  phone: 'phone',
  email: 'email',
  website: 'website',
  domain: 'domain',
  industry: 'industry',
  size: 'size',
  contactRole: 'contact_role',
  emailStatus: 'email_status',
  phoneStatus: 'phone_status',
};
const PROPERTIES = Object.keys(DATA_COLUMNS) as readonly (keyof LeadData)[];
const WRITTEN = PROPERTIES.map((property) => DATA_COLUMNS[property]);
const READ = [
  'id',
  'region',
  'created_at AS "createdAt"',
  'updated_at AS "updatedAt"',
  ...PROPERTIES.map((property) => `${DATA_COLUMNS[property]} AS "${property}"`),
].join(', ');

/** All leads. */
export class Leads {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async find(id: string): Promise<Lead | undefined> {
    if (!isUuid(id)) return undefined;
    const { rows } = await this.#pool.query<Lead>(`SELECT ${READ} FROM leads WHERE id = $1`, [id]);
    return rows[0];
  }

  /** The directories that a lead was seen in. */
  async sourcesOf(id: string): Promise<string[]> {
    const { rows } = await this.#pool.query<{ source: string }>(
      'SELECT DISTINCT source FROM listings WHERE lead_id = $1 ORDER BY source',
      [id],
    );
    return rows.map(({ source }) => source);
  }

  /** Some leads, the oldest first, and how many there are. */
  async list({ source, region, limit, offset }: LeadFilter): Promise<{ total: number; leads: Lead[] }> {
    const where = `($1::text IS NULL OR region = $1)
      AND ($2::text IS NULL OR EXISTS (SELECT 1 FROM listings WHERE lead_id = leads.id AND source = $2))`;
    const filter = [region ?? null, source ?? null];
    const [counted, page] = await Promise.all([
      this.#pool.query<{ total: number }>(`SELECT count(*)::int AS total FROM leads WHERE ${where}`, filter),
      this.#pool.query<Lead>(
        `SELECT ${READ} FROM leads WHERE ${where} ORDER BY created_at, id LIMIT $3 OFFSET $4`,
        [...filter, limit, offset],
      ),
    ]);
    return { total: counted.rows[0]!.total, leads: page.rows };
  }

  /** Pairs that somebody has to look at, the most similar first; of one lead, where it is given. */
  async candidates(leadId: string | undefined, limit: number): Promise<Candidate[]> {
    const { rows } = await this.#pool.query<Candidate>(
      `SELECT lead_id AS "leadId", other_id AS "otherId", score FROM duplicate_candidates
       WHERE $1::uuid IS NULL OR lead_id = $1 OR other_id = $1
       ORDER BY score DESC, lead_id, other_id LIMIT $2`,
      [leadId ?? null, limit],
    );
    return rows;
  }

  /** The lead that an entry is part of. */
  async ofEntry(source: Source, key: string): Promise<Lead | undefined> {
    const { rows } = await this.#pool.query<Lead>(
      `SELECT ${READ} FROM leads WHERE id = (SELECT lead_id FROM listings WHERE source = $1 AND key = $2)`,
      [source, key],
    );
    return rows[0];
  }

  /** Notes what was found about the contacts of a lead, unless they have changed meanwhile. */
  async verified(lead: Lead, { email, phone }: Verified): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `UPDATE leads SET email_status = $2, phone_status = $3
       WHERE id = $1 AND email IS NOT DISTINCT FROM $4 AND phone IS NOT DISTINCT FROM $5`,
      [lead.id, email, phone, lead.email, lead.phone],
    );
    return rowCount === 1;
  }

  /**
   * Stores an entry of a job, and notes what became of it.
   * @throws AttemptOver where the job is in other hands
   */
  store(job: Job, entry: Entry): Promise<Stored> {
    return transaction(this.#pool, async (client) => {
      await holdAttempt(client, job);
      const data = dataOf(entry);
      await lockAll(client, [
        `${job.source} ${entry.key}`,
        ...[data.businessNumber, data.phone, data.domain, data.nameKey].filter((key) => key !== null),
      ]);
      const stored = await put(client, job, entry.key, data);
      await client.query(
        `INSERT INTO job_entries (job_id, key, result, merged, candidates, method, email_status, phone_status)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [
          ...[job.id, entry.key, stored.result, stored.merged, stored.candidates],
          ...[entry.method ?? null, entry.verified?.email ?? null, entry.verified?.phone ?? null],
        ],
      );
      return stored;
    });
  }
}

/** The contacts of a listing as they are kept. */
export function contactsOf(listing: Listing): {
  readonly email: string | null;
  readonly phone: string | null;
} {
  return {
    email: emailKey(listing.email) ?? listing.email ?? null,
    phone: phoneKey(listing.phone) ?? listing.phone ?? null,
  };
}

function dataOf({ listing, traits, verified }: Entry): LeadData {
  const { email, phone } = contactsOf(listing);
  return {
    name: listing.name,
    nameKey: nameKey(listing.name),
    businessNumber: businessNumberKey(listing.businessNumber) ?? null,
    representative: listing.representative ?? null,
    address: listing.address ?? null,
    phone,
    email,
    website: listing.website ?? null,
    domain: domainKey(listing.website, email ?? undefined) ?? null,
    industry: traits?.industry ?? null,
    size: traits?.size ?? null,
    contactRole: traits?.contactRole ?? null,
    emailStatus: verified?.email ?? null,
    phoneStatus: verified?.phone ?? null,
  };
}

/** Locks texts until the transaction ends; all in one order, so that nobody waits in a circle. */
async function lockAll(client: PoolClient, texts: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ hash: string }>(
    'SELECT DISTINCT hashtextextended(text, 0)::text AS hash FROM unnest($1::text[]) AS text ORDER BY 1',
    [texts],
  );
  for (const { hash } of rows) await client.query('SELECT pg_advisory_xact_lock($1::bigint)', [hash]);
}

async function put(client: PoolClient, job: Job, key: string, data: LeadData): Promise<Stored> {
  const known = await client.query<Lead>(
    `SELECT ${READ} FROM leads
     WHERE id = (SELECT lead_id FROM listings WHERE source = $1 AND key = $2) FOR UPDATE`,
    [job.source, key],
  );
  if (known.rows[0] !== undefined) {
    // What the directory says now is newer than what is there.
    await update(client, known.rows[0].id, together(data, known.rows[0]));
    await client.query('UPDATE listings SET seen_at = now() WHERE source = $1 AND key = $2', [
      job.source,
      key,
    ]);
    return { result: 'updated', merged: false, candidates: 0 };
  }
  const alike = await compared(client, data);
  const [best] = alike;
  if (best !== undefined && decide(best.score) === 'auto_merge') {
    await update(client, best.lead.id, together(best.lead, data));
    await link(client, job.source, key, best.lead.id);
    return { result: 'updated', merged: true, candidates: 0 };
  }
  const id = randomUUID();
  const values = PROPERTIES.map((property) => data[property]);
  await client.query(
    `INSERT INTO leads (id, region, ${WRITTEN.join(', ')})
     VALUES ($1, $2, ${WRITTEN.map((_, at) => `$${at + 3}`).join(', ')})`,
    [id, job.region, ...values],
  );
  await link(client, job.source, key, id);
  const candidates = alike.filter(({ score }) => decide(score) === 'candidate').slice(0, CANDIDATES_MAX);
  for (const { lead, score } of candidates)
    await client.query('INSERT INTO duplicate_candidates VALUES ($1, $2, $3)', [id, lead.id, score]);
  return { result: 'new', merged: false, candidates: candidates.length };
}

/** The leads that share something with an entry, the most similar first. */
async function compared(
  client: PoolClient,
  data: LeadData,
): Promise<{ readonly lead: Lead; readonly score: number }[]> {
  const { rows } = await client.query<Lead>(
    `SELECT ${READ} FROM leads
     WHERE business_number = $1 OR phone = $2 OR domain = $3 OR name_key = $4
     ORDER BY created_at, id LIMIT $5 FOR UPDATE`,
    [data.businessNumber, comparable(data.phone), data.domain, data.nameKey || null, COMPARED_MAX],
  );
  return rows
    .map((lead) => ({ lead, score: similarity(fingerprint(lead), fingerprint(data)) }))
    .sort((a, b) => b.score - a.score);
}

function fingerprint(data: LeadData): Parameters<typeof similarity>[0] {
  return {
    nameKey: data.nameKey,
    businessNumber: data.businessNumber ?? undefined,
    phone: comparable(data.phone) ?? undefined,
    domain: data.domain ?? undefined,
    address: data.address ?? undefined,
  };
}

/** A number that can be compared; what could not be read is kept as it was written, and tells nothing. */
function comparable(phone: string | null): string | null {
  return phone?.startsWith('+') === true ? phone : null;
}

/** What is known from two sides; where both say something, the first is right. */
function together(first: LeadData, second: LeadData): LeadData {
  return {
    // A name and what it is compared by belong together, and so do a contact and what was found about it.
    name: first.name,
    nameKey: first.nameKey,
    businessNumber: first.businessNumber ?? second.businessNumber,
    representative: first.representative ?? second.representative,
    address: first.address ?? second.address,
    phone: first.phone ?? second.phone,
    phoneStatus: statusOf('phone', first, second),
    email: first.email ?? second.email,
    emailStatus: statusOf('email', first, second),
    website: first.website ?? second.website,
    domain: first.domain ?? second.domain,
    industry: first.industry ?? second.industry,
    size: first.size ?? second.size,
    contactRole: first.contactRole ?? second.contactRole,
  };
}

function statusOf(contact: 'phone' | 'email', first: LeadData, second: LeadData): string | null {
  const status = `${contact}Status` as const;
  const kept = first[contact] ?? second[contact];
  return (
    (first[contact] === kept ? first[status] : null) ?? (second[contact] === kept ? second[status] : null)
  );
}

async function update(client: PoolClient, id: string, data: LeadData): Promise<void> {
  const values = PROPERTIES.map((property) => data[property]);
  const set = WRITTEN.map((column, at) => `${column} = $${at + 2}`).join(', ');
  await client.query(`UPDATE leads SET ${set}, updated_at = now() WHERE id = $1`, [id, ...values]);
}

async function link(client: PoolClient, source: Source, key: string, leadId: string): Promise<void> {
  await client.query('INSERT INTO listings (source, key, lead_id) VALUES ($1, $2, $3)', [
    source,
    key,
    leadId,
  ]);
}
