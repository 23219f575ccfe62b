/**
 * The answer to a request for `/metrics`, whoever received it: Node's server or anything with the Fetch API.
 *
 *     method · secret · format by `Accept` · families by `name[]` · gzip by `Accept-Encoding`
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Family } from '../exposition/families.ts';
import { acceptsGzip, type Negotiated, negotiate } from '../exposition/negotiate.ts';
import { TEXT_CONTENT_TYPE } from '../exposition/text.ts';
import { Access } from './access.ts';
import { BusyError, type FamilySource, Scrapes, type Slices } from './scrapes.ts';
import type { AccessOptions } from './settings.ts';
import { asStoreError, warn } from './warnings.ts';

/** Below this, a body is sent as it is: compressing costs more than sending. */
export const GZIP_BYTES_MIN = 1_024;
/** How long a client that is refused as one too many should wait. */
const RETRY_AFTER_SECONDS = 5;
/** Families of `name[]` that one scrape may ask for; of more only the first. */
export const NAMES_MAX = 1_000;

/** A body for a scraper. */
export interface Exposition<Body extends string | Uint8Array = string | Uint8Array> {
  /** Text, or the bytes of protobuf. */
  readonly body: Body;
  readonly contentType: string;
}

/** What a scraper asks for. */
export interface ExpositionOptions {
  /** Its `Accept` header; without it, text 0.0.4. */
  readonly accept?: string | undefined;
  /** Whole names of the families that it wants (`uploads_total`); without them, all. */
  readonly names?: readonly string[] | undefined;
}

/** How a {@link Responder} answers. */
export interface ResponderOptions {
  readonly access: AccessOptions;
  /** `false`: there is nothing here. */
  readonly endpoint: boolean;
  /** See {@link ServeOptions.createdSamples}. */
  readonly createdSamples: boolean;
}

/** Text for callers that name no format: they know UTF-8. */
const PLAIN: Negotiated = { format: 'text', escaping: 'allow-utf-8', contentType: TEXT_CONTENT_TYPE };

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly header: (name: string) => string | undefined;
  /** Whether the scraper is on this machine, where compressing costs more than sending. */
  readonly isBesideUs: boolean;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Slices;
}

/** Answers for one source of families. */
export class Responder {
  readonly #scrapes: Scrapes;
  readonly #endpoint: boolean;
  readonly access: Access;
  /** Names of families that the last scrape in OpenMetrics lacked. */
  readonly #leftOut = new Set<string>();

  /** @throws ServeError `secret_unreadable` */
  constructor(source: FamilySource, { access, endpoint, createdSamples }: ResponderOptions) {
    this.access = new Access(access);
    this.#endpoint = endpoint;
    this.#scrapes = new Scrapes(source, createdSamples, (family) => this.#noteLeftOut(family));
  }

  /** How many families OpenMetrics could not say so far: a name is taken there by another family. */
  get familiesLeftOut(): number {
    return this.#leftOut.size;
  }

  /** A body, for callers in this process. */
  async exposition({ accept, names = [] }: ExpositionOptions = {}): Promise<Exposition> {
    const negotiated = accept === undefined ? PLAIN : negotiate(accept);
    const bytes = Buffer.concat(await this.#scrapes.body({ negotiated, names }));
    const { format, contentType } = negotiated;
    return { body: format === 'protobuf' ? bytes : bytes.toString('utf8'), contentType };
  }

  /** Answers a request of Node's server; never rejects. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, headers, body } = await this.#answer({
      method: request.method ?? 'GET',
      url: request.url ?? '',
      header: (name) => request.headers[name]?.toString(),
      isBesideUs: isBesideUs(request),
    });
    if (response.headersSent || response.destroyed) return;
    response.writeHead(status, { ...headers, 'content-length': lengthOf(body) });
    if (request.method !== 'HEAD') for (const slice of body) response.write(slice);
    response.end();
  }

  /** Answers a request of the Fetch API; never rejects. */
  async fetch(request: Request): Promise<Response> {
    const { status, headers, body } = await this.#answer({
      method: request.method,
      url: request.url,
      header: (name) => request.headers.get(name) ?? undefined,
      isBesideUs: false,
    });
    // Copied, since a body of the Fetch API may be handed over to another thread with its memory.
    const content = new Uint8Array(Buffer.concat(body));
    return new Response(request.method === 'HEAD' ? null : content, { status, headers });
  }

  async #answer(asked: Asked): Promise<Answer> {
    if (!this.#endpoint) return plain(404, 'metrics are switched off here\n');
    if (asked.method !== 'GET' && asked.method !== 'HEAD')
      return plain(405, 'metrics are read with GET\n', { allow: 'GET, HEAD' });
    const refusal = this.access.refusal(asked.header('authorization'));
    if (refusal !== undefined) return plain(refusal.status, refusal.body, refusal.headers);
    try {
      return await this.#metrics(asked);
    } catch (error) {
      if (error instanceof BusyError)
        return plain(503, `${error.message}\n`, { 'retry-after': String(RETRY_AFTER_SECONDS) });
      warn(asStoreError(error));
      return plain(500, `the metrics of the service cannot be read: ${(error as Error).message}\n`);
    }
  }

  async #metrics({ url, header, isBesideUs }: Asked): Promise<Answer> {
    const negotiated = negotiate(header('accept'));
    const slices = await this.#scrapes.body({ negotiated, names: namesOf(url) });
    const compress =
      lengthOf(slices) >= GZIP_BYTES_MIN && acceptsGzip(header('accept-encoding')) && !isBesideUs;
    return {
      status: 200,
      headers: {
        'content-type': negotiated.contentType,
        vary: 'accept, accept-encoding',
        ...(compress && { 'content-encoding': 'gzip' }),
      },
      body: compress ? [await compressed(slices)] : slices,
    };
  }

  #noteLeftOut({ name }: Family): void {
    if (this.#leftOut.has(name)) return;
    this.#leftOut.add(name);
    warn({
      code: 'family_left_out',
      message: `metric ${name} is left out of OpenMetrics, where another metric has one of its names; rename one of them`,
    });
  }
}

function lengthOf(slices: Slices): number {
  return slices.reduce((sum, { length }) => sum + length, 0);
}

function plain(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
    body: [Buffer.from(body)],
  };
}

/** Bodies that several scrapers get at once are compressed once. */
const compressing = new WeakMap<Slices, Promise<Buffer>>();

/** Compresses off the event loop; the fastest level makes metrics but a fifth larger than the default one, in half the time. */
function compressed(body: Slices): Promise<Buffer> {
  let result = compressing.get(body);
  if (result === undefined) {
    result = gzipped(Buffer.concat(body));
    compressing.set(body, result);
  }
  return result;
}

async function gzipped(body: Buffer): Promise<Buffer> {
  // Loaded when it is needed: most processes of a service answer nobody.
  const { constants, gzip } = await import('node:zlib');
  return new Promise((resolve, reject) => {
    gzip(body, { level: constants.Z_BEST_SPEED }, (error, result) =>
      error === null ? resolve(result) : reject(error),
    );
  });
}

/** Whether a request comes from this machine; a proxy forwards for others. */
function isBesideUs({ headers, socket }: IncomingMessage): boolean {
  if (
    headers['x-forwarded-for'] !== undefined ||
    headers.forwarded !== undefined ||
    headers.via !== undefined
  )
    return false;
  const address = socket.remoteAddress ?? '';
  return address === '::1' || /^(?:::ffff:)?127\./.test(address);
}

/** The `name[]` parameters of a request. */
function namesOf(url: string): string[] {
  const query = url.indexOf('?');
  return query < 0 ? [] : new URLSearchParams(url.slice(query)).getAll('name[]').slice(0, NAMES_MAX);
}
