/** Errors of PostgreSQL and of its client by their kind. */
import type { ErrorType } from './error-types.ts';

/**
 * By SQLSTATE, the whole or its class: https://www.postgresql.org/docs/current/errcodes-appendix.html. What is not
 * here is `other`.
 */
const BY_SQLSTATE: Readonly<Record<string, ErrorType>> = {
  '08': 'connection',
  '0A': 'syntax',
  '21': 'data',
  '22': 'data',
  '23': 'constraint',
  '24': 'transaction',
  '25': 'transaction',
  '25P03': 'timeout',
  '25P04': 'timeout',
  '26': 'syntax',
  '28': 'permission',
  '2D': 'transaction',
  '34': 'transaction',
  '3B': 'transaction',
  '3D': 'connection',
  '3F': 'syntax',
  '40': 'serialization',
  '40P01': 'deadlock',
  '42': 'syntax',
  '42501': 'permission',
  '44': 'constraint',
  '53': 'resources',
  '53300': 'connection',
  '54': 'resources',
  '55006': 'busy',
  '55P03': 'busy',
  // Cancelled: by statement_timeout in most cases; only the text of the message tells, and that has many languages.
  '57014': 'timeout',
  '57': 'connection',
  '58': 'storage',
  XX001: 'storage',
  XX002: 'storage',
};

/** What node-postgres says without a code. */
const BY_MESSAGE: readonly (readonly [beginning: string, type: ErrorType])[] = [
  ['timeout exceeded when trying to connect', 'pool_timeout'],
  ['Query read timeout', 'timeout'],
  ['Connection terminated', 'connection'],
  ['timeout expired', 'connection'],
  ['Client has encountered a connection error', 'connection'],
  ['Client was closed', 'connection'],
  ['Cannot use a pool after', 'connection'],
  ['The server does not support SSL', 'connection'],
];

/** The kind of an error that a query or a connection ended with; never throws. */
export function pgErrorType(error: unknown): ErrorType {
  if (typeof error !== 'object' || error === null) return 'other';
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code === 'string') {
    const known = code.length === 5 ? (BY_SQLSTATE[code] ?? BY_SQLSTATE[code.slice(0, 2)]) : undefined;
    if (known !== undefined) return known;
    // ECONNREFUSED, ENOTFOUND, EPIPE; ERR_TLS_CERT_ALTNAME_INVALID; CERT_HAS_EXPIRED.
    if (/^E(?!RR_)[A-Z]+|^ERR_(?:TLS|SSL|SOCKET|STREAM)|CERT/.test(code)) return 'connection';
  }
  if (typeof message !== 'string') return 'other';
  return BY_MESSAGE.find(([beginning]) => message.startsWith(beginning))?.[1] ?? 'other';
}
