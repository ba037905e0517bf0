import { err, ok, type Result } from '@weft/model';
import type { Frame, RefusalCounter } from './packet.ts';

const FILE_HEADER = 24;
const MAGIC_MICROS = 0xa1b2c3d4;
const MAGIC_NANOS = 0xa1b23c4d;
/** Kuznetzov's patch of libpcap: eight more bytes in each record's header. */
const MAGIC_MODIFIED = 0xa1b2cd34;

/** How the records of a pcap file are to be read. */
export interface PcapFormat {
  readonly littleEndian: boolean;
  /** Nanoseconds in the fraction's unit. */
  readonly fractionNanos: bigint;
  readonly recordHeader: 16 | 24;
  readonly linkType: number;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Is it a pcap file (draft-ietf-opsawg-pcap), and of which kind? */
export function readPcapHeader(bytes: Uint8Array): Result<PcapFormat> {
  if (bytes.length < FILE_HEADER) return err('not a capture: shorter than a pcap header');
  const view = viewOf(bytes);
  for (const littleEndian of [true, false]) {
    const magic = view.getUint32(0, littleEndian);
    if (magic !== MAGIC_MICROS && magic !== MAGIC_NANOS && magic !== MAGIC_MODIFIED) continue;
    return ok({
      littleEndian,
      fractionNanos: magic === MAGIC_NANOS ? 1n : 1000n,
      recordHeader: magic === MAGIC_MODIFIED ? 24 : 16,
      // The upper half tells of a frame check sequence; the IP length leaves it out.
      linkType: view.getUint32(20, littleEndian) & 0xffff,
    });
  }
  return err('not a capture: neither pcap nor pcapng');
}

/** The frames of a pcap file in their order. Stops at the first record that cannot be. */
export function* pcapFrames(
  bytes: Uint8Array,
  format: PcapFormat,
  refused: RefusalCounter,
): Generator<Frame> {
  const { littleEndian, fractionNanos, recordHeader, linkType } = format;
  const view = viewOf(bytes);
  let at = FILE_HEADER;
  while (at < bytes.length) {
    if (bytes.length - at < recordHeader) return refused.add('cut');
    const captured = view.getUint32(at + 8, littleEndian);
    const start = at + recordHeader;
    if (captured > bytes.length - start) return refused.add('cut');
    const seconds = BigInt(view.getUint32(at, littleEndian));
    const fraction = BigInt(view.getUint32(at + 4, littleEndian));
    yield {
      timeUnixNanos: seconds * 1_000_000_000n + fraction * fractionNanos,
      interfaceIndex: recordHeader === 24 ? view.getUint32(at + 16, littleEndian) : 0,
      linkType,
      bytes: bytes.subarray(start, start + captured),
      originalLength: view.getUint32(at + 12, littleEndian),
    };
    at = start + captured;
  }
}
