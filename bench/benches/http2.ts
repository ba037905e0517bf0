import { once } from 'node:events';
import { connect } from 'node:http2';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { http2, type MessageSink, TO_CLIENT, TO_SERVER } from '@weft/protocols';
import type { Bench, BenchContext } from '../bench.ts';
import { fixed, median, span } from '../stats.ts';

const BLOCKS = 20_000;
const MESSAGES = 200_000;
const READ_BYTES = 65_536;
const BARS = { blocks: 100_000, messages: 200_000 };
const BROWSER =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36';

/** A server's SETTINGS with the largest initial window, and the same for the connection: nobody has to wait. */
const OPEN_WINDOWS = Buffer.from(
  '0000060400000000000004' + '7fffffff' + '000004080000000000' + '7fff0000',
  'hex',
);

/** What Node's HTTP/2 client sends while `talk` uses it. */
async function sentBy(talk: (client: ReturnType<typeof connect>) => Promise<void>): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  const server = createServer((socket: Socket) => {
    socket.write(OPEN_WINDOWS);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  client.on('error', () => {});
  try {
    await once(client, 'remoteSettings');
    await talk(client);
  } finally {
    client.destroy();
    server.close();
  }
  await once(server, 'close');
  return Buffer.concat(chunks);
}

/** Requests as a browser's, each with another path, trace and user. */
async function requests(count: number): Promise<Uint8Array> {
  return sentBy(async (client) => {
    for (let i = 0; i < count; i++) {
      const stream = client.request({
        ':path': `/orders/${i}/items?page=${i % 7}`,
        'user-agent': BROWSER,
        accept: 'application/json',
        'accept-encoding': 'gzip, deflate, br',
        cookie: `session=${i % 100}`,
        traceparent: `00-${i.toString(16).padStart(32, 'a')}-b7ad6b7169203331-01`,
      });
      stream.on('error', () => {});
      // It is complete when it has been handed to the socket: nobody answers.
      if (i % 100 === 99) await new Promise((resolve) => setImmediate(resolve));
    }
    await drained(client);
  });
}

/** One call that streams messages of 40 bytes. */
async function stream(count: number): Promise<Uint8Array> {
  const message = Buffer.concat([Buffer.from([0, 0, 0, 0, 40]), Buffer.alloc(40, 'x')]);
  return sentBy(async (client) => {
    const call = client.request({
      ':method': 'POST',
      ':path': '/shop.Cart/Watch',
      'content-type': 'application/grpc',
    });
    call.on('error', () => {});
    for (let i = 0; i < count; i++) if (!call.write(message)) await once(call, 'drain');
    await drained(client);
  });
}

/** A ping is sent after everything else. */
async function drained(client: ReturnType<typeof connect>): Promise<void> {
  client.ping(() => {});
  while ((client.state.outboundQueueSize ?? 0) > 0) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setTimeout(resolve, 200));
}

/** Seconds that the parser takes for these bytes. @throws Error unless it finds `expected` requests and no error */
function timed(bytes: Uint8Array, expected: number): number {
  let found = 0;
  const sink: MessageSink = {
    message: ({ kind }) => {
      if (kind === 'request') found++;
    },
    end: () => {},
    malformed: (_side, cause) => {
      throw new Error(`The parser refuses what Node sends: ${cause}.`);
    },
  };
  const parser = http2.createParser(sink, { mask: true });
  const answer = Uint8Array.of(0, 0, 1, 1, 5, 0, 0, 0, 0, 0x88);
  let answered = 0;
  const begin = performance.now();
  for (let at = 0; at < bytes.length; at += READ_BYTES) {
    parser.feed(TO_SERVER, bytes.subarray(at, at + READ_BYTES), at);
    // All but the last one, which may be a call that goes on: `:status: 200`, END_STREAM.
    for (; answered < found - 1; answered++) {
      new DataView(answer.buffer).setUint32(5, 2 * answered + 1);
      parser.feed(TO_CLIENT, answer, answered * answer.length);
    }
  }
  const seconds = (performance.now() - begin) / 1000;
  if (found !== expected) throw new Error(`The parser found ${found} requests of ${expected}.`);
  return seconds;
}

function measure(context: BenchContext, bytes: Uint8Array, expected: number, units: number): number[] {
  const rates: number[] = [];
  const runs = context.quick ? 3 : 9;
  for (let run = 0; run < runs + 2; run++) {
    const rate = units / timed(bytes, expected);
    // The compiler has to see the code first.
    if (run >= 2) rates.push(rate);
  }
  return rates;
}

/** How fast the HTTP/2 parser reads what a real client sends. */
export const http2Rate: Bench = {
  name: 'http2',
  title: 'HTTP/2 and gRPC, the parser alone',
  async run(context) {
    const blocks = measure(context, await requests(BLOCKS), BLOCKS, BLOCKS);
    const messages = measure(context, await stream(MESSAGES), 1, MESSAGES);
    const bars = [
      { what: 'header blocks/s on one core', limit: BARS.blocks, rates: blocks },
      { what: 'streamed gRPC messages/s on one core', limit: BARS.messages, rates: messages },
    ];
    return {
      name: http2Rate.name,
      title: http2Rate.title,
      method: [
        "What Node's HTTP/2 client sends (Huffman coding, a dynamic table that is always full) is held in memory and read in pieces of 64 KiB, on one thread; each request is answered by a header block of its own, which is not counted.",
      ],
      tables: [
        {
          caption: 'Of the parser',
          head: ['', 'a second', 'runs', 'times the bar'],
          rows: bars.map(({ what, limit, rates }) => [
            ...[what, fixed(median(rates)), span(rates), fixed(median(rates) / limit, 1)],
          ]),
        },
      ],
      bars: bars.map(({ what, limit, rates }) => ({
        what,
        limit: `≥ ${fixed(limit)}`,
        value: fixed(median(rates)),
        met: median(rates) >= limit,
      })),
    };
  },
};
