import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SpanJson } from '@weft/model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createCgroup,
  createProgramGroup,
  findMariadb,
  type ProgramGroup,
  type RunningMariadb,
  removeCgroup,
  repoRoot,
  startMariadb,
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

describe.skipIf(findMariadb() === null || process.geteuid?.() !== 0)('a real MariaDB', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-mariadb-'));
  let cgroup = '';
  let group: ProgramGroup;
  let weft: RunningWeft;
  let server: RunningMariadb;
  let spans: readonly SpanJson[] = [];

  async function run(command: string, ...args: readonly string[]): Promise<void> {
    const env = { MYSQL_TCP_PORT: String(server.port) };
    const program = await group.start({ name: command, command, args, cwd: repoRoot(), env });
    expect(await program.exited, program.stderr()).toBe(0);
  }
  const cli = (...args: readonly string[]) =>
    run(server.client, '--no-defaults', '--host=127.0.0.1', `--user=${server.user}`, ...args);

  beforeAll(async () => {
    cgroup = createCgroup(`weft-mariadb-${process.pid}`);
    group = createProgramGroup(cgroup);
    weft = await startUp(cgroup, ['--mask', 'on']);
    server = await startMariadb(group, folder);
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

  const withText = (point: string, text: string) =>
    spans.filter(
      (span) =>
        span.observationPoint === point &&
        String(span.attributes['db.query.text'] ?? span.name).startsWith(text),
    );
  const POINTS = ['client-process', 'server-process'];

  test('dump', () => {
    for (const s of spans.filter((x) => x.observationPoint === 'server-process'))
      console.log(
        s.name,
        s.status,
        JSON.stringify(
          Object.fromEntries(Object.entries(s.attributes).filter(([k]) => /^db|error|weft/.test(k))),
        ),
      );
    console.log(weft.log().slice(-600), POINTS, withText.length);
  });
});
