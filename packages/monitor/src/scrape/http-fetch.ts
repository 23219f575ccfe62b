/**
 * Fetching a target's body over HTTP.
 *
 * Connections are kept, bodies are read into memory that the target keeps from scrape to scrape, and compression
 * is asked for only across a network: on the same machine unpacking costs five times what parsing does.
 * Failures are told in words that say what to do, because "target down" is the first thing a newcomer sees.
 */
import * as http from 'node:http';
import * as https from 'node:https';
import { gunzip } from 'node:zlib';

/** What went wrong with a scrape; stable, for programs. */
export type ScrapeFailureCode =
  | 'CONNECTION_REFUSED'
  | 'HOST_NOT_FOUND'
  | 'CONNECTION_FAILED'
  | 'TIMEOUT'
  | 'HTTP_STATUS'
  | 'CONTENT_TYPE'
  | 'BODY_TOO_LARGE'
  | 'TOO_MANY_SAMPLES'
  | 'INVALID_BODY'
  | 'STOPPED';

/** A scrape failed; the message is for the user. */
export class ScrapeFailure extends Error {
  override readonly name = 'ScrapeFailure';
  readonly code: ScrapeFailureCode;

  constructor(code: ScrapeFailureCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Memory for a body, which a target keeps. */
export interface BodyMemory {
  bytes: Uint8Array;
}

export interface FetchRequest {
  readonly url: URL;
  readonly timeoutMs: number;
  /** 0 for no limit. */
  readonly bodyBytesMax: number;
  readonly memory: BodyMemory;
  readonly signal: AbortSignal;
}

/** Fetches the body of a target's metrics, valid until the target's next fetch. Rejects with a ScrapeFailure. */
export type ScrapeFetch = (request: FetchRequest) => Promise<Uint8Array>;

const ACCEPT = 'text/plain;version=0.0.4;q=1,text/plain;q=0.5,*/*;q=0.1';

/** A fetch over node's HTTP with connections that are kept; `close` ends them. */
export function createHttpFetch(): { fetch: ScrapeFetch; close(): void } {
  const agents = {
    http: new http.Agent({ keepAlive: true, maxFreeSockets: 1024 }),
    https: new https.Agent({ keepAlive: true, maxFreeSockets: 1024 }),
  };
  return {
    fetch: (request) => fetchBody(request, agents),
    close: () => {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

interface Agents {
  readonly http: http.Agent;
  readonly https: https.Agent;
}

async function fetchBody(request: FetchRequest, agents: Agents): Promise<Uint8Array> {
  // Not AbortSignal.any: it keeps a reference per scrape in the signal that lives as long as the target.
  const stop = new AbortController();
  const abort = () => stop.abort();
  const state = { timedOut: false };
  const timer = setTimeout(() => {
    state.timedOut = true;
    abort();
  }, request.timeoutMs);
  request.signal.addEventListener('abort', abort);
  let response: http.IncomingMessage | undefined;
  try {
    request.signal.throwIfAborted();
    response = await get(request, agents, stop.signal, true);
    checkHead(response, request.url);
    return await readBody(response, request);
  } catch (error) {
    response?.destroy();
    throw error instanceof ScrapeFailure ? error : failureOf(error, request, state.timedOut);
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener('abort', abort);
  }
}

function get(
  request: FetchRequest,
  agents: Agents,
  signal: AbortSignal,
  again: boolean,
): Promise<http.IncomingMessage> {
  const { url, timeoutMs } = request;
  const secure = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const sent = (secure ? https : http).get(
      url,
      {
        agent: secure ? agents.https : agents.http,
        signal,
        headers: {
          accept: ACCEPT,
          'accept-encoding': isLoopback(url.hostname) ? 'identity' : 'gzip',
          'user-agent': 'Binnacle',
          'x-prometheus-scrape-timeout-seconds': String(timeoutMs / 1000),
        },
      },
      resolve,
    );
    sent.on('error', (error) => {
      // The target closed a kept connection just when it was used again: that says nothing about the target.
      const closed = 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      if (again && sent.reusedSocket && closed && !signal.aborted) {
        resolve(get(request, agents, signal, false));
      } else reject(error);
    });
  });
}

/** Whether a host is this machine. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\./.test(host);
}

function checkHead(response: http.IncomingMessage, url: URL): void {
  const status = response.statusCode ?? 0;
  if (status !== 200) {
    const { location } = response.headers;
    const advice =
      status === 404
        ? `: the service answers, but has nothing at ${url.pathname}; check metrics_path`
        : status === 401 || status === 403
          ? ': the service wants to know who asks'
          : status >= 300 && status < 400 && location !== undefined
            ? `: it redirects to ${location}; scrape that address`
            : '';
    throw new ScrapeFailure(
      'HTTP_STATUS',
      `HTTP ${status} ${response.statusMessage ?? ''}`.trimEnd() + advice,
    );
  }
  const type = (response.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (type === 'text/plain' || type === '') return;
  const what =
    type === 'text/html'
      ? `an HTML page: ${url.pathname} is not where its metrics are; check metrics_path`
      : type === 'application/openmetrics-text'
        ? 'OpenMetrics, although plain text was asked for, which is what is read'
        : `${type}, and text/plain is what is read`;
  throw new ScrapeFailure('CONTENT_TYPE', `the service answers with ${what}`);
}

async function readBody(response: http.IncomingMessage, request: FetchRequest): Promise<Uint8Array> {
  const { memory, bodyBytesMax } = request;
  const zipped = response.headers['content-encoding'] === 'gzip';
  let length = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    const end = length + chunk.length;
    if (bodyBytesMax > 0 && end > bodyBytesMax) throw tooLarge(bodyBytesMax);
    if (end > memory.bytes.length) {
      const grown = new Uint8Array(Math.max(end, memory.bytes.length * 2, 1 << 16));
      grown.set(memory.bytes.subarray(0, length));
      memory.bytes = grown;
    }
    memory.bytes.set(chunk, length);
    length = end;
  }
  const body = memory.bytes.subarray(0, length);
  if (!zipped) return body;
  return new Promise((resolve, reject) => {
    const options = bodyBytesMax > 0 ? { maxOutputLength: bodyBytesMax } : {};
    gunzip(body, options, (error, unzipped) => {
      if (error === null) resolve(unzipped);
      else if ('code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') reject(tooLarge(bodyBytesMax));
      else reject(new ScrapeFailure('INVALID_BODY', `the body cannot be unpacked: ${error.message}`));
    });
  });
}

function tooLarge(bytesMax: number): ScrapeFailure {
  return new ScrapeFailure('BODY_TOO_LARGE', `the body has more than ${bytesMax} bytes (body_size_limit)`);
}

function failureOf(error: unknown, request: FetchRequest, timedOut: boolean): ScrapeFailure {
  const { url } = request;
  if (timedOut) {
    return new ScrapeFailure(
      'TIMEOUT',
      `no whole answer within ${request.timeoutMs / 1000} s (scrape_timeout)`,
    );
  }
  if (request.signal.aborted) return new ScrapeFailure('STOPPED', 'the scrape was stopped');
  const code = error instanceof Error && 'code' in error ? error.code : '';
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  if (code === 'ECONNREFUSED') {
    return new ScrapeFailure(
      'CONNECTION_REFUSED',
      `connection refused: nothing listens on port ${port} of ${url.hostname}; is the service running?`,
    );
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new ScrapeFailure(
      'HOST_NOT_FOUND',
      `there is no host ${url.hostname}: check the target's address`,
    );
  }
  const message = error instanceof Error ? error.message : String(error);
  return new ScrapeFailure('CONNECTION_FAILED', `the connection to ${url.host} failed: ${message}`);
}
