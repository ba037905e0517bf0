import { fnv1a } from '@weft/model';

/** Bytes of a datagram that count: headers, ids and names lie in front. */
const DIGEST_BYTES = 64;
/**
 * Ids come again, and with them the same bytes: a part of an exchange key holds for so long only. Longer than
 * datagrams and clocks of hosts differ, so that one in some ten thousand straddles the edge and is not joined.
 */
const EPOCH_SECONDS = 16;

/**
 * What both ends of a request over UDP know of it, 32 bits: its bytes, and when it was about.
 * @param unixNanos when it passed
 */
export function datagramDigest(payload: Uint8Array, unixNanos: number): number {
  const period = Math.floor(unixNanos / 1e9 / EPOCH_SECONDS);
  return (fnv1a(payload, DIGEST_BYTES) ^ Math.imul(period, 0x9e3779b1)) >>> 0;
}
