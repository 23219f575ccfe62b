/**
 * Where a catalog comes from beside the metric definitions: a running service, a catalog file, or a file with what a
 * service has shown.
 */
import { readFile } from 'node:fs/promises';
import {
  CatalogFileError,
  type CatalogOwner,
  type Config,
  catalogFromFamilies,
  readCatalogFile,
  type ScrapedFamily,
  type ScrapedOptions,
  type ServiceCatalog,
} from '@binnacle/blueprint';
import { ExpositionError } from '@binnacle/metrics/exposition';
import { shownPath } from './project-error.ts';
import { type BodyFormat, scrapedFamilies } from './scraped-families.ts';

/** How long a service may take to answer. */
const ANSWER_MS_MAX = 10_000;
/** The largest answer that is read. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;

/** OpenMetrics first, since it names units and info metrics; the text that everybody writes otherwise. */
const ACCEPT = 'application/openmetrics-text;version=1.0.0;q=1,text/plain;version=0.0.4;q=0.8,*/*;q=0.1';

/** What reading needs of the world. */
export interface SourceIo {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
}

/** A catalog cannot be had from where it was asked for; the message says why. */
export class CatalogSourceError extends Error {
  override readonly name = 'CatalogSourceError';
  readonly code = 'catalog_source';
}

/** What a source has said. */
export interface CatalogSource {
  /** What is sure: where somebody looked at a service, any value of a label may still come. */
  readonly catalogs: readonly ServiceCatalog[];
  /**
   * Where somebody looked at a service: the same with all values that were seen, which `inWordsOf` compares with what
   * was told. Undefined for a catalog file.
   */
  readonly seen: readonly ServiceCatalog[] | undefined;
  /** Where somebody looked at a service: what it showed. */
  readonly families?: readonly ScrapedFamily[];
}

/** Whether a source is an address and not a file. */
export function isAddress(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

/** The address of the metrics of a service; an address without a path is asked for `/metrics`. */
export function metricsAddress(address: string): URL {
  if (!URL.canParse(address)) throw new CatalogSourceError(`${JSON.stringify(address)} is not an address`);
  const url = new URL(address);
  if (url.pathname === '/' && url.search === '') url.pathname = '/metrics';
  return url;
}

/**
 * Reads the catalog at an address or in a file.
 * @param config tells whose metrics an address shows, by the targets of its services
 * @param options whether labels of few values are taken for closed ones, where somebody looked at a service
 * @throws CatalogSourceError
 */
export async function readCatalogSource(
  source: string,
  config: Pick<Config, 'services'> | undefined,
  io: SourceIo,
  options: ScrapedOptions = {},
): Promise<CatalogSource> {
  if (isAddress(source)) {
    const url = metricsAddress(source);
    return seen(ownerOf(source, config, url), await fetchFamilies(url, io), options);
  }
  let text: string;
  try {
    text = await readFile(source, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOENT') throw new CatalogSourceError(`${shownPath(source)} cannot be read: ${code}`);
    // A name and a port, as people say where a service is.
    const meant = /^[\w.-]+:\d+(?:\/|$)/.test(source) ? `; for a running service write http://${source}` : '';
    throw new CatalogSourceError(`there is no ${shownPath(source)}${meant}`);
  }
  if (isJson(text)) return { catalogs: catalogFile(source, text), seen: undefined };
  const families = familiesIn(shownPath(source), new TextEncoder().encode(text), formatOfText(text));
  return seen(ownerOf(source, config, undefined), families, options);
}

function seen(
  owner: CatalogOwner,
  families: readonly ScrapedFamily[],
  options: ScrapedOptions,
): CatalogSource {
  return {
    catalogs: [catalogFromFamilies(owner, families, options)],
    seen: [catalogFromFamilies(owner, families, { closedValuesMax: Number.POSITIVE_INFINITY })],
    families,
  };
}

function catalogFile(path: string, text: string): ServiceCatalog[] {
  try {
    return readCatalogFile(text);
  } catch (error) {
    if (!(error instanceof CatalogFileError)) throw error;
    throw new CatalogSourceError(
      error.problems.map((problem) => `${shownPath(path)}: ${problem}`).join('\n'),
    );
  }
}

/** A line of an exposition may begin with a brace as well, and with a name in quotes, which no colon follows. */
function isJson(text: string): boolean {
  const start = text.trimStart();
  return start.startsWith('{') && !/^\{"(?:[^"\\]|\\.)*"\s*[,}]/.test(start);
}

function formatOfText(text: string): BodyFormat {
  return /^# EOF\s*$/m.test(text.slice(-16)) ? 'openmetrics' : 'text';
}

/** Whose metrics these are: the service with this target, or the only one there is. */
function ownerOf(
  source: string,
  config: Pick<Config, 'services'> | undefined,
  url: URL | undefined,
): CatalogOwner {
  const services = config?.services ?? [];
  const isThere = ({ targets, metricsPath }: (typeof services)[number]): boolean =>
    url !== undefined &&
    metricsPath === url.pathname &&
    targets.some(
      (target) => sameHost(target) === sameHost(url.host === url.hostname ? `${url.host}:80` : url.host),
    );
  const found = services.find(isThere) ?? (services.length === 1 ? services[0] : undefined);
  if (found !== undefined) return { service: found.name, job: found.job, targetLabels: found.labels };
  if (services.length > 0)
    throw new CatalogSourceError(
      `whose metrics are at ${source}? None of ${services.map(({ name }) => name).join(', ')} has it as its target`,
    );
  const name = url === undefined ? shownPath(source) : url.host;
  return { service: name, job: name, targetLabels: {} };
}

/** The same machine by any of its names for itself. */
function sameHost(target: string): string {
  return target.replace(/^(localhost|127\.0\.0\.1|\[::1\]|0\.0\.0\.0|host\.docker\.internal):/, 'localhost:');
}

/**
 * Asks a running service for its families.
 * @throws CatalogSourceError
 */
export async function fetchFamilies(url: URL, io: SourceIo): Promise<ScrapedFamily[]> {
  let response: Response;
  let body: Uint8Array;
  try {
    response = await io.fetch(url.href, {
      headers: { accept: ACCEPT },
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    body = await bodyOf(url, response);
  } catch (error) {
    if (error instanceof CatalogSourceError) throw error;
    throw new CatalogSourceError(`nothing answers at ${url.href}: is the service running?`);
  }
  if (!response.ok) throw new CatalogSourceError(`${url.href} answers with ${response.status}`);
  const type = response.headers.get('content-type') ?? '';
  if (/^text\/html|^application\/json/i.test(type))
    throw new CatalogSourceError(`${url.href} answers with ${type.split(';')[0]}, which is no metrics`);
  return familiesIn(url.href, body, /openmetrics/i.test(type) ? 'openmetrics' : 'text');
}

async function bodyOf(url: URL, response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > BODY_BYTES_MAX)
      throw new CatalogSourceError(`${url.href} answers with more than ${BODY_BYTES_MAX / 1024 / 1024} MiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function familiesIn(where: string, body: Uint8Array, format: BodyFormat): ScrapedFamily[] {
  try {
    return scrapedFamilies(body, format);
  } catch (error) {
    if (!(error instanceof ExpositionError)) throw error;
    throw new CatalogSourceError(`${where} is not what Prometheus reads: ${error.message}`);
  }
}
