/**
 * The HTTP server that has nothing but `/metrics`, with and without TLS.
 *
 * Everything that a client can make grow or last has a limit, so that many or slow ones take nothing from the
 * program that is measured: connections, the size and the time of a request, the time that an answer is waited for.
 * Neither the server nor its connections keep a program running that has nothing else to do.
 */
import fs from 'node:fs';
import type { IncomingMessage, RequestListener, ServerOptions, ServerResponse } from 'node:http';
import type { Server as SecureServer, ServerOptions as SecureServerOptions } from 'node:https';
import { isIP } from 'node:net';
import { ServeError } from './errors.ts';
import type { Responder } from './responder.ts';
import type { TlsOptions } from './settings.ts';
import { asStoreError, warn } from './warnings.ts';

/** Connections at one time; more are closed at once. */
export const CONNECTIONS_MAX = 128;
/** How long a client may take to send the header of its request. */
export const HEADER_TIMEOUT_MS = 5_000;
/** How long a client may take to send its request. */
export const REQUEST_TIMEOUT_MS = 10_000;
/** How long a connection may stand still while an answer is sent. */
export const STALLED_TIMEOUT_MS = 30_000;
/** Longer than Prometheus's default interval, so that a scraper finds its connection open. */
export const KEEP_ALIVE_MS = 75_000;
/** The largest header of a request. */
export const HEADER_BYTES_MAX = 16 * 1024;

/** Where a listener is to listen. */
export interface ListenOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly tls?: TlsOptions | undefined;
}

/** A server that listens. */
export interface Listener {
  /** `http://127.0.0.1:9464/metrics`. */
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Answers `/metrics` on a port.
 * @throws Node's error, such as `EADDRINUSE`; ServeError `secret_unreadable` for TLS
 */
export async function listen(responder: Responder, { host, port, tls }: ListenOptions): Promise<Listener> {
  const onLoopback = isLoopback(host);
  const handle: RequestListener = (request, response) => {
    route(responder, onLoopback && tls === undefined, request, response).catch((error: unknown) => {
      warn(asStoreError(error));
      response.destroy();
    });
  };
  const limits = {
    headersTimeout: HEADER_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: HEADER_BYTES_MAX,
  };
  // Loaded when somebody listens: most processes of a service never do, and all wait for what they import.
  const server =
    tls === undefined
      ? (await import('node:http')).createServer(limits, handle)
      : await secureServer(tls, limits, handle);
  server.maxConnections = CONNECTIONS_MAX;
  server.setTimeout(STALLED_TIMEOUT_MS);
  server.on('connection', (socket) => socket.unref());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // Of its own, where Node's cluster would have the primary open it and keep it after this process has died.
    server.listen({ port, host, exclusive: true }, resolve);
  });
  // Such as too many open files: a connection is lost, the program is not.
  server.on('error', (error) => warn(asStoreError(error)));
  server.unref();
  const bound = server.address();
  const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port;
  const shownHost = isIP(host) === 6 ? `[${host}]` : host;
  return {
    address: `${tls === undefined ? 'http' : 'https'}://${shownHost}:${boundPort}/metrics`,
    port: boundPort,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function route(
  responder: Responder,
  checksHost: boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const refusal = checksHost ? responder.access.hostRefusal(request.headers.host) : undefined;
  const text = { 'content-type': 'text/plain; charset=utf-8' };
  if (refusal !== undefined) response.writeHead(refusal.status, text).end(refusal.body);
  else if (request.url?.split('?')[0] === '/metrics') await responder.answer(request, response);
  else response.writeHead(404, text).end('the metrics are at /metrics\n');
}

/** Whether only this machine reaches a server that listens here. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

async function secureServer(
  tls: TlsOptions,
  limits: ServerOptions,
  handle: RequestListener,
): Promise<SecureServer> {
  const https = await import('node:https');
  const credentials = credentialsOf(tls);
  try {
    return https.createServer({ ...limits, ...credentials }, handle);
  } catch (cause) {
    const why = (cause as Error).message;
    throw new ServeError(
      'secret_unreadable',
      `certificate and key for /metrics cannot be used: ${why}; they are to be PEM and to belong together`,
      { cause },
    );
  }
}

function credentialsOf({ cert, key, clientCa }: TlsOptions): SecureServerOptions {
  return {
    cert: pem(cert, 'certificate'),
    key: pem(key, 'key'),
    ...(clientCa !== undefined && {
      ca: pem(clientCa, 'authority of the clients'),
      requestCert: true,
      rejectUnauthorized: true,
    }),
  };
}

function pem(given: string, what: string): string {
  if (given.includes('-----BEGIN ')) return given;
  try {
    return fs.readFileSync(given, 'utf8');
  } catch (cause) {
    const why = (cause as Error).message;
    throw new ServeError('secret_unreadable', `the ${what} for /metrics cannot be read: ${why}`, { cause });
  }
}
