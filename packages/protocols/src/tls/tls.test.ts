import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ConnectionOptions,
  connect as connectTls,
  createServer as createTlsServer,
  type TlsOptions,
} from 'node:tls';
import type { Attributes } from '@weft/model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Message, type Side, TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { tls } from './index.ts';
import { createTlsParser } from './parser.ts';
import { RecordTrack } from './record-track.ts';

/** Bytes as they crossed the wire between a real client and a real server. */
interface Crossed {
  readonly side: Side;
  readonly bytes: Uint8Array;
}

let folder: string;
let cert: Buffer;
let key: Buffer;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-tls-'));
  const [certFile, keyFile] = [join(folder, 'cert'), join(folder, 'key')];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/CN=a',
      '-days',
      '30',
      '-keyout',
      keyFile,
      '-out',
      certFile,
    ],
    { stdio: 'ignore' },
  );
  cert = readFileSync(certFile);
  key = readFileSync(keyFile);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** One connection by way of a recorder: the client asks, the server answers, both end. */
async function record(server: TlsOptions, client: ConnectionOptions): Promise<readonly Crossed[]> {
  const crossed: Crossed[] = [];
  const served = createTlsServer({ cert, key, ...server }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.end('answer'));
  });
  served.on('tlsClientError', () => {});
  const recorder = createServer((near: Socket) => {
    const far = connect((served.address() as AddressInfo).port, '127.0.0.1');
    const pass = (from: Socket, to: Socket, side: Side) => {
      from.on('data', (bytes: Buffer) => {
        crossed.push({ side, bytes });
        to.write(bytes);
      });
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
    };
    pass(near, far, TO_SERVER);
    pass(far, near, TO_CLIENT);
  });
  served.listen(0, '127.0.0.1');
  recorder.listen(0, '127.0.0.1');
  await Promise.all([once(served, 'listening'), once(recorder, 'listening')]);
  const { port } = recorder.address() as AddressInfo;
  const asking = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ...client });
  asking.on('secureConnect', () => asking.write('question'));
  asking.on('error', () => {});
  asking.resume();
  await new Promise((resolve) => asking.once('close', resolve));
  recorder.close();
  served.close();
  await Promise.all([once(recorder, 'close'), once(served, 'close')]);
  return crossed;
}

interface Heard {
  readonly message: Message;
  readonly extra: Attributes | null;
}

/** Everything that the parser tells, with chunks cut to `size` bytes. */
function parse(crossed: readonly Crossed[], size = Number.POSITIVE_INFINITY, claimed = false): Heard[] {
  const heard: Heard[] = [];
  const refused: string[] = [];
  const parser = createTlsParser(
    {
      message: () => {},
      end: (message, _position, extra) => heard.push({ message, extra }),
      malformed: (_side, cause) => refused.push(cause),
    },
    { mask: true },
  );
  if (claimed) parser.claim();
  const at: [number, number] = [1_000, 5_000];
  for (const { side, bytes } of crossed) {
    for (let from = 0; from < bytes.length; from += size) {
      const chunk = bytes.subarray(from, Math.min(bytes.length, from + size));
      parser.feed(side, chunk, at[side]);
      at[side] += chunk.length;
    }
  }
  for (const side of [TO_SERVER, TO_CLIENT] as const) parser.finish(side, at[side]);
  expect(refused).toEqual([]);
  return heard;
}

describe('a handshake', () => {
  it.each([1, 5, 100, Number.POSITIVE_INFINITY])('of TLS 1.3, in pieces of %d bytes', async (size) => {
    const crossed = await record({}, { servername: 'shop.example', ALPNProtocols: ['h2', 'http/1.1'] });
    expect(tls.detect(crossed[0]!.bytes, null)).toBeGreaterThan(0.9);
    const [hello, answer, question, reply] = parse(crossed, size);
    expect(hello?.message).toMatchObject({
      side: TO_SERVER,
      kind: 'request',
      name: 'TLS handshake',
      start: 1_000,
      attributes: {
        'server.address': 'shop.example',
        'tls.client.server_name': 'shop.example',
        'weft.tls.client.alpn': 'h2,http/1.1',
      },
    });
    expect(answer?.message).toMatchObject({
      kind: 'response',
      status: 'ok',
      start: 5_000,
      attributes: { 'tls.protocol.version': '1.3', 'tls.established': true },
    });
    expect(question?.message).toMatchObject({ kind: 'request', attributes: { 'weft.tls': true } });
    // A record's header, its content type and its tag.
    expect(question?.extra).toEqual({ 'weft.request.size': 'question'.length + 5 + 1 + 16 });
    expect(reply?.message.kind).toBe('response');
  });

  it('of TLS 1.2: the certificate and the protocol are in the clear', async () => {
    const crossed = await record(
      { maxVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] },
      { servername: 'a.example', ALPNProtocols: ['http/1.1'] },
    );
    const [, answer] = parse(crossed);
    const notAfter = String(answer?.message.attributes['tls.server.not_after']);
    expect(answer?.message.attributes).toMatchObject({
      'tls.protocol.version': '1.2',
      'tls.next_protocol': 'http/1.1',
      'tls.established': true,
    });
    expect(answer?.message.attributes['tls.resumed']).toBeUndefined();
    const days = (Date.parse(notAfter) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(29);
    expect(days).toBeLessThan(30.1);
  });

  it('that fails: the alert says why', async () => {
    const crossed = await record({ minVersion: 'TLSv1.3' }, { maxVersion: 'TLSv1.2' });
    const heard = parse(crossed);
    expect(heard).toHaveLength(2);
    expect(heard[1]?.message).toMatchObject({
      status: 'error',
      attributes: { 'error.type': 'protocol_version', 'tls.established': false },
    });
  });

  it('that the client refuses: in TLS 1.3 nobody can read why', async () => {
    const heard = parse(await record({}, { rejectUnauthorized: true }));
    expect(heard[0]?.message.name).toBe('TLS handshake');
    expect(heard.filter(({ message }) => message.attributes['weft.opaque'])).toEqual([]);
  });

  it('is all there is, once something else reads the plaintext', async () => {
    const heard = parse(await record({}, {}), Number.POSITIVE_INFINITY, true);
    expect(heard.map(({ message }) => message.kind)).toEqual(['request', 'response']);
  });
});

describe('which record carried some plaintext', () => {
  it('is told by its length, past session tickets', () => {
    const track = new RecordTrack();
    for (const [start, length] of [
      [100, 282],
      [387, 282],
      [674, 139],
    ] as const) {
      track.add(start, length);
    }
    expect(track.take(122)).toBe(674);
    expect(track.take(5)).toBeNull();
  });

  it('is the same one until it is read to its end', () => {
    const track = new RecordTrack();
    track.add(1_000, 16_384 + 17);
    track.add(17_406, 500 + 17);
    expect(track.take(4_096)).toBe(1_000);
    expect(track.take(4_096)).toBe(5_096);
    expect(track.take(8_192)).toBe(9_192);
    expect(track.take(500)).toBe(17_406);
    expect(track.take(1)).toBeNull();
  });
});
