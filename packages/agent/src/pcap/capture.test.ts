import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCapture } from './capture.ts';
import type { Packet } from './packet.ts';
import { ethernet, ipv4, ipv6, pcap, pcapng, tcp, u16, udp } from './testing/frames.ts';

function read(bytes: Uint8Array): { packets: Packet[]; refused: Record<string, number> } {
  const capture = readCapture(bytes);
  if (!capture.ok) throw new Error(capture.error);
  const packets = [...capture.value];
  return { packets, refused: Object.fromEntries(capture.value.refused) };
}

const text = (packet: Packet | undefined) => Buffer.from(packet?.payload ?? []).toString();
const HELLO = ethernet(ipv4(tcp('hello')));

describe('pcap', () => {
  it('reads a TCP segment', () => {
    const { packets, refused } = read(pcap([HELLO]));
    expect(packets).toEqual([
      {
        timeUnixNanos: 1_700_000_000_123_456_000n,
        interfaceIndex: 0,
        transport: 'tcp',
        sourceAddress: '10.0.0.1',
        sourcePort: 40000,
        destinationAddress: '10.0.0.2',
        destinationPort: 80,
        sequence: 1000,
        acknowledgment: 2000,
        flags: { syn: false, ack: true, fin: false, rst: false },
        payload: expect.any(Uint8Array),
        payloadLength: 5,
      },
    ]);
    expect(text(packets[0])).toBe('hello');
    expect(refused).toEqual({});
  });

  it.each([
    ['microseconds', 0xa1b2c3d4, 123_456_000n],
    ['nanoseconds', 0xa1b23c4d, 123_456n],
    ['modified', 0xa1b2cd34, 123_456_000n],
  ])('%s, both byte orders', (_, magic, fraction) => {
    for (const littleEndian of [true, false]) {
      const { packets } = read(pcap([HELLO, HELLO], { magic, littleEndian }));
      expect(packets.map(text)).toEqual(['hello', 'hello']);
      expect(packets[1]!.timeUnixNanos).toBe(1_700_000_000_000_000_000n + fraction);
    }
  });

  it('stops at the end of a cut file, keeping what came before', () => {
    const whole = pcap([HELLO, HELLO]);
    for (let length = 24; length < whole.length; length++) {
      const { packets, refused } = read(whole.subarray(0, length));
      const first = 24 + 16 + HELLO.length;
      expect(packets.length).toBe(length >= first ? 1 : 0);
      expect(refused).toEqual(length === 24 || length === first ? {} : { cut: 1 });
    }
  });

  it('refuses lengths that cannot be', () => {
    expect(read(pcap([[HELLO, { captured: 0xffffffff }]])).refused).toEqual({ cut: 1 });
  });

  it('says what is no capture', () => {
    for (const bytes of [new Uint8Array(), new Uint8Array(3), Buffer.alloc(100, 'x')]) {
      expect(readCapture(bytes)).toMatchObject({
        ok: false,
        error: expect.stringContaining('not a capture'),
      });
    }
  });
});

describe('link layer', () => {
  const packet = ipv4(tcp('hello'));
  const zeros = (length: number) => Buffer.alloc(length);
  const cases: readonly [name: string, linkType: number, frame: Buffer][] = [
    ['ethernet', 1, ethernet(packet)],
    ['ethernet with padding', 1, Buffer.concat([ethernet(packet), zeros(14)])],
    ['ethernet, VLAN', 1, ethernet(packet, 0x0800, [0x8100])],
    ['ethernet, QinQ', 1, ethernet(packet, 0x0800, [0x88a8, 0x8100])],
    ['ethernet with a frame check sequence announced', 0x4000_0001, ethernet(packet)],
    ['cooked', 113, Buffer.concat([zeros(14), u16(0x0800), packet])],
    ['cooked, version 2', 276, Buffer.concat([u16(0x0800), zeros(18), packet])],
    ['cooked, VLAN', 113, Buffer.concat([zeros(14), u16(0x8100), zeros(2), u16(0x0800), packet])],
    ['raw', 101, packet],
    ['raw, BSD', 12, packet],
    ['raw, IPv4', 228, packet],
    ['null', 0, Buffer.concat([Buffer.from([2, 0, 0, 0]), packet])],
    ['loop', 108, Buffer.concat([Buffer.from([0, 0, 0, 2]), packet])],
  ];
  it.each(cases)('%s', (_, linkType, frame) => {
    const { packets, refused } = read(pcap([frame], { linkType }));
    expect(packets.map(text)).toEqual(['hello']);
    expect(packets[0]!.payloadLength).toBe(5);
    expect(refused).toEqual({});
  });

  it('counts the rest', () => {
    expect(read(pcap([HELLO], { linkType: 147 })).refused).toEqual({ 'link-type': 1 });
    expect(read(pcap([ethernet(zeros(28), 0x0806)])).refused).toEqual({ 'not-ip': 1 });
    expect(read(pcap([zeros(40)], { linkType: 101 })).refused).toEqual({ 'not-ip': 1 });
    expect(read(pcap([HELLO.subarray(0, 13)])).refused).toEqual({ short: 1 });
    expect(read(pcap([ethernet(packet, 0x0800, new Array(9).fill(0x8100))])).refused).toEqual({
      malformed: 1,
    });
  });
});

describe('IP', () => {
  const one = (packet: Buffer, original?: number) =>
    read(pcap([[packet, original === undefined ? {} : { original }]], { linkType: 101 }));

  it('IPv4 options', () => {
    expect(text(one(ipv4(tcp('hello'), { options: 8 })).packets[0])).toBe('hello');
  });

  it('a total length of zero means the whole frame', () => {
    const { packets } = one(ipv4(tcp('hello'), { total: 0 }), 20 + 20 + 9000);
    expect(packets[0]).toMatchObject({ payloadLength: 9000 });
    expect(text(packets[0])).toBe('hello');
  });

  it('first fragments alone', () => {
    const first = one(ipv4(udp('part', 3000), { protocol: 17, fragment: 0x2000 }));
    expect(first.packets[0]).toMatchObject({ transport: 'udp', payloadLength: 2992 });
    expect(text(first.packets[0])).toBe('part');
    expect(one(ipv4(udp('part'), { protocol: 17, fragment: 0x2001 })).refused).toEqual({ fragment: 1 });
    expect(one(ipv4(udp('part'), { protocol: 17, fragment: 0x0001 })).refused).toEqual({ fragment: 1 });
  });

  it('IPv6 with extension headers', () => {
    const options = (next: number) => Buffer.from([next, 0, 0, 0, 0, 0, 0, 0]);
    const authentication = (next: number) => Buffer.concat([Buffer.from([next, 4]), Buffer.alloc(22)]);
    const fragment = (next: number, offsetAndFlag: number) =>
      Buffer.concat([Buffer.from([next, 0]), u16(offsetAndFlag), Buffer.alloc(4)]);
    const headers = [options(43), options(51), authentication(44), fragment(60, 1), options(6)];
    const { packets, refused } = one(ipv6(Buffer.concat([...headers, tcp('hello')]), 0));
    expect(packets[0]).toMatchObject({
      sourceAddress: '2001:db8::1',
      destinationAddress: 'fe80::2',
      payloadLength: 5,
    });
    expect(text(packets[0])).toBe('hello');
    expect(refused).toEqual({});
    expect(one(ipv6(Buffer.concat([fragment(6, 8), tcp('x')]), 44)).refused).toEqual({ fragment: 1 });
    const endless = Buffer.concat(Array.from({ length: 17 }, () => options(0)));
    expect(one(ipv6(endless, 0)).refused).toEqual({ malformed: 1 });
    expect(one(ipv6(options(6), 0, 100)).refused).toEqual({ short: 1 });
    expect(one(ipv6(Buffer.from([6, 200, 0, 0, 0, 0, 0, 0]), 0)).refused).toEqual({ malformed: 1 });
    expect(one(ipv6(Buffer.alloc(8), 58)).refused).toEqual({ 'not-tcp-udp': 1 });
  });

  it('contradictions', () => {
    const version = ipv4(tcp('x'));
    version[0] = 0x44;
    expect(one(version).refused).toEqual({ malformed: 1 });
    expect(one(ipv4(tcp('x'), { total: 19 })).refused).toEqual({ malformed: 1 });
    expect(one(ipv4(tcp('x'), { total: 39 })).refused).toEqual({ malformed: 1 });
    expect(one(ipv4(udp('x', 4), { protocol: 17 })).refused).toEqual({ malformed: 1 });
    expect(one(ipv4(udp('x', 100), { protocol: 17 })).refused).toEqual({ malformed: 1 });
    expect(one(ipv4(Buffer.alloc(8), { protocol: 1 })).refused).toEqual({ 'not-tcp-udp': 1 });
    expect(one(Buffer.alloc(0)).refused).toEqual({ short: 1 });
    const offset = tcp('x');
    offset[12] = 0x40;
    expect(one(ipv4(offset)).refused).toEqual({ malformed: 1 });
    offset[12] = 0xf0;
    expect(one(ipv4(offset)).refused).toEqual({ malformed: 1 });
  });
});

describe('transport', () => {
  it('flags and wrapped numbers', () => {
    const shapes = [0x02, 0x12, 0x11, 0x14, 0xff].map((flags) =>
      ethernet(ipv4(tcp('', { flags, sequence: 0xfffffff0, acknowledgment: 0x80000000, options: 12 }))),
    );
    const { packets } = read(pcap(shapes));
    const names = packets.map(({ flags }) =>
      Object.entries(flags)
        .filter(([, set]) => set)
        .map(([name]) => name)
        .join(' '),
    );
    expect(names).toEqual(['syn', 'syn ack', 'ack fin', 'ack rst', 'syn ack fin rst']);
    expect(packets[0]).toMatchObject({ sequence: 0xfffffff0, acknowledgment: 0x80000000, payloadLength: 0 });
  });

  it('UDP', () => {
    const { packets } = read(pcap([ethernet(ipv4(udp('query'), { protocol: 17 }))]));
    expect(packets[0]).toMatchObject({
      transport: 'udp',
      destinationPort: 53,
      sequence: 0,
      payloadLength: 5,
    });
    expect(text(packets[0])).toBe('query');
  });

  it('tells what was captured from what was sent', () => {
    const whole = ethernet(ipv4(tcp('x'.repeat(1000))));
    for (let captured = 0; captured <= whole.length; captured++) {
      const { packets, refused } = read(pcap([[whole.subarray(0, captured), { original: whole.length }]]));
      if (captured < 54) {
        expect(refused).toEqual({ short: 1 });
        continue;
      }
      expect(packets[0]).toMatchObject({ payloadLength: 1000 });
      expect(packets[0]!.payload.length).toBe(captured - 54);
    }
  });
});

describe('pcapng', () => {
  it.each([true, false])('several interfaces and sections, little-endian: %s', (littleEndian) => {
    const w = pcapng(littleEndian);
    const other = pcapng(!littleEndian);
    const nanoseconds = w.option(9, Buffer.from([9]));
    const binary = w.option(9, Buffer.from([0x80 | 20]));
    const shifted = Buffer.concat([
      w.option(2, Buffer.from('eth0')),
      w.option(14, w.int64(1_700_000_000n)),
      w.option(0, Buffer.alloc(0)),
    ]);
    const { packets, refused } = read(
      Buffer.concat([
        w.section(),
        w.interface(1),
        w.interface(101, nanoseconds),
        w.enhanced(0, 1_700_000_000_000_001n, HELLO),
        w.enhanced(1, 1_700_000_000_000_000_002n, ipv4(tcp('cut')).subarray(0, 41), 43),
        w.block(5, Buffer.from('statistics')),
        w.interface(1, shifted),
        w.obsolete(2, 3n, HELLO),
        w.interface(1, binary),
        w.enhanced(3, 5n << 19n, HELLO),
        w.simple(HELLO),
        w.enhanced(9, 1n, HELLO),
        other.section(),
        other.interface(1),
        other.enhanced(0, 7n, HELLO),
      ]),
    );
    expect(packets.map(({ timeUnixNanos, interfaceIndex }) => [timeUnixNanos, interfaceIndex])).toEqual([
      [1_700_000_000_000_001_000n, 0],
      [1_700_000_000_000_000_002n, 1],
      [1_700_000_000_000_003_000n, 2],
      [2_500_000_000n, 3],
      [2_500_000_000n, 0],
      [7000n, 4],
    ]);
    expect(packets.map(text)).toEqual(['hello', 'c', 'hello', 'hello', 'hello', 'hello']);
    expect(packets[1]!.payloadLength).toBe(3);
    expect(refused).toEqual({ interface: 1 });
  });

  it('simple packets end at the snap length', () => {
    const w = pcapng(true);
    const { packets } = read(
      Buffer.concat([
        w.section(),
        w.interface(1, undefined, 57),
        w.simple(HELLO.subarray(0, 57), HELLO.length),
      ]),
    );
    expect(packets.map(text)).toEqual(['hel']);
    expect(packets[0]!.payloadLength).toBe(5);
  });

  it('stops where the lengths contradict each other', () => {
    const w = pcapng(true);
    const good = Buffer.concat([w.section(), w.interface(1), w.enhanced(0, 1n, HELLO)]);
    const after = (tail: Uint8Array) => read(Buffer.concat([good, tail, w.enhanced(0, 1n, HELLO)]));
    const trailer = w.enhanced(0, 1n, HELLO);
    trailer.writeUInt32LE(16, trailer.length - 4);
    const unaligned = w.block(5);
    unaligned.writeUInt32LE(13, 4);
    for (const tail of [trailer, unaligned, Buffer.alloc(12)]) {
      expect(after(tail).packets.length).toBe(1);
      expect(after(tail).refused).toEqual({ block: 1 });
    }
    const long = w.block(5);
    long.writeUInt32LE(0xfffffffc, 4);
    expect(after(long).refused).toEqual({ cut: 1 });
    const captured = w.enhanced(0, 1n, HELLO);
    captured.writeUInt32LE(0xffffffff, 20);
    // The block's own length is right: only this packet is lost.
    expect(after(captured).packets.length).toBe(2);
    expect(after(captured).refused).toEqual({ block: 1 });
  });
});

describe('any bytes', () => {
  const w = pcapng(true);
  const templates = [
    pcap([
      HELLO,
      ethernet(ipv6(tcp('x')), 0x86dd),
      ethernet(ipv4(udp('q'), { protocol: 17 }), 0x0800, [0x8100]),
    ]),
    pcap([HELLO, HELLO], { magic: 0xa1b2cd34, littleEndian: false }),
    Buffer.concat([
      w.section(),
      w.interface(1, w.option(9, Buffer.from([6]))),
      w.enhanced(0, 1n, HELLO),
      w.simple(HELLO),
    ]),
  ];
  function walk(bytes: Uint8Array): void {
    const capture = readCapture(bytes);
    if (!capture.ok) return;
    for (const { payload, payloadLength } of capture.value) {
      expect(payload.length).toBeLessThanOrEqual(payloadLength);
      expect(payload.buffer).toBe(bytes.buffer);
    }
  }

  it('never throw', () => {
    const magics = templates.map((template) => template.subarray(0, 4));
    const random = fc
      .tuple(fc.constantFrom(...magics), fc.uint8Array({ maxLength: 400 }))
      .map(([magic, rest]) => Uint8Array.from([...magic, ...rest]));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), walk));
    fc.assert(fc.property(random, walk), { numRuns: 500 });
    const edits = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...templates), edits, fc.nat(400), (template, changes, length) => {
        const bytes = Uint8Array.from(template);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        walk(bytes);
        walk(bytes.subarray(0, length));
      }),
      { numRuns: 2000 },
    );
  });
});

// Real traffic that lies beside the repository where the tests are developed; not part of it.
const CAPTURES = '../shared/captures';

describe.skipIf(!existsSync(CAPTURES))('captures of real programs', () => {
  const files = existsSync(CAPTURES)
    ? readdirSync(CAPTURES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.pcap'))
    : [];

  it.each(files)('%s', (file) => {
    const { packets, refused } = read(readFileSync(join(CAPTURES, file)));
    expect(packets.length).toBeGreaterThan(0);
    expect(refused).toEqual({});
    // What is sent on a connection begins where the last segment ended, or before it when sent again.
    const next = new Map<string, number>();
    let continued = 0;
    for (const packet of packets) {
      const flow = `${packet.sourceAddress} ${packet.sourcePort} ${packet.destinationAddress} ${packet.destinationPort}`;
      if (next.get(flow) === packet.sequence) continued++;
      const { syn, fin } = packet.flags;
      next.set(flow, (packet.sequence + packet.payloadLength + (syn || fin ? 1 : 0)) >>> 0);
    }
    if (packets.length > 8) expect(continued).toBeGreaterThan((packets.length - next.size) * 0.5);
  });

  it('two DNS requests over TCP with their answers', () => {
    const { packets } = read(readFileSync(join(CAPTURES, 'dns/dns.pcap')));
    const id = (packet: Packet) =>
      new DataView(packet.payload.buffer, packet.payload.byteOffset).getUint16(2);
    expect(packets.map(id)).toEqual([57315, 57315, 60628, 60628]);
    const waits = [
      packets[1]!.timeUnixNanos - packets[0]!.timeUnixNanos,
      packets[3]!.timeUnixNanos - packets[2]!.timeUnixNanos,
    ];
    expect(waits).toEqual([176_754_000n, 4_804_000n]);
  });

  it('an HTTP request and its answer', () => {
    const { packets } = read(readFileSync(join(CAPTURES, 'http/httpv1.pcap')));
    expect(text(packets[0])).toMatch(/^POST \/query\?1590632942 HTTP/);
    expect(text(packets[1])).toMatch(/^HTTP\/1\.1 200/);
  });
});
