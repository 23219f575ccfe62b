/** Ports for programs that cannot be asked which one they took. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the ports that connections that go out are given, one of which might have it by the time it is listened on. */
const PORT_MIN = 10_000;
const PORT_MAX = 32_767;

/** A port, drawn at random, that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORT_MIN, PORT_MAX + 1);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
