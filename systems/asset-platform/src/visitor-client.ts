/**
 * One HTTP request of a visitor, entered in the ledger: on a connection of its own, so that nothing but the request
 * itself can fail, with a body that may break off in the middle, and an answer that may be left in the middle.
 */
import { createHash } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import { type Answered, type Deed, enter, enterAborted, enterDied } from './effects.ts';
import type { Ledger } from './ledger.ts';

/** What is sent. */
export interface VisitorRequest extends Deed {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: readonly Buffer[];
  /** Breaks off in the middle of the body, when the service has begun to read it. */
  readonly abortUpload?: boolean;
  /** Breaks off when the answer begins; it must be larger than all that is between the service and the visitor. */
  readonly abortDownload?: boolean;
}

/** What came back; the body is kept where it is JSON. */
export interface VisitorAnswer extends Answered {
  readonly bytes: number;
  readonly sha256: string;
}

/** What services that count as nginx does note for a client that went away. */
const ABORTED_STATUS = 499;
const ANSWER_MS_MAX = 60_000;
const JSON_BYTES_MAX = 1_000_000;

/** Sends a request; undefined when it was broken off or nobody knows what the services did. */
export async function visit(
  url: string,
  ledger: Ledger,
  what: VisitorRequest,
): Promise<VisitorAnswer | undefined> {
  try {
    const answer = await send(url, what);
    if (answer === undefined) enterAborted(ledger, what, ABORTED_STATUS);
    else enter(ledger, what, answer);
    return answer;
  } catch {
    enterDied(ledger, what);
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
      headers: {
        ...what.headers,
        ...(what.body === undefined ? {} : { 'content-length': String(bytes) }),
        // The answer to this comes from the service itself, all the way.
        ...(what.abortUpload === true ? { expect: '100-continue' } : {}),
      },
    });
    let answered = false;
    const timer = setTimeout(() => outgoing.destroy(new Error('no answer in time')), ANSWER_MS_MAX);
    const settle = (run: () => void): void => {
      clearTimeout(timer);
      run();
    };
    const breakOff = (): void => {
      outgoing.removeAllListeners('error').on('error', () => {});
      outgoing.destroy();
      settle(() => resolve(undefined));
    };
    outgoing.on('response', (response) => {
      answered = true;
      if (what.abortDownload === true && response.statusCode === 200) {
        response.on('error', () => {});
        breakOff();
        return;
      }
      receive(response).then(
        (answer) => settle(() => resolve(answer)),
        (error: unknown) => settle(() => reject(error)),
      );
    });
    // An early answer ends the request; what then fails while writing the rest tells nothing.
    outgoing.on('error', (error) => {
      if (!answered) settle(() => reject(error));
    });
    if (what.abortUpload !== true) {
      for (const part of body) outgoing.write(part);
      outgoing.end();
      return;
    }
    outgoing.flushHeaders();
    outgoing.on('continue', () => {
      outgoing.write(Buffer.concat(body).subarray(0, bytes / 2), () => {
        if (!answered) breakOff();
      });
    });
  });
}

async function receive(response: IncomingMessage): Promise<VisitorAnswer> {
  const parts: Buffer[] = [];
  const hash = createHash('sha256');
  const isJson = response.headers['content-type']?.startsWith('application/json') ?? false;
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    hash.update(chunk);
    if (isJson && bytes <= JSON_BYTES_MAX) parts.push(chunk);
  }
  const { statusCode: status = 0, headers } = response;
  return { status, headers, bytes, sha256: hash.digest('hex'), json: isJson ? parsed(parts) : {} };
}

/** A download may be JSON too, and broken. */
function parsed(parts: readonly Buffer[]): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.concat(parts).toString());
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Then it is nobody's answer.
  }
  return {};
}
