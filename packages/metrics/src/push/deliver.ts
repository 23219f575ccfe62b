/**
 * Sending what was counted to somebody who takes it, over HTTP: with a time limit, and again where that may help.
 *
 * Again: the network, 429, and 500 and above. Not again: everything else that is no success, since the same request
 * would be refused the same way.
 */

/** How long one request may take, unless said otherwise. */
export const PUSH_TIMEOUT_MS = 10_000;
/** How often a request is sent again, unless said otherwise. */
export const PUSH_RETRIES = 3;
/** The wait before the first time again; it doubles. */
export const PUSH_RETRY_FIRST_MS = 250;
/** The longest wait, also where the receiver asks for a longer one. */
export const PUSH_RETRY_WAIT_MS_MAX = 10_000;
/** How much of a refusal is told. */
export const PUSH_ANSWER_CHARACTERS_MAX = 500;

export type PushErrorCode =
  /** The receiver refused; {@link PushError.status} and {@link PushError.answer} say how. */
  | 'push_refused'
  /** Nobody answered: no such host, no connection, certificate not trusted. */
  | 'push_unreachable'
  /** No answer within the time limit. */
  | 'push_timeout';

/** What was counted did not arrive. */
export class PushError extends Error {
  override readonly name = 'PushError';
  readonly code: PushErrorCode;
  /** The status of the refusal. */
  readonly status: number | undefined;
  /** The beginning of what the receiver said. */
  readonly answer: string;

  constructor(
    code: PushErrorCode,
    message: string,
    {
      status,
      answer = '',
      ...options
    }: ErrorOptions & { readonly status?: number; readonly answer?: string },
  ) {
    super(message, options);
    this.code = code;
    this.status = status;
    this.answer = answer;
  }
}

/** How something is sent. */
export interface DeliveryOptions {
  /** Sent as `Authorization: Bearer TOKEN`. */
  readonly token?: string;
  /** A user and a password in the address do the same. */
  readonly basicAuth?: { readonly username: string; readonly password: string };
  readonly headers?: Readonly<Record<string, string>>;
  /** For each request. Default {@link PUSH_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
  /** Default {@link PUSH_RETRIES}. */
  readonly retriesMax?: number;
  /** Ends waiting and sending. */
  readonly signal?: AbortSignal;
  /** For another agent or a proxy. Default: Node's own. */
  readonly fetch?: typeof fetch;
}

/** What is sent. */
export interface Delivery {
  readonly method: 'PUT' | 'POST' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
}

/**
 * An address, checked.
 * @throws TypeError
 */
export function receiverUrl(text: string): URL {
  if (URL.canParse(text)) {
    const url = new URL(text);
    if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  }
  // What cannot be read may still hold a password.
  throw new TypeError('the url of the receiver must be one such as http://pushgateway:9091');
}

/**
 * Sends until it has arrived.
 * @throws PushError; the signal's reason
 */
export async function deliver(delivery: Delivery, options: DeliveryOptions): Promise<void> {
  const { retriesMax = PUSH_RETRIES, signal } = options;
  signal?.throwIfAborted();
  for (let attempt = 0; ; attempt++) {
    const failure = await attemptDelivery(delivery, options);
    signal?.throwIfAborted();
    if (failure === undefined) return;
    if (!failure.again || attempt >= retriesMax) throw failure.error;
    const backOffMs = PUSH_RETRY_FIRST_MS * 2 ** attempt;
    await pause(Math.min(Math.max(backOffMs, failure.waitMs), PUSH_RETRY_WAIT_MS_MAX), signal);
  }
}

interface Failure {
  readonly error: PushError;
  readonly again: boolean;
  /** What the receiver asks for. */
  readonly waitMs: number;
}

async function attemptDelivery(
  { method, url, headers, body }: Delivery,
  { timeoutMs = PUSH_TIMEOUT_MS, signal, fetch: send = fetch, ...options }: DeliveryOptions,
): Promise<Failure | undefined> {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  const limit = AbortSignal.timeout(timeoutMs);
  const where = `${method} ${bare.origin}${bare.pathname}`;
  try {
    const response = await send(bare, {
      method,
      headers: { ...headers, ...authorization(url, options), ...options.headers },
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      ...(body !== undefined && { body: body as Uint8Array<ArrayBuffer> }),
    });
    const text = await response.text();
    if (response.ok) return undefined;
    const { status } = response;
    const answer = text.slice(0, PUSH_ANSWER_CHARACTERS_MAX).trim();
    return {
      error: new PushError('push_refused', `${where} was refused with status ${status}: ${answer}`, {
        status,
        answer,
      }),
      again: status === 429 || status >= 500,
      waitMs: 1000 * (Number(response.headers.get('retry-after')) || 0),
    };
  } catch (cause) {
    const error = limit.aborted
      ? new PushError('push_timeout', `${where} was not answered within ${timeoutMs} ms`, { cause })
      : new PushError('push_unreachable', `${where} cannot be reached: ${reasonOf(cause)}`, { cause });
    return { error, again: true, waitMs: 0 };
  }
}

/** The reason of a failed fetch lies in its cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : message;
}

function authorization(
  { username, password }: URL,
  { token, basicAuth }: Pick<DeliveryOptions, 'token' | 'basicAuth'>,
): Record<string, string> {
  if (token !== undefined) return { authorization: `Bearer ${token}` };
  const known =
    basicAuth ??
    (username === ''
      ? undefined
      : { username: decodeURIComponent(username), password: decodeURIComponent(password) });
  if (known === undefined) return {};
  const pair = Buffer.from(`${known.username}:${known.password}`).toString('base64');
  return { authorization: `Basic ${pair}` };
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
