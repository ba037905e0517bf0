import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BLOCK_CONTENT_TYPE } from '@weft/model';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Sender } from './sender.ts';

interface Taken {
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** A server whose answers a test decides; everything it was sent, in order. */
class Receiver {
  readonly taken: Taken[] = [];
  answer: (request: Taken) => number | Promise<number> = () => 204;
  #server: Server | null = null;
  port = 0;

  async start(): Promise<this> {
    const server = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const url = new URL(request.url ?? '', 'http://any');
      const taken = { url, headers: request.headers, body: Buffer.concat(parts) };
      this.taken.push(taken);
      response.writeHead(await this.answer(taken)).end();
    });
    this.#server = server;
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }

  texts(): string[] {
    return this.taken.map(({ body }) => body.toString('latin1'));
  }
}

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function pair(token: string | null = null) {
  const receiver = await new Receiver().start();
  const sender = senderTo(receiver.port, token);
  cleanups.push(() => receiver.stop());
  return { receiver, sender };
}

function senderTo(
  port: number,
  token: string | null = null,
  left: (block: Uint8Array | null) => void = () => {},
): Sender {
  const sender = new Sender({
    serverUrl: `http://127.0.0.1:${port}`,
    token,
    agentId: 'agent 1',
    host: 'höst',
    left,
  });
  cleanups.unshift(() => sender.stop());
  return sender;
}

const block = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
const until = (condition: () => void) => vi.waitFor(condition, { timeout: 10_000, interval: 10 });

describe('what is sent', () => {
  test('a block as it is, with who sends it and until when all is there', async () => {
    const { receiver, sender } = await pair('secret');
    sender.push(block('columns'), 3, '1700000000000000000');
    await until(() => expect(sender.idle).toBe(true));
    const [{ url, headers, body }] = receiver.taken as [Taken];
    expect(url.pathname).toBe('/api/v1/ingest');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      agent: 'agent 1',
      host: 'höst',
      settled: '1700000000000000000',
    });
    expect(headers).toMatchObject({ 'content-type': BLOCK_CONTENT_TYPE, authorization: 'Bearer secret' });
    // On the same host compression only costs.
    expect(headers['content-encoding']).toBeUndefined();
    expect(body.toString()).toBe('columns');
    expect(sender.droppedRows).toBe(0);
  });

  test('without a token no header speaks of one', async () => {
    const { receiver, sender } = await pair();
    sender.push(block('x'), 1, '1');
    await until(() => expect(receiver.taken).toHaveLength(1));
    expect(receiver.taken[0]!.headers.authorization).toBeUndefined();
  });

  test('reports about the agent', async () => {
    const { receiver, sender } = await pair('secret');
    expect(await sender.report({ agentId: 'agent 1' })).toBe(true);
    expect(receiver.taken[0]!.url.pathname).toBe('/api/v1/report');
    expect(JSON.parse(receiver.taken[0]!.body.toString())).toEqual({ agentId: 'agent 1' });
    receiver.answer = () => 401;
    expect(await sender.report({})).toBe(false);
    await receiver.stop();
    expect(await sender.report({})).toBe(false);
  });
});

describe('when it is not taken', () => {
  test('a server that is away gets everything once it is back, in order', async () => {
    const { receiver, sender } = await pair();
    await receiver.stop();
    for (const text of ['1', '2', '3']) sender.push(block(text), 1, text);
    expect(sender.idle).toBe(false);
    await receiver.start();
    await until(() => expect(sender.idle).toBe(true));
    expect(receiver.texts()).toEqual(['1', '2', '3']);
    expect([sender.droppedRows, sender.queuedBytes]).toEqual([0, 0]);
    // It stays usable afterwards.
    sender.push(block('4'), 1, '4');
    await until(() => expect(receiver.texts()).toEqual(['1', '2', '3', '4']));
  });

  test.each([401, 429, 500, 503])('%i is tried again, and nothing overtakes', async (status) => {
    const { receiver, sender } = await pair();
    let refusals = 2;
    receiver.answer = () => (refusals-- > 0 ? status : 200);
    sender.push(block('first'), 1, '1');
    sender.push(block('second'), 1, '2');
    await until(() => expect(sender.idle).toBe(true));
    expect(receiver.texts()).toEqual(['first', 'first', 'first', 'second']);
    expect(sender.droppedRows).toBe(0);
  });

  test.each([400, 413, 415])(
    '%i is refused: not tried again, its rows counted, the next one sent',
    async (status) => {
      const { receiver, sender } = await pair();
      receiver.answer = ({ body }) => (body.toString() === 'bad' ? status : 200);
      sender.push(block('bad'), 7, '1');
      sender.push(block('good'), 1, '2');
      await until(() => expect(sender.idle).toBe(true));
      expect(receiver.texts()).toEqual(['bad', 'good']);
      expect(sender.droppedRows).toBe(7);
    },
  );

  test('an answer that breaks off is no answer', async () => {
    const { receiver, sender } = await pair();
    receiver.answer = async () => {
      if (receiver.taken.length > 1) return 200;
      await receiver.stop();
      return 200;
    };
    sender.push(block('x'), 1, '1');
    await until(() => expect(receiver.taken).toHaveLength(1));
    await receiver.stop();
    await receiver.start();
    await until(() => expect(sender.idle).toBe(true));
    expect(receiver.texts()).toEqual(['x', 'x']);
  });
});

describe('bounds', () => {
  const MEBIBYTE = 1024 * 1024;

  test('past 32 MiB the oldest that is not on its way is dropped and counted', async () => {
    const { receiver, sender } = await pair();
    await receiver.stop();
    const sizeOf = (index: number) => {
      const bytes = new Uint8Array(MEBIBYTE);
      bytes[0] = index;
      return bytes;
    };
    for (let i = 0; i < 40; i++) sender.push(sizeOf(i), 10, `${i}`);
    expect(sender.queuedBytes).toBe(32 * MEBIBYTE);
    expect(sender.droppedRows).toBe(80);
    await receiver.start();
    await until(() => expect(sender.idle).toBe(true));
    const kept = receiver.taken.map(({ body }) => body[0]);
    expect(kept).toEqual([0, ...Array.from({ length: 31 }, (_, i) => i + 9)]);
  }, 20_000);

  test('one block larger than the queue is sent all the same', async () => {
    const { receiver, sender } = await pair();
    sender.push(new Uint8Array(33 * MEBIBYTE), 10, '1');
    await until(() => expect(sender.idle).toBe(true));
    expect(receiver.taken[0]!.body.length).toBe(33 * MEBIBYTE);
    expect(sender.droppedRows).toBe(0);
  }, 20_000);
});

describe('stop', () => {
  test('delivers what is queued', async () => {
    const { receiver, sender } = await pair();
    for (const text of ['1', '2', '3']) sender.push(block(text), 1, text);
    await sender.stop();
    expect(receiver.texts()).toEqual(['1', '2', '3']);
  });

  test('gives up at once, and counts, when the server is away', async () => {
    const { receiver, sender } = await pair();
    await receiver.stop();
    sender.push(block('1'), 2, '1');
    sender.push(block('2'), 3, '2');
    await sender.stop();
    expect([sender.droppedRows, sender.idle, sender.queuedBytes]).toEqual([5, true, 0]);
  });

  test('does not wait out the delay before the next try', async () => {
    const { receiver, sender } = await pair();
    receiver.answer = () => 503;
    sender.push(block('1'), 1, '1');
    // By then the delay is a second and more.
    await until(() => expect(receiver.taken.length).toBeGreaterThanOrEqual(4));
    receiver.answer = () => 200;
    const begun = performance.now();
    await sender.stop();
    expect(performance.now() - begun).toBeLessThan(500);
    expect(sender.droppedRows).toBe(0);
  });
});

test('gives a block back once the server has it, and never one that it refused', async () => {
  const receiver = await new Receiver().start();
  cleanups.push(() => receiver.stop());
  const left: (string | null)[] = [];
  const sender = senderTo(receiver.port, null, (bytes) =>
    left.push(bytes === null ? null : Buffer.from(bytes).toString('latin1')),
  );
  receiver.answer = ({ body }) => (body.toString() === 'bad' ? 400 : 204);
  for (const text of ['one', 'bad', 'two']) sender.push(block(text), 1, '1');
  await until(() => expect(left).toEqual(['one', null, 'two']));
});
