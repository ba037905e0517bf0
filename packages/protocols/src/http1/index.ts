import { type Protocol, type Side, TO_CLIENT, TO_SERVER } from '../protocol.ts';
import { createHttp1Parser } from './parser.ts';
import { CERTAIN, LIKELY, likeRequest, likeResponse } from './start-line.ts';

/** A complete start line; the beginning of one with a known method; too little to say more. */
const SURE = 1;
const PROBABLE = 0.9;
const POSSIBLE = 0.3;
const SHORTEST = 5;

function detect(bytes: Uint8Array, side: Side | null): number {
  const length = bytes.length;
  if (length === 0) return 0;
  const like = Math.max(
    side === TO_CLIENT ? 0 : likeRequest(bytes, 0, length),
    side === TO_SERVER ? 0 : likeResponse(bytes, 0, length),
  );
  if (like === CERTAIN) return SURE;
  if (like === LIKELY) return length >= SHORTEST ? PROBABLE : POSSIBLE;
  return like > 0 ? POSSIBLE : 0;
}

function sideOf(bytes: Uint8Array): Side | null {
  if (likeResponse(bytes, 0, bytes.length) >= LIKELY) return TO_CLIENT;
  return likeRequest(bytes, 0, bytes.length) >= LIKELY ? TO_SERVER : null;
}

/** HTTP/1.0 and HTTP/1.1 (RFC 9110, RFC 9112). */
export const http1: Protocol = { name: 'http', detect, sideOf, createParser: createHttp1Parser };
