/** Kinds of errors of Redis: the code that a reply begins with, or what kept a command from having a reply. */

/** What begins the replies of Redis that are errors; `ERR` is {@link errorTypeOf}'s `err`. */
const CODES = [
  'ask',
  'busy',
  'busygroup',
  'busykey',
  'clusterdown',
  'crossslot',
  'err',
  'execabort',
  'loading',
  'masterdown',
  'misconf',
  'moved',
  'noauth',
  'nogroup',
  'noperm',
  'noreplicas',
  'noscript',
  'oom',
  'readonly',
  'tryagain',
  'unblocked',
  'wrongpass',
  'wrongtype',
] as const;

/**
 * The values of `error_type`: codes of Redis in small letters, and `aborted` (the program took the command back),
 * `connection` (there was none, or it went away), `socket` (a connection failed that no command waited for),
 * `timeout`, `watch` (a watched key was changed) and `other`.
 */
export const REDIS_ERROR_TYPES = [
  ...CODES,
  'aborted',
  'connection',
  'socket',
  'timeout',
  'watch',
  'other',
] as const;

/** One of {@link REDIS_ERROR_TYPES}. */
export type RedisErrorType = (typeof REDIS_ERROR_TYPES)[number];

const KNOWN: ReadonlySet<string> = new Set(CODES);

/** What the libraries say where the connection is the reason; they have no codes for it. */
const CONNECTION =
  /connection (?:is |was )?close|connection to|client is (?:closed|offline)|socket closed|disconnect|cluster is ended|isn't (?:writeable|ready)|max retries|unavailable|none of startup|all sentinels/i;
const TIMEOUT = /timed out|timeout/i;

/** The kind of an error that a library has given to the program. */
export function errorTypeOf(error: unknown): RedisErrorType {
  if (typeof error !== 'object' || error === null) return 'other';
  const { message, code } = error as { readonly message?: unknown; readonly code?: unknown };
  const text = typeof message === 'string' ? message : '';
  const first = /^[A-Z]{2,}(?= |$)/.exec(text)?.[0].toLowerCase();
  if (first !== undefined && KNOWN.has(first)) return first as RedisErrorType;
  if (code === 'ETIMEDOUT') return 'timeout';
  // ECONNREFUSED, EPIPE, ENOTFOUND, EAI_AGAIN: what the system says of a connection.
  if (typeof code === 'string' && /^E[A-Z_]+$/.test(code)) return 'connection';
  if (/aborted$/.test(text)) return 'aborted';
  if (/watched keys|after WATCH/.test(text)) return 'watch';
  if (CONNECTION.test(text)) return 'connection';
  return TIMEOUT.test(text) ? 'timeout' : 'other';
}
