import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  createServer as createHttp2Server,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, connect as connectTcp, createServer, type Server } from 'node:net';
import { type Side, TO_CLIENT, TO_SERVER } from '@weft/protocols';

/** One read of a recorded connection. */
export interface Read {
  readonly side: Side;
  readonly bytes: Uint8Array;
}

const BROWSER =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36';
const AT_ONCE = 50;
const WINDOW = 8 << 20;

async function port(server: Server | ReturnType<typeof createHttp2Server>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A length-prefixed message of gRPC. */
function message(size: number): Buffer {
  const bytes = Buffer.alloc(5 + size, 'x');
  bytes[0] = 0;
  bytes.writeUInt32BE(size, 1);
  return bytes;
}

/** Echoes gRPC messages with a status behind them, and answers the rest with some JSON. */
function answer(stream: ServerHttp2Stream, type: string | undefined): void {
  stream.on('error', () => {});
  if (type !== 'application/grpc') {
    stream.respond({
      ':status': 200,
      'content-type': 'application/json',
      'cache-control': 'no-store',
      date: new Date().toUTCString(),
    });
    stream.end('{"id":7,"state":"shipped"}');
    return;
  }
  stream.respond({ ':status': 200, 'content-type': type }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.pipe(stream);
}

/** What a real client and a real server (Node's) say on one connection, in the order in which it passed. */
async function recorded(talk: (session: ClientHttp2Session) => Promise<void>): Promise<readonly Read[]> {
  const reads: Read[] = [];
  const server = createHttp2Server({ settings: { initialWindowSize: WINDOW } });
  server.on('stream', (stream, headers) => answer(stream, headers['content-type']));
  const upstream = await port(server);
  const tap = createServer((socket) => {
    const other = connectTcp(upstream, '127.0.0.1');
    for (const [from, to, side] of [
      [socket, other, TO_SERVER],
      [other, socket, TO_CLIENT],
    ] as const) {
      from.on('data', (bytes: Buffer) => {
        reads.push({ side, bytes: new Uint8Array(bytes) });
        to.write(bytes);
      });
      from.on('error', () => {});
      from.on('close', () => to.destroy());
    }
  });
  const session = connect(`http://127.0.0.1:${await port(tap)}`, { settings: { initialWindowSize: WINDOW } });
  try {
    await talk(session);
  } finally {
    session.destroy();
    tap.close();
    server.close();
  }
  return reads;
}

/** So many at a time, one batch after the other. */
async function inBatches(count: number, one: (i: number) => Promise<void>): Promise<void> {
  for (let i = 0; i < count; i += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - i) }, (_, k) => one(i + k)));
  }
}

/** Requests as a browser's, each with another path, trace and user, and unary calls between them; all are answered. */
export function recordRequests(count: number): Promise<readonly Read[]> {
  return recorded((session) =>
    inBatches(count, async (i) => {
      const isCall = i % 4 === 3;
      const stream = session.request(
        isCall
          ? {
              ':method': 'POST',
              ':path': '/shop.Cart/Add',
              'content-type': 'application/grpc',
              te: 'trailers',
              'user-agent': 'grpc-go/1.85.0',
              traceparent: `00-${i.toString(16).padStart(32, 'b')}-b7ad6b7169203331-01`,
            }
          : {
              ':path': `/orders/${i}/items?page=${i % 7}`,
              'user-agent': BROWSER,
              accept: 'application/json',
              'accept-encoding': 'gzip, deflate, br',
              cookie: `session=${i % 100}`,
              traceparent: `00-${i.toString(16).padStart(32, 'a')}-b7ad6b7169203331-01`,
            },
      );
      stream.end(isCall ? message(40) : undefined);
      stream.resume();
      await once(stream, 'end');
    }),
  );
}

/** Calls that stream messages of 20 to 400 bytes both ways, several at a time. */
export function recordStreams(calls: number, messages: number): Promise<readonly Read[]> {
  return recorded((session) =>
    inBatches(calls, async (i) => {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/shop.Cart/Watch',
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      stream.resume();
      for (let k = 0; k < messages; k++) stream.write(message(20 + ((i * 37 + k * 101) % 380)));
      stream.end();
      await once(stream, 'end');
    }),
  );
}
