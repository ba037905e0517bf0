import { ok, type Result } from '@weft/model';
import { networkOffset } from './link.ts';
import { readDatagram } from './network.ts';
import { type CaptureRefusal, type Frame, type Packet, RefusalCounter } from './packet.ts';
import { pcapFrames, readPcapHeader } from './pcap.ts';
import { isPcapng, pcapngFrames } from './pcapng.ts';
import { readSegment } from './transport.ts';

/** The packets of a file in its order. To be walked once. */
export interface Capture extends Iterable<Packet> {
  /** What was left out so far, by cause; complete after the walk. */
  readonly refused: ReadonlyMap<CaptureRefusal, number>;
}

function readPacket(frame: Frame): Packet | CaptureRefusal {
  const offset = networkOffset(frame.linkType, frame.bytes);
  if (typeof offset === 'string') return offset;
  const datagram = readDatagram(frame.bytes, offset, frame.originalLength);
  if (typeof datagram === 'string') return datagram;
  return readSegment(frame, datagram);
}

function* packetsOf(frames: Iterable<Frame>, refused: RefusalCounter): Generator<Packet> {
  for (const frame of frames) {
    const packet = readPacket(frame);
    if (typeof packet === 'string') refused.add(packet);
    else yield packet;
  }
}

/**
 * Reads a capture file: pcap (micro- and nanoseconds, Kuznetzov's modified records, both byte orders) or
 * pcapng, with frames of Ethernet (VLAN tags too), Linux "cooked" capture, raw IP and loopback, and in
 * them TCP and UDP over IPv4 and IPv6. Pure; never throws, whatever the bytes; payloads are views of
 * `bytes`. Error: a sentence, when the bytes are no capture file.
 */
export function readCapture(bytes: Uint8Array): Result<Capture> {
  const refused = new RefusalCounter();
  let frames: Iterable<Frame>;
  if (isPcapng(bytes)) {
    frames = pcapngFrames(bytes, refused);
  } else {
    const format = readPcapHeader(bytes);
    if (!format.ok) return format;
    frames = pcapFrames(bytes, format.value, refused);
  }
  return ok({
    [Symbol.iterator]: () => packetsOf(frames, refused),
    refused: refused.counts,
  });
}
