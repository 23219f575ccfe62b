/**
 * What follows from what: which counters a request moves, at the service that answered it and at those that it
 * called. `enter` writes an answer into the ledger, `enterDied` what a request without an answer may have led to.
 */
import { series } from '@binnacle/system-parts/samples';
import type { Effect, Ledger, ServiceName } from './ledger.ts';
import { CALLS_HEADER } from './service/calls.ts';

/** How often search may be told of a change whose first announcement had no answer. */
const SWEEPS_MAX = 60;
/** The gateway says these itself, where a service did not answer. */
const GATEWAY_FAILURES: ReadonlySet<unknown> = new Set(['service_unavailable', 'service_timeout']);

const ASSETS = '/api/v1/assets';
const ASSET = '/api/v1/assets/{asset_id}';
const ASSET_FILES = '/api/v1/assets/{asset_id}/files';
const FILE = '/api/v1/files/{file_id}';
const CONTENT = '/api/v1/files/{file_id}/content';
const SEARCH = '/api/v1/search';
const TRANSCODE = '/api/v1/transcode';
const JOB = '/api/v1/transcode/{job_id}';
const INDEX = '/api/v1/index';
const INDEX_ENTRY = '/api/v1/index/{entity_type}/{entity_id}';

/** The routes by their templates. */
export const ENDPOINTS = { ASSETS, ASSET, ASSET_FILES, FILE, CONTENT, SEARCH, TRANSCODE, JOB } as const;

/** What the gateway counts a path as that it has not. */
export const UNMATCHED = 'unmatched';

/** A request as far as the counters are concerned. */
export interface Deed {
  readonly method: string;
  /** The route's template. */
  readonly endpoint: string;
  /** Who answers behind the gateway; undefined where the gateway does itself. */
  readonly service: Exclude<ServiceName, 'gateway'> | undefined;
  /** `query_type` of a search; `file_type` of an upload. */
  readonly label?: string;
  /** How many results or list entries there may be at most. */
  readonly atMost?: number;
}

/** What came back. */
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly json: Readonly<Record<string, unknown>>;
}

/** A conversion that a job did or was to do. */
export interface JobDeed {
  readonly sourceFormat: string;
  readonly targetFormat: string;
  /** What the result is. */
  readonly fileType: string;
}

/** Enters an answer. */
export function enter(ledger: Ledger, deed: Deed, { status, headers, json }: Answered): void {
  const { method, endpoint, service } = deed;
  ledger.request('gateway', method, endpoint, status);
  if (service === undefined) return;
  if (GATEWAY_FAILURES.has(json.error)) {
    ledger.died();
    enterMaybe(ledger, deed, service);
    return;
  }
  ledger.request(service, method, endpoint, status);
  ledger.counted(effectsOf(service, method, endpoint, status, deed.label, sizeOf(json)));
  const calls = headers[CALLS_HEADER];
  if (typeof calls === 'string')
    enterCalls(ledger, calls.split(', '), service === 'assets' ? 'asset' : 'file');
}

/** Enters a request that had no answer, or not all of it. */
export function enterDied(ledger: Ledger, deed: Deed): void {
  ledger.died();
  ledger.mayHaveRequested('gateway', deed.method, deed.endpoint);
  if (deed.service !== undefined) enterMaybe(ledger, deed, deed.service);
}

/** Enters a request whose client went away when the service had begun to read it. */
export function enterAborted(ledger: Ledger, deed: Deed, status: number): void {
  ledger.request('gateway', deed.method, deed.endpoint, status);
  if (deed.service !== undefined) ledger.request(deed.service, deed.method, deed.endpoint, status);
}

/**
 * Enters the calls that a service told of.
 * @param entityType what was announced, where search was called
 * @param fileType what was uploaded, where that was
 */
export function enterCalls(
  ledger: Ledger,
  calls: readonly string[],
  entityType: 'asset' | 'file',
  fileType = 'other',
): void {
  for (const call of calls) {
    const [service, method = '', endpoint = '', status] = call.split(' ') as [ServiceName, ...string[]];
    const label = service === 'search' ? entityType : fileType;
    if (status !== '-') {
      ledger.request(service, method, endpoint, Number(status));
      ledger.counted(effectsOf(service, method, endpoint, Number(status), label, 1));
    }
    if (service === 'search') {
      if (!(Number(status) < 500)) enterMaybeAnnounced(ledger, method, endpoint, entityType);
    } else if (status === '-') enterMaybe(ledger, { method, endpoint, service: 'files', label }, 'files');
  }
}

/** Enters how a job ended, which its process has counted, with the calls that it told of. */
export function enterJob(
  ledger: Ledger,
  { sourceFormat, targetFormat, fileType }: JobDeed,
  job: Readonly<Record<string, unknown>>,
): void {
  const status = String(job.status);
  const effects: Effect[] = [{ service: 'transcode', series: series('transcode_jobs_total', { status }) }];
  if (status === 'completed')
    effects.push({
      service: 'transcode',
      series: series('transcode_duration_seconds_count', {
        source_format: sourceFormat,
        target_format: targetFormat,
      }),
    });
  if (job.counted === true) ledger.counted(effects);
  else ledger.mayHaveCounted(effects);
  enterCalls(ledger, job.calls as readonly string[], 'file', fileType);
  enterMaybeAttempts(ledger, fileType, Number(job.attempts) - Number(job.told_attempts));
}

/** What a request moves at the service that gave it this status. */
function effectsOf(
  service: ServiceName,
  method: string,
  endpoint: string,
  status: number,
  label: string | undefined,
  size: number,
): Effect[] {
  const one = (name: string, labels: Record<string, string> = {}, by = 1): Effect[] => [
    { service, series: series(name, labels), by },
  ];
  switch (`${method} ${endpoint} ${status}`) {
    case `POST ${ASSETS} 201`:
      return one('assets_created_total');
    case `PUT ${ASSET} 200`:
      return one('assets_updated_total');
    case `DELETE ${ASSET} 200`:
      return one('assets_deleted_total');
    case `GET ${ASSET} 200`:
      return one('assets_retrieved_total');
    case `GET ${ASSETS} 200`:
      return one('assets_retrieved_total', {}, size);
    case `POST ${ASSET_FILES} 201`:
      return one('files_uploaded_total', { file_type: label ?? 'other' });
    case `GET ${ASSET_FILES} 200`:
      return one('files_retrieved_total', {}, size);
    case `GET ${FILE} 200`:
      return one('files_retrieved_total');
    case `DELETE ${FILE} 200`:
      return one('files_deleted_total');
    case `GET ${CONTENT} 200`:
    case `GET ${CONTENT} 206`:
      return one('files_downloaded_total');
    case `POST ${INDEX} 200`:
      return one('content_indexed_total', { entity_type: label ?? 'asset' });
    case `GET ${SEARCH} 200`: {
      const labels = { query_type: label ?? 'all' };
      return [...one('search_queries_total', labels), ...one('search_results_total', labels, size)];
    }
    default:
      return [];
  }
}

/** The status with which a request succeeds. */
const SUCCESS: Readonly<Record<string, number>> = {
  [`POST ${ASSETS}`]: 201,
  [`POST ${ASSET_FILES}`]: 201,
  [`POST ${TRANSCODE}`]: 202,
};

/** Enters all that a request may have led to at the service, and further on. */
function enterMaybe(ledger: Ledger, deed: Deed, service: Exclude<ServiceName, 'gateway'>): void {
  const { method, endpoint, label, atMost = 1 } = deed;
  ledger.mayHaveRequested(service, method, endpoint);
  const status = SUCCESS[`${method} ${endpoint}`] ?? 200;
  ledger.mayHaveCounted(effectsOf(service, method, endpoint, status, label, atMost));
  switch (`${method} ${endpoint}`) {
    case `POST ${ASSETS}`:
    case `PUT ${ASSET}`:
      enterMaybeAnnounced(ledger, 'POST', INDEX, 'asset');
      break;
    case `POST ${ASSET_FILES}`:
      enterMaybeAnnounced(ledger, 'POST', INDEX, 'file');
      break;
    case `DELETE ${ASSET}`:
    case `DELETE ${FILE}`:
      enterMaybeAnnounced(ledger, 'DELETE', INDEX_ENTRY, 'file');
      break;
    case `POST ${TRANSCODE}`: {
      enterMaybe(ledger, { method: 'GET', endpoint: FILE, service: 'files' }, 'files');
      // Perhaps there is a job now that nobody will ask for.
      const ends = ['completed', 'failed'].map((end) => series('transcode_jobs_total', { status: end }));
      const [source_format = '', target_format = '', fileType = ''] = label?.split(' ') ?? [];
      const took = series('transcode_duration_seconds_count', { source_format, target_format });
      ledger.mayHaveCounted([...ends, took].map((counted) => ({ service: 'transcode', series: counted })));
      enterMaybeAttempts(ledger, fileType, 3);
    }
  }
}

function enterMaybeAnnounced(ledger: Ledger, method: string, endpoint: string, entityType: string): void {
  ledger.mayHaveRequested('search', method, endpoint, SWEEPS_MAX);
  if (method === 'POST')
    ledger.mayHaveCounted([
      { service: 'search', series: series('content_indexed_total', { entity_type: entityType }) },
    ]);
}

/** Enters what processes may have done that died over a job. */
function enterMaybeAttempts(ledger: Ledger, fileType: string, attempts: number): void {
  for (let i = 0; i < attempts; i++) {
    enterMaybe(ledger, { method: 'GET', endpoint: CONTENT, service: 'files' }, 'files');
    enterMaybe(ledger, { method: 'POST', endpoint: ASSET_FILES, service: 'files', label: fileType }, 'files');
  }
}

/** How many things a list or a search gave. */
function sizeOf(json: Readonly<Record<string, unknown>>): number {
  const list = json.assets ?? json.files ?? json.results;
  return Array.isArray(list) ? list.length : 0;
}
