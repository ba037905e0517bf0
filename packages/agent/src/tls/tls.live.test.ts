import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { SpanRecord } from '@weft/model';
import { afterEach, describe, expect, it } from 'vitest';
import { Arena, canTrace, hasCommand } from '../capture/testing/live.ts';
import { Traced } from './testing/traced.ts';

const DATA = fileURLToPath(new URL('../../testdata/tls/', import.meta.url));
const PYTHON = ['/usr/bin/python3', 'python3'].find((path) => hasCommand(path, '-c', 'import ssl'));
const ROUNDS = 5;

let traced: Traced;
let arena: Arena;

afterEach(() => traced.close());

function begin(): void {
  arena = new Arena();
  traced = new Traced(arena);
}

/** A certificate of this test's own. */
function certificate(): readonly string[] {
  const [cert, key] = [join(arena.folder, 'cert.pem'), join(arena.folder, 'key.pem')];
  const subject = ['-subj', '/CN=localhost', '-days', '30', '-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject], { stdio: 'ignore' });
  return [cert, key];
}

/** Starts a server. @returns the port that it prints */
async function serve(program: string, args: readonly string[]): Promise<string> {
  const server = arena.start(program, args);
  const [line] = (await traced.during(once(createInterface({ input: server.stdout! }), 'line'))) as [string];
  return line;
}

/** What a span says of its exchange, TLS or not. */
function essence(span: SpanRecord): string {
  const { attributes } = span;
  return [
    span.kind,
    span.name,
    span.status,
    attributes['network.protocol.name'],
    attributes['http.response.status_code'],
    attributes['http.request.body.size'] ?? '',
    attributes['http.response.body.size'] ?? '',
  ].join(' ');
}

const isHttp = (span: SpanRecord) => span.attributes['network.protocol.name'] === 'http';

/** Client spans whose server span names them as its parent. */
function joined(spans: readonly SpanRecord[]): number {
  const parents = new Set(
    spans.filter(({ kind }) => kind === 'server').map(({ parentSpanId }) => parentSpanId),
  );
  return spans.filter(({ kind, spanId }) => kind === 'client' && parents.has(spanId)).length;
}

/** A pair of programs: one serves, one asks. */
interface Pair {
  readonly serve: readonly string[];
  readonly ask: readonly string[];
}

/** The spans of the client talking to the server, HTTP alone. */
async function twin(
  pair: Pair,
  scheme: 'http' | 'https',
  args: readonly string[],
): Promise<readonly SpanRecord[]> {
  const [server, ...serverArgs] = pair.serve;
  const [client, ...clientArgs] = pair.ask;
  const port = await serve(server!, [...serverArgs, ...args]);
  const from = traced.spans.length;
  await traced.during(arena.run(client!, [...clientArgs, scheme, port, String(ROUNDS)]));
  const http = () => traced.spans.slice(from).filter(isHttp);
  await traced.until(() => http().length >= 8 * ROUNDS, `spans of ${scheme}: ${http().length}`);
  return http();
}

/** Asks with and without TLS, and compares. */
async function compare(pair: Pair, version: string): Promise<void> {
  const plain = await twin(pair, 'http', ['plain']);
  const secret = await twin(pair, 'https', [...certificate(), version]);
  expect(secret.map(essence).sort()).toEqual(plain.map(essence).sort());
  expect(joined(plain)).toBe(4 * ROUNDS);
  expect(joined(secret)).toBe(4 * ROUNDS);
  for (const { attributes } of secret) {
    expect(attributes['tls.protocol.version']).toBe(version.slice(4).replace('_', '.'));
  }
  const handshakes = traced.finish().filter(({ name }) => name === 'TLS handshake');
  expect(handshakes.map(({ kind, status }) => `${kind} ${status}`).sort()).toEqual([
    'client ok',
    'server ok',
  ]);
  expect(traced.spans.filter(({ attributes }) => attributes['weft.tls'])).toEqual([]);
  expect(traced.lost()).toMatchObject({ kernel_tls_socket: 0, kernel_storage: 0, kernel_payload_fault: 0 });
}

describe.skipIf(!canTrace() || !hasCommand('openssl', 'version'))('the same spans as without TLS', () => {
  const versions = ['TLSv1_3', 'TLSv1_2'];

  it.skipIf(PYTHON === undefined).each(versions)('OpenSSL, %s', async (version) => {
    begin();
    await compare(
      { serve: [PYTHON!, join(DATA, 'server.py')], ask: [PYTHON!, join(DATA, 'client.py')] },
      version,
    );
  });

  it.each(versions)('Node, whose OpenSSL is handed its records in memory, %s', async (version) => {
    begin();
    const program = [process.execPath, join(DATA, 'node.mjs')];
    await compare({ serve: [...program, 'server'], ask: [...program, 'client'] }, version);
  });

  it.skipIf(!hasCommand('go', 'version')).each(
    versions.flatMap((version) => [
      [version, 'with its symbols', ''],
      [version, 'stripped', '-s -w'],
    ]),
  )('Go, %s, %s', async (version, _what, flags) => {
    begin();
    const program = join(arena.folder, 'twin');
    execFileSync('go', ['build', '-ldflags', flags, '-o', program, '.'], { cwd: join(DATA, 'go') });
    await compare({ serve: [program, 'server'], ask: [program, 'client'] }, version);
  });
});
