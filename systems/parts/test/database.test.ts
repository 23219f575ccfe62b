import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, test, vi } from 'vitest';
import { openDatabase } from '../dist/database.js';
import { EmbeddedPostgres } from '../dist/embedded-postgres.js';

// Each starts processes, which takes long where there are many.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

test('a start waits for a database that is slow to answer, and not for one that refuses', async () => {
  const server = await EmbeddedPostgres.start();
  const sockets: Socket[] = [];
  // Lets the first one wait, and leads all others to the server.
  const slow = createServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    if (sockets.length === 1) return;
    const through = connect(Number(new URL(server.url).port), '127.0.0.1').on('error', () => {});
    socket.pipe(through).pipe(socket);
  }).listen(0, '127.0.0.1');
  try {
    await once(slow, 'listening');
    const url = new URL(server.url);
    url.port = String((slow.address() as AddressInfo).port);
    const pool = await openDatabase({ DATABASE_URL: url.href }, { migrations: [] });
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await pool.end();
    url.password = 'guessed';
    await expect(openDatabase({ DATABASE_URL: url.href }, { migrations: [] })).rejects.toThrow(
      'the database of DATABASE_URL cannot be used: password authentication failed',
    );
  } finally {
    for (const socket of sockets) socket.destroy();
    slow.close();
    await server.stop();
  }
});
