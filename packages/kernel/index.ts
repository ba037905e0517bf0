/**
 * The kernel side's public face: the event ABI. The programs themselves are in weft.bpf.c, built to
 * dist/weft.bpf.o by build.mjs.
 */
export * from './generated/abi.ts';
