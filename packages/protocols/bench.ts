/**
 * Messages a second of each parser alone, on one core. Bundle and run:
 * `npx esbuild packages/protocols/bench.ts --bundle --platform=node --format=esm | node --input-type=module`
 */
import { http1 } from './src/http1/index.ts';
import { opaque } from './src/opaque/index.ts';
import { postgresql } from './src/postgresql/index.ts';
import { type MessageSink, type Protocol, type Side, TO_CLIENT, TO_SERVER } from './src/protocol.ts';
import { redis } from './src/redis/index.ts';
import { client, server } from './src/testing/postgresql.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const ROUNDS = 5;
const PAIRS = 300_000;

interface Counter extends MessageSink {
  messages: number;
  ends: number;
  malformedCount: number;
}

function counter(): Counter {
  return {
    messages: 0,
    ends: 0,
    malformedCount: 0,
    message() {
      this.messages++;
    },
    end() {
      this.ends++;
    },
    malformed() {
      this.malformedCount++;
    },
  };
}

const browser =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36';
const requests = Array.from({ length: 1024 }, (_, i) =>
  encode(
    `GET /orders/${1000 + i}/items?page=${i} HTTP/1.1\r\nHost: orders.shop.svc:8080\r\nUser-Agent: ${browser}\r\nAccept: */*\r\n` +
      'Accept-Encoding: gzip, deflate, br\r\nConnection: keep-alive\r\nX-Request-Id: 0123456789abcdef\r\n' +
      `traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920${(1000 + i).toString(16).padStart(4, '0')}-01\r\n\r\n`,
  ),
);
const body = '{"id":7,"state":"shipped","items":[1,2,3]}';
const response = encode(
  'HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Thu, 28 May 2020 02:29:03 GMT\r\nContent-Type: application/json\r\n' +
    `Content-Length: ${body.length}\r\nConnection: keep-alive\r\nETag: "5ecf-2a"\r\nCache-Control: no-store\r\n\r\n${body}`,
);

const set = encode(
  `*5\r\n$3\r\nSET\r\n$12\r\nsession:1234\r\n$100\r\n${'v'.repeat(100)}\r\n$2\r\nEX\r\n$2\r\n60\r\n`,
);
const ok = encode('+OK\r\n');
const range = encode('*3\r\n$6\r\nLRANGE\r\n$6\r\nmylist\r\n$2\r\n-9\r\n');
const list = encode(`*20\r\n${'$10\r\nabcdefghij\r\n'.repeat(20)}`);

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const { columns, row, complete, ready, bindComplete } = server;
const queries = Array.from({ length: 1024 }, (_, i) =>
  latin1(
    client.query(
      'SELECT o.id, o.total, c.name FROM orders o JOIN customers c ON c.id = o.customer ' +
        `WHERE o.id = ${1000 + i} AND c.region IN ('a', 'b', 'c') ORDER BY o.id LIMIT 10`,
    ),
  ),
);
const rows = Array.from({ length: 20 }, (_, i) => row(String(i), 'a name')).join('');
const result = latin1(columns('id', 'name') + rows + complete('SELECT 20') + ready());
const run = latin1(client.bind(['4711'], '') + client.execute() + client.sync);
const parsed = latin1(
  client.parse('SELECT id, name FROM orders WHERE id = $1') +
    client.bind(['4711']) +
    client.execute() +
    client.sync,
);
const one = latin1(bindComplete + row('4711', 'a name') + complete('SELECT 1') + ready());

/** Request/response pairs through one parser. @param cut each message comes in two reads */
function converse(
  protocol: Protocol,
  requestOf: (i: number) => Uint8Array,
  answer: Uint8Array,
  cut: boolean,
): number {
  const sink = counter();
  const parser = protocol.createParser(sink, { mask: true });
  const at: [number, number] = [1, 1];
  const feed = (side: Side, bytes: Uint8Array): void => {
    const half = cut ? bytes.length >> 1 : bytes.length;
    parser.feed(side, bytes.subarray(0, half), at[side]);
    if (cut) parser.feed(side, bytes.subarray(half), at[side] + half);
    at[side] += bytes.length;
  };
  const begin = performance.now();
  for (let i = 0; i < PAIRS; i++) {
    feed(TO_SERVER, requestOf(i));
    feed(TO_CLIENT, answer);
  }
  const seconds = (performance.now() - begin) / 1000;
  if (sink.messages !== 2 * PAIRS || sink.malformedCount > 0) throw new Error('miscounted');
  return sink.messages / seconds;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}

function report(name: string, run: () => number): void {
  run();
  const rates = Array.from({ length: ROUNDS }, run);
  const rate = median(rates);
  const best = Math.max(...rates);
  console.log(
    `${name}: median ${Math.round(rate).toLocaleString('en')} messages/s (${(1e6 / rate).toFixed(2)} µs each), best ${Math.round(best).toLocaleString('en')}`,
  );
}

console.log(`http request ${requests[0]!.length} B, response ${response.length} B`);
const varied = (i: number): Uint8Array => requests[i & 1023]!;
report('http1, a message a read', () => converse(http1, varied, response, false));
report('http1, each message in two reads', () => converse(http1, varied, response, true));
report('redis, SET of 100 B', () => converse(redis, () => set, ok, false));
report('redis, LRANGE of 20', () => converse(redis, () => range, list, false));
report('postgresql, a query of 160 B with literals, 20 rows', () =>
  converse(postgresql, (i) => queries[i & 1023]!, result, false),
);
report('postgresql, a statement with placeholders, 1 row', () =>
  converse(postgresql, () => parsed, one, false),
);
report('postgresql, a prepared statement, 1 row', () => converse(postgresql, () => run, one, false));
report('opaque', () => converse(opaque, () => set, ok, false));
