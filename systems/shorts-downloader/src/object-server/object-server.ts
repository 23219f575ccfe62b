/**
 * A small server of objects that speaks what the official clients of three storage providers use, so that the system
 * runs with its real clients on a machine that has none of the three:
 *
 *     /gcs/...     `gcs-protocol.ts`
 *     /azure/...   `azure-protocol.ts`
 *     /s3/...      `s3-protocol.ts`
 *
 * Buckets need not be made. A request without the protocol's kind of `Authorization` is refused; whether its signature
 * is right is not looked at: the server listens on this machine only, and is no storage for production.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { azureProtocol } from './azure-protocol.ts';
import type { Protocol } from './exchange.ts';
import { gcsProtocol } from './gcs-protocol.ts';
import { Objects } from './objects.ts';
import { s3Protocol } from './s3-protocol.ts';

const PROTOCOLS: ReadonlyMap<string, Protocol> = new Map([
  ['gcs', gcsProtocol],
  ['azure', azureProtocol],
  ['s3', s3Protocol],
]);

/** A running server of objects. */
export class ObjectServer {
  /** `http://127.0.0.1:40001`; the protocols are below it. */
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  /** Starts it on a free port of this machine, with the objects that lie in a folder. */
  static async start(folder: string): Promise<ObjectServer> {
    const objects = new Objects(folder);
    await objects.prepare();
    const server = createServer((request, response) => void answer(objects, request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ObjectServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

async function answer(objects: Objects, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const whole = new URL(request.url ?? '/', 'http://localhost');
  const [, name = ''] = whole.pathname.split('/');
  const protocol = PROTOCOLS.get(name);
  if (protocol === undefined) {
    response.writeHead(404).end();
    return;
  }
  if (request.headers.authorization?.startsWith(protocol.scheme) !== true) {
    protocol.refuse(
      response,
      403,
      'AuthenticationFailed',
      `an Authorization of ${protocol.scheme.trim()} is missing`,
    );
    return;
  }
  const url = new URL(whole.pathname.slice(name.length + 1) + whole.search, whole);
  try {
    await protocol.answer({ request, response, url, objects });
  } catch (error) {
    if (response.headersSent || request.destroyed) response.destroy();
    else protocol.refuse(response, 500, 'InternalError', (error as Error).message.replaceAll(/[<>&]/g, ' '));
  }
}
