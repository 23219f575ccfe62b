/**
 * The HTTP server: reads a request, finds its route, writes the answer, and ends the work when the client goes.
 *
 * It listens on the loopback address unless told otherwise, and sends no CORS headers: pages of other sites cannot
 * read what it answers. That they cannot change anything either, nor pretend to be its own, is the guard's part.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { ApiError, CLIENT_GONE_STATUS, responseOfError } from './envelope.ts';
import { RequestGuard } from './request-guard.ts';
import type { ApiRequest, ApiResponse, Route } from './route.ts';

/** The largest body that a POST may carry. */
export const BODY_BYTES_MAX = 10 * 1024 * 1024;
/** How long a client may take to send its request. */
export const REQUEST_TIMEOUT_MS = 30_000;

/** Options of {@link ApiServer}. */
export interface ApiServerOptions {
  readonly routes: readonly Route[];
  /** Answers what no route takes: the page. */
  readonly fallback: (request: ApiRequest) => Promise<ApiResponse> | ApiResponse;
  readonly now: () => number;
  /** Told of errors that are nobody's but ours. */
  readonly onError: (message: string) => void;
  /** Where users reach the server, when that is not where it listens. */
  readonly externalUrl?: string;
  /** Names that the server is reached by, beside its own, those of this machine to itself, and the external URL's. */
  readonly allowedHosts?: readonly string[];
}

/** How often a route answered with a status. */
export interface RequestCount {
  /** As routes write it, open parts and all; the empty string for what no route takes. */
  readonly route: string;
  readonly status: number;
  readonly count: number;
}

/** What is known of a request's route as it is found. */
interface Match {
  route: string;
  refuse: (error: unknown) => ApiResponse;
}

interface CompiledRoute extends Route {
  readonly parts: readonly string[];
}

/** The monitor's HTTP server. */
export class ApiServer {
  readonly #options: ApiServerOptions;
  readonly #routes: readonly CompiledRoute[];
  readonly #server: Server;
  readonly #stop = new AbortController();
  #guard: RequestGuard;
  /** By route, then by status: as many as there are routes, so no client can make it grow. */
  readonly #counts = new Map<string, Map<number, number>>();

  constructor(options: ApiServerOptions) {
    this.#options = options;
    this.#guard = guardOf(options, '127.0.0.1');
    this.#routes = options.routes.map((route) => ({ ...route, parts: route.path.split('/') }));
    this.#server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        options.onError(`a request failed: ${String(error)}`);
        response.destroy();
      });
    });
  }

  /** Listens; port 0 takes any free one. Rejects with Node's error, `EADDRINUSE` when the port is taken. */
  listen(host: string, port: number): Promise<{ readonly host: string; readonly port: number }> {
    this.#guard = guardOf(this.#options, host);
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve({ host, port: (this.#server.address() as AddressInfo).port });
      });
    });
  }

  /** How often each route answered with each status. */
  requestCounts(): RequestCount[] {
    return [...this.#counts].flatMap(([route, byStatus]) =>
      [...byStatus].map(([status, count]) => ({ route, status, count })),
    );
  }

  /** Takes no more requests, cancels those under way, and ends their connections. */
  close(): Promise<void> {
    this.#stop.abort();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeIdleConnections();
      // Answers that were being written get a moment; streams that nobody reads do not hold up the end.
      setTimeout(() => this.#server.closeAllConnections(), CLOSE_GRACE_MS).unref();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, this.#stop.signal]);
    let answer: ApiResponse;
    const match: Match = { route: '', refuse: responseOfError };
    try {
      answer = await this.#answer(request, signal, match);
    } catch (error) {
      answer = match.refuse(error);
      if (answer.status === 500)
        this.#options.onError(`${request.method} ${pathOf(request)}: ${String(error)}`);
    }
    if (gone.signal.aborted) answer = { ...answer, status: CLIENT_GONE_STATUS };
    this.#count(match.route, answer.status);
    await write(request, response, answer, signal);
  }

  #count(route: string, status: number): void {
    let byStatus = this.#counts.get(route);
    if (byStatus === undefined) {
      byStatus = new Map();
      this.#counts.set(route, byStatus);
    }
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
  }

  /** `match.route` becomes the route that takes the request. */
  async #answer(request: IncomingMessage, signal: AbortSignal, match: Match): Promise<ApiResponse> {
    this.#guard.check({ method: request.method ?? '', headers: request.headers });
    const url = parseUrl(request.url ?? '/');
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const path = url.pathname;
    const parts = path.split('/');
    let allowed: string[] = [];
    for (const route of this.#routes) {
      const captures = capturesOf(route.parts, parts);
      if (captures === undefined) continue;
      match.refuse = route.refuse ?? responseOfError;
      if (!route.methods.some((candidate) => candidate === method)) {
        allowed = [...allowed, ...route.methods];
        continue;
      }
      match.route = route.path;
      if (route.takes === 'json') {
        const body = await readJsonText(request, signal);
        return route.handle({ ...this.#request(request, path, url.searchParams, captures, signal), body });
      }
      const parameters = await readParameters(request, url, signal);
      return route.handle(this.#request(request, path, parameters, captures, signal));
    }
    if (allowed.length > 0) return methodNotAllowed(allowed, match.refuse);
    if (path.startsWith('/api/')) throw new ApiError('not_found', `there is no ${path}`);
    if (method !== 'GET') return methodNotAllowed(['GET'], responseOfError);
    return this.#options.fallback(this.#request(request, path, url.searchParams, {}, signal));
  }

  #request(
    request: IncomingMessage,
    path: string,
    parameters: URLSearchParams,
    captures: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): ApiRequest {
    return { parameters, captures, path, headers: request.headers, signal, nowMs: this.#options.now() };
  }
}

function guardOf(options: ApiServerOptions, listenHost: string): RequestGuard {
  const { externalUrl, allowedHosts = [] } = options;
  return new RequestGuard({ listenHost, externalUrl, allowedHosts });
}

/** How long answers may be finished after the server was closed. */
const CLOSE_GRACE_MS = 500;

function parseUrl(target: string): URL {
  try {
    // Only path and query count; a base is needed because a request names no scheme and host.
    return new URL(target.startsWith('/') ? `http://monitor${target}` : target);
  } catch {
    throw new ApiError('bad_data', 'the request target is not a valid path');
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?')[0]!;
}

/** The open parts of a path, or undefined when the route does not match. */
function capturesOf(route: readonly string[], path: readonly string[]): Record<string, string> | undefined {
  if (route.length !== path.length) return undefined;
  const captures: Record<string, string> = {};
  for (const [i, part] of route.entries()) {
    if (!part.startsWith(':')) {
      if (part !== path[i]) return undefined;
      continue;
    }
    try {
      captures[part.slice(1)] = decodeURIComponent(path[i]!);
    } catch {
      throw new ApiError('bad_data', `the path holds ${JSON.stringify(path[i])}, which is not valid`);
    }
  }
  return captures;
}

function methodNotAllowed(methods: readonly string[], refuse: Match['refuse']): ApiResponse {
  const allow = methods.join(', ');
  const answer = refuse(new ApiError('bad_data', `only ${allow} is allowed here`, 405));
  return { ...answer, headers: { ...answer.headers, allow } };
}

/** The URL's parameters and, of a POST, the form's in front of them. */
async function readParameters(
  request: IncomingMessage,
  url: URL,
  signal: AbortSignal,
): Promise<URLSearchParams> {
  if (request.method !== 'POST') return url.searchParams;
  const body = await readBody(request, signal);
  const type = request.headers['content-type'] ?? '';
  if (body !== '' && !type.startsWith('application/x-www-form-urlencoded'))
    throw new ApiError(
      'bad_data',
      `a POST carries application/x-www-form-urlencoded, not ${type === '' ? 'a body without a type' : type}`,
      415,
    );
  return new URLSearchParams([...new URLSearchParams(body), ...url.searchParams]);
}

/** A form of another site can carry text, but cannot say that it is JSON. */
async function readJsonText(request: IncomingMessage, signal: AbortSignal): Promise<string> {
  if (request.method !== 'POST') return '';
  const body = await readBody(request, signal);
  const [type = ''] = (request.headers['content-type'] ?? '').split(';');
  if (body === '' || type.trim().toLowerCase() === 'application/json') return body;
  throw new ApiError(
    'bad_data',
    `unsupported media type ${JSON.stringify(type)}, only [application/json] are allowed`,
    415,
  );
}

async function readBody(request: IncomingMessage, signal: AbortSignal): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request) {
    signal.throwIfAborted();
    bytes += (piece as Buffer).length;
    if (bytes > BODY_BYTES_MAX)
      throw new ApiError('bad_data', `the body is larger than ${BODY_BYTES_MAX} bytes`, 413);
    pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** Answers from this size on are compressed for clients that accept it. */
export const GZIP_BYTES_MIN = 1024;
/** Most of what compression gives, at a third of the time that the default level takes. */
const GZIP_LEVEL = 3;
const COMPRESSIBLE = /^(?:text\/|image\/svg|application\/(?:json|javascript|manifest))/;

async function write(
  request: IncomingMessage,
  response: ServerResponse,
  answer: ApiResponse,
  signal: AbortSignal,
): Promise<void> {
  if (response.destroyed) return;
  const { headers } = answer;
  const body = wholeWhereShort(answer.body);
  const bytes = typeof body === 'string' || body instanceof Uint8Array ? Buffer.byteLength(body) : undefined;
  const compressible = COMPRESSIBLE.test(headers['content-type'] ?? '');
  const gzip = compressible && (bytes ?? GZIP_BYTES_MIN) >= GZIP_BYTES_MIN && acceptsGzip(request);
  response.writeHead(answer.status, {
    'x-content-type-options': 'nosniff',
    ...headers,
    ...(compressible ? { vary: 'accept-encoding' } : {}),
    ...(gzip ? { 'content-encoding': 'gzip' } : bytes === undefined ? {} : { 'content-length': bytes }),
    // What is left of a body that was not read would be taken for the next request.
    ...(request.complete ? {} : { connection: 'close' }),
  });
  if (request.method === 'HEAD') response.end();
  else if (bytes !== undefined && !gzip) response.end(body);
  else
    await writePieces(
      response,
      typeof body === 'string' || body instanceof Uint8Array ? [body] : body,
      gzip,
      signal,
    );
}

function acceptsGzip(request: IncomingMessage): boolean {
  const accepted = String(request.headers['accept-encoding'] ?? '');
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:\s|,|$))/.test(accepted);
}

/** Writes a body as fast as the client takes it; ends quietly when the client goes. */
async function writePieces(
  response: ServerResponse,
  pieces: Iterable<string | Uint8Array>,
  gzip: boolean,
  signal: AbortSignal,
): Promise<void> {
  const source = Readable.from(pieces);
  try {
    if (gzip) await pipeline(source, createGzip({ level: GZIP_LEVEL }), response, { signal });
    else await pipeline(source, response, { signal });
  } catch (error) {
    if (!signal.aborted && !response.destroyed) throw error;
  }
}

/** How much is collected before it goes on. */
const PIECE_CHARACTERS = 32 * 1024;

function* collected(pieces: Iterable<string>): Generator<string, undefined> {
  let text = '';
  for (const piece of pieces) {
    text += piece;
    if (text.length < PIECE_CHARACTERS) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
  return undefined;
}

/** A body of pieces that is short enough for one; the others stay pieces, which are not made before they are sent. */
function wholeWhereShort(body: ApiResponse['body']): ApiResponse['body'] {
  if (typeof body === 'string' || body instanceof Uint8Array) return body;
  const pieces = collected(body);
  const first = pieces.next().value ?? '';
  const second = pieces.next();
  if (second.done) return first;
  return (function* () {
    yield first;
    yield second.value;
    yield* pieces;
  })();
}
