import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { SpanJson } from '@weft/model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tested } from '../../scripts/lib/tested.mjs';
import {
  createCgroup,
  createProgramGroup,
  findPostgres,
  type ProgramGroup,
  removeCgroup,
  repoRoot,
  startPostgres,
} from '../programs/index.ts';
import { fetchSpans, waitSettled } from '../score/api.ts';
import { type RunningWeft, startUp } from './weft.ts';

/** A client that speaks as Node programs do: prepared statements, LISTEN, cancelling. */
const CLIENT = `
  const { Client, Query } = require('pg');
  const config = { host: '127.0.0.1', port: +process.env.PGPORT, user: 'postgres', database: 'postgres' };
  const until = (emitter, event) => new Promise((resolve) => emitter.once(event, resolve));
  (async () => {
    const a = new Client(config), b = new Client(config);
    await a.connect();
    await b.connect();
    for (let i = 0; i < 3; i++)
      await a.query({ name: 'by-id', text: 'SELECT name FROM customers WHERE id = $1', values: [i] });
    await a.query('INSERT INTO customers VALUES ($1, $2)', [1, 'secret name']).catch(() => {});
    await a.query('LISTEN jobs');
    const told = until(a, 'notification');
    await b.query("NOTIFY jobs, 'secret payload'");
    await told;
    await a.query('UNLISTEN jobs');
    const slow = new Query('SELECT pg_sleep(60)');
    const failed = until(slow, 'error');
    a.query(slow);
    while ((await b.query("SELECT 1 FROM pg_stat_activity WHERE query LIKE '%sleep(60)%' AND pid <> pg_backend_pid() AND state = 'active'")).rows.length === 0);
    new Client(config).cancel(a, slow);
    await failed;
    await a.end();
    await b.end();
  })().catch((error) => { console.error(error); process.exit(1); });
`;

const PIPELINE = `
\\set id random(1, 3)
\\startpipeline
BEGIN;
SELECT name FROM customers WHERE id = :id;
UPDATE customers SET name = 'secret' WHERE id = :id;
COMMIT;
\\endpipeline
`;

const ROUNDS = 20;
const postgres = findPostgres();
/** One of PostgreSQL's clients: they lie beside the server, psql also on PATH. */
const clientOf = (name: string): string => (postgres === null ? name : join(dirname(postgres), name));
const psqlProgram = existsSync(clientOf('psql')) ? clientOf('psql') : 'psql';

describe.skipIf(postgres === null || process.geteuid?.() !== 0)('a real PostgreSQL', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-postgresql-'));
  let cgroup = '';
  let group: ProgramGroup;
  let weft: RunningWeft;
  let port = 0;
  let spans: readonly SpanJson[] = [];

  async function run(command: string, ...args: readonly string[]): Promise<number | null> {
    const program = await group.start({
      name: command,
      command,
      args,
      cwd: repoRoot(),
      env: { PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: 'postgres', PGDATABASE: 'postgres' },
    });
    return program.exited;
  }
  const psql = (...commands: readonly string[]) =>
    run(psqlProgram, '-X', '-q', ...commands.flatMap((command) => ['-c', command]));
  const pgbench = (script: string, mode: string) =>
    run(clientOf('pgbench'), '-n', '-M', mode, '-t', String(ROUNDS), '-f', script);

  beforeAll(async () => {
    cgroup = createCgroup(`weft-postgresql-${process.pid}`);
    group = createProgramGroup(cgroup);
    weft = await startUp(cgroup, ['--mask', 'on']);
    const begin = BigInt(Date.now()) * 1_000_000n;
    port = (await startPostgres(group, folder)) ?? 0;
    const rows = join(folder, 'rows');
    writeFileSync(rows, '1\tsecret one\n2\tsecret two\n3\tsecret three\n');
    expect(await psql('CREATE TABLE customers (id int PRIMARY KEY, name text)')).toBe(0);
    expect(await psql(`\\copy customers FROM '${rows}'`, `\\copy customers TO '/dev/null'`)).toBe(0);
    expect(await psql("SELECT * FROM customers WHERE name = 'secret one'; SELECT 7")).toBe(0);
    expect(await psql("SELECT repeat('x', 3000), n FROM generate_series(1, 2000) n")).toBe(0);
    expect(await psql("SELECT 'secret' FROM nothing")).toBe(1);
    const script = join(folder, 'script.sql');
    writeFileSync(
      script,
      "\\set id random(1, 3)\nSELECT name FROM customers WHERE id = :id AND name <> 'secret';\n",
    );
    const pipeline = join(folder, 'pipeline.sql');
    writeFileSync(pipeline, PIPELINE);
    expect(await pgbench(script, 'extended')).toBe(0);
    expect(await pgbench(script, 'prepared')).toBe(0);
    expect(await pgbench(pipeline, 'extended')).toBe(0);
    expect(await run(process.execPath, '-e', CLIENT)).toBe(0);
    const end = BigInt(Date.now()) * 1_000_000n;
    await waitSettled(weft.url, end);
    // What the connections ended with has been seen a moment after the programs were gone.
    const deadline = Date.now() + 20_000;
    do {
      spans = (await fetchSpans(weft.url, begin, end)).filter(
        (span) => span.attributes['network.protocol.name'] === 'postgresql',
      );
    } while (!isComplete() && Date.now() < deadline);
  }, 180_000);

  afterAll(async () => {
    await weft?.stop();
    await group?.stop();
    if (cgroup !== '') await removeCgroup(cgroup);
    rmSync(folder, { recursive: true, force: true });
  });

  /** Each login has its end, at both ends of the connection, and the cancelling has been seen. */
  const isComplete = () => {
    const count = (name: string) => spans.filter((span) => span.name === name).length;
    return count('TERMINATE') === count('LOGIN') && count('CANCEL') === 2;
  };
  const at = (point: string, name: string) =>
    spans.filter((span) => span.observationPoint === point && span.name === name);
  const served = (name: string) => at('server-process', name);

  test('each request is seen at both ends, and its two spans meet', () => {
    expect(spans.length).toBeGreaterThan(100);
    const calls = new Map<string, SpanJson>(
      spans.filter((s) => s.observationPoint === 'client-process').map((s) => [s.spanId, s]),
    );
    const answered = spans.filter((s) => s.observationPoint === 'server-process' && s.kind === 'server');
    expect(answered.length).toBe([...calls.values()].filter((s) => s.kind === 'client').length);
    for (const span of answered) {
      expect(calls.get(span.parentSpanId ?? '')?.name, `${span.name} has no client`).toBe(span.name);
      expect(span.attributes['weft.incomplete'], span.name).toBeUndefined();
      expect(span.attributes['db.system.name']).toBe('postgresql');
    }
  });

  test('nothing that is a value leaves the host', () => {
    expect(JSON.stringify(spans)).not.toContain('secret');
    tested('postgresql', 'PostgreSQL', execFileSync(postgres!, ['--version'], { encoding: 'utf8' }));
  });

  test('logins', () => {
    const logins = served('LOGIN');
    expect(logins.length).toBeGreaterThanOrEqual(8);
    for (const { status, attributes } of logins)
      expect([status, attributes['db.namespace']]).toEqual(['ok', 'postgres']);
  });

  test('simple queries', () => {
    expect(served('CREATE TABLE customers')).toMatchObject([{ status: 'ok' }]);
    const several = served('SELECT customers').filter((s) => s.attributes['db.operation.batch.size'] === 2);
    expect(several).toMatchObject([
      {
        status: 'ok',
        attributes: {
          'db.query.text': 'SELECT * FROM customers WHERE name = ?; SELECT ?',
          'db.namespace': 'postgres',
          'db.response.returned_rows': 2,
        },
      },
    ]);
  });

  test('a large result', () => {
    const large = spans.filter((s) => `${s.attributes['db.query.text']}`.includes('generate_series'));
    expect(large.map((s) => s.observationPoint).sort()).toEqual(['client-process', 'server-process']);
    // Most of it is not copied: how it ended is known where its last bytes were.
    for (const { status, attributes } of large) {
      expect(['ok', 'unset']).toContain(status);
      expect(attributes['db.response.returned_rows']).toBe(status === 'ok' ? 2000 : undefined);
    }
  });

  test('an error', () => {
    expect(served('SELECT nothing')).toMatchObject([
      { status: 'error', attributes: { 'db.response.status_code': '42P01', 'error.type': '42P01' } },
    ]);
  });

  test('COPY', () => {
    const copies = served('COPY customers');
    expect(copies.map((s) => [s.status, s.attributes['db.response.returned_rows']])).toEqual(
      expect.arrayContaining([
        ['ok', undefined],
        ['ok', 3],
      ]),
    );
    expect(copies).toHaveLength(2);
  });

  test('extended, prepared and pipelined: a request for each Execute', () => {
    const text = 'SELECT name FROM customers WHERE id = $1 AND name <> ?;';
    expect(served('SELECT customers').filter((s) => s.attributes['db.query.text'] === text)).toHaveLength(
      2 * ROUNDS,
    );
    expect(served('PREPARE SELECT customers').length).toBeGreaterThanOrEqual(1);
    expect(served('UPDATE customers')).toHaveLength(ROUNDS);
    expect(served('BEGIN').length).toBeGreaterThanOrEqual(ROUNDS);
    expect(served('COMMIT')).toHaveLength(ROUNDS);
    for (const { status } of served('UPDATE customers')) expect(status).toBe('ok');
  });

  test('a driver: prepared once, an error, a notification, a query that is cancelled', () => {
    const byId = served('SELECT customers').filter(
      (s) => s.attributes['db.query.text'] === 'SELECT name FROM customers WHERE id = $1',
    );
    expect(byId.map((s) => s.attributes['db.response.returned_rows']).sort()).toEqual([0, 1, 1]);
    expect(served('INSERT customers')).toMatchObject([
      { status: 'error', attributes: { 'db.response.status_code': '23505' } },
    ]);
    expect(served('LISTEN jobs')).toHaveLength(1);
    expect(served('NOTIFY jobs').filter((s) => s.kind === 'server')).toMatchObject([{ status: 'ok' }]);
    const told = spans.filter(
      (s) => s.name === 'NOTIFY jobs' && s.attributes['messaging.destination.name'] === 'jobs',
    );
    expect(told.map((s) => s.kind).sort()).toEqual(['consumer', 'producer']);
    expect(spans.filter((s) => s.name === 'CANCEL').length).toBe(2);
    const slow = served('SELECT').filter((s) => s.attributes['db.response.status_code'] === '57014');
    expect(slow).toMatchObject([{ status: 'error', attributes: { 'db.query.text': 'SELECT pg_sleep(?)' } }]);
  });
});
