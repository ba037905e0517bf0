import { FLAG, ROLE, TRANSPORT } from '@weft/kernel';
import { addressText, type ConnectionFacts } from '../streams/connection-facts.ts';
import type { SocketEvent } from './socket-event.ts';

/** What an event tells of its socket for good. */
export function factsOf(event: SocketEvent, role: 'client' | 'server'): ConnectionFacts {
  const unix = event.transport === TRANSPORT.UNIX_STREAM || event.transport === TRANSPORT.UNIX_DGRAM;
  return {
    cookie: event.cookie,
    peerCookie: event.peerCookie,
    transport: unix ? 'unix' : event.transport === TRANSPORT.UDP ? 'udp' : 'tcp',
    role,
    pair: event.transport === TRANSPORT.UNIX_STREAM && event.role === ROLE.ROLE_UNKNOWN,
    tgid: event.tgid,
    localAddress: unix ? '' : addressOf(event, 'local'),
    localPort: event.localPort,
    remoteAddress: unix ? '' : addressOf(event, 'remote'),
    remotePort: event.remotePort,
  };
}

/**
 * What was known of a socket, with the addresses that an event tells; null: nothing new. Only the first event of a socket and
 * one every few seconds tell them, and that first one may have been lost.
 */
export function addressesLearnt(facts: ConnectionFacts, event: SocketEvent): ConnectionFacts | null {
  if (!event.described || facts.localAddress !== '' || facts.transport === 'unix') return null;
  return {
    ...facts,
    localAddress: addressOf(event, 'local'),
    remoteAddress: addressOf(event, 'remote'),
  };
}

function addressOf(event: SocketEvent, which: 'local' | 'remote'): string {
  const bytes = event.address(which);
  return bytes === null ? '' : addressText(bytes, (event.flags & FLAG.FLAG_IPV6) !== 0);
}
