import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { BpfError, type BpfObject, openObject, UPDATE_FLAGS } from '../index.ts';
import { call, openFixture, readSequences } from '../testing/live.ts';

const path = fileURLToPath(new URL('../fixtures/fixture.o', import.meta.url));
const opened: BpfObject[] = [];

function fixture(): BpfObject {
  const object = openFixture(path);
  opened.push(object);
  return object;
}

function loaded(): BpfObject {
  const object = fixture();
  object.load();
  return object;
}

function caught(action: () => void): BpfError {
  try {
    action();
  } catch (error) {
    if (error instanceof BpfError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

function u32(value: number): Uint8Array {
  return new Uint8Array(new Uint32Array([value]).buffer);
}

function u64(bytes: Uint8Array | null | undefined): bigint {
  if (bytes === null || bytes === undefined) throw new Error('no value');
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
}

const offsetOf = (object: BpfObject, name: string) =>
  object.btf.struct('fixture_event')?.members.find((member) => member.name === name)?.offset ?? Number.NaN;

afterEach(() => {
  for (const object of opened.splice(0)) object.close();
});

describe('BpfObject', () => {
  it('lists programs and maps before the load', () => {
    const object = fixture();
    expect(object.programs.map(({ name, section, autoload }) => [name, section, autoload])).toEqual([
      ['weft_call', 'tp_btf/sys_enter', true],
      ['weft_refused', 'tp_btf/sys_enter', false],
      ['weft_missing', 'tp_btf/weft_no_such_tracepoint', false],
    ]);
    expect([...object.maps.keys()].sort()).toEqual([
      '.bss',
      '.data',
      '.rodata',
      'events',
      'live',
      'per_cpu',
      'threads',
    ]);
    expect(object.map('threads')).toMatchObject({ keySize: 4, valueSize: 88, maxEntries: 128, fd: -1 });
  });

  it('opens bytes as well as a path', () => {
    const object = openObject(new Uint8Array(readFileSync(path)), { name: 'bytes' });
    opened.push(object);
    expect(object.name).toBe('bytes');
    expect(object.programs).toHaveLength(3);
  });

  it('runs a program from attach to destroy, with what was set before the load', () => {
    const object = loaded();
    const ring = object.map('events').openRing();
    const link = object.program('weft_call').attach();
    expect(link.fd).toBeGreaterThanOrEqual(0);
    call(6);
    link.destroy();
    link.destroy();
    call(10);
    expect(link.fd).toBe(-1);
    expect(ring.poll()).toBe(true);
    expect(ring.next()).toBe(true);
    const at = ring.offset;
    expect(ring.length).toBe(88);
    expect(ring.u32[(at + offsetOf(object, 'tgid')) >> 2]).toBe(process.pid);
    const payload = ring.bytes.slice(at + offsetOf(object, 'payload'), at + offsetOf(object, 'payload') + 20);
    expect(new TextDecoder().decode(payload.subarray(0, 6))).toBe('hello\0');
    expect(payload[19]).toBe(3);
    const points = at + offsetOf(object, 'points');
    expect(new Int16Array(ring.bytes.slice(points, points + 24).buffer)[11]).toBe(-5);
    // Of six, the fourth is discarded by the program.
    expect(readSequences(ring, offsetOf(object, 'sequence'))).toEqual([1, 2, 4, 5]);
    expect(ring.pending()).toBe(0);
  });

  it('loses nothing but what a full ring refuses, and goes on after a release', () => {
    const object = fixture();
    object.map('events').setMaxEntries(4096);
    object.load();
    const ring = object.map('events').openRing();
    expect(ring.size).toBe(4096);
    const counters = object.map('.bss').mmap();
    object.attach();
    const offset = offsetOf(object, 'sequence');
    call(100);
    // Records take 96 bytes, and 4096 are never quite full: 42 fit, every fourth of them is discarded.
    const kept = Array.from({ length: 42 }, (_, i) => i).filter((i) => i % 4 !== 3);
    expect(u64(counters.subarray(0, 8))).toBe(100n);
    expect(u64(counters.subarray(8, 16))).toBe(58n);
    expect(readSequences(ring, offset)).toEqual(kept);
    for (let round = 0; round < 50; round++) {
      call(20);
      const first = 100 + round * 20;
      const wanted = Array.from({ length: 20 }, (_, i) => first + i).filter((i) => i % 4 !== 3);
      expect(readSequences(ring, offset)).toEqual(wanted);
    }
    expect(u64(counters.subarray(8, 16))).toBe(58n);
  });

  it('calls back when a ring has something to read', async () => {
    const object = loaded();
    const ring = object.map('events').openRing();
    object.attach();
    const sequences = await new Promise<number[]>((resolve) => {
      const end = ring.onReadable(() => {
        end();
        resolve(readSequences(ring, offsetOf(object, 'sequence')));
      });
      setImmediate(() => call(1));
    });
    expect(sequences).toEqual([0]);
  });

  it('keeps several objects apart', () => {
    const first = loaded();
    const second = loaded();
    const rings = [first, second].map((object) => object.map('events').openRing());
    first.attach();
    call(2);
    second.attach();
    call(1);
    first.close();
    call(1);
    expect(readSequences(rings[0]!, 72)).toEqual([]);
    expect(readSequences(rings[1]!, 72)).toEqual([0, 1]);
  });
});

describe('BpfMap', () => {
  it('looks up, updates, deletes and iterates', () => {
    const map = loaded().map('threads');
    const value = new Uint8Array(88).fill(7);
    expect(map.lookup(u32(1))).toBeNull();
    expect(map.delete(u32(1))).toBe(false);
    for (let key = 0; key < 100; key++) map.update(u32(key), value);
    expect(map.lookup(u32(99))).toEqual(value);
    const keys = [...map.keys()].map((key) => new DataView(key.buffer).getUint32(0, true));
    expect(keys.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(map.delete(u32(5))).toBe(true);
    expect(map.lookup(u32(5))).toBeNull();
    expect(caught(() => map.update(u32(1), value, UPDATE_FLAGS.create)).code).toBe('EEXIST');
    for (let key = 100; key < 129; key++) map.update(u32(key), value);
    expect(caught(() => map.update(u32(500), value)).code).toBe('E2BIG');
  });

  it('refuses arrays of a wrong size instead of letting the kernel write beyond them', () => {
    const map = loaded().map('threads');
    expect(caught(() => map.lookup(new Uint8Array(3))).code).toBe('EUSAGE');
    expect(caught(() => map.lookupInto(u32(0), new Uint8Array(87))).code).toBe('EUSAGE');
    expect(caught(() => map.update(u32(0), new Uint8Array(8))).code).toBe('EUSAGE');
    expect(caught(() => map.setMaxEntries(1)).code).toBe('EUSAGE');
  });

  it('shares the memory of a mappable array both ways', () => {
    const object = loaded();
    const map = object.map('live');
    const memory = map.mmap();
    expect(memory).toHaveLength(32);
    object.attach();
    call(5);
    expect(u64(memory.subarray(8, 16))).toBe(10n);
    memory[24] = 42;
    expect(u64(map.lookup(u32(3)))).toBe(42n);
    expect(caught(() => object.map('threads').mmap()).code).toBe('EUSAGE');
    expect(caught(() => object.map('.rodata').mmap()).code).toBe('EUSAGE');
  });

  it('gives a value for each CPU of a per-CPU map', () => {
    const object = loaded();
    const map = object.map('per_cpu');
    object.attach();
    call(9);
    const values = map.lookupPerCpu(u32(0)) ?? [];
    expect(values.every((value) => value.length === 4)).toBe(true);
    const sum = values.reduce(
      (total, value) => total + new DataView(value.buffer, value.byteOffset).getUint32(0, true),
      0,
    );
    expect(sum).toBe(9);
    const all = new Uint8Array(8 * values.length).fill(1);
    map.update(u32(1), all);
    expect(map.lookupPerCpu(u32(1))?.map((value) => value[0])).toEqual(values.map(() => 1));
  });
});

describe('failures', () => {
  it("carry the end of the verifier's log when it refuses a program", () => {
    const object = fixture();
    object.program('weft_refused').setAutoload(true);
    const error = caught(() => object.load());
    expect(error).toMatchObject({ operation: 'load fixture', code: 'EACCES', errno: 13 });
    expect(error.message).toContain('weft_refused');
    expect(error.log).toContain("R0 invalid mem access 'map_value_or_null'");
    expect(error.log.length).toBeLessThanOrEqual(16 * 1024);
    expect(caught(() => object.load()).code).toBe('EUSAGE');
    expect(caught(() => object.map('events').openRing()).code).toBe('EUSAGE');
    expect(caught(() => object.program('weft_call').attach()).code).toBe('EUSAGE');
  });

  it('carry what libbpf says when there is no such tracepoint', () => {
    const object = fixture();
    object.program('weft_missing').setAutoload(true);
    const error = caught(() => object.load());
    expect(error.code).toBe('ESRCH');
    expect(error.log).toContain("failed to find kernel BTF type ID of 'weft_no_such_tracepoint'");
  });

  it('come before the kernel is asked: unknown names, wrong values, a loaded object', () => {
    const object = fixture();
    expect(caught(() => object.setVariables({ nonsense: 1 })).message).toContain('nonsense');
    expect(caught(() => object.setVariables({ record_bytes: 256 })).message).toContain('record_bytes');
    expect(caught(() => object.program('nonsense')).code).toBe('EUSAGE');
    expect(caught(() => object.map('nonsense')).code).toBe('EUSAGE');
    object.load();
    expect(caught(() => object.setVariables({ record_bytes: 1 })).code).toBe('EUSAGE');
    expect(caught(() => object.program('weft_call').setAutoload(false)).code).toBe('EINVAL');
  });

  it('come after close too, and what was mapped stays safe to touch', () => {
    const object = loaded();
    const ring = object.map('events').openRing();
    const memory = object.map('live').mmap();
    object.attach();
    call(3);
    ring.poll();
    ring.next();
    expect(memory[8]).toBe(6);
    object.close();
    object.close();
    expect(memory[8]).toBe(0);
    memory[8] = 1;
    expect([ring.poll(), ring.next(), ring.pending(), ring.bytes[8]]).toEqual([false, false, 0, 0]);
    ring.release();
    expect(caught(() => object.map('threads').lookup(u32(0))).code).toBe('EBADF');
    expect(caught(() => object.map('events').openRing()).code).toBe('EUSAGE');
    expect(caught(() => object.program('weft_call').attach()).code).toBe('EUSAGE');
    expect(caught(() => object.load()).code).toBe('EUSAGE');
  });
});
