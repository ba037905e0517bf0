import { epoch, type SpanRecord } from '@weft/model';
import { PROTOCOLS, type Side, TO_CLIENT, TO_SERVER } from '@weft/protocols';
import { Losses } from '../losses.ts';
import { type Packet, readCapture } from '../pcap/index.ts';
import { datagramDigest } from '../sessions/datagram-digest.ts';
import type { Exchange } from '../sessions/exchange.ts';
import type { ExchangeSink } from '../sessions/session.ts';
import { buildSpan } from '../sessions/span-builder.ts';
import { Connection } from '../streams/connection.ts';
import type { ConnectionFacts } from '../streams/connection-facts.ts';
import type { Replayed, ReplayOptions } from './replayed.ts';

/** Packets of one direction may overtake each other, or come again after a retransmission time-out. */
const HOLD_NANOS = 1e9;
const QUIET_NANOS = 60e9;
const UNANSWERED_NANOS = 600e9;
const TICK_NANOS = 1e9;
const MAX_FLOWS = 65_536;

interface Flow {
  readonly connection: Connection;
  /** Which end of the packets is the server: `address:port`. */
  readonly server: string;
  /** UDP has no sequences: bytes so far, by side. */
  readonly sent: [number, number];
  finished: number;
  /** Data was seen: a SYN after it opens another connection. */
  spoke: boolean;
}

/** Spans of a packet capture: no processes, so what is seen is `node-interface`, and the service is the server's `ip:port`. */
class CaptureReplay implements ExchangeSink {
  readonly spans: SpanRecord[] = [];
  readonly losses = new Losses();
  readonly #flows = new Map<string, Flow>();
  readonly #options: ReplayOptions;
  packets = 0;
  #cookie = 0;
  #digest = 0;
  #nextTick = 0;
  #time = 0;
  readonly #joins: boolean;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#joins = options.without?.includes('carried-id') !== true;
  }

  packet(packet: Packet, time: number): void {
    this.packets++;
    this.#time = time;
    const source = `${packet.sourceAddress}|${packet.sourcePort}`;
    const destination = `${packet.destinationAddress}|${packet.destinationPort}`;
    const ends = source < destination ? `${source} ${destination}` : `${destination} ${source}`;
    const key = `${packet.interfaceIndex} ${packet.transport} ${ends}`;
    const opens = packet.transport === 'tcp' && packet.flags.syn;
    let flow = this.#flows.get(key);
    if (flow !== undefined && opens && !packet.flags.ack && (flow.finished > 0 || flow.spoke)) {
      // The ports are used again: another connection, whether or not the end of the one before was captured.
      this.#close(key, flow, time);
      flow = undefined;
    }
    if (flow === undefined) {
      if (packet.payloadLength === 0 && !opens) return;
      flow = this.#open(key, packet, source, destination);
    }
    const side: Side = source === flow.server ? TO_CLIENT : TO_SERVER;
    if (packet.payloadLength > 0) this.#payload(flow, side, packet, time);
    if (packet.transport === 'tcp') this.#ending(key, flow, side, packet, time);
    if (time >= this.#nextTick) this.#tick(time);
  }

  #payload(flow: Flow, side: Side, packet: Packet, time: number): void {
    flow.spoke = true;
    let position = packet.sequence;
    let other = packet.acknowledgment;
    if (packet.transport === 'udp') {
      this.#digest = datagramDigest(packet.payload, Number(packet.timeUnixNanos));
      position = flow.sent[side];
      other = flow.sent[side === TO_SERVER ? TO_CLIENT : TO_SERVER];
      flow.sent[side] += packet.payloadLength;
    } else if (packet.flags.syn) {
      position = (position + 1) >>> 0;
    }
    flow.connection.add(side, position, other, packet.payloadLength, 0, packet.payload, time);
  }

  #ending(key: string, flow: Flow, side: Side, packet: Packet, time: number): void {
    if (packet.flags.fin) {
      flow.connection.sideEnded(side, time);
      flow.finished++;
    }
    if (packet.flags.rst) this.#close(key, flow, time);
  }

  #open(key: string, packet: Packet, source: string, destination: string): Flow {
    if (this.#flows.size >= MAX_FLOWS) {
      for (const [oldest, flow] of this.#flows) {
        this.losses.count('connection_evicted');
        this.#close(oldest, flow, this.#time);
        break;
      }
    }
    const server = serverOf(packet, source, destination);
    const fromServer = server === source;
    const facts: ConnectionFacts = {
      cookie: ++this.#cookie,
      peerCookie: 0,
      transport: packet.transport,
      role: 'wire',
      tgid: 0,
      localAddress: fromServer ? packet.sourceAddress : packet.destinationAddress,
      localPort: fromServer ? packet.sourcePort : packet.destinationPort,
      remoteAddress: fromServer ? packet.destinationAddress : packet.sourceAddress,
      remotePort: fromServer ? packet.destinationPort : packet.sourcePort,
      interfaceIndex: packet.interfaceIndex,
    };
    const connection = new Connection(facts, this, this.#options, HOLD_NANOS);
    const flow: Flow = { connection, server, sent: [0, 0], finished: 0, spoke: false };
    this.#flows.set(key, flow);
    return flow;
  }

  #close(key: string, flow: Flow, time: number): void {
    flow.connection.close(time);
    this.#flows.delete(key);
  }

  #tick(time: number): void {
    this.#nextTick = time + TICK_NANOS;
    for (const { connection } of this.#flows.values()) {
      connection.expire(time, time - QUIET_NANOS, time - UNANSWERED_NANOS);
    }
  }

  opened(exchange: Exchange): void {
    exchange.digest = this.#digest;
  }

  closed(exchange: Exchange): void {
    const { localAddress, localPort } = exchange.connection;
    const address = localAddress.includes(':') ? `[${localAddress}]` : localAddress;
    this.spans.push(
      buildSpan(exchange, { service: `${address}:${localPort}`, attributes: {} }, { joins: this.#joins }),
    );
  }

  malformed(cause: string): void {
    this.losses.count(`malformed_${cause}`);
  }

  finish(): void {
    for (const [key, flow] of this.#flows) this.#close(key, flow, this.#time);
  }
}

/** Which end answers: who was sent the SYN, whose bytes look like answers, else the lower port. */
function serverOf(packet: Packet, source: string, destination: string): string {
  if (packet.transport === 'tcp' && packet.flags.syn) return packet.flags.ack ? source : destination;
  for (const protocol of PROTOCOLS) {
    if (protocol.detect(packet.payload, null) < 0.5) continue;
    const side = protocol.sideOf(packet.payload);
    if (side !== null) return side === TO_SERVER ? destination : source;
  }
  return packet.sourcePort < packet.destinationPort ? source : destination;
}

/**
 * Spans of a pcap or pcapng file's bytes.
 * @throws Error in one sentence when it is no capture
 */
export function replayCapture(bytes: Uint8Array, options: ReplayOptions): Replayed {
  const capture = readCapture(bytes);
  if (!capture.ok) throw new Error(capture.error);
  const replay = new CaptureReplay(options);
  let first = -1n;
  for (const packet of capture.value) {
    if (first < 0n) first = packet.timeUnixNanos;
    replay.packet(packet, Number(packet.timeUnixNanos - first));
  }
  replay.finish();
  for (const [cause, count] of capture.value.refused) replay.losses.count(`capture_${cause}`, count);
  return {
    records: replay.spans,
    epoch: epoch(first < 0n ? 0n : first),
    losses: replay.losses.all(),
    events: replay.packets,
  };
}
