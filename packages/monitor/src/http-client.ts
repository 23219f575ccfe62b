/**
 * An HTTP client with the settings of `http_config`: authentication, TLS, proxy, redirects and headers.
 *
 * For requests that go out now and then and matter one by one. Each opens a connection of its own, so that one
 * that a server has closed in the meantime cannot fail a message. What fails is told by the system's code, never
 * in the words of an error, which may hold the address; an answer's text is cut and has its secrets taken out.
 */
import * as http from 'node:http';
import * as https from 'node:https';
import { isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Clock } from './clock.ts';
import {
  ANSWER_BYTES_MAX,
  type HttpAnswer,
  HttpFailure,
  type HttpRequest,
  type HttpSend,
} from './http-exchange.ts';
import { openTunnel, proxyAuthorization, proxyFor } from './http-proxy.ts';
import type { HeaderSetting, HttpSettings, TlsSettings } from './http-settings.ts';
import { OAuth2Tokens } from './oauth2-tokens.ts';
import type { SecretScope, SecretSources } from './secret.ts';

/** How many redirects are followed; Go's limit. */
export const REDIRECTS_MAX = 10;

const USER_AGENT = 'Binnacle';

/** What clients need beside their settings. */
export interface HttpClientContext {
  readonly clock: Clock;
  readonly secrets: SecretSources;
}

/** A client with its settings. */
export function createHttpClient(settings: HttpSettings, context: HttpClientContext): HttpSend {
  const tokens =
    settings.oauth2 === undefined
      ? undefined
      : new OAuth2Tokens(
          settings.oauth2,
          createHttpClient(
            {
              tls: settings.oauth2.tls,
              proxy: settings.oauth2.proxy,
              followRedirects: true,
              headers: [],
            },
            context,
          ),
          context.clock,
        );
  return async (request) => {
    try {
      const token = await tokens?.get(request.scope, request.signal);
      return await sendFollowing(request, settings, token);
    } catch (error) {
      request.signal.throwIfAborted();
      throw failureOf(error);
    }
  };
}

async function sendFollowing(
  request: HttpRequest,
  settings: HttpSettings,
  token: string | undefined,
): Promise<HttpAnswer> {
  let url = parsedUrl(request.url);
  const origin = url.origin;
  let { method, body } = request;
  const own = await ownHeaders(settings, token, request.scope);
  for (let redirects = 0; ; redirects++) {
    // Who redirects elsewhere does not decide who sees the password.
    const trusted = url.origin === origin;
    const headers = { ...request.headers, ...(trusted ? own : withoutCredentials(own)) };
    const answer = await sendOnce(request, { method, url, headers, body }, settings);
    const { location } = answer.headers;
    if (!settings.followRedirects || location === undefined) return answer;
    if (![301, 302, 303, 307, 308].includes(answer.status)) return answer;
    if (redirects === REDIRECTS_MAX)
      throw new HttpFailure('TOO_MANY_REDIRECTS', `more than ${REDIRECTS_MAX} redirects`);
    request.scope.remember(location);
    url = parsedUrl(URL.canParse(location, url.href) ? new URL(location, url.href).href : location);
    if (answer.status < 307 && method !== 'GET') {
      method = 'GET';
      body = undefined;
    }
  }
}

function parsedUrl(text: string): URL {
  if (!URL.canParse(text)) throw new HttpFailure('INVALID_URL', 'the address is not valid');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new HttpFailure('INVALID_URL', 'the address must start with http:// or https://');
  return url;
}

function withoutCredentials(headers: Record<string, string | string[]>): Record<string, string | string[]> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name === 'user-agent'));
}

async function ownHeaders(
  settings: HttpSettings,
  token: string | undefined,
  scope: SecretScope,
): Promise<Record<string, string | string[]>> {
  const headers: Record<string, string | string[]> = {
    'user-agent': USER_AGENT,
    ...(await headerValues(settings.headers, scope)),
  };
  const { basicAuth, authorization } = settings;
  if (basicAuth !== undefined) {
    const username = basicAuth.username === undefined ? '' : await scope.reveal(basicAuth.username);
    const password = basicAuth.password === undefined ? '' : await scope.reveal(basicAuth.password);
    const credentials = Buffer.from(`${username}:${password}`).toString('base64');
    scope.remember(credentials);
    headers.authorization = `Basic ${credentials}`;
  } else if (authorization?.credentials !== undefined) {
    headers.authorization = headerText(
      `${authorization.type} ${await scope.reveal(authorization.credentials)}`,
    );
  } else if (token !== undefined) headers.authorization = `Bearer ${token}`;
  return headers;
}

async function headerValues(
  settings: readonly HeaderSetting[],
  scope: SecretScope,
): Promise<Record<string, string[]>> {
  const headers: Record<string, string[]> = {};
  for (const { name, values } of settings)
    headers[name] = await Promise.all(values.map(async (value) => headerText(await scope.reveal(value))));
  return headers;
}

/** A header's value in UTF-8: Node writes one byte per character, and refuses what is none. */
function headerText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The options of Node's TLS for settings. */
export async function tlsOptions(settings: TlsSettings, scope: SecretScope): Promise<ConnectionOptions> {
  const { ca, cert, key, serverName, minVersion, maxVersion } = settings;
  return {
    ...(ca !== undefined && { ca: await scope.reveal(ca) }),
    ...(cert !== undefined && { cert: await scope.reveal(cert) }),
    ...(key !== undefined && { key: await scope.reveal(key) }),
    ...(serverName !== undefined && { servername: serverName }),
    ...(minVersion !== undefined && { minVersion }),
    ...(maxVersion !== undefined && { maxVersion }),
    rejectUnauthorized: !settings.insecureSkipVerify,
  };
}

async function sendOnce(
  { scope, signal }: HttpRequest,
  sent: {
    readonly method: string;
    readonly url: URL;
    readonly headers: Readonly<Record<string, string | string[]>>;
    readonly body: string | undefined;
  },
  settings: HttpSettings,
): Promise<HttpAnswer> {
  const { method, url, body } = sent;
  const secure = url.protocol === 'https:';
  const tls = secure ? await tlsOptions(settings.tls, scope) : {};
  const proxy = await proxyFor(url, settings.proxy, scope);
  const headers: Record<string, string | string[]> = { ...sent.headers };
  if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(body));
  if ((url.username !== '' || url.password !== '') && headers.authorization === undefined) {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  }
  signal.throwIfAborted();
  const path = `${url.pathname}${url.search}`;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (proxy === undefined)
    return await exchange(
      (secure ? https : http).request({
        method,
        host,
        port: url.port,
        path,
        headers,
        agent: false,
        signal,
        ...tls,
      }),
      body,
    );
  if (!secure) {
    const { host: shown } = url;
    const proxied = { ...headers, host: shown, ...proxyAuthorization(proxy) };
    const absolute = `http://${shown}${path}`;
    const options = { method, path: absolute, headers: proxied, agent: false, signal, port: proxy.port };
    return await exchange(
      (proxy.protocol === 'https:' ? https : http).request({ ...options, host: proxy.hostname }),
      body,
    );
  }
  const connectHeaders = await headerValues(settings.proxy.connectHeaders, scope);
  const tunnel: Socket = await openTunnel(proxy, url, connectHeaders, signal);
  // Without an agent, also a new one (false): it would make a connection of its own.
  const createConnection = () =>
    connectTls({ host, ...(isIP(host) === 0 && { servername: host }), ...tls, socket: tunnel });
  return await exchange(
    https.request({ method, host, port: url.port, path, headers, signal, createConnection }),
    body,
  );
}

function exchange(request: http.ClientRequest, body: string | undefined): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      const done = (): void => {
        const text = Buffer.concat(pieces).subarray(0, ANSWER_BYTES_MAX).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      };
      response.on('data', (piece: Buffer) => {
        pieces.push(piece);
        bytes += piece.length;
        if (bytes < ANSWER_BYTES_MAX) return;
        done();
        response.destroy();
      });
      response.on('end', done);
      response.on('error', reject);
    });
    // As bytes: with a text, Node would write the headers in the text's encoding.
    request.end(body === undefined ? undefined : Buffer.from(body));
  });
}

/** An error in words without secrets. */
function failureOf(error: unknown): Error {
  if (error instanceof HttpFailure) return error;
  if (error instanceof Error && error.name === 'SecretError') return error;
  const code = codeOf(error);
  return new HttpFailure(code, `no connection: ${code}`);
}

/** The system's code of an error, `ECONNREFUSED`; where several addresses were tried, that of the first. */
export function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0 && !('code' in error))
    return codeOf(error.errors[0]);
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.name : 'unknown error';
}
