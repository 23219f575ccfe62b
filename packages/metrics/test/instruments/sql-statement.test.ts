import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  readSqlStatement,
  SQL_CHARACTERS_MAX,
  TABLE_CHARACTERS_MAX,
} from '../../dist/database/sql-statement.js';

const read = (text: string): string => {
  const { operation, table } = readSqlStatement(text);
  return `${operation} ${table}`;
};

/** Texts by what is read in them. */
const CASES: Readonly<Record<string, readonly string[]>> = {
  'select users': [
    'SELECT * FROM users',
    'select id from users;',
    'SELECT * FROM public.users u WHERE id = $1',
    'SELECT "u"."id" FROM "public"."users" AS "u"',
    'SELECT * FROM ONLY users',
    'SELECT (SELECT count(*) FROM orders) FROM users',
    'SELECT EXTRACT(EPOCH FROM created_at), substring(name FROM 2) FROM users',
    'SELECT a IS DISTINCT FROM b, c IS NOT DISTINCT FROM d FROM users',
    'SELECT DISTINCT ON (id) id FROM users',
    'SELECT * FROM users JOIN orders ON orders.user_id = users.id',
    'SELECT * FROM (users JOIN orders ON true)',
    'SELECT * FROM (SELECT * FROM users WHERE id > 3) AS few',
    'SELECT * FROM ((SELECT * FROM users) UNION (SELECT * FROM orders)) AS both',
    'SELECT * FROM generate_series(1, 10) AS n JOIN users ON users.id = n',
    'SELECT * FROM unnest($1::int[]) AS n, users WHERE n = 1',
    'SELECT * FROM (VALUES (1), (2)) AS v (id) LEFT JOIN users USING (id)',
    'SELECT * FROM LATERAL (SELECT * FROM users) AS few',
    'SELECT $$ FROM orders $$ FROM users',
    "SELECT $tag$ it's $$ FROM orders $$ $tag$ FROM users",
    "SELECT ' FROM orders ', E' \\' FROM orders ', 'it''s FROM orders' FROM users",
    'SELECT /* FROM orders /* FROM x */ FROM y */ 1 -- FROM z\nFROM users',
    'SELECT t.from, t."from" FROM users t',
    'SELECT :from, @from, $from FROM users',
    'SELECT id::text FROM users',
    'SELECT 1 UNION ALL SELECT id FROM users',
    '(SELECT id FROM users) UNION (SELECT id FROM orders)',
    'SELECT * INTO copies FROM users',
    'SELECT a[1:2] FROM users',
    'SELECT * FROM [users]',
    'SELECT * FROM `users`',
    'TABLE users',
    'WITH few AS (SELECT * FROM users) SELECT * FROM few',
    'WITH few (id, name) AS MATERIALIZED (SELECT * FROM users), fewer AS (SELECT * FROM few) SELECT * FROM fewer',
    'WITH RECURSIVE n AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT * FROM n JOIN users ON users.id = n',
    'WITH RECURSIVE tree AS (SELECT id FROM users UNION SELECT u.id FROM users u JOIN tree ON true) SEARCH DEPTH FIRST BY id SET o SELECT * FROM tree',
    'WITH few AS (SELECT 1) SELECT * FROM other.few, users'.replace('other.few, ', 'few, '),
    'BEGIN; SET LOCAL x = 1; SELECT * FROM users; DELETE FROM orders; COMMIT',
    '; ;SELECT * FROM users',
  ],
  'select Order': ['SELECT * FROM "shop"."Order"', 'SELECT * FROM "Order" AS o, users'],
  'select a"b': ['SELECT * FROM "a""b"'],
  'select none': [
    'SELECT 1',
    'SELECT now(), version()',
    'SELECT * FROM generate_series(1, 10)',
    'SELECT pg_sleep(1) ORDER BY 1, 2',
    'VALUES (1), (2)',
    'WITH RECURSIVE n AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5) SELECT * FROM n',
    'SELECT * FROM json_each($1) ORDER BY a, users',
    'SELECT',
    'SELECT * FROM',
    'SELECT 1; SELECT * FROM users',
  ],
  'insert users': [
    'INSERT INTO users (id) VALUES ($1)',
    'insert into "users"("id") values ($1) on conflict do nothing returning *',
    'INSERT INTO public.users SELECT * FROM orders',
    'INSERT OR REPLACE INTO users VALUES (1)',
    'INSERT INTO\n\tusers\nDEFAULT VALUES',
    'WITH made AS (INSERT INTO users DEFAULT VALUES RETURNING id) SELECT * FROM made',
    'WITH o AS (SELECT * FROM orders) INSERT INTO users SELECT * FROM o',
    'WITH o AS (DELETE FROM orders RETURNING *) INSERT INTO users SELECT * FROM o',
  ],
  'replace users': ['REPLACE INTO users VALUES (1)'],
  'update users': [
    'UPDATE users SET name = $1',
    'UPDATE ONLY "users" SET name = (SELECT name FROM orders)',
    'UPDATE OR IGNORE users SET id = 1',
    'WITH o AS (SELECT 1) UPDATE users SET id = o.id FROM o',
  ],
  'delete users': ['DELETE FROM users', 'DELETE FROM ONLY public.users USING orders'],
  'merge users': ['MERGE INTO users USING orders ON true WHEN MATCHED THEN DELETE'],
  'create users': [
    'CREATE TABLE users (id int)',
    'CREATE TEMP TABLE IF NOT EXISTS "users" AS SELECT * FROM orders',
    'CREATE OR REPLACE VIEW users AS SELECT 1',
    'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS by_name ON ONLY users (name)',
    'CREATE VIRTUAL TABLE users USING fts5(name)',
    'CREATE TRIGGER t AFTER UPDATE OF name ON users BEGIN DELETE FROM orders; END',
  ],
  'create none': [
    'CREATE EXTENSION IF NOT EXISTS pgcrypto',
    'CREATE FUNCTION f() RETURNS TABLE (id int) AS $$ SELECT id FROM users; $$ LANGUAGE sql',
  ],
  'alter users': ['ALTER TABLE IF EXISTS ONLY users ADD COLUMN x int'],
  'drop users': ['DROP TABLE IF EXISTS users CASCADE', 'DROP MATERIALIZED VIEW users'],
  'drop none': ['DROP INDEX by_name', 'DROP SCHEMA public'],
  'refresh users': ['REFRESH MATERIALIZED VIEW CONCURRENTLY users'],
  'truncate users': ['TRUNCATE users', 'TRUNCATE TABLE ONLY public.users, orders'],
  'lock users': ['LOCK TABLE users IN EXCLUSIVE MODE'],
  'copy users': ['COPY users (id) FROM STDIN', 'COPY (SELECT * FROM users) TO STDOUT'],
  'explain users': [
    'EXPLAIN SELECT * FROM users',
    'EXPLAIN (ANALYZE, BUFFERS) UPDATE users SET id = 1',
    'EXPLAIN QUERY PLAN SELECT * FROM users',
  ],
  'prepare users': ['PREPARE p (int) AS SELECT * FROM users WHERE id = $1'],
  'declare users': ['DECLARE c NO SCROLL CURSOR WITH HOLD FOR SELECT * FROM users'],
  'vacuum users': ['VACUUM (FULL, ANALYZE) users', 'VACUUM FULL users'],
  'vacuum none': ['VACUUM'],
  'begin none': ['BEGIN', 'START TRANSACTION ISOLATION LEVEL SERIALIZABLE', 'begin;', 'BEGIN; COMMIT'],
  'commit none': ['COMMIT', 'END'],
  'rollback none': ['ROLLBACK', 'ROLLBACK TO SAVEPOINT a', 'ABORT'],
  'savepoint none': ['SAVEPOINT a'],
  'release none': ['RELEASE SAVEPOINT a'],
  'set none': ["SET search_path TO 'x'"],
  'show none': ['SHOW server_version'],
  'call none': ['CALL refresh_all()'],
  'do none': ['DO $$ BEGIN DELETE FROM users; END $$'],
  'listen none': ['LISTEN jobs'],
  'pragma none': ['PRAGMA journal_mode = WAL'],
  'other none': [
    '',
    '   ',
    ';;',
    '-- nothing',
    '/* nothing',
    'FLY TO the moon',
    '$$',
    "'",
    '"',
    '1',
    ')',
    '((((',
  ],
};

describe('a SQL text', () => {
  for (const [expected, texts] of Object.entries(CASES)) {
    test(`${expected}`, () => {
      expect(Object.fromEntries(texts.map((text) => [text, read(text)]))).toEqual(
        Object.fromEntries(texts.map((text) => [text, expected])),
      );
    });
  }

  test('is the same with other spaces, comments and letters of keywords', () => {
    // Pieces between which anything may stand that means nothing.
    const pieces: readonly (readonly string[])[] = [
      ['select', '*', 'from', 'public', '.', 'users', 'where', 'a', '=', '$1'],
      ['select', '(', 'select', '1', 'from', 'b', ')', ',', "' from c '", 'from', '"Users"', 'u', ',', 'd'],
      ['insert', 'into', 'users', '(', 'a', ')', 'values', '(', '$$ from x $$', ')'],
      ['update', 'only', 'users', 'set', 'a', '=', '1'],
      ['delete', 'from', 'only', '"a"', '.', '"B"', 'where', 'true'],
      ['with', 'x', 'as', '(', 'select', '1', 'from', 'users', ')', 'select', '*', 'from', 'x'],
      ['with', 'x', 'as', '(', 'delete', 'from', 'users', 'returning', '*', ')', 'select', '1'],
      ['create', 'table', 'if', 'not', 'exists', 'users', '(', 'id', 'int', ')'],
      [
        'select',
        'a',
        'is',
        'distinct',
        'from',
        'b',
        'from',
        'f',
        '(',
        '1',
        ')',
        'join',
        'users',
        'on',
        'true',
      ],
      ['begin', ';', 'truncate', 'table', 'users', ';', 'commit'],
      ['copy', '(', 'select', '1', 'from', 'users', ')', 'to', 'stdout'],
    ];
    const gap = fc
      .array(
        fc.oneof(
          fc.constantFrom(' ', '\t', '\n', '\r\n', '\f'),
          fc.constantFrom('-- select from x\n', '/* from x */', "/* a /* it's */ $$ */", '--\n', '/**/'),
        ),
        { maxLength: 4 },
      )
      .map((parts) => ` ${parts.join('')}`);
    fc.assert(
      fc.property(
        fc.constantFrom(...pieces),
        fc.infiniteStream(gap),
        fc.infiniteStream(fc.boolean()),
        (words, gaps, upper) => {
          let text = '';
          for (const word of words) {
            const isUpper = upper.next().value === true && !word.startsWith('"') && !word.startsWith("'");
            text += gaps.next().value + (isUpper ? word.toUpperCase() : word);
          }
          expect(read(text + gaps.next().value)).toBe(read(words.join(' ')));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('of any kind is read without an error, into labels of bounded length', () => {
    const part = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom(
        ...[
          'select',
          'from',
          'with',
          'x',
          'as',
          'insert',
          'into',
          'update',
          'explain',
          'copy',
          'create',
          'join',
        ],
        ...[
          '(',
          ')',
          ',',
          ';',
          '.',
          "'",
          '"',
          '$$',
          '$a$',
          '--',
          '/*',
          '*/',
          '\n',
          ' ',
          'e',
          '[',
          ']',
          ':',
          '`',
        ],
      ),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
        const { operation, table } = readSqlStatement(parts.join(' '));
        expect(operation).toMatch(/^[a-z]+$/);
        expect(table.length).toBeGreaterThan(0);
        expect(table.length).toBeLessThanOrEqual(TABLE_CHARACTERS_MAX);
      }),
      { numRuns: 2_000 },
    );
  });

  test('that is hostile takes as long as its length and no longer', () => {
    // Together they would take far longer than a test may, if parts of them were read again and again.
    const million = 1_000_000;
    const hostile = [
      '(',
      '$a$ ',
      '$',
      '/*',
      'with x as (',
      'select (',
      'select * from (',
      "'",
      "e'\\",
      '"',
      'a.',
      '[',
      '--',
      'from ,',
    ];
    for (const part of hostile)
      for (let turn = 0; turn < 20; turn++)
        expect(readSqlStatement(part.repeat(million / part.length)).operation).toMatch(/^[a-z]+$/);
  });

  test('is looked at in its first characters only', () => {
    const long = `SELECT '${'x'.repeat(SQL_CHARACTERS_MAX)}' FROM users`;
    expect(read(long)).toBe('select none');
    expect(read(`INSERT INTO users VALUES ('${'x'.repeat(10 * SQL_CHARACTERS_MAX)}')`)).toBe('insert users');
  });
});
