import { join } from 'node:path';
import { FLAG, KIND, MODE, PAYLOAD_MAX, ROLE, TRANSPORT } from '@weft/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tier } from '../options.ts';
import { Stream } from '../streams/stream.ts';
import { bytesAt, type Call, readCalls, transportOf } from './testing/io-log.ts';
import { Arena, canTrace, capture, drainWhile, hasCommand, type Seen, transfers } from './testing/live.ts';

interface Variant {
  readonly name: string;
  readonly tier: Tier;
  readonly refuse: readonly string[];
}

const VARIANTS: readonly Variant[] = [
  { name: 'tier sock', tier: 'sock', refuse: [] },
  { name: 'tier sock without tcp_sendmsg_locked', tier: 'sock', refuse: ['weft_tcp_send'] },
  { name: 'tier syscall', tier: 'syscall', refuse: [] },
];

/** Payload of a call while nothing is known of its socket (`weft_probe_bytes`). */
const PROBE_BYTES = 4096;
const SPLICE = 275;
const NUMBERS: Readonly<Record<string, number>> = {
  read: 0,
  write: 1,
  readv: 19,
  writev: 20,
  sendfile: 40,
  sendto: 44,
  recvfrom: 45,
  sendmsg: 46,
  recvmsg: 47,
  splice: SPLICE,
  recvmmsg: 299,
  sendmmsg: 307,
  preadv2: 327,
  pwritev2: 328,
};

/** What a tier is known not to see. */
function isSeen({ tier }: Variant, call: Call): boolean {
  // No socket is named by io_uring_enter's arguments.
  if (tier === 'syscall') return !call.call.startsWith('uring-');
  // No hook fires: the next event's position tells how much went by.
  return call.sending || call.call !== 'splice';
}

function announces({ tier, refuse }: Variant, call: Call): boolean {
  return tier === 'sock' && refuse.length === 0 && call.sending && transportOf(call) === TRANSPORT.TCP;
}

/** The other end's port is known to the kernel side. */
function knowsRemote({ tier }: Variant, call: Call): boolean {
  if (!call.kind.endsWith('-named')) return true;
  if (tier === 'sock') return call.sending && !call.call.startsWith('uring-');
  return call.sending || call.named === true;
}

function roleOf(call: Call): number {
  if (!call.kind.startsWith('tcp') && call.kind !== 'unix-stream') return ROLE.ROLE_UNKNOWN;
  return call.end === 0 ? ROLE.ROLE_CLIENT : ROLE.ROLE_SERVER;
}

function addressOf(call: Call): Uint8Array {
  const address = new Uint8Array(16);
  if (call.kind.includes('6')) address[15] = 1;
  else if (!call.kind.startsWith('unix')) address.set([127, 0, 0, 1]);
  return address;
}

/** Each call that is seen with its event: they come in the order of the thread that made them. */
function pair(variant: Variant, calls: readonly Call[], events: readonly Seen[]): [Call, Seen][] {
  const pairs: [Call, Seen][] = [];
  for (const tid of new Set(calls.map((call) => call.tid))) {
    const theirs = calls.filter((call) => call.tid === tid && isSeen(variant, call));
    const seen = events.filter((event) => event.tid === tid);
    const shape = (sending: boolean, length: number) => `${sending ? 'send' : 'receive'} ${length}`;
    expect(seen.map((event) => shape(event.kind === KIND.SEND, event.length))).toEqual(
      theirs.map((call) => shape(call.sending, call.bytes)),
    );
    for (const [index, call] of theirs.entries()) pairs.push([call, seen[index]!]);
  }
  return pairs;
}

/** Sequence of each way's first byte, as the first event on it says; 0 where positions count bytes. */
function basesOf(pairs: readonly [Call, Seen][]): Map<string, number> {
  const bases = new Map<string, number>();
  for (const [call, event] of pairs) {
    const key = `${call.pair} ${call.way}`;
    const base = call.kind.startsWith('tcp') ? (event.position - call.offset) >>> 0 : 0;
    if (!bases.has(key)) bases.set(key, base);
  }
  return bases;
}

/** Both ends' positions: the sender's of a byte is the receiver's, or messages would not meet. */
function checkPositions(variant: Variant, calls: readonly Call[], pairs: readonly [Call, Seen][]): void {
  const bases = basesOf(pairs);
  const events = new Map(pairs);
  /** Bytes that an end has sent and received so far, by pair, end and direction. */
  const done = new Map<string, number>();
  /** Ends whose FIN took a number: they have sent all that they will. */
  const ended = new Set<string>();
  for (const call of calls) {
    const event = events.get(call);
    const mine = `${call.pair} ${call.end} ${call.sending}`;
    if (call.call === 'end' && call.kind.startsWith('tcp')) ended.add(`${call.pair} ${1 - call.end}`);
    if (event !== undefined) {
      const base = bases.get(`${call.pair} ${call.way}`)!;
      // Sequences know of what is not seen; where bytes are counted, only what is seen counts.
      const offset = call.kind.startsWith('tcp') ? call.offset : (done.get(mine) ?? 0);
      expect(event.position, describeCall(call)).toBe((base + offset) >>> 0);
      const other = bases.get(`${call.pair} ${1 - call.way}`);
      let otherBytes = done.get(`${call.pair} ${call.end} ${!call.sending}`) ?? 0;
      if (!call.sending && ended.has(`${call.pair} ${call.end}`)) otherBytes++;
      const vague = variant.tier === 'syscall' && /mmsg/.test(call.call);
      if (other !== undefined && !vague)
        expect(event.otherPosition, describeCall(call)).toBe((other + otherBytes) >>> 0);
    }
    const counts = event !== undefined || call.kind.startsWith('tcp');
    done.set(mine, (done.get(mine) ?? 0) + (counts ? call.bytes : 0));
  }
}

function describeCall(call: Call): string {
  return `${call.kind} ${call.call} of ${call.bytes} at ${call.offset}, way ${call.way}`;
}

function checkPayload(call: Call, event: Seen, limit: number): void {
  const there = call.payload === false ? 0 : Math.min(call.captured ?? call.bytes, limit);
  expect(event.skipped, describeCall(call)).toBe(0);
  expect(event.payload.length, describeCall(call)).toBe(there);
  expect(Buffer.from(event.payload).equals(bytesAt(call, 0, there)), describeCall(call)).toBe(true);
}

/** @param described sockets whose addresses an event has told already: later ones need not */
function checkSocket(variant: Variant, call: Call, event: Seen, described: Set<number>): void {
  const tells = event.local !== null && event.remote !== null;
  if (tells) described.add(event.cookie);
  expect(described.has(event.cookie), describeCall(call)).toBe(true);
  expect(
    {
      transport: event.transport,
      role: event.role,
      localPort: event.localPort,
      remotePort: event.remotePort,
      ipv6: tells && (event.flags & FLAG.FLAG_IPV6) !== 0,
      announced: (event.flags & FLAG.FLAG_ENTRY) !== 0,
      fault: (event.flags & FLAG.FLAG_FAULT) !== 0,
    },
    describeCall(call),
  ).toEqual({
    transport: transportOf(call),
    role: roleOf(call),
    localPort: call.local,
    remotePort: knowsRemote(variant, call) ? call.remote : 0,
    ipv6: tells && call.kind.includes('6'),
    announced: announces(variant, call),
    fault: false,
  });
  if (!tells) return;
  expect(event.local, describeCall(call)).toEqual(addressOf(call));
  if (knowsRemote(variant, call)) expect(event.remote, describeCall(call)).toEqual(addressOf(call));
}

/** One name for each end of each connection, and each Unix socket knows the other's. */
function checkCookies(pairs: readonly [Call, Seen][]): void {
  const cookies = new Map<string, number>();
  for (const [call, event] of pairs) {
    const key = `${call.pair} ${call.end}`;
    if (!cookies.has(key)) cookies.set(key, event.cookie);
    expect(event.cookie, describeCall(call)).toBe(cookies.get(key));
    expect(event.cookie).toBeGreaterThan(0);
  }
  expect(new Set(cookies.values()).size).toBe(cookies.size);
  for (const [call, event] of pairs) {
    const other = cookies.get(`${call.pair} ${1 - call.end}`);
    if (other === undefined) continue;
    if (call.kind.startsWith('unix-stream')) expect(event.peerCookie, describeCall(call)).toBe(other);
    else if (call.kind === 'unix-datagram-pair') expect([0, other]).toContain(event.peerCookie);
    else expect(event.peerCookie, describeCall(call)).toBe(0);
  }
}

describe.skipIf(!canTrace() || !hasCommand('gcc', '--version'))('I/O calls', () => {
  let arena: Arena;
  let program: string;
  beforeAll(() => {
    arena = new Arena();
    program = arena.compile('io-calls.c');
  });
  afterAll(() => arena.close());

  async function observe(variant: Variant, mode: string, verdict: number | null) {
    const traced = capture(arena, variant.tier, { refuse: variant.refuse });
    try {
      const log = join(arena.folder, 'log');
      // Unix sockets have port 0.
      if (verdict !== null) for (let port = 0; port < 65_536; port++) traced.setPortVerdict(port, verdict);
      const events = transfers(await drainWhile(traced, arena.run(program, [log, mode])));
      return { calls: readCalls(log), events, lost: traced.lost(), hooks: traced.hooks };
    } finally {
      traced.close();
    }
  }

  it.each(VARIANTS)('$name: every call, its bytes, place and socket', async (variant) => {
    const { calls, events, lost, hooks } = await observe(variant, 'calls', null);
    for (const hook of variant.refuse) expect(hooks[hook]).toMatch(/^refused/);
    const ambiguous = calls.filter(
      (call) => call.ambiguous && isSeen(variant, call) && !announces(variant, call),
    );
    expect(lost).toEqual({
      kernel_ring_full: 0,
      kernel_storage: 0,
      kernel_payload_fault: 0,
      kernel_uring_buffer: ambiguous.length,
      kernel_segments: 0,
      kernel_shed: 0,
      kernel_tls_socket: 0,
    });
    const pairs = pair(variant, calls, events);
    checkPositions(variant, calls, pairs);
    checkCookies(pairs);
    const described = new Set<number>();
    for (const [call, event] of pairs) {
      checkSocket(variant, call, event, described);
      const known = call.payload !== false && !ambiguous.includes(call);
      expect((event.flags & FLAG.FLAG_NO_BUFFER) === 0, describeCall(call)).toBe(known);
      checkPayload(ambiguous.includes(call) ? { ...call, payload: false } : call, event, PROBE_BYTES);
      const number = NUMBERS[call.call];
      if (number !== undefined) expect(event.syscall, describeCall(call)).toBe(number);
    }
    // That it is known to be blind there is part of the contract: doctor and the docs say so.
    const uring = calls.filter(({ call }) => call.startsWith('uring-'));
    const byRing = pairs.filter(([{ call }]) => call.startsWith('uring-'));
    expect(byRing.length).toBe(variant.tier === 'sock' ? uring.length : 0);
  });

  it.each(VARIANTS)('$name: 64 KiB and 64 iovecs of a call, where all is wanted', async (variant) => {
    const { calls, events, lost } = await observe(variant, 'large', MODE.FULL);
    expect(lost).toMatchObject({ kernel_ring_full: 0, kernel_payload_fault: 0, kernel_segments: 0 });
    const pairs = pair(variant, calls, events);
    checkPositions(
      variant,
      calls,
      pairs.filter(([call]) => call.kind === 'tcp4'),
    );
    const sizes = pairs.filter(([call]) => call.sending).map(([call]) => call.bytes);
    expect(sizes).toEqual([65_536, 1_048_576, 65_536, 100_000, 1_048_576, 65_536]);
    for (const [call, event] of pairs) checkPayload(call, event, PAYLOAD_MAX);
  });

  it.each(VARIANTS)('$name: a send that is taken in parts', async (variant) => {
    const { calls, events } = await observe(variant, 'partial', null);
    const parts = calls.filter(({ call }) => call === 'partial');
    expect(parts.length).toBeGreaterThan(2);
    for (const number of [0, 1]) {
      const port = calls.find((call) => call.pair === number && call.end === 0)!.local;
      const transport = number === 0 ? TRANSPORT.TCP : TRANSPORT.UNIX_STREAM;
      const ours = events.filter((event) => event.transport === transport);
      const sends = ours.filter((event) => event.kind === KIND.SEND && event.localPort === port);
      const receives = ours.filter((event) => event.kind === KIND.RECV);
      // Whatever was announced, put in order it is each byte once, and the next send stands behind it.
      for (const way of [sends, receives]) expect(assemble(way)).toBe(1_048_576 + 100);
      expect(sends[0]!.position).toBe(receives[0]!.position);
      expect(sends.at(-1)!.position).toBe((sends[0]!.position + 1_048_576) >>> 0);
      expect(sends.at(-1)!.length).toBe(100);
    }
  });
});

/** Length of what a stream makes of these events, in which nothing may be missing between two of them. */
function assemble(events: readonly Seen[]): number {
  let total = 0;
  const stream = new Stream({
    bytes: (bytes) => {
      total += bytes.length;
    },
    gap: (_position, length) => {
      total += length;
    },
  });
  for (const event of events)
    stream.add(event.position, event.length, event.skipped, event.payload, event.time);
  expect(stream.waiting).toBe(false);
  return total;
}
