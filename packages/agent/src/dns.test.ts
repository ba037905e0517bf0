import { KIND, TRANSPORT } from '@weft/kernel';
import { describe, expect, test } from 'vitest';
import type { Unit } from './testing/events.ts';
import { Stage } from './testing/story.ts';

const LOAD: Unit = { tgid: 1, tid: 1 };
const WEB: Unit = { tgid: 10, tid: 11 };
const QUERY = 0x0100;
const RESPONSE = 0x8180;
const NXDOMAIN = 0x8183;

const u16 = (value: number) => String.fromCharCode(value >> 8, value & 255);

/** A message with one question and no records, one character a byte. */
function text({ id = 7, flags = QUERY, name = 'shop.test' }): string {
  const labels = name.split('.').map((label) => String.fromCharCode(label.length) + label);
  return `${u16(id)}${u16(flags)}${u16(1)}${u16(0).repeat(3)}${labels.join('')}\0${u16(1)}${u16(1)}`;
}

describe('DNS over UDP', () => {
  const asked = { transport: TRANSPORT.UDP, remotePort: 53, localPort: 5353 };
  const served = { transport: TRANSPORT.UDP, localPort: 53, remotePort: 0 };

  test('a query that is sent again is one span at either end, from the first time on', () => {
    const stage = new Stage();
    const { story } = stage;
    story.event({ ...asked, ...LOAD, kind: KIND.SEND, cookie: 1 }, text({}));
    story.wait(5e9);
    story.event({ ...asked, ...LOAD, kind: KIND.SEND, cookie: 1 }, text({}));
    story.event({ ...served, ...WEB, kind: KIND.RECV, cookie: 2 }, text({}));
    story.event({ ...served, ...WEB, kind: KIND.SEND, cookie: 2 }, text({ flags: RESPONSE }));
    story.event({ ...asked, ...LOAD, kind: KIND.RECV, cookie: 1 }, text({ flags: RESPONSE }));
    stage.end();
    const client = stage.span('DNS A', 'client-process');
    expect(client.duration).toBeGreaterThan(5e9);
    expect(client.attributes['weft.dns.retransmissions']).toBe(1);
    const server = stage.span('DNS A', 'server-process');
    expect(server.parentSpanId).toBe(client.spanId);
    expect(server.duration).toBeLessThan(1e6);
    expect(server.attributes['network.peer.port']).toBeUndefined();
  });

  test('one socket serves several clients with the same id, in any order', () => {
    const stage = new Stage();
    const { story } = stage;
    const names = ['a.test', 'b.test', 'c.test'];
    for (const [i, name] of names.entries()) {
      story.event({ ...asked, ...LOAD, kind: KIND.SEND, cookie: 10 + i }, text({ name }));
      story.event({ ...served, ...WEB, kind: KIND.RECV, cookie: 2 }, text({ name }));
    }
    for (const [i, name] of [...names.entries()].reverse()) {
      const answered = text({ name, flags: i === 1 ? NXDOMAIN : RESPONSE });
      story.event({ ...served, ...WEB, kind: KIND.SEND, cookie: 2 }, answered);
      story.event({ ...asked, ...LOAD, kind: KIND.RECV, cookie: 10 + i }, answered);
    }
    stage.end();
    const at = (point: string) =>
      new Map(
        stage.spans
          .filter((span) => span.observationPoint === point)
          .map((span) => [span.attributes['dns.question.name'], span]),
      );
    for (const [name, span] of at('server-process')) {
      const client = at('client-process').get(name);
      expect(span.parentSpanId).toBe(client?.spanId);
      expect([client?.status, span.status]).toEqual(name === 'b.test' ? ['error', 'ok'] : ['ok', 'ok']);
    }
    expect(stage.spans).toHaveLength(6);
  });

  test('an agent that comes between question and answer does not take the server for a client', () => {
    const stage = new Stage();
    const { story } = stage;
    story.event({ ...served, ...WEB, kind: KIND.SEND, cookie: 2 }, text({ id: 1, flags: RESPONSE }));
    story.event({ ...served, ...WEB, kind: KIND.RECV, cookie: 2 }, text({ id: 2 }));
    story.event({ ...served, ...WEB, kind: KIND.SEND, cookie: 2 }, text({ id: 2, flags: RESPONSE }));
    stage.end();
    expect(stage.spans).toMatchObject([{ name: 'DNS A', observationPoint: 'server-process', status: 'ok' }]);
  });
});
