import { http1 } from './http1/index.ts';
import { opaque } from './opaque/index.ts';
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
import { tls } from './tls/index.ts';

/** What a run found. Each failure names the protocol, the seed that repeats it and what went wrong. */
export interface FuzzResult {
  readonly inputs: number;
  readonly failures: readonly string[];
}

/** Well-formed beginnings that mutation starts from: to the server, to the client. */
const SEEDS: readonly (readonly [Protocol, readonly string[], readonly string[]])[] = [
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
      'HTTP/1.0 500 No\r\n\r\nuntil the end',
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
function createRandom(seed: number): (below: number) => number {
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

  end(message: Message, position: number): void {
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
  let text = '';
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
 * @returns what went wrong, '' if nothing
 */
export function fuzzOnce(seed: number): string {
  const random = createRandom(seed);
  const [protocol, requests, responses] = SEEDS[random(SEEDS.length)]!;
  const checker = new Checker();
  const isNoise = random(4) === 0;
  const streams = [requests, responses].map((texts) =>
    isNoise ? randomBytes(random, random(400)) : mutated(random, texts),
  );
  const origin = random(2) * 4_294_967_000;
  const at = [0, 0];
  try {
    const parser = protocol.createParser(checker, { mask: random(2) === 0 });
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

const MOST_FAILURES = 20;

/**
 * Fuzzes all parsers and detection.
 * @param seconds how long
 * @param seed of the first input; the n-th input has seed + n
 */
export function fuzzAll(seconds: number, seed: number = Date.now() % 1_000_000_007): FuzzResult {
  const until = Date.now() + seconds * 1000;
  const failures: string[] = [];
  let inputs = 0;
  do {
    for (let i = 0; i < 500; i++) {
      const begun = Date.now();
      const failure = fuzzOnce(seed + inputs++);
      if (failure !== '') failures.push(failure);
      if (Date.now() - begun > 2000)
        failures.push(`seed ${seed + inputs - 1}: took ${Date.now() - begun} ms`);
      if (failures.length >= MOST_FAILURES) return { inputs, failures };
    }
  } while (Date.now() < until);
  return { inputs, failures };
}
