/** Why a packet or a part of the file was left out. */
export type CaptureRefusal =
  | 'block' // a record or block whose length cannot be; nothing after it can be read
  | 'cut' // the file ends inside a record
  | 'interface' // a packet of an interface that was not described
  | 'link-type'
  | 'not-ip'
  | 'not-tcp-udp'
  | 'fragment' // a later fragment of a datagram
  | 'short' // not even the headers were captured
  | 'malformed'; // header lengths contradict each other

export interface TcpFlags {
  readonly syn: boolean;
  readonly ack: boolean;
  readonly fin: boolean;
  readonly rst: boolean;
}

/** A TCP segment or UDP datagram. */
export interface Packet {
  /** Exact. Simple packet blocks have none: the time of the packet before. */
  readonly timeUnixNanos: bigint;
  /** Index of the interface in the file, counted from 0; in files of one interface 0. */
  readonly interfaceIndex: number;
  readonly transport: 'tcp' | 'udp';
  /** Dotted, or IPv6 as RFC 5952 writes it. */
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly destinationAddress: string;
  readonly destinationPort: number;
  /** TCP: raw 32 bits. UDP: 0. */
  readonly sequence: number;
  readonly acknowledgment: number;
  /** UDP: none is set. */
  readonly flags: TcpFlags;
  /** What was captured of the payload: a view of the file's bytes. */
  readonly payload: Uint8Array;
  /** Bytes of payload on the wire, ≥ payload.length. */
  readonly payloadLength: number;
}

/** A frame as the file holds it. */
export interface Frame {
  readonly timeUnixNanos: bigint;
  readonly interfaceIndex: number;
  /** LINKTYPE_ number (tcpdump.org/linktypes.html). */
  readonly linkType: number;
  readonly bytes: Uint8Array;
  /** Length on the wire. */
  readonly originalLength: number;
}

/** Counts what was left out. */
export class RefusalCounter {
  readonly counts = new Map<CaptureRefusal, number>();

  add(cause: CaptureRefusal): void {
    this.counts.set(cause, (this.counts.get(cause) ?? 0) + 1);
  }
}
