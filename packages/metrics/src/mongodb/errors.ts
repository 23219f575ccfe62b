/** Kinds of errors of MongoDB: by the codes of the server, and by what kept a command from having an answer. */

/** The values of `error_type`. */
export const MONGO_ERROR_TYPES = [
  'auth',
  'bad_command',
  'connection',
  'cursor_not_found',
  'duplicate_key',
  'heartbeat',
  'interrupted',
  'not_primary',
  'pool_timeout',
  'timeout',
  'transaction',
  'validation',
  'write_concern',
  'write_conflict',
  'other',
] as const;

/** One of {@link MONGO_ERROR_TYPES}. */
export type MongoErrorType = (typeof MONGO_ERROR_TYPES)[number];

/** As the server numbers them; https://www.mongodb.com/docs/manual/reference/error-codes/ */
const BY_CODE: ReadonlyMap<number, MongoErrorType> = new Map<number, MongoErrorType>([
  ...of('auth', 11, 13, 18, 31, 391),
  ...of('bad_command', 2, 4, 9, 14, 16, 17, 20, 26, 27, 28, 40, 48, 52, 54, 59, 72, 73, 115),
  ...of('connection', 6, 7, 9001),
  ...of('cursor_not_found', 43),
  ...of('duplicate_key', 11000, 11001, 12582),
  ...of('interrupted', 136, 175, 237, 11601),
  ...of('not_primary', 91, 189, 10058, 10107, 11600, 11602, 13435, 13436),
  ...of('timeout', 50, 89, 202, 262, 290),
  ...of('transaction', 225, 228, 244, 246, 251, 256, 257, 263, 267),
  ...of('validation', 121),
  ...of('write_concern', 64, 75, 79, 100),
  ...of('write_conflict', 112),
]);

function of(type: MongoErrorType, ...codes: readonly number[]): readonly [number, MongoErrorType][] {
  return codes.map((code) => [code, type]);
}

/** The kind of what an event gives as `failure`, or of an error in an answer. */
export function errorTypeOf(failure: unknown): MongoErrorType {
  if (typeof failure !== 'object' || failure === null) return 'other';
  const { code, name } = failure as { readonly code?: unknown; readonly name?: unknown };
  const known = typeof code === 'number' ? BY_CODE.get(code) : undefined;
  if (known !== undefined) return known;
  if (name === 'MongoNetworkTimeoutError' || name === 'MongoOperationTimeoutError') return 'timeout';
  if (typeof name === 'string' && /Network|ConnectionClosed|PoolCleared|PoolClosed/.test(name))
    return 'connection';
  return 'other';
}

/**
 * The kind of error that stands in an answer which is not one itself: what could not be written, of which the first
 * counts, and writing that was not acknowledged as asked.
 */
export function errorTypeIn(reply: unknown): MongoErrorType | undefined {
  if (typeof reply !== 'object' || reply === null) return undefined;
  const { writeErrors, writeConcernError } = reply as {
    readonly writeErrors?: unknown;
    readonly writeConcernError?: unknown;
  };
  if (Array.isArray(writeErrors) && writeErrors.length > 0) return errorTypeOf(writeErrors[0]);
  return writeConcernError === undefined || writeConcernError === null ? undefined : 'write_concern';
}
