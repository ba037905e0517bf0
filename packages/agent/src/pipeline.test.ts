import { EVENT, KIND, ROLE, TRANSPORT } from '@weft/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { recordMemory } from './capture/socket-event.ts';
import { Pipeline } from './pipeline.ts';
import { eventRecord, type Unit, wakeRecord } from './testing/events.ts';
import { answer, get, Stage, type StageOptions, Story, ToldProcesses, type Wire } from './testing/story.ts';

const LOAD: Unit = { tgid: 1, tid: 1 };
const WEB: Unit = { tgid: 10, tid: 11 };
const STOCK: Unit = { tgid: 20, tid: 21 };
const MILLISECOND = 1e6;
const SECOND = 1e9;

/** A whole exchange over one connection, nothing in between. */
function exchange(wire: Wire, client: Unit, server: Unit, path: string, body = 'ok'): void {
  wire.clientSends(client, get(path)).serverReads(server);
  wire.serverSends(server, answer(body)).clientReads(client);
}

describe('one exchange seen at both ends', () => {
  test('both ends agree on the key, and the server knows the client’s span', () => {
    const stage = new Stage();
    const wire = stage.story.connection(80).connect(LOAD);
    exchange(wire, LOAD, WEB, '/orders/7');
    stage.end();
    const client = stage.span('GET /orders/{id}', 'client-process');
    const server = stage.span('GET /orders/{id}', 'server-process');
    expect(server.exchangeKey).toBe(client.exchangeKey);
    expect(server.parentSpanId).toBe(client.spanId);
    expect(client.parentSpanId).toBeNull();
    expect(client).toMatchObject({ kind: 'client', status: 'ok', service: 'service-1' });
    expect(server).toMatchObject({ kind: 'server', status: 'ok', service: 'service-10' });
    expect(client.attributes).toMatchObject({
      'http.request.method': 'GET',
      'url.path': '/orders/7',
      'http.response.status_code': 200,
      'network.protocol.name': 'http',
      'network.peer.address': '127.0.0.1',
      'network.peer.port': 80,
      'server.port': 80,
      'process.pid': 1,
    });
    expect(client.start).toBeLessThan(server.start);
    expect(client.start + client.duration).toBeGreaterThan(server.start + server.duration);
    expect(stage.pipeline.losses.all()).toEqual({});
  });

  test('requests of one keep-alive connection have keys of their own', () => {
    const stage = new Stage();
    const wire = stage.story.connection(80).connect(LOAD);
    for (const path of ['/a', '/b', '/c']) exchange(wire, LOAD, WEB, path);
    stage.end();
    expect(new Set(stage.spans.map((span) => span.exchangeKey)).size).toBe(3);
    for (const name of ['GET /a', 'GET /b', 'GET /c']) {
      expect(stage.span(name, 'server-process').parentSpanId).toBe(stage.span(name, 'client-process').spanId);
    }
  });

  test('sequences that wrap in the middle of a request', () => {
    const stage = new Stage();
    const wire = stage.story.connection(80, { sequences: [0xffff_fff0, 0xffff_ffff] }).connect(LOAD);
    exchange(wire, LOAD, WEB, '/a');
    exchange(wire, LOAD, WEB, '/b');
    stage.end();
    for (const name of ['GET /a', 'GET /b']) {
      expect(stage.span(name, 'server-process').parentSpanId).toBe(stage.span(name, 'client-process').spanId);
    }
  });

  test('the response of a large body comes in many reads: the span lasts until the last', () => {
    const stage = new Stage();
    const wire = stage.story.connection(80).connect(LOAD);
    wire
      .clientSends(LOAD, get('/a'))
      .serverReads(WEB)
      .serverSends(WEB, answer('x'.repeat(5_000)));
    for (let i = 0; i < 10; i++) {
      stage.story.wait(MILLISECOND);
      wire.clientReads(LOAD, 1_000);
    }
    stage.end();
    expect(stage.span('GET /a', 'client-process').duration).toBeGreaterThan(5 * MILLISECOND);
    expect(stage.span('GET /a', 'client-process').attributes['weft.incomplete']).toBeUndefined();
  });

  test('pipelined requests are answered in order, and both ends agree', () => {
    const stage = new Stage();
    const wire = stage.story.connection(80).connect(LOAD);
    wire
      .clientSends(LOAD, get('/a') + get('/b'))
      .clientSends(LOAD, get('/c'))
      .serverReads(WEB);
    wire
      .serverSends(WEB, answer('1'))
      .serverSends(WEB, answer('2') + answer('3'))
      .clientReads(LOAD);
    stage.end();
    expect(stage.spans).toHaveLength(6);
    for (const name of ['GET /a', 'GET /b', 'GET /c']) {
      expect(stage.span(name, 'server-process').parentSpanId).toBe(stage.span(name, 'client-process').spanId);
    }
  });

  test('an unanswered request is marked when its connection ends', () => {
    const stage = new Stage();
    const wire = stage.story.connection(80).connect(LOAD);
    wire.clientSends(LOAD, get('/a')).serverReads(WEB);
    stage.story.wait(MILLISECOND);
    wire.closed('server', WEB).closed('client', LOAD);
    stage.now();
    const client = stage.span('GET /a', 'client-process');
    expect(client).toMatchObject({ status: 'unset' });
    expect(client.attributes['weft.incomplete']).toBe(true);
    expect(stage.span('GET /a', 'server-process').parentSpanId).toBe(client.spanId);
    expect(stage.pipeline.connections).toBe(0);
  });

  test('a request that is never answered is given up after two minutes', () => {
    const stage = new Stage();
    stage.story.connection(80).connect(LOAD).clientSends(LOAD, get('/a'));
    stage.now();
    stage.pipeline.tick(stage.story.time + 119 * SECOND);
    expect(stage.spans).toHaveLength(0);
    stage.pipeline.tick(stage.story.time + 121 * SECOND);
    expect(stage.spans).toHaveLength(1);
  });

  test('a response that is reported before its request is paired with it', () => {
    // Tier sock without an entry hook: another CPU's thread has read the response first.
    const stage = new Stage();
    const { story } = stage;
    const client = { cookie: 7, role: ROLE.ROLE_CLIENT, localPort: 4000, remotePort: 80, ...LOAD };
    const [request, response] = [get('/a'), answer()];
    story.event({ ...client, kind: KIND.RECV, position: 900, otherPosition: 500 + request.length }, response);
    story.event({ ...client, kind: KIND.SEND, position: 500, otherPosition: 900 }, request);
    stage.end();
    expect(stage.spans).toMatchObject([{ name: 'GET /a', status: 'ok' }]);
  });

  test('UDP: a request and its answer by their digests', () => {
    const stage = new Stage();
    const { story } = stage;
    const udp = { transport: TRANSPORT.UDP, remotePort: 53, localPort: 5353 };
    const served = { transport: TRANSPORT.UDP, localPort: 53, remotePort: 5353 };
    story.event({ ...udp, ...LOAD, kind: KIND.SEND, cookie: 1 }, 'question');
    story.event({ ...served, ...WEB, kind: KIND.RECV, cookie: 2 }, 'question');
    story.event({ ...served, ...WEB, kind: KIND.SEND, cookie: 2 }, 'answer');
    story.event({ ...udp, ...LOAD, kind: KIND.RECV, cookie: 1 }, 'answer');
    stage.end();
    const client = stage.span('opaque', 'client-process');
    expect(stage.span('opaque', 'server-process').parentSpanId).toBe(client.spanId);
    expect(client.attributes['network.transport']).toBe('udp');
  });
});

describe('who caused whom', () => {
  test('a thread’s calls are children of the request that it serves, each of them', () => {
    const stage = new Stage();
    const front = stage.story.connection(80).connect(LOAD);
    const back = stage.story.connection(90);
    front.clientSends(LOAD, get('/a')).serverReads(WEB);
    back.connect(WEB);
    exchange(back, WEB, STOCK, '/first');
    exchange(back, WEB, STOCK, '/second');
    front.serverSends(WEB, answer()).clientReads(LOAD);
    stage.end();
    const served = stage.span('GET /a', 'server-process').spanId;
    for (const name of ['GET /first', 'GET /second']) {
      const call = stage.span(name, 'client-process');
      expect(call.parentSpanId).toBe(served);
      expect(call.links.filter((link) => link.chosen).map((link) => link.spanId)).toEqual([served]);
      expect(call.links[0]!.confidence).toBeGreaterThan(0.9);
    }
  });

  test('an event loop that serves two requests at once keeps them apart', () => {
    const stage = new Stage();
    const fronts = [
      stage.story.connection(80).connect(LOAD),
      stage.story.connection(80).connect(LOAD),
    ] as const;
    const backs = [stage.story.connection(90), stage.story.connection(90)] as const;
    const turn = (switches: number): Unit => ({ ...WEB, switches });
    for (const [i, back] of backs.entries()) {
      back.connect(turn(0));
      back.clientSends(turn(0), get('/warm')).serverReads(STOCK).serverSends(STOCK, answer());
      back.clientReads(turn(i));
    }
    fronts[0].clientSends(LOAD, get('/one'));
    fronts[1].clientSends(LOAD, get('/two'));
    fronts[0].serverReads(turn(10));
    backs[0].clientSends(turn(10), get('/one-first')).serverReads(STOCK);
    fronts[1].serverReads(turn(11));
    backs[1].clientSends(turn(11), get('/two-first')).serverReads(STOCK);
    backs[0].serverSends(STOCK, answer());
    backs[1].serverSends(STOCK, answer());
    // The answers come in the other order: each restores its own request.
    backs[1].clientReads(turn(12)).clientSends(turn(12), get('/two-second')).serverReads(STOCK);
    backs[0].clientReads(turn(13)).clientSends(turn(13), get('/one-second')).serverReads(STOCK);
    for (const back of backs) back.serverSends(STOCK, answer()).clientReads(turn(14));
    fronts[0].serverSends(turn(15), answer()).clientReads(LOAD);
    fronts[1].serverSends(turn(16), answer()).clientReads(LOAD);
    stage.end();
    for (const name of ['one', 'two']) {
      const served = stage.span(`GET /${name}`, 'server-process').spanId;
      for (const call of ['first', 'second']) {
        expect(stage.span(`GET /${name}-${call}`, 'client-process').parentSpanId).toBe(served);
      }
    }
    const second = stage.span('GET /two-second', 'client-process').links[0]!;
    expect(second.evidence.map((one) => one.kind)).toEqual(['socket-return']);
  });

  test('the last bytes of an answer that came in many reads say for whom the loop goes on', () => {
    const stage = new Stage();
    const [a, b] = ['/a', '/b'].map((path) => {
      const front = stage.story.connection(80).connect(LOAD);
      front.clientSends(LOAD, get(path)).serverReads(WEB);
      return stage.story
        .connection(81)
        .connect(WEB)
        .clientSends(WEB, get(`${path}/one`));
    });
    a!.serverReads(STOCK).serverSends(STOCK, answer('x'.repeat(500)));
    b!.serverReads(STOCK).serverSends(STOCK, answer('y'.repeat(500)));
    a!.clientReads(WEB, 300);
    b!.clientReads(WEB, 300);
    // Head and tail of both are apart: whose tail was read last is who goes on.
    a!.clientReads(WEB);
    stage.story.connection(81).connect(WEB).clientSends(WEB, get('/a/two')).serverReads(STOCK);
    b!.clientReads(WEB);
    stage.story.connection(81).connect(WEB).clientSends(WEB, get('/b/two')).serverReads(STOCK);
    stage.end();
    for (const name of ['/a', '/b']) {
      expect(stage.span(`GET ${name}/two`, 'client-process').parentSpanId).toBe(
        stage.span(`GET ${name}`, 'server-process').spanId,
      );
    }
  });

  test('the same with a kind of evidence switched off: the link is missing, not wrong', () => {
    const stage = new Stage({ without: ['unit'] });
    const front = stage.story.connection(80).connect(LOAD);
    front.clientSends(LOAD, get('/a')).serverReads(WEB);
    exchange(stage.story.connection(90), WEB, STOCK, '/call');
    front.serverSends(WEB, answer()).clientReads(LOAD);
    stage.end();
    expect(stage.span('GET /call', 'client-process')).toMatchObject({ parentSpanId: null, links: [] });
  });

  test('a goroutine made for a request', () => {
    const stage = new Stage();
    const handler: Unit = { tgid: 10, tid: 11, goid: 7, parentGoid: 1 };
    const worker: Unit = { tgid: 10, tid: 12, goid: 8, parentGoid: 7 };
    const front = stage.story.connection(80).connect(LOAD);
    front.clientSends(LOAD, get('/a')).serverReads(handler);
    exchange(stage.story.connection(90), worker, STOCK, '/call');
    front.serverSends(handler, answer()).clientReads(LOAD);
    stage.end();
    const call = stage.span('GET /call', 'client-process');
    expect(call.parentSpanId).toBe(stage.span('GET /a', 'server-process').spanId);
    expect(call.links[0]!.evidence[0]).toMatchObject({ kind: 'lineage', key: 'goroutine 8 of 7' });
  });

  test('a thread created while serving works for the same request', () => {
    const stage = new Stage();
    const front = stage.story.connection(80).connect(LOAD);
    front.clientSends(LOAD, get('/a')).serverReads(WEB);
    stage.story.task({ kind: KIND.FORK, tgid: WEB.tgid, tid: 99, parentTgid: WEB.tgid, parentTid: WEB.tid });
    exchange(stage.story.connection(90), { tgid: WEB.tgid, tid: 99 }, STOCK, '/call');
    front.serverSends(WEB, answer()).clientReads(LOAD);
    stage.end();
    const call = stage.span('GET /call', 'client-process');
    expect(call.parentSpanId).toBe(stage.span('GET /a', 'server-process').spanId);
  });

  test('a worker works for what was read by who woke it; who answers it settles which call was whose', () => {
    const stage = new Stage();
    const reader: Unit = { tgid: 10, tid: 11 };
    const [one, two]: Unit[] = [12, 13].map((tid) => ({ tgid: 10, tid, switches: 3 }));
    const [a, b] = ['/a', '/b'].map((path) => {
      const front = stage.story.connection(80).connect(LOAD);
      front.clientSends(LOAD, get(path)).serverReads(reader);
      stage.story.wake(reader, path === '/a' ? one! : two!);
      return front;
    });
    // Nobody has answered yet: the wakes alone speak.
    exchange(stage.story.connection(90), one!, STOCK, '/call-a');
    exchange(stage.story.connection(90), two!, STOCK, '/call-b');
    a!.serverSends(one!, answer()).clientReads(LOAD);
    b!.serverSends(two!, answer()).clientReads(LOAD);
    // The second worker is quicker this time and takes the first one's request.
    const [c, d] = ['/c', '/d'].map((path) => {
      const front = stage.story.connection(80).connect(LOAD);
      front.clientSends(LOAD, get(path)).serverReads(reader);
      stage.story.wake(reader, { ...(path === '/c' ? one! : two!), switches: 4 });
      return front;
    });
    exchange(stage.story.connection(90), { ...two!, switches: 4 }, STOCK, '/call-c');
    exchange(stage.story.connection(90), { ...one!, switches: 4 }, STOCK, '/call-d');
    c!.serverSends({ ...two!, switches: 4 }, answer()).clientReads(LOAD);
    d!.serverSends({ ...one!, switches: 4 }, answer()).clientReads(LOAD);
    stage.end();
    for (const name of ['a', 'b', 'c', 'd']) {
      const served = stage.span(`GET /${name}`, 'server-process');
      expect(stage.span(`GET /call-${name}`, 'client-process').parentSpanId, name).toBe(served.spanId);
    }
    const kinds = (name: string) =>
      stage.span(name, 'client-process').links[0]!.evidence.map(({ kind }) => kind);
    expect(kinds('GET /call-a')).toContain('wakeup');
    expect(kinds('GET /call-c')).toContain('unit');
  });

  test('wakes are asked for once of each program that serves', () => {
    const asked: number[] = [];
    const verdict = { heads: () => {}, wholeCalls: () => {}, wakes: (tgid: number) => asked.push(tgid) };
    for (const without of [[], ['wakeup']] as const) {
      const stage = new Stage({ verdict, without });
      exchange(stage.story.connection(80).connect(LOAD), LOAD, WEB, '/a');
      exchange(stage.story.connection(80).connect(LOAD), LOAD, WEB, '/b');
      exchange(stage.story.connection(80).connect(LOAD), LOAD, { ...STOCK, goid: 4 }, '/c');
      stage.story.task({ kind: KIND.EXEC, tgid: WEB.tgid, tid: WEB.tgid, name: 'other' });
      exchange(stage.story.connection(80).connect(LOAD), LOAD, WEB, '/d');
      stage.end();
    }
    expect(asked).toEqual([WEB.tgid, WEB.tgid]);
  });

  test('another process’s request never is a cause, though its thread has the same number', () => {
    const stage = new Stage();
    const front = stage.story.connection(80).connect(LOAD);
    front.clientSends(LOAD, get('/a')).serverReads({ tgid: 10, tid: 5 });
    exchange(stage.story.connection(90), { tgid: 30, tid: 5 }, STOCK, '/call');
    stage.end();
    expect(stage.span('GET /call', 'client-process').parentSpanId).toBeNull();
  });

  test('a program that replaces another one forgets its requests', () => {
    const stage = new Stage();
    const front = stage.story.connection(80).connect(LOAD);
    front.clientSends(LOAD, get('/a')).serverReads(WEB);
    stage.story.task({ kind: KIND.EXEC, tgid: WEB.tgid, tid: WEB.tgid, name: 'other' });
    exchange(stage.story.connection(90), WEB, STOCK, '/call');
    stage.end();
    expect(stage.processes.log).toEqual([`exec ${WEB.tgid} other`]);
    expect(stage.span('GET /call', 'client-process').parentSpanId).toBeNull();
  });

  test('bytes that waited for others belong to who moved them, not to who came last', () => {
    // Two threads write to one socket; the later write is reported first. In between another request is served.
    const stage = new Stage();
    const { story } = stage;
    const one: Unit = { tgid: 10, tid: 11 };
    const two: Unit = { tgid: 10, tid: 12 };
    const fronts = [story.connection(80).connect(LOAD), story.connection(80).connect(LOAD)] as const;
    fronts[0].clientSends(LOAD, get('/one')).serverReads(one);
    fronts[1].clientSends(LOAD, get('/two')).serverReads(two);
    const shared = { kind: KIND.SEND, cookie: 77, role: ROLE.ROLE_CLIENT, remotePort: 90, otherPosition: 50 };
    const [warm, first, second] = [get('/warm'), get('/one-call'), get('/two-call')];
    story.event({ ...shared, ...LOAD, tgid: 10, tid: 13, position: 1_000 }, warm);
    story.event({ ...shared, ...two, position: 1_000 + warm.length + first.length }, second);
    story.event({ ...shared, ...one, position: 1_000 + warm.length }, first);
    stage.end();
    const parent = (name: string) => stage.span(name, 'client-process').parentSpanId;
    expect(parent('GET /one-call')).toBe(stage.span('GET /one', 'server-process').spanId);
    expect(parent('GET /two-call')).toBe(stage.span('GET /two', 'server-process').spanId);
  });

  test('bytes that are released by time keep their own place in the other direction', () => {
    const stage = new Stage();
    const { story } = stage;
    const end = { cookie: 7, role: ROLE.ROLE_CLIENT, remotePort: 80, ...LOAD };
    const first = get('/a');
    const [one, two] = [answer('1'), answer('22')];
    const behind = 500 + first.length + 100;
    story.event({ ...end, kind: KIND.SEND, position: 500, otherPosition: 9_000 }, first);
    story.event({ ...end, kind: KIND.RECV, position: 9_000, otherPosition: behind }, one);
    // 100 bytes before this request are never reported: it waits, then is given out by the clock.
    const second = get('/b');
    story.event({ ...end, kind: KIND.SEND, position: behind, otherPosition: 9_000 + one.length }, second);
    const later = { ...end, position: 9_000 + one.length, otherPosition: behind + second.length };
    stage.now();
    stage.pipeline.tick(story.time + 200 * MILLISECOND);
    story.wait(300 * MILLISECOND);
    story.event({ ...later, kind: KIND.RECV }, two);
    stage.end();
    const spans = stage.spans.filter((span) => span.name === 'GET /b');
    expect(spans).toMatchObject([{ status: 'ok' }]);
    expect(spans[0]!.attributes['weft.incomplete']).toBeUndefined();
  });
});

describe('calls that wait for their cause’s key', () => {
  /** A call whose cause is pipelined behind a request that is not answered yet: its key cannot be known. */
  function held(options?: StageOptions) {
    const stage = new Stage(options);
    const front = stage.story.connection(80).connect(LOAD);
    front.clientSends(LOAD, get('/slow') + get('/a')).serverReads(WEB);
    exchange(stage.story.connection(90), WEB, STOCK, '/call');
    stage.now();
    return { stage, front };
  }
  const called = (stage: Stage) =>
    stage.spans.some((span) => span.name === 'GET /call' && span.kind === 'client');

  test('are given out with the key that it gets', () => {
    const { stage, front } = held();
    expect(called(stage)).toBe(false);
    const ended = stage.story.time;
    stage.pipeline.tick(ended + 50 * MILLISECOND);
    expect(stage.pipeline.settledUntil()).toBeLessThanOrEqual(ended);
    front.serverSends(WEB, answer('1')).serverSends(WEB, answer('2')).clientReads(LOAD);
    stage.now();
    stage.pipeline.tick(stage.story.time + 100 * MILLISECOND);
    expect(called(stage)).toBe(true);
    stage.pipeline.tick(stage.story.time + 2 * SECOND);
    expect(stage.pipeline.settledUntil()).toBeGreaterThan(stage.story.time);
    stage.end();
    const links = stage.span('GET /call', 'client-process').links.map((link) => link.spanId);
    expect(links).toContain(stage.span('GET /a', 'server-process').spanId);
  });

  test('nothing counts as settled that quiet alone will end', () => {
    const stage = new Stage();
    const wire = stage.story.connection(81).connect(LOAD);
    wire.clientSends(LOAD, '\u0001what\u0002is this').serverReads(STOCK);
    wire.serverSends(STOCK, '\u0003something else').clientReads(LOAD);
    stage.now();
    const ended = stage.story.time;
    let given = 0;
    for (let after = 100; after <= 2_000; after += 100) {
      stage.pipeline.tick(ended + after * MILLISECOND);
      if (stage.pipeline.settledUntil() <= ended) continue;
      given = stage.spans.length;
      break;
    }
    expect(given).toBe(2);
  });

  test('are given out after a second, come what may', () => {
    const { stage } = held();
    stage.pipeline.tick(stage.story.time + 0.9 * SECOND);
    expect(called(stage)).toBe(false);
    stage.pipeline.tick(stage.story.time + 1.1 * SECOND);
    expect(called(stage)).toBe(true);
  });
});

describe('calls for a request over HTTP/2', () => {
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0';
  const headers = (block: string) => `\0\0${String.fromCharCode(block.length)}\x01\x05\0\0\0\x01${block}`;
  const called = (stage: Stage) =>
    stage.spans.some((span) => span.name === 'GET /call' && span.kind === 'client');

  test('wait longer for its key than a second, since it cannot be predicted', () => {
    const stage = new Stage();
    const front = stage.story.connection(80).connect(LOAD);
    front.clientSends(LOAD, preface + headers('\x82\x86\x84')).serverReads(WEB);
    front.serverSends(WEB, '\0\0\0\x04\0\0\0\0\0').clientReads(LOAD);
    exchange(stage.story.connection(90), WEB, STOCK, '/call');
    stage.now();
    stage.pipeline.tick(stage.story.time + 5 * SECOND);
    expect(called(stage)).toBe(false);
    stage.story.wait(6 * SECOND);
    front.serverSends(WEB, headers('\x88')).clientReads(LOAD);
    stage.now();
    stage.pipeline.tick(stage.story.time + 100 * MILLISECOND);
    expect(called(stage)).toBe(true);
    stage.end();
    const served = stage.span('GET /', 'server-process');
    expect(stage.span('GET /call', 'client-process').parentSpanId).toBe(served.spanId);
    expect(served.parentSpanId).toBe(stage.span('GET /', 'client-process').spanId);
  });

  test('and are given out after ten, come what may', () => {
    const stage = new Stage();
    const front = stage.story.connection(80).connect(LOAD);
    front.clientSends(LOAD, preface + headers('\x82\x86\x84')).serverReads(WEB);
    exchange(stage.story.connection(90), WEB, STOCK, '/call');
    stage.now();
    stage.pipeline.tick(stage.story.time + 11 * SECOND);
    expect(called(stage)).toBe(true);
  });
});

describe('suspend', () => {
  test('drops what is open, counts it, and takes the sockets up again', () => {
    const stage = new Stage();
    const front = stage.story.connection(80).connect(LOAD);
    exchange(front, LOAD, WEB, '/whole');
    front.clientSends(LOAD, get('/open')).serverReads(WEB);
    stage.now();
    expect(stage.spans).toHaveLength(2);
    stage.pipeline.suspend('shed_request');
    expect(stage.pipeline.connections).toBe(0);
    expect(stage.pipeline.losses.all()).toEqual({ shed_request: 2 });
    front.unseen('to-client', 60);
    exchange(front, LOAD, WEB, '/after');
    stage.end();
    expect(stage.spans.map((span) => span.name).sort()).toEqual([
      'GET /after',
      'GET /after',
      'GET /whole',
      'GET /whole',
    ]);
  });

  test('a request whose answer is half written is closed too: its thread is free again', () => {
    const stage = new Stage();
    const front = stage.story.connection(80).connect(LOAD);
    front
      .clientSends(LOAD, get('/open'))
      .serverReads(WEB)
      .serverSends(WEB, answer('x'.repeat(50)).slice(0, -20));
    stage.now();
    const before = stage.pipeline.remembered;
    stage.pipeline.suspend('shed_request');
    expect(stage.pipeline.losses.all()).toEqual({ shed_request: 2 });
    expect(stage.pipeline.remembered).toBe(before - 1);
    exchange(stage.story.connection(90), WEB, STOCK, '/call');
    stage.end();
    expect(stage.span('GET /call', 'client-process').links.filter((link) => link.confidence >= 0.9)).toEqual(
      [],
    );
  });

  test('a pooled connection of an event loop is no new socket afterwards', () => {
    const stage = new Stage();
    const pooled = stage.story.connection(90).connect(WEB);
    exchange(pooled, WEB, STOCK, '/warm');
    stage.now();
    stage.pipeline.suspend('shed_request');
    const fronts = [
      stage.story.connection(80).connect(LOAD),
      stage.story.connection(80).connect(LOAD),
    ] as const;
    fronts[0].clientSends(LOAD, get('/one')).serverReads({ ...WEB, switches: 1 });
    fronts[1].clientSends(LOAD, get('/two')).serverReads({ ...WEB, switches: 2 });
    exchange(pooled, { ...WEB, switches: 2 }, STOCK, '/call');
    stage.end();
    const call = stage.span('GET /call', 'client-process');
    expect(call.parentSpanId).toBe(stage.span('GET /two', 'server-process').spanId);
  });
});

describe('what was not seen from its beginning', () => {
  test('a connection from its middle: its next request is a span', () => {
    const stage = new Stage();
    stage.processes.listening.set(WEB.tgid, 80);
    const roles = [ROLE.ROLE_UNKNOWN, ROLE.ROLE_UNKNOWN] as const;
    const wire = stage.story.connection(80, { roles });
    wire.serverSends(WEB, 'the end of some body').clientReads(LOAD);
    exchange(wire, LOAD, WEB, '/next');
    stage.end();
    expect(stage.span('GET /next', 'server-process').parentSpanId).toBe(
      stage.span('GET /next', 'client-process').spanId,
    );
  });

  test('a lost piece of a body costs nothing but its bytes', () => {
    const stage = new Stage();
    const wire = stage.story.connection(80).connect(LOAD);
    const body = 'x'.repeat(300);
    wire.clientSends(LOAD, get('/a')).serverReads(WEB);
    wire.serverSends(WEB, answer(body).slice(0, -200)).unseen('to-client', 100);
    wire.serverSends(WEB, 'x'.repeat(100));
    stage.story.wait(50 * MILLISECOND);
    exchange(wire, LOAD, WEB, '/b');
    stage.end();
    expect(stage.span('GET /a', 'server-process').attributes['http.response.status_code']).toBe(200);
    expect(stage.span('GET /b', 'server-process').attributes['http.response.status_code']).toBe(200);
  });

  test('a lost response leaves its request without one, and does not shift the next', () => {
    const stage = new Stage();
    const wire = stage.story.connection(80).connect(LOAD);
    wire.clientSends(LOAD, get('/a')).serverReads(WEB).unseen('to-client', answer('1', 500).length);
    stage.story.wait(50 * MILLISECOND);
    exchange(wire, LOAD, WEB, '/b');
    stage.end();
    for (const point of ['client-process', 'server-process'] as const) {
      expect(stage.span('GET /a', point)).toMatchObject({ status: 'unset' });
      expect(stage.span('GET /b', point)).toMatchObject({ status: 'ok' });
    }
  });
});

describe('hostile records', () => {
  test('any bytes as records are counted, never thrown', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 30 }), (records) => {
        const stage = new Stage();
        for (const bytes of records) {
          const memory = recordMemory(
            Uint8Array.from({ length: (bytes.length + 15) & ~7 }, (_, i) => bytes[i] ?? 0),
          );
          stage.pipeline.record(memory, 0, bytes.length);
        }
        stage.pipeline.finish();
        expect(stage.pipeline.events).toBe(records.length);
      }),
    );
  });

  test('plausible events with any numbers are survived, with bounded spans', () => {
    const number = fc.oneof(fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff), fc.nat(2_000));
    const event = fc.record({
      kind: fc.integer({ min: 0, max: 9 }),
      transport: fc.integer({ min: 0, max: 5 }),
      role: fc.integer({ min: 0, max: 3 }),
      cookie: fc.constantFrom(0, 1, 2, 2 ** 53 - 1),
      position: number,
      otherPosition: number,
      length: number,
      skipped: number,
      tgid: fc.nat(2),
      tid: fc.nat(2),
      goid: fc.nat(2),
      parentGoid: fc.nat(2),
      time: fc.oneof(fc.nat(1e6), fc.constant(Number.MAX_SAFE_INTEGER)),
    });
    const payload = fc.constantFrom(
      '',
      get('/a'),
      answer(),
      'HTTP/1.1 ',
      '*1\r\n$4\r\nPING\r\n',
      '+PONG\r\n',
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(event, payload), { maxLength: 40 }), (events) => {
        const stage = new Stage();
        for (const [fields, text] of events) {
          const record = eventRecord(fields, text);
          stage.pipeline.record(recordMemory(paddedCopy(record)), 0, record.length);
        }
        stage.pipeline.finish();
        expect(stage.pipeline.connections).toBe(0);
        expect(stage.spans.length).toBeLessThanOrEqual(4 * events.length);
      }),
      { numRuns: 500 },
    );
  });

  test('a torn record, one that claims too much, one of no socket and one of no kind are refused', () => {
    const stage = new Stage();
    const feed = (record: Uint8Array, length = record.length) =>
      stage.pipeline.record(recordMemory(paddedCopy(record)), 0, length);
    const fields = { kind: KIND.SEND, time: 1, tgid: 1, tid: 1, cookie: 5 };
    const whole = eventRecord(fields, get('/a'));
    feed(whole, EVENT.size - 1);
    feed(whole, EVENT.size + 5);
    feed(eventRecord({ ...fields, length: 3, skipped: 2 }, get('/a')));
    feed(eventRecord({ ...fields, cookie: 0 }, get('/a')));
    feed(eventRecord({ ...fields, kind: 200 }, get('/a')));
    feed(Uint8Array.of(KIND.FORK, 0, 0, 0));
    feed(Uint8Array.of(KIND.WAKE, 0, 0, 0));
    const numbers = {
      time: 1,
      tgid: 1,
      tid: 1,
      switches: 1,
      wokenTid: 2,
      wokenSwitches: 1,
      most: 1,
      place: 5,
    };
    feed(wakeRecord({ ...numbers, byFile: false }));
    expect(stage.pipeline.losses.all()).toEqual({
      record_malformed: 5,
      record_no_socket: 1,
      record_unknown: 1,
    });
    expect(stage.pipeline.connections).toBe(0);
  });

  test('zero is never a key: threads without a number share nothing', () => {
    const stage = new Stage();
    const nobody: Unit = { tgid: 10, tid: 0 };
    const front = stage.story.connection(80).connect(LOAD);
    front.clientSends(LOAD, get('/a')).serverReads(nobody);
    exchange(stage.story.connection(90), nobody, STOCK, '/call');
    stage.end();
    expect(stage.span('GET /call', 'client-process').links).toEqual([]);
  });
});

function paddedCopy(record: Uint8Array): Uint8Array {
  const bytes = new Uint8Array((record.length + 7) & ~7);
  bytes.set(record);
  return bytes;
}

describe('bounds', () => {
  test('100 000 connections: the oldest go, counted, and come back when they speak again', () => {
    const stage = new Stage();
    const record = eventRecord(
      { kind: KIND.SEND, time: 1, ...LOAD, role: ROLE.ROLE_CLIENT, position: 1, otherPosition: 1, cookie: 1 },
      get('/a'),
    );
    const memory = recordMemory(paddedCopy(record));
    const say = (cookie: number) => {
      memory.u32[EVENT.cookie / 4] = cookie;
      stage.pipeline.record(memory, 0, record.length);
    };
    for (let cookie = 1; cookie <= 100_000; cookie++) say(cookie);
    expect(stage.pipeline.connections).toBe(65_536);
    expect(stage.pipeline.losses.all()).toEqual({ connection_evicted: 100_000 - 65_536 });
    // Whoever was dropped gave its open request out.
    expect(stage.spans).toHaveLength(100_000 - 65_536);
    say(1);
    expect(stage.pipeline.connections).toBe(65_536);
    expect(stage.pipeline.remembered).toBeLessThan(100);
  }, 20_000);

  test('sockets whose end nobody reports are forgotten when they are quiet: UDP and Unix after a minute', () => {
    const stage = new Stage();
    for (const [i, transport] of [TRANSPORT.UDP, TRANSPORT.UNIX_STREAM, TRANSPORT.TCP].entries()) {
      const socket = { transport, cookie: i + 1, role: ROLE.ROLE_CLIENT, remotePort: 80, ...LOAD };
      stage.story.event({ ...socket, kind: KIND.SEND, position: 0, otherPosition: 0 }, get('/a'));
      stage.story.event({ ...socket, kind: KIND.RECV, position: 0, otherPosition: 40 }, answer());
    }
    stage.now();
    const connectionsAfter = (nanos: number) => {
      for (let i = 0; i < 3; i++) stage.pipeline.tick(stage.story.time + nanos + i);
      return stage.pipeline.connections;
    };
    expect(connectionsAfter(59 * SECOND)).toBe(3);
    expect(connectionsAfter(61 * SECOND)).toBe(1);
    expect(connectionsAfter(899 * SECOND)).toBe(1);
    expect(connectionsAfter(901 * SECOND)).toBe(0);
  });

  test('the kernel is told what is not needed, from the first large message on', () => {
    const verdicts: [number, number, number][] = [];
    const ports: number[] = [];
    const stage = new Stage({
      verdict: {
        heads: (cookie, received, sent) => verdicts.push([cookie, received, sent]),
        wholeCalls: (port) => ports.push(port),
        wakes: () => {},
      },
    });
    const wire = stage.story.connection(80, { sequences: [1_000, 5_000] });
    const request = get('/a');
    wire.clientSends(LOAD, request);
    stage.now();
    expect(verdicts).toEqual([]);
    const body = 'x'.repeat(10_000);
    const head = answer(body).slice(0, -body.length);
    wire.serverSends(WEB, answer(body)).clientReads(LOAD, head.length + 600);
    stage.now();
    const [cookie] = wire.options.cookies;
    const own = verdicts.filter((verdict) => verdict[0] === cookie);
    expect(own).toEqual([[cookie, 5_000 + head.length + body.length, 1_000 + request.length]]);
    expect(ports).toEqual([]);
  });

  test('where messages interleave it is told from the first one on: all of a call is wanted, nothing is skipped', () => {
    const verdicts: number[][] = [];
    const ports: number[] = [];
    const stage = new Stage({
      verdict: {
        heads: (...verdict) => verdicts.push(verdict),
        wholeCalls: (port) => ports.push(port),
        wakes: () => {},
      },
    });
    const wire = stage.story.connection(80, { sequences: [1_000, 3_000_000_000] });
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0';
    wire.clientSends(LOAD, preface);
    stage.now();
    const [cookie] = wire.options.cookies;
    expect(verdicts).toEqual([[cookie, 3_000_000_000, 1_000 + preface.length, 65_536]]);
    expect(ports).toEqual([80]);
  });
});

test('the same records give the same spans, in the same order', () => {
  const tell = (story: Story) => {
    const fronts = Array.from({ length: 5 }, () => story.connection(80).connect(LOAD));
    const back = story.connection(90).connect(WEB);
    for (let i = 0; i < 50; i++) {
      const front = fronts[i % 5]!;
      front.clientSends(LOAD, get(`/r${i}/x`)).serverReads({ ...WEB, switches: i });
      exchange(back, { ...WEB, switches: i }, STOCK, `/c${i}/x`);
      story.wait((i % 7) * 30 * MILLISECOND);
      front.serverSends(WEB, answer('y'.repeat(i))).clientReads(LOAD);
    }
    return story.records;
  };
  const play = () => {
    const spans: unknown[] = [];
    const pipeline = new Pipeline(new ToldProcesses(), { mask: true, without: [] }, (span) =>
      spans.push(span),
    );
    const story = new Story();
    tell(story);
    story.feed(pipeline);
    pipeline.finish();
    return JSON.stringify(spans);
  };
  const first = play();
  expect(first).toBe(play());
  expect(JSON.parse(first)).toHaveLength(200);
});
