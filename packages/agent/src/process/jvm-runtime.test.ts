import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesSource } from './elf.ts';
import { readJvmLibrary } from './jvm-library.ts';
import { readJvmRuntime } from './jvm-runtime.ts';

const BASE = 0x1000;
const MODULE_WORD = 0x20;
const TABLE = 0x100;
const TEXTS = 0x800;

type Field = readonly [type: string, field: string, offset: number];

/** As Temurin 25 lists them, among others. */
const JDK25: readonly Field[] = [
  ['JavaThread', '_vthread', 1128],
  ['JfrThreadLocal', '_vthread_id', 240],
  ['Thread', '_jfr_thread_local', 616],
  ['JfrThreadLocal', '_vthread', 339],
];

/** Memory in which a library's table lists these fields, and the loader has given it a number. */
function memory(fields: readonly Field[], module = 2) {
  const bytes = Buffer.alloc(0x2000);
  bytes.writeBigUInt64LE(BigInt(module), BASE + MODULE_WORD);
  let texts = BASE + TEXTS;
  const text = (value: string) => {
    bytes.write(`${value}\0`, texts, 'latin1');
    texts += value.length + 1;
    return BigInt(texts - value.length - 1);
  };
  fields.forEach(([type, field, offset], i) => {
    const entry = BASE + TABLE + 48 * i;
    bytes.writeBigUInt64LE(text(type), entry);
    bytes.writeBigUInt64LE(text(field), entry + 8);
    bytes.writeBigUInt64LE(BigInt(offset), entry + 32);
  });
  return { read: (at: number, length: number) => bytes.subarray(at, at + length) };
}

/** The table of a real one ends with an entry of zeros. */
const library = (fields: readonly Field[]) => ({
  threadTls: 32,
  moduleWord: MODULE_WORD,
  tables: [{ address: TABLE, size: 48 * (fields.length + 1) }],
});

test('the fields are found by class and name', () => {
  expect(readJvmRuntime(memory(JDK25), library(JDK25), BASE)).toEqual({
    tlsModule: 2,
    threadTls: 32,
    mounted: 616 + 339,
    threadId: 616 + 240,
  });
});

test.each<[string, readonly Field[], number]>([
  ['an older JDK lacks one of them', JDK25.slice(0, 3), 2],
  ['the library is not ready yet', JDK25, 0],
  ['a number that no library has', JDK25, 0x1234_5678],
  ['an offset beyond any thread', [...JDK25, ['Thread', '_jfr_thread_local', 1 << 20]], 2],
])('nothing is believed when %s', (_, fields, module) => {
  expect(readJvmRuntime(memory(fields, module), library(fields), BASE)).toBeNull();
});

test('a file that is not a libjvm.so says nothing, whatever it holds', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, isElf) => {
      if (isElf) bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1].slice(0, bytes.length));
      return readJvmLibrary(bytesSource(bytes)) === null;
    }),
  );
});
