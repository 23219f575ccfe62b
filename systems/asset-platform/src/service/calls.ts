/**
 * What one service asks of another, and how whoever asked the first one gets to know.
 *
 * An answer carries in the header {@link CALLS_HEADER} the calls that were made for it, those that these led to
 * included: `files POST /api/v1/assets/{asset_id}/files 201, search POST /api/v1/index 200`. A call that had no
 * answer has the status `-`: nobody knows what the other service did. By these the ledger of the visitors knows what
 * every service must have counted.
 */

/** The header with the calls. */
export const CALLS_HEADER = 'x-platform-calls';

const CALL_MS_MAX = 10_000;

/** The services that are called by others. */
export type CalledService = 'files' | 'search';

/** A call. */
export interface Call {
  readonly service: CalledService;
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** The route's template. */
  readonly endpoint: string;
  readonly body?: NonNullable<RequestInit['body']>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: {@link CALL_MS_MAX}. */
  readonly timeoutMs?: number;
}

/** The calls that are made for one request, or one job. */
export class Calls {
  readonly #made: string[] = [];

  /** The calls in their order. */
  get made(): readonly string[] {
    return this.#made;
  }

  /** What the header says; undefined where there were none. */
  get header(): string | undefined {
    return this.#made.length === 0 ? undefined : this.#made.join(', ');
  }

  /**
   * Calls a service; whatever it answers is an answer.
   * @throws what `fetch` throws when there is none
   */
  async make(call: Call): Promise<Response> {
    const { service, method, endpoint } = call;
    let status = '-';
    try {
      const response = await fetch(new URL(call.path, call.url), {
        method,
        signal: AbortSignal.timeout(call.timeoutMs ?? CALL_MS_MAX),
        ...(call.headers !== undefined && { headers: call.headers }),
        // Node's own fetch asks for `duplex` where the body is a stream; its types do not have it.
        ...(call.body !== undefined && ({ body: call.body, duplex: 'half' } as RequestInit)),
      });
      status = String(response.status);
      const led = response.headers.get(CALLS_HEADER);
      if (led !== null) this.#made.push(...led.split(', '));
      return response;
    } finally {
      this.#made.push(`${service} ${method} ${endpoint} ${status}`);
    }
  }
}
