import type { BtfField } from './btf.ts';

/** A value for a global variable. */
export type VariableValue = number | bigint | boolean | Uint8Array;

function integerRange(size: number, signed: boolean): { low: bigint; high: bigint } {
  const bits = BigInt(size * 8);
  return signed
    ? { low: -(1n << (bits - 1n)), high: (1n << (bits - 1n)) - 1n }
    : { low: 0n, high: (1n << bits) - 1n };
}

/**
 * Writes a value where a variable lies in the bytes of its section.
 * @returns why it cannot be written, or null when it was
 */
export function encodeVariable(section: Uint8Array, variable: BtfField, value: VariableValue): string | null {
  const { offset, size, signed } = variable;
  if (offset + size > section.length) return 'it lies outside of its section';
  if (value instanceof Uint8Array) {
    if (value.length > size) return `${value.length} bytes do not fit into ${size}`;
    section.fill(0, offset, offset + size);
    section.set(value, offset);
    return null;
  }
  if (variable.kind !== 'int' && variable.kind !== 'enum')
    return `is no integer but ${variable.kind}: give bytes`;
  if (variable.elements !== null) return 'is an array: give bytes';
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return `${value} is no exact integer`;
  const wanted = BigInt(value);
  const { low, high } = integerRange(size, signed);
  if (wanted < low || wanted > high) return `${value} is not within ${low}..${high}`;
  let rest = BigInt.asUintN(size * 8, wanted);
  for (let at = 0; at < size; at++, rest >>= 8n) section[offset + at] = Number(rest & 0xffn);
  return null;
}
