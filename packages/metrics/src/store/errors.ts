/** What can go wrong between a service and its metrics directory. None of it takes the service down. */

export type StoreErrorCode =
  /** Mapping or locking is not to be had, and would be needed: files of processes that run are mapped, or to be read. */
  | 'native_unavailable'
  /** The directory cannot be used: not ours, a link, open to others, on a network file system. */
  | 'directory_unusable'
  /** The directory belongs to another service or instance that is running. */
  | 'directory_taken'
  /** The directory was written by another version of this package that is running. */
  | 'format_version'
  /** Another process holds the directory's lock for longer than {@link LOCK_TIMEOUT_MS}. */
  | 'directory_locked'
  /** A file is not what its name says. */
  | 'segment_invalid'
  /** The file system refused: full, read-only, not permitted. */
  | 'io';

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** How long a process waits for the directory's lock, which is held for the time of a few small writes. */
export const LOCK_TIMEOUT_MS = 5_000;
