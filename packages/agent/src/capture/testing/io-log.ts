import { readFileSync } from 'node:fs';
import { TRANSPORT } from '@weft/kernel';

/** A message that the program of packages/kernel/testdata/io-calls.c sent or received. */
export interface Call {
  readonly tid: number;
  readonly call: string;
  readonly kind: string;
  /** Number of the connection. */
  readonly pair: number;
  /** 0: from end 0 to end 1. */
  readonly way: number;
  readonly end: number;
  readonly sending: boolean;
  readonly bytes: number;
  /** In the stream of its way. */
  readonly offset: number;
  readonly local: number;
  readonly remote: number;
  /** False: its bytes were in no user buffer. */
  readonly payload?: boolean;
  /** Bytes that lie in the buffer, when fewer than `bytes`. */
  readonly captured?: number;
  /** The receiver asked for the sender's address. */
  readonly named?: boolean;
  /** Whose buffer is whose cannot be known. */
  readonly ambiguous?: boolean;
  readonly fault?: boolean;
}

/** What the program wrote down, without its remarks. */
export function readCalls(path: string): Call[] {
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Call)
    .filter(({ call }) => call !== undefined);
}

/** The bytes at a place of a stream (`byte_at` of io-calls.c). */
export function bytesAt(call: Call, from: number, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const offset = call.offset + from + i;
    bytes[i] = call.pair * 31 + call.way * 17 + offset * 7 + (offset >> 8) * 13;
  }
  return bytes;
}

export function transportOf(call: Call): number {
  if (call.kind.startsWith('tcp')) return TRANSPORT.TCP;
  if (call.kind.startsWith('udp')) return TRANSPORT.UDP;
  return call.kind.startsWith('unix-stream') ? TRANSPORT.UNIX_STREAM : TRANSPORT.UNIX_DGRAM;
}
