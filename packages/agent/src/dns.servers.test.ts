import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ObservationPoint, type SpanRecord, spanIdOf } from '@weft/model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tested } from '../../../scripts/lib/tested.mjs';
import { Arena, canTrace, capture, hasCommand } from './capture/testing/live.ts';
import { TIERS } from './options.ts';
import { Pipeline } from './pipeline.ts';
import type { ProcessFacts } from './pipeline-contracts.ts';

const PROCESSES: ProcessFacts = {
  owner: (tgid) => ({ service: `process ${tgid}`, attributes: { 'process.pid': tgid } }),
  isListening: () => false,
  seen: () => true,
  executed() {},
  forked() {},
  exited() {},
};

/** Asks by a socket that is not connected, several questions at once: their answers come on one socket. */
const UNCONNECTED = `
import socket, struct, sys
port = int(sys.argv[1])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 0))
s.settimeout(10)
for i, name in enumerate([b'one', b'two', b'three']):
    s.sendto(struct.pack('>6H', 77, 0x100, 1, 0, 0, 0) + bytes([len(name)]) + name + b'\\x04test\\x00\\x00\\x01\\x00\\x01', ('127.0.0.1', port))
for i in range(3):
    s.recvfrom(4096)
`;

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

describe.skipIf(!canTrace() || !hasCommand('dnsmasq', '--version') || !hasCommand('dig', '-v')).each(TIERS)(
  'dnsmasq, tier %s',
  (tier) => {
    let arena: Arena;
    let port: number;
    let spans: SpanRecord[];

    /** Runs clients in the cgroup, and reads what they and the server did until so many answered spans are there. */
    async function traced(expected: number, run: () => Promise<unknown>): Promise<void> {
      spans = [];
      const from = capture(arena, tier);
      const pipeline = new Pipeline(PROCESSES, { mask: false, without: [] }, (span) => {
        // What a client prints goes through a socket pair, as its parent is Node.
        if (span.attributes['network.protocol.name'] !== 'opaque') spans.push(span);
      });
      const drain = () => {
        from.ring.poll();
        while (from.ring.next()) pipeline.record(from.ring, from.ring.offset, from.ring.length);
        from.ring.release();
      };
      try {
        await run();
        const end = performance.now() + 10_000;
        while (spans.length < expected && performance.now() < end) {
          drain();
          await sleep(5);
        }
        pipeline.finish();
      } finally {
        from.close();
      }
    }

    const dig = (...args: string[]) =>
      arena.run('/usr/bin/dig', ['@127.0.0.1', '-p', String(port), '+tries=1', ...args]);
    const at = (point: ObservationPoint) => spans.filter((span) => span.observationPoint === point);

    /** Each server span names the client span of its exchange, which is there. */
    function expectJoined(count: number): void {
      const clients = at('client-process').map((span) => span.spanId);
      const parents = at('server-process').map((span) => span.parentSpanId);
      expect(new Set(clients).size).toBe(count);
      expect(parents.toSorted()).toEqual(clients.toSorted());
      for (const span of at('server-process')) expect(spanIdOf(span.exchangeKey, 0)).toBe(span.parentSpanId);
    }

    beforeAll(async () => {
      arena = new Arena();
      port = await freePort();
      arena.start('/usr/sbin/dnsmasq', [
        '--keep-in-foreground',
        '--no-resolv',
        '--no-hosts',
        '--no-daemon',
        '--conf-file=/dev/null',
        '--listen-address=127.0.0.1',
        '--bind-interfaces',
        `--port=${port}`,
        '--address=/test/10.1.2.3',
        '--local=/missing/',
      ]);
      const end = performance.now() + 20_000;
      for (;;) {
        try {
          execFileSync('dig', ['@127.0.0.1', '-p', String(port), '+tries=1', '+time=1', 'up.test']);
          break;
        } catch (error) {
          if (performance.now() > end) throw error;
          await sleep(20);
        }
      }
    });
    afterAll(async () => {
      await arena?.close();
    });

    it('UDP by dig: an answer, and a name that is not there', async () => {
      await traced(4, async () => {
        await dig('shop.test', 'A');
        await dig('nobody.missing', 'AAAA');
      });
      expectJoined(2);
      const [found, missing] = at('client-process');
      expect(found).toMatchObject({ name: 'DNS A', status: 'ok', kind: 'client' });
      expect(found?.attributes).toMatchObject({
        'network.protocol.name': 'dns',
        'network.transport': 'udp',
        'dns.question.name': 'shop.test',
        'dns.answers': '10.1.2.3',
        'server.port': port,
      });
      expect(missing).toMatchObject({ name: 'DNS AAAA', status: 'error' });
      expect(missing?.attributes['error.type']).toBe('NXDOMAIN');
      const served = at('server-process').find((span) => span.name === 'DNS AAAA');
      expect(served?.status).toBe('ok');
      expect(served?.attributes['error.type']).toBeUndefined();
    });

    it('UDP by a socket that is not connected, with one id for all', async () => {
      await traced(6, () => arena.run('/usr/bin/python3', ['-c', UNCONNECTED, String(port)]));
      expectJoined(3);
      expect(at('client-process').map((span) => span.attributes['dns.question.name'])).toEqual([
        'one.test',
        'two.test',
        'three.test',
      ]);
      expect(spans.map((span) => span.attributes['dns.answers'])).toEqual(Array(6).fill('10.1.2.3'));
    });

    it("UDP by Node's resolver (c-ares)", async () => {
      const script = `const { Resolver } = require('node:dns').promises; const r = new Resolver();
        r.setServers(['127.0.0.1:${port}']);
        Promise.all([r.resolve4('a.test'), r.resolve4('b.test')]).then(() => process.exit(0));`;
      await traced(4, () => arena.run(process.execPath, ['-e', script]));
      expectJoined(2);
    });

    it('TCP by dig', async () => {
      await traced(2, () => dig('+tcp', 'shop.test', 'A'));
      expectJoined(1);
      expect(at('server-process')[0]?.attributes).toMatchObject({
        'network.transport': 'tcp',
        'network.protocol.name': 'dns',
      });
      const dnsmasq = execFileSync('/usr/sbin/dnsmasq', ['--version'], { encoding: 'utf8' });
      tested('dns', 'dnsmasq', dnsmasq);
    });
  },
);
