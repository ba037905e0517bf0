import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesSource } from './elf.ts';
import { GoInspector } from './go-inspector.ts';
import { inspectGo } from './go-runtime.ts';

interface Shape {
  readonly version?: string;
  /** PT_TLS: memory size and alignment. */
  readonly tls?: readonly [memorySize: number, align: number];
  readonly dynamic?: boolean;
  readonly sections?: boolean;
  readonly machine?: number;
  readonly code?: Buffer;
  readonly flags?: number;
  readonly magic?: string;
}

const CODE_AT = 0x1000;
const DATA_AT = 0x2000;

function u64(bytes: Buffer, at: number, value: number): void {
  bytes.writeBigUInt64LE(BigInt(value), at);
}

/** A 64-bit ELF file with the few parts that are looked at: code, build info, TLS. */
function elf(shape: Shape): Buffer {
  const { version = 'go1.26.1', sections = true, flags = 2, magic = '\xff Go buildinf:' } = shape;
  const bytes = Buffer.alloc(0x3000);
  bytes.write('\x7fELF\x02\x01\x01', 'latin1');
  bytes.writeUInt16LE(shape.machine ?? 62, 18);
  u64(bytes, 32, 64);
  bytes.writeUInt16LE(56, 54);
  let count = 0;
  const segment = (
    type: number,
    segmentFlags: number,
    at: number,
    size: number,
    memory: number,
    align: number,
  ) => {
    const header = 64 + 56 * count++;
    bytes.writeUInt32LE(type, header);
    bytes.writeUInt32LE(segmentFlags, header + 4);
    u64(bytes, header + 8, at);
    u64(bytes, header + 32, size);
    u64(bytes, header + 40, memory);
    u64(bytes, header + 48, align);
  };
  segment(1, 5, CODE_AT, 0x1000, 0x1000, 4096);
  segment(1, 6, DATA_AT, 0x1000, 0x1000, 4096);
  if (shape.tls !== undefined) segment(7, 4, 0, 0, ...shape.tls);
  if (shape.dynamic) segment(3, 4, 0x600, 16, 16, 1);
  bytes.writeUInt16LE(count, 56);
  shape.code?.copy(bytes, CODE_AT + 0x100);
  const info = DATA_AT + 0x40;
  bytes.write(magic, info, 'latin1');
  bytes[info + 14] = 8;
  bytes[info + 15] = flags;
  bytes[info + 32] = version.length;
  bytes.write(version, info + 33, 'latin1');
  if (sections) {
    u64(bytes, 40, 0x800);
    bytes.writeUInt16LE(64, 58);
    bytes.writeUInt16LE(3, 60);
    bytes.writeUInt16LE(2, 62);
    bytes.write('\0.go.buildinfo\0.shstrtab\0', 0x700, 'latin1');
    const section = (index: number, name: number, at: number, size: number) => {
      bytes.writeUInt32LE(name, 0x800 + index * 64);
      u64(bytes, 0x800 + index * 64 + 24, at);
      u64(bytes, 0x800 + index * 64 + 32, size);
    };
    section(1, 1, info, 0x100);
    section(2, 15, 0x700, 0x40);
  }
  return bytes;
}

const inspect = (shape: Shape) => inspectGo(bytesSource(elf(shape)));

/** `movq $0x123, %fs:offset` */
function directStore(offset: number): Buffer {
  const code = Buffer.from('6448c704250000000023010000', 'hex');
  code.writeInt32LE(offset, 5);
  return code;
}

/** `mov $offset, %rbx; movq $0x123, %fs:(%rbx)` */
function indirectStore(offset: number): Buffer {
  const code = Buffer.from('48c7c3000000006448c70323010000', 'hex');
  code.writeInt32LE(offset, 3);
  return code;
}

describe('inspectGo', () => {
  it.each([
    ['go1.19.13', 152, 0],
    ['go1.20', 152, 0],
    ['go1.21.0', 152, 272],
    ['go1.22.12', 152, 272],
    ['go1.23.1', 160, 280],
    ['go1.24.2 X:nocoverageredesign', 160, 280],
    ['go1.25.7', 152, 272],
    ['go1.26.0', 152, 280],
    ['go1.26.1-vendor+2', 152, 280],
  ])('%s', (version, goid, parentGoid) => {
    expect(inspect({ version })).toEqual({ version, goid, parentGoid, m: 48, schedSp: 56, gTls: -8 });
  });

  it.each(['go1.18.10', 'go1.27.0', 'go2.0', 'go1.26rc1', 'go1.25beta2', 'devel go1.26-abcdef', 'x', 'go1.'])(
    '%s is unknown',
    (version) => {
      expect(inspect({ version })).toEqual({ unknown: 'version', version });
    },
  );

  it('says nothing of what is not Go', () => {
    expect(inspect({ magic: 'something else' })).toBeNull();
    expect(inspect({ magic: 'something else', sections: false })).toBeNull();
    expect(inspectGo(bytesSource(new Uint8Array()))).toBeNull();
    expect(inspectGo(bytesSource(Buffer.from('#!/bin/sh\n')))).toBeNull();
    const narrow = elf({});
    narrow[4] = 1;
    expect(inspectGo(bytesSource(narrow))).toBeNull();
  });

  it('finds the build info without section headers', () => {
    expect(inspect({ sections: false })).toMatchObject({ version: 'go1.26.1', gTls: -8 });
  });

  it('knows that the format before Go 1.18 is too old', () => {
    expect(inspect({ flags: 0 })).toEqual({ unknown: 'version', version: '' });
  });

  it('knows x86-64 alone', () => {
    expect(inspect({ machine: 183 })).toEqual({ unknown: 'architecture', version: 'go1.26.1' });
  });

  it.each<[string, Shape, object]>([
    ['static', {}, { gTls: -8 }],
    ['its own word in the TLS segment', { tls: [8, 8], dynamic: true }, { gTls: -8 }],
    ['runtime in a shared library', { dynamic: true }, { unknown: 'shared-runtime' }],
    ['C code, position-dependent', { tls: [0x30, 8], code: directStore(-32) }, { gTls: -32 }],
    ['C code, position-independent', { tls: [0x30, 8], code: indirectStore(-32) }, { gTls: -32 }],
    ['C code, no such instruction', { tls: [0x30, 8] }, { unknown: 'tls-offset' }],
    ['outside the segment', { tls: [0x30, 8], code: directStore(-0x40) }, { unknown: 'tls-offset' }],
    ['not below the thread pointer', { tls: [0x30, 8], code: indirectStore(8) }, { unknown: 'tls-offset' }],
    ['not aligned', { tls: [0x30, 8], code: indirectStore(-12) }, { unknown: 'tls-offset' }],
    [
      'another store before it',
      {
        tls: [0x30, 8],
        code: Buffer.concat([Buffer.from('6448c704252800000000000000', 'hex'), directStore(-24)]),
      },
      { gTls: -24 },
    ],
  ])('%s', (_, shape, expected) => {
    expect(inspect(shape)).toMatchObject(expected);
  });

  it('finds the instruction on a border between two reads', () => {
    const code = directStore(-32);
    for (let before = 0; before <= 16; before++) {
      const small = elf({ tls: [0x30, 8] });
      const big = Buffer.concat([small, Buffer.alloc(2 * 1024 * 1024, 0x90)]);
      u64(big, 64 + 32, big.length - CODE_AT);
      code.copy(big, CODE_AT + 1024 * 1024 - before);
      expect(inspectGo(bytesSource(big))).toMatchObject({ gTls: -32 });
    }
  });

  it('never throws and reads little, whatever the file', () => {
    const template = elf({ tls: [0x30, 8], code: indirectStore(-32) });
    const edits = fc.array(fc.tuple(fc.nat(0x3000 - 1), fc.nat(255)), { maxLength: 40 });
    const headerEdits = fc.array(fc.tuple(fc.nat(64 + 56 * 3), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(edits, headerEdits, fc.nat(0x3000), (anywhere, header, length) => {
        const bytes = Buffer.from(template);
        for (const [at, value] of [...anywhere, ...header]) bytes[at] = value;
        let read = 0;
        const source = bytesSource(bytes.subarray(0, length));
        inspectGo({
          read: (offset, size) => {
            const part = source.read(offset, size);
            read += part.length;
            return part;
          },
        });
        expect(read).toBeLessThan(4 * 1024 * 1024);
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 512 }), (bytes) => void inspectGo(bytesSource(bytes))));
  });
});

describe('GoInspector', () => {
  it('accepts any path', () => {
    const inspector = new GoInspector();
    expect(inspector.inspect('/nowhere')).toBeNull();
    expect(inspector.inspect('/proc')).toBeNull();
    expect(inspector.inspect('/dev/null')).toBeNull();
    expect(inspector.inspect(process.execPath)).toBeNull();
    expect(inspector.inspect(process.execPath)).toBeNull();
  });
});
