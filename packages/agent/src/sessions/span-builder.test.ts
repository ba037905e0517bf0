import type { SpanId } from '@weft/model';
import { type Message, type MessageKind, type Side, TO_CLIENT, TO_SERVER } from '@weft/protocols';
import { describe, expect, test } from 'vitest';
import type { ConnectionFacts } from '../streams/connection-facts.ts';
import { Exchange } from './exchange.ts';
import { buildSpan, exchangeKeyOf, keyIsFinal, spanIdOfExchange } from './span-builder.ts';

const CLIENT: ConnectionFacts = {
  cookie: 11,
  peerCookie: 22,
  transport: 'tcp',
  role: 'client',
  tgid: 1,
  localAddress: '10.0.0.1',
  localPort: 4_000,
  remoteAddress: '10.0.0.2',
  remotePort: 80,
};
const SERVER: ConnectionFacts = {
  ...CLIENT,
  cookie: 22,
  peerCookie: 11,
  role: 'server',
  tgid: 2,
  localAddress: '10.0.0.2',
  localPort: 80,
  remoteAddress: '10.0.0.1',
  remotePort: 4_000,
};
const OWNER = { service: 'shop', attributes: { 'process.pid': 1, 'container.id': 'c' } };

function message(side: Side, kind: MessageKind, more: Partial<Message> = {}): Message {
  return {
    side,
    kind,
    pairingId: null,
    start: side === TO_SERVER ? 1_000 : 5_000,
    name: kind === 'response' ? '' : 'GET /a',
    status: kind === 'response' ? 'ok' : 'unset',
    attributes: {},
    carried: null,
    ...more,
  };
}

function exchange(
  facts: ConnectionFacts,
  request: Partial<Message> = {},
  response: Partial<Message> | null = {},
) {
  const made = new Exchange(facts, message(TO_SERVER, 'request', request), 'http', 100, 5_000, true);
  if (response !== null) {
    made.response = message(TO_CLIENT, 'response', response);
    made.responseStart = made.response.start;
    made.end = 300;
  }
  made.open = false;
  return made;
}

test('an error that is told at the end of a response makes it one', () => {
  const failing = exchange(SERVER);
  failing.extra = { 'error.type': '1146' };
  expect(buildSpan(failing, OWNER)).toMatchObject({ status: 'error', attributes: { 'error.type': '1146' } });
  expect(buildSpan(exchange(SERVER), OWNER).status).toBe('ok');
});

describe('multiplexed', () => {
  test('without a response both ends agree, wherever each of them was in the other direction', () => {
    const at = (facts: ConnectionFacts, otherPosition: number) => {
      const request = message(TO_SERVER, 'request', { pairingId: 7 });
      const made = new Exchange(facts, request, 'http2', 100, otherPosition, false);
      made.open = false;
      return exchangeKeyOf(made);
    };
    expect(at(CLIENT, 5_000)).toBe(at(SERVER, 5_040));
  });

  test.each([
    [0, 'ok', 'ok'],
    [5, 'error', 'ok'],
    [13, 'error', 'error'],
    [1, 'error', 'ok'],
  ])('status %s of a gRPC call: at the client %s, at the server %s', (code, client, server) => {
    const attributes = { 'http.response.status_code': 200, 'rpc.grpc.status_code': code };
    expect(buildSpan(exchange(CLIENT, {}, { attributes }), OWNER).status).toBe(client);
    expect(buildSpan(exchange(SERVER, {}, { attributes }), OWNER).status).toBe(server);
  });

  test('a stream that was reset after its response had begun has failed', () => {
    const made = exchange(SERVER);
    made.extra = { 'error.type': 'CANCEL' };
    expect(buildSpan(made, OWNER).status).toBe('error');
  });
});

describe('identity', () => {
  test.each(['tcp', 'unix'] as const)(
    'both ends of a %s exchange compute the same ids alone',
    (transport) => {
      const client = buildSpan(exchange({ ...CLIENT, transport }), OWNER);
      const server = buildSpan(exchange({ ...SERVER, transport }), OWNER);
      expect(server.exchangeKey).toBe(client.exchangeKey);
      expect(server.parentSpanId).toBe(client.spanId);
      expect(server.spanId).not.toBe(client.spanId);
    },
  );

  test('without a response the place where it would have begun stands for it', () => {
    const [client, server] = [exchange(CLIENT, {}, null), exchange(SERVER, {}, null)];
    expect(buildSpan(server, OWNER).exchangeKey).toBe(buildSpan(client, OWNER).exchangeKey);
    expect(buildSpan(client, OWNER).exchangeKey).toBe(buildSpan(exchange(CLIENT), OWNER).exchangeKey);
  });

  test('UDP: the digest, whatever the client’s address is behind NAT', () => {
    const [client, server] = [
      exchange({ ...CLIENT, transport: 'udp' }),
      exchange({ ...SERVER, transport: 'udp', remotePort: 61_000, remoteAddress: '192.0.2.1' }),
    ];
    client.digest = 77;
    server.digest = 77;
    expect(buildSpan(server, OWNER).exchangeKey).toBe(buildSpan(client, OWNER).exchangeKey);
    const other = exchange({ ...CLIENT, transport: 'udp' });
    other.digest = 78;
    expect(buildSpan(other, OWNER).exchangeKey).not.toBe(buildSpan(client, OWNER).exchangeKey);
  });

  test('positions beyond 32 bits are the sequences on the wire', () => {
    const wrapped = exchange(CLIENT, { start: 1_000 + 2 ** 32 }, { start: 5_000 + 3 * 2 ** 32 });
    expect(buildSpan(wrapped, OWNER).exchangeKey).toBe(buildSpan(exchange(CLIENT), OWNER).exchangeKey);
  });

  test('requests on streams of one connection differ', () => {
    const keys = [0, 1, 3].map((pairingId) => buildSpan(exchange(CLIENT, { pairingId }), OWNER).exchangeKey);
    expect(new Set(keys).size).toBe(3);
  });

  test('one request at two interfaces: one exchange, two spans', () => {
    const wire = { ...SERVER, role: 'wire' as const, tgid: 0 };
    const [first, second] = [0, 1].map((interfaceIndex) =>
      buildSpan(exchange({ ...wire, interfaceIndex }), OWNER),
    );
    expect(first!.exchangeKey).toBe(second!.exchangeKey);
    expect(first!.spanId).not.toBe(second!.spanId);
    expect(first).toMatchObject({ observationPoint: 'node-interface', kind: 'server', parentSpanId: null });
  });

  test('a key is final when the response has begun, or nothing else can come before it', () => {
    const waiting = new Exchange(CLIENT, message(TO_SERVER, 'request'), 'http', 1, 5_000, false);
    expect(keyIsFinal(waiting)).toBe(false);
    const predicted = exchangeKeyOf(waiting);
    waiting.responseStart = 6_000;
    waiting.wireResponse = 6_000;
    expect(keyIsFinal(waiting)).toBe(true);
    expect(exchangeKeyOf(waiting)).not.toBe(predicted);
    expect(keyIsFinal(new Exchange(CLIENT, message(TO_SERVER, 'request'), 'http', 1, 5_000, true))).toBe(
      true,
    );
  });
});

describe('links', () => {
  const cause = (confidence: number) => ({
    request: exchange(SERVER, { start: 1_000 + Math.round(confidence * 1_000) }),
    evidence: [{ kind: 'unit' as const, key: 'thread 1', confidence }],
    confidence,
  });

  test('the strongest is the parent, the others are kept', () => {
    const call = exchange(CLIENT);
    call.causes = [cause(0.98), cause(0.7)];
    const span = buildSpan(call, OWNER);
    const ids = call.causes.map((one) => spanIdOfExchange(one.request));
    expect(span.parentSpanId).toBe(ids[0]);
    expect(span.links.map((link) => [link.spanId, link.chosen, link.confidence])).toEqual([
      [ids[0], true, 0.98],
      [ids[1], false, 0.7],
    ]);
  });

  test('below the threshold there is a candidate and no parent', () => {
    const call = exchange(CLIENT);
    call.causes = [cause(0.49)];
    const span = buildSpan(call, OWNER);
    expect(span.parentSpanId).toBeNull();
    expect(span.links).toMatchObject([{ chosen: false, confidence: 0.49 }]);
  });
});

describe('what it says', () => {
  test('attributes of process, request, response and ends; the socket’s addresses', () => {
    const one = exchange(
      CLIENT,
      { attributes: { 'url.path': '/a' } },
      { attributes: { 'http.response.status_code': 200 } },
    );
    one.extra = { 'http.response.body.size': 5 };
    const span = buildSpan(one, OWNER);
    expect(span).toMatchObject({ service: 'shop', name: 'GET /a', start: 100, duration: 200, status: 'ok' });
    expect(span.attributes).toEqual({
      'process.pid': 1,
      'container.id': 'c',
      'url.path': '/a',
      'http.response.status_code': 200,
      'http.response.body.size': 5,
      'network.protocol.name': 'http',
      'network.transport': 'tcp',
      'network.peer.address': '10.0.0.2',
      'network.peer.port': 80,
      'server.address': '10.0.0.2',
      'server.port': 80,
    });
  });

  test('the server that the request names itself wins over the socket’s', () => {
    const named = exchange(CLIENT, { attributes: { 'server.address': 'shop.example', 'server.port': 1 } });
    expect(buildSpan(named, OWNER).attributes).toMatchObject({
      'server.address': 'shop.example',
      'server.port': 80,
    });
    const served = buildSpan(exchange(SERVER), OWNER).attributes;
    expect(served).toMatchObject({ 'server.address': '10.0.0.2', 'network.peer.address': '10.0.0.1' });
  });

  test('spans of one connection share nothing that one of them could change', () => {
    const first = buildSpan(exchange(CLIENT, { attributes: { 'server.address': 'one' } }), OWNER).attributes;
    const second = buildSpan(exchange(CLIENT), OWNER).attributes;
    expect(first['server.address']).toBe('one');
    expect(second['server.address']).toBe('10.0.0.2');
    const renamed = buildSpan(exchange(CLIENT), {
      service: 'x',
      attributes: { 'process.pid': 9 },
    }).attributes;
    expect(renamed).toMatchObject({ 'process.pid': 9 });
    expect(renamed['container.id']).toBeUndefined();
  });

  test('a Unix socket has no addresses', () => {
    const { attributes } = buildSpan(exchange({ ...CLIENT, transport: 'unix' }), OWNER);
    expect(attributes['network.transport']).toBe('unix');
    expect(Object.keys(attributes).filter((name) => /^(?:server|network\.peer)/.test(name))).toEqual([]);
  });

  test.each([
    [200, 'ok', 'ok'],
    [404, 'error', 'ok'],
    [500, 'error', 'error'],
  ] as const)('status %i: at the client %s, at the server %s', (code, client, server) => {
    const response = {
      attributes: { 'http.response.status_code': code },
      status: code >= 500 ? 'error' : 'ok',
    } as const;
    expect(buildSpan(exchange(CLIENT, {}, response), OWNER).status).toBe(client);
    expect(buildSpan(exchange(SERVER, {}, response), OWNER).status).toBe(server);
  });

  test('without a response: unset, and marked', () => {
    const span = buildSpan(exchange(CLIENT, {}, null), OWNER);
    expect(span).toMatchObject({ status: 'unset', duration: 0 });
    expect(span.attributes['weft.incomplete']).toBe(true);
  });

  test.each([
    ['client', TO_SERVER, 'producer', 'client-process'],
    ['client', TO_CLIENT, 'consumer', 'server-process'],
    ['server', TO_CLIENT, 'producer', 'client-process'],
    ['server', TO_SERVER, 'consumer', 'server-process'],
  ] as const)('a one-way message at the %s, side %i: %s at %s', (role, side, kind, point) => {
    const facts = role === 'client' ? CLIENT : SERVER;
    const push = new Exchange(facts, message(side, 'one-way'), 'redis', 1, 5_000, true);
    push.open = false;
    const span = buildSpan(push, OWNER);
    expect(span).toMatchObject({ kind, observationPoint: point });
    expect(span.attributes['weft.incomplete']).toBeUndefined();
  });

  test('the trace id that the request carried; all zero is none', () => {
    const carrying = (traceId: string) =>
      buildSpan(exchange(CLIENT, { carried: { traceId, spanId: null as SpanId | null } }), OWNER)
        .carriedTraceId;
    expect(carrying('0af7651916cd43dd8448eb211c80319c')).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(carrying('0'.repeat(32))).toBeNull();
  });
});
