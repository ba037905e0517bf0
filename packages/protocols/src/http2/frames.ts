import { ascii } from '../bytes.ts';

/** RFC 9113 §3.4: what a client says first. */
export const PREFACE = ascii('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** RFC 9113 §4.1: length 24, type 8, flags 8, reserved 1, stream id 31 bits. */
export const FRAME_HEADER = 9;

/** RFC 9113 §6; other types are skipped, as §5.5 asks. */
export const DATA = 0;
export const HEADERS = 1;
export const PRIORITY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PUSH_PROMISE = 5;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

export const END_STREAM = 0x1;
export const END_HEADERS = 0x4;
export const PADDED = 0x8;
export const HAS_PRIORITY = 0x20;

/** Flags that RFC 9113 defines, by type: out of step, a frame with others is taken for none. */
const DEFINED_FLAGS: readonly number[] = [0x09, 0x2d, 0, 0, 0x01, 0x0c, 0x01, 0, 0, 0x04];
/** RFC 9113 §6.5.2: the frame size that nobody needs to ask for. */
const DEFAULT_FRAME_SIZE = 16_384;
const LONGEST_SETTINGS = 6 * 32;

/** Names of error codes (RFC 9113 §7), by number. */
const ERROR_NAMES: readonly string[] = [
  ...[
    'NO_ERROR',
    'PROTOCOL_ERROR',
    'INTERNAL_ERROR',
    'FLOW_CONTROL_ERROR',
    'SETTINGS_TIMEOUT',
    'STREAM_CLOSED',
  ],
  ...['FRAME_SIZE_ERROR', 'REFUSED_STREAM', 'CANCEL', 'COMPRESSION_ERROR', 'CONNECT_ERROR'],
  ...['ENHANCE_YOUR_CALM', 'INADEQUATE_SECURITY', 'HTTP_1_1_REQUIRED'],
];

/** `CANCEL` of 8; the number itself of codes that nobody has named. */
export function errorName(code: number): string {
  return ERROR_NAMES[code] ?? String(code);
}

/** 24 bits, big-endian. */
export function uint24(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
}

/** 32 bits, big-endian. */
export function uint32(bytes: Uint8Array, at: number): number {
  return bytes[at]! * 0x100_0000 + uint24(bytes, at + 1);
}

/** 31 bits after a reserved one. */
export function streamIdAt(bytes: Uint8Array, at: number): number {
  return uint32(bytes, at) & 0x7fff_ffff;
}

/** Whether a frame header contradicts RFC 9113 §6: the stream it names, or the length of a fixed size. */
export function isFrameError(type: number, length: number, streamId: number): boolean {
  switch (type) {
    case DATA:
    case HEADERS:
    case CONTINUATION:
    case PUSH_PROMISE:
      return streamId === 0;
    case PRIORITY:
      return streamId === 0 || length !== 5;
    case RST_STREAM:
      return streamId === 0 || length !== 4;
    case SETTINGS:
      return streamId !== 0 || length % 6 !== 0;
    case PING:
      return streamId !== 0 || length !== 8;
    case GOAWAY:
      return streamId !== 0 || length < 8;
    case WINDOW_UPDATE:
      return length !== 4;
    default:
      return false;
  }
}

/** Whether a frame header may stand here for somebody who does not know that one must: stricter than the RFC. */
export function looksLikeFrame(bytes: Uint8Array, at: number): boolean {
  const type = bytes[at + 3]!;
  const length = uint24(bytes, at);
  if (type > CONTINUATION || length > DEFAULT_FRAME_SIZE) return false;
  if ((bytes[at + 4]! & ~DEFINED_FLAGS[type]!) !== 0 || bytes[at + 5]! >= 0x80) return false;
  if (type === SETTINGS && length > LONGEST_SETTINGS) return false;
  const streamId = streamIdAt(bytes, at + 5);
  if (type === HEADERS && length === 0) return false;
  // The promised stream and a block: clients begin the streams that they are promised on (RFC 9113 §6.6).
  if (type === PUSH_PROMISE && (length < 5 || streamId % 2 === 0)) return false;
  return !isFrameError(type, length, streamId);
}

/**
 * Frames that stand one after the other from `from` on, as far as [from, to) shows.
 * @returns how many of them begin there, a cut last one included; -1 if what follows one is none, or nothing is one
 */
export function frameChain(bytes: Uint8Array, from: number, to: number): number {
  let frames = 0;
  let at = from;
  for (; at + FRAME_HEADER <= to; at += FRAME_HEADER + uint24(bytes, at)) {
    if (!looksLikeFrame(bytes, at)) return -1;
    frames++;
  }
  return frames === 0 ? -1 : frames;
}
