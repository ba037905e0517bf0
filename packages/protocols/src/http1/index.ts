import { type Protocol, type ProtocolSummary, type Side, TO_CLIENT, TO_SERVER } from '../protocol.ts';
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

const SUMMARIES: readonly ProtocolSummary[] = [
  {
    key: 'http',
    title: 'HTTP/1.0 and 1.1',
    specification: 'RFC 9110, 9112',
    reads:
      'Method, target, host, user agent and sizes of requests; status of responses, interim ones too; chunked bodies, pipelining, upgrades and CONNECT.',
    ids: 'headers',
  },
  {
    key: 'websocket',
    title: 'WebSocket',
    specification: 'RFC 6455, behind HTTP/1.1',
    reads: 'Each message is a span without an answer: its kind and size, compressed or not.',
    ids: 'none',
  },
  {
    key: 'graphql',
    title: 'GraphQL over HTTP',
    specification: 'GraphQL over HTTP draft, over HTTP/1.1 and HTTP/2',
    reads:
      'Operation, its type and the document with literals masked, in the first 8 KiB of a JSON body of a POST, in application/graphql, or in the query of a GET; of a list of requests the first.',
    ids: 'headers',
  },
  {
    key: 'grpc-web',
    title: 'gRPC-Web',
    specification: 'PROTOCOL-WEB.md, over HTTP/1.1 and HTTP/2',
    reads:
      'Service, method, status in the body or the head, number of messages; in binary and as text (base64); trailers also where gzip compressed them.',
    ids: 'headers',
  },
];

/** HTTP/1.0 and HTTP/1.1 (RFC 9110, RFC 9112). */
export const http1: Protocol = {
  name: 'http',
  detect,
  sideOf,
  createParser: createHttp1Parser,
  summaries: SUMMARIES,
};
