/** How storage says what went wrong with the world around it. */
import { StorageError } from '@binnacle/promql/storage';

/** What kind of failure it was; stable, for programs. */
export type StorageFailureCode =
  /** The disk refused a write: full, read-only, broken. */
  | 'WRITE_FAILED'
  /** A file of the data directory could not be read or listed. */
  | 'READ_FAILED'
  /** Another monitor uses the data directory. */
  | 'DIRECTORY_LOCKED'
  /** The log was written by a later version. */
  | 'LOG_VERSION'
  /** The database was closed. */
  | 'CLOSED';

/** A StorageError with a code; the cause, where there is one, is the system's own error. */
export class StorageFailure extends StorageError {
  readonly code: StorageFailureCode;

  constructor(code: StorageFailureCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** The system's words for an error, such as `ENOSPC: no space left on device, write`. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system's code of an error (`ENOSPC`), or the empty string. */
export function systemCodeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
