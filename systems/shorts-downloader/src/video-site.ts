/**
 * The video site that the visitors run: small videos at addresses that say what happens to whoever asks.
 *
 *     /watch/NAME.mp4?bytes=20000   a video
 *     /slow/NAME.mp4                one that trickles for {@link SLOW_MS}
 *     /flaky/2/NAME.mp4             one that breaks off twice and then comes
 *     /broken/NAME.mp4              one that always breaks off
 *     /stuck/NAME.mp4               one that begins and never ends
 *     /private/NAME.mp4             403
 *     /missing/NAME.mp4             404
 *     /huge/NAME.mp4                one that is larger than anybody takes
 *     /moved/NAME.mp4               leads on to `/watch/`
 *     /page/NAME                    a page and no video
 *
 * A video is an MP4 file without a picture, a box `ftyp` and a box `mdat` of bytes that follow from its name, so that
 * whoever has it can tell whether it is the right one.
 */
import { createCipheriv, createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a slow video takes. */
export const SLOW_MS = 1_200;
const SLOW_PARTS = 6;
const HUGE_BYTES = 1_000_000_000_000;
const BYTES_DEFAULT = 20_000;
const BYTES_MAX = 10_000_000;
/** How often each flaky video was asked for; older ones are forgotten. */
const FLAKY_MAX = 1_000;

/** The bytes of a video. */
export function videoOf(name: string, bytes: number): Buffer {
  const brand = Buffer.from('isom\0\0\x02\0isomiso2mp41', 'latin1');
  const content = Math.max(0, bytes - brand.length - 16);
  const key = createHash('sha256').update(name).digest();
  const noise = createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(content));
  return Buffer.concat([box('ftyp', brand), box('mdat', noise)]);
}

function box(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(content.length + 8);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, content]);
}

/** A running site. */
export class VideoSite {
  /** `http://127.0.0.1:40002`. */
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  /** Starts it on a free port of this machine. */
  static async start(): Promise<VideoSite> {
    const flaky = new Map<string, number>();
    const server = createServer((request, response) => {
      answer(flaky, request, response).catch(() => response.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new VideoSite(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

async function answer(
  flaky: Map<string, number>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const [, kind = '', times = ''] = url.pathname.split('/');
  switch (kind) {
    case 'private':
      response.writeHead(403).end();
      return;
    case 'page':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<title>A video, they say</title>');
      return;
    case 'huge':
      response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': HUGE_BYTES });
      // Whoever goes on to read gets what he asked for.
      if (request.method === 'HEAD') response.end();
      else response.write(Buffer.alloc(1_000));
      return;
    case 'moved':
      response.writeHead(302, { location: url.pathname.replace('/moved/', '/watch/') }).end();
      return;
    case 'watch':
    case 'slow':
    case 'flaky':
    case 'broken':
    case 'stuck':
      break;
    default:
      response.writeHead(404).end();
      return;
  }
  const asked = Number(url.searchParams.get('bytes') ?? BYTES_DEFAULT);
  const video = videoOf(path.posix.basename(url.pathname), Math.min(asked, BYTES_MAX));
  response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': video.length });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  if (kind === 'slow') await trickle(response, video);
  else if (kind === 'stuck') response.write(video.subarray(0, video.length / 2));
  else if (kind === 'broken' || (kind === 'flaky' && isStillFlaky(flaky, url.pathname, Number(times))))
    response.write(video.subarray(0, video.length / 2), () => response.destroy());
  else response.end(video);
}

function isStillFlaky(flaky: Map<string, number>, name: string, times: number): boolean {
  const before = flaky.get(name) ?? 0;
  flaky.set(name, before + 1);
  for (const [oldest] of flaky) {
    if (flaky.size <= FLAKY_MAX) break;
    flaky.delete(oldest);
  }
  return before < times;
}

async function trickle(response: ServerResponse, video: Buffer): Promise<void> {
  const bytes = Math.ceil(video.length / SLOW_PARTS);
  for (let at = 0; at < video.length && !response.destroyed; at += bytes) {
    response.write(video.subarray(at, at + bytes));
    await sleep(SLOW_MS / SLOW_PARTS);
  }
  response.end();
}
