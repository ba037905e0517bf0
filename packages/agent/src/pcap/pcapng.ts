import type { Frame, RefusalCounter } from './packet.ts';

// Block types and options of draft-ietf-opsawg-pcapng.
const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE = 1;
const PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const OPTION_RESOLUTION = 9;
const OPTION_OFFSET = 14;

/** Block type, its length twice. */
const BLOCK_FRAME = 12;

interface Interface {
  /** Its number in the whole file: sections begin to count anew. */
  readonly index: number;
  readonly linkType: number;
  /** Most bytes that are captured of a packet; 0: no limit. */
  readonly snapLength: number;
  /** Time stamp × numerator / denominator = nanoseconds. */
  readonly numerator: bigint;
  readonly denominator: bigint;
  readonly offsetSeconds: bigint;
}

/** A section's byte order and interfaces. */
interface Section {
  readonly littleEndian: boolean;
  readonly interfaces: Interface[];
}

interface Block {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  /** Body without type, lengths and trailer, in `bytes`. */
  readonly start: number;
  readonly end: number;
}

/** Does the file begin like pcapng? */
export function isPcapng(bytes: Uint8Array): boolean {
  return (
    bytes.length >= BLOCK_FRAME &&
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0) === SECTION_HEADER
  );
}

function readInterface(
  { view, start, end }: Block,
  { littleEndian }: Section,
  index: number,
): Interface | null {
  if (end - start < 8) return null;
  let numerator = 1000n;
  let denominator = 1n;
  let offsetSeconds = 0n;
  for (let at = start + 8; at + 4 <= end; ) {
    const code = view.getUint16(at, littleEndian);
    const length = view.getUint16(at + 2, littleEndian);
    const value = at + 4;
    if (code === 0 || value + length > end) break;
    if (code === OPTION_RESOLUTION && length >= 1) {
      const exponent = BigInt(view.getUint8(value) & 0x7f);
      numerator = 1_000_000_000n;
      denominator = (view.getUint8(value) & 0x80) !== 0 ? 1n << exponent : 10n ** exponent;
    } else if (code === OPTION_OFFSET && length >= 8) {
      offsetSeconds = view.getBigInt64(value, littleEndian);
    }
    at = value + ((length + 3) & ~3);
  }
  return {
    index,
    linkType: view.getUint16(start, littleEndian),
    snapLength: view.getUint32(start + 4, littleEndian),
    numerator,
    denominator,
    offsetSeconds,
  };
}

function timeOf(of: Interface, high: number, low: number): bigint {
  const stamp = (BigInt(high) << 32n) | BigInt(low);
  return (stamp * of.numerator) / of.denominator + of.offsetSeconds * 1_000_000_000n;
}

/** An enhanced packet block, or the packet block that it replaced. */
function readPacket(block: Block, section: Section, obsolete: boolean): Frame | 'interface' | 'block' {
  const { view, bytes, start, end } = block;
  const { littleEndian } = section;
  if (end - start < 20) return 'block';
  const id = obsolete ? view.getUint16(start, littleEndian) : view.getUint32(start, littleEndian);
  const of = section.interfaces[id];
  if (of === undefined) return 'interface';
  const captured = view.getUint32(start + 12, littleEndian);
  if (captured > end - start - 20) return 'block';
  return {
    timeUnixNanos: timeOf(
      of,
      view.getUint32(start + 4, littleEndian),
      view.getUint32(start + 8, littleEndian),
    ),
    interfaceIndex: of.index,
    linkType: of.linkType,
    bytes: bytes.subarray(start + 20, start + 20 + captured),
    originalLength: view.getUint32(start + 16, littleEndian),
  };
}

/** Has no time of its own. @param time of the packet before it */
function readSimplePacket(block: Block, section: Section, time: bigint): Frame | 'interface' | 'block' {
  const { view, bytes, start, end } = block;
  if (end - start < 4) return 'block';
  const of = section.interfaces[0];
  if (of === undefined) return 'interface';
  const originalLength = view.getUint32(start, section.littleEndian);
  const limit = of.snapLength === 0 ? originalLength : Math.min(originalLength, of.snapLength);
  const captured = Math.min(limit, end - start - 4);
  return {
    timeUnixNanos: time,
    interfaceIndex: of.index,
    linkType: of.linkType,
    bytes: bytes.subarray(start + 4, start + 4 + captured),
    originalLength,
  };
}

function readFrame(
  type: number,
  block: Block,
  section: Section,
  time: bigint,
): Frame | 'interface' | 'block' | null {
  switch (type) {
    case ENHANCED_PACKET:
      return readPacket(block, section, false);
    case PACKET:
      return readPacket(block, section, true);
    case SIMPLE_PACKET:
      return readSimplePacket(block, section, time);
    default:
      return null;
  }
}

/**
 * The frames of a pcapng file in their order, of all its sections and interfaces. Blocks that are not
 * packets are passed over. Stops at the first block whose length cannot be.
 */
export function* pcapngFrames(bytes: Uint8Array, refused: RefusalCounter): Generator<Frame> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let section: Section = { littleEndian: true, interfaces: [] };
  let interfaceCount = 0;
  let lastTime = 0n;
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < BLOCK_FRAME) return refused.add('cut');
    // A section header's type reads the same in both byte orders, and its order comes with it.
    if (view.getUint32(at) === SECTION_HEADER) {
      if (bytes.length - at < 28) return refused.add('cut');
      const littleEndian = view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC;
      if (!littleEndian && view.getUint32(at + 8) !== BYTE_ORDER_MAGIC) return refused.add('block');
      section = { littleEndian, interfaces: [] };
    }
    const type = view.getUint32(at, section.littleEndian);
    const length = view.getUint32(at + 4, section.littleEndian);
    if (length < BLOCK_FRAME || length % 4 !== 0) return refused.add('block');
    if (length > bytes.length - at) return refused.add('cut');
    if (view.getUint32(at + length - 4, section.littleEndian) !== length) return refused.add('block');
    const block: Block = { view, bytes, start: at + 8, end: at + length - 4 };
    at += length;
    if (type === INTERFACE) {
      const described = readInterface(block, section, interfaceCount++);
      if (described === null) return refused.add('block');
      section.interfaces.push(described);
      continue;
    }
    const frame = readFrame(type, block, section, lastTime);
    if (frame === null) continue;
    if (typeof frame === 'string') {
      refused.add(frame);
      continue;
    }
    lastTime = frame.timeUnixNanos;
    yield frame;
  }
}
