/** What keeps `/metrics` from being answered as asked, where the metrics directory is not to blame. */

export type ServeErrorCode =
  /** Somebody who is not of the service listens on the port, and another one was not to be taken. */
  | 'port_taken'
  /** An option or an environment variable cannot be. */
  | 'setting_invalid'
  /** A file with a secret, a key or a certificate cannot be read. */
  | 'secret_unreadable';

/** Rejected with by `serveMetrics` and its kin; the message says what, where, and what to do. */
export class ServeError extends Error {
  override readonly name = 'ServeError';
  readonly code: ServeErrorCode;

  constructor(code: ServeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
