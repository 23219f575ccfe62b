/**
 * One HTTP request of a visitor, entered in the ledger: on a connection of its own, so that nothing but the
 * request itself can fail, with a body that may break off in the middle.
 */
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from './ledger.ts';

/** What is sent. */
export interface VisitorRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** The route's template, as the service counts it. */
  readonly endpoint: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: readonly Buffer[];
  /** Close the connection when this much of the body is sent. */
  readonly abortAfterBytes?: number;
}

/** What came back; the body is not kept, unless it is JSON. */
export interface VisitorAnswer {
  readonly status: number;
  readonly bytes: number;
  readonly json: Readonly<Record<string, unknown>>;
}

/** What a service that counts as nginx does notes for a client that went away. */
const ABORTED_STATUS = 499;
/** The service must have seen the beginning of a request before its end can be an abort. */
const BEFORE_ABORT_MS = 50;
const ANSWER_MS_MAX = 120_000;
const JSON_BYTES_MAX = 65_536;

/** Sends a request; undefined when it was broken off or nobody knows what the service did. */
export async function visit(
  url: string,
  ledger: Ledger,
  what: VisitorRequest,
): Promise<VisitorAnswer | undefined> {
  const { method, endpoint } = what;
  try {
    const answer = await send(url, what);
    ledger.request(method, endpoint, answer?.status ?? ABORTED_STATUS);
    return answer;
  } catch (error) {
    ledger.unknown(`${method} ${endpoint}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

function send(url: string, what: VisitorRequest): Promise<VisitorAnswer | undefined> {
  const body = what.body ?? [];
  const bytes = body.reduce((sum, part) => sum + part.length, 0);
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(what.path, url), {
      method: what.method,
      agent: false,
      headers: { ...what.headers, ...(what.body === undefined ? {} : { 'content-length': String(bytes) }) },
    });
    let answered = false;
    const timer = setTimeout(() => outgoing.destroy(new Error('no answer in time')), ANSWER_MS_MAX);
    const settle = (run: () => void): void => {
      clearTimeout(timer);
      run();
    };
    outgoing.on('response', (response) => {
      answered = true;
      receive(response).then(
        (answer) => settle(() => resolve(answer)),
        (error: unknown) => settle(() => reject(error)),
      );
    });
    // An early answer ends the request; what then fails while writing the rest tells nothing.
    outgoing.on('error', (error) => {
      if (!answered) settle(() => reject(error));
    });
    if (what.abortAfterBytes === undefined) {
      for (const part of body) outgoing.write(part);
      outgoing.end();
      return;
    }
    const sent = Buffer.concat(body).subarray(0, what.abortAfterBytes);
    outgoing.write(sent, () => {
      void sleep(BEFORE_ABORT_MS).then(() => {
        if (answered) return;
        outgoing.removeAllListeners('error').on('error', () => {});
        outgoing.destroy();
        settle(() => resolve(undefined));
      });
    });
  });
}

async function receive(response: IncomingMessage): Promise<VisitorAnswer> {
  const parts: Buffer[] = [];
  const isJson = response.headers['content-type']?.startsWith('application/json') ?? false;
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (isJson && bytes <= JSON_BYTES_MAX) parts.push(chunk);
  }
  let json: Record<string, unknown> = {};
  if (isJson) {
    const value: unknown = JSON.parse(Buffer.concat(parts).toString());
    if (typeof value === 'object' && value !== null) json = value as Record<string, unknown>;
  }
  return { status: response.statusCode ?? 0, bytes, json };
}
