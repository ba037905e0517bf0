import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { decode } from './x86-length.ts';

describe('length of an instruction', () => {
  test.each([
    ['endbr64', 'f30f1efa', 4],
    ['push %rbp', '55', 1],
    ['push %r12', '4154', 2],
    ['sub $0x18,%rsp', '4883ec18', 4],
    ['mov %fs:0x28,%rax', '64488b042528000000', 9],
    ['cmpq $0x0,0x30(%rdi)', '48837f3000', 5],
    ['movabs $1,%rax', '48b80100000000000000', 10],
    ['mov $1,%eax', 'b801000000', 5],
    ['mov $1,%ax', '66b80100', 4],
    ['testb $0x2,0x44(%rdi)', 'f6474402', 4],
    ['not %eax', 'f7d0', 2],
    ['js +0x2f', '782f', 2],
    ['je rel32', '0f842d010000', 6],
    ['call rel32', 'e83dfeffff', 5],
    ['nopw 0x0(%rax,%rax,1)', '660f1f840000000000', 9],
    ['lea 0x0(,%rax,8),%rax', '488d04c500000000', 8],
    ['mov 0x0(%rip),%rax', '488b0500000000', 7],
    ['vmovdqu (%rsi),%ymm0', 'c5fe6f06', 4],
    ['vpalignr $8,%ymm1,%ymm0,%ymm2', 'c4e37d0fd108', 6],
    ['vzeroupper', 'c5f877', 3],
    ['pshufb (%rax),%xmm0', '660f380000', 5],
    ['vprotq $3,%xmm1,%xmm11 (XOP)', '8f6878c3d903', 6],
    ['ret', 'c3', 1],
  ])('%s', (_name, hex, length) => {
    expect(decode(Buffer.from(`${hex}9090`, 'hex'), 0)?.length).toBe(length);
  });

  test.each(['06', '60', '0f04', '48b80100', ''])('no instruction: %s', (hex) => {
    expect(decode(Buffer.from(hex, 'hex'), 0)).toBeNull();
  });

  it('never throws, and never goes past the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
        const found = decode(bytes, 0);
        if (found !== null) {
          expect(found.length).toBeGreaterThan(0);
          expect(found.length).toBeLessThanOrEqual(bytes.length);
        }
      }),
    );
  });
});

const LIBRARIES = ['/lib/x86_64-linux-gnu/libssl.so.3', '/lib/x86_64-linux-gnu/libgnutls.so.30'].filter(
  (path) => process.arch === 'x64' && existsSync(path) && existsSync('/usr/bin/objdump'),
);

describe.skipIf(LIBRARIES.length === 0)('against objdump', () => {
  it.each(LIBRARIES)(
    '%s: the same boundaries throughout',
    (path) => {
      const listing = execFileSync('objdump', ['-d', '-j', '.text', '--insn-width=15', path], {
        encoding: 'latin1',
        maxBuffer: 512 << 20,
      });
      let instructions = 0;
      const wrong: string[] = [];
      for (const line of listing.split('\n')) {
        const match = /^ *([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*\t?(\S*)/.exec(line);
        // Constants between functions, which it disassembles too.
        if (match === null || /\(bad\)|\.byte|\trex/.test(line)) continue;
        const bytes = Buffer.from(match[2]!.replaceAll(' ', ''), 'hex');
        instructions++;
        const found = decode(Buffer.concat([bytes, Buffer.alloc(16, 0x90)]), 0)?.length;
        if (found !== bytes.length) wrong.push(`${line} → ${found}`);
      }
      expect(instructions).toBeGreaterThan(10_000);
      expect(wrong).toEqual([]);
    },
    60_000,
  );
});
