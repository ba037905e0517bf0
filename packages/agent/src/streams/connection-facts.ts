import { type Attributes, formatIpv4, formatIpv6 } from '@weft/model';

const MAPPED = '::ffff:';

export type Transport = 'tcp' | 'udp' | 'unix';

/** What does not change of one end of a connection. */
export interface ConnectionFacts {
  readonly cookie: number;
  readonly peerCookie: number;
  readonly transport: Transport;
  /** Which end this is; of a capture on the wire: neither. */
  readonly role: 'client' | 'server' | 'wire';
  /** Neither end listened or connected: a socketpair(2), by which a program speaks with itself or with its children. */
  readonly pair?: boolean;
  /** The process at this end; 0 on the wire. */
  readonly tgid: number;
  /** Empty: not known (yet), or none. */
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** What is spoken here is carried by TLS: what is known of that, as attributes of its spans. */
  readonly tls?: Attributes;
  /** Of a capture: which interface it was seen at; spans of several must differ. */
  readonly interfaceIndex?: number;
}

/** The port of the end that answers. */
export function serverPort(facts: ConnectionFacts): number {
  return facts.role === 'client' ? facts.remotePort : facts.localPort;
}

/** Text of an address as the kernel reports it: four or sixteen bytes. IPv4-mapped addresses lose the mapping. */
export function addressText(bytes: Uint8Array, ipv6: boolean): string {
  if (!ipv6) return formatIpv4(bytes, 0);
  const text = formatIpv6(bytes, 0);
  return text.startsWith(MAPPED) && text.includes('.') ? text.slice(MAPPED.length) : text;
}
