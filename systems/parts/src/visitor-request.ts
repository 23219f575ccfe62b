/**
 * One HTTP request of a visitor: on a connection of its own, so that nothing but the request itself can fail, with a
 * body that may break off in the middle, and an answer that may be left in the middle.
 */
import { createHash } from 'node:crypto';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

/** What is sent. */
export interface VisitorRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: readonly Buffer[];
  /** Breaks off in the middle of the body, when the service has begun to read it. */
  readonly abortUpload?: boolean;
  /** Breaks off when the answer begins; it must be larger than all that is between the service and the visitor. */
  readonly abortDownload?: boolean;
}

/** What came back; of the body, what it says where it is JSON. */
export interface VisitorAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: number;
  readonly sha256: string;
  /** Empty where the body is no JSON object. */
  readonly json: Readonly<Record<string, unknown>>;
}

const ANSWER_MS_MAX = 120_000;
/** A longer one is nobody's answer. */
const JSON_BYTES_MAX = 1_000_000;

/**
 * Sends a request; undefined when the visitor broke it off.
 * @throws Error when the connection broke, or no answer came in time: nobody knows what the service did
 */
export function sendAsVisitor(url: string, what: VisitorRequest): Promise<VisitorAnswer | undefined> {
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
