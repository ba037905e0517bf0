import { dns } from './dns/index.ts';
import { dubbo } from './dubbo/index.ts';
import { fastcgi } from './fastcgi/index.ts';
import { http1 } from './http1/index.ts';
import { http2 } from './http2/index.ts';
import { mysql } from './mysql/index.ts';
import { opaque } from './opaque/index.ts';
import { postgresql } from './postgresql/index.ts';
import {
  type Message,
  type MessageSink,
  type Protocol,
  type Side,
  TO_CLIENT,
  TO_SERVER,
} from './protocol.ts';
import { redis } from './redis/index.ts';
import { detectProtocol } from './registry.ts';
import * as dubboWire from './testing/dubbo.ts';
import * as fastcgiWire from './testing/fastcgi.ts';
import { client, server } from './testing/postgresql.ts';
import { tls } from './tls/index.ts';

/** How much of what is fuzzed is taken for what it is meant to be. */
export interface FuzzShare {
  inputs: number;
  detected: number;
}

/** What a run found. Each failure names the protocol, the seed that repeats it and what went wrong. */
export interface FuzzResult {
  readonly inputs: number;
  /** Of each protocol: how many inputs its parser was given, and how many of these detection took for it. */
  readonly shares: ReadonlyMap<string, FuzzShare>;
  readonly failures: readonly string[];
}

/** Well-formed messages that mutation starts from, what a connection begins with first: to the server, to the client. */
export const SEEDS: readonly (readonly [Protocol, readonly string[], readonly string[]])[] = [
  [
    http1,
    [
      'GET /a/7?x=1 HTTP/1.1\r\nHost: h:80\r\nUser-Agent: u\r\n\r\n',
      'POST /b HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello',
      'PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: v\r\n\r\n',
      'HEAD / HTTP/1.0\r\n\r\n',
      'CONNECT h:443 HTTP/1.1\r\n\r\n',
      'GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      'OPTIONS * HTTP/1.1\r\nb3: 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1\r\n\r\n',
    ],
    [
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nworld',
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n',
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n',
      'HTTP/1.1 101 Switching Protocols\r\n\r\n',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05hello\x02\x7e\0\x01a\x80\0',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x01\x01\x05\0\0\0\x01\x88',
      'HTTP/1.0 500 No\r\n\r\nuntil the end',
    ],
  ],
  [
    http2,
    [
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0',
      '\0\0\x0a\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01h\x40\x01a\0',
      '\0\0\x16\x01\x04\0\0\0\x03\x83\x86\x44\x06/a.B/C\x5f\x0aapplication',
      '\0\0\x06\0\x01\0\0\0\x03\0\0\0\0\x01x',
      '\0\0\x02\x09\x04\0\0\0\x01\xbe\xbf',
      '\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08',
      '\0\0\x04\x08\0\0\0\0\0\0\0\x40\0',
    ],
    [
      '\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64',
      '\0\0\x01\x01\x04\0\0\0\x01\x88',
      '\0\0\x05\x01\x25\0\0\0\x01\0\0\0\0\x10\x8d',
      '\0\0\x06\0\x08\0\0\0\x01\x02abc\0\0',
      '\0\0\x0b\x05\x04\0\0\0\x01\0\0\0\x02\x82\x86\x84\x41\x02hh',
      '\0\0\x08\x07\0\0\0\0\0\0\0\0\x01\0\0\0\0',
      '\0\0\x0f\x01\x05\0\0\0\x03\x40\x0bgrpc-status\x010',
    ],
  ],
  [
    redis,
    [
      '*1\r\n$4\r\nPING\r\n',
      '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n',
      '*3\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n$1\r\nb\r\n',
      '*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$4\r\nSKIP\r\n',
      '*1\r\n$7\r\nMONITOR\r\n',
      '*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n',
      'GET key\r\n',
    ],
    [
      '+OK\r\n',
      '-WRONGTYPE no\r\n',
      ':42\r\n',
      '$5\r\nhello\r\n',
      '$-1\r\n',
      '*2\r\n$1\r\na\r\n*1\r\n:1\r\n',
      '*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n',
      '>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n',
      '%1\r\n+a\r\n,1.5\r\n',
      '|1\r\n+a\r\n:1\r\n#t\r\n',
      '=7\r\ntxt:abc\r\n',
      '!5\r\nERR x\r\n',
      '_\r\n',
      '~1\r\n(123\r\n',
      '*?\r\n$?\r\n;1\r\na\r\n;0\r\n.\r\n',
    ],
  ],
  [
    dns,
    [
      '\x00\x1d\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01',
      '\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x1c\x00\x01',
    ],
    [
      '\x00\x23\x00\x01\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04abcd',
      '\x00\x0c\x00\x01\x81\x83\x00\x00\x00\x00\x00\x00\x00\x00',
    ],
  ],
  [
    mysql,
    [
      '\x0f\x00\x00\x00\x03SELECT c FROM t',
      '\x0b\x00\x00\x00\x16DELETE ?;x',
      '\x0a\x00\x00\x00\x17\x07\x00\x00\x00\x00\x01\x00\x00\x00',
      '\x05\x00\x00\x00\x19\x07\x00\x00\x00',
      '\x05\x00\x00\x00\x02shop',
      '\x01\x00\x00\x00\x0e',
      '\x01\x00\x00\x00\x01',
      `\x2a\x00\x00\x01\x85\xa2\xbf\x09\x00\x00\x00\x01\x21${'\x00'.repeat(23)}root\x00\x00shop\x00`,
      `\x20\x00\x00\x01\x05\xaa\x9f\x09\x00\x00\x00\x01\x21${'\x00'.repeat(23)}`,
      '\x09\x00\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x00',
      '\x05\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0e',
    ],
    [
      `\x39\x00\x00\x00\x0a11.4.2-MariaDB\x00\x01\x00\x00\x00saltsalt\x00${'\x00'.repeat(28)}`,
      '\x07\x00\x00\x01\x00\x01\x00\x02\x00\x00\x00',
      '\x0f\x00\x00\x01\xff\x19\x04#42000No such',
      '\x01\x00\x00\x01\x01\x08\x00\x00\x02\x03def\x00\x00\x00\x00\x05\x00\x00\x03\xfe\x00\x00\x02\x00\x02\x00\x00\x04\x01x\x05\x00\x00\x05\xfe\x00\x00\x02\x00',
      '\x0c\x00\x00\x01\x00\x07\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x08\x00\x00\x02\x03def\x00\x00\x00\x00\x05\x00\x00\x03\xfe\x00\x00\x02\x00',
      '\x02\x00\x00\x01\xfbf',
      '\x12\x00\x00\x01\x14\x00\x00\x78\x9c\x63\x64\x60\x60\x64\x64\x00\x00\x00\x1f\x00\x07',
    ],
  ],
  [
    postgresql,
    [
      client.startup({ user: 'a', database: 'b' }),
      client.sslRequest,
      client.cancel,
      client.query("SELECT 'a' FROM b -- c"),
      client.parse('INSERT INTO a VALUES ($1)', 's') + client.describeStatement('s') + client.flush,
      client.bind(['value'], 's') + client.execute() + client.sync,
      client.copyData('row') + client.copyDone + client.sync,
      client.closeStatement('s') + client.functionCall + client.terminate,
    ],
    [
      server.authOk +
        server.parameter('standard_conforming_strings', 'off') +
        server.backendKey +
        server.ready(),
      'N',
      server.columns('a', 'b') + server.row('1', '2') + server.complete('SELECT 1') + server.ready('T'),
      server.error('42601') + server.ready('E'),
      server.parseComplete + server.bindComplete + server.row('1') + server.suspended + server.ready(),
      server.parameters + server.noData + server.closeComplete + server.emptyQuery,
      server.copyIn + server.copyOut + server.copyData('row') + server.copyDone,
      server.notice + server.notification('a', 'b') + server.functionResult,
    ],
  ],
  [
    fastcgi,
    [
      fastcgiWire.get(1, '/a?b=c', {
        HTTP_TRACEPARENT: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      }),
      fastcgiWire.begin(2, { role: 2 }) + fastcgiWire.stream(4, 2, fastcgiWire.pairs({ SCRIPT_NAME: '/x' })),
      fastcgiWire.stdin(1, 'body'),
      fastcgiWire.abort(1),
      fastcgiWire.getValues,
      fastcgiWire.record(8, 1, 'data'),
    ],
    [
      fastcgiWire.page(1),
      fastcgiWire.stdout(2, 'Status: 404 No', '\r\n\r\nbody'),
      fastcgiWire.stderr(1, 'PHP Warning'),
      fastcgiWire.end(2, 3, 2),
      fastcgiWire.values,
      fastcgiWire.record(11, 0, '\x4d\0\0\0\0\0\0\0'),
    ],
  ],
  [
    dubbo,
    [
      dubboWire.request(1, dubboWire.call('add', 'Ljava/lang/String;', dubboWire.text('a'), { b3: '0' })),
      dubboWire.request(
        2,
        dubboWire.call('all', '[IJ', `V${dubboWire.text('[int')}\x92\x90\x91L\0\0\0\0\0\0\0\x01`),
      ),
      dubboWire.request(
        3,
        dubboWire.call('put', 'La/B;', `C${dubboWire.text('a.B')}\x91${dubboWire.text('f')}\x60H\x91NZ`),
      ),
      dubboWire.request(4, dubboWire.jsonbCall('add', { traceparent: 'x' }), 23),
      dubboWire.request(5, `"2.0.2"\n"a.B"\n"0"\n"c"\n""\n{"sw8":""}\n`, 6),
      dubboWire.request(6, ['2.0.2', 'a.B', '0.0', 'cd', 'II'].map(dubboWire.kryo).join(''), 8),
      dubboWire.request(7, '\xac\xed\0\x05w\x0c\0\x052.0.2\0\x03a.B', 7),
      dubboWire.heartbeat(8) + dubboWire.oneWay(9, dubboWire.call('log', '', '')),
    ],
    [
      dubboWire.response(1, dubboWire.value('\x91')),
      dubboWire.response(2, dubboWire.thrown('a.B')),
      dubboWire.response(3, dubboWire.text('no'), 100),
      dubboWire.response(4, dubboWire.jsonbThrown('a.B'), 20, 23),
      dubboWire.heartbeatAnswer(8) + dubboWire.readOnly(1),
    ],
  ],
  [
    tls,
    [
      '\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03',
      '\x17\x03\x03\x00\x05hello',
      '\x15\x03\x03\x00\x02\x02\x28',
    ],
    [
      '\x16\x03\x03\x00\x2c\x02\x00\x00\x28\x03\x03',
      '\x16\x03\x03\x00\x0c\x0b\x00\x00\x08\x00\x00\x05\x00\x00\x02\x30\x00',
      '\x14\x03\x03\x00\x01\x01',
      '\x17\x03\x03\x00\x05world',
    ],
  ],
  [opaque, ['\x00\x01ask'], ['\x02answer']],
];

const ROLES: readonly (Side | null)[] = [null, TO_SERVER, TO_CLIENT];

/** xorshift32: the same seed gives the same inputs. */
export function createRandom(seed: number): (below: number) => number {
  let state = seed | 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Checks what every parser promises whatever the bytes. */
class Checker implements MessageSink {
  failure = '';
  private readonly open = new Set<Message>();

  message(message: Message): void {
    if (this.open.has(message)) this.failure ||= 'message reported twice';
    if (!(message.start >= 0)) this.failure ||= `start is ${message.start}`;
    if (message.name.length > 512) this.failure ||= 'name too long';
    this.open.add(message);
  }

  end(message: Message, position: number, _extra: unknown, name = ''): void {
    if (name.length > 512) this.failure ||= 'name too long';
    if (!this.open.delete(message)) this.failure ||= 'end without its message, or a second one';
    if (!(position >= message.start))
      this.failure ||= `ends at ${position}, before its start ${message.start}`;
  }

  malformed(_side: Side, cause: string): void {
    if (cause.length === 0 || cause.length > 32) this.failure ||= `cause is no short word: ${cause}`;
  }

  /** After both sides have finished nothing may be open. */
  settle(): string {
    if (this.open.size > 0) this.failure ||= `${this.open.size} messages never ended`;
    return this.failure;
  }
}

function randomBytes(random: (below: number) => number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = random(256);
  return bytes;
}

/** Some messages one after the other, with some bytes changed, removed or put in. */
function mutated(random: (below: number) => number, texts: readonly string[]): Uint8Array {
  // Mostly as connections begin, so that most inputs get past detection.
  let text = random(4) === 0 ? '' : texts[0]!;
  const messages = 1 + random(6);
  for (let i = 0; i < messages; i++) text += texts[random(texts.length)]!;
  const codes = Array.from(text, (char) => char.charCodeAt(0));
  const changes = random(5);
  for (let i = 0; i < changes && codes.length > 0; i++) {
    const at = random(codes.length);
    const kind = random(4);
    if (kind === 0) codes[at] = random(256);
    else if (kind === 1) codes.splice(at, 1 + random(8));
    else if (kind === 2)
      codes.splice(
        at,
        0,
        ...'0123456789\r\n:*$'
          .slice(random(14))
          .split('')
          .map((c) => c.charCodeAt(0)),
      );
    else codes.splice(at, 0, codes[random(codes.length)]!);
  }
  return Uint8Array.from(codes);
}

/**
 * Feeds one random conversation, cut into reads at random, with gaps, to one parser.
 * @param shares counts it, if given
 * @returns what went wrong, '' if nothing
 */
export function fuzzOnce(seed: number, shares: Map<string, FuzzShare> | null = null): string {
  const random = createRandom(seed);
  const [protocol, requests, responses] = SEEDS[random(SEEDS.length)]!;
  const checker = new Checker();
  const isNoise = random(16) === 0;
  const streams = [requests, responses].map((texts) =>
    isNoise ? randomBytes(random, random(400)) : mutated(random, texts),
  );
  if (shares !== null) countShare(shares, protocol, streams);
  const origin = random(2) * 4_294_967_000;
  const at = [0, 0];
  try {
    const parser = protocol.createParser(checker, { mask: random(2) === 0, datagrams: random(4) === 0 });
    while (at[0]! < streams[0]!.length || at[1]! < streams[1]!.length) {
      const side: Side = random(2) === 0 ? TO_SERVER : TO_CLIENT;
      const stream = streams[side]!;
      const from = at[side]!;
      if (from >= stream.length) continue;
      const to = Math.min(stream.length, from + 1 + random(random(3) === 0 ? 4 : 120));
      if (random(24) === 0) parser.gap(side, origin + from, to - from);
      else {
        const bytes = stream.subarray(from, to);
        detectProtocol(bytes, ROLES[random(3)]!);
        parser.feed(side, bytes, origin + from);
      }
      at[side] = to;
      const needed = parser.neededFrom(side);
      if (!(needed >= origin + to))
        return `${protocol.name} seed ${seed}: needs bytes from ${needed} at ${origin + to}`;
    }
    parser.finish(TO_SERVER, origin + streams[0]!.length);
    parser.finish(TO_CLIENT, origin + streams[1]!.length);
  } catch (error) {
    return `${protocol.name} seed ${seed}: threw ${String(error)}`;
  }
  const failure = checker.settle();
  return failure === '' ? '' : `${protocol.name} seed ${seed}: ${failure}`;
}

function countShare(
  shares: Map<string, FuzzShare>,
  protocol: Protocol,
  streams: readonly Uint8Array[],
): void {
  let share = shares.get(protocol.name);
  if (share === undefined) {
    share = { inputs: 0, detected: 0 };
    shares.set(protocol.name, share);
  }
  share.inputs++;
  // What nothing recognises is opaque's.
  const names = streams.map((bytes, side) => detectProtocol(bytes, side as Side)?.protocol.name ?? 'opaque');
  if (names.includes(protocol.name)) share.detected++;
}

const MOST_FAILURES = 20;

/**
 * Fuzzes all parsers and detection.
 * @param seconds how long
 * @param seed of the first input; the n-th input has seed + n
 * @param least so many inputs, however long they take
 */
export function fuzzAll(seconds: number, seed: number = Date.now() % 1_000_000_007, least = 0): FuzzResult {
  const until = Date.now() + seconds * 1000;
  const shares = new Map<string, FuzzShare>();
  const failures: string[] = [];
  let inputs = 0;
  do {
    for (let i = 0; i < 500; i++) {
      const begun = Date.now();
      const failure = fuzzOnce(seed + inputs++, shares);
      if (failure !== '') failures.push(failure);
      if (Date.now() - begun > 2000)
        failures.push(`seed ${seed + inputs - 1}: took ${Date.now() - begun} ms`);
      if (failures.length >= MOST_FAILURES) return { inputs, shares, failures };
    }
  } while (Date.now() < until || inputs < least);
  return { inputs, shares, failures };
}
