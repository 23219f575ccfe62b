/** Errors of SQLite by their kind, from its result codes: https://www.sqlite.org/rescode.html. */
import type { ErrorType } from './error-types.ts';

/** By number: the name of the code, and its kind; 1 is for all kinds of mistakes. */
const PRIMARY: Readonly<Record<number, readonly [name: string, type: ErrorType]>> = {
  1: ['ERROR', 'other'],
  3: ['PERM', 'permission'],
  5: ['BUSY', 'busy'],
  6: ['LOCKED', 'busy'],
  7: ['NOMEM', 'resources'],
  8: ['READONLY', 'permission'],
  9: ['INTERRUPT', 'timeout'],
  10: ['IOERR', 'storage'],
  11: ['CORRUPT', 'storage'],
  13: ['FULL', 'resources'],
  14: ['CANTOPEN', 'storage'],
  15: ['PROTOCOL', 'busy'],
  18: ['TOOBIG', 'resources'],
  19: ['CONSTRAINT', 'constraint'],
  20: ['MISMATCH', 'data'],
  23: ['AUTH', 'permission'],
  25: ['RANGE', 'data'],
  26: ['NOTADB', 'storage'],
};

const BY_NAME: ReadonlyMap<string, ErrorType> = new Map(Object.values(PRIMARY));

/** When an error came: while a text was read, or while a statement that was read before ran. */
export type Phase = 'reading' | 'running';

/** Whether it is SQLite that an error is from, and not a function of the program. */
export function isSqliteError(error: unknown): boolean {
  return codeOf(error) !== undefined;
}

/** The kind of an error of better-sqlite3 or `node:sqlite`; never throws. */
export function sqliteErrorType(error: unknown, phase: Phase): ErrorType {
  const code = codeOf(error);
  if (code === undefined) return 'other';
  if (code !== 'ERROR') return BY_NAME.get(code) ?? 'other';
  const { message } = error as { readonly message?: unknown };
  if (/^cannot (?:start|commit|rollback)|^no such savepoint/.test(String(message))) return 'transaction';
  return phase === 'reading' ? 'syntax' : 'other';
}

/** The primary code: `CONSTRAINT` of `SQLITE_CONSTRAINT_UNIQUE`, or of 2067. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown };
  if (typeof code !== 'string') return undefined;
  if (code.startsWith('SQLITE_')) return code.split('_')[1];
  if (code !== 'ERR_SQLITE_ERROR' || typeof errcode !== 'number') return undefined;
  return PRIMARY[errcode & 0xff]?.[0] ?? 'UNKNOWN';
}
