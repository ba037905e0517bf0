import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type BtfField, readBtf } from './btf.ts';
import { BpfError } from './errors.ts';

const path = fileURLToPath(new URL('../fixtures/fixture.o', import.meta.url));
const btf = readBtf(path);

function member(name: string): BtfField {
  const found = btf.struct('fixture_event')?.members.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no member ${name}`);
  return found;
}

describe('readBtf', () => {
  // The expected figures are the C rules' for fixtures/fixture.bpf.c, not what this reader once gave.
  it('gives sizes and offsets of a struct', () => {
    const event = btf.struct('fixture_event');
    expect(event).toMatchObject({ name: 'fixture_event', kind: 'struct', size: 88 });
    expect(event?.members.map(({ name, offset, size }) => [name, offset, size])).toEqual([
      ['time', 0, 8],
      ['tgid', 8, 4],
      ['kind', 12, 4],
      ['payload', 16, 20],
      ['points', 36, 24],
      ['word', 60, 4],
      ['low', 60, 2],
      ['high', 62, 2],
      ['flag_a', 64, 4],
      ['flag_b', 64, 4],
      ['sequence', 72, 8],
      ['pointer', 80, 8],
    ]);
  });

  it('tells integers, enums, pointers, arrays, structs and bit fields apart', () => {
    expect(member('time')).toMatchObject({ kind: 'int', typeName: '__u64', signed: false, elements: null });
    expect(member('sequence')).toMatchObject({ kind: 'int', signed: true });
    expect(member('kind')).toMatchObject({ kind: 'enum', typeName: 'fixture_kind', members: null });
    expect(member('pointer')).toMatchObject({ kind: 'pointer', bits: null });
    expect(member('payload')).toMatchObject({ kind: 'int', elements: 20, elementSize: 1 });
    expect(member('flag_a').bits).toEqual({ offset: 0, width: 3 });
    expect(member('flag_b').bits).toEqual({ offset: 3, width: 13 });
  });

  it('gives members of nested structs, also in arrays of two dimensions', () => {
    const points = member('points');
    expect(points).toMatchObject({ kind: 'struct', typeName: 'fixture_point', elements: 6, elementSize: 4 });
    expect(points.members?.map(({ name, offset, signed }) => [name, offset, signed])).toEqual([
      ['x', 0, true],
      ['y', 2, true],
    ]);
  });

  it('places global variables by section, static ones too', () => {
    const places = [...btf.variables.values()].map(({ name, section, offset, size }) => [
      name,
      section,
      offset,
      size,
    ]);
    expect(places).toEqual(
      expect.arrayContaining([
        ['calls', '.bss', 0, 8],
        ['dropped', '.bss', 8, 8],
        ['negative', '.data', 0, 4],
        ['hidden', '.data', 4, 4],
        ['target_tgid', '.rodata', 0, 4],
        ['target_syscall', '.rodata', 8, 8],
        ['record_bytes', '.rodata', 16, 1],
        ['small', '.rodata', 18, 2],
        ['label', '.rodata', 20, 12],
      ]),
    );
    expect(places).toHaveLength(9);
  });

  it('knows constants, kinds and what is not there', () => {
    expect(btf.constants()).toEqual(
      new Map([
        ['FIXTURE_CALL', 1],
        ['FIXTURE_OTHER', 7],
      ]),
    );
    expect(btf.structNames().sort()).toEqual(['fixture_event', 'fixture_point']);
    expect(btf.has('struct', 'fixture_point')).toBe(true);
    expect(btf.has('union', 'fixture_point')).toBe(false);
    expect(btf.has('struct', 'fixture_poin')).toBe(false);
    expect(btf.struct('fixture_kind')).toBeNull();
    expect(btf.hasTracepoint('sys_enter')).toBe(false);
  });

  it('refuses what is no object, or a cut one, with a BpfError', () => {
    const bytes = new Uint8Array(readFileSync(path));
    expect(() => readBtf(new Uint8Array(10))).toThrow(BpfError);
    for (let length = 64; length < bytes.length; length += 101) {
      expect(() => readBtf(bytes.subarray(0, length))).toThrow(BpfError);
    }
  });

  it('takes any damage of the file as a BpfError, or reads what is left', () => {
    const good = new Uint8Array(readFileSync(path));
    let random = 7;
    const next = () => {
      random = (Math.imul(random, 1103515245) + 12345) >>> 0;
      return random >>> 4;
    };
    let refused = 0;
    for (let round = 0; round < 400; round++) {
      const bytes = good.slice();
      for (let i = 0; i < 8; i++) bytes[next() % bytes.length] = next() & 0xff;
      let damaged: ReturnType<typeof readBtf>;
      try {
        damaged = readBtf(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(BpfError);
        refused++;
        continue;
      }
      try {
        damaged.constants();
        for (const name of damaged.structNames()) damaged.struct(name);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }
    expect(refused).toBeGreaterThan(10);
    expect(refused).toBeLessThan(400);
  });
});
