import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readBtf } from './btf.ts';
import { encodeVariable, type VariableValue } from './variables.ts';

const btf = readBtf(fileURLToPath(new URL('../fixtures/fixture.o', import.meta.url)));

function encode(name: string, value: VariableValue): Uint8Array | string {
  const section = new Uint8Array(32).fill(0xee);
  return encodeVariable(section, btf.variables.get(name)!, value) ?? section;
}

describe('encodeVariable', () => {
  it('writes little-endian integers of every width at their place and nothing else', () => {
    const expected = new Uint8Array(32).fill(0xee);
    expected.set([0x78, 0x56, 0x34, 0x12], 0);
    expect(encode('target_tgid', 0x12345678)).toEqual(expected);
    expect((encode('target_syscall', 0xffff_ffff_ffff_fffen) as Uint8Array).slice(8, 16)).toEqual(
      new Uint8Array([0xfe, 255, 255, 255, 255, 255, 255, 255]),
    );
    expect((encode('small', -2) as Uint8Array).slice(18, 20)).toEqual(new Uint8Array([0xfe, 0xff]));
    expect((encode('record_bytes', true) as Uint8Array)[16]).toBe(1);
  });

  it('fills short bytes up with zeros', () => {
    const label = (encode('label', new Uint8Array([1, 2])) as Uint8Array).slice(20, 32);
    expect([...label]).toEqual([1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it.each<[string, VariableValue]>([
    ['target_tgid', -1],
    ['target_tgid', 2 ** 32],
    ['record_bytes', 256],
    ['small', 32768],
    ['target_tgid', 1.5],
    ['target_tgid', Number.NaN],
    ['label', 5],
    ['label', new Uint8Array(13)],
  ])('refuses for %s the value %s', (name, value) => {
    expect(encode(name, value)).toBeTypeOf('string');
  });
});
