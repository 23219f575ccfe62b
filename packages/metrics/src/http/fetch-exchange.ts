/**
 * Follows a request of the Fetch standard, where there is no server of Node's: with Bun, Deno, in workers, in tests.
 *
 * An answer ends when its body does, so the body is read a little ahead. One that is whole by then is handed on as its
 * bytes, which keeps its length and counts at once, whether or not somebody reads it. All others are streams, and
 * pass through one that counts their bytes and sees their end: read to the last byte, cancelled by the server because
 * the client went away, or broken.
 */
import { Exchange, type HttpRecorder } from './recorder.ts';

/** Turns of the queue of microtasks in which a body that is no stream gives its only chunk, and then its end. */
const TURNS_MAX = 16;

/** So many chunks are read ahead. */
const CHUNKS_MAX = 2;

/** Finds the template of the route of a request; with the status once it was answered. */
export type FetchRouteFinder = (status: number | undefined) => string | undefined;

/** An exchange of the Fetch standard. */
export class FetchExchange extends Exchange {
  /** The same request for other metrics. */
  readonly next: FetchExchange | undefined;
  readonly #finder: FetchRouteFinder;

  constructor(recorder: HttpRecorder, request: Request, finder: FetchRouteFinder, next?: FetchExchange) {
    super(recorder, request.method);
    this.next = next;
    this.#finder = finder;
    const length = Number(request.headers.get('content-length'));
    if (Number.isSafeInteger(length)) this.requestBytes = length;
    // Not every runtime gives requests a signal, whatever the types say.
    (request.signal as AbortSignal | undefined)?.addEventListener('abort', () => this.abort(), {
      once: true,
    });
    recorder.searches(this);
  }

  override find(): void {
    this.#find(undefined);
  }

  override end(status: number): void {
    this.#find(status);
    super.end(status);
  }

  #find(status: number | undefined): void {
    if (this.ended) return;
    try {
      const template = this.#finder(status);
      if (template !== undefined) this.route(template);
    } catch {
      // What reads the state of a framework must not stop its answer.
    }
  }

  /**
   * Ends with the last byte of an answer.
   * @returns the answer to give instead, or undefined for the same
   */
  async follow(response: Response, hasBody: boolean): Promise<Response | undefined> {
    const { status, body } = response;
    const declared = response.headers.get('content-length');
    if (!hasBody || body === null || body.locked || declared !== null) {
      if (hasBody && body !== null) this.responseBytes = Number(declared) || 0;
      this.end(status);
      return undefined;
    }
    const reader = body.getReader();
    const chunks: Uint8Array[] = [];
    let reading = reader.read();
    for (let i = 0; i <= CHUNKS_MAX; i++) {
      const read = await settledSoon(reading);
      if (read === undefined) break;
      if (read.done) {
        this.end(status);
        return new Response(joined(chunks), response);
      }
      this.#passed(read.value);
      chunks.push(read.value);
      reading = reader.read();
    }
    return new Response(this.#counted(reader, chunks, reading, status), response);
  }

  #counted(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    ahead: readonly Uint8Array[],
    reading: ReturnType<typeof reader.read>,
    status: number,
  ): ReadableStream<Uint8Array> {
    let next: typeof reading | undefined = reading;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          for (const chunk of ahead) controller.enqueue(chunk);
        },
        pull: async (controller) => {
          try {
            const { done, value } = await (next ?? reader.read());
            next = undefined;
            if (done) {
              this.end(status);
              controller.close();
            } else {
              this.#passed(value);
              controller.enqueue(value);
            }
          } catch (error) {
            this.failed(error);
            this.abort();
            controller.error(error);
          }
        },
        cancel: (reason) => {
          this.abort();
          return reader.cancel(reason);
        },
      },
      { highWaterMark: 0 },
    );
  }

  #passed(chunk: unknown): void {
    if (!this.ended && chunk instanceof Uint8Array) this.responseBytes += chunk.byteLength;
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

/** What a promise is fulfilled with before anything else happens; undefined if it is not, or is rejected. */
async function settledSoon<T>(promise: Promise<T>): Promise<T | undefined> {
  let settled: T | undefined;
  promise.then(
    (value) => {
      settled = value;
    },
    () => {},
  );
  for (let turn = 0; turn < TURNS_MAX && settled === undefined; turn++) await undefined;
  return settled;
}
