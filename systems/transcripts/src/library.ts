/**
 * The media library of the visitors: a server of their own, from which the worker downloads, and which does all that
 * servers do. What it does is in the address; the query makes each address one of its own.
 *
 *     /media/NAME       the recording
 *     /slow/NAME        the recording, piece by piece
 *     /unsteady/NAME    503 the first time, then the recording
 *     /failing/NAME     503, every time
 *     /breaking/NAME    breaks off in the middle of the recording, every time
 *     /huge/NAME        says that it is larger than anything
 *     /empty/NAME       nothing
 *     /page/NAME        a page, which is no media
 *     /missing/NAME     404
 *     /channels/WORDS   a list of addresses: `media.speech-1.wav,failing.music.wav`
 *     /list/broken      half a list
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Specimen } from './specimens.ts';

const PIECES = 8;
const PIECE_MS = 150;
const HUGE_BYTES = 10_000_000_000_000;
/** Addresses of which it is remembered that they were asked for; older ones are forgotten. */
const REMEMBERED_MAX = 10_000;

/** What the library does with an address, and whether a transcript comes of it. */
export const WAYS = {
  media: 'completed',
  slow: 'completed',
  unsteady: 'completed',
  failing: 'failed',
  breaking: 'failed',
  huge: 'failed',
  empty: 'failed',
  page: 'failed',
  missing: 'failed',
} as const;

/** One of {@link WAYS}. */
export type Way = keyof typeof WAYS;

/** Serves recordings from `start` to `close`. */
export class Library {
  readonly url: string;
  readonly #server: Server;
  readonly #recordings: ReadonlyMap<string, Buffer>;
  readonly #asked = new Set<string>();

  private constructor(server: Server, recordings: ReadonlyMap<string, Buffer>) {
    const address = server.address();
    this.url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : address}`;
    this.#server = server;
    this.#recordings = recordings;
    server.on('request', (request, response) => void this.#answer(request, response).catch(() => {}));
  }

  /** Listens on a free port of this machine. */
  static async start(specimens: readonly Specimen[]): Promise<Library> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return new Library(server, new Map(specimens.map(({ name, content }) => [name, content])));
  }

  /** The address of a recording, different for each `visit`. */
  address(way: Way, { name }: Pick<Specimen, 'name'>, visit: string): string {
    return `${this.url}/${way}/${name}?visit=${visit}`;
  }

  /** The address of a list of such addresses. */
  channel(media: readonly { readonly way: Way; readonly specimen: Specimen }[], visit: string): string {
    const words = media.map(({ way, specimen }) => `${way}.${specimen.name}`).join(',');
    return `${this.url}/channels/${words}?visit=${visit}`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    const [, way = '', name = ''] = pathname.split('/');
    const visit = searchParams.get('visit') ?? '';
    const content = this.#recordings.get(name) ?? Buffer.alloc(0);
    response.on('error', () => {});
    switch (way) {
      case 'media':
        return void response.writeHead(200, { 'content-type': 'audio/wav' }).end(content);
      case 'slow':
        return this.#dribble(response, content);
      case 'unsteady':
        if (this.#isFirst(`${name} ${visit}`)) return void response.writeHead(503).end();
        return void response.writeHead(200, { 'content-type': 'audio/wav' }).end(content);
      case 'failing':
        return void response.writeHead(503).end('out of order');
      case 'breaking':
        response.writeHead(200, { 'content-length': content.length });
        return void response.write(content.subarray(0, content.length / 2), () => response.destroy());
      case 'huge':
        response.writeHead(200, { 'content-length': HUGE_BYTES });
        return void response.write(content);
      case 'empty':
        return void response.writeHead(200).end();
      case 'page':
        return void response
          .writeHead(200, { 'content-type': 'text/html' })
          .end('<!doctype html><title>Not here</title>');
      case 'channels':
        return void response.writeHead(200, { 'content-type': 'application/json' }).end(listOf(name, visit));
      case 'list':
        return void response.writeHead(200).end('["/media/speech-1.wav", "/me');
      default:
        return void response.writeHead(404).end();
    }
  }

  async #dribble(response: ServerResponse, content: Buffer): Promise<void> {
    response.writeHead(200, { 'content-type': 'audio/wav' });
    const bytes = Math.ceil(content.length / PIECES);
    for (let at = 0; at < content.length && !response.destroyed; at += bytes) {
      response.write(content.subarray(at, at + bytes));
      await sleep(PIECE_MS);
    }
    response.end();
  }

  #isFirst(address: string): boolean {
    if (this.#asked.delete(address)) {
      this.#asked.add(address);
      return false;
    }
    this.#asked.add(address);
    const [oldest] = this.#asked;
    if (this.#asked.size > REMEMBERED_MAX && oldest !== undefined) this.#asked.delete(oldest);
    return true;
  }
}

function listOf(words: string, visit: string): string {
  const media = words === '' ? [] : decodeURIComponent(words).split(',');
  return JSON.stringify(media.map((word, i) => `/${word.replace('.', '/')}?visit=${visit}-${i}`));
}
