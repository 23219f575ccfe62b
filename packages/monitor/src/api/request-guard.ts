/**
 * Keeps pages of other sites out. The server knows no users: whoever can reach its port may ask, and a browser inside
 * of the network reaches it on behalf of any page that it shows.
 *
 * - A page that changes something through a browser: the browser tells where the page comes from (`Origin`,
 *   `Sec-Fetch-Site`), and that must be this server. Without either it is no browser.
 * - A page whose own name is made to point here (DNS rebinding): to the browser that is the page's own server, so
 *   it may even read. What gives it away is `Host`, which has the page's name. Only names that are known to be this
 *   server's are answered. An address in numbers is nobody's name and cannot be made to point elsewhere.
 */
import { hostname } from 'node:os';
import { ApiError } from './envelope.ts';

/** What the server is called. */
export interface GuardOptions {
  /** What it listens on; a name there is one of its own. */
  readonly listenHost: string;
  /** Where users reach it, perhaps through a proxy that changes `Host`. */
  readonly externalUrl: string | undefined;
  /** Further names that it is reached by; a port behind one says nothing. */
  readonly allowedHosts: readonly string[];
}

/** The part of a request that tells who asks. */
export interface GuardedRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

const SAFE_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];
const EVERYWHERE: readonly string[] = ['0.0.0.0', '::', ''];

/** Decides who is answered. */
export class RequestGuard {
  readonly #names: ReadonlySet<string>;
  readonly #externalOrigin: string | undefined;

  constructor(options: GuardOptions) {
    const { listenHost, externalUrl, allowedHosts } = options;
    const external = externalUrl === undefined ? undefined : new URL(externalUrl);
    this.#externalOrigin = external?.origin;
    this.#names = new Set(
      [
        EVERYWHERE.includes(listenHost) ? hostname() : listenHost,
        ...(external === undefined ? [] : [external.hostname]),
        ...allowedHosts,
      ].map((name) => (urlOf('http:', name)?.hostname ?? name).replace(/\.$/, '')),
    );
  }

  /** @throws ApiError for a request that a page of another site may have made */
  check(request: GuardedRequest): void {
    const host = one(request.headers.host);
    // A client of HTTP 1.0 need not name one, and no browser is one.
    if (host !== undefined) this.#checkHost(host);
    if (!SAFE_METHODS.includes(request.method)) this.#checkOrigin(request, host ?? '');
  }

  #checkHost(host: string): void {
    const name = urlOf('http:', host)?.hostname.replace(/\.$/, '');
    if (name !== undefined && (isAddress(name) || isLoopbackName(name) || this.#names.has(name))) return;
    throw new ApiError(
      'bad_data',
      `the name ${JSON.stringify(host)} is not known to be this monitor's; if it is, start it with --allow-host NAME`,
      403,
    );
  }

  #checkOrigin(request: GuardedRequest, host: string): void {
    const origin = one(request.headers.origin);
    const site = one(request.headers['sec-fetch-site']);
    if (origin === undefined) {
      if (site === undefined || site === 'same-origin' || site === 'none') return;
      throw foreign('another site');
    }
    const from = URL.canParse(origin) ? new URL(origin) : undefined;
    if (from !== undefined && from.origin === this.#externalOrigin) return;
    if (from !== undefined && from.host === urlOf(from.protocol, host)?.host) return;
    throw foreign(JSON.stringify(origin));
  }
}

function foreign(from: string): ApiError {
  return new ApiError(
    'bad_data',
    `a page of ${from} may not change anything here; behind a proxy, start the monitor with --external-url URL`,
    403,
  );
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

/** The host as browsers read it: in small letters, without the scheme's own port. */
function urlOf(protocol: string, host: string): URL | undefined {
  if (!/^[^\s/?#@\\]+$/.test(host)) return undefined;
  const text = `${protocol}//${host}`;
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** A URL has turned every way to write an IPv4 address into this one. */
function isAddress(name: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(name) || name.startsWith('[');
}

function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}
