/**
 * Kinds of errors of SQL databases: what to look at when they come, not what the database calls them. The list is
 * closed, so each kind stands at 0 from the start and its first error shows in a rate.
 */

/** What can be wrong. */
export const ERROR_TYPES = [
  /** Somebody else holds the lock, and waiting was not asked for or took too long. */
  'busy',
  /** The database is not reached, refuses the connection, or went away. */
  'connection',
  /** A row is not allowed: unique, foreign key, not null, check. */
  'constraint',
  /** A value is none of its type, or out of its range. */
  'data',
  /** Two transactions waited for each other. */
  'deadlock',
  /** The user may not. */
  'permission',
  /** All connections of the pool stayed in use for longer than one may wait. */
  'pool_timeout',
  /** Memory, disk space, or another limit is exhausted. */
  'resources',
  /** The transaction has to be tried again. */
  'serialization',
  /** The disk or the file fails, or is damaged. */
  'storage',
  /** The statement cannot be: its grammar, or a table, column or function that there is not. */
  'syntax',
  /** The statement took longer than it may, or was cancelled. */
  'timeout',
  /** Not possible in the state that the transaction is in. */
  'transaction',
  /** All else. */
  'other',
] as const;

/** One of {@link ERROR_TYPES}. */
export type ErrorType = (typeof ERROR_TYPES)[number];
