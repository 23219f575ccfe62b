// What measuring costs a query: node instrument-databases.mjs [rounds, default 15]
//
// node-postgres against a real server, whose address stands in PG_URL, and better-sqlite3 in memory, if its addon is
// there (bash .ci/better-sqlite3.sh in the repository). Each round has the same queries on an instance as it is and on
// one that is measured, in turning order; what is printed are the differences within rounds. Of node-postgres it is CPU
// time of this process for each query, because the time until an answer belongs to the server. What was counted is
// compared with what was done.
import { createRegistry } from '@binnacle/metrics';
import { instrumentPool, databaseMetrics as metricsOf } from '@binnacle/metrics/pg';
import { instrumentDatabase, readSqlStatement } from '@binnacle/metrics/sqlite';
import { value } from '@binnacle/metrics/testing';
import { spread } from './clients.mjs';

const rounds = Number(process.argv[2] ?? 15);
const text = 'SELECT id, name FROM users WHERE id = $1';
const metrics = metricsOf({ registry: createRegistry() });
const countOf = (operation) => value(metrics.duration, { operation, table: 'users' }).count;

console.log(`medians [least, greatest] of ${rounds} rounds`);
readingTexts();
if (process.env.PG_URL) await nodePostgres(process.env.PG_URL);
else console.log('node-postgres: PG_URL is not set');
await betterSqlite();

function report(name, unit, plain, more) {
  const figure = ({ median, min, max }) => `${median.toFixed(2)} [${min.toFixed(2)}, ${max.toFixed(2)}]`;
  console.log(`${name.padEnd(34)} ${figure(spread(plain))} ${unit}, measured ${figure(spread(more))} more`);
}

/** Alternates between the two, whoever is first; the first rounds warm up. */
async function inPairs(name, unit, one, other) {
  const plain = [];
  const more = [];
  for (let round = -3; round < rounds; round++) {
    const readings = round % 2 === 0 ? [await one(), await other()] : [await other(), await one()].reverse();
    if (round < 0) continue;
    plain.push(readings[0]);
    more.push(readings[1] - readings[0]);
  }
  report(name, unit, plain, more);
}

/** Only texts that are seen for the first time are read. */
function readingTexts() {
  const texts = {
    'reading a short text': 'SELECT id, name FROM users WHERE id = $1',
    'reading a long one': `WITH recent AS (SELECT id, total FROM orders WHERE created_at > now() - interval '1 day')
      INSERT INTO "shop"."Report" (id, name, total) SELECT u.id, u.name, sum(r.total) FROM users u JOIN recent r
      ON r.user_id = u.id WHERE u.deleted_at IS NULL GROUP BY 1, 2 HAVING sum(r.total) > 0 ORDER BY 3 DESC LIMIT 50`,
  };
  for (const [name, one] of Object.entries(texts)) {
    const took = [];
    for (let round = -3; round < rounds; round++) {
      const beganMs = performance.now();
      for (let i = 0; i < 20_000; i++) readSqlStatement(one);
      if (round >= 0) took.push((performance.now() - beganMs) / 20);
    }
    const { median, min, max } = spread(took);
    console.log(
      `${name.padEnd(34)} ${median.toFixed(2)} [${min.toFixed(2)}, ${max.toFixed(2)}] microseconds`,
    );
  }
}

async function nodePostgres(connectionString) {
  const { default: pg } = await import('pg');
  const pools = [0, 1].map(() => new pg.Pool({ connectionString, max: 4 }));
  instrumentPool(pools[1], { metrics });
  await pools[0].query('CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY, name text)');
  await pools[0].query(
    "INSERT INTO users SELECT n, 'name' FROM generate_series(0, 99) n ON CONFLICT DO NOTHING",
  );
  const queries = 4_000;
  let done = 0;
  const through = (pool) => async () => {
    const from = process.cpuUsage();
    await Promise.all(
      Array.from({ length: 4 }, async (_, lane) => {
        for (let i = lane; i < queries; i += 4) await pool.query(text, [i % 100]);
      }),
    );
    const { user, system } = process.cpuUsage(from);
    if (pool === pools[1]) done += queries;
    return (user + system) / queries;
  };
  await inPairs('node-postgres, pool.query', 'microseconds of CPU', through(pools[0]), through(pools[1]));
  if (countOf('select') !== done) throw new Error(`counted ${countOf('select')} of ${done} queries`);
  await Promise.all(pools.map((pool) => pool.end()));
}

async function betterSqlite() {
  const { default: Database } = await import('better-sqlite3');
  let databases;
  try {
    databases = [0, 1].map(() => new Database(':memory:'));
  } catch (error) {
    console.log(`better-sqlite3: ${error.message.split('\n')[0]}`);
    return;
  }
  const before = countOf('select');
  instrumentDatabase(databases[1], { metrics });
  for (const db of databases) {
    db.exec('CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)');
    for (let id = 0; id < 100; id++) db.prepare('INSERT INTO users VALUES (?, ?)').run(id, 'name');
  }
  let done = 0;
  const times = 50_000;
  const timed = (db, work) => () => {
    const beganMs = performance.now();
    for (let i = 0; i < times; i++) work(i);
    if (db === databases[1]) done += times;
    return ((performance.now() - beganMs) * 1000) / times;
  };
  const getting = databases.map((db) => {
    const statement = db.prepare('SELECT name FROM users WHERE id = ?');
    return timed(db, (i) => statement.get(i % 100));
  });
  const preparing = databases.map((db) =>
    timed(db, (i) => db.prepare('SELECT name FROM users WHERE id = ?').get(i % 100)),
  );
  await inPairs('better-sqlite3, get', 'microseconds', ...getting);
  await inPairs('better-sqlite3, prepare and get', 'microseconds', ...preparing);
  if (countOf('select') - before !== done)
    throw new Error(`counted ${countOf('select')} of ${done} statements`);
}
