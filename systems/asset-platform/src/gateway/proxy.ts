/**
 * The gateway: finds the service of a request and streams both ways between it and the client, at the pace of the
 * slower one, so that a file of any size takes no memory.
 *
 * Nothing is tried twice: only the client knows whether it may be. A service that cannot be reached, breaks off
 * before its answer began, or does not begin in time is a 502 or 504 of the gateway's own; where it breaks off
 * later the client's connection is broken off, too, because nothing else tells that the answer is incomplete.
 */
import { randomUUID } from 'node:crypto';
import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import { pipeline } from 'node:stream';
import type { HealthChecks } from '@binnacle/metrics/health';
import { instrumentServer } from '@binnacle/metrics/http';
import { endpointName } from '../metrics/endpoint-name.ts';
import { http } from '../metrics/gateway.ts';
import { findRoute, pathOf, type Target, templateOf } from './routes.ts';

/** How long a service may take to begin its answer, after it has the whole request. */
export const ANSWER_MS_MAX = 30_000;
/** How long nothing may come from a service, or go to it, while a body is under way. */
export const SILENCE_MS_MAX = 120_000;
/** An upload may take this long. */
const REQUEST_MS_MAX = 3_600_000;
/** The header that a request is known by everywhere; one that the client brings is kept. */
export const REQUEST_ID = 'x-request-id';

/** Headers of one connection, which are not the other's: RFC 9110 section 7.6.1. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Where the services are. */
export type Targets = Readonly<Record<Exclude<Target, 'gateway'>, string>>;

/** How long things may take; see the constants for the defaults. */
export interface ProxyLimits {
  readonly answerMsMax?: number;
  readonly silenceMsMax?: number;
}

/** Builds the gateway; it does not listen yet. */
export function createGateway(
  targets: Targets,
  health: HealthChecks<string>,
  limits: ProxyLimits = {},
): Server {
  // A connection for each request: the next one goes to another worker, and none meets one that has just died.
  const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
  const server = createServer({ requestTimeout: REQUEST_MS_MAX });
  instrumentServer(server, { metrics: http, route: templateOf, endpoint: endpointName });
  server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const id = requestId(incoming);
    outgoing.setHeader(REQUEST_ID, id);
    const path = pathOf(incoming);
    const found = findRoute(incoming.method ?? '', path);
    if (found === undefined)
      return refuse(incoming, outgoing, 404, 'no_such_route', `there is no ${incoming.method} ${path}`);
    if (found.target === undefined) {
      outgoing.setHeader('allow', found.methods.join(', '));
      return refuse(incoming, outgoing, 405, 'method_not_allowed', `${path} has ${found.methods.join(', ')}`);
    }
    if (found.target === 'gateway') {
      incoming.resume();
      void tellHealth(health, outgoing);
      return;
    }
    forward(incoming, outgoing, new URL(targets[found.target]), id, agent, limits);
  });
  // A client that asks before it sends a body is told to go on by the service, not by the gateway.
  server.on('checkContinue', (incoming, outgoing) => server.emit('request', incoming, outgoing));
  return server;
}

function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  target: URL,
  id: string,
  agent: Agent,
  { answerMsMax = ANSWER_MS_MAX, silenceMsMax = SILENCE_MS_MAX }: ProxyLimits,
): void {
  const upstream = request({
    agent,
    protocol: target.protocol,
    host: target.hostname.replace(/^\[|\]$/g, ''),
    port: target.port,
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    headers: {
      ...forwarded(incoming),
      host: target.host,
      [REQUEST_ID]: id,
      // The connection is ours to close: a service that closed it after an early answer, while a body is still being
      // sent, would take that answer away.
      connection: 'keep-alive',
    },
  });
  let answered = false;
  let timedOut: string | undefined;
  const giveUp = (why: string): void => {
    timedOut = why;
    upstream.destroy();
  };
  let answerTimer: NodeJS.Timeout | undefined;
  const settled = (): void => clearTimeout(answerTimer);
  upstream.setTimeout(silenceMsMax, () => giveUp(`nothing was heard for ${silenceMsMax / 1000} s`));
  upstream.on('continue', () => outgoing.writeContinue());
  upstream.on('finish', () => {
    answerTimer = setTimeout(() => giveUp(`no answer within ${answerMsMax / 1000} s`), answerMsMax);
  });
  upstream.on('close', settled);
  upstream.on('response', (answer) => {
    answered = true;
    settled();
    keepUntilRead(incoming, outgoing);
    outgoing.writeHead(answer.statusCode ?? 502, { ...withoutHopByHop(answer), [REQUEST_ID]: id });
    pipeline(answer, outgoing, () => {
      // What the client still sends of a body that nobody wants any more.
      incoming.unpipe(upstream);
      incoming.resume();
    });
  });
  upstream.on('error', (error) => {
    settled();
    if (answered) return;
    if (outgoing.destroyed) return;
    if (timedOut !== undefined) refuse(incoming, outgoing, 504, 'service_timeout', timedOut);
    else refuse(incoming, outgoing, 502, 'service_unavailable', `the service broke off: ${error.message}`);
  });
  // The client has gone: the service need not go on.
  outgoing.on('close', () => {
    if (!outgoing.writableFinished) upstream.destroy();
  });
  incoming.pipe(upstream);
}

/** Tells whether everything that the platform needs is well, as it is found now. Why not is for the log alone. */
async function tellHealth(health: HealthChecks<string>, outgoing: ServerResponse): Promise<void> {
  const found = Object.entries(await health.run());
  const ok = found.every(([, { up }]) => up === true);
  const dependencies = Object.fromEntries(found.map(([name, { up }]) => [name, up === true ? 'ok' : 'down']));
  send(outgoing, ok ? 200 : 503, { status: ok ? 'ok' : 'degraded', dependencies });
}

function refuse(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  status: number,
  error: string,
  message: string,
): void {
  incoming.unpipe();
  incoming.resume();
  keepUntilRead(incoming, outgoing);
  send(outgoing, status, { error, message });
}

/** Closing while the client still writes would take the answer away from it, even if it asked to close. */
function keepUntilRead(incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (!incoming.complete && !outgoing.headersSent) outgoing.setHeader('connection', 'keep-alive');
}

function send(outgoing: ServerResponse, status: number, body: unknown): void {
  if (outgoing.headersSent || outgoing.destroyed) return;
  const text = JSON.stringify(body);
  outgoing.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  outgoing.end(text);
}

/** The client's, where it brings a sensible one, else a new one. */
function requestId({ headers }: IncomingMessage): string {
  const given = headers[REQUEST_ID];
  return typeof given === 'string' && /^[\w.-]{1,100}$/.test(given) ? given : randomUUID();
}

/** The headers of a request, with who has sent it, and to whom: the service is another host. */
function forwarded(incoming: IncomingMessage): Record<string, string | string[]> {
  const from = incoming.socket.remoteAddress ?? 'unknown';
  const before = incoming.headers['x-forwarded-for'];
  return {
    ...withoutHopByHop(incoming),
    'x-forwarded-for': before === undefined ? from : `${String(before)}, ${from}`,
    ...(incoming.headers.host !== undefined && { 'x-forwarded-host': incoming.headers.host }),
    // Node sets it anew where the length is not known.
    ...(incoming.headers['transfer-encoding'] !== undefined && { 'transfer-encoding': 'chunked' }),
  };
}

function withoutHopByHop({ headers }: IncomingMessage): Record<string, string | string[]> {
  const named = new Set((headers.connection ?? '').toLowerCase().split(/\s*,\s*/));
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || HOP_BY_HOP.has(name) || named.has(name)) continue;
    kept[name] = value;
  }
  return kept;
}
