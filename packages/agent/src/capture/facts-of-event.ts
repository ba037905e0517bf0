import { FLAG, TRANSPORT } from '@weft/kernel';
import { addressText, type ConnectionFacts } from '../streams/connection-facts.ts';
import type { SocketEvent } from './socket-event.ts';

/** What an event tells of its socket for good. */
export function factsOf(event: SocketEvent, role: 'client' | 'server'): ConnectionFacts {
  const ipv6 = (event.flags & FLAG.FLAG_IPV6) !== 0;
  const unix = event.transport === TRANSPORT.UNIX_STREAM || event.transport === TRANSPORT.UNIX_DGRAM;
  return {
    cookie: event.cookie,
    peerCookie: event.peerCookie,
    transport: unix ? 'unix' : event.transport === TRANSPORT.UDP ? 'udp' : 'tcp',
    role,
    tgid: event.tgid,
    localAddress: unix ? '' : addressText(event.address('local'), ipv6),
    localPort: event.localPort,
    remoteAddress: unix ? '' : addressText(event.address('remote'), ipv6),
    remotePort: event.remotePort,
  };
}
