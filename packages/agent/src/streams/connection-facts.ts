export type Transport = 'tcp' | 'udp' | 'unix';

/** What does not change of one end of a connection. */
export interface ConnectionFacts {
  readonly cookie: number;
  readonly peerCookie: number;
  readonly transport: Transport;
  /** Which end this is; of a capture on the wire: neither. */
  readonly role: 'client' | 'server' | 'wire';
  /** The process at this end; 0 on the wire. */
  readonly tgid: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Of a capture: which interface it was seen at; spans of several must differ. */
  readonly interfaceIndex?: number;
}

/** The port of the end that answers. */
export function serverPort(facts: ConnectionFacts): number {
  return facts.role === 'client' ? facts.remotePort : facts.localPort;
}

/** Text of an address as the kernel reports it: four or sixteen bytes. IPv4-mapped addresses lose the mapping. */
export function addressText(bytes: Uint8Array, ipv6: boolean): string {
  if (!ipv6) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;
  const mapped =
    bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0);
  if (mapped) return `${bytes[12]}.${bytes[13]}.${bytes[14]}.${bytes[15]}`;
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16));
  return shortenZeroes(groups);
}

/** RFC 5952: the longest run of two or more zero groups becomes `::`. */
function shortenZeroes(groups: readonly string[]): string {
  let best = 0;
  let bestAt = -1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === '0') run++;
    if (run > best) {
      best = run;
      bestAt = i;
    }
  }
  if (best < 2) return groups.join(':');
  return `${groups.slice(0, bestAt).join(':')}::${groups.slice(bestAt + best).join(':')}`;
}
