import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test, vi } from 'vitest';
import { RedisServer } from '../dist/redis-server.js';

// Each starts processes, which takes long where there are many.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** What a server answers to one command; undefined where nobody listens. */
async function ask(url: string, command: string): Promise<string | undefined> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, 'connect');
    socket.write(`${command}\r\n`);
    const [answer] = (await once(socket.setEncoding('utf8'), 'data')) as [string];
    return answer.trim();
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}

test('a server answers until it is stopped, and there is none where there is no command', async (context) => {
  expect(await RedisServer.start('/nowhere/redis-server')).toBeUndefined();
  if (spawnSync('redis-server', ['--version']).error !== undefined && process.env.BINNACLE_REQUIRE !== 'all')
    return context.skip('there is no redis-server');
  const server = await RedisServer.start();
  expect(await ask(server!.url, 'PING')).toBe('+PONG');
  await server!.stop();
  expect(await ask(server!.url, 'PING')).toBeUndefined();
});

test('what ends at once is an error', async () => {
  await expect(RedisServer.start('false')).rejects.toThrow('false did not start; set REDIS_URL');
});
