import { int3 } from './wire.ts';

/** A packet of that length is continued by the next one ("Sending More Than 16Mb"). */
export const LONGEST_PACKET = 0xffffff;
export const HEADER = 4;

/** What makes sense of the packets of one side. It keeps nothing of `packets`. */
export interface PacketReader {
  /**
   * A packet begins: its length and sequence id are known.
   * @returns how many bytes of its payload to keep, from the first
   */
  begin(packets: Packets): number;
  /** What was wanted is kept, or all there is. @returns how many bytes to keep in all: more than before, or it is not asked again */
  read(packets: Packets): number;
  /** The packet is complete. @param position one past its last byte */
  end(packets: Packets, position: number): void;
  /** The sequence of packets that make up one long one is broken. */
  broken(cause: string): void;
}

/** Packets of one side, one after the other, and how far the present one has been read. */
export interface Packets {
  readonly header: Uint8Array;
  headerLength: number;
  /** Position of the present packet's header. */
  start: number;
  /** What a packet that begins with the next byte is said to start at: its compressed frame; -1: where it is. */
  origin: number;
  sequence: number;
  /** Payload of the first physical packet; `LONGEST_PACKET`: more follow. */
  length: number;
  /** Physical packets to come belong to the present one. */
  continues: boolean;
  inPayload: boolean;
  /** Bytes of the physical packet's payload to come. */
  remaining: number;
  /** The beginning of the payload, as far as it is wanted; grows as bytes come, not by what they promise. */
  kept: Uint8Array;
  keptLength: number;
  wanted: number;
  /** The reader has been told of what it wanted. */
  isRead: boolean;
  /** Bytes of the payload are missing from what was wanted. */
  isCut: boolean;
  /** Set by the reader: what follows is not for it. Whoever hands bytes over takes it back. */
  stopped: boolean;
}

export function createPackets(): Packets {
  return {
    header: new Uint8Array(HEADER),
    headerLength: 0,
    start: 0,
    origin: -1,
    sequence: 0,
    length: 0,
    continues: false,
    inPayload: false,
    remaining: 0,
    kept: NOTHING,
    keptLength: 0,
    wanted: 0,
    isRead: false,
    isCut: false,
    stopped: false,
  };
}

const NOTHING = new Uint8Array(0);
const FIRST_KEPT = 256;

/** Forgets the packet that has begun. */
export function resetPackets(p: Packets): void {
  p.headerLength = 0;
  p.inPayload = false;
  p.continues = false;
}

/** Whether a packet has begun that is not complete. */
export function isWithinPacket(p: Packets): boolean {
  return p.inPayload || p.headerLength > 0 || p.continues;
}

/**
 * Reads bytes until their end or until the reader stops it.
 * @param base position of bytes[0]
 * @param limit no position is told beyond it: the end of a compressed frame
 */
export function readPackets(
  p: Packets,
  reader: PacketReader,
  bytes: Uint8Array,
  base: number,
  limit: number,
): void {
  let i = 0;
  while (i < bytes.length && !p.stopped) {
    if (p.inPayload) {
      // What is wanted next is only known once the reader has seen what it wanted first.
      const most = p.isRead ? p.remaining : p.wanted - p.keptLength;
      const taken = Math.min(most, p.remaining, bytes.length - i);
      if (!p.isRead) keep(p, bytes, i, taken);
      p.remaining -= taken;
      i += taken;
    } else {
      if (p.headerLength === 0 && !p.continues) {
        p.start = p.origin >= 0 ? p.origin : Math.min(base + i, limit - 1);
      }
      p.origin = -1;
      p.header[p.headerLength++] = bytes[i++]!;
      if (p.headerLength < HEADER) continue;
      beginPacket(p, reader);
    }
    advance(p, reader, Math.min(base + i, limit));
  }
}

/**
 * Bytes that were not seen: they cost nothing where a length tells that they belong to a payload.
 * @returns how many of them the present packet covers
 */
export function skipPackets(p: Packets, reader: PacketReader, position: number, length: number): number {
  if (!p.inPayload || length <= 0) return 0;
  const skipped = Math.min(p.remaining, length);
  p.remaining -= skipped;
  if (p.keptLength < p.wanted) {
    p.isCut = true;
    p.wanted = p.keptLength;
  }
  advance(p, reader, position + skipped);
  return skipped;
}

/** Bytes of the payload to come that nobody wants. */
export function unwanted(p: Packets): number {
  return p.inPayload && p.isRead ? p.remaining : 0;
}

/** Tells the reader what can be told now. */
function advance(p: Packets, reader: PacketReader, position: number): void {
  const isWhole = p.remaining === 0 && !p.continues;
  while (!p.isRead && !p.stopped && (p.keptLength >= p.wanted || isWhole || p.isCut)) {
    const before = p.wanted;
    p.wanted = Math.max(before, reader.read(p));
    if (p.wanted === before || isWhole || p.isCut) p.isRead = true;
  }
  if (p.stopped || p.remaining > 0) return;
  p.inPayload = false;
  if (!p.continues) reader.end(p, position);
}

function beginPacket(p: Packets, reader: PacketReader): void {
  const length = int3(p.header, 0);
  const sequence = p.header[3]!;
  p.headerLength = 0;
  p.inPayload = true;
  p.remaining = length;
  if (p.continues) {
    if (sequence !== ((p.sequence + 1) & 255)) {
      reader.broken('sequence');
      return;
    }
    p.sequence = sequence;
    p.continues = length === LONGEST_PACKET;
    return;
  }
  p.sequence = sequence;
  p.length = length;
  p.continues = length === LONGEST_PACKET;
  p.keptLength = 0;
  p.isRead = false;
  p.isCut = false;
  p.wanted = reader.begin(p);
}

function keep(p: Packets, bytes: Uint8Array, from: number, count: number): void {
  if (p.keptLength + count > p.kept.length) {
    let size = Math.max(FIRST_KEPT, p.kept.length);
    while (size < p.keptLength + count) size *= 2;
    const larger = new Uint8Array(size);
    larger.set(p.kept.subarray(0, p.keptLength));
    p.kept = larger;
  }
  for (let k = 0; k < count; k++) p.kept[p.keptLength + k] = bytes[from + k]!;
  p.keptLength += count;
}
