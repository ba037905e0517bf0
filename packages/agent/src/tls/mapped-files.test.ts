import { describe, expect, it } from 'vitest';
import { mappedFiles, mayHoldTls } from './mapped-files.ts';

const MAPS = `55d0c0a00000-55d0c0a01000 r--p 00000000 fe:01 393300                     /usr/bin/curl
55d0c0a01000-55d0c0a20000 r-xp 00001000 fe:01 393300                     /usr/bin/curl
7f0000000000-7f0000021000 rw-p 00000000 00:00 0
7f1100000000-7f1100060000 r-xp 0001e000 fe:01 1234                       /opt/my libs/libssl.so.3 (deleted)
7f1200000000-7f1200060000 r-xp 00000000 00:00 0                          [vdso]
7f1300000000-7f1300060000 r-xp 00060000 fe:01 1234                       /opt/my libs/libssl.so.3 (deleted)
`;

describe('files that a process runs code of', () => {
  it('are told once each, by what names them for good', () => {
    expect(mappedFiles(MAPS)).toEqual([
      { key: 'fe:01 393300', path: '/usr/bin/curl', range: '55d0c0a01000-55d0c0a20000' },
      { key: 'fe:01 1234', path: '/opt/my libs/libssl.so.3', range: '7f1100000000-7f1100060000' },
    ]);
    expect(mappedFiles('')).toEqual([]);
  });

  it.each([
    ['/usr/lib/libssl.so.3', false, true],
    ['/usr/lib/libgnutls.so.30', false, true],
    ['/usr/lib/libnode.so.108', false, true],
    ['/usr/lib/libc.so.6', false, false],
    ['/usr/bin/envoy', true, true],
  ])('%s (program: %s) may hold TLS: %s', (path, isProgram, expected) => {
    expect(mayHoldTls(path, isProgram)).toBe(expected);
  });
});
