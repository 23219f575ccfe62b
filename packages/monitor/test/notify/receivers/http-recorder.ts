import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that arrived. */
export interface Recorded {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** What is answered; undefined for nothing at all. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** A local server that keeps what it was sent and answers as it is told. */
export class HttpRecorder {
  readonly requests: Recorded[] = [];
  answer: (request: Recorded) => Answer | undefined;
  readonly #server: Server;

  private constructor(answer: (request: Recorded) => Answer | undefined) {
    this.answer = answer;
    this.#server = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8');
      request.on('data', (piece) => {
        text += piece;
      });
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        this.#receive({ method, path: url, headers, text }, response);
      });
    });
  }

  static async start(answer: (request: Recorded) => Answer | undefined = () => ({})): Promise<HttpRecorder> {
    const recorder = new HttpRecorder(answer);
    await new Promise<void>((resolve) => recorder.#server.listen(0, '127.0.0.1', resolve));
    return recorder;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Requests that came until now, which are forgotten. */
  take(): Recorded[] {
    return this.requests.splice(0);
  }

  /** Waits until so many requests have come. */
  async count(wanted: number, withinMs = 120_000): Promise<void> {
    const until = Date.now() + withinMs;
    while (this.requests.length < wanted) {
      if (Date.now() > until)
        throw new Error(
          `${this.requests.length} of ${wanted} requests: ${this.requests.map(({ path }) => path).join(' ')}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #receive(request: Recorded, response: ServerResponse): void {
    this.requests.push(request);
    const answer = this.answer(request);
    if (answer === undefined) return;
    response.writeHead(answer.status ?? 200, answer.headers);
    response.end(answer.body ?? '');
  }
}

/** What each service answers where all is well, by the beginning of the path. */
export function pleasedServices(request: Recorded): Answer {
  if (request.path.startsWith('/slack')) return { headers: { 'content-type': 'text/plain' }, body: 'ok' };
  if (request.path.startsWith('/bot'))
    return {
      headers: { 'content-type': 'application/json' },
      body: '{"ok":true,"result":{"message_id":1,"date":1,"chat":{"id":1,"type":"private"}}}',
    };
  return { status: request.path.startsWith('/pagerduty') ? 202 : 200, body: '{}' };
}
