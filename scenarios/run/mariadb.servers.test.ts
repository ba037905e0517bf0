import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SpanJson } from '@weft/model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tested } from '../../scripts/lib/tested.mjs';
import {
  createCgroup,
  createProgramGroup,
  findMariaDb,
  findMariaDbClient,
  type ProgramGroup,
  removeCgroup,
  repoRoot,
  startMariaDb,
} from '../programs/index.ts';
import { fetchSpans, waitSettled } from '../score/api.ts';
import { type RunningWeft, startUp } from './weft.ts';

const SCHEMA = [
  'CREATE DATABASE other',
  'CREATE DATABASE shop',
  'USE shop',
  'CREATE TABLE items (id INT PRIMARY KEY, name VARCHAR(40))',
  "INSERT INTO items VALUES (1, 'secret one'), (2, 'secret two')",
  'CREATE PROCEDURE both_lists() BEGIN SELECT id FROM items; SELECT name FROM items; END',
  'CREATE PROCEDURE fails_late() BEGIN SELECT id FROM items; SELECT * FROM nowhere; END',
  '',
].join('//');

/** What a program does: text and binary protocol, several results, errors, large results, another user, compression. */
const CLIENT = `
  const { createConnection } = require('mysql2/promise');
  const options = {
    host: '127.0.0.1', port: +process.env.MYSQL_TCP_PORT, user: 'root', database: 'shop', multipleStatements: true,
  };
  (async () => {
    const a = await createConnection(options);
    await a.query("SELECT name FROM items WHERE name = 'secret'");
    for (const id of [1, 2, 3]) await a.execute('SELECT name FROM items WHERE id = ?', [id]);
    await a.query('CALL both_lists()');
    await a.query('CALL fails_late()').catch(() => {});
    await a.query('SELECT * FROM nowhere').catch(() => {});
    for (let i = 0; i < 3; i++) await a.query("SELECT REPEAT('x', 3000000) AS big FROM items WHERE id = 1");
    await a.query('SELECT id, REPEAT("y", 2000) AS filler FROM items, seq_1_to_2000');
    await a.query('SELECT 1; SELECT 2');
    await a.ping();
    await a.changeUser({ user: 'root', database: 'other' });
    await a.query('SELECT DATABASE()');
    await a.end();
    const b = await createConnection({ ...options, compress: true });
    await b.query("SELECT REPEAT('z', 2000) AS zipped FROM items");
    await b.end();
  })().catch((error) => { console.error(error); process.exit(1); });
`;

const client = findMariaDbClient();
const BIG = 'SELECT REPEAT(?, ?) AS big FROM items WHERE id = ?';
const FILLER = 'SELECT id, REPEAT(?, ?) AS filler FROM items, seq_1_to_2000';

describe.skipIf(findMariaDb() === null || client === null || process.geteuid?.() !== 0)(
  'a real MariaDB',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'weft-mariadb-'));
    let cgroup = '';
    let group: ProgramGroup;
    let weft: RunningWeft;
    let port = 0;
    let spans: readonly SpanJson[] = [];

    async function run(command: string, ...args: readonly string[]): Promise<void> {
      const env = { MYSQL_TCP_PORT: String(port) };
      const program = await group.start({ name: command, command, args, cwd: repoRoot(), env });
      expect(await program.exited, program.stderr()).toBe(0);
    }
    const cli = (...args: readonly string[]) =>
      run(client!, '--no-defaults', '--host=127.0.0.1', '--user=root', ...args);

    beforeAll(async () => {
      cgroup = createCgroup(`weft-mariadb-${process.pid}`);
      group = createProgramGroup(cgroup);
      weft = await startUp(cgroup, ['--mask', 'on']);
      port = (await startMariaDb(group, folder)) ?? 0;
      await cli('--delimiter=//', '-e', SCHEMA);
      const begin = BigInt(Date.now()) * 1_000_000n;
      await run(process.execPath, '-e', CLIENT);
      await cli('-e', "USE shop; SELECT name FROM items WHERE name = 'secret'");
      await cli('--compress', 'shop', '-e', "SELECT REPEAT('z', 1500) AS packed FROM items; SELECT 'last'");
      const end = BigInt(Date.now()) * 1_000_000n;
      await waitSettled(weft.url, end);
      spans = (await fetchSpans(weft.url, begin, end)).filter(
        (span) => span.attributes['network.protocol.name'] === 'mysql',
      );
    }, 180_000);

    afterAll(async () => {
      await weft?.stop();
      await group?.stop();
      if (cgroup !== '') await removeCgroup(cgroup);
      rmSync(folder, { recursive: true, force: true });
    });

    const POINTS = ['client-process', 'server-process'];
    /** Spans of one end with that query text, or that name if they have none, in the order of their starts. */
    const at = (point: string, text: string) =>
      spans
        .filter((span) => span.observationPoint === point)
        .filter((span) => (span.attributes['db.query.text'] ?? span.name) === text)
        .sort((a, b) => (BigInt(a.startTimeUnixNano) < BigInt(b.startTimeUnixNano) ? -1 : 1));

    test('each request is seen at both ends, and its two spans meet', () => {
      const requests = spans.filter(({ kind }) => kind === 'server');
      const ids = new Set(spans.filter(({ kind }) => kind === 'client').map(({ spanId }) => spanId));
      expect(requests.length).toBeGreaterThan(20);
      tested('mysql', 'MariaDB', execFileSync('mariadbd', ['--version'], { encoding: 'utf8' }));

      expect(requests.filter(({ parentSpanId }) => parentSpanId === null || !ids.has(parentSpanId))).toEqual(
        [],
      );
      expect(spans.filter(({ attributes }) => attributes['weft.incomplete'] === true)).toEqual([]);
      expect(new Set(spans.map(({ attributes }) => attributes['db.system.name']))).toEqual(
        new Set(['mariadb']),
      );
    });

    test('nothing that was written as a literal is kept', () => {
      expect(JSON.stringify(spans)).not.toContain('secret');
    });

    test.each<[string, string, number, string, string | undefined, number | undefined]>([
      // text, name, how often, status, error, rows
      ['SELECT name FROM items WHERE name = ?', 'SELECT items', 2, 'ok', undefined, 0],
      ['CALL both_lists()', 'CALL both_lists', 1, 'ok', undefined, 4],
      ['CALL fails_late()', 'CALL fails_late', 1, 'error', '1146', 2],
      ['SELECT * FROM nowhere', 'SELECT nowhere', 1, 'error', '1146', undefined],
      ['SELECT ?; SELECT ?', 'SELECT', 1, 'ok', undefined, 2],
      ['SELECT REPEAT(?, ?) AS zipped FROM items', 'SELECT items', 1, 'ok', undefined, 2],
      ['SELECT REPEAT(?, ?) AS packed FROM items', 'SELECT items', 1, 'ok', undefined, 2],
    ])('%s', (text, name, count, status, code, rows) => {
      for (const point of POINTS) {
        const found = at(point, text);
        expect(found).toHaveLength(count);
        for (const span of found) {
          expect([span.name, span.status]).toEqual([name, status]);
          expect(span.attributes['db.response.status_code']).toBe(code);
          expect(span.attributes['db.response.returned_rows']).toBe(rows);
        }
      }
    });

    test('executions are called as the statement that was prepared once', () => {
      for (const point of POINTS) {
        const found = at(point, 'SELECT name FROM items WHERE id = ?');
        expect(found.map((span) => span.name)).toEqual([
          'PREPARE SELECT items',
          ...['SELECT items', 'SELECT items', 'SELECT items'],
        ]);
        expect(found.map((span) => span.attributes['db.response.returned_rows'])).toEqual([
          undefined,
          1,
          1,
          0,
        ]);
      }
    });

    test.each([
      ['a row of 3 MB, three times', BIG, FILLER, 3],
      ['4000 rows', FILLER, 'SELECT ?; SELECT ?', 1],
    ])('of which little is copied: %s', (_, text, behind, count) => {
      for (const point of POINTS) {
        const found = at(point, text);
        expect(found.map((span) => span.status)).toEqual(new Array(count).fill('ok'));
        // It ends where its last byte is, whoever has told that: its own end, or the next request.
        const next = [...found.slice(1), at(point, behind)[0]!];
        for (const [i, span] of found.entries()) {
          const end = BigInt(span.startTimeUnixNano) + BigInt(span.durationNano);
          expect(end).toBeLessThanOrEqual(BigInt(next[i]!.startTimeUnixNano));
        }
      }
    });

    test('the login is a request, and the database is the one that was agreed on', () => {
      for (const point of POINTS) {
        expect(at(point, 'LOGIN').map((span) => span.attributes['db.namespace'])).toEqual([
          ...['shop', 'shop'],
          ...[undefined, 'shop'],
        ]);
        expect(at(point, 'CHANGE_USER').map((span) => span.status)).toEqual(['ok']);
        expect(at(point, 'SELECT DATABASE()').map((span) => span.attributes['db.namespace'])).toEqual([
          'other',
          undefined,
        ]);
        expect(at(point, 'INIT_DB').map((span) => span.attributes['db.namespace'])).toEqual(['shop']);
      }
    });
  },
);
