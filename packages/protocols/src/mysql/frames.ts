import { Unzlib } from 'fflate';
import { isWithinPacket, type PacketReader, type Packets, readPackets } from './packets.ts';
import { int3 } from './wire.ts';

/** Length of the header of a compressed frame: 3 bytes of length, a sequence id, 3 bytes of length when inflated. */
export const FRAME_HEADER = 7;
/** Bytes that are inflated at once: deflate gives at most 1032 times as many. */
const SLICE = 1024;

/** Compressed frames of one side ("Compression"), and how far the present one has been read. */
export interface Frames {
  readonly header: Uint8Array;
  headerLength: number;
  start: number;
  inBody: boolean;
  remaining: number;
  /** Null: the body is not compressed. */
  inflater: Unzlib | null;
  inflated: number;
}

export function createFrames(): Frames {
  return {
    header: new Uint8Array(FRAME_HEADER),
    headerLength: 0,
    start: 0,
    inBody: false,
    remaining: 0,
    inflater: null,
    inflated: 0,
  };
}

/** Forgets the frame that has begun. */
export function resetFrames(f: Frames): void {
  f.headerLength = 0;
  f.inBody = false;
  f.inflater = null;
}

/**
 * Reads frames, and the packets in them, until the end or until the reader stops it.
 * @returns false: a body could not be inflated
 */
export function readFrames(
  f: Frames,
  p: Packets,
  reader: PacketReader,
  bytes: Uint8Array,
  base: number,
): boolean {
  let i = 0;
  while (i < bytes.length && !p.stopped) {
    if (!f.inBody) {
      if (f.headerLength === 0) f.start = base + i;
      f.header[f.headerLength++] = bytes[i++]!;
      if (f.headerLength === FRAME_HEADER) beginFrame(f, p, reader);
      continue;
    }
    const taken = Math.min(f.remaining, bytes.length - i, f.inflater === null ? bytes.length : SLICE);
    const body = bytes.subarray(i, i + taken);
    f.remaining -= taken;
    if (f.inflater === null) readPackets(p, reader, body, base + i, Number.POSITIVE_INFINITY);
    else {
      try {
        f.inflater.push(body, f.remaining === 0);
      } catch {
        return false;
      }
    }
    i += taken;
    if (f.remaining === 0) resetFrames(f);
  }
  return true;
}

function beginFrame(f: Frames, p: Packets, reader: PacketReader): void {
  f.remaining = int3(f.header, 0);
  f.inBody = f.remaining > 0;
  f.headerLength = 0;
  f.inflated = 0;
  f.inflater = null;
  if (!isWithinPacket(p)) p.origin = f.start;
  if (int3(f.header, 4) === 0 || !f.inBody) return;
  const bodyAt = f.start + FRAME_HEADER;
  const end = bodyAt + f.remaining;
  f.inflater = new Unzlib((chunk) => {
    if (p.stopped) return;
    // Packets are told to lie where their inflated bytes would, but within the frame.
    readPackets(p, reader, chunk, bodyAt + f.inflated, end);
    f.inflated += chunk.length;
  });
}
