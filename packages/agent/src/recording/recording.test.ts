import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EVENT } from '@weft/kernel';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answer, get, Story } from '../testing/story.ts';
import { MAGIC, type ProcessRecord, type RecordingHeader } from './format.ts';
import { isRecording, readRecordingHeader, readRecords } from './reader.ts';
import { replayBytes, replayRecording } from './replay.ts';
import { RecordingWriter } from './writer.ts';

const HEADER: RecordingHeader = {
  version: '0.1.0',
  epochUnixNano: '1700000000000000000',
  tier: 'sock',
  eventSize: EVENT.size,
};
const SHOP: ProcessRecord = {
  tgid: 10,
  service: 'shop',
  attributes: { 'process.pid': 10, 'container.id': 'c0ffee' },
  listening: [80],
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-recording-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(tell: (writer: RecordingWriter) => void, header = HEADER): Uint8Array {
  const path = join(folder, 'any.weft');
  const writer = new RecordingWriter(path, header);
  tell(writer);
  writer.close();
  const bytes = new Uint8Array(readFileSync(path));
  expect(writer.bytes).toBe(bytes.length);
  return bytes;
}

/** What a reader finds: events as bytes, processes as they are. */
function read(bytes: Uint8Array) {
  const header = readRecordingHeader(bytes);
  if (!header.ok) throw new Error(header.error);
  const found: (Uint8Array | ProcessRecord)[] = [];
  const torn = readRecords(bytes, header.value.offset, {
    event: (offset, length) => found.push(bytes.slice(offset, offset + length)),
    process: (record) => found.push(record),
  });
  return { header: header.value.header, found, torn };
}

/** A client and the shop exchange three requests. */
function shop(writer: RecordingWriter): void {
  const story = new Story();
  const [client, server] = [
    { tgid: 1, tid: 1 },
    { tgid: 10, tid: 10 },
  ];
  const wire = story.connection(80);
  for (const path of ['/a', '/b', '/secret?token=hunter2']) {
    wire.clientSends(client, get(path)).serverReads(server).serverSends(server, answer()).clientReads(client);
  }
  for (const record of story.records) writer.event(record, 0, record.length);
  writer.process(SHOP);
}

describe('writer and reader', () => {
  test('what was written is read, byte for byte', () => {
    const record = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(SHOP));
    fc.assert(
      fc.property(fc.array(record, { maxLength: 20 }), (records) => {
        const bytes = write((writer) => {
          for (const one of records) {
            if (one instanceof Uint8Array) writer.event(one, 0, one.length);
            else writer.process(one);
          }
        });
        expect(isRecording(bytes)).toBe(true);
        expect(bytes.length % 8).toBe(0);
        expect(read(bytes)).toEqual({ header: HEADER, found: records, torn: 0 });
      }),
      { numRuns: 50 },
    );
  });

  test('more than the buffer holds', () => {
    const record = Uint8Array.from({ length: EVENT.size + 65_536 }, (_, i) => i);
    const bytes = write((writer) => {
      for (let i = 0; i < 40; i++) writer.event(record, 0, record.length);
    });
    const { found } = read(bytes);
    expect(found).toHaveLength(40);
    expect(found[39]).toEqual(record);
  });

  test('a record in the middle of the ring', () => {
    const ring = Uint8Array.from({ length: 64 }, (_, i) => i);
    const { found } = read(write((writer) => writer.event(ring, 8, 5)));
    expect(found).toEqual([Uint8Array.of(8, 9, 10, 11, 12)]);
  });

  test('the file is its owner’s alone, also when it was there before', () => {
    const path = join(folder, 'mode.weft');
    new RecordingWriter(path, HEADER).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const old = join(folder, 'old.weft');
    writeFileSync(old, 'x'.repeat(100_000), { mode: 0o644 });
    new RecordingWriter(old, HEADER).close();
    expect(statSync(old).mode & 0o777).toBe(0o600);
    expect(statSync(old).size).toBeLessThan(1_000);
  });
});

describe('torn and foreign files', () => {
  test('torn at any byte: what is whole before it is read, nothing is thrown', () => {
    const whole = write(shop);
    const all = read(whole).found;
    const spans = replayRecording(whole, { mask: true }).records.length;
    expect(spans).toBe(6);
    fc.assert(
      fc.property(fc.nat(whole.length), (length) => {
        const bytes = whole.slice(0, length);
        const header = readRecordingHeader(bytes);
        if (!header.ok) {
          expect(header.error).not.toBe('');
          expect(() => replayBytes(bytes, { mask: true })).toThrow(/^[^\n]+$/);
          return;
        }
        const { found, torn } = read(bytes);
        expect(found).toEqual(all.slice(0, found.length));
        const replayed = replayRecording(bytes, { mask: true });
        expect(replayed.records.length).toBeLessThanOrEqual(spans);
        expect(replayed.losses['recording_torn'] ?? 0).toBe(torn > 0 ? 1 : 0);
      }),
      { numRuns: 300 },
    );
  });

  test('damaged at any byte: never thrown but in one sentence', () => {
    const whole = write(shop);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, value) => {
        const bytes = whole.slice();
        bytes[at] = value;
        try {
          replayBytes(bytes, { mask: true });
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          expect((error as Error).message).toMatch(/^(?:the recording|this is not|not a capture)[^\n]+$/);
        }
      }),
      { numRuns: 500 },
    );
  });

  const patched = (patch: (bytes: Uint8Array) => void) => {
    const bytes = write(() => {});
    patch(bytes);
    return bytes;
  };
  test.each([
    ['another version', patchedVersion, 'the recording has version 2, this Weft reads version 1'],
    ['another event layout', () => write(() => {}, { ...HEADER, eventSize: 144 }), 'another event layout'],
    ['no epoch', () => write(() => {}, { ...HEADER, epochUnixNano: 'yesterday' }), 'no epoch'],
    ['a header that is no JSON', () => patched((bytes) => bytes.fill(0x21, 16)), 'damaged'],
    [
      'a header longer than the file',
      () => patched((bytes) => bytes.fill(0xff, 8, 12)),
      'ends within its header',
    ],
    [
      'something else',
      () => new TextEncoder().encode('{"not":"a recording at all"}'),
      'not a Weft recording',
    ],
    ['nothing', () => new Uint8Array(0), 'not a Weft recording'],
  ])('%s is refused', (_, make, sentence) => {
    const result = readRecordingHeader(make());
    expect(result.ok).toBe(false);
    if (!result.ok) expect(result.error).toContain(sentence);
  });
  function patchedVersion(): Uint8Array {
    return patched((bytes) => {
      bytes[MAGIC.length - 1] = 2;
    });
  }

  test('records of an unknown type are passed over, and process records that make no sense', () => {
    const bytes = write((writer) => {
      writer.event(Uint8Array.of(1), 0, 1);
      writer.process({ tgid: 'x' } as never);
      writer.process(null as never);
      writer.process(SHOP);
    });
    const view = new DataView(bytes.buffer);
    const header = readRecordingHeader(bytes);
    if (!header.ok) throw new Error(header.error);
    view.setUint32(header.value.offset + 4, 99, true);
    expect(read(bytes).found).toEqual([SHOP]);
  });
});

describe('replay', () => {
  test('what became known of a process late holds from the beginning', () => {
    const { records, epoch, events, losses } = replayRecording(write(shop), { mask: true });
    expect({ epoch, events, losses }).toEqual({ epoch: 1_700_000_000_000_000_000n, events: 12, losses: {} });
    const services = new Set(records.map((record) => `${record.kind} ${record.service}`));
    expect(services).toEqual(new Set(['server shop', 'client unknown']));
    expect(records.find((record) => record.kind === 'server')!.attributes).toMatchObject({
      'container.id': 'c0ffee',
    });
  });

  test('values are masked unless it is asked otherwise', () => {
    const bytes = write(shop);
    expect(JSON.stringify(replayRecording(bytes, { mask: true }).records)).not.toContain('hunter2');
    expect(JSON.stringify(replayRecording(bytes, { mask: false }).records)).toContain('hunter2');
  });

  test('the same bytes give the same spans, wherever they lie in memory', () => {
    const bytes = write(shop);
    const shifted = new Uint8Array(bytes.length + 3).subarray(3);
    shifted.set(bytes);
    const first = JSON.stringify(replayBytes(bytes, { mask: true }).records);
    expect(JSON.stringify(replayBytes(bytes, { mask: true }).records)).toBe(first);
    expect(JSON.stringify(replayBytes(shifted, { mask: true }).records)).toBe(first);
  });
});
