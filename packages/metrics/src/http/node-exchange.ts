/**
 * Follows a request of Node's `http` from its beginning to the end of its answer.
 *
 * Whatever notices a request first (the server, a hook, a middleware) opens its {@link NodeExchange} at the response,
 * whoever comes second, finds it there. Several instruments with metrics of their own stand behind each other at the
 * same response, and what it takes to follow it is done once.
 *
 * A response ends with `close`, which Node emits after `finish`, and also where the connection went away. A client
 * that knows the length of the answer may close before the server has come to end it, for instance when a file is
 * streamed; if every byte was written by then, the answer was complete. All else that was not finished is
 * aborted, status 499.
 *
 * Bytes are counted where they pass, at `write` and `end` of this one response and at `push` of this one request:
 * those of a stream have no length beforehand, and neither have those of a client that goes away.
 */
import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { DEFAULT_IGNORED, isIgnored } from './ignored.ts';
import { type EndpointOptions, Exchange, type HttpRecorder } from './recorder.ts';

/** The header of the time that an answer took to begin, as Starlette's middleware names it. */
export const PROCESS_TIME_HEADER = 'X-Process-Time';

/** How requests of Node's `http` are followed. */
export interface NodeExchangeOptions extends EndpointOptions {
  /**
   * Whether answers carry the header `X-Process-Time`: the seconds until it began, `0.001234`. Default false.
   */
  readonly processTime?: boolean | undefined;
  /**
   * Paths that are not measured, without their query; a string is the whole path. Default {@link DEFAULT_IGNORED};
   * `[]` measures all.
   */
  readonly ignore?: readonly (string | RegExp)[] | undefined;
}

/** Finds the template of the route of a request that is under way; undefined as long as there is none. */
export type RouteFinder = (request: IncomingMessage, response: ServerResponse) => string | undefined;

/** Follows the requests of one server, or of one application. */
export class NodeExchanges {
  readonly recorder: HttpRecorder;
  readonly #options: NodeExchangeOptions;
  readonly #ignored: readonly (string | RegExp)[];
  readonly #finder: RouteFinder | undefined;
  #prepared: unknown;

  /** @param finder where the route is known only some time after the beginning of a request */
  constructor(recorder: HttpRecorder, options: NodeExchangeOptions = {}, finder?: RouteFinder) {
    this.recorder = recorder;
    this.#options = options;
    this.#ignored = options.ignore ?? DEFAULT_IGNORED;
    this.#finder = finder;
  }

  /** The exchange of a response, which begins now if nobody has noticed it before; undefined where it is ignored. */
  of(request: IncomingMessage, response: ServerResponse): NodeExchange | undefined {
    const exchange = exchangeOf(response, this.recorder) ?? this.#begin(request, response);
    if (exchange !== undefined && this.#finder !== undefined) exchange.finds(this.#finder);
    return exchange;
  }

  /**
   * Lets later responses of the server be made ready before a framework has them. Express gives each response another
   * prototype, after which V8 copies its whole shape for every property that is added: 1.5 microseconds for each.
   */
  prepareServerOf(request: IncomingMessage): void {
    const server = (request.socket as { readonly server?: unknown } | undefined)?.server;
    if (server === this.#prepared || !(server instanceof EventEmitter)) return;
    this.#prepared = server;
    server.prependListener('request', (other: IncomingMessage, response: ServerResponse) => {
      if (!this.#ignores(other)) this.#passageOf(other, response);
    });
  }

  #begin(request: IncomingMessage, response: FollowedResponse): NodeExchange | undefined {
    if (this.#ignores(request)) return undefined;
    try {
      const passage = this.#passageOf(request, response);
      // Nobody would hear of its end.
      return passage.isClosed ? undefined : new NodeExchange(this.recorder, passage);
    } catch {
      // No request of Node's: what tests of handlers make up need not have all of it.
      return undefined;
    }
  }

  #passageOf(request: IncomingMessage, response: FollowedResponse): Passage {
    const passage = response[PASSAGE] ?? new Passage(request, response);
    if (this.recorder.countsResponseBytes) passage.countResponse();
    if (this.recorder.countsRequestBytes) passage.countRequest();
    if (this.#options.processTime === true) passage.tellProcessTime();
    return passage;
  }

  #ignores(request: IncomingMessage): boolean {
    return this.#ignored.length > 0 && isIgnored(originalUrl(request), this.#ignored);
  }
}

/** The exchange of a response for the metrics of a recorder, or for any. */
export function exchangeOf(response: object, recorder?: HttpRecorder): NodeExchange | undefined {
  let exchange = (response as FollowedResponse)[PASSAGE]?.exchange;
  while (exchange !== undefined && recorder !== undefined && !exchange.recorder.isSame(recorder))
    exchange = exchange.next;
  return exchange;
}

/**
 * Counts an exception as the error of a request, where no framework tells of it: in a plain server, or behind error
 * handling that keeps it to itself. The first one of a request counts, in all metrics that measure it.
 */
export function requestFailed(response: object, error: unknown): void {
  for (let exchange = exchangeOf(response); exchange !== undefined; exchange = exchange.next)
    exchange.failed(error);
}

/**
 * Whether the answer to a measured request was handed over to the connection to its last byte, as its status is counted
 * by: also where the client closed before the server came to end it. False as long as it is under way; to be asked at
 * `close`.
 */
export function isAnswered(response: object): boolean {
  return (response as FollowedResponse)[PASSAGE]?.isWhole ?? false;
}

/** An exchange of Node's `http`. */
export class NodeExchange extends Exchange {
  readonly passage: Passage;
  /** The same request for other metrics. */
  readonly next: NodeExchange | undefined;
  /** Whether its path is its endpoint, for lack of anything better. */
  byPath = false;
  #finder: RouteFinder | undefined;

  constructor(recorder: HttpRecorder, passage: Passage) {
    super(recorder, passage.request.method ?? '');
    this.passage = passage;
    this.next = passage.exchange;
    passage.exchange = this;
  }

  /** The route can be asked for. */
  finds(finder: RouteFinder): void {
    if (this.#finder !== undefined) return;
    this.#finder = finder;
    this.byPath = false;
    this.recorder.searches(this);
  }

  override find(): void {
    if (this.#finder === undefined || this.ended) return;
    try {
      const template = this.#finder(this.passage.request, this.passage.response);
      if (template !== undefined) this.route(template);
    } catch {
      // What reads the state of a framework must not stop its answer.
    }
  }

  override end(status: number): void {
    this.find();
    if (this.endpoint === undefined && this.byPath)
      this.place(this.recorder.endpoints.ofPath(originalUrl(this.passage.request), status));
    super.end(status);
  }
}

/** Where the exchanges of a response are: a property, since a map from one to the other costs more than all the rest. */
const PASSAGE: unique symbol = Symbol.for('@binnacle/metrics/http/passage/v1');

interface FollowedResponse extends ServerResponse {
  [PASSAGE]?: Passage;
}

interface FollowedRequest extends IncomingMessage {
  [PASSAGE]?: Passage;
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** What passes between a request and the end of its response, for all that measure it. */
class Passage {
  readonly request: FollowedRequest;
  readonly response: FollowedResponse;
  /** The latest exchange; the others stand behind it. */
  exchange: NodeExchange | undefined;
  requestBytes = 0;
  responseBytes = 0;
  /** While `end` is under way, which in HTTP/2 calls `write`; and after it, when nothing more is sent. */
  isEnding = false;
  /** Whether the client went away, or has its answer. */
  isClosed: boolean;
  write: Method | undefined;
  end: Method | undefined;
  push: Method | undefined;
  writeHead: Method | undefined;
  // All that the request says is read before a framework changes its shape: see `prepareServerOf`.
  readonly #method: string | undefined;
  readonly #isHttp2: boolean;
  readonly #socket: { readonly bytesWritten?: number } | undefined;
  /** What the connection had sent before this response. */
  readonly #bytesBefore: number | undefined;
  /** The length of the request's body, where it was announced. */
  readonly #length: number | undefined;
  readonly #mayHaveBody: boolean;

  constructor(request: FollowedRequest, response: FollowedResponse) {
    this.request = request;
    this.response = response;
    this.#method = request.method;
    this.#isHttp2 = request.httpVersionMajor > 1;
    this.#socket = request.socket;
    this.#bytesBefore = this.#socket?.bytesWritten;
    const { headers } = request;
    const length = headers['content-length'];
    this.#length = length === undefined ? undefined : Number(length);
    // In HTTP/1 a body has a length or is chunked; in HTTP/2 nothing announces it.
    this.#mayHaveBody =
      (length !== undefined && length !== '0') || headers['transfer-encoding'] !== undefined || this.#isHttp2;
    this.isClosed = response.destroyed;
    response[PASSAGE] = this;
    response.on('close', closed);
  }

  countResponse(): void {
    if (this.write !== undefined) return;
    const { response } = this;
    this.write = response.write as Method;
    this.end = response.end as Method;
    response.write = countedWrite as typeof response.write;
    response.end = countedEnd as typeof response.end;
  }

  countRequest(): void {
    const { request } = this;
    if (this.push !== undefined || !this.#mayHaveBody) return;
    request[PASSAGE] = this;
    this.push = request.push as Method;
    request.push = countedPush as typeof request.push;
  }

  tellProcessTime(): void {
    if (this.writeHead !== undefined) return;
    const { response } = this;
    this.writeHead = response.writeHead as Method;
    response.writeHead = timedWriteHead as typeof response.writeHead;
  }

  /** Whether the last byte of the answer was handed over to the connection. */
  get isWhole(): boolean {
    return this.#isFinished() || this.#isWritten();
  }

  closed(): void {
    const { response, isWhole } = this;
    const { statusCode } = response;
    const hasBody = this.#method !== 'HEAD' && statusCode !== 204 && statusCode !== 304;
    const received = this.#received();
    for (let { exchange } = this; exchange !== undefined; exchange = exchange.next) {
      exchange.requestBytes = received;
      exchange.responseBytes = hasBody ? this.responseBytes : 0;
      if (isWhole) exchange.end(statusCode);
      else exchange.abort();
    }
    this.isClosed = true;
    // What is written from now on is not sent.
    this.isEnding = true;
  }

  /** The bytes of the request's body: what came before somebody counted is part of its length. */
  #received(): number {
    if (!this.#mayHaveBody) return 0;
    return this.#length !== undefined && this.request.complete === true ? this.#length : this.requestBytes;
  }

  /** Whether the last byte was handed over to the connection. */
  #isFinished(): boolean {
    const { response } = this;
    if (this.#isHttp2) {
      // A response of HTTP/2 says that it finished however its stream ended.
      const { stream } = response as {
        readonly stream?: { readonly aborted: boolean; readonly rstCode: number };
      };
      return response.writableEnded && stream?.aborted !== true && stream?.rstCode === 0;
    }
    // What is injected has no connection that could take its bytes.
    return response.writableFinished || (this.#bytesBefore === undefined && response.writableEnded);
  }

  /** Whether a response of known length was written to its last byte, though it was not ended. */
  #isWritten(): boolean {
    // Node keeps the rendered header here; a response has no public count of its bytes, and `getHeader` does not
    // know what went straight to `writeHead`.
    const header = (this.response as { readonly _header?: unknown })._header;
    if (typeof header !== 'string') return false;
    const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(header)?.[1];
    const written = (this.#socket?.bytesWritten ?? 0) - (this.#bytesBefore ?? 0);
    return length !== undefined && written >= header.length + Number(length);
  }
}

function closed(this: FollowedResponse): void {
  this[PASSAGE]?.closed();
}

function countedWrite(this: FollowedResponse, ...args: unknown[]): unknown {
  const passage = this[PASSAGE]!;
  if (!passage.isEnding) passage.responseBytes += bytesOf(args[0], args[1]);
  return passage.write!.apply(this, args);
}

function countedEnd(this: FollowedResponse, ...args: unknown[]): unknown {
  const passage = this[PASSAGE]!;
  if (!passage.isEnding) passage.responseBytes += bytesOf(args[0], args[1]);
  passage.isEnding = true;
  return passage.end!.apply(this, args);
}

function countedPush(this: FollowedRequest, ...args: unknown[]): unknown {
  const passage = this[PASSAGE]!;
  passage.requestBytes += bytesOf(args[0], args[1]);
  return passage.push!.apply(this, args);
}

function timedWriteHead(this: FollowedResponse, ...args: unknown[]): unknown {
  const passage = this[PASSAGE]!;
  const { exchange } = passage;
  if (exchange !== undefined && !this.headersSent && !this.hasHeader(PROCESS_TIME_HEADER))
    this.setHeader(PROCESS_TIME_HEADER, exchange.seconds.toFixed(6));
  return passage.writeHead!.apply(this, args);
}

function bytesOf(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string')
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
}

/** The address as it came: what is mounted somewhere in Express sees the rest of it only. */
function originalUrl(request: IncomingMessage & { readonly originalUrl?: unknown }): string {
  const { originalUrl } = request;
  return typeof originalUrl === 'string' ? originalUrl : (request.url ?? '');
}
