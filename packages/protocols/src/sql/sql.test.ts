import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { carriedIn } from '../carried/carried.ts';
import { carriedNames } from '../carried/names.ts';
import { cpuMillis } from '../testing/recorder.ts';
import { describeSql, LONGEST_QUERY_TEXT, LONGEST_SQL } from './describe.ts';
import type { SqlDialect } from './tokens.ts';

const BOTH: readonly SqlDialect[] = ['mysql', 'postgresql'];

describe.each(BOTH)('names in %s', (dialect) => {
  test.each<[string, string, string, string]>([
    ['select * from orders where id = 7', 'SELECT orders', 'SELECT', 'orders'],
    [
      'SELECT o.id FROM shop.orders o JOIN items i ON i.o = o.id',
      'SELECT shop.orders',
      'SELECT',
      'shop.orders',
    ],
    ['SELECT * FROM a, b', 'SELECT a', 'SELECT', 'a'],
    ['SELECT 1', 'SELECT', 'SELECT', ''],
    ['(SELECT a FROM t1) UNION (SELECT b FROM t2)', 'SELECT t1', 'SELECT', 't1'],
    ['SELECT * FROM (SELECT * FROM orders) x', 'SELECT orders', 'SELECT', 'orders'],
    ['SELECT (SELECT count(*) FROM items) n FROM orders', 'SELECT orders', 'SELECT', 'orders'],
    ['SELECT extract(year FROM created) FROM orders', 'SELECT orders', 'SELECT', 'orders'],
    ['SELECT a IS DISTINCT FROM b FROM orders', 'SELECT orders', 'SELECT', 'orders'],
    ['SELECT * FROM generate_series(1, 9)', 'SELECT', 'SELECT', ''],
    ['SELECT x FROM orders_2024_05', 'SELECT orders_{id}_{id}', 'SELECT', 'orders_2024_05'],
    ['INSERT INTO order_items (a, b) VALUES (1, 2)', 'INSERT order_items', 'INSERT', 'order_items'],
    ['INSERT INTO a SELECT * FROM b', 'INSERT a', 'INSERT', 'a'],
    ['UPDATE orders SET a = 1', 'UPDATE orders', 'UPDATE', 'orders'],
    ['DELETE FROM orders', 'DELETE orders', 'DELETE', 'orders'],
    ['delete from test;', 'DELETE test', 'DELETE', 'test'],
    ['TRUNCATE TABLE orders', 'TRUNCATE orders', 'TRUNCATE', 'orders'],
    ['WITH x AS (SELECT * FROM orders) SELECT * FROM x', 'SELECT orders', 'SELECT', 'orders'],
    ['WITH RECURSIVE x(n) AS (SELECT 1), y AS (SELECT n FROM x) SELECT * FROM t', 'SELECT t', 'SELECT', 't'],
    ['WITH x AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM x', 'INSERT b', 'INSERT', 'b'],
    ['WITH x AS (SELECT * FROM', 'WITH', 'WITH', ''],
    [
      'CREATE TABLE IF NOT EXISTS shop.orders (id int)',
      'CREATE TABLE shop.orders',
      'CREATE TABLE',
      'shop.orders',
    ],
    ['CREATE TEMPORARY TABLE x (id int)', 'CREATE TABLE x', 'CREATE TABLE', 'x'],
    ['CREATE UNIQUE INDEX i ON t (a)', 'CREATE INDEX i', 'CREATE INDEX', ''],
    ['CREATE OR REPLACE VIEW v AS SELECT * FROM t', 'CREATE VIEW v', 'CREATE VIEW', 'v'],
    ['DROP TABLE IF EXISTS a, b', 'DROP TABLE a', 'DROP TABLE', 'a'],
    ['ALTER TABLE a ADD b int', 'ALTER TABLE a', 'ALTER TABLE', 'a'],
    ['BEGIN', 'BEGIN', 'BEGIN', ''],
    ['begin;', 'BEGIN', 'BEGIN', ''],
    ['START TRANSACTION READ ONLY', 'START TRANSACTION', 'START TRANSACTION', ''],
    ['COMMIT', 'COMMIT', 'COMMIT', ''],
    ['SET autocommit=1', 'SET', 'SET', ''],
    ['SHOW VARIABLES', 'SHOW', 'SHOW', ''],
    ['EXPLAIN SELECT * FROM orders', 'EXPLAIN', 'EXPLAIN', ''],
    ['-- first\n/* and */ SELECT /* x */ * /* y */ FROM /* z */ orders', 'SELECT orders', 'SELECT', 'orders'],
    ['SELECT ";", \';\' FROM orders;', 'SELECT orders', 'SELECT', 'orders'],
    ['', dialect, '', ''],
    ['frobnicate 7f3a', dialect, '', ''],
    ['\x00\x01', dialect, '', ''],
    [';', dialect, '', ''],
  ])('%s', (text, name, operation, collection) => {
    const sql = describeSql(text, dialect, true);
    expect([sql.name, sql.operation, sql.collection]).toEqual([name, operation, collection]);
  });

  test('a procedure', () => {
    const sql = describeSql('CALL shop.settle(7)', dialect, true);
    expect(sql).toMatchObject({ name: 'CALL shop.settle', procedure: 'shop.settle', collection: '' });
  });

  test('several statements: the first gives the name', () => {
    expect(describeSql('BEGIN; UPDATE a SET b = 1; COMMIT;', dialect, true)).toMatchObject({
      name: 'BEGIN',
      statements: 3,
    });
    expect(describeSql("SELECT ';' FROM a; -- nothing", dialect, true).statements).toBe(1);
    expect(describeSql('CREATE FUNCTION f() BEGIN SELECT 1; SELECT 2; END', dialect, true).statements).toBe(
      1,
    );
  });
});

test('names of one dialect', () => {
  const mysql = (text: string) => describeSql(text, 'mysql', true).name;
  const postgresql = (text: string) => describeSql(text, 'postgresql', true).name;
  expect(mysql('SELECT * FROM `my shop`.`order``s`')).toBe('SELECT my shop.order`s');
  expect(postgresql('SELECT * FROM "my shop"."order""s"')).toBe('SELECT my shop.order"s');
  expect(mysql('SELECT * FROM "orders" WHERE a = "b"')).toBe('SELECT orders');
  expect(mysql('INSERT LOW_PRIORITY IGNORE orders VALUES (1)')).toBe('INSERT orders');
  expect(mysql('REPLACE INTO orders VALUES (1)')).toBe('REPLACE orders');
  expect(mysql('/*!40101 SET NAMES utf8 */;')).toBe('SET');
  expect(mysql("LOAD DATA LOCAL INFILE 'x' REPLACE INTO TABLE t")).toBe('LOAD t');
  expect(mysql('CREATE DEFINER=`root`@`%` PROCEDURE p() BEGIN SELECT 1; END')).toBe('CREATE PROCEDURE p');
  expect(postgresql('COPY orders (a) FROM STDIN')).toBe('COPY orders');
  expect(postgresql('COPY (SELECT * FROM orders) TO STDOUT')).toBe('COPY orders');
  expect(postgresql('UPDATE ONLY orders SET a = 1')).toBe('UPDATE orders');
  expect(postgresql('LISTEN jobs')).toBe('LISTEN jobs');
  expect(postgresql('NOTIFY "0af76519-16cd-43dd-8448-eb211c80319c"')).toBe('NOTIFY {id}');
  expect(postgresql('DO $$ BEGIN DELETE FROM a; END $$')).toBe('DO');
});

describe('masked text', () => {
  test.each<[string, SqlDialect | null, string]>([
    ["SELECT * FROM a WHERE b = 'it''s' AND c = 1.5e-3", null, 'SELECT * FROM a WHERE b = ? AND c = ?'],
    ["SELECT N'x', x'0F', B'01', 0xFF, .5, -7, 1-1", null, 'SELECT ?, ?, ?, ?, ?, ?, ?-?'],
    ['SELECT a1 FROM t2 WHERE t2.b3 = 4', null, 'SELECT a1 FROM t2 WHERE t2.b3 = ?'],
    ['SELECT  a,\n\tb FROM t -- why\nWHERE c = 1 /* x */;', null, 'SELECT a, b FROM t WHERE c = ? ;'],
    [
      'SELECT * FROM a WHERE b IN (1, 2, 3) AND c in(?,?)',
      null,
      'SELECT * FROM a WHERE b IN (?) AND c in(?)',
    ],
    ['SELECT * FROM a WHERE b IN (-1, 2 + x, 3)', null, 'SELECT * FROM a WHERE b IN (?, ? + x, ?)'],
    ['SELECT * FROM a WHERE b IN (SELECT 1, 2)', null, 'SELECT * FROM a WHERE b IN (SELECT ?, ?)'],
    ['INSERT INTO a VALUES (1, 2), (3, 4)', null, 'INSERT INTO a VALUES (?, ?), (?, ?)'],
    ["SELECT 'never closed, secret", null, 'SELECT ?'],
    ['SELECT 1 /* never closed', null, 'SELECT ?'],
    ["SELECT 'a\\' AND b', c", 'mysql', 'SELECT ?, c'],
    ["SELECT 'a\\', b, 'c'", 'postgresql', 'SELECT ?, b, ?'],
    ["SELECT e'a\\' AND b', U&'\\0041', c", 'postgresql', 'SELECT ?, ?, c'],
    ['SELECT $$a\'b$$, $x$ $$ $y$ $x$, "Col 1", $1', 'postgresql', 'SELECT ?, ?, "Col 1", $1'],
    ['SELECT $$never closed', 'postgresql', 'SELECT ?'],
    ["SELECT '5'::int /* a /* b */ c */, d #> '{x}', e--f", 'postgresql', 'SELECT ?::int , d #> ?, e'],
    [
      'SELECT a FROM t WHERE b = ANY ($1) AND c IN ($2, $3)',
      'postgresql',
      'SELECT a FROM t WHERE b = ANY ($1) AND c IN ($2)',
    ],
    ['SELECT "text \\" more", `col 1` # why', 'mysql', 'SELECT ?, `col 1`'],
    ['SELECT a--1, b -- c', 'mysql', 'SELECT a-?, b'],
    ['SELECT "a" FROM "orders" WHERE b = "c"', 'mysql', 'SELECT ? FROM "orders" WHERE b = ?'],
    ["/*!50001 SELECT 'a' */ FROM t", 'mysql', 'SELECT ? FROM t'],
    ["SELECT _utf8'x', 2024_a FROM t WHERE @v = @@x", 'mysql', 'SELECT _utf8?, ? FROM t WHERE @v = @@x'],
  ])('%s', (text, only, masked) => {
    for (const dialect of only === null ? BOTH : [only])
      expect(describeSql(text, dialect, true).text).toBe(masked);
  });

  test('backslashes as the connection has them', () => {
    expect(describeSql("SELECT 'a\\', b", 'mysql', true, false).text).toBe('SELECT ?, b');
    expect(describeSql("SELECT 'a\\', b", 'postgresql', true, true).text).toBe('SELECT ?');
  });

  test('unmasked it is what was sent, but for passwords', () => {
    const text = "SELECT  'a' /* b */";
    expect(describeSql(text, 'mysql', false).text).toBe(text);
    expect(describeSql("ALTER ROLE a PASSWORD 'b'", 'postgresql', false).text).toBe(
      'ALTER ROLE a PASSWORD ?',
    );
    expect(describeSql("SET PASSWORD = 'b'", 'mysql', false).text).toBe('SET PASSWORD = ?');
    expect(describeSql("SET a = 'b'", 'mysql', false).text).toBe("SET a = 'b'");
  });

  test('is bounded', () => {
    const text = `SELECT ${'a, '.repeat(LONGEST_SQL)} FROM b`;
    for (const mask of [true, false]) {
      const cut = describeSql(text, 'mysql', mask).text;
      expect(cut).toHaveLength(LONGEST_QUERY_TEXT);
      expect(cut.endsWith('...')).toBe(true);
    }
  });
});

describe('carried ids', () => {
  const TRACE = '0af7651916cd43dd8448eb211c80319c';
  const SPAN = 'b7ad6b7169203331';
  const W3C = `00-${TRACE}-${SPAN}-01`;

  test.each<[string, SqlDialect | null]>([
    [`/* traceparent: ${W3C} */ SELECT 1`, null],
    [`SELECT /* traceparent: ${W3C} */ 1`, null],
    [`/*traceparent: ${W3C}*/ SELECT 1`, null],
    [`SELECT 1 /*traceparent='${W3C}'*/`, null],
    [`SELECT 1 /*action='%2Fa',b='c\\'d',traceparent='${W3C}',tracestate='x%3D1'*/;`, null],
    [`SELECT 1 /* a=b, TraceParent = "${W3C}"; c: d */`, null],
    [`SELECT 1 -- traceparent: ${W3C}`, null],
    [`-- traceparent: ${W3C}\nSELECT 1`, null],
    [`SELECT 1 # traceparent: ${W3C}`, 'mysql'],
    [`SELECT 1 /* b3: ${TRACE}-${SPAN}-1 */`, null],
    [`SELECT 1 /* uber-trace-id: ${TRACE}:${SPAN}:0:1 */`, null],
    [`SELECT 1 /* uber-trace-id='${TRACE}%3A${SPAN}%3A0%3A1' */`, null],
    [`SELECT 1 /* x-b3-traceid: ${TRACE}, x-b3-spanid: ${SPAN} */`, null],
    [`/* x-b3-traceid: ${TRACE} */ SELECT 1 /* x-b3-spanid: ${SPAN} */`, null],
    [`SELECT 1 /* https://a/b?c=d traceparent=${W3C} */`, null],
  ])('%s', (text, only) => {
    for (const dialect of only === null ? BOTH : [only])
      for (const mask of [true, false])
        expect(describeSql(text, dialect, mask).carried).toEqual({ traceId: TRACE, spanId: SPAN });
  });

  const SW8 = `1-${btoa(TRACE)}-${btoa('segment')}-3-${btoa('a')}-${btoa('b')}-${btoa('c')}-${btoa('d')}`;
  const names = carriedNames({ requestIdNames: ['my-id'], traceIdNames: ['my_trace'] });
  /** As sqlcommenter writes it: the value URL-encoded, in quotes. */
  const pair = (key: string, value: string) => `${key}='${encodeURIComponent(value)}'`;

  describe.each([
    ['in front', (comment: string) => `${comment} SELECT a FROM b WHERE c = 'd'`],
    ['behind the verb', (comment: string) => `SELECT ${comment} a FROM b WHERE c = 'd'`],
    ['within', (comment: string) => `SELECT a FROM b ${comment} WHERE c = 'd'`],
    ['at the end', (comment: string) => `SELECT a FROM b WHERE c = 'd' ${comment}`],
  ])('%s', (_, put) => {
    test.each(BOTH)('%s', (dialect) => {
      const carried = (comment: string) => describeSql(put(comment), dialect, true, undefined, names).carried;
      const quoted = (key: string, value: string) =>
        carried(`/*application='a%20b',${pair(key, value)},route='%2Fc%27d'*/`);
      const ids = { traceId: TRACE, spanId: SPAN };
      expect(quoted('traceparent', W3C)).toEqual(ids);
      expect(quoted('uber-trace-id', `${TRACE}:${SPAN}:0:1`)).toEqual(ids);
      expect(quoted('sw8', SW8)).toEqual(carriedIn('sw8', SW8));
      expect(carriedIn('sw8', SW8)?.traceId).toBe(TRACE);
      expect(quoted('my_trace', W3C)).toEqual(ids);
      expect(quoted('my_trace', 'mine 7 of 9')).toMatchObject({ original: 'mine 7 of 9' });
      expect(quoted('my-id', 'order-4711-8')).toMatchObject({ requestIds: [{ name: 'my-id' }] });
      expect(quoted('x-request-id', 'order-4711-8')!.requestIds![0]!.hash).toBe(
        quoted('my-id', 'order-4711-8')!.requestIds![0]!.hash,
      );
      expect(carried(`/* my-id: order-4711-8 */`)).toEqual(quoted('my-id', 'order-4711-8'));
      expect(quoted('their-id', 'order-4711-8')).toBeNull();
    });
  });

  test.each([
    `SELECT 'traceparent: ${W3C}'`,
    `SELECT '/* traceparent: ${W3C} */'`,
    '/* traceparent: none */ SELECT 1',
    '/* traceparent */ SELECT 1',
    '/* trace',
    '/*',
  ])('none: %s', (text) => {
    for (const dialect of BOTH) expect(describeSql(text, dialect, true).carried).toBeNull();
  });
});

describe('any text', () => {
  const piece = fc.constantFrom(
    ...[
      'SELECT',
      'FROM',
      'WITH',
      'INSERT INTO',
      'CREATE TABLE',
      'a',
      '"b"',
      '`c`',
      "'d'",
      '(',
      ')',
      ';',
      ',',
      '.',
      '--',
      '#',
      '/*',
      '*/',
      '/*!',
      '$$',
      '$x$',
      '$1',
      '?',
      '1',
      '-1',
      "e'",
      '\\',
      '\n',
      ' ',
      'IN',
      'é',
      'SET PASSWORD',
      '/* b3: 1-2 */',
    ],
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece, { maxLength: 40 }).map((all) => all.join('')),
  );

  test('never throws, is bounded, and shows no value', () => {
    fc.assert(
      fc.property(texts, fc.constantFrom(...BOTH), fc.boolean(), (text, dialect, mask) => {
        const sql = describeSql(text, dialect, mask);
        expect(sql.name.length).toBeLessThanOrEqual(512);
        expect(sql.name).not.toBe('');
        expect(sql.text.length).toBeLessThanOrEqual(LONGEST_QUERY_TEXT);
      }),
      { numRuns: 3000, seed: 5 },
    );
  });

  test('a string literal never shows, whatever stands before and behind', () => {
    const before = fc.constantFrom(
      'SELECT ',
      'SELECT a FROM t WHERE b = ',
      '/* x */ CALL p(1, ',
      "INSERT INTO t VALUES ('x', ",
    );
    const inner = fc.string({
      unit: fc.constantFrom('a', "''", '"', '`', '-', '#', '/', '*', '$', '(', ';', '\n'),
    });
    fc.assert(
      fc.property(before, inner, fc.constantFrom(...BOTH), (prefix, text, dialect) => {
        const sql = describeSql(`${prefix}'${text}ZZZ' FROM zz`, dialect, true);
        expect(sql.text).not.toContain('ZZZ');
        expect(sql.text.endsWith('? FROM zz')).toBe(true);
      }),
      { numRuns: 2000, seed: 5 },
    );
  });

  test.each([
    '(',
    '/*',
    '$a',
    "'",
    "''",
    '"',
    ',1',
    'a.',
    'IN (1,',
    '/* b3: x',
    'WITH a AS (',
    '$a$',
    '0x',
    '-',
  ])('takes time linear in its length: %s', (unit) => {
    for (const dialect of BOTH) {
      const text = unit.repeat(Math.ceil(LONGEST_SQL / unit.length));
      const begun = cpuMillis();
      for (let i = 0; i < 20; i++) describeSql(text, dialect, true);
      // Linear: below a millisecond each. Quadratic would be 8192² steps.
      expect((cpuMillis() - begun) / 20).toBeLessThan(15);
    }
  });
});
