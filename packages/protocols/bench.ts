/** `node --import tsx bench.ts` or through esbuild: messages a second of each parser alone, on one core. */
import { createHttp1Parser } from './src/http1/parser.ts';
import { type MessageSink, TO_CLIENT, TO_SERVER } from './src/protocol.ts';

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

function http(cut: boolean): number {
  const sink = counter();
  const parser = createHttp1Parser(sink, { mask: true });
  let toServer = 1;
  let toClient = 1;
  const feed = (side: 0 | 1, bytes: Uint8Array, position: number): void => {
    if (!cut) {
      parser.feed(side, bytes, position);
      return;
    }
    const half = bytes.length >> 1;
    parser.feed(side, bytes.subarray(0, half), position);
    parser.feed(side, bytes.subarray(half), position + half);
  };
  const begin = performance.now();
  for (let i = 0; i < PAIRS; i++) {
    const request = requests[i & 1023]!;
    feed(TO_SERVER, request, toServer);
    toServer += request.length;
    feed(TO_CLIENT, response, toClient);
    toClient += response.length;
  }
  const seconds = (performance.now() - begin) / 1000;
  if (sink.messages !== 2 * PAIRS || sink.ends !== 2 * PAIRS || sink.malformedCount > 0)
    throw new Error('miscounted');
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
report('http1, a message a read', () => http(false));
report('http1, each message in two reads', () => http(true));
