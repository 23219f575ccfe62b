import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { openDatabase } from '../dist/database.js';
import { EmbeddedPostgres } from '../dist/embedded-postgres.js';

test('a database that has too much to do at first is waited for, and one that is not there is an error', async () => {
  const postgres = await EmbeddedPostgres.start();
  const url = new URL(postgres.url);
  const port = Number(url.port);
  let connections = 0;
  // The first connection is taken and not answered.
  const line = createServer((near) => {
    near.on('error', () => {});
    if (connections++ === 0) return;
    const far = connect(port, url.hostname);
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
    near.on('close', () => far.destroy());
    near.pipe(far).pipe(near);
  }).listen(0, '127.0.0.1');
  try {
    await once(line, 'listening');
    url.port = String((line.address() as AddressInfo).port);
    const pool = await openDatabase(
      { DATABASE_URL: url.href },
      { migrations: ['CREATE TABLE made (id integer)'] },
    );
    expect(connections).toBeGreaterThan(1);
    expect((await pool.query('SELECT count(*)::integer AS made FROM made')).rows).toEqual([{ made: 0 }]);
    await pool.end();
  } finally {
    line.close();
    await postgres.stop();
  }
  await expect(openDatabase({ DATABASE_URL: postgres.url }, { migrations: [] })).rejects.toThrow(
    'the database of DATABASE_URL cannot be used: connect ECONNREFUSED',
  );
});
