import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { choosePort } from '../dist/ports.js';

const SERVICE = { service: 'a service', host: '127.0.0.1', variable: 'A_PORT', fallback: 0 };

test('any port is one that the system gives to nobody else meanwhile', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => choosePort(SERVICE, {})));
  for (const port of ports) {
    expect(port).toBeGreaterThanOrEqual(10_000);
    expect(port).toBeLessThan(32_768);
  }
  const server = createServer().listen(ports[0], '127.0.0.1');
  await once(server, 'listening');
  server.close();
});
