import { CHUNK_DATA, CHUNK_LINE, type Connection, endBody, type Flow, lose, TRAILERS } from './connection.ts';
import { readBytes, skipBytes } from './content.ts';
import { LONGEST_HEAD } from './lines.ts';

const CR = 13;
const LF = 10;
const SP = 32;
const TAB = 9;
const SEMICOLON = 59;
const LONGEST_EXTENSION = 4096;
const MOST_DIGITS = 16;
/** Data is followed by CRLF, always: it is skipped with the data where bytes are missing. */
export const CHUNK_END = 2;

const HEX = new Int8Array(256).fill(-1);
for (let i = 0; i < 16; i++) {
  HEX[i.toString(16).charCodeAt(0)] = i;
  HEX[i.toString(16).toUpperCase().charCodeAt(0)] = i;
}

/** Begins a chunk's size line. */
export function beginChunk(f: Flow): void {
  f.phase = CHUNK_LINE;
  f.remaining = 0;
  f.digits = 0;
  f.lineLength = -1;
}

/** Body of known length. @returns index of the first byte that does not belong to it */
export function readLengthBody(c: Connection, f: Flow, bytes: Uint8Array, i: number, base: number): number {
  const taken = Math.min(bytes.length - i, f.remaining);
  f.remaining -= taken;
  readBytes(f, bytes, i, i + taken);
  if (f.remaining === 0) endBody(c, f, base + i + taken);
  return i + taken;
}

/** `size [;extension] CRLF` (RFC 9112 §7.1). @returns index after what was read */
export function readChunkLine(c: Connection, f: Flow, bytes: Uint8Array, from: number, base: number): number {
  for (let i = from; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === LF && f.digits > 0) {
      if (f.remaining === 0) {
        f.phase = TRAILERS;
        f.lineLength = 0;
        f.trailerBytes = 0;
      } else {
        f.phase = CHUNK_DATA;
        f.remaining += CHUNK_END;
      }
      return i + 1;
    }
    if (f.lineLength >= 0) {
      if (byte !== LF && ++f.lineLength <= LONGEST_EXTENSION) continue;
    } else if (HEX[byte]! >= 0) {
      f.remaining = f.remaining * 16 + HEX[byte]!;
      if (++f.digits <= MOST_DIGITS && f.remaining <= Number.MAX_SAFE_INTEGER) continue;
    } else if (f.digits > 0 && (byte === SEMICOLON || byte === CR || byte === SP || byte === TAB)) {
      f.lineLength = 0;
      continue;
    }
    lose(c, f, 'chunk-size', base + i);
    return i + 1;
  }
  return bytes.length;
}

/** A chunk's data and the line end after it. @returns index after what was read */
export function readChunkData(c: Connection, f: Flow, bytes: Uint8Array, from: number, base: number): number {
  let i = from;
  const data = f.remaining - CHUNK_END;
  if (data > 0) {
    const taken = Math.min(bytes.length - i, data);
    f.remaining -= taken;
    readBytes(f, bytes, i, i + taken);
    i += taken;
  }
  while (i < bytes.length && f.remaining > 0) {
    if (bytes[i] !== (f.remaining === CHUNK_END ? CR : LF)) {
      lose(c, f, 'chunk-end', base + i);
      return i + 1;
    }
    f.remaining--;
    i++;
  }
  if (f.remaining === 0) beginChunk(f);
  return i;
}

/** Fields after the last chunk, up to an empty line; what they say is not used. @returns index after what was read */
export function readTrailers(c: Connection, f: Flow, bytes: Uint8Array, from: number, base: number): number {
  for (let i = from; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === LF) {
      if (f.lineLength === 0) {
        endBody(c, f, base + i + 1);
        return i + 1;
      }
      f.lineLength = 0;
    } else if (byte !== CR) f.lineLength++;
    if (++f.trailerBytes > LONGEST_HEAD) {
      lose(c, f, 'trailers-too-large', base + i);
      return i + 1;
    }
  }
  return bytes.length;
}

/**
 * Bytes of a body of known length that were not seen.
 * @param position of the first missing byte
 * @returns how many of them belong to the body; the rest is missing from what follows it
 */
export function skipBody(c: Connection, f: Flow, position: number, length: number): number {
  const skipped = Math.min(length, f.remaining);
  if (f.phase === CHUNK_DATA) {
    skipBytes(f, Math.min(skipped, Math.max(0, f.remaining - CHUNK_END)));
    f.remaining -= skipped;
    if (f.remaining === 0) beginChunk(f);
    return skipped;
  }
  f.remaining -= skipped;
  skipBytes(f, skipped);
  if (f.remaining === 0) endBody(c, f, position + skipped);
  return skipped;
}
