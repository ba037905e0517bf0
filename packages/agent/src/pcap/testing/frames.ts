/** Frames and capture files made by hand, for tests. */

const concat = (...parts: Uint8Array[]): Buffer => Buffer.concat(parts);

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function u32(value: number, littleEndian = false): Buffer {
  const bytes = Buffer.alloc(4);
  if (littleEndian) bytes.writeUInt32LE(value);
  else bytes.writeUInt32BE(value);
  return bytes;
}

export interface TcpShape {
  readonly sequence?: number;
  readonly acknowledgment?: number;
  readonly flags?: number;
  /** Multiple of four bytes. */
  readonly options?: number;
}

/** A TCP segment from port 40000 to port 80. */
export function tcp(payload: string, shape: TcpShape = {}): Buffer {
  const { sequence = 1000, acknowledgment = 2000, flags = 0x18, options = 0 } = shape;
  const words = 5 + options / 4;
  return concat(
    u16(40000),
    u16(80),
    u32(sequence),
    u32(acknowledgment),
    Buffer.from([words << 4, flags]),
    Buffer.alloc(6 + options),
    Buffer.from(payload),
  );
}

/** A UDP datagram from port 40000 to port 53. */
export function udp(payload: string, announced = payload.length + 8): Buffer {
  return concat(u16(40000), u16(53), u16(announced), u16(0), Buffer.from(payload));
}

export interface Ipv4Shape {
  readonly protocol?: number;
  readonly total?: number;
  readonly fragment?: number;
  /** Multiple of four bytes. */
  readonly options?: number;
}

/** From 10.0.0.1 to 10.0.0.2. */
export function ipv4(segment: Uint8Array, shape: Ipv4Shape = {}): Buffer {
  const { protocol = 6, options = 0, total = 20 + options + segment.length, fragment = 0 } = shape;
  return concat(
    Buffer.from([0x40 | (5 + options / 4), 0]),
    u16(total),
    u16(1),
    u16(fragment),
    Buffer.from([64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]),
    Buffer.alloc(options),
    segment,
  );
}

/** From 2001:db8::1 to fe80::2. @param next number of the first header in `body` */
export function ipv6(body: Uint8Array, next = 6, length = body.length): Buffer {
  return concat(
    Buffer.from('60000000', 'hex'),
    u16(length),
    Buffer.from([next, 64]),
    Buffer.from('20010db8000000000000000000000001fe800000000000000000000000000002', 'hex'),
    body,
  );
}

/** @param tags VLAN tag types, outermost first */
export function ethernet(packet: Uint8Array, type = 0x0800, tags: readonly number[] = []): Buffer {
  const vlan = tags.map((tag) => concat(u16(tag), u16(7)));
  return concat(Buffer.alloc(12, 0xaa), ...vlan, u16(type), packet);
}

export interface PcapShape {
  readonly magic?: number;
  readonly littleEndian?: boolean;
  readonly linkType?: number;
}

export interface RecordShape {
  readonly seconds?: number;
  readonly fraction?: number;
  /** Length on the wire. */
  readonly original?: number;
  readonly captured?: number;
}

/** A pcap file of these frames. */
export function pcap(
  frames: readonly (Uint8Array | [Uint8Array, RecordShape])[],
  shape: PcapShape = {},
): Buffer {
  const { magic = 0xa1b2c3d4, littleEndian = true, linkType = 1 } = shape;
  const word = (value: number) => u32(value, littleEndian);
  const header = concat(word(magic), Buffer.alloc(12), word(65535), word(linkType));
  const records = frames.map((frame) => {
    const [bytes, record] = Array.isArray(frame) ? frame : [frame, {}];
    const { seconds = 1_700_000_000, fraction = 123_456, captured = bytes.length } = record;
    const more = magic === 0xa1b2cd34 ? concat(word(3), Buffer.alloc(4)) : Buffer.alloc(0);
    return concat(
      word(seconds),
      word(fraction),
      word(captured),
      word(record.original ?? bytes.length),
      more,
      bytes,
    );
  });
  return concat(header, ...records);
}

/** Blocks of pcapng in one byte order. */
export function pcapng(littleEndian: boolean) {
  const word = (value: number) => u32(value, littleEndian);
  const half = (value: number) => (littleEndian ? u16(value).swap16() : u16(value));
  const padded = (bytes: Uint8Array) => concat(bytes, Buffer.alloc(-bytes.length & 3));
  const option = (code: number, value: Uint8Array) => concat(half(code), half(value.length), padded(value));
  const block = (type: number, ...body: Uint8Array[]) => {
    const bytes = padded(concat(...body));
    return concat(word(type), word(bytes.length + 12), bytes, word(bytes.length + 12));
  };
  const stamp = (time: bigint) => concat(word(Number(time >> 32n)), word(Number(time & 0xffffffffn)));
  return {
    block,
    option,
    section: () => block(0x0a0d0d0a, word(0x1a2b3c4d), half(1), half(0), Buffer.alloc(8, 0xff)),
    interface: (linkType: number, options: Uint8Array = Buffer.alloc(0), snapLength = 0) =>
      block(1, half(linkType), half(0), word(snapLength), options),
    enhanced: (id: number, time: bigint, bytes: Uint8Array, original = bytes.length) =>
      block(6, word(id), stamp(time), word(bytes.length), word(original), bytes),
    obsolete: (id: number, time: bigint, bytes: Uint8Array) =>
      block(2, half(id), half(0), stamp(time), word(bytes.length), word(bytes.length), bytes),
    simple: (bytes: Uint8Array, original = bytes.length) => block(3, word(original), bytes),
    int64: (value: bigint) => {
      const bytes = Buffer.alloc(8);
      if (littleEndian) bytes.writeBigInt64LE(value);
      else bytes.writeBigInt64BE(value);
      return bytes;
    },
  };
}
