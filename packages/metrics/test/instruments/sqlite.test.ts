import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type Sqlite from 'better-sqlite3';
import { describe, expect, type TestContext, test } from 'vitest';
import { temporaryFolder } from '../../../../test/children.ts';
import { outside } from '../../../../test/outside.ts';
import { createRegistry } from '../../dist/index.js';
import { type DatabaseMetrics, databaseMetrics, instrumentDatabase } from '../../dist/sqlite.js';
import { changes, value } from '../../dist/testing.js';
import { AGES, type Age, library } from '../libraries/library.ts';

type Database = Sqlite.Database;

/** Opens a database; skips the test where the addon is not compiled. */
async function opener(
  context: TestContext,
  age: Age,
): Promise<(file: string, options?: Sqlite.Options) => Database> {
  const { default: Constructor } = await library<{ default: typeof Sqlite }>(age, 'better-sqlite3');
  try {
    new Constructor(':memory:').close();
  } catch (error) {
    if (!(error as Error).message.includes('bindings')) throw error;
    context.skip('the addon of better-sqlite3 is not compiled: bash .ci/better-sqlite3.sh');
  }
  return (file, options) => new Constructor(file, options);
}

/** What was counted: `select users` to how often, `error syntax`. */
function shortened(counts: Readonly<Record<string, number>>): Record<string, number> {
  const short: Record<string, number> = {};
  for (const [series, by] of Object.entries(counts)) {
    if (series.includes('_sum')) continue;
    const labels = [...series.matchAll(/="([^"]*)"/g)].map((match) => match[1]).join(' ');
    short[series.startsWith('database_errors_total') ? `error ${labels}` : labels] = by;
  }
  return short;
}

const fresh = (): DatabaseMetrics => databaseMetrics({ registry: createRegistry() });

const counted = (metrics: DatabaseMetrics, work: () => void) => shortened(changes({ ...metrics }, work));

function endingOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    const { message, code } = error as { message: string; code?: string };
    return { message, code, kind: (error as Error).constructor.name };
  }
}

function fill(db: Database): void {
  db.exec('CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL)');
  for (let id = 1; id <= 5; id++) db.prepare('INSERT INTO users VALUES (?, ?)').run(id, `name ${id}`);
}

describe.each(AGES)('better-sqlite3, %s', (age) => {
  async function start(context: TestContext): Promise<{ db: Database; metrics: DatabaseMetrics }> {
    const open = await opener(context, age);
    const db = open(':memory:');
    fill(db);
    const metrics = fresh();
    expect(instrumentDatabase(db, { metrics })).toBe(db);
    return { db, metrics };
  }

  test('every way to run a statement is counted once', async (context) => {
    const { db, metrics } = await start(context);
    const select = db.prepare('SELECT * FROM users WHERE id > ? ORDER BY id');
    expect(
      counted(metrics, () => {
        expect(select.get(1)).toEqual({ id: 2, name: 'name 2' });
        expect(select.all(3)).toEqual([
          { id: 4, name: 'name 4' },
          { id: 5, name: 'name 5' },
        ]);
        expect(db.prepare('INSERT INTO users VALUES (?, ?)').run(6, 'six')).toEqual({
          changes: 1,
          lastInsertRowid: 6,
        });
        expect(db.prepare('UPDATE users SET name = @name WHERE id = 6').run({ name: 'six' }).changes).toBe(1);
        expect(db.prepare('SELECT id FROM users').pluck().all()).toEqual([1, 2, 3, 4, 5, 6]);
        expect(db.prepare('SELECT id FROM users').raw().get()).toEqual([1]);
        expect(db.exec('DELETE FROM users WHERE id = 6; VACUUM')).toBe(db);
        expect(db.pragma('user_version', { simple: true })).toBe(0);
      }),
    ).toEqual({
      'select users': 4,
      'insert users': 1,
      'update users': 1,
      'delete users': 1,
      'pragma none': 1,
    });
    expect(value(metrics.errors, { error_type: 'other' })).toBe(0);
  });

  test('an iterator counts at its end, at its return, or at its error, and not before', async (context) => {
    const { db, metrics } = await start(context);
    const select = db.prepare('SELECT id FROM users ORDER BY id').pluck();
    expect(
      counted(metrics, () => {
        const iterator = select.iterate();
        expect(iterator.next()).toEqual({ done: false, value: 1 });
        expect(value(metrics.duration, { operation: 'select', table: 'users' }).count).toBe(0);
        expect([...iterator]).toEqual([2, 3, 4, 5]);
        expect(iterator.next()).toEqual({ done: true, value: undefined });
      }),
    ).toEqual({ 'select users': 1 });
    expect(
      counted(metrics, () => {
        for (const id of select.iterate()) if (id === 2) break;
      }),
    ).toEqual({ 'select users': 1 });
    expect(
      counted(metrics, () => {
        const failing = db.prepare(
          "SELECT json_extract(CASE id WHEN 3 THEN '{' ELSE '{}' END, '$') FROM users",
        );
        expect(() => [...failing.iterate()]).toThrow('malformed JSON');
      }),
    ).toEqual({ 'select users': 1, 'error other': 1 });
    expect(counted(metrics, () => void select.iterate().return?.())).toEqual({ 'select users': 1 });
  });

  test('a transaction is one operation beside its statements, in all its ways', async (context) => {
    const { db, metrics } = await start(context);
    const insert = db.prepare('INSERT INTO users VALUES (?, ?)');
    const add = db.transaction((from: number, to: number) => {
      for (let id = from; id <= to; id++) insert.run(id, 'new');
      return to - from;
    });
    expect(
      counted(metrics, () => {
        expect(add(10, 12)).toBe(2);
        expect(add.immediate(20, 21)).toBe(1);
        expect((add.exclusive as typeof add).deferred(30, 30)).toBe(0);
      }),
    ).toEqual({ 'transaction none': 3, 'insert users': 6 });
    expect(
      counted(metrics, () => {
        expect(() => add(40, 40)).not.toThrow();
        expect(() => add(39, 40)).toThrow('UNIQUE constraint failed');
      }),
    ).toEqual({ 'transaction none': 2, 'insert users': 3, 'error constraint': 1 });
    expect(db.prepare('SELECT count(*) FROM users WHERE id = 39').pluck().get()).toBe(0);
    const own = db.transaction(() => {
      throw new RangeError('mine');
    });
    expect(counted(metrics, () => expect(own).toThrow('mine'))).toEqual({ 'transaction none': 1 });
    expect((add as unknown as { database: unknown }).database).toBe(db);
  });

  test('errors count by their kind', async (context) => {
    const open = await opener(context, age);
    const file = path.join(temporaryFolder(), 'a.db');
    const metrics = fresh();
    const db = instrumentDatabase(open(file, { timeout: 1 }), { metrics });
    fill(db);
    const failing = (run: () => unknown) => counted(metrics, () => expect(run).toThrow());
    expect(failing(() => db.prepare('SELEC 1'))).toEqual({ 'error syntax': 1 });
    expect(failing(() => db.prepare('SELECT * FROM nothing'))).toEqual({ 'error syntax': 1 });
    expect(failing(() => db.exec('DELETE FROM nothing'))).toEqual({ 'delete nothing': 1, 'error syntax': 1 });
    const insert = db.prepare('INSERT INTO users VALUES (?, ?)');
    expect(failing(() => insert.run(1, 'again'))).toEqual({ 'insert users': 1, 'error constraint': 1 });
    expect(failing(() => insert.run(9, null))).toEqual({ 'insert users': 1, 'error constraint': 1 });
    expect(failing(() => insert.run('x', 'y'))).toEqual({ 'insert users': 1, 'error data': 1 });
    expect(failing(() => insert.run(9))).toEqual({ 'insert users': 1, 'error other': 1 });
    expect(failing(() => db.exec('COMMIT'))).toEqual({ 'commit none': 1, 'error transaction': 1 });
    const other = open(file);
    other.exec('BEGIN EXCLUSIVE');
    expect(failing(() => insert.run(9, 'nine'))).toEqual({ 'insert users': 1, 'error busy': 1 });
    const whole = db.transaction(() => insert.run(9, 'nine'));
    expect(failing(() => whole.immediate())).toEqual({ 'transaction none': 1, 'error busy': 1 });
    expect(failing(() => db.prepare('SELECT * FROM users').get())).toMatchObject({ 'error busy': 1 });
    other.close();
    const reader = instrumentDatabase(open(file, { readonly: true }), { metrics });
    expect(failing(() => reader.exec('DELETE FROM users'))).toEqual({
      'delete users': 1,
      'error permission': 1,
    });
    reader.close();
    db.close();
  });

  test('the program sees what it sees without, and once is enough', async (context) => {
    const open = await opener(context, age);
    const metrics = fresh();
    const seen = (measured: boolean) => {
      const db = open(':memory:');
      fill(db);
      if (measured) for (let i = 0; i < 2; i++) instrumentDatabase(db, { metrics });
      const select = db.prepare('SELECT * FROM users WHERE id = ?');
      const add = db.transaction((id: number) => id);
      return [
        ...[() => select.get(), () => select.get('a', 'b'), () => select.run(1), () => select.columns()],
        ...[() => select.bind(3).all(), () => select.all(), () => select.reader, () => select.source],
        ...[() => db.prepare(7 as never), () => db.prepare('SELEC'), () => db.exec(7 as never)],
        ...[
          () => db.pragma(7 as never),
          () => db.pragma('table_info(users)'),
          () => db.transaction(7 as never),
        ],
        ...[
          () => add(3),
          () => add.name,
          () => Object.keys(add),
          () => Object.keys(select),
          () => Object.keys(db),
        ],
        ...[() => select.constructor.name, () => [...db.prepare('SELECT id FROM users').iterate()]],
        ...[() => db.prepare('DELETE FROM users').iterate(), () => db.inTransaction],
      ].map((run) => {
        const ending = endingOf(run as () => unknown);
        return typeof ending === 'object' ? JSON.stringify(ending) : ending;
      });
    };
    const plain = seen(false);
    expect(seen(true)).toEqual(plain);
    expect(value(metrics.duration, { operation: 'pragma', table: 'none' }).count).toBe(2);

    const beside = fresh();
    const db = open(':memory:');
    fill(db);
    instrumentDatabase(db, { metrics: beside });
    instrumentDatabase(db, { metrics });
    const twice = () => db.prepare('SELECT * FROM users').all();
    expect(counted(metrics, () => expect(counted(beside, twice)).toEqual({ 'select users': 1 }))).toEqual({
      'select users': 1,
    });
    const untouched = open(':memory:');
    fill(untouched);
    expect(counted(metrics, () => void untouched.prepare('SELECT * FROM users').all())).toEqual({});
  });
});

test('node:sqlite counts as better-sqlite3 does', (context) => {
  const node = outside(context, 'node24');
  const program = fileURLToPath(new URL('../fixtures/node-sqlite.mjs', import.meta.url));
  const { plain, seen, counts } = JSON.parse(
    execFileSync(node, ['--no-warnings', program, temporaryFolder()], { encoding: 'utf8' }),
  ) as { plain: unknown[]; seen: unknown[]; counts: Record<string, number> };
  expect(seen).toEqual(plain);
  expect(plain.length).toBeGreaterThan(10);
  expect(shortened(counts)).toEqual({
    'create users': 1,
    'insert users': 5,
    'select users': 4,
    'commit none': 1,
    'delete users': 1,
    'error constraint': 1,
    'error syntax': 1,
    'error transaction': 1,
    'error other': 1,
    'error busy': 1,
  });
});
