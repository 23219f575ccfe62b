/**
 * Who may read `/metrics`: by bearer token, by name and password, by the name under which the server is asked.
 *
 * Secrets are compared by their digests under a key of this process, so that how long it takes tells nothing of
 * them, neither content nor length. They stand in no message, no warning and no answer.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import fs from 'node:fs';
import { isIP } from 'node:net';
import { ServeError } from './errors.ts';
import type { AccessOptions } from './settings.ts';
import { warn } from './warnings.ts';

/** How long a secret of a file is used before the file is looked at again. */
export const SECRET_REREAD_MS = 5_000;
/** The largest file that is taken for one with a secret. */
export const SECRET_BYTES_MAX = 64 * 1024;

/** Why a request is turned away. */
export interface Refusal {
  readonly status: 401 | 403;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Judges requests by their headers. */
export class Access {
  readonly #token: (() => string) | undefined;
  readonly #basic: { readonly username: string; readonly password: () => string } | undefined;
  readonly #hosts: ReadonlySet<string>;

  /**
   * Reads what lies in files.
   * @throws ServeError `secret_unreadable`
   */
  constructor({ token, tokenFile, basicAuth, hosts = [] }: AccessOptions) {
    if (tokenFile !== undefined) this.#token = secretOf(tokenFile);
    else if (token !== undefined) this.#token = () => token;
    if (basicAuth !== undefined) {
      const password =
        'passwordFile' in basicAuth ? secretOf(basicAuth.passwordFile) : () => basicAuth.password;
      this.#basic = { username: basicAuth.username, password };
    }
    this.#hosts = new Set(hosts);
  }

  /** Whether requests need a secret. */
  get isClosed(): boolean {
    return this.#token !== undefined || this.#basic !== undefined;
  }

  /** Why a request with this `Authorization` is turned away; undefined where it is let in. */
  refusal(authorization: string | undefined): Refusal | undefined {
    if (!this.isClosed || this.#knows(authorization)) return undefined;
    const challenges = [
      ...(this.#token === undefined ? [] : ['Bearer realm="metrics"']),
      ...(this.#basic === undefined ? [] : ['Basic realm="metrics", charset="UTF-8"']),
    ];
    return {
      status: 401,
      headers: { 'www-authenticate': challenges.join(', ') },
      body: 'these metrics are shown to those who can say who they are; see authorization or basic_auth of the scrape configuration\n',
    };
  }

  #knows(authorization: string | undefined): boolean {
    const [, scheme = '', credentials = ''] = /^(\S+) +(.*)$/.exec(authorization ?? '') ?? [];
    switch (scheme.toLowerCase()) {
      case 'bearer':
        return this.#token !== undefined && isSame(credentials, this.#token());
      case 'basic': {
        if (this.#basic === undefined) return false;
        const given = Buffer.from(credentials, 'base64').toString('utf8');
        return isSame(given, `${this.#basic.username}:${this.#basic.password()}`);
      }
      default:
        return false;
    }
  }

  /**
   * Why a request for this `Host` is turned away by a server on loopback. Whoever can have a name point to
   * 127.0.0.1 could have pages of theirs read what a browser on this machine reaches; such a name is a public one.
   */
  hostRefusal(host: string | undefined): Refusal | undefined {
    if (host === undefined || this.isClosed) return undefined;
    const name = host
      .replace(/:\d*$/, '')
      .replace(/^\[|\]$/g, '')
      .replace(/\.$/, '')
      .toLowerCase();
    if (isIP(name) !== 0 || !name.includes('.') || PRIVATE_NAME.test(name) || this.#hosts.has(name))
      return undefined;
    return {
      status: 403,
      headers: {},
      body: `this server is not asked for by the name ${JSON.stringify(name.slice(0, 100))}; name it in the option hosts or in BINNACLE_METRICS_HOSTS\n`,
    };
  }
}

/** Names that nobody can register: RFC 6761, RFC 6762, RFC 8375, and ICANN's `internal`. */
const PRIVATE_NAME = /\.(?:localhost|local|internal|test|home\.arpa)$/;

const KEY = randomBytes(32);

function isSame(given: string, known: string): boolean {
  const digest = (text: string) => createHmac('sha256', KEY).update(text).digest();
  return timingSafeEqual(digest(given), digest(known));
}

/** The secret in a file, without its line end; where the file goes away later, the last one stays good. */
function secretOf(file: string): () => string {
  let secret = readSecret(file);
  let readMs = performance.now();
  return () => {
    if (performance.now() - readMs < SECRET_REREAD_MS) return secret;
    readMs = performance.now();
    try {
      secret = readSecret(file);
    } catch (error) {
      warn(error as ServeError);
    }
    return secret;
  };
}

function readSecret(file: string): string {
  const unreadable = (why: string, cause?: unknown) =>
    new ServeError('secret_unreadable', `the secret for /metrics in ${file} cannot be used: ${why}`, {
      cause,
    });
  let text: string;
  try {
    const { size } = fs.statSync(file);
    if (size > SECRET_BYTES_MAX) throw unreadable(`it has more than ${SECRET_BYTES_MAX} bytes`);
    text = fs.readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw error instanceof ServeError ? error : unreadable((error as Error).message, error);
  }
  if (text === '') throw unreadable('it is empty');
  return text;
}
