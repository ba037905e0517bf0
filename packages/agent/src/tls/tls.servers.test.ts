import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { SpanRecord } from '@weft/model';
import { afterEach, describe, expect, it } from 'vitest';
import { tested } from '../../../../scripts/lib/tested.mjs';
import { Arena, canTrace, freePort, hasCommand, listens } from '../capture/testing/live.ts';
import type { Tier } from '../options.ts';
import { Traced } from './testing/traced.ts';

const DATA = fileURLToPath(new URL('../../testdata/tls/', import.meta.url));
const PYTHON = ['/usr/bin/python3', 'python3'].find((path) => hasCommand(path, '-c', 'import ssl'));
/** Go's own, and the oldest that is traced, if Debian's package of it is there. */
const TOOLCHAINS = ['go', '/usr/lib/go-1.19/bin/go'].filter((go) => hasCommand(go, 'version'));
const LIBSSL = '/lib/x86_64-linux-gnu/libssl.so.3';
const ROUNDS = 5;

let traced: Traced;
let arena: Arena;

afterEach(() => traced.close());

function begin(tier: Tier = 'sock', tls = true): void {
  arena = new Arena();
  traced = new Traced(arena, tier, tls);
}

/** A certificate of this test's own. */
function certificate(): readonly string[] {
  const [cert, key] = [join(arena.folder, 'cert.pem'), join(arena.folder, 'key.pem')];
  const subject = ['-subj', '/CN=localhost', '-days', '30', '-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject], { stdio: 'ignore' });
  return [cert, key];
}

function usesGnuTls(program: string): boolean {
  try {
    const path = execFileSync('which', [program], { encoding: 'utf8' }).trim();
    return execFileSync('ldd', [path], { encoding: 'utf8' }).includes('libgnutls');
  } catch {
    return false;
  }
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

const canServe = canTrace() && hasCommand('openssl', 'version');

describe.skipIf(!canServe)('the same spans as without TLS (needs root and openssl)', () => {
  const versions = ['TLSv1_3', 'TLSv1_2'];

  it.skipIf(PYTHON === undefined).each(versions)('OpenSSL, %s (needs python3 with ssl)', async (version) => {
    begin();
    await compare(
      { serve: [PYTHON!, join(DATA, 'server.py')], ask: [PYTHON!, join(DATA, 'client.py')] },
      version,
    );
    const library = 'import ssl; print(ssl.OPENSSL_VERSION)';
    tested('tls', 'OpenSSL', execFileSync(PYTHON!, ['-c', library], { encoding: 'utf8' }));
  });

  it.each(versions)('Node, whose OpenSSL is handed its records in memory, %s', async (version) => {
    begin();
    const program = [process.execPath, join(DATA, 'node.mjs')];
    await compare({ serve: [...program, 'server'], ask: [...program, 'client'] }, version);
    tested('tls', 'Node', process.version);
  });

  it('many connections of one Node thread are told apart', async () => {
    begin();
    const parallel = 6;
    const program = join(DATA, 'node.mjs');
    const port = await serve(process.execPath, [program, 'server', ...certificate()]);
    const client = [program, 'client', 'https', port, String(ROUNDS), String(parallel)];
    await traced.during(arena.run(process.execPath, client));
    const expected = 4 * ROUNDS * parallel;
    const http = () => traced.spans.filter(isHttp);
    await traced.until(() => http().length >= 2 * expected, `spans: ${http().length}`);
    expect(joined(http())).toBe(expected);
    expect(traced.lost()).toMatchObject({ kernel_tls_socket: 0 });
  });

  it.skipIf(TOOLCHAINS.length === 0).each(
    TOOLCHAINS.flatMap((go) =>
      versions.flatMap((version) => [
        [go, version, 'with its symbols', ''],
        [go, version, 'stripped', '-s -w'],
      ]),
    ),
  )('Go: %s, %s, %s (needs go)', async (go, version, _what, flags) => {
    begin();
    const program = join(arena.folder, 'twin');
    execFileSync(go, ['build', '-ldflags', flags, '-o', program, '.'], { cwd: join(DATA, 'go') });
    await compare({ serve: [program, 'server'], ask: [program, 'client'] }, version);
    tested('tls', 'Go', execFileSync('go', ['version'], { encoding: 'utf8' }));
  });

  it.skipIf(PYTHON === undefined)('OpenSSL on tier syscall (needs python3 with ssl)', async () => {
    begin('syscall');
    await compare(
      { serve: [PYTHON!, join(DATA, 'server.py')], ask: [PYTHON!, join(DATA, 'client.py')] },
      'TLSv1_3',
    );
  });
});

describe.skipIf(!canServe || PYTHON === undefined)('programs and libraries (needs python3 with ssl)', () => {
  it.skipIf(!usesGnuTls('wget')).each(['TLSv1_3', 'TLSv1_2'])(
    'GnuTLS is read like OpenSSL, %s (needs a wget that uses it)',
    async (version) => {
      begin();
      const port = await serve(PYTHON!, [join(DATA, 'server.py'), ...certificate(), version]);
      const paths = ['/small/5', '/large/100000', '/small/7'];
      const urls = paths.map((path) => `https://127.0.0.1:${port}${path}`);
      await traced.during(arena.run('wget', ['-q', '--no-check-certificate', '-O', '/dev/null', ...urls]));
      await traced.until(() => traced.spans.filter(isHttp).length >= 6, 'the spans of both ends');
      const clients = traced.spans.filter((span) => isHttp(span) && span.kind === 'client');
      expect(clients.map(({ attributes }) => attributes['url.path'])).toEqual(paths);
      expect(joined(traced.spans.filter(isHttp))).toBe(3);
      tested('tls', 'wget with GnuTLS', execFileSync('wget', ['--version'], { encoding: 'utf8' }));
    },
  );

  it.skipIf(!hasCommand('nghttpd', '--version') || !hasCommand('h2load', '--version'))(
    'HTTP/2 is read, its streams told apart (needs nghttp2)',
    async () => {
      begin();
      const [cert, key] = certificate();
      const port = await freePort();
      writeFileSync(join(arena.folder, 'page'), 'x'.repeat(300));
      arena.start('nghttpd', [`-d${arena.folder}`, String(port), key!, cert!]);
      await traced.until(() => listens(port), 'nghttpd listens');
      const load = ['-n60', '-c2', '-m5', `https://127.0.0.1:${port}/page`];
      await traced.during(arena.run('h2load', load));
      const pages = () => traced.spans.filter(({ name }) => name === 'GET /page');
      await traced.until(() => pages().length >= 120, `spans of both ends: ${pages().length}`);
      expect(joined(pages())).toBe(60);
    },
  );

  it.skipIf(!existsSync(LIBSSL))(
    'are probed when they come, and released when nobody runs them any more (needs libssl3)',
    async () => {
      begin();
      const library = join(arena.folder, 'libssl.so.3');
      copyFileSync(realpathSync(LIBSSL), library);
      const program = `import ctypes, sys; ctypes.CDLL(${JSON.stringify(library)}); print('up', flush=True); sys.stdin.read()`;
      const isProbed = () => traced.probes.probed.some(({ path }) => path === library);
      const first = arena.start(PYTHON!, ['-c', program]);
      await traced.until(isProbed, 'the library is probed');
      // An upgrade replaces the file; who runs the old one goes on running it.
      rmSync(library);
      const second = arena.start(PYTHON!, ['-c', 'import sys; sys.stdin.read()']);
      expect(isProbed()).toBe(true);
      first.stdin!.end();
      await traced.until(() => !isProbed(), 'the library is released');
      second.stdin!.end();
    },
  );

  it('whose plaintext nobody shows give opaque spans with their sizes', async () => {
    begin('sock', false);
    const port = await serve(PYTHON!, [join(DATA, 'server.py'), ...certificate()]);
    await traced.during(arena.run(PYTHON!, [join(DATA, 'client.py'), 'https', port, '1']));
    const opaque = () => traced.spans.filter(({ attributes }) => attributes['weft.tls'] === true);
    await traced.until(() => opaque().length >= 8, `opaque spans: ${opaque().length}`);
    expect(joined(opaque())).toBe(4);
    for (const { attributes } of opaque()) {
      expect(attributes).toMatchObject({ 'network.protocol.name': 'tls', 'tls.protocol.version': '1.3' });
      expect(attributes['weft.request.size']).toBeGreaterThan(20);
    }
    expect(traced.spans.filter(isHttp)).toEqual([]);
  });
});
