/**
 * Requests of `node:http` and `node:https`, as Node.js publishes them:
 *
 *     http.client.request.created    it is there; from Node.js 22.12 and 23.2 on
 *     http.client.request.start      it has been handed over to its last byte; before those, it begins here
 *     http.client.response.finish    the header of the answer has come, despite the name
 *     http.client.request.error      an error, after which nothing comes
 *
 * The end of the answer is not published. It is heard at the request itself: `close`, at which Node.js says whether the
 * answer is whole; and `timeout`, after which programs destroy the request, often without an error that says why. What
 * a request does is not changed by listeners for these two.
 */
import type { Call, CallRecorder } from './calls.ts';
import { type FailureKind, kindOf } from './failure-kind.ts';
import { guarded, type Subscription } from './subscription.ts';

/** What is used of an answer. */
interface NodeResponse {
  readonly statusCode?: number;
  /** Whether it has come to its end. */
  readonly complete: boolean;
  /** Why it has not. */
  readonly errored: unknown;
}

/** What is used of a request. */
interface NodeRequest {
  readonly method: string;
  readonly protocol: string;
  /** Where it connects to, which may be a proxy. */
  readonly host: string;
  readonly destroyed: boolean;
  readonly res?: NodeResponse | null;
  readonly socket?: { readonly readableEnded: boolean; readonly errored?: unknown } | null;
  getHeader(name: string): unknown;
  once(event: 'close' | 'timeout', listener: (this: NodeRequest) => void): unknown;
  /** The call that it is for one instrument. */
  [underWay: symbol]: Call | undefined;
}

interface Message {
  readonly request: NodeRequest;
  readonly error?: unknown;
}

/** What is to be listened to, so that a recorder counts the requests of Node.js's own client. */
export function nodeChannels(recorder: CallRecorder): readonly Subscription[] {
  const underWay = Symbol('@binnacle/metrics/fetch/under-way');

  function began({ request }: Message): void {
    if (request[underWay] !== undefined || request.destroyed || isConnection(request)) return;
    const call = recorder.hostOf(originOf(request))?.begin(request.method);
    if (call === undefined) return;
    request[underWay] = call;
    request.once('close', closed);
    request.once('timeout', timedOut);
  }

  function closed(this: NodeRequest): void {
    const call = this[underWay];
    if (call === undefined || call.ended) return;
    const { res } = this;
    call.status = res?.statusCode ?? 0;
    if (res?.complete) call.host.succeed(call);
    else call.host.fail(call, failureOf(call, res?.errored ? kindOf(res.errored) : 'aborted'));
  }

  function timedOut(this: NodeRequest): void {
    const call = this[underWay];
    if (call !== undefined) call.timedOut = true;
  }

  return [
    guarded('http.client.request.created', began),
    guarded('http.client.request.start', began),
    guarded('http.client.request.error', ({ request, error }: Message) => {
      const call = request[underWay];
      const kind = isHungUp(request, error) ? 'aborted' : kindOf(error);
      if (call === undefined) {
        // It has failed before it was handed over, where its creation is not published.
        if (isConnection(request)) return;
        request[underWay] = recorder.hostOf(originOf(request))?.failUnseen(request.method, kind);
      } else if (!call.ended) {
        call.status = request.res?.statusCode ?? 0;
        call.host.fail(call, failureOf(call, kind));
      }
    }),
  ];
}

/** Programs give requests up that have told of a timeout, and seldom say so. */
function failureOf(call: Call, kind: FailureKind): FailureKind {
  return call.timedOut ? 'timeout' : kind;
}

/** Whether the program has destroyed a request and gave no reason: Node.js makes up the error of a reset. */
function isHungUp({ destroyed, socket }: NodeRequest, error: unknown): boolean {
  if (!destroyed || socket?.readableEnded || socket?.errored) return false;
  return error instanceof Error && error.message === 'socket hang up';
}

/** Whether it is to become a tunnel or a WebSocket. */
function isConnection(request: NodeRequest): boolean {
  return request.method === 'CONNECT' || request.getHeader('upgrade') !== undefined;
}

/** From the header `Host`, which has the port, and is the target's where the connection is a proxy's. */
function originOf(request: NodeRequest): string {
  const host = request.getHeader('host');
  return `${request.protocol}//${typeof host === 'string' ? host : request.host}`;
}
