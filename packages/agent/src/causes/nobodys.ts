import type { Moment } from '@weft/causality';
import { opaque as OPAQUE, tls as TLS } from '@weft/protocols';
import type { Exchange } from '../sessions/exchange.ts';

/** Nobody works on account of a handshake: it takes no part in what causes what. */
export function isHandshake({ protocol, request }: Exchange): boolean {
  return protocol === TLS.name && request.attributes['weft.opaque'] !== true;
}

/**
 * What nothing decodes between the processes of one program (Node's cluster, workers and their master): either end speaks unasked, on no
 * request's account. It is shown, but says nothing of what its threads work for.
 */
export function isChatter({ protocol, connection }: Exchange): boolean {
  return connection.pair === true && protocol === OPAQUE.name;
}

/** Bytes moved, but nobody saw by whom: nothing can be concluded from the unit of execution. */
export function nobodyOf(tgid: number, time: number): Moment {
  return {
    time,
    tgid,
    tid: 0,
    goid: 0,
    parentGoid: 0,
    handoverGoid: 0,
    handoverParentGoid: 0,
    askerGoid: 0,
    askerParentGoid: 0,
    waiterGoid: 0,
    waiterParentGoid: 0,
    switches: 0,
  };
}
