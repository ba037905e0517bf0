import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entrySite, REGISTER, returnSites, wrappedFunction } from './probe-site.ts';

const { di, si, dx, cx, ax, bx } = REGISTER;
const code = (...instructions: string[]) => Buffer.from(instructions.join(''), 'hex');

/** libssl 3.0's `SSL_read`: checks the length, and calls. */
const SSL_READ = code(
  '4883ec18', // sub $0x18,%rsp
  '64488b042528000000', // mov %fs:0x28,%rax
  '4889442408', // mov %rax,0x8(%rsp)
  '31c0', // xor %eax,%eax
  '85d2', // test %edx,%edx
  '782f', // js
  '4889e1', // mov %rsp,%rcx
  '4863d2', // movslq %edx,%rdx
  'e83dfeffff', // call
  '85c0',
);

describe('where a function is probed', () => {
  it('on a push, which is emulated, right behind endbr64', () => {
    expect(entrySite(code('f30f1efa', '55', '4889e5'), [di, si, dx], true)).toEqual({
      offset: 4,
      isCheap: true,
      canReturn: true,
    });
  });

  it('on the first jump, if only the entry matters', () => {
    expect(entrySite(SSL_READ, [di, si, dx], false)).toEqual({
      offset: 0x16,
      isCheap: true,
      canReturn: false,
    });
  });

  it('on the first instruction, if the stack has moved and the return matters', () => {
    expect(entrySite(SSL_READ, [di, si, dx], true)).toEqual({ offset: 0, isCheap: false, canReturn: true });
  });

  it('on a tail call, whose return address is still on top of the stack', () => {
    // gnutls_record_send: xor %r8d,%r8d; xor %ecx,%ecx; jmp
    expect(entrySite(code('4531c0', '31c9', 'e96b9cffff'), [di, si, dx], true)).toEqual({
      offset: 5,
      isCheap: true,
      canReturn: true,
    });
  });

  it('on the stack check of a Go function', () => {
    // cmp 0x10(%r14),%rsp; jbe
    expect(entrySite(code('493b6610', '0f86e3040000', '55'), [ax, bx, cx], false)).toMatchObject({
      offset: 4,
      isCheap: true,
    });
  });

  it('on the first instruction, if an argument is gone before anything is emulated', () => {
    expect(entrySite(code('4889f7', '55'), [di, si, dx], false)).toMatchObject({ offset: 0, isCheap: false });
    expect(entrySite(code('bf01000000', '55'), [di, si, dx], false)).toMatchObject({ offset: 0 });
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (bytes, returns) => {
        const site = entrySite(bytes, [di, si, dx], returns);
        expect(site.offset).toBeLessThanOrEqual(bytes.length);
        wrappedFunction(bytes, [di, si, dx]);
        returnSites(bytes);
      }),
    );
  });
});

describe('a wrapper', () => {
  it('is seen through to what it calls with its own arguments', () => {
    expect(wrappedFunction(SSL_READ, [di, si, dx])).toBe(0x23 - 0x1c3);
  });

  it('is none if it has changed them', () => {
    expect(wrappedFunction(code('4889f7', 'e83dfeffff'), [di, si, dx])).toBeNull();
    expect(wrappedFunction(SSL_READ, [di, si, dx, cx])).toBeNull();
  });
});

describe('returns', () => {
  it('are found between instructions alone', () => {
    // mov $0xc3,%eax; ret; jmp; ret; int3
    expect(returnSites(code('b8c3000000', 'c3', 'ebc3', 'c3', 'cccc'))).toEqual([5, 8]);
  });
});
