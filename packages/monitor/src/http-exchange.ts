/** One HTTP request and its answer, as parts of the monitor that send now and then see them. */
import type { IncomingHttpHeaders } from 'node:http';
import type { SecretScope } from './secret.ts';

/** How much of an answer is read; receivers answer in a line. */
export const ANSWER_BYTES_MAX = 64 * 1024;
/** A request; `url` and the headers may be secrets. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** The secrets of the work that the request is part of; those that the client reads are added. */
  readonly scope: SecretScope;
}

/** What a server answered. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<IncomingHttpHeaders>;
  /** At most {@link ANSWER_BYTES_MAX} bytes, as they came: {@link SecretScope.redact} it before it is shown. */
  readonly text: string;
}

/** Sends a request. Rejects with the signal's reason when it is aborted, else with an {@link HttpFailure}. */
export type HttpSend = (request: HttpRequest) => Promise<HttpAnswer>;

/** No answer came. The message holds no secret. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';
  /** The system's, such as `ECONNREFUSED`. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
