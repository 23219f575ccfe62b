/**
 * Requests of undici, and of the `fetch` of Node.js, which is made of it, as they publish them:
 *
 *     undici:request:create     it is there, and waits for a connection
 *     undici:request:headers    the header of an answer has come, perhaps of one that only announces another (1xx)
 *     undici:request:trailers   the answer has come to its end
 *     undici:request:error      there will be no more of it; possibly told again, and possibly after its end
 *
 * A connection that fails is the error of all requests that have waited for it, so `undici:client:connectError` tells
 * nothing more.
 */
import type { Call, CallRecorder } from './calls.ts';
import { kindOf } from './failure-kind.ts';
import { isAddress } from './hosts.ts';
import { guarded, type Subscription } from './subscription.ts';

/** What is used of undici's requests. */
interface UndiciRequest {
  readonly origin?: unknown;
  readonly method?: unknown;
  /** The header of that name, where the program gave one. */
  readonly host?: unknown;
  /** What it is to become instead of a request. */
  readonly upgrade?: unknown;
  /** The call that it is for one instrument. */
  [underWay: symbol]: Call | undefined;
}

interface Message {
  readonly request: UndiciRequest;
  readonly response?: { readonly statusCode?: unknown };
  readonly error?: unknown;
}

const ORIGIN_OF_ADDRESS = /^(https?:\/\/)([\d.]+|\[[^\]]+\])(?::\d+)?$/;

/** What is to be listened to, so that a recorder counts the requests of undici. */
export function undiciChannels(recorder: CallRecorder): readonly Subscription[] {
  // A property of the request: a map from the one to the other costs more than all the rest.
  const underWay = Symbol('@binnacle/metrics/fetch/under-way');
  return [
    guarded('undici:request:create', ({ request }: Message) => {
      if (request.upgrade || request.method === 'CONNECT') return;
      request[underWay] = recorder.hostOf(originOf(request))?.begin(String(request.method));
    }),
    guarded('undici:request:headers', ({ request, response }: Message) => {
      const call = request[underWay];
      if (call !== undefined && typeof response?.statusCode === 'number' && response.statusCode >= 200)
        call.status = response.statusCode;
    }),
    guarded('undici:request:trailers', ({ request }: Message) => {
      const call = request[underWay];
      call?.host.succeed(call);
    }),
    guarded('undici:request:error', ({ request, error }: Message) => {
      const call = request[underWay];
      if (call !== undefined && !call.ended) call.host.fail(call, kindOf(error));
    }),
  ];
}

/** With the name that was asked for, where an interceptor has looked it up and put the address in its place. */
function originOf({ origin, host }: UndiciRequest): string {
  const text = typeof origin === 'string' ? origin : String((origin as { readonly origin?: unknown }).origin);
  if (typeof host !== 'string' || isAddress(host)) return text;
  const address = ORIGIN_OF_ADDRESS.exec(text);
  return address === null ? text : address[1]! + host;
}
