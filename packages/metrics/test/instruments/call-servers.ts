/** Servers that answer in all the ways that calls can end in, for tests of outgoing requests. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { type AddressInfo, setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { afterAll } from 'vitest';
import { freePort } from '../../../../test/free-port.ts';

/** Where to call. */
export interface CallServers {
  /**
   * `http://localhost:PORT`, with `/status/CODE`, `/redirect` to `/status/200`, `/slow` whose header comes at once and
   * whose end does not, `/cut` that breaks off in its body, `/hang-up` that breaks off before its header, `/early` that
   * announces its answer, and `/never`.
   */
  readonly plain: string;
  /** `https://localhost:PORT`, whose certificate nobody trusts. */
  readonly untrusted: string;
  /** A port that nobody listens to. */
  readonly refused: string;
  /** A name that there is not. */
  readonly unknown: string;
}

const closing: (http.Server | https.Server)[] = [];

afterAll(() => {
  for (const server of closing.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Starts them for the test file. */
export async function callServers(): Promise<CallServers> {
  // Where `localhost` has two addresses, the one that is listened on is not given up for being slow.
  setDefaultAutoSelectFamilyAttemptTimeout(600_000);
  const file = (name: string) => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url));
  const plain = http.createServer(answer);
  const secure = https.createServer({ key: file('server-key.pem'), cert: file('server.pem') }, answer);
  return {
    plain: `http://localhost:${await listen(plain)}`,
    untrusted: `https://localhost:${await listen(secure)}`,
    refused: `http://localhost:${await freePort()}`,
    unknown: 'http://nothing.invalid',
  };
}

async function listen(server: http.Server | https.Server): Promise<number> {
  closing.push(server);
  // A kept connection is not given up while the next request is on its way.
  server.keepAliveTimeout = 0;
  server.listen(0, 'localhost');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  request.resume();
  const [, first, second] = (request.url ?? '').split(/[/?]/);
  if (first === 'status') response.writeHead(Number(second)).end(request.method === 'HEAD' ? '' : 'answer');
  else if (first === 'redirect') response.writeHead(302, { location: '/status/200' }).end('over there');
  else if (first === 'early') {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    response.end('answer');
  } else if (first === 'slow') response.writeHead(200, { 'content-length': '6' }).write('ans');
  else if (first === 'refuse-slowly') response.writeHead(503, { 'content-length': '6' }).write('ans');
  else if (first === 'cut') {
    response.writeHead(200, { 'content-length': '6' });
    response.write('ans', () => setImmediate(() => response.destroy()));
  } else if (first === 'hang-up') request.socket.destroy();
}
