/** What is asked of the API, read once into what the rest of the program is sure of. */
import { isUuid } from '@binnacle/system-parts/database';
import { ENRICH_MODES } from '../enrich/smart-scraper.ts';
import type { LeadFilter } from '../leads/leads.ts';
import { REGIONS, SOURCES } from '../pages/listing.ts';
import type { NewJob } from '../scraping/jobs.ts';

/** List pages of one job. */
export const PAGES_MAX = 20;
const FIRST_PAGE_MAX = 10_000;
/** Leads, or candidates, of one answer. */
export const LIMIT_MAX = 100;
const LIMIT = 20;
const OFFSET_MAX = 1_000_000;

/** A request that cannot be answered as it is. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;

  constructor(status: 400 | 404 | 409, message: string) {
    super(message);
    this.status = status;
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** @throws RequestError that names the field and what it can be */
export function newJobFrom(body: unknown): NewJob {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new RequestError(400, 'the body must be a JSON object, of the type application/json');
  const fields = body as Fields;
  const verify = fields.verify ?? false;
  if (typeof verify !== 'boolean') throw new RequestError(400, 'verify must be true or false');
  return {
    source: oneOf(fields, 'source', SOURCES),
    region: oneOf(fields, 'region', REGIONS),
    firstPage: integer(fields, 'first_page', { fallback: 1, min: 1, max: FIRST_PAGE_MAX }),
    pages: integer(fields, 'pages', { fallback: 1, min: 1, max: PAGES_MAX }),
    enrich: fields.enrich === undefined ? 'off' : oneOf(fields, 'enrich', ['off', ...ENRICH_MODES]),
    verify,
  };
}

/**
 * The key under which whoever asks for a job asks again when no answer came; it becomes the job's identifier.
 * @throws RequestError where it is no UUID
 */
export function keyFrom(header: string | string[] | undefined): string | undefined {
  if (header === undefined || isUuid(header)) return header;
  throw new RequestError(400, 'idempotency-key must be a UUID');
}

/** @throws RequestError */
export function leadFilterFrom(query: Fields): LeadFilter {
  return {
    source: query.source === undefined ? undefined : oneOf(query, 'source', SOURCES),
    region: query.region === undefined ? undefined : oneOf(query, 'region', REGIONS),
    limit: limitFrom(query),
    offset: integer(query, 'offset', { fallback: 0, min: 0, max: OFFSET_MAX }),
  };
}

/** @throws RequestError */
export function limitFrom(query: Fields): number {
  return integer(query, 'limit', { fallback: LIMIT, min: 1, max: LIMIT_MAX });
}

function oneOf<Value extends string>(fields: Fields, name: string, values: readonly Value[]): Value {
  const found = values.find((value) => value === fields[name]);
  if (found === undefined) throw new RequestError(400, `${name} must be one of ${values.join(', ')}`);
  return found;
}

/** A whole number, also as the text that it is in an address. */
function integer(
  fields: Fields,
  name: string,
  { fallback, min, max }: { readonly fallback: number; readonly min: number; readonly max: number },
): number {
  const value = fields[name] ?? fallback;
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max) return number;
  throw new RequestError(400, `${name} must be a whole number from ${min} to ${max}`);
}
