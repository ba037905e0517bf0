import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { replayRecording } from '@weft/agent';
import type { SpanRecord } from '@weft/model';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningWeft, startRecord } from '../run/weft.ts';
import { createCgroup, removeCgroup } from './cgroup.ts';
import { createProgramGroup, type ProgramGroup } from './launch.ts';
import { findMariadb, findMariadbClient, startMariadb } from './mariadb.ts';
import { freePorts } from './ports.ts';

const SCHEMA = `
  CREATE DATABASE other; CREATE DATABASE shop; USE shop;
  CREATE TABLE items (id INT PRIMARY KEY, name VARCHAR(40));
  INSERT INTO items VALUES (1, 'one'), (2, 'two');
  CREATE PROCEDURE both_lists() BEGIN SELECT id FROM items; SELECT name FROM items; END
`;

const programs = findMariadb();
const client = findMariadbClient();
const canRun = process.getuid?.() === 0 && programs !== null && client !== null;

let folder = '';
let cgroup = '';
let group: ProgramGroup | null = null;
let spans: readonly SpanRecord[] = [];
let losses: Readonly<Record<string, number>> = {};

beforeAll(async () => {
  if (!canRun) return;
  folder = mkdtempSync(join(tmpdir(), 'weft-mariadb-'));
  cgroup = createCgroup(`weft-mariadb-${process.pid}`);
  group = createProgramGroup(cgroup);
  const [port] = await freePorts(1);
  const file = join(folder, 'talk.weft');
  let recording: RunningWeft | null = null;
  try {
    await startMariadb(programs, group, join(folder, 'server'), port!);
    const address = ['--no-defaults', '--host=127.0.0.1', `--port=${port}`, '--user=root'];
    const run = async (name: string, command: string, args: readonly string[]) => {
      const program = await group!.start({ name, command, args });
      expect(await program.exited, program.stderr()).toBe(0);
    };
    await run('schema', client!, [...address, '--delimiter=//', '-e', SCHEMA.replaceAll(';\n', '//\n')]);
    recording = await startRecord(file, cgroup, []);
    const script = fileURLToPath(new URL('testing/mysql-client.mjs', import.meta.url));
    await run('driver', process.execPath, [script, String(port)]);
    await run('cli', client!, [...address, '-e', "USE shop; SELECT name FROM items WHERE name = 'hidden'"]);
    await run('compressed', client!, [
      ...address,
      '--compress',
      'shop',
      '-e',
      "SELECT REPEAT('z', 5000) AS zipped FROM items; SELECT 1",
    ]);
  } finally {
    await recording?.stop();
    await group.stop();
  }
  const replayed = replayRecording(readFileSync(file), { mask: true });
  spans = replayed.records;
  losses = replayed.losses;
}, 120_000);

afterAll(async () => {
  await group?.stop();
  if (cgroup !== '') await removeCgroup(cgroup);
  if (folder !== '') rmSync(folder, { recursive: true, force: true });
});

const at = (kind: 'client' | 'server') => spans.filter((span) => span.kind === kind);

test('dump', () => {
  for (const s of at('client')) console.log(s.name, s.status, JSON.stringify(s.attributes));
  console.log(losses, spans.length);
});
