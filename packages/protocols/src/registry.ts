import { dns } from './dns/index.ts';
import { dubbo } from './dubbo/index.ts';
import { fastcgi } from './fastcgi/index.ts';
import { http1 } from './http1/index.ts';
import { http2 } from './http2/index.ts';
import { mysql } from './mysql/index.ts';
import { opaque } from './opaque/index.ts';
import { postgresql } from './postgresql/index.ts';
import type { Protocol, Side } from './protocol.ts';
import { redis } from './redis/index.ts';
import { tls } from './tls/index.ts';

/** All protocols, the cheapest and commonest to detect first; `opaque` takes what is left. */
export const PROTOCOLS: readonly Protocol[] = [
  http1,
  http2,
  redis,
  postgresql,
  mysql,
  dubbo,
  fastcgi,
  dns,
  tls,
  opaque,
];

/** Below it a guess is none: better no protocol than a wrong one. */
export const DETECTION_THRESHOLD = 0.6;

/** What bytes were recognised as. */
export interface Detection {
  readonly protocol: Protocol;
  /** 0..1 */
  readonly confidence: number;
}

/**
 * The protocol whose message begins with these bytes, if one is sure enough of it.
 * @param bytes the first bytes of a message, the more the surer; 64 suffice
 * @param side which way they went if the roles are known, else null
 */
export function detectProtocol(bytes: Uint8Array, side: Side | null): Detection | null {
  let protocol: Protocol | null = null;
  let confidence = 0;
  for (const candidate of PROTOCOLS) {
    const sure = candidate.detect(bytes, side);
    if (sure > confidence) {
      protocol = candidate;
      confidence = sure;
    }
  }
  return protocol !== null && confidence >= DETECTION_THRESHOLD ? { protocol, confidence } : null;
}

/** The protocol of that name (`http`, `postgresql`, `opaque`), or null. */
export function protocolNamed(name: string): Protocol | null {
  return PROTOCOLS.find((protocol) => protocol.name === name) ?? null;
}
