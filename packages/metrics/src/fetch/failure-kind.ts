/**
 * Kinds of failures of calls: a closed list, since what libraries say of them has no end.
 *
 * An error is judged by its name and its code, then by those of its cause, and of the first that it has gathered. One
 * of the network, of undici or of OpenSSL always has a code. One that has neither code nor cause is the program's: the
 * reason with which it took the call back.
 */

/** How a call can fail. */
export const FAILURE_KINDS = ['timeout', 'aborted', 'refused', 'reset', 'dns', 'tls', 'other'] as const;

/**
 * One of {@link FAILURE_KINDS}: it took too long; the program took it back; nobody takes the connection, or there is no
 * way there; the other side broke off; its name is not found; it is not trusted, or speaks no TLS; all else.
 */
export type FailureKind = (typeof FAILURE_KINDS)[number];

/** So many causes are looked at. */
const CAUSES_MAX = 5;

const NAMES: ReadonlyMap<string, FailureKind> = new Map([
  ['TimeoutError', 'timeout'],
  ['AbortError', 'aborted'],
]);

const CODES: ReadonlyMap<string, FailureKind> = new Map([
  ...kind('timeout', [
    'ETIMEDOUT',
    'ESOCKETTIMEDOUT',
    'UND_ERR_CONNECT_TIMEOUT',
    'UND_ERR_HEADERS_TIMEOUT',
    'UND_ERR_BODY_TIMEOUT',
  ]),
  ...kind('aborted', [
    'ABORT_ERR',
    'UND_ERR_ABORTED',
    'UND_ERR_ABORT',
    'UND_ERR_DESTROYED',
    'UND_ERR_CLOSED',
  ]),
  ...kind('refused', ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'ENOENT']),
  ...kind('reset', ['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'UND_ERR_SOCKET', 'ERR_STREAM_PREMATURE_CLOSE']),
  ...kind('dns', ['ENOTFOUND', 'ENODATA', 'ESERVFAIL', 'EREFUSED', 'EBADNAME', 'EBADRESP']),
  ...kind('tls', [
    'EPROTO',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'HOSTNAME_MISMATCH',
    'INVALID_CA',
    'INVALID_PURPOSE',
    'PATH_LENGTH_EXCEEDED',
  ]),
]);

const TLS_CODE = /^(?:ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|CRL_|UNABLE_TO_)/;

function kind(kind: FailureKind, codes: readonly string[]): [string, FailureKind][] {
  return codes.map((code) => [code, kind]);
}

/** The kind of an error; never throws, whatever was thrown. */
export function kindOf(error: unknown): FailureKind {
  try {
    return kindOfChain(error);
  } catch {
    return 'other';
  }
}

function kindOfChain(error: unknown): FailureKind {
  let found: FailureKind | undefined;
  let hasCode = false;
  let current = error;
  for (let depth = 0; depth < CAUSES_MAX && typeof current === 'object' && current !== null; depth++) {
    const { name, code, cause, errors } = current as {
      readonly [K in 'name' | 'code' | 'cause' | 'errors']?: unknown;
    };
    hasCode ||= typeof code === 'string';
    const own = kindOfOne(name, code);
    // Node.js says AbortError where the cause is that its signal has timed out.
    if (own === 'timeout' || (own !== undefined && own !== 'aborted' && found === undefined)) return own;
    found ??= own;
    current = cause ?? (Array.isArray(errors) ? errors[0] : undefined);
  }
  return found ?? (hasCode ? 'other' : 'aborted');
}

function kindOfOne(name: unknown, code: unknown): FailureKind | undefined {
  const byName = typeof name === 'string' ? NAMES.get(name) : undefined;
  if (byName !== undefined || typeof code !== 'string') return byName;
  const byCode = CODES.get(code);
  if (byCode !== undefined) return byCode;
  if (code.startsWith('EAI_')) return 'dns';
  return TLS_CODE.test(code) ? 'tls' : undefined;
}
