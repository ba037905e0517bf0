import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ethernet, ipv4, pcap, tcp } from '../pcap/testing/frames.ts';
import { answer, get } from '../testing/story.ts';
import { replayBytes } from './replay.ts';

const [FIN, SYN, RST, ACK, PUSH] = [1, 2, 4, 16, 8];

/** One TCP connection between 10.0.0.1:40000 and 10.0.0.2:80, packet by packet. */
class Conversation {
  readonly frames: Buffer[] = [];
  #next: [number, number];

  constructor(client = 1_000, server = 2_000) {
    this.#next = [client, server];
  }

  #packet(fromServer: boolean, payload: string, flags: number, advance: number): this {
    const [mine, theirs] = fromServer ? [1, 0] : [0, 1];
    const segment = tcp(payload, {
      sequence: this.#next[mine]! >>> 0,
      acknowledgment: flags & ACK ? this.#next[theirs]! >>> 0 : 0,
      flags,
    });
    if (fromServer) segment.subarray(0, 4).swap32().swap16();
    const packet = ipv4(segment);
    if (fromServer) {
      packet[15] = 2;
      packet[19] = 1;
    }
    this.frames.push(ethernet(packet));
    this.#next[mine] = this.#next[mine]! + advance;
    return this;
  }

  opens(): this {
    return this.#packet(false, '', SYN, 1).#packet(true, '', SYN | ACK, 1);
  }
  ask(text: string): this {
    return this.#packet(false, text, ACK | PUSH, text.length);
  }
  reply(text: string): this {
    return this.#packet(true, text, ACK | PUSH, text.length);
  }
  ends(): this {
    return this.#packet(false, '', FIN | ACK, 1).#packet(true, '', FIN | ACK, 1);
  }
  breaks(): this {
    return this.#packet(true, '', RST, 0);
  }
}

/** Frames a millisecond apart. */
function replay(frames: readonly Buffer[]) {
  const file = pcap(frames.map((frame, i) => [frame, { fraction: i * 1_000 }]));
  return replayBytes(new Uint8Array(file), { mask: false });
}

const spansOf = (frames: readonly Buffer[]) =>
  replay(frames).records.map((span) => `${span.name} ${span.attributes['http.response.status_code'] ?? '-'}`);

describe('a capture', () => {
  test('gives one span a request, seen at the interface, of the server’s address', () => {
    const { records, losses, epoch } = replay(
      new Conversation().opens().ask(get('/a')).reply(answer()).ends().frames,
    );
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({
      name: 'GET /a',
      kind: 'server',
      observationPoint: 'node-interface',
      service: '10.0.0.2:80',
      status: 'ok',
      parentSpanId: null,
      links: [],
      start: 2e6,
      duration: 1e6,
    });
    expect(records[0]!.attributes).toMatchObject({ 'network.peer.address': '10.0.0.1', 'server.port': 80 });
    expect([losses, epoch]).toEqual([{}, 1_700_000_000_000_000_000n]);
  });

  test('that began in the middle of a connection', () => {
    const talk = new Conversation().reply('...rest of a body').ask(get('/a')).reply(answer());
    expect(spansOf(talk.frames)).toContain('GET /a 200');
  });

  test('in which a segment was sent again, and another came too early', () => {
    const request = get('/a', `X-Long: ${'v'.repeat(40)}\r\n`);
    const talk = new Conversation().opens();
    for (let at = 0; at < request.length; at += 20) talk.ask(request.slice(at, at + 20));
    talk.reply(answer());
    const [syn, synAck, one, two, ...rest] = talk.frames as [Buffer, Buffer, Buffer, Buffer, ...Buffer[]];
    expect(spansOf([syn, synAck, one, one, ...rest.slice(0, 1), two, two, ...rest.slice(1)])).toEqual([
      'GET /a 200',
    ]);
  });

  test('whose segments are of any size and in any order within the hold', () => {
    const sizes = fc.array(fc.integer({ min: 20, max: 50 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(sizes, fc.infiniteStream(fc.nat()), (lengths, random) => {
        const talk = new Conversation().opens();
        const request = get('/a', `X-Long: ${'v'.repeat(60)}\r\n`);
        let at = 0;
        for (let i = 0; at < request.length; i++) {
          talk.ask(request.slice(at, at + lengths[i % lengths.length]!));
          at += lengths[i % lengths.length]!;
        }
        const first = talk.frames.slice(0, 3);
        const order = talk.frames.slice(3).map((frame) => ({ frame, key: random.next().value as number }));
        const later = new Conversation().opens().ask(request).reply(answer()).frames.at(-1)!;
        const shuffled = order.sort((a, b) => a.key - b.key).map(({ frame }) => frame);
        expect(spansOf([...first, ...shuffled, later])).toEqual(['GET /a 200']);
      }),
    );
  });

  test('whose sequences wrap', () => {
    const talk = new Conversation(0xffff_fff8, 0xffff_ffff).opens();
    talk.ask(get('/a')).reply(answer()).ask(get('/b')).reply(answer());
    expect(spansOf(talk.frames)).toEqual(['GET /a 200', 'GET /b 200']);
  });

  test('in which a request is never answered', () => {
    const { records } = replay(new Conversation().opens().ask(get('/a')).breaks().frames);
    expect(records).toMatchObject([{ status: 'unset' }]);
    expect(records[0]!.attributes['weft.incomplete']).toBe(true);
  });

  test.each([
    ['were closed', (talk: Conversation) => talk.ends()],
    ['were not seen to close', (talk: Conversation) => talk],
  ])('in which the ports of a connection that %s are used again', (_, end) => {
    const first = end(new Conversation().opens().ask(get('/a')).reply(answer()));
    const second = new Conversation(9_000_000, 7_000_000).opens().ask(get('/b')).reply(answer());
    expect(spansOf([...first.frames, ...second.frames])).toEqual(['GET /a 200', 'GET /b 200']);
  });

  test('the same bytes give the same spans', () => {
    const { frames } = new Conversation().opens().ask(get('/a')).reply(answer()).ends();
    expect(JSON.stringify(replay(frames).records)).toBe(JSON.stringify(replay(frames).records));
  });
});

test('what is neither recording nor capture is refused in one sentence', () => {
  expect(() => replayBytes(new TextEncoder().encode('hello, world: no capture'), { mask: true })).toThrow(
    /^not a capture[^\n]*$/,
  );
});
